"""A graph as the network that made it: layers of neurons, and lines as thick as the weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from autograd import look
from autograd.notation import NeuronRun, indexed, neurons
from autograd.value import Value, topological_order

_MOST_UNITS = 40  # of a layer that are drawn
_MOST_LINES = 400  # between two layers; the heaviest
_MARGIN, _IMAGE = 36.0, 36.0
_NAME = 20  # letters of an output's name
_BESIDE = 176.0  # from the inputs as an image to the first layer
# Up to so many units in a layer: their radius and distance, and the distance of layers.
_SIZES = (
    (6, 23.0, 68.0, 180.0),
    (10, 21.0, 62.0, 180.0),
    (20, 15.0, 38.0, 240.0),
    (_MOST_UNITS, 8.0, 20.0, 300.0),
)


@dataclass(frozen=True, slots=True)
class Unit:
    """A neuron, or an input, with means over the samples that went through it.

    Attributes
    ----------
    layer, index : int
        The lecture's l and j; layer 0 are the inputs.
    s, x, delta : float
        Weighted sum, output, and ∂L/∂s; an input has only `x`.
    bias, bias_gradient : float
        And what ``backward()`` left there.
    weights, weight_gradients : tuple of float
        One for each input; none for an input.
    dropped : bool
        Whether dropout left it out, in all samples: its output is a product with a constant that
        is labelled "dropped".
    """

    layer: int
    index: int
    s: float
    x: float
    delta: float
    bias: float
    bias_gradient: float
    weights: tuple[float, ...]
    weight_gradients: tuple[float, ...]
    dropped: bool

    @property
    def words(self) -> str:
        """The unit in one line."""
        number, name = look.number, indexed("x", self.layer, self.index)
        if not self.layer:
            return f"{name} = {number(self.x)}"
        some = ", ".join(map(number, self.weights[:6])) + ", …" * (len(self.weights) > 6)
        return (
            f"{name} = {number(self.x)}, s = {number(self.s)}, δ = {number(self.delta)}, "
            f"b = {number(self.bias)}, w = ({some})" + ", dropped" * self.dropped
        )


@dataclass(frozen=True, slots=True)
class Network:
    """Layers of units; a notebook draws it and `print` lists it.

    Attributes
    ----------
    layers : tuple of tuple of Unit
        The inputs first.
    samples : int
        How many went through it.
    root : str
        Name and number of the graph's root.
    image_shape : (int, int) or None
        Rows and columns of the inputs, if they are the pixels of an image.
    names : tuple of str
        What the outputs stand for, such as classes; empty if nobody says.
    """

    layers: tuple[tuple[Unit, ...], ...]
    samples: int
    root: str
    image_shape: tuple[int, int] | None
    names: tuple[str, ...] = ()

    @property
    def caption(self) -> str:
        """What the picture does not say by itself."""
        sizes = "–".join(str(len(layer)) for layer in self.layers)
        mean = f"means over {self.samples:,} samples; " if self.samples > 1 else ""
        units = [unit for layer in self.layers[1:] for unit in layer]
        known = any(g for u in units for g in (u.delta, u.bias_gradient, *u.weight_gradients))
        gradient = "" if known else "; no gradient yet: backward() has not run"
        return f"{sizes}; {mean}{self.root}{gradient}"

    def svg(self) -> str:
        """Return the picture: blue lines are weights above 0, dashed red ones below."""
        return "".join(_svg(self))

    def __str__(self) -> str:
        lines = [self.caption]
        for layer in self.layers:
            names = self.names if layer is self.layers[-1] else ()
            lines.append(f"layer {layer[0].layer}")
            for unit in layer[:_MOST_UNITS]:
                name = f" ({look.cut(names[unit.index - 1], 20)})" if names else ""
                lines.append(f"  {unit.words}{name}")
            lines += [f"  … {len(layer) - _MOST_UNITS} more"] * (len(layer) > _MOST_UNITS)
        return "\n".join(lines)

    def _repr_mimebundle_(self, **_wanted: Any) -> dict[str, str]:
        html = look.figure(self.svg(), f"network {self.caption}", str(self), "its numbers")
        return {"text/html": html, "text/plain": str(self)}


def network_of(
    value: Value, *, image_shape: tuple[int, int] | None = None, names: Sequence[str] = ()
) -> Network:
    """Return the layers of neurons that are at work in a graph.

    Parameters
    ----------
    value : Value
        The root, such as the loss of one sample or of many.
    image_shape : (int, int), optional
        Rows and columns, if the inputs are the pixels of an image: the weights of the first layer
        are then drawn as images.
    names : sequence of str, optional
        What the outputs stand for, such as the classes; as many as there are, else they are left
        out.

    Raises
    ------
    TypeError
        If `value` is no Value.
    ValueError
        If no neuron is in the graph, or the image has not as many pixels as there are inputs.

    Examples
    --------
    >>> import nn
    >>> model = nn.MLP(2, [2, 1], seed=1)
    >>> print(network_of(model([1.0, 0.0])))
    2–2–1; L = −1.147; no gradient yet: backward() has not run
    layer 0
      x₁⁰ = 1
      x₂⁰ = 0
    layer 1
      x₁¹ = 1.288, s = 1.288, δ = 0, b = 0, w = (1.288, 1.449)
      x₂¹ = 0.06634, s = 0.06634, δ = 0, b = 0, w = (0.06634, −0.7645)
    layer 2
      x₁² = −1.147, s = −1.147, δ = 0, b = 0, w = (−0.8918, 0.02558)
    """
    if not isinstance(value, Value):
        raise TypeError(f"network_of() shows the network in a Value's graph; got {value!r:.60}.")
    groups: dict[tuple[int, int], list[NeuronRun]] = {}
    for run in neurons(topological_order(value)):
        groups.setdefault((run.layer, run.index), []).append(run)
    if not groups:
        raise ValueError(
            "There is no neuron in this graph: a neuron is a weighted_sum made in a scope that "
            "ends in 'neuron 1' (2, 3, ...), as the layers of nn make it."
        )
    first = groups[min(groups)]
    inputs = [_mean([x.data for x in column]) for column in zip(*(r.inputs for r in first))]  # noqa: B905
    if image_shape and image_shape[0] * image_shape[1] != len(inputs):
        raise ValueError(f"image_shape is {image_shape}, but there are {len(inputs)} inputs.")
    layers: dict[int, list[Unit]] = {
        0: [Unit(0, i, x, x, 0.0, 0.0, 0.0, (), (), False) for i, x in enumerate(inputs, start=1)]
    }
    for (layer, index), runs in sorted(groups.items()):
        layers.setdefault(layer, []).append(_unit(layer, index, runs))
    root = f"{look.cut(value.label, 20) or 'L'} = {look.number(value.data)}"
    found = tuple(map(tuple, layers.values()))
    shown = tuple(names) if len(names) == len(found[-1]) else ()
    return Network(found, len(first), root, image_shape, shown)


def _unit(layer: int, index: int, runs: Sequence[NeuronRun]) -> Unit:
    """Return one neuron of all samples."""
    run = runs[0]
    return Unit(
        layer,
        index,
        _mean([run.s.data for run in runs]),
        _mean([run.x.data for run in runs]),
        _mean([run.s.grad for run in runs]),
        run.bias.data if run.bias is not None else 0.0,
        run.bias.grad if run.bias is not None else 0.0,
        tuple(weight.data for weight in run.weights),
        tuple(weight.grad for weight in run.weights),
        all(any(x.label == "dropped" for x in run.x.parents) for run in runs),
    )


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)


# --------------------------------------------------------------------------------- the picture


def _svg(network: Network) -> Iterator[str]:
    layers, image_shape = network.layers, network.image_shape
    largest = max(min(len(layer), _MOST_UNITS) for layer in layers[bool(image_shape) :])
    radius, distance, apart = next(rest for most, *rest in _SIZES if largest <= most)
    if image_shape:
        distance = max(distance, _IMAGE + 6)
    legend = [*_legend(network), network.caption]
    below = 8 + 18.0 * len(legend)
    height = max(largest * distance, 80) + 2 * _MARGIN + below
    first = _BESIDE if image_shape else apart
    columns = [0.0, *(first + i * apart for i in range(len(layers) - 1))]
    names = [look.cut(name, _NAME) for name in network.names]
    width = columns[-1] + 2 * _MARGIN + 2 * radius + 7.5 * max(map(len, names), default=0)
    width = max(width, 16 + 6.6 * max(map(len, legend)))
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="{look.FONT}" font-size="12" '
        f'role="img" aria-label="network {escape(network.caption)}">'
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>'
    )
    middle = (height - below) / 2
    places = [
        [
            (_MARGIN + radius + columns[column], middle + (i - (shown - 1) / 2) * distance)
            for i in range(shown)
        ]
        for column, shown in enumerate(min(len(layer), _MOST_UNITS) for layer in layers)
    ]
    for before, layer, starts, ends in zip(layers, layers[1:], places, places[1:]):  # noqa: B905
        if not (image_shape and layer[0].layer == 1):
            yield from _lines(before, layer, starts, ends)
    for layer, column in zip(layers, places, strict=True):
        if image_shape and not layer[0].layer:
            yield _input_image(layer, image_shape, (column[0][0], middle))
            continue
        for unit, place in zip(layer, column):  # noqa: B905 (those that are drawn)
            if image_shape and unit.layer == 1:
                yield _weight_image(unit, image_shape, (place[0] - radius - 26, place[1]))
            yield _circle(unit, place, radius)
            if names and layer is layers[-1]:
                yield _text(place[0] + radius + 8, place[1] + 4, names[unit.index - 1], "start")
        if len(layer) > len(column):
            yield _text(
                column[-1][0], column[-1][1] + distance, f"… {len(layer) - len(column)} more"
            )
    for i, line in enumerate(legend):
        yield _text(8, height - below + 16 + 18 * i, line, "start")
    yield "</svg>"


def _legend(network: Network) -> list[str]:
    """Return what the picture's signs mean, in lines."""
    legend = ["line: a weight, blue above 0, dashed red below, thick where large"]
    legend.append("fill: the output, dashed where below 0")
    if network.image_shape:
        legend.append("images: the inputs, and the weights that they meet, striped below 0")
    if any(unit.dropped for layer in network.layers for unit in layer):
        legend.append("grey and crossed out: left out by dropout")
    return legend


