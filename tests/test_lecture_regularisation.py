"""The lecture's items 24 to 30, regularisation, other libraries.

Of each the number that it is known by, and the trap that waits there. A test's name carries the
number of its item.
"""

from functools import cache, partial
from itertools import product
from math import exp, log

import numpy as np
import pytest
from lecture_numbers import close, signed

import nn
from autograd import Value, weighted_sum
from nn import Dropout, fit
from nn.dropout import thinned

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
