"""Gradient checking: backward against difference quotients, naming the guilty node.

Two questions are asked of a graph. Node by node: is the slope that the rule table gives the slope
of the operation? Leaf by leaf: is the gradient that backward adds up the slope of the whole graph?
A wrong rule is found by the first, a wrong sum by the second. Nothing of the graph is changed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from sys import float_info
from typing import Any

from autograd.checks import describe, outside, to_float
from autograd.value import Value, topological_order

_EPSILON = float_info.epsilon
# The cube root of epsilon balances rounding against curvature where the function and its input are
# of size 1. Larger steps help where rounding is large, smaller ones next to a pole. Their ratio is
# no fraction, or two quotients of rounded numbers would agree by chance.
_STEPS = tuple([_EPSILON ** (1 / 3) * math.exp(2 * power) for power in range(2, -12, -1)])

_NOT_FINITE = "the function is not finite here"


class GradientError(AssertionError):
    """A derivative is wrong; ``report`` holds every comparison that was made."""

    def __init__(self, report: GradientReport) -> None:
        super().__init__(str(report))
        self.report = report


@dataclass(frozen=True, slots=True)
class Comparison:
    """One derivative and what it should be.

    Attributes
    ----------
    what : str
        The derivative, such as ``slope of tanh(n = 0.88) in input 0``.
    gradient : float
        What the rule or backward gave.
    expected, uncertainty : float
        The difference quotient, and how far it may be wrong itself; nan if there is none.
    note : str
        Why the two cannot be compared.
    """

    what: str
    gradient: float
    expected: float
    uncertainty: float
    note: str = ""

    @property
    def error(self) -> float:
        """The difference, relative to the larger of the two, or to 1 if both are smaller."""
        return math.fabs(self.gradient - self.expected) / max(1.0, self.size)

    @property
    def size(self) -> float:
        """The larger of the two, without sign."""
        return max(math.fabs(self.gradient), math.fabs(self.expected))

    def __str__(self) -> str:
        text = f"{self.what} is {self.gradient:.10g}"
        if not math.isnan(self.expected):
            text += f", should be {self.expected:.10g} (± {self.uncertainty:.0g})"
        return f"{text}; {self.note}" if self.note else text


@dataclass(slots=True)
class GradientReport:
    """What `gradcheck` found; true if something was compared and nothing is wrong.

    Attributes
    ----------
    checked, skipped, wrong : list of Comparison
        Those that agree; those that cannot be compared, the reason in ``note``; the others.
    """

    checked: list[Comparison] = field(default_factory=list)
    skipped: list[Comparison] = field(default_factory=list)
    wrong: list[Comparison] = field(default_factory=list)

    @property
    def worst_error(self) -> float:
        """The largest relative error among those that agree; 0 if there are none."""
        return max([comparison.error for comparison in self.checked], default=0.0)

    def __bool__(self) -> bool:
        return bool(self.checked) and not self.wrong

    def __str__(self) -> str:
        count = len(self.checked) + len(self.wrong)
        if self.wrong:
            lines = [f"{len(self.wrong)} of {count} derivatives are wrong:"]
        else:
            lines = [f"{count} derivatives are right, worst relative error {self.worst_error:.0e}"]
        lines += [f"  {comparison}" for comparison in self.wrong]
        lines += [f"  not compared: {comparison}" for comparison in self.skipped]
        return "\n".join(lines)


def gradcheck(of: Any, *numbers: float, tolerance: float = 1e-6) -> GradientReport:
    """Return a report on every derivative of a graph, or raise an error that names the wrong ones.

    Parameters
    ----------
    of : Value or callable
        A finished graph, or a function of Values.
    *numbers : float
        Where to check the function; none for a finished graph.
    tolerance : float, optional
        Largest relative error, above 0. What the difference quotient may be wrong by itself is
        allowed on top; where that alone exceeds the tolerance, nothing can be compared.

    Returns
    -------
    GradientReport
        With lists ``checked`` and ``skipped`` and the ``worst_error``; print it to read it. It is
        false if nothing could be compared.

    Raises
    ------
    GradientError
        If a derivative is wrong, or is inf or nan where the function has a slope.
    ValueError, ArithmeticError
        If backward itself is undefined, as for sqrt at 0.
    RuntimeError
        If data was changed after the graph had used it.

    Notes
    -----
    Every input of every node is moved alone, then every leaf with the whole graph behind it. No
    step reaches a kink or pole, see `Op`'s ``margin``; a node that stands on one, or outside its
    domain, is skipped. A function is also called again with moved numbers: that finds results which
    did not come through the graph, as from ``math.sin(float(x))``. The work grows as leaves times
    nodes, so this is for small graphs.

    Examples
    --------
    >>> from autograd import Value, define, gradcheck
    >>> report = gradcheck(lambda x, y: x * y, 2.0, 3.0)
    >>> bool(report), len(report.checked)
    (True, 6)
    >>> circle = define("circle", lambda r: 3.14 * r * r, lambda r, out: (3.14 * r,))
    >>> gradcheck(circle(Value(2.0, "r")))
    Traceback (most recent call last):
    autograd.gradcheck.GradientError: 2 of 2 derivatives are wrong:
      slope of circle(r = 2) in input 0 is 6.28, should be 12.56 (± 3e-11)
      gradient of leaf 0, r = 2, is 6.28, should be 12.56 (± 5e-11)
    """
    if not 0 < tolerance < math.inf:
        raise ValueError(f"tolerance is {tolerance}; it must be above 0, such as 1e-6.")
    inputs = [Value(number, f"x{i}") for i, number in enumerate(numbers)]
    graph = _Graph(_root_of(of, inputs))
    report = GradientReport()
    for comparison in chain(graph.rules(), graph.leaves(), graph.calls(of, inputs)):
        _file(comparison, report, tolerance)
    if report.wrong:
        raise GradientError(report)
    return report


def _root_of(of: Any, inputs: Sequence[Value]) -> Value:
    """Return the finished graph that is to be checked."""
    if isinstance(of, Value):
        if inputs:
            raise TypeError("A finished graph is checked where it stands; give no numbers with it.")
        return of
    if not callable(of):
        raise TypeError(f"gradcheck needs a Value or a function of Values; got {of!r:.60}.")
    out = of(*inputs)
    return out if isinstance(out, Value) else Value(out, constant=True)


def _file(comparison: Comparison, report: GradientReport, tolerance: float) -> None:
    """Put a comparison where it belongs: checked, skipped or wrong."""
    gradient, expected, size = comparison.gradient, comparison.expected, comparison.size
    if math.isnan(expected):
        finite = math.isfinite(gradient) or comparison.note != _NOT_FINITE
        (report.skipped if finite else report.wrong).append(comparison)
    elif not math.isfinite(gradient):
        report.wrong.append(comparison)
    elif comparison.uncertainty > tolerance * max(1.0, size):
        note = "the difference quotient is too uncertain"
        report.skipped.append(replace(comparison, note=note))
    elif math.fabs(gradient - expected) > tolerance * size + comparison.uncertainty:
        report.wrong.append(comparison)
    else:
        report.checked.append(comparison)


class _Unreachable(Exception):
    """Says why an input cannot be moved so far."""


class _Graph:
    """A finished graph, and what it would give if one of its numbers were another."""

    def __init__(self, root: Value) -> None:
        self.order = topological_order(root)
        self.gradients = _gradients(root, self.order)
        self.place = {node: i for i, node in enumerate(self.order)}
        self.inner = [node for node in self.order if node.op]
        # What the rounding of a node does to the root is that node's gradient.
        self.rounding = _EPSILON * math.fabs(root.data) + sum(
            [math.fabs(self.gradients[node]) * _rounding(node) for node in self.inner]
        )

    def rules(self) -> Iterator[Comparison]:
        """Compare the slopes of every node with its operation, one input moved at a time."""
        for node in self.inner:
            slopes, margin, rounding = _slopes(node), _margin(node), _rounding(node)
            for i, (parent, slope) in enumerate(zip(node.parents, slopes, strict=True)):
                if not parent.constant:
                    reach = min(_reach(parent), margin) if margin > 0 else _reach(parent)
                    curve = partial(_operation_with, node, i)
                    quotient = _difference_quotient(curve, parent.data, reach, rounding)
                    yield Comparison(f"slope of {_call(node)} in input {i}", slope, *quotient)
            yield from _written_out(node, slopes)

    def leaves(self) -> Iterator[Comparison]:
        """Compare the gradient of every leaf with the root, the graph computed again."""
        leaves = [node for node in self.order if not node.op and not node.constant]
        for i, leaf in enumerate(leaves):
            curve = partial(self.root_with, leaf)
            quotient = _difference_quotient(curve, leaf.data, _reach(leaf), self.rounding)
            what = f"gradient of leaf {i}, {describe(leaf)},"
            yield Comparison(what, self.gradients[leaf], *quotient)

    def calls(self, of: Any, inputs: Sequence[Value]) -> Iterator[Comparison]:
        """Compare the gradient of every input with the function, called again."""
        for leaf in inputs:
            curve = partial(self.call_with, of, inputs, leaf)
            quotient = _difference_quotient(curve, leaf.data, _reach(leaf), self.rounding)
            what = f"gradient of {describe(leaf)}, with the function called again,"
            yield Comparison(what, self.gradients.get(leaf, 0.0), *quotient)

    def root_with(self, leaf: Value, number: float) -> float:
        """Return the root's number if the leaf had that number."""
        numbers = [node.data for node in self.order]
        if leaf in self.place:
            numbers[self.place[leaf]] = number
        for node in self.inner:
            moved = [numbers[self.place[parent]] for parent in node.parents]
            numbers[self.place[node]] = _operation(node, moved)
        return numbers[-1]

    def call_with(
        self, of: Callable[..., Any], inputs: Sequence[Value], leaf: Value, number: float
    ) -> float:
        """Return what the function gives if the leaf, one of its inputs, had that number."""
        self.root_with(leaf, number)  # raises if a kink is in the way
        return to_float(of(*[Value(number if x is leaf else x, x.label) for x in inputs]))


