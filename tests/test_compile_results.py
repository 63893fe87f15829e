"""`compile`: what a compiled function gives: results of any shape, means and their gradients."""

import math
from copy import deepcopy
from functools import partial

import numpy as np
import pytest
from compiled_runs import compiling, every_engine, line

import autograd
from autograd import RecordingError, Value, compile, derive, gradcheck, total

pytest.importorskip("llvmlite")


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
    with pytest.raises(TypeError, match="^<lambda> was compiled with its first derivatives alone"):
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


def test_one_sample_is_never_shared_out(monkeypatch):
    from autograd.compile import native_backend

    monkeypatch.setattr(native_backend, "_TWO_PAY", 2)
    w = Value(2.0)
    function = compile(lambda x: total([w * v * v for v in x]), engine="native")
    assert function([[1.0, 2.0, 3.0]]) == [28.0]
