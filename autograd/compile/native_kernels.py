"""How a statement becomes loops over vectors: maps and sums, products of matrices, choices.

A table of lanes has a line of numbers for each row, as long as the batch, filled up to whole
vectors. Statements about samples go along the lines; all others, and all where the batch is one
sample, go along the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np

from autograd import ops
from autograd.compile.chains import Chain, same_places
from autograd.compile.expressions import Expression, forward_of, may_hide, walk
from autograd.compile.native_code import Code, Loop, hexadecimal
from autograd.compile.numpy_backend import steps_of
from autograd.compile.program import (
    LANES,
    LANES_GRAD,
    SHARED,
    SHARED_GRAD,
    Matrix,
    Statement,
    View,
    in_lanes,
)

POINTER = {SHARED: "%U", SHARED_GRAD: "%dU", LANES: "%V", LANES_GRAD: "%dV"}
# The tables; S is scratch, R the address of each sample, F collects what is not finite.
ARGUMENTS = ", ".join(f"ptr noalias {name}" for name in (*POINTER.values(), "%S", "%R", "%F"))
_ARITHMETIC = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}
_MUCH = 32768  # multiplications of vectors in a product, from which more code for it pays
_UNROLLED = 4  # terms of a product in a round of its loop
_QUICK = {*_ARITHMETIC, "neg", "relu", "leaky_relu", "step", "sign", "maximum", "minimum", "where"}
_CALLS = {"exp", "log", "tanh", "sigmoid", "softplus"}
_INTRINSICS = {"sqrt": "sqrt", "sin": "sin", "cos": "cos", "abs": "fabs"}


class Writer:
    """Writes a function for each statement.

    Parameters
    ----------
    width : int
        Numbers in a vector.
    lanes : int
        Length of a line: 1, or a multiple of `width`.
    inputs : int
        How many numbers a sample has.
    callback : callable
        ``callback(op, inputs)`` gives the address of a C function for an operation that is no
        arithmetic.
    """

    def __init__(
        self, width: int, lanes: int, inputs: int, callback: Callable[[Any, int], int]
    ) -> None:
        self.width, self.lanes, self.inputs, self.callback = width, lanes, inputs, callback
        self.stride = apart(lanes)
        self.registers = 32 if width == 8 else 16
        self.constants: list[str] = []
        self.functions: list[str] = []
        self.scratch = 0
        self.code = Code(width)
        self._chain = Chain([], [])
        self._block = 0
        self._tables: dict[tuple[Any, bytes], str] = {}
        self._gates: dict[str, str] = {}  # of each step(x) that was written, its x
        self._lost = ""  # a vector that is nan where a number was not finite; or in memory, at F
        self._mask = ""  # of the vector that is being written: which entries count

    def function(self, chain: Chain) -> str:
        """Write a chain of statements as a function; return its name."""
        name, statement = f"@s{len(self.functions)}", chain.statements[0]
        self.code, self._chain = Code(self.width), chain
        views = (statement.target, *statement.operands)
        along_lanes = self.lanes > 1 and any(in_lanes(x.table) for x in views)
        if statement.reduce in ("pick", "scatter"):
            self._choice(statement, along_lanes)
        elif statement.matrix is None or not self._matrix(statement, along_lanes):
            (self._map_lanes if along_lanes else self._map_rows)(statement)
        body = "\n".join([*self.code.lines, "  ret void", "}"])
        title = "\n".join(f"; {s}" for s in chain.statements)
        self.functions.append(
            f"{title}\ndefine internal void {name}({ARGUMENTS}) nounwind noinline {{\n{body}"
        )
        return name

    # ---------------------------------------------------------------- addresses

    def _row(self, rows: Any, *place: str) -> str:
        """Return the row that stands at a place of an array of rows."""
        steps, c = steps_of(rows), self.code
        if steps is not None:
            terms = [c.times(p, step) for p, step in zip(place, steps, strict=True)]
            return c.add(int(rows.flat[0]), *terms)
        index = "0"
        for p, count in zip(place, rows.shape, strict=True):
            index = c.add(c.times(index, count), p if count > 1 else "0")
        address = c.at(self._table(rows), index, "i32")
        return c.let(f"sext i32 {c.let(f'load i32, ptr {address}, align 4')} to i64")

    def _table(self, rows: Any) -> str:
        """Return the name of a constant table of rows."""
        key = rows.shape, rows.tobytes()
        if key not in self._tables:
            name, flat = f"@n{len(self.constants)}", rows.ravel().tolist()
            inside = ", ".join(f"i32 {x}" for x in flat)
            self.constants.append(f"{name} = private constant [{len(flat)} x i32] [{inside}]")
            self._tables[key] = name
        return self._tables[key]

    def _address(self, table: str, row: str, lane: str = "0") -> str:
        c = self.code
        offset = c.add(c.times(row, self.stride), lane) if in_lanes(table) else row
        return c.at(POINTER[table], offset)

    def _line(self, view: View, i: str, k: str, lane: str) -> str:
        """Return a vector of a row's line, or of its one number."""
        c, rows = self.code, view.rows
        row = self._row(rows, i, k if rows.shape[1] > 1 else "0")
        if in_lanes(view.table):
            return c.load(self._address(view.table, row, lane))
        return c.spread(c.load(self._address(view.table, row), wide=False))

    # ---------------------------------------------------------------- expressions

    def value(self, x: Any, inputs: Sequence[str]) -> str:
        """Write an expression on vectors; return its name."""
        names: dict[int, str] = {}

        def name_of(y: Any) -> str:
            return names[id(y)] if isinstance(y, Expression) else self.code.literal(y)

        for y in walk(x):
            if y.op is None:
                names[id(y)] = inputs[y.inputs[0]]
            else:
                names[id(y)] = self._apply(y, [name_of(z) for z in y.inputs])
        return name_of(x)

    def _apply(self, x: Expression, inputs: list[str]) -> str:
        c, op = self.code, x.op
        assert op is not None
        name, zero, one = op.name, c.literal(0.0), c.literal(1.0)
        if op not in ops.built_in():
            return self._foreign(x, inputs)
        if op is ops.mul:  # a gate is quicker than a product
            for gate, other in ((0, 1), (1, 0)):
                y = x.inputs[gate]
                if isinstance(y, Expression) and y.op is ops.step:
                    inner = self._gates[inputs[gate]]
                    return c.choose(c.compare("ogt", inner, zero), inputs[other], zero)
        if name in _ARITHMETIC:
            return c.op(_ARITHMETIC[name], *inputs)
        if name in _CALLS:
            return c.call(f"@{name}", *inputs)
        if name in _INTRINSICS:
            return c.call(f"@llvm.{_INTRINSICS[name]}.v{self.width}f64", *inputs)
        first = inputs[0]
        if name == "neg":
            return c.let(f"fneg {c.vector} {first}")
        if name == "power":
            return self._power(first, inputs[1], x.inputs[1])
        if name == "relu":
            return c.choose(c.compare("ole", first, zero), zero, first)
        if name == "leaky_relu":
            below = c.op("fmul", inputs[1], first)
            return c.choose(c.compare("ogt", first, zero), first, below)
        if name == "step":
            out = c.choose(c.compare("ogt", first, zero), one, zero)
            self._gates[out] = first
            return out
        if name == "sign":
            below = c.choose(c.compare("olt", first, zero), c.literal(-1.0), zero)
            return c.choose(c.compare("ogt", first, zero), one, below)
        if name in ("maximum", "minimum"):
            better = c.compare("ogt" if name == "maximum" else "olt", *inputs)
            unknown = c.compare("uno", first, first)
            first_wins = c.let(f"or <{self.width} x i1> {better}, {unknown}")
            return c.choose(first_wins, *inputs)
        if name == "where":
            return c.choose(c.compare("une", first, zero), inputs[1], inputs[2])
        if name == "log_or_zero":
            at_zero = c.compare("oeq", first, zero)
            return c.choose(at_zero, zero, c.call("@log", first))
        return self._foreign(x, inputs)  # of many inputs, in a rule of the user

    def _foreign(self, x: Expression, inputs: list[str]) -> str:
        """Write an operation by its forward rule, or call that for each number."""
        inline = forward_of(x.op, x.inputs)  # type: ignore[arg-type]
        if inline is None:
            return self._called(x.op, inputs)
        given = set(map(id, x.inputs))
        seen = dict(zip(map(id, x.inputs), inputs, strict=True))
        out = self._inline(inline, seen)
        hiding = {id(z) for z in walk(inline) if may_hide(z, inline)} & seen.keys() - given
        if hiding:
            self._look([name for y, name in seen.items() if y in hiding])
        return out

    def _inline(self, x: Any, seen: dict[int, str]) -> str:
        """Write an expression whose leaves have been written."""
        if not isinstance(x, Expression):
            return self.code.literal(x)
        if id(x) not in seen:
            inputs = [self._inline(y, seen) for y in x.inputs]
            seen[id(x)] = self._apply(x, inputs)
        return seen[id(x)]

    def _power(self, x: str, y: str, exponent: Any) -> str:
        c = self.code
        if isinstance(exponent, float) and exponent in (1.0, 2.0, 3.0, 4.0):
            out = x
            for _ in range(int(exponent) - 1):
                out = c.op("fmul", out, x)
            return out
        if isinstance(exponent, float) and exponent in (-2.0, -1.0, -0.5, 0.5):
            out = x
            if exponent in (-0.5, 0.5):
                out = c.call(f"@llvm.sqrt.v{self.width}f64", x)
            elif exponent == -2.0:
                out = c.op("fmul", x, x)
            return c.op("fdiv", c.literal(1.0), out) if exponent < 0 else out
        return c.call(f"@llvm.pow.v{self.width}f64", x, y)

    def _called(self, op: Any, inputs: list[str]) -> str:
        """Call a C function for each number."""
        c, v = self.code, self.code.vector
        address = f"inttoptr (i64 {self.callback(op, len(inputs))} to ptr)"
        out = "poison"
        for j in range(self.width):
            numbers = [c.let(f"extractelement {v} {x}, i64 {j}") for x in inputs]
            given = ", ".join(f"double {x}" for x in numbers)
            number = c.let(f"call double {address}({given})")
            out = c.let(f"insertelement {v} {out}, double {number}, i64 {j}")
        return out

    def _look(self, values: Sequence[str]) -> None:
        """Note if a number is infinite or nan: times 0 that is nan, and stays it."""
        c = self.code
        if not values:
            return
        lost = c.op("fmul", values[0], c.literal(0.0), "")
        for value in values[1:]:
            lost = c.fma(value, c.literal(0.0), lost)
        if self._mask:
            lost = c.choose(self._mask, lost, c.literal(0.0))
        if self._lost:
            self._lost = c.op("fadd", self._lost, lost, "")
        else:
            c.store(c.op("fadd", c.load("%F"), lost, ""), "%F")

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Keep what was lost in a register in this block, and in memory at its end."""
        c = self.code
        self._lost = c.literal(0.0)
        yield
        lost, self._lost = self._lost, ""
        if lost != c.literal(0.0):
            c.store(c.op("fadd", c.load("%F"), lost, ""), "%F")

    @contextmanager
    def _loop(self, stop: int, *, start: int = 0, step: int = 1, carry: Any = ()) -> Iterator[Loop]:
        """Write a loop that also carries what was lost, if that is kept in a register."""
        c = self.code
        more = [(c.vector, self._lost)] if self._lost else []
        with c.loop(stop, start=start, step=step, carry=[*carry, *more]) as inner:
            loop = inner
            if self._lost:
                self._lost = inner.values[-1]
                loop = Loop(inner.index, inner.values[:-1])
            yield loop
            if self._lost:
                inner.results.extend([*loop.results, self._lost])
        if self._lost:
            self._lost = inner.results[-1]

    # ---------------------------------------------------------------- along the lines

    def _map_lanes(self, s: Statement) -> None:
        c = self.code
        if s.over_lanes:
            self._sum_over_lanes(s)
            return
        with self.looking():
            if self._is_flat(s):
                count = len(s.target.rows) * self.lanes // self.width
                self._blocks(count, lambda at: self._flat(s, at))
            else:
                with self._loop(len(s.target.rows)) as rows:
                    lines = self.lanes // self.width
                    self._blocks(lines, lambda at: self._along(s, rows.index, at))

    def _is_flat(self, s: Statement) -> bool:
        """Return whether all lines lie one after the other, in every operand."""
        one = len(s.target.rows) == 1
        alone = len(self._chain.statements) == 1 and s.terms == 1 and s.start is None
        if not alone or not (one or self.stride == self.lanes):
            return False

        def follows(view: View) -> bool:
            steps = steps_of(view.rows)
            return steps is not None and (one or steps[0] == int(in_lanes(view.table)))

        return all(map(follows, (s.target, *s.operands)))

    def _blocks(self, count: int, body: Callable[[list[str]], None]) -> None:
        """Call body with the offsets of a few vectors at a time, `count` in all."""
        c, w = self.code, self.width
        few = next((f for f in (4, 3, 2) if count % f == 0), min(4, count))
        whole = count // few * few
        with self._loop(whole * w, step=few * w) as loop:
            body([c.add(loop.index, j * w) for j in range(few)])
        if count > whole:
            with self._loop(count * w, start=whole * w, step=w) as loop:
                body([loop.index])

    def _flat(self, s: Statement, offsets: list[str]) -> None:
        c = self.code
        shared = {
            j: c.spread(c.load(self._address(x.table, str(x.rows.flat[0])), wide=False))
            for j, x in enumerate(s.operands)
            if not in_lanes(x.table)
        }
        watched = []
        for offset in offsets:
            inputs = [
                shared[j] if j in shared else self._line(x, "0", "0", offset)
                for j, x in enumerate(s.operands)
            ]
            watched += [inputs[j] for j in s.watches]
            self._finish(s, self.value(s.expression, inputs), "0", offset)
        if watched:
            self._look(watched)

    def _finish(self, s: Statement, out: str, i: str, lane: str) -> None:
        """Write a vector of the target's line."""
        c = self.code
        address = self._address(s.target.table, self._row(s.target.rows, i), lane)
        if s.guards:
            self._look([out])
        if s.adds:
            out = c.op("fadd", c.load(address), out)
        if self._chain.stored[0]:
            c.store(out, address)
        self._look(self._go_on(out, i, lane))

    def _go_on(self, out: str, i: str, lane: str) -> list[str]:
        """Write the rest of the chain for a vector of its head; return what to look at."""
        c, (head, *rest) = self.code, self._chain.statements
        made, watched = {same_places(head.target): out}, []
        for s, stored in zip(rest, self._chain.stored[1:], strict=True):
            inputs = [
                made.get(same_places(x)) or self._line(x, i, "0", lane) for x in s.operands
            ]
            out = self.value(s.expression, inputs)
            if s.start is not None:
                start = View(s.start.table, s.start.rows[:, None])
                out = c.op("fadd", made.get(same_places(start)) or self._line(start, i, "0", lane), out)
            watched += [*(inputs[j] for j in s.watches), *([out] if s.guards else [])]
            address = self._address(s.target.table, self._row(s.target.rows, i), lane)
            if s.adds:
                out = c.op("fadd", c.load(address), out)
            if stored:
                c.store(out, address)
            made[same_places(s.target)] = out
        return watched

    def _along(self, s: Statement, i: str, offsets: list[str]) -> None:
        """Write some vectors of one row."""
        c = self.code
        start = c.literal(0.0)
        if s.start is not None:
            column = View(s.start.table, s.start.rows[:, None])
            start = self._line(column, i, "0", offsets[0])
        if s.terms == 1:
            for lane in offsets:
                inputs = self._watched(s, [self._line(x, i, "0", lane) for x in s.operands])
                out = self.value(s.expression, inputs)
                if s.start is not None:
                    out = c.op("fadd", start, out)
                self._finish(s, out, i, lane)
            return
        first = c.literal(-np.inf) if s.reduce == "max" else start
        with self._loop(s.terms, carry=[(c.vector, first)] * len(offsets)) as loop:
            for total, lane in zip(loop.values, offsets, strict=True):
                lines = [self._line(x, i, loop.index, lane) for x in s.operands]
                inputs = self._watched(s, lines)
                loop.results.append(self._joined(s, total, self.value(s.expression, inputs)))
        for total, lane in zip(loop.results, offsets, strict=True):
            self._finish(s, total, i, lane)

    def _watched(self, s: Statement, inputs: list[str]) -> list[str]:
        """Return the operands; those that have to be looked at have been."""
        if s.watches:
            self._look([inputs[j] for j in s.watches])
        return inputs

    def _joined(self, s: Statement, total: str, x: str) -> str:
        c = self.code
        if s.reduce != "max":
            return c.op("fadd", total, x)
        return c.choose(c.compare("ogt", x, total), x, total)

    def _sum_over_lanes(self, s: Statement) -> None:
        """Sum an expression over terms and samples, for each row."""
        c, w, lines = self.code, self.width, self.lanes // self.width
        few = min(4, lines)
        whole = lines // few * few
        with c.loop(len(s.target.rows)) as rows:
            i = rows.index
            zeros = [(c.vector, c.literal(0.0))] * few
            with c.loop(s.terms, carry=zeros) as terms:

                def add(total: str, lane: str, k: str = terms.index, i: str = i) -> str:
                    inputs = [self._line(x, i, k, lane) for x in s.operands]
                    return c.op("fadd", total, self.value(s.expression, inputs))

                carry = [(c.vector, x) for x in terms.values]
                with c.loop(whole * w, step=few * w, carry=carry) as loop:
                    for j, total in enumerate(loop.values):
                        loop.results.append(add(total, c.add(loop.index, j * w)))
                totals = list(loop.results)
                for j in range(lines - whole):
                    totals[j] = add(totals[j], str((whole + j) * w))
                terms.results.extend(totals)
            self._store_number(s, self._all(terms.results), i)

    def _all(self, totals: list[str]) -> str:
        """Return the sum over some vectors, a number."""
        c = self.code
        while len(totals) > 1:
            pairs = [totals[j : j + 2] for j in range(0, len(totals), 2)]
            totals = [c.op("fadd", *pair) if len(pair) == 2 else pair[0] for pair in pairs]
        return c.sum_of(totals[0])

    def _store_number(self, s: Statement, number: str, *place: str) -> None:
        c = self.code
        rows = s.target.rows if len(place) == 1 or s.matrix is None else s.matrix.target
        address = self._address(s.target.table, self._row(rows, *place))
        if s.start is not None:
            start = self._address(s.start.table, self._row(s.start.rows, place[0]))
            number = c.let(f"fadd double {number}, {c.load(start, wide=False)}")
        if s.adds:
            number = c.let(f"fadd double {number}, {c.load(address, wide=False)}")
        c.store(number, address, wide=False)

    # ---------------------------------------------------------------- along the rows

    def _map_rows(self, s: Statement) -> None:
        c, n, w = self.code, len(s.target.rows), self.width
        self._block = self._block_of(s)
        if self._block:
            size = self._block
            with c.loop(n // size) as block:
                if size >= w:
                    with c.loop(size // w * w, step=w) as column:
                        self._row_vector(s, f"{block.index} {column.index}", w)
                if size % w:
                    self._row_vector(s, f"{block.index} {size // w * w}", size % w)
            return
        if self._is_scattered(s):
            with self._one_at_a_time(), c.loop(n) as rows:
                self._row_vector(s, rows.index, 1)
            return
        if s.terms >= w and self._terms_follow(s) and s.reduce == "sum":
            with c.loop(n) as rows:
                self._store_number(s, self._sum_along_terms(s, rows.index), rows.index)
            return
        if n >= w:
            with c.loop(n // w * w, step=w) as rows:
                self._row_vector(s, rows.index, w)
        if n % w:
            self._row_vector(s, str(n // w * w), n % w)

    def _block_of(self, s: Statement) -> int:
        """Return how many rows follow in every view before it begins anew; 0 if there is no such.

        As where a matrix is scaled row by row: one number for all of a row, or a row for all.
        """
        n = len(s.target.rows)
        views = [s.target.rows[:, None], *(x.rows for x in s.operands)]
        if s.start is not None:
            views.append(s.start.rows[:, None])
        if all(self._follows(rows) for rows in views):
            return 0
        for size in sorted({_run(rows[:, 0]) for rows in views}, reverse=True):
            if size * 2 < self.width or n % size or size == n:
                continue
            steps = [steps_of(rows.reshape(n // size, size, -1)) for rows in views]
            if steps[0] is None or steps[0][1] != 1:
                continue
            if all(x is not None and x[1] in (0, 1) for x in steps):
                return size
        return 0

    def _is_scattered(self, s: Statement) -> bool:
        """Return whether vectors would have to be put together number by number, for little."""
        views = [View(s.target.table, s.target.rows[:, None]), *s.operands]
        if s.start is not None:
            views.append(View(s.start.table, s.start.rows[:, None]))
        loose = [x for x in views if len(x.rows) > 1 and not self._follows(x.rows)]
        plain = all(x.op is None or x.op.name in _QUICK for x in walk(s.expression))
        return bool(loose) and plain

    def _follows(self, rows: Any) -> bool:
        steps = steps_of(rows)
        return steps is not None and steps[0] in (0, 1)

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """Let a vector have one number only in this block."""
        c, width, vector = self.code, self.width, self.code.vector
        self.width = c.width = 1
        c.vector = "<1 x double>"
        try:
            yield
        finally:
            self.width = c.width = width
            c.vector = vector

    def _terms_follow(self, s: Statement) -> bool:
        """Return whether vectors lie better along the terms of a sum than along the rows."""
        if s.guards or s.watches:
            return False
        steps = [steps_of(x.rows) for x in s.operands]
        terms = all(x is not None and x[1] in (0, 1) for x in steps)
        rows = len(s.target.rows) >= self.width
        return terms and not (rows and all(x is not None and x[0] in (0, 1) for x in steps))

    def _sum_along_terms(self, s: Statement, i: str) -> str:
        c, w, count = self.code, self.width, s.terms

        def part(k: str, mask: str = "") -> str:
            inputs = []
            for x in s.operands:
                term = k if x.rows.shape[1] > 1 else "0"
                address = self._address(x.table, self._row(x.rows, i, term))
                if x.rows.shape[1] > 1 and steps_of(x.rows)[1] == 1:  # type: ignore[index]
                    inputs.append(c.load(address, mask=mask))
                else:
                    inputs.append(c.spread(c.load(address, wide=False)))
            self._mask = mask
            out = self.value(s.expression, inputs)
            self._mask = ""
            return c.choose(mask, out, c.literal(0.0)) if mask else out

        few = 4 if count >= 4 * w else 1
        whole = count // (few * w) * few * w
        with c.loop(whole, step=few * w, carry=[(c.vector, c.literal(0.0))] * few) as loop:
            for j, total in enumerate(loop.values):
                loop.results.append(c.op("fadd", total, part(c.add(loop.index, j * w))))
        totals = list(loop.results)
        for k in range(whole, count, w):
            mask = "" if count - k >= w else c.mask(count - k)
            totals[0] = c.op("fadd", totals[0], part(str(k), mask))
        return self._all(totals)

    def _row_vector(self, s: Statement, i: str, count: int) -> None:
        """Write the target's rows i to i + count, at most a vector of them."""
        c = self.code
        self._mask = mask = "" if count == self.width else c.mask(count)
        first = c.literal(0.0)
        if s.start is not None:
            first = self._rows(View(s.start.table, s.start.rows[:, None]), i, "0", count)
        if s.terms == 1:
            inputs = self._watched(s, [self._rows(x, i, "0", count) for x in s.operands])
            out = self.value(s.expression, inputs)
            if s.start is not None:
                out = c.op("fadd", first, out)
        else:
            first = c.literal(-np.inf) if s.reduce == "max" else first
            with c.loop(s.terms, carry=[(c.vector, first)]) as loop:
                rows = [self._rows(x, i, loop.index, count) for x in s.operands]
                inputs = self._watched(s, rows)
                value = self.value(s.expression, inputs)
                loop.results.append(self._joined(s, loop.values[0], value))
            out = loop.results[0]
        if s.guards:
            self._look([out])
        self._mask = ""
        target = View(s.target.table, s.target.rows[:, None])
        if s.adds:
            out = c.op("fadd", self._rows(target, i, "0", count), out)
        if " " in i:
            block, column = i.split()
            parts = target.rows.reshape(-1, self._block)
            address = self._address(target.table, self._row(parts, block, column))
            c.store(out, address, mask=mask)
            return
        if self.width == 1 or self._one_by_one(target.rows):
            c.store(out, self._address(target.table, self._row(target.rows, i, "0")), mask=mask)
            return
        for j in range(count):
            address = self._address(target.table, self._row(target.rows, c.add(i, j), "0"))
            number = c.let(f"extractelement {c.vector} {out}, i64 {j}")
            c.store(number, address, wide=False)

    def _one_by_one(self, rows: Any) -> bool:
        steps = steps_of(rows)
        return steps is not None and steps[0] == 1

    def _rows(self, view: View, i: str, k: str, count: int) -> str:
        """Return a vector of the numbers in some rows, one after the other."""
        c, rows = self.code, view.rows
        k = k if rows.shape[1] > 1 else "0"
        if self.width == 1:
            return c.load(self._address(view.table, self._row(rows, i, k)))
        if " " in i:
            block, column = i.split()
            parts = rows.reshape(len(rows) // self._block, self._block, -1)
            address = self._address(view.table, self._row(parts, block, column, k))
            if steps_of(parts)[1] == 0:  # type: ignore[index]
                return c.spread(c.load(address, wide=False))
            return c.load(address, mask="" if count == self.width else c.mask(count))
        steps = steps_of(rows)
        if steps is not None and steps[0] == 1 and len(rows) > 1:
            mask = "" if count == self.width else c.mask(count)
            return c.load(self._address(view.table, self._row(rows, i, k)), mask=mask)
        if len(rows) == 1 or (steps is not None and steps[0] == 0):
            return c.spread(c.load(self._address(view.table, self._row(rows, i, k)), wide=False))
        out = c.literal(0.0)
        for j in range(count):
            address = self._address(view.table, self._row(rows, c.add(i, j), k))
            number = c.load(address, wide=False)
            out = c.let(f"insertelement {c.vector} {out}, double {number}, i64 {j}")
        return out

    # ---------------------------------------------------------------- products of matrices

    def _matrix(self, s: Statement, along_lanes: bool) -> bool:
        """Write a product of matrices; return False if it lies too scattered for that."""
        m, c = s.matrix, self.code
        assert m is not None
        left, right = (x.table for x in s.operands)
        rows, columns = m.target.shape
        if along_lanes and s.over_lanes:
            return self._matrix_over_lanes(s)
        length = self.stride if along_lanes else 1
        target_steps = steps_of(m.target)
        if not along_lanes and s.start is None and target_steps and target_steps[0] == 1 < columns:
            # Z lies turned, and so must its factors: Zᵀ = Bᵀ Aᵀ
            m, left, right = Matrix(m.right.T, m.left.T, m.target.T), right, left
            rows, columns, target_steps = columns, rows, target_steps[::-1]
        if target_steps is None or (columns > 1 and target_steps[1] != 1):
            return False
        if not along_lanes and columns * 2 < self.width:
            return False
        start = None
        if s.start is not None:
            start_rows = s.start.rows.reshape(rows, columns)
            if (start_rows != start_rows[:, :1]).any():
                return False
            first, table = start_rows[:, 0], s.start.table

            def start(r: str) -> str:
                return c.spread(c.load(self._address(table, self._row(first, r)), wide=False))

        right_steps = steps_of(m.right)
        if right_steps is not None and (columns == 1 or right_steps[1] == 1):
            base, stride = POINTER[right], right_steps[0] * length
            origin = int(m.right[0, 0]) * length
        elif not along_lanes:
            base, origin, stride = "%S", 0, -(-columns // self.width) * self.width
            self._pack(right, m.right, stride)
        else:
            return False

        def b(terms: Sequence[str], offset: str) -> str:
            return c.at(base, c.add(origin, c.times(terms[0], stride), offset))

        def a(r: str, terms: Sequence[str]) -> str:
            return self._address(left, self._row(m.left, r, terms[0]))

        def target(r: str, offset: str) -> str:
            step = target_steps[0] * length
            place = c.add(int(m.target[0, 0]) * length, c.times(r, step), offset)
            return c.at(POINTER[s.target.table], place)

        wide = (columns - 1) * length + (self.lanes if along_lanes else 1)
        with self.looking():
            self._product(rows, wide, [len(m.right)], a, b, target, start, s.adds)
        return True

    def _pack(self, table: str, rows: Any, stride: int) -> None:
        """Copy numbers (K, C) to scratch, C of them one after the other."""
        c = self.code
        self.scratch = max(self.scratch, len(rows) * stride)
        with c.loop(len(rows)) as k, c.loop(rows.shape[1]) as j:
            number = c.load(self._address(table, self._row(rows, k.index, j.index)), wide=False)
            c.store(number, c.at("%S", c.add(c.times(k.index, stride), j.index)), wide=False)

    def _matrix_over_lanes(self, s: Statement) -> bool:
        m, c = s.matrix, self.code
        assert m is not None
        left, right = (x.table for x in s.operands)
        rows, columns = m.target.shape
        target_steps = steps_of(m.target)
        if columns < 4 or target_steps is None or target_steps[1] != 1:
            self._dots(s)
            return True
        terms, lanes = len(m.right), self.lanes

        def a(r: str, place: Sequence[str]) -> str:
            return self._address(left, self._row(m.left, r, place[0]), place[1])

        right_steps = steps_of(m.right)
        first = int(m.right[0, 0])
        direct = right_steps is not None and right_steps[1] == 1 and terms == 1
        if direct and right == LANES and first + columns <= self.inputs:

            def b(place: Sequence[str], offset: str) -> str:  # the samples lie as they are needed
                sample = c.let(f"load ptr, ptr {c.at('%R', place[1], 'ptr')}, align 8")
                return c.at(sample, c.add(first, offset))
        else:
            stride = apart(-(-columns // self.width) * self.width)
            self.scratch = max(self.scratch, terms * lanes * stride)
            self._turn(right, m.right, stride)

            def b(place: Sequence[str], offset: str) -> str:
                line = c.add(c.times(place[0], lanes * stride), c.times(place[1], stride))
                return c.at("%S", c.add(line, offset))

        def target(r: str, offset: str) -> str:
            place = c.add(int(m.target[0, 0]), c.times(r, target_steps[0]), offset)
            return c.at(POINTER[s.target.table], place)

        self._product(rows, columns, [terms, lanes], a, b, target, None, s.adds)
        return True

    def _turn(self, table: str, rows: Any, stride: int) -> None:
        """Copy the lines of rows (K, C) to scratch so that C numbers of a sample lie together."""
        c, w, lanes = self.code, self.width, self.lanes
        steps = steps_of(rows)
        with c.loop(len(rows)) as k:
            if steps is None:
                with c.loop(rows.shape[1]) as j, c.loop(lanes) as lane:
                    row = self._row(rows, k.index, j.index)
                    number = c.load(self._address(table, row, lane.index), wide=False)
                    line = c.add(c.times(k.index, lanes * stride), c.times(lane.index, stride))
                    c.store(number, c.at("%S", c.add(line, j.index)), wide=False)
                return
            with c.loop(stride, step=w) as j, c.loop(lanes, step=w) as lane:
                row = self._row(rows, k.index, j.index)
                source = self._address(table, row, lane.index)
                line = c.add(c.times(k.index, lanes * stride), c.times(lane.index, stride))
                place = c.at("%S", c.add(line, j.index))
                c.emit(
                    f"call void @turn(ptr {source}, i64 {steps[1] * self.stride}, ptr {place}, "
                    f"i64 {stride})"
                )

    def _dots(self, s: Statement) -> None:
        """Write a product of matrices over lanes as scalar products, for few columns."""
        m, c, w = s.matrix, self.code, self.width
        assert m is not None
        left, right = (x.table for x in s.operands)
        rows, columns = m.target.shape
        across = min(columns, 4)
        down = max(1, min(rows, (self.registers - 8) // across, 6))

        def line_of(table: str, rows: Any, i: str, j: str, lane: str) -> str:
            return c.load(self._address(table, self._row(rows, i, j), lane))

        def tile(r0: str, c0: str, height: int, breadth: int) -> None:
            zeros = [(c.vector, c.literal(0.0))] * (height * breadth)
            with c.loop(len(m.right), carry=zeros) as k:
                carry = [(c.vector, x) for x in k.values]
                with c.loop(self.lanes, step=w, carry=carry) as lane:
                    line = [
                        line_of(left, m.left, c.add(r0, r), k.index, lane.index)
                        for r in range(height)
                    ]
                    other = [
                        line_of(right, m.right, k.index, c.add(c0, j), lane.index)
                        for j in range(breadth)
                    ]
                    for number, total in enumerate(lane.values):
                        x, y = line[number // breadth], other[number % breadth]
                        lane.results.append(c.fma(x, y, total))
                k.results.extend(lane.results)
            for number, total in enumerate(k.results):
                place = c.add(r0, number // breadth), c.add(c0, number % breadth)
                self._store_number(s, c.sum_of(total), *place)

        def bands(c0: str, breadth: int) -> None:
            if rows >= down:
                with c.loop(rows // down * down, step=down) as r:
                    tile(r.index, c0, down, breadth)
            if rows % down:
                tile(str(rows // down * down), c0, rows % down, breadth)

        if columns >= across:
            with c.loop(columns // across * across, step=across) as j:
                bands(j.index, across)
        if columns % across:
            bands(str(columns // across * across), columns % across)

    def _product(
        self,
        rows: int,
        columns: int,
        terms: Sequence[int],
        a: Callable[[str, Sequence[str]], str],
        b: Callable[[Sequence[str], str], str],
        target: Callable[[str, str], str],
        start: Callable[[str], str] | None,
        adds: bool,
    ) -> None:
        """Write Z[r, j] = start[r] + Σ a[r, t] · b[t, j], a tile of Z in registers at a time.

        Parameters
        ----------
        rows, columns : int
            The size of Z.
        terms : sequence of int
            The counts of one loop or two, over t.
        a, b, target : callable
            Give addresses: of a number, and of vectors along j.
        start : callable or None
            Gives a vector of the number that row r starts from.
        adds : bool
            Whether Z is added to.
        """
        c, w = self.code, self.width
        whole, left_over = divmod(columns, w)
        parts: list[tuple[int, int, int, str]] = []  # first vector, blocks, vectors in each, mask
        if whole:
            most = 5 if self.registers == 32 else 3
            few = _divisor(whole, most)
            blocks = whole // few if few else -(-whole // most)
            few, more = divmod(whole, blocks)
            if more:
                parts.append((0, more, few + 1, ""))
            parts.append((more * (few + 1), blocks - more, few, ""))
        if left_over:
            parts.append((whole, 1, 1, c.mask(left_over)))
        for first, blocks, across, mask in parts:
            with self._loop(first * w + blocks * across * w, start=first * w, step=across * w) as j:
                tile = (across, mask, terms, a, b, target, start, adds)
                work = rows * blocks * across * prod(terms)
                for begin, count, down in self._bands(rows, across, work):
                    with self._loop(begin + count * down, start=begin, step=down) as r:
                        self._tile(r.index, j.index, down, *tile)

    def _bands(self, rows: int, across: int, work: int) -> list[tuple[int, int, int]]:
        """Return how rows are shared out to tiles that fit the registers, nearly equal in height.

        Each entry has its first row, how many tiles, and their height. Where there is much work,
        higher tiles are worth the code for two heights.
        """
        most = max(1, min((self.registers - across - 1) // across, 8))
        height = _divisor(rows, most)
        if height and (height >= most - 1 or work < _MUCH):
            return [(0, rows // height, height)]
        tiles = -(-rows // most)
        height, higher = divmod(rows, tiles)
        bands = [(0, higher, height + 1)] if higher else []
        return [*bands, (higher * (height + 1), tiles - higher, height)]

    def _tile(
        self,
        r0: str,
        j0: str,
        down: int,
        across: int,
        mask: str,
        terms: Sequence[int],
        a: Any,
        b: Any,
        target: Any,
        start: Any,
        adds: bool,
    ) -> None:
        c, w = self.code, self.width
        rows = [c.add(r0, r) for r in range(down)]
        offsets = [c.add(j0, q * w) for q in range(across)]
        firsts = []
        for row in rows:
            begin = start(row) if start else c.literal(0.0)
            for offset in offsets:
                old = c.load(target(row, offset), mask=mask) if adds else begin
                firsts.append(c.op("fadd", old, begin) if adds and start else old)
        split = 1  # a small tile takes several terms at once, so that none waits for the last
        while down * across * split < 8 and terms[-1] % (2 * split) == 0:
            split *= 2
        zeros = [c.literal(0.0)] * (len(firsts) * (split - 1))
        carry = [(c.vector, x) for x in firsts + zeros]
        totals = self._terms(terms, [], carry, split, rows, offsets, mask, a, b)
        size = len(firsts)
        while len(totals) > size:
            half = len(totals) // 2
            pairs = zip(totals[:half], totals[half:], strict=True)
            totals = [c.op("fadd", x, y) for x, y in pairs]
        watched = []
        for number, total in enumerate(totals):
            row, offset = rows[number // across], offsets[number % across]
            if self._chain.stored[0]:
                c.store(total, target(row, offset), mask=mask)
            watched += self._go_on(total, row, offset)
        self._look(watched)

    def _terms(
        self,
        terms: Sequence[int],
        outer: list[str],
        carry: list[tuple[str, str]],
        split: int,
        rows: list[str],
        offsets: list[str],
        mask: str,
        a: Any,
        b: Any,
    ) -> list[str]:
        """Write the loops over terms; return the totals."""
        c = self.code
        if len(terms) > 1:
            with c.loop(terms[0], carry=carry) as loop:
                inner = [(c.vector, x) for x in loop.values]
                place = [*outer, loop.index]
                loop.results.extend(
                    self._terms(terms[1:], place, inner, split, rows, offsets, mask, a, b)
                )
            return loop.results
        long = self.lanes > 1 and terms[0] % _UNROLLED == 0
        again = _UNROLLED if long and split == 1 else 1
        with c.loop(terms[0], step=split * again, carry=carry) as loop:
            size = len(rows) * len(offsets)
            totals = list(loop.values)
            for part in range(split * again):
                place = [*outer, c.add(loop.index, part)]
                lines = [c.load(b(place, offset), mask=mask) for offset in offsets]
                for r, row in enumerate(rows):
                    number = c.spread(c.load(a(row, place), wide=False))
                    for q, line in enumerate(lines):
                        at = (part % split) * size + r * len(offsets) + q
                        totals[at] = c.fma(number, line, totals[at])
            loop.results.extend(totals)
        return loop.results

    # ---------------------------------------------------------------- choices

    def _choice(self, s: Statement, along_lanes: bool) -> None:
        """Write a pick, or a scatter, number by number."""
        c = self.code
        index, values = s.operands
        candidates = values if s.reduce == "pick" else s.target
        count = candidates.rows.shape[1]
        if s.watches:
            with (
                c.loop(len(values.rows)) as i,
                c.loop(count) as term,
                c.loop(self.lanes if along_lanes else 1, step=self.width) as lane,
            ):
                if along_lanes:
                    self._look([self._line(values, i.index, term.index, lane.index)])
                else:
                    self._look([self._rows(values, i.index, term.index, 1)])
        with c.loop(len(index.rows)) as i, c.loop(self.lanes if along_lanes else 1) as lane:

            def number(view: View, i: str = i.index, lane: str = lane.index) -> str:
                rows = view.rows if view.rows.ndim == 1 else view.rows[:, 0]
                return self._address(view.table, self._row(rows, i), lane)

            x = c.load(number(index), wide=False)
            x = c.let(f"fadd double {x}, {hexadecimal(0.5)}")  # the nearest whole number is meant
            low = c.let(f"fcmp oge double {x}, {hexadecimal(0.0)}")
            high = c.let(f"fcmp olt double {x}, {hexadecimal(count)}")
            inside = c.let(f"and i1 {low}, {high}")
            safe = c.let(f"select i1 {inside}, double {x}, double 0.0")
            k = c.let(f"fptosi double {safe} to i64")
            lost = c.let(f"select i1 {inside}, double 0.0, double {hexadecimal(float('nan'))}")
            flag = c.let(f"fadd double {c.load('%F', wide=False)}, {lost}")
            c.store(flag, "%F", wide=False)
            row = self._row(candidates.rows, i.index, k)
            place = self._address(candidates.table, row, lane.index)
            if s.reduce == "pick":
                out = c.load(place, wide=False)
                if s.adds:
                    out = c.let(f"fadd double {out}, {c.load(number(s.target), wide=False)}")
                c.store(out, number(s.target), wide=False)
            else:
                upstream = c.load(number(values), wide=False)
                old = c.load(place, wide=False)
                c.store(c.let(f"fadd double {old}, {upstream}"), place, wide=False)


def apart(count: int) -> int:
    """Return how far apart lines of so many numbers are laid.

    Lines a multiple of 512 bytes apart would share few places of the processor's cache.
    """
    return count if count % 64 else count + 8


def _run(rows: Any) -> int:
    """Return how many rows come before their step changes."""
    steps = np.diff(rows)
    changes = np.flatnonzero(steps != steps[:1])
    return int(changes[0]) + 1 if len(changes) else len(rows)


def _divisor(count: int, most: int) -> int:
    """Return the largest divisor from most / 2 to most, or 0: equal parts need less code."""
    return next((d for d in range(most, most // 2, -1) if count % d == 0), 0)


def turning(width: int) -> str:
    """Return the function @turn, which turns a square of numbers, rows to columns."""
    c = Code(width)
    rows = [c.at("%from", c.let(f"mul i64 %step, {i}")) for i in range(width)]
    for i, column in enumerate(columns_of(c, rows)):
        c.store(column, c.at("%to", c.let(f"mul i64 %other, {i}")))
    head = "define internal void @turn(ptr %from, i64 %step, ptr %to, i64 %other) nounwind {"
    return "\n".join([head, *c.lines, "  ret void", "}"])


def columns_of(c: Code, rows: Sequence[str]) -> list[str]:
    """Return the columns of a square of numbers whose rows begin at these addresses.

    Rows i and i + w/2 are put into one vector, half by half, as they are loaded; what is left to
    exchange then are numbers at most w/4 apart.
    """
    w, half = c.width, c.width // 2
    kind = f"<{half} x double>"
    both = ", ".join(f"i32 {j}" for j in range(w))

    def joined(i: int, offset: int) -> str:
        parts = [
            c.let(f"load {kind}, ptr {c.at(rows[k], offset)}, align 8") for k in (i, i + half)
        ]
        x, y = parts
        return c.let(f"shufflevector {kind} {x}, {kind} {y}, <{w} x i32> <{both}>")

    columns = [joined(i, offset) for offset in (0, half) for i in range(half)]
    distance = 1
    while distance < half:
        for i in range(w):
            if i & distance:
                continue
            x, y = columns[i], columns[i | distance]
            low = [j if not j & distance else w + j - distance for j in range(w)]
            high = [j + distance if not j & distance else w + j for j in range(w)]
            for place, order in ((i, low), (i | distance, high)):
                mask = ", ".join(f"i32 {j}" for j in order)
                columns[place] = c.let(
                    f"shufflevector {c.vector} {x}, {c.vector} {y}, <{w} x i32> <{mask}>"
                )
        distance *= 2
    return columns
