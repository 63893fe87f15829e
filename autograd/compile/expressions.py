"""What a statement computes for each of its rows: a tree of operations on numbered operands.

The rules of the table are arithmetic on whatever they are given, so handing them these trees gives
the program's derivatives; no rule is written a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import isfinite
from typing import Any

from autograd import ops
from autograd.checks import RecordingError
from autograd.operators import Arithmetic
from autograd.ops import Op

_LONGEST = 1000  # operations of an expression that is written out


_CURE = "Choose with where(step(x), a, b), maximum or minimum of autograd."


class Expression(Arithmetic):
    """An operation on other expressions and plain numbers, or an operand that has a number.

    Attributes
    ----------
    op : Op or None
        None for an operand.
    inputs : tuple
        Expressions and floats; of an operand its number, counted from 0.

    Examples
    --------
    >>> x, out = operands(2)
    >>> print(text_of(ops.tanh.derivatives(x, out)[0], ["x", "out"]))
    1 - out * out
    """

    __slots__ = ("inputs", "op")

    def __init__(self, op: Op | None, inputs: tuple[Any, ...]) -> None:
        self.op, self.inputs = op, inputs

    @staticmethod
    def record_op(op: Op, inputs: tuple[Any, ...]) -> Any:
        """Return `op` applied to `inputs`, simpler where a plain 0 or 1 allows it."""
        inputs = tuple([x if isinstance(x, Expression) else float(x) for x in inputs])
        if op in (ops.mul, ops.add, ops.sub, ops.div, ops.power):
            x, y = inputs
            if op is ops.mul:
                if _is(x, 0.0) or _is(y, 0.0):
                    return 0.0
                if _is(x, 1.0) or _is(y, 1.0):
                    return y if _is(x, 1.0) else x
            elif op in (ops.div, ops.power):
                if _is(y, 1.0):
                    return x
            elif _is(y, 0.0):
                return x
            elif _is(x, 0.0):
                return y if op is ops.add else Expression(ops.neg, (y,))
        return Expression(op, inputs)

    def __bool__(self) -> bool:
        raise TypeError(f"A rule that asks how large a number is can't be recorded. {_CURE}")

    def __eq__(self, other: object) -> bool:
        raise TypeError(f"A rule that compares numbers can't be recorded. {_CURE}")

    __lt__ = __le__ = __gt__ = __ge__ = __eq__

    def __hash__(self) -> int:
        raise TypeError("A rule that looks a number up can't be recorded.")

    def __repr__(self) -> str:
        raise TypeError("A rule that makes text of a number can't be recorded.")

    def __format__(self, form: str) -> str:
        return repr(self)


Expression.__name__ = Expression.__qualname__ = "recorded number"  # as Python's errors call it


class _NotZero(Expression):
    """What our own rules get: they ask ``if x`` and ``x != 0`` to treat a pole apart.

    Where there is one, the result is not finite, and the batch is run again as Values.
    """

    __slots__ = ()
    __eq__ = object.__eq__
    __hash__ = Expression.__hash__

    def __bool__(self) -> bool:
        return True


def _is(x: Any, number: float) -> bool:
    return not isinstance(x, Expression) and bool(x == number)


def operands(count: int) -> list[Expression]:
    """Return the operands number 0 to ``count - 1``."""
    return [Expression(None, (i,)) for i in range(count)]


def walk(expression: Any) -> Iterator[Expression]:
    """Yield every expression in the tree once, inputs first."""
    done: set[int] = set()
    stack = [expression]
    while stack:
        x = stack.pop()
        if not isinstance(x, Expression) or id(x) in done:
            continue
        inputs = x.inputs if x.op else ()
        if missing := [y for y in inputs if isinstance(y, Expression) and id(y) not in done]:
            stack += [x, *reversed(missing)]
        else:
            done.add(id(x))
            yield x


def is_short(*expressions: Any, most: int = 200) -> bool:
    """Return whether each of the expressions has few operations when it is written out.

    What is used in several places is written in each: doubling a number thirty times is long.

    Examples
    --------
    >>> x, y = operands(2)
    >>> for _ in range(30):
    ...     y = y + y
    >>> is_short(x + 1), is_short(y)
    (True, False)
    """
    for expression in expressions:
        sizes: dict[int, int] = {}
        for x in walk(expression):
            inputs = x.inputs if x.op else ()
            sizes[id(x)] = 1 + sum([sizes[id(y)] for y in inputs if isinstance(y, Expression)])
            if sizes[id(x)] > most:
                return False
    return True


def used_operands(expression: Any) -> list[int]:
    """Return the numbers of the operands in the tree, ascending."""
    return sorted({x.inputs[0] for x in walk(expression) if x.op is None})


def with_operands(expression: Any, replacements: Sequence[Any]) -> Any:
    """Return the expression with each operand replaced by the entry of its number."""
    made: dict[int, Any] = {}
    for x in walk(expression):
        if x.op is None:
            made[id(x)] = replacements[x.inputs[0]]
        else:
            inputs = tuple([made[id(y)] if isinstance(y, Expression) else y for y in x.inputs])
            made[id(x)] = x.op.apply(inputs)
    return made[id(expression)] if isinstance(expression, Expression) else expression


def rule_of(op: Op, inputs: Sequence[Any], out: Expression) -> tuple[Any, ...] | None:
    """Return the derivatives of an operation as expressions; None if its rule is no arithmetic.

    A rule of the user may call a function of `math`, or ask how large a number is, or what it is.
    Then the program has to call it for each number, as if it is very long.
    """
    if op in ops.built_in():
        inputs = [_NotZero(None, x.inputs) if isinstance(x, Expression) else x for x in inputs]
    try:
        slopes = op.derivatives(*inputs, out)
        slopes = tuple([x if isinstance(x, Expression) else float(x) for x in slopes])
    except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError):
        return None
    if op in ops.built_in():
        return slopes
    holds = is_short(*slopes) and _holds(op.derivatives, slopes, [*inputs, out])
    return slopes if holds else None


def forward_of(op: Op, inputs: Sequence[Any]) -> Any:
    """Return a user's operation as an expression; None if its forward rule is no arithmetic.

    Inside of it a number may be infinite, and not be seen in the result, where Python's floats
    would have raised: see `may_hide`.
    """
    try:
        out = op.forward(*inputs)
    except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError):
        return None
    if isinstance(out, Expression):
        holds = _holds(lambda *numbers: (op.forward(*numbers),), (out,), inputs)
        return out if is_short(out) and holds else None
    return float(out) if isinstance(out, int | float) and isfinite(out) else None


def _holds(rule: Callable[..., Any], trees: Sequence[Any], inputs: Sequence[Any]) -> bool:
    """Return whether a user's rule says of numbers what it says of expressions."""
    highest = max([i for x in inputs for i in used_operands(x)], default=-1)
    for number in (0.375, -1.75, 3.0):
        numbers = [number + 0.125 * i for i in range(highest + 1)]
        try:
            found = [with_operands(tree, numbers) for tree in trees]
            expected = rule(*[with_operands(x, numbers) for x in inputs])
        except (ValueError, ArithmeticError):
            continue  # outside of its domain
        except (TypeError, AttributeError, LookupError):
            return False
        for x, y in zip(found, expected, strict=False):
            if not (x == y or abs(x - y) <= 1e-9 * max(1.0, abs(x))) and isfinite(x):
                return False
    return True