def _gradients(root: Value, order: Sequence[Value]) -> dict[Value, float]:
    """Return what backward gives every node, and leave all grads as they were."""
    before = [node.grad for node in order]
    try:
        root.zero_grad()
        root.backward()
        return {node: node.grad for node in order}
    finally:
        for node, grad in zip(order, before, strict=True):
            node.grad = grad


def _difference_quotient(
    curve: Callable[[float], float], x: float, reach: float, rounding: float
) -> tuple[float, float, str]:
    """Return the slope of a curve at x, how far that may be wrong, and why if there is none.

    Central differences with ever smaller steps: each shows how far the one before was off, until
    the rounding of the curve's numbers outgrows that.
    """
    best, uncertainty, previous = math.nan, math.inf, math.nan
    obstacle = _NOT_FINITE if not math.isfinite(x + rounding) else f"{x:.6g} is too close to it"
    for step in _STEPS:
        left, right = x - step * reach, x + step * reach
        noise = 2 * rounding / (right - left) if left < right else math.inf
        if noise >= uncertainty:
            break
        try:
            slope = (curve(right) - curve(left)) / (right - left)
        except _Unreachable as reason:
            obstacle = str(reason)
            continue
        except (ArithmeticError, ValueError) as undefined:
            obstacle = f"beside {x:.6g} it is undefined: {undefined}"
            continue
        if not math.isfinite(slope):
            obstacle = _NOT_FINITE
        error = math.fabs(slope - previous) + noise
        if error < uncertainty:
            best, uncertainty = slope, error
        previous = slope
    return best, uncertainty, "" if uncertainty < math.inf else obstacle


