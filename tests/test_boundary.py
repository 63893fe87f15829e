"""The decision boundary: where the model says it is, in pictures and in text."""

import re
from xml.etree import ElementTree

import pytest

import nn
from nn import decision_map, show_boundary
from nn.boundary import misjudged

MOONS = nn.make_moons(60, noise=0.1, seed=1)


def line_model(model=None):
    """Return a model that decides by x1 + 2 x2 > 0.5."""
    model = model or nn.LogisticRegression(2)
    for p, number in zip(model.parameters(), [1.0, 2.0, -0.5], strict=True):
        p.data = number
    return model


@pytest.mark.parametrize("make", [nn.LogisticRegression, nn.Perceptron])
def test_the_boundary_of_a_line_is_that_line(make):
    found = decision_map(line_model(make(2)), MOONS, points=11)
    assert found.boundary()
    for segment in found.boundary():
        for x, y in segment:
            assert x + 2 * y == pytest.approx(0.5, abs=1e-9)


@pytest.mark.parametrize("head", ["sigmoid", "softmax"])
def test_the_map_says_what_the_model_predicts(head):
    model = nn.MLP(2, [4, 3 if head == "softmax" else 1], head=head, seed=1)
    data = nn.make_blobs(30, seed=1) if head == "softmax" else MOONS
    found = decision_map(model, data, points=7)
    for up, row in zip(found.y, found.classes(), strict=True):
        for across, k in zip(found.x, row, strict=True):
            assert k == model.predict([across, up])


def test_a_surer_decision_has_a_stronger_colour():
    found = decision_map(line_model(), MOONS, points=21)

    points = sorted(
        (abs(x + 2 * y - 0.5), min(int(colour[i : i + 2], 16) for i in (1, 3, 5)))
        for y, row in zip(found.y, found.colours(), strict=True)
        for x, colour in zip(found.x, row, strict=True)
        if x + 2 * y > 0.5
    )
    palest = [shade for _, shade in points]
    assert palest == sorted(palest, reverse=True)
    assert palest[0] > palest[-1] + 30
    flat = decision_map(line_model(nn.Perceptron(2)), MOONS, points=5)
    assert len({colour for row in flat.colours() for colour in row}) == 2, "a perceptron is sure"


def test_samples_are_ringed_where_they_are_misjudged():
    model = line_model()
    expected = {
        i
        for i, (x, t) in enumerate(zip(MOONS.inputs, MOONS.targets, strict=True))
        if (x[0] + 2 * x[1] > 0.5) != t
    }
    assert misjudged(model, MOONS) == expected
    chart = show_boundary(model, MOONS)
    rings = re.search(r'data-key="rings" d="([^"]*)"', chart.svg)[1]
    assert rings.count("M") == len(expected) > 0
    assert f"{len(expected)} of 60 misjudged (ring)" in chart.svg
    assert chart.svg.count("transform=") - 1 == 60 + 2, "samples, legend and the name of an axis"


def test_scaled_models_are_shown_in_raw_units():
    scaler = nn.Scaler().fit(MOONS.inputs)
    model = line_model()
    found = decision_map(model, MOONS, scaler=scaler, points=9)
    (a, _), *_ = found.boundary()
    ((x, y),) = scaler.transform([list(a)])
    assert x + 2 * y == pytest.approx(0.5, abs=1e-9)
    assert misjudged(model, MOONS, scaler) != misjudged(model, MOONS)


def test_classes_differ_in_shape_and_colour():
    data = nn.make_blobs(12, classes=4, seed=1)
    svg = show_boundary(nn.MLP(2, [4], head="softmax", seed=1), data).svg
    marks = re.findall(r'<path transform="[^"]*" d="([^"]*)" fill="([^"]*)"', svg)
    assert len({shape for shape, _ in marks}) == len({colour for _, colour in marks}) == 4


def test_the_text_is_a_map():
    text = str(show_boundary(line_model(), MOONS)).splitlines()
    assert text[-1] == ". upper   # lower"
    assert set("".join(text[1:-1])) == {".", "#"}
    assert text[1][-1] == "#", "up right x1 + 2 x2 is large"
    assert text[-2][0] == "."


def test_names_are_escaped():
    rows = [[0.0, 1.0], [1.0, 0.0]]
    data = nn.Dataset(rows, [0, 1], "<d>", ["<x>", "&y"], ["<no>", '"yes"'])
    chart = show_boundary(nn.LogisticRegression(2), data)
    found = [e.text for e in ElementTree.fromstring(chart.svg).iter() if e.text]
    assert {"<x>", "&y", "<no>", '"yes"'} <= set(found)


def test_a_feature_that_never_changes_is_no_trouble():
    data = nn.Dataset([[0.0, 1.0], [0.0, 2.0]], [0, 1], "flat", ["x", "y"], ["a", "b"])
    ElementTree.fromstring(show_boundary(nn.LogisticRegression(2), data).svg)


IRIS = nn.load_iris()
NUMBERS = nn.Dataset([[0.0, 1.0]], [0.5], "n", ["x", "y"], [])
LOST = line_model()
LOST.b.data = float("nan")
BLOBS = nn.make_blobs(9, classes=3, seed=1)
REFUSED = [
    (nn.LogisticRegression(2), MOONS.inputs, TypeError, r"drawn over a Dataset.*got \[\["),
    (nn.LogisticRegression(2), BLOBS, ValueError, "tells 2 classes apart.*'blobs' has 3"),
    (nn.MLP(2, [3], head="softmax", seed=1), MOONS, ValueError, "tells 3 classes apart.*has 2"),
    (LOST, MOONS, ValueError, r"scores of \[.*\] are \[nan\].*weights have diverged"),
    (3.0, MOONS, TypeError, "is that of a model such as an MLP; got 3.0"),
    (nn.LogisticRegression(3), MOONS, ValueError, "the model takes 3 and the data set 'moons' has"),
    (nn.LogisticRegression(2), IRIS, ValueError, "has 4 features"),
    (nn.LinearRegression(2), MOONS, ValueError, "here a number is predicted .loss mse"),
    (nn.LogisticRegression(2), NUMBERS, ValueError, "0 classes in 'n'"),
]


@pytest.mark.parametrize(("model", "data", "error", "text"), REFUSED)
def test_bad_arguments_are_refused(model, data, error, text):
    with pytest.raises(error, match=text):
        show_boundary(model, data)


def test_a_grid_needs_two_points_along_each_axis():
    model, data = nn.LogisticRegression(2), nn.make_xor(8, seed=1)
    with pytest.raises(ValueError, match="points is 1; the grid needs at least 2"):
        decision_map(model, data, points=1)
    assert len(decision_map(model, data, points=2).x) == 2
