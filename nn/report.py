"""A page about one training: how it went, where the model fails, and what is inside it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import inf
from typing import Any

from autograd import look, player, show_steps
from nn.backprop_table import backprop_table
from nn.boundary import show_boundary
from nn.charts import show_confusion, show_history
from nn.checks import count
from nn.data import Dataset
from nn.history import History
from nn.models import Model
from nn.network_view import network
from nn.tasks import About
from nn.training import evaluate

_MOST_MISTAKES = 24
_IMAGE_WIDTH = 64  # pixels on the page


def report_page(
    model: Model,
    about: About,
    history: History,
    test: Dataset,
    answers: Sequence[Any],
    *,
    settings: str = "",
) -> str:
    """Return a whole HTML page that opens from disk and needs nothing from outside.

    Parameters
    ----------
    model : Model
        As it is after training.
    about : About
        What is known about it: names, scalers, score.
    history : History
        Its training.
    test : Dataset
        N raw samples that were not learned from.
    answers : sequence
        What the model says of each, as `About.answers` has it.
    settings : str, optional
        How it was made, as text.

    Examples
    --------
    >>> import nn
    >>> data = nn.make_moons(6, seed=1)
    >>> about = About(data.feature_names, data.class_names)
    >>> model = nn.LogisticRegression(2)
    >>> answers = about.answers(model, data.inputs)
    >>> html = report_page(model, about, nn.History(), data, answers)
    >>> html.splitlines()[0], "http://" in html.replace("http://www.w3.org/2000/svg", "")
    ('<!DOCTYPE html>', False)
    """
    mistakes = [
        i for i, pair in enumerate(zip(answers, test.targets, strict=True)) if pair[0] != pair[1]
    ]
    title = f"{about.data or 'a model'}: {type(model).__name__}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        look.words(settings, wrap=False, size=13) if settings else "",
    ]
    if len(history):
        parts.append(_section("Training", _shown(show_history(history))))
    if about.class_names:
        chart = show_confusion([int(t) for t in test.targets], answers, about.class_names)
        parts.append(_section("Decisions on the test samples", _shown(chart)))
        if len(about.feature_names) == 2:
            chart = show_boundary(model, test, scaler=about.scaler)
            parts.append(_section("Where it decides what", _shown(chart)))
        parts.append(_section("Mistakes", _mistakes(about, test, answers, mistakes)))
    return player.page("".join(parts) + _inside(model, about, test), title=title)


def _inside(model: Model, about: About, test: Dataset) -> str:
    """Return the network, and the backprop of the sample that has most to teach."""
    inputs, targets = about.scaled(test.inputs), about.labels(test.targets, model.loss.name)
    losses = [_loss(model, x, target) for x, target in zip(inputs, targets, strict=True)]
    example = max(range(len(losses)), key=losses.__getitem__)
    x, target = inputs[example], targets[example]
    shape = (about.image_shape[0], about.image_shape[1]) if about.image_shape else None
    wanted = test.targets[example]
    name = f"is {about.class_names[int(wanted)]}" if about.class_names else f"target {wanted:g}"
    which = (
        f"<p>The sample in row {example + 1} of the test ({escape(name)}), of all the one with the "
        "greatest loss.</p>"
    )
    try:
        loss = model.loss(model.scores(x), target)
        loss.label = "L"
        views = {
            "The network": network(model, x, target, image_shape=shape, names=about.class_names),
            "Back-propagation, step by step": show_steps(loss),
            "Back-propagation in numbers": backprop_table(model, x, target),
        }
    except ArithmeticError as error:  # the model is worth saving all the same
        return _section("The network", f"{which}<p>No picture: {escape(str(error))}</p>")
    return "".join(_section(title, which + _shown(view)) for title, view in views.items())


def _loss(model: Model, x: Sequence[float], target: Any) -> float:
    """Return the loss of one sample; inf where it cannot be computed."""
    try:
        return evaluate(model, [x], [target])[0]
    except ArithmeticError:
        return inf


def _mistakes(about: About, test: Dataset, answers: Sequence[Any], mistakes: Sequence[int]) -> str:
    """Return the misjudged samples as pictures, or as rows of a table."""
    if not mistakes:
        return f"<p>None in {count(len(test), 'sample')}.</p>"
    names, shown = about.class_names, mistakes[:_MOST_MISTAKES]
    said = [
        f"row {i + 1}: is {names[int(test.targets[i])]}, taken for {names[answers[i]]}"
        for i in shown
    ]
    rest = len(mistakes) - len(shown)
    end = f"<p>… and {rest} more.</p>" if rest else ""
    if test.image_shape:
        highest = max(max(row) for row in test.inputs) or 1.0
        cells = "".join(
            _picture(test.inputs[i], test.image_shape, highest, words)
            for i, words in zip(shown, said, strict=True)
        )
        return f'<div style="display:flex;flex-wrap:wrap;gap:12px">{cells}</div>{end}'
    head = "".join(f"<th>{escape(name)}</th>" for name in ("", *about.feature_names[:8]))
    rows = "".join(
        f"<tr><td>{escape(words)}</td>"
        + "".join(f"<td>{look.number(x)}</td>" for x in test.inputs[i][:8])
        + "</tr>"
        for i, words in zip(shown, said, strict=True)
    )
    return f'<div style="overflow-x:auto"><table><tr>{head}</tr>{rows}</table></div>{end}'


def _picture(pixels: Sequence[float], shape: tuple[int, int], highest: float, words: str) -> str:
    """Return an image, dark where pixels are high, with what it is and was taken for."""
    rows, columns = shape
    shades = [round(255 * (1 - max(0.0, min(1.0, x / highest)))) for x in pixels]
    cells = [
        [f"#{s:02x}{s:02x}{s:02x}" for s in shades[r * columns :][:columns]] for r in range(rows)
    ]
    return (
        f'<figure style="margin:0;width:{2 * _IMAGE_WIDTH}px">'
        f'<img alt="{escape(words)}" width="{_IMAGE_WIDTH}" '
        f'style="image-rendering:pixelated;border:1px solid #888" src="{look.png(cells)}">'
        f'<figcaption style="font-size:13px">{escape(words)}</figcaption></figure>'
    )


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _shown(view: Any) -> str:
    """Return how a view shows itself in HTML."""
    html: str = view._repr_mimebundle_()["text/html"]
    return html
