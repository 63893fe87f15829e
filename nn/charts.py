"""Charts as SVG from the standard library alone: the curve of training, the confusion table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import floor, isfinite, log10
from pathlib import Path
from sys import float_info
from typing import Any

from autograd import look
from nn.history import History
from nn.metrics import accuracy, confusion, confusion_text

INK, GRID = "#222222", "#dddddd"
CLASS_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#806000")
_WIDTH, _HEIGHT = 620, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 164, 34, 46
_LOG_FROM = 100.0  # a curve that spans more is drawn on a logarithmic scale


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture with its text; a notebook draws it and `print` writes it.

    Attributes
    ----------
    svg : str
        The picture, on white.
    alt : str
        What it shows, in a sentence.
    text : str
        The same in characters.
    """

    svg: str
    alt: str
    text: str

    def save(self, path: str | Path) -> None:
        """Write the picture to a file that ends in .svg.

        Raises
        ------
        ValueError
            If it ends in something else.
        """
        if Path(path).suffix != ".svg":
            raise ValueError(
                f"path is {Path(path).name!r:.60}; a chart is saved as .svg. For other formats "
                "use the plot_ functions, which draw with matplotlib."
            )
        Path(path).write_text(self.svg, encoding="utf-8")

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_wanted: Any) -> dict[str, str]:
        html = look.figure(self.svg, self.alt, self.text)
        return {"text/html": html, "text/plain": self.text}


# ---------------------------------------------------------------------------------- the history


def show_history(history: History) -> Chart:
    """Return the losses over the epochs; the best epoch is marked, divergence is stated.

    Parameters
    ----------
    history : History
        With at least one epoch.

    Raises
    ------
    ValueError
        If no epoch has ended.

    Examples
    --------
    >>> from nn import Report
    >>> chart = show_history(History([Report(1, 1, 0.7, 0.1), Report(2, 2, 0.4, 0.1)]))
    >>> chart.alt
    'loss over 2 epochs: training 0.4; best epoch 2'
    """
    summary = summary_of(history)
    epochs = [report.epoch for report in history]
    curves = [("training", look.POSITIVE, "", history.losses)]
    if history.validation_losses:
        seen = [float("nan") if r.validation_loss is None else r.validation_loss for r in history]
        curves.append(("validation", look.PATH, "7 4", seen))
    axes = history_axes(history)
    parts = [axes.frame("epoch", "loss" + ", logarithmic scale" * axes.logarithmic, whole=True)]
    parts += [axes.curve(epochs, values, colour, dashes) for _, colour, dashes, values in curves]
    if isfinite(summary.best_loss):
        x, y = axes.place(summary.best_epoch, summary.best_loss)
        parts.append(
            f'<path d="M{x:.1f},{_TOP}V{_HEIGHT - _BOTTOM}" stroke="{look.PARAMETER}" '
            f'stroke-dasharray="2 3"/><circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="none" '
            f'stroke="{look.PARAMETER}" stroke-width="2"/>'
        )
        side = "end" if x > _WIDTH / 2 else "start"
        label = f"best: epoch {summary.best_epoch}, {look.number(summary.best_loss)}"
        parts.append(text_at(x, _TOP - 5, label, side))
    ends = [
        (axes.place(0, v[-1])[1] if isfinite(v[-1]) else _TOP, name, colour, dashes, v[-1])
        for name, colour, dashes, v in curves
    ]
    parts += _end_labels(sorted(ends))
    if summary.trouble:
        parts.append(text_at(_LEFT, 14, summary.trouble, "start", colour=look.NEGATIVE, bold=True))
    else:
        parts.append(text_at(_LEFT, 14, look.cut(history.stopped, 80), "start"))
    text = f"{summary.words}\n{history}"
    return Chart(svg_of(_WIDTH, _HEIGHT, parts, summary.words), summary.words, text)


