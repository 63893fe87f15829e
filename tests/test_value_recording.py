"""What an operation on Values records."""

import builtins
import math

import pytest

from autograd import (
    OPS,
    Value,
    as_values,
    maximum,
    relu,
    sin,
    topological_order,
    total,
    weighted_sum,
    where,
)


@pytest.mark.parametrize(("use", "name", "numbers"), [
    (lambda a, b: a + b, "add", (2, 3)), (lambda a, b: a - b, "sub", (2, 3)),
    (lambda a, b: a * b, "mul", (2, 3)), (lambda a, b: a / b, "div", (2, 3)),
    (lambda a, b: a**b, "power", (2, 3)), (lambda a, b: -a, "neg", (2,)),
    (lambda a, b: 1 + a, "add", (1, 2)), (lambda a, b: 1 - a, "sub", (1, 2)),
    (lambda a, b: 4 * a, "mul", (4, 2)), (lambda a, b: 4 / a, "div", (4, 2)),
    (lambda a, b: 4**a, "power", (4, 2)), (lambda a, b: builtins.abs(a), "abs", (2,)),
    (lambda a, b: a.exp(), "exp", (2,)), (lambda a, b: a.log(), "log", (2,)),
    (lambda a, b: a.sqrt(), "sqrt", (2,)), (lambda a, b: a.sin(), "sin", (2,)),
    (lambda a, b: a.cos(), "cos", (2,)), (lambda a, b: a.tanh(), "tanh", (2,)),
    (lambda a, b: a.sigmoid(), "sigmoid", (2,)), (lambda a, b: a.softplus(), "softplus", (2,)),
    (lambda a, b: a.relu(), "relu", (2,)), (lambda a, b: a.leaky_relu(), "leaky_relu", (2, 0.01)),
])  # fmt: skip
def test_a_graph_shows_the_operation_that_was_written(use, name, numbers):
    a, b = Value(2.0), Value(3.0)
    node = use(a, b)
    assert node.op is OPS[name]
    assert tuple(parent.data for parent in node.parents) == numbers
    assert node.data == OPS[name](*map(float, numbers))
    assert [parent.constant for parent in node.parents] == [p not in (a, b) for p in node.parents]


def test_sums_of_python_work():
    a, b = Value(2.0), Value(3.0)
    assert sum([a, b]).data == 5
    assert sum([a, b], start=Value(1.0)).data == 6
    assert math.prod([a, b]).data == 6
    assert max(a, b) is b
    assert min([a, b]) is a
    assert sorted([b, a]) == [a, b]
    assert (+a) is a


def test_parents_are_older_than_their_children():
    leaves = [Value(float(i)) for i in range(3)]
    node = sin(leaves[0] * leaves[1] + 2) / (leaves[2] + 1)
    order = topological_order(node)
    assert [n.age for n in order] == sorted(n.age for n in order)
    assert all(parent.age < n.age for n in order for parent in n.parents)
    assert order[-1] is node
    assert len(order) == len(set(order)) == 10


def test_a_leaf_has_no_operation_and_no_parents():
    x = Value(1.0)
    assert (x.op, x.parents, x.constant, x.grad) == (None, (), False, 0)
    assert topological_order(x) == [x]


def test_the_same_node_may_be_both_inputs():
    a = Value(3.0)
    b = a + a
    assert b.parents == b._prev == (a, a)
    b.backward()
    assert a.grad == 2


def test_cycles_cannot_be_made():
    c = Value(1.0)
    for _ in range(5):
        c += c * c
    with pytest.raises(AttributeError):
        c.data.parents = (c,)
    c.data = c  # gives its number, not itself
    assert c not in c.parents
    assert all(parent.age < node.age for node in topological_order(c) for parent in node.parents)


def test_adding_in_place_makes_a_new_node_and_an_alias_keeps_the_old_one():
    for change, expected in [
        (Value.__add__, 3), (Value.__sub__, 1), (Value.__mul__, 2), (Value.__truediv__, 2),
    ]:  # fmt: skip
        c = alias = Value(2.0)
        c = change(c, 1)
        assert (c.data, alias.data, c.parents[0]) == (expected, 2, alias)
    c = alias = Value(2.0)
    c += 1
    c *= 2
    c -= 1
    c /= 5
    c **= 2
    assert (c.data, alias.data) == (1, 2)
    c.backward()
    assert alias.grad == pytest.approx(2 * 1 * 2 / 5)


def test_constants_get_no_gradient():
    x = Value(2.0)
    k = Value(5.0, constant=True)
    for node in (x * 3 + 1, x * k, total([x, k, 1.0]), weighted_sum([x, k], [k, 1.0], k)):
        node.backward()
        constants = [n for n in topological_order(node) if n.constant]
        assert constants
        assert all(n.grad == 0 for n in constants)
    assert all(n.constant for n in as_values([1.0, k]))
    assert as_values([x, 1.0])[0] is x
    assert not as_values([x])[0].constant


def test_a_value_may_carry_attributes_of_its_user():
    p = Value(1.0)
    p.m, p.v = 0.5, 0.25
    assert (p.m, p.v, p.data) == (0.5, 0.25, 1)
    node = p * 2
    node.note = "kept"
    node.backward()
    assert node.note == "kept"


class Parameter(Value):
    """A Value of its own kind."""


@pytest.mark.parametrize("use", [
    lambda p: p * 2, lambda p: 2 * p, lambda p: p + Value(1.0), lambda p: Value(1.0) + p,
    lambda p: p**2, lambda p: p.tanh(), lambda p: relu(p), lambda p: total([1.0, p, 2.0]),
    lambda p: total([Value(1.0), p, Value(2.0)]), lambda p: weighted_sum([1.0, p], [p, 2.0], 3.0),
    lambda p: weighted_sum([p], [p], p), lambda p: maximum(p, 0.0), lambda p: where(1.0, p, 0.0),
])  # fmt: skip
def test_a_subclass_as_operand_keeps_its_gradient(use):
    p, v = Parameter(1.5), Value(1.5)
    node, plain = use(p), use(v)
    node.backward()
    plain.backward()
    assert any(parent is p for parent in node.parents)
    assert p.grad == v.grad != 0
    assert type(node) is Value
    assert not p.constant
