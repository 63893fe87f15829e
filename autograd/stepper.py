"""Backprop one step at a time: the forward and the backward pass of a finished graph as records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

from autograd.checks import NO_BACKWARD, ieee_values, not_while_recording
from autograd.formula import formula
from autograd.look import cut, number
from autograd.notation import Notation
from autograd.ops import Op, mul, weighted_sum_of
from autograd.value import Value, topological_order

_LONGEST_RULE = 60
_MOST_TERMS = 6  # of a sum that is written out


@dataclass(frozen=True, slots=True)
class Share:
    """What one input of a node gets of its gradient, along one edge.

    Attributes
    ----------
    parent : Value
        The input.
    local : float
        The local derivative d node / d parent.
    product : float
        ``local`` times the node's gradient: the chain rule.
    before, total : float
        The parent's gradient before and after this share is added.
    """

    parent: Value
    local: float
    product: float
    before: float
    total: float


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a pass: a node computed, or a node's gradient passed on.

    Attributes
    ----------
    phase : str
        ``"forward"``, ``"seed"`` (the root's own gradient, 1) or ``"backward"``.
    node : Value
        The node that is computed, or passes its gradient on.
    upstream : float
        The node's gradient d root / d node; 0 in the forward phase.
    shares : tuple of Share
        One for each input that is no constant, in the order of inputs; empty if `upstream` is 0.
    """

    phase: str
    node: Value
    upstream: float
    shares: tuple[Share, ...]
    notation: Notation = field(repr=False, compare=False)

    @property
    def op(self) -> Op | None:
        """The node's operation; None for a leaf."""
        op: Op | None = self.node.op
        return op

    @property
    def lines(self) -> list[str]:
        """What happens, with symbols and with numbers: one equation a line."""
        name, node = self.notation.name, self.node
        if self.phase == "forward":
            symbols, numbers = _written_out(node, self.notation)
            return [f"{name(node)} = {symbols} = {numbers} = {number(node.data)}"]
        gradient = self.notation.gradient(node)
        if self.phase == "seed":
            return [f"{gradient} = {number(self.upstream)}"]
        if not self.shares:
            zero = self.upstream == 0
            reason = f"{gradient} = 0: nothing flows on" if zero else "all inputs are constants"
            return [reason]
        return [
            f"{self.notation.gradient(share.parent)} += {rule}"
            f" = {number(self.upstream)} · {number(share.local)} = {number(share.product)}"
            + _accumulated(share)
            for share, rule in zip(self.shares, _rules(self), strict=True)
        ]

    def __str__(self) -> str:
        head = f"{self.phase:8s}  "
        return head + f"\n{' ' * len(head)}".join(self.lines)


Until = str | Op | Value | Callable[[Step], Any]


class Steps(Sequence[Step]):
    """All steps of a graph in order, with a cursor that goes forward and back.

    Attributes
    ----------
    at : int
        Where the cursor stands; 0 at first.

    Examples
    --------
    >>> from autograd import Value, steps
    >>> x, w = Value(2.0, label="x"), Value(-3.0, label="w")
    >>> session = steps(w * x + 1)
    >>> print(session.next(until="mul"))
    backward  ∂L/∂w += ∂L/∂n1 · x = 1 · 2 = 2
              ∂L/∂x += ∂L/∂n1 · w = 1 · −3 = −3
    >>> print(session.back())
    backward  ∂L/∂n1 += ∂L/∂L · 1 = 1 · 1 = 1
    """

    def __init__(self, records: Sequence[Step]) -> None:
        self._records, self.at = list(records), 0

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> Steps: ...
    def __getitem__(self, index: int | slice) -> Step | Steps:
        if isinstance(index, slice):
            return Steps(self._records[index])
        return self._records[index]

    def __len__(self) -> int:
        return len(self._records)

    def next(self, until: Until | None = None) -> Step:
        """Go to the next step, or to the next one where `until` holds, and return it.

        Parameters
        ----------
        until : str, Op, Value or callable, optional
            A label or the name of a node or operation; an operation; a node; or a function of a
            `Step`. A leaf is met where it gets a share of a gradient.

        Raises
        ------
        LookupError
            If there is no such step; the cursor then stays.
        """
        return self._go(range(self.at + 1, len(self)), until, "after")

    def back(self, until: Until | None = None) -> Step:
        """Go to the step before, or to the last one before where `until` holds, and return it.

        Parameters
        ----------
        until : str, Op, Value or callable, optional
            See `next`.

        Raises
        ------
        LookupError
            If there is no such step; the cursor then stays.
        """
        return self._go(range(self.at - 1, -1, -1), until, "before")

    def _go(self, indices: range, until: Until | None, side: str) -> Step:
        for i in indices:
            if until is None or _holds(until, self[i]):
                self.at = i
                return self[i]
        if until is None:
            raise LookupError(f"There is no step {side} step {self.at} of {len(self)}.")
        raise LookupError(
            f"until={until!r:.60} holds for none of the {len(indices)} steps {side} step "
            f"{self.at}. It may be a name ({_names(self)}), an operation, a node, or a function "
            "of a step."
        )

    def __str__(self) -> str:
        lines = []
        for i, step in enumerate(self):
            mark = "▶" if i == self.at and self.at else " "
            lines += [
                f"{mark}{i if j == 0 else '':>4}  {line}"
                for j, line in enumerate(str(step).split("\n"))
            ]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<{len(self)} steps of {self[-1].notation.name(self[-1].notation.root)}; print it>"


