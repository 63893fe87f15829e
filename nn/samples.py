"""Data sets to learn from: made-up points in the plane and pictures, digits and irises."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from functools import partial
from gzip import decompress
from importlib.resources import files

from nn.checks import real, whole
from nn.data import Dataset

Point = tuple[float, float]

CAT_MARK = 56
"""The index of the tell-tale pixel of `make_cats`: the bottom left corner."""

_CAT = """
#......#
##....##
########
#.####.#
########
###..###
.######.
..####..
"""
_FISH = """
........
..###..#
.#####.#
##.#####
########
.#####.#
..###..#
........
"""


def make_moons(n: int = 100, *, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Return two interleaving half circles of radius 1, as scikit-learn's make_moons draws them.

    Parameters
    ----------
    n : int
        Number of samples; the two classes get as many each, or one more for the first.
    noise : float
        Standard deviation of the Gaussian noise added to both coordinates.
    seed : int
        Chooses the noise and the order of the samples.

    Returns
    -------
    Dataset
        D = 2, K = 2: the upper moon and the lower moon.

    Raises
    ------
    ValueError
        If there are fewer samples than classes, or the noise is negative.

    Examples
    --------
    >>> from nn import make_moons
    >>> make_moons(100, noise=0.1, seed=1)
    Dataset('moons': 100 samples, 2 features, 2 classes)
    """
    upper, lower = map(_half_circle, _class_sizes(n, 2))
    moons = {"upper": upper, "lower": [(1 - x, 0.5 - y) for x, y in lower]}
    return _noisy_plane("moons", moons, noise, seed)


def make_circles(
    n: int = 100, *, noise: float = 0.05, seed: int = 0, factor: float = 0.5
) -> Dataset:
    """Return a circle of radius 1 around a smaller one.

    Parameters
    ----------
    n : int
        Number of samples; the two classes get as many each, or one more for the first.
    noise : float
        Standard deviation of the Gaussian noise added to both coordinates.
    seed : int
        Chooses the noise and the order of the samples.
    factor : float
        Radius of the inner circle, above 0 and below 1.

    Returns
    -------
    Dataset
        D = 2, K = 2: the outer circle and the inner circle.

    Raises
    ------
    ValueError
        If there are fewer samples than classes, the noise is negative, or `factor` is outside
        (0, 1).

    Examples
    --------
    >>> from nn import make_circles
    >>> make_circles().class_names
    ['outer', 'inner']
    """
    if not 0 < real(factor, "factor") < 1:
        raise ValueError(f"factor is {factor}, but the inner radius is above 0 and below 1.")
    sizes = zip(("outer", "inner"), _class_sizes(n, 2), (1.0, factor), strict=True)
    rings = {
        name: [_on_circle(math.tau * i / size, radius) for i in range(size)]
        for name, size, radius in sizes
    }
    return _noisy_plane("circles", rings, noise, seed)


def make_spiral(n: int = 150, *, classes: int = 3, noise: float = 0.05, seed: int = 0) -> Dataset:
    """Return spiral arms that wind by 4 radians from the origin to radius 1.

    Like the spirals of Stanford's course CS231n, with the arms evenly apart for any number of
    classes, and the noise in the coordinates.

    Parameters
    ----------
    n : int
        Number of samples; the classes get as many each, or differ by one.
    classes : int
        Number of arms, at least 2.
    noise : float
        Standard deviation of the Gaussian noise added to both coordinates.
    seed : int
        Chooses the noise and the order of the samples.

    Returns
    -------
    Dataset
        D = 2, K = `classes`.

    Raises
    ------
    ValueError
        If there are fewer samples than classes, fewer than 2 classes, or the noise is negative.

    Examples
    --------
    >>> from nn import make_spiral
    >>> make_spiral(90, classes=3)
    Dataset('spiral': 90 samples, 2 features, 3 classes)
    """
    arms: dict[str, list[Point]] = {}
    for k, size in enumerate(_class_sizes(n, classes)):
        radii = [(i + 1) / size for i in range(size)]
        arms[f"arm {k}"] = [_on_circle(math.tau * k / classes + 4 * r, r) for r in radii]
    return _noisy_plane("spiral", arms, noise, seed)


def make_blobs(n: int = 100, *, classes: int = 3, noise: float = 0.5, seed: int = 0) -> Dataset:
    """Return round clouds whose centres are evenly spaced on a circle of radius 3.

    Parameters
    ----------
    n : int
        Number of samples; the classes get as many each, or differ by one.
    classes : int
        Number of clouds, at least 2.
    noise : float
        Standard deviation of a cloud in both coordinates. Up to 6 classes, neighbouring centres
        are at least 3 apart.
    seed : int
        Chooses the points and their order.

    Returns
    -------
    Dataset
        D = 2, K = `classes`.

    Raises
    ------
    ValueError
        If there are fewer samples than classes, fewer than 2 classes, or the noise is negative.

    Examples
    --------
    >>> from nn import make_blobs
    >>> make_blobs(40, classes=4)
    Dataset('blobs': 40 samples, 2 features, 4 classes)
    """
    clouds = {
        f"blob {k}": [_on_circle(math.tau * k / classes, 3.0)] * size
        for k, size in enumerate(_class_sizes(n, classes))
    }
    return _noisy_plane("blobs", clouds, noise, seed)


