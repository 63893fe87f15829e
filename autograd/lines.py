"""Which line of the user's program made a node: recorded only where it is asked for."""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from os.path import basename, dirname
from typing import Any

from autograd.ops import Op
from autograd.value import Value

_OURS = (dirname(__file__), os.path.join(dirname(dirname(__file__)), "nn"))


@contextmanager
def recorded_lines() -> Iterator[None]:
    """Let every node made in this block remember the line of your program that made it.

    Lines inside `autograd` and `nn` do not count. Recording makes nodes slower and larger; outside
    of such a block nothing is slower. It is on for all threads while any block is open.

    Examples
    --------
    >>> from autograd import Value
    >>> with recorded_lines():
    ...     y = Value(2.0) * 3
    >>> line_of(y)
    '<doctest autograd.lines.recorded_lines[1]>:2: y = Value(2.0) * 3'
    """
    before = Value.record_op

    def record_op(op: Op, inputs: tuple[Any, ...]) -> Value:
        node = before(op, inputs)
        node.line = _line_of_caller()  # type: ignore[attr-defined]  # users may keep things there
        return node

    Value.record_op = staticmethod(record_op)  # type: ignore[method-assign]
    try:
        yield
    finally:
        Value.record_op = staticmethod(before)  # type: ignore[method-assign]


def line_of(node: Value) -> str:
    """Return the line that made a node, as ``file:number: code``; empty if none was recorded.

    Examples
    --------
    >>> from autograd import Value
    >>> line_of(Value(2.0) * 3)
    ''
    """
    line: str = getattr(node, "line", "")
    return line


def short_name(filename: str) -> str:
    """Return what to call a file of the user's program; the cells of a notebook have no names.

    Examples
    --------
    >>> short_name("/home/ada/engine.py"), short_name("/tmp/ipykernel_71/1842.py")
    ('engine.py', 'cell')
    """
    in_notebook = basename(dirname(filename)).startswith("ipykernel_")
    return "cell" if in_notebook else basename(filename)


def _line_of_caller() -> str:
    """Return the nearest line on the stack that is not ours."""
    frame: Any = sys._getframe(1)
    while frame.f_back and frame.f_code.co_filename.startswith(_OURS):
        frame = frame.f_back
    code = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
    name = short_name(frame.f_code.co_filename)
    return f"{name}:{frame.f_lineno}: {code}" if code else f"{name}:{frame.f_lineno}"
