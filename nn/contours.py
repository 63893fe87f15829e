"""Lines of equal height on a grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite

Segment = tuple[tuple[float, float], tuple[float, float]]


def zero_lines(
    x: Sequence[float], y: Sequence[float], heights: Sequence[Sequence[float]]
) -> Iterator[Segment]:
    """Yield the short lines where heights on a grid are 0, by linear interpolation.

    Parameters
    ----------
    x, y : sequence of float
        Where the columns and the rows of the grid lie.
    heights : sequence of sequence of float
        For each row and column; no line goes through a cell with a height that is not finite.

    Notes
    -----
    Marching squares (after Lorensen and Cline 1987).

    Examples
    --------
    >>> list(zero_lines([0, 1], [0, 1], [[-1, 1], [-1, 1]]))
    [((0.5, 0.0), (0.5, 1.0))]
    """
    for i in range(len(y) - 1):
        for j in range(len(x) - 1):
            corners = [(j, i), (j + 1, i), (j + 1, i + 1), (j, i + 1)]
            if not all(isfinite(heights[row][column]) for column, row in corners):
                continue
            crossings = []
            for (j1, i1), (j2, i2) in zip(corners, corners[1:] + corners[:1], strict=True):
                a, b = heights[i1][j1], heights[i2][j2]
                if (a > 0) != (b > 0):
                    share = a / (a - b)
                    across, up = x[j1] + share * (x[j2] - x[j1]), y[i1] + share * (y[i2] - y[i1])
                    crossings.append((across, up))
            yield from zip(crossings[::2], crossings[1::2], strict=True)


def contour_lines(
    x: Sequence[float], y: Sequence[float], heights: Sequence[Sequence[float]], level: float
) -> list[Segment]:
    """Return the short lines where heights on a grid are at a level.

    Parameters
    ----------
    x, y, heights
        As in `zero_lines`.
    level : float
        The height.

    Examples
    --------
    >>> contour_lines([0, 1], [0, 1], [[0, 4], [0, 4]], level=1.0)
    [((0.25, 0.0), (0.25, 1.0))]
    """
    return list(zero_lines(x, y, [[height - level for height in row] for row in heights]))
