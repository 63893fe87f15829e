"""A training to look at again: its picture after every epoch, with a slider."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from autograd import player
from nn.boundary import show_boundary
from nn.charts import history_axes, show_history
from nn.data import Dataset
from nn.history import History, Report
from nn.models import Model
from nn.scaling import Scaler

_MOST_FRAMES, _POINTS = 60, 41

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
        With two features: its decision boundary is shown. Else the curve of losses grows.
    every : int, optional
        Keep each so many epochs, the first one among them; the last one is always shown. Beyond 60
        pictures every second one is given up.
    scaler : Scaler, optional
        What was done to the inputs before the model saw them.

    Raises
    ------
    ValueError
        If `every` is below 1, or the data set has no boundary, see `decision_map`.

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
        if every < 1:
            raise ValueError(f"every is {every}; keep each epoch (1) or each second one (2), ...")
        self.model, self.dataset, self.every, self.scaler = model, dataset, every, scaler
        self.history = History()
        self._svg = self._picture()
        self._frames = [ReplayFrame(0, "before training", self._state())]

    def record(self, report: Report) -> None:
        """Keep the picture of now if it is its turn; give it to ``fit(on_report=...)``."""
        if not report.epoch_end:
            return
        self.history.epochs.append(report)
        if (report.epoch - 1) % self.every == 0:
            self._frames.append(ReplayFrame(report.epoch, str(report), self._state()))
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
            frames.append(ReplayFrame(last[0].epoch, str(last[0]), self._state()))
        return frames

    def html(self) -> str:
        """Return the replay as HTML that needs nothing from outside.

        Raises
        ------
        ValueError
            If nothing was recorded.
        """
        if not len(self.history):
            raise ValueError(
                "Nothing was recorded: train with fit(..., on_report=replay.record) first."
            )
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
        return {"text/html": self.html(), "text/plain": str(self)}

    def _picture(self) -> str:
        """Return the boundary as it is now; empty without data."""
        if self.dataset is None:
            return ""
        chart = show_boundary(self.model, self.dataset, scaler=self.scaler, points=_POINTS)
        return chart.svg

    def _state(self) -> State:
        """Return what the moving elements of the boundary show now."""
        if self.dataset is None:
            return {}
        return {
            element.attrib["data-key"]: {
                "text": element.text or "",
                **{name: element.attrib[name] for name in ("d", "href") if name in element.attrib},
            }
            for element in ElementTree.fromstring(self._picture()).iter()
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
