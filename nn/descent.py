"""Gradient descent with the path that it took, for looking at: of a function, and of a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from autograd import Value, look
from nn.models import Model
from nn.training import evaluate, training_steps


@dataclass(frozen=True, slots=True)
class Descent:
    """The path of a descent.

    Attributes
    ----------
    names : tuple of str
        Of the D numbers that were moved.
    points : list of tuple of float
        Where it stood: before the first step, and after each.
    losses : list of float
        The height at every point: of a model, the mean loss over the whole data set.
    step_losses : list of float
        What each step went down on: the loss of its batch.
    steps_per_epoch : int
        1 where there is no data.
    """

    names: tuple[str, ...]
    points: list[tuple[float, ...]]
    losses: list[float]
    step_losses: list[float]
    steps_per_epoch: int = 1

    def __str__(self) -> str:
        every = -(-len(self.points) // 12)
        head = f"step  loss       {', '.join(self.names[:6])}" + ", …" * (len(self.names) > 6)
        lines = [head]
        for i, (point, loss) in enumerate(zip(self.points, self.losses, strict=True)):
            if i % every == 0 or i == len(self.points) - 1:
                some = ", ".join(map(look.number, point[:6])) + ", …" * (len(point) > 6)
                lines.append(f"{i:4d}  {look.number(loss):9s}  {some}")
        return "\n".join(lines)


def descend(
    function: Callable[..., Value],
    start: Sequence[float],
    *,
    learning_rate: float,
    steps: int = 20,
) -> Descent:
    r"""Return the path of gradient descent on a function of D numbers.

    Parameters
    ----------
    function : callable
        Takes D Values and returns one: the height.
    start : sequence of float
        Where to begin, D numbers.
    learning_rate : float
        η, above 0.
    steps : int, optional
        At most; it ends before, if numbers leave the range of floats.

    Raises
    ------
    ValueError
        If there is no number to move, no step to make, or the learning rate is not above 0.

    Notes
    -----
    Lecture, "gradient descent": :math:`w(t + 1) = w(t) - η\,∂L(w)/∂w`. On w² a step multiplies w by
    1 - 2η: it gets nearer for η < 1, swings between two points at 1, and runs away above.

    Examples
    --------
    >>> [w for w, in descend(lambda w: w * w, [1.0], learning_rate=1.0, steps=3).points]
    [1.0, -1.0, 1.0, -1.0]
    """
    if not len(start) or steps < 1 or not learning_rate > 0:
        raise ValueError(
            f"A descent needs a start of at least one number, at least one step and a learning "
            f"rate above 0; got start={list(start)!r:.60}, steps={steps}, "
            f"learning_rate={learning_rate}."
        )
    place = [Value(number, f"w{i}") for i, number in enumerate(start, start=1)]
    points, losses = [], []
    try:
        for step in range(steps + 1):
            height = function(*place)
            points.append(tuple(w.data for w in place))
            losses.append(height.data)
            if step < steps:
                for w in place:
                    w.grad = 0.0
                height.backward()
                moved = [w.data - learning_rate * w.grad for w in place]
                if not all(map(isfinite, moved)):
                    break
                place = [Value(number, w.label) for number, w in zip(moved, place, strict=True)]
    except OverflowError:
        if not points:
            raise
    return Descent(tuple(w.label for w in place), points, losses, losses[: len(points) - 1])


def gradient_descent(
    model: Model,
    inputs: Sequence[Sequence[Any]],
    targets: Sequence[Any],
    *,
    learning_rate: float = 0.1,
    epochs: int = 20,
    **settings: Any,
) -> Descent:
    r"""Train a model with all N samples in every step, and return the path of its parameters.

    Parameters
    ----------
    model, inputs, targets, epochs
        As in `training_steps`; the model is moved.
    learning_rate : float, optional
        η.
    **settings
        Others of `training_steps`: loss, l2, schedule, seed.

    Raises
    ------
    ValueError, DivergenceError
        As in `training_steps`.

    Notes
    -----
    Lecture, "gradient descent": one step in an epoch, down the mean over all samples.

    Examples
    --------
    >>> from nn import LinearRegression
    >>> path = gradient_descent(LinearRegression(1), [[0.0], [1.0]], [1.0, 3.0], epochs=3)
    >>> len(path.points), path.steps_per_epoch, path.losses[0]
    (4, 1, 5.0)
    """
    return _descent(model, inputs, targets, None, learning_rate, epochs, settings)


def stochastic_gradient_descent(
    model: Model,
    inputs: Sequence[Sequence[Any]],
    targets: Sequence[Any],
    *,
    batch_size: int = 32,
    learning_rate: float = 0.1,
    epochs: int = 20,
    **settings: Any,
) -> Descent:
    r"""Train a model with a batch of N_batch samples in every step, and return the path.

    Parameters
    ----------
    model, inputs, targets, learning_rate, epochs, **settings
        As in `gradient_descent`.
    batch_size : int, optional
        N_batch. The last batch of an epoch may be smaller: its samples then count for more.

    Notes
    -----
    Lecture, "stochastic gradient descent": a step down the mean over one batch; an epoch has
    :math:`\lceil N / N_{batch} \rceil` steps.

    Examples
    --------
    >>> from nn import LinearRegression
    >>> x, y = [[float(i)] for i in range(10)], [1.0] * 10
    >>> path = stochastic_gradient_descent(LinearRegression(1), x, y, batch_size=3, epochs=2,
    ...                                    learning_rate=0.01)
    >>> len(path.points), path.steps_per_epoch
    (9, 4)
    """
    return _descent(model, inputs, targets, batch_size, learning_rate, epochs, settings)


def per_sample_gradient_descent(
    model: Model,
    inputs: Sequence[Sequence[Any]],
    targets: Sequence[Any],
    *,
    learning_rate: float = 0.1,
    epochs: int = 20,
    **settings: Any,
) -> Descent:
    r"""Train a model with a single sample in every step, and return the path.

    In the literature "SGD" means this or batches.

    Parameters
    ----------
    model, inputs, targets, learning_rate, epochs, **settings
        As in `gradient_descent`.

    Notes
    -----
    Lecture, "very stochastic gradient descent": :math:`w \leftarrow w - η\,∂L(x_i, y_i)/∂w`.

    Examples
    --------
    >>> from nn import LinearRegression
    >>> path = per_sample_gradient_descent(LinearRegression(1), [[0.0], [1.0]], [1.0, 3.0],
    ...                                    epochs=3)
    >>> len(path.points), path.steps_per_epoch
    (7, 2)
    """
    return _descent(model, inputs, targets, 1, learning_rate, epochs, settings)


def _descent(
    model: Model,
    inputs: Sequence[Sequence[Any]],
    targets: Sequence[Any],
    batch_size: int | None,
    learning_rate: float,
    epochs: int,
    settings: dict[str, Any],
) -> Descent:
    """Drain the one training loop and remember where the parameters were."""
    named = list(model.named_parameters())
    loss = settings.get("loss")
    reports = training_steps(
        model,
        inputs,
        targets,
        epochs=epochs,
        batch_size=batch_size,
        optimizer="sgd",
        learning_rate=learning_rate,
        **settings,
    )

    def here() -> tuple[float, ...]:
        return tuple(value.data for _, value in named)

    points, losses, step_losses = [here()], [evaluate(model, inputs, targets, loss=loss)[0]], []
    for report in reports:
        points.append(here())
        losses.append(evaluate(model, inputs, targets, loss=loss)[0])
        step_losses.append(report.loss)
    names = tuple(value.label if len(named) < 4 else name for name, value in named)
    return Descent(names, points, losses, step_losses, len(step_losses) // epochs)
