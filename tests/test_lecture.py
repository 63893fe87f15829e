"""The lecture, item by item: the number that each is known by, and the trap that waits there.

A test's name carries the number of its item; the last test fails when an item has none.
"""

import random
import re
from functools import cache, partial
from itertools import product
from math import exp, log, tanh
from pathlib import Path

import numpy as np
import pytest

import nn
from autograd import Value, explain, relu, sigmoid, weighted_sum
from nn import Dropout, backprop_table, fit
from nn.dropout import thinned

ITEMS = 30
AND, XOR = [-1, -1, -1, 1], [-1, 1, 1, -1]
CORNERS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
MAZUR = [0.05, 0.10], [0.01, 0.99]


def close(found, expected, relative=1e-12):
    return found == pytest.approx(expected, rel=relative, abs=0.0)


def signed(data):
    """Labels -1 and +1 of a data set with two classes."""
    return [2 * target - 1 for target in data.targets]


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


# ----------------------------------------------------------------------------- 24–29 regularisation


def trained(make_optimizer, penalty=0.0):
    """Ten steps on the same samples, with L2 on all parameters as a term; where they end."""
    data = nn.make_moons(32, noise=0.2, seed=1)
    model = nn.MLP(2, [4, 1], activation="tanh", head="sigmoid", seed=1)
    optimizer = make_optimizer(model.parameters(), 0.05)
    for _ in range(10):
        scores = [model.scores(x) for x in data.inputs]
        loss = nn.mean_loss(model.loss, scores, data.targets)
        optimizer.zero_grad()
        (loss + nn.l2(model.parameters(), penalty, samples=32)).backward()
        optimizer.step()
    return [p.data for p in model.parameters()]


DECAYS = [  # without decay, with decay apart from the loss, whether that is the L2 term
    (nn.SGD, partial(nn.SGD, weight_decay=0.8 / 32), True),
    (partial(nn.AdamW, weight_decay=0.0), partial(nn.AdamW, weight_decay=0.8 / 32), False),
]


@pytest.mark.parametrize(("plain", "decaying", "equal"), DECAYS, ids=["sgd", "adam"])
def test_item_24_the_penalty_is_weight_decay_for_sgd_and_not_for_adam(plain, decaying, equal):
    as_term, as_decay, neither = trained(plain, 0.8), trained(decaying), trained(plain)
    assert close(as_term, as_decay, relative=1e-10) is equal
    assert not close(as_term, neither, relative=1e-4)


def test_item_24_a_step_of_decay_is_a_gradient_step_and_a_shrinking():
    w = Value(2.0)
    w.grad = 3.0
    nn.SGD([w], 0.1, weight_decay=0.5).step()
    assert close(w.data, 2.0 * (1 - 0.1 * 0.5) - 0.1 * 3.0)


def test_item_24_the_penalty_is_over_the_data_set_and_leaves_the_biases():
    model = nn.LogisticRegression(2)
    model.w[0].data, model.w[1].data, model.b.data = 3.0, 4.0, 100.0
    weights = nn.weights_of(model)
    assert model.b not in weights
    assert nn.l2(weights, 0.4, samples=10).data == 0.4 / (2 * 10) * 25


def test_item_24_lambda_is_one_over_c_of_scikit_learn():
    data = nn.make_moons(40, noise=0.3, seed=1)
    model = nn.LogisticRegression(2)
    nn.gradient_descent(model, data.inputs, signed(data), learning_rate=4.0, epochs=150, l2=2.0)
    peer = [1.00727830, -1.34195531, -0.20819269]  # LogisticRegression(C=1 / 2) of 1.9.1
    assert close([p.data for p in model.parameters()], peer, relative=5e-8)


def overfitting():
    data = nn.make_moons(60, noise=0.45, seed=2)
    train, validation = nn.split(data, (0.5, 0.5), seed=1)
    samples = (train.inputs, train.targets), (validation.inputs, validation.targets)

    def make():
        return nn.MLP(2, [12, 1], activation="tanh", head="sigmoid", seed=1)

    return make, *samples


def test_item_25_early_stopping_puts_the_best_weights_back():
    make, train, validation = overfitting()
    model = make()
    history = fit(model, *train, validation=validation, epochs=200, patience=10, learning_rate=0.05)
    best = history.best
    assert len(history) == best.epoch + 10, "it went on for as long as its patience"
    assert nn.evaluate(model, *validation)[0] == best.validation_loss
    assert history.epochs[-1].validation_loss > best.validation_loss
    assert history.losses[-1] < best.loss, "on the training samples it went on falling"


def test_item_26_refit_keeps_the_epochs_or_the_steps():
    make, train, validation = overfitting()
    settings = {"epochs": 60, "learning_rate": 0.05, "batch_size": 8}
    best = fit(make(), *train, validation=validation, patience=5, **settings).best
    history = fit(make(), *train, validation=validation, patience=5, **settings)
    again = {
        same: nn.refit(make(), train, validation, history, same=same, **settings)
        for same in ("epochs", "steps")
    }
    assert again["epochs"].epochs[-1].epoch == best.epoch
    assert again["epochs"].epochs[-1].step == best.epoch * 8 > best.step
    assert again["steps"].epochs[-1].step == best.step


