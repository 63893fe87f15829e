"""What a function looks up by name: if that is another object later, it is recorded anew."""

from __future__ import annotations

import dis
from collections.abc import Callable, Sequence
from functools import partial
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any

_PLAIN = int, float, complex, str


class Names:
    """What a function looks up by name, in its module and in the functions around it.

    Parameters
    ----------
    function : callable
        If it was not written in Python it looks up nothing.

    Examples
    --------
    >>> def scaled(factor):
    ...     return lambda x: factor * x
    >>> Names(scaled(3.0)).objects()
    [3.0]
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._lookups: list[tuple[str, Callable[[], Any]]] = []
        inner: Any = function.__func__ if isinstance(function, MethodType) else function
        while isinstance(inner, FunctionType):
            read, written = _used_names(inner.__code__)
            for name in sorted(read - written):
                self._lookups.append((name, partial(inner.__globals__.get, name)))
            cells = zip(inner.__code__.co_freevars, inner.__closure__ or (), strict=True)
            for name, cell in cells:
                if name not in written:
                    self._lookups.append((name, partial(_contents, cell)))
            inner = getattr(inner, "__wrapped__", None)  # what it was before a decorator

    def objects(self) -> list[Any]:
        """Return what the names stand for now; None for one that stands for nothing."""
        return [look() for _, look in self._lookups]

    def changed(self, before: Sequence[Any]) -> str:
        """Return the first name that stands for something else than before; "" if none does.

        A number, or a text, is the same if it is equal.
        """
        for (name, look), y in zip(self._lookups, before, strict=True):
            x = look()
            if x is not y and not (type(x) is type(y) and isinstance(x, _PLAIN) and x == y):
                return name
        return ""


def _contents(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it has none yet
        return None


def _used_names(code: CodeType) -> tuple[set[str], set[str]]:
    """Return the names of globals that a function reads, and the names that it sets.

    Functions that are written in it are a part of it.
    """
    read, written = set[str](), set[str]()
    for x in dis.get_instructions(code):
        if x.opname == "LOAD_GLOBAL":
            read.add(x.argval)
        elif x.opname in ("STORE_GLOBAL", "STORE_DEREF"):
            written.add(x.argval)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            more = _used_names(inner)
            read, written = read | more[0], written | more[1]
    return read, written
