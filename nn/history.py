"""What training reported, epoch by epoch, and how it reads as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from math import inf, isfinite, isnan
from typing import Any, ClassVar


@dataclass(frozen=True)
class Report:
    """What training says after a step.

    Attributes
    ----------
    epoch, step : int
        Counted from 1; steps go on counting over epochs.
    loss : float
        Mean data loss (without penalty): of the batch, and at the end of an epoch of all its
        samples, each as it was when its batch came.
    learning_rate : float
        Of this step.
    epoch_end : bool
        Whether an epoch ends here. The following are given only then.
    accuracy : float or None
        Of the training samples, each as it was when its batch came; None without labels.
    validation_loss, validation_accuracy : float or None
        Of the validation samples, with the weights after this step.
    seconds : float
        Since training began.
    engine : str
        What carried out the steps: "eager", "numpy" or "native"; empty where nothing says so.
    """

    epoch: int
    step: int
    loss: float
    learning_rate: float
    epoch_end: bool = False
    accuracy: float | None = None
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    seconds: float = 0.0
    engine: str = ""

    def __str__(self) -> str:
        text = f"epoch {self.epoch:3d}  loss {_short(self.loss)}"
        if self.accuracy is not None:
            text += f"  accuracy {self.accuracy:6.1%}"
        if self.validation_loss is not None:
            text += f"  validation {_short(self.validation_loss)}"
        if self.validation_accuracy is not None:
            text += f" {self.validation_accuracy:6.1%}"
        return f"{text}  {self.seconds:.1f} s"


def _short(loss: float) -> str:
    return f"{loss:.4f}" if abs(loss) < 1e5 else f"{loss:.3e}"


@dataclass(repr=False)
class History:
    """The reports at the ends of epochs.

    Attributes
    ----------
    epochs : list of Report
    stopped : str
        Why training ended, in words.

    Examples
    --------
    >>> history = History([Report(1, 10, 0.7, 0.1, True), Report(2, 20, 0.4, 0.1, True)])
    >>> history.losses
    [0.7, 0.4]
    >>> history.best.epoch
    2
    """

    epochs: list[Report] = field(default_factory=list)
    stopped: str = ""
    _repr_mimebundle_: ClassVar[Callable[..., dict[str, str]]]  # attached by the front door

    @property
    def losses(self) -> list[float]:
        """The training loss of every epoch."""
        return [report.loss for report in self.epochs]

    @property
    def validation_losses(self) -> list[float]:
        """The validation loss of every epoch that has one."""
        return [r.validation_loss for r in self.epochs if r.validation_loss is not None]

    @property
    def engine(self) -> str:
        """What carried out the steps, as the last report has it."""
        return self.epochs[-1].engine if self.epochs else ""

    @property
    def best(self) -> Report:
        """The epoch with the lowest validation loss, or training loss where there is no validation.

        Raises
        ------
        ValueError
            If there is no epoch.
        """
        if not self.epochs:
            raise ValueError("No epoch has ended yet, so none is the best.")
        return min(self.epochs, key=judged)

    def to_list(self) -> list[dict[str, Any]]:
        """Return the epochs as plain data."""
        return [asdict(report) for report in self.epochs]

    def __len__(self) -> int:
        return len(self.epochs)

    def __repr__(self) -> str:
        return f"<History of {len(self)} epochs; print it to see them>"

    def __iter__(self) -> Iterator[Report]:
        return iter(self.epochs)

    def __str__(self) -> str:
        if not self.epochs:
            return "No epoch has ended yet."
        best = self.best
        every = -(-len(self.epochs) // 20)
        shown = [
            r for i, r in enumerate(self.epochs) if i % every == 0 or r in (best, self.epochs[-1])
        ]
        lines = [f"{report}{'   <- best' * (report is best)}" for report in shown]
        curves = [("loss", self.losses)]
        if self.validation_losses:
            curves.append(("validation loss", self.validation_losses))
        lines += [f"{name:16s}{sparkline(values)}" for name, values in curves]
        return "\n".join(lines + [self.stopped] * bool(self.stopped))


def judged(report: Report) -> float:
    """Return the loss by which an epoch is judged: of validation, if there is one; inf for nan.

    Examples
    --------
    >>> judged(Report(1, 10, 0.7, 0.1, True, validation_loss=0.9))
    0.9
    """
    loss = report.loss if report.validation_loss is None else report.validation_loss
    return inf if isnan(loss) else loss


def sparkline(values: Sequence[float], width: int = 60) -> str:
    """Return numbers as a line of small bars, low to high.

    Parameters
    ----------
    values : sequence of float
        What is not finite is shown as ``!``.
    width : int, optional
        Longest line; more values than that are thinned.

    Examples
    --------
    >>> sparkline([4.0, 2.0, 1.0, 0.0])
    '█▅▃▁'
    """
    if len(values) > width:
        values = [values[i * len(values) // width] for i in range(width)]
    finite = [v for v in values if isfinite(v)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    bars = "▁▂▃▄▅▆▇█"
    half = 1.0 if isfinite(high - low) else 0.5  # so that the largest floats can be subtracted
    span = high * half - low * half or 1.0
    shares = [(v * half - low * half) / span if isfinite(v) else None for v in values]
    return "".join("!" if s is None else bars[round(s * (len(bars) - 1))] for s in shares)
