"""Where a node belongs: names such as ``layer 1/neuron 3`` that nodes remember for pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_scope = ContextVar("scope", default="")
current_scope = _scope.get


@contextmanager
def scope(name: str) -> Iterator[str]:
    """Give every node made in this block the scope `name`, below the scope outside it.

    Parameters
    ----------
    name : str
        One step of the path; steps are joined by ``/``.

    Raises
    ------
    ValueError
        If the name is empty.

    Examples
    --------
    >>> from autograd import Value, scope
    >>> with scope("hidden 1"), scope("neuron 3"):
    ...     x = Value(1.0)
    >>> x.scope
    'hidden 1/neuron 3'
    """
    if not name:
        raise ValueError("A scope needs a name, such as scope('hidden 1').")
    outer = _scope.get()
    token = _scope.set(f"{outer}/{name}" if outer else name)
    try:
        yield _scope.get()
    finally:
        _scope.reset(token)