def history_mimebundle(history: History, **_wanted: Any) -> dict[str, str]:
    """Return what a notebook shows of a history: the chart, or the text where there is no epoch.

    Examples
    --------
    >>> history_mimebundle(History())
    {'text/plain': 'No epoch has ended yet.'}
    """
    text = {"text/plain": str(history)}
    return {**show_history(history)._repr_mimebundle_(), **text} if len(history) else text


def history_axes(history: History) -> Axes:
    """Return where epochs and losses lie on the paper."""
    finite = [y for y in (*history.losses, *history.validation_losses) if isfinite(y)] or [0.0, 1.0]
    first, last = history.epochs[0].epoch, history.epochs[-1].epoch
    logarithmic = is_logarithmic(finite)
    return Axes((first, max(last, first + 1)), span_of(finite, logarithmic), logarithmic)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a history comes to."""

    words: str
    best_epoch: int
    best_loss: float
    trouble: str


def summary_of(history: History) -> Summary:
    """Return a history in a sentence, its best epoch, and where it left the numbers.

    Raises
    ------
    ValueError
        If no epoch has ended.

    Examples
    --------
    >>> from nn import Report
    >>> summary_of(History([Report(1, 1, 0.5, 0.1), Report(2, 2, float("inf"), 0.1)])).trouble
    'diverged in epoch 2: the loss is inf'
    """
    if not len(history):
        raise ValueError("This history has no epoch to show: train with at least one.")
    best = history.best
    judged = best.loss if best.validation_loss is None else best.validation_loss
    trouble = ""
    for report in history:
        for name, loss in (("loss", report.loss), ("validation loss", report.validation_loss)):
            if loss is not None and not isfinite(loss) and not trouble:
                trouble = f"diverged in epoch {report.epoch}: the {name} is {loss}"
    if not trouble and "diverged" in history.stopped:  # in an epoch that never ended
        trouble = history.stopped.partition(":")[0].removeprefix("Training ")
    last = history.epochs[-1]
    words = f"loss over {len(history)} epoch{'s' * (len(history) > 1)}: "
    words += f"training {look.number(last.loss)}"
    if last.validation_loss is not None:
        words += f", validation {look.number(last.validation_loss)}"
    words += f"; best epoch {best.epoch}" + f"; {trouble}" * bool(trouble)
    return Summary(words, best.epoch, judged, trouble)


def is_logarithmic(numbers: Sequence[float]) -> bool:
    """Return whether positive numbers span more than two decades.

    Examples
    --------
    >>> is_logarithmic([0.01, 2.0]), is_logarithmic([0.0, 2.0])
    (True, False)
    """
    return min(numbers) > 0 and max(numbers) / min(numbers) > _LOG_FROM


def span_of(numbers: Sequence[float], logarithmic: bool = False) -> tuple[float, float]:
    """Return the ends of an axis: from 0 where numbers are near it, wider where they are equal."""
    low, high = min(numbers), max(numbers)
    if logarithmic:
        return low / 1.3, min(high * 1.3, float_info.max)
    if 0 <= low < high / 2:
        low = 0.0
    differ = high - low > abs(high) * 1e-6  # less is flat: its ticks would be too long to read
    room = (high - low) * 0.06 if differ else abs(high) * 0.1 or 1.0
    return (low if low == 0 else low - room), min(high + room, float_info.max)


def _end_labels(ends: Sequence[tuple[float, str, str, str, float]]) -> list[str]:
    """Return the names of curves beside their ends, none over another or below the axes."""
    labels, x, lowest = [], _WIDTH - _RIGHT + 8, -99.0
    for i, (y, name, colour, dashes, value) in enumerate(ends):
        room = 16 * (len(ends) - 1 - i)
        lowest = max(min(y, _HEIGHT - _BOTTOM - 4 - room), lowest + 16)
        labels.append(
            f'<path d="M{x},{lowest:.1f}h18" stroke="{colour}" stroke-width="2" '
            f'stroke-dasharray="{dashes or "none"}"/>'
            + text_at(x + 23, lowest + 4, f"{name} {look.number(value)}", "start")
        )
    return labels


# --------------------------------------------------------------------------------- the confusion


def show_confusion(
    targets: Sequence[int], predicted: Sequence[int], names: Sequence[str] = ()
) -> Chart:
    """Return how often each class was taken for each: rows are what is, columns what was decided.

    Parameters
    ----------
    targets, predicted : sequence of int
        Classes of N samples, 0 to K - 1; at least one sample.
    names : sequence of str, optional
        K names; by default the numbers.

    Raises
    ------
    ValueError
        If the lengths differ or are 0, or a class has no name.

    Examples
    --------
    >>> print(show_confusion([0, 0, 1], [0, 1, 1], ["cat", "dog"]))
    accuracy 66.7 % of 3 samples
            decided
    is      cat  dog
       cat    1    1
       dog    .    1
    """
    share = accuracy(predicted, targets)
    table = confusion(predicted, targets, len(names) or None)
    names = [look.cut(name, 14) for name in names] or [str(i) for i in range(len(table))]
    title = f"accuracy {100 * share:.1f} % of {len(targets):,} sample{'s' * (len(targets) > 1)}"
    digits = len(str(max(map(max, table))))
    cell = max(26, 8 * digits + 8, min(54, 460 // len(names)))
    widest = max(map(len, names))
    left, top = 44 + 7.5 * widest, 62 + (6.0 * widest if widest > 3 else 10)
    size = cell * len(names)
    parts = [
        text_at(12, 20, title, "start", bold=True),
        text_at(left + size / 2, 40, "decided"),
        f'<text transform="translate(16,{top + size / 2:.0f}) rotate(-90)" text-anchor="middle" '
        f'fill="{INK}">is</text>',
    ]
    for i, name in enumerate(names):
        y, x = top + (i + 0.5) * cell + 4, left + (i + 0.5) * cell
        parts.append(text_at(left - 8, y, name, "end"))
        turned = " rotate(-45)" if widest > 3 else ""
        anchor = "start" if turned else "middle"
        parts.append(
            f'<text transform="translate({x:.0f},{top - 8:.0f}){turned}" text-anchor="{anchor}" '
            f'fill="{INK}">{escape(name)}</text>'
        )
        most = max(1, sum(table[i]))
        for j, times in enumerate(table[i]):
            colour = look.fill(times if i == j else -times, most)
            parts.append(
                f'<rect x="{left + j * cell:.0f}" y="{top + i * cell:.0f}" width="{cell}" '
                f'height="{cell}" fill="{colour}" stroke="#ffffff"/>'
                + text_at(left + (j + 0.5) * cell, y, str(times) if times else "·")
            )
    words = f"{title}\n{confusion_text(table, names)}"
    width = max(left + size + 12 + 4.5 * widest * (widest > 3), 24 + 8.0 * len(title))
    return Chart(svg_of(width, top + size + 12, parts, title), f"confusion table, {title}", words)


# ------------------------------------------------------------------------------ parts of a chart


@dataclass(frozen=True, slots=True)
class Axes:
    """Where numbers lie on the paper.

    Attributes
    ----------
    x, y : (float, float)
        The ends of the axes.
    logarithmic : bool
        Whether y is.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    logarithmic: bool = False

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return a point on the paper, in pixels."""
        scale: Callable[[float], float] = log10 if self.logarithmic else float
        low, high = scale(self.y[0]), scale(self.y[1])
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (scale(y) - low) / (high - low)
        return (
            _LEFT + across * (_WIDTH - _LEFT - _RIGHT),
            _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM),
        )

    def frame(self, x_name: str, y_name: str, *, whole: bool = False) -> str:
        """Return the axes with ticks, lines of a grid, and names."""
        parts = []
        for tick, words in _with_texts(ticks(*self.x, whole=whole)):
            x = self.place(tick, self.y[1])[0]
            parts.append(f'<path d="M{x:.1f},{_TOP}V{_HEIGHT - _BOTTOM}" stroke="{GRID}"/>')
            parts.append(text_at(x, _HEIGHT - _BOTTOM + 18, words))
        for tick, words in _with_texts((decades if self.logarithmic else ticks)(*self.y)):
            y = self.place(self.x[0], tick)[1]
            parts.append(f'<path d="M{_LEFT},{y:.1f}H{_WIDTH - _RIGHT}" stroke="{GRID}"/>')
            parts.append(text_at(_LEFT - 8, y + 4, words, "end"))
        middle = (_TOP + _HEIGHT - _BOTTOM) / 2
        parts.append(text_at((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 10, look.cut(x_name, 40)))
        parts.append(
            f'<text transform="translate(16,{middle:.0f}) rotate(-90)" text-anchor="middle" '
            f'fill="{INK}">{escape(look.cut(y_name, 40))}</text>'
        )
        return "".join(parts)

    def curve(self, xs: Sequence[float], ys: Sequence[float], colour: str, dashes: str = "") -> str:
        """Return a curve; it is broken where a number is not finite."""
        path, pen = "", "M"
        for x, y in zip(xs, ys, strict=True):
            if isfinite(y):
                across, down = self.place(x, y)
                path, pen = f"{path}{pen}{across:.1f},{down:.1f}", "L"
            else:
                pen = "M"
        lone = ' stroke-linecap="round"' if path and "L" not in path else ""
        path = path + "h0.1" if lone else path
        width = 6 if lone else 2
        return (
            f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{lone} '
            f'stroke-dasharray="{dashes or "none"}"/>'
        )


def _with_texts(numbers: Sequence[float]) -> Iterator[tuple[float, str]]:
    """Return numbers and their texts, with as many digits as tell them apart."""
    for digits in range(4, 18):
        texts = [look.number(x, digits) for x in numbers]
        if len(set(texts)) == len(numbers):
            break
    return zip(numbers, texts, strict=True)


def ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Return round numbers between two, at most eight, in steps of 1, 2 or 5.

    Examples
    --------
    >>> ticks(0, 11), ticks(0.1, 0.34), ticks(1, 3, whole=True)
    ([0.0, 2.0, 4.0, 6.0, 8.0, 10.0], [0.1, 0.15, 0.2, 0.25, 0.3], [1.0, 2.0, 3.0])
    """
    rough = (high - low) / 6
    power = 10.0 ** floor(log10(rough))
    step = next(power * k for k in (1, 2, 5, 10) if power * k >= rough * 0.95)
    step = max(step, 1.0) if whole else step
    first = -floor(1e-9 - low / step)
    digits = max(0, 3 - floor(log10(step)))  # 0.1 + 0.2 is to be 0.3
    return [round(i * step, digits) for i in range(first, floor(high / step + 1e-9) + 1)]


