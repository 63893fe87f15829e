"""The functions that a neuron may apply to its weighted sum, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd import OPS, leaky_relu, relu, sigmoid, softplus, tanh

Activation = Callable[[Any], Any]


def linear(s: Any) -> Any:
    """Return s itself: no activation.

    Examples
    --------
    >>> linear(3.0)
    3.0
    """
    return s


ACTIVATIONS: dict[str, Activation] = {
    "linear": linear,
    "relu": relu,
    "leaky_relu": leaky_relu,
    "tanh": tanh,
    "sigmoid": sigmoid,
    "softplus": softplus,
}


def find_activation(activation: str | Activation) -> Activation:
    """Return the activation of that name, or the function itself if one is given.

    Parameters
    ----------
    activation : str or callable
        A name in `ACTIVATIONS`, the name of an operation that you defined, or any function of one
        Value.

    Raises
    ------
    ValueError
        If no activation has that name.

    Examples
    --------
    >>> find_activation("tanh")
    <operation tanh>
    """
    if callable(activation):
        return activation
    known = _known()
    if activation not in known:
        raise ValueError(
            f"No activation is named {activation!r:.60}; choose one of {', '.join(ACTIVATIONS)}, "
            "or give a function. An operation of yours needs its define(...) first."
        )
    return known[activation]


def activation_name(activation: Activation) -> str:
    """Return the name under which `find_activation` finds it again, or '' if it has none.

    Examples
    --------
    >>> activation_name(linear), activation_name(lambda s: s * s)
    ('linear', '')
    """
    for name, function in _known().items():
        if function is activation:
            return name
    return ""


def _known() -> dict[str, Activation]:
    return {**OPS, **ACTIVATIONS}
