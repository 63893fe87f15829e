"""Charts: the right numbers, legible, in pictures and in text."""

import math
import re
from xml.etree import ElementTree

import pytest

import nn
from nn import History, Report, show_confusion, show_curves, show_history
from nn.axes import Axes, Chart, decades, span_of, ticks

INF, NAN = math.inf, math.nan


def history(losses, validation=()):
    checked = [*validation, *[None] * (len(losses) - len(validation))]
    return History(
        [
            Report(i, i, loss, 0.1, True, validation_loss=v)
            for i, (loss, v) in enumerate(zip(losses, checked, strict=True), start=1)
        ]
    )


def texts(chart):
    return [e.text for e in ElementTree.fromstring(chart.svg).iter() if e.text]


HISTORIES = [  # losses, validation losses, what the picture says, what it does not
    ([0.7, 0.4], [], ["loss", "training 0.4", "best: epoch 2, 0.4"], "validation"),
    ([0.7, 0.4], [0.3, 0.5], ["validation 0.5", "best: epoch 1, 0.3"], "logarithmic"),
    ([10.0, 0.01], [], ["loss, logarithmic scale", "0.1", "1", "10"], "diverged"),
    ([1.0, INF], [], ["diverged in epoch 2: the loss is inf", "training inf"], "logarithmic"),
    ([1.0, 2.0], [1.0, NAN], ["diverged in epoch 2: the validation loss is nan"], "inf"),
    ([0.5], [], ["training 0.5", "best: epoch 1, 0.5"], "diverged"),
    ([0.0, 0.0, 0.0], [], ["training 0", "best: epoch 1, 0"], "diverged"),
    ([NAN], [], ["diverged in epoch 1: the loss is nan"], "best"),
    ([-2.0, -3.0], [], ["training −3"], "logarithmic"),
]


@pytest.mark.parametrize(("losses", "validation", "said", "unsaid"), HISTORIES)
def test_a_history_says_what_happened(losses, validation, said, unsaid):
    chart = show_history(history(losses, validation))
    assert set(said) <= set(texts(chart))
    assert unsaid not in " ".join(texts(chart))
    assert "nan" not in "".join(re.findall(r' (?:d|x|y|cx|cy)="([^"]*)"', chart.svg))


def test_what_fit_says_of_its_end_is_in_the_picture():
    slope = [[float(i)] for i in range(20)], [3.0 * i for i in range(20)]
    settings = {"epochs": 60, "optimizer": "sgd", "learning_rate": 5.0, "batch_size": None}
    with pytest.raises(nn.DivergenceError) as caught:
        nn.fit(nn.LinearRegression(1), *slope, **settings)
    said = "diverged in epoch 51, step 51"
    chart = show_history(caught.value.history)
    assert said in texts(chart)
    assert chart.alt.endswith(said)
    early = History(history([0.7, 0.4]).epochs, "stopped: enough; weights of epoch 2 restored")
    assert early.stopped in texts(show_history(early))


@pytest.mark.parametrize("losses", [[0.0, 1.7e308], [1.0, 1.7e308], [5e-324, 5e-324]])
def test_losses_at_the_ends_of_the_range_are_drawn(losses):
    svg = show_history(history(losses)).svg
    assert not re.search(r'="[^"]*(?:nan|inf)[^"]*"', svg)


def test_an_empty_curve_is_no_path():
    assert 'd="h' not in show_history(history([NAN])).svg


def test_the_curve_runs_through_the_losses():
    chart = show_history(history([4.0, 2.0, 0.0]))
    path = next(p for p in re.findall(r'd="(M[^"]*L[^"]*)"', chart.svg))
    points = [tuple(map(float, p.split(","))) for p in re.split("[ML]", path)[1:]]
    across, down = zip(*points, strict=True)
    assert across[1] - across[0] == pytest.approx(across[2] - across[1], abs=0.11)
    assert down[1] - down[0] == pytest.approx(down[2] - down[1], abs=0.11)
    assert down[0] < down[1] < down[2]


def test_curves_differ_in_more_than_colour():
    chart = show_history(history([0.7, 0.4], [0.6, 0.5]))
    curves = re.findall(r'<path [^>]*stroke-width="2"[^>]*>', chart.svg)
    assert len({re.search(r'dasharray="([^"]*)"', curve)[1] for curve in curves}) == 2


def test_names_of_curves_do_not_overlap():
    chart = show_history(history([0.7, 0.5], [0.6, 0.5]))
    places = re.findall(r'<text x="[^"]*" y="([^"]*)"[^>]*>(?:training|validation)', chart.svg)
    assert abs(float(places[0]) - float(places[1])) >= 15


def test_names_of_curves_stay_beside_the_axes():
    chart = show_history(history([90.0, 1.0], [90.0, 1.01]))
    places = re.findall(r'<text x="[^"]*" y="([^"]*)"[^>]*>(?:training|validation)', chart.svg)
    lowest_tick = re.search(r'<text x="[^"]*" y="([^"]*)"[^>]*>1<', chart.svg)[1]
    assert max(map(float, places)) <= float(lowest_tick) - 16


