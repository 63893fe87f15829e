"""What charts are made of: the picture with its text, axes with ticks, curves, letters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import floor, isfinite, log10
from pathlib import Path
from sys import float_info
from typing import Any

from autograd import look

INK, GRID = "#222222", "#dddddd"
CLASS_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#806000")
WIDTH, HEIGHT = 620, 360
LEFT, RIGHT, TOP, BOTTOM = 80, 164, 34, 46
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


@dataclass(frozen=True, slots=True)
class Axes:
    """Where numbers lie on the paper.

    Attributes
    ----------
    x, y : (float, float)
        The ends of the axes.
    logarithmic : bool
        Whether y is.
    box : (float, float, float, float)
        Left, top, right and bottom of the region, in pixels; names and ticks stand outside.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    logarithmic: bool = False
    box: tuple[float, float, float, float] = (LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return a point on the paper, in pixels."""
        scale: Callable[[float], float] = log10 if self.logarithmic else float
        low, high = scale(self.y[0]), scale(self.y[1])
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (scale(y) - low) / (high - low)
        left, top, right, bottom = self.box
        return left + across * (right - left), bottom - up * (bottom - top)

    def frame(self, x_name: str, y_name: str, *, whole: bool = False) -> str:
        """Return the axes with ticks, lines of a grid, and names."""
        parts = []
        left, top, right, bottom = self.box
        for tick, words in _with_texts(ticks(*self.x, whole=whole)):
            x = self.place(tick, self.y[1])[0]
            parts.append(f'<path d="M{x:.1f},{top}V{bottom}" stroke="{GRID}"/>')
            parts.append(text_at(x, bottom + 18, words))
        for tick, words in _with_texts((decades if self.logarithmic else ticks)(*self.y)):
            y = self.place(self.x[0], tick)[1]
            parts.append(f'<path d="M{left},{y:.1f}H{right}" stroke="{GRID}"/>')
            parts.append(text_at(left - 8, y + 4, words, "end"))
        parts.append(text_at((left + right) / 2, bottom + 36, look.cut(x_name, 40)))
        parts.append(
            f'<text transform="translate({left - 64},{(top + bottom) / 2:.0f}) rotate(-90)" '
            f'text-anchor="middle" fill="{INK}">{escape(look.cut(y_name, 40))}</text>'
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
