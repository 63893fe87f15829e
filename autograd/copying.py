"""copy, deepcopy and pickle of Values at any depth: a graph travels parents first.

Importing this file is enough; `copy` and `pickle` then know Values, alone or inside other objects.

Kept are data, grad, label, scope, constant, operation, every parent slot and attributes of your own
(``p.m``). A node that is referred to from several places of one pickle or one deepcopy stays one
node, leaf or inner. Ages are given anew: parents before children, and within the graph of one node
in the old order. If data was set after a graph had used it, the copy refuses ``backward()`` as the
original does. An operation travels as its name: a program that reads a pickle must have defined the
same ones.

``copy.copy(node)`` makes one node with the same parents; deepcopy and pickle take the whole graph.

Examples
--------
>>> from copy import deepcopy
>>> from autograd import Value
>>> x = Value(3.0, label="x")
>>> y = x * x
>>> other_x, other_y = deepcopy([x, y])
>>> other_y.backward()
>>> other_x.grad, x.grad
(6.0, 0.0)
"""

from __future__ import annotations

import copyreg
from collections.abc import Iterator, Sequence
from copy import deepcopy
from threading import local
from typing import Any

from autograd.ops import Op
from autograd.value import Value, topological_order


class Departing:
    """The graph of `root` on its way into a pickle or a copy, where it is an `Arrived`.

    pickle and deepcopy go from an object to all that it refers to, which exhausts the stack on a
    long chain. Here they get the nodes parents first, and never have to go further than one.
    """

    def __init__(self, root: Value) -> None:
        self.root = root

    def __reduce__(self) -> tuple[Any, ...]:
        order = topological_order(self.root)
        return Arrived, (), {"changed": _changed_later(order)}, _HandOver(order)

    def __deepcopy__(self, memo: dict[int, Any]) -> Arrived:
        order = topological_order(self.root)
        new = [node for node in order if id(node) not in memo]
        for node in new:
            op, parents, *rest = _fields(node)
            memo[id(node)] = make_node(op, tuple([memo[id(x)] for x in parents]), *rest)
        for node in new:  # only now: attributes may refer to any node of the graph
            if attributes := _attributes(node):
                memo[id(node)].__dict__.update(deepcopy(attributes, memo))
        arrived = Arrived([memo[id(self.root)]])
        arrived.changed = [memo[id(node)] for node in _changed_later(order)]
        return arrived


class Arrived(list[Value]):
    """The nodes of a graph, new, the root last."""

    changed: Sequence[Value] = ()  # nodes whose data was set after others had used it


def root_of(graph: Departing | Arrived) -> Value:
    """Return the root of a graph that has arrived, ready for use."""
    if isinstance(graph, Departing):  # it has not moved: copy.copy wants this one node
        return _twin(graph.root)
    for node in graph.changed:
        node.data = node.data  # its stamp is now later than all that used it, as it was
    return graph[-1]


def make_node(
    op: Op | None,
    parents: tuple[Value, ...],
    data: float,
    grad: float,
    constant: bool,
    scope: str,
) -> Value:
    """Return a new node, younger than its parents; they exist already, so no cycle can be made."""
    node = Value(data, constant=constant)
    node.op, node.parents, node.grad, node.scope = op, parents, grad, scope
    return node


def _reduce(node: Value) -> tuple[Any, ...]:
    """Tell `pickle` and `copy` how to make this node again."""
    if node.op and node not in _saved.nodes:
        return root_of, (Departing(node),)
    return make_node, _fields(node), _attributes(node)


def _fields(node: Value) -> tuple[Any, ...]:
    """Return the arguments of `make_node`."""
    return node.op, node.parents, node.data, node.grad, node.constant, node.scope


def _attributes(node: Value) -> dict[str, Any] | None:
    """Return the label and what users stored, without making a ``__dict__`` where there is none."""
    state: Any = object.__getstate__(node)
    if not state[0]:
        return None
    # The stamp belongs to this program's clock; root_of() gives a new one where it matters.
    return {name: value for name, value in state[0].items() if name != "written"}


class _Saved(local):
    """The nodes that picklers of this thread have been given, parents before children."""

    def __init__(self) -> None:
        self.nodes: set[Value] = set()


_saved = _Saved()


class _HandOver(Iterator[Value]):
    """Gives a pickler one node after the other; it knows the parents of each by then.

    A pickler reads ahead, but holds this iterator until it has written the last node.
    """

    def __init__(self, order: list[Value]) -> None:
        self.order, self.ahead = order, iter(order)

    def __next__(self) -> Value:
        node = next(self.ahead)
        _saved.nodes.add(node)
        return node

    def __del__(self) -> None:
        _saved.nodes.difference_update(self.order)


def _changed_later(order: Sequence[Value]) -> list[Value]:
    """Return the nodes whose data was set after a node of this graph had used or computed it."""
    inner = [node for node in order if node.op]
    if not inner or max([node.written for node in order]) <= inner[0].age:
        return []
    used = ((x, node) for node in inner for x in (node, *node.parents))
    return list(dict.fromkeys(x for x, node in used if x.written > node.age))


def _twin(node: Value) -> Value:
    """Return a second node of the same parents and attributes."""
    twin = make_node(*_fields(node))
    twin.__dict__.update(_attributes(node) or {})
    if any(x.written > node.age for x in (node, *node.parents)):
        twin.data = node.data  # what does not follow from its parents is not to seem to
    return twin


copyreg.pickle(Value, _reduce)
