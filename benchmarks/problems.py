"""What every row of the table of compiled engines computes: numbers only, no engine.

A, B, D and E are multi-layer perceptrons, C is a small transformer of scalars. All numbers are
float64, all rows start from the same ones, and a step is one update by plain gradient descent.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil, prod
from typing import Any

LEARNING_RATE = 0.1
PENALTY = 1e-4  # of the sum of all squared parameters, in A

Matrix = list[list[float]]


@dataclass(frozen=True)
class Network:
    """A multi-layer perceptron with ReLU in the hidden layers, its data and its first weights.

    Parameters
    ----------
    name : str
    layers : list of (matrix, list)
        The weights of each layer, a row for each neuron, and the biases.
    inputs, targets : list
        N samples: numbers, and -1 or +1 (``hinge``) or a class (``cross_entropy``).
    batch : int
        Samples in a step, in the order of the data; the last one of an epoch may have fewer.
    loss : str
        ``hinge`` or ``cross_entropy``; the objective is the mean over the batch.
    penalty : float
        Factor of the sum of all squared parameters; 0 for none.
    """

    name: str
    layers: list[tuple[Matrix, list[float]]]
    inputs: list[list[float]]
    targets: list[int]
    batch: int
    loss: str = "cross_entropy"
    penalty: float = 0.0

    @property
    def sizes(self) -> list[int]:
        """Return the number of inputs and of the neurons of each layer."""
        return [len(self.layers[0][0][0]), *(len(biases) for _, biases in self.layers)]

    @property
    def steps(self) -> int:
        """Return the steps of an epoch."""
        return ceil(len(self.inputs) / self.batch)

    @property
    def batches(self) -> list[tuple[list[list[float]], list[int]]]:
        """Return the samples of each step of an epoch: inputs and targets."""
        starts = range(0, len(self.inputs), self.batch)
        return [(self.inputs[i : i + self.batch], self.targets[i : i + self.batch]) for i in starts]

    @property
    def products(self) -> int:
        """Return how often a weight meets an input in the forward pass of one full step."""
        sizes = self.sizes
        return sum(map(prod, zip(sizes, sizes[1:], strict=False))) * self.batch


@dataclass(frozen=True)
class Transformer:
    """One layer of a GPT on one document, its first weights: a step predicts each next token.

    Parameters
    ----------
    name : str
    weights : dict of str to matrix
        ``wte`` and ``wpe`` have a row for each token and position, of ``width`` numbers; ``lm``
        gives the scores of the tokens; ``wq``, ``wk``, ``wv`` and ``wo`` are the attention's,
        ``f1`` and ``f2`` the two layers behind it. No biases.
    tokens : list of int
        One more than there are predictions.
    heads : int
        Each has ``width / heads`` numbers.
    """

    name: str
    weights: dict[str, Matrix]
    tokens: list[int]
    heads: int

    steps = 1

    @property
    def width(self) -> int:
        """Return the numbers that stand for a token."""
        return len(self.weights["wq"])

    @property
    def products(self) -> int:
        """Return how often a weight meets an input in the forward pass of one step."""
        used = [m for name, m in self.weights.items() if name not in ("wte", "wpe")]
        return sum(len(m) * len(m[0]) for m in used) * (len(self.tokens) - 1)


Problem = Network | Transformer


def network(
    name: str,
    sizes: Sequence[int],
    inputs: list[list[float]],
    targets: list[int],
    batch: int,
    *,
    loss: str = "cross_entropy",
    penalty: float = 0.0,
) -> Network:
    """Return a network with the first weights of ``nn.MLP(..., seed=0)``."""
    from nn import MLP  # not above: a peer's process shall hold no more than its own engine

    layers = layers_of(MLP(sizes[0], list(sizes[1:]), seed=0))
    return Network(name, layers, inputs, targets, batch, loss, penalty)


def layers_of(model: Any) -> list[tuple[Matrix, list[float]]]:
    """Return the weights and the biases of each layer of an ``nn.MLP``."""
    return [
        (
            [[w.data for w in neuron.w] for neuron in layer.neurons],
            [n.b.data for n in layer.neurons],
        )
        for layer in model.layers
    ]


def first_samples(problem: Network, samples: int) -> Network:
    """Return the same network on the first samples alone, in one batch."""
    inputs, targets = problem.inputs[:samples], problem.targets[:samples]
    return replace(problem, inputs=inputs, targets=targets, batch=samples)


def moons(samples: int = 100) -> Network:
    """Return A, micrograd's demo: two moons, all samples at once, the max-margin loss."""
    from nn import make_moons

    data = make_moons(samples, noise=0.1, seed=1)
    labels = [2 * target - 1 for target in data.targets]
    sizes = [2, 16, 16, 1]
    return network("A moons", sizes, data.inputs, labels, samples, loss="hinge", penalty=PENALTY)


def digits(samples: int = 1797, batch: int = 32) -> Network:
    """Return B, handwritten digits in batches of 32; the last one has 5."""
    return _digits("B digits", [64, 32, 10], samples, batch)


def wide_digits(samples: int = 1797, batch: int = 64) -> Network:
    """Return D, a larger network on the digits; the last batch has 5 here, too."""
    return _digits("D wide digits", [64, 128, 128, 10], samples, batch)


def pictures(samples: int = 640, batch: int = 64) -> Network:
    """Return E, noise of the size of MNIST's pictures, 28 by 28, in batches of 64."""
    inputs, targets = made_up(samples, 784, 10)
    return network("E pictures", [784, 100, 10], inputs, targets, batch)


def microgpt(tokens: Sequence[int] = (26, 4, 12, 12, 0, 21, 8, 13, 26)) -> Transformer:
    """Return C, one layer with 4 heads of 4 numbers, 27 tokens, a document of 8 predictions."""
    rng, width, positions, vocabulary = random.Random(0), 16, 16, 27
    shapes = {
        "wte": (vocabulary, width),
        "wpe": (positions, width),
        "lm": (vocabulary, width),
        "wq": (width, width),
        "wk": (width, width),
        "wv": (width, width),
        "wo": (width, width),
        "f1": (4 * width, width),
        "f2": (width, 4 * width),
    }
    weights = {
        name: [[rng.gauss(0, 0.08) for _ in range(columns)] for _ in range(rows)]
        for name, (rows, columns) in shapes.items()
    }
    return Transformer("C microgpt", weights, list(tokens), 4)


def made_up(samples: int, features: int, classes: int) -> tuple[list[list[float]], list[int]]:
    """Return inputs from 0 to 1 and classes, drawn at random."""
    rng = random.Random(0)
    inputs = [[rng.random() for _ in range(features)] for _ in range(samples)]
    return inputs, [rng.randrange(classes) for _ in range(samples)]


def _digits(name: str, sizes: list[int], samples: int, batch: int) -> Network:
    from nn import load_digits

    data = load_digits().subset(range(samples))
    return network(name, sizes, data.inputs, [int(t) for t in data.targets], batch)


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "A": moons,
    "B": digits,
    "C": microgpt,
    "D": wide_digits,
    "E": pictures,
}
