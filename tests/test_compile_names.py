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


def helped(kept):
    """Return a function that looks at a name which its helper sets, while it is recorded, too."""
    calls = 0

    def note():
        nonlocal calls
        calls += 1
        kept.append(calls)

    def function(x):
        note()
        return kept[0] * x if calls < 10**9 else x

    return function


def setting(kept):
    """Return a function that sets a name itself."""
    calls = 0

    def function(x):
        nonlocal calls
        calls += 1
        kept.append(calls)
        return kept[0] * x

    return function


@compiling
@pytest.mark.parametrize("make", [helped, setting])
def test_names_that_change_with_every_call_are_not_looked_at(make, engine, quiet):
    kept = [Value(2.0)]
    f = compile(make(kept), engine=engine)
    for _ in range(20):
        assert f([1.0]) == [2.0]
    assert len(kept) < 8 + 4 * 5
    assert not quiet


class Scaling:
    """An object that can be called, with a method."""

    def __call__(self, x):
        return W * x * factor

    def method(self, x):
        return W * x * factor


def plain(x):
    return W * x * factor


def with_first(extra, x):
    return W * x * factor + extra


def with_inner_name(x):
    def inner(v):
        factor = 0.0  # another one: it hides nothing
        return (lambda: factor * v)()

    return W * x * factor + inner(x)


def with_class(x):
    class Inner:
        kept = factor

    return W * x * Inner.kept


def decorated(function):
    @functools.wraps(function)
    def wrapper(x):
        return function(x)

    return wrapper


W, factor = Value(1.0), 2.0
LOOKING = {
    "a function": plain, "a partial": functools.partial(with_first, 0.0),
    "a partial of a partial": functools.partial(functools.partial(with_first), 0.0),
    "an object": Scaling(), "a method": Scaling().method, "a name inside": with_inner_name,
    "a class inside": with_class, "a decorator": decorated(plain),
    "comprehension": lambda x: [W * x * y for y in [factor]][0],
}  # fmt: skip


@compiling
@pytest.mark.parametrize("name", LOOKING)
def test_all_kinds_of_functions_look_up_names(name, engine, quiet, monkeypatch):
    f = compile(LOOKING[name], engine=engine)
    for number in (2.0, 2.0, 2.0, 7.0, 2.0, -0.0):
        monkeypatch.setattr(sys.modules[__name__], "factor", number)
        assert f([1.0, 3.0]) == [number, 3 * number]
    assert not quiet


def test_an_equal_number_is_no_other_one(monkeypatch):
    recorded = []

    def function(x):
        recorded.append(x)
        return W * x * factor

    f = compile(function, engine="numpy")
    for number in (1000.5, 1000.5, float("1000.5")):
        monkeypatch.setattr(sys.modules[__name__], "factor", number)
        f([1.0])
    assert len(recorded) <= 8 + 1 + 1


def test_a_function_that_wraps_itself_ends():
    def function(x):
        return W * x

    function.__wrapped__ = function
    assert compile(function, engine="numpy")([2.0]) == [2.0]


def test_one_change_for_many_settings_is_one(quiet, monkeypatch):
    f = compile(lambda x, power: W * x**power * factor, engine="numpy")
    for number in (2.0, 8.0):
        monkeypatch.setattr(sys.modules[__name__], "factor", number)
        for power in range(1, 10):
            assert f([1.0], power=power) == [number]
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
