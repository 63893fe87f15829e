"""What the engine refuses, and how it says so: foreign data, undefined results, changed leaves.

One policy for undefined results. Finite inputs give a finite result, or an error of the kind that
Python's floats raise (ValueError, ZeroDivisionError, OverflowError) which names the operation, the
numbers and their labels. Inside ``with ieee_values():`` the operation answers as IEEE 754 does,
with inf and nan, for those who want to study them (a function of `math` that overflows says no sign
and gives inf). Values that already are inf or nan pass, and gradients may overflow to them; the
optimizers of `nn` then refuse to step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from numbers import Real
from typing import Any

_ieee = ContextVar("ieee", default=False)
_numbers_known = ContextVar("numbers_known", default=True)
_identity_meant = ContextVar("identity_meant", default=True)
_refusals: ContextVar[list[Refusal]] = ContextVar("refusals")
NO_BACKWARD = (
    "backward() gives numbers, as all derivatives at numbers do, and another sample has others. "
    "Call it on what the compiled function returns"
)
numbers_known = _numbers_known.get  # False while a function is recorded, to be run on other numbers


def no_number(x: Any, wanted: str) -> TypeError:
    """Return the error that says what was wanted where `x` is no real number, and what to do.

    Examples
    --------
    >>> no_number("3", "A slope is one real number")
    TypeError("A slope is one real number; got '3' of type str. Convert text with float().")
    """
    kind = type(x).__name__
    if isinstance(x, str):
        advice = "Convert text with float()."
    elif isinstance(x, complex):
        advice = "Complex numbers are not supported."
    elif hasattr(x, "__len__"):
        advice = f"Make one Value for each element: [Value(x) for x in {kind}]."
    else:
        advice = "Give an int, a float or one of numpy's numbers."
    return TypeError(f"{wanted}; got {_quoted(x)} of type {kind}. {advice}")


def no_list(x: Any, taker: str) -> TypeError:
    """Return the error that says that a list of numbers was wanted.

    Examples
    --------
    >>> no_list(3, "total()")
    TypeError('total() takes a list of Values or numbers, as [x, y]; got 3.')
    """
    return TypeError(f"{taker} takes a list of Values or numbers, as [x, y]; got {_quoted(x)}.")


def _quoted(x: Any) -> str:
    """Return how `x` begins as text; while recording it is not the function that makes the text."""
    token = _refusals.set([])
    try:
        return f"{x!r:.60}"
    finally:
        _refusals.reset(token)


def to_float(number: Any) -> float:
    """Return a real number as a Python float; a Value gives its number.

    Raises
    ------
    TypeError
        If it is not one real number: text, None, a list, an array, a complex number.
    OverflowError
        If it is an integer too large for a float.
    """
    if type(number) is float:
        return number
    if hasattr(number, "record_op"):
        return number.data  # type: ignore[no-any-return]
    if isinstance(number, Real):
        try:
            return float(number)
        except OverflowError:
            raise OverflowError(f"{str(number):.20}... is too large for a float.") from None
    raise no_number(number, "A Value holds one real number")


class RecordingError(TypeError):
    """A function can't be recorded once and run on other numbers; the message says why."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a recording refused, also if the function caught the error and went on.

    Attributes
    ----------
    error : Exception
    stack : list of traceback.FrameSummary
        Where it was.
    raised : bool
        Whether the function got the error.
    """

    error: Exception
    stack: list[Any]
    raised: bool


def remembered(error: Exception, *, raised: bool = True) -> Exception:
    """Return an error; if a function is being recorded, the recording will know of it.

    Examples
    --------
    >>> remembered(ValueError("too large"))
    ValueError('too large')
    """
    if not _numbers_known.get() and not _refusals.get():  # the first tells most
        import traceback

        _refusals.get().append(Refusal(error, list(traceback.extract_stack()), raised))
    return error


def not_while_recording(what: str) -> None:
    """Raise `RecordingError` with these words if a function is being recorded.

    Examples
    --------
    >>> not_while_recording("a coin was tossed")
    """
    if not _numbers_known.get():
        raise remembered(RecordingError(what))


def refuse_number() -> Any:
    """Raise `RecordingError`: a number was asked for while a function is recorded."""
    raise remembered(
        RecordingError(
            "a number was asked of a Value (.data, float(), bool(), if, ==, <, max, a function of "
            "math). Another sample has another number, so what depends on it must be recorded as "
            "operations: where, maximum, minimum, abs, sign, step or pick, and the functions of "
            "autograd. A condition is a Value, too: where(step(x), a, b), not where(x > 0, a, b)"
        )
    )


def shown(number: float) -> float | str:
    """Return a Value's number to be printed: a question mark while a function is recorded.

    Examples
    --------
    >>> shown(2.0)
    2.0
    """
    if _numbers_known.get():
        return number
    remembered(
        RecordingError(
            "text was made of a Value (print, str, repr, an f-string). Its number is hidden, since "
            "another sample has another, and so the text would be the same for all. Print what the "
            "compiled function returns"
        ),
        raised=False,  # a debugger shows what it can
    )
    return "?"


def refuse_equality() -> None:
    """Raise if ``==`` with a number, which asks for identity, would not mean what was written."""
    if not _numbers_known.get():
        refuse_number()
    if not _identity_meant.get():
        raise TypeError(
            "== asks whether two Values are the same node, not whether their numbers are equal. "
            "Compare x.data; or call tanh(x), not x.tanh(), in a function that is given numbers."
        )


@contextmanager
def identity_not_meant() -> Iterator[None]:
    """Refuse ``==`` of Values in this block, where a function expects plain numbers.

    Examples
    --------
    >>> from autograd import Value
    >>> with identity_not_meant():
    ...     Value(1.0) == 1  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    TypeError: == asks whether two Values are the same node, ...
    """
    token = _identity_meant.set(False)
    try:
        yield
    finally:
        _identity_meant.reset(token)


@contextmanager
def numbers_unknown() -> Iterator[list[Refusal]]:
    """Let no Value tell its number in this block, so that what is recorded holds for others too.

    The list that it gives has what was refused first, if anything was.

    Examples
    --------
    >>> from autograd import Value
    >>> with numbers_unknown():
    ...     float(Value(1.0))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    autograd.checks.RecordingError: a number was asked of a Value ...
    """
    refused: list[Refusal] = []
    tokens = _numbers_known.set(False), _refusals.set(refused)
    try:
        yield refused
    finally:
        _numbers_known.reset(tokens[0])
        _refusals.reset(tokens[1])


@contextmanager
def ieee_values() -> Iterator[None]:
    """Let undefined operations give inf and nan in this block, instead of raising.

    Examples
    --------
    >>> from autograd import Value, ieee_values, log
    >>> with ieee_values():
    ...     log(Value(0.0)).data
    -inf
    """
    token = _ieee.set(True)
    try:
        yield
    finally:
        _ieee.reset(token)


def outside(op: Any, inputs: Sequence[Any], error: Exception, *out: float) -> Any:
    """Answer for an operation that raised `error`, as the policy says.

    A derivative that is undefined in an input that is constant is no error: nobody asked for it.

    Parameters
    ----------
    op : Op
        Its forward function raised; with `out`, its derivatives did.
    inputs : sequence of Value
        The operation's inputs.
    error : Exception
        What it raised on plain floats.
    *out : float
        The operation's result, for derivatives.
    """
    if isinstance(error, ArithmeticError | ValueError):
        answer = _as_ieee(op.derivatives if out else op.forward, inputs, out)
        asked = [slope for x, slope in zip(inputs, answer, strict=False) if not x.constant]
        if _ieee.get() or (out and all(map(math.isfinite, asked))):
            return answer if out else answer[0]
    refused = refusal(op, inputs, error, *out)
    raise remembered(refused) from (None if type(refused) is type(error) else error)


def refusal(op: Any, inputs: Sequence[Any], error: Exception, *out: float) -> Exception:
    """Return the error to raise for an operation on Values or plain numbers, see `outside`."""
    name = f"derivative of {op.name}" if out else op.name
    named = ", ".join(describe(x) for x in inputs[:6]) + ", …" * (len(inputs) > 6)
    if not isinstance(error, ArithmeticError | ValueError):
        if isinstance(error, RecordingError):  # it says itself what can't be, and why
            return error
        if miscount := _miscount(op, len(inputs)):
            return TypeError(f"{miscount}; got {len(inputs)}: {op.name}({named}).")
        wanted = "a tuple with a number for each input, as (2 * x,)" if out else "one number"
        return TypeError(
            f"The rule of {name}({named}) failed: {_sentence(error)} It must answer with {wanted}."
        )
    reason = vars(error).get("reason", str(error))  # an inner operation may have said it
    cure = "Keep the inputs inside its domain"
    if isinstance(error, OverflowError):
        reason = "the result is too large for a float"
    elif op.domain and not out:
        reason = reason.replace("math domain error", "it has no real value there")
        cure += f" ({op.domain})"
    if any(hasattr(x, "record_op") for x in inputs):
        cure += ", or use ieee_values() to get inf or nan"
    refused = _alike(error, f"{name}({named}) is undefined: {_sentence(reason)} {cure}.")
    vars(refused)["reason"] = reason
    return refused


def _sentence(words: object) -> str:
    """Return what was said, with one full stop at its end."""
    return str(words).removesuffix(".") + "."


def _alike(error: Exception, text: str) -> Exception:
    """Return an error of the same kind with another text; of a base, if that takes no text."""
    for kind in type(error).__mro__:
        try:
            alike: Exception = kind(text)
        except Exception:  # it wants other arguments; one of the bases is Python's own
            continue
        return alike
    raise error


def _miscount(op: Any, given: int) -> str:
    """Say how many inputs an operation takes, if it is not so many."""
    from inspect import signature

    try:
        rule = signature(op.forward)
    except (TypeError, ValueError):  # some functions of C do not say
        return ""
    try:
        rule.bind(*range(given))
    except TypeError:
        names = list(rule.parameters)
        inputs = f"{len(names)} input{'s' * (len(names) != 1)}"
        return f"{op.name} takes {inputs}" + f" ({', '.join(names)})" * bool(names)
    return ""


def _as_ieee(rule: Callable[..., Any], inputs: Sequence[Any], out: Sequence[float]) -> list[float]:
    """Return what the rule gives for IEEE numbers, as plain floats in a list."""
    try:
        answer = rule(*[IEEEFloat(x._data) for x in inputs], *map(IEEEFloat, out))
        return [float(x) for x in (answer if out else [answer])]
    except OverflowError:
        return [math.inf] * max(1, len(inputs) * len(out))
    except (ArithmeticError, ValueError):
        return [math.nan] * max(1, len(inputs) * len(out))


def describe(node: Any) -> str:
    """Return a node's number, with its label if it has one; a plain number as it is."""
    if not hasattr(node, "record_op"):
        return f"{node:.6g}"
    return f"{node.label} = {node._data:.6g}" if node.label else f"{node._data:.6g}"


