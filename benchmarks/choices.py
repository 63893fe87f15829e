"""What single design choices cost or save, where they can be switched off from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any
from unittest.mock import patch

import measuring
import tables
from tables import Table
from workloads import Training, Workload, time_of_step

from autograd.ops import OPS, Op, weighted_sum_of

Switch = Callable[[Training], AbstractContextManager[Any]]


def unfolded_sums(_: Training) -> AbstractContextManager[Any]:
    """Make a neuron's sum of products and sums of their own, as micrograd does."""

    def unfolded(weights: Sequence[Any], inputs: Sequence[Any], bias: Any) -> Any:
        return weighted_sum_of.unfold(*weights, *inputs, bias)

    return patch("nn.layers.weighted_sum", unfolded)


@contextmanager
def all_by_the_table(_: Training) -> Iterator[None]:
    """Take `gather` and `spread` out of the rows that have them."""
    rows = [(op, op.gather, op.spread) for op in OPS.values() if op.gather or op.spread]
    try:
        for op, *_ in rows:
            _write_out(op, None, None)
        yield
    finally:
        for row in rows:
            _write_out(*row)


def _write_out(op: Op, gather: Any, spread: Any) -> None:
    object.__setattr__(op, "gather", gather)  # a row is frozen: nobody else should do this
    object.__setattr__(op, "spread", spread)


@contextmanager
def inputs_converted_each_time(training: Training) -> Iterator[None]:
    """Give the model plain numbers."""
    constants = training.inputs[:]
    training.inputs[:] = [[x.data for x in sample] for sample in constants]
    try:
        yield
    finally:
        training.inputs[:] = constants


def gradients_lost_on_error(_: Training) -> AbstractContextManager[Any]:
    """Do not keep the gradients for the case that backward fails."""
    return patch("autograd.checks.grads_restored_on_error", nullcontext)


CHOICES: dict[str, Switch] = {
    "a weighted sum is one node": unfolded_sums,
    "two rows are written out by hand": all_by_the_table,
    "inputs become constants once": inputs_converted_each_time,
    "a failed backward leaves no trace": gradients_lost_on_error,
}


def choice_table(workloads: Sequence[Workload], rounds: int) -> Table:
    """Return the time of a training step of ours with each choice and without it."""
    rows = []
    for workload in workloads:
        training = workload.ours()
        for choice, switched_off in CHOICES.items():
            turns = {
                "with": partial(time_of_step, training),
                "without": partial(_time_without, switched_off, training),
            }
            times = measuring.interleaved_medians(turns, rounds)
            ratio = times["without"] / times["with"]
            rows.append((workload.name, choice, times["with"], times["without"], ratio))
    return Table(
        "Design choices: a step of ours with each and without it, collector on",
        {
            "workload": tables.text,
            "choice": tables.text,
            "with": tables.milliseconds,
            "without": tables.milliseconds,
            "without / with": tables.times,
        },
        rows,
        ["Above 1 the choice saves time, below 1 it costs."],
    )


def _time_without(switched_off: Switch, training: Training) -> float:
    with switched_off(training):
        return time_of_step(training)
