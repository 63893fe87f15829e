"""Which statements a machine can do in one pass: while a number is in a register, what uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd.compile.program import Statement, View, in_lanes

_AHEAD = 4  # statements that one may be drawn forward over


@dataclass(slots=True)
class Chain:
    """A statement, and those that go on with its numbers, place by place.

    Attributes
    ----------
    statements : list of Statement
        All with as many rows.
    stored : list of bool
        Whether the numbers of each are needed later, by a statement outside of the chain.
    """

    statements: list[Statement]
    stored: list[bool]


def chains(
    statements: Sequence[Statement], later: Sequence[Statement], kept: Iterable[View]
) -> list[Chain]:
    """Return statements about samples in chains; all others alone, in an order as good as before.

    Parameters
    ----------
    statements : sequence of Statement
    later : sequence of Statement
        What runs after these.
    kept : iterable of View
        What is read after all statements.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.compile.expressions import operands
    >>> from autograd.compile.program import LANES
    >>> x, y, z = (View(LANES, np.arange(3 * i, 3 * i + 3)) for i in range(3))
    >>> column = lambda view: View(view.table, view.rows[:, None])
    >>> (a,) = operands(1)
    >>> double, minus = Statement(y, a + a, (column(x),)), Statement(z, -a, (column(y),))
    >>> [chain] = chains([double, minus], [], [z])
    >>> print(*chain.statements, chain.stored, sep="; ")
    V[3:6] = V[0:3] + V[0:3]; V[6:9] = -V[3:6]; [False, True]
    """
    readers = _Readers()
    for s in (*statements, *later):
        readers.count(_read(s), 1)
    readers.count(kept, 1)
    rest, out = list(statements), []
    while rest:
        chain = [rest[0]]
        passed: list[Statement] = []
        for s in rest[1:] if _leads(rest[0]) else ():
            if len(passed) > _AHEAD:
                break
            if _follows(s, chain) and not any(_conflict(s, other) for other in passed):
                chain.append(s)
            else:
                passed.append(s)
        done = set(map(id, chain))
        rest = [s for s in rest if id(s) not in done]
        for s in chain:
            readers.count(_read(s), -1)
        out.append(Chain(chain, [readers.any(s.target) for s in chain]))
    return out


class _Readers:
    """How many statements still read each row."""

    def __init__(self) -> None:
        self._counts: dict[str, Any] = {}

    def count(self, views: Iterable[View], by: int) -> None:
        for view in views:
            rows = np.unique(view.rows)
            counts = self._counts.get(view.table, np.zeros(0, dtype=np.int64))
            if len(rows) and rows[-1] >= len(counts):
                counts = np.concatenate([counts, np.zeros(rows[-1] + 1, dtype=np.int64)])
                self._counts[view.table] = counts
            counts[rows] += by

    def any(self, view: View) -> bool:
        """Return whether a row of the view is read by any."""
        counts = self._counts.get(view.table, np.zeros(0, dtype=np.int64))
        rows = view.rows[view.rows < len(counts)]
        return bool(counts[rows].any())


def moving_last(
    backward: Sequence[Chain], rows: set[int], suits: Callable[[Statement], bool]
) -> tuple[list[Chain], list[Chain]]:
    """Return the chains of a backward pass, and those of them that may move leaves themselves.

    These can come last: what they make, the gradient of leaves that nothing else changes
    afterwards, is used by the update only.

    Parameters
    ----------
    backward : sequence of Chain
    rows : set of int
        The leaves that move.
    suits : callable
        Whether a product of matrices over the samples can be written so, and is worth it.
    """
    others: list[Chain] = []
    last: list[Chain] = []
    for chain in reversed(backward):
        (s, *more), late = chain.statements, [t for other in last for t in other.statements]
        later = [t for other in others for t in other.statements]
        fits = (
            s.over_lanes
            and not more
            and suits(s)
            and rows.issuperset(s.target.rows.tolist())
            and not any(_conflict(s, t) for t in [*later, *late])
        )
        (last if fits else others).insert(0, chain)
    return others, last


def _leads(s: Statement) -> bool:
    one_column = s.matrix is None or s.matrix.target.shape[1] == 1
    return s.reduce in ("sum", "max") and in_lanes(s.target.table) and one_column


def _follows(s: Statement, chain: Sequence[Statement]) -> bool:
    """Return whether a statement needs, of what the chain makes, just the numbers of its place."""
    if s.terms > 1 or s.reduce != "sum" or s.matrix is not None or not in_lanes(s.target.table):
        return False
    if len(s.target.rows) != len(chain[0].target.rows):
        return False
    made = [t.target for t in chain]
    uses = False
    for view in _read(s):
        for target in made:
            if _same(view, target):
                uses = True
            elif view.meets(target):
                return False
    read = [view for t in chain for view in _read(t)]
    return uses and not any(s.target.meets(view) for view in (*made, *read))


def _read(s: Statement) -> Iterator[View]:
    """Yield what a statement reads."""
    yield from s.operands
    if s.start is not None:
        yield s.start
    if s.adds:
        yield s.target


def _conflict(s: Statement, other: Statement) -> bool:
    """Return whether two statements must stay in their order."""
    return (
        any(s.target.meets(view) for view in (other.target, *_read(other)))
        or any(other.target.meets(view) for view in _read(s))
    )  # fmt: skip


def same_places(view: View) -> tuple[str, bytes]:
    """Return a key that views of the same rows in the same order have in common."""
    return view.table, view.rows.tobytes()


def _same(x: View, y: View) -> bool:
    return x.rows.size == y.rows.size and same_places(x) == same_places(y)
