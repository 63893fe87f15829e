"""Histories and reports as text, and the curves made of small bars."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn import History, LogisticRegression, Report, fit, sparkline
from nn.history import judged


def report(epoch, loss, validation_loss=None, **more):
    return Report(epoch, 10 * epoch, loss, 0.1, True, validation_loss=validation_loss, **more)


def history(losses, validation_losses=None, stopped=""):
    pairs = zip(losses, validation_losses or [None] * len(losses), strict=True)
    return History([report(i, *pair) for i, pair in enumerate(pairs, 1)], stopped)


TEXTS = [
    (report(3, 0.5), "epoch 3 loss 0.5000 0.0 s"),
    (
        report(12, 0.123456, accuracy=0.875, seconds=1.25),
        "epoch 12 loss 0.1235 accuracy 87.5% 1.2 s",
    ),
    (
        report(1, 2.0, 2.5, accuracy=1.0, validation_accuracy=0.5, seconds=61.04),
        "epoch 1 loss 2.0000 accuracy 100.0% validation 2.5000 50.0% 61.0 s",
    ),
    (report(1000, 0.25, 0.75), "epoch 1000 loss 0.2500 validation 0.7500 0.0 s"),
]


@pytest.mark.parametrize(("report", "text"), TEXTS)
def test_a_report_as_text(report, text):
    assert " ".join(str(report).split()) == text


def test_reports_stand_in_columns():
    few, many = (report(i, 0.5, 0.25, accuracy=a, validation_accuracy=a, seconds=3.0)
                 for i, a in ((7, 0.055), (120, 1.0)))  # fmt: skip
    assert len(str(few)) == len(str(many)) <= 79


def test_losses_and_length():
    h = history([0.9, 0.7, 0.8], [1.0, 0.9, 0.95])
    assert h.losses == [0.9, 0.7, 0.8]
    assert h.validation_losses == [1.0, 0.9, 0.95]
    assert len(h) == 3
    assert [r.epoch for r in h] == [1, 2, 3]
    assert history([0.5]).validation_losses == []


BEST = [  # losses, validation losses, best epoch
    ([3.0, 1.0, 2.0], None, 2),
    ([3.0, 2.0, 1.0], [1.0, 2.0, 3.0], 1),  # validation decides
    ([1.0, 1.0], None, 1),  # the first of equals
    ([math.nan, 0.5, 0.4], None, 3),
    ([0.4, math.nan], None, 1),
    ([1.0, 1.0], [math.nan, 7.0], 2),
    ([math.inf, 2.0], None, 2),
]


@pytest.mark.parametrize(("losses", "validation_losses", "epoch"), BEST)
def test_the_best_epoch_has_the_lowest_loss(losses, validation_losses, epoch):
    assert history(losses, validation_losses).best.epoch == epoch


def test_validation_judges_where_there_is_one():
    assert judged(report(1, 0.5)) == 0.5
    assert judged(report(1, 0.5, 0.75)) == 0.75


def test_of_no_epochs_none_is_best():
    with pytest.raises(ValueError, match="No epoch has ended yet"):
        _ = History().best
    assert str(History()) == "No epoch has ended yet."
    assert len(History()) == 0


def test_a_short_history_as_text():
    lines = str(history([0.5, 0.25, 0.375])).splitlines()
    assert [" ".join(line.split()) for line in lines] == [
        "epoch 1 loss 0.5000 0.0 s",
        "epoch 2 loss 0.2500 0.0 s <- best",
        "epoch 3 loss 0.3750 0.0 s",
        "loss █▁▅",
    ]


def test_a_history_with_validation_has_two_curves_and_says_why_it_ended():
    lines = str(history([3.0, 2.0, 1.0], [1.0, 2.0, 3.0], stopped="stopped: enough")).splitlines()
    assert lines[0].endswith("<- best")
    loss, validation = lines[3:5]
    assert loss.split() == ["loss", "█▅▁"]
    assert validation.split()[0] == "validation"
    assert validation.endswith(" ▁▅█")
    assert loss.index("█") == validation.index("▁")
    assert lines[5] == "stopped: enough"


@pytest.mark.parametrize("epochs", [1, 20, 21, 39, 40, 100, 1234])
def test_a_long_history_shows_about_twenty_epochs_with_the_first_best_and_last(epochs):
    best = epochs // 3 + 1
    losses = [abs(i - best) + 1.0 for i in range(1, epochs + 1)]
    text = str(history(losses))
    shown = [line for line in text.splitlines() if line.startswith("epoch")]
    assert min(epochs, 10) <= len(shown) <= 22
    assert [line for line in shown if "<- best" in line] == [
        line for line in shown if line.startswith(f"epoch {best:3d} ")
    ]
    assert shown[0].startswith("epoch   1 ")
    assert shown[-1].startswith(f"epoch {epochs:3d} ")


def test_a_history_is_plain_data():
    h = fit(LogisticRegression(1), [[0.0], [1.0]], [-1, 1], epochs=2, validation=([[2.0]], [1]))
    rows = json.loads(json.dumps(h.to_list()))
    assert [Report(**row) for row in rows] == h.epochs


# --- curves of small bars --------------------------------------------------------------------

CURVES = [
    ([], ""),
    ([1.0], "▁"),
    ([5.0, 5.0, 5.0], "▁▁▁"),
    ([4.0, 2.0, 1.0, 0.0], "█▅▃▁"),
    ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
    ([-1.0, -8.0], "█▁"),
    ([0.0, math.nan, 1.0, math.inf, -math.inf], "▁!█!!"),
    ([math.nan, math.nan], "!!"),
    ([math.inf, 3.0], "!▁"),
    ([1e308, -1e308, 0.0], "█▁▅"),  # their difference is beyond floats
    ([5e-324, 0.0], "█▁"),  # and 7 over this one too
    ([1e-310, 0.0, 1e-310], "█▁█"),
]


@pytest.mark.parametrize(("values", "bars"), CURVES)
def test_sparklines(values, bars):
    assert sparkline(values) == bars


@settings(deadline=None)
@given(st.lists(st.floats(), max_size=70))
def test_every_finite_number_has_a_bar_and_order_is_kept(values):
    bars = sparkline(values, width=100)
    assert len(bars) == len(values)
    assert [bar == "!" for bar in bars] == [not math.isfinite(v) for v in values]
    finite = sorted((v, bar) for v, bar in zip(values, bars, strict=True) if bar != "!")
    heights = [bar for _, bar in finite]
    assert heights == sorted(heights)
    if finite and finite[0][0] < finite[-1][0]:
        assert (heights[0], heights[-1]) == ("▁", "█")


@pytest.mark.parametrize(("n", "width"), [(61, 60), (600, 60), (7, 3), (10, 10), (10_000, 1)])
def test_long_lines_are_thinned_to_the_width(n, width):
    assert len(sparkline([float(i) for i in range(n)], width)) == min(n, width)


def test_a_thinned_line_keeps_its_direction():
    bars = sparkline([float(i) for i in range(1000)], 8)
    assert list(bars) == sorted(bars)
    assert bars[0] == "▁"
    assert bars[-1] == "█"
