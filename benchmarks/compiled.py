"""How fast a recorded and compiled graph of scalars is, beside other ways to the same numbers.

Every row makes the same training steps, in a process of its own, all on one core; they take turns.
"""

from __future__ import annotations

import argparse
import math
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from statistics import median

import measuring
import problems
import reporting
import tables
from peers import PEERS, ours
from peers.child import Child, PeerError
from peers.peer import Peer
from problems import PROBLEMS, Problem
from tables import Table

AGREEMENT = 1e-12  # largest relative difference of the losses before each of the first three steps
TURN = 0.02  # seconds that a turn lasts, or else one epoch
LONGEST = 2.0  # seconds of an epoch that is still measured as a whole
SLOW, SLOW_ROUNDS = 0.5, 3  # a row whose turns last more seconds than this has only so many
YARDSTICK = "C by hand, looped"
GOALS = [  # problem, row of ours, other row, how many times as fast
    *[(key, "ours, native", YARDSTICK, 1 / 1.15) for key in "AB"],
    ("A", "ours, native", "PyTorch eager", 60),
    ("B", "ours, native", "PyTorch eager", 20),
    ("C", "ours, native", "PyTorch eager", 50),
    *[(key, "ours, native", "JAX jit", 6) for key in "ABC"],
    *[(key, "ours, native", "JAX scan", 1.5) for key in "ABC"],
    *[
        (key, "ours, native", row, 1)
        for key in "DE"
        for row in ("PyTorch eager", "JAX jit", "JAX scan")
    ],
    *[(key, "ours, NumPy", "PyTorch eager", 4) for key in "AB"],
]
PACKAGES = ("micrograd", "torch", "jax", "numpy", "llvmlite")
QUICK = {
    "A": partial(problems.moons, 10),
    "B": partial(problems.digits, 27, 8),  # three full batches, and one of 3
    "C": partial(problems.microgpt, (26, 4, 12)),
    "D": partial(problems.wide_digits, 27, 8),
    "E": partial(problems.pictures, 24, 8),
}
GROWTH = {  # what grows: its values, and the problem that each makes
    "batch": ([1, 8, 32, 128, 512], lambda n: _grown(batch=n)),
    "width": ([8, 32, 128, 512], lambda n: _grown(width=n)),
    "layers": ([1, 2, 4, 8], lambda n: _grown(layers=n)),
}
GROWING = ("ours, eager", "ours, NumPy", "ours, native", "NumPy by hand", YARDSTICK)


@dataclass
class Result:
    """What was measured of one row; None where there is nothing.

    Attributes
    ----------
    row : str
    missing : str or None
        Why nothing was measured.
    step, fastest, epoch : float or None
        Seconds of a step, in the median turn and in the fastest; the median of an epoch, only where
        whole ones were run.
    compile : float or None
        Seconds, once; None for rows that compile nothing.
    memory : int or None
        The most bytes that the process held.
    """

    row: str
    missing: str | None = None
    step: float | None = None
    fastest: float | None = None
    epoch: float | None = None
    compile: float | None = None
    memory: int | None = None


