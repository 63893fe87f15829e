"""Training compiled diverges where Values do, and leaves to Values what only they can do."""

import pytest
from compiled_runs import compiling
from trained_runs import LOOKING, NUMBERS, XS, N, assert_equal, mlp

import autograd
from autograd import Machine, relu
from nn import Adam, DivergenceError, LinearRegression, Optimizer, fit

pytest.importorskip("llvmlite")


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


@compiling
def test_validation_that_is_not_finite_is_the_error_of_values(engine):
    for name in ("eager", engine):
        model = LinearRegression(1)
        with pytest.raises(DivergenceError, match="epoch 1, step 1"):
            fit(
                model, [[1.0], [2.0]], [1.0, 2.0], epochs=2, engine=name,
                validation=([[1.0], [1e308]], [0.0, 0.0]),
            )  # fmt: skip
