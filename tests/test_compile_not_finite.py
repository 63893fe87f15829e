"""`compile`: what overflows or is undefined is the error that Values make of it."""

import math
import re

import numpy as np
import pytest
from compiled_runs import compiling, every_engine

import autograd
from autograd import Value, compile, ieee_values, maximum, weighted_sum

pytest.importorskip("llvmlite")


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


PLAIN = [  # of plain numbers Python knows no result, or a complex one: sample, what Values give
    (lambda x: 1 / x, 0.0, ZeroDivisionError, "div(1, 0) is undefined", math.inf),
    (lambda x: x**0.5, -1.0, ValueError, "power(-1, 0.5) is undefined", math.nan),
    (lambda x: x**-1, 0.0, ZeroDivisionError, "power(0, -1) is undefined", math.inf),
    (lambda x: [x, x**2], 1e200, OverflowError, "power(1e+200, 2) is undefined", math.inf),
]


@every_engine
@pytest.mark.parametrize("number", range(len(PLAIN)))
def test_plain_arithmetic_is_undefined_where_values_are(number, engine):
    function, bad, kind, message, anyway = PLAIN[number]
    f = compile(function, engine=engine)
    before = f([2.0, 3.0])
    for run in (f, f.mean):
        with pytest.raises(kind, match=re.escape(message)):
            run([2.0, bad])
    with ieee_values():
        out = f([2.0, bad])[1]
    out = out[1] if isinstance(out, list) else out
    assert out == anyway or (math.isnan(out) and math.isnan(anyway))
    assert f([2.0, 3.0]) == before


def test_errors_of_a_function_that_takes_plain_numbers_only_stay():
    def function(x):
        return math.sqrt(x) if x else 1 / 0

    f = compile(function, engine="eager")
    assert f([4.0]) == [2.0]
    for bad, answer in ((-1.0, "math domain error"), (0.0, "division by zero")):
        with pytest.raises((ValueError, ZeroDivisionError), match=answer):
            f([bad])


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
    assert len(calls) <= 8 + 4 + 4, "as Values it would be called for each sample"
    w.data = 1e200
    with pytest.raises(OverflowError):
        f([1e200])


@compiling
def test_nan_in_a_sample_stays_nan(engine):
    w = Value(2.0)
    out = compile(lambda x: autograd.step(x) * w, engine=engine)([1.0] * 4 + [math.nan])
    assert out[:4] == [2.0] * 4
    assert math.isnan(out[4])
