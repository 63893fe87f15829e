"""The rule table: exact numbers, extremes, kinks, and every rule against finite differences."""

import math
import pickle
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import BUILT_IN, arity, difference_quotients

from autograd import (
    OPS,
    Arithmetic,
    Op,
    Value,
    define,
    derive,
    find_op,
    gradcheck,
    leaky_relu,
    log_sum_exp,
    total,
    weighted_sum,
)

E = math.e
INF, NAN = math.inf, math.nan


EXACT = [  # op, inputs, forward, partials
    ("add", (2.0, 3.0), 5.0, (1.0, 1.0)),
    ("sub", (2.0, 3.0), -1.0, (1.0, -1.0)),
    ("mul", (2.0, 3.0), 6.0, (3.0, 2.0)),
    ("mul", (-2.0, 0.0), -0.0, (0.0, -2.0)),
    ("div", (6.0, 3.0), 2.0, (1 / 3, -2 / 3)),
    ("div", (-1.0, -4.0), 0.25, (-0.25, 0.0625)),
    ("neg", (2.0,), -2.0, (-1.0,)),
    ("power", (2.0, 3.0), 8.0, (12.0, 5.545177444479562)),
    ("power", (4.0, 0.5), 2.0, (0.25, 2 * math.log(4))),
    ("power", (2.0, -1.0), 0.5, (-0.25, 0.5 * math.log(2))),
    ("power", (E, 1.0), E, (1.0, E)),
    ("power", (1.0, 5.0), 1.0, (5.0, 0.0)),
    ("exp", (1.0,), E, (E,)),
    ("log", (E,), 1.0, (1 / E,)),
    ("log_or_zero", (E,), 1.0, (1 / E,)),
    ("sqrt", (9.0,), 3.0, (1 / 6,)),
    ("sin", (math.pi / 6,), 0.5, (math.sqrt(3) / 2,)),
    ("cos", (math.pi / 6,), math.sqrt(3) / 2, (-0.5,)),
    ("tanh", (math.log(2),), 0.6, (0.64,)),
    ("tanh", (0.0,), 0.0, (1.0,)),
    ("sigmoid", (0.0,), 0.5, (0.25,)),
    ("sigmoid", (math.log(3),), 0.75, (0.1875,)),
    ("sigmoid", (-math.log(3),), 0.25, (0.1875,)),
    ("softplus", (0.0,), math.log(2), (0.5,)),
    ("softplus", (math.log(3),), math.log(4), (0.75,)),
    ("softplus", (-math.log(3),), math.log(4 / 3), (0.25,)),
    ("step", (2.0,), 1.0, (0.0,)),
    ("step", (-2.0,), 0.0, (0.0,)),
    ("sign", (2.0,), 1.0, (0.0,)),
    ("sign", (-2.0,), -1.0, (0.0,)),
    ("relu", (2.0,), 2.0, (1.0,)),
    ("relu", (-2.0,), 0.0, (0.0,)),
    ("leaky_relu", (2.0, 0.1), 2.0, (1.0, 0.0)),
    ("leaky_relu", (-2.0, 0.1), -0.2, (0.1, -2.0)),
    ("abs", (2.0,), 2.0, (1.0,)),
    ("abs", (-2.0,), 2.0, (-1.0,)),
    ("maximum", (2.0, 3.0), 3.0, (0.0, 1.0)),
    ("maximum", (3.0, 2.0), 3.0, (1.0, 0.0)),
    ("minimum", (2.0, 3.0), 2.0, (1.0, 0.0)),
    ("minimum", (3.0, 2.0), 2.0, (0.0, 1.0)),
    ("where", (1.0, 2.0, 3.0), 2.0, (0.0, 1.0, 0.0)),
    ("where", (-1.0, 2.0, 3.0), 2.0, (0.0, 1.0, 0.0)),
    ("where", (0.0, 2.0, 3.0), 3.0, (0.0, 0.0, 1.0)),
    ("total", (1.0, 2.0, 4.0), 7.0, (1.0, 1.0, 1.0)),
    ("total", (1.5,), 1.5, (1.0,)),
    ("weighted_sum", (2.0, 3.0, 5.0, 7.0), 31.0, (5.0, 7.0, 2.0, 3.0)),
    ("weighted_sum", (2.0, 3.0, 5.0, 7.0, 0.5), 31.5, (5.0, 7.0, 2.0, 3.0, 1.0)),
    ("weighted_sum", (2.0, 3.0), 6.0, (3.0, 2.0)),
    ("weighted_sum", (2.0,), 2.0, (1.0,)),  # a bias alone
    ("log_sum_exp", (0.0, math.log(3)), math.log(4), (0.25, 0.75)),
    ("log_sum_exp", (1.5,), 1.5, (1.0,)),
    ("pick", (1.0, 3.0, 5.0, 7.0), 5.0, (0.0, 0.0, 1.0, 0.0)),
    ("pick", (0.5, 3.0, 5.0, 7.0), 5.0, (0.0, 0.0, 1.0, 0.0)),  # in the middle the upper place
    ("pick", (-0.5, 3.0, 5.0), 3.0, (0.0, 1.0, 0.0)),
    ("pick", (1.4, 3.0, 5.0, 7.0), 5.0, (0.0, 0.0, 1.0, 0.0)),
    ("pick", (0.49999999999999994, 3.0, 5.0), 5.0, (0.0, 0.0, 1.0)),  # + 0.5 is 1
]
EXTREME = [
    ("tanh", (1000.0,), 1.0, (0.0,)),
    ("tanh", (-1000.0,), -1.0, (0.0,)),
    ("sigmoid", (1000.0,), 1.0, (0.0,)),
    ("sigmoid", (-1000.0,), 0.0, (0.0,)),  # no overflow
    ("sigmoid", (-700.0,), math.exp(-700), (math.exp(-700),)),  # and no early 0
    ("softplus", (1000.0,), 1000.0, (1.0,)),
    ("softplus", (-1000.0,), 0.0, (0.0,)),
    ("softplus", (-700.0,), math.exp(-700), (math.exp(-700),)),
    ("log_sum_exp", (1000.0, 1000.0), 1000 + math.log(2), (0.5, 0.5)),
    ("log_sum_exp", (-1000.0, -1000.0), -1000 + math.log(2), (0.5, 0.5)),
    ("log_sum_exp", (0.0, 1000.0), 1000.0, (0.0, 1.0)),
    ("log_sum_exp", (123.0, 456.0, 789.0), 789.0, (math.exp(-666), math.exp(-333), 1.0)),
    ("exp", (-1000.0,), 0.0, (0.0,)),
    ("abs", (-1e308,), 1e308, (-1.0,)),
    ("maximum", (1e308, -1e308), 1e308, (1.0, 0.0)),  # their difference overflows
    ("exp", (-INF,), 0.0, (0.0,)),
    ("exp", (INF,), INF, (INF,)),
    ("log", (INF,), INF, (0.0,)),
    ("sqrt", (INF,), INF, (0.0,)),
    ("tanh", (INF,), 1.0, (0.0,)),
    ("sigmoid", (INF,), 1.0, (0.0,)),
    ("sigmoid", (-INF,), 0.0, (0.0,)),
    ("softplus", (INF,), INF, (1.0,)),
    ("softplus", (-INF,), 0.0, (0.0,)),
    ("relu", (INF,), INF, (1.0,)),
    ("relu", (-INF,), 0.0, (0.0,)),
    ("step", (INF,), 1.0, (0.0,)),
    ("sign", (-INF,), -1.0, (0.0,)),
    ("abs", (-INF,), INF, (-1.0,)),
    ("maximum", (INF, 1.0), INF, (1.0, 0.0)),
    ("minimum", (INF, 1.0), 1.0, (0.0, 1.0)),
    ("div", (1.0, INF), 0.0, (0.0, 0.0)),
    ("log_sum_exp", (-INF, 1.0), 1.0, (0.0, 1.0)),
    ("log_sum_exp", (INF, NAN), NAN, (NAN, NAN)),
    ("log_sum_exp", (NAN, INF), NAN, (NAN, NAN)),
    ("log_sum_exp", (1.0, NAN), NAN, (NAN, NAN)),
    ("relu", (NAN,), NAN, (NAN,)),  # never a silent 0
    ("abs", (NAN,), NAN, (NAN,)),
    ("step", (NAN,), NAN, (0.0,)),
    ("sign", (NAN,), NAN, (0.0,)),
    ("maximum", (NAN, 1.0), NAN, (NAN, NAN)),
    ("maximum", (1.0, NAN), NAN, (NAN, NAN)),
    ("minimum", (NAN, 1.0), NAN, (NAN, NAN)),
    ("minimum", (1.0, NAN), NAN, (NAN, NAN)),
    ("power", (NAN, 0.0), 1.0, (0.0, NAN)),  # x**0 is 1 everywhere
]
KINKS = [  # the slope that we choose
    ("relu", (0.0,), 0.0, (0.0,)),
    ("relu", (-0.0,), 0.0, (0.0,)),
    ("abs", (0.0,), 0.0, (0.0,)),
    ("sign", (0.0,), 0.0, (0.0,)),
    ("step", (0.0,), 0.0, (0.0,)),
    ("step", (-0.0,), 0.0, (0.0,)),
    ("leaky_relu", (0.0, 0.1), 0.0, (0.1, 0.0)),
    ("maximum", (2.0, 2.0), 2.0, (0.5, 0.5)),
    ("maximum", (0.0, -0.0), 0.0, (0.5, 0.5)),
    ("minimum", (2.0, 2.0), 2.0, (0.5, 0.5)),
    ("where", (-0.0, 2.0, 3.0), 3.0, (0.0, 0.0, 1.0)),
    ("power", (0.0, 0.0), 1.0, (0.0, 0.0)),
    ("power", (0.0, 1.0), 0.0, (1.0, 0.0)),
    ("power", (0.0, 2.0), 0.0, (0.0, 0.0)),
    ("power", (-2.0, 3.0), -8.0, (12.0, NAN)),
    ("power", (-2.0, -3.0), -0.125, (-0.1875, NAN)),
    ("power", (-2.0, 0.0), 1.0, (0.0, NAN)),
    ("log_or_zero", (0.0,), 0.0, None),
    ("log_or_zero", (-2.0,), NAN, (-0.5,)),
    ("log_or_zero", (NAN,), NAN, (NAN,)),
]


