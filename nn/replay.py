"""A training to look at again: its picture after every epoch, with a slider."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from autograd import look, player
from nn.axes import Axes, span_of, svg_of
from nn.boundary import show_boundary
from nn.charts import history_axes, show_history
from nn.checks import whole
from nn.data import Dataset
from nn.history import History, Report
from nn.models import Model
from nn.scaling import Scaler

_MOST_FRAMES, _POINTS, _STEPS = 60, 41, 200
_NOTHING = "Nothing was recorded: train with fit(..., on_report=replay.record) first."

State = dict[str, dict[str, str]]  # key of an element to its attributes


@dataclass(frozen=True, slots=True)
class ReplayFrame:
    """The picture after an epoch.

    Attributes
    ----------
    epoch : int
        0 before training.
    words : str
        What was reported.
    state : dict
        What the picture's moving elements show.
    """

    epoch: int
    words: str
    state: State


class Replay:
    """Keeps a picture of the model at the ends of epochs; a notebook plays them.

    Parameters
    ----------
    model : Model
        The one that is trained.
    dataset : Dataset, optional
        With two features and classes the decision boundary is shown, with one feature and numbers
        to predict the fitted curve; without data a line moves along the curve of losses.
    every : int, optional
        Keep each so many epochs, the first one among them; the last one is always shown. Beyond 60
        pictures every second one is given up.
    scaler : Scaler, optional
        What was done to the inputs before the model saw them.

    Raises
    ------
    ValueError
        If `every` is below 1, or the data set has neither a boundary (see `decision_map`) nor a
        fitted curve.

    Examples
    --------
    >>> import nn
    >>> data = nn.make_moons(20, seed=1)
    >>> model = nn.MLP(2, [4, 1], head="sigmoid", seed=1)
    >>> replay = Replay(model, data)
    >>> history = nn.fit(model, data.inputs, data.targets, epochs=3, on_report=replay.record)
    >>> len(replay.frames), replay.frames[-1].epoch
    (3, 3)
    """

    def __init__(
        self,
        model: Model,
        dataset: Dataset | None = None,
        *,
        every: int = 1,
        scaler: Scaler | None = None,
    ) -> None:
        if whole(every, "every") < 1:
            raise ValueError(f"every is {every}; keep each epoch (1) or each second one (2), ...")
        self.model, self.dataset, self.every, self.scaler = model, dataset, every, scaler
        self.history = History()
        self._svg = self._picture(model)
        self._frames = [ReplayFrame(0, "before training", self._state(model))]
        self._last_weights = model.state()

    def record(self, report: Report) -> None:
        """Keep the picture of now if it is its turn; give it to ``fit(on_report=...)``."""
        if not report.epoch_end:
            return
        self.history.epochs.append(report)
        self._last_weights = self.model.state()
        if (report.epoch - 1) % self.every == 0:
            self._frames.append(ReplayFrame(report.epoch, _words(report), self._state(self.model)))
        if len(self._frames) > _MOST_FRAMES:
            self.every *= 2
            self._frames = [
                f for f in self._frames if (f.epoch - 1) % self.every == 0 or not f.epoch
            ]

    @property
    def frames(self) -> list[ReplayFrame]:
        """What was kept after epochs, with the last one."""
        frames = self._frames[1:]
        last = self.history.epochs[-1:]
        if last and (not frames or frames[-1].epoch != last[0].epoch):
            then = deepcopy(self.model)  # the model may have changed since
            then.load_state(self._last_weights)
            frames.append(ReplayFrame(last[0].epoch, _words(last[0]), self._state(then)))
        return frames

    def html(self) -> str:
        """Return the replay as HTML that needs nothing from outside.

        Raises
        ------
        ValueError
            If nothing was recorded.
        """
        if not len(self.history):
            raise ValueError(_NOTHING)
        title = f"training replayed, {len(self.history)} epochs"
        frames, known = [], dict[str, dict[str, str]]()
        for kept in [*self._frames[:1], *self.frames] if self.dataset else self.frames:
            state = kept.state or self._moment(kept.epoch)
            new = {key: shown for key, shown in state.items() if known.get(key) != shown}
            frames.append(player.Frame(kept.words, new))
            known.update(new)
        svg = self._svg or self._curve()
        return player.player(svg, frames, title=title, alt=title)

    def save(self, path: str | Path) -> None:
        """Write the replay as a page that opens from disk.

        Parameters
        ----------
        path : str or Path
            Ends in .html.

        Raises
        ------
        ValueError
            If it ends in something else, or nothing was recorded.
        """
        if Path(path).suffix != ".html":
            raise ValueError(f"path is {str(path)!r:.60}; a replay is a page: end it in .html.")
        page = player.page(self.html(), title="training replayed")
        Path(path).write_text(page, encoding="utf-8")

    def __str__(self) -> str:
        return str(self.history)

    def _repr_mimebundle_(self, **_wanted: Any) -> dict[str, str]:
        if not len(self.history):
            return {"text/plain": _NOTHING}
        return {"text/html": self.html(), "text/plain": str(self)}

    def _picture(self, model: Model) -> str:
        """Return the boundary or the fitted curve of a model; empty without data."""
        if self.dataset is None:
            return ""
        if not isinstance(self.dataset, Dataset):
            raise TypeError(f"A replay is drawn over a Dataset; got {self.dataset!r:.60}.")
        if len(self.dataset.feature_names) == 1 and not self.dataset.is_classification:
            return _fitted_curve(model, self.dataset, self.scaler)
        chart = show_boundary(model, self.dataset, scaler=self.scaler, points=_POINTS)
        return chart.svg

    def _state(self, model: Model) -> State:
        """Return what the moving elements of the picture show for a model."""
        if self.dataset is None:
            return {}
        return {
            element.attrib["data-key"]: {
                "text": element.text or "",
                **{name: element.attrib[name] for name in ("d", "href") if name in element.attrib},
            }
            for element in ElementTree.fromstring(self._picture(model)).iter()
            if "data-key" in element.attrib
        }

    def _curve(self) -> str:
        """Return the losses of the whole training, with a line that moves."""
        svg = show_history(self.history).svg.removesuffix("</svg>")
        return f'{svg}<path data-key="now" d="" stroke="#222222" stroke-width="2"/></svg>'

    def _moment(self, epoch: int) -> State:
        """Return where the moving line stands in an epoch."""
        x = history_axes(self.history).place(epoch, 1.0)[0]
        return {"now": {"d": f"M{x:.1f},34V314"}}


def _words(report: Report) -> str:
    """Return a report without its seconds: a replay of the same training reads the same."""
    return str(report).rpartition("  ")[0]


def _fitted_curve(model: Model, dataset: Dataset, scaler: Scaler | None) -> str:
    """Return the samples of one feature and what a model predicts along it."""
    if (model.nin, model.nout) != (1, 1) or model.loss.decide:
        raise ValueError(
            f"{dataset.name!r} has one feature and numbers to predict, but the model takes "
            f"{model.nin}, gives {model.nout} and is trained with {model.loss.name}. A fitted "
            "curve needs one of each and a loss such as mse."
        )
    axes = Axes(span_of([row[0] for row in dataset.inputs]), span_of(dataset.targets))
    (low, high), (bottom, top) = axes.x, axes.y
    xs = [low + i * (high - low) / _STEPS for i in range(_STEPS + 1)]
    rows = scaler.transform([[x] for x in xs]) if scaler else [[x] for x in xs]
    predicted = [model.score_numbers(row)[0] for row in rows]
    inside = [y if bottom <= y <= top else nan for y in predicted]  # the axes stay as they are
    places = [axes.place(x[0], y) for x, y in zip(dataset.inputs, dataset.targets, strict=True)]
    parts = [axes.frame(dataset.feature_names[0], "target")]
    parts += [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{look.NEUTRAL}"/>' for x, y in places
    ]
    curve = axes.curve(xs, inside, look.POSITIVE)
    parts.append(curve.replace("<path ", '<path data-key="line" ', 1))
    return svg_of(620, 360, parts, f"fitted curve on {dataset.name}")
