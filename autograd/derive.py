"""Derivatives as graphs: Values again, to be printed, drawn and differentiated once more.

The reverse sweep of `Value.backward` runs here on Values instead of floats. The rules of the table
are plain arithmetic, so handing them the nodes themselves makes them build the derivative's graph.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, overload

from autograd.checks import describe, ieee_values, outside, refuse_changed, to_float
from autograd.ops import total
from autograd.value import Value, topological_order


@overload
def derive(value: Value, wrt: Value) -> Value: ...
@overload
def derive(value: Value, wrt: Sequence[Value]) -> list[Value]: ...
def derive(value: Value, wrt: Value | Sequence[Value]) -> Value | list[Value]:
    """Return d value / d node as a graph, for one node or for each of a list.

    Parameters
    ----------
    value : Value
        The finished graph to differentiate.
    wrt : Value or sequence of Value
        With respect to what: leaves or inner nodes.

    Returns
    -------
    Value or list of Value
        Their numbers are the grads of backward. They share nodes with the old graph, as d(xw)/dx
        is w itself, and can be derived again. What `value` does not depend on, and a constant,
        gives a constant 0. No grad changes.

    Raises
    ------
    ValueError, ArithmeticError
        If a derivative that is asked for is undefined there, as that of sqrt at 0.
    TypeError
        If `value` or an element of `wrt` is no Value, or if an operation's rule answers with a
        plain number that ought to depend on its inputs, as after ``math.cos(x)``.
    RuntimeError
        If data was changed after the graph had used it.

    Examples
    --------
    >>> from autograd import Value, derive
    >>> x = Value(2.0, label="x")
    >>> slope = derive(x**4, x)
    >>> slope.data, derive(slope, x).data
    (32.0, 48.0)
    """
    if isinstance(wrt, Value):
        return derive(value, [wrt])[0]
    if not isinstance(wrt, Iterable):
        raise TypeError(f"wrt is {wrt!r:.60}; it must be a Value, or a list of them.")
    wrt = list(wrt)
    for name, node in [("value", value), *[(f"wrt[{i}]", node) for i, node in enumerate(wrt)]]:
        if not isinstance(node, Value):
            raise TypeError(f"{name} is {node!r:.60}; it must be a Value, a node of the graph.")
    order = topological_order(value)
    inner = [node for node in order if node.op]
    refuse_changed(inner)
    asked = _depending_on(wrt, order)
    gradients: dict[Value, Any] = {value: 1.0}  # plain numbers, until a slope is a Value
    for node in reversed(inner):
        upstream = gradients.get(node, 0.0)
        if upstream == 0 or asked.isdisjoint(node.parents):
            continue
        for parent, slope in zip(node.parents, _slopes(node, asked), strict=True):
            if parent in asked:
                share = _product(slope, upstream)
                if not math.isfinite(share):
                    _raise_as_backward_does(node)
                gradients[parent] = _sum(gradients.get(parent, 0.0), share)
    found = [0.0 if node.constant else gradients.get(node, 0.0) for node in wrt]
    return [x if isinstance(x, Value) else Value(x, constant=True) for x in found]


def _depending_on(wrt: Sequence[Value], order: Sequence[Value]) -> set[Value]:
    """Return the nodes of `wrt` that are no constants, and all nodes that depend on them."""
    asked = {node for node in wrt if not node.constant}
    for node in order:
        if not asked.isdisjoint(node.parents):
            asked.add(node)
    return asked


def _slopes(node: Value, asked: set[Value]) -> list[Any]:
    """Return the local derivatives: Values, or plain numbers where they are constant."""
    try:
        slopes = [x if isinstance(x, Value) else to_float(x) for x in _rule_on_nodes(node)]
        if len(slopes) != len(node.parents):
            raise TypeError(f"for {len(node.parents)} input(s) it gave {len(slopes)} derivative(s)")
        for i in _frozen(node, slopes, asked):
            raise TypeError(
                f"it gave the plain number {slopes[i]:.6g} for input {i}, where a Value is needed "
                "to derive again; use operations of autograd, cos(x) instead of math.cos(x)"
            )
        return slopes
    except Exception as error:
        return list(outside(node.op, node.parents, error, node.data))


def _rule_on_nodes(node: Value) -> Any:
    """Return what the rule gives for the parents themselves, constants as plain numbers."""
    rule, inputs = node.op.derivatives, [x.data if x.constant else x for x in node.parents]
    try:
        return rule(*inputs, node)
    except (ArithmeticError, ValueError):
        # x**4 has no slope in its exponent where x < 0; that matters only if it is asked for.
        with ieee_values():
            return rule(*inputs, node)


def _frozen(node: Value, slopes: Sequence[Any], asked: set[Value]) -> list[int]:
    """Return which slopes are plain numbers, but other ones on both sides of the node's inputs."""
    plain = [
        i
        for i, (parent, slope) in enumerate(zip(node.parents, slopes, strict=True))
        if parent in asked and not isinstance(slope, Value) and math.isfinite(slope)
    ]
    sides = [side for shift in (1e-4, -1e-4) if plain and (side := _slopes_beside(node, shift))]
    same = {i for i in plain for side in sides if math.isclose(side[i], slopes[i], rel_tol=1e-12)}
    return [i for i in plain if sides and i not in same]