def precision(inputs):
    """Return the relative precision: exp(x) cannot be better than the last digit of x."""
    return 1e-15 * max([1.0, *[math.fabs(x) for x in inputs if math.isfinite(x)]])


def test_the_exact_table_has_every_row():
    assert {row[0] for row in EXACT} == {op.name for op in BUILT_IN}
    assert {op.name for op in BUILT_IN} <= set(OPS)


@pytest.mark.parametrize(("name", "inputs", "forward", "partials"), [*EXACT, *EXTREME, *KINKS])
def test_numbers_and_slopes_are_exact(name, inputs, forward, partials):
    op = OPS[name]
    out = op(*inputs)
    assert type(out) is float
    assert out == pytest.approx(forward, rel=1e-15, nan_ok=True)
    if partials is not None:
        slopes = op.derivatives(*inputs, out)
        assert type(slopes) is tuple
        assert slopes == pytest.approx(partials, rel=precision(inputs), abs=1e-300, nan_ok=True)


@pytest.mark.parametrize(("name", "inputs", "forward", "partials"), [*EXACT, *EXTREME, *KINKS])
def test_values_give_the_numbers_and_grads_of_the_table(name, inputs, forward, partials):
    if partials is None:
        return
    values = [Value(x) for x in inputs]
    try:
        node = OPS[name](*values)
    except OverflowError:
        assert name == "log_or_zero"  # nan from a finite number is refused, see test_checks
        return
    assert node.op is OPS[name]
    assert node.parents == tuple(values)
    assert node.data == pytest.approx(forward, rel=1e-15, nan_ok=True)
    node.backward()
    grads = [value.grad for value in values]
    assert grads == pytest.approx(partials, rel=precision(inputs), abs=1e-300, nan_ok=True)


