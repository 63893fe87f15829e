"""How good the decisions are: accuracy and the confusion table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nn.checks import check_lists, real


def accuracy(predicted: Sequence[Any], targets: Sequence[Any]) -> float:
    """Return the share of decisions that are right, from 0 to 1.

    Parameters
    ----------
    predicted, targets : sequence
        Labels of N samples each, at least one.

    Raises
    ------
    ValueError
        If the lengths differ or are 0.

    Examples
    --------
    >>> accuracy([0, 1, 1, 2], [0, 1, 2, 2])
    0.75
    """
    check_lists(predicted=predicted, targets=targets)
    if len(predicted) != len(targets) or not len(predicted):
        raise ValueError(
            f"accuracy needs as many predictions as targets, and at least one; got "
            f"{len(predicted)} and {len(targets)}."
        )
    return sum(bool(p == t) for p, t in zip(predicted, targets, strict=True)) / len(targets)


def confusion(
    predicted: Sequence[int], targets: Sequence[int], classes: int | None = None
) -> list[list[int]]:
    """Return how often class i was taken for class j, in row i and column j.

    Parameters
    ----------
    predicted, targets : sequence of int
        Classes of N samples, 0 to K - 1.
    classes : int, optional
        K; by default as many as occur.

    Raises
    ------
    ValueError
        If the lengths differ, or a class is not in 0 to K - 1.

    Examples
    --------
    >>> confusion([0, 1, 1, 2], [0, 1, 2, 2])
    [[1, 0, 0], [0, 1, 0], [0, 1, 1]]
    """
    check_lists(predicted=predicted, targets=targets)
    if len(predicted) != len(targets):
        raise ValueError(f"Got {len(predicted)} predictions and {len(targets)} targets.")
    for name, labels in (("predicted", predicted), ("targets", targets)):
        for i, label in enumerate(labels):
            real(label, f"{name}[{i}]")
    size = classes or int(max([*predicted, *targets], default=-1)) + 1
    table = [[0] * size for _ in range(size)]
    for i, (guess, target) in enumerate(zip(predicted, targets, strict=True)):
        if guess not in range(size) or target not in range(size):
            raise ValueError(
                f"Sample {i} was taken for {guess} and is {target}, but the classes are 0 to "
                f"{size - 1}."
            )
        table[int(target)][int(guess)] += 1
    return table


def confusion_text(table: Sequence[Sequence[int]], class_names: Sequence[str]) -> str:
    """Return a confusion table as text: a row for what is, a column for what was decided.

    Examples
    --------
    >>> print(confusion_text([[5, 1], [0, 4]], ["cat", "dog"]))
            decided
    is      cat  dog
       cat    5    1
       dog    .    4
    """
    if len(table) != len(class_names):
        raise ValueError(f"Got a table of {len(table)} classes and {len(class_names)} names.")
    width = max(map(len, class_names), default=1)
    cell = max(width, len(str(max((max(row) for row in table), default=0)))) + 2
    head = "is".ljust(width + 3) + "".join(name.rjust(cell) for name in class_names)
    lines = [" " * (width + 5) + "decided", head]
    for name, row in zip(class_names, table, strict=True):
        cells = "".join((str(count) if count else ".").rjust(cell) for count in row)
        lines.append("   " + name.rjust(width) + cells)
    return "\n".join(lines)
