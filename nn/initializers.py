"""How the first weights are drawn: random, each by itself, at well-known scales."""

from __future__ import annotations

import random
from collections.abc import Callable
from math import sqrt

from nn.checks import whole

Initializer = Callable[[random.Random, int, int], float]
"""``initializer(rng, inputs, outputs)`` gives one weight of a layer of that size."""

INITIALIZERS: dict[str, Initializer] = {
    "uniform": lambda rng, inputs, outputs: rng.uniform(-1, 1),
    "normal": lambda rng, inputs, outputs: rng.gauss(0, 1),
    "zeros": lambda rng, inputs, outputs: 0.0,
    "lecun": lambda rng, inputs, outputs: rng.gauss(0, sqrt(1 / inputs)),
    "glorot": lambda rng, inputs, outputs: rng.gauss(0, sqrt(2 / (inputs + outputs))),
    "he": lambda rng, inputs, outputs: rng.gauss(0, sqrt(2 / inputs)),
}
"""By name: ``uniform`` in [-1, 1] (micrograd's); ``normal`` with deviation 1; ``zeros``, from which
a hidden layer never learns to differ (see lecture item 3); and normal with a variance that keeps
the signal's size from layer to layer: ``lecun`` 1/n (LeCun et al. 1998), ``glorot`` 2/(n + m)
(Glorot and Bengio 2010, for tanh and sigmoid), ``he`` 2/n (He et al. 2015, for ReLU)."""


def find_initializer(init: str | Initializer) -> Initializer:
    """Return the initializer of that name, or the function itself if one is given.

    Raises
    ------
    ValueError
        If no initializer has that name.

    Examples
    --------
    >>> find_initializer("zeros")(random.Random(0), 2, 3)
    0.0
    """
    if callable(init):
        return init
    if not isinstance(init, str) or init not in INITIALIZERS:
        raise ValueError(
            f"No initializer is named {init!r}; choose from {', '.join(INITIALIZERS)}."
        )
    return INITIALIZERS[init]


def generator(seed: int | random.Random | None) -> random.Random:
    """Return a source of random numbers: the given one, or a new one with the seed.

    Parameters
    ----------
    seed : int, random.Random or None
        None takes a seed from Python's ``random``, so that ``random.seed(...)`` governs it.

    Examples
    --------
    >>> generator(1).random() == generator(1).random()
    True
    """
    if isinstance(seed, random.Random):
        return seed
    return random.Random(random.getrandbits(64) if seed is None else whole(seed, "seed"))
