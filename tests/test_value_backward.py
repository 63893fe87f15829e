"""What backward gives, also on the edge of what is defined."""

import builtins
import math
import random

import pytest

from autograd import (
    OPS,
    Value,
    abs,
    log,
    maximum,
    power,
    relu,
    sin,
    sqrt,
    tanh,
    topological_order,
    total,
    where,
)

# What backward gives


def test_going_back_again_after_resetting_the_leaf_gives_the_same():
    x = Value(3.0)
    y = x * x * x
    for _ in range(3):
        y.backward()
        assert x.grad == 27
        x.grad = 0.0


def test_leaves_accumulate_and_inner_nodes_start_anew():
    x = Value(3.0)
    square = x * x
    y = square * x
    y.backward()
    y.backward()
    assert (x.grad, square.grad, y.grad) == (54, 3, 1)
    square.backward()
    assert (x.grad, square.grad) == (60, 1)


def test_two_roots_add_up_at_a_shared_leaf():
    x = Value(2.0)
    shared = x * x
    first, second = shared * 3, shared + x
    first.backward()
    second.backward()
    assert x.grad == 12 + 5
    assert first.grad == second.grad == 1


@pytest.mark.parametrize("seed", [5.0, -1.0, 0.0, 0.5, 2, True])
def test_a_seed_scales_every_gradient(seed):
    x, y = Value(5.0), Value(10.0)
    z = x * y + x
    z.backward(seed)
    assert (x.grad, y.grad, z.grad) == (11 * seed, 5 * seed, seed)


def test_seeds_accumulate_at_a_leaf_that_is_its_own_root():
    x = Value(3.0)
    x.backward()
    x.backward(2.0)
    assert x.grad == 3


def test_a_constant_root_stays_without_gradient():
    c = Value(3.0, constant=True)
    c.backward()
    assert c.grad == 0


def test_shared_nodes_get_the_sum_over_all_paths():
    a = Value(1.0)
    b = a + a
    c = b + b
    c.backward()
    assert (a.grad, b.grad) == (4, 2)
    x = Value(2.0)
    y = x * x
    z = y * x + y  # the long path must be summed up before y hands it on
    z.backward()
    assert (y.grad, x.grad) == (3, 3 * 4 + 4)


def test_a_node_made_late_from_an_early_one_is_visited_before_it():
    x = Value(2.0)
    early = x * x
    chain = early
    for _ in range(5):
        chain = chain * 1.0
    late = early * chain  # the distances to x differ
    late.backward()
    assert early.grad == 2 * 4
    assert x.grad == pytest.approx(4 * 8)


def test_sixty_doublings_are_done_at_once():
    x = y = Value(1.0)
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2.0**60


def test_every_operation_adds_to_the_gradient_that_is_there():
    numbers = {"where": (1.0, 0.5, 0.25), "pick": (0.7, 0.3, 0.4)}
    for name, op in OPS.items():
        inputs = numbers.get(name)
        for count in (1, 2, 3):
            try:
                values = [Value(x) for x in (inputs or (0.7, 0.3, 0.4)[:count])]
                node = op(*values)
            except (TypeError, ValueError):  # that many inputs it does not take
                continue
            node.backward()
            first = [value.grad for value in values]
            node.backward()
            assert [value.grad for value in values] == [2 * grad for grad in first]


def test_every_grad_of_a_graph_can_be_reset():
    x = Value(3.0)
    y = x * x
    z = sin(y) * 2
    other = x + 1
    z.backward()
    other.backward()
    z.zero_grad()
    assert all(node.grad == 0 for node in topological_order(z))
    assert other.grad == 1  # not of this graph


def test_signs_of_sub_neg_abs_and_log_are_right():
    x = Value(-2.0)
    for node, slope in [(3 - x, -1), (-x, -1), (x - 3, 1), (builtins.abs(x), -1), (log(-x), -0.5)]:
        node.backward()
        assert x.grad == slope
        x.grad = 0.0


def test_a_gradient_is_final_when_the_sweep_reaches_a_node():
    """By hand as in the lecture: o.grad = 1, then _backward from the last node to the first."""
    x1, x2, w1, w2 = Value(2.0), Value(0.0), Value(-3.0), Value(1.0)
    b = Value(6.8813735870195432)
    x1w1 = x1 * w1
    x2w2 = x2 * w2
    both = x1w1 + x2w2
    n = both + b
    o = n.tanh()
    o.grad = 1.0
    for node in (o, n, b, both, x2w2, x1w1):
        node._backward()
    assert o.data == pytest.approx(0.7071067811865476, rel=1e-15)
    grads = [x1.grad, w1.grad, x2.grad, w2.grad, b.grad]
    assert grads == pytest.approx([-1.5, 1.0, 0.5, 0.0, 0.5], rel=1e-14)
    x1.grad = w1.grad = x2.grad = w2.grad = b.grad = 0.0
    o.backward()
    assert [x1.grad, w1.grad, x2.grad, w2.grad, b.grad] == grads