# What may be infinite for finite inputs, where the table and Python's floats raise.
OVERFLOWING = frozenset({"exp", "log", "div", "power", "sqrt", "log_or_zero"})


def may_hide(x: Any, root: Any) -> bool:
    """Return whether a part of an expression has to be looked at, since it may be infinite."""
    inner = isinstance(x, Expression) and x is not root
    return inner and x.op is not None and x.op.name in OVERFLOWING


_SIGNS = {"add": "{} + {}", "sub": "{} - {}", "mul": "{} * {}", "div": "{} / {}", "neg": "-{}"}


def text_of(expression: Any, names: Sequence[str], call: Callable[..., str] | None = None) -> str:
    """Return the expression as Python.

    Parameters
    ----------
    expression : Expression or float
    names : sequence of str
        What to write for the operands.
    call : callable, optional
        What to write for an operation that is called by name, ``call(op, inputs)`` with the texts
        of its inputs.

    Raises
    ------
    RecordingError
        If it is very long.

    Examples
    --------
    >>> x, y = operands(2)
    >>> text_of((x + 1) * ops.exp(-y), ["x", "y"])
    '(x + 1) * exp(-y)'
    """
    if not is_short(expression, most=_LONGEST):
        raise RecordingError(
            f"Written out, the rule has more than {_LONGEST} operations: what is used twice is "
            "written twice. Do less in it, or run it as Values (engine='eager')."
        )
    text, _ = _text(expression, names, call or _call)
    return text


def _call(op: Op, inputs: Sequence[str]) -> str:
    return f"{op.name}({', '.join(inputs)})"


def _text(x: Any, names: Sequence[str], call: Callable[..., str]) -> tuple[str, int]:
    """Return the text and how tightly it binds."""
    if not isinstance(x, Expression):
        return f"{x:g}" if float(f"{x:g}") == x else repr(x), 100 if x >= 0 else 30
    if x.op is None:
        return names[x.inputs[0]], 100
    if x.op.name in _SIGNS or x.op is ops.power:
        sign = _SIGNS.get(x.op.name, "{} ** {}")
        binding = x.op.binding
        parts = []
        for i, y in enumerate(x.inputs):
            text, inner = _text(y, names, call)
            loose = inner < binding or (inner == binding and (i == 1 or x.op is ops.power))
            parts.append(f"({text})" if loose else text)
        return sign.format(*parts), binding
    return call(x.op, [_text(y, names, call)[0] for y in x.inputs]), 100
