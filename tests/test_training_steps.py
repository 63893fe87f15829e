"""The steps of training: their order, the weights that they leave, and the same bits again."""

import math
import random
from dataclasses import replace

import pytest
from six_samples import LINE, SIX

from autograd import Value, sigmoid, total
from nn import (
    MLP,
    SGD,
    Adam,
    LinearRegression,
    LogisticRegression,
    batches,
    evaluate,
    fit,
    make_moons,
    training_steps,
    weights_of,
)

# --- steps, epochs, batches ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("batch_size", "steps"), [(None, 1), (1, 10), (2, 5), (3, 4), (4, 3), (7, 2), (10, 1), (99, 1)]
)
def test_an_epoch_has_n_over_batch_size_steps_rounded_up(batch_size, steps):
    inputs, targets = [[float(i)] for i in range(10)], [0.0] * 10
    reports = list(
        training_steps(LinearRegression(1), inputs, targets, epochs=3, batch_size=batch_size)
    )
    assert [r.step for r in reports] == list(range(1, 3 * steps + 1))
    assert [r.epoch for r in reports] == [epoch for epoch in (1, 2, 3) for _ in range(steps)]
    ends = [r.step for r in reports if r.epoch_end]
    assert ends == [steps, 2 * steps, 3 * steps]


def test_every_sample_comes_once_in_an_epoch_in_a_new_order_each_time():
    seen = []

    def noting(scores, target):
        seen.append(target)
        return scores[0] * 0

    fit(LinearRegression(1), [[1.0]] * 10, list(range(10)), loss=noting, epochs=3, batch_size=3)
    orders = [seen[:10], seen[10:20], seen[20:]]
    assert all(sorted(order) == list(range(10)) for order in orders)
    assert len(set(map(tuple, orders))) == 3


def test_the_loss_of_an_epoch_is_the_mean_over_samples_not_over_batches():
    # The loss of sample i is i: 0 to 9 have the mean 4.5, batches of 3, 3, 3, 1 in order 5.25.
    reports = list(
        training_steps(LinearRegression(1), [[1.0]] * 10, list(range(10)), epochs=5, batch_size=3,
                       loss=lambda scores, target: scores[0] * 0 + target)
    )  # fmt: skip
    ends = [r for r in reports if r.epoch_end]
    assert [r.loss for r in ends] == pytest.approx([4.5] * 5)
    inner = [r.loss for r in reports if not r.epoch_end]
    assert len({round(loss, 6) for loss in inner}) > 5  # those of single batches are all kinds


def plain_descent(inputs, targets, batch_size, epochs, rate, seed, decay=0.0):
    """Return w and b of a linear regression, trained in plain floats."""
    w, b, rng = [0.0] * len(inputs[0]), 0.0, random.Random(seed)
    for _ in range(epochs):
        for batch in batches(len(inputs), batch_size, seed=rng):
            errors = [
                sum(wi * xi for wi, xi in zip(w, inputs[i], strict=True)) + b - targets[i]
                for i in batch
            ]
            slopes = [
                sum(2 * e * inputs[i][k] for e, i in zip(errors, batch, strict=True)) / len(batch)
                for k in range(len(w))
            ]
            w = [wi - rate * (slope + decay * wi) for wi, slope in zip(w, slopes, strict=True)]
            b -= rate * sum(2 * e for e in errors) / len(batch)
    return [*w, b]


@pytest.mark.parametrize("batch_size", [1, 2, 4, 5, 6])
@pytest.mark.parametrize("l2", [0.0, 0.9])
def test_every_weight_is_that_of_plain_descent(batch_size, l2):
    model = LinearRegression(2)
    fit(model, SIX, LINE, epochs=7, batch_size=batch_size, optimizer="sgd", learning_rate=0.1,
        l2=l2, seed=5)  # fmt: skip
    # λ/N·w with N the whole data set, also where a batch is smaller; the bias is not penalized
    wanted = plain_descent(SIX, LINE, batch_size, 7, 0.1, seed=5, decay=l2 / 6)
    assert [p.data for p in model.parameters()] == pytest.approx(wanted, abs=1e-12)