def steps(root: Value, *, until: Until | None = None) -> Steps:
    """Return the forward and the backward pass of a graph as records, in the engine's order.

    The numbers are those of ``root.backward()`` on fresh gradients; the graph is not changed, and
    ``backward()`` need not have run.

    Parameters
    ----------
    root : Value
        Usually a loss.
    until : str, Op, Value or callable, optional
        End with the first step where it holds, see `Steps.next`.

    Raises
    ------
    TypeError
        If `root` is no Value.
    LookupError
        If `until` never holds.
    ValueError, ArithmeticError
        If a derivative is undefined.

    Examples
    --------
    >>> from autograd import Value, steps
    >>> x = Value(2.0, label="x")
    >>> print(steps(x * x + 1))
         0  forward   n1 = x · x = 2 · 2 = 4
         1  forward   L = n1 + 1 = 4 + 1 = 5
         2  seed      ∂L/∂L = 1
         3  backward  ∂L/∂n1 += ∂L/∂L · 1 = 1 · 1 = 1
         4  backward  ∂L/∂x += ∂L/∂n1 · x = 1 · 2 = 2
                      ∂L/∂x += ∂L/∂n1 · x = 1 · 2 = 2;  2 + 2 = 4
    """
    if not isinstance(root, Value):
        raise TypeError(f"steps() goes through the graph of a Value; got {root!r:.60}.")
    order = topological_order(root)
    notation = Notation(order)
    records = Steps(list(_passes(order, notation)))
    if until is None:
        return records
    if not _holds(until, records[0]):
        records.next(until)
    return records[: records.at + 1]


def gradients(order: Sequence[Value]) -> dict[Value, float]:
    """Return d root / d node for every node, as ``backward()`` has them on fresh gradients.

    Parameters
    ----------
    order : sequence of Value
        A graph in topological order, its root last. It is not changed.

    Examples
    --------
    >>> from autograd import Value, topological_order
    >>> x = Value(3.0)
    >>> gradients(topological_order(x * x))[x]
    6.0
    """
    not_while_recording(NO_BACKWARD)
    found = dict.fromkeys(order, 0.0)
    for _, shares in _sweep(order, found):
        for _ in shares:
            pass
    return found


def _sweep(
    order: Sequence[Value], found: dict[Value, float]
) -> Iterator[tuple[Value, Iterator[Share]]]:
    """Yield inner nodes from the root down, each with its shares; the rules are backward()'s."""
    if not order[-1].constant:
        found[order[-1]] = 1.0
    for node in reversed(order):
        if node.op:
            yield node, _shares(node, found)


def _shares(node: Value, found: dict[Value, float]) -> Iterator[Share]:
    """Yield what each input gets, adding it to `found`; a zero passes nothing on."""
    if upstream := found[node]:
        for parent, local in zip(node.parents, node.local_derivatives(), strict=True):
            if not parent.constant:
                before, product = found[parent], local * upstream
                found[parent] = before + product
                yield Share(parent, local, product, before, found[parent])


