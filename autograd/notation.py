"""What readers call the nodes of a graph: labels, and inside neurons the lecture's s, x, δ, w_ij^l.

A neuron is what a scope ending in ``neuron j`` says: ``hidden 1/neuron 3``. The scopes above it
are the layers, numbered from 1 in the order of their making; layer 0 are the inputs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from autograd.look import cut, number
from autograd.ops import Op, weighted_sum_of
from autograd.value import Value

_NEURON = re.compile(r"(?:(.*)/)?neuron (\d+)")
_BELOW, _ABOVE = (
    str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"),
    str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"),
)
_LONGEST_NAME = 24
_SIGNS = {"*": "×", "-": "−", "**": "^"}  # of Python, for people


@dataclass(frozen=True, slots=True)
class NeuronRun:
    """One neuron at work on one sample, as it stands in a graph.

    Attributes
    ----------
    layer, index : int
        The lecture's l and j, both from 1.
    scope : str
        Where its nodes were made, such as ``hidden 1/neuron 3``.
    s : Value
        The weighted sum.
    x : Value
        The output; `s` itself where there is no activation.
    """

    layer: int
    index: int
    scope: str
    s: Value
    x: Value

    @property
    def weights(self) -> tuple[Value, ...]:
        """The weights, one for each input."""
        weights: tuple[Value, ...] = self.s.parents[: len(self.s.parents) // 2]
        return weights

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The outputs of the layer before, or the inputs of the network."""
        n = len(self.s.parents) // 2
        inputs: tuple[Value, ...] = self.s.parents[n : 2 * n]
        return inputs

    @property
    def bias(self) -> Value | None:
        """The bias, if there is one."""
        return self.s.parents[-1] if len(self.s.parents) % 2 else None


class Notation:
    r"""Names for the nodes of a graph and for their gradients, each name given once.

    Parameters
    ----------
    nodes : sequence of Value
        A graph in topological order, its root last.

    Attributes
    ----------
    root : Value
        The last node; it is called by its label, or L.
    neurons : list of NeuronRun
        Every neuron that is at work in the graph, in the order of making.

    Notes
    -----
    Lecture, "back-propagation": :math:`s_j^l = \sum_i w_{ij}^l x_i^{l-1} + b_j^l`,
    :math:`x_j^l = \sigma(s_j^l)`, :math:`\delta_j^l = \partial L / \partial s_j^l`.

    Examples
    --------
    >>> from autograd import Value, topological_order
    >>> w, x = Value(2.0, label="w"), Value(3.0, label="x")
    >>> nodes = topological_order(w * x + 1)
    >>> notation = Notation(nodes)
    >>> [notation.name(node) for node in nodes]
    ['w', 'x', 'n1', '1', 'L']
    >>> notation.gradient(w)
    '∂L/∂w'
    """

    def __init__(self, nodes: Sequence[Value]) -> None:
        self.root, self._nodes = nodes[-1], nodes
        self.neurons = neurons(nodes)
        self._sums = {run.s for run in self.neurons}

    @cached_property
    def _names(self) -> dict[Value, str]:
        """The names, made when one is asked for: a network is drawn without."""
        return _unique(self._nodes, _lecture_names(self.neurons), self.root)

    def name(self, node: Value) -> str:
        """Return what a node is called: at most 24 characters on one line."""
        return self._names.get(node) or number(node.data)

    def gradient(self, node: Value) -> str:
        """Return what d root / d node is called: δ_j^l for the sum of a neuron."""
        if node in self._sums and self.name(node).startswith("s"):
            return "δ" + self.name(node)[1:]
        return f"∂{self._bracketed(self.root)}/∂{self._bracketed(node)}"

    def local(self, node: Value, parent: Value) -> str:
        """Return what the local derivative d node / d parent is called."""
        return f"∂{self._bracketed(node)}/∂{self._bracketed(parent)}"

    def _bracketed(self, node: Value) -> str:
        name = self.name(node)
        return name if re.fullmatch(r"[\w₀-₉⁰¹²³⁴-⁹,]+", name) else f"({name})"


