"""Training compiled is training: the same weights, reports and errors with every engine."""

import math
import random
import warnings

import pytest

import autograd
from autograd import Machine, RecordingError, Value, define, maximum, relu, softplus, weighted_sum
from nn import (
    MLP,
    SGD,
    Adam,
    AdamW,
    DivergenceError,
    Dropout,
    LinearRegression,
    LogisticRegression,
    Optimizer,
    SoftmaxRegression,
    fit,
    l2,
    training_steps,
)
from nn import engines as room
from nn.losses import LOSSES, Loss
from nn.models import Model

pytest.importorskip("llvmlite")

COMPILING = ("numpy", "native")
compiling = pytest.mark.parametrize("engine", COMPILING)
N = 37
XS = [[math.sin(3.0 * i), math.cos(1.7 * i) - 0.3, ((7 * i) % 11) / 6 - 0.8] for i in range(N)]
SIDES = [1 if x[0] - x[1] * x[2] > 0 else -1 for x in XS]
BITS = [int(side > 0) for side in SIDES]
CLASSES = [(3 * i) % 4 if x[0] > 0 else 1 for i, x in enumerate(XS)]
SHARES = [[0.7 if k == c else 0.1 for k in range(4)] for c in CLASSES]
NUMBERS = [x[0] - 2 * x[2] + 0.1 for x in XS]
PAIRS = [[x[0] * x[1], x[2]] for x in XS]


def mlp(nout=1, **settings):
    return lambda: MLP(3, [6, 5, nout], seed=3, **{"activation": "tanh", **settings})


def huber(scores, target):
    """Return a loss of the user: quadratic, then linear."""
    distance = abs(scores[0] - target)
    return maximum(0.5 * distance**2, distance - 0.5) + 0.25 * relu(-scores[0])


def absolute(scores, target):
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
    return [
        [r.epoch, r.step, r.loss, r.learning_rate, r.accuracy, r.validation_loss,
         r.validation_accuracy]
        for r in history.epochs
    ]  # fmt: skip


def flat(rows):
    return [math.nan if x is None else x for row in rows for x in row]


def near(found, expected):
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
    (model, history, optimizer), (twin, right, other) = found, expected
    assert near([p.data for p in model.parameters()], [p.data for p in twin.parameters()])
    assert near([p.grad for p in model.parameters()], [p.grad for p in twin.parameters()])
    assert near(flat(reports_of(history)), flat(reports_of(right)))
    assert history.stopped == right.stopped
    if other is not None:
        assert near(flat(optimizer.state), flat(other.state))
        assert optimizer.steps == other.steps
        assert optimizer.learning_rate == other.learning_rate


@compiling
@pytest.mark.parametrize("task", TASKS)
def test_training_gives_the_same_numbers(task, engine):
    make, targets, _ = TASKS[task]
    validation = (XS[5:17], targets[5:17])
    expected = trained(task, "eager", validation=validation)
    assert_equal(trained(task, engine, validation=validation), expected)
    before = make()
    moved = [p.data for p in expected[0].parameters()] != [p.data for p in before.parameters()]
    assert moved, "the task trains something"


AT_ONCE = [
    "sgd with decay", "adam", "adamw with decay", "own rule", "l2", "linear schedule", "classes",
    "all at once", "own model, weights repeated", "dropout by number",
]  # fmt: skip


@pytest.mark.parametrize("task", AT_ONCE)
def test_leaves_that_move_as_soon_as_they_have_their_gradient_move_the_same_way(task, monkeypatch):
    from autograd.compile import native_backend

    seen, moving_last = [], native_backend.moving_last

    def spy(*given):
        others, last = moving_last(*given)
        seen.extend(last)
        return others, last

    monkeypatch.setattr(native_backend, "_LARGE", 1)
    monkeypatch.setattr(native_backend, "moving_last", spy)
    assert_equal(trained(task, "native", epochs=4), trained(task, "eager", epochs=4))
    assert seen or "own model" in task


LOOKING = {  # what looks at the parameters while they learn: settings, by a list of what it saw
    "nobody": lambda _: {},
    "at epochs": lambda seen: {"on_epoch": seen.append},
    "at steps": lambda seen: {"on_report": seen.append},
    "early stopping": lambda _: {"patience": 2},
    "stops early": lambda _: {"patience": 1, "min_delta": 0.05, "epochs": 12},
}


