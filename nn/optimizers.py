r"""How parameters move along their gradients.

An optimizer keeps its own state; parameters hold data and gradient only. Each update rule is
written once, with + - * / and powers only, so that it serves numbers and arrays alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import inf, isfinite, isnan
from typing import Any

from autograd import Value
from nn.checks import check_setting, count, real

State = tuple[Any, ...]


class Optimizer:
    """Base of the optimizers: holds parameters, learning rate and state.

    Parameters
    ----------
    parameters : sequence of Value
        What `step` moves.
    learning_rate : float
        η, above 0; may be changed between steps.

    Attributes
    ----------
    steps : int
        How many steps were made.
    state : list of tuple
        For each parameter what the rule remembers.
    """

    memory: int = 0  # numbers remembered for each parameter, 0.0 at the start

    def __init__(self, parameters: Sequence[Value], learning_rate: float) -> None:
        if hasattr(parameters, "parameters"):
            raise TypeError(
                f"{type(self).__name__} moves the parameters of a model: give "
                f"model.parameters(), not the model; got {parameters!r:.60}."
            )
        if not hasattr(parameters, "__iter__"):
            raise TypeError(f"parameters must be a list of Values; got {parameters!r:.60}.")
        parameters = list(parameters)
        for i, parameter in enumerate(parameters):
            if not isinstance(parameter, Value):
                raise TypeError(
                    f"parameters[{i}] is {parameter!r:.60}; an optimizer moves Values, as "
                    "model.parameters() gives."
                )
            if parameter.op:
                raise ValueError(
                    f"parameters[{i}] is {parameter!r:.60}, computed by {parameter.op.name}, and "
                    "would be computed anew; an optimizer moves what was made by Value(...), as "
                    "model.parameters() gives."
                )
        self.parameters = parameters
        if not self.parameters:
            raise ValueError("An optimizer needs at least one parameter; got none.")
        positive = "above 0 and finite"
        check_setting(learning_rate, "learning_rate", lambda rate: 0 < rate < inf, positive)
        self.learning_rate = learning_rate
        self.steps = 0
        self.state: list[State] = [(0.0,) * self.memory for _ in self.parameters]

    def update(self, data: Any, grad: Any, state: State, step: int) -> tuple[Any, State]:
        """Return the new data and state of one parameter.

        A compiled training calls it with recorded numbers: there it may use arithmetic and the
        functions of autograd, as ``where(step(x), a, b)``, but no ``if``, `math` or `numpy`, and of
        the optimizer neither `steps`, `state` nor `parameters`.

        Parameters
        ----------
        data, grad : float
        state : tuple
            `memory` entries like `data`.
        step : int
            Counts from 1.
        """
        raise TypeError(f"{type(self).__name__} has no update rule for {data, grad, state, step}.")

    def step(self) -> None:
        """Move every parameter once.

        Raises
        ------
        FloatingPointError
            If a gradient is inf or nan, or a step would lead there; then nothing has moved.
        """
        check_state(self)
        update, step = self.update, self.steps + 1
        pairs = zip(self.parameters, self.state, strict=True)
        try:
            moves = [update(p.data, p.grad, state, step) for p, state in pairs]
        except TypeError:
            for i, p in enumerate(self.parameters):
                real(p.grad, f"The grad of parameter {i} ({p!r})")
            raise
        try:
            self._refuse_unless_finite(moves)
        except (TypeError, ValueError):
            for move in moves:
                check_move(move, self)
            raise
        self.steps = step
        self.state = [state for _, state in moves]
        for p, (data, _) in zip(self.parameters, moves, strict=True):
            p.data = data

    def _refuse_unless_finite(self, moves: Sequence[tuple[float, State]]) -> None:
        if isfinite(sum([data for data, _ in moves]) + sum([sum(state) for _, state in moves])):
            return  # a sum with inf or nan in it is not finite
        for i, (p, (data, state)) in enumerate(zip(self.parameters, moves, strict=True)):
            if not all(map(isfinite, (data, *state))):
                what = "no number" if isnan(p.grad) else "too large for a step"
                advice = "Try a smaller learning rate, or scale the inputs."
                if not self.steps and not isfinite(p.grad):
                    advice = (
                        "Nothing has moved yet, so that no smaller learning rate will help: "
                        "diagnose(loss) says where it comes from."
                    )
                raise FloatingPointError(
                    f"The gradient of parameter {i} ({p!r}) is {p.grad}, {what}; no parameter was "
                    f"moved. {advice}"
                )

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for parameter in self.parameters:
            parameter.grad = 0.0


def check_state(optimizer: Optimizer) -> None:
    """Raise ValueError unless an optimizer remembers something for each of its parameters.

    Examples
    --------
    >>> optimizer = SGD([Value(1.0), Value(2.0)])
    >>> del optimizer.parameters[1]
    >>> check_state(optimizer)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: The optimizer has 1 parameter, but its state is that of 2. Make a new one, ...
    """
    n, remembered = len(optimizer.parameters), len(optimizer.state)
    if n != remembered:
        raise ValueError(
            f"The optimizer has {count(n, 'parameter')}, but its state is that of {remembered}. "
            "Make a new one, or change its list state as its list parameters."
        )


def check_move(move: Any, optimizer: Optimizer) -> tuple[Any, State]:
    """Return what an optimizer's `update` gave.

    Raises
    ------
    TypeError
        If it is no pair of a number and a tuple.

    Examples
    --------
    >>> check_move(0.5, SGD([Value(1.0)]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    TypeError: SGD.update gave float; it gives a pair, the new number and a tuple of what is ...
    """
    pair = isinstance(move, tuple | list) and len(move) == 2
    if not pair or not isinstance(move[1], tuple | list) or isinstance(move[0], str):
        kind = type(move).__name__
        if isinstance(move, tuple | list):
            kind = f"({', '.join([type(part).__name__ for part in move])})"
        raise TypeError(
            f"{type(optimizer).__name__}.update gave {kind}; it gives a pair, the new number and a "
            "tuple of what is remembered: return data - self.learning_rate * grad, ()."
        )
    return move[0], tuple(move[1])


class SGD(Optimizer):
    r"""Gradient descent, with momentum and weight decay if wanted.

    Parameters
    ----------
    parameters : sequence of Value
    learning_rate : float
        η.
    momentum : float, optional
        μ in [0, 1).
    weight_decay : float, optional
        At least 0; the same as an L2 term of that strength (λ/N of the lecture).

    Notes
    -----
    Lecture, "gradient descent": :math:`w \leftarrow w - η \, ∂L/∂w`; with momentum
    :math:`v \leftarrow μ v + g,\ w \leftarrow w - η v` (Polyak 1964, in PyTorch's form).

    Examples
    --------
    >>> w = Value(1.0)
    >>> optimizer = SGD([w], learning_rate=0.1)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> w.data
    0.8
    """

    def __init__(
        self,
        parameters: Sequence[Value],
        learning_rate: float = 0.1,
        *,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        self.memory = 1 if momentum else 0
        super().__init__(parameters, learning_rate)
        check_setting(momentum, "momentum", lambda share: 0 <= share < 1, "in [0, 1)")
        check_setting(weight_decay, "weight_decay", lambda decay: decay >= 0, "at least 0")
        self.momentum, self.weight_decay = momentum, weight_decay

    def update(self, data: Any, grad: Any, state: State, step: int) -> tuple[Any, State]:
        """Return the new data and state of one parameter."""
        if self.weight_decay:
            grad = grad + self.weight_decay * data
        if not self.momentum:
            return data - self.learning_rate * grad, ()
        velocity = self.momentum * state[0] + grad
        return data - self.learning_rate * velocity, (velocity,)


class Adam(Optimizer):
    r"""Steps scaled by running means of the gradient and of its square.

    Parameters
    ----------
    parameters : sequence of Value
    learning_rate : float
        η, about the size of a step.
    betas : tuple of float, optional
        Decay of the two means, each in [0, 1).
    epsilon : float, optional
        Added to the root, above 0.
    weight_decay : float, optional
        Added to the gradient as an L2 term is; for the decoupled form use `AdamW`.

    Notes
    -----
    Kingma and Ba 2015, algorithm 1, with bias correction: the first step has size η.

    Examples
    --------
    >>> w = Value(1.0)
    >>> optimizer = Adam([w], learning_rate=0.01)
    >>> (100 * w).backward()
    >>> optimizer.step()
    >>> w.data
    0.99
    """

    memory = 2

    def __init__(
        self,
        parameters: Sequence[Value],
        learning_rate: float = 0.01,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, learning_rate)
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise TypeError(f"betas must be two numbers, as (0.9, 0.999); got {betas!r:.60}.")
        for i, beta in enumerate(betas):
            check_setting(beta, f"betas[{i}]", lambda share: 0 <= share < 1, "in [0, 1)")
        check_setting(epsilon, "epsilon", lambda small: small > 0, "above 0")
        check_setting(weight_decay, "weight_decay", lambda decay: decay >= 0, "at least 0")
        self.betas, self.epsilon, self.weight_decay = betas, epsilon, weight_decay

    def update(self, data: Any, grad: Any, state: State, step: int) -> tuple[Any, State]:
        """Return the new data and state of one parameter."""
        return self._moved(data, grad + self.weight_decay * data, state, step)

    def _moved(self, data: Any, grad: Any, state: State, step: int) -> tuple[Any, State]:
        (beta1, beta2), (mean, square) = self.betas, state
        mean = beta1 * mean + (1 - beta1) * grad
        square = beta2 * square + (1 - beta2) * (grad * grad)
        unbiased_mean = mean / (1 - beta1**step)
        root = (square / (1 - beta2**step)) ** 0.5
        return data - self.learning_rate * unbiased_mean / (root + self.epsilon), (mean, square)


class AdamW(Adam):
    r"""Adam, with weight decay apart from the gradient.

    Parameters
    ----------
    parameters, learning_rate, betas, epsilon
        As in `Adam`.
    weight_decay : float, optional
        At least 0. Each step first multiplies the data by ``1 - learning_rate * weight_decay``.

    Notes
    -----
    Loshchilov and Hutter 2019.

    Examples
    --------
    >>> w = Value(1.0)
    >>> optimizer = AdamW([w], learning_rate=0.01, weight_decay=0.5)
    >>> optimizer.step()
    >>> w.data
    0.995
    """

    def __init__(
        self,
        parameters: Sequence[Value],
        learning_rate: float = 0.01,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(
            parameters, learning_rate, betas=betas, epsilon=epsilon, weight_decay=weight_decay
        )

    def update(self, data: Any, grad: Any, state: State, step: int) -> tuple[Any, State]:
        """Return the new data and state of one parameter."""
        return self._moved(data * (1 - self.learning_rate * self.weight_decay), grad, state, step)


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "sgd": SGD,
    "momentum": partial(SGD, momentum=0.9),
    "adam": Adam,
    "adamw": AdamW,
}


def find_optimizer(name: str | Callable[..., Optimizer]) -> Callable[..., Optimizer]:
    """Return what makes the optimizer of that name from (parameters, learning_rate).

    A class or function is given back as it is.

    Raises
    ------
    ValueError
        If no optimizer has that name.

    Examples
    --------
    >>> find_optimizer("momentum")([Value(0.0)], 0.1).momentum
    0.9
    """
    if callable(name):
        return name
    if not isinstance(name, str) or name not in OPTIMIZERS:
        raise ValueError(f"No optimizer is named {name!r}; choose one of {', '.join(OPTIMIZERS)}.")
    return OPTIMIZERS[name]
