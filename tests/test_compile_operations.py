"""Every operation of the table, compiled on its own, agrees with the engine of Values."""

import inspect
import itertools
import math

import pytest
from compiled_runs import ENGINES, machine_for, run_compiled, trouble
from random_graphs import BUILT_IN

import autograd
from autograd import OPS, Value, define, exp, log_sum_exp, pick, total, weighted_sum, where

pytest.importorskip("llvmlite")

# What each input of an operation is taken from; by default all of NUMBERS. Kinks are among them.
NUMBERS = (-2.0, -1.5, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0, 1.75, 3.0)
ABOVE = (0.25, 0.5, 0.75, 1.0, 1.25, 2.0, 3.0, 4.5, 0.3, 6.0)
# The nearest place is meant, in the middle the upper one; a half but for a bit rounds to a half.
PLACES = (0.0, 1.0, 2.0, 0.5, 1.5, -0.5, 0.49999999999999994, 1.4, 2.25, 2.4999)
DOMAINS = {
    "log": (ABOVE,), "log_or_zero": (ABOVE,), "sqrt": (ABOVE,), "div": (NUMBERS, ABOVE),
    "power": (ABOVE, NUMBERS), "pick": (PLACES, NUMBERS, NUMBERS, NUMBERS),
}  # fmt: skip
MANY = {"total": 3, "weighted_sum": 5, "log_sum_exp": 3, "pick": 4}
BATCHES = {1: (1,), 8: (5, 8), 100: (100, 1)}  # made for so many samples: run with so many

BRANCH_FREE = define("cubic", lambda x, y: x * x * x - y, lambda x, y, _out: (3 * x * x, -1.0))
CALLED = define("hyperbola", lambda x: math.hypot(1.0, x), lambda x, out: (x / out,))
OPAQUE = define(
    "hinged",
    lambda x, y: x * y if x < 0.1 else y,
    lambda x, y, _: (y, x) if x < 0.1 else (0.0, 1.0),
)
NESTED = define(  # an operation of many and a user's own in a user's rule
    "nested",
    lambda x, y: CALLED(log_sum_exp([x, y])) + total([x, y]),
    lambda x, y, _out: tuple(
        CALLED.derivatives(log_sum_exp([x, y]), CALLED(log_sum_exp([x, y])))[0]
        * exp(z - log_sum_exp([x, y])) + 1.0
        for z in (x, y)
    ),
)  # fmt: skip
OWN = [BRANCH_FREE, CALLED, OPAQUE, NESTED]
LOOKS = {  # what looks at a number, in a rule, without asking how large it is
    "membership": lambda x: 5.0 if x in {1.0, 2.0} else x,
    "a dict": lambda x: {1.0: 4.0}.get(x, 9.0) * x,
    "a dict without a default": lambda x: {0.5: 1.0, 1.0: 2.0, 2.0: -1.0, 3.0: 4.0}[x],
    "text": lambda x: 2.0 if str(x) == "1.0" else x,
    "repr": lambda x: 2.0 if repr(x) == "1.0" else x,
    "formatted text": lambda x: 2.0 if f"{x:.1f}" == "1.0" else x,
    "hash": lambda x: x * float(hash(x) % 7),
    "its class": lambda x: x * x if isinstance(x, float) and x > 1 else x,
}
for _op in OWN:
    del OPS[_op.name]


def inputs_of(op):
    """Return how many inputs to give an operation."""
    parameters = inspect.signature(op.derivatives).parameters
    return MANY.get(op.name, len(parameters) - 1)


class Alone:
    """A function that applies one operation to numbers, parameters and constants, in every mix."""

    def __init__(self, op):
        self.op, self.count = op, inputs_of(op)
        self.domains = (DOMAINS.get(op.name, (NUMBERS,)) * self.count)[: self.count]
        self.parameters = [
            Value(domain[k]) for domain in self.domains for k in (1, 3, 6)
        ]  # three for each input, so that groups have several rows

    def samples(self, n):
        return [
            [[domain[(3 * i + 7 * j) % 10] for j, domain in enumerate(self.domains)]]
            for i in range(n)
        ]

    def __call__(self, numbers):
        results = []
        for kinds in itertools.product("xpc", repeat=min(self.count, 3)):
            for k in range(3 if self.count < 3 else 1):
                inputs = []
                for j in range(self.count):
                    choices = {
                        "x": numbers[j], "p": self.parameters[3 * j + k], "c": self.domains[j][2],
                    }  # fmt: skip
                    inputs.append(choices[kinds[j % len(kinds)]])
                results.append(self.op(*inputs))
        values = [x for x in results if isinstance(x, Value)]
        scales = [0.5 + 0.25 * (i % 5) for i in range(len(values))]
        return [weighted_sum(scales, values), *values]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("op", [*BUILT_IN, *OWN], ids=lambda op: op.name)
