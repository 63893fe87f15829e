"""A graph as a drawing: a box for each value, its gradient as colour, slopes on the lines.

The boxes are copies of what the drawing shows, so that it stays as it is when the graph goes on.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from math import isnan, nan
from typing import Any

from autograd import look, render
from autograd.network import Network, network_of
from autograd.notation import Notation
from autograd.ops import weighted_sum_of
from autograd.render import Box
from autograd.tree import tree
from autograd.value import Value, topological_order

_DIRECTIONS = ("LR", "TB")
_MANY_PATHS = 10**6  # are not counted on
_MOST_BOXES = 1500  # that anybody should be sent to
_LONGEST_LINE, _LONGEST_TOOLTIP = 120, 600
_LEGEND = "fill: gradient, blue above 0, red below · green: learns · lines: local derivatives"
_NO_GRADIENT = "no gradient yet: call backward()"


@dataclass(frozen=True, slots=True)
class _Path:
    """The heaviest path from one box to the root, and what all paths have in common."""

    boxes: list[Box]
    lines: set[tuple[Box, int]]  # a box and which of its inputs
    product: float
    count: int
    total: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawn graph: a notebook shows it, `print` writes it as text, `save` keeps it.

    Attributes
    ----------
    alt : str
        What the picture shows, in one line.
    caption : tuple of str
        The lines above the picture.
    network : Network or None
        What is shown instead of a graph that is too large.
    """

    alt: str
    caption: tuple[str, ...]
    network: Network | None
    _boxes: list[Box] = field(repr=False)
    _path: _Path | None = field(repr=False)
    _layout: tuple[str, int] = field(repr=False)  # direction, digits
    _tree: str = field(repr=False)

    @property
    def source(self) -> str:
        """The picture in the language DOT, as Graphviz reads it.

        Raises
        ------
        ImportError
            If the package graphviz is not installed.
        ValueError
            If a network is shown, which has no such text.
        """
        if self.network:
            raise ValueError(
                "This graph is drawn as its network, which is SVG and has no DOT text; "
                f"{self.caption[-1]}."
            )
        direction, digits = self._layout
        marked = self._path.lines if self._path else set()
        return render.dot(self._boxes, marked, self.caption, direction=direction, digits=digits)

    def svg(self) -> str:
        """Return the picture as an SVG element.

        Raises
        ------
        ImportError
            If nothing here can draw; the text says what to install.
        """
        return self.network.svg() if self.network else render.svg(self.source)

    def text(self) -> str:
        """Return the graph as a text tree (or the network as a list), and the caption."""
        of_the_picture = (_LEGEND, _NO_GRADIENT)
        return "\n".join([self._tree, *(x for x in self.caption if x not in of_the_picture)])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file.

        Parameters
        ----------
        path : str or path
            Ends in .dot or .gv (text), .svg, .png or .pdf; the last two need the program ``dot``.

        Raises
        ------
        ValueError
            If it ends otherwise, or a network is to be saved as anything but .svg.
        FileNotFoundError
            If the folder does not exist.
        ImportError, RuntimeError
            If a package or program is missing; the text says how to get it.
        """
        place = render.checked_path(path)
        kind = place.suffix.lower()
        if kind in render.BY_DOT:
            place.write_bytes(render.by_dot(self.source, kind[1:]))
        else:
            text = self.source if kind in render.TEXT else self.svg()
            place.write_text(text, encoding="utf-8")

    def __str__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, **_wanted: Any) -> dict[str, str]:
        text = self.text()
        try:
            html = look.figure(self.svg(), self.alt, text)
        except ImportError as missing:
            text += f"\n{missing}"
            html = look.words(text, wrap=False)
        if self.network:  # its picture does not hold our caption
            html = "".join(f"<div>{escape(line)}</div>" for line in self.caption) + html
        return {"text/html": html, "text/plain": text}


def draw(
    value: Value,
    *,
    direction: str = "LR",
    unfold: bool = False,
    path: Value | None = None,
    max_nodes: int = 150,
    digits: int = 4,
    title: str = "",
) -> Drawing:
    """Return a drawing of the graph of `value`; it stays as it is when the graph changes.

    A box for each value: name and operation, number and gradient. Its fill is the gradient, a thick
    green border marks a leaf that has one, frames are scopes. On each line stands the local
    derivative of the output with respect to the input.

    Parameters
    ----------
    value : Value
        The root.
    direction : {"LR", "TB"}
        From left to right, or from top to bottom.
    unfold : bool, optional
        Draw weighted sums as the products and additions that they stand for.
    path : Value, optional
        A node: the path from it to the root with the largest product of local derivatives is drawn
        in orange. That product is what this path contributes to the node's gradient.
    max_nodes : int, optional
        Most values that are drawn, at least 1. Of a larger graph the network is drawn, if there
        are neurons in it; else the values nearest to the root.
    digits : int, optional
        Significant digits of every number, at least 1.
    title : str, optional
        Stands above the picture.

    Raises
    ------
    TypeError
        If `value` or `path` is no Value.
    ValueError
        If `direction` is unknown, `max_nodes` or `digits` below 1, or `path` not in the graph.

    Examples
    --------
    >>> x, b = Value(2.0, label="x"), Value(-3.0, label="b")
    >>> y = x * x + b
    >>> y.backward()
    >>> print(draw(y, path=x))
    add = 1, grad 1
    ├─ mul = 4, grad 1
    │  ├─ x = 2, grad 4
    │  └─ x = 2 (shown above)
    └─ b = -3, grad 1
    orange: the heaviest of 2 paths from x to L, product 2; together ∂L/∂x = 4
    >>> draw(y).source.splitlines()[0]
    'digraph {'
    """
    _refuse_nonsense(value, direction, max_nodes=max_nodes, digits=digits)
    order = topological_order(value)
    if path is not None:
        _refuse_stranger(path, order)
    notation = Notation(order)
    whole = len(order) <= max_nodes
    network = network_of(value) if notation.neurons and not whole else None
    drawn = order if whole else [] if network else _nearest(value, max_nodes)
    box_of = _boxes(drawn, notation, with_grads=any(node.grad for node in order))
    boxes, heaviest = list(box_of.values()), None
    lines = title.splitlines() + ([] if network else _legend(order))
    if whole and unfold and (size := _unfolded_size(order)) > max_nodes:
        lines.append(f"not unfolded, that takes {size:,} boxes; {_more(size)}")
    elif whole and unfold:
        boxes = _unfolded(boxes)
    if whole and path is not None:
        heaviest = _heaviest_path(boxes, box_of[path])
        lines.append(_about_path(heaviest, notation, path, digits))
    elif path is not None:
        lines.append("a path is drawn only in a whole graph")
    if not whole:
        what = "as a network" if network else f"the {max_nodes:,} nearest to the root"
        more = _more(len(order), 0 if network else 2 * max_nodes)
        lines.append(f"{len(order):,} values, here {what}; {more}")
    return Drawing(
        f"graph of {len(order):,} values, "
        + (network.root if network else f"{notation.name(value)} = {look.number(value.data)}"),
        tuple(look.cut(line, _LONGEST_LINE) for line in lines),
        network,
        boxes,
        heaviest,
        (direction, digits),
        str(network) if network else tree(value, digits=digits),
    )


def value_mimebundle(value: Value, include: Any = None, exclude: Any = None) -> dict[str, str]:  # noqa: ARG001
    """Return how a notebook shows a Value: its graph drawn, and its repr as text; never raises.

    Parameters
    ----------
    value : Value
        A leaf is shown as its repr alone.
    include, exclude : optional
        What IPython passes; the answer does not depend on it.

    Examples
    --------
    >>> value_mimebundle(Value(2.0, "x"))
    {'text/plain': "Value(data=2.0, grad=0.0, label='x')"}
    """
    plain = {"text/plain": repr(value)}
    if not value.op:
        return plain
    try:
        return draw(value)._repr_mimebundle_() | plain
    except Exception:  # a notebook would show the traceback instead of the value
        return plain


def _refuse_nonsense(value: object, direction: object, **limits: int) -> None:
    if not isinstance(value, Value):
        raise TypeError(f"draw() draws the graph of a Value; got {value!r:.60}.")
    if direction not in _DIRECTIONS:
        raise ValueError(
            f"direction is {direction!r:.60}; it must be 'LR' (left to right) or 'TB' (top to "
            "bottom)."
        )
    for name, given in limits.items():
        if not isinstance(given, int):
            raise TypeError(f"{name} is {given!r:.60}; it must be a whole number, 1 or more.")
        if given < 1:
            raise ValueError(f"{name} is {given}, but draw() needs 1 or more.")


def _refuse_stranger(path: object, order: Sequence[Value]) -> None:
    if not isinstance(path, Value):
        raise TypeError(f"path is the node where a path begins, a Value; got {path!r:.60}.")
    if path not in set(order):
        raise ValueError(
            f"path begins at {path!r:.200}, which is not in this graph of {len(order):,} values."
        )


def _legend(order: Sequence[Value]) -> list[str]:
    if any(node.grad for node in order):
        return [_LEGEND]
    return [] if all(node.constant for node in order) else [_NO_GRADIENT]


def _more(size: int, instead: int = 0) -> str:
    """Return how to see more; where all would take Graphviz minutes, `instead` so many boxes."""
    most = size if size <= _MOST_BOXES else instead
    larger = f"draw(v, max_nodes={most}) or " if most else ""
    return f"to see more: {larger}a part, draw(v.parents[0])"


# ---------------------------------------------------------------------------------- the boxes


def _nearest(value: Value, count: int) -> list[Value]:
    """Return the nodes that are the fewest lines away from the root, inputs first."""
    found, frontier = {value}, [value]
    while frontier and len(found) < count:
        reached = dict.fromkeys(x for node in frontier for x in node.parents if x not in found)
        frontier = list(reached)[: count - len(found)]
        found.update(frontier)
    return sorted(found, key=lambda node: node.age)


def _boxes(
    order: Sequence[Value], notation: Notation, *, with_grads: bool = True
) -> dict[Value, Box]:
    """Return a box for each node; inputs that are not among them are counted."""
    box_of: dict[Value, Box] = {}
    users: dict[Value, set[str]] = {}  # the scopes where a node is used
    for node in order:
        where = f"\nin {node.scope}" if node.scope else ""
        about = f"{node!r}\n{node.op.name if node.op else 'leaf'}{where}"
        grad = node.grad if with_grads else None
        box = Box(notation.name(node), node.data, node.op, grad, node.constant, node.scope)
        box.tooltip = about if len(about) <= _LONGEST_TOOLTIP else about[:_LONGEST_TOOLTIP] + "…"
        for x, slope in zip(node.parents, _slopes(node), strict=True):
            users.setdefault(x, set()).add(node.scope)
            if x in box_of:
                box.inputs.append(box_of[x])
                box.slopes.append(slope)
        box.hidden = len(set(node.parents) - box_of.keys())
        box_of[node] = box
    for node, scopes in users.items():  # a model called inside a scope: its weights go with it
        only = next(iter(scopes))
        if node.scope and len(scopes) == 1 and only.endswith(f"/{node.scope}") and node in box_of:
            box_of[node].scope = only
    return box_of


def _slopes(node: Value) -> list[float]:
    """Return the local derivatives, nan where they are undefined."""
    try:
        return list(node.local_derivatives())
    except Exception:  # the rule may be a user's own
        return [nan] * len(node.parents)


def _unfolded_size(order: Sequence[Value]) -> int:
    sums = [len(node.parents) for node in order if node.op is weighted_sum_of]
    return len(order) + sum(max(0, n - 2) for n in sums)


def _unfolded(boxes: Sequence[Box]) -> list[Box]:
    """Return the boxes with each weighted sum as the last of its additions."""
    known = set(boxes)
    out: list[Box] = []
    for box in boxes:
        if box.op is weighted_sum_of and len(box.inputs) > 1:
            last = weighted_sum_of.unfold(*box.inputs)  # type: ignore[misc]
            made: list[Box] = []
            waiting = list(last.inputs)
            while waiting:
                term = waiting.pop()
                if term not in known:
                    term.grad, term.scope = box.grad, box.scope  # a sum passes its gradient on
                    made.append(term)
                    waiting += term.inputs
            box.op, box.inputs, box.slopes = last.op, last.inputs, last.slopes
            out += reversed(made)
        out.append(box)
    return out


def _heaviest_path(boxes: Sequence[Box], start: Box) -> _Path:
    """Return the path with the largest product, found from the start on, inputs first."""
    best, total, count = {start: 1.0}, {start: 1.0}, {start: 1}
    came_by: dict[Box, int] = {}
    for box in boxes:
        for i, (x, slope) in enumerate(zip(box.inputs, box.slopes, strict=True)):
            if x in best:
                product = best[x] * slope
                if box not in best or _weight(product) > _weight(best[box]):
                    best[box], came_by[box] = product, i
                total[box] = total.get(box, 0.0) + total[x] * slope
                count[box] = min(count.get(box, 0) + count[x], _MANY_PATHS)
    path = [boxes[-1]]
    while path[-1] is not start:
        path.append(path[-1].inputs[came_by[path[-1]]])
    lines = {(box, came_by[box]) for box in path[:-1]}
    root = boxes[-1]
    return _Path(path[::-1], lines, best[root], count[root], total[root])


def _weight(product: float) -> float:
    return -1.0 if isnan(product) else abs(product)


def _about_path(path: _Path, notation: Notation, start: Value, digits: int) -> str:
    """Return what a caption says of the orange path."""
    ends = f"{notation.name(start)} to {notation.name(notation.root)}"
    product, total = look.number(path.product, digits), look.number(path.total, digits)
    gradient = notation.gradient(start)
    if path.count == 1:
        return f"orange: the only path from {ends}, product {product} = {gradient}"
    many = f"{path.count:,}" + " or more" * (path.count == _MANY_PATHS)
    what = f"orange: the heaviest of {many} paths from {ends}, product {product}"
    return f"{what}; together {gradient} = {total}"
