"""Rosenblatt's perceptron: a threshold neuron that learns from its mistakes."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from autograd import Value, sign
from nn.checks import check_lists, check_rows, whole
from nn.initializers import generator
from nn.losses import hinge
from nn.models import SingleNeuron


@dataclass(frozen=True)
class PerceptronUpdate:
    """One correction.

    Attributes
    ----------
    epoch, sample : int
        When, counted from 1, and the index of the sample that was misjudged.
    w : tuple of float
        The weights after it.
    b : float
        The bias after it.
    """

    epoch: int
    sample: int
    w: tuple[float, ...]
    b: float


class Perceptron(SingleNeuron):
    r"""A neuron whose output is the sign of its weighted sum, for labels -1 and +1.

    Parameters
    ----------
    nin : int
        Number of inputs.
    init, seed
        As in `Neuron`; by default it starts from zero.

    Notes
    -----
    Lecture, "perceptron": where :math:`\mathrm{sign}(w^\top x) \ne y`, set
    :math:`w \leftarrow w + y x`; the bias is a weight on a constant input 1. A sum of exactly 0
    decides nothing, so it counts as a mistake while learning, and `predict` then says -1. The
    sign has slope 0 everywhere: there is nothing here for gradients to do.

    Examples
    --------
    >>> and_gate = Perceptron(2).fit([[0, 0], [0, 1], [1, 0], [1, 1]], [-1, -1, -1, 1])
    >>> and_gate
    Perceptron(2 inputs)
    >>> and_gate.b.data, [w.data for w in and_gate.w], len(and_gate.updates_)
    (-4.0, [3.0, 2.0], 18)
    """

    usual_loss = "hinge"

    def __call__(self, x: Sequence[Any]) -> Value:
        """Return the sign of the weighted sum: -1, 0 or 1."""
        out: Value = sign(self.scores(x)[0])
        return out

    def updates(
        self,
        inputs: Sequence[Sequence[float]],
        labels: Sequence[int],
        *,
        max_epochs: int = 100,
        order: str = "cyclic",
        seed: int | random.Random | None = 0,
    ) -> Iterator[PerceptronUpdate]:
        """Learn, and yield each correction; end when an epoch passes without a mistake.

        Parameters
        ----------
        inputs : sequence of sequence of float
            N samples of `nin` numbers.
        labels : sequence of int
            N labels, -1 or +1.
        max_epochs : int, optional
            How often to go through the data at most.
        order : {"cyclic", "random"}, optional
            The samples in their order, or shuffled anew in each epoch.
        seed : int, random.Random or None, optional
            For the random order.

        Raises
        ------
        ValueError
            If the data is empty, ragged, or has other labels.
        """
        _check(inputs, labels, self.nin, order, max_epochs)
        rng, indices = generator(seed), list(range(len(inputs)))
        for epoch in range(1, max_epochs + 1):
            mistakes = 0
            if order == "random":
                rng.shuffle(indices)
            for i in indices:
                if labels[i] * self.score_numbers(inputs[i])[0] <= 0:
                    mistakes += 1
                    for w, x in zip(self.w, inputs[i], strict=True):
                        w.data += labels[i] * x
                    self.b.data += labels[i]
                    yield PerceptronUpdate(epoch, i, tuple(w.data for w in self.w), self.b.data)
            if not mistakes:
                return

    def fit(
        self,
        inputs: Sequence[Sequence[float]],
        labels: Sequence[int],
        *,
        max_epochs: int = 100,
        order: str = "cyclic",
        seed: int | random.Random | None = 0,
    ) -> Self:
        """Learn to the end, or keep the best weights met if the data can't be separated.

        Parameters
        ----------
        inputs, labels, max_epochs, order, seed
            As in `updates`.

        Returns
        -------
        Perceptron
            Itself, with ``updates_`` (every correction), ``epochs_`` (how many it went through) and
            ``converged_`` (whether the last one had no mistake).

        Warns
        -----
        RuntimeWarning
            If it did not converge: no line separates the classes, or max_epochs was too small. The
            weights are then the best of all corrections ("pocket", Gallant 1990).
        """
        _check(inputs, labels, self.nin, order, max_epochs)
        best = self._mistakes(inputs, labels, at_most=len(inputs)), self.state()
        self.updates_: list[PerceptronUpdate] = []
        for update in self.updates(inputs, labels, max_epochs=max_epochs, order=order, seed=seed):
            self.updates_.append(update)
            mistakes = self._mistakes(inputs, labels, at_most=best[0])
            if mistakes < best[0]:
                best = mistakes, self.state()
        last = self.updates_[-1].epoch if self.updates_ else 0
        self.converged_ = last < max_epochs
        self.epochs_ = min(last + 1, max_epochs)
        if not self.converged_:
            self.load_state(best[1])
            warnings.warn(
                f"The perceptron still made mistakes in epoch {max_epochs}: either no line "
                "separates the two classes (as with XOR), and then its weights never settle, or "
                f"max_epochs is too small. Kept the best weights met, wrong on {best[0]} of "
                f"{len(inputs)} samples. For such data use LogisticRegression or MLP.",
                RuntimeWarning,
                stacklevel=2,
            )
        return self

    def _mistakes(
        self, inputs: Sequence[Sequence[float]], labels: Sequence[int], at_most: int
    ) -> int:
        """Count the samples that are judged wrongly, up to `at_most`."""
        mistakes = 0
        for x, label in zip(inputs, labels, strict=True):
            mistakes += label * self.score_numbers(x)[0] <= 0
            if mistakes == at_most:
                break
        return mistakes


def _check(
    inputs: Sequence[Sequence[float]], labels: Sequence[int], nin: int, order: str, max_epochs: int
) -> None:
    if whole(max_epochs, "max_epochs") < 1:
        raise ValueError(f"max_epochs must be at least 1; got {max_epochs}.")
    if order not in ("cyclic", "random"):
        raise ValueError(f"order must be 'cyclic' or 'random'; got {order!r}.")
    check_lists(inputs=inputs, labels=labels)
    if not len(inputs) or len(inputs) != len(labels):
        raise ValueError(
            f"A perceptron needs as many labels as samples, and at least one; got {len(inputs)} "
            f"samples and {len(labels)} labels."
        )
    check_rows(inputs, nin, f"this perceptron takes {nin}")
    for i, label in enumerate(labels):
        try:
            hinge(0.0, label)
        except ValueError as error:
            raise ValueError(f"labels[{i}]: {error}".replace("hinge", "a perceptron")) from None
