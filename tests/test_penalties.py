"""L2: the lecture's λ/(2N), its gradient, and its likeness to weight decay."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value
from nn import MLP, SGD, Adam, AdamW, LogisticRegression, l2, mean_loss, mse, weights_of

weight = st.floats(-1e3, 1e3)


@settings(deadline=None)
@given(st.lists(weight, min_size=1, max_size=6), st.floats(0, 100), st.integers(1, 1000))
def test_the_penalty_is_lambda_over_2n_times_the_squared_length(numbers, strength, samples):
    weights = [Value(w) for w in numbers]
    penalty = l2(weights, strength, samples)
    penalty.backward()
    squares = sum(w * w for w in numbers)
    assert penalty.data == pytest.approx(strength / (2 * samples) * squares, rel=1e-12)
    slopes = [strength / samples * w for w in numbers]
    assert [w.grad for w in weights] == pytest.approx(slopes, rel=1e-12, abs=1e-300)


def test_no_strength_is_no_penalty():
    assert l2([Value(3.0)], 0.0, 5).data == 0.0


@pytest.mark.parametrize(("strength", "samples"), [(-0.1, 10), (0.1, 0), (0.1, -1),
                                                   (float("nan"), 10)])  # fmt: skip
def test_impossible_strengths_are_refused(strength, samples):
    with pytest.raises(ValueError, match=f"got strength={strength}, samples={samples}"):
        l2([Value(1.0)], strength, samples)


def test_the_biases_are_left_out_by_custom():
    model = MLP(2, [3, 1])
    assert [value.label for value in weights_of(model)] == ["w1", "w2"] * 3 + ["w1", "w2", "w3"]
    neuron = LogisticRegression(2)
    assert weights_of(neuron) == neuron.w


def problem(seed=0):
    rng = random.Random(seed)
    inputs = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(8)]
    return inputs, [2 * x - y for x, y in inputs]


def trained(make_optimizer, penalty, steps=25):
    """Return two weights after some steps of full-batch descent, with a term or without."""
    inputs, targets = problem()
    weights = [Value(0.3), Value(-0.8)]
    optimizer = make_optimizer(weights)
    for _ in range(steps):
        optimizer.zero_grad()
        scores = [weights[0] * x + weights[1] * y for x, y in inputs]
        loss = mean_loss(mse, scores, targets)
        (loss + penalty(weights) if penalty else loss).backward()
        optimizer.step()
    return [w.data for w in weights]


LAMBDA, N = 0.6, 8


def test_for_plain_descent_the_penalty_is_the_same_as_weight_decay():
    by_term = trained(lambda w: SGD(w, 0.1), lambda w: l2(w, LAMBDA, N))
    by_decay = trained(lambda w: SGD(w, 0.1, weight_decay=LAMBDA / N), None)
    free = trained(lambda w: SGD(w, 0.1), None)
    assert by_term == pytest.approx(by_decay, abs=1e-12)
    assert max(abs(a - b) for a, b in zip(by_term, free, strict=True)) > 0.01


def test_for_adam_the_term_and_the_decoupled_decay_differ():
    by_term = trained(lambda w: Adam(w, 0.1), lambda w: l2(w, LAMBDA, N))
    coupled = trained(lambda w: Adam(w, 0.1, weight_decay=LAMBDA / N), None)
    decoupled = trained(lambda w: AdamW(w, 0.1, weight_decay=LAMBDA / N), None)
    assert by_term == pytest.approx(coupled, abs=1e-12)
    assert max(abs(a - b) for a, b in zip(by_term, decoupled, strict=True)) > 1e-3


def test_lambda_is_one_over_scikit_learns_c():
    inputs = [[0.5, 1.0], [-1.5, 0.25], [2.0, -1.0], [-0.5, -2.0],
              [1.0, 1.5], [-2.0, 0.75], [0.25, -0.5], [1.5, 2.5]]  # fmt: skip
    labels = [1, -1, 1, 1, -1, -1, 1, -1]
    # LogisticRegression(C=1 / 0.6, tol=1e-12).fit(inputs, labels) of scikit-learn 1.9.1 ends here,
    # so here our objective must be flat.
    model = LogisticRegression(2)
    model.load_state({"w": [0.7566223574305758, -1.2807546738151414], "b": 0.49663395444846853})
    loss = mean_loss("logistic", [model.scores(x) for x in inputs], labels)
    (loss + l2(weights_of(model), LAMBDA, len(inputs))).backward()
    assert [p.grad for p in model.parameters()] == pytest.approx([0.0] * 3, abs=1e-8)
