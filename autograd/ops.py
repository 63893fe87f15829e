"""The rule table: every operation the engine knows, and how it differentiates.

This file is the only place where calculus is written down; everything else reads it.
A row holds the operation's forward rule on floats and one function that gives its local
derivatives, ``derivatives(*inputs, out)``, one per input. Derivatives are ordinary arithmetic on
whatever they are given: floats give floats, and Values give a graph, so that one line serves the
gradient, the second derivative and the printed formula.

Where an operation has a kink, its row states the slope that we choose there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from math import fabs
from numbers import Real
from operator import add as plus
from operator import mul as times
from typing import Any

from autograd import checks

Rule = Callable[..., Any]  # arithmetic on whatever it is given


def _smooth(*_: float) -> float:
    return math.inf


@dataclass(frozen=True, eq=False, repr=False)
class Op:
    """One operation: a row of the table. Make one with `define`.

    Attributes
    ----------
    name : str
        Its key in `OPS`, and its word in pictures, formulas and error messages.
    forward : callable
        ``forward(*inputs) -> float`` on floats; raises where the operation is not defined.
    derivatives : callable
        ``derivatives(*inputs, out)``: a tuple with d out / d input for every input. Ask ``if x``
        where it matters whether x is 0: on Values ``==`` asks for identity.
    symbol : str
        Short sign for drawings, such as ``+``.
    python, latex : str
        Templates with one ``{}`` field per input; empty for ``name(input, ...)``.
    binding : int
        How tightly the printed form binds: 10 like +, 20 like *, 30 like unary -, 40 like **,
        100 never needs brackets.
    margin : callable
        ``margin(*inputs)``: distance from the nearest kink or pole, zero or less on it and outside
        the domain. Numerical checks keep away from it.
    unfold : callable or None
        The same quantity written with simpler operations, for n-ary rows.
    gather, spread : callable or None
        ``forward`` and the chain rule written out on nodes, ``gather(parents)`` and
        ``spread(parents, upstream)``, for the rows where training spends its time. They must do
        exactly what ``forward`` and ``derivatives`` say, and a test holds them to it.
    domain : str
        Where it is defined, for error messages, in the names of the inputs of ``forward``; empty
        for everywhere.
    doc : str
        What ``help(op)`` says.

    Examples
    --------
    >>> tanh(0.5)
    0.46211715726000973
    >>> tanh.derivatives(0.5, tanh(0.5))
    (0.7864477329659274,)
    """

    name: str
    forward: Callable[..., float]
    derivatives: Rule
    symbol: str
    python: str
    latex: str
    binding: int
    margin: Callable[..., float]
    unfold: Rule | None
    gather: Callable[[Sequence[Any]], float] | None
    spread: Callable[[Sequence[Any], float], None] | None
    domain: str = ""
    doc: str = ""

    def __post_init__(self) -> None:
        if self.doc:  # else help() speaks of the class
            object.__setattr__(self, "__doc__", self.doc)

    def __repr__(self) -> str:
        return f"<operation {self.name}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        return find_op, (self.name,)  # an operation pickles as its name

    def __call__(self, *inputs: Any) -> Any:
        """Apply to floats, or hand over to the first input that records operations."""
        return self.apply(inputs)

    def apply(self, inputs: tuple[Any, ...]) -> Any:
        """Do the same with the inputs in a tuple, which saves copying many of them."""
        for x in inputs:
            if x.__class__ is not float:
                if hasattr(x, "record_op"):
                    return x.record_op(self, inputs)
                if not isinstance(x, Real):
                    raise checks.no_number(
                        x, f"An input of {self.name} is a Value or one real number"
                    )
        try:
            return self.forward(*inputs)
        except Exception as error:
            raise checks.refusal(self, inputs, error) from None


OPS: dict[str, Op] = {}


def define(
    name: str,
    forward: Callable[..., float],
    derivatives: Rule,
    *,
    symbol: str = "",
    python: str = "",
    latex: str = "",
    binding: int = 100,
    margin: Callable[..., float] = _smooth,
    unfold: Rule | None = None,
    gather: Callable[[Sequence[Any]], float] | None = None,
    spread: Callable[[Sequence[Any], float], None] | None = None,
    domain: str = "",
    doc: str = "",
) -> Op:
    r"""Add an operation to the table and return it; it then works everywhere ours do.

    Parameters
    ----------
    name : str
        A Python identifier. A user's own operation may be defined again, ours may not.
    forward, derivatives : callable
        See `Op`. ``derivatives`` must answer with a tuple, one entry per input.
    symbol, python, latex, binding, margin, unfold, gather, spread, domain, doc
        How it prints, where it is not smooth or not defined, and what it is, see `Op`.

    Raises
    ------
    ValueError
        If the name is no identifier, or belongs to a built-in operation.

    Examples
    --------
    >>> from autograd import Value, define
    >>> cube = define("cube", lambda x: x**3, lambda x, out: (3 * x**2,), latex="{}^3")
    >>> x = Value(2.0)
    >>> cube(x).backward()
    >>> x.grad
    12.0
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"An operation's name must be a Python identifier; got {name!r}.")
    if name in _BUILT_IN:
        raise ValueError(f"{name!r} is a built-in operation; choose another name for yours.")
    for rule, what in ((forward, "forward"), (derivatives, "derivatives")):
        if not callable(rule):
            raise ValueError(f"{what} of operation {name!r} must be a function; got {rule!r}.")
    look = (symbol or name, python, latex, binding)
    op = Op(name, forward, derivatives, *look, margin, unfold, gather, spread, domain, doc)
    OPS[name] = op
    return op


