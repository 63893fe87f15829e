"""From groups to a program: their statements, and those of the chain rule in reverse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import ops
from autograd.compile.expressions import (
    OVERFLOWING,
    Expression,
    operands,
    rule_of,
    used_operands,
    with_operands,
)
from autograd.compile.program import (
    GRAD_OF,
    LANES,
    SHARED,
    TABLE_OF,
    Array,
    Matrix,
    Program,
    Statement,
    View,
    in_lanes,
)
from autograd.compile.recording import Graph
from autograd.compile.rolling import Group, Rolled, Sum, matrices, roll
from autograd.ops import Op
from autograd.value import Value

# An infinite input is seen in what they give, if it is not looked at already.
_PASSING = {ops.add, ops.sub, ops.mul, ops.neg, ops.abs, ops.log, ops.sqrt}
_BOUNDED = {ops.tanh, ops.sigmoid, ops.step, ops.sign, ops.sin, ops.cos}
_GROWING = {ops.add, ops.sub, ops.mul, ops.leaky_relu_of}
# Their slope may be infinite where they are finite; a gradient of 0 stays 0 there.
_STEEP = {"sqrt", "power", "log_or_zero"}


def make_program(graph: Graph, moved: Sequence[Value] = ()) -> Program:
    """Return the program that computes a graph's results, and the gradient of the first.

    Parameters
    ----------
    graph : Graph
    moved : sequence of Value, optional
        The leaves that an optimizer moves; of constants among them the gradient is made 0.

    Examples
    --------
    >>> from autograd import Value, weighted_sum
    >>> from autograd.compile.recording import graph_of
    >>> w = [Value(1.0), Value(2.0)]
    >>> print(make_program(graph_of(weighted_sum(w, w).tanh())).forward[-1])
    U[3] = tanh(U[2])
    """
    rolled = roll(graph)
    builder = _Builder(graph, rolled)
    for group in rolled.groups:
        builder.compute(group)
    backward = builder.differentiate()
    places = {id(graph.leaves[i]): row for row, i in enumerate(rolled.leaves)}
    builder.hold(np.array([places[id(leaf)] for leaf in moved], dtype=np.int64))
    return Program(
        inputs=len(graph.inputs),
        leaves=[graph.leaves[i] for i in rolled.leaves],
        constants=rolled.constants,
        shared_rows=builder.rows[SHARED],
        lanes_rows=builder.rows[LANES],
        results=rolled.places,
        forward=builder.forward,
        backward=backward,
        nodes=len(graph),
        learning=builder.written[SHARED][: len(rolled.leaves)] & builder.learning,
    )


class _Builder:
    """Writes the statements."""

    def __init__(self, graph: Graph, rolled: Rolled) -> None:
        self.graph, self.rolled = graph, rolled
        self.rows = {SHARED: rolled.shared_rows, LANES: rolled.lanes_rows}
        self.forward: list[Statement] = []
        self.backward: list[Statement] = []
        self.waiting: list[Statement] = []  # scatters: they add to what others have written
        self.origin: tuple[str, ...] = ()
        # Of each log_sum_exp, the powers that it sums, and their total.
        self.shares: dict[int, tuple[View, View]] = {}
        constant = [graph.leaves[i].constant for i in rolled.leaves]
        self.learning = ~np.array(constant, dtype=bool)
        self.learns = {table: np.zeros(rows, dtype=bool) for table, rows in self.rows.items()}
        self.learns[SHARED][: len(constant)] = self.learning
        self.written = {table: np.zeros(rows, dtype=bool) for table, rows in self.rows.items()}
        # What may be infinite though the leaves and the inputs are not, and nobody has looked.
        self.loose = {table: np.zeros(rows, dtype=bool) for table, rows in self.rows.items()}

    # ---------------------------------------------------------------- forward

    def compute(self, group: Group) -> None:
        """Add the statements of a group."""
        self.origin, nodes = _origin(self.graph, group), group.nodes
        out, first = group.out, len(self.forward)
        for x in group.operands:
            if isinstance(x, View) and self.learns[x.table][x.rows].any():
                self.learns[out.table][out.rows] = True
        if isinstance(group.op, Sum):
            self._compute_sum(group)
        elif group.op is ops.log_sum_exp_of:
            self._compute_log_sum_exp(group)
        elif group.op is ops.pick_of:
            self._add(
                out, None, group.operands, reduce="pick", watches=self._hidden(group.operands)
            )
        else:
            inputs, views = _inputs(group.operands)
            foreign = group.op not in ops.built_in()
            risky = group.op.name in OVERFLOWING or foreign
            grows = group.op in _GROWING or self._is_loose(views)
            watches = () if group.op in _PASSING else self._hidden(views)
            self._add(out, group.op.apply(inputs), views, guards=risky, watches=watches)
            self.loose[out.table][out.rows] = grows and not risky and group.op not in _BOUNDED
        self.forward[first:] = [_with_nodes(s, nodes) for s in self.forward[first:]]

    def _compute_log_sum_exp(self, group: Group) -> None:
        (terms,), out = group.operands, group.out
        n, count = terms.rows.shape
        top, total = self._scratch(out.table, n), self._scratch(out.table, n)
        powers = self._scratch(out.table, n * count)
        x, y = operands(2)
        self._add(top, x, [terms], reduce="max")
        flat = View(terms.table, terms.rows.reshape(-1, 1))
        shift = View(top.table, top.rows.repeat(count)[:, None])
        self._add(powers, ops.exp(x - y), [flat, shift], watches=self._hidden([flat]))
        powers = View(powers.table, powers.rows.reshape(n, count))
        self._add(total, x, [powers])
        self._add(out, x + ops.log(y), [_column(top), _column(total)])
        self.shares[id(group)] = powers, total

    def _is_loose(self, views: Sequence[View]) -> bool:
        return any(self.loose[x.table][x.rows].any() for x in views)

    def _hidden(self, views: Sequence[View]) -> tuple[int, ...]:
        """Return which operands have to be looked at; nobody needs to look again."""
        found = tuple([k for k, x in enumerate(views) if self._is_loose([x])])
        for k in found:
            self.loose[views[k].table][views[k].rows] = False
        return found

    def _compute_sum(self, group: Group) -> None:
        pieces, rest = _pieces(group)
        grows = bool(pieces) or rest is None or self._is_loose([rest])
        self.loose[group.out.table][group.out.rows] = grows
        start = rest
        views: list[View] = []
        single: Any = 0.0
        for op, inputs in pieces:  # those of one term each make one expression
            if inputs[0].rows.shape[1] == 1:
                refs = [Expression(None, (len(views) + i,)) for i in range(len(inputs))]
                single = single + (op.apply(tuple(refs)) if op else refs[0])
                views.extend(inputs)
        many = [piece for piece in pieces if piece[1][0].rows.shape[1] > 1]
        for k, (_, inputs) in enumerate(many):
            x = operands(len(inputs))
            expression = x[0] * x[1] if len(x) > 1 else x[0]
            matrix = group.matrix if k == 0 else None
            self._add(group.out, expression, inputs, adds=k > 0, start=start, matrix=matrix)
            start = None
        if views or not many:
            self._add(group.out, single, views, adds=bool(many), start=start)

    def _scratch(self, table: str, count: int) -> View:
        """Return new rows of a table."""
        start = self.rows[table]
        self.rows[table] += count
        for flags in (self.learns, self.written, self.loose):
            flags[table] = np.concatenate([flags[table], np.zeros(count, dtype=bool)])
        return View(table, np.arange(start, self.rows[table]))

    def _add(self, target: View, expression: Any, views: Sequence[View], **more: Any) -> None:
        self.forward.append(Statement(target, expression, tuple(views), origin=self.origin, **more))

    # ---------------------------------------------------------------- backward

    def differentiate(self) -> list[Statement]:
        """Return the statements that carry the gradient of result 0 to the leaves."""
        table, row = self.rolled.places[0]
        self.written[table][row] = True
        for group in reversed(self.rolled.groups):
            out = group.out
            upstream = View(GRAD_OF[out.table], out.rows[:, None])
            self._scatter(upstream)
            reached = self.written[out.table][out.rows]
            if not reached.any() or not self.learns[out.table][out.rows].any():
                continue
            self.origin, first = _origin(self.graph, group), len(self.backward)
            if not reached.all():
                self._zero(out.table, out.rows[~reached])
            if isinstance(group.op, Sum):
                pieces, rest = _pieces(group)
                for op, inputs in pieces:
                    self._spread(op, inputs, upstream, _column(out))
                if rest:
                    self._spread(None, [_column(rest)], upstream, _column(out))
            elif group.op is ops.pick_of:
                self._scatter_later(group.operands, upstream, group.nodes)
            elif group.op is ops.log_sum_exp_of:
                self._spread_log_sum_exp(group, upstream)
            else:
                self._spread(group.op, group.operands, upstream, _column(out))
            self.backward[first:] = [_with_nodes(s, group.nodes) for s in self.backward[first:]]
        self._scatter()
        return self.backward

    def hold(self, rows: Array) -> None:
        """Set the gradient of constants to 0 that got one beside others, which learn."""
        rows = rows[self.written[SHARED][rows] & ~self.learning[rows]]
        if len(rows):
            target = View(GRAD_OF[SHARED], rows)
            nodes = [self.rolled.leaves[row] for row in rows.tolist()]
            self.backward.append(Statement(target, 0.0, (), origin=("constant",), nodes=nodes))

    def _spread(self, op: Op | None, inputs: Sequence[Any], upstream: View, out: View) -> None:
        """Give each input its share: the chain rule, for all rows of a group."""
        if not any(self._asked(x) for x in inputs):
            return
        refs, views = _inputs(inputs)
        g, result = (Expression(None, (len(views) + i,)) for i in range(2))
        if op is ops.relu:  # it asks for the sign of its input, which the output has as well:
            refs = (result,)  # so the input is needed no more
        slopes: Any = (1.0,)
        if op is not None:
            slopes = rule_of(op, refs, result)
            if slopes is None or len(slopes) != len(inputs):
                slopes = [_called(op, i)(*refs, result) for i in range(len(inputs))]
        steep = op is not None and (op.name in _STEEP or op not in ops.built_in())
        if op is ops.power and isinstance(inputs[1], float) and inputs[1] >= 1:
            steep = False
        for k, (x, slope) in enumerate(zip(inputs, slopes, strict=True)):
            if not self._asked(x) or any(_equal(x, y) for y in inputs[:k]):
                continue
            for y, another in zip(inputs[k + 1 :], slopes[k + 1 :], strict=True):
                if _equal(x, y):  # as both factors of a square
                    slope = slope + another
            share = slope * g if isinstance(slope, Expression) or slope != 1.0 else g
            if steep and isinstance(share, Expression):
                share = ops.where(g, share, 0.0)
            self._accumulate(x, share, [*views, upstream, out])

    def _spread_log_sum_exp(self, group: Group, upstream: View) -> None:
        """Give each term its share: the rule's exp(x - out) is its power over their total."""
        (terms,), (powers, total) = group.operands, self.shares[id(group)]
        if not self._asked(terms):
            return
        slope = View(GRAD_OF[total.table], total.rows)
        x, y = operands(2)
        self._add_to(slope, x / y, [upstream, _column(total)])
        self._accumulate(terms, x * y, [powers, _column(slope)])

    def _asked(self, x: Any) -> bool:
        return isinstance(x, View) and bool(self.learns[x.table][x.rows].any())

    def _accumulate(self, x: View, share: Any, views: Sequence[View]) -> None:
        """Add a share for each place of a view to the gradient of the row there.

        A row that is used in several places gets one sum over them.
        """
        if not isinstance(share, Expression):
            if share:
                raise AssertionError("a share without a gradient in it")
            return
        used = used_operands(share)
        names = [Expression(None, (used.index(i) if i in used else 0,)) for i in range(len(views))]
        share, shape = with_operands(share, names), x.rows.shape
        flat = [np.broadcast_to(views[i].rows, shape).ravel() for i in used]
        tables = [views[i].table for i in used]
        targets = x.rows.ravel()
        order = np.argsort(targets, kind="stable")
        begin = np.flatnonzero(np.diff(targets[order], prepend=-1))
        rows, counts = targets[order[begin]], np.diff(begin, append=len(order))
        for count in np.flatnonzero(np.bincount(counts)).tolist():
            chosen = counts == count
            places = order[begin[chosen][:, None] + np.arange(count)]
            parts = [View(t, f[places]) for t, f in zip(tables, flat, strict=True)]
            self._add_to(View(GRAD_OF[x.table], rows[chosen]), share, parts)

    def _add_to(self, target: View, share: Any, views: list[View]) -> None:
        table = TABLE_OF[target.table]
        done = self.written[table][target.rows]
        if done.any() and not done.all():
            self._zero(table, target.rows[~done])
        adds = bool(done.any())
        self.written[table][target.rows] = True
        for part in _as_matrices(Statement(target, share, tuple(views), adds, origin=self.origin)):
            self.backward.append(part)

    def _scatter_later(self, inputs: Sequence[Any], upstream: View, nodes: Array) -> None:
        """Note that what was picked gets its gradient: when others have written to the rows."""
        index, values = inputs
        if self._asked(values):
            target = View(GRAD_OF[values.table], values.rows)
            self.waiting.append(
                Statement(
                    target, None, (index, upstream), True, reduce="scatter", origin=self.origin,
                    nodes=nodes,
                )
            )  # fmt: skip

    def _scatter(self, wanted: View | None = None) -> None:
        """Add the scatters that reach a gradient which is wanted now; by default all."""
        still_waiting = []
        for s in self.waiting:
            if wanted is not None and not wanted.meets(s.target):
                still_waiting.append(s)
                continue
            table = TABLE_OF[s.target.table]
            rows = np.unique(s.target.rows)
            fresh = rows[~self.written[table][rows]]
            if len(fresh):
                self._zero(table, fresh, s.nodes)
            self.backward.append(s)
        self.waiting = still_waiting

    def _zero(self, table: str, rows: Array, nodes: Sequence[int] = ()) -> None:
        self.written[table][rows] = True
        target = View(GRAD_OF[table], rows)
        self.backward.append(Statement(target, 0.0, (), origin=("zero",), nodes=nodes))


