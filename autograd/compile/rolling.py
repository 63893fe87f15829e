"""Re-rolling: of many scalar operations, those that are alike are done together.

Nothing is known here of layers or networks. Long sums are put together from their parts; every node
waits as long as it can; then equal operations that are due at the same time, on operands of equal
kind, make a group. A group of weighted sums in which every row of weights meets every column of
inputs is a product of two matrices.

A graph may have a million nodes, so all of this is done with arrays of node numbers: a `Table` has
the operands of all nodes of one form, a line for each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from autograd import ops
from autograd.compile.program import LANES, SHARED, Array, Matrix, View
from autograd.compile.recording import Graph

CONSTANT, SHARES, VARIES = 0, 1, 2  # what a node depends on: nothing, leaves, the sample
_TABLE = {CONSTANT: SHARED, SHARES: SHARED, VARIES: LANES}
_PAIRS = [(SHARES, SHARES), (SHARES, VARIES), (VARIES, VARIES)]  # kinds of the factors of a product
# Operations whose rules ask nothing about their inputs: constants in them may differ by row.
_PLAIN = {ops.add, ops.sub, ops.mul, ops.div, ops.maximum, ops.minimum, ops.where, ops.neg}
_MANY = {ops.log_sum_exp_of, ops.pick_of}  # operations of any number of inputs, one rule for all
_SUMS = {ops.add, ops.total_of, ops.weighted_sum_of}
_MOST = 64  # products of matrices that one group may fall into; many small ones are none
_BEHIND = np.iinfo(np.int64).max  # the place of what comes last
_ODD = np.uint64(0x9E3779B97F4A7C15)  # its powers spread numbers over 64 bits


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum of products and single terms, flattened; it stands in the place of an operation."""

    products: tuple[tuple[int, int, int], ...]  # (kind of first, kind of second, how many)
    terms: int
    has_rest: bool  # one term more, the same for all samples


@dataclass(slots=True)
class Table:
    """Nodes of one form, an operation or a `Sum`, and a line of operands for each."""

    form: Any
    nodes: Array
    operands: Array

    def lines(self, chosen: Array) -> Table:
        """Return some of the lines, in that order."""
        return Table(self.form, self.nodes[chosen], self.operands[chosen])


@dataclass(slots=True, eq=False)
class Group:
    """Nodes that are computed together.

    Attributes
    ----------
    op : Op or Sum
    nodes : array of int
        Of the graph, ascending. What came in besides, as a sum within a sum, counts as the node
        that it was made for.
    operands : list of View or float
        For a `Sum`: for each of its products two, then its terms, then its rest.
    out : View
    matrix : Matrix or None
        Of the first product of a `Sum`.
    """

    op: Any
    nodes: Array
    operands: list[Any]
    out: View
    matrix: Matrix | None


@dataclass(frozen=True, slots=True)
class Rolled:
    """A graph in groups, each node in its row of a table."""

    groups: list[Group]
    leaves: list[int]
    constants: dict[int, float]
    shared_rows: int
    lanes_rows: int
    places: list[tuple[str, int]]


@dataclass(slots=True)
class _Items:
    """Products x·y or, without y, terms x: which sum has them, and where they stand in `edges`."""

    owner: Array
    place: Array
    x: Array
    y: Any = None

    def where(self, chosen: Array) -> _Items:
        """Return those that are chosen."""
        if chosen.dtype == bool and chosen.all():
            return self
        y = None if self.y is None else self.y[chosen]
        return _Items(self.owner[chosen], self.place[chosen], self.x[chosen], y)

    def with_more(self, owner: Array, x: Array) -> _Items:
        """Return these terms and others behind them."""
        place = np.full(len(owner), _BEHIND)
        pairs = (self.owner, owner), (self.place, place), (self.x, x)
        return _Items(*map(np.concatenate, pairs))

    def in_order(self) -> _Items:
        """Return them sum by sum, as they stand in `edges`."""
        if (np.diff(self.owner) >= 0).all() and (np.diff(self.place) >= 0).all():
            return self
        return self.where(np.lexsort((self.place, self.owner)))

    def operands_of(self, sums: Array, count: int) -> list[Array]:
        """Return x, and y if there is one, of `count` items for each sum: a line for each."""
        begin: Array = np.searchsorted(self.owner, sums)
        chosen = begin[:, None] + np.arange(count)
        return [self.x[chosen]] if self.y is None else [self.x[chosen], self.y[chosen]]


