"""The lecture's items 15 to 23, back-propagation, activations, heads.

Of each the number that it is known by, and the trap that waits there. A test's name carries the
number of its item.
"""

from math import exp, log, tanh

import pytest
from lecture_numbers import CORNERS, MAZUR, XOR, close

import nn
from autograd import Value, explain, relu, sigmoid
from nn import backprop_table

# --------------------------------------------------------------------------- 15–20 back-propagation


def test_item_15_the_numbers_of_micrograds_readme():
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c + (-a)
    d = d + d * 2 + relu(b + a)
    d = d + 3 * d + relu(b - a)
    e = c - d
    f = e**2
    g = f / 2.0
    g = g + 10.0 / f
    g.backward()
    assert close([g.data, a.grad, b.grad], [24.70408163, 138.83381924, 645.57725947], relative=1e-9)


def test_item_16_the_table_of_mazurs_network():
    table = backprop_table(nn.mazur_network(), *MAZUR)
    first = table.rows[0]
    assert close([first.s, first.x], [0.3775, 0.593269992], relative=1e-8)
    assert first.weights == (0.15, 0.20), "w_1j and w_2j lead from the inputs to neuron j"
    assert [(row.layer, row.index) for row in table.rows] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert round(table.loss, 10) == 0.2983711088


def test_item_17_the_outputs_of_a_hidden_layer_are_the_next_ones_features():
    network = nn.xor_network()
    features = [tuple(h.data for h in network.layers[0](corner)) for corner in CORNERS]
    assert features == [(0, 0), (1, 0), (1, 0), (1, 1)]
    perceptron = nn.Perceptron(2).fit(features, XOR)
    assert perceptron.converged_, "in the features a line separates what it could not before"


def test_item_18_the_deltas_of_mazurs_network():
    network = nn.mazur_network()
    rows = backprop_table(network, *MAZUR).rows
    deltas = [0.008771, 0.009954, 0.138499, -0.038098]
    assert [round(row.delta, 6) for row in rows] == deltas
    loss = network.loss(network.scores(MAZUR[0]), MAZUR[1])
    w5 = network.layers[1].neurons[0].w[0]
    found = explain(w5, loss)
    assert round(found.gradient, 7) == 0.0821670
    assert close(found.gradient, rows[0].x * rows[2].delta), "∂L/∂w = x · δ"


def test_item_18_the_recursion_for_delta_does_not_hold_across_a_softmax():
    model = nn.MLP(2, [3, 3], activation="sigmoid", head="softmax", seed=1)
    rows = backprop_table(model, [0.5, -1.0], 2).rows
    hidden, output = rows[:3], rows[3:]
    outputs = nn.softmax([row.s for row in output])
    for row, p, o in zip(output, outputs, [0, 0, 1], strict=True):
        assert close(row.delta, p - o)
    for i, row in enumerate(hidden):  # below the head it does
        behind = sum(after.delta * after.weights[i] for after in output)
        assert close(row.delta, behind * row.x * (1 - row.x))


def test_item_19_the_five_steps_and_mazurs_error_after_one_round():
    network = nn.mazur_network()
    steps = list(nn.backprop_algorithm(network, [MAZUR[0]], [MAZUR[1]], learning_rate=0.5))
    assert [step.number for step in steps] == [1, 2, 3, 4, 5]
    after = network.loss(network.scores(MAZUR[0]), MAZUR[1]).data
    assert close(after, 0.2910277737, relative=1e-9)


def test_item_19_the_printed_error_comes_from_deltas_through_new_weights():
    network = nn.mazur_network()
    rows = backprop_table(network, *MAZUR).rows
    output, hidden = network.layers[1].neurons, network.layers[0].neurons
    for neuron, row in zip(output, rows[2:], strict=True):
        for w, gradient in zip(neuron.w, row.weight_gradients, strict=True):
            w.data -= 0.5 * gradient
    for i, (neuron, row) in enumerate(zip(hidden, rows[:2], strict=True)):
        behind = sum(r.delta * n.w[i].data for r, n in zip(rows[2:], output, strict=True))
        wrong_delta = behind * row.x * (1 - row.x)
        for w, x in zip(neuron.w, MAZUR[0], strict=True):
            w.data -= 0.5 * x * wrong_delta
    printed = network.loss(network.scores(MAZUR[0]), MAZUR[1]).data
    assert close(printed, 0.291027924, relative=2e-9)


ACTIVATIONS = [  # name, s, output, slope
    ("sigmoid", 0.0, 0.5, 0.25),
    ("sigmoid", 2.0, 1 / (1 + exp(-2)), exp(-2) / (1 + exp(-2)) ** 2),
    ("tanh", 2.0, tanh(2), 0.0706508248531645),
    ("relu", 2.0, 2.0, 1.0),
    ("relu", -2.0, 0.0, 0.0),
    ("relu", 0.0, 0.0, 0.0),
]


@pytest.mark.parametrize(("name", "s", "output", "slope"), ACTIVATIONS)
def test_item_20_activations_and_their_slopes(name, s, output, slope):
    x = Value(s)
    out = nn.find_activation(name)(x)
    out.backward()
    assert close([out.data, x.grad], [output, slope])


# -------------------------------------------------------------------------------------- 21–23 heads


def test_item_21_delta_of_a_sigmoid_head():
    s = Value(-1.5)
    nn.binary_cross_entropy(s, 1).backward()
    assert round(s.grad, 5) == -0.81757
    assert close(s.grad, sigmoid(-1.5) - 1)


def test_item_22_a_linear_head_finds_the_line_of_least_squares():
    x, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 2.0, 2.0, 5.0]
    model = nn.LinearRegression(1)
    nn.gradient_descent(model, x, y, learning_rate=0.1, epochs=2000)
    slope = sum((a[0] - 1.5) * (b - 2.5) for a, b in zip(x, y, strict=True)) / 5
    assert close([model.w[0].data, model.b.data], [slope, 2.5 - 1.5 * slope], relative=1e-9)
    assert nn.mse([Value(3.0), Value(1.0)], [1.0, 1.0]).data == 2.0, "mean over outputs, no half"


@pytest.mark.parametrize("target", [0, 1, 2])
def test_item_23_delta_of_a_softmax_head(target):
    scores = [Value(1.0), Value(2.0), Value(3.0)]
    nn.cross_entropy(scores, target).backward()
    expected = [0.0900305731703804, 0.244728471054797, 0.665240955774821]
    expected[target] -= 1
    assert close([s.grad for s in scores], expected)


def test_item_23_uniform_scores_cost_the_logarithm_of_the_classes():
    model = nn.SoftmaxRegression(4, 10)
    assert close(nn.evaluate(model, [[1.0, 2.0, 3.0, 4.0]] * 3, [0, 5, 9])[0], log(10))
    assert close(nn.softmax([1000.0, 1000.0]), [0.5, 0.5])
    with pytest.raises(ValueError, match="without seeing the softmax head"):
        nn.MLP(2, [3], head="softmax", loss="mse")
