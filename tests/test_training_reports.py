"""What training and `evaluate` report: losses, accuracies, and where they were measured."""

import math

import pytest
from six_samples import LINE, SIGNS, SIX

from nn import MLP, LinearRegression, LogisticRegression, evaluate, fit, training_steps


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
