"""How a statement becomes a function: loops over vectors.

A table of lanes has a line of numbers for each row, as long as the batch, filled up to whole
vectors. Statements about samples go along the lines; all others, and all where the batch is one
sample, go along the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.compile.chains import Chain
from autograd.compile.native_code import Code, hexadecimal
from autograd.compile.native_products import ProductWriter
from autograd.compile.native_update import MOVING, Mover, moves
from autograd.compile.native_writer import ARGUMENTS
from autograd.compile.program import Statement, Update, View, in_lanes

_LONG = 80  # lines, from which a function takes no further statement


class Writer(ProductWriter):
    """Writes functions: of chains of statements, and of the leaves' update."""

    def in_order(self, chains: Sequence[Chain]) -> list[str]:
        """Write chains, short ones in one function, which costs LLVM less; return the names."""
        names: list[str] = []
        written: list[Chain] = []
        for chain in chains:
            if not written:
                self.code = Code(self.width)
            self._write(chain)
            written.append(chain)
            if len(self.code.lines) >= _LONG or chain is chains[-1]:
                names.append(self._define(_title(written), ARGUMENTS))
                written = []
        return names

    def at_once(self, chain: Chain, update: Update, leaves: int) -> str:
        """Write a chain, moving the leaves whose gradient it makes; return the name."""
        self.code = Code(self.width)
        self.mover = Mover(self, update, leaves)
        self._write(chain)
        self.mover = None
        return self._define(_title([chain]), MOVING)

    def moving(self, update: Update, rows: Any, leaves: int) -> str:
        """Write the update of these leaves; return the name."""
        self.code = Code(self.width)
        moves(self, update, rows, leaves)
        return self._define("; leaves move", MOVING)

    def _write(self, chain: Chain) -> None:
        self.chain, statement = chain, chain.statements[0]
        views = (statement.target, *statement.operands)
        along_lanes = self.lanes > 1 and any(in_lanes(x.table) for x in views)
        if statement.reduce in ("pick", "scatter"):
            self._choice(statement, along_lanes)
        elif statement.matrix is None or not self._matrix(statement, along_lanes):
            (self._map_lanes if along_lanes else self._map_rows)(statement)

    def _define(self, title: str, arguments: str) -> str:
        name = f"@s{len(self.functions)}"
        body = "\n".join([*self.code.lines, "  ret void", "}"])
        self.functions.append(
            f"{title}\ndefine internal void {name}({arguments}) nounwind noinline {{\n{body}"
        )
        return name

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
                    self.look([self._line(values, i.index, term.index, lane.index)])
                else:
                    self.look([self._rows(values, i.index, term.index, 1)])
        with (
            self.looking(),
            self.loop(len(index.rows)) as i,
            self.loop(self.lanes if along_lanes else 1) as lane,
        ):

            def number(view: View, i: str = i.index, lane: str = lane.index) -> str:
                rows = view.rows if view.rows.ndim == 1 else view.rows[:, 0]
                return self._address(view.table, self.row_at(rows, i), lane)

            x = c.load(number(index), wide=False)
            x = c.let(f"fadd double {x}, {hexadecimal(0.5)}")  # the nearest whole number is meant
            low = c.let(f"fcmp oge double {x}, {hexadecimal(0.0)}")
            high = c.let(f"fcmp olt double {x}, {hexadecimal(count)}")
            inside = c.let(f"and i1 {low}, {high}")
            safe = c.let(f"select i1 {inside}, double {x}, double 0.0")
            k = c.let(f"fptosi double {safe} to i64")
            lost = c.let(f"select i1 {inside}, double 0.0, double {hexadecimal(float('nan'))}")
            self._lost = c.op("fadd", self._lost, c.spread(lost), "")
            row = self.row_at(candidates.rows, i.index, k)
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


def _title(chains: Sequence[Chain]) -> str:
    return "\n".join(f"; {s}" for chain in chains for s in chain.statements)
