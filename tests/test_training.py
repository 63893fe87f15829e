"""The training loop: steps, batches, reports, early stopping, divergence, and what it refuses."""

import gc
import itertools
import math
import random
import re
from dataclasses import replace

import pytest

from autograd import Value, sigmoid, total
from nn import (
    LOSSES,
    MLP,
    SGD,
    Adam,
    DivergenceError,
    History,
    LinearRegression,
    LogisticRegression,
    Loss,
    Perceptron,
    Report,
    SoftmaxRegression,
    batches,
    evaluate,
    find_loss,
    fit,
    gradient_descent,
    make_moons,
    make_xor,
    mse,
    refit,
    training_steps,
    weights_of,
)
from nn.training import check_samples

SIX = [[0.1 * i, 0.5 - 0.2 * i] for i in range(6)]
LINE = [2 * x - y + 1 for x, y in SIX]
SIGNS = [1, -1, 1, 1, -1, -1]
CORNERS, XOR = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]


def untimed(reports):
    return [replace(report, seconds=0.0) for report in reports]


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


# --- the same bits again ---------------------------------------------------------------------


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


# --- reports ---------------------------------------------------------------------------------


def test_what_an_epochs_last_report_tells():
    model = LogisticRegression(2)
    validation = [[1.0, 1.0], [-1.0, 0.0]], [1, 1]
    reports = list(training_steps(model, SIX, SIGNS, epochs=2, batch_size=4, validation=validation))
    assert [r.epoch_end for r in reports] == [False, True, False, True]
    for report in reports[::2]:
        extras = report.accuracy, report.validation_loss, report.validation_accuracy
        assert extras == (None, None, None)
    assert (reports[-1].validation_loss, reports[-1].validation_accuracy) == evaluate(
        model, *validation
    )
    assert reports[1].seconds <= reports[3].seconds


def test_accuracy_counts_samples_as_they_were_when_their_batch_came():
    model = LogisticRegression(1)  # all scores 0 at first: decided as -1
    history = fit(model, [[1.0]] * 4, [-1, 1, 1, 1], epochs=1, batch_size=None)
    assert history.epochs[0].accuracy == 0.25
    assert history.epochs[0].loss == pytest.approx(math.log(2))


def test_numbers_as_targets_have_no_accuracy():
    history = fit(LinearRegression(2), SIX, LINE, epochs=1, validation=(SIX, LINE))
    assert history.epochs[0].accuracy is None
    assert history.epochs[0].validation_accuracy is None


def test_the_reported_loss_is_that_of_the_data_without_the_penalty():
    losses = []
    for l2 in (0.0, 50.0):
        model = LinearRegression(2)
        model.load_state({"w": [1.0, 2.0], "b": 0.0})
        losses.append(fit(model, SIX, LINE, epochs=1, batch_size=None, l2=l2).losses)
    assert losses[0] == losses[1]


def test_the_penalty_holds_the_weights_small():
    lengths = []
    for l2 in (0.0, 5.0):
        model = LinearRegression(2)
        fit(model, SIX, LINE, epochs=300, batch_size=None, learning_rate=0.05, l2=l2)
        lengths.append(math.hypot(*(w.data for w in model.w)))
    assert lengths[1] < 0.7 * lengths[0]


def test_on_report_sees_every_step_in_order():
    seen = []
    history = fit(LinearRegression(2), SIX, LINE, epochs=2, batch_size=4, on_report=seen.append)
    assert [r.step for r in seen] == [1, 2, 3, 4]
    assert [r for r in seen if r.epoch_end] == history.epochs


@pytest.mark.parametrize(
    ("classes", "target_of"),
    [
        (2, lambda k: [1.0 - k, float(k)]),
        (2, lambda k: (0.8 - 0.6 * k, 0.2 + 0.6 * k)),
        (1, lambda k: 0.1 + 0.8 * k),
    ],
)
def test_probabilities_as_targets_count_as_the_class_that_they_favour(classes, target_of):
    def history(targets):
        head = "softmax" if classes == 2 else "sigmoid"
        model = MLP(2, [classes], head=head, seed=0)
        validation = SIX, targets
        return fit(model, SIX, targets, epochs=30, learning_rate=0.1, validation=validation)

    hard = [1, 1, 1, 0, 0, 0]
    by_class = history([target_of(k) for k in hard]).epochs[-1]
    assert by_class.accuracy == by_class.validation_accuracy == 1.0


