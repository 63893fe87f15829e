"""The figure of early stopping: both curves, and where they part."""

from __future__ import annotations

from autograd import look
from nn.axes import Axes, Chart, span_of, svg_of, text_at
from nn.data import split
from nn.figures.shapes import dot, shade
from nn.history import History
from nn.models import MLP
from nn.samples import make_moons
from nn.training import fit


def early_stopping(history: History | None = None) -> Chart:
    """Return training and validation loss over the epochs, and the epoch to stop at.

    Parameters
    ----------
    history : History, optional
        With validation; by default of a network that learns 25 noisy samples by heart.

    Raises
    ------
    ValueError
        If no epoch has a validation loss.

    Notes
    -----
    The lecture's image-17.

    Examples
    --------
    >>> early_stopping().alt[:46]
    'early stopping: validation is best in epoch 11'
    """
    if history is None:
        history = _overfitted()
    if len(history.validation_losses) < 2:
        raise ValueError("Early stopping shows in a history of 2 epochs or more with validation.")
    epochs = [report.epoch for report in history]
    seen = [r.loss if r.validation_loss is None else r.validation_loss for r in history]
    best, last = history.best, history.epochs[-1]
    assert best.validation_loss is not None
    axes = Axes(
        (epochs[0], epochs[-1]), span_of([*history.losses, *seen, 0.0]), box=(80, 60, 600, 330)
    )
    parts = [
        text_at(80, 26, "early stopping", "start", bold=True),
        shade(axes, best.epoch, epochs[-1], "#f6d9c2", "over-fitting"),
        axes.frame("epoch", "loss", whole=True),
        axes.curve(epochs, history.losses, look.POSITIVE),
        axes.curve(epochs, seen, look.PATH, "7 4"),
    ]
    x, y = axes.place(best.epoch, best.validation_loss)
    parts.append(f'<path d="M{x:.1f},60V330" stroke="{look.PARAMETER}" stroke-width="2"/>')
    parts.append(dot((x, y), look.PARAMETER, 6))
    parts.append(text_at(x, 50, f"stop here: epoch {best.epoch}", "middle", bold=True))
    for name, values, colour in (
        ("training", history.losses, look.POSITIVE),
        ("validation", seen, "#a85400"),
    ):
        place = axes.place(epochs[-1], values[-1])
        parts.append(
            text_at(
                608, place[1] + 4, f"{name} {look.number(values[-1], 3)}", "start", colour=colour
            )
        )
    alt = (
        f"early stopping: validation is best in epoch {best.epoch} at "
        f"{look.number(best.validation_loss)}; in epoch {last.epoch} it is "
        f"{look.number(seen[-1])}, training {look.number(last.loss)}"
    )
    rows = ["epoch  training  validation"]
    every = -(-len(epochs) // 16)
    for i, (epoch, loss, other) in enumerate(zip(epochs, history.losses, seen, strict=True)):
        if i % every == 0 or epoch in (best.epoch, last.epoch):
            mark = "   <- stop here" * (epoch == best.epoch)
            rows.append(f"{epoch:5d}  {look.number(loss):>8}  {look.number(other):>10}{mark}")
    return Chart(svg_of(740, 380, parts, alt), alt, "\n".join([alt, *rows]))


def _overfitted() -> History:
    """Return the training of a network that is large for its 25 noisy samples."""
    train, validation = split(make_moons(50, noise=0.4, seed=3), (0.5, 0.5), seed=1)
    model = MLP(2, [20, 1], activation="tanh", head="sigmoid", seed=1)
    return fit(
        model,
        train.inputs,
        train.targets,
        validation=(validation.inputs, validation.targets),
        epochs=40,
        learning_rate=0.05,
    )