def decades(low: float, high: float) -> list[float]:
    """Return the powers of ten between two positive numbers; of few also their 2- and 5-fold.

    Examples
    --------
    >>> decades(0.002, 30.0), decades(0.04, 3.0)
    ([0.01, 0.1, 1.0, 10.0], [0.05, 0.1, 0.2, 0.5, 1.0, 2.0])
    """
    first, last = -floor(-log10(low)), floor(log10(high))
    if last - first < 2:
        round_ones = [k * 10.0**power for power in range(first - 1, last + 1) for k in (1, 2, 5)]
        return [tick for tick in round_ones if low <= tick <= high]
    step = next(k for k in (1, 2, 5, 10, 20, 50, 100) if last - first <= 8 * k)
    first = -(-first // step) * step
    return [10.0**power for power in range(first, last + 1, step)]


def text_at(
    x: float, y: float, text: str, anchor: str = "middle", *, colour: str = INK, bold: bool = False
) -> str:
    """Return text on the paper."""
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{weight}>'
        f"{escape(text)}</text>"
    )


def svg_of(width: float, height: float, parts: Sequence[str], label: str) -> str:
    """Return a whole picture, on white."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="{look.FONT}" font-size="12.5" '
        f'role="img" aria-label="{escape(label)}">'
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>{"".join(parts)}</svg>'
    )
