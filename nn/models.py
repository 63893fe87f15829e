"""Models: from the inputs of one sample to scores, probabilities and decisions.

Every model has ``scores(x)``, the raw numbers before any head, from which the losses are computed,
and names the loss that it is usually trained with.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from autograd import Value, as_values, exp, log_sum_exp, scope, sigmoid, to_float, weighted_sum
from nn.activations import Activation, activation_name, find_activation
from nn.checks import check_sample, whole
from nn.dropout import Dropout, find_dropout
from nn.initializers import Initializer, find_initializer, generator
from nn.layers import Layer, describe_activation
from nn.losses import LOSSES, LOSSES_OF_HEAD, Loss, check_head, find_loss, only
from nn.module import Module


def softmax(scores: Sequence[Any]) -> list[Any]:
    r"""Return probabilities that grow with the scores and sum to 1, without overflow.

    Parameters
    ----------
    scores : sequence of Value or float
        At least one.

    Notes
    -----
    Lecture, "softmax": :math:`x_j = e^{s_j} / \sum_i e^{s_i}`, here as
    :math:`e^{s_j - \ln\sum_i e^{s_i}}`.

    Examples
    --------
    >>> softmax([1.0, 2.0, 3.0])
    [0.0900305731703804, 0.244728471054797, 0.665240955774821]
    """
    log_of_sum = log_sum_exp(scores)
    return [exp(s - log_of_sum) for s in scores]


class Model(Module):
    """Base of the models: what follows from the scores.

    Attributes
    ----------
    nin, nout : int
        Number of inputs and of scores.
    loss : Loss
        The loss that the model is usually trained with; `predict` decides by it.
    head : str
        What the model does with its scores, see `MLP`; a loss must know of it.
    """

    nin: int
    nout: int
    loss: Loss
    head: str = "linear"

    def scores(self, x: Sequence[Any]) -> list[Value]:
        """Return the raw outputs s of one sample, a list also where there is only one."""
        raise TypeError(f"{type(self).__name__} does not say how it scores {x}.")

    def settings(self) -> dict[str, Any]:
        """Return the arguments that make a model of this shape, as plain data."""
        raise TypeError(f"{type(self).__name__} does not say how it is made.")

    def _check_width(self, x: Sequence[Any]) -> None:
        check_sample(x, self.nin)

    def score_numbers(self, x: Sequence[Any]) -> list[float]:
        """Return the scores of one sample as plain numbers."""
        return [s.data for s in self.scores(x)]

    def predict(self, x: Sequence[Any]) -> Any:
        """Return what the model decides for one sample: a label, or the output itself.

        Returns
        -------
        int, float or list of float
            A label as `loss` has them (-1 or +1, 0 or 1, or a class), else the output.
        """
        numbers = self.score_numbers(x)
        if self.loss.decide:
            return self.loss.decide(numbers)
        return numbers[0] if len(numbers) == 1 else numbers

    def predict_proba(self, x: Sequence[Any]) -> list[float]:
        """Return one probability for each class: two for a single score (not the class, the class).

        Raises
        ------
        ValueError
            If the model's loss gives its scores no meaning as probabilities.
        """
        numbers = self.score_numbers(x)
        if self.loss.name == "cross_entropy":
            return [float(p) for p in softmax(numbers)]
        if self.loss.name in ("logistic", "binary_cross_entropy"):
            s = only(numbers, self.loss.name)
            return [sigmoid(-s), sigmoid(s)]
        raise ValueError(
            f"A model trained with {self.loss.name} gives scores, not probabilities. Use the loss "
            "logistic, binary_cross_entropy or cross_entropy."
        )


HEADS = ("linear", "sigmoid", "softmax")
_Dropout = Dropout | float | dict[str, Any] | None


class MLP(Model):
    r"""A multi-layer perceptron: layers of neurons, each on the outputs of the one before.

    Parameters
    ----------
    nin : int
        Number of inputs.
    nouts : sequence of int
        Neurons of each layer, the last one being the output; at least one layer.
    activation : str, callable or list of them, optional
        Of the hidden layers: one for all, or one for each. The output layer is linear.
    head : {"linear", "sigmoid", "softmax"}, optional
        What ``model(x)`` does with the output layer's scores: nothing, each through the sigmoid,
        or all to probabilities that sum to 1.
    init : str or callable, optional
        See `INITIALIZERS`; by default ``he`` before ReLU-like activations and ``glorot`` elsewhere.
    seed : int, random.Random or None, optional
        Source of the weights, see `generator`.
    loss : str, Loss or callable, optional
        See `find_loss`; by default mse, binary_cross_entropy or cross_entropy, after the head.
    dropout : float, Dropout or list of them, optional
        What is out of the hidden layers in training: one for all, or one for each. A float is a
        probability, `Dropout(out=2)` exactly two neurons.

    Examples
    --------
    >>> model = MLP(2, [16, 16, 1], seed=0)
    >>> model
    MLP(2 inputs, 16 relu, 16 relu, 1 linear; 337 parameters)
    >>> model([1.0, -2.0]).op
    <operation weighted_sum>
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        *,
        activation: str | Activation | Sequence[str | Activation] = "relu",
        head: str = "linear",
        init: str | Initializer | None = None,
        seed: int | random.Random | None = None,
        loss: str | Loss | Callable[[Any, Any], Any] | None = None,
        dropout: _Dropout | Sequence[_Dropout] = None,
    ) -> None:
        if not isinstance(nin, int) or isinstance(nouts, str) or not hasattr(nouts, "__len__"):
            raise TypeError(
                f"MLP takes a number of inputs and a list of layer sizes, as MLP(2, [16, 1]); got "
                f"nin={nin!r:.60}, nouts={nouts!r:.60}."
            )
        nouts = [whole(nout, f"nouts[{i}]") for i, nout in enumerate(nouts)]
        if not nouts:
            raise ValueError("An MLP needs at least one layer, its output; got nouts=[].")
        if head not in HEADS:
            raise ValueError(f"head must be one of {', '.join(HEADS)}; got {head!r:.60}.")
        if head == "softmax" and nouts[-1] < 2:
            raise ValueError("A softmax over one output is always 1; use head='sigmoid'.")
        if isinstance(activation, str) or callable(activation):
            find_activation(activation)  # refuses it also where no hidden layer would ask
            activation = [activation] * (len(nouts) - 1)
        if not isinstance(activation, list | tuple):
            raise TypeError(
                "activation must be a name such as 'tanh', a function, or a list of them; got "
                f"{activation!r:.60}."
            )
        hidden = list(activation)
        if len(hidden) != len(nouts) - 1:
            raise ValueError(
                f"{len(hidden)} activations for {len(nouts) - 1} hidden layers; give one for each, "
                "or one for all."
            )
        if isinstance(dropout, str) or not isinstance(dropout, Sequence):
            find_dropout(dropout)
            dropout = [dropout] * len(hidden)
        self.dropout = [*map(find_dropout, dropout)]
        if len(self.dropout) != len(hidden):
            raise ValueError(
                f"{len(self.dropout)} dropouts for {len(hidden)} hidden layers; give one for each, "
                "or one for all."
            )
        for drop, width in zip(self.dropout, nouts):  # noqa: B905 (the output has none)
            if drop:
                drop.check_width(width)
        rng = generator(seed)
        self.nin, self.nout, self.head, self.init = nin, nouts[-1], head, init
        self.loss = find_loss(loss or LOSSES_OF_HEAD[head][0])
        check_head(self.loss, head)
        self.layers: list[Layer] = []
        sizes = [nin, *nouts]
        for i, act in enumerate([*hidden, "linear"]):
            name = "output" if i == len(nouts) - 1 else f"hidden {i + 1}"
            is_rectifier = activation_name(find_activation(act)) in _RECTIFIERS
            draw = init or ("he" if is_rectifier else "glorot")
            layer = Layer(sizes[i], sizes[i + 1], activation=act, init=draw, seed=rng, name=name)
            self.layers.append(layer)

    def scores(self, x: Sequence[Any]) -> list[Value]:
        """Return the output layer's s for one sample, before the head.

        Raises
        ------
        ValueError
            If the sample has the wrong number of inputs.
        """
        self._check_width(x)
        outputs: Sequence[Any] = x
        for layer, dropout in zip(self.layers, [*self.dropout, None], strict=True):
            outputs = layer(outputs)
            if dropout:
                outputs = dropout(outputs)
        return list(outputs)

    def __call__(self, x: Sequence[Any]) -> Any:
        """Return the output for one sample: a Value, or a list of them if there are several."""
        outputs = self.scores(x)
        with scope("head"):
            if self.head == "softmax":
                outputs = softmax(outputs)
            elif self.head == "sigmoid":
                outputs = [sigmoid(s) for s in outputs]
        return outputs[0] if len(outputs) == 1 else outputs

    def settings(self) -> dict[str, Any]:
        """Return the arguments that make an MLP of this shape, as plain data."""
        activations = [layer.neurons[0].activation for layer in self.layers[:-1]]
        names = [activation_name(a) for a in activations]
        if "" in names:
            function = describe_activation(activations[names.index("")])
            raise ValueError(
                f"The activation {function} of layer {names.index('') + 1} has no name to save. "
                "Make it an operation with define() first."
            )
        settings = {
            "nin": self.nin,
            "nouts": [len(layer.neurons) for layer in self.layers],
            "activation": names,
            "head": self.head,
            "loss": _name_of_loss(self.loss),
        }
        if any(self.dropout):
            settings["dropout"] = [drop and drop.settings() for drop in self.dropout]
        return settings

    def __repr__(self) -> str:
        sizes = [
            f"{len(layer.neurons)} {describe_activation(layer.neurons[0].activation)}"
            for layer in self.layers
        ]
        if self.head != "linear":
            sizes[-1] = f"{self.nout} {self.head}"
        return f"MLP({self.nin} inputs, {', '.join(sizes)}; {len(self.parameters())} parameters)"


