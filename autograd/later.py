"""A package's front door, whose rooms are entered when somebody asks for what is in them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any


class _FrontDoor(ModuleType):
    """A package with names that are looked up in its modules at their first use."""

    _rooms: dict[str, str]  # where each name is found; a module that is public itself has none

    def __getattr__(self, name: str) -> Any:
        room = self.__dict__["_rooms"].get(name)
        if room is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        found = import_module(f"{self.__name__}.{room or name}")
        self.__dict__[name] = getattr(found, name) if room else found
        return self.__dict__[name]

    def __setattr__(self, name: str, value: Any) -> None:
        # Python hangs every module on its package; a function of the same name goes first.
        if not (self._rooms.get(name) and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._rooms})


def open_later(package: str, rooms: Mapping[str, str], modules: str = "") -> None:
    """Let a package have names of its modules without importing them until somebody asks.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    rooms : mapping of str to str
        For each module, as "drawing" or "compile.compiled", its public names with spaces between.
    modules : str, optional
        Those that are public themselves.

    Examples
    --------
    >>> door = sys.modules["a_shop"] = ModuleType("a_shop")
    >>> open_later("a_shop", {"pictures": "draw"})
    >>> [name for name in dir(door) if name[0] != "_"]
    ['draw']
    >>> del sys.modules["a_shop"]
    """
    door = sys.modules[package]
    named = {name: room for room in rooms for name in rooms[room].split()}
    door.__dict__["_rooms"] = {**named, **dict.fromkeys(modules.split(), "")}
    door.__class__ = _FrontDoor