def test_full_batch_descent_on_a_parabola_is_the_closed_form():
    model = LinearRegression(1)  # only the bias learns: (b - 1)**2 from 0 gives 1 - (1 - 2η)**t
    fit(model, [[0.0]], [1.0], epochs=10, batch_size=None, optimizer="sgd", learning_rate=0.1)
    assert model.b.data == pytest.approx(1 - 0.10737418240000003, abs=1e-12)


def test_a_linear_regression_ends_at_the_least_squares():
    numpy = pytest.importorskip("numpy")
    rng = random.Random(0)
    inputs = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(20)]
    targets = [3 * x - 2 * y + 0.5 + rng.gauss(0, 0.3) for x, y in inputs]
    model = LinearRegression(2)
    fit(model, inputs, targets, epochs=400, batch_size=None, optimizer="sgd", learning_rate=0.2)
    table = numpy.array([[*x, 1.0] for x in inputs])
    solution, *_ = numpy.linalg.lstsq(table, numpy.array(targets), rcond=None)
    assert [p.data for p in model.parameters()] == pytest.approx(list(solution), abs=1e-9)


def test_mazurs_step_by_the_training_loop():
    model = MLP(2, [2, 2], activation="sigmoid")
    model.load_state(
        {
            "layers": [
                {"neurons": [{"w": [0.15, 0.20], "b": 0.35}, {"w": [0.25, 0.30], "b": 0.35}]},
                {"neurons": [{"w": [0.40, 0.45], "b": 0.60}, {"w": [0.50, 0.55], "b": 0.60}]},
            ]
        }
    )

    def halves_of_squares(scores, targets):
        return total([0.5 * (sigmoid(s) - t) ** 2 for s, t in zip(scores, targets, strict=True)])

    optimizer = SGD(weights_of(model), 0.5)  # his biases stay
    sample = [[0.05, 0.10]], [[0.01, 0.99]]
    history = fit(model, *sample, validation=sample, loss=halves_of_squares, optimizer=optimizer,
                  epochs=1)  # fmt: skip
    assert history.losses == pytest.approx([0.29837110876], abs=1e-11)
    assert history.validation_losses == pytest.approx([0.2910277737], abs=1e-10)


def test_separable_labels_pull_the_weights_ever_farther():
    lengths = []
    for epochs in (10, 100, 1000):
        model = LogisticRegression(1)
        fit(model, [[-1.0], [1.0]], [-1, 1], epochs=epochs, batch_size=None, optimizer="sgd",
            learning_rate=1.0)  # fmt: skip
        lengths.append(abs(model.w[0].data))
    assert lengths[0] + 1 < lengths[1] < lengths[2] - 1


@pytest.mark.parametrize("optimizer", ["momentum", "adam", "adamw"])
def test_a_small_network_learns_the_moons(optimizer):
    moons = make_moons(40, noise=0.1, seed=0)
    model = MLP(2, [8, 1], activation="tanh", head="sigmoid", seed=0)
    history = fit(model, moons.inputs, moons.targets, epochs=60, batch_size=8, optimizer=optimizer,
                  learning_rate=0.05)  # fmt: skip
    assert history.losses[-1] < 0.6 * history.losses[0]
    assert evaluate(model, moons.inputs, moons.targets)[1] > 0.8


def test_the_penalty_holds_the_weights_small():
    lengths = []
    for l2 in (0.0, 5.0):
        model = LinearRegression(2)
        fit(model, SIX, LINE, epochs=300, batch_size=None, learning_rate=0.05, l2=l2)
        lengths.append(math.hypot(*(w.data for w in model.w)))
    assert lengths[1] < 0.7 * lengths[0]


