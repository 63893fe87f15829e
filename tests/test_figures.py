import re
from xml.etree import ElementTree

import pytest

import nn
from autograd import Value
from nn import figures
from nn.contours import contour_lines
from nn.figures import FIGURES, gallery_page
from nn.figures.curves import ZONES as ZONES_OF

LECTURE = [f"06-0{i}" for i in range(1, 10)] + ["image-17"]
OURS = ["losses", "cat_pixel"]  # the lecture has them in words
KNOWN = {  # what the text form of a figure must say
    "06-01": ["13.8629", "0.5 nA", "0, 0, 0, 1, 2 spikes of 100 mV each"],
    "06-02": ["18 updates", "w1 = 3, w2 = 2, b = −4"],
    "06-03": ["3–4–4–2", "36 weights"],
    "06-04": ["0.5 at 0 with slope 0.25", "0.880797"],
    "losses": ["0.6931"],
    "06-05": ["η = 0.05", "η = 1.02"],
    "06-06": ["0.1385, −0.0381", "0.008771", "0.08217"],
    "06-07": ["w₂₁²"],
    "06-08": ["0.25, 1 and 1", "0.0707"],
    "06-09": ["0.09003, 0.2447, 0.6652", "−0.3348", "0.4076"],
    "image-17": ["best in epoch 11"],
    "cat_pixel": ["over-fitted: 52 % right, flipped, it turns 100 %", "100.0%    0.0%   0.185"],
}


CHARTS = {figure.name: figure.draw() for figure in FIGURES}


def test_the_lecture_has_no_other_figures():
    assert [figure.number for figure in FIGURES if figure.number] == LECTURE
    assert set(KNOWN) == set(CHARTS) == {*LECTURE, *OURS}


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_a_figure_is_well_formed_and_the_same_each_time(figure):
    chart = CHARTS[figure.name]
    root = ElementTree.fromstring(chart.svg)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    assert root.attrib["aria-label"] == chart.alt
    assert "nan" not in chart.svg
    assert not re.search(r'\bid="|http(?!://www\.w3\.org)', chart.svg)
    for text in root.iter("{http://www.w3.org/2000/svg}text"):
        if "x" in text.attrib:
            assert 0 <= float(text.attrib["x"]) <= width
            assert 0 <= float(text.attrib["y"]) <= height
    assert figure.draw() == chart


@pytest.mark.parametrize("name", KNOWN)
def test_a_figure_says_its_known_numbers_in_text(name):
    chart = CHARTS[name]
    for words in KNOWN[name]:
        assert words in chart.text


def test_the_gallery_has_all_of_them_and_nothing_from_outside():
    page = gallery_page()
    assert page == gallery_page()
    for figure in FIGURES:
        assert figure.title in page
        assert figure.russian in page
        assert CHARTS[figure.name].alt in page.replace("&#x27;", "'")
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert len(page) < 1_500_000


def test_the_bars_of_softmax_are_as_high_as_the_probabilities():
    root = ElementTree.fromstring(figures.softmax_bars((0.0, 0.0), 1).svg)
    heights = [float(e.attrib["height"]) for e in root.iter() if e.tag.endswith("rect")]
    assert heights[-1] == heights[-3] == 75.0
    assert "δ" in figures.softmax_bars((5.0, -5.0), 0).text


ZONES = [(name, *zone) for name, zones in ZONES_OF.items() for zone in zones]


@pytest.mark.parametrize(("name", "start", "end", "words"), ZONES)
def test_slopes_are_small_where_they_are_shaded(name, start, end, words):
    for s in (start, (start + end) / 2, end):
        x = Value(s)
        nn.find_activation(name)(x).backward()
        assert x.grad < 0.02, words


def test_your_own_network_and_perceptron_are_drawn():
    model = nn.MLP(2, [3, 3, 1], activation="tanh", seed=1)
    chart = figures.backprop(model, [0.5, -1.0], 1.0)
    assert "2–3–3–1" in chart.alt
    row = nn.backprop_table(model, [0.5, -1.0], 1.0).rows[0]
    assert f"{row.delta:.4g}".replace("-", "−") in chart.svg
    assert "w₃₂²" in figures.layers(model, [0.5, -1.0], layer=2, i=3, j=2).alt
    labels = (-1, 1, 1, 1)
    assert "learns in" in figures.perceptron(labels=labels).alt
    xor = figures.perceptron(labels=(-1, 1, 1, -1), max_epochs=3)
    assert xor.alt == "a perceptron has not learned after 12 updates: w1 = 0, w2 = 0, b = 0"
    assert "not learned" in xor.svg


def test_images_are_grey_from_the_smallest_to_the_largest_and_weights_blue_and_red():
    def colours(chart):
        root = ElementTree.fromstring(chart.svg)
        return [e.attrib["fill"] for e in root.iter() if len(e) and e.tag.endswith("rect")]

    pictures = {"a": [-1.0, 0.0], "b": [1.0, 1.0]}
    assert colours(figures.images(pictures, (1, 2))) == ["#000000", "#808080", *["#ffffff"] * 2]
    signed = figures.images({"w": [-2.0, 0.0, 2.0]}, (1, 3), signed=True, ring=2)
    assert colours(signed) == ["#f78c78", "#ffffff", "#78b2f5"]
    assert signed.svg.count("<circle") == 1
    assert signed.text.endswith("\nw\n−#   #")
    flat = figures.images({"nothing": [0.0] * 4}, (2, 2), signed=True)
    assert colours(flat) == ["#ffffff"] * 4
    rows = figures.images({str(i): [0.0] for i in range(5)}, (1, 1), across=2)
    assert rows.alt.startswith("5 images of 1 by 1 pixels: 0, 1")