def _slopes_beside(node: Value, shift: float) -> Sequence[float]:
    """Return the slopes at moved inputs, each by another distance; none outside the domain."""
    numbers = [
        x.data if x.constant else x.data + shift * (1 + k / len(node.parents))
        for k, x in enumerate(node.parents)
    ]
    try:
        slopes: Sequence[float] = node.op.derivatives(*numbers, node.op.forward(*numbers))
    except (ArithmeticError, ValueError):
        return ()
    return slopes


def _raise_as_backward_does(node: Value) -> None:
    """Raise if the node's derivatives are undefined for plain numbers, as in backward."""
    try:
        node.op.derivatives(*[x.data for x in node.parents], node.data)
    except Exception as error:
        outside(node.op, node.parents, error, node.data)


def _product(slope: Any, upstream: Any) -> Any:
    """Return slope * upstream with as few nodes as possible; a plain 0 or 1 makes none."""
    if slope == 0 or upstream == 0:
        return 0.0
    if not math.isfinite(slope) and float(upstream) == 0:
        return 0.0  # as in backward: nothing flows through a zero, not even to an infinite slope
    for one, other in ((slope, upstream), (upstream, slope)):
        if one == 1 or one == -1:
            return other if one == 1 else -other
    return slope * upstream


def _sum(gradient: Any, share: Any) -> Any:
    """Return gradient + share; a plain 0 makes no node."""
    if gradient == 0:
        return share
    return gradient if share == 0 else gradient + share


def grad(f: Callable[..., Any], argnum: int = 0) -> Callable[..., Value]:
    """Return the function that gives df/dx as a Value; ``grad(grad(f))`` gives the second one.

    Parameters
    ----------
    f : callable
        A function of Values that returns a Value.
    argnum : int, optional
        The position of x among f's arguments.

    Returns
    -------
    callable
        It takes numbers or Values like `f`, and returns a Value: a graph of its arguments.

    Examples
    --------
    >>> from autograd import grad
    >>> cube = lambda x: x**3
    >>> grad(cube)(2.0).data, grad(grad(cube))(2.0).data, grad(grad(grad(cube)))(2.0).data
    (12.0, 12.0, 6.0)
    """
    if not callable(f):
        raise TypeError(f"grad takes a function; got {str(f):.60}. For a graph use derive(y, x).")

    def gradient(*inputs: Any) -> Value:
        if not -len(inputs) <= argnum < len(inputs):
            raise IndexError(f"grad asks for argument {argnum}, but there are {len(inputs)}.")
        # A node of its own for each call: d(x + y)/dy is 1 also where y is the node x.
        values = [total([x]) if isinstance(x, Value) else Value(x) for x in inputs]
        return derive(_result(f, values), values[argnum])

    return gradient


def hessian(of: Value | Callable[..., Any], *at: Any) -> list[list[float]]:
    """Return the matrix of second derivatives of a graph or a function.

    Parameters
    ----------
    of : Value or callable
        A finished graph, or a function of n Values.
    *at : Value or float
        The n leaves of the graph, also as one list; or the n numbers at which to take the function.

    Returns
    -------
    list of list of float
        n rows of n numbers, symmetric.

    Raises
    ------
    ValueError
        If one of the leaves is the result of an operation.

    Examples
    --------
    >>> from autograd import hessian
    >>> hessian(lambda x, y: x**2 * y, 3.0, 5.0)
    [[10.0, 6.0], [6.0, 0.0]]
    """
    if isinstance(of, Value):
        value, leaves = of, list(at if len(at) != 1 or isinstance(at[0], Value) else at[0])
    else:
        if not callable(of):
            raise TypeError(f"hessian takes a Value or a function of Values; got {of!r:.60}.")
        leaves = [Value(number) for number in at]
        value = _result(of, leaves)
    for i, leaf in enumerate(leaves):
        if isinstance(leaf, Value) and leaf.op:
            raise ValueError(
                f"leaves[{i}] ({describe(leaf)}) is the result of {leaf.op.name}(...); "
                "a Hessian is taken in independent numbers, so give leaves."
            )
    upper = [
        [second.data for second in derive(first, leaves[i:])]
        for i, first in enumerate(derive(value, leaves))
    ]
    n = range(len(leaves))
    return [[upper[min(i, j)][abs(i - j)] for j in n] for i in n]


def _result(f: Callable[..., Any], values: Sequence[Value]) -> Value:
    """Return f(*values), which is a constant if it is a plain number."""
    out = f(*values)
    return out if isinstance(out, Value) else Value(out, constant=True)
