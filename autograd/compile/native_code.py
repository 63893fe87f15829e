"""Text of LLVM's assembly language: a builder with loops, and the functions of one number.

Numbers are handled a few at a time, in vectors as wide as the processor's registers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from struct import pack, unpack

# May be regrouped and fused, but inf and nan stay what they are.
FAST = "reassoc nsz arcp contract"


def hexadecimal(number: float) -> str:
    """Return a float as the assembly language writes it, exactly."""
    return f"0x{unpack('<Q', pack('<d', number))[0]:016X}"


@dataclass(slots=True)
class Loop:
    """A loop that is being written: its counter, and what goes from round to round."""

    index: str
    values: list[str]
    results: list[str] = field(default_factory=list)


class Code:
    """The body of a function, as lines.

    Parameters
    ----------
    width : int
        How many numbers a vector has.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self.vector = f"<{width} x double>"
        self.lines: list[str] = ["entry:"]
        self.block = "%entry"  # the label of the block that is being written
        self._count = 0

    def name(self, prefix: str = "t") -> str:
        """Return a name that is not taken."""
        self._count += 1
        return f"%{prefix}{self._count}"

    def emit(self, line: str) -> None:
        """Add a line."""
        self.lines.append("  " + line)

    def let(self, text: str) -> str:
        """Add a line that computes something; return its name."""
        name = self.name()
        self.emit(f"{name} = {text}")
        return name

    # ---------------------------------------------------------------- whole numbers

    def add(self, *terms: str | int) -> str:
        """Return the sum of counters and whole numbers."""
        number = sum(int(x) for x in terms if _is_number(x))
        names = [str(x) for x in terms if not _is_number(x)]
        if number or not names:
            names.append(str(number))
        out = names[0]
        for name in names[1:]:
            out = self.let(f"add i64 {out}, {name}")
        return out

    def times(self, x: str | int, factor: int) -> str:
        """Return a counter times a whole number."""
        if _is_number(x):
            return str(int(x) * factor)
        if factor == 0:
            return "0"
        return str(x) if factor == 1 else self.let(f"mul i64 {x}, {factor}")

    def at(self, base: str, offset: str | int, kind: str = "double") -> str:
        """Return the address of an entry of a table."""
        if str(offset) == "0":
            return base
        return self.let(f"getelementptr inbounds {kind}, ptr {base}, i64 {offset}")

    # ---------------------------------------------------------------- numbers

    def load(self, address: str, *, wide: bool = True, mask: str = "") -> str:
        """Return the vector, or the number, at an address."""
        if not wide:
            return self.let(f"load double, ptr {address}, align 8")
        if mask:
            w = self.width
            return self.let(
                f"call {self.vector} @llvm.masked.load.v{w}f64.p0(ptr {address}, i32 8, "
                f"<{w} x i1> {mask}, {self.vector} zeroinitializer)"
            )
        return self.let(f"load {self.vector}, ptr {address}, align 8")

    def store(self, value: str, address: str, *, wide: bool = True, mask: str = "") -> None:
        """Write a vector, or a number."""
        if not wide:
            self.emit(f"store double {value}, ptr {address}, align 8")
        elif mask:
            w = self.width
            self.emit(
                f"call void @llvm.masked.store.v{w}f64.p0({self.vector} {value}, ptr {address}, "
                f"i32 8, <{w} x i1> {mask})"
            )
        else:
            self.emit(f"store {self.vector} {value}, ptr {address}, align 8")

    def spread(self, number: str) -> str:
        """Return a vector of one number."""
        if _is_literal(number):
            return f"splat (double {number})"
        w = self.width
        one = self.let(f"insertelement {self.vector} poison, double {number}, i64 0")
        return self.let(
            f"shufflevector {self.vector} {one}, {self.vector} poison, <{w} x i32> zeroinitializer"
        )

    def spread_whole(self, number: str) -> str:
        """Return a vector of one whole number."""
        w, kind = self.width, f"<{self.width} x i64>"
        one = self.let(f"insertelement {kind} poison, i64 {number}, i64 0")
        return self.let(f"shufflevector {kind} {one}, {kind} poison, <{w} x i32> zeroinitializer")

    def literal(self, number: float) -> str:
        """Return a vector of one number that is known."""
        return f"splat (double {hexadecimal(number)})"

    def op(self, name: str, x: str, y: str, flags: str = FAST) -> str:
        """Return x op y of vectors, as fadd."""
        return self.let(f"{name} {flags} {self.vector} {x}, {y}")

    def fma(self, x: str, y: str, z: str) -> str:
        """Return x * y + z."""
        w, v = self.width, self.vector
        return self.let(f"call {v} @llvm.fma.v{w}f64({v} {x}, {v} {y}, {v} {z})")

    def compare(self, kind: str, x: str, y: str) -> str:
        """Return where a comparison holds."""
        return self.let(f"fcmp {kind} {self.vector} {x}, {y}")

    def choose(self, condition: str, x: str, y: str) -> str:
        """Return x where the condition holds, else y."""
        w, v = self.width, self.vector
        return self.let(f"select <{w} x i1> {condition}, {v} {x}, {v} {y}")

    def call(self, function: str, *inputs: str, inline: bool = False) -> str:
        """Return a function of vectors, written out in place or not."""
        arguments = ", ".join(f"{self.vector} {x}" for x in inputs)
        kind = " alwaysinline" * inline
        return self.let(f"call {self.vector} {function}({arguments}){kind}")

    def total(self, vectors: Sequence[str], flags: str = FAST) -> str:
        """Return the sum of some vectors, a vector: of pairs, then of pairs of these."""
        while len(vectors) > 1:
            pairs = [vectors[j : j + 2] for j in range(0, len(vectors), 2)]
            vectors = [self.op("fadd", x[0], x[1], flags) if len(x) == 2 else x[0] for x in pairs]
        return vectors[0]

    def sum_of(self, x: str) -> str:
        """Return the sum over a vector, a number."""
        w, v = self.width, self.vector
        return self.let(
            f"call reassoc nsz double @llvm.vector.reduce.fadd.v{w}f64(double 0.0, {v} {x})"
        )

    def exchanged(self, x: str, y: str, distance: int) -> tuple[str, str]:
        """Return x with its odd groups replaced by y's even ones, and y with the reverse.

        A group has as many numbers as the distance, a power of two.
        """
        w, v = self.width, self.vector
        kept = [j if not j & distance else w + j - distance for j in range(w)]
        given = [j + distance if not j & distance else w + j for j in range(w)]
        masks = [", ".join(f"i32 {j}" for j in order) for order in (kept, given)]
        low, high = (
            self.let(f"shufflevector {v} {x}, {v} {y}, <{w} x i32> <{mask}>") for mask in masks
        )
        return low, high

    def sums_of(self, vectors: Sequence[str]) -> str:
        """Return the sums over as many vectors as one has numbers, as a vector."""
        distance, sums = 1, list(vectors)
        while distance < self.width:
            pairs = zip(sums[::2], sums[1::2], strict=True)
            sums = [self.op("fadd", *self.exchanged(x, y, distance)) for x, y in pairs]
            distance *= 2
        return sums[0]

    # ---------------------------------------------------------------- loops

    @contextmanager
    def loop(
        self,
        stop: int | str,
        *,
        start: int = 0,
        step: int | str = 1,
        carry: Sequence[tuple[str, str]] = (),
    ) -> Iterator[Loop]:
        """Write a loop; it runs at least once.

        Parameters
        ----------
        stop, step : int or str
            A number, or the name of one.
        carry : sequence of (type, first value)
            What goes from round to round; set ``loop.results`` to their next values. After the
            block they are the last ones.
        """
        if isinstance(stop, int) and isinstance(step, int) and stop - start <= step:
            yield Loop(str(start), [first for _, first in carry])
            return
        head, latch, end = self.name("head"), self.name("latch"), self.name("end")
        index, before = self.name("i"), self.block
        names = [self.name("c") for _ in carry]
        self.emit(f"br label {head}")
        self._begin(head)
        place = len(self.lines)
        self.lines.append("")
        loop = Loop(index, names)
        yield loop
        self.emit(f"br label {latch}")
        self._begin(latch)
        following = self.let(f"add nuw nsw i64 {index}, {step}")
        again = self.let(f"icmp slt i64 {following}, {stop}")
        self.emit(f"br i1 {again}, label {head}, label {end}")
        phis = [f"  {index} = phi i64 [ {start}, {before} ], [ {following}, {latch} ]"]
        for name, (kind, first), last in zip(names, carry, loop.results, strict=True):
            phis.append(f"  {name} = phi {kind} [ {first}, {before} ], [ {last}, {latch} ]")
        self.lines[place] = "\n".join(phis)
        self._begin(end)

    @contextmanager
    def when(self, condition: str, *, holds: bool = True) -> Iterator[None]:
        """Write a block that runs only if a condition holds, or only if it does not."""
        inside, end = self.name("when"), self.name("end")
        yes, no = (inside, end) if holds else (end, inside)
        self.emit(f"br i1 {condition}, label {yes}, label {no}")
        self._begin(inside)
        yield
        self.emit(f"br label {end}")
        self._begin(end)

    def leave_unless(self, condition: str, result: str) -> None:
        """Write that the function ends here, with a whole number, if a condition does not hold."""
        leave, go_on = self.name("leave"), self.name("go")
        self.emit(f"br i1 {condition}, label {go_on}, label {leave}")
        self._begin(leave)
        self.emit(f"ret i64 {result}")
        self._begin(go_on)

    def _begin(self, block: str) -> None:
        self.lines.append(f"{block[1:]}:")
        self.block = block

    def mask(self, count: int) -> str:
        """Return the mask of the first `count` entries."""
        return "<" + ", ".join(f"i1 {int(i < count)}" for i in range(self.width)) + ">"


