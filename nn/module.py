"""Module: whatever has parameters, and the plain data that they can be saved as."""

from __future__ import annotations

from collections.abc import Iterator
from sys import float_info
from typing import Any

from autograd import Value


class Module:
    """Base of neurons, layers and models: finds its parameters by itself.

    Parameters are the Values among the attributes, also inside lists and other modules, in the
    order in which they were set. A subclass defines ``__call__`` and nothing else.

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
        for name, value in _values("", vars(self)):
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
        return {name: _plain(part) for name, part in vars(self).items() if _has_values(part)}

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
        pairs = list(_pairs("", {k: v for k, v in vars(self).items() if _has_values(v)}, state))
        for value, number in pairs:
            value.data = number


def _is_parameter(part: Any) -> bool:
    return isinstance(part, Value) and not part.constant and part.op is None


def _has_values(part: Any) -> bool:
    if isinstance(part, list | tuple):
        return any(map(_has_values, part))
    return _is_parameter(part) or isinstance(part, Module)


def _values(path: str, parts: dict[str, Any]) -> Iterator[tuple[str, Value]]:
    for name, part in parts.items():
        here = f"{path}.{name}" if path and not name.startswith("[") else path + name
        if _is_parameter(part):
            yield here, part
        elif isinstance(part, Module):
            yield from _values(here, vars(part))
        elif isinstance(part, list | tuple):
            yield from _values(here, {f"[{i}]": item for i, item in enumerate(part)})


def _plain(part: Any) -> Any:
    if isinstance(part, Module):
        return part.state()
    if isinstance(part, list | tuple):
        return [_plain(item) for item in part if _has_values(item)]
    return part.data


def _pairs(path: str, part: Any, state: Any) -> Iterator[tuple[Value, float]]:
    """Walk a module's parts and a state side by side; raise where they differ."""
    where = path or "the state"
    if isinstance(part, Module):
        part = {name: inner for name, inner in vars(part).items() if _has_values(inner)}
    if isinstance(part, dict):
        if not isinstance(state, dict) or state.keys() != part.keys():
            got = list(state) if isinstance(state, dict) else type(state).__name__
            raise ValueError(f"{where} should have the parts {list(part)}; got {got!s:.200}.")
        for name, inner in part.items():
            yield from _pairs(f"{path}.{name}" if path else name, inner, state[name])
    elif isinstance(part, list | tuple):
        part = [item for item in part if _has_values(item)]
        if not isinstance(state, list) or len(state) != len(part):
            got = f"{len(state)} parts" if isinstance(state, list) else type(state).__name__
            raise ValueError(f"{where} should be a list of {len(part)} parts; got {got}.")
        for i, (inner, number) in enumerate(zip(part, state, strict=True)):
            yield from _pairs(f"{path}[{i}]", inner, number)
    else:
        is_number = isinstance(state, int | float) and not isinstance(state, bool)
        if not is_number or not abs(state) <= float_info.max:
            raise ValueError(f"{where} should be a finite number; got {state!r:.60}.")
        yield part, float(state)
