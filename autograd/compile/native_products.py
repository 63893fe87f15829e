"""How products of matrices are written: a tile of the result in registers at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from autograd.compile.native_code import Code
from autograd.compile.native_maps import MapWriter
from autograd.compile.native_writer import POINTER, SLACK, apart
from autograd.compile.program import LANES, Matrix, Statement, steps_of

_MUCH = 8192  # multiplications of vectors in a product, from which tiles of two sizes pay
_UNROLLED = 4  # terms of a product in a round of its loop


@dataclass(frozen=True, slots=True)
class Product:
    """Z[r, j] = start[r] + Σ a[r, t] · b[t, j], by the addresses of its numbers.

    Attributes
    ----------
    rows, columns : int
        The size of Z.
    terms : sequence of int
        The counts of one loop or two, over t.
    a, b : callable
        Give addresses: of a number, and of a vector along j.
    table : str
        Where Z is.
    place : callable
        Gives the place in the table of a vector along j.
    start : callable or None
        Gives a vector of the number that row r starts from.
    adds : bool
        Whether Z is added to.
    """

    rows: int
    columns: int
    terms: Sequence[int]
    a: Callable[[str, Sequence[str]], str]
    b: Callable[[Sequence[str], str], str]
    table: str
    place: Callable[[str, str], str]
    start: Callable[[str], str] | None
    adds: bool


class ProductWriter(MapWriter):
    """Writes products of matrices."""

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
                return c.spread(c.load(self._address(table, self.row_at(first, r)), wide=False))

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
            return self._address(left, self.row_at(m.left, r, terms[0]))

        def place(r: str, offset: str) -> str:
            step = target_steps[0] * length
            return c.add(int(m.target[0, 0]) * length, c.times(r, step), offset)

        wide = (columns - 1) * length + (self.lanes if along_lanes else 1)
        with self.looking():
            self._product(
                Product(rows, wide, [len(m.right)], a, b, s.target.table, place, start, s.adds)
            )
        return True

    def _pack(self, table: str, rows: Any, stride: int) -> None:
        """Copy numbers (K, C) to scratch, C of them one after the other."""
        c = self.code
        self.scratch = max(self.scratch, len(rows) * stride)
        with c.loop(len(rows)) as k, c.loop(rows.shape[1]) as j:
            number = c.load(self._address(table, self.row_at(rows, k.index, j.index)), wide=False)
            c.store(number, c.at("%S", c.add(c.times(k.index, stride), j.index)), wide=False)

    def _matrix_over_lanes(self, s: Statement) -> bool:
        m, c = s.matrix, self.code
        assert m is not None
        left, right = (x.table for x in s.operands)
        rows, columns = m.target.shape
        terms, lanes = len(m.right), self.lanes
        right_steps = steps_of(m.right)
        first = int(m.right[0, 0])
        direct = right_steps is not None and right_steps[1] == 1 and terms == 1
        direct = direct and right == LANES and first + columns <= self.inputs
        if not lies_in_vectors(m.target) or (not direct and rows <= lanes):
            self._dots(s)  # to turn lines would cost more than to sum vectors
            return True
        step = int(m.target[1, 0] - m.target[0, 0]) if rows > 1 else 0

        def a(r: str, place: Sequence[str]) -> str:
            return self._address(left, self.row_at(m.left, r, place[0]), place[1])

        if direct:

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

        def place(r: str, offset: str) -> str:
            return c.add(int(m.target[0, 0]), c.times(r, step), offset)

        with self.looking():
            self._product(
                Product(rows, columns, [terms, lanes], a, b, s.target.table, place, None, s.adds)
            )
        return True

    def _turn(self, table: str, rows: Any, stride: int) -> None:
        """Copy the lines of rows (K, C) to scratch so that C numbers of a sample lie together."""
        c, w, lanes, columns = self.code, self.width, self.lanes, rows.shape[1]
        steps, squared = steps_of(rows), 0  # columns that go in squares
        if steps is not None:
            squared = -(-columns // w) * w
            if (squared - columns) * steps[1] > SLACK * w:  # not past the end of the table
                squared = columns // w * w

        def line(k: str, lane: str) -> str:
            return c.add(c.times(k, lanes * stride), c.times(lane, stride))

        with c.loop(len(rows)) as k:
            if steps is not None and squared:
                with c.loop(squared, step=w) as j, c.loop(lanes, step=w) as lane:
                    row = self.row_at(rows, k.index, j.index)
                    source = self._address(table, row, lane.index)
                    place = c.at("%S", c.add(line(k.index, lane.index), j.index))
                    c.emit(
                        f"call void @turn(ptr {source}, i64 {steps[1] * self.stride}, ptr {place}, "
                        f"i64 {stride})"
                    )
            if squared < columns:
                with c.loop(columns, start=squared) as j, c.loop(lanes) as lane:
                    row = self.row_at(rows, k.index, j.index)
                    number = c.load(self._address(table, row, lane.index), wide=False)
                    place = c.at("%S", c.add(line(k.index, lane.index), j.index))
                    c.store(number, place, wide=False)

    def _dots(self, s: Statement) -> None:
        """Write a product of matrices over lanes as scalar products of lines."""
        m, c, w = s.matrix, self.code, self.width
        assert m is not None
        left, right = (x.table for x in s.operands)
        rows, columns = m.target.shape
        in_vectors = lies_in_vectors(m.target)
        across = min(columns, w if in_vectors else 4)
        down = max(1, min(rows, (self.registers - 1) // (across + 1), 6))

        def line_of(table: str, rows: Any, i: str, j: str, lane: str) -> str:
            return c.load(self._address(table, self.row_at(rows, i, j), lane))

        def tile(r0: str, c0: str, height: int, breadth: int) -> None:
            zeros = [(c.vector, c.literal(0.0))] * (height * breadth)
            with c.loop(len(m.right), carry=zeros) as k:
                carry = [(c.vector, x) for x in k.values]
                with c.loop(self.lanes, step=w, carry=carry) as lane:
                    line = [
                        line_of(left, m.left, c.add(r0, r), k.index, lane.index)
                        for r in range(height)
                    ]
                    totals = list(lane.values)
                    for j in range(breadth):
                        other = line_of(right, m.right, k.index, c.add(c0, j), lane.index)
                        for r in range(height):
                            at = r * breadth + j
                            totals[at] = c.fma(line[r], other, totals[at])
                    lane.results.extend(totals)
                k.results.extend(lane.results)
            for r in range(height):
                totals = k.results[r * breadth : (r + 1) * breadth]
                if in_vectors:
                    row = self.row_at(m.target, c.add(r0, r), c0)
                    self._store_sums(s, totals, row)
                else:
                    for j, total in enumerate(totals):
                        self._store_number(s, c.sum_of(total), c.add(r0, r), c.add(c0, j))

        def bands(c0: str, breadth: int) -> None:
            for begin, count, height in _shared_out(rows, down):
                with self.loop(begin + count * height, start=begin, step=height) as r:
                    tile(r.index, c0, height, breadth)

        with self.looking():
            if columns >= across:
                with self.loop(columns // across * across, step=across) as j:
                    bands(j.index, across)
            if columns % across:
                bands(str(columns // across * across), columns % across)

    def _store_sums(self, s: Statement, totals: list[str], row: str) -> None:
        """Write sums over vectors where they belong, or move the leaves whose gradient they are."""
        assert s.start is None, "sums over samples start from nothing"
        c, address = self.code, self._address(s.target.table, row)
        self.mask = c.mask(len(totals)) if len(totals) < self.width else ""
        sums = c.sums_of(totals + [c.literal(0.0)] * (self.width - len(totals)))
        if s.adds:
            sums = c.op("fadd", c.load(address, mask=self.mask), sums)
        if self.mover is not None:
            self.look(self.mover.move(row, sums, self.mask))
        else:
            c.store(sums, address, mask=self.mask)
        self.mask = ""

    def _product(self, z: Product) -> None:
        """Write a product, a tile of Z in registers at a time."""
        c, w = self.code, self.width
        whole, left_over = divmod(z.columns, w)
        parts: list[tuple[int, int, int, str]] = []  # first vector, blocks, vectors in each, mask
        if whole:
            widest, work = 5 if self.registers == 32 else 3, z.rows * whole * prod(z.terms)
            parts = [(*part, "") for part in _shared_out(whole, widest, work)]
        if left_over:
            parts.append((whole, 1, 1, c.mask(left_over)))
        for first, blocks, across, mask in parts:
            highest = max(1, min((self.registers - across - 1) // across, 8))
            work = z.rows * blocks * across * prod(z.terms)
            with self.loop(first * w + blocks * across * w, start=first * w, step=across * w) as j:
                for begin, count, down in _shared_out(z.rows, highest, work):
                    with self.loop(begin + count * down, start=begin, step=down) as r:
                        rows = [c.add(r.index, k) for k in range(down)]
                        self._tile(z, rows, [c.add(j.index, q * w) for q in range(across)], mask)

    def _tile(self, z: Product, rows: list[str], offsets: list[str], mask: str) -> None:
        """Write some vectors of some rows."""
        c, size = self.code, len(rows) * len(offsets)

        def address(row: str, offset: str) -> str:
            return c.at(POINTER[z.table], z.place(row, offset))

        firsts = []
        for row in rows:
            begin = z.start(row) if z.start else c.literal(0.0)
            for offset in offsets:
                old = c.load(address(row, offset), mask=mask) if z.adds else begin
                firsts.append(c.op("fadd", old, begin) if z.adds and z.start else old)
        split = 1  # a small tile takes several terms at once, so that none waits for the last
        while size * split < 8 and z.terms[-1] % (2 * split) == 0:
            split *= 2
        zeros = [c.literal(0.0)] * (size * (split - 1))
        carry = [(c.vector, x) for x in firsts + zeros]
        totals = self._terms(z, [], carry, split, rows, offsets, mask)
        while len(totals) > size:
            half = len(totals) // 2
            pairs = zip(totals[:half], totals[half:], strict=True)
            totals = [c.op("fadd", x, y) for x, y in pairs]
        watched = []
        for number, total in enumerate(totals):
            row, offset = rows[number // len(offsets)], offsets[number % len(offsets)]
            if self.mover is not None:
                watched += self.mover.move(z.place(row, offset), total, mask)
                continue
            if self.chain.stored[0]:
                c.store(total, address(row, offset), mask=mask)
            watched += self._go_on(total, row, offset)
        self.mask = mask
        self.look(watched)
        self.mask = ""

    def _terms(
        self,
        z: Product,
        outer: list[str],
        carry: list[tuple[str, str]],
        split: int,
        rows: list[str],
        offsets: list[str],
        mask: str,
    ) -> list[str]:
        """Write the loops over terms; return the totals."""
        c, count = self.code, z.terms[len(outer)]
        if len(outer) + 1 < len(z.terms):
            with c.loop(count, carry=carry) as loop:
                inner = [(c.vector, x) for x in loop.values]
                place = [*outer, loop.index]
                loop.results.extend(self._terms(z, place, inner, split, rows, offsets, mask))
            return loop.results
        long = self.lanes > 1 and count % _UNROLLED == 0
        again = _UNROLLED if long and split == 1 else 1
        with c.loop(count, step=split * again, carry=carry) as loop:
            size = len(rows) * len(offsets)
            totals = list(loop.values)
            for part in range(split * again):
                place = [*outer, c.add(loop.index, part)]
                lines = [c.load(z.b(place, offset), mask=mask) for offset in offsets]
                for r, row in enumerate(rows):
                    number = c.spread(c.load(z.a(row, place), wide=False))
                    for q, line in enumerate(lines):
                        at = (part % split) * size + r * len(offsets) + q
                        totals[at] = c.fma(number, line, totals[at])
            loop.results.extend(totals)
        return loop.results


def lies_in_vectors(target: Any) -> bool:
    """Return whether the gradient of a matrix of leaves can be made a vector at a time."""
    steps = steps_of(target)
    return target.shape[1] >= 4 and steps is not None and steps[1] == 1


def _shared_out(count: int, most: int, work: int = _MUCH) -> list[tuple[int, int, int]]:
    """Return how rows, or vectors, are shared out to tiles of at most so many.

    Each entry has its first one, how many tiles, and their size. They are as few as can be, and
    nearly equal. Where there is little work they may be more, if that makes them quite equal and
    they keep half of the size: that needs less code.

    Examples
    --------
    >>> _shared_out(16, 6), _shared_out(16, 6, work=100)
    ([(0, 1, 6), (6, 2, 5)], [(0, 4, 4)])
    """
    equal = next((d for d in range(most, most // 2, -1) if count % d == 0), 0)
    tiles = count // equal if equal and work < _MUCH else -(-count // most)
    size, larger = divmod(count, tiles)
    first = [(0, larger, size + 1)] if larger else []
    return [*first, (larger * (size + 1), tiles - larger, size)]


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
        parts = [c.let(f"load {kind}, ptr {c.at(rows[k], offset)}, align 8") for k in (i, i + half)]
        x, y = parts
        return c.let(f"shufflevector {kind} {x}, {kind} {y}, <{w} x i32> <{both}>")

    columns = [joined(i, offset) for offset in (0, half) for i in range(half)]
    distance = 1
    while distance < half:
        for i in range(w):
            if i & distance:
                continue
            pair = columns[i], columns[i | distance]
            columns[i], columns[i | distance] = c.exchanged(*pair, distance)
        distance *= 2
    return columns
