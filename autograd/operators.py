"""How anything that records operations takes part in Python expressions.

`Arithmetic` needs only ``record_op(op, inputs)``, which makes a new object from an operation of the
table; `NumberLike`, of which `Value` is one, also has a number in ``data`` and behaves like it.
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any, ClassVar, Self

from autograd import ops
from autograd.checks import refuse_equality, to_float
from autograd.ops import Op


class Arithmetic:
    """Operators and methods that hand an operation of the table to ``self.record_op``.

    Examples
    --------
    >>> from autograd import Value
    >>> (2 * Value(3.0) - 1).tanh().data
    0.9999092042625951
    """

    __slots__ = ()
    # numpy then leaves `array + value` to __radd__, which refuses the array.
    __array_ufunc__ = None

    def record_op(self, op: Op, inputs: tuple[Any, ...]) -> Self:
        """Return ``op(*inputs)``, recorded."""
        raise TypeError(f"{type(self).__name__} does not say how it records {op}{inputs}.")

    # fmt: off
    def __add__(self, other: Any) -> Self: return self.record_op(ops.add, (self, other))
    def __radd__(self, other: Any) -> Self: return self.record_op(ops.add, (other, self))
    def __sub__(self, other: Any) -> Self: return self.record_op(ops.sub, (self, other))
    def __rsub__(self, other: Any) -> Self: return self.record_op(ops.sub, (other, self))
    def __mul__(self, other: Any) -> Self: return self.record_op(ops.mul, (self, other))
    def __rmul__(self, other: Any) -> Self: return self.record_op(ops.mul, (other, self))
    def __truediv__(self, other: Any) -> Self: return self.record_op(ops.div, (self, other))
    def __rtruediv__(self, other: Any) -> Self: return self.record_op(ops.div, (other, self))
    def __pow__(self, other: Any) -> Self: return self.record_op(ops.power, (self, other))
    def __rpow__(self, other: Any) -> Self: return self.record_op(ops.power, (other, self))
    def __neg__(self) -> Self: return self.record_op(ops.neg, (self,))
    def __pos__(self) -> Self: return self
    def __abs__(self) -> Self: return self.record_op(ops.abs, (self,))
    # fmt: on

    def exp(self) -> Self:
        """Return e to the power of self."""
        return self.record_op(ops.exp, (self,))

    def log(self) -> Self:
        """Return the natural logarithm."""
        return self.record_op(ops.log, (self,))

    def sqrt(self) -> Self:
        """Return the square root."""
        return self.record_op(ops.sqrt, (self,))

    def sin(self) -> Self:
        """Return the sine."""
        return self.record_op(ops.sin, (self,))

    def cos(self) -> Self:
        """Return the cosine."""
        return self.record_op(ops.cos, (self,))

    def tanh(self) -> Self:
        """Return the hyperbolic tangent."""
        return self.record_op(ops.tanh, (self,))

    def sigmoid(self) -> Self:
        """Return 1 / (1 + exp(-self))."""
        return self.record_op(ops.sigmoid, (self,))

    def softplus(self) -> Self:
        """Return ln(1 + exp(self))."""
        return self.record_op(ops.softplus, (self,))

    def relu(self) -> Self:
        """Return self where positive, else 0."""
        return self.record_op(ops.relu, (self,))

    def leaky_relu(self, slope: float = 0.01) -> Self:
        """Return self where positive, ``slope * self`` elsewhere."""
        return self.record_op(ops.leaky_relu_of, (self, slope))


class NumberLike(Arithmetic):
    """An object with a number in ``data``, its operation in ``op`` and the inputs in ``parents``.

    Comparing with ``<`` and ``bool()`` look at the number; ``==`` and ``hash()`` ask whether two
    names mean the same node, as Python does by default. ``float()``, and with it every function of
    `math`, sees the number alone: what comes of ``math.exp(x)`` has forgotten x; use ``x.exp()``.

    Examples
    --------
    >>> from autograd import Value
    >>> Value(2.0) < 3, float(Value(2.0)), f"{Value(2.0):.2f}", Value(2.0) == Value(2.0)
    (True, 2.0, '2.00', False)
    """

    __slots__ = ()
    data: Any
    _label: str
    op: Any
    parents: Any
    propagate: Callable[[], None]
    tree: ClassVar[Callable[..., str]]  # readers, attached by the front door
    _repr_mimebundle_: ClassVar[Callable[..., dict[str, str]]]

    # fmt: off
    def __float__(self) -> float: return to_float(self)
    def __int__(self) -> int: return int(to_float(self))
    def __bool__(self) -> bool: return to_float(self) != 0
    def __round__(self, digits: int | None = None) -> float: return round(to_float(self), digits)
    def __lt__(self, other: Any) -> bool: return to_float(self) < to_float(other)
    def __le__(self, other: Any) -> bool: return to_float(self) <= to_float(other)
    def __gt__(self, other: Any) -> bool: return to_float(self) > to_float(other)
    def __ge__(self, other: Any) -> bool: return to_float(self) >= to_float(other)
    __hash__ = object.__hash__
    # fmt: on

    def __eq__(self, other: object) -> bool:
        if self is not other and isinstance(other, Real | NumberLike):
            refuse_equality()
        return self is other

    def __format__(self, spec: str) -> str:
        return format(to_float(self), spec) if spec else repr(self)

    @property
    def label(self) -> str:
        """A name for pictures, formulas and error messages; empty where there is none."""
        return self._label

    @label.setter
    def label(self, name: str) -> None:
        if not isinstance(name, str):
            raise TypeError(
                f"A label is text; got {name!r:.60}. To make an operation use define()."
            )
        vars(self)["_label"] = name

    @property
    def _prev(self) -> tuple[Any, ...]:
        """Return what micrograd knows by this name: `parents`."""
        return self.parents  # type: ignore[no-any-return]

    @property
    def _op(self) -> str:
        """Return micrograd's sign of the operation: '' for a leaf, '**2' for a square."""
        if self.op is ops.power and self.parents[1].constant:
            return f"**{self.parents[1].data:g}"
        return self.op.symbol if self.op else ""

    def _backward(self) -> None:
        """Do what micrograd knows by this name: `propagate`."""
        if self.op:
            self.propagate()
