r"""A node as algebra: a Python expression, LaTeX, or a listing of assignments.

How an operation is written stands in its row of the table; here are brackets, numbers and names.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from keyword import iskeyword
from string import Formatter
from typing import Any
from unicodedata import normalize

from autograd.operators import Arithmetic
from autograd.ops import OPS, Op
from autograd.value import Value, topological_order

_STYLES = ("python", "latex", "plain", "listing")

_OPENING, _CLOSING = ("(", "[", "{", "|", ", "), (")", "]", "}", "|", ", ")

_MINUS = ("-", "−")
_PLAIN = (("**", "^"), (" ^ ", "^"), ("*", "·"), ("-", "−"))  # Python's signs, for people

# How tightly text binds, as in the table. A fraction of LaTeX needs brackets under a power only.
_LOOSEST, _SUM, _PRODUCT, _SIGN, _FRACTION, _POWER, _ALONE = 0, 10, 20, 30, 35, 40, 100


def formula(
    value: Value,
    style: str = "python",
    *,
    numbers: bool = False,
    digits: int | None = None,
    max_length: int = 10_000,
) -> str:
    r"""Return how `value` is computed, as text: an expression of its leaves, or a listing.

    Leaves go by their labels, or ``x1``, ``x2``, ... where they have none; constants without a
    label are numbers. Labels that several leaves share are numbered ``w_1``, ``w_2``, ...

    Parameters
    ----------
    value : Value
        The root.
    style : {"python", "latex", "plain", "listing"}
        ``"python"``: an expression that gives the same number when its names are bound and the
        operations are in scope. A label that is no identifier, or is a keyword or the name of an
        operation, is replaced. (Python reads at most 200 brackets inside each other.)
        ``"latex"``: for math mode with amsmath, MathJax or KaTeX; ``w_12`` becomes w with a
        subscript, ``alpha`` the Greek letter, words stay upright.
        ``"plain"``: for people, with ``·``, a true minus sign and labels as they stand.
        ``"listing"``: Python assignments, one for each inner node, inputs first, so that a node
        used often is written once; inner nodes go by their labels, or ``n1``, ``n2``, ...
    numbers : bool, optional
        Write the numbers of the leaves instead of their names.
    digits : int, optional
        Significant digits of numbers; by default all that are needed to read them back exactly.
    max_length : int, optional
        Most characters of an expression. Listings may have any length.

    Raises
    ------
    TypeError
        If `value` is no Value.
    ValueError
        If there is no such style, if `digits` is below 1, if the expression would be longer than
        `max_length`, or if an operation's template does not fit its inputs.

    Examples
    --------
    >>> from autograd import Value, tanh
    >>> w1, x, b = Value(2.0, label="w1"), Value(3.0, label="x"), Value(-1.0, label="b")
    >>> y = tanh(w1 * (x - 1)) / x**2 + b
    >>> formula(y)
    'tanh(w1 * (x - 1)) / x ** 2 + b'
    >>> formula(y, numbers=True)
    'tanh(2.0 * (3.0 - 1.0)) / 3.0 ** 2.0 + -1.0'
    >>> print(formula(y, "latex"))
    \frac{\tanh(w_{1} \cdot \left(x - 1\right))}{{x}^{2}} + b
    >>> print(formula(y, "listing"))
    n1 = x - 1
    n2 = w1 * n1
    n3 = tanh(n2)
    n4 = x ** 2
    n5 = n3 / n4
    n6 = n5 + b
    """
    if not isinstance(value, Value):
        raise TypeError(f"formula() writes a Value; got {value!r:.60}.")
    if style not in _STYLES:
        raise ValueError(f"style is {style!r}, but formula() knows {', '.join(_STYLES)}.")
    if digits is not None and digits < 1:
        raise ValueError(f"digits is {digits}, but a number shows 1 or more.")
    nodes = topological_order(value)
    writer = _Writer("python" if style == "listing" else style, digits)
    if style == "listing":
        return _listing(nodes, numbers, writer)
    return _expression(nodes, numbers, writer, max_length)


def _expression(nodes: Sequence[Value], numbers: bool, writer: _Writer, max_length: int) -> str:
    """Return the last node in terms of the leaves."""
    names = _unique_names([x for x in nodes if _is_named_leaf(x, numbers)], writer)
    texts: dict[Value, _Text] = {}
    for node in nodes:
        if node.op:
            texts[node] = writer.operation(node.op, [texts[x] for x in node.parents])
        else:
            texts[node] = writer.leaf(node, names)
        if texts[node].length > max_length:
            raise ValueError(
                f"Written as one expression, these {len(nodes):,} nodes take more than "
                f"{max_length:,} characters: a node used twice is written out twice. Use "
                "style='listing', which writes each node once, or a larger max_length."
            )
    return str(texts[nodes[-1]])


def _listing(nodes: Sequence[Value], numbers: bool, writer: _Writer) -> str:
    """Return one assignment for each inner node; the text of a leaf, if it is all there is."""
    names = _unique_names([x for x in nodes if x.op or _is_named_leaf(x, numbers)], writer)
    lines = []
    for node in nodes:
        if node.op:
            inputs = [writer.leaf(x, names) for x in node.parents]
            lines.append(f"{names[node]} = {writer.operation(node.op, inputs)}")
    return "\n".join(lines) if lines else str(writer.leaf(nodes[-1], names))


def _is_named_leaf(node: Value, numbers: bool) -> bool:
    """Return whether a formula shows the name of this leaf, rather than its number."""
    return not node.op and not numbers and (not node.constant or node.label != "")


def _is_called(name: str) -> bool:
    """Return whether an expression may call a function of this name."""
    op = OPS.get(name)
    return name == "float" or (op is not None and not op.python and not op.unfold)


def _unique_names(nodes: Iterable[Value], writer: _Writer) -> dict[Value, str]:
    """Return a name for each node: its label if that serves and is its own, else a numbered one."""
    labels = {node: writer.spell(node.label) for node in nodes}
    owners = Counter(labels.values())
    names = {node: label for node, label in labels.items() if label and owners[label] == 1}
    taken = set(names.values())
    used: Counter[str] = Counter()
    for node, label in labels.items():
        stem = f"{node.label}_" if label else "n" if node.op else "x"
        while node not in names:
            used[stem] += 1
            name = writer.spell(f"{stem}{used[stem]}")
            if name and name not in taken:
                names[node] = name
                taken.add(name)
    return names


class _Text(Arithmetic):
    """Part of a formula, which knows its length and how tightly it binds.

    The characters are joined at the end, for all parts at once: a long sum stays linear.
    """

    __slots__ = ("binding", "has_name", "length", "number", "parts", "signed", "writer")

    def __init__(
        self,
        writer: _Writer,
        parts: Iterable[str | _Text],
        binding: int,
        *,
        has_name: bool = False,
        number: float | None = None,
    ) -> None:
        self.writer, self.binding, self.has_name, self.number = writer, binding, has_name, number
        self.parts = [part for part in parts if part != ""]
        self.length: int = sum(len(x) if isinstance(x, str) else x.length for x in self.parts)
        first = self.parts[0]
        self.signed: bool = first.startswith(_MINUS) if isinstance(first, str) else first.signed

    def record_op(self, op: Op, inputs: tuple[Any, ...]) -> Any:
        """Return the operation as text; this is how a row's `unfold` writes itself."""
        return self.writer.operation(op, inputs)

    def __str__(self) -> str:
        pieces: list[str] = []
        pending: list[str | _Text] = [self]
        while pending:
            part = pending.pop()
            if isinstance(part, str):
                pieces.append(part)
            else:
                pending += reversed(part.parts)
        return "".join(pieces)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes names, numbers and operations in one language: Python, LaTeX, or plain algebra."""

    style: str
    digits: int | None

    @property
    def latex(self) -> bool:
        """Whether this is LaTeX, which has brackets and signs of its own."""
        return self.style == "latex"

    def leaf(self, node: Value, names: dict[Value, str]) -> _Text:
        """Return what stands for a node: its name, or the number of one without a name."""
        if node in names:
            return _Text(self, [names[node]], _ALONE, has_name=True)
        return self.number(node.data)

    def spell(self, label: str) -> str:
        """Return a label as a name of the language; empty if it cannot be one."""
        if self.latex:
            return _latex_name(label)
        if self.style == "plain":
            return " ".join(label.split())
        name = normalize("NFKC", label)  # as Python does with names
        free = name.isidentifier() and not iskeyword(name) and not _is_called(name)
        return name if free else ""

    def number(self, x: float, *, whole: bool = False) -> _Text:
        """Return a number as text; `whole` drops the ``.0``."""
        text = repr(x) if self.digits is None else f"{x:.{self.digits}g}"
        if (whole or self.style != "python") and text.endswith(".0") and text != "-0.0":
            text = text.removesuffix(".0")
        binding = _SIGN if text.startswith("-") else _ALONE
        if self.latex:
            text, binding = _latex_number(text, binding)
        elif self.style == "plain":
            text = text.replace("-", "−")
        elif not math.isfinite(x):
            text, binding = f"float('{text}')", _ALONE
        return _Text(self, [text], binding, number=x)

    def operation(self, op: Op, inputs: Sequence[Any]) -> _Text:
        """Return an operation on texts (and numbers, if an `unfold` brings them) as text."""
        texts = [x if isinstance(x, _Text) else self.number(float(x)) for x in inputs]
        template = op.latex if self.latex else op.python
        if self.style == "plain":
            for sign, ours in _PLAIN:
                template = template.replace(sign, ours)
        if op.unfold and not template:
            out = op.unfold(*texts)
            return out if isinstance(out, _Text) else self.number(float(out))
        pattern = _pattern(op.name, template, op.binding, len(texts), self.latex)
        # Beside a name 2 means 2.0; among numbers only, Python would count with integers.
        has_name = any(x.has_name for x in texts)
        parts: list[str | _Text] = [pattern.literals[0]]
        for x, least, literal in zip(texts, pattern.needed, pattern.literals[1:], strict=True):
            text = x if x.number is None else self.number(x.number, whole=has_name)
            # a + -b is Python, not algebra
            follows = self.style != "python" and text.signed and any(parts)
            if text.binding < least or (follows and least):
                parts += (r"\left(", text, r"\right)") if self.latex else ("(", text, ")")
            else:
                parts.append(text)
            parts.append(literal)
        return _Text(self, parts, pattern.binding, has_name=has_name)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A row's template, taken apart: its literals, and between them the fields."""

    literals: list[str]
    needed: list[int]  # how tightly the text in each field must bind, to go without brackets
    binding: int


