"""What a compiled function is given, as samples and settings; and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograd.checks import to_float
from autograd.compile.recording import is_row
from autograd.value import Value

# -------------------------------------------------------------------------- samples


def count_of(batches: Sequence[Any]) -> int:
    """Return how many samples there are.

    Raises
    ------
    ValueError
        If there are none, or not the same number in each argument.

    Examples
    --------
    >>> count_of([[1.0, 2.0], [[3.0, 4.0], [5.0, 6.0]]])
    2
    """
    if not batches:
        raise ValueError("Give the samples: for each argument of the function a list of entries.")
    for i, batch in enumerate(batches):
        if not is_row(batch):
            raise ValueError(
                f"Argument {i} is {batch!r:.60}; it must be a list with one entry for each sample."
            )
        if len(batch) != len(batches[0]):
            raise ValueError(
                f"Argument {i} has {len(batch)} samples, but argument 0 has {len(batches[0])}."
            )
    if not len(batches[0]):
        raise ValueError("Got no samples; the mean over none does not exist.")
    return len(batches[0])


def shape_of(entry: Any) -> Any:
    """Return how an entry is nested: 1 for a number, and for a list what its entries are.

    Examples
    --------
    >>> shape_of(5.0), shape_of([5.0, 6.0]), shape_of([])
    (1, (1, 1), ())
    """
    if hasattr(entry, "tolist"):
        entry = entry.tolist()
    return tuple([shape_of(inner) for inner in entry]) if is_row(entry) else 1


def check_shapes(batches: Sequence[Any], shapes: Sequence[Any]) -> None:
    """Raise ValueError unless all samples have the shape of the first."""
    for i, (batch, shape) in enumerate(zip(batches, shapes, strict=True)):
        for j, entry in enumerate(batch):
            if shape_of(entry) != shape:
                raise ValueError(
                    f"Sample {j} of argument {i} has the shape {shape_of(entry)!r:.80}, but "
                    f"sample 0 has {shape!r:.80}; samples of one call have one shape."
                )


def as_array(batches: Sequence[Any], shapes: Sequence[Any], learns: bool) -> Any:
    """Return samples as an array, (n, numbers), each sample's numbers in a row.

    Raises
    ------
    ValueError
        If they differ in shape.
    TypeError
        If there is what is no number, or what `learns` from them finds a Value among them that
        would want its gradient.
    """
    import numpy as np

    parts = []
    for i, batch in enumerate(batches):
        try:
            array = np.asarray(batch)
        except ValueError:
            array = None
        if array is None or array.dtype.kind not in "fiub":
            check_shapes(batches, shapes)
            rows = []
            for j, entry in enumerate(batch):
                numbers = list(_entries(entry))
                for number in numbers if learns else ():
                    if isinstance(number, Value) and not number.constant:
                        raise TypeError(
                            f"Sample {j} of argument {i} is or has {number!r:.60}, which would get "
                            "no gradient. Give its number; parameters are used by name."
                        )
                rows.append([to_float(with_numbers(number)) for number in numbers])
            array = np.array(rows, dtype=float)
        parts.append(array.reshape(len(batch), -1).astype(float, copy=False))
    return np.ascontiguousarray(np.concatenate(parts, axis=1))


def _entries(entry: Any) -> Iterator[Any]:
    if is_row(entry):
        for inner in entry:
            yield from _entries(inner)
    else:
        yield entry


def with_values(entry: Any) -> Any:
    """Return an argument with constants for its numbers, as in a recording."""
    return _with(entry, lambda x: x if isinstance(x, Value) else Value(x, constant=True))


def with_numbers(entry: Any) -> Any:
    """Return an argument with Python's numbers in the place of NumPy's, and copies of its lists.

    NumPy's have a size: a sum of those of one byte starts anew at 256. And a function that writes
    into a list shall not change what it is called with again.
    """
    if hasattr(entry, "tolist"):
        return entry.tolist()
    if is_row(entry):
        inner = [with_numbers(x) for x in entry]
        same = all(x is y for x, y in zip(inner, entry, strict=True))
        return entry if same and isinstance(entry, tuple) else inner
    return entry


def without_gradients(entry: Any) -> Any:
    """Return an argument with numbers in the place of Values."""
    return _with(entry, lambda x: x.data if isinstance(x, Value) else x)


def _with(entry: Any, put: Callable[[Any], Any]) -> Any:
    """Return nested lists like an argument, with ``put(x)`` for each x in it."""
    if hasattr(entry, "tolist"):
        entry = entry.tolist()
    return [_with(inner, put) for inner in entry] if is_row(entry) else put(entry)


def typed(setting: Any) -> Any:
    """Return a setting with its type: 1, 1.0 and True are equal, but functions differ in them."""
    if isinstance(setting, tuple | frozenset):
        members = map(typed, setting)
        return type(setting), tuple(members) if isinstance(setting, tuple) else frozenset(members)
    return type(setting), repr(setting) if isinstance(setting, float | complex) else setting


# -------------------------------------------------------------------------- results


def flat(results: Any) -> list[Any]:
    """Return what a function returned as one list.

    Examples
    --------
    >>> flat({"a": 1.0, "b": [2.0, (3.0,)]})
    [1.0, 2.0, 3.0]
    """
    if isinstance(results, dict):
        return [x for inner in results.values() for x in flat(inner)]
    if isinstance(results, list | tuple):
        return [x for inner in results for x in flat(inner)]
    return [results]


def filled(structure: Any, fill: Callable[[Any], Any]) -> Any:
    """Return dicts, lists and tuples like these, with ``fill(x)`` for each x in them.

    Examples
    --------
    >>> filled({"a": 0, "b": [1, (0,)]}, [2.5, 3.5].__getitem__)
    {'a': 2.5, 'b': [3.5, (2.5,)]}
    """
    if isinstance(structure, dict):
        return {key: filled(inner, fill) for key, inner in structure.items()}
    if isinstance(structure, list | tuple):
        parts = [filled(inner, fill) for inner in structure]
        return tuple(parts) if isinstance(structure, tuple) else parts
    return fill(structure)
