"""`compile`: a name that stands for another object has the function recorded anew."""

import functools
import sys

import pytest
from compiled_runs import compiling

import autograd
from autograd import Value, compile

pytest.importorskip("llvmlite")

K = 2.0  # looked up by the functions below


@compiling
@pytest.mark.parametrize("count", [1, 2, 8])
def test_a_number_that_a_name_stands_for_may_change(count, engine, quiet, monkeypatch):
    w, k = Value(1.0), 1.0
    f = compile(lambda x: w * x * k * K, engine=engine)
    batch = [float(i) for i in range(1, count + 1)]
    mean = sum(batch) / count
    for factor in (1.0, 10.0, 10.0, 3.0):
        k = factor
        for _ in range(3):
            assert f.mean(batch).data == pytest.approx(2 * k * mean, rel=1e-12)
    monkeypatch.setattr(sys.modules[__name__], "K", 5.0)
    f.mean(batch).backward()
    assert w.grad == pytest.approx(5 * 3 * mean, rel=1e-12)
    assert not quiet


@compiling
def test_a_parameter_that_a_name_stands_for_may_be_replaced(engine, quiet):
    w = Value(2.0)
    f = compile(lambda x: w * x, engine=engine)
    for number in (2.0, 2.0, 5.0):
        old, w = w, Value(number)
        old.grad = 0.0
        f.mean([3.0]).backward()
        assert (w.grad, old.grad) == (3.0, 0.0)
    assert not quiet


@compiling
def test_a_name_may_stand_for_another_function_or_model(engine, quiet):
    def outer(shape):
        return lambda x: shape(x) * 2.0

    shape = abs
    f = compile(lambda x: outer(shape)(x), engine=engine)
    assert f([-3.0]) == [6.0]
    shape = autograd.relu
    assert f([-3.0]) == [0.0]
    assert not quiet


@compiling
def test_names_that_the_function_sets_itself_are_not_looked_at(engine, quiet):
    calls, w = 0, Value(2.0)

    def function(x):
        nonlocal calls
        calls += 1
        return w * x

    f = compile(function, engine=engine)
    for _ in range(20):
        f([1.0])
    assert calls < 20
    assert not quiet


@compiling
def test_a_name_that_changes_all_the_time_is_spoken_of_once(engine, quiet):
    w = Value(2.0)
    f = compile(lambda x: w * x + turn, engine=engine)
    for turn in range(12):
        assert f([1.0]) == [2.0 + turn]
    assert len(quiet) == 1
    assert "turn, which it looks up, is another object for the 8th time" in str(quiet[0].message)


@compiling
def test_methods_and_wrapped_functions_look_up_names_too(engine, quiet):
    factor = 2.0

    class Model:
        w = Value(1.0)

        def loss(self, x):
            return self.w * x * factor

    @functools.wraps(Model.loss)
    def wrapper(x):
        return Model().loss(x)

    loss, wrapped = compile(Model().loss, engine=engine), compile(wrapper, engine=engine)
    for factor in (2.0, 3.0):
        assert loss([1.0]) == wrapped([1.0]) == [factor]
    assert not quiet
