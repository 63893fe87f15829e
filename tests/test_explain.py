"""A gradient taken apart: against all paths one by one, and in words."""

import math

import pytest
from hypothesis import given, settings
from random_graphs import recipes

import nn
from autograd import Value, explain, log, topological_order, total, where


def all_products(node, root, order):
    """Return the product of every path by going through all of them."""
    if node is root:
        return [1.0]
    return [
        slope * rest
        for user in order
        for parent, slope in zip(user.parents, user.local_derivatives(), strict=True)
        if parent is node
        for rest in all_products(user, root, order)
    ]


@settings(deadline=None, max_examples=60)
@given(recipes(6))
def test_paths_are_those_that_enumeration_finds(recipe):
    leaves = [Value(x) for x in recipe.leaves]
    root = recipe.run(leaves)[-1]
    order = topological_order(root)
    for leaf in (leaf for leaf in leaves if leaf in order):
        found = explain(leaf, root, paths=4)
        products = all_products(leaf, root, order)
        assert found.path_count == len(products)
        assert found.gradient == pytest.approx(math.fsum(products), rel=1e-9, abs=1e-9)
        heaviest = sorted(map(abs, products), reverse=True)[:4]
        assert [abs(path.product) for path in found.paths] == pytest.approx(heaviest, rel=1e-12)
        for path in found.paths:
            assert (path.nodes[0], path.nodes[-1]) == (leaf, root)
            assert math.prod(path.factors) == pytest.approx(path.product, rel=1e-12)
            assert len(path.factors) == len(path.nodes) - 1


def test_the_gradient_is_that_of_backward_and_nothing_changes():
    x = Value(2.0, label="x")
    y = (x * x).tanh() * x
    before = explain(x, y)
    assert all(node.grad == 0 for node in topological_order(y))
    y.backward()
    assert before.gradient == x.grad


def test_paths_are_counted_without_going_through_them():
    x = y = Value(1.0, label="x")
    for _ in range(200):
        y = y + y
    found = explain(x, y, paths=2)
    assert found.path_count == 2**200
    assert len(found.paths) == 2
    assert "the sum over some 2^200 paths" in str(found)
    assert "in some 2^200 more paths" in str(found)


def test_the_words():
    x = Value(3.0, label="x")
    n1 = x * x
    root = x * 4 - n1 * 2
    lines = str(explain(x, root, paths=2)).splitlines()
    assert lines[0] == "∂L/∂x = −8: the sum over 3 paths"
    assert lines[1].split("  ")[-2:][0].strip() in ("−6", "")
    assert lines[1].lstrip().startswith("−6  x → ")
    assert lines[2].lstrip().startswith("−6  x → ")
    assert lines[3].lstrip() == "4  in 1 more path"


def test_a_weight_is_input_times_delta():
    model = nn.MLP(2, [3, 1], activation="tanh", seed=1)
    inputs = [[0.5, -1.0], [1.5, 2.0]]
    loss = total([model.scores(x)[0] ** 2 for x in inputs])
    weight, bias = model.layers[0].neurons[1].w[0], model.layers[0].neurons[1].b
    found, of_bias = explain(weight, loss), explain(bias, loss)
    loss.backward()
    assert [x for x, _ in found.factors] == [0.5, 1.5]
    assert sum(x * delta for x, delta in found.factors) == pytest.approx(weight.grad, rel=1e-14)
    assert [x for x, _ in of_bias.factors] == [1.0, 1.0]
    assert sum(delta for _, delta in of_bias.factors) == pytest.approx(bias.grad, rel=1e-14)
    assert "  x · δ = 0.5 · " in str(found)
    assert explain(model.scores(inputs[0])[0].parents[-1], model.scores(inputs[0])[0]).factors


def test_many_samples_are_shortened():
    model = nn.MLP(1, [1], seed=1)
    loss = total([model.scores([float(i)])[0] for i in range(9)])
    assert "+ … (5 more samples) = " in str(explain(model.layers[0].neurons[0].w[0], loss))


def test_a_branch_that_is_not_taken_has_paths_of_weight_zero():
    x = Value(0.0, label="x")
    y = where(x > 0, Value(1.0), x * 3)
    found = explain(x, y)
    assert found.gradient == 3.0
    dead = Value(-2.0, label="d").relu()
    assert explain(dead.parents[0], dead * 5).paths[0].product == 0


def test_constants_and_the_root_itself():
    x = Value(3.0, label="x")
    rate = Value(0.5, label="rate", constant=True)
    y = x * rate
    assert str(explain(rate, y)) == (
        "∂L/∂rate = 0: it is a constant, and constants get no gradient"
    )
    itself = explain(y, y)
    assert (itself.gradient, itself.path_count, itself.paths[0].factors) == (1.0, 1, ())
    assert str(itself).splitlines()[0] == "∂L/∂L = 1: one path"


def test_long_paths_are_cut_in_the_middle():
    x = y = Value(0.5, label="x")
    for _ in range(30):
        y = y * 1.0
    assert "… (25 more)" in str(explain(x, y))


def test_the_bundle_of_a_notebook():
    x = Value(3.0, label="<b>")
    bundle = explain(x, x * 2)._repr_mimebundle_(include=None, exclude=None)
    assert list(bundle) == ["text/html", "text/plain"]
    assert "<b>" not in bundle["text/html"]


X, OTHER = Value(3.0, label="x"), Value(1.0, label="other")
REFUSED = [
    ((3.0, X * 2), {}, TypeError, "wrt is 3.0"),
    ((X, 3.0), {}, TypeError, "root is 3.0"),
    ((X, X * 2), {"paths": 1.5}, TypeError, "paths is 1.5"),
    ((X, X * 2), {"paths": -1}, ValueError, "paths is -1"),
    ((OTHER, X * 2), {}, ValueError, r"label='other'\) is not in the graph of L.*graph are x, L"),
]


@pytest.mark.parametrize(("arguments", "options", "error", "text"), REFUSED)
def test_bad_arguments_are_refused(arguments, options, error, text):
    with pytest.raises(error, match=text):
        explain(*arguments, **options)


def test_no_paths_may_be_asked_for():
    found = explain(X, log(X) * 2, paths=0)
    assert found.paths == ()
    assert str(found) == "∂L/∂x = 0.6667: one path"
