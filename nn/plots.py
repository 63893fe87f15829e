"""The same charts drawn with matplotlib, on axes that the caller may bring."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, nan
from typing import Any

from autograd import look
from nn.axes import CLASS_COLOURS, INK, is_logarithmic
from nn.boundary import decision_map, misjudged
from nn.charts import summary_of
from nn.data import Dataset
from nn.history import History
from nn.metrics import accuracy, confusion
from nn.models import Model
from nn.scaling import Scaler

_MARKERS = "os^DP*"  # of classes, as in `show_boundary`


def plot_history(history: History, ax: Any = None) -> Any:
    """Return axes with the losses over the epochs, see `show_history`.

    Parameters
    ----------
    history : History
        With at least one epoch.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.

    Raises
    ------
    ImportError
        If matplotlib is missing.
    ValueError
        If no epoch has ended.

    Examples
    --------
    >>> import nn
    >>> history = nn.History([nn.Report(1, 1, 0.7, 0.1), nn.Report(2, 2, 0.4, 0.1)])
    >>> plot_history(history).get_ylabel()                                # doctest: +SKIP
    'loss'
    """
    summary = summary_of(history)
    ax = _axes(ax)
    epochs = [report.epoch for report in history]
    curves = [("training", look.POSITIVE, "-", history.losses)]
    if history.validation_losses:
        seen = [nan if r.validation_loss is None else r.validation_loss for r in history]
        curves.append(("validation", look.PATH, "--", seen))
    for name, colour, dashes, values in curves:
        finite = [value if isfinite(value) else nan for value in values]
        marker = "o" if len(values) == 1 else None
        ax.plot(epochs, finite, dashes, color=colour, label=name, marker=marker)
    shown = [y for *_, values in curves for y in values if isfinite(y)]
    logarithmic = bool(shown) and is_logarithmic(shown)
    if logarithmic:
        ax.set_yscale("log")
    from matplotlib.ticker import MaxNLocator  # there, since there are axes

    whole = MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10])
    ax.xaxis.set_major_locator(whole)
    if isfinite(summary.best_loss):
        best = f"best: epoch {summary.best_epoch}, {look.number(summary.best_loss)}"
        ax.axvline(summary.best_epoch, color=look.PARAMETER, linestyle=":", label=best)
    scale = ", logarithmic scale" * logarithmic
    ax.set(xlabel="epoch", ylabel=f"loss{scale}", title=summary.trouble)
    ax.legend()
    return ax


def plot_boundary(
    model: Model, dataset: Dataset, ax: Any = None, *, scaler: Scaler | None = None
) -> Any:
    """Return axes with the map of decisions and the samples on it, see `show_boundary`.

    Parameters
    ----------
    model, dataset, scaler
        As in `decision_map`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.

    Raises
    ------
    ImportError
        If matplotlib is missing.
    TypeError, ValueError
        As in `decision_map`.

    Examples
    --------
    >>> import nn
    >>> ax = plot_boundary(nn.LogisticRegression(2), nn.make_moons(20))   # doctest: +SKIP
    """
    found = decision_map(model, dataset, scaler=scaler)
    wrong = misjudged(model, dataset, scaler)
    ax = _axes(ax)
    from matplotlib.collections import LineCollection  # there, since there are axes
    from matplotlib.colors import to_rgb

    half = (found.x[1] - found.x[0]) / 2, (found.y[1] - found.y[0]) / 2
    ax.imshow(
        [[to_rgb(colour) for colour in row] for row in found.colours()],
        origin="lower",
        aspect="auto",
        interpolation="bilinear",
        extent=(
            found.x[0] - half[0],
            found.x[-1] + half[0],
            found.y[0] - half[1],
            found.y[-1] + half[1],
        ),
    )
    ax.add_collection(LineCollection(found.boundary(), colors=INK, linewidths=1.2))
    for k, name in enumerate(dataset.class_names):
        points = [x for x, t in zip(dataset.inputs, dataset.targets, strict=True) if t == k]
        colour, marker = CLASS_COLOURS[k % len(CLASS_COLOURS)], _MARKERS[k % len(_MARKERS)]
        _scatter(ax, points, c=colour, marker=marker, edgecolors="white", label=_plain(name))
    rings = [dataset.inputs[i] for i in sorted(wrong)]
    _scatter(ax, rings, facecolors="none", edgecolors=INK, s=140)
    ax.set(xlabel=_plain(dataset.feature_names[0]), ylabel=_plain(dataset.feature_names[1]))
    ax.set_title(f"{len(wrong)} of {len(dataset)} misjudged (ring)")
    ax.legend()
    return ax


def plot_confusion(
    targets: Sequence[int], predicted: Sequence[int], ax: Any = None, *, names: Sequence[str] = ()
) -> Any:
    """Return axes with the confusion table, see `show_confusion`.

    Parameters
    ----------
    targets, predicted, names
        As in `show_confusion`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.

    Raises
    ------
    ImportError
        If matplotlib is missing.
    ValueError
        If the lengths differ or are 0, or a class has no name.

    Examples
    --------
    >>> plot_confusion([0, 1, 1], [0, 1, 0]).get_xlabel()                 # doctest: +SKIP
    'decided'
    """
    share = accuracy(predicted, targets)
    table = confusion(predicted, targets, len(names) or None)
    ax = _axes(ax)
    shares = [[times / max(1, sum(row)) for times in row] for row in table]
    size = min(10.0, 120 / len(table))  # points
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, row in enumerate(table):
        for j, times in enumerate(row):
            colour = "white" if shares[i][j] > 0.6 else INK
            words = str(times) if times else "·"
            ax.text(j, i, words, ha="center", va="center", color=colour, fontsize=size)
    labels = [_plain(name) for name in names] or [str(i) for i in range(len(table))]
    turned = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(range(len(table)), labels, **(turned if max(map(len, labels)) > 3 else {}))
    ax.set_yticks(range(len(table)), labels)
    ax.set(xlabel="decided", ylabel="is", title=f"accuracy {100 * share:.1f} %")
    return ax


def _scatter(ax: Any, points: Sequence[Sequence[float]], **look_of_points: Any) -> None:
    ax.scatter([p[0] for p in points], [p[1] for p in points], zorder=3, **look_of_points)


def _plain(name: str) -> str:
    """Return a name that matplotlib takes for no formula."""
    return look.cut(name, 15).replace("$", r"\$")


def _axes(ax: Any) -> Any:
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError:
        raise ImportError(
            "The plot_ functions draw with matplotlib: pip install 'autograd-nn[plot]'. The show_ "
            "functions need nothing."
        ) from None
    return pyplot.subplots()[1]
