import pytest

import nn
from nn import descend

X, Y = [[0.0], [1.0], [2.0]], [1.0, 3.0, 4.0]
WAYS = [
    (nn.gradient_descent, {}, 1),
    (nn.stochastic_gradient_descent, {"batch_size": 2}, 2),
    (nn.per_sample_gradient_descent, {}, 3),
]


@pytest.mark.parametrize(("way", "settings", "steps"), WAYS)
def test_a_way_records_where_the_parameters_were(way, settings, steps):
    model = nn.LinearRegression(1)
    path = way(model, X, Y, epochs=4, learning_rate=0.05, seed=1, **settings)
    assert path.steps_per_epoch == steps
    assert (len(path.points), len(path.losses), len(path.step_losses)) == (
        4 * steps + 1,
        4 * steps + 1,
        4 * steps,
    )
    assert (path.names, path.points[0]) == (("w1", "b"), (0.0, 0.0))
    assert path.points[-1] == (model.w[0].data, model.b.data)
    assert path.losses[0] == pytest.approx((1 + 9 + 16) / 3)
    assert path.losses[-1] == nn.evaluate(model, X, Y)[0] < path.losses[0]


def test_with_all_samples_a_step_goes_down_on_the_loss_of_all():
    path = nn.gradient_descent(nn.LinearRegression(1), X, Y, epochs=4, learning_rate=0.05)
    assert path.step_losses == pytest.approx(path.losses[:-1], rel=1e-12)


@pytest.mark.parametrize(("way", "settings", "_steps"), WAYS)
def test_the_engine_is_handed_on(way, settings, _steps):
    pytest.importorskip("numpy")
    eager, compiled = (
        way(nn.LinearRegression(1), X, Y, epochs=4, engine=engine, **settings)
        for engine in ("eager", "numpy")
    )
    for one, other in zip(eager.points, compiled.points, strict=True):
        assert other == pytest.approx(one, rel=1e-12)
    assert compiled.step_losses == pytest.approx(eager.step_losses, rel=1e-12)
    with pytest.raises(ValueError, match="engine must be one of"):
        way(nn.LinearRegression(1), X, Y, engine="fast")


def test_two_runs_give_the_same_path():
    runs = [
        nn.per_sample_gradient_descent(nn.LinearRegression(1), X, Y, epochs=3, seed=7).points
        for _ in range(2)
    ]
    assert runs[0] == runs[1]


def test_the_step_is_that_of_the_closed_form():
    path = descend(lambda a, b: a * a + 3 * b, [2.0, 1.0], learning_rate=0.25, steps=2)
    assert path.points == [(2.0, 1.0), (1.0, 0.25), (0.5, -0.5)]
    assert path.losses == [7.0, 1.75, -1.25]


@pytest.mark.parametrize("power", [2, 4])
def test_a_descent_that_runs_away_ends_at_the_last_numbers(power):
    path = descend(lambda w: w**power, [10.0], learning_rate=1e6, steps=500)
    assert 1 < len(path.points) < 500
    assert len(path.points) == len(path.losses) == len(path.step_losses) + 1


def test_a_descent_reads_as_a_short_table():
    text = str(descend(lambda w: w * w, [1.0], learning_rate=0.1, steps=100))
    lines = text.splitlines()
    assert lines[0].split() == ["step", "loss", "w1"]
    assert lines[1].split() == ["0", "1", "1"]
    assert lines[-1].split()[0] == "100"
    assert len(lines) <= 15


WRONG = [
    (lambda: descend(lambda w: w, [], learning_rate=0.1), "start of at least one number"),
    (lambda: descend(lambda w: w, [1.0], learning_rate=0.0), "learning_rate=0.0"),
    (lambda: descend(lambda w: w, [1.0], learning_rate=float("nan")), "learning_rate=nan"),
    (lambda: descend(lambda w: w, [1.0], learning_rate=1.0, steps=0), "steps=0"),
    (lambda: nn.gradient_descent(nn.LinearRegression(1), [], []), "at least one"),
]


@pytest.mark.parametrize(("typed", "answer"), WRONG)
def test_a_bad_descent_is_answered(typed, answer):
    with pytest.raises(ValueError, match=answer):
        typed()
