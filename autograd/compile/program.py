"""A program: what a graph of scalars becomes when equal operations are done together.

It works on two tables of numbers. ``shared`` has one number a row: the parameters, constants, and
what follows from them alone, the same for all samples. ``lanes`` has one number a row for every
sample of the batch: the inputs, and what follows from them. Each has a twin for gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograd.compile.expressions import text_of

Array = Any  # of row numbers
SHARED, LANES, SHARED_GRAD, LANES_GRAD = "shared", "lanes", "shared_grad", "lanes_grad"
GRAD_OF = {SHARED: SHARED_GRAD, LANES: LANES_GRAD}
TABLE_OF = {grad: table for table, grad in GRAD_OF.items()}
RESULTS, GRADIENT, TRAIN = range(3)  # what a step is for, each with what is before it
LETTER = {SHARED: "U", LANES: "V", SHARED_GRAD: "dU", LANES_GRAD: "dV"}  # in print


def in_lanes(table: str) -> bool:
    """Return whether a table has a number for every sample."""
    return table in (LANES, LANES_GRAD)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Rows of a table, in the order in which they are used.

    Attributes
    ----------
    table : str
    rows : array of int, (n,) or (n, terms)
    """

    table: str
    rows: Array

    def meets(self, other: View) -> bool:
        """Return whether two views have a row in common."""
        if self.table != other.table or not self.rows.size or not other.rows.size:
            return False
        if self.rows.max() < other.rows.min() or other.rows.max() < self.rows.min():
            return False
        import numpy as np  # there, if rows are; this module is read without it, too

        return bool(np.isin(self.rows, other.rows).any())

    def __str__(self) -> str:
        letter, flat = LETTER[self.table], self.rows.ravel()
        if len(flat) and (flat == flat[0]).all():
            return f"{letter}[{flat[0]}]"
        if (flat[1:] == flat[:-1] + 1).all():
            return f"{letter}[{flat[0]}:{flat[-1] + 1}]" if len(flat) else f"{letter}[]"
        if self.rows.ndim == 2 and self.rows.shape[1] == 1:
            return str(View(self.table, flat))
        if self.rows.ndim == 2 and (self.rows == self.rows[0]).all():
            return f"{View(self.table, self.rows[0])} for all"
        if self.rows.ndim == 2 and (self.rows == self.rows[:, :1]).all():
            return f"{View(self.table, self.rows[:, 0])} for each"
        return f"{letter}[{len(flat)} of {flat.min()}:{flat.max() + 1}]"