@compiling
@pytest.mark.parametrize("who", LOOKING)
@pytest.mark.parametrize("task", ["adam", "dropout by number", "classes"])
def test_training_is_the_same_whoever_looks(task, who, engine):
    _, targets, _ = TASKS[task]
    runs = []
    for name in ("eager", engine):
        seen = []
        more = {"epochs": 6, "validation": (XS[:9], targets[:9]), **LOOKING[who](seen)}
        runs.append((trained(task, name, **more), [(r.epoch, r.step, r.loss) for r in seen]))
    (expected, expected_seen), (found, found_seen) = runs
    assert_equal(found, expected)
    assert near(flat(found_seen), flat(expected_seen))


@compiling
def test_parameters_show_where_they_are_at_every_step(engine):
    shown = []
    for name in ("eager", engine):
        model, rows = mlp()(), []
        optimizer = Adam(model.parameters(), 0.02)
        for report in training_steps(
            model, XS, NUMBERS, epochs=2, batch_size=8, optimizer=optimizer, engine=name,
            schedule="linear",
        ):  # fmt: skip
            rows.append([report.loss, optimizer.learning_rate, optimizer.steps])
            rows.append([p.data for p in model.parameters()])
            rows.append([p.grad for p in model.parameters()])
            rows.append(flat(optimizer.state))
        shown.append(rows)
    assert near(flat(shown[1]), flat(shown[0]))


@pytest.mark.parametrize("engine", ["eager", *COMPILING])
@pytest.mark.parametrize("who", ["on_report", "on_epoch"])
def test_the_learning_rate_is_that_of_the_schedule_whoever_sets_it(who, engine):
    model, rates = mlp()(), []
    optimizer = Adam(model.parameters(), 0.02)

    def setting(report):
        rates.append(report.learning_rate)
        optimizer.learning_rate = 1e9

    fit(
        model, XS, NUMBERS, epochs=4, batch_size=None, optimizer=optimizer, engine=engine,
        schedule=lambda done: 1.0 - done, **{who: setting},
    )  # fmt: skip
    assert rates == pytest.approx([0.02, 0.015, 0.01, 0.005])
    assert optimizer.learning_rate == 0.02, "as it was before"


def halving(model, _optimizer):
    for p in model.parameters():
        p.data = 0.5 * p.data


def forgetting(_model, optimizer):
    optimizer.state = [(0.0,) * optimizer.memory for _ in optimizer.parameters]


def other_betas(_model, optimizer):
    optimizer.betas = (0.5, 0.9)


def freezing(model, _optimizer):
    for p in model.layers[0].parameters():
        p.constant = True


def freezing_one(model, _optimizer):
    """A constant beside others that learn, in one product of matrices with them."""
    model.layers[0].neurons[0].w[0].constant = True


def restarting(_model, optimizer):
    optimizer.steps = 0


CHANGES = {
    f.__name__: f for f in (halving, forgetting, other_betas, freezing, freezing_one, restarting)
}


@compiling
@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("when", ["on_report", "on_epoch"])
def test_what_is_changed_between_steps_is_heard(name, when, engine):
    models = []
    for run in ("eager", engine):
        model, calls = mlp()(), []
        optimizer = Adam(model.parameters(), 0.02)

        def callback(_report, model=model, optimizer=optimizer, calls=calls):
            calls.append(1)
            if len(calls) in (2, 5):
                CHANGES[name](model, optimizer)

        settings = {when: callback, "optimizer": optimizer, "batch_size": 16, "epochs": 6}
        fit(model, XS, NUMBERS, engine=run, **settings)
        models.append(model)
        assert len(calls) > 5
    found, expected = ([p.data for p in model.parameters()] for model in reversed(models))
    assert near(found, expected)


@compiling
def test_what_values_learn_after_a_change_is_kept(engine):
    """Nobody looks while it trains, so that the weights come from the tables but once."""
    weights = []
    for name in ("eager", engine):
        model, targets = LinearRegression(1), [2 * x[0] for x in XS]

        def schedule(done, targets=targets):
            if done >= 0.5:
                targets[:] = [-3 * x[0] for x in XS]
            return 1.0

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fit(
                model, [x[:1] for x in XS], targets, epochs=200, batch_size=None, optimizer="sgd",
                learning_rate=0.4, schedule=schedule, engine=name,
            )  # fmt: skip
        assert any("targets have changed" in str(w.message) for w in caught) == (name != "eager")
        weights.append([p.data for p in model.parameters()])
    assert weights[0] == pytest.approx([-3, 0], abs=1e-6)
    assert weights[1] == pytest.approx(weights[0], abs=1e-6)


