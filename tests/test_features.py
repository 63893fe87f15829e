"""What hidden neurons make of the plane: the numbers of the model itself, in pictures and text."""

import re
from dataclasses import replace

import pytest

import nn
from nn import features, show_features

CIRCLES = nn.make_circles(30, seed=1)


def network(*sizes, **settings):
    return nn.MLP(2, [*sizes, 1], head="sigmoid", seed=1, **settings)


@pytest.mark.parametrize("activation", ["tanh", "relu", lambda s: s * s])
@pytest.mark.parametrize("layer", [1, 2])
def test_features_are_the_outputs_of_the_layer(activation, layer):
    model = network(4, 3, activation=activation)
    outputs = [0.3, -0.8]
    for stage in model.layers[:layer]:
        outputs = stage(outputs)
    assert features(model, [0.3, -0.8], layer) == pytest.approx([x.data for x in outputs])


def test_dropout_does_not_thin_the_features():
    model = network(4, activation="tanh", dropout=nn.Dropout(out=2))
    with nn.training_mode(seed=1):
        assert all(features(model, [0.3, -0.8]))


def test_the_line_of_a_first_layer_neuron_is_straight():
    chart = show_features(network(1, activation="tanh"), CIRCLES, points=9)
    [path] = re.findall(r'<path d="(M[^"]*)" fill="none"', chart.svg)
    places = [tuple(map(float, p.split(","))) for p in re.split("[ML]", path)[1:]]
    (x1, y1), (x2, y2) = min(places), max(places)
    for x, y in places:
        assert abs((x - x1) * (y2 - y1) - (y - y1) * (x2 - x1)) < 0.2 * abs(x2 - x1)


def test_each_neuron_has_its_map_and_its_line_of_text():
    chart = show_features(network(5, activation="tanh"), CIRCLES, points=5)
    assert chart.svg.count("<image") == 5
    assert [line.split(":")[0] for line in str(chart).splitlines()[1:]] == [
        f"neuron {j}" for j in range(1, 6)
    ]
    assert show_features(network(30), CIRCLES, points=3).svg.count("<image") == 24


def test_the_scaler_is_applied_to_the_plane():
    wide = replace(CIRCLES, inputs=[[1000 * x, 1000 * y] for x, y in CIRCLES.inputs])
    scaler = nn.Scaler().fit(wide.inputs)
    same = replace(CIRCLES, inputs=scaler.transform(wide.inputs))
    model = network(3, activation="tanh")
    raw = show_features(model, wide, scaler=scaler, points=5)
    assert str(raw) == str(show_features(model, same, points=5))


REFUSED = [
    (lambda: features(nn.LogisticRegression(2), [0.0, 0.0]), TypeError, "those of an MLP"),
    (lambda: features(network(3), [0.0, 0.0], 3), ValueError, "layers 1 to 2"),
    (lambda: features(network(3), [0.0]), ValueError, "Got 1 inputs, but this model takes 2"),
    (lambda: show_features(network(3), nn.load_iris()), ValueError, "has 4 features"),
    (lambda: show_features(network(3), CIRCLES, points=1), ValueError, "at least 2"),
]


@pytest.mark.parametrize(("call", "error", "words"), REFUSED)
def test_what_has_no_map_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_the_largest_and_the_smallest_output_stand_in_the_map():
    model = nn.MLP(2, [1, 1], activation="tanh", seed=1)
    model.layers[0].neurons[0].w[0].data, model.layers[0].neurons[0].w[1].data = 3.0, 0.0
    svg = show_features(model, nn.make_moons(20, seed=1)).svg
    (smallest, largest) = re.findall(r">([−+]\d[^<]*)</text>", svg)[::-1]
    assert (smallest[0], largest[0]) == ("−", "+")
    low, high = (
        float(re.search(rf'x="([^"]*)"[^>]*>{re.escape(t)}<', svg)[1]) for t in (smallest, largest)
    )
    assert low < high  # the weight says that it rises from left to right
