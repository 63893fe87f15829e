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
    """Base of the rows whose loss of one sample is recorded once, and then run and descended.

    What is recorded is what the eager row runs; tokens, inputs and targets are given at each step.
    """

    requires: ClassVar[dict[str, str]] = {"numpy": "pip install -e '.[fast]'"}
    compiles = True
    backend: ClassVar[str]

    def build(self) -> None:
        """Record, compile, and make the first epoch."""
        import numpy

        problem = self.problem
        if isinstance(problem, Transformer):
            samples, self.batch = [(problem.tokens,)], 1
            self.data = numpy.array([problem.tokens], dtype=float)
        else:
            pairs = zip(problem.inputs, problem.targets, strict=True)
            samples, self.batch = list(pairs), problem.batch
            self.data = numpy.array([[*x, t] for x, t in samples], dtype=float)
        self.data.setflags(write=False)
        graph, _ = self.autograd.record(self._loss, [samples[0], samples[-1]], {})

        def rule(data: Any, grad: Any, _state: Any, rate: Any, _step: Any) -> Any:
            return data - rate * grad, ()

        self.machine = self.autograd.Machine(
            graph, self.backend, self.batch, parameters=self.parameters, rule=rule
        )
        n = len(self.data)
        self.epochs = 1 if n % self.batch else max(1, 100 // problem.steps)  # in one call
        self.order = numpy.tile(numpy.arange(n), self.epochs)
        self.rates = numpy.full(problem.steps * self.epochs, LEARNING_RATE)
        self.restart()
        self.run(problem.steps)

    def _loss(self, x: Any, target: Any = None) -> Any:
        """Return the loss of one sample, as a Value."""
        problem = self.problem
        if isinstance(problem, Transformer):
            weights = {**self.weights, "wte": _PickedRows(self.autograd, self.weights["wte"])}
            return transformer_loss(self.engine, weights, x, problem.heads)
        loss = self.nn.LOSSES[problem.loss](self.model.scores(x), target)
        if problem.penalty:
            loss += problem.penalty * self.autograd.weighted_sum(self.parameters, self.parameters)
        return loss

    def restart(self) -> None:
        """Put the first weights back."""
        super().restart()
        if hasattr(self, "machine"):
            self.machine.load()

    def step(self) -> Any:
        """Return the loss."""
        first = self.next_batch() * self.batch
        order = self.order[first : first + self.batch]
        return self._train(order)

    def _train(self, order: Any) -> float:
        steps = -(-len(order) // self.batch)
        done, losses, _ = self.machine.train(self.data, self.batch, self.rates[:steps], 1, order)
        if done < steps:
            raise ArithmeticError(f"step {done + 1} met a number that is not finite")
        return float(losses[-1])

    def run(self, steps: int) -> float:
        """Make as many steps, as many in a call as there are in an epoch or in some hundred."""
        loss = 0.0
        while self.position and steps:
            loss, steps = self.step(), steps - 1
        calls, rest = divmod(steps, len(self.rates))
        for _ in range(calls):
            loss = self._train(self.order)
        if rest:
            loss = self._train(self.order[: rest * self.batch])
            self.position = rest % self.problem.steps
        return float(loss)

    def losses(self, steps: int) -> list[float]:
        """Return the losses before each of the first steps."""
        if not hasattr(self, "machine"):
            self.build()
        return super().losses(steps)


class _PickedRows:
    """A matrix whose rows are taken by a token that is known at each step only."""

    def __init__(self, autograd: Any, rows: Sequence[Sequence[Any]]) -> None:
        self.pick, self.columns = autograd.pick, list(zip(*rows, strict=True))

    def __getitem__(self, token: Any) -> list[Any]:
        return [self.pick(column, token) for column in self.columns]


class CompiledNumPy(Compiled):
    """The program of array operations, run by NumPy."""

    name = "ours, NumPy"
    backend = "numpy"


class CompiledNative(Compiled):
    """The same program as machine code."""

    name = "ours, native"
    requires: ClassVar[dict[str, str]] = {
        **Compiled.requires, "llvmlite": "pip install -e '.[fast]'",
    }  # fmt: skip
    backend = "native"
