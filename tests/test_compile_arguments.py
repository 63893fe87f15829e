"""`compile`: what a compiled function takes, and the form of what it gives."""

import math
import re
from copy import deepcopy
from functools import partial

import numpy as np
import pytest
from calls import Pair, compiling, every_engine, line

import autograd
from autograd import (
    RecordingError,
    Value,
    compile,
    derive,
    gradcheck,
    total,
    weighted_sum,
)

pytest.importorskip("llvmlite")


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