@contextmanager
def grads_restored_on_error(nodes: Sequence[Any]) -> Iterator[None]:
    """Put every node's grad back if the block raises, so that nothing is lost."""
    not_while_recording(NO_BACKWARD)
    before = [node.grad for node in nodes]
    try:
        yield
    except BaseException as error:
        for node, grad in zip(nodes, before, strict=True):
            node.grad = grad
            if isinstance(error, TypeError) and not isinstance(grad, Real):
                wanted = f"The grad of {describe(node)} must be a number, such as 0.0"
                raise no_number(grad, wanted) from None
        raise


def refuse_changed(inner: Sequence[Any]) -> None:
    """Raise RuntimeError if a node no longer follows from its inputs' numbers.

    Parameters
    ----------
    inner : sequence of Value
        The nodes of a graph that have parents.
    """
    for node in inner:
        changed = [x for x in (node, *node.parents) if x.written > node.age]
        if changed and not _follows(node):
            raise RuntimeError(
                f"The value {describe(changed[0])} was set after {node.op.name}(...) had used it "
                "or computed it, so a gradient would belong to no state of the graph. Build the "
                "expression again after changing data, then call backward()."
            )


def _follows(node: Any) -> bool:
    """Return whether a node's number is still what its operation gives for its inputs."""
    try:
        now = node.op.forward(*[x._data for x in node.parents])
    except (ArithmeticError, ValueError):
        now = _as_ieee(node.op.forward, node.parents, ())[0]
    return bool(now == node._data or (now != now and node._data != node._data))  # nan is nan


