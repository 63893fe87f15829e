"""Ours: the eager engine as a user would write it, and the places of the compiled ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from problems import LEARNING_RATE, Problem, Transformer

from peers.peer import Peer
from peers.scalars import transformer_loss


class Eager(Peer):
    """`nn.MLP`, `nn.mean_loss` and `nn.SGD`; the transformer with functions of `autograd`."""

    name = "ours, eager"

    def __init__(self, problem: Problem) -> None:
        import autograd
        import nn

        super().__init__(problem)
        self.autograd, self.nn = autograd, nn
        if isinstance(problem, Transformer):
            self.engine = OurScalars(autograd, nn)
            self.weights = {
                name: [[autograd.Value(w) for w in row] for row in matrix]
                for name, matrix in problem.weights.items()
            }
            self.parameters = [w for m in self.weights.values() for row in m for w in row]
        else:
            self.model = nn.MLP(problem.sizes[0], problem.sizes[1:], seed=0)
            for layer, (weights, biases) in zip(self.model.layers, problem.layers, strict=True):
                for neuron, row, b in zip(layer.neurons, weights, biases, strict=True):
                    neuron.b.data = b
                    for parameter, number in zip(neuron.w, row, strict=True):
                        parameter.data = number
            self.parameters = self.model.parameters()
        self.start = [parameter.data for parameter in self.parameters]
        self.optimizer = nn.SGD(self.parameters, LEARNING_RATE)

    def restart(self) -> None:
        """Put the first weights back."""
        self.position = 0
        for parameter, number in zip(self.parameters, self.start, strict=True):
            parameter.data = number

    def objective(self, batch: int) -> Any:
        """Return the graph of the loss on a batch."""
        problem = self.problem
        if isinstance(problem, Transformer):
            return transformer_loss(self.engine, self.weights, problem.tokens, problem.heads)
        inputs, targets = problem.batches[batch]
        loss = self.nn.mean_loss(problem.loss, [self.model.scores(x) for x in inputs], targets)
        if problem.penalty:
            loss += problem.penalty * self.autograd.weighted_sum(self.parameters, self.parameters)
        return loss

    def step(self) -> Any:
        """Return the loss."""
        loss = self.objective(self.next_batch())
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.data


class OurScalars:
    """What the transformer asks for, in our words."""

    def __init__(self, autograd: Any, nn: Any) -> None:
        self.dot, self.total, self.relu = autograd.weighted_sum, autograd.total, autograd.relu
        self.softmax, self.loss = nn.softmax, nn.cross_entropy

    def cross_entropy(self, scores: Sequence[Any], target: int) -> Any:
        """Return minus the logarithm of the target's probability."""
        return self.loss(scores, target)


class Compiled(Eager):
    """Base of the rows whose graph is recorded once and then run.

    To fill in: make the compiled loop in `__init__` from `model` or `transformer_loss`, with
    ``self.backend``; let `step` make one step of it, `run` all of them in as few calls as it can,
    and `restart` put the first weights where it keeps them. `build` is what counts as compiling.
    """

    requires = {"autograd.compile": "this version does not compile graphs yet"}
    compiles = True
    backend: ClassVar[str]

    def step(self) -> Any:
        """Make one step of the compiled loop."""
        raise NotImplementedError(f"{type(self).__name__} has no compiled loop to run.")


class CompiledNumPy(Compiled):
    """The program of array operations, run by NumPy."""

    name = "ours, NumPy"
    backend = "numpy"


class CompiledNative(Compiled):
    """The same program as machine code."""

    name = "ours, native"
    backend = "native"