def test_one_hot_rows_may_be_a_numpy_array():
    numpy = pytest.importorskip("numpy")
    one_hot = numpy.eye(2)[[1, 1, 1, 0, 0, 0]]
    model = MLP(2, [2], head="softmax", seed=0)
    history = fit(model, SIX, one_hot, epochs=30, learning_rate=0.1, validation=(SIX, one_hot))
    assert history.epochs[-1].accuracy == history.epochs[-1].validation_accuracy == 1.0


def test_evaluate_is_the_mean_loss_and_the_share_of_right_decisions():
    model = LogisticRegression(1)
    model.load_state({"w": [1.0], "b": 0.0})
    inputs, labels = [[2.0], [-1.0], [0.5], [-3.0]], [1, 1, -1, -1]
    loss, share = evaluate(model, inputs, labels)
    margins = [2.0, -1.0, -0.5, 3.0]
    assert loss == pytest.approx(sum(math.log(1 + math.exp(-m)) for m in margins) / 4, abs=1e-12)
    assert share == 0.5
    line = LinearRegression(1)
    line.load_state(model.state())
    hinge_loss, _ = evaluate(line, inputs, labels, loss="hinge")
    assert hinge_loss == pytest.approx((0 + 2 + 1.5 + 0) / 4)
    assert [p.grad for p in model.parameters()] == [0.0, 0.0]


UNSEEN = [  # a model, a loss that does not know of its head, targets
    (lambda: MLP(1, [2, 1], head="sigmoid"), "mse", [0, 1, 0]),
    (lambda: MLP(1, [2, 1], head="sigmoid"), mse, [0, 1, 0]),
    (lambda: MLP(1, [2, 1], head="sigmoid"), "hinge", [-1, 1, 1]),
    (lambda: MLP(1, [2, 2], head="softmax"), "mse", [[0, 1]] * 3),
    (lambda: SoftmaxRegression(1, 2), "mse", [[0, 1]] * 3),
    (lambda: LogisticRegression(1), "mse", [0, 1, 0]),
    (lambda: LogisticRegression(1), "hinge", [-1, 1, 1]),
]


@pytest.mark.parametrize(("make", "loss", "targets"), UNSEEN)
def test_a_loss_that_does_not_know_of_the_head_is_refused_wherever_it_is_chosen(
    make, loss, targets
):
    samples = [[0.0], [1.0], [2.0]], targets
    usual, made = make().loss, make()
    history = History([Report(1, 1, 1.0, 0.1, epoch_end=True, validation_loss=1.0)])
    made.loss = find_loss(loss)
    ways = {
        "fit": lambda model: fit(model, *samples, loss=loss, epochs=1),
        "training_steps": lambda model: next(training_steps(model, *samples, loss=loss)),
        "refit": lambda model: refit(model, samples, samples, history, loss=loss),
        "evaluate": lambda model: evaluate(model, *samples, loss=loss),
        "descent": lambda model: gradient_descent(model, *samples, loss=loss, epochs=1),
        "the model's own": lambda _: fit(made, *samples, epochs=1),
    }
    for name, way in ways.items():
        model = make()
        before = [p.data for p in model.parameters()]
        with pytest.raises(ValueError, match="without seeing the s.* head; use .*or a model with"):
            way(model)
        assert [p.data for p in model.parameters()] == before, name
        assert model.loss == usual
    own = Loss("mse", lambda scores, target: (sigmoid(scores[0]) - 1) ** 2, None, "any")
    fit(make(), *samples, loss=own, epochs=1)


def test_a_loss_of_the_user_may_use_methods_of_values_in_training_and_validation():
    model = LinearRegression(2)

    def distance(scores, target):
        return (scores[0] - target).relu() + (target - scores[0]).relu()

    history = fit(model, SIX, LINE, loss=distance, validation=(SIX, LINE), epochs=2)
    wanted = sum(abs(model.predict(x) - t) for x, t in zip(SIX, LINE, strict=True)) / 6
    assert history.validation_losses[-1] == pytest.approx(wanted)


