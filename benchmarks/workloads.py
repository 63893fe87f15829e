"""Two training workloads, each written for our engine and for micrograd: the same sums.

A is micrograd's own demo: 100 points of two moons, an MLP 2-16-16-1 with ReLU, the max-margin loss
and an L2 term on all parameters. B is a batch of digits: an MLP 64-32-10, softmax cross-entropy.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import micrograd.engine
import micrograd.nn
from measuring import seconds

from autograd import as_values, topological_order, weighted_sum
from nn import MLP, SGD, load_digits, make_moons, mean_loss

LEARNING_RATE = 0.1
AGREEMENT = 1e-9  # largest relative difference of the two losses after two updates


@dataclass(frozen=True)
class Training:
    """One engine's way through a workload: a graph, its gradient, a step of gradient descent."""

    model: Any
    inputs: list[Any]
    objective: Callable[[], Any]
    zero_grad: Callable[[], None]
    update: Callable[[], None]
    start: Sequence[float]

    def step(self) -> float:
        """Make one training step and return the loss before it."""
        loss = self.objective()
        self.zero_grad()
        loss.backward()
        self.update()
        return float(loss.data)

    def restart(self) -> None:
        """Put the first weights back, so that every step does the same work."""
        for parameter, number in zip(self.model.parameters(), self.start, strict=True):
            parameter.data = number


@dataclass(frozen=True)
class Workload:
    """Sizes of the network, the data, and the ratios that we want to reach.

    Parameters
    ----------
    name : str
    sizes : list of int
        Inputs and the neurons of each layer; hidden layers have ReLU.
    inputs, targets : list
        N samples.
    loss : str
        Of one sample, ``hinge`` or ``cross_entropy``; the objective is the mean.
    penalty : float
        Factor of the sum of all squared parameters; 0 for none.
    goals : dict of bool to float
        Wanted ratio micrograd / ours with the garbage collector on (True) and off (False).
    """

    name: str
    sizes: list[int]
    inputs: list[list[float]]
    targets: list[int]
    loss: str
    penalty: float
    goals: dict[bool, float]

    def ours(self) -> Training:
        """Return the workload in autograd and nn, as a user would write it."""
        model = MLP(self.sizes[0], self.sizes[1:], seed=0)
        parameters, start = model.parameters(), [p.data for p in model.parameters()]
        optimizer = SGD(parameters, LEARNING_RATE)
        inputs = [as_values(x) for x in self.inputs]  # constants, made once

        def objective() -> Any:
            loss = mean_loss(self.loss, [model.scores(x) for x in inputs], self.targets)
            if self.penalty:
                loss = loss + self.penalty * weighted_sum(parameters, parameters)
            return loss

        return Training(model, inputs, objective, optimizer.zero_grad, optimizer.step, start)

    def micrograd(self) -> Training:
        """Return the workload in micrograd: its own MLP with our first weights, its demo's sums."""
        model = micrograd.nn.MLP(self.sizes[0], self.sizes[1:])
        parameters, start = model.parameters(), self.ours().start
        inputs = [list(map(micrograd.engine.Value, x)) for x in self.inputs]  # also made once
        loss_of = MICROGRAD_LOSSES[self.loss]

        def objective() -> Any:
            losses = [loss_of(model(x), t) for x, t in zip(inputs, self.targets, strict=True)]
            loss = sum(losses) * (1.0 / len(losses))
            if self.penalty:
                loss = loss + self.penalty * sum(p * p for p in parameters)
            return loss

        def update() -> None:
            for parameter in parameters:
                parameter.data -= LEARNING_RATE * parameter.grad

        training = Training(model, inputs, objective, model.zero_grad, update, start)
        training.restart()
        return training


def moons(samples: int = 100) -> Workload:
    """Return workload A, micrograd's demo."""
    data = make_moons(samples, noise=0.1, seed=1)
    labels = [2 * target - 1 for target in data.targets]
    goals = {True: 50.0, False: 6.0}
    return Workload("A moons", [2, 16, 16, 1], data.inputs, labels, "hinge", 1e-4, goals)


def digits(samples: int = 32) -> Workload:
    """Return workload B, the first batch of the digits."""
    data = load_digits().subset(range(samples))
    goals = {True: 150.0, False: 15.0}
    return Workload(
        "B digits", [64, 32, 10], data.inputs, data.targets, "cross_entropy", 0.0, goals
    )


def refuse_different_losses(name: str, trainings: dict[str, Training]) -> None:
    """Raise RuntimeError unless all engines have the same loss after two updates.

    Parameters
    ----------
    name : str
        The workload, for the message.
    trainings : dict of str to Training
        By engine.
    """
    losses = {}
    for engine, training in trainings.items():
        training.restart()
        losses[engine] = [training.step() for _ in range(3)][-1]
    low, high = min(losses.values()), max(losses.values())
    if not math.isclose(low, high, rel_tol=AGREEMENT):
        raise RuntimeError(
            f"After two updates of {name} the losses are {losses}: they differ by more than "
            f"{AGREEMENT:g} (relative). The engines do not compute the same, so their times cannot "
            "be compared."
        )


def time_of_step(training: Training) -> float:
    """Return the seconds of one step from the first weights, as the second of a training run.

    What the other engine left behind is cleared first; what its own step before left behind, an
    engine has to deal with, as in every training loop.
    """
    gc.collect()
    training.restart()
    training.step()
    training.restart()
    return seconds(training.step)


def count_nodes(root: Any) -> int:
    """Return the number of nodes in a graph of either engine."""
    if not isinstance(root, micrograd.engine.Value):
        return len(topological_order(root))
    seen, pending = {root}, [root]
    while pending:
        new = pending.pop()._prev - seen
        seen |= new
        pending += new
    return len(seen)


def exp_in_micrograd(x: Any) -> Any:
    """Return e**x; micrograd has no such operation, this is how it would write it."""
    out = micrograd.engine.Value(math.exp(x.data), (x,), "exp")

    def _backward() -> None:
        x.grad += out.data * out.grad

    out._backward = _backward
    return out


def log_in_micrograd(x: Any) -> Any:
    """Return ln x, likewise."""
    out = micrograd.engine.Value(math.log(x.data), (x,), "log")

    def _backward() -> None:
        x.grad += 1.0 / x.data * out.grad

    out._backward = _backward
    return out


def _hinge(score: Any, label: int) -> Any:
    return (1 + -label * score).relu()


def _cross_entropy(scores: Sequence[Any], target: int) -> Any:
    top = max(score.data for score in scores)  # a plain number: it only prevents overflow
    return log_in_micrograd(sum(exp_in_micrograd(score - top) for score in scores)) - (
        scores[target] - top
    )


MICROGRAD_LOSSES = {"hinge": _hinge, "cross_entropy": _cross_entropy}
