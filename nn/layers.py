"""A neuron and a layer of neurons: weighted sums with an activation."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from autograd import Op, Value, as_values, scope, weighted_sum
from nn.activations import Activation, activation_name, find_activation
from nn.checks import check_sample, whole
from nn.initializers import Initializer, find_initializer, generator
from nn.module import Module


class Neuron(Module):
    r"""A weighted sum of its inputs, plus a bias, through an activation.

    Parameters
    ----------
    nin : int
        Number of inputs, at least 1.
    nonlin : bool, optional
        micrograd's switch: False is the same as ``activation="linear"``.
    activation : str or callable, optional
        See `find_activation`.
    init : str or callable, optional
        How the weights are drawn, see `INITIALIZERS`; the bias starts at 0.
    seed : int, random.Random or None, optional
        Source of the weights, see `generator`.
    name : str, optional
        The scope of the nodes that it makes.
    width : int, optional
        How many neurons its layer has, for initializers that ask.

    Attributes
    ----------
    w : list of Value
        The weights, one for each input.
    b : Value
        The bias.

    Notes
    -----
    Lecture: :math:`x_j^l = \sigma(s_j^l)`, :math:`s_j^l = \sum_i w_{ij}^l x_i^{l-1} + b_j^l`.

    Examples
    --------
    >>> neuron = Neuron(2, activation="tanh", seed=1)
    >>> neuron.w[0].data, neuron.w[1].data = 0.5, -1.0
    >>> neuron([1.0, 0.25]).data
    0.244918662403709
    """

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        *,
        activation: str | Activation = "relu",
        init: str | Initializer = "uniform",
        seed: int | random.Random | None = None,
        name: str = "",
        width: int = 1,
    ) -> None:
        if whole(nin, "nin") < 1:
            raise ValueError(f"A neuron needs at least one input; got nin={nin}.")
        rng, draw = generator(seed), find_initializer(init)
        self.name = name
        self.activation = find_activation(activation if nonlin else "linear")
        self.w = [Value(draw(rng, nin, width), f"w{i}") for i in range(1, nin + 1)]
        self.b = Value(0.0, "b")

    def __call__(self, x: Sequence[Any]) -> Value:
        """Return the neuron's output for one sample of inputs.

        Raises
        ------
        ValueError
            If there are more or fewer inputs than weights.
        """
        s = weighted_sum(self.w, x, self.b)
        if self.name:
            s.scope = f"{s.scope}/{self.name}" if s.scope else self.name
        # One node is quicker to name than to make in a scope.
        if isinstance(self.activation, Op) or not self.name:
            out: Value = self.activation(s)
            out.scope = s.scope
        else:
            with scope(self.name):
                out = self.activation(s)
        return out

    def __repr__(self) -> str:
        return f"Neuron({len(self.w)} inputs, {describe_activation(self.activation)})"


class Layer(Module):
    """Neurons side by side on the same inputs.

    Parameters
    ----------
    nin, nout : int
        Number of inputs and of neurons, at least 1 each.
    nonlin, activation, init, seed
        As in `Neuron`; every neuron draws its own weights.
    name : str, optional
        The scope of the nodes that it makes.

    Examples
    --------
    >>> layer = Layer(2, 3, seed=0)
    >>> len(layer([1.0, -1.0]))
    3
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        nonlin: bool = True,
        *,
        activation: str | Activation = "relu",
        init: str | Initializer = "uniform",
        seed: int | random.Random | None = None,
        name: str = "layer",
    ) -> None:
        if whole(nout, "nout") < 1:
            raise ValueError(f"A layer needs at least one neuron; got nout={nout}.")
        rng = generator(seed)
        self.name = name
        self.neurons: list[Neuron] = []
        for j in range(1, nout + 1):
            with scope(self.name), scope(f"neuron {j}"):
                neuron = Neuron(nin, nonlin, activation=activation, init=init, seed=rng, width=nout)
            neuron.name = f"neuron {j}"
            self.neurons.append(neuron)

    def __call__(self, x: Sequence[Any]) -> list[Value]:
        """Return the neurons' outputs for one sample of inputs."""
        try:
            inputs = as_values(x)
        except TypeError:
            check_sample(x, len(self.neurons[0].w))
            raise
        with scope(self.name):
            return [neuron(inputs) for neuron in self.neurons]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(str, self.neurons))}]"


def describe_activation(activation: Activation) -> str:
    """Return a word for the activation: its name, or that of the function.

    Examples
    --------
    >>> describe_activation(find_activation("relu"))
    'relu'
    """
    return activation_name(activation) or getattr(activation, "__name__", repr(activation))
