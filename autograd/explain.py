"""Why a gradient has its value: the sum over all paths, and the heaviest of them."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice, pairwise
from math import inf, isnan, log2
from typing import Any

from autograd import look
from autograd.look import number
from autograd.notation import Notation
from autograd.stepper import gradients
from autograd.value import Value, topological_order

_MOST_FACTORS = 6  # of a path that are written out
_MOST_TERMS = 4

Uses = dict[Value, list[tuple[Value, float]]]  # of a node: what it feeds, and the slope there


@dataclass(frozen=True, slots=True)
class GradientPath:
    """One way from a value to the root.

    Attributes
    ----------
    nodes : tuple of Value
        From the value to the root.
    factors : tuple of float
        The local derivatives on the way, one less than nodes.
    product : float
        Of the factors: what this path adds to the gradient.
    """

    nodes: tuple[Value, ...]
    factors: tuple[float, ...]
    product: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A gradient, taken apart; `print` tells it in words.

    Attributes
    ----------
    wrt, root : Value
        The gradient is d root / d wrt.
    gradient : float
        As ``backward()`` gives it on fresh gradients.
    path_count : int
        How many paths lead from `wrt` to `root`, counted without going through them.
    paths : tuple of GradientPath
        The heaviest ones, by the size of their products.
    factors : tuple of (float, float)
        For a weight or bias of a neuron: the lecture's x and δ of each sample, whose products add
        up to the gradient; empty for other values.
    """

    wrt: Value
    root: Value
    gradient: float
    path_count: int
    paths: tuple[GradientPath, ...]
    factors: tuple[tuple[float, float], ...]
    _notation: Notation

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _repr_mimebundle_(self, **_wanted: Any) -> dict[str, str]:
        return {"text/html": look.words(str(self), wrap=False), "text/plain": str(self)}

    def _lines(self) -> Iterator[str]:
        total = f"{self._notation.gradient(self.wrt)} = {number(self.gradient)}"
        if not self.path_count:
            yield f"{total}: it is a constant, and constants get no gradient"
            return
        many = (
            f"the sum over {_counted(self.path_count)} paths" if self.path_count > 1 else "one path"
        )
        yield f"{total}: {many}"
        if self.factors:
            yield "  " + self._input_times_delta()
        for path in self.paths:
            yield f"  {number(path.product):>10}  {_written(path, self._notation)}"
        rest = self.path_count - len(self.paths)
        if rest and self.paths:
            others = self.gradient - sum(path.product for path in self.paths)
            yield f"  {number(others):>10}  in {_counted(rest)} more path{'s' * (rest > 1)}"

    def _input_times_delta(self) -> str:
        """Return the gradient of a weight as input times δ, summed over samples."""
        terms = [f"{number(x)} · {number(delta)}" for x, delta in self.factors[:_MOST_TERMS]]
        more = len(self.factors) - len(terms)
        text = " + ".join(terms) + f" + … ({more} more samples)" * bool(more)
        return f"x · δ = {text} = {number(sum(x * delta for x, delta in self.factors))}"


def explain(wrt: Value, root: Value, *, paths: int = 5) -> Explanation:
    """Return the gradient d root / d wrt as a sum over paths; the graph is not changed.

    Along a path the local derivatives are multiplied, and all paths are added: that is the chain
    rule. ``backward()`` need not have run.

    Parameters
    ----------
    wrt : Value
        Such as a weight.
    root : Value
        Such as a loss.
    paths : int, optional
        How many of the heaviest paths to name, at least 0.

    Raises
    ------
    TypeError
        If `wrt` or `root` is no Value, or `paths` no whole number.
    ValueError
        If `root` does not depend on `wrt`, or `paths` is negative.
    ArithmeticError
        If a derivative is undefined.

    Notes
    -----
    The chain rule as a sum over the paths of a graph: Bauer 1974.

    Examples
    --------
    >>> from autograd import Value, explain
    >>> x = Value(3.0, label="x")
    >>> print(explain(x, x * x + 2 * x))
    ∂L/∂x = 8: the sum over 3 paths
               3  x → n1 → L: ∂n1/∂x · ∂L/∂n1 = 3 · 1
               3  x → n1 → L: ∂n1/∂x · ∂L/∂n1 = 3 · 1
               2  x → n2 → L: ∂n2/∂x · ∂L/∂n2 = 2 · 1
    """
    for name, node in (("wrt", wrt), ("root", root)):
        if not isinstance(node, Value):
            raise TypeError(f"explain() takes two Values, but {name} is {node!r:.60}.")
    if not isinstance(paths, int):
        raise TypeError(f"paths is {paths!r:.60}; it must be a whole number, such as 5.")
    if paths < 0:
        raise ValueError(f"paths is {paths}; it must be 0 or more.")
    order = topological_order(root)
    notation = Notation(order)
    if wrt not in set(order):
        raise ValueError(
            f"{wrt!r:.80} is not in the graph of {notation.name(root)}, so nothing flows from it. "
            f"In the graph are {_some_names(order, notation)}."
        )
    found = gradients(order)
    uses, weights = _uses(order)
    heaviest = _heaviest_paths(wrt, root, uses, weights)
    return Explanation(
        wrt,
        root,
        found[wrt],
        _count_paths(wrt, order),
        () if wrt.constant else tuple(islice(heaviest, paths)),
        _factors(wrt, notation, found),
        notation,
    )


