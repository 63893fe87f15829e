"""How fast and how small the eager engine is, beside micrograd: ``python benchmarks/eager.py``.

Everything runs in one process, the engines take turns, and every step starts from the same weights.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from time import perf_counter, process_time

try:
    import micrograd.engine  # noqa: F401 (only to say at once what is missing)
except ImportError:
    sys.exit('This benchmark compares with micrograd; run: pip install -e ".[bench]"')

import measuring
import reporting
import tables
from choices import choice_table
from graphs import size_table
from tables import Table
from workloads import (
    AGREEMENT,
    Workload,
    count_nodes,
    digits,
    moons,
    refuse_different_losses,
    time_of_step,
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the tables as they come."""
    options = reporting.parser(__doc__, "python benchmarks/eager.py").parse_args(arguments)
    wall_clock, processor_clock = perf_counter(), process_time()
    reporting.report(
        options,
        measuring.conditions("micrograd"),
        quick_tables() if options.quick else full_tables(),
        lambda: (process_time() - processor_clock) / (perf_counter() - wall_clock),
    )


def full_tables() -> Iterator[Table]:
    """Yield what the README quotes; it takes a minute or two."""
    yield from all_tables([moons(), digits()], rounds=5, sizes=[10**3, 10**4, 10**5, 10**6])


def quick_tables() -> Iterator[Table]:
    """Yield the same tables with other numbers, to see in some seconds whether all works."""
    yield from all_tables([moons(10), digits(2)], rounds=2, sizes=[100, 1000])


def all_tables(
    workloads: Sequence[Workload], *, rounds: int, sizes: Sequence[int]
) -> Iterator[Table]:
    """Yield the tables of this benchmark, each once it is measured.

    Parameters
    ----------
    workloads : sequence of Workload
    rounds : int
        Turns of each contestant, at least 1.
    sizes : sequence of int
        Nodes of the growing graphs, ascending.
    """
    yield step_table(workloads, rounds)
    yield graph_table(workloads)
    yield size_table(sizes)
    yield choice_table(workloads, rounds)


def step_table(workloads: Sequence[Workload], rounds: int) -> Table:
    """Return the times of a training step: forward, gradients to zero, backward, update."""
    rows = []
    for workload in workloads:
        trainings = {"ours": workload.ours(), "micrograd": workload.micrograd()}
        refuse_different_losses(workload.name, trainings)
        turns = {engine: partial(time_of_step, training) for engine, training in trainings.items()}
        for enabled, goal in workload.goals.items():
            with measuring.collector(enabled):
                times = measuring.interleaved_medians(turns, rounds)
            ratio = times["micrograd"] / times["ours"]
            row = (workload.name, "on" if enabled else "off", times["ours"], times["micrograd"])
            rows.append((*row, ratio, goal, ratio >= goal))
    return Table(
        f"One training step, medians of {rounds}",
        {
            "workload": tables.text,
            "collector": tables.text,
            "ours": tables.milliseconds,
            "micrograd": tables.milliseconds,
            "micrograd / ours": tables.times,
            "goal": tables.at_least,
            "met": tables.yes_or_no,
        },
        rows,
        [
            "Each step starts from the same weights, as the second of a training run.",
            f"Losses after two updates agree to {AGREEMENT:g}, else there would be no table.",
            "micrograd has no exp and log: B adds them as two functions in its own style.",
        ],
    )


def graph_table(workloads: Sequence[Workload]) -> Table:
    """Return how many nodes a training step makes and how much memory it needs."""
    rows = []
    for workload in workloads:
        for engine, training in (("ours", workload.ours()), ("micrograd", workload.micrograd())):
            _, peak = measuring.held_and_peak_bytes(training.step)
            rows.append((workload.name, engine, count_nodes(training.objective()), peak))
    return Table(
        "The graph of one training step",
        {
            "workload": tables.text,
            "engine": tables.text,
            "nodes": tables.number,
            "peak memory": tables.megabytes,
        },
        rows,
        ["Parameters and inputs are among the nodes, but not in the memory: they were there."],
    )


if __name__ == "__main__":
    main()
