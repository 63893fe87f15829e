"""`compile`: operations that users defined mean, fail and stop as they do with Values."""

import math

import pytest
from compiled_runs import compiling, every_engine

import autograd
from autograd import Value, compile, define

pytest.importorskip("llvmlite")


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


def newton(x, turns):
    """Return the square root of 1 + x * x; each turn writes the number before twice."""
    y = 1.0 + x * x
    for _ in range(turns):
        y = (y + (1.0 + x * x) / y) * 0.5
    return y


@every_engine
@pytest.mark.parametrize("turns", [5, 8, 50, 500])
def test_long_rules_of_users_are_called_number_by_number(turns, engine):
    """Written out, those of 50 turns would have more than 10**15 operations."""
    op = define("rule_under_test", lambda x: newton(x, turns), lambda x, _: (x / newton(x, turns),))
    w = Value(1.0)
    f = compile(lambda x: op(w * x) + w, engine=engine)
    inputs = [0.5, -1.0, 2.0]
    right = [math.sqrt(1 + x * x) for x in inputs]
    assert f(inputs) == pytest.approx([y + 1.0 for y in right], rel=1e-9 if turns > 5 else 1e-4)
    f.mean(inputs).backward()
    slopes = [x * x / y + 1.0 for x, y in zip(inputs, right, strict=True)]
    assert w.grad == pytest.approx(sum(slopes) / 3, rel=1e-4)
    if engine != "eager":
        assert "rule_under_test" in f.source(inputs)


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
    with pytest.raises(TypeError, match="for 2 input\\(s\\) it gave 1 derivative\\(s\\)"):
        loss.backward()


@compiling
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


@compiling
def test_a_gate_in_a_rule_hides_no_overflow(engine):
    op = define(
        "gated_square",
        lambda x, y: autograd.step(x) * (y * y),
        lambda x, y, _out: (0.0, 2 * y * autograd.step(x)),
    )
    del autograd.OPS["gated_square"]
    w, numbers = Value(1.0), [2.0] * 10
    function = compile(lambda x, y: op(w * x, y), engine=engine)
    signs = [1.0, -1.0] + [1.0] * 8
    assert function(signs, numbers) == [4.0, 0.0] + [4.0] * 8
    with pytest.raises(OverflowError, match="gated_square"):
        function(signs, [2.0, 1e200] + [2.0] * 8)
