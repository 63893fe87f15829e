"""The lecture's table of back-propagation: s, x, δ and ∂L/∂w of every neuron for one sample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from autograd import Notation, Value, gradients, look, topological_order
from nn.models import Model

_STYLE = "border-collapse:collapse;font-variant-numeric:tabular-nums"
_CELL = "padding:2px 10px;text-align:right"


@dataclass(frozen=True, slots=True)
class NeuronRow:
    """One neuron's numbers for one sample.

    Attributes
    ----------
    layer, index : int
        The lecture's l and j, from 1.
    inputs, weights, weight_gradients : tuple of float
        For each input i: x_i of the layer before, w_ij, and ∂L/∂w_ij = x_i δ_j.
    bias, bias_gradient : float
        b_j, and ∂L/∂b_j = δ_j.
    s, x, delta : float
        The weighted sum, the output, and δ_j = ∂L/∂s_j.
    """

    layer: int
    index: int
    inputs: tuple[float, ...]
    weights: tuple[float, ...]
    weight_gradients: tuple[float, ...]
    bias: float
    bias_gradient: float
    s: float
    x: float
    delta: float


@dataclass(frozen=True, slots=True)
class BackpropTable:
    """The numbers of a whole network for one sample; `print` shows them, and so does a notebook.

    Attributes
    ----------
    rows : tuple of NeuronRow
        Layer by layer.
    loss : float
        Of the sample, in the units of the model's loss.
    max_rows, max_weights : int
        Neurons of a layer, and weights of a neuron, that are shown.
    """

    rows: tuple[NeuronRow, ...]
    loss: float
    max_rows: int
    max_weights: int

    def layers(self) -> list[tuple[NeuronRow, ...]]:
        """Return the rows of each layer."""
        numbers = dict.fromkeys(row.layer for row in self.rows)
        return [tuple(row for row in self.rows if row.layer == number) for number in numbers]

    def __str__(self) -> str:
        blocks = []
        for title, head, lines, rest in self._tables():
            table = [head, *lines]
            widths = [max(map(len, column)) for column in zip(*table, strict=True)]
            shown = ["  ".join(map(str.rjust, line, widths)) for line in table]
            blocks.append("\n".join([title, *shown, *rest]))
        return "\n\n".join([*blocks, f"L = {look.number(self.loss)}"])

    def _repr_mimebundle_(self, **_wanted: Any) -> dict[str, str]:
        html = "".join(map(_html_table, self._tables()))
        html = f'<div style="overflow-x:auto">{html}<p>L = {look.number(self.loss)}</p></div>'
        return {"text/html": html, "text/plain": str(self)}

    def _tables(self) -> Iterator[tuple[str, list[str], list[list[str]], list[str]]]:
        """Yield for each layer: title, head, lines of cells, and what is left out."""
        for rows in self.layers():
            first, shown = rows[0], rows[: self.max_rows]
            ways = range(min(self.max_weights, len(first.weights)))
            inputs = ", ".join(look.number(first.inputs[i]) for i in ways)
            more = ", …" * (len(first.weights) > len(ways))
            title = f"layer {first.layer}: inputs x = ({inputs}{more})"
            head = ["j", "s", "x", "δ", "∂L/∂b", *(f"∂L/∂w{i + 1}" for i in ways)]
            cells = [
                [row.s, row.x, row.delta, row.bias_gradient, *row.weight_gradients[: len(ways)]]
                for row in shown
            ]
            lines = [
                [str(row.index), *map(look.number, line)]
                for row, line in zip(shown, cells, strict=True)
            ]
            rest = []
            if len(first.weights) > len(ways):
                rest.append(f"… {len(first.weights) - len(ways)} more weights in each line")
            if len(rows) > len(shown):
                rest.append(f"… {len(rows) - len(shown)} more neurons")
            yield title, head, lines, rest


def backprop_table(
    model: Model, x: Sequence[Any], target: Any, *, max_rows: int = 12, max_weights: int = 5
) -> BackpropTable:
    r"""Return s, x, δ and ∂L/∂w of every neuron for one sample; the model stays as it is.

    Parameters
    ----------
    model : Model
        An MLP, or a single neuron.
    x : sequence of float
        `model.nin` numbers.
    target : int, float or sequence of float
        As the model's loss takes it.
    max_rows, max_weights : int, optional
        How many neurons of a layer and weights of a neuron are shown; the table has all.

    Raises
    ------
    TypeError
        If `model` is none.
    ValueError
        If the sample or the target does not fit the model, or a limit is below 1.

    Notes
    -----
    Lecture, "back-propagation": :math:`\delta_j^{l-1} = \sigma'(s_j^{l-1}) \sum_k w_{jk}^l
    \delta_k^l` and :math:`\partial L / \partial w_{ij}^l = x_i^{l-1} \delta_j^l`.

    Examples
    --------
    >>> import nn
    >>> model = nn.LogisticRegression(2)
    >>> print(backprop_table(model, [2.0, -1.0], 1))
    layer 1: inputs x = (2, −1)
    j  s  x     δ  ∂L/∂b  ∂L/∂w1  ∂L/∂w2
    1  0  0  −0.5   −0.5      −1     0.5
    <BLANKLINE>
    L = 0.6931
    """
    if not isinstance(model, Model):
        raise TypeError(f"backprop_table() shows a model such as an MLP; got {model!r:.60}.")
    for name, limit in (("max_rows", max_rows), ("max_weights", max_weights)):
        if limit < 1:
            raise ValueError(f"{name} is {limit}, but a table shows 1 or more.")
    loss = model.loss(model.scores(x), target)
    order = topological_order(loss)
    found = gradients(order)

    def data(nodes: Sequence[Value]) -> tuple[float, ...]:
        return tuple(node.data for node in nodes)

    rows = [
        NeuronRow(
            run.layer,
            run.index,
            data(run.inputs),
            data(run.weights),
            tuple(found[weight] for weight in run.weights),
            run.bias.data if run.bias is not None else 0.0,
            found[run.bias] if run.bias is not None else 0.0,
            run.s.data,
            run.x.data,
            found[run.s],
        )
        for run in Notation(order).neurons
    ]
    return BackpropTable(tuple(rows), loss.data, max_rows, max_weights)


def _html_table(table: tuple[str, list[str], list[list[str]], list[str]]) -> str:
    title, head, lines, rest = table
    caption = f'<caption style="text-align:left;padding:6px 10px">{escape(title)}</caption>'
    heads = "".join(f'<th scope="col" style="{_CELL}">{cell}</th>' for cell in head)
    rows = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in line) + "</tr>"
        for line in lines
    )
    more = "".join(f'<p style="margin:2px 10px">{escape(line)}</p>' for line in rest)
    return f'<table style="{_STYLE}">{caption}<tr>{heads}</tr>{rows}</table>{more}'
