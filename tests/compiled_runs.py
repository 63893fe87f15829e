"""One function run by every engine, and what they differ in: the witnesses of the compiler.

The engine of Values is the first witness, the derivative as a graph the second; programs run by
NumPy and as machine code are compared with both.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from random_programs import RandomFunction

from autograd import Machine, Value, derive, record, total

ENGINES = ("numpy", "native")
compiling = pytest.mark.parametrize("engine", ENGINES)
every_engine = pytest.mark.parametrize("engine", ["eager", *ENGINES])
COUNTS = (5, 1, 8, 3, 17, 100)  # samples in a batch
CLOSE = 1e-12  # relative to the largest number of its kind; 1 if all are smaller


@dataclass
class Run:
    """The results for each sample, and the gradient of the mean of the first."""

    results: list
    grads: list

    def scaled(self):
        """Return each list with its scale, by name."""
        numbers = {"result": [x for row in self.results for x in row], "gradient": self.grads}
        return {name: (xs, max([1.0, *map(abs, xs)])) for name, xs in numbers.items()}


def line(w, b):
    """Return the squared distance of points from a line."""
    return lambda x, y: (w * x + b - y) ** 2


def row_of(results):
    """Return results as a flat list of Values."""
    return list(results) if isinstance(results, list | tuple) else [results]


def mean_graph(function, samples):
    """Return the results of every sample as Values, and the mean of the first."""
    rows = [row_of(function(*as_constants(sample))) for sample in samples]
    return rows, total([row[0] for row in rows]) / len(rows)


def as_constants(entry):
    """Return nested lists of numbers with constants in their places."""
    if isinstance(entry, list | tuple):
        return [as_constants(inner) for inner in entry]
    return Value(entry, constant=True)


def flat(entry):
    """Return the numbers in nested lists."""
    return (
        [x for inner in entry for x in flat(inner)] if isinstance(entry, list | tuple) else [entry]
    )


def run_eagerly(function, parameters, samples):
    """Return what the engine of Values gives."""
    before = [p.grad for p in parameters]
    for p in parameters:
        p.grad = 0.0
    rows, mean = mean_graph(function, samples)
    mean.backward()
    run = Run([[float(x) for x in row] for row in rows], [p.grad for p in parameters])
    for p, grad in zip(parameters, before, strict=True):
        p.grad = grad
    return run


def run_derived(function, parameters, samples):
    """Return what the derivative as a graph gives."""
    rows, mean = mean_graph(function, samples)
    slopes = derive(mean, parameters)
    return Run([[float(x) for x in row] for row in rows], [float(x) for x in slopes])


def machine_for(function, parameters, samples, engine, batch=None):
    """Return the compiled program."""
    graph, _ = record(function, [samples[0], samples[-1]], {})
    return Machine(graph, engine, batch or len(samples), parameters=parameters)


def run_compiled(function, parameters, samples, engine, machine=None):
    """Return what a compiled program gives; None if it says that a number is not finite."""
    machine = machine or machine_for(function, parameters, samples, engine)
    machine.load()
    out = machine.run(np.array([flat(sample) for sample in samples], dtype=float), backward=True)
    return None if out is None else Run(out.tolist(), machine.gradients())


def differences(found, expected, close=CLOSE):
    """Return in words where two runs differ by more than `close`."""
    if found is None:
        return ["it did not run"]
    texts = []
    mine, theirs = found.scaled(), expected.scaled()
    for name, (numbers, scale) in theirs.items():
        if len(mine[name][0]) != len(numbers):
            return [f"{len(mine[name][0])} {name}s instead of {len(numbers)}"]
        for i, (x, y) in enumerate(zip(mine[name][0], numbers, strict=True)):
            if not abs(x - y) <= close * scale:
                texts.append(f"{name} {i} is {x!r} instead of {y!r}")
    return texts


def trouble(function, parameters, samples, engine, machine=None):
    """Return in words how an engine differs from the engine of Values on a function."""
    expected = run_eagerly(function, parameters, samples)
    if engine == "derived":
        return differences(run_derived(function, parameters, samples), expected)
    return differences(run_compiled(function, parameters, samples, engine, machine), expected)


def fuzz(seed, engine, widest=5, size=14):
    """Return in words how an engine differs from Values on the random function of a seed."""
    function = RandomFunction(seed, size=size, widest=widest, results=1 + seed % 3)
    samples = function.samples(COUNTS[seed % len(COUNTS)])
    return trouble(function, [*function.parameters, function.constant], samples, engine)
