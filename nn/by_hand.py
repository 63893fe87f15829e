"""Networks whose weights are set by hand: exclusive or, and a famous worked example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd import Value, sigmoid, step, total
from nn.models import MLP


def xor_network() -> MLP:
    """Return threshold neurons that compute exclusive or: what no single one of them can.

    The hidden neurons say "at least one" and "both", the output "the first, but not the second".
    All weights are whole, so that a reader can check every sum. It is no network to train: a step
    has slope 0 everywhere.

    Examples
    --------
    >>> network = xor_network()
    >>> [network([a, b]).data for a, b in ((0, 0), (0, 1), (1, 0), (1, 1))]
    [0.0, 1.0, 1.0, 0.0]
    """
    network = MLP(2, [2, 1], activation=step, init="zeros")
    _set_weights(network, [[1, 1], [1, 1], [1, -2]], [-0.5, -1.5, -0.5])
    network.layers[1].neurons[0].activation = step
    return network


def half_squared_error(outputs: Any, target: Sequence[float]) -> Value:
    r"""Return half the sum of the squared errors of one sample.

    Notes
    -----
    :math:`E = \frac{1}{2} \sum_k (x_k - t_k)^2`, so that :math:`∂E/∂x_k = x_k - t_k` (Rumelhart,
    Hinton and Williams 1986, and Mazur 2015 after them).

    Examples
    --------
    >>> half_squared_error([Value(1.0), Value(3.0)], [0.0, 1.0]).data
    2.5
    """
    squares = [(x - t) ** 2 for x, t in zip(outputs, target, strict=True)]
    half: Value = total(squares) / 2
    return half


def mazur_network() -> MLP:
    """Return the 2-2-2 network of M. Mazur, "A Step by Step Backpropagation Example" (2015).

    Its sample is the inputs 0.05 and 0.10 with the targets 0.01 and 0.99; all neurons have a
    sigmoid, the error is `half_squared_error`, and η is 0.5. The biases are constants, because that
    page leaves them as they are.

    Examples
    --------
    >>> network = mazur_network()
    >>> network.loss(network.scores([0.05, 0.10]), [0.01, 0.99]).data
    0.298371108760003
    """
    network = MLP(2, [2, 2], activation="sigmoid", init="zeros", loss=half_squared_error)
    weights = [[0.15, 0.20], [0.25, 0.30], [0.40, 0.45], [0.50, 0.55]]
    _set_weights(network, weights, [0.35, 0.35, 0.60, 0.60])
    neurons = [neuron for layer in network.layers for neuron in layer.neurons]
    for neuron in neurons:
        neuron.b = Value(neuron.b.data, "b", constant=True)
    for neuron in network.layers[1].neurons:
        neuron.activation = sigmoid
    return network


def _set_weights(network: MLP, weights: Sequence[Sequence[float]], biases: Sequence[float]) -> None:
    neurons = [neuron for layer in network.layers for neuron in layer.neurons]
    for neuron, numbers, bias in zip(neurons, weights, biases, strict=True):
        for w, number in zip(neuron.w, numbers, strict=True):
            w.data = float(number)
        neuron.b.data = bias
