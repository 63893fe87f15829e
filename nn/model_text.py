"""What is inside a model, as text: its layers, and the weights of the first one."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum
from typing import Any

from nn.checks import count
from nn.data import batches
from nn.layers import describe_activation
from nn.models import MLP, Model
from nn.tasks import About

_Layers = list[tuple[str, Sequence[Any], str]]
"""Name, neurons and activation of each layer; a neuron has weights w and a bias b."""


def _layers(model: Model) -> _Layers:
    if not isinstance(model, MLP):
        activations = {"Perceptron": "sign", "LogisticRegression": "sigmoid"}
        return [("neuron", [model], activations.get(type(model).__name__, "linear"))]
    *hidden, _ = [describe_activation(layer.neurons[0].activation) for layer in model.layers]
    parts = zip(model.layers, [*hidden, model.head], strict=True)
    return [(layer.name, layer.neurons, activation) for layer, activation in parts]


def layer_table(model: Model) -> str:
    """Return a table with a line for each layer: its size, activation and range of weights.

    Examples
    --------
    >>> import nn
    >>> print(layer_table(nn.MLP(2, [3, 1], activation="tanh", init="zeros")))
    layer       neurons  activation  parameters   weights             biases
    hidden 1          3  tanh                 9   0                   0
    output            1  linear               4   0                   0
    """
    lines = ["layer       neurons  activation  parameters   weights             biases"]
    for name, neurons, activation in _layers(model):
        weights = [w.data for neuron in neurons for w in neuron.w]
        biases = [neuron.b.data for neuron in neurons]
        size = len(weights) + len(biases)
        lines.append(
            f"{name:12s}{len(neurons):7d}  {activation:10s}{size:12d}   "
            f"{_range(weights):19s} {_range(biases)}"
        )
    return "\n".join(lines)


def _range(numbers: Sequence[float]) -> str:
    low, high = f"{min(numbers):.3g}", f"{max(numbers):.3g}"
    return low if low == high else f"{low} to {high}"


def first_weights(model: Model, about: About) -> str:
    """Return the weights of the first layer: as pictures, as a table, or the heaviest inputs.

    Parameters
    ----------
    model : Model
        With D inputs.
    about : About
        Names the D inputs, and says whether they are an image, and scaled.

    Examples
    --------
    >>> import nn
    >>> print(first_weights(nn.LogisticRegression(2), About(["width", "height"])))
    weights of neuron
                         width       height         bias
      neuron 1               0            0            0
    """
    layers = _layers(model)
    layer, neurons, _ = layers[0]
    names = [f"neuron {j}" for j in range(1, len(neurons) + 1)]
    if len(layers) == 1 and len(neurons) == len(about.class_names):
        names = about.class_names
    if about.image_shape:
        return "\n".join(_pictures(layer, neurons, names, about.image_shape))
    of = f"{layer}{', for scaled inputs' if about.scaler else ''}"
    if len(about.feature_names) <= 4 and len(neurons) <= 32:
        table = _weight_table(neurons, names, about.feature_names)
        return "\n".join([f"weights of {of}", *table])
    sizes = {
        name: fsum(abs(neuron.w[i].data) for neuron in neurons)
        for i, name in enumerate(about.feature_names)
    }
    heaviest = sorted(sizes, key=lambda name: -sizes[name])[:10]
    lines = [f"  {sizes[name]:9.4g}  {name}" for name in heaviest]
    return "\n".join([f"heaviest inputs of {of}: sum of |weight| over its neurons", *lines])


def _weight_table(neurons: Sequence[Any], names: Sequence[str], inputs: Sequence[str]) -> list[str]:
    """Return a row for each neuron, a column for each input and the bias."""
    heads = "".join(f"{_cut(name, 11):>13s}" for name in (*inputs, "bias"))
    lines = [" " * 13 + heads]
    for name, neuron in zip(names, neurons, strict=True):
        cells = "".join(f"{value.data:13.4g}" for value in (*neuron.w, neuron.b))
        lines.append(f"  {_cut(name, 11):11s}{cells}")
    return lines


def _cut(name: str, width: int) -> str:
    return name if len(name) <= width else name[: width - 1] + "…"


def _pictures(
    layer: str, neurons: Sequence[Any], names: Sequence[str], shape: Sequence[int]
) -> list[str]:
    """Return weights as pictures, a few side by side in at most two rows."""
    width = max(2 * shape[1], 9)
    beside = max(1, 79 // (width + 3))
    rows = batches(len(neurons), beside)[:2]
    shown = sum(map(len, rows))
    lines = [
        f"weights of {layer} ({shown} of {count(len(neurons), 'neuron')}): blank is negative, ▒ is "
        "0, █ is positive,",
        "each picture by its own largest weight",
    ]
    for indices in rows:
        captions = [_cut(names[j], width) for j in indices]
        pictures = [_picture(neurons[j], *shape) for j in indices]
        cells = [[""] * len(indices), captions, *zip(*pictures, strict=True)]
        lines += ["   ".join(cell.ljust(width) for cell in line).rstrip() for line in cells]
    return lines


def _picture(neuron: Any, rows: int, columns: int) -> list[str]:
    """Return lines of shades, each pixel two characters wide so that it is about square."""
    weights, shades = [w.data for w in neuron.w], " ░▒▓█"
    largest = max(map(abs, weights)) or 1.0
    pixels = [2 * shades[round((w / largest + 1) * (len(shades) - 1) / 2)] for w in weights]
    return ["".join(line) for line in (pixels[r * columns :][:columns] for r in range(rows))]