def _lines(before: Sequence[Unit], layer: Sequence[Unit], starts: Any, ends: Any) -> Iterator[str]:
    """Yield the heaviest lines between two layers, the heaviest last."""
    found = [
        (unit.weights[i], unit.weight_gradients[i], before[i], unit, start, end)
        for unit, end in zip(layer, ends)  # noqa: B905
        for i, start in enumerate(starts)
    ]
    found.sort(key=lambda line: abs(line[0]))
    heaviest = abs(found[-1][0]) or 1.0
    for w, gradient, source, unit, (x1, y1), (x2, y2) in found[-_MOST_LINES:]:
        share = (abs(w) / heaviest) ** 1.5
        name = indexed("w", unit.layer, source.index, unit.index)
        words = f"{name} = {look.number(w)}, gradient {look.number(gradient)}"
        dashed = ' stroke-dasharray="6 3"' if w < 0 else ""
        faint = 0.15 if source.dropped or unit.dropped else 0.15 + 0.75 * share
        yield (
            f'<line x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}" '
            f'stroke="{look.line_colour(w)}" stroke-width="{0.5 + 4 * share:.1f}" '
            f'stroke-opacity="{faint:.2f}"{dashed}><title>{words}</title></line>'
        )


def _circle(unit: Unit, place: tuple[float, float], radius: float) -> str:
    """Return one unit, with its output in it where there is room."""
    (x, y), colour = place, "#dddddd" if unit.dropped else look.fill(unit.x, 2.0)
    dashed = ' stroke-dasharray="3 2"' if unit.x < 0 else ""
    parts = [
        f"<g><title>{escape(unit.words)}</title>"
        f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{radius:.0f}" fill="{colour}" stroke="#444444"'
        f"{dashed}/>"
    ]
    if unit.dropped:
        r = radius * 0.7
        parts.append(
            f'<path d="M{x - r:.0f},{y - r:.0f}L{x + r:.0f},{y + r:.0f}M{x - r:.0f},{y + r:.0f}'
            f'L{x + r:.0f},{y - r:.0f}" stroke="#444444" stroke-width="2"/>'
        )
    elif radius > 10:
        size = 12 if radius > 16 else 9
        parts.append(_text(x, y + 4, look.number(unit.x, 2), size=size))
    if radius > 16:
        name = indexed("x", unit.layer, unit.index)
        parts.append(_text(x, y - radius - 3, name, size=10))
    return "".join(parts) + "</g>"