def _equal(x: Any, y: Any) -> bool:
    views = isinstance(x, View) and isinstance(y, View)
    return views and x.table == y.table and np.array_equal(x.rows, y.rows)


def _as_matrices(statement: Statement) -> list[Statement]:
    """Return the statement in parts: products of matrices, and what is none."""
    x = statement.expression
    is_product = isinstance(x, Expression) and x.op is ops.mul
    if not is_product or any(not isinstance(y, Expression) or y.op for y in x.inputs):
        return [statement]
    left, right = (statement.operands[y.inputs[0]] for y in x.inputs)
    if left is right or not (statement.over_lanes or statement.terms > 1):
        return [statement]
    if not statement.over_lanes and in_lanes(statement.target.table):
        if in_lanes(left.table) == in_lanes(right.table):
            return [statement]  # a matrix of its own for each sample
        if in_lanes(left.table):
            left, right = right, left
    elif statement.over_lanes and not (in_lanes(left.table) and in_lanes(right.table)):
        return [statement]
    blocks, others = matrices(left.rows, right.rows)
    if not blocks:
        return [statement]
    product = Expression(ops.mul, tuple(operands(2)))
    parts = []
    for block in blocks:
        r, c = block.shape
        chosen = block.ravel()
        target = statement.target.rows[chosen].reshape(r, c)
        views, rows = (left, right), (left.rows[block[:, 0]], right.rows[block[0]])
        if statement.over_lanes and c > 1 and (np.diff(target, axis=1) != 1).any():
            views, rows, target = views[::-1], rows[::-1], target.T  # A·B or B·A: as it lies
            block = block.T
        matrix = Matrix(rows[0], rows[1].T, target)
        parts.append(_part(statement, product, views, block.ravel(), matrix))
    if len(others):
        parts.append(_part(statement, product, (left, right), others, None))
    return parts


