"""A program in words: what each statement does, and which recorded nodes it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Any

from autograd import ops
from autograd.compile.expressions import Expression, text_of
from autograd.compile.program import (
    GRAD_OF,
    LANES,
    LANES_GRAD,
    SHARED_GRAD,
    Program,
    Statement,
    View,
    check_program,
    in_lanes,
)

_VALUES_OF = {gradients: values for values, gradients in GRAD_OF.items()}
_SHOWN = 6  # so many nodes, or labels, are named one by one


def explain_program(program: Program) -> str:
    """Return a program with a sentence for each line: what it does, from what, for which nodes.

    Parameters
    ----------
    program : Program
        As ``compiled.program(xs, ys)`` gives it.

    Returns
    -------
    str
        Lines are numbered through, forward and backward. Nodes have the numbers that they have
        in the `Graph` that `record` returns.

    Examples
    --------
    >>> from autograd import Value, compile
    >>> w, b = Value(0.5, label="w"), Value(0.0, label="b")
    >>> squared_error = compile(lambda x, y: (w * x + b - y) ** 2, engine="numpy")
    >>> print(explain_program(squared_error.program([1.0], [2.0])))
    9 scalar nodes became 3 statements forward and 4 backward.
    U[0:2] are leaves w, b, the same for all samples; V[0:2] are the inputs of a sample.
    <BLANKLINE>
    forward
     1  V[2] = U[1] + U[0] * V[0]
        sum of leaf b and leaf w times input 0; node 5
     2  V[3] = V[2] - V[1]
        sub of line 1 and input 1; node 6
     3  V[4] = V[3] ** 2
        power of line 2; node 8
    <BLANKLINE>
    backward
     4  dV[3] = 2 * V[3] * dV[4]
        rule of power: the gradient of line 3, times 2 * V[3], is that of line 2; node 8
     5  dV[2] = dV[3]
        rule of sub: the gradient of line 2 is that of line 1; node 6
     6  dU[0] = sum over samples(V[0] * dV[2])
        rule of sum: the gradient of line 1, times V[0], summed over samples, is that of leaf w;
        node 5
     7  dU[1] = sum over samples(dV[2])
        rule of sum: the gradient of line 1, summed over samples, is that of leaf b; node 5
    """
    check_program(program, "explain_program")
    words = _Words(program)
    shared = f"U[0:{len(program.leaves)}] are {words.leaves(range(len(program.leaves)))}"
    lines = [
        f"{program.nodes} scalar nodes became {len(program.forward)} statements forward and "
        f"{len(program.backward)} backward.",
        f"{shared.replace('are leaf', 'is leaf')}, the same for all samples; "
        f"V[0:{program.inputs}] are the inputs of a sample.",
    ]
    number = 0
    for title, statements in (("forward", program.forward), ("backward", program.backward)):
        lines += ["", title]
        for statement in statements:
            number += 1
            sentence = words.sentence(statement, backward=title == "backward")
            lines.append(f"{number:2d}  {statement}")
            lines.append(
                fill(
                    f"{sentence}{_nodes(statement.nodes)}", 96,
                    initial_indent=" " * 4, subsequent_indent=" " * 4,
                    break_long_words=False, break_on_hyphens=False,
                )
            )  # fmt: skip
    return "\n".join(lines)


class _Words:
    """Knows what wrote each row."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.writer: dict[tuple[str, int], int] = {}
        for number, statement in enumerate(program.forward, start=1):
            for row in statement.target.rows.ravel().tolist():
                self.writer.setdefault((statement.target.table, row), number)

    # ---------------------------------------------------------------- what a view is

    def source(self, view: View) -> str:
        """Return where the rows of a view come from: inputs, leaves, constants, statements."""
        table = _VALUES_OF.get(view.table, view.table)
        rows = sorted(set(view.rows.ravel().tolist()))
        leaves, numbers, inputs = [], [], []
        statements: dict[int, None] = {}
        for row in rows:
            if (table, row) in self.writer:
                statements[self.writer[table, row]] = None
            elif table == LANES:
                inputs.append(row)
            elif row < len(self.program.leaves):
                leaves.append(row)
            else:
                numbers.append(f"{self.program.constants.get(row, 0.0):g}")
        parts = [self.leaves(leaves)] if leaves else []
        if inputs:
            first, last = inputs[0], inputs[-1]
            parts.append(f"input {first}" if first == last else f"inputs {first} to {last}")
        if numbers:
            parts.append(_several("constant", list(dict.fromkeys(numbers))))
        if statements:
            parts.append(_several("line", list(map(str, sorted(statements)))))
        return ", ".join(parts)

    def leaves(self, rows: Sequence[int]) -> str:
        """Return the leaves of rows: by their labels if they are few, and where they belong."""
        values = [self.program.leaves[row] for row in rows]
        labels = [value.label for value in values]
        if all(labels) and len(set(labels)) == len(labels) <= _SHOWN:
            text = _several("leaf", labels)
        else:
            text = f"{len(values)} lea{'f' if len(values) == 1 else 'ves'}"
        scopes = {value.scope.rsplit("/neuron", 1)[0] for value in values} - {""}
        return text + f" of {', '.join(sorted(scopes)[:3])}" * (0 < len(scopes) <= 3)

    # ---------------------------------------------------------------- sentences

    def sentence(self, s: Statement, *, backward: bool) -> str:
        """Return what a statement does."""
        if s.origin == ("zero",):
            return f"the gradient of {self.source(s.target)} begins at 0"
        if s.origin == ("constant",):
            return f"the gradient of {self.source(s.target)} is 0: constants do not learn"
        where = f" in {s.origin[2]}" if len(s.origin) > 2 else ""
        name = s.origin[0] if s.origin else "sum"
        return self._backward(s, name, where) if backward else self._forward(s, name, where)

    def _forward(self, s: Statement, name: str, where: str) -> str:
        rows = len(s.target.rows)
        times = f"{rows} times " if rows > 1 else ""
        sources = [self.source(x) for x in s.operands]
        start = "" if s.start is None else f"{self.source(s.start)} and "
        if s.matrix is not None:
            left, right = (
                f"{source} ({' by '.join(map(str, x.shape))})"
                for source, x in zip(sources, (s.matrix.left, s.matrix.right), strict=True)
            )
            sums = "sum" if rows == 1 else f"{rows} sums"
            return f"{sums}{where} of {start}one product of matrices: {left} times {right}"
        if s.reduce == "pick":
            return f"{times}pick{where}: of {sources[1]} the one that {sources[0]} numbers"
        if s.reduce == "max":
            return f"{times}the largest of {s.terms} in {sources[0]}, for {name}{where}"
        if name == "sum":
            product = isinstance(s.expression, Expression) and s.expression.op is ops.mul
            inside = " times ".join(sources) if product else ", ".join(dict.fromkeys(sources))
            each = f"{s.terms} products, " if product and s.terms > 1 else ""
            return f"{times}sum{where} of {start}{each}{inside}"
        return f"{times}{name}{where} of {' and '.join(dict.fromkeys(sources)) or 'nothing'}"

    def _backward(self, s: Statement, name: str, where: str) -> str:
        above = [x for x in s.operands if x.table in (SHARED_GRAD, LANES_GRAD)]
        text = f"rule of {name}{where}: the gradient of {self.source(above[0])}"
        if s.reduce == "scatter":
            text += f" goes to the one that {self.source(s.operands[0])} numbers, of"
            return f"{text} {self.source(s.target)}"
        slope = _slope(s)
        if s.matrix is not None:
            slope = next(self.source(x) for x in s.operands if x not in above)
        if slope:
            text += f", times {slope}"
        parts = []
        if s.terms > 1:
            parts.append(f"summed over its {s.terms} uses")
        if s.over_lanes and in_lanes(above[0].table):
            parts.append("summed over samples")
        if s.matrix is not None:
            parts.append("as one product of matrices")
        text += "".join(f", {part}" for part in parts)
        comma = "," if slope or parts else ""
        verb = "is added to that of" if s.adds else "is that of"
        return f"{text}{comma} {verb} {self.source(s.target)}"