def _is_number(x: str | int) -> bool:
    return isinstance(x, int) or x.lstrip("-").isdigit()


def _is_literal(x: str) -> bool:
    return not x.startswith("%")


def declarations(width: int) -> str:
    """Return the declarations of what LLVM brings."""
    v, w = f"<{width} x double>", width
    one = [f"declare {v} @llvm.{name}.v{w}f64({v})" for name in ("sqrt", "fabs", "sin", "cos")]
    return "\n".join(
        [
            *one,
            f"declare {v} @llvm.pow.v{w}f64({v}, {v})",
            f"declare {v} @llvm.copysign.v{w}f64({v}, {v})",
            f"declare {v} @llvm.fma.v{w}f64({v}, {v}, {v})",
            f"declare double @llvm.vector.reduce.fadd.v{w}f64(double, {v})",
            f"declare {v} @llvm.masked.load.v{w}f64.p0(ptr, i32, <{w} x i1>, {v})",
            "declare i64 @llvm.smin.i64(i64, i64)",
            "declare void @llvm.prefetch.p0(ptr, i32, i32, i32)",
            f"declare void @llvm.masked.store.v{w}f64.p0({v}, ptr, i32, <{w} x i1>)",
        ]
    )


_LN2_HIGH, _LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10
_MAGIC = 1.5 * 2.0**52  # adding it leaves a whole number in the last bits