DOMAIN = {  # where to draw inputs; elsewhere anything from -3 to 3
    "log": [(0.1, 9.0)], "log_or_zero": [(0.1, 9.0)], "sqrt": [(0.1, 9.0)],
    "power": [(0.3, 3.0), (-3.0, 3.0)], "div": [(-3.0, 3.0), (0.2, 3.0)],
}  # fmt: skip


@pytest.mark.parametrize("op", BUILT_IN, ids=repr)
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_every_rule_agrees_with_finite_differences(op, data):
    count = arity(op) or data.draw(st.integers(1, 7))
    ranges = DOMAIN.get(op.name, [(-3.0, 3.0)] * count)
    inputs = [data.draw(st.floats(*bounds)) for bounds in ranges]
    if not op.margin(*inputs) > 0.01:
        return
    slopes = op.derivatives(*inputs, op(*inputs))
    expected = difference_quotients(lambda xs: op(*xs), inputs, step=1e-3)
    assert slopes == pytest.approx(expected, rel=1e-7, abs=1e-7)


MARGINS = [  # op, inputs, the distance from the nearest kink or pole
    ("div", (1.0, -0.25), 0.25), ("log", (0.25,), 0.25), ("sqrt", (0.25,), 0.25),
    ("log_or_zero", (0.25,), 0.25), ("relu", (-0.25,), 0.25), ("abs", (-0.25,), 0.25),
    ("sign", (-0.25,), 0.25), ("step", (0.25,), 0.25), ("leaky_relu", (-0.25, 0.1), 0.25),
    ("maximum", (1.0, 1.25), 0.25), ("minimum", (1.25, 1.0), 0.25), ("where", (-0.25, 1, 2), 0.25),
    ("power", (0.25, 0.5), 0.25), ("power", (-0.25, -2.0), 0.25), ("power", (0.25, -2.0), 0.25),
    ("power", (-2.0, 2.0), INF), ("power", (0.0, 2.0), INF),
    ("power", (0.25, INF), 0.25), ("power", (0.25, NAN), 0.25),
    ("add", (1.0, 2.0), INF), ("tanh", (0.0,), INF), ("exp", (0.0,), INF), ("sin", (0.0,), INF),
    ("total", (0.0, 0.0), INF), ("weighted_sum", (0.0, 0.0), INF), ("log_sum_exp", (0.0, 0.0), INF),
]  # fmt: skip


