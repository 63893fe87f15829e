"""Value: a number that remembers how it was made, so that it can be differentiated.

Read this file top to bottom: it is the whole engine. The rules of calculus stand in `ops`; here
are the recording of a graph, its order, and the chain rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from math import inf
from operator import attrgetter
from typing import Any

from autograd import checks
from autograd.checks import numbers_known, to_float
from autograd.operators import NumberLike
from autograd.ops import Op
from autograd.scopes import current_scope

_tick = count(1).__next__  # the clock: births of nodes, and later writes to their data
_age, _parents, _written = attrgetter("age"), attrgetter("parents"), attrgetter("written")


class Value(NumberLike):
    """A number and how it came to be: one node of a computation graph.

    Parameters
    ----------
    data : float
        A real number, also numpy's; another Value gives its number.
    label : str, optional
        A name for pictures, formulas and error messages.
    constant : bool, optional
        A constant gets no gradient. Plain numbers in an expression become constants.

    Attributes
    ----------
    grad : float
        d root / d self, after ``root.backward()``.
    op : Op or None
        The operation that made this node; None for a leaf.
    parents : tuple of Value
        The inputs of `op`, in order; the same node may occur twice.
    age, scope : int, str
        When it was made (parents are older than their children), and where, see `scope`.

    Examples
    --------
    >>> x = Value(3.0, label="x")
    >>> y = x * x + 1
    >>> y.backward()
    >>> x
    Value(data=3.0, grad=6.0, label='x')
    """

    __slots__ = ("__dict__", "_data", "age", "constant", "grad", "op", "parents", "scope")
    _label: str = ""  # kept in __dict__, like written: they take no room where there is none
    written: int = 0

    def __init__(self, data: Any, label: str = "", *, constant: bool = False) -> None:
        self._data, self.op, self.parents = to_float(data), None, ()
        self.grad, self.constant = 0.0, constant
        self.age, self.scope = _tick(), current_scope()
        if label != "":
            self.label = label

    @staticmethod
    def record_op(op: Op, inputs: tuple[Any, ...]) -> Value:
        """Return a new node, `op` applied to `inputs`; plain numbers among them are constants."""
        # Only the ends are looked at: a long sum would spend its time here. See below.
        if inputs[0].__class__ is not Value or inputs[-1].__class__ is not Value:
            inputs = as_values(inputs)
        try:
            if op.gather:
                out = op.gather(inputs)
            elif len(inputs) == 1:
                out = op.forward(inputs[0]._data)
            else:
                out = op.forward(*[x._data for x in inputs])
            if out.__class__ is not float:
                out = to_float(out)
            if not -inf < out < inf and all(-inf < x._data < inf for x in inputs):
                raise OverflowError("the result is not a finite number")
        except Exception as error:
            if not all(isinstance(x, Value) for x in inputs):  # plain numbers in the middle
                return Value.record_op(op, as_values(inputs))
            out = checks.outside(op, inputs, error)
        node: Value = _new(Value)
        node._data, node.op, node.parents = out, op, inputs
        node.grad, node.constant = 0.0, False
        node.age, node.scope = _tick(), current_scope()
        return node

    def backward(self, seed: float = 1.0) -> None:
        """Add ``seed`` times d self / d leaf to the grad of every leaf; set it for inner nodes.

        Raises
        ------
        RuntimeError
            If data was changed after this graph had used it. Grads then stay as they were.
        """
        order = topological_order(self)
        inner = [node for node in order if node.op]
        if inner and max(map(_written, order)) > inner[0].age:
            checks.refuse_changed(inner)
        with checks.grads_restored_on_error(order):
            for node in inner:
                node.grad = 0.0  # leaves add up over calls, inner nodes start anew
            if not self.constant:
                self.grad += to_float(seed)
            for node in reversed(inner):
                if node.grad:  # a zero passes nothing on: 0 * inf would be nan
                    node.propagate()

    def propagate(self) -> None:
        """Give each parent its share of this node's gradient: the chain rule."""
        op, parents, upstream = self.op, self.parents, self.grad
        if op.spread:
            op.spread(parents, upstream)
            return
        for parent, slope in zip(parents, self.local_derivatives()):  # noqa: B905
            if not parent.constant:
                parent.grad += slope * upstream

    def local_derivatives(self) -> Any:
        """Return d self / d parent for each parent, in order; nothing for a leaf."""
        op, parents = self.op, self.parents
        if not op:
            return ()
        try:
            slopes = op.derivatives(*[x._data for x in parents], self._data)
            if len(slopes) != len(parents):
                raise TypeError(f"for {len(parents)} input(s) it gave {len(slopes)} derivative(s)")
            return [x if x.__class__ is float else to_float(x) for x in slopes]
        except Exception as error:
            return checks.outside(op, parents, error, self._data)

    def zero_grad(self) -> None:
        """Set the grad of every node of this graph to 0."""
        for node in topological_order(self):
            node.grad = 0.0

    @property
    def data(self) -> float:
        """The number. A graph that has used the old one notices when you set it."""
        return self._data if numbers_known() else checks.refuse_number()

    @data.setter
    def data(self, number: Any) -> None:
        self._data, self.written = to_float(number), _tick()

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        data, grad = checks.shown(self._data), checks.shown(self.grad)
        return f"Value(data={data}, grad={grad}{label})"


_new: Any = object.__new__  # while a function is recorded, what makes nodes of which nothing leaks


def as_values(inputs: Iterable[Any]) -> tuple[Value, ...]:
    """Return the inputs as Values, plain numbers among them as constants."""
    return tuple([x if isinstance(x, Value) else Value(x, constant=True) for x in inputs])


def topological_order(root: Value) -> list[Value]:
    """Return every node that `root` depends on, itself last: parents before children.

    A node is always younger than its parents, so sorting by age is enough.
    """
    if not isinstance(root, Value):
        raise TypeError(f"A graph is that of one Value, such as total(values); got {root!r:.60}.")
    seen, frontier = {root}, {root}
    while frontier:
        frontier = set().union(*map(_parents, frontier)) - seen
        seen |= frontier
    return sorted(seen, key=_age)
