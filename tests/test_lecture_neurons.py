"""The lecture's items 1 to 14, neurons, likelihood, descent.

Of each the number that it is known by, and the trap that waits there. A test's name carries the
number of its item.
"""

import random
from itertools import product
from math import exp, log

import pytest
from lecture_numbers import AND, CORNERS, XOR, close, signed

import nn
from autograd import Value, sigmoid
from nn import fit

# ------------------------------------------------------------------------------------ 1–3 neurons


def test_item_01_a_leaky_membrane_fires_when_the_formula_says():
    neuron = nn.LeakyIntegrateAndFire(tau=10.0, threshold=15.0, resistance=10.0)
    assert close(neuron.first_spike(2.0), 10 * log(20 / (20 - 15)))
    assert round(neuron.first_spike(2.0), 4) == 13.8629
    assert close(neuron.response([2.0] * 200).spikes[0], neuron.first_spike(2.0))


def test_item_01_above_the_threshold_the_size_does_not_depend_on_the_input():
    neuron = nn.LeakyIntegrateAndFire()
    tops = [max(neuron.response([current] * 300).voltages) for current in (0.5, 1.0, 2.0, 8.0)]
    assert tops[0] < tops[1] < tops[2] == tops[3] == neuron.spike


def test_item_02_the_perceptron_learns_and_in_18_updates_and_9_epochs():
    perceptron = nn.Perceptron(2).fit(CORNERS, AND)
    assert (perceptron.b.data, [w.data for w in perceptron.w]) == (-4.0, [3.0, 2.0])
    assert (len(perceptron.updates_), perceptron.epochs_) == (18, 9)
    assert perceptron.converged_


def test_item_02_on_xor_the_weights_come_back_to_zero_in_every_epoch():
    updates = list(nn.Perceptron(2).updates(CORNERS, XOR, max_epochs=5))
    assert len(updates) == 5 * 4
    for epoch in range(1, 6):
        last = [update for update in updates if update.epoch == epoch][-1]
        assert (last.w, last.b) == ((0.0, 0.0), 0.0)
    with pytest.warns(RuntimeWarning, match="no line separates the two classes"):
        pocket = nn.Perceptron(2).fit(CORNERS, XOR, max_epochs=5)
    wrong = sum(pocket.predict(x) != label for x, label in zip(CORNERS, XOR, strict=True))
    assert wrong < 4, "the best weights are kept"


def test_item_03_threshold_neurons_set_by_hand_compute_xor():
    network = nn.xor_network()
    assert [network(corner).data for corner in CORNERS] == [0.0, 1.0, 1.0, 0.0]


def test_item_03_no_single_threshold_neuron_does():
    weights = [i / 2 for i in range(-6, 7)]
    for w1, w2, b in product(weights, weights, weights):
        fires = [w1 * x1 + w2 * x2 + b > 0 for x1, x2 in CORNERS]
        assert fires != [False, True, True, False]


def test_item_03_from_all_zero_the_hidden_neurons_stay_equal():
    model = nn.MLP(2, [3, 1], activation="tanh", head="sigmoid", init="zeros")
    for w in model.layers[1].neurons[0].w:
        w.data = 0.5  # else nothing moves at all
    fit(model, CORNERS, [0, 1, 1, 1], epochs=20, learning_rate=0.1)
    first, *others = [[w.data for w in neuron.w] for neuron in model.layers[0].neurons]
    assert any(first)
    assert others == [first, first]


# -------------------------------------------------------------------- 4–10 sigmoid and likelihood


def test_item_04_the_sigmoid_is_a_half_with_slope_a_quarter_at_0():
    s = Value(0.0)
    p = sigmoid(s)
    p.backward()
    assert (p.data, s.grad) == (0.5, 0.25)
    assert (sigmoid(-1000.0), sigmoid(1000.0)) == (0.0, 1.0)


@pytest.mark.parametrize("s", [0.0, 0.1, 1.0, 5.0, 30.0])
def test_item_05_the_mirrored_sigmoid(s):
    assert abs(sigmoid(-s) - (1 - sigmoid(s))) <= 1e-15


def test_item_05_one_minus_sigmoid_cancels_where_the_mirrored_one_does_not():
    assert 1 - sigmoid(40.0) == 0.0
    assert close(sigmoid(-40.0), exp(-40.0))


def test_item_06_probability_of_a_label_is_sigmoid_of_y_times_s():
    model = nn.LogisticRegression(2)
    for parameter, number in zip(model.parameters(), [1.5, -2.0, 0.5], strict=True):
        parameter.data = number
    x = [0.3, 0.8]
    s = 1.5 * 0.3 - 2.0 * 0.8 + 0.5
    found = nn.label_probabilities(model, [x, x], [1, -1])
    assert close(found[0], 1 / (1 + exp(-s)))
    assert close(found[1], 1 / (1 + exp(s)))
    assert close(model.predict_proba(x), found[::-1])


def test_item_06_on_separable_data_the_weights_grow_without_end():
    def norm(epochs):
        model = nn.LogisticRegression(1)
        fit(model, [[-1.0], [1.0]], [-1, 1], epochs=epochs, optimizer="sgd", learning_rate=1.0)
        return abs(model.w[0].data)

    norms = [norm(epochs) for epochs in (10, 100, 1000)]
    assert norms[0] + 1 < norms[1] < norms[2] - 1


