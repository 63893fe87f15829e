"""Re-rolling: of many scalar operations, those that are alike are done together.

Nothing is known here of layers or networks. Long sums are put together from their parts; every node
waits as long as it can; then equal operations that are due at the same time, on operands of equal
kind, make a group. A group of weighted sums in which every row of weights meets every column of
inputs is a product of two matrices.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from struct import pack
from typing import Any

from autograd import ops
from autograd.compile.program import LANES, SHARED, Array, Matrix, View
from autograd.compile.recording import Graph
from autograd.ops import Op

CONSTANT, SHARES, VARIES = 0, 1, 2  # what a node depends on: nothing, leaves, the sample
_KIND = {CONSTANT: SHARED, SHARES: SHARED, VARIES: LANES}
# Operations whose rules ask nothing about their inputs: constants in them may differ by row.
_PLAIN = {ops.add, ops.sub, ops.mul, ops.div, ops.maximum, ops.minimum, ops.where, ops.neg}
_MANY = {ops.log_sum_exp_of, ops.pick_of}  # operations of any number of inputs, one rule for all
_SUMS = {ops.add, ops.total_of, ops.weighted_sum_of}


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum of products and single terms, flattened; it stands in the place of an operation."""

    products: tuple[tuple[int, int, int], ...]  # (kind of first, kind of second, how many)
    terms: int
    has_rest: bool  # one term more, the same for all samples


@dataclass(slots=True, eq=False)
class Group:
    """Nodes that are computed together.

    Attributes
    ----------
    op : Op or Sum
    nodes : list of int
    operands : list of View or float
        For a `Sum`: for each of its products two, then its terms, then its rest.
    out : View
    matrix : Matrix or None
        Of the first product of a `Sum`.
    """

    op: Any
    nodes: list[int]
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