@cache
def _pattern(name: str, template: str, binding: int, count: int, latex: bool) -> _Pattern:
    """Take a template apart, and find which of its fields stand open beside other text."""
    if not template:
        head = r"\operatorname{{" + name.replace("_", r"\_") + "}}" if latex else name
        template = f"{head}({', '.join(['{}'] * count)})"
    literals = _literals(name, template, count)
    starts_open = not literals[0].strip("{ " if latex else " ")  # braces of LaTeX are not seen
    ends_open = not literals[-1].strip()
    if ends_open and binding == _ALONE:
        # An operator whose row does not say how tightly it binds: always in brackets.
        return _Pattern(literals, [_ALONE] * count, _LOOSEST)
    if latex and ("^" in template or starts_open):
        binding = min(binding, _POWER)
    if not starts_open and not ends_open:
        return _Pattern(literals, [0] * count, max(binding, _FRACTION) if latex else binding)
    # Sums and products group from the left, powers from the right, others not; 2 ** -x is clear.
    needed = [binding + 1] * count
    if ends_open:
        needed[-1] = _SIGN if binding == _POWER else binding + starts_open
    if starts_open:
        needed[0] = binding + (binding not in (_SUM, _PRODUCT, _ALONE))
    for i in range(starts_open, count):
        if literals[i].endswith(_OPENING) and literals[i + 1].startswith(_CLOSING):
            needed[i] = 0
    return _Pattern(literals, needed, binding)


