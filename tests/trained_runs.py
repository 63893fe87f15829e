"""One training run by every engine: models, data and settings, and what it leaves behind."""

import math

import pytest

import autograd
from autograd import Value, define, maximum, relu, softplus, weighted_sum
from nn import (
    MLP,
    SGD,
    Adam,
    AdamW,
    Dropout,
    LinearRegression,
    LogisticRegression,
    Optimizer,
    SoftmaxRegression,
    fit,
)
from nn.losses import LOSSES, Loss
from nn.models import Model

N = 37
XS = [[math.sin(3.0 * i), math.cos(1.7 * i) - 0.3, ((7 * i) % 11) / 6 - 0.8] for i in range(N)]
SIDES = [1 if x[0] - x[1] * x[2] > 0 else -1 for x in XS]
BITS = [int(side > 0) for side in SIDES]
CLASSES = [(3 * i) % 4 if x[0] > 0 else 1 for i, x in enumerate(XS)]
SHARES = [[0.7 if k == c else 0.1 for k in range(4)] for c in CLASSES]
NUMBERS = [x[0] - 2 * x[2] + 0.1 for x in XS]
PAIRS = [[x[0] * x[1], x[2]] for x in XS]


def mlp(nout=1, **settings):
    """Return what makes a small network."""
    return lambda: MLP(3, [6, 5, nout], seed=3, **{"activation": "tanh", **settings})


def huber(scores, target):
    """Return a loss of the user: quadratic, then linear."""
    distance = abs(scores[0] - target)
    return maximum(0.5 * distance**2, distance - 0.5) + 0.25 * relu(-scores[0])


def absolute(scores, target):
    """Return a loss of the user: the distance, twice as much for small targets."""
    return autograd.where(target - 0.2, abs(scores[0] - target), 2 * abs(scores[0] - target))


SWISH = define(
    "swish_of_tests",
    lambda x: x * autograd.sigmoid(x),
    lambda x, out: (autograd.sigmoid(x) + out * (1 - autograd.sigmoid(x)),),
)
CLIPPED = define(
    "clipped_of_tests",
    lambda x: min(max(x, -1.0), 1.0),
    lambda x, _out: (1.0 if -1 < x < 1 else 0.0,),
)
ATAN = define("atan_of_tests", math.atan, lambda x, _out: (1 / (1 + x * x),))
for _op in (SWISH, CLIPPED, ATAN):
    del autograd.OPS[_op.name]


class Sign(Optimizer):
    """Steps of one size against the sign of the gradient, smaller from step to step."""

    memory = 1

    def update(self, data, grad, state, step):
        mean = 0.9 * state[0] + 0.1 * grad
        return data - self.learning_rate / step**0.5 * autograd.tanh(50 * mean), (mean,)


class Shrinking(SGD):
    """Gradient descent that reads its own attributes."""

    def __init__(self, parameters, learning_rate=0.1, shrink=0.01):
        super().__init__(parameters, learning_rate)
        self.shrink = shrink

    def update(self, data, grad, state, step):
        data, state = super().update(data, grad, state, step)
        return data - self.shrink * abs(data), state


class TwoHeads(Model):
    """A model of the user: shared weights, in a shape of its own."""

    def __init__(self):
        self.nin, self.nout, self.loss = 3, 2, LOSSES["mse"]
        self.w = [Value(0.1 * (i + 1)) for i in range(3)]
        self.scale = Value(1.5, constant=True)
        self.unused = Value(4.0)

    def scores(self, x):
        hidden = autograd.sin(weighted_sum(self.w, x)) * self.scale
        return [hidden, hidden * self.w[0] + self.w[0] * self.w[0]]

    def parameters(self):
        return [*self.w, self.w[0], self.scale, self.unused]


def step_by(optimizer, **settings):
    """Return what makes that optimizer."""
    return {"optimizer": lambda parameters, rate: optimizer(parameters, rate, **settings)}