@pytest.mark.parametrize(("name", "inputs", "margin"), MARGINS)
def test_margins_are_distances_from_the_nearest_kink_or_pole(name, inputs, margin):
    assert OPS[name].margin(*inputs) == margin


@pytest.mark.parametrize(("name", "inputs"), [
    ("div", (1.0, 0.0)), ("log", (0.0,)), ("log", (-1.0,)), ("sqrt", (0.0,)), ("relu", (0.0,)),
    ("sqrt", (-1.0,)), ("abs", (0.0,)), ("sign", (0.0,)), ("step", (0.0,)), ("where", (0.0, 1, 2)),
    ("maximum", (2.0, 2.0)), ("minimum", (2.0, 2.0)), ("leaky_relu", (0.0, 0.1)),
    ("power", (0.0, 0.5)), ("power", (0.0, -1.0)), ("power", (-2.0, 0.5)),
])  # fmt: skip
def test_margins_are_not_positive_on_a_kink_or_pole_and_outside_the_domain(name, inputs):
    assert OPS[name].margin(*inputs) <= 0


@pytest.mark.parametrize("op", BUILT_IN, ids=repr)
def test_templates_have_one_field_for_each_input(op):
    for template in (op.python, op.latex):
        fields = re.sub(r"\{\{|\}\}", "", template.replace("{{{}}}", "{}")).count("{}")
        assert fields == (0 if template == "" else arity(op))
    assert op.symbol
    assert op.binding in (10, 20, 30, 40, 100)


N_ARY = [op for op in BUILT_IN if arity(op) is None]


@pytest.mark.parametrize("op", N_ARY, ids=repr)
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_an_n_ary_row_unfolds_into_the_same_number_and_gradients(op, count):
    numbers = [0.3, -1.2, 0.7, 2.1, -0.4][:count]
    whole, parts = [[Value(x) for x in numbers] for _ in range(2)]
    if op.margin(*numbers) <= 0:
        pytest.skip("not defined for so few numbers")
    one, unfolded = op(*whole), op.unfold(*parts)
    assert unfolded.data == pytest.approx(one.data, rel=1e-14)
    one.backward()
    (unfolded + 0.0).backward()
    assert [x.grad for x in parts] == pytest.approx([x.grad for x in whole], rel=1e-14)
    assert op.unfold(*numbers) == pytest.approx(one.data, rel=1e-14)


numbers = st.floats(-1e6, 1e6)


@pytest.mark.parametrize("op", [op for op in BUILT_IN if op.spread], ids=repr)
@given(
    inputs=st.lists(st.tuples(numbers, st.booleans()), min_size=1, max_size=9),
    upstream=numbers,
    before=numbers,
)
@settings(max_examples=100, deadline=None)
def test_spread_does_exactly_what_the_derivatives_say(op, inputs, upstream, before):
    arity = op.forward.__code__.co_argcount  # 0 for a rule of any number of inputs
    inputs = inputs[: arity or None]
    parents = [Value(x, constant=constant) for x, constant in inputs]
    for parent in parents:
        parent.grad = before
    xs = [x for x, _ in inputs]
    op.spread(parents, upstream)
    for parent, slope in zip(parents, op.derivatives(*xs, op(*xs)), strict=True):
        assert parent.grad == (before if parent.constant else before + slope * upstream)