def test_the_collector_is_as_it_was():
    assert gc.isenabled()
    for _ in training_steps(LinearRegression(2), SIX, LINE, epochs=1, batch_size=2):
        assert gc.isenabled()
    with pytest.raises(DivergenceError):
        fit(LinearRegression(2), SIX, LINE, optimizer="sgd", learning_rate=1e6, epochs=1000)
    assert gc.isenabled()
    gc.disable()
    try:
        fit(LinearRegression(2), SIX, LINE, epochs=1)
        assert not gc.isenabled()
    finally:
        gc.enable()


# --- optimizers and schedules ----------------------------------------------------------------


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


def test_an_optimizer_of_another_model_is_refused():
    model, other = LinearRegression(2), LinearRegression(2)
    with pytest.raises(ValueError, match="optimizer.*parameters"):
        fit(model, SIX, LINE, optimizer=SGD(other.parameters(), 0.1))
    assert model.state() == other.state() == {"w": [0.0, 0.0], "b": 0.0}


class Stop(Exception):
    pass


def to_the_end(model, optimizer, **settings):
    fit(model, SIX, LINE, optimizer=optimizer, **settings)


def closed_early(model, optimizer, **settings):
    reports = training_steps(model, SIX, LINE, optimizer=optimizer, **settings)
    next(itertools.islice(reports, 3, None))
    assert optimizer.learning_rate != 0.1
    reports.close()


def left_by_break(model, optimizer, **settings):
    for report in training_steps(model, SIX, LINE, optimizer=optimizer, **settings):
        if report.step == 3:
            break
    gc.collect()


def thrown_out(model, optimizer, **settings):
    def refuse(report):
        if report.step == 3:
            raise Stop

    with pytest.raises(Stop) as caught:
        fit(model, SIX, LINE, optimizer=optimizer, on_report=refuse, **settings)
    assert optimizer.learning_rate == 0.1
    del caught  # which has kept the loop alive until here, so that nobody else could end it


def stopped_early(model, optimizer, **settings):
    validation = SIX, [-t for t in LINE]  # grows worse from the start
    history = fit(model, SIX, LINE, optimizer=optimizer, validation=validation, patience=1,
                  **settings)  # fmt: skip
    assert len(history) < settings["epochs"]


def diverged(model, optimizer, **settings):
    with pytest.raises(DivergenceError):
        fit(model, [[1e200, 1e200]] * 6, LINE, optimizer=optimizer, **settings)


@pytest.mark.parametrize(
    "ending", [to_the_end, closed_early, left_by_break, thrown_out, stopped_early, diverged]
)
def test_a_schedule_gives_the_learning_rate_back_however_training_ends(ending):
    model = LinearRegression(2)
    optimizer = SGD(model.parameters(), 0.1)
    ending(model, optimizer, epochs=10, batch_size=2, schedule="linear")
    assert optimizer.learning_rate == 0.1


# --- early stopping --------------------------------------------------------------------------
# Only the bias learns: (b - 1)**2 at η = 0.1 gives b = 1 - 0.8**t after t epochs. Validation wants
# 0.5 and is best at t = 3, where b = 0.488; its losses are 0.09, 0.0196, 0.000144, 0.0082, ...


def towards_one(**settings):
    model = LinearRegression(1)
    settings = {"epochs": 20, "validation": ([[0.0]], [0.5]), **settings}
    history = fit(model, [[0.0]], [1.0], batch_size=None, optimizer="sgd", learning_rate=0.1,
                  **settings)  # fmt: skip
    return model.b.data, history


STOPS = [  # settings, epochs run, epoch whose weights are kept, how it ended
    ({"patience": 1}, 4, 3, "no better validation loss for 1 epochs; weights of epoch 3 restored"),
    ({"patience": 2}, 5, 3, "no better validation loss for 2 epochs; weights of epoch 3 restored"),
    ({"patience": 7}, 10, 3, "for 7 epochs"),
    ({"patience": 50}, 20, 3, "^finished; weights of epoch 3 restored"),
    ({"patience": 2, "epochs": 5}, 5, 3, "weights of epoch 3 restored"),
    ({"patience": 2, "epochs": 4}, 4, 3, "^finished; weights of epoch 3 restored"),
    ({"patience": 2, "epochs": 2}, 2, 2, "^finished; weights of epoch 2 restored"),
    ({"patience": 1, "min_delta": 0.019}, 4, 3, "weights of epoch 3 restored"),
    ({"patience": 1, "min_delta": 0.02}, 3, 2, "weights of epoch 2 restored"),
    ({"patience": 1, "min_delta": 0.08}, 2, 1, "weights of epoch 1 restored"),
    ({"patience": 4, "min_delta": 0.08}, 7, 3, "weights of epoch 3 restored"),  # 0.09 - 0.000144
    ({}, 20, 20, "^$"),
]


