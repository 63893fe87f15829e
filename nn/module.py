"""Module: whatever has parameters, and the plain data that they can be saved as."""

from __future__ import annotations

from collections.abc import Iterator
from sys import float_info
from typing import Any

from autograd import Value


class Module:
    """Base of neurons, layers and models: finds its parameters by itself.

    Parameters are the Values among the attributes, also inside lists, dicts and other modules, in
    the order in which they were set; constants and results of operations are none.

    Examples
    --------
    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope = Value(2.0)
    ...         self.shift = Value(-1.0)
    ...     def __call__(self, x):
    ...         return self.slope * x + self.shift
    >>> line = Line()
    >>> line(3.0).data
    5.0
    >>> line.state()
    {'slope': 2.0, 'shift': -1.0}
    """

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Yield every parameter with its path, such as ``layers[0].neurons[2].w[1]``.

        A parameter that stands in two places comes once, under the first.
        """
        seen: set[Value] = set()
        for name, value in _values("", self):
            if value not in seen:
                seen.add(value)
                yield name, value

    def parameters(self) -> list[Value]:
        """Return every parameter once."""
        return [value for _, value in self.named_parameters()]

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def state(self) -> dict[str, Any]:
        """Return the parameters' numbers as nested dicts and lists, named like the attributes."""
        state: dict[str, Any] = _plain(self)
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        """Set the parameters' numbers from what `state` returned.

        Parameters
        ----------
        state : dict
            Must fit this module exactly; if it does not, nothing is changed.

        Raises
        ------
        ValueError
            If a part is missing, left over, of another length, or no finite number. It names the
            part.
        """
        pairs = list(_pairs("", self, state))
        for value, number in pairs:
            value.data = number


def _is_parameter(part: Any) -> bool:
    return isinstance(part, Value) and not part.constant and part.op is None


def _has_values(part: Any) -> bool:
    if isinstance(part, dict):
        part = list(part.values())
    if isinstance(part, list | tuple):
        return any(map(_has_values, part))
    return _is_parameter(part) or isinstance(part, Module)


def _parts(part: Any) -> Any:
    """Return a dict or a list of what holds parameters in a part, or the part if it is one."""
    if isinstance(part, Module):
        part = vars(part)
    if isinstance(part, dict):
        return {str(name): inner for name, inner in part.items() if _has_values(inner)}
    if isinstance(part, list | tuple):
        return [inner for inner in part if _has_values(inner)]
    return part


def _values(path: str, part: Any) -> Iterator[tuple[str, Value]]:
    """Yield the parameters with the Python expressions that lead to them."""
    if isinstance(part, Module):
        inside = [(f"{path}.{name}" if path else name, x) for name, x in vars(part).items()]
    elif isinstance(part, dict):
        inside = [(f"{path}[{key!r}]", x) for key, x in part.items()]
    elif isinstance(part, list | tuple):
        inside = [(f"{path}[{i}]", x) for i, x in enumerate(part)]
    else:
        yield path, part
        return
    for name, x in inside:
        if _has_values(x):
            yield from _values(name, x)


def _plain(part: Any) -> Any:
    parts = _parts(part)
    if isinstance(parts, dict):
        return {name: _plain(inner) for name, inner in parts.items()}
    if isinstance(parts, list):
        return [_plain(inner) for inner in parts]
    return part.data


def _pairs(path: str, part: Any, state: Any) -> Iterator[tuple[Value, float]]:
    """Walk a module's parts and a state side by side; raise where they differ."""
    where, parts = path or "the state", _parts(part)
    if isinstance(parts, dict):
        if not isinstance(state, dict) or state.keys() != parts.keys():
            got = list(state) if isinstance(state, dict) else type(state).__name__
            raise ValueError(f"{where} should have the parts {list(parts)}; got {got!s:.200}.")
        for name, inner in parts.items():
            yield from _pairs(f"{path}.{name}" if path else name, inner, state[name])
    elif isinstance(parts, list):
        if not isinstance(state, list) or len(state) != len(parts):
            got = f"{len(state)} parts" if isinstance(state, list) else type(state).__name__
            raise ValueError(f"{where} should be a list of {len(parts)} parts; got {got}.")
        for i, (inner, number) in enumerate(zip(parts, state, strict=True)):
            yield from _pairs(f"{path}[{i}]", inner, number)
    else:
        is_number = isinstance(state, int | float) and not isinstance(state, bool)
        if not is_number or not abs(state) <= float_info.max:
            raise ValueError(f"{where} should be a finite number; got {state!r:.60}.")
        yield part, float(state)