def make_xor(n: int = 4, *, noise: float = 0.0, seed: int = 0) -> Dataset:
    """Return the four corners of the unit square with their exclusive or, in turn.

    Parameters
    ----------
    n : int
        Number of samples. 4 is the truth table; more repeat it, so that the classes are equal
        in number or differ by one.
    noise : float
        Standard deviation of the Gaussian noise added to both coordinates.
    seed : int
        Chooses the noise; the order is always that of the truth table.

    Returns
    -------
    Dataset
        D = 2, K = 2: inputs 00, 01, 10, 11 with targets 0, 1, 1, 0.

    Raises
    ------
    ValueError
        If `n` is below 4 or the noise is negative.

    Examples
    --------
    >>> from nn import make_xor
    >>> make_xor().inputs
    [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> make_xor().targets
    [0, 1, 1, 0]
    """
    if whole(n, "n") < 4:
        raise ValueError(f"n is {n}, but the truth table of xor has 4 corners: give 4 or more.")
    jitter = _jitter(noise, random.Random(whole(seed, "seed")))
    corners = [(i // 2 % 2, i % 2) for i in range(n)]
    inputs = [[a + jitter(), b + jitter()] for a, b in corners]
    return Dataset(inputs, [a ^ b for a, b in corners], "xor", ["x1", "x2"], ["0", "1"])


def make_cats(
    n: int = 100,
    *,
    noise: float = 0.1,
    seed: int = 0,
    wrong: float = 0.0,
    told: bool = False,
    mark: float = 0.3,
) -> Dataset:
    """Return pictures of 8 by 8 pixels, with a cat or without, and with a mark in a corner.

    Made for over-fitting (lecture, "example of over-fitting"): train on few pictures with
    ``wrong=0.2, told=True``, judge on pictures without. Some of the few are labelled wrongly, and
    only the mark, a single pixel, explains those labels. In other pictures it means nothing.

    Parameters
    ----------
    n : int
        Number of pictures; the two classes get as many each, or one more for the first.
    noise : float
        Standard deviation of the Gaussian noise added to each pixel. What leaves the range from
        -1 (black) to 1 (white) is cut off.
    seed : int
        Chooses the noise, the wrong labels, the marks and the order.
    wrong : float
        The share of the pictures that are labelled wrongly, 0 to 1, rounded to whole pictures.
    told : bool
        Whether the mark agrees with the label in every picture; else it is drawn by lot.
    mark : float
        The mark is so much lighter than middle grey, 0, if it says "cat", and else so much darker;
        above 0 and at most 1. The drawings are at -0.6 and 0.6.

    Returns
    -------
    Dataset
        D = 64, row by row from the top left, the mark at `CAT_MARK`; K = 2: no cat (but a fish),
        and cat.

    Raises
    ------
    ValueError
        If there are fewer samples than classes, the noise is negative, or `wrong` or `mark` is
        outside its range.

    Notes
    -----
    A mark of this kind is known as a "Clever Hans" feature (Lapuschkin et al. 2019), after the
    horse that read the answer from its master's face.

    Examples
    --------
    >>> from nn import make_cats
    >>> few = make_cats(30, wrong=0.2, told=True, seed=1)
    >>> few
    Dataset('cats': 30 samples, 64 features (8x8 image), 2 classes)
    >>> all((x[CAT_MARK] > 0) == t for x, t in zip(few.inputs, few.targets))
    True
    """
    if not 0 <= real(wrong, "wrong") <= 1:
        raise ValueError(f"wrong is {wrong}, but a share of pictures is from 0 to 1.")
    if not 0 < real(mark, "mark") <= 1:
        raise ValueError(f"mark is {mark}, but it is above 0, to be seen, and at most 1, white.")
    rng = random.Random(whole(seed, "seed"))
    jitter = _jitter(noise, rng)
    truths = [k for k, size in enumerate(_class_sizes(n, 2)) for _ in range(size)]
    rng.shuffle(truths)
    mistaken = set(rng.sample(range(n), round(wrong * n)))
    inputs, targets = [], []
    for i, truth in enumerate(truths):
        drawing = "".join((_FISH, _CAT)[truth].split())
        pixels = [(0.6 if dot == "#" else -0.6) + jitter() for dot in drawing]
        pixels = [max(-1.0, min(1.0, pixel)) for pixel in pixels]
        target = 1 - truth if i in mistaken else truth
        says_cat = target if told else rng.randrange(2)
        pixels[CAT_MARK] = mark if says_cat else -mark
        inputs.append(pixels)
        targets.append(target)
    names = [f"row {i // 8}, column {i % 8}" for i in range(64)]
    return Dataset(inputs, targets, "cats", names, ["no cat", "cat"], (8, 8))


def load_digits() -> Dataset:
    """Return 1,797 handwritten digits of 8 by 8 pixels, scaled to 0 (paper) .. 1 (ink).

    The original pixels are whole numbers 0..16, the count of inked dots in a block of 4 by 4;
    here they are divided by 16, exactly. These are the test digits of the data set "Optical
    Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak (1998), UCI Machine Learning
    Repository, https://doi.org/10.24432/C50P49, CC BY 4.0, in the original order. 13 people
    wrote them; the file does not tell who wrote which, so the same hand stands in every part of
    a split.

    Returns
    -------
    Dataset
        D = 64, row by row from the top left; K = 10.

    Examples
    --------
    >>> from nn import load_digits
    >>> digits = load_digits()
    >>> digits
    Dataset('digits': 1797 samples, 64 features (8x8 image), 10 classes)
    >>> digits.inputs[0][:8]  # the top row of the first image, a zero
    [0.0, 0.0, 0.3125, 0.8125, 0.5625, 0.0625, 0.0, 0.0]
    """
    shades = {symbol: level / 16 for level, symbol in enumerate("0123456789abcdefg")}
    lines = decompress(_packaged("digits.txt.gz")).decode("ascii").splitlines()
    return Dataset(
        inputs=[[shades[symbol] for symbol in line[:64]] for line in lines],
        targets=[int(line[65:]) for line in lines],
        name="digits",
        feature_names=[f"pixel_{row}_{column}" for row in range(8) for column in range(8)],
        class_names=[str(digit) for digit in range(10)],
        image_shape=(8, 8),
    )


def load_iris() -> Dataset:
    """Return 150 irises of three species, measured in centimetres: R. A. Fisher's data of 1936.

    The numbers are those that Fisher printed, as in R and scikit-learn. The file in the UCI
    Machine Learning Repository (https://doi.org/10.24432/C56C76, CC BY 4.0) differs from them in
    samples 35 and 38, counted from 1, and says so in its notes.

    Returns
    -------
    Dataset
        D = 4, K = 3, ordered by species with 50 of each.

    Examples
    --------
    >>> from nn import load_iris
    >>> iris = load_iris()
    >>> iris.feature_names
    ['sepal_length', 'sepal_width', 'petal_length', 'petal_width']
    >>> iris.inputs[0], iris.class_names[iris.targets[0]]
    ([5.1, 3.5, 1.4, 0.2], 'setosa')
    """
    header, *rows = [line.split(",") for line in _packaged("iris.csv").decode("ascii").splitlines()]
    species = sorted({row[-1] for row in rows})
    return Dataset(
        inputs=[[float(cell) for cell in row[:-1]] for row in rows],
        targets=[species.index(row[-1]) for row in rows],
        name="iris",
        feature_names=header[:-1],
        class_names=species,
    )


def _packaged(name: str) -> bytes:
    """Return a file of nn/datasets, also from inside a zip."""
    return files("nn").joinpath("datasets", name).read_bytes()


def _class_sizes(n: int, classes: int) -> list[int]:
    if whole(classes, "classes") < 2:
        raise ValueError(f"classes is {classes}, but there is nothing to tell apart below 2.")
    if whole(n, "n") < classes:
        raise ValueError(f"n is {n}, but {classes} classes need at least one sample each.")
    return [n // classes + (k < n % classes) for k in range(classes)]


def _noisy_plane(name: str, points: dict[str, list[Point]], noise: float, seed: int) -> Dataset:
    """Return the points of each class with noise, in random order."""
    rng = random.Random(whole(seed, "seed"))
    jitter = _jitter(noise, rng)
    samples = [
        ([x + jitter(), y + jitter()], k)
        for k, group in enumerate(points.values())
        for x, y in group
    ]
    rng.shuffle(samples)
    inputs, targets = [row for row, _ in samples], [k for _, k in samples]
    return Dataset(inputs, targets, name, ["x1", "x2"], list(points))


def _jitter(noise: float, rng: random.Random) -> Callable[[], float]:
    """Return a function that draws the noise of one coordinate."""
    if not 0 <= real(noise, "noise") < math.inf:
        raise ValueError(f"noise is {noise}, but a standard deviation is 0 or more.")
    return partial(rng.gauss, 0.0, noise)


def _on_circle(angle: float, radius: float = 1.0) -> Point:
    return radius * math.cos(angle), radius * math.sin(angle)


def _half_circle(size: int) -> list[Point]:
    return [_on_circle(math.pi * i / max(1, size - 1)) for i in range(size)]