def test_propagate_does_one_step_of_the_chain_rule():
    x = Value(3.0)
    y = x * x
    y.grad = 2.0
    y.propagate()
    assert x.grad == 12
    y.propagate()
    assert x.grad == 24


def test_the_names_of_micrograd_can_be_read():
    a, b = Value(2.0, label="a"), Value(-3.0)
    names = [(a * b)._op, (a + b)._op, (a - b)._op, (a / b)._op, (-a)._op, a._op, a.tanh()._op]
    assert names == ["*", "+", "-", "/", "-", "", "tanh"]
    assert a.relu()._op == "ReLU"
    assert ((a**2)._op, (a**0.5)._op, (a**-1)._op) == ("**2", "**0.5", "**-1")
    assert (a**b)._op == "**"
    assert (a * b)._prev == (a, b)
    a._backward()  # a leaf has nothing to hand on
    for name in ("_prev", "_op"):
        with pytest.raises(AttributeError):
            setattr(a, name, ())


def test_two_runs_give_the_same_bits():
    def run():
        numbers = random.Random(0)
        leaves = [Value(numbers.uniform(-1, 1)) for _ in range(30)]
        nodes = list(leaves)
        for _ in range(300):
            nodes.append(
                tanh(numbers.choice(nodes) * numbers.choice(nodes) + numbers.choice(nodes))
            )
        root = total(nodes)
        root.backward()
        first = topological_order(root)[0].age
        return [n.age - first for n in topological_order(root)], [x.grad for x in leaves]

    assert run() == run()


# Numbers on the edge


@pytest.mark.parametrize(("base", "exponent", "out", "slope"), [
    (0.0, 0, 1, 0), (0.0, 1, 0, 1), (0.0, 2, 0, 0), (-2.0, 3, -8, 12), (-2.0, -3, -0.125, -0.1875),
    (-2.0, 0, 1, 0), (2.0, 0.5, math.sqrt(2), 0.5 / math.sqrt(2)), (0.0, 2.5, 0, 0),
])  # fmt: skip
def test_a_power_with_a_plain_exponent_has_its_slope_everywhere(base, exponent, out, slope):
    x = Value(base)
    y = x**exponent
    y.backward()
    assert (y.data, x.grad) == pytest.approx((out, slope))


@pytest.mark.parametrize(("base", "exponent", "grads"), [
    (2.0, 3.0, (12, 5.545177444479562)), (0.0, 2.0, (0, 0)), (0.0, 1.0, (1, 0)), (0.0, 0.0, (0, 0)),
    (-2.0, -3.0, (-0.1875, math.nan)), (-2.0, 2.0, (-4, math.nan)), (1.0, 7.0, (7, 0)),
])  # fmt: skip
def test_a_power_of_two_values_has_both_slopes(base, exponent, grads):
    x, y = Value(base), Value(exponent)
    power(x, y).backward()
    assert (x.grad, y.grad) == pytest.approx(grads, nan_ok=True)


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0, 3.5])
def test_a_plain_zero_to_the_power_of_a_value_is_flat(exponent):
    y = Value(exponent)
    (0**y).backward()
    assert y.grad == 0


def test_a_root_of_a_negative_number_is_an_error_never_complex():
    with pytest.raises(
        ValueError, match=r"power\(x = -8, 0.333333\) is undefined: a negative base"
    ):
        Value(-8.0, "x") ** (1 / 3)
    with pytest.raises(ValueError, match=r"power\(-8, 0.5\) is undefined"):
        (-8.0) ** Value(0.5)


def test_kinks_have_the_slopes_of_the_table():
    x, y = Value(0.0), Value(0.0)
    for node, grads in [
        (relu(x), (0, 0)), (abs(x), (0, 0)), (maximum(x, y), (0.5, 0.5)),
        (x.leaky_relu(), (0.01, 0)), (where(x, y, 2.0), (0, 0)),
    ]:  # fmt: skip
        node.backward()
        assert (x.grad, y.grad) == grads
        x.grad = y.grad = 0.0


def test_nan_is_not_hidden():
    for use in (relu, abs, lambda x: maximum(x, 0.0), lambda x: x.leaky_relu(), lambda x: x * x):
        x = Value(math.nan)
        y = use(x)
        y.backward()
        assert math.isnan(y.data)
        assert x.grad != 0


def test_nothing_flows_through_a_zero_not_even_to_an_infinite_slope():
    x = Value(0.0)
    y = where(x, sqrt(x), x)
    y.backward()
    assert x.grad == 1