def find_op(name: str) -> Op:
    """Return the operation of that name.

    Raises
    ------
    KeyError
        If the table has no such row, as when a pickle comes from a program with its own operations.

    Examples
    --------
    >>> find_op("tanh")
    <operation tanh>
    """
    if name not in OPS:
        raise KeyError(f"No operation is named {name!r}; run its define(...) first.")
    return OPS[name]


_BUILT_IN: frozenset[str] = frozenset()  # filled below, once our own rows stand


def _power(x: float, y: float) -> float:
    out: float | complex = x**y
    if isinstance(out, complex):
        raise ValueError("a negative base has a real power at whole exponents only")
    return out


def _power_derivatives(x: Any, y: Any, out: Any) -> tuple[Any, Any]:
    # x**0 is 1 everywhere, so its slope is 0 even at x = 0, where 0 * 0**-1 has no value.
    slope = y * power(x, y - 1) if y != 0 and (x or y) else y * 0.0
    return slope, out * log_or_zero(x)


def _power_margin(x: float, y: float) -> float:
    if y % 1 == 0:
        return math.inf if y >= 0 else fabs(x)
    return x


def _log(x: float) -> float:
    if x == 0 and x.__class__ in (float, int):
        raise ValueError("it falls to -inf there")
    return math.log(x) if x else -1 / x**2  # for IEEE numbers that is -inf


def _log_or_zero(x: float) -> float:
    return math.log(x) if x > 0 else 0.0 if x == 0 else math.nan


def _sigmoid(x: float) -> float:
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    z = math.exp(x)  # the argument of exp stays below 0: no overflow
    return z / (1 + z)


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-math.fabs(x)))


def _step(x: float) -> float:
    return 1.0 if x > 0 else 0.0 if x <= 0 else x  # nan stays nan


def _sign(x: float) -> float:
    return 1.0 if x > 0 else -1.0 if x < 0 else x


def _log_sum_exp(*xs: float) -> float:
    top = max(xs)
    if math.isinf(top):
        return sum([x for x in xs if x != x], top)  # nan, if there is one
    return top + math.log(sum([math.exp(x - top) for x in xs]))


def _pick(index: float, *xs: float) -> float:
    if not 0 <= index + 0.5 < len(xs):  # inf and nan, too, are no places
        raise ValueError(f"the index must be from 0 to {len(xs) - 1}")
    return xs[math.floor(index + 0.5)]


def _pick_margin(index: float, *xs: float) -> float:
    inside: float = min(index + 0.5, len(xs) - 0.5 - index)
    return min(inside, 0.5 - fabs(index - math.floor(index + 0.5)))


def _is_at(index: Any, places: int) -> list[Any]:
    """Return 1 for the place that an index means and 0 for the others, as arithmetic."""
    moved = index + 0.5  # rounded as in _pick, so that both mean the same place
    return [step(k + 1 - moved) - step(k - moved) for k in range(places)]


def _pick_unfold(index: Any, *xs: Any) -> Any:
    found = zip(_is_at(index, len(xs)), xs, strict=True)
    return reduce(plus, [where(is_here, x, 0.0) for is_here, x in found])


def _pick_derivatives(index: Any, *xs_and_out: Any) -> tuple[Any, ...]:
    return 0.0, *_is_at(index, len(xs_and_out) - 1)


