"""A model as a picture: its layers with what one sample makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd import Network, network_of
from nn.models import Model


def network(
    model: Model,
    x: Sequence[Any] | None = None,
    target: Any = None,
    *,
    image_shape: tuple[int, int] | None = None,
    names: Sequence[str] = (),
) -> Network:
    """Return the network of a model for one sample; the model stays as it is.

    Parameters
    ----------
    model : Model
        Such as an MLP.
    x : sequence of float, optional
        `model.nin` numbers; by default all 0.
    target : int, float or sequence of float, optional
        As the model's loss takes it; with it the picture has gradients.
    image_shape, names
        As in `network_of`.

    Raises
    ------
    TypeError
        If `model` is none.
    ValueError
        If the sample or the target does not fit the model.

    Examples
    --------
    >>> import nn
    >>> view = network(nn.MLP(2, [3, 1], seed=1), [0.5, -1.0], 1.0)
    >>> [len(layer) for layer in view.layers], view.root
    ([2, 3, 1], 'loss = 3.278')
    """
    if not isinstance(model, Model):
        raise TypeError(f"network() shows a model such as an MLP; got {model!r:.60}.")
    scores = model.scores([0.0] * model.nin if x is None else x)
    if target is None:
        root = scores[0] if len(scores) == 1 else sum(scores[1:], scores[0])
        return network_of(root, image_shape=image_shape, names=names)
    loss = model.loss(scores, target)
    loss.label = loss.label or "loss"
    before = [parameter.grad for parameter in model.parameters()]
    model.zero_grad()
    try:
        loss.backward()
        return network_of(loss, image_shape=image_shape, names=names)
    finally:
        for parameter, grad in zip(model.parameters(), before, strict=True):
            parameter.grad = grad
