"""However training ends, by early stopping, divergence or a break, it leaves all in order."""

import gc
import itertools
import math
import re

import pytest
from six_samples import LINE, SIX

from nn import MLP, SGD, DivergenceError, LinearRegression, LogisticRegression, fit, training_steps

# --- what is given back ----------------------------------------------------------------------


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
