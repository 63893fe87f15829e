"""Charts as SVG, from the standard library alone: curves, losses, the confusion table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite
from typing import Any

from autograd import look, to_float
from nn.axes import (
    BOTTOM,
    CLASS_COLOURS,
    HEIGHT,
    INK,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Axes,
    Chart,
    is_logarithmic,
    span_of,
    svg_of,
    text_at,
)
from nn.history import History
from nn.metrics import accuracy, confusion, confusion_text

# ------------------------------------------------------------------------------------ the curves

_DASHES = ("", "7 4", "2 3", "9 3 2 3", "4 2", "12 3", "1 2")
_MOST_ROWS = 12
_CURVE = 'as {"loss": (range(len(losses)), losses)}'


def show_curves(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    points: tuple[Sequence[float], Sequence[float]] | None = None,
    x: str = "",
    y: str = "",
    title: str = "",
    logarithmic: bool | None = None,
) -> Chart:
    """Return curves over a common axis, each with its name and its last number at its end.

    Parameters
    ----------
    curves : mapping of str to (sequence of float, sequence of float)
        By name, where its points lie and how high, x first; 1 to 7 curves of at least one point.
        It is broken where a height is not finite.
    points : (sequence of float, sequence of float), optional
        Samples that the curves are to fit, drawn as dots: where they lie, and how high.
    x, y : str, optional
        Names of the axes.
    title : str, optional
        What stands above.
    logarithmic : bool, optional
        Whether y is; by default it is where the heights are above 0 and span two decades.

    Raises
    ------
    ValueError
        If there is no curve or too many, one has no point, not as many heights as places or none
        that is finite, or a logarithmic axis would have to show 0 or less.

    Examples
    --------
    >>> chart = show_curves({"square": ([0, 1, 2, 3], [0, 1, 4, 9])}, x="w")
    >>> chart.alt
    'square from 0 to 9'
    >>> print(chart)
    square from 0 to 9
    w  square
    0       0
    1       1
    2       4
    3       9
    """
    drawn = _checked_curves(curves)
    dots = _checked_curves({"points": points}) if points else {}
    heights = [b for _, ys in (*drawn.values(), *dots.values()) for b in ys if isfinite(b)]
    places = [a for xs, _ in (*drawn.values(), *dots.values()) for a in xs]
    if logarithmic is None:
        logarithmic = is_logarithmic(heights)
    if logarithmic and min(heights) <= 0:
        raise ValueError(
            f"A logarithmic axis has no place for {min(heights)}; all must be above 0."
        )
    low, high = min(places), max(places)
    ends = (low, high) if high > low else (low - 1, high + 1)
    axes = Axes(ends, span_of(heights, logarithmic), logarithmic)
    parts = [axes.frame(x, y + ", logarithmic scale" * logarithmic)]
    parts.append(text_at(LEFT, 18, look.cut(title, 80), "start", bold=True))
    for a, b in zip(*dots.get("points", ((), ())), strict=True):
        if isfinite(b):
            across, down = axes.place(a, b)
            parts.append(
                f'<circle cx="{across:.1f}" cy="{down:.1f}" r="3.5" fill="{look.NEUTRAL}" '
                'fill-opacity="0.75"/>'
            )
    labels, words = [], []
    for i, (name, (xs, ys)) in enumerate(drawn.items()):
        parts.append(axes.curve(xs, ys, CLASS_COLOURS[i], _DASHES[i]))
        seen = [b for b in ys if isfinite(b)]
        place = axes.place(ends[0], seen[-1])[1]
        labels.append((place, look.cut(name, 32), CLASS_COLOURS[i], _DASHES[i], ys[-1]))
        words.append(f"{name} from {look.number(ys[0])} to {look.number(ys[-1])}")
    parts += _end_labels(sorted(labels))
    alt = f"{title}: " * bool(title) + "; ".join(words)
    width = max(_width(labels), LEFT + 8.0 * len(look.cut(title, 80)) + 8)
    return Chart(svg_of(width, HEIGHT, parts, alt), alt, f"{alt}\n{_curve_tables(drawn, x)}")


_Curves = dict[str, tuple[list[float], list[float]]]


def _checked_curves(curves: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> _Curves:
    if not isinstance(curves, Mapping):
        raise TypeError(f"curves must be a dict, {_CURVE}; got {curves!r:.60}.")
    if not 1 <= len(curves) <= len(_DASHES):
        raise ValueError(f"Give 1 to {len(_DASHES)} curves in a chart; got {len(curves)}.")
    drawn = {}
    for name, curve in curves.items():
        if not isinstance(name, str):
            raise TypeError(f"The name of a curve is text; got {name!r:.60}.")
        try:
            xs, ys = curve
            places, heights = list(map(to_float, xs)), list(map(to_float, ys))
        except (TypeError, ValueError):
            raise TypeError(
                f"The curve {name!r:.60} must be two lists of numbers, where its points lie and "
                f"how high, {_CURVE}; got {curve!r:.60}."
            ) from None
        if not places or len(places) != len(heights) or not all(map(isfinite, places)):
            raise ValueError(
                f"The curve {name!r:.60} needs as many heights as places, at least one, and finite "
                f"places; got {len(places)} places and {len(heights)} heights."
            )
        if not any(map(isfinite, heights)):
            raise ValueError(f"The curve {name!r:.60} has no height that is finite.")
        drawn[name] = places, heights
    return drawn


def _curve_tables(drawn: _Curves, x: str) -> str:
    """Return some points of every curve: a table for those over the same places."""
    tables = []
    for places in dict.fromkeys(tuple(xs) for xs, _ in drawn.values()):
        names = [name for name, (xs, _) in drawn.items() if tuple(xs) == places]
        every = -(-len(places) // _MOST_ROWS)
        some = [i for i in range(len(places)) if i % every == 0 or i == len(places) - 1]
        heights = [drawn[name][1] for name in names]
        rows = [[x or "x", *names]]
        rows += [[look.number(n) for n in (places[i], *(ys[i] for ys in heights))] for i in some]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        tables += ["  ".join(map(str.rjust, row, widths)) for row in rows]
    return "\n".join(tables)


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
            f'<path d="M{x:.1f},{TOP}V{HEIGHT - BOTTOM}" stroke="{look.PARAMETER}" '
            f'stroke-dasharray="2 3"/><circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="none" '
            f'stroke="{look.PARAMETER}" stroke-width="2"/>'
        )
        side = "end" if x > WIDTH / 2 else "start"
        label = f"best: epoch {summary.best_epoch}, {look.number(summary.best_loss)}"
        parts.append(text_at(x, TOP - 5, label, side))
    ends = [
        (axes.place(0, v[-1])[1] if isfinite(v[-1]) else TOP, name, colour, dashes, v[-1])
        for name, colour, dashes, v in curves
    ]
    parts += _end_labels(sorted(ends))
    if summary.trouble:
        parts.append(text_at(LEFT, 14, summary.trouble, "start", colour=look.NEGATIVE, bold=True))
    else:
        parts.append(text_at(LEFT, 14, look.cut(history.stopped, 80), "start"))
    text = f"{summary.words}\n{history}"
    return Chart(svg_of(_width(ends), HEIGHT, parts, summary.words), summary.words, text)


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
    if not isinstance(history, History):
        raise TypeError(f"This shows a History, as fit() returns it; got {history!r:.60}.")
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


_Ends = Sequence[tuple[float, str, str, str, float]]  # height, name, colour, dashes, last number


def _width(ends: _Ends) -> float:
    """Return how wide a chart must be to hold the names beside the ends of its curves."""
    longest = max(len(f"{name} {look.number(value)}") for _, name, _, _, value in ends)
    return max(WIDTH, WIDTH - RIGHT + 8 + 23 + 7.5 * longest + 8)


def _end_labels(ends: _Ends) -> list[str]:
    """Return the names of curves beside their ends, none over another or below the axes."""
    labels, x, lowest = [], WIDTH - RIGHT + 8, -99.0
    for i, (y, name, colour, dashes, value) in enumerate(ends):
        room = 16 * (len(ends) - 1 - i)
        lowest = max(min(y, HEIGHT - BOTTOM - 4 - room), lowest + 16)
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