class Roller:
    """Turns a graph into tables of forms.

    Attributes
    ----------
    kinds, numbers : array
        Of the nodes of the graph, and of new ones that come behind them.
    made_for : array of int
        The node of the graph that a new one was made for; the others themselves.
    tables : list of Table
        All that has to be computed, in no order.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph, self.kinds, self.numbers = graph, _kinds(graph), np.array(graph.numbers)
        self.made_for = np.arange(len(graph))
        self.tables: list[Table] = []
        self._flatten()
        self._unite_constants()
        self._lift()

    def _new_nodes(self, kind: int, made_for: Array, numbers: Array | None = None) -> Array:
        """Return new nodes of a kind, made for others; with their numbers if they are constants."""
        first, count = len(self.kinds), len(made_for)
        self.kinds = np.concatenate([self.kinds, np.full(count, kind, np.int8)])
        self.made_for = np.concatenate([self.made_for, made_for])
        more = np.zeros(count) if numbers is None else numbers
        self.numbers = np.concatenate([self.numbers, more])
        return np.arange(first, len(self.kinds))

    # ---------------------------------------------------------------- from nodes to forms

    def _flatten(self) -> None:
        """Give every node that is computed its form: an operation or a `Sum`, and its operands."""
        graph, edges, starts = self.graph, self.graph.edges, self.graph.starts
        found = list(dict.fromkeys(graph.ops))
        number_of = {op: i for i, op in enumerate(found)}
        code = np.fromiter(map(number_of.__getitem__, graph.ops), np.int64, len(graph))
        computed = self.kinds != CONSTANT

        def is_one_of(wanted: Collection[Any]) -> Array:
            return np.array([op in wanted for op in found], dtype=bool)[code] & computed

        is_sum, is_product = is_one_of(_SUMS), is_one_of({ops.mul})
        count = np.diff(starts)
        pairs = np.where(is_one_of({ops.weighted_sum_of}), count // 2, 0)  # in front of its terms
        # A sum or a product that is used once, by a sum, is a part of that sum.
        sums = np.flatnonzero(is_sum)
        place, owner = ragged(starts[sums] + 2 * pairs[sums], count[sums] - 2 * pairs[sums])
        owner, term = sums[owner], edges[place]
        uses = np.bincount(edges, minlength=len(graph))
        uses[graph.roots] += 2  # a result is part of nothing
        joins = (uses[term] == 1) & (self.kinds[term] == self.kinds[owner])
        joins &= (is_sum | is_product)[term]
        itself = np.arange(len(graph))
        whole = itself.copy()
        whole[term[joins]] = owner[joins]
        is_part = whole != itself
        while (whole[whole] != whole).any():  # parts of parts: each time twice as far up
            whole = whole[whole]

        lists, products = sums[pairs[sums] > 0], np.flatnonzero(is_product & is_part)
        place_of_pair, owner_of_pair = ragged(starts[lists], pairs[lists])
        first = np.concatenate([starts[products], place_of_pair])
        apart = np.concatenate([np.ones(len(products), np.int64), pairs[lists][owner_of_pair]])
        owner_of_product = np.concatenate([whole[products], whole[lists][owner_of_pair]])
        self._add_sums(
            sums[~is_part[sums]],
            _Items(owner_of_product, first, edges[first], edges[first + apart]),
            _Items(whole[owner[~joins]], place[~joins], term[~joins]),
        )
        plain = np.flatnonzero(computed & (count > 0) & ~is_sum & ~is_part)
        for same in alike(np.stack([code[plain], count[plain]], axis=1)):
            nodes = plain[same]
            operands = edges[starts[nodes][:, None] + np.arange(count[nodes[0]])]
            self.tables.append(Table(found[code[nodes[0]]], nodes, operands))

    def _add_sums(self, sums: Array, products: _Items, terms: _Items) -> None:
        """Add the tables of sums that are made of these products and terms."""
        # Of constants is made one number, which is a new term.
        kinds, numbers = self.kinds, self.numbers
        turned = np.flatnonzero(kinds[products.x] > kinds[products.y])
        products.x[turned], products.y[turned] = products.y[turned], products.x[turned]
        known = [kinds[products.y] == CONSTANT, kinds[terms.x] == CONSTANT]
        a, b = products.where(known[0]), terms.where(known[1])
        owners = np.concatenate([a.owner, b.owner])
        total = np.bincount(owners, np.concatenate([numbers[a.x] * numbers[a.y], numbers[b.x]]))
        products, terms = products.where(~known[0]), terms.where(~known[1])
        with_number = np.flatnonzero(total)
        literals = self._new_nodes(CONSTANT, with_number, total[with_number])
        terms = terms.with_more(with_number, literals)
        # What is the same for all samples, in a sum that is not, is its rest: one term; if there
        # are several, they are summed before, in a new node.
        kinds = self.kinds
        fixed = kinds[terms.x] < kinds[terms.owner]
        fixed_products = kinds[products.y] < kinds[products.owner]
        has_several = np.bincount(terms.owner[fixed], minlength=len(kinds)) > 1
        has_several[products.owner[fixed_products]] = True
        several = np.flatnonzero(has_several)
        part_of = np.arange(len(kinds))
        part_of[several] = parts = self._new_nodes(SHARES, several)
        products.owner[fixed_products] = part_of[products.owner[fixed_products]]
        terms.owner[fixed] = part_of[terms.owner[fixed]]
        is_rest = fixed & (terms.owner < len(kinds))  # alone in its sum
        rests = terms.where(is_rest).with_more(several, parts)
        terms = terms.where(~is_rest)
        sums = np.concatenate([sums, parts])

        # Sums of as many products and terms, of the same kinds, are of one form.
        kinds = self.kinds
        pair = np.maximum(kinds[products.x], SHARES) + kinds[products.y] - 2
        items = [*[products.where(pair == k) for k in range(len(_PAIRS))], terms, rests]
        items = [some.in_order() for some in items]
        how_many = np.stack(
            [np.bincount(some.owner, minlength=len(kinds))[sums] for some in items], axis=1
        )
        for same in alike(how_many):
            nodes, counts = sums[same], how_many[same[0]].tolist()
            *of_pairs, terms_each, has_rest = counts
            signature = [(*_PAIRS[k], n) for k, n in enumerate(of_pairs) if n]
            form = Sum(tuple(signature), terms_each, bool(has_rest))
            columns = [
                x for some, n in zip(items, counts, strict=True) for x in some.operands_of(nodes, n)
            ]
            self.tables.append(Table(form, nodes, np.concatenate(columns, axis=1)))

    def _unite_constants(self) -> None:
        """Let one node stand for all constants of the same number."""
        constants = np.flatnonzero(self.kinds == CONSTANT)
        bits = self.numbers[constants].view(np.int64)
        first, which = distinct(bits)
        one = np.arange(len(self.kinds))
        one[constants] = constants[first[which]]
        for table in self.tables:
            table.operands = one[table.operands]

    def _lift(self) -> None:
        """Let the inputs of an operation of many be all of one kind, by copies where needed."""
        for table in [table for table in self.tables if table.form in _MANY]:
            start = 1 if table.form is ops.pick_of else 0
            varies = self.kinds[table.operands] == VARIES
            needed = varies[:, start:].any(axis=1, keepdims=True)
            wanted = np.repeat(needed, varies.shape[1], axis=1)
            wanted[:, :start] = True
            wanted &= ~varies & (self.kinds[table.nodes] == VARIES)[:, None]
            if wanted.any():
                copied = table.operands[wanted]
                copies = self._new_nodes(VARIES, table.nodes[wanted.nonzero()[0]])
                table.operands[wanted] = copies
                self.tables.append(Table(Sum((), 0, True), copies, copied[:, None]))

    # ---------------------------------------------------------------- from forms to groups

    def buckets(self) -> list[tuple[Table, list[Any]]]:
        """Return what may be computed together, in an order that works; and what each operand is.

        An operand of an operation is of one of the tables of a program, or a number.
        """
        found = []
        due = self._due()
        for table in self.tables:
            kinds = self.kinds[table.operands]
            kinds[kinds == CONSTANT] = SHARES
            inputs = kinds.astype(np.int64)
            if isinstance(table.form, Sum):
                inputs = inputs[:, :0]
            elif table.form in _MANY:
                inputs = inputs[:, :2]
            elif table.form not in _PLAIN:
                constant = self.kinds[table.operands] == CONSTANT
                inputs[constant] = -table.operands[constant]  # that number
            keys = np.stack([due[table.nodes], self.kinds[table.nodes], *inputs.T], axis=1)
            for same in alike(keys):
                when, kind, *codes = keys[same[0]].tolist()
                what = [_TABLE[c] if c > 0 else float(self.numbers[-c]) for c in codes]
                part = Table(table.form, table.nodes[same], table.operands[same])
                found.append((when, kind, int(part.nodes[0]), part, what))
        found.sort(key=lambda entry: entry[:3])
        return [(part, what) for *_, part, what in found]

    def _due(self) -> Array:
        """Return when each node is due, before 0: as late as its users allow.

        From the end, wave by wave: a node is due when the last of its users has been.
        """
        inputs = np.concatenate([np.zeros(0, np.int64), *[t.operands.ravel() for t in self.tables]])
        waiting = np.bincount(inputs, minlength=len(self.kinds))
        begin, count, due, last = np.zeros((4, len(self.kinds)), dtype=np.int64)
        end = 0
        for table in self.tables:
            lines, width = table.operands.shape
            begin[table.nodes] = end + width * np.arange(lines)
            count[table.nodes] = width
            end += lines * width
        computed = count > 0
        wave, now = np.flatnonzero(computed & (waiting == 0)), 0
        while len(wave):
            due[wave] = now
            met = inputs[ragged(begin[wave], count[wave])[0]]
            np.subtract.at(waiting, met, 1)
            met = met[(waiting[met] == 0) & computed[met]]
            last[met] = np.arange(len(met))
            wave = met[last[met] == np.arange(len(met))]  # each once
            now -= 1
        return due


def _kinds(graph: Graph) -> Array:
    """Return for each node what it depends on."""
    kinds = np.zeros(len(graph), dtype=np.int8)
    kinds[list(graph.leaves)] = SHARES
    kinds[graph.inputs] = VARIES
    count = np.diff(graph.starts)
    inner = np.flatnonzero(count)
    highest = kinds.max(initial=CONSTANT)
    for _ in range(2):  # it is settled for most by a parent, or a grandparent, of the highest kind
        if len(inner):
            kinds[inner] = np.maximum.reduceat(kinds[graph.edges], graph.starts[inner])
    open_ones = inner[kinds[inner] < highest]  # the others one by one, parents first
    parents = iter(graph.edges[ragged(graph.starts[open_ones], count[open_ones])[0]].tolist())
    known = kinds.tolist()
    for i, n in zip(open_ones.tolist(), count[open_ones].tolist(), strict=True):
        known[i] = max([known[x] for x in islice(parents, n)])
    return np.array(known, dtype=np.int8)


def ragged(begin: Array, count: Array) -> tuple[Array, Array]:
    """Return ``count[i]`` numbers from ``begin[i]`` on, for all i in a row; and the i of each.

    Examples
    --------
    >>> ragged(np.array([10, 20]), np.array([2, 3]))
    (array([10, 11, 20, 21, 22]), array([0, 0, 1, 1, 1]))
    """
    of = np.repeat(np.arange(len(count)), count)
    return np.arange(len(of)) + (begin - np.cumsum(count) + count)[of], of


def alike(table: Array) -> list[Array]:
    """Return which rows of a table are equal: for each kind of row their places, ascending.

    Examples
    --------
    >>> alike(np.array([[1, 2], [3, 4], [1, 2]]))
    [array([0, 2]), array([1])]
    """
    if not len(table):
        return []
    of = labels(table)
    return np.split(np.argsort(of, kind="stable"), np.cumsum(np.bincount(of))[:-1])


def distinct(numbers: Array) -> tuple[Array, Array]:
    """Return where each number is first, smaller numbers before; and for each place its number's.

    Examples
    --------
    >>> first, which = distinct(np.array([7, 5, 7]))
    >>> first, which
    (array([1, 0]), array([1, 0, 1]))
    """
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    is_new = np.ones(len(order), dtype=bool)
    is_new[1:] = ordered[1:] != ordered[:-1]
    which = np.empty(len(order), dtype=np.int64)
    which[order] = np.cumsum(is_new) - 1
    return order[is_new], which


def labels(table: Array) -> Array:
    """Return for each row of a table the number of the first row that equals it, in order.

    Examples
    --------
    >>> labels(np.array([[3, 4], [1, 2], [3, 4]]))
    array([0, 1, 0])
    """
    factors = np.cumprod(np.full(table.shape[1], _ODD))
    first, inverse = distinct(table.view(np.uint64) @ factors)  # modulo 2**64
    if (table[first[inverse]] != table).any():  # different rows with one number: hardly ever
        _, first, inverse = np.unique(table, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))  # number them as they come
    return order[inverse.ravel()]


def roll(graph: Graph) -> Rolled:
    """Return the graph in groups."""
    roller = Roller(graph)
    parts: list[_Part] = []
    for table, inputs in roller.buckets():
        form, k = table.form, 0
        if isinstance(form, Sum) and form.products and form.products[0][0] == SHARES:
            k = form.products[0][2]
        blocks: list[Array] = []
        left_over = np.arange(len(table.nodes))
        if k > 1:
            blocks, left_over = matrices(table.operands[:, :k], table.operands[:, k : 2 * k])
        parts += [_Part(table.lines(block.ravel()), inputs, block.shape) for block in blocks]
        if len(left_over):
            parts.append(_Part(table.lines(left_over), inputs, None))
    return _placed(roller, parts)


@dataclass(slots=True)
class _Part:
    """What will be a group; a shape, if it is a product of matrices."""

    table: Table
    inputs: list[Any]
    shape: tuple[int, int] | None


def _placed(roller: Roller, parts: list[_Part]) -> Rolled:
    """Give every node a row of its table, so that what is used together lies together."""
    graph, kinds = roller.graph, roller.kinds
    row = np.full(len(kinds), -1, dtype=np.int64)
    row[graph.inputs] = np.arange(len(graph.inputs))
    size = {SHARED: 0, LANES: len(graph.inputs)}

    def place(which: Array, candidates: Array) -> Array:
        """Give those of the candidates that may have them rows of their own, as they come."""
        new = candidates.ravel()
        new = new[which[new] & (row[new] < 0)]
        new = new[np.sort(distinct(new)[0])]
        row[new] = np.arange(size[SHARED], size[SHARED] + len(new))
        size[SHARED] += len(new)
        return new

    is_leaf = np.zeros(len(kinds), dtype=bool)
    is_leaf[list(graph.leaves)] = True
    leaves = []
    for part in parts:
        if part.shape:  # the weights of a matrix first, row by row, then what is added to its rows
            lines = part.table.operands[:: part.shape[1]]
            k = part.table.form.products[0][2]
            leaves += [place(is_leaf, lines[:, :k]), place(is_leaf, lines[:, -1])]
    leaves.append(place(is_leaf, np.array(sorted(graph.leaves), dtype=np.int64)))
    is_constant, constants = kinds == CONSTANT, []
    groups = []
    for part in parts:
        form, nodes, operands = part.table.form, part.table.nodes, part.table.operands
        if part.shape:
            k = form.products[0][2]
            constants.append(place(is_constant, operands[: part.shape[1], k : 2 * k].T))
        if isinstance(form, Sum) or form in _MANY:
            constants.append(place(is_constant, operands))
        else:
            for column, kind in zip(operands.T, part.inputs, strict=True):
                if kind == SHARED and not _all_equal(column):  # one number is written as such
                    constants.append(place(is_constant, column))
        out = _TABLE[kinds[nodes[0]]]
        if part.shape is None and len(nodes) > 1:
            part.table = part.table.lines(_reading_order(row, kinds, operands, out))
        row[part.table.nodes] = np.arange(size[out], size[out] + len(nodes))
        size[out] += len(nodes)
        groups.append(_group(roller, part, row))
    constants.append(place(is_constant, np.array(graph.roots, dtype=np.int64)))
    placed = np.concatenate(constants)
    return Rolled(
        groups=groups,
        leaves=np.concatenate(leaves).tolist(),
        constants=dict(zip(row[placed].tolist(), roller.numbers[placed].tolist(), strict=True)),
        shared_rows=size[SHARED],
        lanes_rows=size[LANES],
        places=[(_TABLE[kinds[root]], int(row[root])) for root in graph.roots],
    )


def _all_equal(column: Array) -> bool:
    return bool((column == column[0]).all())


def _reading_order(row: Array, kinds: Array, operands: Array, out: str) -> Array:
    """Return the order of nodes in which the first operand of their own table is read in order."""
    for column in operands.T:
        kind = kinds[column[0]]
        if _TABLE[kind] == out and kind != CONSTANT and not _all_equal(column):
            return np.argsort(row[column], kind="stable")
    return np.arange(len(operands))


def _group(roller: Roller, part: _Part, row: Array) -> Group:
    kinds = roller.kinds
    form, nodes, lines = part.table.form, part.table.nodes, row[part.table.operands]
    out = View(_TABLE[kinds[nodes[0]]], row[nodes])
    operands: list[Any] = []
    matrix = None
    if isinstance(form, Sum):
        rest = [lines[:, -1]] if form.has_rest else []
        for first, second, k in form.products:
            left, right, lines = lines[:, :k], lines[:, k : 2 * k], lines[:, 2 * k :]
            order = np.argsort(left[0], kind="stable")  # a sum may be taken in any order
            operands += [View(_TABLE[first], left[:, order]), View(_TABLE[second], right[:, order])]
        if form.terms:
            terms = lines[:, : form.terms]
            order = np.argsort(terms[0], kind="stable")
            operands.append(View(out.table, terms[:, order]))
        operands += [View(SHARED, x) for x in rest]
        if part.shape:
            r, c = part.shape
            left, right = operands[0].rows, operands[1].rows
            matrix = Matrix(left[::c], right[:c].T, out.rows.reshape(r, c))
    elif form is ops.pick_of:
        operands = [View(part.inputs[0], lines[:, :1]), View(part.inputs[1], lines[:, 1:])]
    elif form in _MANY:
        operands = [View(part.inputs[0], lines)]
    else:
        for kind, node, rows in zip(part.inputs, part.table.operands[0], lines.T, strict=True):
            if isinstance(kind, float):
                operands.append(kind)
            elif kinds[node] == CONSTANT and rows[0] < 0:
                operands.append(float(roller.numbers[node]))
            else:
                operands.append(View(kind, rows[:, None]))
    made_for = roller.made_for[nodes]
    return Group(form, made_for[distinct(made_for)[0]], operands, out, matrix)


def matrices(left: Array, right: Array) -> tuple[list[Array], Array]:
    """Find products of matrices among sums of products.

    Parameters
    ----------
    left, right : array of int, (n, K)
        For each sum the first and the second factors of its products.

    Returns
    -------
    (list of array of int, array of int)
        Blocks (R, C) of positions in which every row of left factors meets every column of right
        ones exactly once; and the positions in no block.

    Examples
    --------
    >>> matrices(np.array([[0, 1], [0, 1], [2, 3], [2, 3]]), np.array([[4, 5], [6, 7]] * 2))
    ([array([[0, 1],
           [2, 3]])], array([], dtype=int64))
    """
    rows, columns = labels(left), labels(right)
    first, _ = distinct(rows * len(left) + columns)  # by row, then by column
    begin = [*np.flatnonzero(np.diff(rows[first], prepend=-1)).tolist(), len(first)]
    met = columns[first]
    same: dict[bytes, list[int]] = defaultdict(list)  # rows that meet the same columns
    for r in range(len(begin) - 1):
        same[met[begin[r] : begin[r + 1]].tobytes()].append(r)
    blocks, taken = [], np.zeros(len(left), dtype=bool)
    for its_rows in same.values():
        block = np.array([first[begin[r] : begin[r + 1]] for r in its_rows])
        is_large = (len(its_rows) > 1 and block.size >= 4) or left.shape[1] >= 4
        if is_large and block.size * _MOST >= len(left):
            blocks.append(block)
            taken[block.ravel()] = True
    return blocks, np.flatnonzero(~taken)
