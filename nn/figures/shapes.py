"""What the figures are drawn with: arrows, circles with words, pictures inside a picture."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import hypot

from nn.axes import INK, Axes, text_at

FAINT = "#8a8a8a"


def arrow(
    start: tuple[float, float],
    end: tuple[float, float],
    colour: str = INK,
    width: float = 1.5,
    *,
    dashes: str = "none",
    head: float = 9.0,
) -> str:
    """Return a line with a head at its end.

    Examples
    --------
    >>> arrow((0, 0), (30, 0)).count("<path")
    2
    """
    (x1, y1), (x2, y2) = start, end
    length = hypot(x2 - x1, y2 - y1) or 1.0
    across, down = (x2 - x1) / length, (y2 - y1) / length
    neck = x2 - head * across, y2 - head * down
    half = 0.42 * head
    left = neck[0] - half * down, neck[1] + half * across
    right = neck[0] + half * down, neck[1] - half * across
    return (
        f'<path d="M{x1:.1f},{y1:.1f}L{neck[0]:.1f},{neck[1]:.1f}" fill="none" '
        f'stroke="{colour}" stroke-width="{width}" stroke-dasharray="{dashes}"/>'
        f'<path d="M{x2:.1f},{y2:.1f}L{left[0]:.1f},{left[1]:.1f}L{right[0]:.1f},{right[1]:.1f}Z" '
        f'fill="{colour}"/>'
    )


def between(
    start: tuple[float, float], end: tuple[float, float], gap: float, share: float = 1.0
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the ends of a line between two circles: away from both centres by a gap.

    Examples
    --------
    >>> between((0.0, 0.0), (10.0, 0.0), 2.0)
    ((2.0, 0.0), (8.0, 0.0))
    """
    (x1, y1), (x2, y2) = start, end
    length = hypot(x2 - x1, y2 - y1) or 1.0
    across, down = gap * (x2 - x1) / length, gap * (y2 - y1) / length
    first = x1 + across, y1 + down
    last = x2 - across * share, y2 - down * share
    return first, last


def circle(
    centre: tuple[float, float],
    radius: float,
    lines: Sequence[str] = (),
    *,
    colour: str = "#ffffff",
    size: float = 12.5,
    stroke: str = "#444444",
) -> str:
    """Return a circle with lines of text in its middle.

    Examples
    --------
    >>> circle((0, 0), 20, ["Σ"]).count("<text")
    1
    """
    x, y = centre
    texts = [
        f'<text x="{x:.1f}" y="{y + size * (0.36 + 1.15 * (i - (len(lines) - 1) / 2)):.1f}" '
        f'font-size="{size}" text-anchor="middle" fill="{INK}">{escape(line)}</text>'
        for i, line in enumerate(lines)
    ]
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}" stroke="{stroke}" '
        f'stroke-width="1.5"/>{"".join(texts)}'
    )


def labelled(place: tuple[float, float], text: str, colour: str = "#ffffff") -> str:
    """Return a text on a small plate, so that it can lie on a line.

    Examples
    --------
    >>> labelled((10, 20), "w").startswith("<rect")
    True
    """
    wide = 7.0 * len(text) + 8
    return (
        f'<rect x="{place[0] - wide / 2:.1f}" y="{place[1] - 9:.1f}" width="{wide:.1f}" '
        f'height="18" rx="4" fill="#ffffff" fill-opacity="0.9" stroke="{colour}"/>'
        + text_at(place[0], place[1] + 4.5, text)
    )


def dot(place: tuple[float, float], colour: str, radius: float = 4.0) -> str:
    """Return a filled point."""
    return (
        f'<circle cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="{radius}" fill="{colour}" '
        'stroke="#ffffff"/>'
    )


def shade(axes: Axes, start: float, end: float, colour: str, words: str) -> str:
    """Return a region of the plot between two places of the x axis, with words at its foot."""
    left, right = axes.place(start, axes.y[0])[0], axes.place(end, axes.y[0])[0]
    _, top, _, bottom = axes.box
    return (
        f'<rect x="{left:.1f}" y="{top}" width="{right - left:.1f}" height="{bottom - top}" '
        f'fill="{colour}" fill-opacity="0.35"/>'
        + text_at((left + right) / 2, bottom - 8, words, colour="#555555")
    )


def inside(svg: str, x: float, y: float) -> str:
    """Return a whole picture placed inside another one.

    Examples
    --------
    >>> inside('<svg xmlns="http://www.w3.org/2000/svg" width="9"></svg>', 5, 6)
    '<svg x="5" y="6" width="9"></svg>'
    """
    return svg.replace('<svg xmlns="http://www.w3.org/2000/svg"', f'<svg x="{x}" y="{y}"', 1)
