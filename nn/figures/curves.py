"""Figures of functions: sigmoid, activations with their slopes, losses, softmax, likelihood."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log, nan, prod
from typing import Any

from autograd import Value, look, relu, sigmoid, tanh
from nn.axes import CLASS_COLOURS, GRID, INK, Axes, Chart, svg_of, text_at
from nn.figures.shapes import FAINT, dot, shade
from nn.losses import cross_entropy, hinge, logistic
from nn.models import softmax

_POINTS = 241


def _grid(low: float, high: float) -> list[float]:
    return [low + (high - low) * i / (_POINTS - 1) for i in range(_POINTS)]


def _slopes(function: Callable[[Any], Any], xs: Sequence[float]) -> list[float]:
    """Return the derivative at each place, by back-propagation."""
    slopes = []
    for x in xs:
        place = Value(x)
        function(place).backward()
        slopes.append(place.grad)
    return slopes


def sigmoid_curve() -> Chart:
    """Return the logistic function with its mirror image and its steepest slope, a quarter.

    Notes
    -----
    The lecture's figure 06-04: σ(0) = ½, σ'(0) = ¼, σ(−s) = 1 − σ(s).

    Examples
    --------
    >>> sigmoid_curve().alt
    'the sigmoid: 0.5 at 0 with slope 0.25; its mirror image is 1 minus it'
    """
    xs = _grid(-6.0, 6.0)
    axes = Axes((-6, 6), (0, 1.1), box=(80, 50, 600, 330))
    [slope] = _slopes(sigmoid, [0.0])
    middle = sigmoid(0.0)
    reach = 2.0
    low, high = (axes.place(x, middle + slope * x) for x in (-reach, reach))
    parts = [
        text_at(80, 24, "the logistic function (sigmoid)", "start", bold=True),
        axes.frame("s", "probability"),
        axes.curve(xs, [sigmoid(-x) for x in xs], look.NEUTRAL, "7 4"),
        axes.curve(xs, [sigmoid(x) for x in xs], look.POSITIVE),
        f'<path d="M{low[0]:.1f},{low[1]:.1f}L{high[0]:.1f},{high[1]:.1f}" '
        f'stroke="{look.PATH}" stroke-width="2" stroke-dasharray="2 3"/>',
        dot(axes.place(0, middle), look.PATH, 5),
    ]
    x, y = axes.place(0.3, middle)
    parts.append(text_at(x + 8, y + 16, f"σ(0) = {middle}, slope {slope}", "start"))
    for s, name, colour in ((4.2, "σ(s)", look.POSITIVE), (-4.2, "σ(−s) = 1 − σ(s)", "#555555")):
        x, y = axes.place(s, 1.0)
        parts.append(text_at(x, y - 6, name, colour=colour, bold=True))
    formula = "σ(s) = 1 / (1 + e⁻ˢ)"
    parts.append(text_at(600, 24, formula, "end"))
    alt = f"the sigmoid: {middle} at 0 with slope {slope}; its mirror image is 1 minus it"
    rows = [f"{s:>4}  {sigmoid(float(s)):.6f}  {sigmoid(-float(s)):.6f}" for s in range(-6, 7, 2)]
    text = "\n".join([alt, "   s  σ(s)      σ(−s)", *rows])
    return Chart(svg_of(640, 380, parts, alt), alt, text.replace("-", "−"))


ZONES = {  # of each activation: from, to, what is there
    "sigmoid": ((-8.0, -4.0, "saturated"), (4.0, 8.0, "saturated")),
    "tanh": ((-8.0, -2.7, "saturated"), (2.7, 8.0, "saturated")),
    "relu": ((-8.0, 0.0, "dead: slope 0"),),
}


def activations() -> Chart:
    """Return sigmoid, tanh and ReLU with their derivatives, and where they hardly learn.

    Notes
    -----
    The lecture's figure 06-08. The derivatives are computed by back-propagation; where they are
    below a fiftieth, the neuron is called saturated.

    Examples
    --------
    >>> activations().alt
    'sigmoid, tanh and ReLU: steepest slopes 0.25, 1 and 1; that of tanh at 2 is 0.0707'
    """
    panels = (
        ("sigmoid", "sigmoid", sigmoid, (-0.25, 1.15)),
        ("tanh", "tanh", tanh, (-1.25, 1.25)),
        ("relu", "ReLU: max(0, s)", relu, (-1.5, 8.0)),
    )
    parts, steepest = [], []
    xs = _grid(-8.0, 8.0)
    for i, (key, title, function, span) in enumerate(panels):
        left = 70 + 300 * i
        axes = Axes((-8, 8), span, box=(left, 50, left + 240, 300))
        slopes = _slopes(function, xs)
        steepest.append(max(slopes))
        parts.append(text_at(left, 26, title, "start", bold=True))
        words = f"steepest {look.number(max(slopes), 3)}"
        parts.append(text_at(left + 240, 26, words, "end", colour="#a85400"))
        parts += [shade(axes, start, end, GRID, words) for start, end, words in ZONES[key]]
        parts.append(axes.frame("s", ""))
        parts.append(axes.curve(xs, [function(x) for x in xs], look.POSITIVE))
        pieces = [nan if abs(b - a) > 0.5 else a for a, b in zip(slopes, slopes[1:], strict=False)]
        parts.append(axes.curve(xs[:-1], pieces, look.PATH, "6 3"))
    parts.append(
        f'<path d="M70,362h30" stroke="{look.POSITIVE}" stroke-width="2"/>'
        + text_at(108, 366, "the function σ(s)", "start")
        + f'<path d="M270,362h30" stroke="{look.PATH}" stroke-width="2" stroke-dasharray="6 3"/>'
        + text_at(308, 366, "its derivative σ′(s), by back-propagation", "start")
    )
    [at_two] = _slopes(tanh, [2.0])
    shown = [look.number(slope, 3) for slope in steepest]
    alt = (
        f"sigmoid, tanh and ReLU: steepest slopes {shown[0]}, {shown[1]} and {shown[2]}; "
        f"that of tanh at 2 is {at_two:.4f}"
    )
    rows = ["   s  σ       σ′      tanh     tanh′   ReLU  ReLU′"]
    for s in range(-6, 7, 2):
        numbers = [float(f(float(s))) for _, _, f, _ in panels]
        below = [_slopes(f, [float(s)])[0] for _, _, f, _ in panels]
        a, b, c = zip(numbers, below, strict=True)
        rows.append(
            f"{s:>4}  {a[0]:.4f}  {a[1]:.4f}  {b[0]:7.4f}  {b[1]:.4f}  {c[0]:4.0f}  {c[1]:5.0f}"
        )
    text = "\n".join([alt, *rows])
    return Chart(svg_of(930, 390, parts, alt), alt, text.replace("-", "−"))


MARGIN_LOSSES: dict[str, Callable[[Any], Any]] = {
    "0/1 error": lambda m: float(m <= 0),
    "hinge": lambda m: hinge(m, 1),
    "logistic": lambda m: logistic(m, 1),
    "squared": lambda m: (1 - m) ** 2,
}
"""What one sample costs, by its margin y·s: how far, and on which side, it is from the border."""


def losses() -> Chart:
    """Return the losses over the margin: the error that counts, and those that have a slope.

    Notes
    -----
    Lecture, "logistic regression loss function": a loss follows the error and is differentiable.

    Examples
    --------
    >>> losses().alt
    'losses over the margin: at 0 the hinge costs 1, logistic 0.6931, squared 1'
    """
    xs = _grid(-2.0, 3.0)
    axes = Axes((-2, 3), (0, 4.0), box=(80, 50, 560, 340))
    colours = (INK, *CLASS_COLOURS)
    dashes = ("none", "8 3", "", "2 3")
    parts = [
        text_at(80, 26, "what one sample costs", "start", bold=True),
        axes.frame("margin y·s  (below 0: wrong)", "loss"),
    ]
    for i, (name, loss) in enumerate(MARGIN_LOSSES.items()):
        values = [float(loss(x)) for x in xs]
        inside = [y if y <= 4.0 else nan for y in values]
        if name == "0/1 error":  # it jumps: two level pieces
            inside[sum(x <= 0 for x in xs) - 1] = nan
        parts.append(axes.curve(xs, inside, colours[i], dashes[i]))
        y = 70 + 24 * i
        parts.append(
            f'<path d="M580,{y}h30" stroke="{colours[i]}" stroke-width="2" '
            f'stroke-dasharray="{dashes[i] or "none"}"/>' + text_at(618, y + 4, name, "start")
        )
    at_zero = {name: float(loss(0.0)) for name, loss in MARGIN_LOSSES.items()}
    alt = (
        f"losses over the margin: at 0 the hinge costs {look.number(at_zero['hinge'])}, logistic "
        f"{look.number(at_zero['logistic'])}, squared {look.number(at_zero['squared'])}"
    )
    head = "margin  " + "  ".join(f"{name:>9}" for name in MARGIN_LOSSES)
    rows = [
        f"{look.number(m):>6}  "
        + "  ".join(f"{look.number(float(loss(m))):>9}" for loss in MARGIN_LOSSES.values())
        for m in (-2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0)
    ]
    return Chart(svg_of(720, 390, parts, alt), alt, "\n".join([alt, head, *rows]))


def softmax_bars(scores: Sequence[float] = (1.0, 2.0, 3.0), target: int = 2) -> Chart:
    """Return how scores become probabilities, and what is then sent back: δ = p - o.

    Parameters
    ----------
    scores : sequence of float, optional
        One for each of 2 to 10 classes.
    target : int, optional
        The class that is right, from 0.

    Raises
    ------
    ValueError
        If there is no such class, or there are too few or many.

    Notes
    -----
    The lecture's figure 06-09.

    Examples
    --------
    >>> softmax_bars().alt
    'softmax of 1, 2, 3: probabilities 0.09003, 0.2447, 0.6652; loss 0.4076'
    """
    if not 2 <= len(scores) <= 10:
        raise ValueError(f"Softmax is drawn for 2 to 10 scores; got {len(scores)}.")
    nodes = [Value(s) for s in scores]
    loss = cross_entropy(nodes, target)
    loss.backward()
    number = look.number
    probabilities = [float(p) for p in softmax([float(s) for s in scores])]
    deltas = [node.grad for node in nodes]
    wide = min(110, 760 // len(scores))
    bar = 6 * wide // 11
    lows, highs = min(0.0, *scores), max(0.0, *scores)
    scale = 110 / ((highs - lows) or 1.0)
    zero = 70 + highs * scale
    width = 150 + wide * len(scores)
    parts = [text_at(20, 26, "softmax: scores become probabilities", "start", bold=True)]
    for name, y in (
        ("score s", 120),
        ("p = eˢ / Σ eˢ", 290),
        ("target o", 402),
        ("δ = p − o", 430),
    ):
        parts.append(text_at(20, y, name, "start"))
    for i, (s, p, delta) in enumerate(zip(scores, probabilities, deltas, strict=True)):
        x = 150 + wide * i
        is_right = i == target
        top = zero - max(0.0, s * scale)
        parts.append(
            f'<rect x="{x}" y="{top:.1f}" width="{bar}" height="{max(1.0, abs(s * scale)):.1f}" '
            f'fill="{look.NEUTRAL}"/>'
        )
        parts.append(text_at(x + bar / 2, top - 5, number(s)))
        tall = 150 * p
        colour = look.PARAMETER if is_right else look.POSITIVE
        parts.append(
            f'<rect x="{x}" y="{370 - tall:.1f}" width="{bar}" height="{tall:.1f}" '
            f'fill="{colour}"/>'
        )
        parts.append(text_at(x + bar / 2, 370 - tall - 5, number(p), bold=is_right))
        parts.append(text_at(x + bar / 2, 402, "1" if is_right else "0", bold=is_right))
        parts.append(text_at(x + bar / 2, 430, number(delta)))
    parts.append(f'<path d="M150,{zero:.1f}H{width - 30}M150,370H{width - 30}" stroke="{INK}"/>')
    parts.append(f'<path d="M150,220H{width - 30}" stroke="{FAINT}" stroke-dasharray="3 3"/>')
    parts.append(text_at(144, 224, "1", "end", colour=FAINT))
    parts.append(
        text_at(20, 462, f"L = −ln p of the right class = {number(loss.data)} nats", "start")
    )
    listed = ", ".join
    alt = (
        f"softmax of {listed(map(number, scores))}: probabilities "
        f"{listed(map(number, probabilities))}; loss {number(loss.data)}"
    )
    rows = [
        f"{i:5d}  {number(s):>6}  {number(p):>9}  {int(i == target)}  {number(d):>8}"
        for i, (s, p, d) in enumerate(zip(scores, probabilities, deltas, strict=True))
    ]
    text = "\n".join([alt, "class       s          p  o         δ", *rows])
    return Chart(svg_of(max(width, 420), 480, parts, alt), alt, text)


def likelihood_bars(probabilities: Sequence[float]) -> Chart:
    """Return the probability of each sample's label as bars, and their product.

    Parameters
    ----------
    probabilities : sequence of float
        P(y|x) of N samples, each above 0 and at most 1, see `label_probabilities`.

    Raises
    ------
    ValueError
        If there is none, or one is no probability above 0.

    Examples
    --------
    >>> likelihood_bars([0.5, 0.9, 0.8]).alt
    'likelihood of 3 samples: 0.36; mean negative logarithm 0.3406 nats'
    """
    if not len(probabilities) or not all(0 < p <= 1 for p in probabilities):
        raise ValueError(
            f"The likelihood is made of probabilities above 0 and at most 1, one or more; got "
            f"{list(probabilities)!r:.80}."
        )
    number = look.number
    n, product = len(probabilities), prod(probabilities)
    nats = -sum(map(log, probabilities)) / n
    axes = Axes((0, n), (0, 1.0), box=(80, 60, 600, 300))
    wide = 520 / n
    parts = [
        text_at(80, 26, f"the product of all is {number(product)}", "start", bold=True),
        text_at(80, 46, f"−ln of it, divided by N = {n}:  {number(nats)} nats", "start"),
        axes.frame("sample", "P(y|x)", whole=True),
    ]
    for i, p in enumerate(probabilities):
        x, y = axes.place(i, p)
        sure = p > 0.5
        parts.append(
            f'<rect x="{x + 0.1 * wide:.1f}" y="{y:.1f}" width="{0.8 * wide:.1f}" '
            f'height="{300 - y:.1f}" fill="{look.POSITIVE if sure else look.NEGATIVE}">'
            f"<title>sample {i}: {number(p)}</title></rect>"
        )
    half = axes.place(0, 0.5)[1]
    parts.append(f'<path d="M80,{half:.1f}H600" stroke="{INK}" stroke-dasharray="4 4"/>')
    parts.append(text_at(606, half + 4, "½: the border", "start"))
    alt = (
        f"likelihood of {n} sample{'s' * (n > 1)}: {number(product)}; mean negative logarithm "
        f"{number(nats)} nats"
    )
    shown = ", ".join(map(number, probabilities[:20])) + ", …" * (n > 20)
    return Chart(svg_of(720, 350, parts, alt), alt, f"{alt}\n{shown}")