def _literals(name: str, template: str, count: int) -> list[str]:
    """Return what stands before, between and after the fields of a template."""
    literals, fits = [""], True
    try:
        for text, field, spec, conversion in Formatter().parse(template):
            literals[-1] += text
            if field is not None:
                literals.append("")
                fits = fits and not (field or spec or conversion)
    except ValueError:
        fits = False
    if not fits or len(literals) != count + 1:
        raise ValueError(
            f"The template {template!r} does not fit {name}(...) of {count} input(s): it needs "
            f"exactly {count} times {{}}, and doubled braces where they are text, as in {{{{2}}}}."
        )
    return literals


def _latex_number(text: str, binding: int) -> tuple[str, int]:
    """Return a number of Python in LaTeX, and how tightly it binds."""
    if "inf" in text or "nan" in text:
        return text.replace("inf", r"\infty").replace("nan", r"\text{nan}"), binding
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return text, binding
    power = f"10^{{{int(exponent)}}}"
    if mantissa in ("1", "-1"):
        return mantissa.removesuffix("1") + power, min(binding, _POWER)
    return rf"{mantissa} \cdot {power}", _PRODUCT


_GREEK = re.compile(
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|"
    "upsilon|phi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega"
)

_ESCAPED = str.maketrans(
    {character: "\\" + character for character in "{}$&#%_"}
    | {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}
)


def _latex_name(label: str) -> str:
    r"""Return a label in LaTeX: ``w_12`` is w_{12}, ``alpha`` is \alpha, what else as text."""
    if not (parts := re.fullmatch(r"([A-Za-z]+)_?(\w*)", label, re.ASCII)):
        return _latex_text(label) if label else ""
    stem, indices = _latex_word(parts[1]), [_latex_index(x) for x in parts[2].split("_") if x]
    return f"{stem}_{{{','.join(indices)}}}" if indices else stem


def _latex_word(word: str) -> str:
    r"""Return a letter as it is, a Greek one by its command, a longer word as text."""
    if _GREEK.fullmatch(word):
        return "\\" + word
    return word if len(word) == 1 else _latex_text(word)


def _latex_index(index: str) -> str:
    """Return one subscript: digits or indices such as ``ij`` as they are, a word as text."""
    return index if index.isdigit() or len(index) == 2 else _latex_word(index)


def _latex_text(text: str) -> str:
    return rf"\text{{{' '.join(text.split()).translate(_ESCAPED)}}}"