@dataclass
class Clock:
    """The time of all turns, and the processor's time in them."""

    seconds: float = 0.0
    processor_seconds: float = 0.0
    empty: list[int] = field(default_factory=list)  # bytes of each process before its imports

    def share(self) -> float:
        """Return how much of the time the rows had a processor."""
        return self.processor_seconds / self.seconds if self.seconds else 1.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the tables as they come."""
    parser = reporting.parser(__doc__, "python benchmarks/compiled.py")
    parser.add_argument("--problems", default="ABCDE", metavar="LETTERS", help="which ones (ABCDE)")
    parser.add_argument(
        "--rows", nargs="+", choices=PEERS, metavar="ROW", help=f"which ones: {', '.join(PEERS)}"
    )
    parser.add_argument("--rounds", type=int, help="turns of each row (25; 2 if quick)")
    parser.add_argument("--growth", action="store_true", help="time against batch, width, layers")
    options = parser.parse_args(arguments)
    unknown = set(options.problems) - set(PROBLEMS)
    if unknown or not options.problems:
        parser.error(f"--problems takes letters of {''.join(PROBLEMS)}; got {options.problems!r}.")
    if options.rounds is not None and options.rounds < 1:
        parser.error(f"--rounds takes a number from 1 on; got {options.rounds}.")
    clock = Clock()
    with measuring.one_core() as notes:
        measured = growth_tables(options, clock) if options.growth else all_tables(options, clock)
        reporting.report(options, _conditions(notes), measured, clock.share, "The rows")


def _conditions(notes: Sequence[str]) -> dict[str, str]:
    conditions = measuring.conditions(*PACKAGES)
    if compiler := shutil.which("gcc"):
        command = [compiler, "-dumpfullversion"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        conditions["gcc"] = done.stdout.strip()
    return {**conditions, "core": "one for all rows, one thread each", **_numbered(notes)}


def _numbered(notes: Sequence[str]) -> dict[str, str]:
    return {f"note {i}": note for i, note in enumerate(notes, 1)}


def all_tables(options: argparse.Namespace, clock: Clock) -> Iterator[Table]:
    """Yield a table for each problem, then the goals."""
    rounds = options.rounds or (2 if options.quick else 25)
    rows = [PEERS[row] for row in options.rows or PEERS]
    steps: dict[tuple[str, str], float | None] = {}
    for key in options.problems:
        problem = (QUICK if options.quick else PROBLEMS)[key]()
        results = measure(problem, rows, rounds, clock)
        steps.update({(key, result.row): result.step for result in results})
        yield problem_table(problem, results, rounds, clock)
    yield goal_table(steps, options.problems)


def measure(
    problem: Problem, rows: Sequence[type[Peer]], rounds: int, clock: Clock
) -> list[Result]:
    """Return what each row does with a problem, in the order of the rows.

    A row that fails says so on the error stream and counts as missing.

    Raises
    ------
    RuntimeError
        If the rows do not have the same losses: then they do not compute the same.
    """
    results = {peer.name: Result(peer.name, peer.missing(problem)) for peer in rows}
    losses: dict[str, list[float]] = {}
    children: dict[str, tuple[Child, int]] = {}
    fewer: dict[str, int] = {}
    clock.empty.clear()
    with ExitStack() as stack:
        for peer in rows:
            if results[peer.name].missing:
                continue
            try:
                child = Child(peer, problem)
                stack.callback(child.close)
                clock.empty.append(child.empty)
                if peer.compiles:
                    results[peer.name].compile = child.ask("build")
                losses[peer.name] = child.ask("losses", 3)
                seconds = _seconds_of_step(child, problem.steps if peer.whole_epochs else 1)
                steps = steps_of_turn(seconds, problem.steps, whole_epochs=peer.whole_epochs)
                children[peer.name] = child, steps
                if seconds * steps > SLOW:
                    fewer[peer.name] = SLOW_ROUNDS
            except PeerError as error:
                results[peer.name] = Result(peer.name, str(error))
        refuse_different_losses(problem.name, losses)
        turns = {
            row: partial(_turn, child, steps, clock) for row, (child, steps) in children.items()
        }
        times = measuring.interleaved(turns, rounds, fewer)
        for row, (child, steps) in children.items():
            result = results[row]
            result.step, result.fastest = median(times[row]), min(times[row])
            result.memory = child.ask("memory")
            if problem.steps > 1 and steps % problem.steps == 0:
                result.epoch = result.step * problem.steps
    return list(results.values())


def _turn(child: Child, steps: int, clock: Clock) -> float:
    """Return the seconds of one step in a turn."""
    _, seconds, processor_seconds = child.ask("run", steps)
    clock.seconds += seconds
    clock.processor_seconds += processor_seconds
    return seconds / steps


def _seconds_of_step(child: Child, unit: int) -> float:
    """Return about how long a step takes, from a run of as many units of steps as it needs."""
    steps = unit
    while True:
        _, seconds, _ = child.ask("run", steps)
        if seconds > TURN / 4:
            return float(seconds / steps)
        steps *= 4


def steps_of_turn(seconds: float, epoch: int, *, whole_epochs: bool = False) -> int:
    """Return how many steps a turn has, if one takes so many seconds.

    Parameters
    ----------
    seconds : float
    epoch : int
        Steps of an epoch.
    whole_epochs : bool, optional
        Whether nothing else is possible.
    """
    if whole_epochs or seconds * epoch <= LONGEST:
        return epoch * max(1, round(TURN / (seconds * epoch)))
    return max(1, int(LONGEST / seconds))


def refuse_different_losses(name: str, losses: Mapping[str, Sequence[float]]) -> None:
    """Raise RuntimeError unless all rows have the same losses, as far as `AGREEMENT` says.

    Parameters
    ----------
    name : str
        The problem, for the message.
    losses : dict of str to sequence of float
        By row: before each of the first steps.
    """
    for number, of_step in enumerate(zip(*losses.values(), strict=True)):
        if not math.isclose(min(of_step), max(of_step), rel_tol=AGREEMENT):
            by_row = dict(zip(losses, of_step, strict=True))
            raise RuntimeError(
                f"After {number} updates of {name} the losses are {by_row}: they differ by more "
                f"than {AGREEMENT:g} (relative). The rows do not compute the same, so their times "
                "cannot be compared."
            )


def problem_table(problem: Problem, results: Sequence[Result], rounds: int, clock: Clock) -> Table:
    """Return the table of one problem."""
    yardstick = next((r.step for r in results if r.row == YARDSTICK), None)
    rows = [
        (
            result.row,
            result.step,
            result.step / yardstick if result.step and yardstick else None,
            result.fastest,
            result.epoch,
            result.compile,
            result.memory,
        )
        for result in results
    ]
    empty = f" (a Python with the problem alone: {tables.megabytes(median(clock.empty or [0]))})"
    return Table(
        f"{problem.name}: one training step, medians of {rounds}",
        {
            "row": tables.text,
            "step": tables.duration,
            "× C looped": tables.times,
            "fastest": tables.duration,
            "epoch": tables.duration,
            "compile": tables.seconds,
            "peak memory": tables.megabytes,
        },
        rows,
        [
            *[f"{r.row}: {r.missing}." for r in results if r.missing],
            f"{problem.products:,} products of a weight and an input in a step's forward pass.",
            f"Steps in an epoch: {problem.steps}. Losses before the first three agree to "
            f"{AGREEMENT:g}, else there would be no table.",
            f"Rows with turns of more than {SLOW:g} s have {SLOW_ROUNDS} of them; an epoch of "
            f"more than {LONGEST:g} s is not run as a whole.",
            f"Peak memory is that of the whole process{empty if clock.empty else ''}.",
        ],
    )


def goal_table(steps: Mapping[tuple[str, str], float | None], letters: str) -> Table:
    """Return what we want to reach, and whether this run did.

    Parameters
    ----------
    steps : dict of (str, str) to float or None
        Seconds of a step by letter of the problem and row.
    letters : str
        Problems that were measured.
    """
    rows = []
    for key, row, other, goal in GOALS:
        if key in letters:
            own, theirs = steps.get((key, row)), steps.get((key, other))
            ratio = theirs / own if own and theirs else None
            rows.append((key, row, other, ratio, goal, ratio >= goal if ratio else None))
    return Table(
        "Goals: how many times as fast as another row",
        {
            "problem": tables.text,
            "row": tables.text,
            "beside": tables.text,
            "ratio": tables.times,
            "goal": lambda goal: tables.at_least(round(goal, 2)),
            "met": tables.yes_or_no,
        },
        rows,
        ["Within 1.15 of the time of C is 0.87 times as fast."],
    )


def growth_tables(options: argparse.Namespace, clock: Clock) -> Iterator[Table]:
    """Yield how time and compile time grow with the batch, the width and the layers."""
    rounds = options.rounds or (2 if options.quick else 7)
    peers = [PEERS[row] for row in options.rows or GROWING]
    for what, (values, make) in GROWTH.items():
        cells, notes = [], {}
        for value in values[:2] if options.quick else values:
            problem = make(value)
            results = measure(problem, peers, rounds, clock)
            notes.update({r.row: f"{r.row}: {r.missing}." for r in results if r.missing})
            steps = [r.step for r in results]
            compiling = [r.compile for r, peer in zip(results, peers, strict=True) if peer.compiles]
            cells.append((value, problem.products, nodes_of(problem), *steps, *compiling))
        yield Table(
            f"One training step, more and more of: {what}; medians of {rounds}",
            {
                what: tables.number,
                "products": tables.number,
                "nodes": tables.number,
                **{peer.name: tables.duration for peer in peers},
                **{f"{p.name}: compile": tables.seconds for p in peers if p.compiles},
            },
            cells,
            [
                "MLP 64-32-10, batch 32, where it does not grow; width, layers: the hidden ones.",
                "Products: of a weight and an input, in the forward pass. Nodes: of our eager "
                "graph, where a neuron's sum is one node.",
                *notes.values(),
            ],
        )


def nodes_of(problem: problems.Network) -> int:
    """Return the nodes of our eager graph of one step, leaves among them.

    Every sample adds as many nodes as the second: one more is recorded, not the whole batch.
    """
    from autograd import topological_order

    counts = []
    for samples in (1, 2):
        small = problems.first_samples(problem, samples)
        counts.append(len(topological_order(ours.Eager(small).objective(0))))
    return counts[0] + (problem.batch - 1) * (counts[1] - counts[0])


def _grown(*, batch: int = 32, width: int = 32, layers: int = 1) -> problems.Network:
    inputs, targets = problems.made_up(batch, 64, 10)
    return problems.network("growth", [64, *[width] * layers, 10], inputs, targets, batch)


if __name__ == "__main__":
    sys.exit(main())
