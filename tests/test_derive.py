"""Derivatives as graphs: known higher orders, closed forms, and what can go wrong."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import BUILT_IN, USER, arity, difference_quotients

from autograd import (
    Value,
    abs,
    cos,
    define,
    derive,
    exp,
    grad,
    hessian,
    ieee_values,
    leaky_relu,
    log,
    log_sum_exp,
    maximum,
    minimum,
    power,
    relu,
    sigmoid,
    sign,
    sin,
    softplus,
    sqrt,
    step,
    tanh,
    topological_order,
    total,
    weighted_sum,
    where,
)


def orders(f, x, count):
    """Return f(x) and its derivatives at x."""
    out = []
    for _ in range(count):
        out.append(float(f(x)))
        f = grad(f)
    return out


@pytest.mark.parametrize("x", [2.0, 0.0, -2.0, 1e-300, -0.5])
def test_all_orders_of_a_whole_power_exist_everywhere(x):
    expected = [x**4, 4 * x**3, 12 * x**2, 24 * x, 24.0, 0.0, 0.0]
    assert orders(lambda x: x**4, x, 7) == pytest.approx(expected, rel=1e-12)


SIGMOID, SLOPE = 1 / (1 + math.exp(-0.7)), math.log(0.7) + 1
CLOSED_FORMS = [  # f, x, the third derivative
    (tanh, 0.7, lambda t: -2 * (1 - t**2) * (1 - 3 * t**2)),
    (sigmoid, 0.7, lambda s: s * (1 - s) * (1 - 6 * s + 6 * s * s)),
    (softplus, 0.7, lambda _: SIGMOID * (1 - SIGMOID) * (1 - 2 * SIGMOID)),
    (exp, 0.7, lambda e: e),
    (log, 0.7, lambda _: 2 / 0.7**3),
    (sqrt, 0.7, lambda r: 3 / 8 / r**5),
    (sin, 0.7, lambda _: -math.cos(0.7)),
    (cos, 0.7, lambda _: math.sin(0.7)),
    (lambda x: 1 / x, 0.7, lambda r: -6 * r**4),
    (lambda x: x**0.5, 0.7, lambda r: 3 / 8 / r**5),
    (lambda x: 2**x, 0.7, lambda p: p * math.log(2) ** 3),
    (lambda x: x**x, 0.7, lambda p: p * (SLOPE**3 + 3 * SLOPE / 0.7 - 1 / 0.49)),
    (lambda x: x * x * x, 0.7, lambda _: 6.0),
    (lambda x: -x - (3 - x), 0.7, lambda _: 0.0),
]  # fmt: skip


@pytest.mark.parametrize(("f", "x", "third"), CLOSED_FORMS)
def test_third_derivatives_have_their_closed_form(f, x, third):
    value, *_, found = orders(f, x, 4)
    assert found == pytest.approx(third(value), rel=1e-9)


def test_the_fourth_derivative_of_the_sine_is_the_sine():
    expected = [math.sin(3), math.cos(3), -math.sin(3), -math.cos(3), math.sin(3)]
    assert orders(sin, 3.0, 5) == pytest.approx(expected, rel=1e-14)


PIECEWISE = [
    relu, abs, sign, step, leaky_relu, lambda x: maximum(x, -x), lambda x: minimum(3 * x, x),
    lambda x: where(x > 0, 2 * x, x), lambda x: where(step(x), 2 * x, x),
]  # fmt: skip


@pytest.mark.parametrize("f", PIECEWISE)
@pytest.mark.parametrize("x", [1.5, 0.0, -1.5])
def test_what_is_piecewise_linear_has_second_derivative_zero(f, x):
    value = Value(x)
    first = derive(f(value), value)
    f(value).backward()
    assert first.data == value.grad
    assert derive(first, value).data == 0


@pytest.mark.parametrize("op", [*BUILT_IN, USER], ids=repr)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_the_rule_of_every_row_makes_a_graph_with_the_right_numbers_and_slopes(op, data):
    count = arity(op) or data.draw(st.integers(1, 5))
    numbers = [data.draw(st.integers(20, 300)) / 100 for _ in range(count)]
    if not op.margin(*numbers) > 0.05:
        return
    inputs = [Value(x) for x in numbers]
    slopes = derive(op(*inputs), inputs)
    assert [slope.data for slope in slopes] == list(op.derivatives(*numbers, op(*numbers)))
    for i, slope in enumerate(slopes):
        second = [value.data for value in derive(slope, inputs)]
        expected = difference_quotients(
            lambda xs, i=i: op.derivatives(*xs, op(*xs))[i], numbers, step=1e-3
        )
        assert second == pytest.approx(expected, rel=1e-6, abs=1e-6)


def softmax(scores):
    parts = [math.exp(score) for score in scores]
    return [part / sum(parts) for part in parts]


def test_the_hessian_of_log_sum_exp_is_the_covariance_of_the_softmax():
    scores = [1.0, -0.5, 2.0, 0.3]
    p = softmax(scores)
    expected = [[p[i] * ((i == j) - p[j]) for j in range(4)] for i in range(4)]
    found = hessian(lambda *xs: log_sum_exp(xs), *scores)
    for row, expected_row in zip(found, expected, strict=True):
        assert row == pytest.approx(expected_row, rel=1e-12)
        assert sum(row) == pytest.approx(0, abs=1e-15)


def test_the_hessian_of_a_weighted_sum_couples_weights_with_inputs():
    def f(w0, w1, x0, x1, b):
        return weighted_sum([w0, w1], [x0, x1], b)

    assert hessian(f, 2.0, 3.0, 5.0, 7.0, 11.0) == [
        [0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 0, 0, 0],
    ]  # fmt: skip
    assert hessian(lambda *xs: weighted_sum(xs, xs), 1.0, 2.0) == [[2, 0], [0, 2]]
    assert hessian(lambda *xs: total(xs), 1.0, 2.0, 3.0) == [[0, 0, 0]] * 3


def test_a_hessian_of_a_graph_is_that_of_its_function_and_symmetric():
    def f(x, y, z):
        return sin(x * y) + exp(z) / (1 + y**2) + x * z

    numbers = (0.3, -0.7, 1.1)
    x, y, z = leaves = [Value(number) for number in numbers]
    value = f(*leaves)
    found = hessian(value, leaves)
    assert found == hessian(value, x, y, z) == hessian(f, *numbers)
    assert all(found[i][j] == found[j][i] for i in range(3) for j in range(3))
    for i, leaf in enumerate(leaves):  # each row by itself, no mirror used
        row = [second.data for second in derive(derive(value, leaf), leaves)]
        assert found[i] == pytest.approx(row, rel=1e-12)
    assert [leaf.grad for leaf in leaves] == [0, 0, 0]
    assert all(type(number) is float for row in found for number in row)


def test_a_hessian_needs_leaves():
    x = Value(2.0)
    y = x * x
    with pytest.raises(ValueError, match=r"leaves\[1\] \(4\) is the result of mul"):
        hessian(y * x, [x, y])


def test_an_operation_of_a_user_can_be_derived_to_any_order():
    cube = define("cube", lambda x: x**3, lambda x, out: (3 * x**2,))
    assert orders(cube, 2.0, 5) == [8, 12, 12, 6, 0]
    logistic = define("logistic", lambda x: 1 / (1 + math.exp(-x)), lambda x, out: (out - out**2,))
    assert orders(logistic, 0.7, 4) == pytest.approx(orders(sigmoid, 0.7, 4), rel=1e-12)


def test_a_result_is_a_value_of_the_graph_that_can_go_backward():
    x, w = Value(2.0, "x"), Value(5.0, "w")
    slope = derive(sin(x) * w, x)
    assert type(slope) is Value
    slope.backward()
    assert x.grad == pytest.approx(-5 * math.sin(2))
    assert w.grad == pytest.approx(math.cos(2))
    assert derive(x * w, x) is w


def test_one_node_gives_one_value_and_a_list_gives_a_list():
    x, y = Value(2.0), Value(3.0)
    z = x * y
    assert derive(z, x).data == 3
    assert [slope.data for slope in derive(z, [x, y, z])] == [3, 2, 1]
    assert [slope.data for slope in derive(z, (y,))] == [2]
    assert derive(z, []) == []


def test_inner_nodes_are_derived_as_backward_does():
    x = Value(0.5)
    y = x * x
    z = sin(y) * y
    z.backward()
    assert derive(z, y).data == y.grad
    assert [slope.data for slope in derive(z, [y, x])] == [y.grad, x.grad]


def test_the_rule_of_the_node_itself_is_not_asked():
    broken = define("broken", math.sqrt, lambda x, out: ())
    y = broken(Value(0.0))
    assert derive(3 * y, y).data == 3


@pytest.mark.parametrize("unrelated", [Value(2.0), Value(2.0, constant=True)])
def test_what_the_graph_does_not_depend_on_has_derivative_zero(unrelated):
    x = Value(3.0)
    for value in (x * x, x, Value(7.0)):
        slope = derive(value, unrelated)
        assert (type(slope), slope.data, slope.constant, slope.op) == (Value, 0, True, None)


def test_a_constant_has_derivative_zero_as_in_backward():
    c = Value(2.0, constant=True)
    x = Value(3.0)
    assert derive(c * x, c).data == 0
    assert [slope.data for slope in derive(c * x, [x, c])] == [2, 0]
    assert derive(c, c).data == 0


@pytest.mark.parametrize(("f", "size"), [
    (lambda x: x + 3.0, 1),  # 1
    (lambda x: 5.0 - x, 1),  # -1
    (lambda x: 3.0 * x, 1),  # 3
    (lambda x: x * x, 2),  # x + x
    (lambda x: x**2 + 1.0, 5),  # 2 * x**1
    (lambda x: 3.0 * (2.0 * (x + 1.0)), 1),  # 6
    (lambda x: total([x, 1.0, x]), 1),  # 2
    (lambda x: weighted_sum([2.0, 3.0], [x, x], 1.0), 1),  # 5
    (lambda x: exp(x), 2),  # the old node
    (lambda x: -sin(x), 3),  # -cos(x)
])  # fmt: skip
def test_derivatives_stay_small(f, size):
    x = Value(2.0)
    assert len(topological_order(derive(f(x), x))) == size


def test_no_grad_changes_and_two_runs_give_the_same_graph():
    x, y = Value(2.0), Value(3.0)
    z = sin(x * y) + x**3 / y
    x.grad, y.grad, z.grad = 0.5, 0.25, 0.125
    first, again = derive(z, [x, y]), derive(z, [x, y])
    assert (x.grad, y.grad, z.grad) == (0.5, 0.25, 0.125)
    for one, other in zip(first, again, strict=True):
        names = [
            [(node.op and node.op.name, node.data) for node in topological_order(slope)]
            for slope in (one, other)
        ]
        assert names[0] == names[1]


def test_grad_takes_numbers_and_values_and_any_argument():
    def f(x, y):
        return x**2 * y

    assert grad(f)(3.0, 5.0).data == 30
    assert grad(f, 1)(3.0, 5.0).data == 9
    assert grad(f, argnum=-1)(3, 5).data == 9
    assert grad(grad(f, 0), 1)(3.0, 5.0).data == grad(grad(f, 1), 0)(3.0, 5.0).data == 6
    x = Value(3.0)
    slope = grad(f)(x, 5.0)
    slope.backward()
    assert (slope.data, x.grad) == (30, 10)
    assert grad(lambda x: 7.0)(3.0).data == 0
    assert grad(lambda x: x)(3.0).data == 1
    assert float(grad(tanh)(0.5)) == 1 - math.tanh(0.5) ** 2


def test_nested_variables_are_not_confused():
    """d/dy of x + y is 1 also at y = x: the perturbations of two variables stay apart."""
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(3.0).data == 1
    assert grad(lambda x: x * grad(lambda y: x + y)(x))(3.0).data == 1
    x = Value(3.0)
    assert grad(lambda a, b: a * b * b, 0)(x, x).data == 9
    assert grad(lambda a, b: a * b * b, 1)(x, x).data == 18
    inner = grad(lambda a: a**3)(x)  # and yet the result depends on x
    assert derive(inner, x).data == 18


@pytest.mark.parametrize("argnum", [2, -3])
def test_an_argument_that_is_not_there_is_refused(argnum):
    with pytest.raises(IndexError, match=f"asks for argument {argnum}, but there are 2"):
        grad(lambda x, y: x * y, argnum)(1.0, 2.0)


@pytest.mark.parametrize(("value", "wrt", "match"), [
    (3.0, Value(1.0), r"value is 3\.0; it must be a Value"),
    (Value(1.0), [Value(1.0), 2.0], r"wrt\[1\] is 2\.0; it must be a Value"),
])  # fmt: skip
def test_only_values_can_be_derived(value, wrt, match):
    with pytest.raises(TypeError, match=match):
        derive(value, wrt)


def test_a_function_must_give_one_number():
    with pytest.raises(TypeError, match="one real number; got"):
        grad(lambda x: [x])(1.0)


def test_a_changed_leaf_is_refused():
    x = Value(2.0, "x")
    y = x * x
    x.data = 3.0
    with pytest.raises(RuntimeError, match="x = 3 was set after mul"):
        derive(y, x)
    x.data = 2.0
    assert derive(y, x).data == 4


@pytest.mark.parametrize(("f", "x", "error", "match"), [
    (sqrt, 0.0, ZeroDivisionError, r"derivative of sqrt\(x = 0\) is undefined"),
    (lambda x: x**0.5, 0.0, ZeroDivisionError, r"derivative of power\(x = 0, 0.5\) is undefined"),
])  # fmt: skip
def test_an_undefined_derivative_is_an_error_as_in_backward(f, x, error, match):
    leaf = Value(x, "x")
    y = f(leaf)
    with pytest.raises(error, match=match):
        y.backward()
    with pytest.raises(error, match=match):
        derive(y, leaf)
    with ieee_values():
        assert derive(f(leaf), leaf).data == math.inf


def test_an_undefined_slope_matters_only_where_it_is_asked_for():
    x, w = Value(-2.0), Value(-3.0)
    y = x**w
    assert derive(y, x).data == -0.1875
    assert math.isnan(derive(y, w).data)  # as in backward
    zero, half = Value(0.0), Value(0.5)
    assert derive(zero**half, half).data == 0
    with pytest.raises(ZeroDivisionError, match=r"derivative of power\(0, 0.5\)"):
        derive(zero**half, zero)


def test_nothing_flows_through_a_zero_not_even_to_an_infinite_slope():
    x = Value(0.0)
    for safe in (where(step(x), sqrt(x), x), 0.0 * sqrt(x) + x):
        safe.backward()
        assert derive(safe, x).data == x.grad == 1
        x.grad = 0.0


def test_exponents_that_are_values_are_derived_too():
    x, w = Value(2.0), Value(3.0)
    y = power(x, w)
    ln2 = math.log(2)
    assert derive(y, w).data == pytest.approx(8 * ln2)
    assert derive(derive(y, w), w).data == pytest.approx(8 * ln2**2)
    assert derive(derive(y, x), w).data == pytest.approx(4 * (1 + 3 * ln2))
    assert derive(derive(y, w), x).data == pytest.approx(4 * (1 + 3 * ln2))


def test_the_slope_in_the_exponent_is_zero_at_base_zero():
    x, w = Value(0.0), Value(2.0)
    assert derive(x**w, w).data == 0


def test_a_rule_that_gives_a_plain_number_for_a_value_is_refused():
    frozen = define("frozen", math.sin, lambda x, out: (math.cos(x),))
    x = Value(0.5, "x")
    advice = r"it gave the plain number 0.877583 for input 0.*cos\(x\) instead of math.cos\(x\)"
    with pytest.raises(TypeError, match=r"derivative of frozen\(x = 0.5\) failed: " + advice):
        derive(frozen(x), x)
    assert derive(frozen(x), Value(1.0)).data == 0  # not asked for
    edge = define("edge", math.log, lambda x, out: (1 / float(x),))
    near_zero = Value(5e-5)  # one of its sides is outside the domain
    with pytest.raises(TypeError, match="it gave the plain number 20000 for input 0"):
        derive(edge(near_zero), near_zero)


@pytest.mark.parametrize("x", [1.5, 0.0, -1.5])
def test_a_rule_may_give_plain_numbers_that_are_constant(x):
    hinge = define("hinge", lambda x: max(x, 0.0), lambda x, out: (1 if x > 0 else 0,))
    leaf = Value(x)
    assert derive(hinge(leaf), leaf).data == (x > 0)
    linear = define("linear", lambda x, y: 3 * x + y, lambda x, y, out: (3, 1))
    assert [slope.data for slope in derive(linear(leaf, leaf), [leaf])] == [4]


def test_a_wrong_number_of_derivatives_is_named():
    two = define("two", lambda x: x, lambda x, out: (1.0, 1.0))
    x = Value(2.0)
    with pytest.raises(
        TypeError, match=r"derivative of two\(2\) failed: for 1 input.* gave 2 deriv"
    ):
        derive(two(x), x)
    with pytest.raises(TypeError, match=r"derivative of word\(2\) failed: .*got 'a'"):
        derive(define("word", lambda x: x, lambda x, out: ("a",))(x), x)


def test_a_chain_of_forty_thousand_nodes_needs_no_recursion():
    y = x = Value(1.0)
    for _ in range(20_000):
        y = sin(y) * 1.5
    slope = derive(y, x)
    y.backward()
    assert slope.data == x.grad
    slope.backward()


def test_newtons_method_finds_a_root_with_derive():
    x = 1.0
    for _ in range(6):
        x = x - float((Value(x) ** 2 - 2) / grad(lambda x: x**2 - 2)(x))
    assert x == pytest.approx(math.sqrt(2), rel=1e-15)


@pytest.mark.parametrize(("x", "y"), [(0.0, 0.0), (0.0, 2.0), (2.0, 0.0), (-2.0, 0.0), (0.0, 1.0)])
def test_powers_of_two_values_have_the_same_slopes_as_graphs(x, y):
    base, exponent = Value(x), Value(y)
    out = base**exponent
    out.backward()
    slopes = [slope.data for slope in derive(out, [base, exponent])]
    assert slopes == pytest.approx([base.grad, exponent.grad], nan_ok=True)
