"""The charts of matplotlib: on the caller's axes, with the same numbers."""

import sys

import pytest

import nn
from nn import History, Report, plot_boundary, plot_confusion, plot_history

MOONS = nn.make_moons(30, noise=0.1, seed=1)
HISTORY = History([Report(1, 1, 10.0, 0.1, validation_loss=9.0), Report(2, 2, 0.01, 0.1)])
CALLS = {
    "history": lambda **options: plot_history(HISTORY, **options),
    "boundary": lambda **options: plot_boundary(nn.LogisticRegression(2), MOONS, **options),
    "confusion": lambda **options: plot_confusion([0, 1, 1], [0, 1, 0], **options),
}


@pytest.fixture
def pyplot():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


@pytest.mark.parametrize("call", CALLS)
def test_the_callers_axes_are_used_and_returned(pyplot, call):
    ax = pyplot.subplots()[1]
    assert CALLS[call](ax=ax) is ax
    other = CALLS[call]()
    assert other is not ax
    other.figure.canvas.draw()


@pytest.mark.parametrize("call", CALLS)
def test_without_matplotlib_the_cure_is_named(monkeypatch, call):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    with pytest.raises(ImportError, match=r"pip install 'autograd-nn\[plot\]'"):
        CALLS[call]()


@pytest.mark.usefixtures("pyplot")
def test_the_history_has_its_curves_and_scale():
    ax = plot_history(HISTORY)
    assert ax.get_yscale() == "log"
    assert list(ax.lines[0].get_ydata()) == [10.0, 0.01]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["training", "validation", "best: epoch 2, 0.01"]
    diverged = plot_history(History([Report(1, 1, float("inf"), 0.1)]))
    assert diverged.get_title() == "diverged in epoch 1: the loss is inf"


@pytest.mark.usefixtures("pyplot")
def test_the_boundary_has_its_samples_and_rings():
    model = nn.LogisticRegression(2)
    ax = plot_boundary(model, MOONS)
    sizes = [len(points.get_offsets()) for points in ax.collections[1:]]
    assert sizes == [15, 15, 15], "zero weights decide for class 0 everywhere"
    assert ax.get_title() == "15 of 30 misjudged (ring)"


@pytest.mark.usefixtures("pyplot")
def test_names_are_no_formulas_and_epochs_are_whole():
    ax = plot_confusion([0, 1], [0, 1], names=["$\\frac{$", "b"])
    ax.figure.canvas.draw()
    rows = [[0.0, 1.0], [1.0, 0.0]]
    data = nn.Dataset(rows, [0, 1], "d", ["$x_{$", "y"], ["$^$", "b"])
    plot_boundary(nn.LogisticRegression(2), data).figure.canvas.draw()
    ticks = plot_history(History([Report(1, 1, 0.5, 0.1)])).get_xticks()
    assert all(tick == round(tick) for tick in ticks)


@pytest.mark.usefixtures("pyplot")
def test_the_confusion_has_its_counts():
    ax = plot_confusion([0, 1, 1], [0, 1, 0], names=["cat", "dog"])
    assert [text.get_text() for text in ax.texts] == ["1", "·", "1", "1"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["cat", "dog"]


def test_the_counts_of_twenty_classes_do_not_overlap(pyplot):
    truth = [i for i in range(20) for _ in range(100)]
    ax = plot_confusion(truth, truth, pyplot.subplots()[1])
    ax.figure.canvas.draw()
    cell = ax.get_window_extent().width / 20
    assert max(text.get_window_extent().width for text in ax.texts) < cell
