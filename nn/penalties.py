"""Terms that are added to a loss to keep the weights small."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

from autograd import Value, weighted_sum
from nn.checks import real, whole


def l2(weights: Sequence[Value], strength: float, samples: int) -> Any:
    r"""Return the L2 penalty λ/(2N)·‖w‖² as a node.

    Parameters
    ----------
    weights : sequence of Value
        The weights, by custom without the biases, see `weights_of`.
    strength : float
        λ, at least 0.
    samples : int
        N, the size of the whole training set, not of a batch.

    Raises
    ------
    ValueError
        If λ is negative or N is not positive.

    Notes
    -----
    Lecture, "L2": :math:`L'(w) = L(w) + \frac{λ}{2N}\|w\|_2^2`. Its gradient λ/N·w shrinks the
    weights in each step: weight decay.

    Examples
    --------
    >>> l2([Value(3.0), Value(4.0)], strength=0.4, samples=10).data
    0.5
    """
    if not 0 <= real(strength, "L2's strength") < inf or whole(samples, "samples") < 1:
        raise ValueError(
            f"L2 needs a finite strength of at least 0 and at least one sample; got "
            f"strength={strength}, samples={samples}."
        )
    return weighted_sum(weights, weights) * (strength / (2 * samples))


def weights_of(model: Any) -> list[Value]:
    """Return a model's parameters without the biases, those that are named ``b``.

    Examples
    --------
    >>> from nn import Neuron
    >>> len(weights_of(Neuron(3)))
    3
    """
    return [value for name, value in model.named_parameters() if name.split(".")[-1] != "b"]
