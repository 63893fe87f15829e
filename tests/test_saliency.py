import pytest

import nn
from nn import MLP, flip_rate, path_weights, saliency

SAMPLES = [[0.5, -1.0, 0.25], [2.0, 0.1, -0.3]]


@pytest.mark.parametrize("sizes", [[1], [4, 1], [3, 5, 2]])
def test_without_activations_the_path_weights_are_the_gradient(sizes):
    model = MLP(3, sizes, activation="linear", seed=1)
    for output in range(sizes[-1]):
        weights = path_weights(model, output)
        assert saliency(model, SAMPLES, output) == pytest.approx([abs(w) for w in weights])
        for i in range(3):
            higher = [x + (j == i) for j, x in enumerate(SAMPLES[0])]
            rise = model.score_numbers(higher)[output] - model.score_numbers(SAMPLES[0])[output]
            assert rise == pytest.approx(weights[i])


def test_the_path_weights_of_softmax_regression_are_its_weights():
    model = nn.SoftmaxRegression(3, 2, init="normal", seed=1)
    for k, neuron in enumerate(model.layers[0].neurons):
        assert path_weights(model, k) == [w.data for w in neuron.w]


def test_saliency_is_the_mean_slope_and_leaves_the_gradients_alone():
    model = MLP(3, [4, 1], activation="tanh", head="sigmoid", seed=1)
    for i, parameter in enumerate(model.parameters()):
        parameter.grad = float(i)
    found = saliency(model, SAMPLES)
    assert [p.grad for p in model.parameters()] == [
        float(i) for i in range(len(model.parameters()))
    ]
    step = 1e-6
    for i in range(3):
        slopes = []
        for x in SAMPLES:
            up, down = ([v + s * (j == i) for j, v in enumerate(x)] for s in (step, -step))
            rise = model.score_numbers(up)[0] - model.score_numbers(down)[0]
            slopes.append(abs(rise) / (2 * step))
        assert found[i] == pytest.approx(sum(slopes) / 2, rel=1e-6)


def test_flipping_what_the_model_does_not_hear_changes_nothing():
    model = nn.Perceptron(3)
    model.w[0].data = 1.0
    assert [flip_rate(model, SAMPLES, i) for i in range(3)] == [1.0, 0.0, 0.0]


BINARY = MLP(3, [1], head="sigmoid", seed=1)
WRONG = [
    (lambda: path_weights(nn.LogisticRegression(3)), TypeError, "layers of an MLP; got Logistic"),
    (lambda: path_weights(BINARY, 1), ValueError, "output is 1, .* outputs 0 to 0"),
    (lambda: saliency(BINARY, []), ValueError, "at least one sample"),
    (lambda: saliency(BINARY, [[1.0]]), ValueError, r"inputs\[0\] has 1 number, .* takes 3"),
    (lambda: saliency(BINARY, SAMPLES, -1), ValueError, "output is -1"),
    (lambda: flip_rate(BINARY, SAMPLES, 3), ValueError, "input is 3, .* inputs 0 to 2"),
    (lambda: flip_rate(MLP(3, [1]), SAMPLES, 0), ValueError, "mse .* numbers, not classes"),
]


@pytest.mark.parametrize(("typed", "kind", "answer"), WRONG)
def test_what_cannot_be_looked_at_is_answered(typed, kind, answer):
    with pytest.raises(kind, match=answer):
        typed()
