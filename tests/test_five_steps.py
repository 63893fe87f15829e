import pytest

import nn
from nn import backprop_algorithm

SAMPLES, TARGETS = [[0.5, -1.0], [1.0, 0.25]], [1, 0]


def make():
    return nn.MLP(2, [3, 1], activation="tanh", head="sigmoid", seed=1)


def test_it_is_per_sample_gradient_descent():
    model, plain = make(), make()
    steps = list(backprop_algorithm(model, SAMPLES, TARGETS, learning_rate=0.3, rounds=4))
    optimizer = nn.SGD(plain.parameters(), 0.3)
    for i in (0, 1, 0, 1):
        optimizer.zero_grad()
        plain.loss(plain.scores(SAMPLES[i]), TARGETS[i]).backward()
        optimizer.step()
    assert model.state() == plain.state()
    assert [step.number for step in steps] == [1] + [2, 3, 4, 5] * 4
    assert [step.sample for step in steps if step.number == 2] == [0, 1, 0, 1]


def test_each_weight_moves_by_x_times_delta_and_only_in_step_four():
    steps = list(backprop_algorithm(make(), SAMPLES, TARGETS, learning_rate=0.3, rounds=2))
    for before, after in zip(steps, steps[1:], strict=False):
        if after.number != 4:
            assert after.weights == before.weights
            continue
        row = after.table.rows[0]
        moved = after.weights["w₁₁¹"] - before.weights["w₁₁¹"]
        assert moved == pytest.approx(-0.3 * row.inputs[0] * row.delta, rel=1e-9)


def test_the_model_waits_until_the_next_step_is_asked_for():
    model = make()
    start = model.state()
    steps = backprop_algorithm(model, SAMPLES, TARGETS)
    for _ in range(3):
        next(steps)
    assert model.state() == start
    next(steps)
    assert model.state() != start


def test_many_neurons_are_cut_short():
    model = nn.MLP(2, [20, 1], seed=1)
    texts = [str(step) for step in backprop_algorithm(model, SAMPLES, TARGETS)]
    assert "… 9 more neurons" in texts[1]
    assert texts[3].endswith("…")
    assert texts[4] == "5. back to step 2"


WRONG = [
    (lambda: backprop_algorithm(3, SAMPLES, TARGETS), TypeError, "a model; got 3"),
    (lambda: backprop_algorithm(make(), SAMPLES, TARGETS, rounds=0), ValueError, "rounds is 0"),
    (lambda: backprop_algorithm(make(), SAMPLES, [1]), ValueError, "2 samples and 1 targets"),
    (lambda: backprop_algorithm(make(), [[1.0]], [1]), ValueError, "has 1 number, but"),
]


@pytest.mark.parametrize(("typed", "error", "answer"), WRONG)
def test_bad_use_is_answered_before_anything_moves(typed, error, answer):
    with pytest.raises(error, match=answer):
        typed()
