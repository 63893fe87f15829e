"""What the training loop refuses, in words and before it changes anything."""

import math

import pytest
from six_samples import LINE, SIGNS, SIX

from autograd import sigmoid
from nn import (
    LOSSES,
    MLP,
    SGD,
    History,
    LinearRegression,
    LogisticRegression,
    Loss,
    Perceptron,
    Report,
    SoftmaxRegression,
    evaluate,
    find_loss,
    fit,
    gradient_descent,
    make_xor,
    mse,
    refit,
    training_steps,
)
from nn.training import check_samples


def test_an_optimizer_of_another_model_is_refused():
    model, other = LinearRegression(2), LinearRegression(2)
    with pytest.raises(ValueError, match="optimizer.*parameters"):
        fit(model, SIX, LINE, optimizer=SGD(other.parameters(), 0.1))
    assert model.state() == other.state() == {"w": [0.0, 0.0], "b": 0.0}


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
    ({"batch_size": 0}, "batch_size must be at least 1; got 0"),
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