def steps_of(rows: Array) -> tuple[int, ...] | None:
    """Return by how much rows grow along each axis, if that is the same everywhere.

    Examples
    --------
    >>> import numpy as np
    >>> steps_of(np.array([[3, 5], [4, 6]])), steps_of(np.array([3, 5, 6]))
    ((1, 2), None)
    """
    steps = []
    for axis in range(rows.ndim):
        lines = rows.swapaxes(0, axis)
        differences = lines[1:] - lines[:-1]
        step = int(differences.flat[0]) if differences.size else 0
        if step < 0 or (differences != step).any():
            return None
        steps.append(step)
    return tuple(steps)


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """How a sum of products is one product of matrices, Z = A·B.

    Attributes
    ----------
    left : array of int, (R, K)
        The rows of the first operand.
    right : array of int, (K, C)
        The rows of the second.
    target : array of int, (R, C)
    """

    left: Array
    right: Array
    target: Array


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One operation of a program, done for many rows, and for all lanes.

    ``target[i] = start[i] + Σ_k expression(operands at [i, k])``, or ``+=``. Where the target has
    one number a row and the expression one for each sample, the sum is over samples as well.

    Attributes
    ----------
    target : View
        Rows that are all different.
    expression : Expression or float
        On operands by number.
    operands : tuple of View
        Each with rows (n, terms), or (n, 1) if they are the same for all terms.
    adds : bool
        Whether it adds to the target.
    start : View or None
        What the sum starts from, rows (n,).
    reduce : {"sum", "max", "pick", "scatter"}
        How the terms become one number. "pick" takes of operand 1 the term whose number is operand
        0; "scatter" adds operand 1 to the row of the target, (n, terms), that operand 0 numbers.
    matrix : Matrix or None
        If the sum of products is a matrix product.
    guards : bool
        Whether an infinite result may hide later, so that it is looked at at once.
    watches : tuple of int
        Operands that may have become infinite, which the result would hide, as tanh(inf) does.
    origin : tuple of str
        Where the nodes of it belong: an operation's name, and scopes.
    nodes : sequence of int
        Numbers of the recorded nodes that it computes; of a statement of the backward pass those
        whose gradient it hands on.
    """

    target: View
    expression: Any
    operands: tuple[View, ...]
    adds: bool = False
    start: View | None = None
    reduce: str = "sum"
    matrix: Matrix | None = None
    guards: bool = False
    watches: tuple[int, ...] = ()
    origin: tuple[str, ...] = ()
    nodes: Sequence[int] = ()

    @property
    def terms(self) -> int:
        """How many terms are summed for a row."""
        return max([x.rows.shape[1] for x in self.operands], default=1)

    @property
    def over_lanes(self) -> bool:
        """Whether it sums over the samples."""
        return not in_lanes(self.target.table) and any(in_lanes(x.table) for x in self.operands)

    def __str__(self) -> str:
        names = [str(x) for x in self.operands]
        if self.matrix is not None:
            left, right = self.matrix.left, self.matrix.right
            a, b = (LETTER[x.table] for x in self.operands)
            names = [_matrix_text(a, left), _matrix_text(b, right)]
            text = " @ ".join(names)
            if self.over_lanes:
                text += " over samples"
        elif self.reduce == "pick":
            text = f"pick({names[1]}, {names[0]})"
        elif self.reduce == "scatter":
            text = f"scatter({names[1]}, {names[0]})"
        else:
            text = text_of(self.expression, names)
            if self.reduce == "max":
                text = f"max of {self.terms}({text})"
            elif self.terms > 1:
                text = f"sum of {self.terms}({text})"
            if self.over_lanes:
                text = f"sum over samples({text})"
        if self.start is not None:
            text = f"{self.start} + {text}"
        return f"{self.target} {'+=' if self.adds else '='} {text}"


def _matrix_text(letter: str, rows: Array) -> str:
    shape = "×".join(map(str, rows.shape))
    first, last = int(rows.min()), int(rows.max()) + 1
    exact = last - first == rows.size
    return (
        f"{letter}[{first}:{last}]({shape})" if exact else f"{letter}[in {first}:{last}]({shape})"
    )


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """What a recorded function computes, and its gradient, in a few statements.

    Attributes
    ----------
    inputs : int
        How many numbers a sample has; rows 0, 1, ... of ``lanes``.
    leaves : list
        The Values of the caller; rows 0, 1, ... of ``shared``.
    constants : dict of int to float
        Rows of ``shared`` that never change.
    shared_rows, lanes_rows : int
        The sizes of the two tables.
    results : list of (str, int)
        Table and row of each result of the function.
    forward, backward : list of Statement
        Backward starts from the gradient of result 0, and leaves those of the leaves in the first
        rows of ``shared_grad``.
    nodes : int
        How many scalar nodes were recorded.
    learning : array of bool
        Which leaves get a gradient: not the constants, nor what result 0 does not depend on.
    """

    inputs: int
    leaves: list[Any]
    constants: dict[int, float]
    shared_rows: int
    lanes_rows: int
    results: list[tuple[str, int]]
    forward: list[Statement]
    backward: list[Statement]
    nodes: int
    learning: Array

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        shared, lanes = len(self.leaves), self.inputs
        lines = [
            f"{self.nodes} scalar nodes in {len(self.forward)} statements forward, "
            f"{len(self.backward)} backward",
            f"U  {self.shared_rows} numbers, the same for all samples: U[0:{shared}] leaves, "
            f"{len(self.constants)} constants",
            f"V  {self.lanes_rows} numbers of each sample: V[0:{lanes}] inputs",
            "dU, dV  their gradients",
        ]
        for title, statements in (("forward", self.forward), ("backward", self.backward)):
            lines.append(title)
            texts = [str(statement) for statement in statements]
            width = min(max(map(len, texts), default=0), 64)
            for text, statement in zip(texts, statements, strict=True):
                lines.append(f"  {text:<{width}}  {' '.join(statement.origin)}".rstrip())
        return lines


def check_program(program: Any, name: str) -> None:
    """Raise TypeError unless a function got a program.

    Examples
    --------
    >>> check_program(abs, "explain_program")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    TypeError: explain_program() takes a Program, as compiled.program(xs) gives for a function ...
    """
    if not isinstance(program, Program):
        raise TypeError(
            f"{name}() takes a Program, as compiled.program(xs) gives for a function "
            f"that compile() has made; got {program!r:.60}."
        )


def refuse_unknown(order: Array, count: int) -> None:
    """Raise ValueError if a number of an order, an array of int64, is no sample's.

    Examples
    --------
    >>> import numpy as np
    >>> refuse_unknown(np.array([0, 6, -1]), 6)
    Traceback (most recent call last):
    ValueError: order has numbers from -1 to 6; the samples are numbered from 0 to 5.
    """
    if order.view("uint64").max() >= count:  # a negative number is a large one
        raise ValueError(
            f"order has numbers from {order.min()} to {order.max()}; the samples are numbered from "
            f"0 to {count - 1}."
        )


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """How leaves move along their gradients, as expressions.

    Attributes
    ----------
    data : Expression
        On the operands data, gradient, rate, step, and one for each number that is remembered.
    state : sequence of Expression
        What is remembered for the next step.
    rows : sequence of int
        The leaves that move.
    """

    data: Any
    state: Sequence[Any]
    rows: Sequence[int]
