"""Figures of single neurons: the experiment of all or nothing, and the perceptron as it learns."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from autograd import look
from nn.axes import CLASS_COLOURS, INK, Axes, Chart, span_of, svg_of, text_at
from nn.figures.shapes import FAINT, arrow, between, circle, dot, labelled
from nn.perceptron import Perceptron, PerceptronUpdate
from nn.spiking import LeakyIntegrateAndFire

_PULSE = 20.0  # ms
_PERIOD = 60.0


def experiment(
    neuron: LeakyIntegrateAndFire | None = None,
    currents: Sequence[float] = (0.5, 1.0, 1.4, 2.0, 3.0),
) -> Chart:
    """Return the experiment of all or nothing: pulses of current below, the answer above.

    Parameters
    ----------
    neuron : LeakyIntegrateAndFire, optional
        By default one with τ = 10 ms that fires at 15 mV.
    currents : sequence of float, optional
        The pulses, in nA, one after another; at least one.

    Raises
    ------
    ValueError
        If there is no pulse, or one is no finite number.

    Notes
    -----
    The lecture's figure 06-01.

    Examples
    --------
    >>> experiment().alt[:58]
    'all or nothing: pulses of 0.5, 1, 1.4, 2, 3 nA bring 0, 0,'
    """
    neuron = neuron or LeakyIntegrateAndFire()
    if not len(currents):
        raise ValueError("The experiment needs at least one pulse of current.")
    step, gap = 0.5, 10.0
    stimulus: list[float] = []
    for current in currents:
        pulse = [current] * round(_PULSE / step)
        stimulus += [0.0] * round(gap / step) + pulse
        stimulus += [0.0] * round((_PERIOD - gap - _PULSE) / step)
    answer = neuron.response(stimulus, step)
    duration = _PERIOD * len(currents)
    width = 110 + 130.0 * len(currents)
    upper = Axes(
        (0, duration), span_of([*answer.voltages, 0.0, 110.0]), box=(80, 52, width - 30, 232)
    )
    low, high = span_of([*stimulus, 0.0])
    lower = Axes((0, duration), (low, high * 1.15), box=(80, 272, width - 30, 372))
    times = [x for i in range(len(stimulus)) for x in (i * step, (i + 1) * step)]
    parts = [
        text_at(80, 24, "the neuron answers all or nothing", "start", bold=True),
        upper.frame("", "membrane, mV"),
        lower.frame("time, ms", "current, nA"),
    ]
    line = upper.place(0, neuron.threshold)[1]
    parts.append(
        f'<path d="M80,{line:.1f}H{width - 30}" stroke="{look.PATH}" stroke-dasharray="6 4"/>'
        + text_at(84, line - 6, f"threshold {look.number(neuron.threshold)} mV", "start")
    )
    parts.append(upper.curve(answer.times, answer.voltages, look.POSITIVE))
    parts.append(lower.curve(times, [x for x in stimulus for _ in (0, 1)], look.NEGATIVE))
    counts = []
    for i, current in enumerate(currents):
        start = i * _PERIOD
        spikes = [t for t in answer.spikes if start <= t < start + _PERIOD]
        counts.append(len(spikes))
        words = f"{len(spikes)} spike{'s' * (len(spikes) != 1)}" if spikes else "graded"
        parts.append(text_at(upper.place(start + _PERIOD / 2, 0)[0], 46, words))
        place = lower.place(start + 20, max(current, 0.0))
        parts.append(text_at(place[0], place[1] - 6, f"{look.number(current)} nA"))
    amounts = ", ".join(map(look.number, currents))
    alt = f"all or nothing: pulses of {amounts} nA bring {', '.join(map(str, counts))} spikes"
    alt += f" of {look.number(neuron.spike)} mV each"
    text = "current  highest  spikes\n" + "\n".join(
        f"{look.number(current):>4} nA  {_highest(answer.times, answer.voltages, i):>4} mV  {count}"
        for i, (current, count) in enumerate(zip(currents, counts, strict=True))
    )
    first = [neuron.first_spike(current) for current in currents]
    known = [
        f"{look.number(current)} nA: first spike after {time:.4f} ms"
        for current, time in zip(currents, first, strict=True)
        if time is not None
    ]
    return Chart(svg_of(width, 420, parts, alt), alt, "\n".join([alt, text, *known]))


def _highest(times: Sequence[float], voltages: Sequence[float], pulse: int) -> str:
    start = pulse * _PERIOD
    pairs = zip(times, voltages, strict=True)
    return look.number(max(v for t, v in pairs if start <= t < start + _PERIOD), 3)


def perceptron(
    inputs: Sequence[Sequence[float]] = ((0, 0), (0, 1), (1, 0), (1, 1)),
    labels: Sequence[int] = (-1, -1, -1, 1),
    *,
    max_epochs: int = 20,
) -> Chart:
    """Return a perceptron, and beside it the line between its answers after every update.

    Parameters
    ----------
    inputs : sequence of (float, float), optional
        N samples of two numbers; by default those of the logical "and".
    labels : sequence of int, optional
        N labels, -1 or +1.
    max_epochs : int, optional
        As in `Perceptron.updates`.

    Raises
    ------
    ValueError
        As `Perceptron.updates`, or if samples have not two numbers.

    Notes
    -----
    The lecture's figure 06-02.

    Examples
    --------
    >>> perceptron().alt
    'a perceptron learns in 18 updates: w1 = 3, w2 = 2, b = −4'
    """
    model = Perceptron(2)
    updates = list(model.updates(inputs, labels, max_epochs=max_epochs))
    learned = not updates or updates[-1].epoch < max_epochs
    w1, w2, b = model.w[0].data, model.w[1].data, model.b.data
    number = look.number
    words = f"w1 = {number(w1)}, w2 = {number(w2)}, b = {number(b)}"
    outcome = "learns in" if learned else "has not learned after"
    alt = f"a perceptron {outcome} {len(updates)} updates: {words}"
    columns = [[row[k] for row in inputs] for k in (0, 1)]
    spans = []
    for column in columns:
        low, high = min(column), max(column)
        room = 0.35 * (high - low) or 1.0
        spans.append((low - room, high + room))
    axes = Axes(spans[0], spans[1], box=(510, 46, 810, 346))
    title = f"{len(updates)} updates" + "; not learned" * (not learned)
    parts = [
        text_at(20, 24, "the perceptron", "start", bold=True),
        text_at(510, 24, f"its line after each of {title}", "start", bold=True),
        *_neuron(w1, w2, b),
        axes.frame("x1", "x2"),
    ]
    for i, update in enumerate(updates):
        last = i == len(updates) - 1
        colour, width = (INK, 3.0) if last else (look.PATH, 1.2)
        strength = 1.0 if last else 0.15 + 0.6 * (i + 1) / len(updates)
        if ends := _line(update, spans):
            (x1, y1), (x2, y2) = axes.place(*ends[0]), axes.place(*ends[1])
            parts.append(
                f'<path d="M{x1:.1f},{y1:.1f}L{x2:.1f},{y2:.1f}" stroke="{colour}" fill="none" '
                f'stroke-width="{width}" stroke-opacity="{strength:.2f}"/>'
            )
    for x, label in zip(inputs, labels, strict=True):
        place = axes.place(x[0], x[1])
        parts.append(dot(place, CLASS_COLOURS[label > 0], 9))
        parts.append(text_at(place[0], place[1] + 4.5, "+" if label > 0 else "−", colour="#ffffff"))
    parts.append(text_at(822, 70, "black: the last", "start"))
    parts.append(text_at(822, 90, "orange: before it,", "start"))
    parts.append(text_at(822, 106, "the earlier the paler", "start"))
    lines = [alt, "update  epoch  sample  w1  w2  b"]
    lines += [
        f"{i:6d}  {u.epoch:5d}  {u.sample:6d}  {number(u.w[0])}  {number(u.w[1])}  {number(u.b)}"
        for i, u in enumerate(updates, start=1)
    ]
    return Chart(svg_of(970, 400, parts, alt), alt, "\n".join(lines))


def _neuron(w1: float, w2: float, b: float) -> list[str]:
    """Return the drawing of a neuron with two inputs and a bias."""
    places = {"x1": (60.0, 100.0), "x2": (60.0, 200.0), "1": (60.0, 300.0)}
    body, answer = (230.0, 200.0), (375.0, 200.0)
    parts = []
    for (name, place), w, weight in zip(
        places.items(), (w1, w2, b), ("w1", "w2", "b"), strict=True
    ):
        start, end = between(place, body, 24.0, 40 / 24)
        dashes = "none" if w >= 0 else "6 4"
        parts.append(arrow(start, end, look.line_colour(w), 1.0 + min(3.0, abs(w)), dashes=dashes))
        parts.append(circle(place, 24, [name], size=14))
        middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
        parts.append(labelled(middle, f"{weight} = {look.number(w)}"))
    parts.append(arrow((270, 200), (345, 200), INK))
    parts.append(circle(body, 40, ["Σ w·x", "sign"], size=14))
    parts.append(circle(answer, 28, ["±1"], size=14))
    rule = "where sign(w·x) ≠ y:   w ← w + y x"
    return [
        *parts,
        text_at(20, 372, rule, "start"),
        text_at(20, 52, "dashed: below 0", "start", colour=FAINT),
    ]


def _line(
    update: PerceptronUpdate, spans: Sequence[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Return where the line w·x + b = 0 meets the borders; nothing if it stays outside."""
    (w1, w2), b = update.w, update.b
    (left, right), (bottom, top) = spans
    sides = [(x, -(w1 * x + b) / w2) for x in (left, right)] if w2 else []
    ends = [(x, y) for x, y in sides if bottom <= y <= top]
    sides = [(-(w2 * y + b) / w1, y) for y in (bottom, top)] if w1 else []
    ends += [(x, y) for x, y in sides if left < x < right]
    return ends[:2] if len(ends) > 1 and all(isfinite(c) for end in ends for c in end) else []
