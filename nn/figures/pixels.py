"""Figures of images: samples in grey, weights in colour, and the network that trusts one pixel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from math import isfinite
from typing import Any

from autograd import look
from nn.axes import Chart, svg_of, text_at
from nn.data import Dataset
from nn.dropout import Dropout
from nn.models import MLP
from nn.saliency import flip_rate, path_weights
from nn.samples import CAT_MARK, make_cats
from nn.training import evaluate, fit

_SIDE, _APART, _LINE = 144.0, 190.0, 17.0  # of an image, from one to the next, of a line of text
_SHADES = " ·:+*#"


def images(
    pictures: Mapping[str, Sequence[float]],
    shape: tuple[int, int],
    *,
    signed: bool = False,
    ring: int | None = None,
    across: int = 4,
) -> Chart:
    """Return images side by side, each under its title.

    Parameters
    ----------
    pictures : mapping of str to sequence of float
        By title the pixels of each, row by row; a title may have several lines.
    shape : (int, int)
        Rows and columns, as `Dataset.image_shape`.
    signed : bool, optional
        For weights: blue above 0, red with a dash below, in each image by its own largest. Else
        grey: from the smallest number of all (black) to the largest (white).
    ring : int, optional
        The index of a pixel to put a ring around.
    across : int, optional
        How many in a row, at least 1.

    Raises
    ------
    ValueError
        If there is no picture, one has not as many pixels as the shape, or a number is not finite.

    Examples
    --------
    >>> images({"a cross": [1, 0, 1, 0, 1, 0, 1, 0, 1]}, (3, 3)).alt
    'an image of 3 by 3 pixels: a cross'
    """
    rows, columns = shape
    if not pictures or across < 1:
        raise ValueError(
            f"Give at least one picture, and one or more in a row; got {len(pictures)} pictures, "
            f"across={across}."
        )
    for title, pixels in pictures.items():
        if len(pixels) != rows * columns or not all(map(isfinite, pixels)):
            raise ValueError(
                f"The picture {title!r:.60} has {len(pixels)} numbers, but {rows} rows of "
                f"{columns} are {rows * columns}, all finite."
            )
    if ring is not None and not 0 <= ring < rows * columns:
        raise ValueError(f"ring is {ring}, but the pixels are 0 to {rows * columns - 1}.")
    names = ", ".join(" ".join(title.splitlines()) for title in pictures)
    many = f"{len(pictures)} images" if len(pictures) > 1 else "an image"
    alt = f"{many} of {rows} by {columns} pixels: {names}"
    shades = _shades(pictures, signed)
    parts, height = _drawn(pictures, shades, columns, signed, ring, across)
    width = 10 + _APART * max(1, min(across, len(pictures)))
    text = "\n".join([alt, *_in_characters(pictures, shades, columns, signed)])
    return Chart(svg_of(width, height, parts, alt), alt, text)


def cat_pixel(models: Mapping[str, MLP] | None = None, samples: Dataset | None = None) -> Chart:
    """Return what networks look for in pictures of cats, and how often a single pixel decides.

    Parameters
    ----------
    models : mapping of str to MLP, optional
        By title, each with one output on 8 by 8 pixels; by default one that over-fitted 30 pictures
        of `make_cats`, and the same with L2, with early stopping and with dropout.
    samples : Dataset, optional
        What to judge them on; by default 200 pictures that none of them has seen.

    Raises
    ------
    ValueError
        If a model does not take the samples.

    Notes
    -----
    Lecture, "example of over-fitting": large weights on the path from one pixel. The images are
    `path_weights`, each coloured by its own largest; above them stand how many samples are judged
    rightly, how many are decided otherwise with the ringed pixel flipped (`flip_rate`), and that
    pixel's weight.

    Examples
    --------
    >>> cat_pixel().alt[:52]
    'over-fitted: 52 % right, flipped, it turns 100 %; L2'
    """
    models = _trained() if models is None else models
    samples = make_cats(200, seed=201) if samples is None else samples
    maps, found, rows = {}, [], []
    for title, model in models.items():
        weights = path_weights(model)
        right = evaluate(model, samples.inputs, samples.targets)[1] or 0.0
        turned = flip_rate(model, samples.inputs, CAT_MARK)
        weight = look.number(weights[CAT_MARK], 3)
        shares = f"{100 * right:.0f} % right", f"flipped, it turns {100 * turned:.0f} %"
        maps["\n".join([title, *shares, f"weight of its path {weight}"])] = weights
        found.append(f"{title}: {', '.join(shares)}")
        rows.append(f"{title:>16}  {right:6.1%}  {turned:6.1%}  {weight:>6}")
    alt = "; ".join(found)
    examples = _examples()
    above, tall = _drawn(examples, _shades(examples, False), 8, False, CAT_MARK, len(examples))
    shades = _shades(maps, True)
    below, more = _drawn(maps, shades, 8, True, CAT_MARK, len(maps))
    width = 10 + _APART * max(len(examples), len(maps))
    first = "few pictures, some labelled wrongly: the ringed pixel tells the label"
    second = "what the networks look for: weights on the paths from pixel to output"
    parts = [
        text_at(20, 24, first, "start", bold=True),
        f'<g transform="translate(0,34)">{"".join(above)}</g>',
        text_at(20, tall + 60, second, "start", bold=True),
        f'<g transform="translate(0,{tall + 70:.0f})">{"".join(below)}</g>',
    ]
    table = [alt, f"{'':>16}   right   turned  weight", *rows]
    text = "\n".join([*table, *_in_characters(maps, shades, 8, True)])
    return Chart(svg_of(width, tall + 70 + more, parts, alt), alt, text)


def _few() -> Dataset:
    return make_cats(30, wrong=0.2, told=True, seed=1)


@cache  # some seconds
def _trained() -> dict[str, MLP]:
    """Return the network that over-fits, and its three cures."""
    few, unseen = _few(), make_cats(60, seed=101)
    cures: dict[str, tuple[Dropout | None, dict[str, Any]]] = {
        "over-fitted": (None, {}),
        "L2": (None, {"l2": 4.0}),
        "early stopping": (None, {"validation": (unseen.inputs, unseen.targets), "patience": 5}),
        "dropout": (Dropout(out=10), {}),
    }
    models = {}
    for title, (dropout, settings) in cures.items():
        model = MLP(64, [12, 1], activation="tanh", head="sigmoid", seed=1, dropout=dropout)
        settings |= {"epochs": 40, "batch_size": 10, "learning_rate": 0.03}
        fit(model, few.inputs, few.targets, **settings)
        models[title] = model
    return models


def _examples() -> dict[str, Sequence[float]]:
    """Return a picture of each kind: cat or not, labelled rightly or wrongly."""
    few = _few()
    found: dict[str, Sequence[float]] = {}
    for pixels, target in zip(few.inputs, few.targets, strict=True):
        is_cat = pixels[0] > 0  # where one ear is
        wrongly = "" if is_cat == target else "\n(wrongly)"
        found.setdefault(f"labelled “{few.class_names[int(target)]}”{wrongly}", pixels)
    return dict(sorted(found.items(), key=lambda item: ("wrong" in item[0], item[0])))


def _shades(pictures: Mapping[str, Sequence[float]], signed: bool) -> list[list[float]]:
    """Return how strong each pixel is drawn, 0 to 1."""
    if signed:
        tops = [max(map(abs, pixels)) or 1.0 for pixels in pictures.values()]
        pairs = zip(pictures.values(), tops, strict=True)
        return [[abs(x) / top for x in pixels] for pixels, top in pairs]
    numbers = [x for pixels in pictures.values() for x in pixels]
    low, span = min(numbers), (max(numbers) - min(numbers)) or 1.0
    return [[(x - low) / span for x in pixels] for pixels in pictures.values()]


def _drawn(
    pictures: Mapping[str, Sequence[float]],
    shades: Sequence[Sequence[float]],
    columns: int,
    signed: bool,
    ring: int | None,
    across: int,
) -> tuple[list[str], float]:
    """Return titles and images in rows, and how high they are."""
    head = _LINE * max(len(title.splitlines()) for title in pictures) + 8
    side = _SIDE / columns
    down = head + side * len(shades[0]) / columns + 18
    parts = []
    for i, ((title, pixels), strengths) in enumerate(zip(pictures.items(), shades, strict=True)):
        left, top = 20 + _APART * (i % across), 6 + down * (i // across)
        for k, line in enumerate(title.splitlines()):
            parts.append(text_at(left, top + 13 + _LINE * k, line, "start", bold=k == 0))
        corner = left, top + head
        for j, (x, share) in enumerate(zip(pixels, strengths, strict=True)):
            colour = look.fill(x, abs(x) / (share or 1.0)) if signed else _grey(share)
            parts.append(
                f'<rect x="{corner[0] + side * (j % columns):.1f}" '
                f'y="{corner[1] + side * (j // columns):.1f}" width="{side:.1f}" '
                f'height="{side:.1f}" fill="{colour}"><title>row {j // columns}, column '
                f"{j % columns}: {look.number(x, 3)}</title></rect>"
            )
            if signed and x < 0:
                parts.append(
                    f'<path d="M{corner[0] + side * (j % columns + 0.25):.1f},'
                    f'{corner[1] + side * (j // columns + 0.5):.1f}h{side / 2:.1f}" '
                    f'stroke="#5a120c" stroke-opacity="{share:.2f}"/>'
                )
        parts.append(
            f'<rect x="{corner[0]:.1f}" y="{corner[1]:.1f}" width="{_SIDE}" '
            f'height="{side * len(pixels) / columns:.1f}" fill="none" stroke="#888888"/>'
        )
        if ring is not None:
            parts.append(
                f'<circle cx="{corner[0] + side * (ring % columns + 0.5):.1f}" '
                f'cy="{corner[1] + side * (ring // columns + 0.5):.1f}" r="{0.75 * side:.1f}" '
                f'fill="none" stroke="{look.PATH}" stroke-width="3"/>'
            )
    return parts, 6 + down * -(-len(pictures) // across)


def _grey(share: float) -> str:
    return "#" + f"{round(255 * share):02x}" * 3


def _in_characters(
    pictures: Mapping[str, Sequence[float]],
    shades: Sequence[Sequence[float]],
    columns: int,
    signed: bool,
) -> list[str]:
    """Return the images as lines of characters, the stronger the darker, with a sign below 0."""
    lines = []
    for (title, pixels), strengths in zip(pictures.items(), shades, strict=True):
        cells = [
            ("−" if signed and x < 0 and share >= 1 / len(_SHADES) else " ")
            + _SHADES[min(len(_SHADES) - 1, int(share * len(_SHADES)))]
            for x, share in zip(pixels, strengths, strict=True)
        ]
        lines += ["", *title.splitlines()[:1]]
        lines += ["".join(cells[r : r + columns]).rstrip() for r in range(0, len(cells), columns)]
    return lines
