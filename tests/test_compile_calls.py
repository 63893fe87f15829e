"""`compile`: what a compiled function takes and gives, and when it stops trusting its program."""

import importlib.util
import math
import pickle
import re
import threading
import warnings
from collections import namedtuple
from copy import copy, deepcopy
from functools import partial

import numpy as np
import pytest
from compiled_runs import as_constants

import autograd
from autograd import (
    Compiled,
    RecordingError,
    Value,
    compile,
    define,
    derive,
    find_engine,
    gradcheck,
    ieee_values,
    maximum,
    total,
    weighted_sum,
)
from autograd.compile import machine as machine_room
from nn import MLP, Dropout, training_mode

pytest.importorskip("llvmlite")

ENGINES = ("eager", "numpy", "native")
COMPILING = ENGINES[1:]
every_engine = pytest.mark.parametrize("engine", ENGINES)
compiling = pytest.mark.parametrize("engine", COMPILING)
Pair = namedtuple("Pair", "left right")
Turned = namedtuple("Turned", "left right")


def line(w, b):
    return lambda x, y: (w * x + b - y) ** 2


@pytest.fixture
def quiet():
    """Count the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


# ------------------------------------------------------------------------------- arguments


def nested(w):
    """Return a function of nested arguments that gives nested results."""

    def function(a, row, table, pair):
        s = weighted_sum(row, [w] * len(row)) + a
        t = total([x * w for line in table for x in line])
        u, v = pair
        return {"s": s, "all": (t, [u * w, {"deep": v - w}]), "pair": Pair(u, 2.0), "n": 3}

    return function


@every_engine
def test_arguments_and_results_may_be_nested(engine):
    w = Value(0.5)
    batches = (
        [1.0, 2.0],
        [(1.0, 2.0, 3.0), [4.0, 5.0, 6.0]],
        [[[1.0], [2.0]], ((3.0,), (4.0,))],
        np.array([[1.0, 2.0], [3.0, 4.0]]),
    )
    f = compile(nested(w), engine=engine)
    expected = [
        {"s": 4.0, "all": (1.5, [0.5, {"deep": 1.5}]), "pair": (1.0, 2.0), "n": 3.0},
        {"s": 9.5, "all": (3.5, [1.5, {"deep": 3.5}]), "pair": (3.0, 2.0), "n": 3.0},
    ]
    assert f(*batches) == expected
    assert all(isinstance(row["all"], tuple) for row in f(*batches))
    f.mean(*batches).backward()  # of the first number, s
    assert w.grad == 10.5


KINDS = {  # the same numbers
    "floats": [1.0, 2.0, 3.0], "integers": [1, 2, 3], "a tuple": (1, 2.0, 3), "bools": [True, 2, 3],
    "an array": np.array([1.0, 2.0, 3.0]), "whole numbers": np.array([1, 2, 3], dtype=np.uint8),
    "float32": np.array([1, 2, 3], dtype=np.float32), "numpy's": [np.float64(1), np.int16(2), 3],
    "Values": [Value(1.0, constant=True), 2.0, 3],
    "a column": np.arange(6.0).reshape(3, 2)[:, 0] / 2 + 1,
    "objects": np.array([1.0, 2, 3], dtype=object), "a range": range(1, 4),
}  # fmt: skip


@every_engine
@pytest.mark.parametrize("kind", KINDS)
def test_numbers_of_any_kind_are_the_same_samples(kind, engine):
    w = Value(2.0)
    f = compile(lambda x: w * x + 1, engine=engine)
    assert f(KINDS[kind]) == [3.0, 5.0, 7.0]
    f.mean(KINDS[kind]).backward()
    assert w.grad == pytest.approx(2.0, rel=1e-15)


REFUSED = [  # batches, error, message
    ((), ValueError, "for each argument of the function a list"),
    ((5.0, [1.0]), ValueError, "Argument 0 is 5.0; it must be a list"),
    ((np.float64(5.0), [1.0]), ValueError, "it must be a list"),
    (([], []), ValueError, "Got no samples"),
    ((np.zeros((0, 3)), []), ValueError, "Got no samples"),
    (([1.0, 2.0], [1.0]), ValueError, "Argument 1 has 1 samples, but argument 0 has 2"),
    (("ab", [1.0, 2.0]), ValueError, "Argument 0 is 'ab'; it must be a list"),
]


@every_engine
@pytest.mark.parametrize(("batches", "kind", "message"), REFUSED)
def test_what_is_no_batch_is_refused(batches, kind, message, engine):
    f = compile(line(Value(1.0), Value(0.0)), engine=engine)
    for run in (f, f.mean):
        with pytest.raises(kind, match=re.escape(message)):
            run(*batches)


STRANGE = [  # entries of a batch
    ([1.0, "2"], TypeError, "Convert text with float"),
    ([1.0, None], TypeError, "got None"),
    ([1.0, 2j], TypeError, "Complex numbers"),
    ([1.0, 10**400], OverflowError, "too large for a float"),
    ([{0: 5.0}, {0: 6.0}], TypeError, "of type dict"),
    ([1.0, [2.0]], ValueError, "Sample 1 of argument 0 has the shape ((),), but sample 0 has ()"),
    ([[1.0, 2.0], [1.0]], ValueError, "Sample 1 of argument 0 has the shape ((),)"),
    ([[[1.0], [1.0, 2.0]], [[1.0, 2.0], [1.0]]], ValueError, "Sample 1 of argument 0"),
]


@compiling
@pytest.mark.parametrize(("batch", "kind", "message"), STRANGE)
def test_a_sample_that_is_no_number_or_has_another_shape_is_named(batch, kind, message, engine):
    f = compile(lambda x: x, engine=engine)
    with pytest.raises(kind, match=re.escape(message)):
        f(batch)


@compiling
def test_every_shape_is_recorded_for_itself(engine):
    w = Value(2.0)
    f = compile(lambda xs: total([w * x for x in xs]), engine=engine)
    assert f([[1.0, 2.0]]) == [6.0]
    assert f([[1.0, 2.0, 3.0], [0.0, 0.0, 1.0]]) == [12.0, 2.0]
    assert f([[1.0, 3.0]]) == [8.0]
    assert f([[]]) == [0.0]


@every_engine
def test_a_value_among_samples_gets_its_gradient_or_is_refused(engine):
    w, a = Value(2.0), Value(3.0)
    f = compile(lambda x: w * x, engine=engine)
    assert f([a, 1.0]) == [6.0, 2.0]
    if engine == "eager":
        f.mean([a, 1.0]).backward()
        assert a.grad == 1.0
    else:
        for batch in ([a, 1.0], [w * 1.0, 2.0]):
            with pytest.raises(TypeError, match=r"Sample 0 of argument 0 is or has Value\(data="):
                f.mean(batch)


@every_engine
def test_a_function_may_call_methods_of_its_numbers(engine):
    w = Value(0.5)
    f = compile(lambda x: (x * w).tanh() + x.sigmoid(), engine=engine)
    expected = [math.tanh(0.5 * x) + 1 / (1 + math.exp(-x)) for x in (1.0, -2.0)]
    assert f([1.0, -2.0]) == pytest.approx(expected, rel=1e-14)


def test_a_function_that_calls_methods_and_compares_numbers_is_refused(quiet):
    """It would be given Values for the methods, and == of Values asks for identity."""
    w = Value(2.0)
    for compare in (lambda y: y == 1, lambda y: y != 1, lambda y: y in (0, 1), lambda y: y == w):
        for engine in ("eager", "auto"):
            f = compile(
                lambda x, y, is_it=compare: x.tanh() * (w if is_it(y) else -w), engine=engine
            )
            with pytest.raises(
                TypeError, match=r"== asks whether .* call tanh\(x\), not x.tanh\(\)"
            ):
                f([1.0], [1.0])
    assert len(quiet) == 4
    f = compile(lambda x, y: autograd.tanh(x) * (w if y == 1 else -w), engine="eager")
    assert f([1.0, 1.0], [1, 0]) == [2 * math.tanh(1.0), -2 * math.tanh(1.0)]
    assert (Value(1.0) == 1.0) is False


# ------------------------------------------------------------------------------- results


@every_engine
def test_results_that_are_inputs_parameters_or_constants(engine):
    w = Value(2.0)
    f = compile(lambda x, y: [x, w, 5.0, y, x, w], engine=engine)
    assert f([1.0, 3.0], [7.0, 8.0]) == [[1, 2, 5, 7, 1, 2], [3, 2, 5, 8, 3, 2]]
    cases = {
        "x": (lambda x: x, 2.0, 0.0),
        "w": (lambda x: w, 2.0, 1.0),
        "5": (lambda x: 5.0, 5.0, 0),
    }
    for name, (function, mean, grad) in cases.items():
        w.grad = 0.0
        node = compile(function, engine=engine).mean([1.0, 3.0])
        assert node.data == mean, name
        (node * 1.0).backward()
        assert w.grad == grad, name


@every_engine
def test_a_function_of_nothing_but_its_parameters(engine):
    w = Value(3.0)
    f = compile(lambda _: w * w + 1, engine=engine)
    assert f([[], []]) == [10.0, 10.0]
    f.mean([[], []]).backward()
    assert w.grad == 6.0


@compiling
def test_nothing_returned_is_an_error(engine, quiet):
    with pytest.raises(RecordingError, match="returned nothing to compute"):
        compile(lambda x: [], engine=engine)([1.0])
    with pytest.raises(TypeError, match="returned nothing that has a mean"):
        compile(lambda x: []).mean([1.0])
    assert len(quiet) == 1


@every_engine
@pytest.mark.parametrize("n", [1, 2, 5, 8, 100])
def test_the_mean_and_its_gradients_are_those_of_values(n, engine):
    w, b, unused = Value(0.5), Value(-0.25), Value(9.0)
    xs = [((7 * i) % 11) / 5 for i in range(n)]
    ys = [((3 * i) % 7) / 3 for i in range(n)]
    f = compile(line(w, b), engine=engine)
    loss = f.mean(xs, ys)
    loss.backward()
    found = [loss.data, w.grad, b.grad, unused.grad]
    w.grad = b.grad = 0.0
    expected = total([line(w, b)(x, y) for x, y in zip(xs, ys, strict=True)]) / n
    expected.backward()
    assert found == pytest.approx([expected.data, w.grad, b.grad, 0.0], rel=1e-12)
    assert f(xs, ys) == pytest.approx(
        [((0.5 * x - 0.25) - y) ** 2 for x, y in zip(xs, ys, strict=True)], rel=1e-12
    )


@every_engine
def test_a_mean_is_a_node_like_others(engine):
    w, b, scale = Value(0.5), Value(0.0), Value(3.0)
    loss = compile(line(w, b), engine=engine).mean([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])
    whole = scale * loss + w**2
    whole.backward()
    assert (loss.data, scale.grad, w.grad, b.grad) == (10.5, 10.5, -42.0 + 1.0, -18.0)
    whole.backward()
    assert (w.grad, b.grad, scale.grad) == (-82.0, -36.0, 21.0), "leaves add up"
    w.grad = 0.0
    (loss * loss).backward(0.5)
    assert w.grad == pytest.approx(10.5 * -14.0)


@compiling
def test_gradients_of_a_mean_are_right_for_readers(engine):
    w, b = Value(0.5), Value(0.25)
    f = compile(lambda x: (w * x).tanh() * b, engine=engine)
    loss = f.mean([1.0, 2.0])
    assert gradcheck(loss)
    assert gradcheck(loss * loss + w)
    slopes = derive(loss, [w, b])
    expected = derive(total([(w * x).tanh() * b for x in (1.0, 2.0)]) / 2, [w, b])
    assert [s.data for s in slopes] == pytest.approx([s.data for s in expected], rel=1e-12)
    with pytest.raises(TypeError, match="compiled with its first derivatives alone"):
        derive(slopes[0], w)
    assert "compiled_" in autograd.tree(loss)
    twin = deepcopy(loss)
    assert twin.data == loss.data
    w.data = 0.75
    with pytest.raises(RuntimeError, match="was set after"):
        loss.backward()
    w.data = 0.5
    loss.backward()
    assert w.grad == pytest.approx(slopes[0].data, rel=1e-12)


SAME_MEAN = [  # rule; a number, and another with which the mean is the same; the slope there
    (lambda w, x: (w * x) ** 2, 1.0, -1.0, -2.0),
    (lambda w, x: abs(w * x) + 1.0, -3.0, 3.0, 1.0),
    (lambda w, x: autograd.relu(w * x), -1.0, 0.0, 0.0),
    (lambda w, x: (w - 1.0) * (w - 2.0) * x, 1.0, 2.0, 1.0),
]


@compiling
@pytest.mark.parametrize(("rule", "first", "second", "slope"), SAME_MEAN)
def test_gradients_belong_to_the_numbers_that_parameters_have(rule, first, second, slope, engine):
    """A changed leaf is no error where the mean is the same; its slope may be another."""
    w = Value(first)
    loss = compile(lambda x: rule(w, x), engine=engine).mean([1.0])
    w.data = second
    loss.backward()
    assert (loss.data, w.grad) == (float(rule(second, 1.0)), slope)
    w.data, w.grad = first, 0.0
    loss.backward()
    assert w.grad == float(derive(rule(w, 1.0), [w])[0])


@compiling
def test_a_node_outside_of_the_domain_says_so(engine):
    w = Value(2.0)
    loss = compile(lambda x: autograd.log(w * x), engine=engine).mean([1.0, 2.0])
    for rule in (loss.op.forward, partial(loss.op.derivatives, -1.0)):
        with pytest.raises(OverflowError, match="not finite"):
            rule(-1.0)
    assert loss.op.forward(2.0) == loss.data


def test_a_function_named_like_an_operation_is_not_it():
    w = Value(2.0)

    def tanh(x):
        return w * x

    loss = compile(tanh, engine="numpy").mean([1.0])
    assert loss.op.name == "compiled_tanh"
    assert loss.op is not autograd.tanh


# ------------------------------------------------------------------------------- parameters


@every_engine
def test_parameters_may_change_between_calls(engine):
    w, c = Value(2.0), Value(10.0, constant=True)
    f = compile(lambda x: w * x + c, engine=engine)
    for k in range(6):
        w.data, c.data = float(k), 10.0 * k
        assert f([1.0, 2.0]) == [11.0 * k, 12.0 * k]
        w.grad = 0.0
        f.mean([1.0, 2.0]).backward()
        assert (w.grad, c.grad) == (1.5, 0.0)


@every_engine
def test_a_parameter_may_become_constant_and_learn_again(engine, quiet):
    w, b = Value(2.0), Value(1.0)
    f = compile(lambda x: w * x + b, engine=engine)
    for constant in (False, False, True, False, True, True, False):
        w.constant = constant
        w.grad = b.grad = 0.0
        f.mean([3.0]).backward()
        assert (w.grad, b.grad) == (0.0 if constant else 3.0, 1.0)
    assert not quiet


@compiling
def test_aliased_and_repeated_parameters(engine):
    w = Value(3.0)
    alias = w
    f = compile(lambda x: w * alias * x + weighted_sum([w, alias], [alias, x]), engine=engine)
    f.mean([2.0]).backward()
    assert w.grad == 2 * 3 * 2 + 2 * 3 + 2


@compiling
@pytest.mark.parametrize("replaced_after", [1, 2, 3, 5])
def test_a_parameter_that_was_replaced_is_noticed_at_the_next_check(replaced_after, engine, quiet):
    holder = {"w": Value(2.0)}
    f = compile(lambda x: holder["w"] * x, engine=engine)
    check = next(call for call in (2, 4, 8) if call > replaced_after)
    for call in range(1, 11):
        if call == replaced_after + 1:
            holder["w"] = Value(5.0)
        result = f([1.0])
        if call <= replaced_after:
            assert result == [2.0]
        elif call >= check:
            assert result == [5.0], call
        assert len(quiet) == (call >= check), call
    assert "a result is 2.0 instead of 5.0" in str(quiet[0].message)
    assert "Compile it anew" in str(quiet[0].message)
    f.mean([1.0]).backward()
    assert holder["w"].grad == 1.0


@compiling
def test_a_parameter_replaced_by_an_equal_one_is_noticed_by_its_gradient(engine, quiet):
    holder = {"w": Value(2.0)}
    f = compile(lambda x: holder["w"] * x, engine=engine)
    f([1.0])
    holder["w"] = Value(2.0)
    f.mean([1.0]).backward()
    assert holder["w"].grad == 1.0
    assert "a gradient is 1.0 instead of 0.0" in str(quiet[0].message)


@compiling
def test_numbers_of_the_program_that_change_are_noticed(engine, quiet):
    w, scale = Value(2.0), [1.0]
    f = compile(lambda x: w * x * scale[0], engine=engine)
    assert f([1.0]) == [2.0]
    scale[0] = 3.0
    assert f([1.0]) == [6.0]
    assert len(quiet) == 1


@compiling
def test_a_choice_by_the_type_of_a_number_is_noticed(engine, quiet):
    w = Value(2.0)
    f = compile(lambda x: w * x if isinstance(x, Value) else -w * x, engine=engine)
    assert f([1.0]) == [-2.0]
    assert len(quiet) == 1


@compiling
def test_samples_from_all_over_the_batch_are_compared(engine, quiet):
    """As nothing but a comparison can see a choice by type."""
    w = Value(2.0)
    f = compile(lambda x: w * (3.0 if isinstance(x, float) and x > 8 else 1.0), engine=engine)
    assert f([float(i) for i in range(10)]) == [2.0] * 9 + [6.0]
    assert len(quiet) == 1
    g = compile(lambda x: w * (3.0 if isinstance(x, float) and x == 4 else 1.0), engine=engine)
    batch = [float(i) for i in range(10)]
    results = [g(batch)[4] for _ in range(4)]
    assert results == [2.0, 2.0, 2.0, 6.0], "the fourth call looks at that sample"
    assert len(quiet) == 2


@compiling
def test_a_shape_of_results_that_depends_on_the_type_is_noticed(engine, quiet):
    f = compile(lambda x: [x] * (2 if isinstance(x, Value) else 1), engine=engine)
    assert f([1.0, 3.0]) == [[1.0], [3.0]]
    assert "it gives 4 numbers instead of 2" in str(quiet[0].message)


@compiling
def test_looking_changes_no_gradient(engine):
    w = Value(2.0)
    w.grad = 7.0
    f = compile(lambda x: w * x, engine=engine)
    for _ in range(9):
        f([1.0])
        f.mean([1.0])
    assert w.grad == 7.0


@compiling
def test_two_compiled_functions_may_share_parameters(engine):
    w, b = Value(2.0), Value(1.0)
    f = compile(lambda x: w * x + b, engine=engine)
    g = compile(lambda x: (w - x) ** 2, engine=engine)
    (f.mean([1.0, 2.0]) + g.mean([3.0, 4.0]) * f.mean([0.0])).backward()
    expected = Value(2.0), Value(1.0)
    u, v = expected
    (u * 1.5 + v + ((u - 3) ** 2 + (u - 4) ** 2) / 2 * v).backward()
    assert (w.grad, b.grad) == pytest.approx((u.grad, v.grad), rel=1e-12)


# ------------------------------------------------------------------------------- settings, modes


@every_engine
def test_settings_are_static_and_part_of_the_key(engine):
    w, other = Value(2.0), Value(5.0)
    zero = {"-0.0": -0.0, "0.0": 0.0}

    def function(x, *, times=1, by=None, how="sum"):
        out = (w if by is None else by) * x
        for _ in range(int(times) - 1):
            out = out + x
        if times is True:
            out = out + 100
        if isinstance(times, float):
            out = out + math.copysign(1000, times)
        return -out if how != "sum" else out

    f = compile(function, engine=engine)
    cases = [
        ({}, 2.0), ({"times": 3}, 4.0), ({"times": 1}, 2.0), ({"times": True}, 102.0),
        ({"times": 1.0}, 1002.0), ({"by": other}, 5.0), ({"how": "less"}, -2.0),
        ({"how": "sum", "times": 2}, 3.0), ({"times": 2, "how": "sum"}, 3.0),
        ({"times": zero["0.0"]}, 1002.0), ({"times": zero["-0.0"]}, -998.0),
    ]  # fmt: skip
    for settings, expected in cases * 2:
        assert f([1.0], **settings) == [expected], settings


EQUAL = [  # settings that are equal and hash alike, but are not the same
    (Pair(1.0, 2.0), Turned(1.0, 2.0)), (Pair(1.0, 2.0), (1.0, 2.0)), (Pair(1, 2), Pair(1, 2.0)),
    (frozenset({1}), frozenset({1.0})), (frozenset({1}), frozenset({True})),
    (frozenset({0.0}), frozenset({-0.0})), ((frozenset({1}),), (frozenset({1.0}),)),
    (0j, complex(-0.0, 0.0)),
]  # fmt: skip


@compiling
@pytest.mark.parametrize(("first", "second"), EQUAL)
def test_equal_settings_of_other_types_have_recordings_of_their_own(first, second, engine):
    assert first == second
    f = compile(lambda x, s: x * len(repr(s)), engine=engine)
    for s in (first, second) * 2:
        assert f([1.0], s=s) == [float(len(repr(s)))]
    assert len(f._recorded) == 2


@compiling
def test_settings_must_be_hashable(engine):
    f = compile(lambda x, options: x, engine=engine)
    with pytest.raises(TypeError, match="Settings must be hashable.*What differs by sample"):
        f([1.0], options=[1])
    nan = compile(lambda x, rate: x * 1.0, engine=engine)
    for _ in range(3):
        nan([1.0], rate=float("nan"))
    assert len(nan._recorded) == 1, "nan is one setting"
    pairs = compile(lambda x, pair: x * pair[0] if pair[0] is True else x - 1, engine=engine)
    assert pairs([1.0], pair=(True, 2)) == [1.0]
    assert pairs([1.0], pair=(1, 2)) == [0.0]


def test_training_is_a_mode_of_its_own(quiet):
    model = MLP(2, [4, 1], dropout=Dropout(out=2), seed=1)
    f = compile(lambda x: model(x))
    sample = [[0.5, -1.0]]
    whole = model(sample[0]).data
    assert f(sample) == pytest.approx([whole], rel=1e-12)
    assert not quiet
    with training_mode(3):
        thinned = f(sample)
    assert "dropout draws a mask anew" in str(quiet[0].message)
    with training_mode(3):
        assert thinned == pytest.approx([model(as_constants(sample[0])).data], rel=1e-12)
    assert f(sample) == pytest.approx([whole], rel=1e-12)
    assert len(quiet) == 1


# ------------------------------------------------------------------------------- not finite


@every_engine
def test_inputs_that_are_nan_or_infinite_pass_as_values_do(engine):
    w = Value(2.0)
    f = compile(lambda x: autograd.tanh(w * x), engine=engine)
    inf = math.inf
    found = f([1.0, math.nan, inf, -inf])
    assert found[0] == pytest.approx(math.tanh(2.0))
    assert math.isnan(found[1])
    assert found[2:] == [1.0, -1.0]
    f.mean([1.0, math.nan]).backward()
    assert math.isnan(w.grad)
    w.data = inf
    assert f([1.0]) == [1.0]


HIDDEN = {  # what becomes infinite on the way, and is not seen in the result
    "tanh": lambda w, x: autograd.tanh(w * x),
    "sigmoid": lambda w, x: autograd.sigmoid(w * x),
    "exp": lambda w, x: autograd.exp(-(w * x)),
    "exp of exp": lambda w, x: autograd.exp(-autograd.exp(w * x)),
    "relu": lambda w, x: autograd.relu(-(w * x)),
    "relu of a sum": lambda w, x: autograd.relu(weighted_sum([w, w], [-x, 0.5 * -x])),
    "softplus": lambda w, x: autograd.softplus(-(w * x)),
    "softplus of tanh": lambda w, x: autograd.tanh(autograd.softplus(w * x)),
    "inverse": lambda w, x: 1.0 / (w * x),
    "power": lambda w, x: (w * x) ** -2.0,
    "power of a parameter": lambda w, x: (w * x) ** (w * -1e-200),
    "step": lambda w, x: autograd.step(w * x) * w,
    "sign": lambda w, x: autograd.sign(w * x) * w,
    "where": lambda w, x: autograd.where(w * x, x, w),
    "where not": lambda w, x: autograd.where(x * 0.0, w * x, w),
    "minimum": lambda w, x: autograd.minimum(w * x, x),
    "maximum": lambda w, x: maximum(x, -(w * x)),
    "abs": lambda w, x: autograd.minimum(abs(w * x), w),
    "leaky": lambda w, x: autograd.tanh(autograd.leaky_relu(-x, w)),
    "log_sum_exp": lambda w, x: autograd.log_sum_exp([x, -(w * x), 1.0]),
    "pick": lambda w, x: autograd.pick([w * x, w, x], 1.0 + 0.0 * x),
    "pick among parameters": lambda w, x: autograd.pick([w * w, w, w], x / x),
    "of parameters alone": lambda w, x: autograd.tanh(w * w) * x,
    "difference": lambda w, x: autograd.tanh(w * x - w),
    "second result": lambda w, x: [x + w, w * x],
    "third result": lambda w, x: [x, x, w * w],
}


@every_engine
@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("n", [1, 9])
def test_a_number_that_overflows_is_an_error_however_it_hides(name, n, engine):
    w = Value(1.5)
    f = compile(lambda x: HIDDEN[name](w, x), engine=engine)
    fine = [0.5 + 0.25 * i for i in range(n)]
    before = f(fine)
    w.data = 1e200
    for run in (f, f.mean):
        with pytest.raises(OverflowError, match="too large for a float"):
            run([*fine[:-1], 1e200])
    with ieee_values():
        assert len(f([*fine[:-1], 1e200])) == n
    w.data = 1.5
    assert np.allclose(f(fine), before, rtol=1e-14, atol=0)


@every_engine
def test_nested_samples_that_overflow_run_as_values(engine):
    w = Value(1e200)
    f = compile(lambda rows: autograd.tanh(rows[0][1] * w), engine=engine)
    assert f([[[0.0, 0.0]], [(0.0, 1e-200)]]) == [0.0, pytest.approx(math.tanh(1.0))]
    with pytest.raises(OverflowError, match=r"mul\(1e\+200, 1e\+200\) is undefined"):
        f([[[0.0, 0.0]], [(0.0, 1e200)]])
    assert math.isnan(f([[[0.0, math.nan]]])[0])


OF_INPUTS = [  # functions of a sample alone that overflow
    lambda x: x * x, lambda x: [1.0, {"deep": (x * x - x * x,)}], lambda x: x * x - x * x,
]  # fmt: skip


@every_engine
@pytest.mark.parametrize("number", range(len(OF_INPUTS)))
def test_a_function_of_inputs_alone_overflows_as_values_do(number, engine):
    f = compile(OF_INPUTS[number], engine=engine)
    before = f([2.0, 3.0])
    for run in (f, f.mean):
        with pytest.raises(OverflowError, match=r"mul\(1e\+200, 1e\+200\) is undefined"):
            run([1e200])
    with ieee_values():
        f([1e200])
    assert f([2.0, 3.0]) == before


def test_a_function_that_takes_no_values_keeps_what_it_gives():
    branch = compile(lambda x: -(x * x) if x > 0 else x, engine="eager")
    with pytest.raises(OverflowError, match="too large for a float"):
        branch([1e200])
    f = compile(lambda x: x + (math.inf if x == 1 else 0), engine="eager")
    assert f([1.0, 2.0]) == [math.inf, 2.0]


UNDEFINED = [  # rule, sample, kind, message
    (lambda w, x: w / x, 0.0, ZeroDivisionError, "div(2, 0) is undefined"),
    (lambda w, x: 1 / (w / x), 0.0, ZeroDivisionError, "div(2, 0) is undefined"),
    (lambda w, x: autograd.log(w * x), -1.0, ValueError, "log(-2) is undefined"),
    (lambda w, x: autograd.log(w * x), 0.0, ValueError, "log(0) is undefined"),
    (lambda w, x: autograd.tanh(autograd.log(w * x)), 0.0, ValueError, "log(0) is undefined"),
    (lambda w, x: (w * x) ** 0.5, -1.0, ValueError, "power(-2, 0.5) is undefined"),
    (lambda w, x: (w * x) ** -1, 0.0, ZeroDivisionError, "power(0, -1) is undefined"),
    (lambda w, x: autograd.sqrt(w * x), -1.0, ValueError, "sqrt(-2) is undefined"),
    (lambda w, x: autograd.exp(w * x), 800.0, OverflowError, "exp(1600) is undefined"),
    (lambda w, x: 1 / autograd.exp(w * x), 800.0, OverflowError, "exp(1600) is undefined"),
    (lambda w, x: autograd.pick([w, x], x), 7.0, ValueError, "pick(7, 2, 7) is undefined"),
    (lambda w, x: autograd.pick([w, x], x), -1.0, ValueError, "pick(-1, 2, -1) is undefined"),
]


@compiling
@pytest.mark.parametrize(("rule", "x", "kind", "message"), UNDEFINED)
def test_what_is_undefined_for_one_sample_is_the_error_of_values(rule, x, kind, message, engine):
    w = Value(2.0)
    f = compile(lambda x: rule(w, x), engine=engine)
    f([1.0, 0.75, 1.0])
    for run in (f, f.mean):
        with pytest.raises(kind) as caught:
            run([1.0, 0.75, x, 1.0])
        assert message in str(caught.value)
    assert f([1.0]) == [pytest.approx(float(rule(2.0, 1.0)))]


@every_engine
def test_an_infinite_slope_is_an_error_only_if_it_is_asked_for(engine):
    w = Value(2.0)
    f = compile(lambda x: autograd.sqrt(w * x), engine=engine)
    assert f([0.0, 8.0]) == [0.0, 4.0]
    loss = f.mean([0.0, 8.0])
    with pytest.raises(ZeroDivisionError, match=r"derivative of sqrt\(0\) is undefined"):
        loss.backward()
    assert w.grad == 0.0


@every_engine
def test_zero_to_the_power_of_zero_is_one(engine):
    w, y = Value(2.0), Value(0.0)
    f = compile(lambda x: (w * x) ** y, engine=engine)
    assert f([0.0, 1.0]) == [1.0, 1.0]
    f.mean([0.0, 1.0]).backward()
    assert (w.grad, y.grad) == (0.0, pytest.approx(math.log(2) / 2))


@every_engine
def test_gradients_that_overflow_are_infinite_without_an_error(engine):
    w = Value(1e-300)
    f = compile(lambda x: (w * x) * 1e200 * 1e200, engine=engine)
    loss = f.mean([1.0, 1.0])
    loss.backward()
    assert loss.data == pytest.approx(1e100)
    assert w.grad == math.inf


# ------------------------------------------------------------------------------- own operations


def swish_slope(x, out):
    return (autograd.sigmoid(x) + out * (1 - autograd.sigmoid(x)),)


RULES = {  # forward, derivatives, inputs at which they are tried; the last must not be hidden
    "a zero apart": (lambda x: 3.0 * x if x else 5.0, lambda x, _: (3.0,), [1.0, 2.0, 0.0]),
    "equal to": (lambda x: 5.0 if x == 2 else x, lambda x, _: (1.0,), [1.0, 3.0, 2.0]),
    "unequal to": (lambda x: x if x != 2 else 5.0, lambda x, _: (1.0,), [1.0, 3.0, 2.0]),
    "an or": (lambda x: x or 7.0, lambda x, _: (1.0,), [1.0, 3.0, 0.0]),
    "by size": (
        lambda x: x if x < 2 else 4.0 - x, lambda x, _: (1.0 if x < 2 else -1.0,), [1, 3.0]
    ),
    "a slope by size": (lambda x: x * x, lambda x, _: (2 * x if x else 9.0,), [1.0, 0.0]),
    "of math": (lambda x: math.atan(x), lambda x, _: (1 / (1 + x * x),), [1.0, 3.0]),
    "of autograd": (lambda x: x * autograd.sigmoid(x), swish_slope, [1.0, 3.0]),
    "a quotient": (lambda x: x / (1 + autograd.exp(-x)), swish_slope, [1.0, -3.0]),
    "a constant": (lambda x: 2.0, lambda x, _: (0.0,), [1.0, 3.0]),
}  # fmt: skip


@every_engine
@pytest.mark.parametrize("name", RULES)
def test_rules_of_users_mean_what_they_say(name, engine):
    forward, derivatives, inputs = RULES[name]
    op = define("rule_under_test", forward, derivatives)
    w = Value(1.0)
    f = compile(lambda x: op(w * x) + w, engine=engine)
    f(inputs[:1])
    assert f(inputs) == pytest.approx([forward(float(x)) + 1.0 for x in inputs], rel=1e-14)
    f.mean(inputs).backward()
    slopes = [float(derivatives(float(x), forward(float(x)))[0]) * x + 1.0 for x in inputs]
    assert w.grad == pytest.approx(sum(slopes) / len(inputs), rel=1e-13)


FAILING = [  # forward, sample, error
    (lambda x: 1.0 / (1.0 / x), 0.0, ZeroDivisionError, "division by zero"),
    (lambda x: 1.0 / (x**2), 1e200, OverflowError, "too large"),
    (lambda x: 1.0 / (1.0 + autograd.exp(x)), 800.0, OverflowError, "too large"),
    (lambda x: autograd.tanh(autograd.log(x)), 0.0, ValueError, "undefined"),
    (lambda x: math.sqrt(x), -1.0, ValueError, "undefined"),
    (lambda x: None if x > 5 else x, 7.0, TypeError, "one number"),
    (lambda x: [x][int(x > 5)], 7.0, TypeError, "one number"),
]


@every_engine
@pytest.mark.parametrize(("forward", "x", "kind", "message"), FAILING)
@pytest.mark.parametrize("n", [2, 11])
def test_rules_of_users_fail_as_they_do_with_values(forward, x, kind, message, n, engine):
    op = define("rule_under_test", forward, lambda x, _: (1.0,))
    w = Value(1.0)
    f = compile(lambda x: op(w * x), engine=engine)
    fine = [1.0 + 0.1 * i for i in range(n)]
    assert f(fine) == pytest.approx([float(forward(y)) for y in fine], rel=1e-14)
    with pytest.raises(kind, match=message):
        f([*fine, x])


@compiling
def test_derivatives_that_do_not_answer_for_every_input_are_the_error_of_values(engine):
    op = define("rule_under_test", lambda x, y: x * y, lambda x, y, _: (y,))
    w = Value(2.0)
    loss = compile(lambda x: op(w, x), engine=engine).mean([1.0, 3.0])
    with pytest.raises(TypeError, match="gave 1 derivatives for 2 inputs"):
        loss.backward()


# ------------------------------------------------------------------------------- engines, forms


def test_forms_of_the_decorator():
    w = Value(2.0)

    @compile
    def first(x):
        """Say something."""
        return w * x

    @compile(engine="numpy")
    def second(x):
        return w * x + 1

    third = compile(lambda x: w * x + 2, engine="eager")
    fourth = compile(partial(lambda k, x: w * x + k, 3))

    class Model:
        def __call__(self, x):
            return w * x + 4

    fifth = compile(Model())
    functions = (first, second, third, fourth, fifth)
    assert [f([1.0])[0] for f in functions] == [2.0, 3.0, 4.0, 5.0, 6.0]
    assert (first.__name__, first.__doc__) == ("first", "Say something.")
    assert repr(first) == "<compiled first, native>"
    assert repr(second) == "<compiled second, numpy>"
    assert repr(third) == "<compiled <lambda>, eager>"
    assert repr(fifth).startswith("<compiled ")
    assert all(isinstance(f, Compiled) for f in functions)
    for wrong in (5, "f", [first]):
        with pytest.raises(TypeError, match="compile needs a function of one sample; got "):
            compile(wrong)


def missing(*names):
    """Return a find_spec that knows no such packages."""
    return lambda name: None if name in names else importlib.util.find_spec(name)


MISSING = [  # what is not installed; what "auto" takes; what is refused, and the words of it
    ((), "native", {}),
    (("llvmlite",), "numpy", {"native": "numpy and llvmlite"}),
    (("numpy",), "eager", {"numpy": "needs numpy", "native": "numpy and llvmlite"}),
    (("numpy", "llvmlite"), "eager", {"numpy": "needs numpy", "native": "numpy and llvmlite"}),
]


@pytest.mark.parametrize(("names", "best", "refused"), MISSING)
def test_the_best_engine_that_is_installed_is_taken(names, best, refused, monkeypatch):
    monkeypatch.setattr(machine_room, "find_spec", missing(*names))
    assert find_engine("auto") == best
    w = Value(2.0)
    f = compile(lambda x: (w * x).tanh())
    assert f.engine == best
    f.mean([1.0, 2.0]).backward()
    assert w.grad == pytest.approx((2 * (1 - math.tanh(4) ** 2) + 1 - math.tanh(2) ** 2) / 2)
    for engine, words in refused.items():
        with pytest.raises(ImportError, match=words) as caught:
            compile(lambda x: x, engine=engine)
        assert "pip install 'autograd-nn[fast]'" in str(caught.value)
    with pytest.raises(
        ValueError, match="engine must be one of auto, eager, numpy, native; got 'gpu'"
    ):
        compile(lambda x: x, engine="gpu")


@compiling
def test_what_can_not_be_recorded_raises_if_an_engine_was_asked_for(engine):
    w = Value(2.0)
    f = compile(lambda x: w if x > 0 else -w, engine=engine)
    for _ in range(2):
        with pytest.raises(RecordingError, match="a number was asked of a Value"):
            f([1.0])


def test_what_can_not_be_recorded_runs_as_values_with_one_warning(quiet):
    w, table = Value(2.0), [10.0, 20.0]
    f = compile(lambda x, k: (w if x > 0 else -w) * table[k])
    for _ in range(3):
        assert f([1.0, -1.0], [0, 1]) == [20.0, -40.0]
        assert f(np.array([1.0, -1.0]), np.array([0, 1])) == [20.0, -40.0]
    f.mean([1.0, -1.0], [0, 1]).backward()
    assert w.grad == -5.0
    assert len(quiet) == 1
    assert quiet[0].category is RuntimeWarning
    assert "a number was asked of a Value" in str(quiet[0].message)
    assert "Until then it runs without being compiled" in str(quiet[0].message)
    assert quiet[0].filename == __file__, "the warning points to the caller"


LATE = {1.0: 5.0}  # what differs for a sample that no comparison with Values looks at


def by_error(x):
    try:
        return 1.0 + int(x == 1.0) * 4.0
    except TypeError:
        return 1.0


DEFAULTS = {
    "a dict": lambda x: LATE.get(x, 1.0),
    "a set": lambda x: 5.0 if x in {1.0} else 1.0,
    "text": lambda x: 5.0 if str(x) in ("1", "1.0") else 1.0,
    "a list": lambda x: [1.0, 5.0, 1.0][x],
    "a caught error": by_error,
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_no_sample_gets_a_default_silently(name, quiet):
    w, of = Value(2.0), DEFAULTS[name]
    xs = [0] * 7 + [1] + [0] * 7
    f = compile(lambda x: w * of(x) + x)
    assert f(xs) == [2.0] * 7 + [11.0] + [2.0] * 7
    f.mean(xs).backward()
    assert w.grad == pytest.approx(19 / 15)
    assert len(quiet) == 1
    with pytest.raises(RecordingError):
        compile(lambda x: w * of(x) + x, engine="numpy")(xs)


def test_a_failing_backend_leaves_values_with_a_warning(quiet, monkeypatch):
    from autograd.compile import compiled as front

    def broken(*_arguments, **_settings):
        raise RuntimeError("no machine code today")

    monkeypatch.setattr(front, "Machine", broken)
    w = Value(2.0)
    assert compile(lambda x: w * x)([1.0]) == [2.0]
    assert "no machine code today" in str(quiet[0].message)
    with pytest.raises(RuntimeError, match="no machine code"):
        compile(lambda x: w * x, engine="native")([1.0])


def test_errors_of_the_domain_are_not_hidden_by_falling_back(quiet):
    w = Value(2.0)
    with pytest.raises(ZeroDivisionError, match=r"div\(2, 0\)"):
        compile(lambda x: w / x)([0.0])
    assert not quiet


@every_engine
def test_a_program_may_be_read_whatever_the_engine(engine):
    w = Value(2.0)
    f = compile(lambda x: (w * x).tanh(), engine=engine)
    text = str(f.program([1.0]))
    assert "tanh(" in text
    assert text.startswith("4 scalar nodes in ")
    if engine == "numpy":
        f([1.0])
        lines = next(iter(f._recorded.values())).machine._engine.source().splitlines()
        assert lines[0] == "def forward():"
        assert "def backward():" in lines
    refused = compile(lambda x: w if x > 0 else -w, engine=engine)
    with pytest.raises(RecordingError):
        refused.program([1.0])


def test_a_program_without_numpy_says_what_to_install(monkeypatch):
    monkeypatch.setattr(machine_room, "find_spec", missing("numpy", "llvmlite"))
    f = compile(lambda x: 2 * x)
    assert f([1.0]) == [2.0]
    for ask in (f.program, f.source):
        with pytest.raises(
            ImportError, match=r"made with numpy: pip install 'autograd-nn\[fast\]'"
        ):
            ask([1.0])


def test_samples_given_by_name_are_refused_with_the_cure(quiet):
    for engine in ENGINES:
        f = compile(lambda x, y=2.0: x * y, engine=engine)
        for run in (f, f.mean, f.program):
            with pytest.raises(ValueError, match=r"x=\[1.0\] was given by name.* as <lambda>\("):
                run(x=[1.0])
    with pytest.raises(TypeError, match="What differs by sample is an argument by position"):
        f([1.0], y=[1.0])
    assert f([1.0], y=3.0) == [3.0]
    assert not quiet


@compiling
def test_the_recordings_that_were_used_last_are_kept(engine, monkeypatch):
    from autograd.compile import compiled as front

    assert f"The {front._KEPT} recordings" in compile.__doc__
    monkeypatch.setattr(front, "_KEPT", 3)
    calls, w = [], Value(2.0)

    def function(xs):
        calls.append(len(xs))
        return total([w * x for x in xs])

    f = compile(function, engine=engine)
    for n in (1, 2, 3, 1, 4, 1, 5):
        assert f([[1.0] * n]) == [2.0 * n]
    assert [key[0] for key in f._recorded] == [(((),) * n,) for n in (4, 1, 5)]
    for n, known in ((1, True), (4, True), (2, False)):
        calls.clear()
        assert f([[1.0] * n]) == [2.0 * n]
        assert (len(calls) <= 1) == known, "what is known is compared at most"


# ------------------------------------------------------------------------------- copies


COPIED = Value(2.0)


@compile
def of_a_module(x):
    return COPIED * x


def plain(x):
    return COPIED * x


def lists_of(engine):
    """Return compiled functions to copy, and whether a pickle takes them."""
    w = COPIED
    return {
        "of a module": (of_a_module, True),
        "made from one": (compile(plain, engine=engine), True),
        "a lambda": (compile(lambda x: w * x, engine=engine), False),
        "an object": (compile(Times(w), engine=engine), True),
    }


class Times:
    def __init__(self, w):
        self.w = w

    def __call__(self, x):
        return self.w * x


WAYS = {
    "copy": copy,
    "deepcopy": deepcopy,
    "pickle": lambda f: pickle.loads(pickle.dumps(f)),
    "in a list": lambda f: deepcopy([f])[0],
    "its mean": lambda f: deepcopy(f.mean).__self__,
    "its mean pickled": lambda f: pickle.loads(pickle.dumps(f.mean)).__self__,
}


@every_engine
@pytest.mark.parametrize("way", WAYS)
def test_a_compiled_function_may_be_copied_and_saved(way, engine):
    for name, (f, saves) in lists_of(engine).items():
        assert f([1.0, 3.0]) == [2.0, 6.0]
        if "pickle" in way and not saves:
            with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
                WAYS[way](f)
            continue
        g = WAYS[way](f)
        assert (g is f) == (f is of_a_module), name
        assert (g.engine, g.__name__) == (f.engine, f.__name__)
        assert g([2.0]) == [4.0]
        moved = name == "an object" and way != "copy"
        COPIED.grad = 0.0
        g.mean([3.0]).backward()
        assert COPIED.grad == (0.0 if moved else 3.0), "an object takes its parameters with it"


@every_engine
def test_a_mean_may_be_copied_and_a_program_in_it_is_not_saved(engine):
    w = Value(2.0)
    node = compile(lambda x: w * x, engine=engine).mean([1.0, 3.0])
    twin = deepcopy(node)
    twin.backward()
    assert (twin.data, w.grad) == (4.0, 0.0)
    if engine != "eager":
        assert twin.parents[0].grad == 2.0
        with pytest.raises(
            TypeError, match="compiled_<lambda> is a node that runs a program.*Save"
        ):
            pickle.dumps(node)


@compiling
def test_many_threads_may_call_one_function(engine):
    w = Value(2.0)
    f = compile(lambda x: (w * x).tanh(), engine=engine)
    errors = []

    def work(k):
        xs = [0.1 * k + 0.01 * i for i in range(7)]
        expected = [math.tanh(2.0 * x) for x in xs]
        slope = sum(x * (1 - y * y) for x, y in zip(xs, expected, strict=True)) / 7
        for _ in range(40):
            if f(xs) != pytest.approx(expected, rel=1e-12):
                errors.append(k)
            node = f.mean(xs)
            if node.op.derivatives(2.0, node.data)[0] != pytest.approx(slope, rel=1e-12):
                errors.append(-k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert w.grad == 0.0


@compiling
def test_a_function_that_calls_itself_ends_in_an_error_and_not_in_waiting(engine):
    @compile(engine=engine)
    def endless(x):
        return endless([x])[0]

    with pytest.raises((RecordingError, RecursionError)):
        endless([1.0])


@compiling
def test_a_batch_that_grows_is_run_all_the_same(engine):
    w = Value(0.5)
    f = compile(lambda x: (w * x).tanh(), engine=engine)
    for n in (1, 3, 40, 200, 5, 1):
        xs = [0.01 * i for i in range(n)]
        assert f(xs) == pytest.approx([math.tanh(0.5 * x) for x in xs], rel=1e-12, abs=1e-15)


@compiling
def test_the_last_and_largest_batch_has_its_gradient(engine):
    w = Value(0.5)
    f = compile(lambda x: (w * x).tanh(), engine=engine)
    for n in (2, 300, 2):
        w.grad = 0.0
        f.mean([0.01 * i for i in range(n)]).backward()
        expected = sum(0.01 * i * (1 - math.tanh(0.005 * i) ** 2) for i in range(n)) / n
        assert w.grad == pytest.approx(expected, rel=1e-12)


def test_compiling_that_takes_long_says_so_to_who_looks(monkeypatch, capsys):
    from autograd.compile import compiled as front

    times = iter([0.0, 1.5, 0.0, 0.5])
    monkeypatch.setattr(front, "perf_counter", lambda: next(times))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    w = Value(1.0)
    f = compile(lambda x: w * x, engine="numpy")
    f([1.0])
    assert "<lambda> compiled in 1.5 s" in capsys.readouterr().err
    compile(lambda x: w * x, engine="numpy")([1.0])
    assert not capsys.readouterr().err


@compiling
def test_samples_changed_in_place_are_new_samples(engine):
    w = Value(2.0)
    graph, _ = autograd.record(lambda x: w * x * x, [(1.0,), (2.0,)], {})
    machine = autograd.Machine(graph, engine, 2)
    machine.load()
    samples = np.array([[1.0], [2.0]])
    assert machine.run(samples)[:, 0].tolist() == [2.0, 8.0]
    samples[:] = 3.0
    assert machine.run(samples)[:, 0].tolist() == [18.0, 18.0]


HIDING = [  # functions of w and x in which something not finite would not show in the result
    lambda w: lambda x: autograd.step(autograd.sin(x * 1e200 * w)) * w,
    lambda w: lambda x: autograd.sign(autograd.cos(x * 1e200 * w)) * w,
]


@compiling
@pytest.mark.parametrize("make", HIDING)
def test_an_overflow_inside_of_a_sine_is_seen(make, engine):
    function = compile(make(Value(1.0)), engine=engine)
    with pytest.raises((OverflowError, ValueError)):
        function([1e-300] * 5 + [1e150, 1e-300])


INFINITE = [  # functions with a constant that is not finite, and hides
    lambda w, x: autograd.minimum(w * x, math.inf), lambda w, x: maximum(w * x, -math.inf),
    lambda w, x: autograd.where(x, w * x, math.inf),
    lambda w, x: autograd.where(x, w * x, math.nan),
    lambda w, x: autograd.pick([w * x, math.inf, math.nan], 0.0),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(INFINITE)))
def test_constants_that_are_not_finite_are_run_by_numpy(number):
    rule, calls, w = INFINITE[number], [], Value(2.0)

    def function(x):
        calls.append(x)
        return rule(w, x)

    f = compile(function, engine="numpy")
    batch = [float(i) for i in range(1, 101)]
    assert f(batch) == [2.0 * x for x in batch]
    f.mean(batch).backward()
    assert w.grad == pytest.approx(50.5, rel=1e-12)
    assert len(calls) <= 8 + 4 + 1, "as Values it would be called for each sample"
    w.data = 1e200
    with pytest.raises(OverflowError):
        f([1e200])


def test_what_the_lines_of_numpy_do_not_raise_on_purpose_is_not_hidden(monkeypatch):
    from autograd.compile import numpy_backend

    monkeypatch.delitem(numpy_backend._FUNCTIONS, "tanh")
    with pytest.raises(NameError, match="tanh"):
        compile(lambda x: autograd.tanh(x), engine="numpy")([1.0])


@compiling
def test_nan_in_a_sample_stays_nan(engine):
    w = Value(2.0)
    out = compile(lambda x: autograd.step(x) * w, engine=engine)([1.0] * 4 + [math.nan])
    assert out[:4] == [2.0] * 4
    assert math.isnan(out[4])


def test_one_sample_is_never_shared_out(monkeypatch):
    from autograd.compile import native_backend

    monkeypatch.setattr(native_backend, "_TWO_PAY", 2)
    w = Value(2.0)
    function = compile(lambda x: total([w * v * v for v in x]), engine="native")
    assert function([[1.0, 2.0, 3.0]]) == [28.0]


@compiling
def test_small_results_are_checked_too(engine, quiet):
    k = 1e-6
    w = Value(2.0)
    function = compile(lambda x: w * x * k, engine=engine)
    assert function([1.0]) == pytest.approx([2e-6])
    k = 5e-6
    assert function([1.0]) == pytest.approx([1e-5])
    assert len(quiet) == 1


@pytest.mark.parametrize("engine", ["numpy", "native"])
def test_an_interruption_inside_of_a_rule_is_not_lost(engine):
    calls, w = [], Value(1.0)

    def forward(x):
        calls.append(x)
        if len(calls) == stop:
            raise KeyboardInterrupt
        return math.erf(x)

    stop = -1
    op = define("erf_of_tests", forward, lambda x, _out: (2 / math.pi**0.5 * math.exp(-(x**2)),))
    del autograd.OPS["erf_of_tests"]
    function = compile(lambda x: op(w * x), engine=engine)
    right = [math.erf(x) for x in [0.5] * 4 + [0.25] * 4]
    for _ in range(3):
        assert function([0.5] * 4) == pytest.approx([math.erf(0.5)] * 4)
    stop = len(calls) + 6
    with pytest.raises(KeyboardInterrupt):
        function([0.5] * 4 + [0.25] * 4)
    assert function([0.5] * 4 + [0.25] * 4) == pytest.approx(right)


@pytest.mark.parametrize("engine", ["auto", "eager", "numpy", "native"])
def test_too_few_arguments_are_answered_as_by_the_function_itself(engine):
    w = Value(2.0)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'y'"):
        compile(lambda x, y: w * x * y, engine=engine)([1.0])
    with pytest.raises(TypeError, match="takes 1 positional argument but 2 were given"):
        compile(lambda x: w * x, engine=engine)([1.0], [2.0])
