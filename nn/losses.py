r"""What training makes small: losses of one sample, from the model's scores s.

All are differentiable and fall as the error falls (lecture, "logistic regression loss function").
A target may also be a Value, as when the loss is recorded to be compiled; then nobody checks it.
Those that speak of probabilities take raw scores, not probabilities, so that nothing overflows and
nothing is rounded to 0; their unit is the nat. Which labels a loss takes is part of it: `LOSSES`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

from autograd import Value, log_sum_exp, pick, relu, softplus, total, weighted_sum


def mse(scores: Any, target: Any) -> Any:
    r"""Return the squared error of one sample, the mean over its outputs (no factor ½).

    Parameters
    ----------
    scores : Value or list of Value
        One output or several.
    target : float or sequence of float
        What they should be; as many as there are outputs.

    Raises
    ------
    ValueError
        If there are more targets than outputs, or fewer.

    Notes
    -----
    :math:`L = \frac{1}{K}\sum_k (s_k - t_k)^2`, lecture, "MSE".

    Examples
    --------
    >>> mse(Value(3.0), 1.0).data
    4.0
    """
    outputs = scores if isinstance(scores, Sequence) else [scores]
    targets = target if _is_row(target) else [target]
    if len(outputs) != len(targets):
        raise ValueError(f"mse got {len(outputs)} outputs and {len(targets)} targets.")
    squares = [(s - t) ** 2 for s, t in zip(outputs, targets, strict=True)]
    return squares[0] if len(squares) == 1 else total(squares) / len(squares)


def hinge(scores: Any, target: Any) -> Any:
    r"""Return how far a sample is from being right by a margin of 1; its label is -1 or +1.

    Notes
    -----
    :math:`L = \max(0, 1 - y s)` (Cortes and Vapnik 1995); micrograd's demo trains with it.

    Examples
    --------
    >>> hinge(Value(0.25), 1).data, hinge(Value(3.0), 1).data
    (0.75, 0.0)
    """
    return relu(1 - _label(target, "hinge") * only(scores, "hinge"))


def logistic(scores: Any, target: Any) -> Any:
    r"""Return the negative log likelihood of a label -1 or +1, in nats.

    Notes
    -----
    :math:`L = \ln(1 + e^{-y s})` with the margin :math:`y s`, lecture, "logistic regression loss".

    Examples
    --------
    >>> logistic(Value(0.0), -1).data
    0.693147180559945
    >>> logistic(Value(-1000.0), 1).data
    1000.0
    """
    return softplus(-_label(target, "logistic") * only(scores, "logistic"))


def binary_cross_entropy(scores: Any, target: Any) -> Any:
    r"""Return the cross-entropy of one probability, given as its score before the sigmoid, in nats.

    Parameters
    ----------
    scores : Value or list of one Value
        The score s; the probability is sigmoid(s).
    target : float
        A probability in [0, 1]; for labels -1 and +1 use `logistic`.

    Raises
    ------
    ValueError
        If the target is no probability.

    Notes
    -----
    :math:`L = -t \ln σ(s) - (1 - t) \ln(1 - σ(s))`, the lecture's -ln P(y|x) with t = 1 for y = +1
    and 0 for y = -1, so that :math:`δ = σ(s) - t`.

    Examples
    --------
    >>> s = Value(-1.5)
    >>> binary_cross_entropy(s, 1).backward()
    >>> s.grad
    -0.81757447619364
    """
    s = only(scores, "binary_cross_entropy")
    if isinstance(target, Value):
        return target * softplus(-s) + (1 - target) * softplus(s)
    if not 0 <= target <= 1:
        raise ValueError(
            f"The target is {target!r}, but a target is a probability in [0, 1]. "
            "For labels -1 and +1 use logistic()."
        )
    if target in (0, 1):
        return softplus(-s if target else s)
    return target * softplus(-s) + (1 - target) * softplus(s)


def cross_entropy(scores: Any, target: Any) -> Any:
    r"""Return the cross-entropy of a class, given the scores before the softmax, in nats.

    Parameters
    ----------
    scores : sequence of Value
        One score for each of the K classes.
    target : int or sequence of float
        The class, 0 to K - 1, or the lecture's o: K probabilities that sum to 1.

    Raises
    ------
    ValueError
        If the class does not exist.

    Notes
    -----
    :math:`L = -\sum_i o_i \ln x_i` with :math:`x = \mathrm{softmax}(s)` is
    :math:`\ln\sum_i e^{s_i} - \sum_i o_i s_i`, so that :math:`δ = x - o`.

    Examples
    --------
    >>> scores = [Value(1.0), Value(2.0), Value(3.0)]
    >>> cross_entropy(scores, 2).data
    0.407605964444380
    """
    if not isinstance(scores, Sequence):
        raise ValueError("cross_entropy needs a list of scores, one for each class; got one score.")
    if isinstance(target, Value):
        return log_sum_exp(scores) - pick(scores, target)
    if _is_row(target) and isinstance(target[0], Value):
        return log_sum_exp(scores) - weighted_sum(target, scores)
    if _is_row(target):
        fits = len(target) == len(scores) and all(share >= 0 for share in target)
        if not fits or not abs(sum(target) - 1) <= 1e-9:
            raise ValueError(
                f"The target is {list(target)!r:.80}, but it must be a class or {len(scores)} "
                "probabilities that sum to 1."
            )
        return log_sum_exp(scores) - total([o * s for o, s in zip(target, scores, strict=True)])
    if target not in range(len(scores)):
        raise ValueError(
            f"The target is {target!r}, but the classes are 0 to {len(scores) - 1}, whole numbers."
        )
    return log_sum_exp(scores) - scores[int(target)]


def only(scores: Any, loss: str) -> Any:
    """Return the only score, alone or in a list.

    Examples
    --------
    >>> only([2.5], "hinge")
    2.5
    """
    if not isinstance(scores, Sequence):
        return scores
    if len(scores) != 1:
        raise ValueError(f"{loss} needs a model with one output; got {len(scores)} scores.")
    return scores[0]


def _is_row(target: Any) -> bool:
    return hasattr(target, "__len__") and not isinstance(target, str)


def _label(target: Any, loss: str) -> Any:
    if isinstance(target, Value):
        return target
    if target not in (-1, 1):
        raise ValueError(
            f"The target is {target!r}, but {loss} takes the labels -1 and +1. From classes 0 and "
            "1 make 2 * target - 1."
        )
    return float(target)


@dataclass(frozen=True)
class Loss:
    """A loss of one sample, and what its scores decide.

    Attributes
    ----------
    name : str
    of_sample : callable
        ``of_sample(scores, target) -> Value``.
    decide : callable or None
        ``decide(scores)``: the label that a list of score numbers stands for, in the vocabulary of
        the targets; None where the target is a number, not a label.
    targets : str
        What the targets are, in words; "any" if nobody knows, and then they are not checked.
    """

    name: str
    of_sample: Callable[[Any, Any], Any]
    decide: Callable[[Sequence[float]], int] | None
    targets: str

    def __call__(self, scores: Any, target: Any) -> Any:
        """Return the loss of one sample."""
        return self.of_sample(scores, target)

    def is_right(self, scores: Sequence[float], target: Any) -> bool:
        """Return whether it decides for the target, or for the class that the target favours.

        Examples
        --------
        >>> LOSSES["cross_entropy"].is_right([0.5, 2.0], [0.1, 0.9])
        True
        """
        if self.decide is None:
            return False
        if self.name == "cross_entropy" and _is_row(target):
            target = largest(target)
        elif self.name == "binary_cross_entropy":
            target = int(target > 0.5)
        return bool(self.decide(scores) == target)


def _sign(scores: Sequence[float]) -> int:
    return 1 if only(scores, "a decision between -1 and +1") > 0 else -1


def _above_half(scores: Sequence[float]) -> int:
    return int(only(scores, "a decision between 0 and 1") > 0)


def largest(scores: Sequence[float]) -> int:
    """Return the index of the largest score; the first, if several are largest.

    Examples
    --------
    >>> largest([0.2, 0.7, 0.1])
    1
    """
    return max(range(len(scores)), key=scores.__getitem__)


LOSSES = {
    loss.name: loss
    for loss in (
        Loss("mse", mse, None, "numbers"),
        Loss("hinge", hinge, _sign, "labels -1 and +1"),
        Loss("logistic", logistic, _sign, "labels -1 and +1"),
        Loss("binary_cross_entropy", binary_cross_entropy, _above_half, "0, 1 or between"),
        Loss("cross_entropy", cross_entropy, largest, "classes 0, 1, 2, ..."),
    )
}


LOSSES_OF_HEAD: dict[str, tuple[str, ...]] = {  # the usual one first
    "linear": tuple(LOSSES),
    "sigmoid": ("binary_cross_entropy", "logistic"),
    "softmax": ("cross_entropy",),
}


def check_head(loss: Loss, head: str) -> None:
    """Raise ValueError if a loss would look at scores where the model answers with something else.

    Losses are made of scores. Those that speak of probabilities have the head in them; the others
    would train or judge numbers that nobody gets to see. A loss of the user may do as it likes.

    Examples
    --------
    >>> check_head(LOSSES["logistic"], "sigmoid")
    >>> check_head(LOSSES["mse"], "sigmoid")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: The loss mse would look at the scores without seeing the sigmoid head; use ...
    """
    fitting = LOSSES_OF_HEAD.get(head, LOSSES)
    if LOSSES.get(loss.name) == loss and loss.name not in fitting:
        raise ValueError(
            f"The loss {loss.name} would look at the scores without seeing the {head} head; use "
            f"{' or '.join(fitting)}, or a model with a linear head."
        )


def find_loss(loss: str | Loss | Callable[[Any, Any], Any]) -> Loss:
    """Return the loss of that name, or a function of (scores, target) as a loss.

    Raises
    ------
    ValueError
        If no loss has that name.

    Examples
    --------
    >>> find_loss("hinge").targets
    'labels -1 and +1'
    """
    if isinstance(loss, Loss):
        return loss
    if callable(loss):
        from autograd import Compiled  # which few programs need

        if isinstance(loss, Compiled):  # it gives numbers; training compiles what it was made of
            loss = loss.function
        known = [row for row in LOSSES.values() if row.of_sample is loss]
        return known[0] if known else Loss(getattr(loss, "__name__", "loss"), loss, None, "any")
    if not isinstance(loss, str) or loss not in LOSSES:
        raise ValueError(f"No loss is named {loss!r}; choose one of {', '.join(LOSSES)}.")
    return LOSSES[loss]


def mean_loss(
    loss: str | Loss | Callable[[Any, Any], Any], scores: Sequence[Any], targets: Sequence[Any]
) -> Value:
    """Return the mean loss of several samples.

    Parameters
    ----------
    loss : str, Loss or callable
        See `find_loss`.
    scores, targets : sequence
        The model's scores and the target of each sample, at least one.

    Raises
    ------
    ValueError
        If there are none, or not as many targets as scores; or if the loss refuses a target, whose
        index it then names.

    Examples
    --------
    >>> mean_loss("mse", [Value(1.0), Value(3.0)], [0.0, 0.0]).data
    5.0
    """
    if len(scores) != len(targets) or not scores:
        raise ValueError(
            f"A mean loss needs as many targets as scores, and at least one; got {len(scores)} "
            f"scores and {len(targets)} targets."
        )
    loss = find_loss(loss)
    of_sample = loss.of_sample
    losses = []
    for i, (score, target) in enumerate(zip(scores, targets, strict=True)):
        try:
            losses.append(of_sample(score, target))
        except ValueError as error:
            raise ValueError(f"Sample {i}: {error}") from None
        except TypeError as error:
            raise _of_own_loss(loss, i, str(error)) from error
        if not isinstance(losses[-1], Value | Real):
            raise _of_own_loss(loss, i, f"it gave {losses[-1]!r:.60}")
    mean: Value = total(losses) / len(losses)
    if not isinstance(mean, Value) and _has_value(scores):
        raise _of_own_loss(loss, 0, f"it gave {losses[0]!r:.60}, a number without gradient")
    return mean


def _has_value(scores: Sequence[Any]) -> bool:
    return any(isinstance(s, Value) for row in scores for s in (row if _is_row(row) else [row]))


def _of_own_loss(loss: Loss, i: int, trouble: str) -> TypeError:
    """Return the error of a loss that is called with what it does not expect."""
    return TypeError(
        f"Sample {i}: the loss {loss.name} failed: {trouble}. It is given the list of the model's "
        "scores, also of one, and the target, and gives a Value, made of the scores by operations "
        "of autograd: lambda scores, target: (scores[0] - target) ** 2."
    )