def _weighted_sum(*terms: float) -> float:
    n = len(terms) // 2  # weights, then as many inputs, then the bias if there is one
    out: float = terms[-1] if len(terms) % 2 else 0.0
    for i in range(n):
        out += terms[i] * terms[n + i]
    return out


def _weighted_sum_derivatives(*terms: Any) -> tuple[Any, ...]:
    n = (len(terms) - 1) // 2  # the last term is the output
    return (*terms[n : 2 * n], *terms[:n], 1.0)[: len(terms) - 1]


def _weighted_sum_gather(parents: Sequence[Any]) -> float:
    n = len(parents) // 2
    out: float = parents[-1]._data if len(parents) % 2 else 0.0
    for i in range(n):
        out += parents[i]._data * parents[n + i]._data
    return out


def _weighted_sum_spread(parents: Sequence[Any], upstream: float) -> None:
    n = len(parents) // 2
    for w, x in zip(parents, parents[n : 2 * n]):  # noqa: B905 (`strict` takes time here)
        if not w.constant:
            w.grad += x._data * upstream
        if not x.constant:
            x.grad += w._data * upstream
    for bias in parents[2 * n :]:
        if not bias.constant:
            bias.grad += upstream


def _relu_spread(parents: Sequence[Any], upstream: float) -> None:
    (x,) = parents
    if not x.constant:
        x.grad += _step(x._data) * upstream


def _weighted_sum_unfold(*terms: Any) -> Any:
    n = len(terms) // 2
    return reduce(plus, [*map(times, terms[:n], terms[n : 2 * n]), *terms[2 * n :]])


# fmt: off
add = define("add", lambda x, y: x + y,
    lambda x, y, out: (1.0, 1.0),
    symbol="+", python="{} + {}", latex="{} + {}", binding=10,
    doc="x + y: the sum; total([...]) adds many.")

sub = define("sub", lambda x, y: x - y,
    lambda x, y, out: (1.0, -1.0),
    symbol="-", python="{} - {}", latex="{} - {}", binding=10,
    doc="x - y: the difference.")

mul = define("mul", lambda x, y: x * y,
    lambda x, y, out: (y, x),
    symbol="*", python="{} * {}", latex=r"{} \cdot {}", binding=20,
    doc="x * y: the product.")

div = define("div", lambda x, y: x / y,
    lambda x, y, out: (1 / y, -out / y),
    symbol="/", python="{} / {}", latex=r"\frac{{{}}}{{{}}}", binding=20,
    margin=lambda x, y: fabs(y),
    domain="y other than 0", doc="x / y: the quotient.")

neg = define("neg", lambda x: -x,
    lambda x, out: (-1.0,),
    symbol="-", python="-{}", latex="-{}", binding=30,
    doc="-x: the negative.")

power: Op = define("power", _power,
    _power_derivatives,
    symbol="**", python="{} ** {}", latex="{{{}}}^{{{}}}", binding=40, margin=_power_margin,
    domain="x > 0, or x < 0 with a whole y, or x = 0 with y >= 0",
    doc="x ** y; both may be Values.")

exp = define("exp", math.exp,
    lambda x, out: (out,),
    latex="e^{{{}}}",
    doc="exp(x): e to the power of x.")

log = define("log", _log,
    lambda x, out: (1 / x,),
    latex=r"\ln({})", margin=lambda x: x,
    domain="x > 0", doc="log(x): the natural logarithm of x > 0.")

# ln x as the slope of x**y in y needs it: 0**y is flat for y > 0, a negative base has no slope.
log_or_zero: Op = define("log_or_zero", _log_or_zero,
    lambda x, out: (1 / x,),
    latex=r"\ln({})", margin=lambda x: x,
    domain="x >= 0", doc="log_or_zero(x): the natural logarithm of x > 0, and 0 at 0.")

sqrt = define("sqrt", math.sqrt,
    lambda x, out: (0.5 / out,),
    latex=r"\sqrt{{{}}}", margin=lambda x: x,
    domain="x >= 0", doc="sqrt(x): the square root of x >= 0; its slope at 0 is undefined.")

sin = define("sin", math.sin,
    lambda x, out: (cos(x),),
    latex=r"\sin({})",
    domain="x finite", doc="sin(x): the sine of x in radians.")

cos: Op = define("cos", math.cos,
    lambda x, out: (-sin(x),),
    latex=r"\cos({})",
    domain="x finite", doc="cos(x): the cosine of x in radians.")

