import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn

MODELS = [
    (lambda: nn.LogisticRegression(1, init="normal", seed=1), [1, -1, -1]),
    (lambda: nn.MLP(1, [3, 1], head="sigmoid", seed=1), [1, 0, 0]),
    (lambda: nn.MLP(1, [3, 4], head="softmax", seed=1), [0, 3, 2]),
    (lambda: nn.SoftmaxRegression(1, 4, init="normal", seed=1), [0, 3, 2]),
]
X = [[0.5], [-2.0], [3.0]]


@pytest.mark.parametrize(("make", "labels"), MODELS)
def test_it_is_made_of_the_probabilities_that_the_model_says(make, labels):
    model = make()
    said = []
    for x, label in zip(X, labels, strict=True):
        said.append(model.predict_proba(x)[max(label, 0)])
    assert nn.label_probabilities(model, X, labels) == pytest.approx(said, rel=1e-12)
    assert nn.likelihood(model, X, labels) == pytest.approx(said[0] * said[1] * said[2], rel=1e-12)
    mean = nn.evaluate(model, X, labels)[0]
    assert nn.log_likelihood(model, X, labels) == pytest.approx(-3 * mean, rel=1e-12)


@given(st.floats(-800, 800))
def test_the_two_labels_share_a_probability_of_one(score):
    model = nn.LogisticRegression(1)
    model.b.data = score
    assert sum(nn.label_probabilities(model, [[0.0]] * 2, [1, -1])) == pytest.approx(1, rel=1e-12)
    assert nn.log_likelihood(model, [[0.0]], [1]) <= 0


WRONG = [
    (nn.Perceptron(1), X, [1, 1, 1], "scores of a model with the loss hinge are none"),
    (nn.LogisticRegression(1), X, [1], "3 samples and 1 labels"),
    (nn.LogisticRegression(1), [], [], "at least one"),
    (nn.LogisticRegression(1), X, [1, 1, 0], "Sample 2: The target is 0"),
]


@pytest.mark.parametrize(("model", "inputs", "labels", "answer"), WRONG)
def test_bad_samples_are_answered(model, inputs, labels, answer):
    with pytest.raises(ValueError, match=answer):
        nn.likelihood(model, inputs, labels)