@pytest.mark.parametrize("op", [op for op in BUILT_IN if op.gather], ids=repr)
@given(inputs=st.lists(numbers, min_size=1, max_size=9))
@settings(max_examples=100, deadline=None)
def test_gather_gives_exactly_what_forward_gives(op, inputs):
    assert op.gather([Value(x) for x in inputs]) == op.forward(*inputs)


def test_two_rows_are_written_out_by_hand_and_no_more():
    assert [op.name for op in BUILT_IN if op.spread] == ["relu", "weighted_sum"]
    assert [op.name for op in BUILT_IN if op.gather] == ["weighted_sum"]


def test_shared_inputs_of_a_weighted_sum_get_every_share():
    x = Value(3.0)
    weighted_sum([x, x], [x, 2.0], x).backward()  # x² + 2x + x
    assert x.grad == 2 * 3 + 2 + 1


def test_sums_take_any_iterable_and_nothing_gives_zero():
    assert total(x for x in (1.0, 2.0)) == 3
    assert total([]) == 0
    assert type(total([])) is float
    assert weighted_sum([], []) == 0
    assert type(weighted_sum([], [])) is float
    assert weighted_sum([], [], 2.0) == 2
    assert total(iter([Value(1.0), 2])).data == 3
    assert log_sum_exp(x for x in (0.0, 0.0)) == math.log(2)


def test_numbers_may_stand_between_values():
    a, b = Value(2.0), Value(3.0)
    for node, expected in [
        (total([a, 1, b]), 6), (total([1, a, 1]), 4), (weighted_sum([a, 2], [5, b], 1), 17),
        (log_sum_exp([a, -INF, b]), 3 + math.log1p(math.exp(-1))),
    ]:  # fmt: skip
        assert node.data == pytest.approx(expected)
        assert [p.constant for p in node.parents] == [
            p is not a and p is not b for p in node.parents
        ]


def test_leaky_relu_has_a_slope_to_choose():
    x = Value(-2.0)
    leaky_relu(x, 0.2).backward()
    assert x.grad == 0.2
    slope = Value(0.3)
    x.leaky_relu(slope).backward()
    assert slope.grad == -2
    assert leaky_relu(-2.0) == -0.02


@pytest.mark.parametrize(("call", "match"), [
    (lambda: weighted_sum([1.0], [1.0, 2.0]), "2 inputs for 1 weights; .* one weight for each"),
    (lambda: weighted_sum([Value(1.0)], []), "0 inputs for 1 weights"),
    (lambda: log_sum_exp([]), "log_sum_exp of no values does not exist"),
])  # fmt: skip
def test_wrong_lengths_are_refused(call, match):
    with pytest.raises(ValueError, match=match):
        call()


def test_floats_stay_floats_and_values_become_nodes():
    for op in BUILT_IN:
        inputs = (0.4,) * (arity(op) or 2)
        assert type(op(*inputs)) is float
        for i in range(len(inputs)):
            node = op(*[Value(x) if k == i else x for k, x in enumerate(inputs)])
            assert type(node) is Value
            assert node.op is op


def test_an_operation_is_handed_to_whatever_records_it():
    class Recorder(Arithmetic):
        def record_op(self, op, inputs):
            return op.name, inputs

    r = Recorder()
    assert OPS["tanh"](r) == ("tanh", (r,))
    assert total([1.0, r]) == ("total", (1.0, r))
    assert r + 2 == ("add", (r, 2))
    assert 2**r == ("power", (2, r))
    with pytest.raises(TypeError, match="Arithmetic does not say how it records"):
        Arithmetic() + 1


def test_rows_are_found_printed_and_pickled_by_name():
    for op in BUILT_IN:
        assert find_op(op.name) is op
        assert pickle.loads(pickle.dumps(op)) is op
        assert repr(op) == f"<operation {op.name}>"
    with pytest.raises(
        KeyError, match=r"No operation is named 'cosh'; run its define\(...\) first"
    ):
        find_op("cosh")


def test_a_row_cannot_be_changed():
    with pytest.raises(AttributeError):
        OPS["tanh"].forward = math.cos