def test_the_text_begins_with_the_outcome():
    chart = show_history(history([1.0, INF]))
    assert str(chart).splitlines()[0] == chart.alt
    assert "diverged in epoch 2: the loss is inf" in chart.alt


NEARLY_EQUAL = [
    [0.69315, 0.69312],
    [2001.0, 2004.0],
    [1.0, 1.0 + 2e-13],
    [1e85, 1e85 * (1 + 1e-15)],
]


@pytest.mark.parametrize("losses", NEARLY_EQUAL)
def test_ticks_of_nearly_equal_losses_differ(losses):
    svg = show_history(history(losses)).svg
    said = re.findall(r'text-anchor="end" fill="#222222">([^<b]*)<', svg)
    assert 3 <= len(said) == len(set(said)) <= 9


CURVES = [  # curves, settings, what the picture says, what it does not
    ({"a": ([0, 1], [1, 3])}, {"x": "w", "y": "L"}, ["w", "L", "a 3"], "logarithmic"),
    (
        {"a": ([0, 1], [1, 3]), "b": ([0, 5], [2, -1])},
        {"title": "two"},
        ["two", "b −1", "5"],
        "nan",
    ),
    ({"a": ([0, 1], [0.001, 3])}, {"y": "L"}, ["L, logarithmic scale"], "nan"),
    ({"a": ([0, 1], [0.001, 3])}, {"y": "L", "logarithmic": False}, ["L"], "logarithmic"),
    ({"a": ([0, 1, 2], [1, NAN, INF])}, {}, ["a inf"], "nan"),
    ({"a": ([7], [7])}, {}, ["a 7"], "nan"),
]


@pytest.mark.parametrize(("curves", "settings", "said", "unsaid"), CURVES)
def test_curves_of_any_kind(curves, settings, said, unsaid):
    chart = show_curves(curves, **settings)
    assert set(said) <= set(texts(chart))
    assert unsaid not in " ".join(texts(chart))
    assert "nan" not in "".join(re.findall(r' (?:d|x|y|cx|cy)="([^"]*)"', chart.svg))
    assert ElementTree.fromstring(chart.svg).get("aria-label") == chart.alt


def test_the_samples_that_a_curve_fits_are_dots():
    chart = show_curves({"a": ([0, 1], [1, 3])}, points=([0.5, -4.0, 1.0], [2.0, 9.0, NAN]))
    assert chart.svg.count("<circle") == 2
    assert {"−4", "8"} <= set(texts(chart)), "the axes have room for them"


def test_a_curve_of_any_kind_runs_through_its_points():
    chart = show_curves({"a": ([0, 1, 2], [0.0, 4.0, 2.0])})
    axes = Axes((0, 2), span_of([0.0, 4.0, 2.0]))
    path = "L".join("{:.1f},{:.1f}".format(*axes.place(x, y)) for x, y in ((0, 0), (1, 4), (2, 2)))
    assert f'd="M{path}"' in chart.svg


def test_the_text_of_curves_has_a_table_for_each_set_of_places():
    long, steps = list(range(100)), [0, 50, 99]
    chart = show_curves(
        {"a": (long, long), "b": (long, [2 * x for x in long]), "c": (steps, steps)}
    )
    lines = chart.text.splitlines()
    assert [line.split() for line in (lines[1], lines[-4])] == [["x", "a", "b"], ["x", "c"]]
    assert lines[-5].split() == ["99", "99", "198"], "the last point is always there"
    assert len(lines) < 20


def test_a_history_draws_itself_in_a_notebook():
    full, empty = history([0.7, 0.4]), History()
    bundle = full._repr_mimebundle_(include=None, exclude=None)
    assert list(bundle) == ["text/html", "text/plain"]
    assert bundle["text/plain"] == str(full)
    assert empty._repr_mimebundle_() == {"text/plain": "No epoch has ended yet."}
    with pytest.raises(ValueError, match="has no epoch to show"):
        show_history(empty)


TICKS = [(0, 1), (0, 0.003), (-5, 5), (1, 100), (0.95, 1.05), (1e-12, 2e-12), (0, 1e9)]


@pytest.mark.parametrize(("low", "high"), TICKS)
def test_ticks_are_few_round_and_inside(low, high):
    found = ticks(low, high)
    assert 3 <= len(found) <= 9
    assert all(low - 1e-9 * abs(low) <= tick <= high * (1 + 1e-9) for tick in found)
    step = f"{found[1] - found[0]:.3e}"
    assert step[:5] in ("1.000", "2.000", "5.000")


def test_decades_are_thinned_where_there_are_many():
    assert decades(1e-20, 1.0)[-1] == 1.0
    assert decades(1e3, 1e267) == [1e50, 1e100, 1e150, 1e200, 1e250]
    assert len(decades(1e-20, 1.0)) <= 9