class Roller:
    """Turns a graph into groups."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.numbers = list(graph.numbers)
        self.kinds = _kinds(graph)
        self.forms: dict[int, tuple[Any, list[int]]] = {}  # in an order that can be computed
        self.literals: dict[bytes, int] = {}

    # ---------------------------------------------------------------- from nodes to forms

    def flatten(self) -> None:
        """Give every node that is computed its form: an operation or a `Sum`, and its operands."""
        graph, kinds = self.graph, self.kinds
        uses = [0] * len(graph)
        for parents in graph.parents:
            for parent in parents:
                uses[parent] += 1
        for root in graph.roots:
            uses[root] += 2  # a result is not absorbed
        absorbed: set[int] = set()
        forms: list[tuple[int, tuple[Any, list[int]]]] = []
        for i in range(len(graph) - 1, -1, -1):
            op = graph.ops[i]
            if op is None or kinds[i] == CONSTANT or not uses[i] or i in absorbed:
                continue
            parts = self._sum(i, uses, absorbed) if op in _SUMS else [self._form_of(i, op)]
            forms.append((i, parts[0]))
            forms.extend(parts[1:])  # type: ignore[arg-type]
        self.forms = dict(reversed(forms))

    def _form_of(self, i: int, op: Op) -> tuple[Op, list[int]]:
        return op, [self._canonical(x) for x in self.graph.parents[i]]

    def _sum(self, root: int, uses: list[int], absorbed: set[int]) -> list[Any]:
        """Return the form of a sum; then, with its number, that of a part that is summed once."""
        graph, kinds = self.graph, self.kinds
        kind = kinds[root]
        products: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        terms: list[int] = []
        number, stack = 0.0, [root]
        while stack:
            i = stack.pop()
            op, parents = graph.ops[i], graph.parents[i]
            if kinds[i] == CONSTANT:
                number += graph.numbers[i]
                continue
            mine = i == root or (uses[i] == 1 and kinds[i] == kind)
            if mine and op in _SUMS:
                absorbed.add(i)
                if op is ops.weighted_sum_of:
                    n = len(parents) // 2
                    for x, y in zip(parents[:n], parents[n : 2 * n], strict=True):
                        number += self._add_product(products, x, y)
                    parents = parents[2 * n :]
                stack.extend(reversed(parents))
            elif mine and op is ops.mul:
                absorbed.add(i)
                self._add_product(products, *parents)
            else:
                terms.append(i)
        fixed = [i for i in terms if kinds[i] != VARIES]
        if number:
            fixed.append(self.literal(number))
        if kind != VARIES:
            rest = [fixed.pop()] if number else []
            return [_sum_form(products, fixed, rest)]
        terms = [i for i in terms if kinds[i] == VARIES]
        fixed_products = {key: products.pop(key) for key in list(products) if VARIES not in key}
        if not fixed_products and len(fixed) <= 1:
            return [_sum_form(products, terms, fixed)]
        part = self._new_node(SHARES)  # the same for all samples: summed once
        return [
            _sum_form(products, terms, [part]),
            (part, _sum_form(fixed_products, fixed, [])),
        ]

    def _add_product(self, products: Any, x: int, y: int) -> float:
        """Add a product to those of its kind; return it instead if it is a number."""
        kinds = self.kinds
        if kinds[x] > kinds[y]:
            x, y = y, x
        if kinds[y] == CONSTANT:
            return self.numbers[x] * self.numbers[y]
        first = SHARES if kinds[x] == CONSTANT else kinds[x]  # constants are the same for all, too
        products[first, kinds[y]].append((self._canonical(x), y))
        return 0.0

    def _canonical(self, i: int) -> int:
        """Return the one node that stands for all constants of that number."""
        return i if self.kinds[i] != CONSTANT else self.literal(self.numbers[i])

    def literal(self, number: float) -> int:
        """Return the node of a constant."""
        key = pack("d", number)
        if key not in self.literals:
            self.literals[key] = self._new_node(CONSTANT)
            self.numbers[-1] = number
        return self.literals[key]

    def _new_node(self, kind: int) -> int:
        self.kinds.append(kind)
        self.numbers.append(0.0)
        return len(self.kinds) - 1

    def lift(self) -> None:
        """Let the inputs of an operation of many be all of one table, by copies where needed."""
        kinds, forms = self.kinds, {}
        for i, (op, operands) in self.forms.items():
            if op in _MANY and kinds[i] == VARIES:
                start = 1 if op is ops.pick_of else 0
                mixed = any(kinds[x] == VARIES for x in operands[start:])
                for k, x in enumerate(operands):
                    if kinds[x] != VARIES and (mixed or k < start):
                        operands[k] = self._new_node(VARIES)
                        forms[operands[k]] = (Sum((), 0, True), [x])
            forms[i] = (op, operands)
        self.forms = forms

    # ---------------------------------------------------------------- from forms to groups

    def buckets(self) -> list[tuple[Any, list[int], list[Any]]]:
        """Return what may be computed together: the form, the nodes, and what each operand is.

        Every node is due as late as its users allow.
        """
        kinds, numbers = self.kinds, self.numbers
        due: dict[int, int] = {}
        for i in reversed(self.forms):
            level = due.setdefault(i, 0) - 1
            for x in self.forms[i][1]:
                if x not in due or due[x] > level:
                    due[x] = level
        found: dict[Any, list[int]] = defaultdict(list)
        for i, (form, operands) in self.forms.items():
            if isinstance(form, Sum):
                inputs: tuple[Any, ...] = ()
            elif form in _MANY:
                inputs = (len(operands), *[_KIND[kinds[x]] for x in operands[:2]])
            else:
                literal = form not in _PLAIN
                inputs = tuple(
                    [
                        numbers[x] if literal and kinds[x] == CONSTANT else _KIND[kinds[x]]
                        for x in operands
                    ]
                )
            found[due[i], kinds[i], form, inputs].append(i)
        ordered = sorted(found.items(), key=lambda item: item[0][:2])
        return [(key[2], nodes, list(key[3])) for key, nodes in ordered]


def _kinds(graph: Graph) -> list[int]:
    """Return for each node what it depends on."""
    kinds = [CONSTANT] * len(graph)
    for i in graph.leaves:
        kinds[i] = SHARES
    for i in graph.inputs:
        kinds[i] = VARIES
    for i, parents in enumerate(graph.parents):
        kind = kinds[i]
        for x in parents:
            if kinds[x] > kind:
                kind = kinds[x]
        kinds[i] = kind
    return kinds


def _sum_form(products: Any, terms: list[int], rest: list[int]) -> tuple[Sum, list[int]]:
    keys = sorted(products)
    signature = tuple([(*key, len(products[key])) for key in keys])
    operands = [
        x for key in keys for side in (0, 1) for x in [pair[side] for pair in products[key]]
    ]
    return Sum(signature, len(terms), bool(rest)), operands + terms + rest


def roll(graph: Graph) -> Rolled:
    """Return the graph in groups."""
    import numpy as np

    roller = Roller(graph)
    roller.flatten()
    roller.lift()
    parts: list[tuple[Any, list[int], Any, Any, tuple[int, int] | None]] = []
    for form, nodes, inputs in roller.buckets():
        table = np.array([roller.forms[i][1] for i in nodes], dtype=np.int64)
        k = 0
        if isinstance(form, Sum) and form.products and form.products[0][0] == SHARES:
            k = form.products[0][2]
        left_over = np.arange(len(nodes))
        if k > 1:
            blocks, left_over = matrices(table[:, :k], table[:, k : 2 * k])
            for block in blocks:
                chosen = block.ravel()
                parts.append((form, [nodes[j] for j in chosen], inputs, table[chosen], block.shape))
        if len(left_over):
            chosen_nodes = [nodes[j] for j in left_over]
            parts.append((form, chosen_nodes, inputs, table[left_over], None))
    return _placed(roller, parts)


def _placed(roller: Roller, parts: list[Any]) -> Rolled:
    """Give every node a row of its table, so that what is used together lies together."""
    import numpy as np

    graph, kinds = roller.graph, roller.kinds
    row = np.full(len(kinds), -1, dtype=np.int64)
    row[graph.inputs] = np.arange(len(graph.inputs))
    is_leaf = np.zeros(len(kinds), dtype=bool)
    is_leaf[list(graph.leaves)] = True
    leaves: list[int] = []

    def place_leaves(candidates: Any) -> None:
        for x in candidates.tolist():
            if is_leaf[x] and row[x] < 0:
                row[x] = len(leaves)
                leaves.append(x)

    for form, _, _, table, shape in parts:
        if shape:  # the weights of a matrix first, row by row, then what is added to its rows
            k = _products_of(form)
            place_leaves(table[:: shape[1], :k].ravel())
            place_leaves(table[:: shape[1], -1])
    place_leaves(np.array(sorted(graph.leaves), dtype=np.int64))
    constants: dict[int, float] = {}
    size = {SHARED: len(leaves), LANES: len(graph.inputs)}

    def place_constants(candidates: Any) -> None:
        for x in candidates.ravel().tolist():
            if kinds[x] == CONSTANT and row[x] < 0:
                row[x] = size[SHARED]
                constants[size[SHARED]] = roller.numbers[x]
                size[SHARED] += 1

    groups = []
    for form, nodes, inputs, table, shape in parts:
        if isinstance(form, Sum):
            if shape:
                place_constants(table[: shape[1], _products_of(form) : 2 * _products_of(form)].T)
            place_constants(table)
        elif form in _MANY:
            place_constants(table)
        for j, kind in enumerate(inputs if form not in _MANY else ()):
            if kind == SHARED and not (kinds[table[0, j]] == CONSTANT and _all_equal(table[:, j])):
                place_constants(table[:, j])
        out = _KIND[kinds[nodes[0]]]
        if shape is None and len(nodes) > 1:
            order = _reading_order(row, [kinds[x] for x in table[0].tolist()], table, out)
            nodes, table = [nodes[j] for j in order], table[order]
        row[nodes] = np.arange(size[out], size[out] + len(nodes))
        size[out] += len(nodes)
        groups.append(_group(form, nodes, inputs, row, table, kinds, shape, roller.numbers))
    for root in graph.roots:
        place_constants(np.array([root]))
    places = [(_KIND[kinds[root]], int(row[root])) for root in graph.roots]
    return Rolled(groups, leaves, constants, size[SHARED], size[LANES], places)


def _products_of(form: Sum) -> int:
    return form.products[0][2]


def _all_equal(column: Any) -> bool:
    return bool((column == column[0]).all())


def _reading_order(row: Any, kinds: list[int], table: Any, out: str) -> Any:
    """Return the order of nodes in which the first operand of their own table is read in order."""
    import numpy as np

    for j, kind in enumerate(kinds):
        if _KIND[kind] == out and not _all_equal(table[:, j]) and kind != CONSTANT:
            return np.argsort(row[table[:, j]], kind="stable")
    return np.arange(len(table))


def _group(
    form: Any,
    nodes: list[int],
    inputs: list[Any],
    row: Any,
    table: Any,
    kinds: list[int],
    shape: tuple[int, int] | None,
    numbers: list[float],
) -> Group:
    import numpy as np

    out = View(_KIND[kinds[nodes[0]]], row[nodes])
    operands: list[Any] = []
    matrix = None
    if isinstance(form, Sum):
        start = 0
        for first, second, k in form.products:
            rows = [row[table[:, start + j * k : start + j * k + k]] for j in (0, 1)]
            order = np.argsort(rows[0][0], kind="stable")  # a sum may be taken in any order
            for kind, part in zip((first, second), rows, strict=True):
                operands.append(View(_KIND[kind], part[:, order]))
            start += 2 * k
        if form.terms:
            rows = [row[table[:, start : start + form.terms]]]
            order = np.argsort(rows[0][0], kind="stable")
            operands.append(View(_KIND[kinds[table[0, start]]], rows[0][:, order]))
        if form.has_rest:
            operands.append(View(SHARED, row[table[:, -1]]))
        if shape:
            r, c = shape
            left, right = operands[0].rows, operands[1].rows
            matrix = Matrix(left[::c], right[:c].T, out.rows.reshape(r, c))
    elif form is ops.pick_of:
        operands = [View(inputs[1], row[table[:, :1]]), View(inputs[2], row[table[:, 1:]])]
    elif form in _MANY:
        operands = [View(inputs[1], row[table])]
    else:
        for j, kind in enumerate(inputs):
            column = table[:, j]
            if isinstance(kind, float):
                operands.append(kind)
            elif kinds[column[0]] == CONSTANT and row[column[0]] < 0:
                operands.append(numbers[column[0]])
            else:
                operands.append(View(kind, row[column][:, None]))
    return Group(form, nodes, operands, out, matrix)


def matrices(left: Any, right: Any) -> tuple[list[Any], Any]:
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
    """
    import numpy as np

    n = len(left)
    rows, columns = labels(left), labels(right)
    by_row: dict[int, dict[int, int]] = defaultdict(dict)
    for j, (r, c) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        by_row[r].setdefault(c, j)
    alike: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for r, met in by_row.items():
        alike[tuple(sorted(met))].append(r)
    blocks, taken = [], np.zeros(n, dtype=bool)
    for met_columns, its_rows in alike.items():
        block = np.array([[by_row[r][c] for c in met_columns] for r in sorted(its_rows)])
        if (len(its_rows) > 1 and block.size >= 4) or left.shape[1] >= 4:
            blocks.append(block)
            taken[block.ravel()] = True
    return blocks, np.flatnonzero(~taken)


def labels(table: Array) -> Any:
    """Return for each row of a table the number of the first row that equals it, in order."""
    import numpy as np

    _, first, inverse = np.unique(table, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))  # number them as they come
    return order[inverse.ravel()]