@compiling
@pytest.mark.parametrize("stop_after", [0, 1, 4, 7])
def test_a_generator_that_is_closed_early_leaves_its_weights(stop_after, engine):
    weights = []
    for name in ("eager", engine):
        model = mlp()()
        model.layers[0].parameters()[0].grad = 7.0
        steps = training_steps(model, XS, NUMBERS, epochs=3, batch_size=10, engine=name)
        for _ in range(stop_after):
            next(steps)
        steps.close()
        weights.append([x for p in model.parameters() for x in (p.data, p.grad)])
    assert near(weights[1], weights[0])


@compiling
def test_a_callback_that_raises_leaves_the_weights_of_its_step(engine):
    weights = []
    for name in ("eager", engine):
        model, calls = mlp()(), []

        def callback(_report, calls=calls):
            calls.append(1)
            if len(calls) == 3:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fit(model, XS, NUMBERS, batch_size=8, engine=name, on_report=callback)
        weights.append([p.data for p in model.parameters()])
    assert near(weights[1], weights[0])


@compiling
def test_training_goes_on_where_it_ended(engine):
    models = []
    for name in ("eager", engine):
        model = mlp()()
        optimizer = Adam(model.parameters(), 0.02)
        for seed in (1, 2):
            fit(model, XS, NUMBERS, optimizer=optimizer, epochs=2, seed=seed, engine=name)
        models.append(model)
        assert optimizer.steps == 2 * 2 * 2
    found, expected = ([p.data for p in model.parameters()] for model in reversed(models))
    assert near(found, expected)


@compiling
def test_an_optimizer_may_hold_some_of_the_parameters_or_others_too(engine):
    for choose in (
        lambda model, _: model.layers[1].parameters(),
        lambda model, more: [*reversed(model.parameters()), more],
        lambda model, more: [more, *model.parameters()[::3]],
    ):
        runs = []
        for name in ("eager", engine):
            model, more = mlp()(), Value(3.0)
            optimizer = SGD(choose(model, more), 0.1, weight_decay=0.1)
            fit(model, XS, NUMBERS, optimizer=optimizer, epochs=2, batch_size=9, engine=name)
            runs.append([p.data for p in [*model.parameters(), more]])
        assert near(runs[1], runs[0])


@compiling
@pytest.mark.parametrize("who", LOOKING)
def test_gradients_of_parameters_that_the_optimizer_does_not_hold_add_up(who, engine):
    for choose in (
        lambda model: model.layers[1].parameters(),
        lambda model: model.parameters()[::3],
        lambda model: model.parameters(),
    ):
        runs = []
        for name in ("eager", engine):
            model, scale, seen = mlp()(), Value(1.5), []
            others = [*model.parameters(), scale]
            for p in others:
                p.grad = 0.25

            def loss(scores, target, scale=scale):
                return (scale * scores[0] - target) ** 2

            fit(
                model, XS, NUMBERS, loss=loss, optimizer=Adam(choose(model), 0.02), engine=name,
                **{"epochs": 4, "batch_size": 9, "seed": 2, "validation": (XS, NUMBERS), "l2": 0.1}
                | LOOKING[who](seen),
            )  # fmt: skip
            runs.append([[p.data for p in others], [p.grad for p in others]])
            assert scale.grad != 0.25
        assert near(flat(runs[1]), flat(runs[0]))


# ------------------------------------------------------------------------------- what changes


class Annealed(LinearRegression):
    """Its scores have a factor of the program."""

    factor = 1.0

    def scores(self, x):
        return [s * self.factor for s in super().scores(x)]


def coefficient():
    """Return a model, a loss, targets, and what changes one of them from outside."""
    kept = {"c": 1.0}

    def loss(scores, target):
        return kept["c"] * (scores[0] - target) ** 2

    return LinearRegression(3), loss, NUMBERS, lambda: kept.update(c=3.0)


def value_replaced():
    kept = {"c": Value(1.0, constant=True)}

    def loss(scores, target):
        return kept["c"] * (scores[0] - target) ** 2

    return LinearRegression(3), loss, NUMBERS, lambda: kept.update(c=Value(2.0, constant=True))


