"""How leaves move along their gradients: the rule of an optimizer, on vectors of them."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np

from autograd.compile.expressions import used_operands, walk
from autograd.compile.native_writer import ARGUMENTS, ExpressionWriter
from autograd.compile.program import Update

MOVING = f"{ARGUMENTS}, ptr noalias %M, double %rate, double %step"
_RUNS = 8  # of rows that follow on each other; if there are more, leaves move one by one


class Mover:
    """Writes the rule into a function that has the arguments `MOVING`.

    Parameters
    ----------
    writer : ExpressionWriter
        At the beginning of the function.
    update : Update
    leaves : int
        How many there are.
    """

    def __init__(self, writer: ExpressionWriter, update: Update, leaves: int) -> None:
        self.writer, self.update, self.stride = writer, update, leaves + writer.width
        c = writer.code
        self._given = {2: c.spread("%rate"), 3: c.spread("%step")}
        self._known: dict[int, str] = {}  # what needs the rate and the step alone is written once
        for root in (update.data, *update.state):
            for x in walk(root):
                if self._given.keys() >= set(used_operands(x)):
                    writer.value(x, self._given, self._known)

    def move(self, row: str, grad: str = "", mask: str = "") -> list[str]:
        """Write how a vector of leaves moves; return what becomes of it, to be looked at.

        Parameters
        ----------
        row : str
            The first leaf.
        grad : str, optional
            Their gradient; by default it is read from its table.
        mask : str, optional
            Which entries count.
        """
        c, update = self.writer.code, self.update
        data = c.at("%U", row)
        memory = [c.at("%M", c.add(j * self.stride, row)) for j in range(len(update.state))]
        inputs = {**self._given, 0: c.load(data, mask=mask)}
        inputs[1] = grad or c.load(c.at("%dU", row), mask=mask)
        inputs |= {4 + j: c.load(place, mask=mask) for j, place in enumerate(memory)}
        names = dict(self._known)
        new = [self.writer.value(x, inputs, names) for x in (update.data, *update.state)]
        for value, place in zip(new, [data, *memory], strict=True):
            c.store(value, place, mask=mask)
        return new


def moves(writer: ExpressionWriter, update: Update, rows: Any, leaves: int) -> None:
    """Write the body of a function that moves the leaves of these rows."""
    c, w, mover = writer.code, writer.width, Mover(writer, update, leaves)
    rows = np.sort(np.array(rows, dtype=np.int64))  # they move alike, in any order
    runs = np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1)
    if len(runs) > _RUNS:
        writer.mask = c.mask(1)
        with c.loop(len(rows)) as loop:
            writer.look(mover.move(writer.row_at(rows, loop.index), mask=writer.mask))
        writer.mask = ""
        return
    for run in runs if len(rows) else ():
        start, stop = int(run[0]), int(run[-1]) + 1
        with writer.looking():
            for few in (4, 1):
                size = few * w
                done = start + (stop - start) // size * size
                if done > start:
                    with writer.loop(done, start=start, step=size) as loop:
                        places = [c.add(loop.index, j * w) for j in range(few)]
                        writer.look(list(chain(*[mover.move(place) for place in places])))
                start = done
            if stop > start:
                writer.mask = c.mask(stop - start)
                writer.look(mover.move(str(start), mask=writer.mask))
                writer.mask = ""
