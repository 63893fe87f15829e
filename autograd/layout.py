"""Where the boxes of a graph stand: in columns from left to right, with short lines between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_SWEEPS = 24
_WAYPOINT = 0.2  # of a box's height is what a line needs that passes a column

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of boxes and the routes of lines.

    Attributes
    ----------
    boxes : list of (float, float)
        The left end and the middle height of each box.
    routes : dict
        (input, output) to the points that the line passes: the box of the input, one waypoint for
        each column between, the box of the output.
    width, height : float
        Of the whole.
    """

    boxes: list[Point]
    routes: dict[tuple[int, int], list[Point]]
    width: float
    height: float


def layered(parents: Sequence[Sequence[int]], *, box: Point, gap: Point) -> Layout:
    """Return places for the boxes of a graph, inputs left of outputs.

    Parameters
    ----------
    parents : sequence of sequence of int
        For each box the indices of its inputs, all smaller than its own; at least one box.
    box, gap : (float, float)
        Width and height of a box, and of the space between two.

    Notes
    -----
    The method of Sugiyama, Tagawa and Toda (1981): columns by the longest path, then every box as
    near as it can be to the mean height of its neighbours, the columns in turn. Here the heights
    of a column are the least-squares ones that keep the distances (isotonic regression).

    Examples
    --------
    >>> layered([[], [], [0, 1]], box=(10, 10), gap=(5, 2)).boxes
    [(0, 5.0), (0, 17.0), (15, 11.0)]
    """
    columns = _columns(parents)
    members, chains = _with_waypoints(parents, columns)
    sizes = [box[1]] * len(parents)
    sizes += [box[1] * _WAYPOINT] * (sum(map(len, members)) - len(parents))
    heights = _heights(members, chains, sizes, gap[1])
    top = min(y - size / 2 for y, size in zip(heights, sizes, strict=True))
    bottom = max(y + size / 2 for y, size in zip(heights, sizes, strict=True))
    left = {item: i * (box[0] + gap[0]) for i, column in enumerate(members) for item in column}
    places = [(left[item], y - top) for item, y in enumerate(heights)]
    routes = {(chain[0], chain[-1]): [places[item] for item in chain] for chain in chains}
    width = len(members) * (box[0] + gap[0]) - gap[0]
    return Layout(places[: len(parents)], routes, width, bottom - top)


def _columns(parents: Sequence[Sequence[int]]) -> list[int]:
    """Return the column of each box: right of its inputs, as near to its first use as it can."""
    columns = [0] * len(parents)
    for i, inputs in enumerate(parents):
        columns[i] = max((columns[j] + 1 for j in inputs), default=0)
    first_use: dict[int, int] = {}
    for i in range(len(parents) - 1, -1, -1):
        columns[i] = first_use.get(i, columns[i] + 1) - 1
        for j in parents[i]:
            first_use[j] = min(first_use.get(j, columns[i]), columns[i])
    leftmost = min(columns)
    return [column - leftmost for column in columns]


def _with_waypoints(
    parents: Sequence[Sequence[int]], columns: list[int]
) -> tuple[list[list[int]], list[list[int]]]:
    """Return what stands in each column, and for each line its boxes and waypoints."""
    members: list[list[int]] = [[] for _ in range(max(columns) + 1)]
    chains, waypoint = [], len(parents)
    for i in _as_drawn(parents):
        members[columns[i]].append(i)
        for j in dict.fromkeys(parents[i]):
            chain = [j]
            for column in range(columns[j] + 1, columns[i]):
                members[column].append(waypoint)
                chain.append(waypoint)
                waypoint += 1
            chains.append([*chain, i])
    return members, chains


def _as_drawn(parents: Sequence[Sequence[int]]) -> list[int]:
    """Return the boxes from the last one down, the inputs of a box side by side."""
    seen: dict[int, None] = {}
    for root in range(len(parents) - 1, -1, -1):
        waiting = [root]
        while waiting:
            i = waiting.pop()
            if i not in seen:
                seen[i] = None
                waiting.extend(reversed(parents[i]))
    return list(seen)


def _heights(
    members: list[list[int]], chains: list[list[int]], sizes: list[float], gap: float
) -> list[float]:
    """Return the middle height of each box and waypoint."""
    neighbours: list[list[int]] = [[] for _ in sizes]
    for chain in chains:
        for a, b in pairwise(chain):
            neighbours[a].append(b)
            neighbours[b].append(a)
    heights = [0.0] * len(sizes)
    for column in members:
        for place, item in enumerate(column):
            heights[item] = place * (sizes[0] + gap)
    for sweep in range(_SWEEPS):
        for column in reversed(members) if sweep % 2 else members:
            wanted = {i: _mean([heights[j] for j in neighbours[i]] or [heights[i]]) for i in column}
            column.sort(key=wanted.__getitem__)
            spread = _spread([wanted[i] for i in column], [sizes[i] for i in column], gap)
            for i, height in zip(column, spread, strict=True):
                heights[i] = height
    return heights


def _spread(wanted: list[float], sizes: list[float], gap: float) -> list[float]:
    """Return the heights nearest to the wanted ones, in their order, none too near the next."""
    offsets = [0.0]
    for a, b in pairwise(sizes):
        offsets.append(offsets[-1] + (a + b) / 2 + gap)
    blocks: list[list[float]] = []  # what stands together, without the offsets
    for height, offset in zip(wanted, offsets, strict=True):
        blocks.append([height - offset])
        while len(blocks) > 1 and _mean(blocks[-2]) > _mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    together = [_mean(block) for block in blocks for _ in block]
    return [height + offset for height, offset in zip(together, offsets, strict=True)]


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)
