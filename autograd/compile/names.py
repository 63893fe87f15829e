"""What a function looks up by name: if that is another object later, it is recorded anew."""

from __future__ import annotations

import dis
from collections.abc import Callable, Sequence
from functools import partial
from types import CellType, CodeType, FunctionType
from typing import Any

from autograd.compile.arguments import typed

_PLAIN = int, float, complex, str, bytes
_LOADS = "LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"  # the others: in a class's body


class Names:
    """What a function looks up by name, in its module and in the functions around it.

    Parameters
    ----------
    function : callable
        Also a method, a partial, an object that can be called, or a function with decorators; what
        is not written in Python looks up nothing.

    Examples
    --------
    >>> def scaled(factor):
    ...     return lambda x: factor * x
    >>> Names(scaled(3.0)).objects()
    [3.0]
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._lookups: list[tuple[str, Callable[[], Any]]] = []
        inner: Any = function
        while isinstance(inner, partial):
            inner = inner.func
        if not isinstance(inner, FunctionType) and not hasattr(inner, "__func__"):
            inner = type(inner).__call__
        inner = getattr(inner, "__func__", inner)  # of a method
        known: list[Any] = []
        while isinstance(inner, FunctionType) and inner not in known:
            known.append(inner)
            read, written, cells_written = _used_names(inner.__code__)
            for name in sorted(read - written):
                self._lookups.append((name, partial(inner.__globals__.get, name)))
            cells = zip(inner.__code__.co_freevars, inner.__closure__ or (), strict=True)
            for name, cell in cells:
                if name not in cells_written:
                    self._lookups.append((name, partial(_contents, cell)))
            inner = getattr(inner, "__wrapped__", None)  # what it was before a decorator

    def objects(self) -> list[Any]:
        """Return what the names stand for now; None for one that stands for nothing."""
        return [look() for _, look in self._lookups]

    def unchanged(self, before: Sequence[Any]) -> list[Any]:
        """Return what the names stand for still, and ``...`` (anything) for those that changed."""
        pairs = zip(self.objects(), before, strict=True)
        return [x if _is_same(x, y) else ... for x, y in pairs]

    def changed(self, before: Sequence[Any]) -> str:
        """Return the first name that stands for something else than before; "" if none does."""
        for (name, look), y in zip(self._lookups, before, strict=True):
            if y is not ... and not _is_same(look(), y):
                return name
        return ""


def _is_same(x: Any, y: Any) -> bool:
    """Return whether they are one object, or equal numbers or texts of one type."""
    return x is y or (isinstance(x, _PLAIN) and typed(x) == typed(y))


def _contents(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it has none yet
        return None


def _used_names(code: CodeType) -> tuple[set[str], set[str], set[str]]:
    """Return the globals that a function reads, those it sets, and what it sets in others around.

    Functions and classes that are written in it are a part of it.
    """
    read, written, outside = set[str](), set[str](), set[str]()
    for x in dis.get_instructions(code):
        if x.opname in _LOADS:
            read.add(x.argval)
        elif x.opname == "STORE_GLOBAL":
            written.add(x.argval)
        elif x.opname == "STORE_DEREF" and x.argval in code.co_freevars:
            outside.add(x.argval)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            more = _used_names(inner)
            read, written = read | more[0], written | more[1]
            outside |= more[2].difference(code.co_cellvars)
    return read, written, outside