@lru_cache(maxsize=4096)  # a graph of many samples has the same names again and again
def indexed(letter: str, layer: int, *indices: int) -> str:
    """Return a letter with the lecture's indices: below those of neurons, above that of the layer.

    Examples
    --------
    >>> indexed("w", 1, 2, 3), indexed("w", 1, 10, 3), indexed("x", 0, 4)
    ('w₂₃¹', 'w₁₀,₃¹', 'x₄⁰')
    """
    separator = "," if max(indices, default=0) > 9 else ""
    below = separator.join(str(i).translate(_BELOW) for i in indices)
    return f"{letter}{below}{str(layer).translate(_ABOVE)}"


def sign(op: Op) -> str:
    """Return what an operation is called in a box: its sign between two inputs, or its name.

    Examples
    --------
    >>> from autograd import mul, sub, tanh
    >>> [sign(op) for op in (mul, sub, tanh, weighted_sum_of)]
    ['×', '−', 'tanh', 'Σ w·x']
    """
    if op is weighted_sum_of:
        return "Σ w·x"
    between = re.fullmatch(r"\{\} ?(\W{1,2}?) ?\{\}", op.python)
    return _SIGNS.get(between[1], between[1]) if between else op.name


def neurons(nodes: Sequence[Value]) -> list[NeuronRun]:
    """Return the neurons at work in a graph: a weighted sum, and what its scope makes of it.

    Parameters
    ----------
    nodes : sequence of Value
        In topological order.

    Examples
    --------
    >>> import nn
    >>> from autograd import topological_order
    >>> [run.scope for run in neurons(topological_order(nn.MLP(1, [2], seed=1).scores([1.0])[1]))]
    ['output/neuron 2']
    """
    layers: dict[str, int] = {}
    sums: dict[str, Value] = {}  # the latest of each scope
    outputs: dict[Value, Value] = {}
    found: list[tuple[int, int, Value]] = []
    for node in nodes:
        if not node.op or not (match := _NEURON.fullmatch(node.scope)):
            continue
        if node.op is weighted_sum_of:
            layer = layers.setdefault(match[1] or "", len(layers) + 1)
            found.append((layer, int(match[2]), node))
            sums[node.scope] = outputs[node] = node
        elif node.scope in sums:
            outputs[sums[node.scope]] = node
    return [NeuronRun(layer, j, s.scope, s, outputs[s]) for layer, j, s in found]


def _lecture_names(runs: Sequence[NeuronRun]) -> dict[Value, str]:
    """Return the lecture's names of all nodes that a neuron has; the first one counts."""
    names: dict[Value, str] = {}
    for run in runs:
        names.setdefault(run.s, indexed("s", run.layer, run.index))
        names.setdefault(run.x, indexed("x", run.layer, run.index))
        if run.bias is not None:
            names.setdefault(run.bias, indexed("b", run.layer, run.index))
        for i, weight in enumerate(run.weights, start=1):
            if weight not in names:
                names[weight] = indexed("w", run.layer, i, run.index)
        for i, x in enumerate(run.inputs, start=1):
            if x not in names and not x.label:
                names[x] = indexed("x", run.layer - 1, i)
    return names


def _unique(nodes: Sequence[Value], wanted: dict[Value, str], root: Value) -> dict[Value, str]:
    """Return a name for each node but plain numbers; those of the same name are counted."""
    names: dict[Value, str] = {}
    counted: Counter[str] = Counter()
    for node in nodes:
        if name := wanted.get(node) or cut(node.label, _LONGEST_NAME - 4):
            names[node] = name
        elif node is root:
            names[node] = "L"
        elif not node.constant:
            stem = "n" if node.op else "v"
            counted[stem] += 1
            names[node] = f"{stem}{counted[stem]}"
    owners = Counter(names.values())
    seen: Counter[str] = Counter()
    for node, name in names.items():
        if owners[name] > 1:
            seen[name] += 1
            names[node] = f"{name} ({seen[name]})"
    return names
