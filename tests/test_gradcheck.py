"""The gradient checker finds every planted error, names it, and raises no false alarm."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import BUILT_IN, arity

from autograd import (
    OPS,
    GradientError,
    GradientReport,
    Value,
    abs,
    cos,
    define,
    div,
    exp,
    grad,
    gradcheck,
    ieee_values,
    log,
    log_sum_exp,
    maximum,
    minimum,
    mul,
    power,
    relu,
    sigmoid,
    sign,
    sin,
    sqrt,
    step,
    tanh,
    topological_order,
    total,
    weighted_sum,
    where,
)


def sum_of_products(*terms):
    return terms[0] * terms[1] + terms[2]


def slope_of_atan(x, _out):
    return (1 / (1 + x * x),)


PLANTED = [  # what, forward, right rule, wrong rule, inputs, the guilty input
    ("sign", math.cos, lambda x, out: (-sin(x),), lambda x, out: (sin(x),), (0.7,), 0),
    ("factor", lambda x: x**3, lambda x, out: (3 * x**2,), lambda x, out: (x**2,), (1.3,), 0),
    ("forgotten term", lambda x: x * math.exp(x), lambda x, out: (exp(x) + out,),
     lambda x, out: (exp(x),), (0.4,), 0),
    ("swapped", lambda x, y: x * y, lambda x, y, out: (y, x), lambda x, y, out: (x, y), (2, 3), 0),
    ("second input", lambda x, y: x / y, lambda x, y, out: (1 / y, -out / y),
     lambda x, y, out: (1 / y, -1 / y), (2.0, 5.0), 1),
    ("derivative 0", math.atan, slope_of_atan, lambda x, out: (0.0,), (0.3,), 0),
    ("nan", math.atan, slope_of_atan, lambda x, out: (math.nan,), (0.3,), 0),
    ("inf", math.atan, slope_of_atan, lambda x, out: (math.inf,), (0.3,), 0),
    ("x for out", math.tanh, lambda x, out: (1 - out**2,), lambda x, out: (1 - x**2,), (0.3,), 0),
    ("third input", sum_of_products, lambda x, y, z, out: (y, x, 1.0),
     lambda x, y, z, out: (y, x, 0.999), (2.0, 3.0, 4.0), 2),
    ("1 in 10,000", math.exp, lambda x, out: (out,), lambda x, out: (1.0001 * out,), (9.0,), 0),
]  # fmt: skip


@pytest.mark.parametrize("planted", PLANTED, ids=[row[0] for row in PLANTED])
def test_a_planted_error_is_found_and_named_and_the_right_rule_passes(planted):
    _, forward, right, wrong, inputs, guilty = planted
    assert gradcheck(define("right", forward, right), *inputs)
    guilt = rf"slope of wrong\(x0 = {inputs[0]:g}.*\) in input {guilty} is .*, should be "
    op = define("wrong", forward, wrong)
    graph = op(*[Value(x, f"x{i}") for i, x in enumerate(inputs)])
    with pytest.raises(GradientError, match=guilt) as caught:
        gradcheck(graph)
    assert isinstance(caught.value, AssertionError)
    assert not caught.value.report


SAFE = {1: (0.7,), 2: (0.7, 1.9), 3: (0.7, 1.9, -1.1), None: (0.7, 1.9, -1.1, 0.4, 2.2)}
DISTORTIONS = {
    "sign flipped": lambda slopes: [-slope for slope in slopes],
    "twice": lambda slopes: [2 * slope for slope in slopes],
    "zero": lambda slopes: [0.0 for _ in slopes],
    "a part in 1,000": lambda slopes: [1.001 * slope for slope in slopes],
    "shifted": lambda slopes: [slope + 1e-3 for slope in slopes],
    "nan": lambda slopes: [math.nan for _ in slopes],
}


@pytest.mark.parametrize("op", BUILT_IN, ids=repr)
@pytest.mark.parametrize("name", DISTORTIONS)
def test_a_distorted_copy_of_any_row_of_the_table_is_found(op, name):
    inputs, distort = SAFE[arity(op)], DISTORTIONS[name]
    right = op.derivatives(*inputs, op(*inputs))
    flat = [slope == 0 for slope in right]
    wrong = define("wrong", op.forward, lambda *xs: distort(op.derivatives(*xs)), margin=op.margin)
    if all(flat) and name not in ("nan", "shifted"):
        assert gradcheck(wrong, *inputs)
        return
    with pytest.raises(GradientError) as caught:
        gradcheck(wrong, *inputs)
    found = {text.what for text in caught.value.report.wrong if text.what.startswith("slope")}
    guilty = len(flat) if name in ("nan", "shifted") else flat.count(False)
    assert len(found) == guilty


def handmade(spread, gather=None):
    return define(
        "handmade", lambda x, y: 3.0 * x * y, lambda x, y, out: (3.0 * y, 3.0 * x),
        spread=spread, gather=gather,
    )  # fmt: skip


def spreading(share, *, add=True):
    def spread(parents, upstream):
        x, y = parents
        shares = share(x.data, y.data, upstream)
        for parent, amount in zip(parents, shares, strict=True):
            if not parent.constant:
                parent.grad = parent.grad + amount if add else amount

    return spread


def test_a_right_spread_and_gather_pass():
    op = handmade(
        spreading(lambda x, y, upstream: (3 * y * upstream, 3 * x * upstream)),
        lambda parents: 3.0 * parents[0].data * parents[1].data,
    )
    assert gradcheck(op, 2.0, 5.0)
    assert gradcheck(weighted_sum([Value(1.0), 2.0], [3.0, Value(4.0)], Value(5.0)))


@pytest.mark.parametrize(("spread", "guilty"), [
    (spreading(lambda x, y, upstream: (-3 * y * upstream, 3 * x * upstream)), 0),
    (spreading(lambda x, y, upstream: (3 * y * upstream, x * upstream)), 1),
    (spreading(lambda x, y, upstream: (3 * x * upstream, 3 * y * upstream)), 0),
    (spreading(lambda x, y, upstream: (3 * y, 3 * x)), 0),  # upstream forgotten
    (spreading(lambda x, y, upstream: (3 * y * upstream, 3 * x * upstream), add=False), 1),
    (spreading(lambda x, y, upstream: (3 * y * upstream, math.nan)), 1),
    (lambda parents, upstream: None, 0),
], ids=["sign", "factor", "swapped", "upstream", "assigned", "nan", "nothing"])  # fmt: skip
def test_a_spread_that_differs_from_the_derivatives_is_found(spread, guilty):
    graph = handmade(spread)(Value(2.0), Value(5.0))
    with pytest.raises(GradientError, match=rf"spread of handmade\(2, 5\) to input {guilty}"):
        gradcheck(graph)


def test_a_spread_that_gives_a_constant_a_gradient_is_found():
    def spread(parents, upstream):
        parents[0].grad += 3 * parents[1].data * upstream
        parents[1].grad += 3 * parents[0].data * upstream

    with pytest.raises(GradientError, match=r"to input 1, .* is 6, should be 0"):
        gradcheck(handmade(spread)(Value(2.0), 5.0))


def test_a_gather_that_differs_from_forward_is_found():
    spread = spreading(lambda x, y, upstream: (3 * y * upstream, 3 * x * upstream))
    graph = handmade(spread, lambda parents: 30.0 + 1e-3)(Value(2.0), Value(5.0))
    with pytest.raises(GradientError, match=r"gather of handmade\(2, 5\) is 30.001, should be 30"):
        gradcheck(graph)


def test_the_guilty_node_of_a_larger_graph_is_named_with_its_label():
    slip = define("slip", math.tanh, lambda x, out: (1 - out,))
    x, w = Value(0.5, "x"), Value(-3.0, "w")
    s = w * x
    s.label = "s"
    o = slip(s)
    o.label = "o"
    with pytest.raises(GradientError) as caught:
        gradcheck((o + 1.0) ** 2)
    wrong = caught.value.report.wrong
    assert wrong[0].what == "slope of o = slip(s = -1.5) in input 0"
    assert [text.what for text in wrong[1:]] == [
        "gradient of leaf 0, x = 0.5,",
        "gradient of leaf 1, w = -3,",
    ]
    assert re.search(
        r"o = slip\(s = -1.5\) in input 0 is 1.905148254, should be 0.18070", str(wrong[0])
    )
    assert str(caught.value).startswith("3 of ")


@pytest.mark.parametrize("propagate", [
    lambda node, parent, slope: slope * node.grad,  # = instead of +=
    lambda node, parent, slope: parent.grad + slope,  # the upstream gradient forgotten
    lambda node, parent, slope: parent.grad + abs(slope * node.grad),
])  # fmt: skip
def test_a_wrong_engine_is_found_where_all_rules_are_right(monkeypatch, propagate):
    def wrong(node):
        slopes = node.op.derivatives(*[x.data for x in node.parents], node.data)
        for parent, slope in zip(node.parents, slopes, strict=True):
            parent.grad = propagate(node, parent, slope)

    monkeypatch.setattr(Value, "propagate", wrong)
    with pytest.raises(GradientError) as caught:
        gradcheck(lambda x, y: 3.0 * x * x + sin(x * y) - y, 0.5, -2.0)
    assert all(text.what.startswith("gradient of") for text in caught.value.report.wrong)


def test_an_order_that_is_not_topological_is_found(monkeypatch):
    def depth_first(root):
        order, stack = [], [root]
        while stack:
            node = stack.pop()
            if node not in order:
                order.append(node)
                stack.extend(node.parents)
        return order[::-1]

    def backward(root, seed=1.0):
        for node in depth_first(root):
            node.grad = 0.0
        root.grad = seed
        for node in reversed(depth_first(root)):
            if node.op:
                node.propagate()

    monkeypatch.setattr(Value, "backward", backward)
    x = Value(0.5)
    y = x * x
    with pytest.raises(GradientError, match=r"gradient of leaf 0, 0.5, is"):
        gradcheck(sin(y) * y)


def test_a_right_graph_gives_a_true_report_that_lists_what_was_compared():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    report = gradcheck(x * y + 1.0)
    assert isinstance(report, GradientReport)
    assert bool(report) is True
    assert [text.what for text in report.checked] == [
        "slope of mul(x = 2, y = 3) in input 0",
        "slope of mul(x = 2, y = 3) in input 1",
        "slope of add(6, 1) in input 0",
        "gradient of leaf 0, x = 2,",
        "gradient of leaf 1, y = 3,",
    ]
    assert report.skipped == report.wrong == []
    assert 0 <= report.worst_error < 1e-9
    assert str(report).startswith("5 derivatives are right, worst relative error ")


def test_constants_are_not_compared_and_nothing_compared_is_not_true():
    report = gradcheck(Value(2.0, constant=True) * 3.0)
    assert not report
    assert str(report) == "0 derivatives are right, worst relative error 0e+00"
    assert gradcheck(lambda x: 5.0, 1.0)  # the function is flat, and that is compared
    assert not gradcheck(lambda: 5.0)


KINKS = [
    ("relu", relu, (0.0,)), ("abs", abs, (0.0,)), ("sign", sign, (0.0,)), ("step", step, (0.0,)),
    ("maximum", maximum, (1.5, 1.5)), ("minimum", minimum, (-2.0, -2.0)),
    ("leaky_relu", OPS["leaky_relu"], (0.0, 0.1)), ("where", where, (0.0, 1.0, 2.0)),
]  # fmt: skip


def measured(report):
    """Return what was compared with differences, not a spread with its rule."""
    return [c for c in report.checked if not c.what.startswith("spread")]


@pytest.mark.parametrize(("name", "op", "inputs"), KINKS, ids=[row[0] for row in KINKS])
def test_a_node_on_its_kink_is_skipped_with_the_reason(name, op, inputs):
    report = gradcheck(op, *inputs)
    reason = f"{name}(x0 = {inputs[0]:g}.*) is at a kink or pole, or outside its domain"
    assert measured(report) == report.wrong == []
    assert len(report.skipped) == 3 * len(inputs)  # as a rule, as a leaf, called again
    for text in report.skipped:
        assert re.fullmatch(reason.replace("(", r"\(", 1).replace(") is", r"\) is"), text.note)
    assert bool(report) == bool(op.spread)  # which is compared with its rule everywhere
    assert f"not compared: slope of {name}(x0" in str(report)


@pytest.mark.parametrize(("op", "inputs"), [row[1:] for row in KINKS])
def test_a_node_beside_its_kink_is_compared_with_smaller_steps(op, inputs):
    for distance in (1e-3, -1e-3, 1e-5, -1e-5):
        report = gradcheck(op, inputs[0] + distance, *inputs[1:])
        assert len(measured(report)) == 3 * len(inputs)
    for distance in (1e-9, -1e-9, 1e-15, 5e-324):  # too near: skipped, but never wrong
        assert gradcheck(op, inputs[0] + distance, *inputs[1:]).wrong == []


def test_a_kink_behind_other_nodes_is_noticed():
    report = gradcheck(lambda x, y: relu(x - 2.0 * y) + sin(x), 1.0, 0.5)
    assert [text.what for text in report.skipped] == [
        "slope of relu(0) in input 0",
        "gradient of leaf 0, x0 = 1,",
        "gradient of leaf 1, x1 = 0.5,",
        "gradient of x0 = 1, with the function called again,",
        "gradient of x1 = 0.5, with the function called again,",
    ]
    assert len(measured(report)) == 6


def test_a_kink_without_margin_is_an_error_that_a_margin_cures():
    rules = (lambda x: max(x, 0.0), lambda x, out: (1.0 if x > 0 else 0.0,))
    with pytest.raises(GradientError, match="should be 0.5"):
        gradcheck(define("hinge", *rules), 0.0)
    assert gradcheck(define("hinge", *rules, margin=math.fabs), 0.0).skipped


def test_whole_powers_of_negative_numbers_are_compared():
    assert gradcheck(lambda x: x**2, -1.5)
    assert gradcheck(lambda x: x**-3, -1.5)
    assert gradcheck(lambda x: x**4, 0.0)
    slip = define("slip", power.forward, lambda x, y, out: (y * x**y, 0.0), margin=power.margin)
    with pytest.raises(GradientError, match=r"slope of slip\(x = -1.5, 2\) in input 0"):
        gradcheck(slip(Value(-1.5, "x"), 2.0))


def test_the_slope_in_an_exponent_that_cannot_move_is_skipped():
    report = gradcheck(power, -2.0, 3.0)
    assert any("in input 1 is nan" in str(text) for text in report.skipped)
    assert report.wrong == []


@pytest.mark.parametrize("x", [math.nan, math.inf, -math.inf])
def test_an_infinite_or_undefined_gradient_is_an_error(x):
    with pytest.raises(GradientError, match=r"gradient of leaf 0, a = .* is (nan|-?inf); .*finite"):
        gradcheck(Value(x, "a") * Value(x))
    with pytest.raises(GradientError, match=r"gradient of leaf 1, b = 1, is (nan|-?inf); .*finite"):
        gradcheck(weighted_sum([Value(x, "a")], [Value(1.0, "b")]))


def test_a_rule_that_cannot_be_computed_is_an_error():
    undefined = define("undefined", math.atan, lambda x, out: (x / 0.0,))
    with pytest.raises(ZeroDivisionError, match=r"derivative of undefined\(0.3\) is undefined"):
        gradcheck(undefined(Value(0.3)))
    with pytest.raises(
        GradientError, match=r"slope of undefined\(0.3\) in input 0 is nan, should be"
    ):
        gradcheck(undefined(Value(0.3)) * 0.0)  # backward does not get there


def test_backward_that_is_undefined_says_so_itself():
    with pytest.raises(ZeroDivisionError, match=r"derivative of sqrt\(x = 0\) is undefined"):
        gradcheck(sqrt(Value(0.0, "x")))
    with ieee_values():
        assert gradcheck(sqrt(Value(0.0, "x"))).skipped  # on its pole


COMPARABLE = [
    (exp, 50.0), (exp, 700.0), (exp, 709.7), (exp, -700.0), (exp, 0.0), (log, 1e-8), (log, 1e9),
    (sqrt, 1e-8), (sqrt, 1e12), (sin, 1e6), (sin, 1e-9), (cos, 1e9), (tanh, 20.0), (tanh, 1e-9),
    (tanh, -700.0), (sigmoid, -100.0), (sigmoid, 40.0), (relu, 1e-5), (abs, 1e9),
    (lambda x: 1 / x, 1e-4), (lambda x: 1 / x, 1e9), (lambda x: x**0.5, 1e-6),
    (lambda x: x * x, 0.0), (lambda x: x * 1e-12, 1.0), (lambda x: x * 1e12, 1.0),
    (lambda x: x + 1e4, 1e-3), (lambda x: log_sum_exp([x, 1000.0]), 990.0),
    (lambda x: sin(x) * 1e-20, 1.0), (lambda x: (x - 1.0) * (x - 1.0), 1.0),
    (lambda x: x * 1e308, 1.797),  # a larger step overflows
]  # fmt: skip
TOO_ROUGH = [
    (log, 1e-300), (log, 1e300), (sqrt, 1e-15), (sin, 1e14), (relu, 1e-12), (abs, 1e14),
    (lambda x: 1 / x, 1e-12), (lambda x: x + 1e12, 1.0), (lambda x: (x + 1e16) - 1e16, 1.0),
    (lambda x: total([1e15, x, -1e15]), 0.1),
]  # fmt: skip


@pytest.mark.parametrize(("f", "x"), COMPARABLE)
def test_large_and_small_numbers_are_compared_without_false_alarm(f, x):
    report = gradcheck(f, x)
    assert report
    assert report.skipped == []


@pytest.mark.parametrize(("f", "x"), TOO_ROUGH)
def test_what_rounding_hides_is_skipped_with_the_reason_and_not_judged(f, x):
    report = gradcheck(f, x)
    assert report.wrong == []
    assert report.skipped
    for text in report.skipped:
        assert re.search("too uncertain|too close|at a kink or pole", text.note)


@pytest.mark.parametrize("op", BUILT_IN, ids=repr)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_row_of_the_table_raises_a_false_alarm(op, data):
    anywhere = st.floats(-50, 50).map(lambda x: round(x, 9))  # 1 / 1e-200**2 would be inf
    numbers = anywhere | st.sampled_from([0.0, 1.0, -1.0, 2.0])
    count = arity(op) or data.draw(st.integers(1, 7))
    inputs = [data.draw(numbers) for _ in range(count)]
    try:
        gradcheck(op, *inputs)
    except (ArithmeticError, ValueError):  # outside the domain, or backward undefined on its edge
        assert not op.margin(*inputs) > 1e-6 or op.name in ("power", "div")


@given(x=st.floats(1e-6, 1.0))
@settings(max_examples=100, deadline=None)
def test_an_operation_that_cancels_inside_raises_no_false_alarm(x):
    op = define("one_minus_cos", lambda x: 1 - math.cos(x), lambda x, out: (sin(x),))
    assert gradcheck(op, x).wrong == []


def test_gradcheck_changes_no_grad_and_no_data():
    x, y = Value(2.0), Value(3.0)
    root = sin(x * y) + x
    order = topological_order(root)
    for i, node in enumerate(order):
        node.grad = i + 0.5
    before = [(node.data, node.grad) for node in order]
    gradcheck(root)
    assert [(node.data, node.grad) for node in order] == before
    slip = define("slip", math.tanh, lambda x, out: (1.0,))
    root = slip(root)
    with pytest.raises(GradientError):
        gradcheck(root)
    assert [(node.data, node.grad) for node in order] == before
    root.backward()  # nothing was marked as written


def test_a_changed_leaf_is_refused_and_the_grads_stay():
    x = Value(2.0, "x")
    y = x * x
    x.grad = 7.0
    x.data = 3.0
    with pytest.raises(RuntimeError, match="x = 3 was set after mul"):
        gradcheck(y)
    assert (x.grad, x.data) == (7.0, 3.0)


def test_shared_nodes_are_judged_by_the_sum_over_their_paths():
    x = Value(0.3)
    y = x * x
    assert gradcheck(y * y + y + x)
    assert gradcheck(weighted_sum([x, x], [x, 2.0], x))
    assert gradcheck(mul(x, x))


@pytest.mark.parametrize("f", [
    lambda x: Value(math.sin(float(x))),
    lambda x: math.sin(float(x)),
    lambda x: x + math.sin(x.data),
    lambda x: x * float(x),
    lambda x: x * Value(x.data),
])  # fmt: skip
def test_a_function_that_leaves_the_graph_is_found(f):
    with pytest.raises(GradientError, match="gradient of x0 = 0.5, with the function called again"):
        gradcheck(f, 0.5)


def test_a_function_may_use_values_from_outside_and_branches():
    w = Value(2.0, "w")

    def f(x):
        return w * x if x > 0 else w - x

    assert gradcheck(f, 1.0)
    assert gradcheck(f, -1.0)
    assert "gradient of leaf 0, w = 2," in [text.what for text in gradcheck(f, 1.0).checked]


def test_a_rule_that_leaves_the_graph_is_found_by_checking_the_derivative():
    frozen = define("frozen", math.sin, lambda x, out: (cos(x) * 1.0 + x * 0.0,))
    assert gradcheck(grad(frozen), 0.7)
    frozen = define("frozen", math.sin, lambda x, out: (math.cos(x) + x * 0.0,))
    assert gradcheck(frozen, 0.7)  # the first derivative is right
    with pytest.raises(GradientError, match="called again, is 0, should be -0.6442"):
        gradcheck(grad(frozen), 0.7)


def test_a_wrong_number_of_derivatives_is_named():
    three = define("three", lambda x, y: x + y, lambda x, y, out: (1.0, 1.0, 1.0))
    with pytest.raises(
        TypeError, match=r"derivative of three\(2, 3\) failed: for 2 input.* gave 3 deriv"
    ):
        gradcheck(three(Value(2.0), Value(3.0)))
    unseen = define(
        "unseen", lambda x: x, lambda x, out: (), spread=lambda parents, upstream: None
    )  # backward itself does not ask this rule
    with pytest.raises(TypeError, match=r"derivative of unseen\(2\) failed: for 1 .* gave 0 deriv"):
        gradcheck(unseen(Value(2.0)))


@pytest.mark.parametrize(("arguments", "options", "error", "match"), [
    ((3.0,), {}, TypeError, r"a Value or a function of Values; got 3\.0"),
    ((Value(3.0), 3.0), {}, TypeError, "give no numbers with it"),
    ((tanh, 1.0), {"tolerance": 0.0}, ValueError, r"tolerance is 0\.0; it must be above 0"),
    ((tanh, 1.0), {"tolerance": math.nan}, ValueError, "tolerance is nan"),
    ((tanh, "1"), {}, TypeError, "one real number; got '1'"),
    ((lambda x: [x], 1.0), {}, TypeError, "one real number; got"),
])  # fmt: skip
def test_bad_arguments_are_refused(arguments, options, error, match):
    with pytest.raises(error, match=match):
        gradcheck(*arguments, **options)


def test_the_tolerance_decides_what_is_wrong():
    nearly = define("nearly", math.exp, lambda x, out: (out * (1 + 1e-5),))
    assert gradcheck(nearly, 1.0, tolerance=1e-4)
    with pytest.raises(GradientError):
        gradcheck(nearly, 1.0)


def test_a_long_chain_needs_no_recursion():
    y = x = Value(0.5)
    for _ in range(3000):
        y = y + 1e-3
    report = gradcheck(y * x)
    assert len(report.checked) == 3003


def test_division_by_a_small_number_is_compared():
    assert gradcheck(div, 1.0, 1e-5)