class IEEEFloat(float):
    """A float that divides and takes powers as IEEE 754 does.

    Examples
    --------
    >>> 1 / IEEEFloat(0.0), IEEEFloat(0.0) / 0
    (inf, nan)
    """

    __slots__ = ()
    __repr__ = float.__repr__

    def __truediv__(self, other: float) -> IEEEFloat:
        x, y = float(self), float(other)
        if y:
            return IEEEFloat(x / y)
        return IEEEFloat(math.copysign(1.0, y) * x * math.inf)  # 0 and nan give nan

    def __rtruediv__(self, other: float) -> IEEEFloat:
        return IEEEFloat(other) / self

    def __pow__(self, other: float) -> IEEEFloat:  # type: ignore[override]
        x, y = float(self), float(other)
        try:
            out: Any = x**y
        except (ZeroDivisionError, OverflowError):
            out = math.copysign(math.inf, x) if y % 2 == 1 else math.inf
        return IEEEFloat(math.nan if isinstance(out, complex) else out)

    def __rpow__(self, other: float) -> IEEEFloat:  # type: ignore[override]
        return IEEEFloat(other) ** self


def _closed(name: str) -> Callable[..., IEEEFloat]:
    operation = getattr(float, name)
    return lambda *numbers: IEEEFloat(operation(*map(float, numbers)))


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "neg", "abs"):
    setattr(IEEEFloat, f"__{_name}__", _closed(f"__{_name}__"))  # what comes of them stays IEEE
