"""What changes while a program trains is heard, or noticed, and training goes on as Values."""

import warnings
from contextlib import nullcontext
from typing import ClassVar

import pytest
from compiled_runs import compiling
from trained_runs import CLASSES, NUMBERS, XS, assert_equal, flat, mlp, near, trained

from autograd import Value, step, where
from nn import (
    MLP,
    SGD,
    Adam,
    DivergenceError,
    Dropout,
    LinearRegression,
    Module,
    Optimizer,
    SoftmaxRegression,
    fit,
)

pytest.importorskip("llvmlite")


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


def seen_by_few():
    """As `coefficient`, of which a quarter of the samples knows nothing, the first among them."""
    kept = {"c": 1.0}

    def loss(scores, target):
        return where(step(target - 3.5), 1.0, kept["c"]) * (scores[0] - target) ** 2

    targets = [1.0 + i % 4 for i in range(len(XS))]
    targets[0] = 4.0
    return LinearRegression(3), loss, targets, lambda: kept.update(c=3.0)


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
    coefficient, value_replaced, seen_by_few, one_target, a_class, model_changed, dropout_taken_out,
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


class Dividing(Module):
    """A model whose inputs are divided before they meet the dropout."""

    loss, head, nin, nout = "mse", "linear", 2, 1

    def __init__(self, scale):
        self.scale = scale
        self.inner = MLP(2, [4, 1], dropout=Dropout(probability=0.5), seed=1)

    def parameters(self):
        return self.inner.parameters()

    def scores(self, x):
        return self.inner.scores([v / self.scale[0] for v in x]) * self.scale[1]


@compiling
@pytest.mark.parametrize(
    ("index", "number", "error", "word"),
    [(0, 0.0, DivergenceError, "Values raise ZeroDivisionError"), (1, 2, None, "numbers where")],
)
def test_a_model_that_fails_or_has_more_scores_later_runs_as_values(
    engine, index, number, error, word
):
    scale, engines = [2.0, 1], []

    def on_epoch(report):
        engines.append(report.engine)
        if report.epoch == 1:
            scale[index] = number

    xs, ys = [[1.0, 2.0], [3.0, 4.0], [0.5, 0.1]], [1.0, 2.0, 3.0]
    with (
        pytest.warns(RuntimeWarning, match=word),
        pytest.raises(error) if error else nullcontext(),
    ):
        fit(
            Dividing(scale), xs, ys, epochs=3, batch_size=2, engine=engine, on_epoch=on_epoch,
            loss=lambda scores, target: (scores[0] - target) ** 2, learning_rate=0.01, seed=1,
        )  # fmt: skip
    assert engines[0] == engine
    assert set(engines[1:]) <= {"eager"}


class Normal(SGD):
    """Steps of one size, not defined where the gradient is 0; it remembers a thing for itself."""

    def __init__(self, parameters, learning_rate):
        super().__init__(parameters, learning_rate)
        self.note = object()

    def update(self, data, grad, state, step):
        return data - self.learning_rate * grad / (grad * grad) ** 0.5, state


@compiling
def test_a_rule_may_be_undefined_for_some_gradients_and_keep_things_that_are_not_compared(engine):
    def run(engine):
        model, engines = MLP(3, [2, 1], seed=3), []
        fit(
            model, XS, NUMBERS, epochs=2, engine=engine, loss="mse", seed=1,
            optimizer=lambda parameters, rate: Normal(parameters, rate),
            on_epoch=lambda report: engines.append(report.engine),
        )  # fmt: skip
        return engines[-1], [p.data for p in model.parameters()]

    (used, found), (_, expected) = run(engine), run("eager")
    assert used == engine
    assert found == pytest.approx(expected, rel=1e-12)


# -------------------------------------------------------------------------- rules that read more

RATE = 0.01


class Rates:
    """Where rules below find their rates."""

    rate = 0.01
    history: ClassVar[list[float]] = []


class FromGlobal(Optimizer):
    def update(self, data, grad, state, step):
        return data - RATE * grad, ()


class FromEntry(Optimizer):
    kept: ClassVar[dict[str, float]] = {"rate": 0.01}

    def update(self, data, grad, state, step):
        return data - self.kept["rate"] * grad, ()


class FromObject(Optimizer):
    def update(self, data, grad, state, step):
        return data - Rates.rate * grad, ()


class FromValue(Optimizer):
    k = Value(0.01)

    def update(self, data, grad, state, step):
        return data - self.k.data * grad, ()


class FromLength(Optimizer):
    @property
    def rate(self):
        return 0.01 * (1 + len(Rates.history))

    def update(self, data, grad, state, step):
        return data - self.rate * grad, ()


class FromMethod(Optimizer):
    def update(self, data, grad, state, step):
        return data - 0.01 * grad, ()


def other_method(_self, data, grad, _state, _step):
    return data - 0.2 * grad, ()


READING = {  # a rule, and what changes what it reads
    FromGlobal: lambda patch: patch.setitem(globals(), "RATE", 0.2),
    FromEntry: lambda patch: patch.setitem(FromEntry.kept, "rate", 0.2),
    FromObject: lambda patch: patch.setattr(Rates, "rate", 0.2),
    FromValue: lambda patch: patch.setattr(FromValue, "k", Value(0.2)),
    FromLength: lambda patch: patch.setattr(Rates, "history", [1.0] * 9),
    FromMethod: lambda patch: patch.setattr(FromMethod, "update", other_method),
}


@compiling
@pytest.mark.parametrize("rule", READING)
def test_what_a_rule_reads_elsewhere_is_heard_at_once(rule, engine, quiet):
    runs = []
    for name in ("eager", engine):
        model = LinearRegression(3)
        optimizer = rule(model.parameters(), 1.0)
        with pytest.MonkeyPatch.context() as patch:

            def change(report, change=READING[rule], patch=patch):
                if report.epoch in (3, 5):
                    change(patch)

            history = fit(
                model, XS, NUMBERS, optimizer=optimizer, on_epoch=change, epochs=9, seed=1,
                batch_size=16, engine=name,
            )  # fmt: skip
        runs.append([*history.losses, *[p.data for p in model.parameters()]])
    assert near(runs[1], runs[0])
    assert not quiet


@compiling
@pytest.mark.parametrize(
    "change",
    [
        lambda optimizer: setattr(optimizer, "state", [("a", "b")]),
        lambda optimizer: setattr(optimizer, "update", lambda *_: print("no rule")),
        lambda optimizer: setattr(optimizer, "betas", (0.1, 0.2)),
    ],
)
def test_what_is_changed_after_the_last_step_has_moved_nothing(change, engine, quiet):
    model = LinearRegression(3)
    optimizer = Adam(model.parameters(), 0.01)

    def last(report):
        if report.epoch == 3:
            change(optimizer)

    fit(model, XS, NUMBERS, optimizer=optimizer, on_epoch=last, epochs=3, engine=engine)
    assert not quiet


@compiling
@pytest.mark.parametrize("make", OUTSIDE)
@pytest.mark.parametrize("epochs", [6, 14])
def test_a_change_after_the_last_epoch_that_is_compared_is_said_at_the_end(make, epochs, engine):
    model, loss, targets, change = make()

    def look(report):
        if report.epoch == epochs - 1:
            change()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(model, XS, targets, loss=loss, epochs=epochs, on_epoch=look, engine=engine, seed=4)
    assert len(caught) == 1
    assert str(caught[0].message).startswith("Training ended as a program that does not do what")
    assert f"at the start of epoch {4 if epochs == 6 else 8};" in str(caught[0].message)
    assert caught[0].filename == __file__, "the warning points to the caller"
