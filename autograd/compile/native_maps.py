"""How maps and sums are written, along the samples or along the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd.compile.chains import same_places
from autograd.compile.expressions import walk
from autograd.compile.native_writer import ARITHMETIC, ExpressionWriter
from autograd.compile.program import Statement, View, in_lanes, steps_of

_QUICK = {*ARITHMETIC, "neg", "relu", "leaky_relu", "step", "sign", "maximum", "minimum", "where"}


class MapWriter(ExpressionWriter):
    """Writes statements that are neither a product of matrices nor a choice."""

    # ---------------------------------------------------------------- along the lines

    def _map_lanes(self, s: Statement) -> None:
        if s.over_lanes:
            self._sum_over_lanes(s)
            return
        with self.looking():
            if self._is_flat(s):
                count = len(s.target.rows) * self.lanes // self.width
                self._blocks(count, lambda at: self._flat(s, at))
            else:
                with self.loop(len(s.target.rows)) as rows:
                    lines = self.lanes // self.width
                    self._blocks(lines, lambda at: self._along(s, rows.index, at))

    def _is_flat(self, s: Statement) -> bool:
        """Return whether all lines lie one after the other, in every operand."""
        one = len(s.target.rows) == 1
        alone = len(self.chain.statements) == 1 and s.terms == 1 and s.start is None
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
        with self.loop(whole * w, step=few * w) as loop:
            body([c.add(loop.index, j * w) for j in range(few)])
        if count > whole:
            with self.loop(count * w, start=whole * w, step=w) as loop:
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
            self.look(watched)

    def _finish(self, s: Statement, out: str, i: str, lane: str) -> None:
        """Write a vector of the target's line."""
        c = self.code
        address = self._address(s.target.table, self.row_at(s.target.rows, i), lane)
        if s.guards:
            self.look([out])
        if s.adds:
            out = c.op("fadd", c.load(address), out)
        if self.chain.stored[0]:
            c.store(out, address)
        self.look(self._go_on(out, i, lane))

    def _go_on(self, out: str, i: str, lane: str) -> list[str]:
        """Write the rest of the chain for a vector of its head; return what to look at."""
        c, (head, *rest) = self.code, self.chain.statements
        made, watched = {same_places(head.target): out}, []
        for s, stored in zip(rest, self.chain.stored[1:], strict=True):
            inputs = [made.get(same_places(x)) or self._line(x, i, "0", lane) for x in s.operands]
            out = self.value(s.expression, inputs)
            if s.start is not None:
                start = View(s.start.table, s.start.rows[:, None])
                out = c.op(
                    "fadd", made.get(same_places(start)) or self._line(start, i, "0", lane), out
                )
            watched += [*(inputs[j] for j in s.watches), *([out] if s.guards else [])]
            address = self._address(s.target.table, self.row_at(s.target.rows, i), lane)
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
        with self.loop(s.terms, carry=[(c.vector, first)] * len(offsets)) as loop:
            for total, lane in zip(loop.values, offsets, strict=True):
                lines = [self._line(x, i, loop.index, lane) for x in s.operands]
                inputs = self._watched(s, lines)
                loop.results.append(self._joined(s, total, self.value(s.expression, inputs)))
        for total, lane in zip(loop.results, offsets, strict=True):
            self._finish(s, total, i, lane)

    def _watched(self, s: Statement, inputs: list[str]) -> list[str]:
        """Return the operands; those that have to be looked at have been."""
        if s.watches:
            self.look([inputs[j] for j in s.watches])
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
            self._store_number(s, c.sum_of(c.total(terms.results)), i)

    def _store_number(self, s: Statement, number: str, *place: str) -> None:
        c = self.code
        rows = s.target.rows if len(place) == 1 or s.matrix is None else s.matrix.target
        address = self._address(s.target.table, self.row_at(rows, *place))
        if s.start is not None:
            start = self._address(s.start.table, self.row_at(s.start.rows, place[0]))
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
                address = self._address(x.table, self.row_at(x.rows, i, term))
                steps = steps_of(x.rows)
                assert steps is not None
                if len(steps) > 1 and steps[1] == 1:
                    inputs.append(c.load(address, mask=mask))
                else:
                    inputs.append(c.spread(c.load(address, wide=False)))
            self.mask = mask
            out = self.value(s.expression, inputs)
            self.mask = ""
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
        return c.sum_of(c.total(totals))

    def _row_vector(self, s: Statement, i: str, count: int) -> None:
        """Write the target's rows i to i + count, at most a vector of them."""
        c = self.code
        self.mask = mask = "" if count == self.width else c.mask(count)
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
            self.look([out])
        self.mask = ""
        target = View(s.target.table, s.target.rows[:, None])
        if s.adds:
            out = c.op("fadd", self._rows(target, i, "0", count), out)
        if " " in i:
            block, column = i.split()
            parts = target.rows.reshape(-1, self._block)
            address = self._address(target.table, self.row_at(parts, block, column))
            c.store(out, address, mask=mask)
            return
        if self.width == 1 or self._one_by_one(target.rows):
            c.store(out, self._address(target.table, self.row_at(target.rows, i, "0")), mask=mask)
            return
        for j in range(count):
            address = self._address(target.table, self.row_at(target.rows, c.add(i, j), "0"))
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
            return c.load(self._address(view.table, self.row_at(rows, i, k)))
        if " " in i:
            block, column = i.split()
            parts = rows.reshape(len(rows) // self._block, self._block, -1)
            address = self._address(view.table, self.row_at(parts, block, column, k))
            steps = steps_of(parts)
            assert steps is not None
            if steps[1] == 0:
                return c.spread(c.load(address, wide=False))
            return c.load(address, mask="" if count == self.width else c.mask(count))
        steps = steps_of(rows)
        if steps is not None and steps[0] == 1 and len(rows) > 1:
            mask = "" if count == self.width else c.mask(count)
            return c.load(self._address(view.table, self.row_at(rows, i, k)), mask=mask)
        if len(rows) == 1 or (steps is not None and steps[0] == 0):
            return c.spread(c.load(self._address(view.table, self.row_at(rows, i, k)), wide=False))
        out = c.literal(0.0)
        for j in range(count):
            address = self._address(view.table, self.row_at(rows, c.add(i, j), k))
            number = c.load(address, wide=False)
            out = c.let(f"insertelement {c.vector} {out}, double {number}, i64 {j}")
        return out


def _run(rows: Any) -> int:
    """Return how many rows come before their step changes."""
    steps = np.diff(rows)
    changes = np.flatnonzero(steps != steps[:1])
    return int(changes[0]) + 1 if len(changes) else len(rows)
