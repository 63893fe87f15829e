"""How probable a model makes the labels that were seen: the likelihood, and its logarithm."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, fsum, prod
from typing import Any

from nn.losses import Loss
from nn.models import Model

_PROBABILISTIC = ("logistic", "binary_cross_entropy", "cross_entropy")


def label_probabilities(
    model: Model, inputs: Sequence[Sequence[Any]], targets: Sequence[Any]
) -> list[float]:
    """Return P(y|x) of every sample: the probability that the model gives to its label.

    Parameters
    ----------
    model : Model
        With the loss logistic, binary_cross_entropy or cross_entropy.
    inputs : sequence of sequence of float
        N samples, at least one.
    targets : sequence
        N labels, as the model's loss takes them.

    Raises
    ------
    ValueError
        If there is no sample, there are not as many labels, or the model's scores stand for no
        probabilities.

    Examples
    --------
    >>> from nn import LogisticRegression
    >>> model = LogisticRegression(1)
    >>> model.w[0].data = 2.0
    >>> label_probabilities(model, [[1.0], [1.0]], [1, -1])
    [0.880797077977882, 0.119202922022118]
    """
    return [exp(-loss) for loss in _losses(model, inputs, targets)]


def likelihood(model: Model, inputs: Sequence[Sequence[Any]], targets: Sequence[Any]) -> float:
    r"""Return the probability of all labels together, 0 to 1; of many samples it underflows to 0.

    Parameters
    ----------
    model, inputs, targets
        As in `label_probabilities`.

    Notes
    -----
    Lecture, "how to train": :math:`\prod_i P(y_i \mid x_i)`. At w = 0 it is :math:`2^{-N}`, and
    from N = 1075 on that is 0 as a float: train on `log_likelihood`.

    Examples
    --------
    >>> from nn import LogisticRegression
    >>> likelihood(LogisticRegression(1), [[1.0]] * 10, [1] * 10) == 2**-10
    True
    """
    return prod(label_probabilities(model, inputs, targets))


def log_likelihood(model: Model, inputs: Sequence[Sequence[Any]], targets: Sequence[Any]) -> float:
    r"""Return the logarithm of the likelihood, at most 0, in nats; it neither under- nor overflows.

    Parameters
    ----------
    model, inputs, targets
        As in `label_probabilities`.

    Notes
    -----
    :math:`\sum_i \ln P(y_i \mid x_i)`; divided by -N it is the lecture's negative log likelihood
    loss, the mean that `evaluate` returns.

    Examples
    --------
    >>> from nn import LogisticRegression
    >>> log_likelihood(LogisticRegression(1), [[1.0]] * 2000, [1] * 2000)
    -1386.29436111989
    """
    return -fsum(_losses(model, inputs, targets))


def _losses(model: Model, inputs: Sequence[Sequence[Any]], targets: Sequence[Any]) -> list[float]:
    loss: Loss = model.loss
    if loss.name not in _PROBABILISTIC:
        raise ValueError(
            f"A likelihood needs probabilities, but the scores of a model with the loss "
            f"{loss.name} are none. Use one with {', '.join(_PROBABILISTIC)}."
        )
    if len(inputs) != len(targets) or not len(inputs):
        raise ValueError(
            f"A likelihood needs as many labels as samples, and at least one; got {len(inputs)} "
            f"samples and {len(targets)} labels."
        )
    losses = []
    for i, (x, target) in enumerate(zip(inputs, targets, strict=True)):
        try:
            losses.append(float(loss(model.score_numbers(x), target)))
        except ValueError as error:
            raise ValueError(f"Sample {i}: {error}") from None
    return losses
