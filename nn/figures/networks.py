"""Figures of networks: layers and weights, both passes of back-propagation, the indices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd import Network, indexed, look
from nn.axes import INK, Chart, svg_of, text_at
from nn.backprop_table import BackpropTable, backprop_table
from nn.by_hand import mazur_network
from nn.figures.shapes import FAINT, arrow, between, circle, inside, labelled
from nn.models import MLP, Model
from nn.network_view import network

_RADIUS = 34


def mlp(model: Model | None = None, x: Sequence[Any] | None = None, target: Any = None) -> Chart:
    """Return a network as layers of neurons; colour, dashes and thickness say its weights.

    Parameters
    ----------
    model : Model, optional
        By default an untrained MLP with 3 inputs, two hidden layers of 4 and 2 outputs.
    x : sequence of float, optional
        A sample; its outputs are written into the neurons.
    target : int, float or sequence of float, optional
        With it the weights' gradients are in the tooltips.

    Notes
    -----
    The lecture's figure 06-03.

    Examples
    --------
    >>> mlp().alt[:27]
    'a network of 3–4–4–2 units,'
    """
    if model is None:
        model, x = MLP(3, [4, 4, 2], activation="tanh", seed=3), [1.0, -0.5, 0.25]
        target = [1.0, 0.0]
    view: Network = network(model, x, target)
    sizes = "–".join(str(len(layer)) for layer in view.layers)
    weights = sum(len(unit.weights) for layer in view.layers for unit in layer)
    alt = f"a network of {sizes} units, {weights} weights"
    names = ["inputs", *("hidden" for _ in view.layers[2:]), "output"]
    picture = view.svg()
    width, height = (
        float(picture.partition(f'{side}="')[2].partition('"')[0]) for side in ("width", "height")
    )
    columns = [float(part.partition('"')[0]) for part in picture.split('<circle cx="')[1:]]
    places = list(dict.fromkeys(columns))
    parts = [
        text_at(16, 24, f"multi-layer perceptron: {sizes}", "start", bold=True),
        inside(picture, 0, 40),
        *(text_at(px, 52, name) for px, name in zip(places, names, strict=False)),
    ]
    return Chart(svg_of(width, height + 44, parts, alt), alt, f"{alt}\n{view}")


def backprop(
    model: Model | None = None, x: Sequence[Any] | None = None, target: Any = None
) -> Chart:
    r"""Return both passes through a network: s and x forward, δ back along the same lines.

    Parameters
    ----------
    model : Model, optional
        A small one, with at most 5 neurons in a layer; by default `mazur_network` on its sample.
    x : sequence of float
        A sample for your model.
    target : int, float or sequence of float
        As its loss takes it.

    Raises
    ------
    ValueError
        If the model is too wide to be drawn with its numbers, or the sample does not fit.

    Notes
    -----
    The lecture's figure 06-06: :math:`δ_i^{l-1} = σ'(s_i^{l-1}) \sum_j w_{ij}^l δ_j^l`.

    Examples
    --------
    >>> backprop().alt
    'back-propagation through 2–2–2: loss 0.2984; δ of the outputs 0.1385, −0.0381'
    """
    if model is None:
        model, x, target = mazur_network(), [0.05, 0.10], [0.01, 0.99]
    table = backprop_table(model, x if x is not None else [], target)
    layers = table.layers()
    sizes = [len(layers[0][0].inputs), *map(len, layers)]
    if max(sizes) > 5:
        raise ValueError(
            f"The widest layer has {max(sizes)} units; with its numbers a network of up to 5 is "
            "drawn. nn.network() draws larger ones."
        )
    number, apart, down = look.number, 240.0, 118.0
    tall = max(sizes) * down
    places = [
        [(80 + apart * column, 44 + tall / 2 + (i - (n - 1) / 2) * down) for i in range(n)]
        for column, n in enumerate(sizes)
    ]
    width = 160 + apart * (len(sizes) - 1) + 40
    parts = [
        text_at(20, 26, "forward: s and x", "start", bold=True, colour=look.POSITIVE),
        text_at(180, 26, "back: δ (orange, dashed)", "start", bold=True, colour="#a85400"),
        text_at(width - 20, 26, f"L = {number(table.loss)}", "end", bold=True),
    ]
    for before, rows in enumerate(layers):
        for row, place in zip(rows, places[before + 1], strict=True):
            for i, source in enumerate(places[before]):
                parts += _both_ways(source, place, row, i, back=before > 0)
    for place, value, i in zip(places[0], layers[0][0].inputs, range(1, 9)):  # noqa: B905
        parts.append(circle(place, _RADIUS, [indexed("x", 0, i), number(value)], colour="#f4f4f4"))
    for before, rows in enumerate(layers):
        for row, place in zip(rows, places[before + 1], strict=True):
            lines = [f"s {number(row.s, 3)}", f"x {number(row.x, 3)}"]
            parts.append(circle(place, _RADIUS, lines, colour=look.fill(row.x, 2.0)))
            words = f"{indexed('δ', row.layer, row.index)} = {number(row.delta)}"
            beside = place[0] + (16 if rows is layers[-1] else -16)  # of the arrows that go back
            parts.append(
                text_at(beside, place[1] + _RADIUS + 17, words, colour="#a85400", bold=True)
            )
    foot = 54 + tall
    parts.append(
        text_at(20, foot + 18, "δ of a neuron = σ′(s) · Σ w · δ of the next layer", "start")
    )
    parts.append(text_at(20, foot + 38, "∂L/∂w = x of the start · δ of the end", "start"))
    outputs = ", ".join(number(row.delta) for row in layers[-1])
    shape = "–".join(map(str, sizes))
    alt = f"back-propagation through {shape}: loss {number(table.loss)}; δ of the outputs {outputs}"
    return Chart(svg_of(width, foot + 54, parts, alt), alt, f"{alt}\n{table}")


def _both_ways(
    source: tuple[float, float], place: tuple[float, float], row: Any, i: int, *, back: bool
) -> list[str]:
    """Return the arrow of a weight with its number, and beside it the way back."""
    start, end = between(source, place, _RADIUS + 2)
    w = row.weights[i]
    parts = [arrow(start, end, look.POSITIVE, 1.5)]
    spot = start[0] + 0.3 * (end[0] - start[0]), start[1] + 0.3 * (end[1] - start[1])
    parts.append(labelled(spot, look.number(w, 3)))
    if back:
        shifted = [(px, py + 9) for px, py in (end, start)]
        parts.append(arrow(shifted[0], shifted[1], look.PATH, 1.5, dashes="5 4"))
    return parts


def layers(
    model: MLP | None = None,
    x: Sequence[Any] | None = None,
    *,
    layer: int = 2,
    i: int = 2,
    j: int = 1,
) -> Chart:
    """Return two layers with the lecture's indices: the weight from neuron i to neuron j.

    Parameters
    ----------
    model : MLP, optional
        By default a small untrained one.
    x : sequence of float, optional
        A sample for your model.
    layer : int, optional
        l, the layer that the weight leads to, from 1.
    i, j : int, optional
        The neuron in layer l - 1 and that in layer l, from 1.

    Raises
    ------
    ValueError
        If there is no such weight, or a layer has more than 6 units.

    Notes
    -----
    The lecture's figure 06-07: in :math:`w_{ij}^l` the first index is where the weight comes from.

    Examples
    --------
    >>> layers().alt
    'the weight w₂₁² = −0.5598 leads from neuron 2 of layer 1 to neuron 1 of layer 2'
    """
    if model is None:
        model, x = MLP(2, [3, 2, 1], activation="sigmoid", seed=4), [0.5, -1.0]
    table = backprop_table(model, x if x is not None else [], _any_target(model))
    rows, before = _two_layers(table, layer)
    if not (1 <= i <= len(before) and 1 <= j <= len(rows)) or max(len(before), len(rows)) > 6:
        raise ValueError(
            f"Layer {layer} has {len(rows)} neurons on {len(before)} inputs; there is no weight "
            f"from {i} to {j}, or more than 6 are too many to draw."
        )
    number, down = look.number, 100.0
    tall = max(len(before), len(rows)) * down
    left = [(150.0, 70 + tall / 2 + (k - (len(before) - 1) / 2) * down) for k in range(len(before))]
    right = [(490.0, 70 + tall / 2 + (k - (len(rows) - 1) / 2) * down) for k in range(len(rows))]
    parts = [
        text_at(150, 30, f"layer l−1 = {layer - 1}", bold=True),
        text_at(490, 30, f"layer l = {layer}", bold=True),
    ]
    for k, end_place in enumerate(right, start=1):
        for m, start_place in enumerate(left, start=1):
            start, end = between(start_place, end_place, _RADIUS + 2)
            if (m, k) != (i, j):
                parts.append(arrow(start, end, "#bbbbbb", 1.2))
    start, end = between(left[i - 1], right[j - 1], _RADIUS + 2)
    row = rows[j - 1]
    w = row.weights[i - 1]
    parts.append(arrow(start, end, look.PATH, 3.5, head=13))
    middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    name = indexed("w", layer, i, j)
    parts.append(labelled(middle, f"{name} = {number(w)}", look.PATH))
    for m, (place, value) in enumerate(zip(left, before, strict=True), start=1):
        ring = look.PATH if m == i else "#444444"
        words = [indexed("x", layer - 1, m), number(value, 3)]
        parts.append(circle(place, _RADIUS, words, stroke=ring))
    for k, (place, out) in enumerate(zip(right, rows, strict=True), start=1):
        ring = look.PATH if k == j else "#444444"
        words = [indexed("s", layer, k), number(out.s, 3)]
        parts.append(circle(place, _RADIUS, words, stroke=ring))
        after = place[0] + _RADIUS + 2, place[1]
        parts.append(arrow(after, (after[0] + 74, place[1]), INK))
        parts.append(text_at(after[0] + 34, place[1] - 7, "σ", colour=FAINT))
        answer = f"{indexed('x', layer, k)} = {number(out.x, 3)}"
        parts.append(text_at(after[0] + 82, place[1] + 4, answer, "start"))
    foot = 70 + tall
    parts.append(
        text_at(
            40,
            foot + 14,
            "sⱼ = Σᵢ wᵢⱼ xᵢ + bⱼ,   xⱼ = σ(sⱼ);   i: where from, j: where to",
            "start",
        )
    )
    alt = f"the weight {name} = {number(w)} leads from neuron {i} of layer {layer - 1} "
    alt += f"to neuron {j} of layer {layer}"
    return Chart(svg_of(720, foot + 34, parts, alt), alt, f"{alt}\n{table}")


def _any_target(model: MLP) -> Any:
    """Return a target that the loss takes: only the forward numbers are shown."""
    return 1 if model.loss.decide else [0.0] * model.nout


def _two_layers(table: BackpropTable, layer: int) -> tuple[Any, Sequence[float]]:
    found = table.layers()
    if not 1 <= layer <= len(found):
        raise ValueError(f"layer is {layer}, but the network has layers 1 to {len(found)}.")
    return found[layer - 1], found[layer - 1][0].inputs