def functions(width: int) -> str:
    """Return the definitions of @exp, @expm1, @log, @log1p, @tanh, @sigmoid and @softplus.

    Within three units in the last place of the exact values, and right for infinities and nan; @exp
    is 0 below -708, where the exact value is less than 1e-307.
    """
    return "\n".join(
        make(width) for make in (_exp, _expm1, _log, _log1p, _tanh, _sigmoid, _softplus)
    )


def _define(name: str, code: Code, out: str) -> str:
    kind = "" if name == "exp" else " noinline"  # who calls exp may want it in place
    head = f"define internal {code.vector} @{name}({code.vector} %x) nounwind{kind} {{"
    return "\n".join([head, *code.lines, f"  ret {code.vector} {out}", "}"])


def _reduced(c: Code, x: str) -> tuple[str, str]:
    """Return the bits of 2**k, to be added to an exponent, and r, where x = k ln 2 + r."""
    w = c.width
    shifted = c.fma(x, c.literal(1 / math.log(2)), c.literal(_MAGIC))
    k = c.op("fsub", shifted, c.literal(_MAGIC), "")
    negative = c.let(f"fneg {c.vector} {k}")
    r = c.fma(negative, c.literal(_LN2_HIGH), x)
    r = c.fma(negative, c.literal(_LN2_LOW), r)
    bits = c.let(f"bitcast {c.vector} {shifted} to <{w} x i64>")
    return c.let(f"shl <{w} x i64> {bits}, splat (i64 52)"), r


def _series(c: Code, r: str, first: int, last: int) -> str:
    """Return Σ r**(n - first) / n! for n from `first` to `last`.

    Neighbours are put together at the same time, then pairs of them with r**2, and so on: that
    takes fewer steps one after the other than a factor at a time.
    """
    terms = [c.literal(1 / math.factorial(n)) for n in range(first, last + 1)]
    while len(terms) > 1:
        pairs = [terms[i : i + 2] for i in range(0, len(terms), 2)]
        terms = [c.fma(pair[1], r, pair[0]) if len(pair) == 2 else pair[0] for pair in pairs]
        r = c.op("fmul", r, r)
    return terms[0]


def _scaled(c: Code, x: str, exponent: str) -> str:
    w = c.width
    bits = c.let(f"bitcast {c.vector} {x} to <{w} x i64>")
    bits = c.let(f"add <{w} x i64> {bits}, {exponent}")
    return c.let(f"bitcast <{w} x i64> {bits} to {c.vector}")


def _exp(width: int) -> str:
    c = Code(width)
    exponent, r = _reduced(c, "%x")
    rest = c.fma(c.op("fmul", r, r), _series(c, r, 2, 13), r)  # exp(r) - 1, next to 1 added last
    out = _scaled(c, c.op("fadd", rest, c.literal(1.0), ""), exponent)
    out = c.choose(c.compare("ogt", "%x", c.literal(709.782712893384)), c.literal(math.inf), out)
    out = c.choose(c.compare("olt", "%x", c.literal(-708.0)), c.literal(0.0), out)
    return _define("exp", c, out)