def one_target():
    targets = list(NUMBERS)
    return LinearRegression(3), "mse", targets, lambda: targets.__setitem__(30, 9.0)


def a_class():
    targets = list(CLASSES)
    return SoftmaxRegression(3, 4), None, targets, lambda: targets.__setitem__(30, 3)


def model_changed():
    model = Annealed(3)
    return model, "mse", NUMBERS, lambda: setattr(model, "factor", 0.5)


def dropout_taken_out():
    model = mlp(dropout=Dropout(out=2))()
    return model, None, NUMBERS, lambda: model.dropout.__setitem__(0, None)


def another_parameter():
    model = LinearRegression(3)
    return model, "mse", NUMBERS, lambda: setattr(model, "b", Value(model.b.data))


OUTSIDE = (
    coefficient, value_replaced, one_target, a_class, model_changed, dropout_taken_out,
    another_parameter,
)  # fmt: skip


@compiling
@pytest.mark.parametrize("make", OUTSIDE)
@pytest.mark.parametrize("after", [1, 3, 5, 7])
def test_what_changes_while_training_is_noticed_before_epochs_2_4_8(make, after, engine):
    """After the epoch before such a one nothing goes wrong; else some epochs do, and it ends."""
    runs = []
    for name in ("eager", engine):
        model, loss, targets, change = make()
        seen = []

        def look(report, change=change, seen=seen):
            seen.append((report.engine, report.loss))
            if report.epoch == after:
                change()

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fit(
                model, XS, targets, loss=loss, epochs=10, batch_size=8, seed=4, on_epoch=look,
                learning_rate=0.05, engine=name, optimizer="momentum",
            )  # fmt: skip
        runs.append((seen, [p.data for p in model.parameters()]))
    (expected, right), (found, weights) = runs
    noticed = next(epoch for epoch in (2, 4, 8) if epoch > after)
    assert [name for name, _ in found] == [engine] * (noticed - 1) + ["eager"] * (11 - noticed)
    assert len(caught) == 1
    assert str(caught[0].message).startswith(f"From epoch {noticed} on training runs as Values")
    assert caught[0].filename == __file__, "the warning points to the caller"
    assert near(flat(found[i][1:] for i in range(after)), flat(r[1:] for r in expected[:after]))
    if noticed == after + 1:
        assert near(flat([row[1:] for row in found]), flat([row[1:] for row in expected]))
        assert near(weights, right)


@compiling
@pytest.mark.parametrize("task", ["l2", "shares", "own model", "dropout by chance"])
def test_comparing_while_training_changes_nothing_and_finds_nothing(task, engine):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for looking in ({}, {"on_epoch": lambda _: None}):
            found = trained(task, engine, epochs=5, **looking)
            assert found[1].engine == engine
            assert_equal(found, trained(task, "eager", epochs=5))


# ------------------------------------------------------------------------------- divergence


def runaway(*, rate, power=2, **settings):
    """Return a training that runs out of the numbers at some step."""

    def loss(scores, target):
        return (scores[0] - target) ** power

    return {"loss": loss, "optimizer": "sgd", "learning_rate": rate, "epochs": 40, **settings}


class Doubling(Optimizer):
    """Its numbers leave the range before the gradients do."""

    memory = 1

    def update(self, data, grad, state, step):
        return data + 0.0 * grad, (1e30 * (state[0] + 1.0) + 0.0 * step,)


DIVERGING = {  # model, settings
    "at once": (mlp(activation="relu"), runaway(rate=1e200)),
    "in some epochs": (mlp(activation="relu"), runaway(rate=3.0, power=4)),
    "in a late epoch": (lambda: LinearRegression(3), runaway(rate=9.0)),
    "one by one": (lambda: LinearRegression(3), runaway(rate=9.0, batch_size=1)),
    "with dropout": (mlp(activation="relu", dropout=0.5), runaway(rate=3.0, power=4)),
    "behind tanh": (mlp(activation="tanh"), runaway(rate=1e40)),
    "behind relu": (mlp(activation=lambda x: relu(-x)), runaway(rate=1e40, power=2)),
    "in the state of adam": (mlp(), runaway(rate=0.1, optimizer="adam", l2=1e165)),
    "in the state": (mlp(), {"optimizer": Doubling, "epochs": 5}),
    "in the data": (
        lambda: LinearRegression(3),
        {"optimizer": "sgd", "learning_rate": 1e300, "loss": lambda s, t: 1e200 * (s[0] - t)},
    ),
    "in the gradient": (
        lambda: LinearRegression(3), {"optimizer": "sgd", "loss": lambda s, _: s[0] * 1e200 * 1e200}
    ),
}  # fmt: skip


