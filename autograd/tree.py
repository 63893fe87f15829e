"""A graph as text: the root on top, below each node what it was made from."""

from __future__ import annotations

from autograd.ops import weighted_sum_of
from autograd.value import Value, topological_order

_LONGEST_LABEL = 40
_BELOW = {"": "", "├─ ": "│  ", "└─ ": "   "}  # what stands under a branch


def tree(value: Value, *, max_lines: int = 60, max_depth: int = 20, digits: int = 4) -> str:
    """Return the computation graph as a text tree, the root first.

    A line reads ``label: operation = number, grad number``; a constant is a plain number. What
    stands above already is marked ``(shown above)``. A weight and its input share a line. Where no
    node has a gradient yet, the last line says so.

    Parameters
    ----------
    value : Value
        The root.
    max_lines : int, optional
        Stop after so many lines; one more line then says how many nodes are left.
    max_depth : int, optional
        Go so many levels below the root; ``…`` marks a node that goes on.
    digits : int, optional
        Significant digits of every number.

    Raises
    ------
    TypeError
        If `value` is no Value.
    ValueError
        If `max_lines` or `digits` is below 1, or `max_depth` below 0.

    Examples
    --------
    >>> from autograd import Value
    >>> x, b = Value(2.0, label="x"), Value(-3.0, label="b")
    >>> y = x * x + b + 1
    >>> y.backward()
    >>> print(tree(y))
    add = 2, grad 1
    ├─ add = 1, grad 1
    │  ├─ mul = 4, grad 1
    │  │  ├─ x = 2, grad 4
    │  │  └─ x = 2 (shown above)
    │  └─ b = -3, grad 1
    └─ 1
    """
    _refuse_nonsense(value, max_lines=(max_lines, 1), max_depth=(max_depth, 0), digits=(digits, 1))
    nodes = topological_order(value)
    with_grads = any(node.grad for node in nodes)
    lines: list[str] = []
    drawn: set[Value] = set()
    followed: set[Value] = set()  # nodes whose inputs are drawn or next in turn
    pending: list[tuple[str, str, list[Value], int]] = [("", "", [value], 0)]
    while pending and len(lines) < max_lines:
        margin, branch, row, depth = pending.pop()
        texts: list[str] = []
        below: list[list[Value]] = []
        for node in row:
            again = node in (followed if node.op else drawn)
            texts.append(_describe(node, digits, with_grads=with_grads, again=again))
            drawn.add(node)
            if node.op and not again:
                if depth == max_depth:
                    texts[-1] += " …"
                else:
                    followed.add(node)
                    below = _rows(node)[:max_lines]  # more could not be drawn anyway
        lines.append(margin + branch + "  ·  ".join(texts))
        branches = ["├─ "] * (len(below) - 1) + ["└─ "]
        pending += [
            (margin + _BELOW[branch], sign, parents, depth + 1)
            for sign, parents in zip(branches[::-1], below[::-1], strict=False)
        ]
    advice = [f"max_lines={2 * max_lines}"] if pending else []
    if any(node.op and node not in followed for node in drawn):
        advice.append(f"max_depth={2 * max_depth + 1}")
    if advice:
        hidden = len(nodes) - len(drawn)
        left = f"{hidden:,} more node{'s' * (hidden != 1)}" if hidden else "nodes shown above"
        lines.append(f"… and {left}; to go on: tree({', '.join(advice)})")
    if not with_grads and not all(node.constant for node in nodes):
        lines.append("no gradient yet: backward() has not run")
    return "\n".join(lines)


def _refuse_nonsense(value: object, **limits: tuple[int, int]) -> None:
    """Raise for anything but a Value, and for a limit below its least."""
    if not isinstance(value, Value):
        raise TypeError(f"tree() draws the graph of a Value; got {value!r:.60}.")
    for name, (given, least) in limits.items():
        if given < least:
            raise ValueError(f"{name} is {given}, but tree() needs {least} or more.")


def _rows(node: Value) -> list[list[Value]]:
    """Return a node's parents, those that belong on one line together."""
    parents = node.parents
    if node.op is not weighted_sum_of:
        return [[parent] for parent in parents]
    n = len(parents) // 2
    rows: list[list[Value]] = []
    for weight, x in zip(parents[:n], parents[n : 2 * n], strict=True):
        # Only one of a line's nodes can have its own inputs below.
        rows += [[weight], [x]] if weight.op and x.op else [[weight, x]]
    return rows + [[bias] for bias in parents[2 * n :]]


def _describe(node: Value, digits: int, *, with_grads: bool, again: bool) -> str:
    """Return what a line says of one node."""
    label, number = _printable(node.label), f"{node.data:.{digits}g}"
    if node.constant and not label:
        return number
    name = ": ".join(filter(None, (label, node.op.name if node.op else ""))) or "leaf"
    if again:
        return f"{name} = {number} (shown above)"
    if node.constant:
        return f"{name} = {number}, constant"
    return f"{name} = {number}" + f", grad {node.grad:.{digits}g}" * with_grads


def _printable(label: str) -> str:
    """Return a label that stays on its line."""
    text = label if label.isprintable() else repr(label)[1:-1]
    return text if len(text) <= _LONGEST_LABEL else text[: _LONGEST_LABEL - 1] + "…"