TASKS = {  # model, targets, settings
    "sgd": (mlp(), NUMBERS, {"optimizer": "sgd", "learning_rate": 0.1}),
    "momentum": (mlp(), NUMBERS, {"optimizer": "momentum", "learning_rate": 0.02}),
    "adam": (mlp(), NUMBERS, {"optimizer": "adam"}),
    "adamw": (mlp(), NUMBERS, {"optimizer": "adamw", "learning_rate": 0.02}),
    "sgd with decay": (mlp(), NUMBERS, step_by(SGD, momentum=0.5, weight_decay=0.1)),
    "adam with decay": (mlp(), NUMBERS, step_by(Adam, betas=(0.5, 0.9), weight_decay=0.1)),
    "adamw with decay": (mlp(), NUMBERS, step_by(AdamW, epsilon=1e-3, weight_decay=0.3)),
    "own rule": (mlp(), NUMBERS, step_by(Sign)),
    "own attributes": (mlp(), NUMBERS, step_by(Shrinking, shrink=0.02)),
    "l2": (mlp(), NUMBERS, {"l2": 0.5}),
    "linear schedule": (mlp(), NUMBERS, {"schedule": "linear", "l2": 0.1}),
    "cosine schedule": (mlp(), NUMBERS, {"schedule": "cosine", "optimizer": "sgd"}),
    "own schedule": (mlp(), NUMBERS, {"schedule": lambda done: 1 / (1 + 5 * done)}),
    "one by one": (mlp(), NUMBERS, {"batch_size": 1}),
    "all at once": (mlp(), NUMBERS, {"batch_size": None}),
    "even batches": (mlp(), NUMBERS, {"batch_size": 37}),
    "a larger batch than data": (mlp(), NUMBERS, {"batch_size": 64}),
    "a last batch of one": (mlp(), NUMBERS, {"batch_size": 12}),
    "relu": (mlp(activation="relu"), SIDES, {"loss": "hinge"}),
    "leaky relu": (mlp(activation="leaky_relu"), SIDES, {"loss": "logistic"}),
    "own activation": (mlp(activation=SWISH), NUMBERS, {}),
    "own activation by size": (mlp(activation=CLIPPED), NUMBERS, {}),
    "own activation of math": (mlp(activation=ATAN), NUMBERS, {}),
    "composed activation": (mlp(activation=lambda x: x * autograd.tanh(softplus(x))), NUMBERS, {}),
    "sigmoid head": (mlp(head="sigmoid"), BITS, {}),
    "probabilities": (mlp(head="sigmoid"), [0.25 + b / 2 for b in BITS], {}),
    "classes": (mlp(4, head="softmax"), CLASSES, {}),
    "shares": (mlp(4, head="softmax"), SHARES, {"l2": 0.2}),
    "two numbers": (mlp(2), PAIRS, {}),
    "own loss": (mlp(), NUMBERS, {"loss": huber}),
    "own loss by where": (mlp(), NUMBERS, {"loss": absolute}),
    "own decision": (
        mlp(), SIDES, {"loss": Loss("margin", LOSSES["hinge"].of_sample, lambda s: 1, "any")}
    ),
    "linear": (lambda: LinearRegression(3), NUMBERS, {"optimizer": "sgd", "learning_rate": 0.1}),
    "logistic": (lambda: LogisticRegression(3), SIDES, {"l2": 1.0}),
    "softmax": (lambda: SoftmaxRegression(3, 4), CLASSES, {}),
    # Adam would make a step of a gradient that is 0 but for rounding, 1e6 times as large.
    "softmax of shares": (lambda: SoftmaxRegression(3, 4), SHARES, {"optimizer": "momentum"}),
    "own model": (TwoHeads, PAIRS, {"l2": 0.0}),
    "own model, weights repeated": (TwoHeads, PAIRS, {"optimizer": "momentum"}),
    "dropout by number": (mlp(dropout=Dropout(out=2)), NUMBERS, {}),
    "dropout by chance": (mlp(dropout=0.3), NUMBERS, {"optimizer": "momentum"}),
    "dropout one by one": (mlp(dropout=[Dropout(out=3), 0.5]), NUMBERS, {"batch_size": 1}),
    "dropout in one layer": (mlp(dropout=[None, 0.5]), NUMBERS, {"batch_size": None}),
}  # fmt: skip


def reports_of(history):
    """Return all numbers that a history holds, a list for each epoch."""
    return [
        [r.epoch, r.step, r.loss, r.learning_rate, r.accuracy, r.validation_loss,
         r.validation_accuracy]
        for r in history.epochs
    ]  # fmt: skip


def flat(rows):
    """Return the numbers of all rows, nan in place of None."""
    return [math.nan if x is None else x for row in rows for x in row]


def near(found, expected):
    """Tell whether numbers agree, relative to the largest."""
    scale = max([1.0, *(abs(x) for x in expected if x == x)])
    return found == pytest.approx(expected, rel=0, abs=1e-12 * scale, nan_ok=True)


def trained(task, engine, **more):
    """Return everything that a training leaves behind."""
    make, targets, settings = TASKS[task]
    model = make()
    settings = {"batch_size": 8, "epochs": 3, "seed": 5, **settings, **more}
    optimizer = settings.get("optimizer", "adam")
    if callable(optimizer):
        settings["optimizer"] = optimizer(model.parameters(), settings.get("learning_rate", 0.01))
    history = fit(model, XS, targets, engine=engine, **settings)
    return model, history, settings["optimizer"] if callable(optimizer) else None


def assert_equal(found, expected):
    """Compare all that two trainings left behind."""
    (model, history, optimizer), (twin, right, other) = found, expected
    assert near([p.data for p in model.parameters()], [p.data for p in twin.parameters()])
    assert near([p.grad for p in model.parameters()], [p.grad for p in twin.parameters()])
    assert near(flat(reports_of(history)), flat(reports_of(right)))
    assert history.stopped == right.stopped
    if other is not None:
        assert near(flat(optimizer.state), flat(other.state))
        assert optimizer.steps == other.steps
        assert optimizer.learning_rate == other.learning_rate


LOOKING = {  # what looks at the parameters while they learn: settings, by a list of what it saw
    "nobody": lambda _: {},
    "at epochs": lambda seen: {"on_epoch": seen.append},
    "at steps": lambda seen: {"on_report": seen.append},
    "early stopping": lambda _: {"patience": 2},
    "stops early": lambda _: {"patience": 1, "min_delta": 0.05, "epochs": 12},
}
