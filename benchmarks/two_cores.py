"""When a second core pays: a compiled function with its gradient on one core and on two."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Any
from unittest.mock import patch

import measuring
import numpy as np
import reporting
import tables
from tables import Table

from autograd import Machine, Value, record
from autograd.compile import native_backend
from nn import MLP

SIZES = [[2, 16, 1], [64, 32, 10], [64, 128, 128, 10]]
SAMPLES = [1024, 4096, 16384]


def machine_of(sizes: Sequence[int], samples: Any) -> Machine:
    """Return the program of an MLP's first output squared, for so many samples."""
    model = MLP(sizes[0], list(sizes[1:]), seed=0)

    def square(*x: Value) -> Value:
        return model.scores(list(x))[0] ** 2

    graph, _ = record(square, [tuple(samples[0]), tuple(samples[-1])], {})
    machine = Machine(graph, "native", len(samples), parameters=model.parameters())
    machine.load()
    return machine


def seconds_on(cores: int, machine: Machine, samples: Any) -> float:
    """Return how long results and gradient take."""
    with (
        patch.object(native_backend, "_TWO_PAY", 0),
        patch.object(native_backend, "_cores", lambda: cores),
    ):
        start = time.perf_counter()
        machine.run(samples, backward=True)
        return time.perf_counter() - start


def core_table(sizes: Sequence[Sequence[int]], counts: Sequence[int], rounds: int) -> Table:
    """Return the times for networks of these sizes and so many samples."""
    rows = []
    for layers in sizes:
        for count in counts:
            samples = np.random.default_rng(0).normal(size=(count, layers[0]))
            machine = machine_of(layers, samples)
            turns = {str(n): partial(seconds_on, n, machine, samples) for n in (1, 2)}
            for turn in turns.values():
                turn()  # the tables are made
            one, two = measuring.interleaved_medians(turns, rounds).values()
            numbers = count * machine.program.lanes_rows
            rows.append(("-".join(map(str, layers)), count, numbers, one, two, one / two))
    return Table(
        "Results and gradient of a batch on one core and on two",
        {
            "MLP": tables.text,
            "samples": tables.number,
            "numbers in lanes": tables.number,
            "one core": tables.duration,
            "two cores": tables.duration,
            "gain": tables.times,
        },
        rows,
        [
            f"Machine code takes the second core from {native_backend._TWO_PAY:,} numbers in lanes "
            "on, which is samples times the numbers that a sample has in the program."
        ],
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the table."""
    parser = reporting.parser(__doc__, "python benchmarks/two_cores.py")
    options = parser.parse_args(arguments)
    sizes, counts, rounds = (SIZES[:1], [64], 2) if options.quick else (SIZES, SAMPLES, 15)
    started, processor = time.perf_counter(), time.process_time()
    reporting.report(
        options,
        measuring.conditions("numpy", "llvmlite"),
        (core_table(sizes, counts, rounds) for _ in range(1)),
        lambda: (time.process_time() - processor) / (time.perf_counter() - started),
    )


if __name__ == "__main__":
    main()
