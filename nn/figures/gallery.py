"""All figures of the lecture on one page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from autograd import look, player
from nn.axes import Chart
from nn.figures.curves import activations, losses, sigmoid_curve, softmax_bars
from nn.figures.networks import backprop, layers, mlp
from nn.figures.neurons import experiment, perceptron
from nn.figures.paths import descent
from nn.figures.pixels import cat_pixel
from nn.figures.training import early_stopping


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the lecture and our version of it.

    Attributes
    ----------
    number : str
        As the lecture calls it, such as 06-01; empty for one that it has only in words.
    draw : callable
        Computes and draws it, without arguments.
    title, russian : str
        What it is about, in English and in the lecture's words.
    look_for : str
        What there is to see.
    """

    number: str
    draw: Callable[[], Chart]
    title: str
    russian: str
    look_for: str

    @property
    def name(self) -> str:
        """A name of its own: the number, or where there is none, that of the function."""
        return self.number or self.draw.__name__


FIGURES = (
    Figure(
        "06-01",
        experiment,
        "The law of all or nothing",
        "закон «все или ничего»",
        "A weak pulse is answered weakly, a strong one with spikes that are all of one size.",
    ),
    Figure(
        "06-02",
        perceptron,
        "The perceptron",
        "однослойный перцептрон",
        "Every mistake turns the line, until all samples lie on their side of it.",
    ),
    Figure(
        "06-03",
        mlp,
        "The multi-layer perceptron",
        "многослойный перцептрон",
        "Every neuron of a layer hears all of the layer before; a line is a weight.",
    ),
    Figure(
        "06-04",
        sigmoid_curve,
        "The logistic function",
        "логистическая функция (сигмоид)",
        "Between 0 and 1, steepest in the middle; its mirror image is what is missing to 1.",
    ),
    Figure(
        "",
        losses,
        "What a loss should be like",
        "функция потерь",
        "The error itself is flat almost everywhere; the losses fall with it, and slope.",
    ),
    Figure(
        "06-05",
        descent,
        "Gradient descent",
        "градиентный спуск",
        "Too small a learning rate does not arrive, a good one does, too large a one runs away.",
    ),
    Figure(
        "06-06",
        backprop,
        "Back-propagation",
        "обратное распространение",
        "s and x go forward; δ comes back along the same weights.",
    ),
    Figure(
        "06-07",
        layers,
        "Layers and indices",
        "слои и веса",
        "The first index of a weight is where it comes from, the second where it leads.",
    ),
    Figure(
        "06-08",
        activations,
        "Activation functions",
        "функции активации",
        "Where the dashed curve is near 0, nothing is learned.",
    ),
    Figure(
        "06-09",
        softmax_bars,
        "Softmax and cross-entropy",
        "softmax и cross-entropy",
        "Scores become probabilities; what goes back is the probability minus the target.",
    ),
    Figure(
        "image-17",
        early_stopping,
        "Early stopping",
        "ранняя остановка",
        "The training loss goes on falling when the validation loss has long begun to rise.",
    ),
    Figure(
        "",
        cat_pixel,
        "One pixel tells",
        "пример переобучения",
        "A large weight on the path of one pixel fits the wrong labels; each cure keeps it small.",
    ),
)
"""In the lecture's order; two without a number are ours, the lecture has them in words."""


def gallery_page() -> str:
    """Return a whole HTML page with all figures, which opens from disk and needs nothing else.

    Examples
    --------
    >>> gallery_page().count("<h2>") == len(FIGURES)
    True
    """
    parts = [
        "<h1>The lecture in figures</h1>"
        "<p>Ten figures of the lecture, under its numbers, and two that it has in words. All "
        "is computed when the page is made: no number was drawn by hand.</p>"
    ]
    for figure in FIGURES:
        chart = figure.draw()
        number = f"{figure.number}: " if figure.number else ""
        parts.append(
            f"<section><h2>{escape(number + figure.title)}</h2>"
            f'<p><span lang="ru">{escape(figure.russian)}</span>. {escape(figure.look_for)}</p>'
            f"{look.figure(chart.svg, chart.alt, chart.text)}</section>"
        )
    return player.page("\n".join(parts), title="The lecture in figures")
