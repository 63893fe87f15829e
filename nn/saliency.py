"""Which inputs a network listens to: by its weights, by its gradients, and by trying."""

from __future__ import annotations

from collections.abc import Sequence

from autograd import Value
from nn.checks import check_rows, whole
from nn.models import MLP, Model


def path_weights(model: MLP, output: int = 0) -> list[float]:
    r"""Return for each input the weights on the ways from it to an output, multiplied and added.

    It looks at the weights only: no sample, no activation. Where one input stands out, the network
    has put its trust in it; drawn as an image (`nn.figures.images`) it is what an output looks for.

    Parameters
    ----------
    model : MLP
        With any number of layers.
    output : int, optional
        Which score, from 0.

    Returns
    -------
    list of float
        `model.nin` numbers.

    Raises
    ------
    TypeError
        If the model has no layers.
    ValueError
        If there is no such output.

    Notes
    -----
    Lecture, "example of over-fitting": large weights on the path from one pixel. With the layers'
    matrices of weights it is a row of :math:`W^L \cdots W^2 W^1`, which is the gradient of the
    score where every activation has slope 1.

    Examples
    --------
    >>> model = MLP(2, [2, 1])
    >>> for neuron, numbers in zip(model.layers[0].neurons, ([1.0, 2.0], [0.0, 3.0])):
    ...     for w, number in zip(neuron.w, numbers):
    ...         w.data = number
    >>> model.layers[1].neurons[0].w[0].data, model.layers[1].neurons[0].w[1].data = 1.0, -1.0
    >>> path_weights(model)
    [1.0, -1.0]
    """
    if not isinstance(model, MLP):
        raise TypeError(f"Paths lead through the layers of an MLP; got {model!r:.60}.")
    _check_place(output, model.nout, "output")
    on_the_way = [float(j == output) for j in range(model.nout)]
    for layer in reversed(model.layers):
        columns = zip(*([w.data for w in neuron.w] for neuron in layer.neurons), strict=True)
        on_the_way = [
            sum(w * behind for w, behind in zip(column, on_the_way, strict=True))
            for column in columns
        ]
    return on_the_way


def saliency(model: Model, inputs: Sequence[Sequence[float]], output: int = 0) -> list[float]:
    r"""Return for each input how much a score changes with it, on average over samples.

    Parameters
    ----------
    model : Model
        It stays as it is; also its gradients do.
    inputs : sequence of sequence of float
        N samples of `model.nin` numbers, at least one.
    output : int, optional
        Which score, from 0.

    Returns
    -------
    list of float
        `model.nin` numbers, at least 0.

    Raises
    ------
    ValueError
        If there is no sample or no such output, or a sample does not fit.

    Notes
    -----
    The mean of :math:`|∂s/∂x_i|`, by back-propagation to the inputs (Simonyan, Vedaldi and
    Zisserman 2013).

    Examples
    --------
    >>> from nn import LogisticRegression
    >>> model = LogisticRegression(2)
    >>> model.w[0].data, model.w[1].data = 3.0, -0.5
    >>> saliency(model, [[1.0, 1.0], [0.0, 2.0]])
    [3.0, 0.5]
    """
    _check_inputs(model, inputs)
    _check_place(output, model.nout, "output")
    before = [parameter.grad for parameter in model.parameters()]
    sums = [0.0] * model.nin
    for x in inputs:
        leaves = [Value(number) for number in x]
        model.scores(leaves)[output].backward()
        sums = [total + abs(leaf.grad) for total, leaf in zip(sums, leaves, strict=True)]
    for parameter, grad in zip(model.parameters(), before, strict=True):
        parameter.grad = grad
    return [total / len(inputs) for total in sums]


def flip_rate(model: Model, inputs: Sequence[Sequence[float]], feature: int) -> float:
    """Return the share of samples for which the model decides otherwise if one input is flipped.

    Parameters
    ----------
    model : Model
        One that decides between classes.
    inputs : sequence of sequence of float
        N samples, at least one, of numbers around 0: flipped is with the other sign.
    feature : int
        Which input, from 0.

    Raises
    ------
    ValueError
        If the model gives numbers, not classes; if there is no sample or no such input; or if a
        sample does not fit.

    Examples
    --------
    >>> from nn import LogisticRegression
    >>> model = LogisticRegression(2)
    >>> model.w[0].data, model.w[1].data = 3.0, -0.5
    >>> flip_rate(model, [[1.0, 1.0], [0.1, 2.0]], 0), flip_rate(model, [[1.0, 1.0]], 1)
    (0.5, 0.0)
    """
    _check_inputs(model, inputs)
    _check_place(feature, model.nin, "input")
    if not model.loss.decide:
        raise ValueError(f"With the loss {model.loss.name} a model gives numbers, not classes.")
    changed = 0
    for x in inputs:
        flipped = [-number if i == feature else number for i, number in enumerate(x)]
        changed += model.predict(x) != model.predict(flipped)
    return changed / len(inputs)


def _check_inputs(model: Model, inputs: Sequence[Sequence[float]]) -> None:
    check_rows(inputs, model.nin, f"the model takes {model.nin}")
    if not len(inputs):
        raise ValueError("Give at least one sample to look at.")


def _check_place(place: int, n: int, what: str) -> None:
    if not 0 <= whole(place, "place") < n:
        raise ValueError(f"{what} is {place}, but this model has the {what}s 0 to {n - 1}.")