tanh = define("tanh", math.tanh,
    lambda x, out: (1 - out * out,),
    latex=r"\tanh({})",
    doc="tanh(x): the hyperbolic tangent, from -1 to 1.")

sigmoid = define("sigmoid", _sigmoid,
    lambda x, out: (out * (1 - out),),
    latex=r"\sigma({})",
    doc="sigmoid(x): 1 / (1 + exp(-x)), from 0 to 1, without overflow.")

softplus = define("softplus", _softplus,
    lambda x, out: (sigmoid(x),),
    latex=r"\ln(1 + e^{{{}}})",
    doc="softplus(x): ln(1 + exp(x)), without overflow; its slope is the sigmoid.")

step = define("step", _step,           # 0 at 0
    lambda x, out: (0.0,),
    latex=r"H({})", margin=fabs,
    doc="step(x): 1 where x > 0, else 0; its slope is 0 everywhere.")

sign = define("sign", _sign,           # 0 at 0
    lambda x, out: (0.0,),
    latex=r"\operatorname{{sign}}({})", margin=fabs,
    doc="sign(x): 1, 0 or -1; its slope is 0 everywhere.")

relu = define("relu", lambda x: 0.0 if x <= 0 else x,
    lambda x, out: (step(x),),         # 0 at the kink
    symbol="ReLU", latex=r"\operatorname{{ReLU}}({})", margin=fabs, spread=_relu_spread,
    doc="relu(x): x where it is positive, else 0; the slope at 0 is 0.")

leaky_relu_of = define("leaky_relu", lambda x, slope: x if x > 0 else slope * x,
    lambda x, slope, out: (where(step(x), 1.0, slope), where(step(x), 0.0, x)),  # `slope` at 0
    latex=r"\operatorname{{LeakyReLU}}({}, {})", margin=lambda x, slope: fabs(x))

abs = define("abs", fabs,
    lambda x, out: (sign(x),),         # 0 at the kink
    latex="|{}|", margin=fabs,
    doc="abs(x): x without its sign; the slope at 0 is 0.")

maximum = define("maximum", lambda x, y: x if x > y or x != x else y,
    lambda x, y, out: (0.5 + 0.5 * sign(x - y), 0.5 - 0.5 * sign(x - y)),  # a tie is shared
    symbol="max", latex=r"\max({}, {})", margin=lambda x, y: fabs(x - y),
    doc="maximum(x, y): the larger of two; of equals each gets half of the gradient.\n\n"
        "Of many: functools.reduce(maximum, values).")

minimum = define("minimum", lambda x, y: x if x < y or x != x else y,
    lambda x, y, out: (0.5 - 0.5 * sign(x - y), 0.5 + 0.5 * sign(x - y)),
    symbol="min", latex=r"\min({}, {})", margin=lambda x, y: fabs(x - y),
    doc="minimum(x, y): the smaller of two; of equals each gets half of the gradient.\n\n"
        "Of many: functools.reduce(minimum, values).")

where: Op = define("where", lambda condition, x, y: x if condition else y,
    lambda condition, x, y, out: (0.0, where(condition, 1.0, 0.0), where(condition, 0.0, 1.0)),
    latex=r"({}\,?\,{} : {})", margin=lambda condition, x, y: fabs(condition),
    doc="where(condition, x, y): x where the condition is not 0, else y; it gets no gradient.\n\n"
        "Make conditions with step: where(step(a - b), x, y) is x where a > b.")

total_of = define("total", lambda *xs: sum(xs),
    lambda *xs_and_out: (1.0,) * (len(xs_and_out) - 1),
    symbol="Σ", unfold=lambda *xs: reduce(plus, xs))

weighted_sum_of = define("weighted_sum", _weighted_sum,
    _weighted_sum_derivatives,
    symbol="Σwx", unfold=_weighted_sum_unfold,
    gather=_weighted_sum_gather, spread=_weighted_sum_spread)

pick_of = define("pick", _pick,
    _pick_derivatives,             # between two places the nearest, in the middle the upper one
    margin=_pick_margin, unfold=_pick_unfold)

# Its derivatives are the softmax of the inputs.
log_sum_exp_of = define("log_sum_exp", _log_sum_exp,
    lambda *xs_and_out: tuple([exp(x - xs_and_out[-1]) for x in xs_and_out[:-1]]),
    unfold=lambda *xs: log(reduce(plus, map(exp, xs))))
# fmt: on

_BUILT_IN = frozenset(OPS)
_OURS = frozenset(OPS.values())