@compiling
@pytest.mark.parametrize("task", DIVERGING)
@pytest.mark.parametrize("who", ["nobody", "at epochs", "at steps"])
def test_divergence_is_the_same_error_at_the_same_step(task, who, engine):
    make, settings = DIVERGING[task]
    settings = {"batch_size": 8, **settings, **LOOKING[who]([])}
    runs = []
    for name in ("eager", engine):
        model = make()
        with pytest.raises(DivergenceError) as caught:
            fit(model, XS, NUMBERS, engine=name, **settings)
        runs.append((str(caught.value), [p.data for p in model.parameters()], caught.value.history))
    (text, weights, history), (found_text, found_weights, found_history) = runs
    where = text.split(":")[0]
    assert found_text.split(":")[0] == where
    assert "Training diverged in epoch" in where
    scale = max(map(abs, weights)) or 1.0
    found_weights = [x / scale for x in found_weights]
    assert found_weights == pytest.approx([x / scale for x in weights], abs=1e-9)
    assert len(found_history) == len(history)
    digits = str.maketrans("", "", "0123456789.e+-")
    assert found_text.translate(digits) == text.translate(digits)


@compiling
def test_a_model_that_is_out_of_range_from_the_start_diverges_in_its_step(engine):
    for sample, step in ((0, 1), (N - 1, 1)):
        model = LinearRegression(1)
        model.w[0].data = 1e200
        xs = [[1e-200] for _ in range(N)]
        xs[sample] = [1e200]
        with pytest.raises(DivergenceError, match=f"epoch 1, step {step}"):
            fit(model, xs, [1.0] * N, engine=engine, batch_size=None)


@compiling
@pytest.mark.parametrize("who", ["nobody", "at epochs", "at steps"])
def test_steps_that_only_values_can_do_are_done_by_values(who, engine):
    """A slope that is infinite, times a gradient of 0, is no number; Values don't multiply."""

    def loss(scores, target):
        small = 1e-200 + 0.0 * scores[0]
        flat = 0.0 * (target / small)
        return (scores[0] - target) ** 2 + autograd.where(autograd.step(target - 1.5), flat, 0.0)

    runs = []
    for name in ("eager", engine):
        model = mlp(dropout=0.3)()
        optimizer = Adam(model.parameters(), 0.02)
        settings = {"batch_size": 4, "epochs": 3, "optimizer": optimizer, **LOOKING[who]([])}
        history = fit(model, XS, NUMBERS, loss=loss, engine=name, **settings)
        runs.append((model, history, optimizer))
    assert_equal(runs[1], runs[0])


@compiling
@pytest.mark.parametrize("most", [0, 2])
@pytest.mark.parametrize("who", ["nobody", "at epochs", "at steps"])
def test_values_go_on_from_the_step_that_a_program_could_not_do(most, who, engine, monkeypatch):
    right = Machine.train

    def short(self, *arguments):
        """Do all steps, and say that only some were done."""
        done, losses, out = right(self, *arguments)
        return min(done, most), losses, out

    monkeypatch.setattr(Machine, "train", short)
    runs = []
    for name in ("eager", engine):
        model = mlp(dropout=0.3)()
        optimizer = Adam(model.parameters(), 0.02)
        settings = {"batch_size": 8, "epochs": 2, "optimizer": optimizer, **LOOKING[who]([])}
        history = fit(model, XS, NUMBERS, engine=name, schedule="linear", **settings)
        runs.append((model, history, optimizer))
    assert_equal(runs[1], runs[0])


@compiling
def test_a_check_that_values_can_not_make_is_left_to_training(engine, monkeypatch):
    def no(_order):
        raise ZeroDivisionError

    monkeypatch.setattr(autograd, "gradients", no)
    fit(LinearRegression(3), XS, NUMBERS, epochs=1, engine=engine)


# ------------------------------------------------------------------------------- what is refused


class OwnStep(SGD):
    def step(self):
        super().step()


class OwnZero(SGD):
    def zero_grad(self):
        super().zero_grad()


