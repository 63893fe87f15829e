"""The rule of an optimizer, read as arithmetic on one parameter, so that it can be recorded."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from autograd import RecordingError
from nn.optimizers import Optimizer, check_move

_TAKEN = ("steps", "state", "parameters")  # what a rule of one number has no use for
_RUNNING = (*_TAKEN, "learning_rate")  # what moves while an optimizer works


def rule_of(optimizer: Optimizer) -> Callable[..., Any]:
    """Return an optimizer's update with the learning rate as an argument.

    Raises
    ------
    RecordingError
        If it does something else in a step than to update each parameter.

    Examples
    --------
    >>> from autograd import Value
    >>> from nn import SGD
    >>> data, grad, state, rate, step = 1.0, 0.5, (), 0.5, 1
    >>> rule_of(SGD([Value(data)]))(data, grad, state, rate, step)
    (0.75, ())
    """
    from autograd import text_of

    for name in ("step", "zero_grad", "_refuse_unless_finite"):
        if getattr(optimizer, name, None) != getattr(Optimizer, name).__get__(optimizer):
            raise RecordingError(f"{type(optimizer).__name__} has a {name} of its own.")
    twin, name = _twin_of(optimizer), type(optimizer).__name__

    def rule(data: Any, grad: Any, state: Any, rate: Any, step: Any) -> Any:
        twin.learning_rate, texts = rate, []
        if twin.learning_rate is not rate:
            raise RecordingError(f"{name} computes its learning_rate; set it by a schedule.")
        for _ in range(2):
            before = settings_of(twin)
            try:
                move = twin.update(data, grad, state, step)
            except AttributeError as error:
                if error.name not in _TAKEN:
                    raise
                raise RecordingError(
                    f"{name}.update reads self.{error.name}, which moves while it trains: use what "
                    "it is given, (data, grad, state, step), which are of one parameter."
                ) from None
            new, remembered = check_move(move, twin)
            names = [f"x{i}" for i in range(4 + len(state))]
            texts.append([text_of(x, names) for x in (new, *remembered)])
            if texts[0] != texts[-1] or settings_of(twin) != before:
                raise TypeError("it does something else each time")
        return new, remembered

    return rule


def _twin_of(optimizer: Optimizer) -> Optimizer:
    """Return a copy without what a rule of one number may not read."""
    twin = copy.copy(optimizer)
    for name in _TAKEN:
        delattr(twin, name)
    return twin


def moves_of(optimizer: Optimizer) -> str:
    """Return what a rule makes of some numbers: something else if what it reads has changed.

    Examples
    --------
    >>> from autograd import Value
    >>> from nn import SGD
    >>> moves_of(SGD([Value(1.0)]))
    '[(0.515625, ()), (-2.1875, ()), (0.75, ())]'
    """
    twin, moves = _twin_of(optimizer), list[Any]()
    twin.learning_rate = 0.0625
    for step, (data, grad) in enumerate([(0.5, -0.25), (-2.0, 3.0), (0.75, 0.0)], start=1):
        state = tuple([0.125 * (step + k) for k in range(optimizer.memory)])
        try:
            moves.append(twin.update(data, grad, state, step))
        except Exception as error:
            moves.append(error)
    return repr(moves)


def settings_of(optimizer: Optimizer) -> dict[str, Any]:
    """Return what an optimizer's rule may read, besides the learning rate.

    Examples
    --------
    >>> from autograd import Value
    >>> from nn import Adam
    >>> settings_of(Adam([Value(1.0)]))["betas"]
    (0.9, 0.999)
    """
    return {name: _copied(x) for name, x in vars(optimizer).items() if name not in _RUNNING}


def _copied(x: Any) -> Any:
    """Return a copy, as a list may be changed in place; or itself, where copies are not equal."""
    twin = copy.deepcopy(x)
    return twin if twin == x else x