@pytest.mark.parametrize(("settings", "epochs", "kept", "stopped"), STOPS)
def test_early_stopping_keeps_the_weights_of_the_best_epoch(settings, epochs, kept, stopped):
    b, history = towards_one(**settings)
    assert len(history) == epochs
    assert b == pytest.approx(1 - 0.8**kept, abs=1e-12)
    assert re.search(stopped, history.stopped)


def test_a_loss_that_is_only_equal_is_not_better():
    model = LinearRegression(1)
    history = fit(model, [[0.0]], [0.0], validation=([[0.0]], [1.0]), patience=3, epochs=50)
    assert len(history) == 4  # the first is the best, then three that are equal


def test_the_best_epoch_is_known_also_without_early_stopping():
    b, history = towards_one()
    assert history.best.epoch == 3
    assert b == pytest.approx(1 - 0.8**20, abs=1e-12)


def test_an_interruption_keeps_the_best_weights_too():
    model = LinearRegression(1)

    def interrupt(report):
        if report.epoch == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(model, [[0.0]], [1.0], validation=([[0.0]], [0.5]), patience=9, batch_size=None,
            optimizer="sgd", learning_rate=0.1, on_report=interrupt)  # fmt: skip
    assert model.b.data == pytest.approx(1 - 0.8**3, abs=1e-12)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"patience": 2, "validation": None}, "patience=2 and no validation"),
        ({"patience": 0}, "a patience of at least 1; got patience=0"),
        ({"patience": -1}, "got patience=-1"),
        ({"patience": 2, "min_delta": -0.1}, "min_delta must be at least 0; got -0.1"),
        ({"patience": 2, "min_delta": math.nan}, "min_delta must be at least 0; got nan"),
    ],
)
def test_impossible_early_stopping_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        towards_one(**settings)


# --- divergence ------------------------------------------------------------------------------

TOO_FAST = [  # model, inputs, targets, settings
    (LinearRegression, [[1.0], [2.0]], [10.0, 20.0], {"optimizer": "sgd", "learning_rate": 100.0}),
    (LinearRegression, [[1.0], [2.0]], [10.0, 20.0], {"optimizer": "sgd", "learning_rate": 1e308}),
    (LinearRegression, [[1e200], [1.0]], [1.0, 2.0], {}),
    (LogisticRegression, [[1e308], [-1e308]], [1, -1], {"optimizer": "sgd", "learning_rate": 1e9}),
    (lambda nin: MLP(nin, [2, 1], seed=0), [[1.0], [2.0]], [10.0, 20.0],
     {"optimizer": "sgd", "learning_rate": 1e3}),
    (lambda nin: MLP(nin, [2, 1], seed=0), [[1e300], [2.0]], [10.0, 20.0], {}),
    (LinearRegression, [[1.0], [2.0]], [1.0, 2.0],
     {"optimizer": "sgd", "learning_rate": 0.1, "schedule": lambda done: 1e300 ** (8 * done)}),
]  # fmt: skip


@pytest.mark.parametrize(("make", "inputs", "targets", "settings"), TOO_FAST)
def test_divergence_says_where_and_what_to_do_and_leaves_finite_weights(
    make, inputs, targets, settings
):
    model, seen = make(1), []
    with pytest.raises(
        DivergenceError, match=r"Training diverged in epoch \d+, step \d+: .*smaller learning rate"
    ) as caught:
        fit(model, inputs, targets, epochs=3000, batch_size=1, on_report=seen.append, **settings)
    error = caught.value
    assert all(math.isfinite(p.data) for p in model.parameters())
    assert str(error).count("smaller learning rate") == 1
    assert f"step {len(seen) + 1}:" in str(error)
    assert [r for r in seen if r.epoch_end] == error.history.epochs
    assert error.history.stopped == str(error)
    assert isinstance(error, ArithmeticError)