def built_in() -> frozenset[Op]:
    """Return our own operations, without those of users."""
    return _OURS


def total(values: Iterable[Any]) -> Any:
    """Return the sum of many values as one node.

    Parameters
    ----------
    values : iterable of Value or float
        Any number of them; none gives 0.0.

    Examples
    --------
    >>> from autograd import Value
    >>> total([Value(1.0), Value(2.0), 3.0]).data
    6.0
    """
    if not hasattr(values, "__iter__"):
        raise checks.no_list(values, "total()")
    return total_of(0.0) if not (xs := tuple(values)) else total_of.apply(xs)


def weighted_sum(weights: Sequence[Any], inputs: Sequence[Any], bias: Any = None) -> Any:
    r"""Return the sum of ``weights[i] * inputs[i]``, plus the bias, as one node: the lecture's s.

    Parameters
    ----------
    weights, inputs : sequence of Value or float
        Of equal length.
    bias : Value or float, optional
        Added to the sum.

    Raises
    ------
    ValueError
        If the lengths differ.

    Notes
    -----
    :math:`s_j^l = \sum_i w_{ij}^l x_i^{l-1} + b_j^l`. The same list twice gives a sum of squares.

    Examples
    --------
    >>> from autograd import Value
    >>> weighted_sum([Value(2.0), Value(-1.0)], [3.0, 4.0], bias=Value(0.5)).data
    2.5
    """
    try:
        fits = len(weights) == len(inputs)
    except TypeError:
        given = inputs if hasattr(weights, "__len__") else weights
        raise checks.no_list(given, "weighted_sum()") from None
    if not fits:
        raise ValueError(
            f"Got {len(inputs)} inputs for {len(weights)} weights; a weighted sum needs one weight "
            "for each input."
        )
    terms = (*weights, *inputs) if bias is None else (*weights, *inputs, bias)
    return weighted_sum_of.apply(terms)


def leaky_relu(x: Any, slope: Any = 0.01) -> Any:
    """Return x where it is positive, ``slope * x`` elsewhere; the slope at 0 is `slope`.

    Parameters
    ----------
    x, slope : Value or float

    Examples
    --------
    >>> leaky_relu(3.0), leaky_relu(-3.0)
    (3.0, -0.03)
    """
    return leaky_relu_of(x, slope)


def log_sum_exp(values: Iterable[Any]) -> Any:
    r"""Return ln Σ exp(value) as one node, without overflow: a smooth maximum.

    Parameters
    ----------
    values : iterable of Value or float
        At least one.

    Raises
    ------
    ValueError
        If there are none: the logarithm of an empty sum does not exist.

    Notes
    -----
    The largest value is taken out of the sum first (Blanchard, Higham and Higham 2021).

    Examples
    --------
    >>> log_sum_exp([1000.0, 1000.0])
    1000.6931471805599
    """
    if not hasattr(values, "__iter__"):
        raise checks.no_list(values, "log_sum_exp()")
    if not (xs := tuple(values)):
        raise ValueError("log_sum_exp of no values does not exist; give it at least one.")
    return log_sum_exp_of.apply(xs)


def pick(values: Sequence[Any], index: Any) -> Any:
    """Return ``values[index]``; an index that is a Value is recorded with the values as one node.

    Parameters
    ----------
    values : sequence of Value or float
        At least one.
    index : float or Value
        From 0 to the last place. A number between two places means the nearest, in the middle the
        upper one, as a number or as a Value and with every engine; the value there gets the
        gradient, and the index none.

    Raises
    ------
    ValueError
        If there is no such place.

    Examples
    --------
    >>> from autograd import Value
    >>> pick([10.0, 20.0, 30.0], 1)
    20.0
    >>> pick([10.0, 20.0, 30.0], Value(2.0)).data, pick([10.0, 20.0, 30.0], 1.4)
    (30.0, 20.0)
    """
    if not hasattr(values, "__len__"):
        raise checks.no_list(values, "pick()")
    if not len(values):
        raise ValueError("pick from no values: give at least one.")
    if hasattr(index, "record_op"):
        return pick_of(index, *values)
    if not issubclass(type(index), Real):
        raise TypeError(f"The index is {index!r:.60}; it must be a number or a Value.")
    if not 0 <= index + 0.5 < len(values):
        raise ValueError(
            f"The index is {index!r:.60}; it must be from 0 to {len(values) - 1}, or nearest to "
            "one of these."
        )
    return values[math.floor(index + 0.5)]