class Counting(SGD):
    """Its rule is not the same each time."""

    def __init__(self, parameters, learning_rate=0.1):
        super().__init__(parameters, learning_rate)
        self.calls = 0

    def update(self, data, grad, state, step):
        self.calls += 1
        return data - self.learning_rate / self.calls * grad, state


class Remembering(SGD):
    """Its rule keeps what it has seen in a list."""

    kept = ()

    def update(self, data, grad, state, step):
        self.kept = [*self.kept, len(self.kept)]
        return data - self.learning_rate * len(self.kept) * grad, state


class Deciding(SGD):
    def update(self, data, grad, state, step):
        return (data - 0.1 if grad > 0 else data + 0.1), state


class Warming(SGD):
    def update(self, data, grad, state, step):
        return data - (0.1 if step == 1 else 0.2) * grad, state


class IfAny(SGD):
    def update(self, data, grad, state, step):
        return (data - 0.1 * grad if grad else data - 1.0), state


class ByMath(SGD):
    def update(self, data, grad, state, step):
        return data - math.atan(grad), state


class ByOwnOperation(SGD):
    def update(self, data, grad, state, step):
        return data - 0.1 * ATAN(grad), state


class ByMany(SGD):
    def update(self, data, grad, state, step):
        return data - 0.1 * autograd.total([grad, data]), state


class Forgetful(Adam):
    def update(self, data, grad, state, step):
        return data - 0.1 * grad, ()


def by_equality(scores, target):
    return (scores[0] - 1.0) ** 2 if target == NUMBERS[0] else (scores[0] - target) ** 2


def by_size(scores, target):
    return (scores[0] - target) ** 2 * (1.0 if target > 0 else 3.0)


WEIGHTS = {NUMBERS[0]: 5.0}


def by_dictionary(scores, target):
    return (scores[0] - target) ** 2 * WEIGHTS.get(target, 1.0)


def by_error(scores, target):
    try:
        return (scores[0] - target) ** 2 * math.floor(2 + target)
    except TypeError:
        return (scores[0] - target) ** 2


def by_type(scores, target):
    return (scores[0] - target) ** 2 * (1.0 if isinstance(target, float) else 3.0)


def by_data(scores, target):
    return (scores[0] - target) ** 2 * scores[0].data


def asking(factor):
    """Return an optimizer whose rule asks what it is given."""

    class Asking(SGD):
        def update(self, data, grad, state, step):
            return data - self.learning_rate * factor(grad, step) * grad, state

    return Asking


class Noisy(LinearRegression):
    def scores(self, x):
        return [s * noise.uniform(0.9, 1.1) for s in super().scores(x)]


noise = random.Random(1)