def test_divergence_in_validation_is_said_as_well():
    model = LinearRegression(1)
    with pytest.raises(DivergenceError, match="epoch 1, step 1") as caught:
        fit(model, [[1.0]], [1.0], validation=([[1e200]], [0.0]), epochs=5)
    assert caught.value.history.epochs == []
    assert all(math.isfinite(p.data) for p in model.parameters())


def test_after_divergence_early_stopping_still_gives_the_best_weights():
    model, states = LinearRegression(1), []

    def note(_report):
        states.append(model.state())

    with pytest.raises(DivergenceError) as caught:
        fit(model, [[1.0]], [1.0], validation=([[1.0]], [1.0]), patience=1000, epochs=2000,
            optimizer="sgd", learning_rate=2.0, on_report=note)  # fmt: skip
    best = caught.value.history.best.epoch
    assert model.state() == states[best - 1]


def test_a_step_by_step_loop_sees_the_error_too():
    with pytest.raises(DivergenceError, match="diverged"):
        for _ in training_steps(LinearRegression(1), [[1e200]], [1.0]):
            pass


# --- what is refused -------------------------------------------------------------------------


def mlp(loss):
    head = {"binary_cross_entropy": "sigmoid", "cross_entropy": "softmax"}.get(loss, "linear")
    return MLP(2, [10 if head == "softmax" else 1], head=head, loss=loss, seed=0)


GOOD_TARGETS = {"mse": 0.5, "hinge": 1, "logistic": -1, "binary_cross_entropy": 1,
                "cross_entropy": 9}  # fmt: skip
BAD_TARGETS = [  # loss, a target that it does not take, what the message says
    ("mse", math.nan, "nan"),
    ("mse", math.inf, "inf"),
    ("mse", "0.5", "'0.5'"),
    ("mse", None, "None"),
    ("mse", [1.0, 2.0], "1 outputs and 2 targets"),
    ("mse", [math.nan], "nan"),
    ("hinge", 0, "The target is 0, but hinge takes the labels -1 and"),
    ("hinge", math.nan, "nan"),
    ("logistic", 0, "2 * target - 1"),
    ("logistic", "1", "'1'"),
    ("binary_cross_entropy", -1, "use logistic"),
    ("binary_cross_entropy", 2, "The target is 2"),
    ("binary_cross_entropy", "1", "'1'"),
    ("binary_cross_entropy", None, "None"),
    ("binary_cross_entropy", math.nan, "nan"),
    ("cross_entropy", 10, "The target is 10, but the classes are 0 to 9"),
    ("cross_entropy", -1, "The target is -1, but the classes are 0 to 9"),
    ("cross_entropy", 2.5, "whole numbers"),
    ("cross_entropy", "3", "'3'"),
    ("cross_entropy", "a-long-tag", "'a-long-tag'"),  # as long as there are classes
    ("cross_entropy", None, "None"),
    ("cross_entropy", [0.5] * 10, "probabilities that sum to 1"),
    ("cross_entropy", [math.nan] + [0.1] * 9, "nan"),
]


@pytest.mark.parametrize(("loss", "target", "message"), BAD_TARGETS)
def test_a_target_that_the_loss_does_not_take_is_named_with_its_index(loss, target, message):
    model, good = mlp(loss), GOOD_TARGETS[loss]
    before = model.state()
    inputs, targets = SIX[:3], [good, good, target]
    valid = inputs, [good] * 3
    for kind, call in [
        ("", lambda: fit(model, inputs, targets)),
        ("", lambda: evaluate(model, inputs, targets)),
        ("validation ", lambda: fit(model, *valid, validation=(inputs, targets))),
    ]:
        with pytest.raises(ValueError, match=rf"^{kind}targets\[2\]") as caught:
            call()
        assert message in str(caught.value)
    assert model.state() == before