def _operation(node: Value, moved: Sequence[float]) -> float:
    """Return the node's operation on moved inputs, unless a kink or pole is in the way."""
    distance = sum([math.fabs(new - x.data) for new, x in zip(moved, node.parents, strict=True)])
    if distance == 0:
        return node.data
    if distance >= _margin(node):
        raise _Unreachable(f"{_call(node)} is at a kink or pole, or outside its domain")
    return to_float(node.op.forward(*moved))


def _operation_with(node: Value, i: int, number: float) -> float:
    """Return the node's operation if its input i had that number."""
    numbers = [parent.data for parent in node.parents]
    numbers[i] = number
    return _operation(node, numbers)


def _slopes(node: Value) -> list[float]:
    """Return the local derivatives that the node's rule gives, nan where it is undefined."""
    rule = node.op.derivatives
    try:
        slopes = [to_float(slope) for slope in rule(*[x.data for x in node.parents], node.data)]
        if len(slopes) != len(node.parents):
            raise TypeError(f"for {len(node.parents)} input(s) it gave {len(slopes)} derivative(s)")
        return slopes
    except (ArithmeticError, ValueError):
        return [math.nan] * len(node.parents)
    except Exception as error:
        return list(outside(node.op, node.parents, error, node.data))  # raises


def _written_out(node: Value, slopes: Sequence[float]) -> Iterator[Comparison]:
    """Compare what a row has written out by hand, `gather` and `spread`, with its rules."""
    op, copies = node.op, [Value(x.data, constant=x.constant) for x in node.parents]
    if op.gather:
        number = op.forward(*[x.data for x in copies])
        yield Comparison(f"gather of {_call(node)}", op.gather(copies), number, 0.0)
    if op.spread:
        for _ in range(2):  # twice: the second share must be added to the first
            op.spread(copies, 0.75)
        for i, (copy, slope) in enumerate(zip(copies, slopes, strict=True)):
            if math.isfinite(slope):
                what = f"spread of {_call(node)} to input {i}, over the upstream gradient,"
                yield Comparison(what, copy.grad / 1.5, 0.0 if copy.constant else slope, 0.0)


def _margin(node: Value) -> float:
    """Return how far the node's inputs are from the nearest kink or pole of its operation."""
    return to_float(node.op.margin(*[x.data for x in node.parents]))


def _reach(node: Value) -> float:
    """Return the size of a node's number, at least 1: what steps are measured by.

    At most a million, or the steps would jump over the waves of a sine.
    """
    return min(max(1.0, math.fabs(node.data)), 1e6)


def _rounding(node: Value) -> float:
    """Return how far the node's number may be off by rounding.

    A long sum rounds its terms too; and any operation may subtract numbers of size 1 inside.
    """
    terms = [max(1.0, math.fabs(node.data))]
    if len(node.parents) > 2:
        terms += [slope * x.data for slope, x in zip(_slopes(node), node.parents, strict=True)]
    return _EPSILON * sum([math.fabs(x) for x in terms if math.isfinite(x)])


def _call(node: Value) -> str:
    """Return how the node was computed, with its numbers."""
    named = ", ".join([describe(x) for x in node.parents[:6]]) + ", …" * (len(node.parents) > 6)
    return f"{node.label} = " * bool(node.label) + f"{node.op.name}({named})"