def test_item_27_the_choice_is_made_on_validation():
    make, train, validation = overfitting()
    grid = {"l2": [0.0, 1.0, 30.0], "learning_rate": [0.05, 0.01]}
    search = nn.grid_search(make, train, validation, grid, epochs=15, workers=1)
    assert [tuple(trial.choices.values()) for trial in search.trials] == [*product(*grid.values())]
    assert search.best.validation_loss == min(trial.validation_loss for trial in search.trials)
    model = make()
    history = fit(model, *train, validation=validation, epochs=15, **search.best.choices)
    assert history.best.validation_loss == search.best.validation_loss, "nothing leaks over"
    assert search.model().state() == model.state()


@cache
def cats(cure="none", seed=1, mark=0.3):
    """A network on 30 pictures of which one pixel tells the label, and 100 where it does not."""
    train = nn.make_cats(30, wrong=0.2, told=True, mark=mark, seed=seed)
    validation = nn.make_cats(60, mark=mark, seed=seed + 100)
    unseen = validation.inputs, validation.targets
    settings = {"l2": {"l2": 4.0}, "early": {"validation": unseen, "patience": 5}}
    dropout = Dropout(out=10) if cure == "dropout" else None
    model = nn.MLP(64, [12, 1], activation="tanh", head="sigmoid", dropout=dropout, seed=seed)
    fit(
        model,
        train.inputs,
        train.targets,
        epochs=40,
        batch_size=10,
        learning_rate=0.03,
        **settings.get(cure, {}),
    )
    return model, train, nn.make_cats(100, mark=mark, seed=seed + 200)


def test_item_28_flipping_one_pixel_changes_the_class():
    model, train, test = cats()
    assert nn.evaluate(model, train.inputs, train.targets)[1] == 1.0, "all learned by heart"
    pairs = list(zip(test.inputs, test.targets, strict=True))
    told = sum((x[nn.CAT_MARK] > 0) == target for x, target in pairs) / 100
    assert nn.evaluate(model, test.inputs, test.targets)[1] == told == 0.42, "the pixel is all"
    assert nn.flip_rate(model, test.inputs, nn.CAT_MARK) == 1.0
    others = [nn.flip_rate(model, test.inputs[:20], i) for i in range(64) if i != nn.CAT_MARK]
    assert max(others) <= 0.25


def test_item_28_the_weights_and_the_gradients_point_at_the_pixel():
    model, train, _ = cats()
    for found in (nn.path_weights(model), nn.saliency(model, train.inputs)):
        sizes = sorted(map(abs, found))
        assert abs(found[nn.CAT_MARK]) == sizes[-1] > 4 * sizes[-2]


@pytest.mark.parametrize("seed", [1, 3])
@pytest.mark.parametrize("cure", ["l2", "early", "dropout"])
def test_item_28_each_regulariser_cures_it(cure, seed):
    ill, _, test = cats(seed=seed)
    model, train, _ = cats(cure, seed)
    assert nn.evaluate(ill, test.inputs, test.targets)[1] < 0.6
    assert nn.flip_rate(ill, test.inputs, nn.CAT_MARK) > 0.9
    assert nn.evaluate(model, train.inputs, train.targets)[1] == 0.8, "not the six wrong labels"
    assert nn.evaluate(model, test.inputs, test.targets)[1] == 1.0
    assert nn.flip_rate(model, test.inputs, nn.CAT_MARK) == 0.0
    before, after = (nn.path_weights(m)[nn.CAT_MARK] for m in (ill, model))
    assert 0 <= after < before / 5


def test_item_28_what_is_loud_needs_no_large_weight_and_is_not_cured_by_l2():
    model, _, test = cats("l2", mark=1.0)
    assert nn.flip_rate(model, test.inputs, nn.CAT_MARK) >= 0.5
    model, _, test = cats("early", mark=1.0)
    assert nn.flip_rate(model, test.inputs, nn.CAT_MARK) == 0.0, "other samples show it"


@pytest.mark.parametrize("out", [0, 1, 2, 3])
def test_item_29_the_mean_over_all_masks_is_the_full_layer(out):
    x = [Value(float(i)) for i in (1, -2, 3, 5)]
    w = [Value(number) for number in (0.5, 1.5, -1.0, 2.0)]
    sums = [weighted_sum(w, thinned(x, mask)).data for mask in Dropout(out=out).masks(4)]
    assert close(sum(sums) / len(sums), weighted_sum(w, x).data)


def test_item_29_all_out_is_an_error_and_only_training_drops():
    with pytest.raises(ValueError, match="leaves none of the 4"):
        nn.MLP(2, [4, 1], dropout=Dropout(out=4))
    model = nn.MLP(2, [4, 1], dropout=Dropout(out=2), seed=1)
    assert model([1.0, 2.0]).data == model([1.0, 2.0]).data