def test_decades_are_divided_where_there_are_few():
    assert decades(0.015, 2.4) == [0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0]


def test_an_axis_begins_at_zero_where_numbers_are_near_it():
    assert span_of([0.1, 1.0])[0] == 0
    assert span_of([0.9, 1.0])[0] > 0.85
    assert span_of([2.0, 2.0])[0] < 2.0 < span_of([2.0, 2.0])[1]


def test_axes_place_the_corners():
    axes = Axes((0, 10), (1, 100), logarithmic=True)
    left, bottom = axes.place(0, 1)
    right, top = axes.place(10, 100)
    assert axes.place(5, 10) == pytest.approx(((left + right) / 2, (bottom + top) / 2))


def test_a_confusion_table_counts():
    chart = show_confusion([0, 0, 1, 1, 1], [0, 1, 1, 1, 0], ["cat", "dog"])
    assert "accuracy 60.0 % of 5 samples" in texts(chart)
    cells = re.findall(r'<rect[^>]*fill="(#\w+)" stroke="#ffffff"/><text[^>]*>([^<]*)<', chart.svg)
    assert [count for _, count in cells] == ["1", "1", "1", "2"]
    assert str(chart).splitlines()[0] == "accuracy 60.0 % of 5 samples"
    blue, red = cells[0][0], cells[1][0]
    assert int(blue[5:], 16) > int(blue[1:3], 16)
    assert int(red[5:], 16) < int(red[1:3], 16)


def test_names_of_classes_are_escaped_and_cut():
    names = ["<b>&\"'", "a very long name of a class", "c"]
    chart = show_confusion([0, 1, 2], [0, 1, 2], names)
    assert texts(chart).count("<b>&\"'") == 2
    assert texts(chart).count("a very long n…") == 2
    assert max(map(len, str(chart).splitlines())) < 80


def test_twenty_classes_fit():
    svg = ElementTree.fromstring(show_confusion(range(20), range(20)).svg)
    assert float(svg.attrib["width"]) < 700


def test_cells_are_wide_enough_for_their_counts():
    truth = [0] * 12_345 + [19]
    cell = re.search(r'<rect x="[^"]*" y="[^"]*" width="(\d+)"', show_confusion(truth, truth).svg)
    assert int(cell[1]) >= 8 * len("12345")


def test_a_chart_is_saved_as_svg(tmp_path):
    chart = show_history(history([0.7, 0.4]))
    chart.save(tmp_path / "curve.svg")
    assert (tmp_path / "curve.svg").read_text(encoding="utf-8") == chart.svg
    with pytest.raises(ValueError, match=r"curve.png'; a chart is saved as .svg"):
        chart.save(tmp_path / "curve.png")


def test_the_bundle_of_a_chart():
    bundle = Chart("<svg/>", "alt", "text")._repr_mimebundle_(include=None, exclude=None)
    assert list(bundle) == ["text/html", "text/plain"]


REFUSED = [
    (lambda: show_confusion([], []), "at least one"),
    (lambda: show_confusion([0], [0, 1]), "2 and 1"),
    (lambda: show_confusion([2], [0], ["a", "b"]), "the classes are 0 to 1"),
    (lambda: show_curves({}), "Give 1 to 7 curves in a chart; got 0"),
    (lambda: show_curves({str(i): ([0], [0]) for i in range(8)}), "got 8"),
    (lambda: show_curves({"a": ([], [])}), "'a' needs as many heights as places, at least one"),
    (lambda: show_curves({"a": ([0, 1], [0])}), "got 2 places and 1 heights"),
    (lambda: show_curves({"a": ([INF], [0])}), "finite places"),
    (lambda: show_curves({"a": ([0], [NAN])}), "no height that is finite"),
    (lambda: show_curves({"a": ([0], [0])}, points=([0], [])), "'points' needs as many heights"),
    (lambda: show_curves({"a": ([0], [0])}, logarithmic=True), "no place for 0.0"),
]


@pytest.mark.parametrize(("call", "text"), REFUSED)
def test_bad_arguments_are_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_pictures_are_the_same_in_two_runs():
    assert show_history(history([0.7, 0.4])) == show_history(history([0.7, 0.4]))
    assert nn.show_confusion([0, 1], [0, 1]) == nn.show_confusion([0, 1], [0, 1])


@pytest.mark.parametrize(
    "name", ["b", "a.csv run 12", "the name of a file that is long.csv", "W" * 9]
)
def test_names_beside_curves_are_inside_of_the_picture(name):
    svg = show_curves({name: ([0, 1], [1.0, -123456.0])}, title="t" * 90).svg
    width = float(re.search(r'width="(\d+)"', svg)[1])
    for x, anchor, text in re.findall(
        r'<text x="([^"]*)"[^>]*text-anchor="(\w+)"[^>]*>([^<]*)', svg
    ):
        if anchor == "start":
            assert float(x) + 7.0 * len(text) < width, text
    assert "−1.235e+05</text>" in svg
