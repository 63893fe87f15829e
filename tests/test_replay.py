"""The replay: what the model was like after each epoch, as the slider shows it."""

import json
import re

import pytest

import nn
from nn import Replay, show_boundary

MOONS = nn.make_moons(30, noise=0.1, seed=1)


def train(replay, model, epochs):
    labels = [2 * t - 1 for t in MOONS.targets]
    nn.fit(model, MOONS.inputs, labels, epochs=epochs, seed=1, on_report=replay.record)
    return replay


def frames(replay):
    data = re.search(r'application/json">(.*?)</script>', replay.html(), re.S)[1]
    return json.loads(data)["frames"]


def test_each_epoch_has_the_picture_of_its_weights():
    model = nn.LogisticRegression(2)
    replay = Replay(model, MOONS)
    lines = []

    def record(report):
        replay.record(report)
        svg = show_boundary(model, MOONS, points=41).svg
        lines.append(re.search(r'data-key="line" d="([^"]*)"', svg)[1])

    labels = [2 * t - 1 for t in MOONS.targets]
    nn.fit(model, MOONS.inputs, labels, epochs=4, batch_size=30, on_report=record)
    shown = frames(replay)
    assert [words.split("  ")[0] for words, *_ in shown[:2]] == ["before training", "epoch"]
    assert [state["line"]["d"] for _, state, _ in shown[1:]] == lines
    assert len(set(lines)) == 4


def test_frames_carry_changes_only():
    model = nn.LogisticRegression(2)
    replay = Replay(model, MOONS)
    for epoch in (1, 2):
        replay.record(nn.Report(epoch, epoch, 0.5, 0.1, True))
    first, second, third = frames(replay)
    assert set(first[1]) == {"map", "line", "rings", "title"}
    assert second[1] == third[1] == {}, "the weights have not moved"


@pytest.mark.parametrize(("every", "kept"), [(1, [1, 2, 3, 4, 5]), (2, [1, 3, 5]), (3, [1, 4, 5])])
def test_every_kth_epoch_and_the_last_are_kept(every, kept):
    model = nn.LogisticRegression(2)
    replay = train(Replay(model, MOONS, every=every), model, 5)
    assert [frame.epoch for frame in replay.frames] == kept


def test_the_last_epoch_is_shown_as_it_was_whatever_comes_after():
    model = nn.LogisticRegression(2)
    replay = Replay(model, MOONS, every=10)
    shown = []

    def record(report):
        replay.record(report)
        shown.append(show_boundary(model, MOONS, points=41).svg)

    nn.fit(model, MOONS.inputs, [2 * t - 1 for t in MOONS.targets], epochs=3, on_report=record)
    before = replay.frames
    model.b.data += 1.0
    moved = model.state()
    assert replay.frames == before
    assert model.state() == moved, "reading moves nothing"
    assert before[-1].epoch == 3
    assert f'd="{before[-1].state["line"]["d"]}"' in shown[-1]


def test_a_slower_run_reads_the_same():
    quick, slow = Replay(nn.LogisticRegression(2), MOONS), Replay(nn.LogisticRegression(2), MOONS)
    for replay, seconds in ((quick, 1.0), (slow, 2.0)):
        replay.record(nn.Report(1, 1, 0.5, 0.1, True, seconds=seconds))
    assert frames(quick) == frames(slow)


def test_a_long_training_is_thinned():
    model = nn.LogisticRegression(1)
    replay = Replay(model)
    for epoch in range(1, 202):
        replay.record(nn.Report(epoch, epoch, 1 / epoch, 0.1, True))
    epochs = [frame.epoch for frame in replay.frames]
    assert len(epochs) <= 61
    assert (epochs[0], epochs[-1]) == (1, 201)
    assert replay.every == 4


def test_steps_within_an_epoch_are_no_frames():
    replay = Replay(nn.LogisticRegression(1))
    replay.record(nn.Report(1, 1, 0.5, 0.1))
    assert replay.frames == []
    with pytest.raises(ValueError, match=r"Nothing was recorded: train with fit\(..., on_report"):
        replay.html()


def test_without_two_inputs_a_line_moves_along_the_curve():
    replay = Replay(nn.LinearRegression(1))
    for epoch in (1, 2, 3):
        replay.record(nn.Report(epoch, epoch, 1 / epoch, 0.1, True))
    moments = [float(state["now"]["d"][1:].split(",")[0]) for _, state, _ in frames(replay)]
    assert moments == sorted(set(moments))
    assert len(moments) == 3


SLOPE = nn.Dataset([[0.0], [1.0], [2.0]], [0.0, 2.0, 4.0], "slope", ["x"], [])


def curve_of(model, scaler=None):
    """Return the points of the fitted curve after one epoch, as on the paper."""
    replay = Replay(model, SLOPE, scaler=scaler)
    replay.record(nn.Report(1, 1, 0.5, 0.1, True))
    path = frames(replay)[0][1]["line"]["d"]
    return [tuple(map(float, point.split(","))) for point in re.split("[ML]", path)[1:]]


def test_the_curve_of_a_regression_runs_through_what_is_predicted():
    model = nn.LinearRegression(1)
    model.w[0].data = 2.0
    replay = Replay(model, SLOPE)
    dots = re.findall(r'<circle cx="([^"]*)" cy="([^"]*)"', replay._svg)
    raw = curve_of(model)
    (x1, y1), (x2, y2) = raw[0], raw[-1]
    for x, y in [tuple(map(float, dot)) for dot in dots]:
        assert y1 + (y2 - y1) * (x - x1) / (x2 - x1) == pytest.approx(y, abs=0.3)
    scaler = nn.Scaler("minmax").fit(SLOPE.inputs)
    model.w[0].data = 4.0
    assert curve_of(model, scaler) == raw, "the axis stays in raw units"


def test_a_curve_outside_the_axes_is_not_drawn():
    model = nn.LinearRegression(1)
    model.b.data = 1e6
    assert curve_of(model) == []


def test_a_replay_is_saved_as_a_page(tmp_path):
    model = nn.LogisticRegression(2)
    replay = train(Replay(model, MOONS), model, 2)
    replay.save(tmp_path / "replay.html")
    assert (tmp_path / "replay.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    with pytest.raises(ValueError, match="a replay is a page: end it in .html"):
        replay.save("replay.gif")
    bundle = replay._repr_mimebundle_(include=None, exclude=None)
    assert list(bundle) == ["text/html", "text/plain"]
    assert bundle["text/plain"] == str(replay.history)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="every is 0"):
        Replay(nn.LogisticRegression(2), every=0)
    with pytest.raises(TypeError, match="every must be a whole number.*got 1.5"):
        Replay(nn.LogisticRegression(2), every=1.5)
    with pytest.raises(ValueError, match="fitted curve needs one of each"):
        Replay(nn.LogisticRegression(1), SLOPE)
    with pytest.raises(ValueError, match="plane of two inputs"):
        Replay(nn.LogisticRegression(3), MOONS)


def test_a_notebook_is_told_that_nothing_was_recorded():
    bundle = Replay(nn.LogisticRegression(2), MOONS)._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    assert bundle["text/plain"].startswith("Nothing was recorded: train with fit(")
