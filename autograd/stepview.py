"""Backprop to look at: the graph as a picture that plays the steps of both passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite
from pathlib import Path
from typing import Any

from autograd import look
from autograd.layout import Point, layered
from autograd.network import network_of
from autograd.notation import Notation, neurons, sign
from autograd.player import Frame, page, player
from autograd.stepper import Step, Until, steps
from autograd.value import Value, topological_order

_MOST_BOXES = 150
_MOST_WITH_LEAVES = 60
_LABEL = 40.0, 11.0  # room for a local derivative on its line
_SPOTS = 0.5, 0.35, 0.65, 0.25, 0.75  # on the way from box to box, where it may stand
_MOST_COVERED = 2  # that find no spot of their own
_MOST_LINES = 12  # of equations under the picture
_BOX, _GAP, _MARGIN = (124.0, 58.0), (78.0, 16.0), 12.0
_HEAD = 14  # letters of a name and its operation
_NOT_YET = "·"

State = dict[str, dict[str, str]]  # key of an element to its attributes
Index = dict[Value, int]  # the nodes that have a box, in topological order


@dataclass(frozen=True, slots=True)
class StepView:
    """The steps of a graph as a picture that plays; `print` gives them as text.

    Attributes
    ----------
    svg : str
        The still picture with the numbers of the last step; empty if there is none.
    frames : tuple of Frame
        One for each step; empty if the graph is too large to step through.
    title : str
        What it shows.
    text : str
        The same in words.
    """

    svg: str
    frames: tuple[Frame, ...]
    title: str
    text: str

    def html(self) -> str:
        """Return the view as HTML that needs nothing from outside."""
        if self.frames:
            return player(self.svg, self.frames, title=self.title, alt=self.title)
        words = look.words(self.text)
        return look.figure(self.svg, self.title) + words if self.svg else words

    def save(self, path: str | Path) -> None:
        """Write the view as a page that opens from disk.

        Parameters
        ----------
        path : str or Path
            Ends in .html.

        Raises
        ------
        ValueError
            If it ends in something else.
        """
        if Path(path).suffix != ".html":
            raise ValueError(f"path is {str(path)!r:.60}; a step view is a page: end it in .html.")
        Path(path).write_text(page(self.html(), title=self.title), encoding="utf-8")

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_wanted: Any) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": self.text}


def show_steps(root: Value, *, until: Until | None = None) -> StepView:
    """Return a view that steps through the forward and the backward pass of a graph.

    As the last line of a notebook's cell it plays; ``save("steps.html")`` makes a page.

    Parameters
    ----------
    root : Value
        Usually the loss of one sample. Above 60 values constants, and leaves that feed one node
        only, are left out of the picture; where more than 150 boxes remain, the network stands
        still.
    until : str, Op, Value or callable, optional
        End with the first step where it holds, see `Steps.next`.

    Raises
    ------
    TypeError
        If `root` is no Value.
    LookupError
        If `until` never holds.
    ValueError, ArithmeticError
        If a derivative is undefined.

    Examples
    --------
    >>> from autograd import Value, show_steps
    >>> x = Value(2.0, label="x")
    >>> view = show_steps(x * x)
    >>> print(view)
    backprop of L, step by step: 2 values
       0  forward   L = x · x = 2 · 2 = 4
       1  seed      ∂L/∂L = 1
       2  backward  ∂L/∂x += ∂L/∂L · x = 1 · 2 = 2
                    ∂L/∂x += ∂L/∂L · x = 1 · 2 = 2;  2 + 2 = 4
    """
    if not isinstance(root, Value):
        raise TypeError(f"show_steps() shows the graph of a Value; got {root!r:.60}.")
    order = topological_order(root)
    boxes = order if len(order) <= _MOST_WITH_LEAVES else _without_most_leaves(order)
    if len(boxes) > _MOST_BOXES:
        return _standing_still(root, order)
    notation = Notation(order)
    title = f"backprop of {notation.name(root)}, step by step: {len(order):,} values"
    records = steps(root, until=until)
    text = f"{title}\n{records}"
    if left_out := len(order) - len(boxes):
        title += f"; {left_out} leaves stand in the equations only"
    index = {node: i for i, node in enumerate(boxes)}
    frames = _frames(records, index)
    return StepView(_svg(index, notation, _end(frames)), tuple(frames), title, text)


def _without_most_leaves(order: Sequence[Value]) -> list[Value]:
    """Return the nodes but for constants and those leaves that feed one node only."""
    uses = Counter(parent for node in order for parent in dict.fromkeys(node.parents))
    return [node for node in order if node.op or (uses[node] > 1 and not node.constant)]


def _standing_still(root: Value, order: Sequence[Value]) -> StepView:
    """Return the network of a graph that is too large to step through, and what to do."""
    title = f"a graph of {len(order):,} values"
    advice = (
        f"This is {title}: too many to step through in a picture (most: {_MOST_BOXES}).\n"
        "Step through the loss of one sample, or read a part: print(steps(root, until=...))."
    )
    svg = network_of(root).svg() if neurons(order) else ""
    return StepView(svg, (), title, advice)


# ---------------------------------------------------------------------------------- the frames


def _edges(node: Value, index: Index) -> list[tuple[Value, str]]:
    """Return the inputs of a node, each with the key of its edge."""
    met: Counter[Value] = Counter()
    edges = []
    for parent in node.parents:
        edges.append((parent, f"{index.get(parent, '')}-{index[node]}-{met[parent]}"))
        met[parent] += 1
    return edges


def _frames(records: Sequence[Step], index: Index) -> list[Frame]:
    """Return what each step says, changes and marks; the first one sets everything."""
    totals = [abs(share.total) for step in records for share in step.shares]
    largest = max((x for x in totals if isfinite(x)), default=1.0)
    frames: list[Frame] = []
    for step in records:
        changes = {} if frames else _at_first(index)
        changes.update(_changes(step, index, largest))
        frames.append(Frame(_words(step), changes, _marks(step, index)))
    return frames


def _at_first(index: Index) -> State:
    """Return a graph of which nothing but the leaves is known."""
    state: State = {}
    for node, i in index.items():
        if node.op:
            state[f"d{i}"] = {"text": f"data {_NOT_YET}"}
            state |= {f"l{key}": {"text": ""} for _, key in _edges(node, index)}
        if not node.constant:
            state |= _gradient(i, None, 1.0)
    return state


def _changes(step: Step, index: Index, largest: float) -> State:
    """Return what a step makes known."""
    i = index[step.node]
    if step.phase == "forward":
        return {f"d{i}": {"text": f"data {look.number(step.node.data)}"}}
    if step.phase == "seed":
        state: State = {}
        for node, j in index.items():
            if not node.constant:
                state |= _gradient(j, step.upstream if node is step.node else 0.0, largest)
        return state
    state = {}
    flowing = [edge for edge in _edges(step.node, index) if not edge[0].constant]
    for (parent, key), share in zip(flowing, step.shares, strict=bool(step.shares)):
        state[f"l{key}"] = {"text": f"×{look.number(share.local)}"}
        if parent in index:
            state |= _gradient(index[parent], share.total, largest)
    return state


def _gradient(i: int, grad: float | None, largest: float) -> State:
    """Return how a box shows its gradient; None is one that is not known yet."""
    text = _NOT_YET if grad is None else look.number(grad)
    return {
        f"g{i}": {"text": f"grad {text}"},
        f"c{i}": {"fill": look.fill(grad, largest) if grad else "none"},
    }


def _marks(step: Step, index: Index) -> dict[str, str]:
    """Return the classes of what takes part in a step."""
    marks = {}
    if step.phase != "seed":
        for parent, key in _edges(step.node, index):
            if parent in index:
                marks[f"n{index[parent]}"] = "near"
                marks[f"e{key}"] = marks[f"l{key}"] = "active"
    return {**marks, f"n{index[step.node]}": "active"}


def _words(step: Step) -> str:
    """Return what stands under the picture: a headline and the equations."""
    name, gradient = step.notation.name(step.node), step.notation.gradient(step.node)
    if step.phase == "seed":
        head = f"backward begins · {name} changes as fast as itself"
    elif step.phase == "forward":
        head = f"forward · {name} is computed by {step.node.op.name}"
    else:
        head = f"backward · {gradient} flows through {step.node.op.name} to its inputs"
    lines = step.lines
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], f"… and {len(lines) - _MOST_LINES + 1} more like these"]
    return "\n".join([head, *lines])


def _end(frames: Sequence[Frame]) -> State:
    """Return what is known after the last frame."""
    state: State = {}
    for frame in frames:
        for key, attributes in frame.changes.items():
            state[key] = {**state.get(key, {}), **attributes}
    return state


# --------------------------------------------------------------------------------- the picture


def _svg(index: Index, notation: Notation, state: State) -> str:
    """Return the graph as SVG that shows a state."""
    parents = [[index[x] for x in node.parents if x in index] for node in index]
    layout = layered(parents, box=_BOX, gap=_GAP)
    width, height = max(layout.width, 480) + 2 * _MARGIN, layout.height + 2 * _MARGIN + 24
    lines = [
        (_moved(layout.routes[index[parent], i], key), key)
        for node, i in index.items()
        for parent, key in _edges(node, index)
        if parent in index
    ]
    spots: Sequence[Point | None] = _spots([route for route, _ in lines]) or [None] * len(lines)
    drawn = [
        _edge(route, key, state, spot) for (route, key), spot in zip(lines, spots, strict=True)
    ]
    edges = "".join(line for line, _ in drawn) + "".join(local for _, local in drawn)
    legend = "green border: a leaf that learns · strip: the gradient, blue above 0, red below"
    boxes = "".join(_box(node, i, layout.boxes[i], notation, state) for node, i in index.items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="{-_MARGIN:.0f} {-_MARGIN:.0f} {width:.0f} {height:.0f}" '
        f'font-family="{look.FONT}" font-size="12" role="img" '
        f'aria-label="{escape(f"computation graph of {notation.name(notation.root)}")}">'
        f"{edges}{boxes}{_text(0, layout.height + 24, legend)}</svg>"
    )


def _moved(route: Sequence[Point], key: str) -> list[Point]:
    """Return a route, moved aside if it is the second one between the same two boxes."""
    aside = 20.0 * int(key.rsplit("-", 1)[1])
    return [(x, y + aside) for x, y in route]


def _spots(routes: Sequence[Sequence[Point]]) -> list[Point] | None:
    """Return where local derivatives stand on their lines; None where many would be covered."""
    taken: list[Point] = []
    covered = 0
    for route in routes:
        (left, start), end = route[0], route[1][1]
        spots = [  # on the curve that `_edge` draws
            (
                left + _BOX[0] + _GAP[0] * (1.5 * t * (1 - t) + t**3),
                start + (end - start) * (3 - 2 * t) * t**2,
            )
            for t in _SPOTS
        ]
        free = next((spot for spot in spots if not _is_near(spot, taken)), None)
        covered += free is None
        if covered > _MOST_COVERED:
            return None
        taken.append(free or spots[0])
    return taken


def _is_near(spot: Point, taken: Sequence[Point]) -> bool:
    width, height = _LABEL
    return any(abs(spot[0] - x) < width and abs(spot[1] - y) < height for x, y in taken)


def _edge(route: Sequence[Point], key: str, state: State, spot: Point | None) -> tuple[str, str]:
    """Return a line from box to box, and its local derivative; without spot only while active."""
    (x, y), bend = (route[0][0] + _BOX[0], route[0][1]), _GAP[0] / 2
    middle = spot or (x + bend, y)
    path = f"M{x:.0f},{y:.0f}"
    for left, end in route[1:]:
        path += f"C{x + bend:.0f},{y:.0f} {left - bend:.0f},{end:.0f} {left:.0f},{end:.0f}"
        path += f"H{left + _BOX[0]:.0f}"
        x, y = left + _BOX[0], end
    path, x = path[: path.rindex("H")], x - _BOX[0]
    text = state.get(f"l{key}", {}).get("text", "")
    faint, hidden = ("", "") if spot else (' stroke-opacity="0.3"', ' display="none"')
    return (
        f'<g class="edge" data-key="e{key}"><path d="{path}" fill="none" stroke="#888"{faint}/>'
        f'<polygon points="{x:.0f},{y:.0f} {x - 8:.0f},{y - 4:.0f} {x - 8:.0f},{y + 4:.0f}" '
        'fill="#888"/></g>',
        f'<text class="local" data-key="l{key}" x="{middle[0]:.0f}" y="{middle[1] - 5:.0f}" '
        f'text-anchor="middle" font-size="11"{hidden}>{escape(text)}</text>',
    )


def _box(node: Value, i: int, place: Point, notation: Notation, state: State) -> str:
    """Return one box: name and operation, number, gradient."""
    (left, top), (width, height) = (place[0], place[1] - _BOX[1] / 2), _BOX
    name, data = notation.name(node), f"data {look.number(node.data)}"
    op = look.cut(sign(node.op), max(5, _HEAD - len(name))) if node.op else ""
    head = look.cut(name, _HEAD - len(op))
    rows = _text(left + 14, top + 17, head, ' font-weight="600"')
    if node.op:
        rows += _text(left + width - 8, top + 17, op, ' text-anchor="end"')
    if node.constant:
        if data.split()[1] != name:
            rows += _text(left + 14, top + 34, data)
        rows += _text(left + 14, top + 51, "constant")
    else:
        data, grad = state.get(f"d{i}", {"text": data})["text"], state[f"g{i}"]["text"]
        rows += _text(left + 14, top + 34, data, f' data-key="d{i}"')
        rows += _text(left + 14, top + 51, grad, f' data-key="g{i}"')
        rows += (
            f'<rect data-key="c{i}" x="{left + 3:.0f}" y="{top + 4:.0f}" width="6" '
            f'height="{height - 8:.0f}" rx="3" fill="{state[f"c{i}"]["fill"]}"/>'
        )
    parameter = not node.op and not node.constant
    border = look.PARAMETER if parameter else look.NEUTRAL
    return (
        f'<g data-key="n{i}"><title>{escape(f"{name}: {node!r:.200}")}</title>'
        f'<rect class="card{" parameter" * parameter}" x="{left:.0f}" y="{top:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" rx="6" fill="#ffffff" stroke="{border}" '
        f'stroke-width="{1 + parameter}"/>{rows}</g>'
    )


def _text(x: float, y: float, text: str, attributes: str = "") -> str:
    return f'<text class="ink" x="{x:.0f}" y="{y:.0f}"{attributes}>{escape(text)}</text>'