class SoftmaxRegression(MLP):
    r"""One linear layer with a softmax: logistic regression for K classes 0 to K - 1.

    Parameters
    ----------
    nin : int
        Number of inputs.
    nout : int
        K, the number of classes, at least 2.
    init, seed
        As in `MLP`; the loss has one valley, so zeros are as good a start as any.

    Notes
    -----
    Lecture, "softmax": :math:`x_j = e^{s_j} / \sum_i e^{s_i}` with :math:`s = W x + b`. With two
    classes it says what `LogisticRegression` says with the difference of the two weight vectors.

    Examples
    --------
    >>> model = SoftmaxRegression(2, 3)
    >>> model
    SoftmaxRegression(2 inputs, 3 classes)
    >>> model.predict_proba([1.0, 5.0])
    [0.333333333333333, 0.333333333333333, 0.333333333333333]
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        *,
        init: str | Initializer = "zeros",
        seed: int | random.Random | None = None,
    ) -> None:
        super().__init__(nin, [nout], head="softmax", init=init, seed=seed)

    def settings(self) -> dict[str, Any]:
        """Return the arguments that make a model of this shape, as plain data."""
        _name_of_loss(self.loss)  # refuses one that has no name
        return {"nin": self.nin, "nout": self.nout}

    def __repr__(self) -> str:
        return f"SoftmaxRegression({self.nin} inputs, {self.nout} classes)"


_RECTIFIERS = ("relu", "leaky_relu", "softplus")


def _name_of_loss(loss: Loss) -> str:
    if LOSSES.get(loss.name) != loss:  # not `is`: a copied or unpickled model has a copy
        raise ValueError(
            f"The loss {loss.name!r} is your own; set model.loss to a named one to save."
        )
    return loss.name


class SingleNeuron(Model):
    """Base of the models with one weighted sum: weights ``w`` and a bias ``b``."""

    usual_loss: ClassVar[str]
    nout = 1
    _scope = "output/neuron 1"  # as in an MLP, for pictures

    def __init__(
        self,
        nin: int,
        *,
        init: str | Initializer = "zeros",
        seed: int | random.Random | None = None,
    ) -> None:
        if whole(nin, "nin") < 1:
            raise ValueError(f"{type(self).__name__} needs at least one input; got nin={nin}.")
        rng, draw = generator(seed), find_initializer(init)
        self.nin = nin
        self.loss = find_loss(self.usual_loss)
        self.w = [Value(draw(rng, nin, 1), f"w{i}") for i in range(1, nin + 1)]
        self.b = Value(0.0, "b")

    def scores(self, x: Sequence[Any]) -> list[Value]:
        """Return the weighted sum of one sample, in a list.

        Raises
        ------
        ValueError
            If the sample has the wrong number of inputs.
        """
        self._check_width(x)
        s = weighted_sum(self.w, as_values(x), self.b)
        s.scope = f"{s.scope}/{self._scope}" if s.scope else self._scope
        return [s]

    def score_numbers(self, x: Sequence[Any]) -> list[float]:
        """Return the weighted sum of one sample as a plain number, without a graph."""
        self._check_width(x)
        return [weighted_sum([w.data for w in self.w], list(map(to_float, x)), self.b.data)]

    def settings(self) -> dict[str, Any]:
        """Return the arguments that make a model of this shape, as plain data."""
        if self.loss != find_loss(self.usual_loss):
            raise ValueError(
                f"The loss of a {type(self).__name__} in a file is {self.usual_loss}, but "
                f"model.loss is {self.loss.name}, by which it would decide otherwise."
            )
        return {"nin": self.nin}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.nin} inputs)"


class LogisticRegression(SingleNeuron):
    r"""One neuron with a sigmoid, for labels -1 and +1, trained on the likelihood.

    Parameters
    ----------
    nin : int
        Number of inputs.
    init, seed
        As in `Neuron`; the loss has one valley, so zeros are as good a start as any.

    Notes
    -----
    Lecture, "logistic regression": :math:`P(y \mid x) = σ(y\, w^\top x)`, and the bias that the
    lecture leaves out.

    Examples
    --------
    >>> model = LogisticRegression(1)
    >>> model.w[0].data, model.b.data = 2.0, -1.0
    >>> model([1.0]).data
    0.731058578630005
    >>> model.predict([0.0])
    -1
    """

    usual_loss, head = "logistic", "sigmoid"

    def __call__(self, x: Sequence[Any]) -> Value:
        """Return the probability that the label of one sample is +1."""
        probability: Value = sigmoid(self.scores(x)[0])
        return probability


class LinearRegression(SingleNeuron):
    """One neuron without activation, trained on the squared error.

    Parameters
    ----------
    nin : int
        Number of inputs.
    init, seed
        As in `Neuron`.

    Examples
    --------
    >>> model = LinearRegression(2)
    >>> model.w[0].data, model.w[1].data, model.b.data = 1.0, -1.0, 0.5
    >>> model([3.0, 1.0]).data
    2.5
    """

    usual_loss = "mse"

    def __call__(self, x: Sequence[Any]) -> Value:
        """Return the output for one sample."""
        return self.scores(x)[0]
