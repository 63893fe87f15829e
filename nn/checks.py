"""What samples and settings must be, and how a refusal reads: what came, what is wanted, a cure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from operator import index
from typing import Any

from autograd import to_float

Row = Sequence[float]


def whole(number: Any, name: str) -> int:
    """Return a whole number as an int.

    Raises
    ------
    TypeError
        If it is none: text, 1.5, 2.0, None.

    Examples
    --------
    >>> whole("5", "epochs")
    Traceback (most recent call last):
        ...
    TypeError: epochs must be a whole number, such as 5; got '5'.
    """
    try:
        return index(number)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, such as 5; got {number!r:.60}.") from None


def real(number: Any, name: str) -> Any:
    """Return a real number as it is.

    Raises
    ------
    TypeError
        If it is none: text, None, a list.

    Examples
    --------
    >>> real(None, "learning_rate")
    Traceback (most recent call last):
        ...
    TypeError: learning_rate must be a number, such as 0.1; got None.
    """
    try:
        to_float(number)
    except TypeError:
        raise TypeError(f"{name} must be a number, such as 0.1; got {number!r:.60}.") from None
    except OverflowError:
        pass  # an integer that no float is large enough for
    return number


def check_setting(number: Any, name: str, fits: Callable[[Any], bool], wanted: str) -> None:
    """Raise TypeError unless it is a number, and ValueError unless it fits.

    Examples
    --------
    >>> check_setting(-1, "weight_decay", lambda x: x >= 0, "at least 0")
    Traceback (most recent call last):
        ...
    ValueError: weight_decay must be at least 0; got -1.
    """
    if not fits(real(number, name)):
        raise ValueError(f"{name} must be {wanted}; got {number}.")


def check_call(function: Any, name: str) -> None:
    """Raise TypeError unless it is a function of a report, or None."""
    if function is None or callable(function):
        return
    kind = type(function).__name__
    cure = f" Give its method, {name}={kind.lower()}.record." * hasattr(function, "record")
    raise TypeError(f"{name} must be a function of a report; got {function!r:.60}.{cure}")


def check_model(model: Any, what: str) -> None:
    """Raise TypeError, which begins with `what`, unless it gives scores and says how many."""
    if isinstance(model, type) or not hasattr(model, "scores"):
        raise TypeError(f"{what} a model such as MLP(2, [16, 1]); got {model!r:.60}.")
    for name, meaning in (("nin", "inputs"), ("nout", "scores")):
        number = getattr(model, name, None)
        if not hasattr(number, "__index__"):
            raise TypeError(
                f"{what} a model that says how many {meaning} it has; the {name} of "
                f"{type(model).__name__} is {number!r:.60}. Set it in __init__, as self.{name} = 1."
            )


def check_lists(**lists: Any) -> None:
    """Raise TypeError unless each is a list, or something else that has a length and rows."""
    for name, rows in lists.items():
        if hasattr(rows, "__len__") and hasattr(rows, "__iter__") and not isinstance(rows, str):
            continue
        cure = "Give one entry for each sample, as [[0.0, 1.0], [1.0, 0.0]] or [0, 1]."
        if hasattr(rows, "inputs"):
            cure = "Give its parts, data.inputs and data.targets."
        elif hasattr(rows, "__iter__") and not isinstance(rows, str):
            cure = f"Make one of it: list({name})."
        raise TypeError(f"{name} must be a list; got {rows!r:.60}. {cure}")


def check_sample(x: Any, width: int) -> None:
    """Raise unless `x` is one sample of `width` numbers, which are not looked at.

    Raises
    ------
    TypeError
        If it is no list, or a list of samples.
    ValueError
        If it has another length.

    Examples
    --------
    >>> check_sample([[0.0, 1.0], [1.0, 0.0]], 2)
    Traceback (most recent call last):
        ...
    TypeError: Got a list of 2 samples, but a model takes one at a time: [model(x) for x in rows].
    """
    try:
        if len(x) == width and not hasattr(x[0], "__len__"):
            return  # the usual case, at every sample of a training
    except (TypeError, LookupError):
        pass
    try:
        fits, first = len(x) == width, next(iter(x), None)
    except TypeError:
        raise TypeError(f"A sample is a list of {count(width, 'number')}; got {x!r:.60}.") from None
    if isinstance(x, str):
        raise TypeError(f"A sample is a list of {count(width, 'number')}; got {x!r:.60}.")
    if hasattr(first, "__len__") and not isinstance(first, str):
        raise TypeError(
            f"Got a list of {count(len(x), 'sample')}, but a model takes one at a time: "
            "[model(x) for x in rows]."
        )
    if not fits:
        raise ValueError(f"Got {len(x)} inputs, but this model takes {width}.")


def check_rows(rows: Sequence[Row], width: int, because: str, name: str = "inputs") -> None:
    """Raise unless every row has `width` finite numbers.

    Parameters
    ----------
    rows : sequence of rows
        What to check.
    width : int
        The length wanted.
    because : str
        Where that length comes from, for the message.
    name : str, optional
        What the rows are, for the message.
    """
    check_lists(**{name: rows})
    for i, row in enumerate(rows):
        if not hasattr(row, "__len__") or isinstance(row, str):
            raise ValueError(
                f"{name}[{i}] is {row!r:.60}; a sample is a list of numbers, also of one."
            )
        if len(row) != width:
            raise ValueError(f"{name}[{i}] has {count(len(row), 'number')}, but {because}.")
        check_numbers(row, f"{name}[{i}]")


def check_numbers(numbers: Iterable[Any], name: str) -> None:
    """Raise ValueError, naming ``name[i]``, unless all numbers are finite."""
    for i, number in enumerate(numbers):
        if not is_finite(number):
            raise ValueError(f"{name}[{i}] is {number!r:.60}, but must be a finite number.")


def is_finite(number: Any) -> bool:
    """Return whether it is a number, and neither inf nor nan.

    Examples
    --------
    >>> is_finite(1), is_finite(math.inf), is_finite("1")
    (True, False, False)
    """
    try:
        return math.isfinite(to_float(number))
    except (TypeError, OverflowError):
        return False


def count(n: int, noun: str) -> str:
    """Return a number with its noun: 1 sample, 2 samples, 3 classes."""
    plural = noun + ("es" if noun.endswith("s") else "s")
    return f"{n} {noun if n == 1 else plural}"