def _slope(s: Statement) -> str:
    """Return the text of what a statement multiplies the gradient from above with."""
    names = [str(View(x.table, x.rows)) for x in s.operands]
    x = s.expression
    if not isinstance(x, Expression) or x.op is None:
        return ""
    if x.op is ops.div and _is_gradient(x.inputs[0], s):
        return f"1 / {text_of(x.inputs[1], names)}"
    if x.op is ops.mul:
        for factor, other in (x.inputs, x.inputs[::-1]):
            if _is_gradient(factor, s):
                return text_of(other, names)
    return text_of(x, names)


def _is_gradient(x: Any, s: Statement) -> bool:
    """Return whether a part of a statement's expression is the gradient from above."""
    plain = isinstance(x, Expression) and x.op is None
    return plain and s.operands[x.inputs[0]].table in (SHARED_GRAD, LANES_GRAD)


def _several(noun: str, words: Sequence[str]) -> str:
    plural = {"leaf": "leaves"}.get(noun, f"{noun}s")
    shown = ", ".join(words[:_SHOWN]) + ", …" * (len(words) > _SHOWN)
    return f"{noun if len(words) == 1 else plural} {shown}"


def _nodes(nodes: Sequence[int]) -> str:
    if len(nodes) == 0:
        return ""
    if len(nodes) == 1:
        return f"; node {nodes[0]}"
    shown = ", ".join(map(str, nodes[:_SHOWN]))
    rest = f", … ({len(nodes)} in all)" if len(nodes) > _SHOWN else ""
    return f"; nodes {shown}{rest}"