BAD_INPUTS = [  # inputs, number of targets, what the message says
    ([], 0, "as many {}targets as samples, and at least one; got 0 samples and 0"),
    (SIX[:2], 3, "as many {}targets as samples, .*; got 2 samples and 3 targets"),
    (SIX[:2], 1, "got 2 samples and 1 targets"),
    ([[1, 2], [3]], 2, r"{}inputs\[1\] has 1 number, but the model takes 2"),
    ([[1, 2, 3]], 1, r"{}inputs\[0\] has 3 numbers, but the model takes 2"),
    ([[1, 2], []], 2, r"{}inputs\[1\] has 0 numbers"),
    ([[1, 2], [3, math.nan]], 2, r"{}inputs\[1\]\[1\] is nan"),
    ([[-math.inf, 2]], 1, r"{}inputs\[0\]\[0\] is -inf"),
    ([[1, 2], [3, "4"]], 2, r"{}inputs\[1\]\[1\] is '4'"),
    ([[1, None]], 1, r"{}inputs\[0\]\[1\] is None"),
    ([[1, 10**400]], 1, r"{}inputs\[0\]\[1\] is 10000"),
    ([1.0, 2.0], 2, r"{}inputs\[0\] is 1\.0"),
    ([[1, 2], None], 2, r"{}inputs\[1\] is None"),
]


@pytest.mark.parametrize(("inputs", "n_targets", "message"), BAD_INPUTS)
def test_inputs_that_do_not_fit_are_named_with_their_index(inputs, n_targets, message):
    model = LinearRegression(2)
    targets = [0.5] * n_targets
    for kind, call in [
        ("", lambda: fit(model, inputs, targets)),
        ("", lambda: evaluate(model, inputs, targets)),
        ("validation ", lambda: fit(model, SIX, LINE, validation=(inputs, targets))),
    ]:
        with pytest.raises(ValueError, match=message.format(kind)):
            call()
    assert model.state() == {"w": [0.0, 0.0], "b": 0.0}


SETTINGS = [
    ({"epochs": 0}, "epochs must be at least 1; got 0"),
    ({"epochs": -3}, "epochs must be at least 1; got -3"),
    ({"batch_size": 0}, "batch size is at least 1"),
    ({"optimizer": "rmsprop"}, "No optimizer is named 'rmsprop'"),
    ({"learning_rate": -1.0}, "learning_rate must be above 0.*; got -1.0"),
    ({"loss": "nll"}, "No loss is named 'nll'"),
    ({"schedule": "linaer"}, "No schedule is named 'linaer'"),
    ({"l2": -1.0}, "strength=-1.0"),
    ({"l2": math.nan}, "strength=nan"),
]


@pytest.mark.parametrize(("settings", "message"), SETTINGS)
def test_impossible_settings_are_refused_and_change_nothing(settings, message):
    model = LinearRegression(2)
    with pytest.raises(ValueError, match=message):
        fit(model, SIX, LINE, **settings)
    assert model.state() == {"w": [0.0, 0.0], "b": 0.0}


def test_a_wrong_setting_leaves_the_users_optimizer_as_it_was():
    model = LinearRegression(2)
    optimizer = SGD(model.parameters(), 0.1)
    with pytest.raises(ValueError, match="strength"):
        fit(model, SIX, LINE, optimizer=optimizer, l2=-1.0, schedule=lambda _: 0.5)
    assert (optimizer.learning_rate, optimizer.steps) == (0.1, 0)


@pytest.mark.parametrize("validation", [make_xor(), SIX, (SIX, LINE, LINE), (SIX,)],
                         ids=["Dataset", "inputs only", "three", "one"])  # fmt: skip
def test_validation_is_a_pair(validation):
    with pytest.raises((TypeError, ValueError), match=r"validation=\(inputs, targets\)"):
        fit(LinearRegression(2), SIX, LINE, validation=validation)


def test_a_perceptron_is_sent_to_its_own_rule():
    with pytest.raises(ValueError, match=r"model\.fit\(inputs, labels\)"):
        fit(Perceptron(2), SIX, SIGNS)


def test_a_setting_that_does_not_exist_is_refused():
    with pytest.raises(TypeError, match="learning_rte"):
        fit(LinearRegression(2), SIX, LINE, learning_rte=0.1)


@pytest.mark.parametrize("name", LOSSES)
def test_good_samples_pass_for_every_loss(name):
    check_samples(mlp(name), find_loss(name), SIX, [GOOD_TARGETS[name]] * 6)


def test_inputs_may_be_values_and_get_no_data_from_training():
    inputs = [[Value(a), Value(b)] for a, b in SIX]
    by_values, by_numbers = LinearRegression(2), LinearRegression(2)
    fit(by_values, inputs, LINE, epochs=2)
    fit(by_numbers, SIX, LINE, epochs=2)
    assert by_values.state() == by_numbers.state()
    assert [[v.data for v in row] for row in inputs] == SIX
