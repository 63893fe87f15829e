"""Data that changes, and errors that leave everything as it was."""

import math

import pytest

from autograd import Value, define, exp, log, sqrt, tanh, topological_order, total, weighted_sum

# Data that changes


@pytest.mark.parametrize("f", [
    lambda x: x * x, lambda x: x + 1, lambda x: log(x), lambda x: total([x, 1.0]),
    lambda x: weighted_sum([x], [2.0]), lambda x: tanh(x * 3) + x,
])  # fmt: skip
def test_a_changed_leaf_is_refused_by_name_and_the_grads_stay(f):
    x = Value(3.0, label="x")
    y = f(x)
    y.backward()
    grads = [node.grad for node in topological_order(y)]
    x.data = 5.0
    with pytest.raises(
        RuntimeError, match=r"The value x = 5 was set after \w+\(\.\.\.\) had used it"
    ):
        y.backward()
    assert [node.grad for node in topological_order(y)] == grads
    assert (x.data, x.grad) == (5, grads[topological_order(y).index(x)])


@pytest.mark.parametrize("number", [3.0, 0.0, -1.0, math.inf, math.nan])
def test_a_leaf_restored_to_the_same_number_is_fine(number):
    x = Value(number, label="x")
    y = x * 2 + 1
    x.data = 7.0
    x.data = number
    y.backward()
    assert x.grad == 2


@pytest.mark.parametrize(("f", "number"), [
    (log, 0.0), (log, -1.0), (lambda x: 1 / x, 0.0), (sqrt, -1.0), (exp, 1000.0),
    (lambda x: x**0.5, -1.0),
])  # fmt: skip
def test_a_leaf_changed_to_where_the_operation_is_undefined_is_refused_too(f, number):
    x = Value(1.0, label="x")
    y = f(x)
    x.data = number
    with pytest.raises(RuntimeError, match=f"The value x = {number:g} was set after"):
        y.backward()
    assert (x.grad, y.grad) == (0, 0)


def test_data_set_before_the_graph_is_built_is_fine():
    x = Value(3.0)
    x.data = 5.0
    y = x * x
    y.backward()
    assert x.grad == 10


def test_a_leaf_changed_between_two_uses_is_refused():
    x = Value(3.0, label="x")
    first = x * 2
    x.data = 5.0
    second = x * 3
    with pytest.raises(RuntimeError, match="x = 5 was set after mul"):
        (first + second).backward()
    second.backward()  # this half belongs to the state that is
    assert x.grad == 3


@pytest.mark.parametrize("which", ["inner", "root", "constant"])
def test_a_changed_inner_node_root_or_constant_is_refused(which):
    x = Value(3.0)
    inner = x * 2.0
    root = inner * inner
    node = {"inner": inner, "root": root, "constant": inner.parents[1]}[which]
    node.label = which
    node.data = 50.0
    with pytest.raises(
        RuntimeError, match=f"{which} = 50 was set after mul.* used it or computed it"
    ):
        root.backward()
    assert x.grad == inner.grad == root.grad == 0


def test_training_may_change_leaves_and_build_the_graph_anew():
    w = Value(0.0)
    for _ in range(60):
        loss = (w - 3.0) ** 2
        w.grad = 0.0
        loss.backward()
        w.data -= 0.2 * w.grad
    assert w.data == pytest.approx(3.0)


# Errors leave everything as it was


def test_an_error_in_backward_gives_every_grad_back():
    x, y = Value(0.0, "x"), Value(2.0, "y")
    root = sqrt(x) + y * y
    root.parents[1].grad = 3.0
    x.grad, y.grad, root.grad = 0.5, 0.25, 0.125
    before = [node.grad for node in topological_order(root)]
    with pytest.raises(ZeroDivisionError, match=r"derivative of sqrt\(x = 0\) is undefined"):
        root.backward()
    assert [node.grad for node in topological_order(root)] == before


def test_an_interrupt_in_backward_gives_every_grad_back():
    def interrupt(_x, _out):
        raise KeyboardInterrupt

    x = Value(2.0)
    y = define("interrupted", lambda x: x, interrupt)(x) + x
    x.grad = 0.5
    with pytest.raises(KeyboardInterrupt):
        y.backward()
    assert (x.grad, y.grad) == (0.5, 0)


@pytest.mark.parametrize("seed", ["a", None, [1.0]])
def test_a_bad_seed_is_refused_and_the_grads_stay(seed):
    x = Value(2.0)
    y = x * x
    y.backward()
    with pytest.raises(TypeError, match="one real number"):
        y.backward(seed)
    assert (x.grad, y.grad) == (4, 1)