def test_your_own_networks_are_judged_by_the_pixel():
    model = nn.MLP(64, [2, 1], activation="tanh", head="sigmoid", seed=1)
    chart = figures.cat_pixel({"untrained": model}, nn.make_cats(20, seed=1))
    assert chart.alt.startswith("untrained: ")
    assert "untrained" in chart.svg


def test_any_recorded_path_is_drawn_over_its_contours():
    model, data = nn.LogisticRegression(1), ([[-1.0], [2.0], [0.5]], [-1, 1, -1])
    path = nn.per_sample_gradient_descent(model, *data, epochs=3)

    def height(w, b):
        model.w[0].data, model.b.data = w, b
        return nn.evaluate(model, *data)[0]

    chart = figures.show_descent(height, {"per sample": path})
    root = ElementTree.fromstring(chart.svg)
    dots = [e for e in root.iter() if e.tag.endswith("circle")]
    assert len(dots) == len(path.points) + 2
    assert "9 steps" in chart.svg


def test_panels_share_a_scale_unless_one_runs_far_away():
    def ticks(rates, steps):
        root = ElementTree.fromstring(figures.descent(learning_rates=rates, steps=steps).svg)
        texts = [e for e in root.iter() if e.tag.endswith("text") and e.attrib.get("y") == "318.0"]
        panels = [float(e.attrib["x"]) // 320 for e in texts]
        words = [e.text for e in texts]
        return [[w for w, p in zip(words, panels, strict=True) if p == i] for i in (0, 1)]

    near, far = ticks((0.1, 0.6), 10)
    assert near == far
    near, far = ticks((0.1, 1.5), 40)
    assert near != far


VERDICTS = [(0.05, "on its way"), (0.6, "arrives"), (1.02, "runs away"), (1.0, "on its way")]


@pytest.mark.parametrize(("rate", "verdict"), VERDICTS)
def test_a_panel_says_how_it_ended(rate, verdict):
    assert verdict in figures.descent(learning_rates=[rate]).svg


def test_contours_are_at_their_level():
    xs = [i / 10 for i in range(-20, 21)]
    heights = [[x * x + y * y for x in xs] for y in xs]
    lines = contour_lines(xs, xs, heights, 1.0)
    assert len(lines) > 20
    for segment in lines:
        for x, y in segment:
            assert x * x + y * y == pytest.approx(1.0, abs=0.01)


WRONG = [
    (lambda: figures.experiment(currents=[]), "at least one pulse"),
    (lambda: figures.experiment(currents=[float("nan")]), "finite"),
    (lambda: figures.perceptron([[0.0, 1.0]], [2]), "labels"),
    (lambda: figures.perceptron([[0.0]], [1]), "takes 2"),
    (lambda: figures.softmax_bars([1.0]), "2 to 10 scores; got 1"),
    (lambda: figures.softmax_bars([1.0, 2.0], 5), "classes are 0 to 1"),
    (lambda: figures.likelihood_bars([]), "one or more"),
    (lambda: figures.likelihood_bars([0.5, 1.5]), "above 0 and at most 1"),
    (lambda: figures.descent(learning_rates=[]), "at least one learning rate"),
    (lambda: figures.show_descent(max, {}), "at least one path"),
    (
        lambda: figures.show_descent(
            max, {"one": nn.descend(lambda w: w * w, [1.0], learning_rate=0.1)}
        ),
        "'one' moves 1 numbers",
    ),
    (lambda: figures.backprop(nn.MLP(2, [9, 1]), [0.0, 0.0], 1.0), "widest layer has 9"),
    (lambda: figures.layers(layer=7), "layers 1 to 3|layer is 7"),
    (lambda: figures.layers(i=9), "no weight from 9"),
    (lambda: figures.images({}, (1, 1)), "at least one picture"),
    (lambda: figures.images({"a": [1.0]}, (1, 1), across=0), "across=0"),
    (lambda: figures.images({"a": [1.0]}, (2, 2)), "'a' has 1 numbers, but 2 rows of 2 are 4"),
    (lambda: figures.images({"a": [float("inf")]}, (1, 1)), "all finite"),
    (lambda: figures.images({"a": [1.0]}, (1, 1), ring=1), "ring is 1"),
    (lambda: figures.cat_pixel({"small": nn.MLP(3, [1], head="sigmoid")}), "takes 3|model takes"),
    (lambda: figures.early_stopping(nn.History()), "2 epochs or more with validation"),
]


@pytest.mark.parametrize(("typed", "answer"), WRONG)
def test_what_cannot_be_drawn_is_answered(typed, answer):
    with pytest.raises(ValueError, match=answer):
        typed()
