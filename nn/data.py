"""Labelled samples in memory: data sets, their parts, and the batches of an epoch."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from nn.checks import check_lists, check_numbers, check_rows, count, whole


@dataclass(frozen=True, repr=False)
class Dataset:
    """N samples with their targets, and the names of the columns and the classes.

    Parameters
    ----------
    inputs : list of list of float, N rows of D numbers
        The features; finite.
    targets : list of int or float, length N
        Class indices 0..K-1 for classification, numbers for regression.
    name : str
        What to call the data set.
    feature_names : list of str, length D
        What to call the columns.
    class_names : list of str, length K
        What to call the classes; empty for regression.
    image_shape : (int, int), optional
        Rows and columns, if the D features are the pixels of an image.

    Raises
    ------
    ValueError
        If lengths disagree, there are no samples, a number is nan or infinite, or a target is
        not the index of a class.

    Examples
    --------
    >>> from nn.data import Dataset
    >>> Dataset([[0.0, 1.0], [2.0, 3.0]], [0, 1], "tiny", ["a", "b"], ["no", "yes"])
    Dataset('tiny': 2 samples, 2 features, 2 classes)
    """

    inputs: list[list[float]]
    targets: list[int] | list[float]
    name: str
    feature_names: list[str]
    class_names: list[str]
    image_shape: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        check_lists(inputs=self.inputs, targets=self.targets)
        samples, features = len(self.inputs), len(self.feature_names)
        if not samples:
            raise ValueError(f"Data set {self.name!r} has no samples: it needs at least one.")
        if len(self.targets) != samples:
            raise ValueError(
                f"{samples} rows of inputs came with {len(self.targets)} targets: "
                "each row needs its own target."
            )
        check_rows(self.inputs, features, f"feature_names has {features} names")
        if self.image_shape and math.prod(self.image_shape) != features:
            raise ValueError(f"{features} features are no image of the shape {self.image_shape}.")
        if self.is_classification:
            self._check_classes()
        else:
            check_numbers(self.targets, "targets")

    def _check_classes(self) -> None:
        for i, target in enumerate(self.targets):
            if type(target) is not int or not 0 <= target < len(self.class_names):
                raise ValueError(
                    f"targets[{i}] is {target!r}, but with {len(self.class_names)} class names a "
                    f"target is a whole number (int) from 0 to {len(self.class_names) - 1}. "
                    "For regression give class_names=[]."
                )

    def __len__(self) -> int:
        return len(self.inputs)

    def __repr__(self) -> str:
        features = count(len(self.feature_names), "feature")
        if self.image_shape:
            features += " ({}x{} image)".format(*self.image_shape)
        kind = count(len(self.class_names), "class") if self.class_names else "regression"
        return f"Dataset({self.name!r}: {count(len(self), 'sample')}, {features}, {kind})"

    @property
    def is_classification(self) -> bool:
        """True if the targets are class indices, False if they are numbers to predict."""
        return bool(self.class_names)

    def subset(self, indices: Iterable[int]) -> Dataset:
        """Return the samples at these indices, in this order, with all names kept.

        Parameters
        ----------
        indices : iterable of int
            Positions from 0 to N-1; at least one.

        Returns
        -------
        Dataset
            Its rows are the same lists as here, not copies.

        Raises
        ------
        IndexError
            If an index is outside 0..N-1.
        TypeError
            If an index is no whole number (a mask of True and False is not one).

        Examples
        --------
        >>> from nn import make_xor
        >>> make_xor().subset([3, 1]).inputs
        [[1.0, 1.0], [0.0, 1.0]]
        """
        check_lists(indices=list(indices) if hasattr(indices, "__iter__") else indices)
        chosen = list(indices)
        for k, i in enumerate(chosen):
            if isinstance(i, bool):
                raise TypeError(
                    f"indices[{k}] is {i}: subset takes positions, not a mask. "
                    "Use [i for i, keep in enumerate(mask) if keep]."
                )
            if not 0 <= whole(i, f"indices[{k}]") < len(self):
                raise IndexError(
                    f"indices[{k}] is {i}, but {self.name!r} has samples 0 to {len(self) - 1}."
                )
        inputs = [self.inputs[i] for i in chosen]
        return replace(self, inputs=inputs, targets=[self.targets[i] for i in chosen])


def split(
    dataset: Dataset,
    fractions: Sequence[float] = (0.6, 0.2, 0.2),
    *,
    seed: int = 0,
    stratify: bool = True,
) -> tuple[Dataset, ...]:
    """Return disjoint random parts that together hold every sample once.

    Parameters
    ----------
    dataset : Dataset
        What to split.
    fractions : sequence of float, each in (0, 1], summing to 1
        The share of each part; the usual three are training, validation and test. Every part
        gets at least one sample, however small its share.
    seed : int
        Chooses the samples and their order.
    stratify : bool
        Keep the shares within every class, so that each part has every class. Regression data
        are never stratified.

    Returns
    -------
    tuple of Dataset
        One for each fraction.

    Raises
    ------
    ValueError
        If the fractions do not sum to 1, or there are fewer samples than parts: in all, or in
        one class if `stratify` is true.

    Examples
    --------
    >>> from nn import make_moons, split
    >>> train, validation, test = split(make_moons(100))
    >>> len(train), len(validation), len(test)
    (60, 20, 20)
    """
    if not isinstance(dataset, Dataset):
        raise TypeError(
            "split takes a Dataset, which holds inputs, targets and names, as make_moons() and "
            f"read_csv() give; got {dataset!r:.60}."
        )
    _check_fractions(fractions)
    groups = [(f"data set {dataset.name!r}", list(range(len(dataset))))]
    if stratify and dataset.is_classification:
        groups = _indices_by_class(dataset)
    rng = random.Random(whole(seed, "seed"))
    parts: list[list[int]] = [[] for _ in fractions]
    for group, members in groups:
        if len(members) < len(parts):
            cure = "" if len(groups) == 1 else ", collect more of it, or give stratify=False"
            raise ValueError(
                f"The {group} has {count(len(members), 'sample')}, too few for one in each of "
                f"{len(parts)} parts. Ask for fewer parts{cure}."
            )
        rng.shuffle(members)
        placed = sum(map(len, parts)) + len(members)
        shortfalls = [
            share * placed - len(part) for share, part in zip(fractions, parts, strict=True)
        ]
        start = 0
        for part, size in zip(parts, _sizes(len(members), fractions, shortfalls), strict=True):
            part.extend(members[start : start + size])
            start += size
    for part in parts:
        rng.shuffle(part)
    return tuple(dataset.subset(part) for part in parts)


def batches(
    n: int, size: int, seed: int | random.Random | None = None, drop_last: bool = False
) -> list[list[int]]:
    """Return the index lists of one epoch: 0..n-1 cut into batches of `size`.

    Parameters
    ----------
    n : int
        Number of samples, at least 1.
    size : int
        Samples in a batch, at least 1. If it does not divide `n`, the last batch is smaller.
    seed : int or random.Random, optional
        Shuffles; without it the order is 0, 1, 2, ... The same int gives the same order each
        time: for a new order in each epoch make one ``random.Random(seed)`` and pass that.
    drop_last : bool
        Leave out the smaller last batch.

    Returns
    -------
    list of list of int
        Each batch is one step of gradient descent, so the length is the steps of an epoch.

    Raises
    ------
    ValueError
        If `n` or `size` is below 1, or `drop_last` leaves no batch.

    Examples
    --------
    >>> from nn import batches
    >>> batches(10, 3)
    [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]
    >>> [len(batch) for batch in batches(10, 3, seed=1, drop_last=True)]
    [3, 3, 3]
    """
    for name, number, what in (("n", n, "number of samples"), ("size", size, "batch size")):
        if whole(number, f"{name}, the {what},") < 1:
            raise ValueError(f"{name} is {number}, but the {what} is at least 1.")
    if drop_last and size > n:
        raise ValueError(
            f"size is {size} and n is {n}, so drop_last=True leaves no batch and nothing would "
            f"be learned. Give a size of at most {n}, or keep the last batch."
        )
    order = list(range(n))
    if seed is not None:
        rng = seed if isinstance(seed, random.Random) else random.Random(whole(seed, "seed"))
        rng.shuffle(order)
    stop = n - n % size if drop_last else n
    return [order[start : start + size] for start in range(0, stop, size)]


def _check_fractions(fractions: Sequence[float]) -> None:
    if not hasattr(fractions, "__len__"):
        raise TypeError(f"fractions must be a list, as (0.8, 0.2); got {fractions!r:.60}.")
    check_numbers(fractions, "fractions")
    for i, share in enumerate(fractions):
        if share <= 0:
            raise ValueError(
                f"fractions[{i}] is {share}, so that part would be empty: leave it out."
            )
    total = math.fsum(fractions)
    if not math.isclose(total, 1.0, abs_tol=1e-9):
        raise ValueError(
            f"The fractions {tuple(fractions)} sum to {total:.12g}, but every sample belongs to "
            "one part: they must sum to 1."
        )


def _indices_by_class(dataset: Dataset) -> list[tuple[str, list[int]]]:
    """Return every class that has samples, in words, with the indices of its samples."""
    by_class: list[list[int]] = [[] for _ in dataset.class_names]
    for i, target in enumerate(dataset.targets):
        by_class[int(target)].append(i)
    pairs = zip(dataset.class_names, by_class, strict=True)
    return [(f"class {name!r}", members) for name, members in pairs if members]


def _sizes(n: int, fractions: Sequence[float], shortfalls: Sequence[float]) -> list[int]:
    """Share n out by the fractions: whole, each at least 1, what is over to who lacks most."""
    sizes = [max(1, math.floor(share * n + 1e-9)) for share in fractions]
    lacking = [short - size for short, size in zip(shortfalls, sizes, strict=True)]
    neediest = sorted(range(len(sizes)), key=lambda i: -lacking[i])
    for i in neediest[: max(0, n - sum(sizes))]:
        sizes[i] += 1
    while sum(sizes) > n:  # the parts that were lifted to 1 are paid for by the largest
        sizes[sizes.index(max(sizes))] -= 1
    return sizes