def test_an_operation_agrees_with_values_for_every_kind_of_input(op, engine):
    function = Alone(op)
    for batch, sizes in BATCHES.items():
        samples = function.samples(batch)
        machine = machine_for(function, function.parameters, samples, engine)
        for n in sizes:
            found = trouble(function, function.parameters, samples[:n], engine, machine)
            assert not found, f"{n} in a batch of {batch}: {found[:3]}"


def test_the_table_is_covered():
    assert {op.name for op in BUILT_IN} == set(OPS)


@pytest.mark.parametrize("engine", ENGINES)
def test_one_input_in_two_places_gets_the_sum_of_both_slopes(engine):
    w = Value(0.75)
    functions = {
        "square": lambda x: (w * x) * (w * x),
        "same twice": lambda _: w * w,
        "power": lambda x: (w + x * x) ** (w + x * x),
        "minimum": lambda x: autograd.minimum(w * x, w * x),
        "pick": lambda x: pick([w, w, w * x], 1 + 0.0 * x) * pick([w, w, w * x], 2),
        "choice": lambda x: where(x, w, w) * w,
        "weighted": lambda x: weighted_sum([w, x, w], [w, w, x], w),
        "log_sum_exp": lambda x: log_sum_exp([w, w, w * x, x]),
        "own": lambda x: BRANCH_FREE(w, w) * BRANCH_FREE(w * x, w * x),
    }
    for name, function in functions.items():
        found = trouble(function, [w], [[x] for x in (0.5, 1.5, -0.25)], engine)
        assert not found, (name, found)


POLES = [  # a function that touches a pole, or overflows on the way; inputs at the end of which
    ("sqrt", lambda w, x: autograd.sqrt(w * x) * 0.0 + w, [1.0, 0.0]),
    ("sqrt behind a gate", lambda w, x: where(autograd.step(x), autograd.sqrt(w * x), w), [1, 0]),
    ("sqrt behind relu", lambda w, x: autograd.relu(-autograd.sqrt(w * x)) + w, [1.0, 0.0]),
    ("power", lambda w, x: (w * x) ** 0.5 * 0.0 + w, [1.0, 0.0]),
    ("power of a power", lambda w, x: (w * x) ** (w * 0.5) * 0.0 + w, [1.0, 0.0]),
    ("whole powers", lambda w, x: (w * x) ** 3 + (w * x) ** 2 + (w * x) ** 1, [1.0, 0.0]),
    ("negative base", lambda w, x: (w * x) ** 3.0 + (w * x) ** -2.0, [-2.0, 1.0]),
    ("abs", lambda w, x: abs(w * x), [0.0, 1.0]),
]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("name", "rule", "inputs"), POLES, ids=[row[0] for row in POLES])
def test_a_pole_that_gets_no_gradient_gives_none(name, rule, inputs, engine):
    w = Value(2.0)

    def function(x):
        return rule(w, x)

    found = trouble(function, [w], [[x] for x in inputs], engine)
    assert not found, (name, found)


@pytest.mark.parametrize("engine", ENGINES)
def test_large_and_small_numbers_keep_their_digits(engine):
    w = Value(1.0)
    for op in (autograd.tanh, autograd.sigmoid, autograd.softplus, autograd.exp, autograd.sin):
        inputs = [-700.0, -40.0, -20.5, -1e-3, -1e-9, 0.0, 1e-300, 1e-9, 1e-3, 0.4, 19.9, 40.0, 700]
        found = run_compiled(lambda x, op=op: op(w * x), [w], [[x] for x in inputs], engine)
        for x, (y,) in zip(inputs, found.results, strict=True):
            assert y == pytest.approx(op(x), rel=1e-14, abs=0 if x > -690 else 1e-300), (op, x)
    w.constant = True  # the slope of log is infinite at the smallest
    for op in (autograd.log, autograd.sqrt):
        inputs = [5e-324, 1e-310, 1e-300, 1e-9, 0.5, 1 - 1e-9, 1.0, 1 + 1e-9, 2.0, 1e9, 1e300]
        found = run_compiled(lambda x, op=op: op(w * x), [w], [[x] for x in inputs], engine)
        for x, (y,) in zip(inputs, found.results, strict=True):
            assert y == pytest.approx(op(x), rel=1e-14, abs=1e-22), (op, x)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", LOOKS)
@pytest.mark.parametrize("where", ["forward", "derivatives"])
def test_a_rule_that_looks_at_its_numbers_is_called_with_each(where, name, engine):
    look, w = LOOKS[name], Value(1.0)
    forward = look if where == "forward" else lambda x: 3 * x
    rule = (lambda x, _out: (look(x),)) if where == "derivatives" else lambda x, _out: (x,)
    op = define("looking", forward, rule)
    del OPS["looking"]
    samples = [[x] for x in [0.5] * 40 + [1.0, 2.0, 3.0]]
    assert not trouble(lambda x: op(w * x) * w, [w], samples, engine)
