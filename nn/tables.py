"""Tables in: the columns of a CSV file as inputs and targets for learning and prediction."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from nn.data import Dataset
from nn.table_file import StrPath, Table, TableError, composed, listed, open_table

__all__ = ["TableError", "column_names", "read_csv", "read_rows"]

Kind = Literal["auto", "classification", "regression"]

MOST_NUMBER_CLASSES = 10
"""kind="auto" takes more distinct whole numbers than this for a quantity, not for classes."""


def read_csv(
    path: StrPath, target: str, *, kind: Kind = "auto", features: Sequence[str] | None = None
) -> Dataset:
    """Return the table of a CSV file as samples with a target.

    The first line names the columns. Columns are separated by the tab, semicolon or comma that
    this line has most of. The text is UTF-8, with or without byte order mark; an accent may be
    a character of its own or one with its letter (Unicode NFD, NFC). Blank lines and
    lines of empty cells are skipped, spaces around cells are ignored. Unless the comma is the
    separator, decimals may be written with a comma: 1,5.

    Parameters
    ----------
    path : str or path
        The file.
    target : str
        Name of the column to predict.
    kind : {"auto", "classification", "regression"}
        What the target holds. "auto" takes text for classes, and numbers for classes if they are
        whole, at most 10 are different, and these occur twice on average; other numbers are
        quantities for regression.
    features : sequence of str, optional
        Names of the columns to learn from; by default all but the target, in their order.

    Returns
    -------
    Dataset
        Named like the file. Classes are sorted: text by its characters, numbers by size (the
        class names are then "0", "1", ...).

    Raises
    ------
    TableError
        If the file cannot be read as such a table: the message names the file and, as far as
        they matter, the line, the column and the cell.

    Examples
    --------
    >>> from importlib.resources import files
    >>> from nn.tables import read_csv
    >>> iris = read_csv(str(files("nn") / "datasets" / "iris.csv"), "species")
    >>> iris
    Dataset('iris': 150 samples, 4 features, 3 classes)
    >>> iris.inputs[0], iris.targets[0], iris.class_names
    ([5.1, 3.5, 1.4, 0.2], 0, ['setosa', 'versicolor', 'virginica'])
    """
    if kind not in ("auto", "classification", "regression"):
        raise ValueError(f"kind is {kind!r}, but is one of auto, classification, regression.")
    target = composed(target)
    with open_table(path) as table:
        table.require([target])
        names = table.all_names_but(target) if features is None else [*map(composed, features)]
        if target in names:
            raise table.error(
                f"the target {target!r} is also among the features, so the answer would be known"
            )
        if not names:
            raise table.error(f"there is no feature to learn from besides the target {target!r}")
        table.require(names)
        inputs, cells = table.read(names, target)
        numbers = [table.number_in(text, line, target) for line, text in cells]
        if kind == "regression" or (kind == "auto" and _is_quantity(numbers)):
            targets = _quantities(table, target, cells, numbers)
            return Dataset(inputs, targets, Path(path).stem, names, [])
        labels, classes = _classes(cells, numbers)
        if len(classes) == 1:
            raise table.error(
                f"every sample has the class {classes[0]!r}, so there is nothing to tell apart. "
                "Add samples of another class",
                column=target,
            )
    places = {name: k for k, name in enumerate(classes)}
    return Dataset(inputs, [places[name] for name in labels], Path(path).stem, names, classes)


def read_rows(
    path: StrPath,
    feature_names: Sequence[str],
    target: str | None = None,
    class_names: Sequence[str] = (),
) -> tuple[list[list[float]], list[int] | list[float] | None]:
    """Return the rows of a CSV file for a model that knows its columns and classes.

    The columns may stand in any order; columns that are not asked for are ignored, whatever
    they hold. The format is that of `read_csv`.

    Parameters
    ----------
    path : str or path
        The file.
    feature_names : sequence of str, length D
        The columns that the model was trained on, in its order.
    target : str, optional
        The column with the true answers, if it is to be read too.
    class_names : sequence of str, length K
        The model's classes; empty for regression.

    Returns
    -------
    inputs : list of list of float, N rows of D numbers
    targets : list of int or float, length N, or None
        Indices into `class_names`, or numbers for regression; None without `target`.

    Raises
    ------
    TableError
        As `read_csv`, and if a class is not among `class_names`.

    Examples
    --------
    >>> from importlib.resources import files
    >>> from nn.tables import read_rows
    >>> path = str(files("nn") / "datasets" / "iris.csv")
    >>> inputs, _ = read_rows(path, ["petal_width", "petal_length"])
    >>> inputs[0]
    [0.2, 1.4]
    >>> _, targets = read_rows(path, ["petal_width"], "species",
    ...                        ["virginica", "versicolor", "setosa"])
    >>> targets[0]
    2
    """
    names = [*map(composed, feature_names)]
    target = target and composed(target)
    with open_table(path) as table:
        wanted = names if target is None else [*names, target]
        table.require(wanted, ". The model needs every column that it was trained on")
        inputs, cells = table.read(names, target)
        if target is None:
            return inputs, None
        numbers = [table.number_in(text, line, target) for line, text in cells]
        if not class_names:
            return inputs, _quantities(table, target, cells, numbers)
        places = {composed(name): k for k, name in enumerate(class_names)}
        targets = []
        for (line, text), number in zip(cells, numbers, strict=True):
            name = text if text in places or number is None else _class_name(number)
            if name not in places:
                known = listed(class_names)
                problem = f"{text!r} is not a class of the model. Its classes are {known}"
                raise table.error(problem, line, target)
            targets.append(places[name])
        return inputs, targets


def column_names(path: StrPath) -> list[str]:
    """Return the names in the first line of a CSV file, in their order.

    Raises
    ------
    TableError
        If the file cannot be read or is empty.

    Examples
    --------
    >>> from importlib.resources import files
    >>> from nn.tables import column_names
    >>> column_names(str(files("nn") / "datasets" / "iris.csv"))
    ['sepal_length', 'sepal_width', 'petal_length', 'petal_width', 'species']
    """
    with open_table(path) as table:
        return table.names


def _is_quantity(numbers: Sequence[float | None]) -> bool:
    """Tell quantities from class labels, by the rule that read_csv states."""
    known = [number for number in numbers if number is not None]
    if 2 * len(known) <= len(numbers):
        return False
    distinct = set(known)
    whole = all(number.is_integer() for number in distinct)
    labels = whole and len(distinct) <= min(MOST_NUMBER_CLASSES, len(known) / 2)
    return len(known) < len(numbers) or not labels


def _quantities(
    table: Table,
    target: str,
    cells: Sequence[tuple[int, str]],
    numbers: Sequence[float | None],
) -> list[float]:
    targets = []
    for (line, text), number in zip(cells, numbers, strict=True):
        if number is None:
            raise table.error(
                f"{text!r} is not a finite number, but the target is a quantity for regression. "
                "Correct it, or if it names a class choose classification",
                line,
                target,
            )
        targets.append(number)
    return targets


def _classes(
    cells: Sequence[tuple[int, str]], numbers: Sequence[float | None]
) -> tuple[list[str], list[str]]:
    """Return the class of each sample, and all classes sorted."""
    known = [number for number in numbers if number is not None]
    if len(known) == len(numbers):
        return [_class_name(x) for x in known], [_class_name(x) for x in sorted(set(known))]
    labels = [text for _, text in cells]
    return labels, sorted(set(labels))


def _class_name(number: float) -> str:
    """Write 1, 1.0 and 01 as the same class."""
    return str(int(number)) if number.is_integer() else repr(number)
