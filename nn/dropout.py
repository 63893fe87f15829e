"""Dropout: while a network trains, some neurons are out, and the others make up for them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from autograd import Value, modes, not_while_recording
from nn.checks import real
from nn.initializers import generator

Source = random.Random | Callable[["Dropout", int], Sequence[Any]]
_masks: ContextVar[Source | None] = ContextVar("masks", default=None)
modes.append(lambda: _masks.get() is not None)  # what is recorded in training holds for it alone


@contextmanager
def training_mode(seed: int | random.Random | None = None) -> Iterator[random.Random]:
    """Let dropout leave neurons out inside this block; elsewhere all are at work.

    `training_steps` and `fit` do it for you, in the steps only: `predict` and `evaluate` use the
    whole network.

    Parameters
    ----------
    seed : int, random.Random or None, optional
        Source of the masks, see `generator`.

    Examples
    --------
    >>> from nn import MLP
    >>> model = MLP(2, [4, 1], dropout=Dropout(out=3), seed=1)
    >>> with training_mode(seed=2):
    ...     thinned = model([1.0, 2.0])
    >>> model([1.0, 2.0]).data == thinned.data
    False
    """
    rng = generator(seed)
    token = _masks.set(rng)
    try:
        yield rng
    finally:
        _masks.reset(token)


@contextmanager
def given_masks(source: Callable[[Dropout, int], Sequence[Any]]) -> Iterator[None]:
    """Let dropout take its factors from ``source(dropout, n)`` inside this block.

    Parameters
    ----------
    source : callable
        Called for each layer with dropout, in the order in which a sample meets them.

    Examples
    --------
    >>> from nn import MLP
    >>> model = MLP(2, [4, 1], dropout=Dropout(out=3), seed=1)
    >>> with given_masks(lambda dropout, n: [1.0] * n):
    ...     out = model([1.0, 2.0])
    >>> model([1.0, 2.0]).data == out.data
    True
    """
    token = _masks.set(source)
    try:
        yield
    finally:
        _masks.reset(token)


@dataclass(frozen=True)
class Dropout:
    r"""Which of N neurons are out, and the factor by which the others are raised.

    Parameters
    ----------
    out : int, optional
        Exactly so many, chosen anew for every sample: the lecture's N_out, from 0 to N - 1.
    probability : float, optional
        Each by itself with this probability, from 0 to below 1. All may be out at once. Give one of
        the two.

    Raises
    ------
    ValueError
        If both are given or none, or a number is out of its range.

    Notes
    -----
    Lecture, "dropout": the output of those that stay is multiplied by
    :math:`N / (N - N_{out})`, or by 1 / (1 - p) (Srivastava et al. 2014, section 10): so the
    mean over all masks of the next layer's sums is that of the whole network, and nothing is to be
    changed after training.

    Examples
    --------
    >>> dropout = Dropout(out=2)
    >>> dropout.factors(6, random.Random(1))
    [1.5, 0.0, 1.5, 1.5, 0.0, 1.5]
    >>> Dropout(probability=0.5).factors(4, random.Random(1))
    [0.0, 2.0, 2.0, 0.0]
    """

    out: int | None = None
    probability: float | None = None

    def __post_init__(self) -> None:
        if (self.out is None) == (self.probability is None):
            raise ValueError(
                "Dropout takes out=, a number of neurons, or probability=, one of the two; got "
                f"{self}."
            )
        if self.out is not None and (not isinstance(self.out, int) or self.out < 0):
            raise ValueError(f"out must be a whole number of neurons, 0 or more; got {self.out!r}.")
        if self.probability is not None and not 0 <= real(self.probability, "probability") < 1:
            raise ValueError(
                f"probability must be at least 0 and below 1; got {self.probability!r}. At 1 "
                "nothing would be left."
            )

    def check_width(self, n: int) -> None:
        """Raise ValueError if it would leave none of `n` neurons."""
        if self.out is not None and self.out >= n:
            raise ValueError(
                f"Dropout of {self.out} neurons leaves none of the {n} in a layer, and "
                f"N / (N - N_out) has no value. Give out={n - 1} at most, or a wider layer."
            )

    def factors(self, n: int, rng: random.Random) -> list[float]:
        """Return a factor for each of `n` neurons: 0 for those that are out.

        Raises
        ------
        ValueError
            If none would be left.
        """
        self.check_width(n)
        if self.probability is not None:
            kept = 1 / (1 - self.probability)
            return [0.0 if rng.random() < self.probability else kept for _ in range(n)]
        assert self.out is not None
        return self._factors(n, rng.sample(range(n), self.out))

    def masks(self, n: int) -> Iterator[list[float]]:
        """Yield the factors of every choice of exactly `out` of `n` neurons, all equally likely.

        Raises
        ------
        ValueError
            If there is only a probability, or none would be left.

        Examples
        --------
        >>> list(Dropout(out=1).masks(3))
        [[0.0, 1.5, 1.5], [1.5, 0.0, 1.5], [1.5, 1.5, 0.0]]
        """
        if self.out is None:
            raise ValueError("The masks of a probability are not equally likely; give out=.")
        self.check_width(n)
        for chosen in combinations(range(n), self.out):
            yield self._factors(n, chosen)

    def _factors(self, n: int, chosen: Sequence[int]) -> list[float]:
        assert self.out is not None
        kept = n / (n - self.out)
        return [0.0 if i in chosen else kept for i in range(n)]

    def __call__(self, outputs: Sequence[Any]) -> list[Any]:
        """Return the outputs of a layer, in a `training_mode` block with a mask drawn anew."""
        source = _masks.get()
        if source is None:
            return list(outputs)
        if isinstance(source, random.Random):
            not_while_recording(
                "dropout draws a mask anew for every sample. Give the factors as an argument and "
                "use given_masks, or train with fit(..., engine=...), which does so"
            )
            return thinned(outputs, self.factors(len(outputs), source))
        return thinned(outputs, source(self, len(outputs)))

    def settings(self) -> dict[str, Any]:
        """Return its arguments as plain data."""
        return {name: number for name, number in asdict(self).items() if number is not None}


def thinned(outputs: Sequence[Any], factors: Sequence[Any]) -> list[Any]:
    """Return outputs times factors, each in the scope of the neuron that it comes from.

    Parameters
    ----------
    outputs : sequence of Value
        Of a layer.
    factors : sequence of float or Value
        As many, as `Dropout.factors` gives them. Where one is 0, its node is labelled "dropped".

    Examples
    --------
    >>> [x.data for x in thinned([Value(2.0), Value(3.0)], [2.0, 0.0])]
    [4.0, 0.0]
    """
    results = []
    for x, factor in zip(outputs, factors, strict=True):
        if not isinstance(factor, Value):
            factor = Value(factor, "" if factor else "dropped", constant=True)
        product = x * factor
        product.scope = x.scope
        results.append(product)
    return results


def find_dropout(dropout: Dropout | float | dict[str, Any] | None) -> Dropout | None:
    """Return a dropout, from a probability or from its settings; None for none.

    Raises
    ------
    TypeError
        If it is something else, such as a whole number, of which one can't tell what it means.

    Examples
    --------
    >>> find_dropout(0.5), find_dropout(0)
    (Dropout(out=None, probability=0.5), None)
    """
    if isinstance(dropout, Dropout):
        return dropout
    if dropout is None or (isinstance(dropout, int | float) and dropout == 0):
        return None
    if isinstance(dropout, float):
        return Dropout(probability=dropout)
    if isinstance(dropout, dict):
        return Dropout(**dropout)
    raise TypeError(
        f"dropout is {dropout!r:.60}; give a probability such as 0.5, or Dropout(out=2) for "
        "exactly two neurons of a layer."
    )
