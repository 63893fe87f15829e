"""Where a model with two inputs decides what: the map, the line between, the samples on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isfinite

from autograd import look
from nn.axes import CLASS_COLOURS, INK, Axes, Chart, svg_of, text_at
from nn.checks import Row
from nn.contours import Segment, zero_lines
from nn.data import Dataset
from nn.models import Model
from nn.scaling import Scaler

_PROBABILISTIC = ("logistic", "binary_cross_entropy", "cross_entropy")
_MOST_POINTS = 400
_SIGNS = ".#o+x*%@"  # of classes, in text
_SHAPES = (  # of classes: circle, square, triangle, diamond, cross, star; around 0, 0
    "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0",
    "M-3.7,-3.7h7.4v7.4h-7.4z",
    "M0,-5L4.7,3.5H-4.7z",
    "M0,-5.2L5.2,0L0,5.2L-5.2,0z",
    "M-5,-2h3v-3h4v3h3v4h-3v3h-4v-3h-3z",
    "M0,-5.5L1.6,-1.6L5.5,0L1.6,1.6L0,5.5L-1.6,1.6L-5.5,0L-1.6,-1.6z",
)


@dataclass(frozen=True, slots=True)
class DecisionMap:
    """What a model says on a grid over the plane of its two inputs.

    Attributes
    ----------
    x, y : list of float
        Where the columns and the rows of the grid lie, in the units of the data.
    scores : list of list of list of float
        For each row and column one score per class; the largest decides.
    probabilistic : bool
        Whether the softmax of the scores are probabilities.
    """

    x: list[float]
    y: list[float]
    scores: list[list[list[float]]]
    probabilistic: bool

    def classes(self) -> list[list[int]]:
        """Return the class that is decided for, on the grid."""
        return [[_largest(scores) for scores in row] for row in self.scores]

    def colours(self) -> list[list[str]]:
        """Return a colour for each point of the grid, the stronger the surer."""
        return [[self._colour(scores) for scores in row] for row in self.scores]

    def _colour(self, scores: Sequence[float]) -> str:
        chosen = _largest(scores)
        total = sum(exp(s - scores[chosen]) for s in scores)
        sure = (1 / total - 1 / len(scores)) / (1 - 1 / len(scores)) if self.probabilistic else 0.7
        return _mixed(CLASS_COLOURS[chosen % len(CLASS_COLOURS)], 0.08 + 0.42 * sure)

    def boundary(self) -> list[Segment]:
        """Return short lines between the classes, by linear interpolation on the grid."""
        found = []
        for k in range(len(self.scores[0][0])):
            margins = [[_margin(scores, k) for scores in row] for row in self.scores]
            found += list(zero_lines(self.x, self.y, margins))
        return found


def decision_map(
    model: Model, dataset: Dataset, *, scaler: Scaler | None = None, points: int = 61
) -> DecisionMap:
    """Return what a model with two inputs decides over the region of a data set.

    Parameters
    ----------
    model : Model
        With two inputs, trained to tell classes apart.
    dataset : Dataset
        Two features, classes; only its range counts.
    scaler : Scaler, optional
        What was done to the inputs before the model saw them.
    points : int, optional
        Of the grid along each axis, at least 2.

    Raises
    ------
    TypeError
        If `model` or `dataset` is none.
    ValueError
        If there are not two inputs, the model or the data have no classes or not the same number
        of them, `points` is below 2, or the model's scores are no finite numbers.

    Examples
    --------
    >>> import nn
    >>> model = nn.LogisticRegression(2)
    >>> model.w[0].data = 1.0
    >>> decision_map(model, nn.make_xor(8, seed=1), points=4).classes()[0]
    [0, 1, 1, 1]
    """
    _check(model, dataset)
    x, y = plane(dataset, points)
    rows: list[Row] = [[across, up] for up in y for across in x]
    scaled = scaler.transform(rows) if scaler else rows
    flat = [_class_scores(model, row) for row in scaled]
    scores = [flat[i * points :][:points] for i in range(points)]
    return DecisionMap(x, y, scores, model.loss.name in _PROBABILISTIC)


def show_boundary(
    model: Model, dataset: Dataset, *, scaler: Scaler | None = None, points: int = 61
) -> Chart:
    """Return the map of decisions with the samples on it; what is misjudged has a ring.

    Colour and shape say which class a sample has; the background which one the model decides for,
    the stronger the surer it is.

    Parameters
    ----------
    model, dataset, scaler, points
        As in `decision_map`; the samples are in raw units.

    Raises
    ------
    TypeError, ValueError
        As in `decision_map`.

    Examples
    --------
    >>> import nn
    >>> show_boundary(nn.LogisticRegression(2), nn.make_xor(8, seed=1)).alt
    'decision boundary on xor: 4 of 8 samples misjudged'
    """
    found = decision_map(model, dataset, scaler=scaler, points=points)
    axes = Axes((found.x[0], found.x[-1]), (found.y[0], found.y[-1]))
    (left, bottom), (right, top) = (axes.place(found.x[i], found.y[i]) for i in (0, -1))
    half = (right - left) / (len(found.x) - 1) / 2, (bottom - top) / (len(found.y) - 1) / 2
    parts = [
        axes.frame(dataset.feature_names[0], dataset.feature_names[1]),
        f'<image data-key="map" x="{left - half[0]:.1f}" y="{top - half[1]:.1f}" '
        'preserveAspectRatio="none" '
        f'width="{right - left + 2 * half[0]:.1f}" height="{bottom - top + 2 * half[1]:.1f}" '
        f'href="{look.png(found.colours()[::-1])}"/>',
    ]
    line = "".join(
        "M{:.1f},{:.1f}L{:.1f},{:.1f}".format(*axes.place(*a), *axes.place(*b))
        for a, b in found.boundary()
    )
    parts.append(
        f'<path data-key="line" d="{line}" fill="none" stroke="{INK}" stroke-width="1.5"/>'
    )
    wrong = misjudged(model, dataset, scaler)
    places = [axes.place(*row) for row in dataset.inputs]
    some = range(0, len(dataset), 1 + (len(dataset) - 1) // _MOST_POINTS)
    parts += [marker(dataset.targets[i], places[i]) for i in some]
    rings = "".join(_ring(*places[i]) for i in some if i in wrong)
    parts.append(
        f'<path data-key="rings" d="{rings}" fill="none" stroke="{INK}" stroke-width="1.5"/>'
    )
    for k, name in enumerate(dataset.class_names[:14]):
        y = top + 14 + 20 * k
        parts.append(marker(k, (right + 18, y - 4)) + text_at(right + 30, y, _cut(name), "start"))
    alt = f"decision boundary on {dataset.name}: {len(wrong)} of {len(dataset)} samples misjudged"
    title = text_at(left, 20, f"{len(wrong)} of {len(dataset)} misjudged (ring)", "start")
    parts.append(title.replace("<text ", '<text data-key="title" '))
    return Chart(svg_of(620, 360, parts, alt), alt, f"{alt}\n{_as_text(found, dataset)}")


def misjudged(model: Model, dataset: Dataset, scaler: Scaler | None = None) -> set[int]:
    """Return the indices of the samples that a model takes for another class.

    Examples
    --------
    >>> import nn
    >>> sorted(misjudged(nn.LogisticRegression(1), nn.Dataset([[0.0], [1.0]], [0, 1], "two",
    ...                                                       ["x"], ["no", "yes"])))
    [1]
    """
    inputs = scaler.transform(dataset.inputs) if scaler else dataset.inputs
    pairs = zip(inputs, dataset.targets, strict=True)
    return {i for i, (x, t) in enumerate(pairs) if _largest(_class_scores(model, x)) != t}


def _check(model: Model, dataset: Dataset) -> None:
    if not isinstance(model, Model):
        raise TypeError(f"A boundary is that of a model such as an MLP; got {model!r:.60}.")
    if not isinstance(dataset, Dataset):
        raise TypeError(
            f"A boundary is drawn over a Dataset, which names features and classes; got "
            f"{dataset!r:.60}."
        )
    features = len(dataset.feature_names)
    if model.nin != 2 or features != 2:
        raise ValueError(
            f"A boundary is drawn on the plane of two inputs, but the model takes {model.nin} and "
            f"the data set {dataset.name!r} has {features} features."
        )
    if model.loss.decide is None or not dataset.class_names:
        raise ValueError(
            "A boundary lies between classes, but here a number is predicted "
            f"(loss {model.loss.name}, {len(dataset.class_names)} classes in {dataset.name!r})."
        )
    classes = max(2, model.nout)  # a single score decides between two
    if classes != len(dataset.class_names):
        raise ValueError(
            f"The model tells {classes} classes apart, but the data set {dataset.name!r} has "
            f"{len(dataset.class_names)}. Give the data that the model is for."
        )


def plane(dataset: Dataset, points: int) -> tuple[list[float], list[float]]:
    """Return where the columns and the rows of a grid lie, somewhat wider than the samples.

    Examples
    --------
    >>> import nn
    >>> plane(nn.make_xor(), 3)
    ([-0.08, 0.5, 1.08], [-0.08, 0.5, 1.08])
    """
    if points < 2:
        raise ValueError(f"points is {points!r:.60}; the grid needs at least 2 along each axis.")
    x, y = (_grid([row[k] for row in dataset.inputs], points) for k in (0, 1))
    return x, y


def _grid(numbers: Sequence[float], points: int) -> list[float]:
    low, high = min(numbers), max(numbers)
    room = (high - low) * 0.08 or 1.0
    step = (high - low + 2 * room) / (points - 1)
    return [low - room + i * step for i in range(points)]


def _class_scores(model: Model, x: Row) -> list[float]:
    """Return a score for each class; of a single score half goes to each side."""
    scores = model.score_numbers(x)
    if not all(map(isfinite, scores)):
        raise ValueError(
            f"The model's scores of {list(x)!r:.60} are {scores!r:.60}: nothing to decide by. Its "
            "weights have diverged; train it again with a smaller learning rate."
        )
    return scores if len(scores) > 1 else [-scores[0] / 2, scores[0] / 2]


def _largest(scores: Sequence[float]) -> int:
    return max(range(len(scores)), key=scores.__getitem__)


def _margin(scores: Sequence[float], k: int) -> float:
    """Return how far class k is above all others."""
    return scores[k] - max(s for i, s in enumerate(scores) if i != k)


def marker(target: float, place: tuple[float, float], size: float = 1.0) -> str:
    """Return the sign of a class on the paper."""
    k = int(target)
    colour, shape = CLASS_COLOURS[k % len(CLASS_COLOURS)], _SHAPES[k % len(_SHAPES)]
    moved = f"translate({place[0]:.1f},{place[1]:.1f})" + f" scale({size})" * (size != 1)
    return f'<path transform="{moved}" d="{shape}" fill="{colour}" stroke="#ffffff"/>'


def _ring(x: float, y: float) -> str:
    """Return the outline of a circle around a point."""
    return f"M{x - 8:.1f},{y:.1f}a8,8 0 1,0 16,0a8,8 0 1,0 -16,0"


def _mixed(colour: str, share: float) -> str:
    """Return a colour thinned with white."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 + share * (part - 255)):02x}" for part in parts)


def _cut(name: str) -> str:
    return look.cut(name, 15)


def _as_text(found: DecisionMap, dataset: Dataset) -> str:
    """Return the map in characters, one for each class."""
    rows = found.classes()[:: -(1 + len(found.y) // 20)]  # characters are higher than wide
    lines = ["".join(_SIGNS[k % len(_SIGNS)] for k in row) for row in rows]
    names = (f"{_SIGNS[k % len(_SIGNS)]} {name}" for k, name in enumerate(dataset.class_names))
    return "\n".join([*lines, "   ".join(names)])