def _weight_image(unit: Unit, shape: tuple[int, int], place: tuple[float, float]) -> str:
    """Return the weights of a unit as an image: blue above 0, striped red below."""
    picture = look.signed_png(_in_rows(unit.weights, shape), max(map(abs, unit.weights)))
    return _image(picture, place, _IMAGE, unit.words)


def _input_image(layer: Sequence[Unit], shape: tuple[int, int], place: tuple[float, float]) -> str:
    """Return the inputs as an image, dark where they are high."""
    numbers = [unit.x for unit in layer]
    low, high = min(numbers), max(numbers)
    shades = [round(255 * (1 - (x - low) / ((high - low) or 1.0))) for x in numbers]
    colours = [f"#{shade:02x}{shade:02x}{shade:02x}" for shade in shades]
    picture = look.png(_in_rows(colours, shape))
    return _image(picture, (place[0] + 10, place[1]), 2 * _IMAGE, "the inputs")


def _in_rows(items: Sequence[Any], shape: tuple[int, int]) -> list[Sequence[Any]]:
    return [items[r * shape[1] :][: shape[1]] for r in range(shape[0])]


def _image(picture: str, place: tuple[float, float], size: float, words: str) -> str:
    return (
        f'<image x="{place[0] - size / 2:.0f}" y="{place[1] - size / 2:.0f}" width="{size:.0f}" '
        f'height="{size:.0f}" image-rendering="pixelated" href="{picture}">'
        f"<title>{escape(words)}</title></image>"
        f'<rect x="{place[0] - size / 2:.0f}" y="{place[1] - size / 2:.0f}" width="{size:.0f}" '
        f'height="{size:.0f}" fill="none" stroke="#888888"/>'
    )


def _text(x: float, y: float, text: str, anchor: str = "middle", size: int = 12) -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}" fill="#222222">'
        f"{escape(text)}</text>"
    )