def _count_paths(wrt: Value, order: Sequence[Value]) -> int:
    """Return how many paths lead from a node to the root, by counting from the root down."""
    if wrt.constant:
        return 0
    ways: Counter[Value] = Counter({order[-1]: 1})
    for node in reversed(order):
        if node is wrt:
            break
        for parent in node.parents:
            ways[parent] += ways[node]
    return ways[wrt]


def _uses(order: Sequence[Value]) -> tuple[Uses, dict[Value, float]]:
    """Return what each node feeds, and the weight of its heaviest path to the root.

    Where all paths have weight 0 the slopes are not asked for: they may be undefined, and as in
    ``backward()`` nothing flows there.
    """
    uses: Uses = {node: [] for node in order}
    weights = dict.fromkeys(order, 0.0)
    weights[order[-1]] = 1.0
    for node in reversed(order):
        slopes = node.local_derivatives() if weights[node] else [0.0] * len(node.parents)
        for parent, slope in zip(node.parents, slopes, strict=True):
            if not parent.constant:
                uses[parent].append((node, slope))
                weights[parent] = max(weights[parent], _weight(slope * weights[node]))
    return uses, weights


def _weight(product: float) -> float:
    return inf if isnan(product) else abs(product)


def _heaviest_paths(
    wrt: Value, root: Value, uses: Uses, weights: dict[Value, float]
) -> Iterator[GradientPath]:
    """Yield the paths from `wrt` to `root`, the heaviest first.

    The search goes on where the product so far, times the heaviest rest of the way, is largest;
    that bound is exact, so paths come in order.
    """
    ticket = count().__next__
    trail: tuple[Any, ...] = (wrt, 1.0, None)  # a node, the slope that led to it, the trail before
    waiting = [(-weights[wrt], 0, ticket(), 1.0, trail)]
    while waiting:
        _, depth, _, product, trail = heapq.heappop(waiting)
        node = trail[0]
        if node is root:
            yield _path_of(trail, product)
        for user, slope in uses[node]:
            longer = product * slope
            bound = _weight(longer * weights[user]) if longer else 0.0
            heapq.heappush(waiting, (-bound, depth - 1, ticket(), longer, (user, slope, trail)))


def _path_of(trail: tuple[Any, ...], product: float) -> GradientPath:
    nodes, factors = [], []
    while trail:
        nodes.append(trail[0])
        factors.append(trail[1])
        trail = trail[2]
    return GradientPath(tuple(reversed(nodes)), tuple(reversed(factors[:-1])), product)


def _factors(
    wrt: Value, notation: Notation, found: dict[Value, float]
) -> tuple[tuple[float, float], ...]:
    """Return x and δ of every neuron that `wrt` is a weight or the bias of."""
    pairs = []
    for run in notation.neurons:
        if run.bias is wrt:
            pairs.append((1.0, found[run.s]))
        pairs += [
            (x.data, found[run.s])
            for weight, x in zip(run.weights, run.inputs, strict=True)
            if weight is wrt
        ]
    return tuple(pairs)


def _written(path: GradientPath, notation: Notation) -> str:
    """Return a path with its factors by name and by number; a long one is cut in the middle."""
    names = _shortened([notation.name(node) for node in path.nodes], " → ")
    if not path.factors:
        return names
    symbols = [notation.local(b, a) for a, b in pairwise(path.nodes)]
    numbers = [number(factor) for factor in path.factors]
    return f"{names}: {_shortened(symbols, ' · ')} = {_shortened(numbers, ' · ')}"


def _counted(paths: int) -> str:
    """Return a number of paths; beyond all counting as a power of 2."""
    return f"{paths:,}" if paths < 10**15 else f"some 2^{round(log2(paths))}"


def _shortened(words: Sequence[str], between: str) -> str:
    if len(words) <= _MOST_FACTORS + 1:
        return between.join(words)
    half = _MOST_FACTORS // 2
    return between.join([*words[:half], f"… ({len(words) - 2 * half} more)", *words[-half:]])


def _some_names(order: Sequence[Value], notation: Notation) -> str:
    names = [notation.name(node) for node in order if not node.constant]
    return ", ".join(names[:8]) + ", …" * (len(names) > 8)
