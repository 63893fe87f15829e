"""A program as plain Python, to be read and run without NumPy."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from autograd import ops
from autograd.compile.expressions import Expression, text_of, walk
from autograd.compile.program import (
    LETTER,
    Program,
    Statement,
    View,
    check_program,
    in_lanes,
    steps_of,
)
from autograd.ops import Op

_FEW = 4  # so many rows, or terms, that follow no rule are written out


def list_program(program: Program, name: str = "program") -> str:
    """Return a program as plain Python: loops over lists of floats.

    Parameters
    ----------
    program : Program
    name : str, optional
        What the program is called, for its first line.

    Returns
    -------
    str
        A module with ``run(leaves, samples)``, which returns the results of each sample and the
        gradient, in the leaves, of the mean of the first. It takes one sample at a time.

    Notes
    -----
    It says what the program means, and is no faster than Values. What is undefined raises an error
    of Python. Operations of users must be defined where it runs.

    Examples
    --------
    >>> from autograd import Value, compile
    >>> w, b = Value(0.5), Value(0.0)
    >>> squared_error = compile(lambda x, y: (w * x + b - y) ** 2, engine="numpy")
    >>> text = list_program(squared_error.program([1.0], [2.0]))
    >>> module = {}
    >>> exec(text, module)
    >>> module["run"]([0.5, 0.0], [[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])
    ([[2.25], [9.0], [20.25]], [-14.0, -6.0])
    """
    check_program(program, "list_program")
    return _Writer(program, name).text()


class _Writer:
    """Writes the lines; a statement becomes an assignment in as many loops as it needs."""

    def __init__(self, program: Program, name: str) -> None:
        self.program, self.name = program, name
        self.tables: list[str] = []  # rows that follow no rule, as lists
        self.called: dict[str, Op] = {}
        self.from_math: set[str] = set()

    def text(self) -> str:
        program = self.program
        once, each = _parted(program.forward)
        # Gradients begin at 0 and are added up, so that the samples may come one by one.
        back_once, back_each = _parted(program.backward)
        functions = [
            ("shared", "U", "Compute what is the same for all samples.", once),
            ("forward", "U, V", "Compute what is of one sample.", each),
            ("backward", "U, V, dU, dV", "Carry its gradient back, rule by rule.", back_each),
            ("backward_shared", "U, dU", "Carry back what all samples share.", back_once),
        ]
        parts = []
        for title, arguments, doc, statements in functions:
            if statements:
                body = [f'    """{doc}"""']
                for statement in statements:
                    body += [f"    {line}" for line in self._lines(statement)]
                parts.append("\n".join([f"def {title}({arguments}):", *body]))
        written = {title for title, _, _, statements in functions if statements}
        parts.append(self._run(written))
        self.from_math |= set(re.findall(r"\b(?:inf|nan)\b", "\n".join(parts)))  # constants
        head = [
            f'"""{self.name}: {program.nodes} scalar nodes as plain Python.\n\n'
            "U   the same for all samples: leaves, constants, what follows from them\n"
            "V   of one sample: its inputs, and what follows from them\n"
            'dU, dV  their gradients\n"""',
            *self._imports(),
        ]
        if self.tables:
            head.append("\n".join(self.tables))
        return "\n\n".join(["\n\n".join(head), *["\n" + part for part in parts]]) + "\n"

    def _imports(self) -> list[str]:
        """Return where the operations come from: `math`, or our own table for the others."""
        plain = {n for n, op in self.called.items() if op.forward is getattr(math, n, None)}
        from_math = sorted(plain | self.from_math)
        built_in = {op.name for op in ops.built_in()}
        ours = sorted(n for n in self.called if n in built_in and n not in plain)
        theirs = [n for n in self.called if n not in built_in and n not in plain]
        slopes = [n for n in theirs if n.startswith("derivative_")]
        ours += ["find_op"] if theirs else []
        lines = [f"from math import {', '.join(from_math)}"] if from_math else []
        lines += [f"from autograd import {', '.join(ours)}"] if ours else []
        parts = ["\n\n".join(lines)] if lines else []
        own = [f'{n} = find_op("{n}")' for n in theirs if n not in slopes]
        if own:
            parts.append("\n".join(own))
        for n in slopes:
            _, i, _, name = n.split("_", 3)
            rule = f'find_op("{name}").derivatives(*numbers)[{i}]'
            parts.append(f"\ndef {n}(*numbers):\n    return {rule}")
        return parts

    def _run(self, written: set[str]) -> str:
        p = self.program
        leaves = len(p.leaves)
        lines = [
            "def run(leaves, samples):",
            '    """Return the results of samples, and the gradient of the mean of the first."""',
            _longer("    U", "leaves", p.shared_rows - leaves),
        ]
        lines += [f"    U[{row}] = {number!r}" for row, number in sorted(p.constants.items())]
        lines += [f"    dU, results = [0.0] * {p.shared_rows}, []"]
        if "shared" in written:
            lines.append("    shared(U)")
        lines += [
            "    for sample in samples:",
            _longer("        V", "sample", p.lanes_rows - p.inputs),
        ]
        if "forward" in written:
            lines.append("        forward(U, V)")
        shown = ", ".join(f"{LETTER[table]}[{row}]" for table, row in p.results)
        lines.append(f"        results.append([{shown}])")
        table, row = p.results[0]
        if in_lanes(table):
            lines += [
                f"        dV = [0.0] * {p.lanes_rows}",
                f"        dV[{row}] = 1 / len(samples)",
            ]
            if "backward" in written:
                lines.append("        backward(U, V, dU, dV)")
        else:
            lines.append(f"    dU[{row}] = 1.0")
        if "backward_shared" in written:
            lines.append("    backward_shared(U, dU)")
        learning = p.learning
        if learning.all():
            answer = f"dU[:{leaves}]" if leaves < p.shared_rows else "dU"
        else:
            constant = [i for i, learns in enumerate(learning) if not learns]
            answer = f"[0.0 if i in {constant} else dU[i] for i in range({leaves})]"
        lines.append(f"    return results, {answer}")
        return "\n".join(lines)

    # ---------------------------------------------------------------- statements

    def _lines(self, s: Statement) -> list[str]:
        lines = [f"# {s}" + f"    [{' '.join(s.origin)}]" * bool(s.origin)]
        if s.reduce in ("pick", "scatter"):
            return lines + self._choice(s)
        if s.matrix is not None:
            return lines + self._matrix(s)
        rows, terms = len(s.target.rows), s.terms
        views = [s.target, *s.operands, *([] if s.start is None else [s.start])]
        if rows <= _FEW and _is_scattered(views):
            return lines + [self._assignment(_only(s, i), 1, terms) for i in range(rows)]
        if rows > 1:
            lines.append(f"for i in range({rows}):")
        return [*lines, "    " * (rows > 1) + self._assignment(s, rows, terms)]

    def _assignment(self, s: Statement, rows: int, terms: int) -> str:
        """Return the line that computes a row; ``i`` numbers it if there are several."""
        target = self._place(s.target)
        start = "" if s.start is None else self._place(s.start) + " + "
        if rows == 1 and 1 < terms <= _FEW and _is_scattered(s.operands):
            each = [
                self._expression(
                    s.expression, [f"{LETTER[x.table]}[{_row(x, k)}]" for x in s.operands]
                )
                for k in range(terms)
            ]
            value = f"max({', '.join(each)})" if s.reduce == "max" else " + ".join(each)
        else:
            value = self._expression(s.expression, [self._place(x) for x in s.operands])
            if terms > 1:
                function = "max" if s.reduce == "max" else "sum"
                value = f"{function}({value} for k in range({terms}))"
        return f"{target} {self._sign(s)} {start}{value}"

    def _matrix(self, s: Statement) -> list[str]:
        m = s.matrix
        assert m is not None
        (rows, terms), columns = m.left.shape, m.right.shape[1]
        loops = [(name, n) for name, n in (("i", rows), ("j", columns)) if n > 1]
        a, b = (LETTER[x.table] for x in s.operands)
        target = self._at(LETTER[s.target.table], m.target, ["i", "j"])
        left = self._at(a, m.left, ["i", "k"])
        right = self._at(b, m.right, ["k", "j"])
        value = f"{left} * {right}"
        if terms > 1:
            value = f"sum({value} for k in range({terms}))"
        if s.start is not None:
            start = s.start.rows.reshape(m.target.shape)
            value = f"{self._at(LETTER[s.start.table], start, ['i', 'j'])} + {value}"
        lines = [
            "    " * depth + f"for {name} in range({n}):" for depth, (name, n) in enumerate(loops)
        ]
        return [*lines, "    " * len(loops) + f"{target} {self._sign(s)} {value}"]

    def _choice(self, s: Statement) -> list[str]:
        index, values = s.operands
        candidates = values if s.reduce == "pick" else s.target
        self.called["pick"] = ops.pick_of
        self.from_math.add("floor")
        lines = []
        for i in range(len(candidates.rows)):
            own = candidates.rows[i].tolist()
            which = f"floor({LETTER[index.table]}[{_row(index, 0, i)}] + 0.5)"  # the nearest place
            if s.reduce == "pick":
                several = ", ".join(f"{LETTER[values.table]}[{row}]" for row in own)
                target = f"{LETTER[s.target.table]}[{int(s.target.rows[i])}]"
                lines.append(f"{target} {self._sign(s)} pick([{several}], {which})")
            else:
                place = f"{LETTER[s.target.table]}[pick({own}, {which})]"
                lines.append(f"{place} += {LETTER[values.table]}[{_row(values, 0, i)}]")
        return lines

    def _sign(self, s: Statement) -> str:
        return "+=" if s.adds or LETTER[s.target.table] == "dU" else "="

    # ---------------------------------------------------------------- places and expressions

    def _place(self, view: View) -> str:
        """Return what to write for a view: row i, and term k where it has several."""
        return self._at(LETTER[view.table], view.rows, "ik"[: view.rows.ndim])

    def _at(self, table: str, rows: Any, letters: Sequence[str]) -> str:
        letters = [x for x, length in zip(letters, rows.shape, strict=True) if length > 1]
        rows = rows.reshape([length for length in rows.shape if length > 1])
        steps = steps_of(rows)
        if steps is None:
            name = f"rows{len(self.tables)}"
            self.tables.append(f"{name} = {rows.tolist()}")
            return f"{table}[{name}{''.join(f'[{x}]' for x in letters)}]"
        first = int(rows.flat[0])
        parts = [str(first)] if first or not any(steps) else []
        for x, step in zip(letters, steps, strict=True):
            if step:
                parts.append(x if step == 1 else f"{step} * {x}")
        return f"{table}[{' + '.join(parts)}]"

    def _expression(self, x: Any, names: Sequence[str]) -> str:
        for inner in walk(x):
            op = inner.op
            if op and op.name not in ("add", "sub", "mul", "div", "neg", "power", "where", "abs"):
                self.called[op.name] = op

        def call(op: Op, inputs: Sequence[str]) -> str:
            if op is ops.where:  # what is not chosen may be undefined
                return "({1} if {0} else {2})".format(*inputs)
            return f"{op.name}({', '.join(inputs)})"

        return text_of(x, names, call) if isinstance(x, Expression) else repr(x)


def _longer(name: str, numbers: str, more: int) -> str:
    return f"{name} = [*{numbers}]" + f" + [0.0] * {more}" * bool(more)


def _is_scattered(views: Sequence[View]) -> bool:
    return any(steps_of(view.rows) is None for view in views)


def _parted(statements: Sequence[Statement]) -> tuple[list[Statement], list[Statement]]:
    """Return what is done once, and what is done for each sample."""
    once: list[Statement] = []
    each: list[Statement] = []
    for s in statements:
        gradient_of_all = s.origin == ("zero",) and not in_lanes(s.target.table)
        if not gradient_of_all:
            (each if in_lanes(s.target.table) or s.over_lanes else once).append(s)
    return once, each


def _only(s: Statement, i: int) -> Statement:
    """Return the statement for one of its rows."""
    from dataclasses import replace

    def row(view: View) -> View:
        return View(view.table, view.rows[i : i + 1])

    return replace(
        s,
        target=row(s.target),
        operands=tuple([row(x) for x in s.operands]),
        start=None if s.start is None else row(s.start),
    )


def _row(view: View, k: int, i: int = 0) -> int:
    """Return the row of term k, which is the same for all terms where there is only one."""
    return int(view.rows[i, k if view.rows.shape[1] > 1 else 0])