def test_a_loss_of_the_user_may_use_methods_of_values_in_training_and_validation():
    model = LinearRegression(2)

    def distance(scores, target):
        return (scores[0] - target).relu() + (target - scores[0]).relu()

    history = fit(model, SIX, LINE, loss=distance, validation=(SIX, LINE), epochs=2)
    wanted = sum(abs(model.predict(x) - t) for x, t in zip(SIX, LINE, strict=True)) / 6
    assert history.validation_losses[-1] == pytest.approx(wanted)


def test_an_optimizer_of_the_user_is_used_and_keeps_its_memory():
    model = LinearRegression(2)
    optimizer = Adam(model.parameters(), 0.05)
    fit(model, SIX, LINE, epochs=2, batch_size=None, optimizer=optimizer)
    assert optimizer.steps == 2
    fit(model, SIX, LINE, epochs=3, batch_size=None, optimizer=optimizer)
    assert optimizer.steps == 5
    in_one_go = LinearRegression(2)
    fit(in_one_go, SIX, LINE, epochs=5, batch_size=None, learning_rate=0.05)
    wanted = [p.data for p in in_one_go.parameters()]
    assert [p.data for p in model.parameters()] == pytest.approx(wanted, abs=1e-12)


def test_parameters_that_the_optimizer_does_not_hold_stay():
    model = MLP(2, [3, 1], seed=0)
    before = model.state()
    fit(model, SIX, LINE, epochs=2, optimizer=SGD(model.layers[1].parameters(), 0.1))
    assert model.state()["layers"][0] == before["layers"][0]
    assert model.state()["layers"][1] != before["layers"][1]


# --- the same bits again ---------------------------------------------------------------------


def untimed(reports):
    return [replace(report, seconds=0.0) for report in reports]


def run(seed=0, **settings):
    model = MLP(2, [3, 1], activation="tanh", head="sigmoid", seed=1)
    history = fit(model, SIX, [0, 1, 0, 1, 1, 0], epochs=4, batch_size=2, seed=seed, **settings)
    return untimed(history), model.state()


def test_a_seed_gives_the_same_bits_and_another_seed_others():
    assert run(seed=3) == run(seed=3) == run(seed=random.Random(3))
    assert run(seed=3)[1] != run(seed=4)[1]


def test_without_a_seed_training_is_reproducible_all_the_same():
    model = [LinearRegression(2), LinearRegression(2)]
    for each in model:
        fit(each, SIX, LINE, epochs=3, batch_size=2)
    assert model[0].state() == model[1].state()


def test_validation_does_not_change_the_training():
    alone, state = run()
    watched, same_state = run(validation=([[9.0, 9.0], [-1.0, 2.0]], [1, 0]))
    assert same_state == state
    assert [replace(r, validation_loss=None, validation_accuracy=None) for r in watched] == alone


def test_watching_does_not_change_the_training():
    assert run(on_report=lambda _: random.random()) == run()


def test_arrays_and_lists_give_the_same_bits():
    numpy = pytest.importorskip("numpy")
    states = []
    for make in (list, numpy.array):
        model = MLP(2, [3, 2], activation="tanh", head="softmax", seed=0)
        validation = make(SIX[:2]), make([0, 1])
        history = fit(model, make(SIX), make([0, 1, 0, 1, 1, 0]), epochs=3, batch_size=4,
                      validation=validation)  # fmt: skip
        states.append((untimed(history), model.state()))
    assert states[0] == states[1]


def test_inputs_may_be_values_and_get_no_data_from_training():
    inputs = [[Value(a), Value(b)] for a, b in SIX]
    by_values, by_numbers = LinearRegression(2), LinearRegression(2)
    fit(by_values, inputs, LINE, epochs=2)
    fit(by_numbers, SIX, LINE, epochs=2)
    assert by_values.state() == by_numbers.state()
    assert [[v.data for v in row] for row in inputs] == SIX
