"""What a hidden layer makes of its inputs: a heat map for every neuron."""

from __future__ import annotations

from collections.abc import Sequence

from autograd import Value, look
from nn.axes import INK, Axes, Chart, svg_of, text_at
from nn.boundary import marker, plane
from nn.checks import Row
from nn.contours import zero_lines
from nn.data import Dataset
from nn.models import MLP
from nn.scaling import Scaler

_IN_A_ROW, _PANEL, _GAP, _TOP = 4, 160.0, 34.0, 66.0
_MOST_NEURONS, _MOST_MARKERS = 24, 80
_HALO = "#ffffff"
_LEGEND = "blue: output above 0, red: below; the largest and the smallest in numbers; line: s = 0"


def features(model: MLP, x: Row, layer: int = 1) -> list[float]:
    """Return the outputs of a hidden layer for one sample: the features of the layer after it.

    Parameters
    ----------
    model : MLP
    x : sequence of float
        `model.nin` numbers.
    layer : int, optional
        Which of its layers, from 1, the output layer being the last.

    Raises
    ------
    TypeError
        If `model` is no MLP.
    ValueError
        If it has no such layer, or the sample does not fit it.

    Notes
    -----
    Lecture, "back-propagation": :math:`x_j^l = σ(s_j^l)`, "features of a higher level".

    Examples
    --------
    >>> import nn
    >>> [features(nn.xor_network(), corner) for corner in ([0, 0], [0, 1], [1, 1])]
    [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]
    """
    return [out for _, out in _sums_and_outputs(model, x, layer)]


def _sums_and_outputs(model: MLP, x: Row, layer: int) -> list[tuple[float, float]]:
    """Return s and x of every neuron of a layer."""
    if not isinstance(model, MLP):
        raise TypeError(f"Hidden layers are those of an MLP; got {model!r:.60}.")
    if not 1 <= layer <= len(model.layers):
        raise ValueError(f"layer is {layer!r:.60}; the model has layers 1 to {len(model.layers)}.")
    if len(x) != model.nin:
        raise ValueError(f"Got {len(x)} inputs, but this model takes {model.nin}.")
    found: list[tuple[float, float]] = []
    outputs = list(map(float, x))
    for stage in model.layers[:layer]:
        found = []
        for neuron in stage.neurons:
            s = sum((w.data * o for w, o in zip(neuron.w, outputs, strict=True)), neuron.b.data)
            out = neuron.activation(Value(s))  # a function of the user may know Values only
            found.append((s, float(out)))
        outputs = [out for _, out in found]
    return found


