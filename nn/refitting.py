"""After early stopping: training anew on all samples, for as long as it was good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nn.data import batches
from nn.history import History, Report
from nn.schedules import find_schedule
from nn.training import Samples, training_steps


def refit(
    model: Any,
    train: Samples,
    validation: Samples,
    history: History,
    *,
    same: str = "epochs",
    on_report: Callable[[Report], Any] | None = None,
    on_epoch: Callable[[Report], Any] | None = None,
    **settings: Any,
) -> History:
    """Train a fresh model on training and validation samples, for the best epochs remembered.

    Parameters
    ----------
    model : Model
        A new one, made like the first. What the first one learned is not used.
    train, validation : (inputs, targets)
        The samples of the training that is remembered.
    history : History
        Of that training, with validation.
    same : {"epochs", "steps"}, optional
        What to keep. More samples mean more steps in an epoch: the lecture keeps the epochs, and
        then the weights move further; with "steps" they move as often as they did.
    on_report, on_epoch : callable, optional
        As in `fit`.
    **settings
        As they were given to `fit`, without validation, patience and min_delta; also `epochs`, so
        that a schedule of learning rates goes the same way.

    Returns
    -------
    History
        Its last report may stand in the middle of an epoch, if the steps are kept.

    Raises
    ------
    ValueError
        If the history has no validation loss, or `epochs` is less than its best epoch.

    Notes
    -----
    Lecture, "early stopping": train with what was remembered on the united samples.

    Examples
    --------
    >>> from nn import MLP, fit, make_moons, split
    >>> train, rest = split(make_moons(60, noise=0.3, seed=1), (0.5, 0.5))
    >>> some, others = (train.inputs, train.targets), (rest.inputs, rest.targets)
    >>> model = MLP(2, [8, 1], head="sigmoid", seed=1)
    >>> history = fit(model, *some, validation=others, patience=3, epochs=50, learning_rate=0.05)
    >>> final = MLP(2, [8, 1], head="sigmoid", seed=1)
    >>> again = refit(final, some, others, history, epochs=50, learning_rate=0.05)
    >>> len(again) == history.best.epoch
    True
    """
    if same not in ("epochs", "steps"):
        raise ValueError(f"same must be 'epochs' or 'steps'; got {same!r:.60}.")
    if not history.validation_losses:
        raise ValueError(
            "This history has no validation loss, so no epoch was the best on samples that were "
            "not learned from. Give fit(..., validation=...) first."
        )
    best = history.best
    planned = settings.pop("epochs", 20)
    if planned < best.epoch:
        raise ValueError(
            f"epochs is {planned}, but the best epoch was {best.epoch}. Give the same settings "
            "as to fit."
        )
    inputs, targets = ([*first, *second] for first, second in zip(train, validation, strict=True))
    size = settings.get("batch_size", 32)
    steps_in_epoch = len(batches(len(inputs), size or len(inputs)))
    epochs = planned
    if same == "steps":
        first_steps = planned * best.step // best.epoch  # of the plan, also if it was stopped
        epochs = -(-first_steps // steps_in_epoch)
        rate_factor = find_schedule(settings.get("schedule", "constant"))
        longer = epochs * steps_in_epoch / first_steps
        settings["schedule"] = lambda progress: rate_factor(min(1.0, progress * longer))
    again = History()
    reports = training_steps(model, inputs, targets, epochs=epochs, **settings)
    for report in reports:
        if on_report:
            on_report(report)
        if report.epoch_end:
            again.epochs.append(report)
            if on_epoch:
                on_epoch(report)
        done = report.epoch_end and report.epoch == best.epoch
        if report.step == best.step if same == "steps" else done:
            break
    reports.close()
    if not report.epoch_end:
        again.epochs.append(report)
    again.stopped = f"trained on all {len(inputs)} samples for {report.epoch} epochs, "
    again.stopped += f"{report.step} steps (best before: epoch {best.epoch}, step {best.step})"
    return again
