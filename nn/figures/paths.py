"""Figures of gradient descent: contours of the loss, and the paths across them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite

from autograd import Value, look
from nn.axes import INK, Axes, Chart, svg_of, text_at
from nn.contours import contour_lines
from nn.descent import Descent, descend
from nn.figures.shapes import dot

_POINTS = 61
_LEVELS = 12
_MOST_STEPS = 400
_FAR = 8.0  # so many times as wide as the narrowest path: then each has a scale of its own


def valley(w1: Value, w2: Value) -> Value:
    """Return the height of a long valley, w1²/8 + w2², lowest at 0, 0.

    Examples
    --------
    >>> valley(Value(2.0), Value(1.0)).data
    1.5
    """
    return w1 * w1 / 8 + w2 * w2


def descent(
    function: Callable[[Value, Value], Value] = valley,
    start: tuple[float, float] = (-4.0, 1.6),
    learning_rates: Sequence[float] = (0.05, 0.6, 1.02),
    *,
    steps: int = 25,
) -> Chart:
    """Return gradient descent from one place with several learning rates, side by side.

    Parameters
    ----------
    function : callable, optional
        The height over two Values; by default a long `valley`.
    start : (float, float), optional
        Where all begin.
    learning_rates : sequence of float, optional
        η of each, above 0; by default too small, good and too large.
    steps : int, optional
        Of each.

    Raises
    ------
    ValueError
        As `descend`, or if there is no learning rate.

    Notes
    -----
    The lecture's figure 06-05.

    Examples
    --------
    >>> descent().alt
    'gradient descent, 25 steps: η = 0.05 ends at 1.08, η = 0.6 at 0.0005915, η = 1.02 at 18.19'
    """
    if not len(learning_rates):
        raise ValueError("Give at least one learning rate.")
    paths = {
        f"η = {look.number(rate)}": descend(function, start, learning_rate=rate, steps=steps)
        for rate in learning_rates
    }
    ends = [f"{name} ends at {look.number(p.losses[-1])}" for name, p in paths.items()]
    ends = [ends[0], *(end.replace(" ends at", " at") for end in ends[1:])]
    chart = show_descent(lambda a, b: function(Value(a), Value(b)).data, paths, names=("w1", "w2"))
    alt = f"gradient descent, {steps} steps: {', '.join(ends)}"
    return Chart(chart.svg.replace(chart.alt, alt), alt, chart.text.replace(chart.alt, alt))


def show_descent(
    height: Callable[[float, float], float],
    paths: Mapping[str, Descent],
    *,
    names: tuple[str, str] | None = None,
) -> Chart:
    """Return contours of a function of two numbers with a path on it, one panel for each path.

    The panels have one scale, unless a path leads so far away that the others could not be seen.

    Parameters
    ----------
    height : callable
        ``height(a, b)`` gives the height as a number, such as the loss of a model with two
        parameters.
    paths : mapping of str to Descent
        By title; each over the same two numbers.
    names : (str, str), optional
        Of the two numbers; by default those of the first path.

    Raises
    ------
    ValueError
        If there is no path, or one does not move two numbers.

    Examples
    --------
    >>> path = descend(valley, [1.0, 1.0], learning_rate=0.1, steps=3)
    >>> show_descent(lambda a, b: a * a / 8 + b * b, {"three steps": path}).alt
    'descent: three steps from 1.125 to 0.3695'
    """
    for title, path in paths.items():
        if len(path.names) != 2:
            raise ValueError(
                f"The path {title!r:.60} moves {len(path.names)} numbers; contours need two."
            )
    if not paths:
        raise ValueError("Give at least one path.")
    names = names or next(iter(paths.values())).names[:2]  # type: ignore[assignment]
    ends = [
        f"{title} from {look.number(path.losses[0])} to {look.number(path.losses[-1])}"
        for title, path in paths.items()
    ]
    alt = f"descent: {', '.join(ends)}"
    parts, texts = [], [alt]
    squares = [_square([path]) for path in paths.values()]
    shared = _square(list(paths.values()))
    if shared[2] <= _FAR * min(width for *_, width in squares):
        squares = [shared] * len(paths)
    for i, ((title, path), square) in enumerate(zip(paths.items(), squares, strict=True)):
        left = 80 + 320 * i
        parts += _panel(height, path, title, left, names or ("", ""), square, first=i == 0)
        texts.append(f"{title}\n{path}")
    return Chart(svg_of(320 * len(paths) + 30, 400, parts, alt), alt, "\n".join(texts))


def _panel(
    height: Callable[[float, float], float],
    path: Descent,
    title: str,
    left: int,
    names: tuple[str, str],
    square: tuple[float, float, float],
    *,
    first: bool,
) -> list[str]:
    """Return contours, path, title and the heights of both ends."""
    points = path.points[: _MOST_STEPS + 1]
    x1, y1, width = square
    x2, y2 = x1 + width, y1 + width
    axes = Axes((x1, x2), (y1, y2), box=(left, 60, left + 240, 300))
    xs = [x1 + (x2 - x1) * i / (_POINTS - 1) for i in range(_POINTS)]
    ys = [y1 + (y2 - y1) * i / (_POINTS - 1) for i in range(_POINTS)]
    heights = [[height(x, y) for x in xs] for y in ys]
    finite = sorted(h for row in heights for h in row if isfinite(h))
    parts = [text_at(left, 26, title, "start", bold=True)]
    parts.append(axes.frame(names[0], names[1] if first else ""))
    for k in range(_LEVELS):
        share = ((k + 0.5) / _LEVELS) ** 2  # closer together near the bottom
        level = finite[0] + share * (finite[-1] - finite[0])
        line = "".join(
            "M{:.1f},{:.1f}L{:.1f},{:.1f}".format(*axes.place(*a), *axes.place(*b))
            for a, b in contour_lines(xs, ys, heights, level)
        )
        parts.append(
            f'<path d="{line}" fill="none" stroke="{look.POSITIVE}" stroke-opacity="0.4"/>'
        )
    places = [axes.place(*point) for point in points]
    track = "L".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts.append(f'<path d="M{track}" fill="none" stroke="{look.PATH}" stroke-width="2"/>')
    parts += [dot(place, look.PATH, 3.2) for place in places]
    parts.append(dot(places[0], INK, 5.5) + dot(places[-1], look.PARAMETER, 5.5))
    first_height, last_height = look.number(path.losses[0]), look.number(path.losses[-1])
    words = f"{first_height} → {last_height}: {_verdict(path, finite[0])}"
    parts.append(text_at(left, 46, words, "start"))
    parts.append(
        text_at(left, 362, f"{len(path.points) - 1} steps; black: start, green: end", "start")
    )
    return parts


def _square(paths: Sequence[Descent]) -> tuple[float, float, float]:
    """Return left end, lower end and width of a square with room around all points."""
    points = [point for path in paths for point in path.points[: _MOST_STEPS + 1]]
    spans = [(min(column), max(column)) for column in zip(*points, strict=True)]
    width = 1.24 * (max(high - low for low, high in spans) or 1.0)
    left, lower = ((low + high - width) / 2 for low, high in spans)
    return left, lower, width


def _verdict(path: Descent, lowest: float) -> str:
    """Return how a descent ended, against the lowest place that is drawn."""
    above, left = path.losses[0] - lowest, path.losses[-1] - lowest
    if left > above * (1 + 1e-9):
        return "runs away"
    return "arrives" if left <= 0.01 * above else "on its way"