def _passes(order: Sequence[Value], notation: Notation) -> Iterator[Step]:
    for node in order:
        if node.op:
            yield Step("forward", node, 0.0, (), notation)
    found = dict.fromkeys(order, 0.0)
    yield Step("seed", order[-1], 0.0 if order[-1].constant else 1.0, (), notation)
    for node, shares in _sweep(order, found):
        yield Step("backward", node, found[node], tuple(shares), notation)


def _holds(until: Until, step: Step) -> bool:
    if isinstance(until, str):
        name = step.notation.name
        called = {step.node.label, name(step.node), step.op.name if step.op else ""}
        for share in step.shares:
            called |= {share.parent.label, name(share.parent)}
        return until in called - {""}
    if isinstance(until, Op):
        return step.op is until
    if isinstance(until, Value):
        return until is step.node or any(share.parent is until for share in step.shares)
    if not callable(until):
        raise TypeError(
            f"until is {until!r:.60}; it must be a name, an operation, a node, or a function of a "
            "step."
        )
    return bool(until(step))


def _names(records: Sequence[Step]) -> str:
    """Return the first names that a breakpoint may have."""
    found: dict[str, None] = {}
    for step in records[:200]:
        for node in (step.node, *(share.parent for share in step.shares)):
            found.setdefault(step.notation.name(node))
    return ", ".join(list(found)[:8]) + ", …" * (len(found) > 8)


# ------------------------------------------------------------------------------- the equations


def _stand_ins(node: Value, notation: Notation) -> list[Any]:
    """Return the node's inputs for writing: leaves with the names, plain numbers as they are."""
    made: dict[Value, Any] = {}
    for x in node.parents:
        if x not in made:
            nameless = x.constant and notation.name(x) == number(x.data)
            made[x] = x.data if nameless else Value(x.data, notation.name(x))
    return [made[x] for x in node.parents]


def _written_out(node: Value, notation: Notation) -> tuple[str, str]:
    """Return how a node is computed, in symbols and in numbers; a long sum is shortened."""
    inputs, rest = _stand_ins(node, notation), ""
    count = len(inputs) // 2
    if node.op is weighted_sum_of and count > _MOST_TERMS:
        shown = _MOST_TERMS - 2
        inputs = [*inputs[:shown], *inputs[count : count + shown], *inputs[2 * count :]]
        rest = f" + … ({count - shown} more products)"
    elif len(inputs) > 2 * _MOST_TERMS:
        rest = f" … (the first {2 * _MOST_TERMS} of {len(inputs)})"
        inputs = inputs[: 2 * _MOST_TERMS]
    with ieee_values():
        written = Value.record_op(node.op, tuple(inputs))
    symbols, numbers = (formula(written, "plain", digits=4, numbers=on) for on in (False, True))
    return symbols + rest, numbers + rest


def _rules(step: Step) -> list[str]:
    """Return upstream times local derivative in symbols, for each share of a backward step."""
    node, notation = step.node, step.notation
    inputs = _stand_ins(node, notation)
    out = Value(node.data, notation.name(node))
    upstream = Value(step.upstream, notation.gradient(node))
    with ieee_values():
        slopes = node.op.derivatives(*inputs, out)
        wanted = [s for s, x in zip(slopes, node.parents, strict=True) if not x.constant]
        rules = [_as_rule(upstream, slope) for slope in wanted]
    return [
        rule or f"{notation.gradient(node)} · {notation.local(node, share.parent)}"
        for rule, share in zip(rules, step.shares, strict=True)
    ]


def _as_rule(upstream: Value, slope: Any) -> str:
    """Return the product in symbols; empty where it is too long to be read."""
    text = formula(mul(upstream, slope), "plain", digits=4)
    text = re.sub(r"\^1(?![\d.])", "", text)
    return text if len(text) <= _LONGEST_RULE and cut(text, _LONGEST_RULE) == text else ""


def _accumulated(share: Share) -> str:
    if not share.before:
        return ""
    sign = "−" if share.product < 0 else "+"
    return f";  {number(share.before)} {sign} {number(abs(share.product))} = {number(share.total)}"
