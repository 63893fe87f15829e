"""A transformer of single numbers, for whatever engine has them, and the row of micrograd."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from measuring import room_for_recursion
from problems import LEARNING_RATE, Problem, Transformer

from peers.peer import Peer

LARGEST = 200_000  # products in a step of micrograd: each is a node of some 700 bytes, or two
DEPTH = 10_000  # micrograd recurses along a graph


class Engine(Protocol):
    """What the transformer asks of an engine of scalars."""

    def dot(self, w: Sequence[Any], x: Sequence[Any]) -> Any:
        """Return the sum of products."""

    def total(self, terms: Sequence[Any]) -> Any:
        """Return the sum."""

    def relu(self, x: Any) -> Any:
        """Return x, or 0 if it is negative."""

    def softmax(self, scores: Sequence[Any]) -> list[Any]:
        """Return probabilities."""

    def cross_entropy(self, scores: Sequence[Any], target: int) -> Any:
        """Return minus the logarithm of the target's probability."""


def transformer_loss(
    engine: Engine, weights: dict[str, Any], tokens: Sequence[int], heads: int
) -> Any:
    """Return the mean loss of predicting each token from those before it.

    Parameters
    ----------
    engine : Engine
    weights : dict of str to list of list
        As `Transformer` has them, of the engine's numbers.
    tokens : sequence of int
    heads : int

    Notes
    -----
    The model of Karpathy's microgpt: root mean square norms, no biases, ReLU.
    """
    size = len(weights["wq"]) // heads

    def through(name: str, x: Sequence[Any]) -> list[Any]:
        return [engine.dot(row, x) for row in weights[name]]

    def normed(x: Sequence[Any]) -> list[Any]:
        scale = (engine.dot(x, x) / len(x) + 1e-5) ** -0.5
        return [number * scale for number in x]

    keys: list[list[Any]] = []
    values: list[list[Any]] = []
    losses = []
    for position, (token, target) in enumerate(zip(tokens, tokens[1:], strict=False)):
        pairs = zip(weights["wte"][token], weights["wpe"][position], strict=True)
        embedded = normed([a + b for a, b in pairs])
        x = normed(embedded)
        query = through("wq", x)
        keys.append(through("wk", x))
        values.append(through("wv", x))
        attended = []
        for start in range(0, len(x), size):
            part = slice(start, start + size)
            scores = [engine.dot(query[part], key[part]) * size**-0.5 for key in keys]
            attention = engine.softmax(scores)
            attended += [engine.dot(attention, column) for column in _columns(values, part)]
        x = [a + b for a, b in zip(through("wo", attended), embedded, strict=True)]
        hidden = [engine.relu(s) for s in through("f1", normed(x))]
        x = [a + b for a, b in zip(through("f2", hidden), x, strict=True)]
        losses.append(engine.cross_entropy(through("lm", x), target))
    return engine.total(losses) / len(losses)


def _columns(rows: Sequence[Sequence[Any]], part: slice) -> list[list[Any]]:
    return [list(column) for column in zip(*(row[part] for row in rows), strict=True)]


class Micrograd(Peer):
    """micrograd from PyPI: its own MLP, its demo's sums, and exp and log in its style."""

    name = "micrograd"
    requires = {"micrograd": "pip install micrograd==0.1.0"}

    def __init__(self, problem: Problem) -> None:
        import micrograd.engine
        import workloads

        super().__init__(problem)
        self.value, self.loss_of = micrograd.engine.Value, workloads.MICROGRAD_LOSSES
        self.engine = _MicrogradEngine(workloads)
        if isinstance(problem, Transformer):
            self.weights = {
                name: [[self.value(w) for w in row] for row in matrix]
                for name, matrix in problem.weights.items()
            }
            self.parameters = [w for m in self.weights.values() for row in m for w in row]
        else:
            self.model = micrograd.nn.MLP(problem.sizes[0], problem.sizes[1:])
            numbers = [
                number
                for weights, biases in problem.layers
                for row, b in zip(weights, biases, strict=True)
                for number in (*row, b)
            ]
            self.parameters = self.model.parameters()
            for parameter, number in zip(self.parameters, numbers, strict=True):
                parameter.data = number
        self.start = [parameter.data for parameter in self.parameters]

    @classmethod
    def unfit(cls, problem: Problem) -> str | None:
        """Return whether the graph would be too large."""
        return "its graph is too large" if problem.products > LARGEST else None

    def restart(self) -> None:
        """Put the first weights back."""
        self.position = 0
        for parameter, number in zip(self.parameters, self.start, strict=True):
            parameter.data = number

    def step(self) -> Any:
        """Return the loss."""
        loss = self._objective()
        for parameter in self.parameters:
            parameter.grad = 0
        with room_for_recursion(DEPTH):
            loss.backward()
        for parameter in self.parameters:
            parameter.data -= LEARNING_RATE * parameter.grad
        return loss.data

    def _objective(self) -> Any:
        problem, batch = self.problem, self.next_batch()
        if isinstance(problem, Transformer):
            return transformer_loss(self.engine, self.weights, problem.tokens, problem.heads)
        of_sample = self.loss_of[problem.loss]
        losses = []
        for x, target in zip(*problem.batches[batch], strict=True):
            losses.append(of_sample(self.model([self.value(number) for number in x]), target))
        loss = sum(losses) * (1.0 / len(losses))
        if problem.penalty:
            loss = loss + problem.penalty * sum(p * p for p in self.parameters)
        return loss


class _MicrogradEngine:
    def __init__(self, workloads: Any) -> None:
        self.exp = workloads.exp_in_micrograd
        self.cross_entropy = workloads.MICROGRAD_LOSSES["cross_entropy"]
        self.total = sum

    def dot(self, w: Sequence[Any], x: Sequence[Any]) -> Any:
        return sum(a * b for a, b in zip(w, x, strict=True))

    def relu(self, x: Any) -> Any:
        return x.relu()

    def softmax(self, scores: Sequence[Any]) -> list[Any]:
        top = max(score.data for score in scores)
        numerators = [self.exp(score - top) for score in scores]
        scale = sum(numerators) ** -1
        return [number * scale for number in numerators]
