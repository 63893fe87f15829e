"""How expressions on vectors, addresses and loops are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd import ops
from autograd.compile.chains import Chain
from autograd.compile.expressions import Expression, forward_of, may_hide, walk
from autograd.compile.native_code import Code, Loop
from autograd.compile.program import (
    LANES,
    LANES_GRAD,
    SHARED,
    SHARED_GRAD,
    View,
    in_lanes,
    steps_of,
)

POINTER = {SHARED: "%U", SHARED_GRAD: "%dU", LANES: "%V", LANES_GRAD: "%dV"}
TABLES = (*POINTER.values(), "%S", "%R", "%F")
# The tables; S is scratch, R the address of each sample, F collects what is not finite.
ARGUMENTS = ", ".join(f"ptr noalias {name}" for name in TABLES)
SLACK = 2  # vectors of rows behind the end of a table of lanes, which may be looked at
ARITHMETIC = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}
_CALLS = {"exp", "log", "tanh", "sigmoid", "softplus"}
_INTRINSICS = {"sqrt": "sqrt", "sin": "sin", "cos": "cos", "abs": "fabs"}


class ExpressionWriter:
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
        self.chain = Chain([], [])
        self.mover: Any = None  # of leaves, in the statement that makes their gradient
        self._block = 0
        self._tables: dict[tuple[Any, bytes], str] = {}
        self._gates: dict[str, str] = {}  # of each step(x) that was written, its x
        self._in_rule = False  # of a user: there a gate could hide what is infinite
        self._lost = ""  # a vector that is nan where a number was not finite; or in memory, at F
        self.mask = ""  # of the vector that is being written: which entries count

    # ---------------------------------------------------------------- addresses

    def row_at(self, rows: Any, *place: str) -> str:
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
        row = self.row_at(rows, i, k if rows.shape[1] > 1 else "0")
        if in_lanes(view.table):
            return c.load(self._address(view.table, row, lane))
        return c.spread(c.load(self._address(view.table, row), wide=False))

    # ---------------------------------------------------------------- expressions

    def value(self, x: Any, inputs: Any, names: dict[int, str] | None = None) -> str:
        """Write an expression on vectors; return its name.

        Parameters
        ----------
        x : Expression or float
        inputs : sequence or dict of str
            What the operands are called.
        names : dict of int to str, optional
            Of parts that have been written, by their id; those that are now are added.
        """
        names = {} if names is None else names

        def name_of(y: Any) -> str:
            return names[id(y)] if isinstance(y, Expression) else self.code.literal(y)

        for y in walk(x):
            if id(y) in names:
                continue
            if y.op is None:
                names[id(y)] = inputs[y.inputs[0]]
            else:
                names[id(y)] = self.apply(y, [name_of(z) for z in y.inputs])
        return name_of(x)

    def apply(self, x: Expression, inputs: list[str]) -> str:
        """Write an operation on vectors; return its name."""
        c, op = self.code, x.op
        assert op is not None
        name, zero, one = op.name, c.literal(0.0), c.literal(1.0)
        if op not in ops.built_in():
            return self._foreign(x, inputs)
        if op is ops.mul and not self._in_rule:  # a gate is quicker than a product
            for gate, other in ((0, 1), (1, 0)):
                y = x.inputs[gate]
                if isinstance(y, Expression) and y.op is ops.step:
                    inner = self._gates[inputs[gate]]
                    return c.choose(c.compare("ogt", inner, zero), inputs[other], zero)
        if name in ARITHMETIC:
            return c.op(ARITHMETIC[name], *inputs)
        if name in _CALLS:
            return c.call(f"@{name}", *inputs, inline=name == "exp" and self.lanes > 1)
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
        assert x.op is not None
        inline = forward_of(x.op, x.inputs)
        if inline is None:
            return self._called(x.op, inputs)
        given = set(map(id, x.inputs))
        seen = dict(zip(map(id, x.inputs), inputs, strict=True))
        outside, self._in_rule = self._in_rule, True
        out = self._inline(inline, seen)
        self._in_rule = outside
        hiding = {id(z) for z in walk(inline) if may_hide(z, inline)} & seen.keys() - given
        if hiding:
            self.look([name for y, name in seen.items() if y in hiding])
        return out

    def _inline(self, x: Any, seen: dict[int, str]) -> str:
        """Write an expression whose leaves have been written."""
        if not isinstance(x, Expression):
            return self.code.literal(x)
        if id(x) not in seen:
            inputs = [self._inline(y, seen) for y in x.inputs]
            seen[id(x)] = self.apply(x, inputs)
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

    def look(self, values: Sequence[str]) -> None:
        """Note if a number is infinite or nan: times 0 that is nan, and stays it."""
        c = self.code
        if not values:
            return
        zero, parts = c.literal(0.0), []
        for k in range(0, len(values), 2):  # in pairs, so that few wait for others
            lost = c.op("fmul", values[k], zero, "")
            parts.append(c.fma(values[k + 1], zero, lost) if k + 1 < len(values) else lost)
        lost = c.total(parts, "")
        if self.mask:
            lost = c.choose(self.mask, lost, c.literal(0.0))
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
    def loop(self, stop: int, *, start: int = 0, step: int = 1, carry: Any = ()) -> Iterator[Loop]:
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


def apart(count: int) -> int:
    """Return how far apart lines of so many numbers are laid.

    Lines a multiple of 512 bytes apart would share few places of the processor's cache.
    """
    return count if count % 64 else count + 8