@pytest.mark.parametrize("op", BUILT_IN, ids=repr)
def test_built_in_operations_cannot_be_defined_again(op):
    with pytest.raises(ValueError, match=f"'{op.name}' is a built-in operation; choose another"):
        define(op.name, math.sin, lambda x, out: (1.0,))
    assert OPS[op.name] is op


@pytest.mark.parametrize(("arguments", "match"), [
    (("a b", math.sin, lambda x, out: (1.0,)), "must be a Python identifier; got 'a b'"),
    (("", math.sin, lambda x, out: (1.0,)), "must be a Python identifier; got ''"),
    (("2x", math.sin, lambda x, out: (1.0,)), "must be a Python identifier; got '2x'"),
    (("f", 3.0, lambda x, out: (1.0,)), "forward of operation 'f' must be a function; got 3.0"),
    (("f", math.sin, (1.0,)), r"derivatives of operation 'f' must be a function; got \(1.0,\)"),
])  # fmt: skip
def test_wrong_definitions_are_refused_and_leave_the_table_alone(arguments, match):
    before = dict(OPS)
    with pytest.raises(ValueError, match=match):
        define(*arguments)
    assert before == OPS


def test_an_operation_of_a_user_works_everywhere():
    cube = define("cube", lambda x: x**3, lambda x, out: (3 * x**2,))
    assert isinstance(cube, Op)
    assert OPS["cube"] is cube
    assert cube.symbol == "cube"
    x = Value(2.0)
    y = cube(x) + 1
    y.backward()
    assert (y.data, x.grad) == (9, 12)
    assert gradcheck(cube, 2.0)
    assert derive(derive(y, x), x).data == 12
    assert cube(2.0) == 8


def test_an_operation_of_a_user_may_be_defined_again():
    first = define("twice", lambda x: x + x, lambda x, out: (2.0,))
    old = first(Value(1.0))
    second = define("twice", lambda x: 2 * x, lambda x, out: (2.0,))
    assert find_op("twice") is second
    assert old.op is first  # a graph keeps the operation that made it


def test_an_operation_of_a_user_may_have_any_number_of_inputs():
    product = define(
        "product",
        lambda *xs: math.prod(xs),
        lambda *xs_and_out: tuple(xs_and_out[-1] / x for x in xs_and_out[:-1]),
    )
    a, b, c = Value(2.0), Value(3.0), Value(5.0)
    product(a, b, c).backward()
    assert (a.grad, b.grad, c.grad) == (15, 10, 6)


@pytest.mark.parametrize(("rule", "match"), [
    (lambda x, out: (1.0, 2.0), "for 1 input\\(s\\) it gave 2 derivative\\(s\\)"),
    (lambda x, out: (), "for 1 input\\(s\\) it gave 0 derivative\\(s\\)"),
    (lambda x, out: 1.0, "object of type 'float' has no len"),
    (lambda x: (1.0,), "takes 1 positional argument but 2 were given"),
    (lambda x, out: (None,), "NoneType"),
    (lambda x, out: ("a",), "str|sequence"),
])  # fmt: skip
def test_a_rule_with_the_wrong_answer_is_named_and_the_grads_stay(rule, match):
    wrong = define("wrong", lambda x: x, rule)
    x = Value(2.0, "x")
    x.grad = 7.0
    y = wrong(x) + x
    with pytest.raises(
        TypeError, match=r"The rule of derivative of wrong\(x = 2\) failed: .*" + match
    ):
        y.backward()
    assert (x.grad, y.grad) == (7, 0)


@pytest.mark.parametrize(("forward", "match"), [
    (lambda x: "a", "one real number; got 'a'"),
    (lambda x: None, "one real number; got None"),
    (lambda x: 1j, "one real number; got 1j"),
])  # fmt: skip
def test_a_forward_with_the_wrong_answer_is_named(forward, match):
    wrong = define("wrong", forward, lambda x, out: (1.0,))
    with pytest.raises(TypeError, match=r"The rule of wrong\(x = 2\) failed: .*" + match):
        wrong(Value(2.0, "x"))


def test_a_forward_may_give_any_real_number_and_data_is_a_float():
    numpy = pytest.importorskip("numpy")
    for number in (3, True, numpy.float32(3), numpy.int64(3)):
        op = define("op", lambda x, number=number: number, lambda x, out: (0.0,))
        assert type(op(Value(1.0)).data) is float