# ------------------------------------------------------------------------------ 30 other libraries

SAMPLES = [[0.5, -1.0, 2.0, 0.1], [1.5, 0.3, -0.7, -2.0], [-0.2, 0.8, 0.4, 1.1]]
CLASSES = [0, 2, 1]


def handed_over(model):
    """Weights as PyTorch lays them out, (outputs, inputs), and biases, of each layer."""
    return [
        (
            [[w.data for w in neuron.w] for neuron in layer.neurons],
            [n.b.data for n in layer.neurons],
        )
        for layer in model.layers
    ]


def with_gradients(model):
    loss = nn.mean_loss(model.loss, [model.scores(x) for x in SAMPLES], CLASSES)
    loss.backward()
    return loss.data, [
        [[w.grad for w in neuron.w] for neuron in layer.neurons] for layer in model.layers
    ]


def test_item_30_the_weights_laid_out_as_elsewhere_give_equal_numbers():
    model = nn.MLP(4, [8, 3], activation="tanh", head="softmax", seed=1)
    loss, gradients = with_gradients(model)
    (w1, b1), (w2, b2) = [tuple(map(np.array, pair)) for pair in handed_over(model)]
    x = np.array(SAMPLES)
    kernel1, kernel2 = w1.T, w2.T  # Keras and DL4J: (inputs, outputs)
    hidden = np.tanh(x @ kernel1 + b1)
    scores = hidden @ kernel2 + b2
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    for sample, probabilities in zip(SAMPLES, p, strict=True):
        assert close([out.data for out in model(sample)], list(probabilities))
    assert close(loss, -np.log(p[range(3), CLASSES]).mean())
    delta2 = (p - np.eye(3)[CLASSES]) / 3
    delta1 = delta2 @ w2 * (1 - hidden**2)
    assert np.allclose(gradients[0], delta1.T @ x, rtol=1e-12, atol=1e-15)
    assert np.allclose(gradients[1], delta2.T @ hidden, rtol=1e-12, atol=1e-15)


def test_item_30_softmax_twice_is_no_error_and_wrong():
    right = nn.cross_entropy([1.0, 2.0, 3.0], 2)
    twice = nn.cross_entropy(nn.softmax([1.0, 2.0, 3.0]), 2)
    assert (round(right, 4), round(twice, 4)) == (0.4076, 0.7972)
    assert close(nn.cross_entropy([0.0, 0.0, 1.0], 2), log(2 + exp(1)) - 1), "perfect, and 0.5514"


def test_item_30_one_lambda_has_four_factors():
    w, strength, n = Value(3.0), 0.8, 10
    nn.l2([w], strength, samples=n).backward()
    assert close(w.grad, strength / n * 3.0), "weight_decay of PyTorch, .l2 of DL4J: λ/N"
    assert close(w.grad, 2 * (strength / (2 * n)) * 3.0), "L2(c) of Keras is c·w²: c = λ/(2N)"


def test_item_30_pytorch_itself():
    torch = pytest.importorskip("torch", reason="PyTorch is no part of the test environment")
    model = nn.MLP(4, [8, 3], activation="tanh", head="softmax", seed=1)
    x = torch.tensor(SAMPLES, dtype=torch.float64)
    linear1, linear2 = (torch.nn.Linear(*sizes, dtype=torch.float64) for sizes in ((4, 8), (8, 3)))
    with torch.no_grad():
        for linear, (weight, bias) in zip((linear1, linear2), handed_over(model), strict=True):
            linear.weight.copy_(torch.tensor(weight, dtype=torch.float64))
            linear.bias.copy_(torch.tensor(bias, dtype=torch.float64))
    parameters = [*linear1.parameters(), *linear2.parameters()]
    theirs = torch.optim.Adam(parameters, lr=0.01, weight_decay=0.1)
    ours = nn.Adam(model.parameters(), 0.01, weight_decay=0.1)
    for _ in range(3):
        ours.zero_grad()
        theirs.zero_grad()
        loss, gradients = with_gradients(model)
        peer = torch.nn.CrossEntropyLoss()(linear2(torch.tanh(linear1(x))), torch.tensor(CLASSES))
        peer.backward()
        assert close(loss, peer.item())
        for linear, gradient in zip((linear1, linear2), gradients, strict=True):
            for row, expected in zip(gradient, linear.weight.grad.tolist(), strict=True):
                assert row == pytest.approx(expected, rel=1e-12, abs=1e-15)
        ours.step()
        theirs.step()
    for linear, (weight, bias) in zip((linear1, linear2), handed_over(model), strict=True):
        assert close(sum(weight, []), linear.weight.flatten().tolist())
        assert close(bias, linear.bias.tolist())


# ---------------------------------------------------------------------------------- all of them


def test_every_item_has_its_number_proved():
    names = re.findall(r"^def test_item_(\d\d)_", Path(__file__).read_text("utf-8"), re.MULTILINE)
    assert sorted({int(name) for name in names}) == list(range(1, ITEMS + 1))
