"""The training loop: a generator of reports, and `fit`, which drains it."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import inf
from time import perf_counter
from typing import Any

from nn.checks import (
    check_call,
    check_lists,
    check_model,
    check_rows,
    check_setting,
    is_finite,
    whole,
)
from nn.data import batches
from nn.engines import Task, evaluated, make_steps
from nn.history import History, Report, judged
from nn.initializers import generator
from nn.losses import Loss, check_head, find_loss
from nn.optimizers import Optimizer, find_optimizer
from nn.penalties import l2 as l2_penalty
from nn.penalties import weights_of
from nn.perceptron import Perceptron
from nn.schedules import Schedule, find_schedule

Samples = tuple[Sequence[Sequence[Any]], Sequence[Any]]
AnyLoss = str | Loss | Callable[[Any, Any], Any]


def training_steps(
    model: Any,
    inputs: Sequence[Sequence[Any]],
    targets: Sequence[Any],
    *,
    epochs: int = 20,
    batch_size: int | None = 32,
    optimizer: str | Optimizer | Callable[..., Optimizer] = "adam",
    learning_rate: float = 0.01,
    loss: AnyLoss | None = None,
    l2: float = 0.0,
    schedule: str | Schedule = "constant",
    validation: Samples | None = None,
    seed: int | random.Random | None = 0,
    engine: str = "auto",
) -> Generator[Report, None, None]:
    r"""Train, and yield a report after every step; the body of your loop is the callback.

    Parameters
    ----------
    model : Model
        Its parameters are moved in place.
    inputs : sequence of sequence of float
        N samples of ``model.nin`` numbers.
    targets : sequence
        N targets, as the loss takes them.
    epochs : int, optional
        How often to go through the data, at least 1.
    batch_size : int or None, optional
        Samples in a step: None for all (gradient descent), 1 for each by itself, else stochastic
        gradient descent by batches. The last batch of an epoch may be smaller.
    optimizer : str or Optimizer, optional
        A name in `OPTIMIZERS`, a class such as `Adam`, or one that you made on the model's
        parameters. Those that it does not hold stay where they are; nobody sets their gradients
        back, so that they add up.
    learning_rate : float, optional
        η, for an optimizer given by name.
    loss : str, Loss or callable, optional
        By default the model's own; it must know of the model's head, as in `MLP`. A function of
        yours, ``loss(scores, target)``, gives the loss of one sample as a Value: `scores` is the
        *list* of the model's scores before its head, also where there is only one.
    l2 : float, optional
        λ of the penalty λ/(2N)·‖w‖² on the weights, not the biases.
    schedule : str or callable, optional
        See `nn.schedules`.
    validation : (inputs, targets), optional
        Judged at the end of each epoch.
    seed : int, random.Random or None, optional
        For the order of the samples, shuffled anew in each epoch, and for dropout.
    engine : {"auto", "eager", "numpy", "native"}, optional
        What carries out the steps: Values ("eager"), or the same recorded once and compiled, with
        NumPy or to machine code, many times faster and equal to about 1e-12. "auto" compiles
        where Values would take some seconds, with the best that is installed. See the notes of
        `fit` for what a compiled training does not see.

    Yields
    ------
    Report
        After every step; ``report.epoch_end`` marks the last of an epoch.

    Raises
    ------
    ValueError
        If data is empty, ragged or has targets that the loss does not take; it names the sample.
        If the loss would not see the model's head.
    DivergenceError
        If training diverges. The weights are those before the step that failed.

    Notes
    -----
    Lecture, "gradient descent": :math:`w \leftarrow w - η\,∂L/∂w` with L the mean over a batch;
    an epoch has :math:`\lceil N / N_{batch} \rceil` steps.

    Examples
    --------
    >>> from nn import LinearRegression
    >>> model = LinearRegression(1)
    >>> for report in training_steps(model, [[0.0], [1.0]], [1.0, 3.0], epochs=200,
    ...                              batch_size=None, optimizer="sgd", learning_rate=0.5):
    ...     pass
    >>> round(model.w[0].data, 3), round(model.b.data, 3), report.step
    (2.0, 1.0, 200)
    """
    settings: dict[str, Any] = {
        "epochs": epochs,
        "batch_size": batch_size,
        "optimizer": optimizer,
        "learning_rate": learning_rate,
        "loss": loss,
        "l2": l2,
        "schedule": schedule,
        "validation": validation,
        "seed": seed,
        "engine": engine,
    }
    yield from _reports(model, inputs, targets, sync="step", **settings)


def _reports(
    model: Any,
    inputs: Sequence[Sequence[Any]],
    targets: Sequence[Any],
    *,
    sync: str,
    epochs: int,
    batch_size: int | None,
    optimizer: Any,
    learning_rate: float,
    loss: AnyLoss | None,
    l2: float,
    schedule: str | Schedule,
    validation: Samples | None,
    seed: int | random.Random | None,
    engine: str,
) -> Generator[Report, None, None]:
    """Yield the reports of a training; the parameters need to be looked at when `sync` says."""
    if isinstance(model, Perceptron):
        raise ValueError("A perceptron learns by its own rule: call model.fit(inputs, labels).")
    check_model(model, "fit() trains")
    loss = _loss_of(model, loss)
    check_samples(model, loss, inputs, targets)
    if validation is not None:
        if not isinstance(validation, tuple | list) or len(validation) != 2:
            raise ValueError(f"Give validation=(inputs, targets); got {type(validation).__name__}.")
        check_samples(model, loss, *validation, kind="validation ")
    if whole(epochs, "epochs") < 1:
        raise ValueError(f"epochs must be at least 1; got {epochs}.")
    if not isinstance(optimizer, Optimizer):
        optimizer = find_optimizer(optimizer)(model.parameters(), learning_rate)
    elif set(optimizer.parameters).isdisjoint(model.parameters()):
        raise ValueError(
            "The optimizer holds none of the model's parameters. Make it anew for this model."
        )
    n, first_rate, rate_factor = len(inputs), optimizer.learning_rate, find_schedule(schedule)
    size = n if batch_size is None else whole(batch_size, "batch_size")
    if size < 1:
        raise ValueError(f"batch_size must be at least 1; got {size}.")
    weights = weights_of(model) if l2 else []
    l2_penalty(weights, l2, n)  # refuses what is no strength before anything has moved
    rng, start, step = generator(seed), perf_counter(), 0
    steps_in_epoch = len(batches(n, size))
    task = Task(model, loss, inputs, targets, weights, l2)
    steps = make_steps(task, optimizer, min(size, n), epochs, engine, sync)
    try:
        for epoch in range(1, epochs + 1):
            loss_sum, right_sum, done = 0.0, 0, 0
            order = batches(n, size, seed=rng)
            shares = [(step + k) / (epochs * steps_in_epoch) for k in range(steps_in_epoch)]
            rates = [first_rate * _factor_at(rate_factor, share) for share in shares]
            judgements = steps.epoch(order, rates, rng)
            for batch, rate in zip(order, rates, strict=True):
                step += 1
                with _saying_where(epoch, step, moved=step > 1):
                    batch_loss, right = next(judgements)
                loss_sum += batch_loss * len(batch)
                right_sum += right
                done += len(batch)
                report = Report(epoch, step, batch_loss, rate, engine=steps.name)
                if done == n:
                    next(judgements, None)  # it may have something to put in order
                    report = replace(
                        report,
                        epoch_end=True,
                        loss=loss_sum / n,
                        accuracy=right_sum / n if loss.decide else None,
                        seconds=perf_counter() - start,
                    )
                    if validation is not None:
                        with _saying_where(epoch, step):
                            mean, right = steps.evaluate(*validation)
                        report = replace(
                            report,
                            validation_loss=mean,
                            validation_accuracy=right / len(validation[0]) if loss.decide else None,
                            seconds=perf_counter() - start,
                        )
                yield report
    finally:
        if sync == "end":
            steps.sync()
        optimizer.learning_rate = first_rate
        if not isinstance(sys.exc_info()[1], Exception | KeyboardInterrupt):
            steps.check()


def fit(
    model: Any,
    inputs: Sequence[Sequence[Any]],
    targets: Sequence[Any],
    *,
    validation: Samples | None = None,
    patience: int | None = None,
    min_delta: float = 0.0,
    on_report: Callable[[Report], Any] | None = None,
    on_epoch: Callable[[Report], Any] | None = None,
    **settings: Any,
) -> History:
    """Train to the end, or until validation stops improving, and return what happened.

    Parameters
    ----------
    model, inputs, targets
        As in `training_steps`.
    validation : (inputs, targets), optional
        Judged at the end of each epoch.
    patience : int, optional
        Early stopping: end after so many epochs without a better validation loss, and put the
        weights of the best epoch back. It needs validation.
    min_delta : float, optional
        How much lower a loss must be to count as better.
    on_report : callable, optional
        Called with the report of every step.
    on_epoch : callable, optional
        Called with the report at the end of each epoch, such as `Progress`. A compiled training is
        fastest when nobody looks between its steps.
    **settings
        Of `training_steps`: epochs, batch_size, optimizer, learning_rate, loss, l2, schedule, seed,
        engine. A `loss` of your own is given the *list* of a sample's scores, also of one.

    Returns
    -------
    History

    Raises
    ------
    ValueError
        As `training_steps`, and if patience is given without validation.
    DivergenceError
        If training diverges; its ``history`` has the epochs until then.

    Notes
    -----
    A compiled training is a recording of the loss of one sample, see ``engine``. Parameters and the
    settings of the optimizer may be changed by `on_report` and `on_epoch`, which is heard at once,
    by every engine; but for the learning rate, which every step sets to the first one times what
    the ``schedule`` says. A program does not hear of targets changed in place, nor of all else that
    the loss and the model use in Python, as a coefficient, a global name, an attribute or a Value
    that was replaced. An optimizer's rule is tried on some numbers as often as its settings are
    looked at, so that what it reads elsewhere is heard, too. Before the first step some samples,
    before the 2nd, 4th, 8th ... epoch all targets, and the loss and the gradients of a few samples,
    are compared with Values. Where they differ, Values do the rest, with a warning; the epochs
    between the change and the comparison were trained as before the change. The last comparison is
    at the end, and can only warn. What changes while training therefore needs
    ``engine="eager"``. Inputs are read once, by every engine.

    Examples
    --------
    >>> from nn import MLP
    >>> corners = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> model = MLP(2, [4, 1], activation="tanh", head="sigmoid", seed=1)
    >>> history = fit(model, corners, [0, 1, 1, 0], epochs=200, learning_rate=0.1)
    >>> [model.predict(x) for x in corners]
    [0, 1, 1, 0]

    A loss of your own, which is given a list of scores and the target of one sample:

    >>> def absolute_error(scores, target):
    ...     return abs(scores[0] - target)
    >>> line = MLP(1, [1], seed=0)
    >>> history = fit(line, [[0], [1], [2]], [1, 3, 5], loss=absolute_error, epochs=300)
    >>> round(line.predict([3]), 1)
    7.0
    """
    check_setting(min_delta, "min_delta", lambda least: least >= 0, "at least 0")
    check_call(on_report, "on_report")
    check_call(on_epoch, "on_epoch")
    if patience is not None and (validation is None or whole(patience, "patience") < 1):
        raise ValueError(
            "Early stopping needs validation=(inputs, targets) and a patience of at least 1; got "
            f"patience={patience}{'' if validation else ' and no validation'}."
        )
    known = training_steps.__kwdefaults__ or {}
    if unknown := sorted(settings.keys() - known.keys()):
        raise TypeError(f"fit has no setting {unknown[0]!r}; it takes {', '.join(known)}.")
    history, best_loss, best_epoch, best_state = History(), inf, 0, None
    sync = "step" if on_report else "epoch" if on_epoch or patience else "end"
    settings = {**known, "validation": validation, **settings}
    reports = _reports(model, inputs, targets, sync=sync, **settings)
    try:
        for report in reports:
            if on_report:
                on_report(report)
            if not report.epoch_end:
                continue
            if on_epoch:
                on_epoch(report)
            history.epochs.append(report)
            if patience is None:
                continue
            if judged(report) < best_loss - min_delta:
                best_loss, best_epoch, best_state = judged(report), report.epoch, model.state()
            elif report.epoch - best_epoch >= patience:
                history.stopped = f"stopped: no better validation loss for {patience} epochs"
                break
    except DivergenceError as error:
        history.stopped = str(error)
        error.history = history
        raise
    finally:
        reports.close()
        if best_state is not None:
            model.load_state(best_state)
    if best_state is not None:
        history.stopped = f"{history.stopped or 'finished'}; weights of epoch {best_epoch} restored"
    return history


def evaluate(
    model: Any,
    inputs: Sequence[Sequence[Any]],
    targets: Sequence[Any],
    *,
    loss: AnyLoss | None = None,
) -> tuple[float, float | None]:
    """Return the mean loss and the accuracy of a model on samples; None without labels.

    Parameters
    ----------
    model, inputs, targets, loss
        As in `training_steps`.

    Examples
    --------
    >>> from nn import LogisticRegression
    >>> evaluate(LogisticRegression(1), [[1.0], [2.0]], [1, -1])
    (0.693147180559945, 0.5)
    """
    check_model(model, "evaluate() judges")
    loss = _loss_of(model, loss)
    check_samples(model, loss, inputs, targets)
    mean, right = evaluated(model, loss, inputs, targets)
    return mean, right / len(inputs) if loss.decide else None


def _loss_of(model: Any, loss: AnyLoss | None) -> Loss:
    """Return the loss that was chosen, or the model's; one that knows of the model's head."""
    if loss is None and not hasattr(model, "loss"):
        raise TypeError(
            f"{type(model).__name__} has no loss of its own; give one, as loss='mse', or set it in "
            "__init__, as self.loss = 'mse'."
        )
    chosen = find_loss(loss or model.loss)
    check_head(chosen, getattr(model, "head", "linear"))
    return chosen


def check_samples(
    model: Any,
    loss: Loss,
    inputs: Sequence[Sequence[Any]],
    targets: Sequence[Any],
    *,
    kind: str = "",
) -> None:
    """Raise TypeError or ValueError unless samples fit the model, and targets the loss.

    Parameters
    ----------
    model, loss, inputs, targets
        As in `training_steps`.
    kind : str, optional
        Which samples these are, for the message.
    """
    check_lists(**{f"{kind}inputs": inputs, f"{kind}targets": targets})
    if len(inputs) != len(targets) or not len(inputs):
        raise ValueError(
            f"Needs as many {kind}targets as samples, and at least one; got {len(inputs)} samples "
            f"and {len(targets)} targets."
        )
    check_rows(inputs, model.nin, f"the model takes {model.nin}", f"{kind}inputs")
    dummy = [0.0] * model.nout
    for i, target in enumerate(targets):
        if loss.targets != "any":
            try:
                fits = is_finite(loss(dummy, target))
            except ValueError as error:
                raise ValueError(f"{kind}targets[{i}]: {error}") from None
            except (TypeError, OverflowError):
                fits = False
            if not fits:
                raise ValueError(
                    f"{kind}targets[{i}] is {target!r:.60}; {loss.name} takes {loss.targets}."
                )


class DivergenceError(ArithmeticError):
    """Training ran out of the range of numbers; ``history`` has the epochs until then."""

    history: History | None = None


def _factor_at(schedule: Schedule, done: float) -> float:
    """Return what a schedule says when this share of the training is done; refuse what is none."""
    factor = schedule(done)
    check_setting(factor, f"What the schedule gives at {done:g}", is_finite, "finite")
    return factor


@contextmanager
def _saying_where(epoch: int, step: int, *, moved: bool = True) -> Iterator[None]:
    """Raise DivergenceError for an ArithmeticError, with advice on what to change."""
    try:
        yield
    except ArithmeticError as error:
        advice = " Try a smaller learning rate, or scale the inputs."
        if isinstance(error, FloatingPointError):
            advice = ""  # the optimizer has given it
        elif not moved:
            advice = (
                " Nothing has moved yet, so that no smaller learning rate will help: look at what "
                "the loss computes, or scale the inputs."
            )
        raise DivergenceError(
            f"Training diverged in epoch {epoch}, step {step}: {_words(error)}.{advice}"
        ) from error


def _words(error: Exception) -> str:
    """Return what an error says; Python's own have a number before their words."""
    return str(error.args[-1] if error.args else error).removesuffix(".")