def test_item_07_accuracy_is_flat_where_the_probability_is_not():
    model, data = nn.LogisticRegression(1), ([[1.0]], [1])
    seen = []
    for w in (0.1, 0.2, 0.3):
        model.w[0].data = w
        loss, accuracy = nn.evaluate(model, *data)
        seen.append((accuracy, loss))
    assert [accuracy for accuracy, _ in seen] == [1.0, 1.0, 1.0]
    assert seen[0][1] > seen[1][1] > seen[2][1]


@pytest.mark.parametrize("n", [1, 10, 1000, 1074])
def test_item_08_at_zero_weights_the_likelihood_is_two_to_minus_n(n):
    model = nn.LogisticRegression(1)
    assert close(nn.likelihood(model, [[1.0]] * n, [1] * n), 2.0**-n)


def test_item_08_the_likelihood_underflows_and_its_logarithm_does_not():
    model, inputs, labels = nn.LogisticRegression(1), [[1.0]] * 1100, [1, -1] * 550
    assert nn.likelihood(model, inputs, labels) == 0.0
    assert close(nn.log_likelihood(model, inputs, labels), -1100 * log(2))


def test_item_09_the_three_forms_of_the_loss_are_equal():
    model = nn.LogisticRegression(2, init="normal", seed=3)
    data = nn.make_moons(20, seed=1)
    labels = signed(data)
    margins = [y * model.score_numbers(x)[0] for x, y in zip(data.inputs, labels, strict=True)]
    n = len(labels)
    forms = [
        -log(nn.likelihood(model, data.inputs, labels)) / n,
        sum(log(1 / sigmoid(m)) for m in margins) / n,
        sum(log(1 + exp(-m)) for m in margins) / n,
        nn.evaluate(model, data.inputs, labels)[0],
    ]
    for form in forms:
        assert close(form, forms[0])


@pytest.mark.parametrize(("margin", "loss"), [(0.0, log(2)), (-1000.0, 1000.0), (1000.0, 0.0)])
def test_item_09_the_loss_does_not_overflow(margin, loss):
    assert close(nn.logistic(margin, 1), loss)


@pytest.mark.parametrize("margin", [-2.0, -0.5, 0.3, 2.5])
def test_item_10_a_loss_is_above_the_error_and_has_a_slope(margin):
    losses = {
        "hinge": lambda m: nn.hinge(m, 1),
        "logistic, in bits": lambda m: nn.logistic(m, 1) / log(2),
        "squared": lambda m: (1 - m) ** 2,
    }
    for name, loss in losses.items():
        error = float(margin <= 0)
        assert loss(margin) >= error, name
        m = Value(margin)
        loss(m).backward()
        assert m.grad < 0 or margin > 1, name


# ------------------------------------------------------------------------ 11–14 gradient descent


@pytest.mark.parametrize(("rate", "ends"), [(0.1, "near"), (1.0, "swings"), (1.1, "away")])
def test_item_11_on_a_parabola_the_learning_rate_decides(rate, ends):
    path = nn.descend(lambda w: w * w, [1.0], learning_rate=rate, steps=50)
    last = path.points[-1][0]
    assert close(last, (1 - 2 * rate) ** 50)
    assert {"near": abs(last) < 1e-4, "swings": abs(last) == 1, "away": abs(last) > 1000}[ends]


def test_item_12_ten_samples_by_three_make_four_steps():
    assert [len(batch) for batch in nn.batches(10, 3)] == [3, 3, 3, 1]
    path = nn.stochastic_gradient_descent(
        nn.LinearRegression(1), [[0.1 * i] for i in range(10)], [1.0] * 10, batch_size=3, epochs=2
    )
    assert (path.steps_per_epoch, len(path.points)) == (4, 1 + 2 * 4)


def test_item_12_each_epoch_has_an_order_of_its_own():
    rng = random.Random(1)
    assert nn.batches(10, 3, seed=rng) != nn.batches(10, 3, seed=rng)


def test_item_13_sample_by_sample_is_batches_of_one():
    data = nn.make_moons(12, seed=1)

    def model():
        return nn.LogisticRegression(2)

    sample = data.inputs, signed(data)
    single = nn.per_sample_gradient_descent(model(), *sample, epochs=2, seed=3)
    ones = nn.stochastic_gradient_descent(model(), *sample, batch_size=1, epochs=2, seed=3)
    assert single.points == ones.points
    whole = nn.gradient_descent(model(), *sample, epochs=2)
    assert (len(single.points), len(whole.points)) == (25, 3)


def test_item_14_the_explicit_gradient():
    data = nn.make_moons(20, seed=1)
    labels = signed(data)
    model = nn.LogisticRegression(2, init="normal", seed=3)
    scores = [model.scores(x) for x in data.inputs]
    nn.mean_loss("logistic", scores, labels).backward()
    with_one = [[*x, 1.0] for x in data.inputs]
    by_hand = [
        sum(
            -y * x[k] / (1 + exp(y * s[0].data))
            for x, y, s in zip(with_one, labels, scores, strict=True)
        )
        / 20
        for k in range(3)
    ]
    assert close([p.grad for p in model.parameters()], by_hand, relative=1e-12)