def show_features(
    model: MLP,
    dataset: Dataset,
    *,
    layer: int = 1,
    scaler: Scaler | None = None,
    points: int = 33,
) -> Chart:
    """Return a heat map of every neuron of a layer over the plane of two inputs.

    Blue is an output above 0, red one below, the stronger the larger; the largest and the smallest
    stand where they are. The dark line is where the neuron's weighted sum is 0. Of a layer of more
    than 24 neurons the first 24 are drawn.

    Parameters
    ----------
    model : MLP
        With two inputs.
    dataset : Dataset
        Two features, and classes, or none for a regression.
    layer : int, optional
        As in `features`.
    scaler : Scaler, optional
        What was done to the inputs before the model saw them.
    points : int, optional
        Of the grid along each axis, at least 2.

    Raises
    ------
    TypeError
        If `model` is no MLP.
    ValueError
        If there are not two inputs, the model has no such layer, or `points` is below 2.

    Examples
    --------
    >>> import nn
    >>> show_features(nn.xor_network(), nn.make_xor()).alt
    'layer 1 over xor: 2 neurons, outputs from 0 to 1'
    """
    if len(dataset.feature_names) != 2:
        raise ValueError(
            f"A heat map is drawn on the plane of two inputs, but the data set {dataset.name!r} "
            f"has {len(dataset.feature_names)} features."
        )
    xs, ys = plane(dataset, points)
    rows: list[Row] = [[x, y] for y in ys for x in xs]
    found = [
        _sums_and_outputs(model, row, layer) for row in (scaler.transform(rows) if scaler else rows)
    ]
    neurons = model.layers[layer - 1].neurons[:_MOST_NEURONS]
    outputs = [[cell[j][1] for cell in found] for j in range(len(neurons))]
    low, high = (end(map(end, outputs)) for end in (min, max))
    largest = max(abs(low), abs(high))
    title = f"layer {layer} over {dataset.name}"
    alt = f"{title}: {len(neurons)} neurons, outputs from {look.number(low)} to {look.number(high)}"
    parts = [
        text_at(20, 24, title, "start", bold=True),
        text_at(20, 42, _LEGEND, "start"),
    ]
    text = [alt]
    for j, numbers in enumerate(outputs):
        left = 20 + (j % _IN_A_ROW) * (_PANEL + 16)
        top = _TOP + (j // _IN_A_ROW) * (_PANEL + _GAP)
        sums = [cell[j][0] for cell in found]
        parts += _panel(xs, ys, numbers, sums, largest, (left, top), f"neuron {j + 1}")
        axes = _axes(xs, ys, left, top)
        every = -(-len(dataset) // _MOST_MARKERS)
        for i in range(0, len(dataset), every):
            k = dataset.targets[i] if dataset.is_classification else 0
            parts.append(marker(k, axes.place(*dataset.inputs[i]), 0.6))
        parts += _extremes(xs, ys, numbers, axes)
        weights = ", ".join(look.number(w.data) for w in neurons[j].w[:6])
        weights += ", …" * (len(neurons[j].w) > 6)
        text.append(
            f"neuron {j + 1}: outputs {look.number(min(numbers))} to {look.number(max(numbers))}, "
            f"w = ({weights}), b = {look.number(neurons[j].b.data)}"
        )
    panels = len(neurons)
    width = 24 + min(panels, _IN_A_ROW) * (_PANEL + 16)
    height = _TOP + -(-panels // _IN_A_ROW) * (_PANEL + _GAP)
    return Chart(svg_of(max(width, 430), height, parts, alt), alt, "\n".join(text))


def _axes(xs: Sequence[float], ys: Sequence[float], left: float, top: float) -> Axes:
    return Axes((xs[0], xs[-1]), (ys[0], ys[-1]), box=(left, top, left + _PANEL, top + _PANEL))


def _panel(
    xs: Sequence[float],
    ys: Sequence[float],
    numbers: Sequence[float],
    sums: Sequence[float],
    largest: float,
    corner: tuple[float, float],
    title: str,
) -> list[str]:
    """Return one neuron's map with the line where its weighted sum is 0."""
    (left, top), n = corner, len(xs)
    grid = [numbers[i * n :][:n] for i in range(len(ys))]
    colours = [[look.fill(number, largest) for number in row] for row in grid[::-1]]
    axes = _axes(xs, ys, left, top)
    heights = [sums[i * n :][:n] for i in range(len(ys))]
    line = "".join(
        "M{:.1f},{:.1f}L{:.1f},{:.1f}".format(*axes.place(*a), *axes.place(*b))
        for a, b in zero_lines(xs, ys, heights)
    )
    return [
        f'<image x="{left}" y="{top}" width="{_PANEL}" height="{_PANEL}" '
        f'preserveAspectRatio="none" href="{look.png(colours)}"/>',
        f'<rect x="{left}" y="{top}" width="{_PANEL}" height="{_PANEL}" fill="none" '
        'stroke="#bbbbbb"/>',
        f'<path d="{line}" fill="none" stroke="{INK}" stroke-width="1.5"/>',
        text_at(left + _PANEL / 2, top + _PANEL + 16, title),
    ]


def _extremes(
    xs: Sequence[float], ys: Sequence[float], numbers: Sequence[float], axes: Axes
) -> list[str]:
    """Return the largest and the smallest output in numbers, where they are."""
    labels = []
    for extreme in dict.fromkeys((max(numbers), min(numbers))):
        i = numbers.index(extreme)
        across, down = axes.place(xs[i % len(xs)], ys[i // len(xs)])
        left, top, right, bottom = axes.box
        text = ("+" if extreme > 0 else "") + look.number(extreme, 2)
        half = 4.0 * len(text) + 2
        place = max(left + half, min(across, right - half)), max(top + 14, min(down, bottom - 6))
        halo = f'<text paint-order="stroke" stroke="{_HALO}" stroke-width="4" '
        labels.append(text_at(*place, text, bold=True).replace("<text ", halo))
    return labels