def _part(
    statement: Statement, product: Any, views: Any, chosen: Any, matrix: Matrix | None
) -> Statement:
    target = View(statement.target.table, statement.target.rows[chosen])
    parts = tuple([View(x.table, x.rows[chosen]) for x in views])
    return Statement(target, product, parts, statement.adds, matrix=matrix, origin=statement.origin)


def _pieces(group: Group) -> tuple[list[tuple[Op | None, list[View]]], View | None]:
    """Return what a sum is made of: products and terms, with their operation; and its rest."""
    views = list(group.operands)
    pieces: list[tuple[Op | None, list[View]]] = []
    for _ in group.op.products:
        factors = [views.pop(0), views.pop(0)]
        pieces.append((ops.mul, factors))
    if group.op.terms:
        pieces.append((None, [views.pop(0)]))
    return pieces, views.pop(0) if views else None


def _inputs(inputs: Sequence[Any]) -> tuple[tuple[Any, ...], list[View]]:
    """Return the inputs of an operation with operands for views, and the views."""
    views = [x for x in inputs if isinstance(x, View)]
    refs = iter(operands(len(views)))
    return tuple([next(refs) if isinstance(x, View) else x for x in inputs]), views


def _column(view: View) -> View:
    return View(view.table, view.rows[:, None])


def _called(op: Op, i: int) -> Op:
    """Return derivative number i of an operation as an operation, to be called number by number."""

    def slope(*inputs_and_out: float) -> float:
        return float(op.derivatives(*inputs_and_out)[i])

    return Op(
        f"derivative_{i}_of_{op.name}", slope, op.derivatives, op.symbol, "", "", 100, op.margin,
        None, None, None,
    )  # fmt: skip


def _with_nodes(statement: Statement, nodes: Array) -> Statement:
    from dataclasses import replace

    return replace(statement, nodes=nodes)


def _origin(graph: Graph, group: Group) -> tuple[str, ...]:
    """Return the operation of a group, and the scope that its nodes have in common."""
    names = set(map(graph.scopes.__getitem__, group.nodes.tolist()))
    scopes = {name.rsplit("/neuron", 1)[0] for name in names}
    name = "sum" if isinstance(group.op, Sum) else group.op.name
    return (name, "in", ", ".join(sorted(scopes)[:3])) if any(scopes) else (name,)
