"""Random graphs of every operation: backward against differences, `derive` and PyTorch."""

import pytest
from hypothesis import given, settings
from random_graphs import ROWS, difference_quotients, recipes, seeded_recipe

from autograd import Value, derive, gradcheck, topological_order

many = settings(max_examples=200, deadline=None)


def backward(recipe, numbers=None):
    leaves = [Value(x) for x in (recipe.leaves if numbers is None else numbers)]
    root = recipe.run(leaves)[-1]
    root.backward()
    return root, leaves


def test_random_graphs_contain_every_operation_and_nodes_used_again():
    recipes = [seeded_recipe(seed) for seed in range(200)]
    assert {op.name for recipe in recipes for op, _ in recipe.steps} == {op.name for op in ROWS}
    used = [[x for _, xs in recipe.steps for x in xs if isinstance(x, int)] for recipe in recipes]
    assert sum(len(places) > len(set(places)) for places in used) > 100


@given(recipes())
@many
def test_backward_agrees_with_difference_quotients(recipe):
    _, leaves = backward(recipe)
    expected = difference_quotients(lambda numbers: recipe.run(numbers)[-1], recipe.leaves)
    assert [leaf.grad for leaf in leaves] == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(recipes())
@many
def test_derive_gives_the_grads_of_backward_for_every_node(recipe):
    root, _ = backward(recipe)
    nodes = [node for node in topological_order(root) if not node.constant]
    grads = [node.grad for node in nodes]
    assert [slope.data for slope in derive(root, nodes)] == pytest.approx(grads, rel=1e-12)
    assert [node.grad for node in nodes] == grads


@given(recipes(size=6))
@many
def test_second_derivatives_are_the_slopes_of_the_grads(recipe):
    def first_grad(numbers):
        return backward(recipe, numbers)[1][0].grad

    root, leaves = backward(recipe)
    second = [slope.data for slope in derive(derive(root, leaves[0]), leaves)]
    expected = difference_quotients(first_grad, recipe.leaves)
    assert second == pytest.approx(expected, rel=1e-5, abs=1e-5)


@given(recipes())
@many
def test_gradcheck_raises_no_false_alarm(recipe):
    root, _ = backward(recipe)
    report = gradcheck(root)
    assert report, report
    assert report.worst_error < 1e-6


@given(recipes())
@settings(max_examples=50, deadline=None)
def test_two_runs_give_the_same_bits(recipe):
    (root, leaves), (again, others) = backward(recipe), backward(recipe)
    assert root.data == again.data
    assert [leaf.grad for leaf in leaves] == [other.grad for other in others]
    assert root.data == recipe.run()[-1]  # floats alone give the same


@pytest.mark.parametrize("seed", range(10))
def test_backward_agrees_with_pytorch(seed):
    torch = pytest.importorskip("torch")
    special = {
        "weighted_sum": lambda *terms: weighted(torch, terms),
        "total": lambda *xs: sum(xs),
        "log_sum_exp": lambda *xs: torch.logsumexp(torch.stack(xs), 0),
        "where": lambda condition, x, y: torch.where(condition != 0, x, y),
        "leaky_relu": lambda x, slope: torch.where(x > 0, x, slope * x),
        "step": lambda x: torch.where(x > 0, 1.0, 0.0 * x),
        "power": torch.pow,
        "log_or_zero": torch.log,
        "softplus": torch.nn.functional.softplus,
        "product_plus_sine": lambda x, y: x * y + torch.sin(x),
    }

    def call(op, *inputs):
        tensors = [torch.as_tensor(x, dtype=torch.float64) for x in inputs]
        return special.get(op.name, getattr(torch, op.name, None))(*tensors)

    for recipe in [seeded_recipe(1000 * seed + i) for i in range(20)]:
        root, leaves = backward(recipe)
        tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in recipe.leaves]
        out = recipe.run(tensors, call)[-1]
        out.backward()
        assert root.data == pytest.approx(out.item(), rel=1e-12, abs=1e-12)
        grads = [0.0 if tensor.grad is None else tensor.grad.item() for tensor in tensors]
        assert [leaf.grad for leaf in leaves] == pytest.approx(grads, rel=1e-9, abs=1e-9)


def weighted(torch, terms):
    n = len(terms) // 2
    return sum(map(torch.mul, terms[:n], terms[n : 2 * n]), sum(terms[2 * n :]))