def _expm1(width: int) -> str:
    """For x from -700 to 700."""
    c = Code(width)
    exponent, r = _reduced(c, "%x")
    tail = _series(c, r, 2, 14)
    part = c.fma(c.op("fmul", r, r), tail, r)  # exp(r) - 1
    power = _scaled(c, c.literal(1.0), exponent)
    less = c.op("fsub", power, c.literal(1.0), "")
    return _define("expm1", c, c.fma(power, part, less))


def _log(width: int) -> str:
    c, w = Code(width), width
    tiny = c.compare("olt", "%x", c.literal(2.2250738585072014e-308))
    raised = c.op("fmul", "%x", c.literal(2.0**54), "")
    x = c.choose(tiny, raised, "%x")
    bits = c.let(f"bitcast {c.vector} {x} to <{w} x i64>")
    # The exponent counts from sqrt(1/2), so that the mantissa is near 1 on both sides.
    low = unpack("<q", pack("<d", math.sqrt(0.5)))[0]
    moved = c.let(f"sub <{w} x i64> {bits}, splat (i64 {low})")
    k = c.let(f"ashr <{w} x i64> {moved}, splat (i64 52)")
    less = c.let(f"shl <{w} x i64> {k}, splat (i64 52)")
    mantissa = c.let(f"sub <{w} x i64> {bits}, {less}")
    m = c.let(f"bitcast <{w} x i64> {mantissa} to {c.vector}")
    # whole number to float, by the last bits of a large one
    magic_bits = unpack("<q", pack("<d", _MAGIC))[0]
    k = c.let(f"add <{w} x i64> {k}, splat (i64 {magic_bits})")
    e = c.let(f"bitcast <{w} x i64> {k} to {c.vector}")
    e = c.op("fsub", e, c.literal(_MAGIC), "")
    e = c.op("fsub", e, c.choose(tiny, c.literal(54.0), c.literal(0.0)), "")
    f = c.op("fsub", m, c.literal(1.0), "")
    s = c.op("fdiv", f, c.op("fadd", f, c.literal(2.0), ""), "")
    z = c.op("fmul", s, s, "")
    series = c.literal(2 / 23)
    for n in range(21, 1, -2):
        series = c.fma(series, z, c.literal(2 / n))
    # ln(1 + f) = f - s (f - 2 z/3 ...): the exact f keeps the last digits
    tail = c.op("fmul", z, series, "")
    half = c.op("fmul", s, c.op("fsub", f, tail, ""), "")
    small = c.fma(e, c.literal(_LN2_LOW), c.let(f"fneg {c.vector} {half}"))
    small = c.op("fadd", small, f, "")
    out = c.fma(e, c.literal(_LN2_HIGH), small)
    out = c.choose(c.compare("oeq", "%x", c.literal(math.inf)), c.literal(math.inf), out)
    out = c.choose(c.compare("oeq", "%x", c.literal(0.0)), c.literal(-math.inf), out)
    out = c.choose(c.compare("ult", "%x", c.literal(0.0)), c.literal(math.nan), out)
    return _define("log", c, out)


def _log1p(width: int) -> str:
    """For x from 0 to 1."""
    c = Code(width)
    u = c.op("fadd", "%x", c.literal(1.0), "")
    lost = c.op("fsub", "%x", c.op("fsub", u, c.literal(1.0), ""), "")
    out = c.op("fadd", c.call("@log", u), c.op("fdiv", lost, u, ""), "")
    return _define("log1p", c, out)


def _tanh(width: int) -> str:
    c = Code(width)
    size = c.call(f"@llvm.fabs.v{width}f64", "%x")
    near = c.choose(c.compare("ogt", size, c.literal(20.0)), c.literal(20.0), size)
    e = c.call("@expm1", c.op("fadd", near, near, ""))
    out = c.op("fdiv", e, c.op("fadd", e, c.literal(2.0), ""), "")
    return _define("tanh", c, c.call(f"@llvm.copysign.v{width}f64", out, "%x"))


def _decay(c: Code) -> str:
    """Return exp(-|x|)."""
    size = c.call(f"@llvm.fabs.v{c.width}f64", "%x")
    return c.call("@exp", c.let(f"fneg {c.vector} {size}"))


def _sigmoid(width: int) -> str:
    c = Code(width)
    z = _decay(c)
    above = c.choose(c.compare("oge", "%x", c.literal(0.0)), c.literal(1.0), z)
    return _define("sigmoid", c, c.op("fdiv", above, c.op("fadd", z, c.literal(1.0), ""), ""))


def _softplus(width: int) -> str:
    c = Code(width)
    rest = c.call("@log1p", _decay(c))
    positive = c.choose(c.compare("olt", "%x", c.literal(0.0)), c.literal(0.0), "%x")
    return _define("softplus", c, c.op("fadd", positive, rest, ""))
