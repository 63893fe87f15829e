"""The lecture's table: each cell is the node's own number, bit for bit."""

import pytest

import nn
from autograd import Notation, topological_order
from nn import backprop_table

CASES = {  # model, sample, target
    "mlp": (lambda: nn.MLP(2, [3, 1], seed=1), [0.5, -1.0], 1.0),
    "softmax": (lambda: nn.MLP(3, [4, 4, 3], head="softmax", seed=2), [0.5, -1.0, 2.0], 1),
    "tanh": (lambda: nn.MLP(2, [2, 2], activation="tanh", seed=3), [1, 2], [0.0, 1.0]),
    "logistic": (lambda: nn.LogisticRegression(2), [2.0, -1.0], -1),
    "perceptron": (lambda: nn.Perceptron(2), [2.0, -1.0], 1),
    "linear": (lambda: nn.LinearRegression(1), [2.0], 0.5),
}


@pytest.mark.parametrize("case", CASES)
def test_every_cell_is_the_number_of_its_node(case):
    make, x, target = CASES[case]
    model = make()
    table = backprop_table(model, x, target)
    loss = model.loss(model.scores(x), target)
    loss.backward()
    runs = Notation(topological_order(loss)).neurons
    assert table.loss == loss.data
    assert len(table.rows) == len(runs)
    for row, run in zip(table.rows, runs, strict=True):
        assert (row.layer, row.index) == (run.layer, run.index)
        assert (row.s, row.x, row.delta) == (run.s.data, run.x.data, run.s.grad)
        assert (row.bias, row.bias_gradient) == (run.bias.data, run.bias.grad)
        assert row.inputs == tuple(node.data for node in run.inputs)
        assert row.weights == tuple(node.data for node in run.weights)
        assert row.weight_gradients == tuple(node.grad for node in run.weights)


def test_the_equations_of_the_lecture_hold_in_the_table():
    model = nn.MLP(2, [3, 2], activation="sigmoid", seed=1)
    first, second = backprop_table(model, [0.5, -1.0], [1.0, 0.0]).layers()
    for row in (*first, *second):
        assert row.bias_gradient == row.delta
        for x, gradient in zip(row.inputs, row.weight_gradients, strict=True):
            assert gradient == x * row.delta
    for j, row in enumerate(first):
        back = sum(above.weights[j] * above.delta for above in second)
        assert row.delta == pytest.approx(row.x * (1 - row.x) * back, rel=1e-13)


def test_the_model_stays_as_it_is():
    model = nn.MLP(2, [3, 1], seed=1)
    for i, p in enumerate(model.parameters()):
        p.grad = float(i)
    before = [(p.data, p.grad) for p in model.parameters()]
    backprop_table(model, [0.5, -1.0], 1.0)
    assert [(p.data, p.grad) for p in model.parameters()] == before


TEXT = """
layer 1: inputs x = (1, 2)
j  s  x  δ  ∂L/∂b  ∂L/∂w1  ∂L/∂w2
1  5  5  0      0       0       0
2  5  5  8      8       8      16

layer 2: inputs x = (5, 5)
j  s  x  δ  ∂L/∂b  ∂L/∂w1  ∂L/∂w2
1  5  5  8      8      40      40

L = 16
"""


def test_the_text():
    model = nn.MLP(2, [2, 1], seed=1)
    for p, number in zip(model.parameters(), [1, 2, 0, 1, 2, 0, 0, 1, 0], strict=True):
        p.data = float(number)
    assert str(backprop_table(model, [1.0, 2.0], 1.0)) == TEXT.strip()


def test_wide_layers_are_cut_in_what_is_shown_only():
    table = backprop_table(nn.MLP(9, [30, 3], seed=1), [0.5] * 9, [0, 1, 0], max_rows=3)
    assert len(table.rows) == 33
    text = str(table)
    assert "… 27 more neurons" in text
    assert "… 4 more weights in each line" in text
    assert "inputs x = (0.5, 0.5, 0.5, 0.5, 0.5, …)" in text


def test_the_bundle_of_a_notebook():
    table = backprop_table(nn.MLP(2, [3, 1], seed=1), [0.5, -1.0], 1.0)
    bundle = table._repr_mimebundle_(include=None, exclude=None)
    assert list(bundle) == ["text/html", "text/plain"]
    assert bundle["text/html"].count("<table") == 2
    assert bundle["text/html"].count('<th scope="col"') == 7 + 8
    assert bundle["text/plain"] == str(table)


REFUSED = [  # model, sample, target, options, error, text
    (None, [1.0], 1, {}, TypeError, "shows a model such as an MLP; got None"),
    (nn.LogisticRegression(2), [1.0], 1, {}, ValueError, "Got 1 inputs, but this model takes 2"),
    (nn.LogisticRegression(1), [1.0], 7, {}, ValueError, "7"),
    (nn.LogisticRegression(1), [1.0], 1, {"max_rows": 0}, ValueError, "max_rows is 0"),
    (nn.LogisticRegression(1), [1.0], 1, {"max_weights": 0}, ValueError, "max_weights is 0"),
]


@pytest.mark.parametrize(("model", "x", "target", "options", "error", "text"), REFUSED)
def test_bad_arguments_are_refused(model, x, target, options, error, text):
    with pytest.raises(error, match=text):
        backprop_table(model, x, target, **options)
