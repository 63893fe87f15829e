"""The lecture's figures, drawn anew from computed numbers.

>>> from nn import figures
>>> figures.descent().save("runs/descent.svg")                            # doctest: +SKIP
>>> [figure.number for figure in figures.FIGURES if figure.number][:3]
['06-01', '06-02', '06-03']

Each function returns a `Chart`: a notebook draws it, `print` writes it, `save` keeps it.
`gallery_page` has them all on one page, and ``python -m nn figures`` writes it.
"""

from nn.figures.curves import (
    MARGIN_LOSSES,
    activations,
    likelihood_bars,
    losses,
    sigmoid_curve,
    softmax_bars,
)
from nn.figures.gallery import FIGURES, Figure, gallery_page
from nn.figures.networks import backprop, layers, mlp
from nn.figures.neurons import experiment, perceptron
from nn.figures.paths import descent, show_descent
from nn.figures.pixels import cat_pixel, images
from nn.figures.training import early_stopping

__all__ = [
    "FIGURES",
    "Figure",
    "MARGIN_LOSSES",
    "activations",
    "backprop",
    "cat_pixel",
    "descent",
    "early_stopping",
    "experiment",
    "gallery_page",
    "images",
    "layers",
    "likelihood_bars",
    "losses",
    "mlp",
    "perceptron",
    "show_descent",
    "sigmoid_curve",
    "softmax_bars",
]