REFUSED = {  # model, settings, message
    "own step": (LinearRegression, {"optimizer": OwnStep}, "OwnStep has a step of its own"),
    "own zero_grad": (LinearRegression, {"optimizer": OwnZero}, "OwnZero has a zero_grad of its"),
    "counting": (LinearRegression, {"optimizer": Counting}, "it does something else each time"),
    "remembering": (LinearRegression, {"optimizer": Remembering}, "it does something else each"),
    "deciding": (LinearRegression, {"optimizer": Deciding}, "rule is no plain arithmetic"),
    "looking up": (
        LinearRegression,
        {"optimizer": asking(lambda g, k: 2.0 if k in {1, 2} else 1)},
        "looks a number up",
    ),
    "by a dict": (
        LinearRegression,
        {"optimizer": asking(lambda g, k: {1: 0.5}.get(k, 2.0))},
        "looks a number up",
    ),
    "by text": (
        LinearRegression,
        {"optimizer": asking(lambda g, k: len(str(g)))},
        "makes text of a number",
    ),
    "by class": (
        LinearRegression,
        {"optimizer": asking(lambda g, k: 1 if isinstance(g, float) else 3)},
        "does something else with numbers",
    ),
    "warming": (LinearRegression, {"optimizer": Warming}, "compares numbers"),
    "if any": (LinearRegression, {"optimizer": IfAny}, "asks how large a number is"),
    "math": (LinearRegression, {"optimizer": ByMath}, "no plain arithmetic"),
    "own operation": (LinearRegression, {"optimizer": ByOwnOperation}, "uses atan_of_tests, which"),
    "of many": (LinearRegression, {"optimizer": ByMany}, "uses total, which is no plain"),
    "forgetful": (LinearRegression, {"optimizer": Forgetful}, "remembers 0 numbers, not 2"),
    "by equality": (LinearRegression, {"loss": by_equality}, "a number was asked of a Value"),
    "by size": (LinearRegression, {"loss": by_size}, "a number was asked of a Value"),
    "by dictionary": (LinearRegression, {"loss": by_dictionary}, "a Value was looked up"),
    "by an error": (LinearRegression, {"loss": by_error}, "The function caught this and went on"),
    "by type": (LinearRegression, {"loss": by_type}, "look at a target, or at the type"),
    "by data": (LinearRegression, {"loss": by_data}, "a number was asked of a Value"),
    "noisy": (Noisy, {}, "Recorded twice"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_compiled_is_refused_or_runs_as_values(name, monkeypatch):
    make, settings, message = REFUSED[name]
    settings = {"batch_size": 8, "epochs": 2, **settings}
    for engine in COMPILING:
        model = make(3)
        before = [p.data for p in model.parameters()]
        with pytest.raises(RecordingError, match=message):
            fit(model, XS, NUMBERS, engine=engine, **settings)
        assert [p.data for p in model.parameters()] == before
    monkeypatch.setattr(room, "_WORTH", 0.0)
    if name == "forgetful":
        return  # the engine of Values has no use for its rule either
    runs = []
    for engine in ("eager", "auto"):
        model = make(3)
        noise.seed(1)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fit(model, XS, NUMBERS, engine=engine, **settings)
        runs.append([p.data for p in model.parameters()])
        assert len(caught) == (engine == "auto")
    assert "Training runs as Values, more slowly, since it can't be compiled" in str(
        caught[0].message
    )
    if name != "noisy":
        assert runs[0] == runs[1]


def test_a_target_that_is_no_number_runs_as_values(monkeypatch):
    monkeypatch.setattr(room, "_WORTH", 0.0)

    def loss(scores, target):
        return (scores[0] - (1.0 if target == "yes" else 0.0)) ** 2

    targets = ["yes" if b else "no" for b in BITS]
    with pytest.warns(RuntimeWarning, match="can't be compiled"):
        fit(LinearRegression(3), XS, targets, loss=loss, epochs=1)
    with pytest.raises((TypeError, ValueError)):
        fit(LinearRegression(3), XS, targets, loss=loss, epochs=1, engine="numpy")


def test_targets_of_several_shapes_run_as_values(monkeypatch):
    monkeypatch.setattr(room, "_WORTH", 0.0)
    mixed = [CLASSES[0], *SHARES[1:]]
    with pytest.warns(RuntimeWarning, match="can't be compiled: targets\\[1\\] is .* one shape"):
        history = fit(SoftmaxRegression(3, 4), XS, mixed, epochs=1)
    for engine in COMPILING:
        message = r"targets\[1\] is \[.*\] and targets\[0\] is 1: a program takes targets of one"
        with pytest.raises(ValueError, match=message):
            fit(SoftmaxRegression(3, 4), XS, mixed, epochs=1, engine=engine)
    assert near([history.epochs[-1].loss], [fit(SoftmaxRegression(3, 4), XS, mixed, epochs=1,
                                                engine="eager").epochs[-1].loss])  # fmt: skip


@compiling
@pytest.mark.parametrize("judged", ["shares", "mixed"])
def test_validation_may_have_targets_of_another_shape(judged, engine):
    validation = XS, SHARES if judged == "shares" else [CLASSES[0], *SHARES[1:]]
    runs = []
    for name in ("eager", engine):
        model = SoftmaxRegression(3, 4)
        history = fit(model, XS, CLASSES, epochs=3, validation=validation, engine=name)
        runs.append(flat([*reports_of(history), [p.data for p in model.parameters()]]))
    assert near(runs[1], runs[0])


# ------------------------------------------------------------------------------- which engine


def made(model, targets, *, engine="auto", epochs=1, n=N):
    """Return what would carry out the steps."""
    xs = [XS[i % N] for i in range(n)]
    task = room.Task(model, model.loss, xs, [targets[i % N] for i in range(n)], [], 0.0)
    optimizer = SGD(model.parameters(), 0.1)
    return room.make_steps(task, optimizer, 8, epochs, engine, "end")


def test_auto_compiles_what_would_take_seconds(monkeypatch):
    assert made(LinearRegression(3), NUMBERS).name == "eager"
    assert made(LinearRegression(3), NUMBERS, epochs=10**6).name == "native"
    assert made(MLP(3, [40, 40, 1], seed=1), NUMBERS, epochs=500, n=100).name == "native"
    for engine in COMPILING:
        assert made(LinearRegression(3), NUMBERS, engine=engine).name == engine
    for missing, best in (("llvmlite", "numpy"), ("numpy", "eager")):
        from autograd.compile import machine

        monkeypatch.setattr(machine, "find_spec", lambda name, m=missing: None if name == m else 1)
        assert made(LinearRegression(3), NUMBERS, epochs=10**6).name == best
        with pytest.raises(ImportError, match=r"engine='native' needs numpy and llvmlite"):
            fit(LinearRegression(3), XS, NUMBERS, engine="native")
    with pytest.raises(ValueError, match="engine must be one of auto, eager, numpy, native"):
        fit(LinearRegression(3), XS, NUMBERS, engine="fast")


@compiling
def test_a_wrong_program_is_noticed_before_the_first_step(engine, monkeypatch):
    right = Machine.gradients_at

    def faulty(self, samples):
        fine = right(self, samples)
        self._engine.shared_grad[1] += 1e-6
        return fine

    monkeypatch.setattr(Machine, "gradients_at", faulty)
    with pytest.raises(RecordingError, match="compiled it gives .* where Values give"):
        fit(LinearRegression(3), XS, NUMBERS, engine=engine)


@compiling
def test_looking_before_the_first_step_leaves_no_trace(engine):
    model = LinearRegression(3)
    for p in model.parameters():
        p.grad = 3.0
    steps = training_steps(model, XS, NUMBERS, engine=engine)
    steps.close()
    made(model, NUMBERS, engine=engine).sync()
    assert [p.grad for p in model.parameters()] == [3.0] * 4


@compiling
def test_evaluating_gives_the_loss_and_the_decisions_of_values(engine):
    for task in ("classes", "shares", "relu", "sigmoid head", "probabilities", "own decision"):
        make, targets, settings = TASKS[task]
        model = make()
        loss = settings.get("loss", model.loss)
        loss = LOSSES.get(loss, loss) if isinstance(loss, str) else loss
        steps = room.MachineSteps(
            room.Task(model, loss, XS, targets, [], 0.0), SGD(model.parameters(), 0.1), 8, engine,
            "end",
        )  # fmt: skip
        mean, right = steps.evaluate(XS[3:30], targets[3:30])
        expected, decided = room.evaluated(model, loss, XS[3:30], targets[3:30])
        assert mean == pytest.approx(expected, rel=1e-12)
        assert right == decided


@compiling
def test_validation_that_is_not_finite_is_the_error_of_values(engine):
    for name in ("eager", engine):
        model = LinearRegression(1)
        with pytest.raises(DivergenceError, match="epoch 1, step 1"):
            fit(
                model, [[1.0], [2.0]], [1.0, 2.0], epochs=2, engine=name,
                validation=([[1.0], [1e308]], [0.0, 0.0]),
            )  # fmt: skip


def test_l2_is_part_of_the_objective_and_not_of_the_reported_loss():
    model = LinearRegression(1)
    model.w[0].data = 3.0
    history = fit(
        model, [[1.0]], [3.0], l2=0.5, epochs=1, optimizer="sgd", learning_rate=0.1, engine="numpy"
    )
    assert history.epochs[0].loss == 0.0
    assert model.w[0].data == pytest.approx(3.0 - 0.1 * 0.5 * 3.0)
    assert l2([Value(3.0)], 0.5, 1).data == pytest.approx(0.25 * 9)


class ByStep(Optimizer):
    """Reads how many steps were made, which its rule is also given."""

    def update(self, data, grad, state, step):
        return data - self.learning_rate / (1 + self.steps) * grad, ()


class Clip(Optimizer):
    """Looks at all gradients, where a rule is about one parameter."""

    def update(self, data, grad, state, step):
        norm = sum(p.grad**2 for p in self.parameters)
        return data - self.learning_rate / (1 + norm) * grad, ()


@compiling
@pytest.mark.parametrize("kind", [ByStep, Clip])
def test_a_rule_that_reads_what_moves_is_refused(kind, engine):
    model = LinearRegression(1)
    xs, ts = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
    with pytest.raises(RecordingError):
        fit(model, xs, ts, epochs=2, optimizer=kind, engine=engine)
