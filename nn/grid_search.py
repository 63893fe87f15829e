"""Choosing settings on validation samples: every combination of a grid is trained and judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from itertools import product
from math import inf, isfinite, log
from typing import Any

from autograd import look
from nn.axes import Chart, svg_of, text_at
from nn.history import History, judged
from nn.models import Model
from nn.training import DivergenceError, Samples, fit, training_steps

_FIT_SETTINGS = {*(training_steps.__kwdefaults__ or {}), "patience", "min_delta"} - {"validation"}
_CELL = (92, 40)  # pixels of the heat map


@dataclass(frozen=True, slots=True)
class Trial:
    """One combination, trained.

    Attributes
    ----------
    choices : dict
        A value for each name of the grid.
    history : History
        Its training.
    state : dict
        The model's numbers at the end of it.
    trouble : str
        Why there is no result, such as divergence; else empty.
    """

    choices: dict[str, Any]
    history: History
    state: dict[str, Any]
    trouble: str = ""

    @property
    def validation_loss(self) -> float:
        """That of the best epoch; inf if the training failed."""
        return inf if self.trouble else judged(self.history.best)

    @property
    def epoch(self) -> int:
        """The best epoch, to train for after the choice; 0 if the training failed."""
        return 0 if self.trouble else self.history.best.epoch


@dataclass(frozen=True, slots=True)
class GridSearch:
    """All trials of a grid, in its order; `print` shows the table, best first.

    Attributes
    ----------
    trials : list of Trial
    make_model : callable
        As it was given to `grid_search`.
    """

    trials: list[Trial]
    make_model: Callable[..., Model]

    @property
    def best(self) -> Trial:
        """The trial with the lowest validation loss; the first of equals."""
        return min(self.trials, key=lambda trial: trial.validation_loss)

    def model(self) -> Model:
        """Return the model of the best trial, as it was at the end of its training.

        With patience those are the weights of its best epoch.

        Raises
        ------
        ValueError
            If all trials failed.
        """
        best = self.best
        if best.trouble:
            raise ValueError(f"All {len(self.trials)} trainings failed. The first: {best.trouble}")
        model = self.make_model(**_of_model(best.choices))
        model.load_state(best.state)
        return model

    def __str__(self) -> str:
        names = list(self.trials[0].choices)
        head = [*names, "validation", "accuracy", "training", "epoch"]
        ranked = sorted(self.trials, key=lambda trial: trial.validation_loss)
        lines = [head, *(_cells(trial) for trial in ranked)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        shown = ["  ".join(map(str.rjust, line, widths)) for line in lines]
        shown[1] += "   <- best"
        troubles = [f"{_words(t.choices)}: {t.trouble}" for t in ranked if t.trouble]
        return "\n".join(shown + troubles)

    def show(self, across: str | None = None, down: str | None = None) -> Chart:
        """Return a heat map of the validation loss over two settings of the grid.

        Parameters
        ----------
        across, down : str, optional
            Names in the grid; by default its first two. Over all others the best trial counts.

        Raises
        ------
        ValueError
            If the grid has fewer than two settings, or not that one.
        """
        names = list(self.trials[0].choices)
        across = across or next((n for n in names if n != down), names[0])
        down = down or next((n for n in names if n != across), across)
        if across == down or not {across, down} <= set(names):
            raise ValueError(
                f"A heat map needs two different settings out of {', '.join(names)}; got "
                f"across={across!r:.60}, down={down!r:.60}."
            )
        return _heat_map(self, across, down)

    def _repr_mimebundle_(self, **_wanted: Any) -> dict[str, str]:
        if len(self.trials[0].choices) < 2:
            return {"text/plain": str(self)}
        chart = self.show()
        html = look.figure(chart.svg, chart.alt, str(self))
        return {"text/html": html, "text/plain": str(self)}


def grid_search(
    make_model: Callable[..., Model],
    train: Samples,
    validation: Samples,
    grid: Mapping[str, Sequence[Any]],
    *,
    workers: int | None = None,
    on_trial: Callable[[Trial], Any] | None = None,
    **settings: Any,
) -> GridSearch:
    """Train a model for every combination of settings, and judge each on validation samples.

    The test samples have no part in it: what is chosen by them, they can't judge any more. A scaler
    should have learned from the training samples only.

    Parameters
    ----------
    make_model : callable
        Makes a fresh model from those names of the grid that `fit` does not know, as
        ``lambda hidden: MLP(2, [hidden, 1], seed=0)``.
    train, validation : (inputs, targets)
        What is learned from, and what is judged by.
    grid : mapping of str to sequence
        For each name its values. Names of settings of `fit`, such as learning_rate, l2, epochs,
        batch_size or patience, go there; all others to `make_model`.
    workers : int, optional
        How many trainings run at once, each in a process of its own, through joblib
        (``pip install joblib``). By default one on each core if joblib is installed, else 1.
    on_trial : callable, optional
        Called with each trial in the order of the grid, as soon as it and those before are done.
    **settings
        Of `fit`, the same for all.

    Returns
    -------
    GridSearch
        Its numbers are the same for any number of workers.

    Raises
    ------
    ValueError
        If the grid is empty, a name stands in both grid and settings, or the samples do not fit. A
        training that diverges is no error: its trial says so.
    ImportError
        If there is to be more than one worker and joblib is missing.

    Notes
    -----
    Lecture, "early stopping": validation serves to choose hyper-parameters, the number of epochs
    and the strength of regularisation. Afterwards `refit` trains on everything.

    Examples
    --------
    >>> from nn import LogisticRegression, make_moons, split
    >>> data = make_moons(60, noise=0.2, seed=1)
    >>> train, rest = split(data, (0.5, 0.5))
    >>> some, others = [(d.inputs, [2 * t - 1 for t in d.targets]) for d in (train, rest)]
    >>> search = grid_search(lambda: LogisticRegression(2), some, others,
    ...                      {"l2": [0.0, 100.0], "learning_rate": [0.1, 0.01]}, workers=1)
    >>> search.best.choices
    {'l2': 0.0, 'learning_rate': 0.1}
    """
    names = list(grid)
    empty = [name for name in names if isinstance(grid[name], str) or not len(grid[name])]
    if not names or empty:
        raise ValueError(
            f"The grid needs names with lists of values, as {{'l2': [0, 0.1, 1]}}; got "
            f"{dict(grid)!r:.80}."
        )
    if both := sorted(set(names) & settings.keys()):
        raise ValueError(f"{both[0]!r} stands in the grid and in the settings; where does it vary?")
    if {"validation", "on_report", "on_epoch"} & {*names, *settings}:
        raise ValueError(
            "validation is an argument of its own; on_report and on_epoch serve one training."
        )
    combinations = [dict(zip(names, chosen, strict=True)) for chosen in product(*grid.values())]
    run = partial(_trial, make_model, train, validation, settings)
    trials = []
    for trial in _mapped(run, combinations, workers):
        trials.append(trial)
        if on_trial:
            on_trial(trial)
    return GridSearch(trials, make_model)


def _mapped(run: Callable[[Any], Trial], items: Sequence[Any], workers: int | None) -> Any:
    """Return the results in order, from one process or several."""
    if workers is not None and workers < 1:
        raise ValueError(f"workers is {workers}, but at least one must work.")
    if workers == 1 or len(items) == 1:
        return map(run, items)
    try:
        import joblib
    except ImportError:
        if workers is None:
            return map(run, items)
        raise ImportError(
            "To run several trainings at once, joblib is needed: pip install joblib. "
            "With workers=1 they run one after another."
        ) from None
    parallel = joblib.Parallel(n_jobs=workers or -1, return_as="generator")
    return parallel(joblib.delayed(run)(item) for item in items)


def _trial(
    make_model: Callable[..., Model],
    train: Samples,
    validation: Samples,
    settings: Mapping[str, Any],
    choices: dict[str, Any],
) -> Trial:
    model = make_model(**_of_model(choices))
    settings = {**settings, **{n: value for n, value in choices.items() if n in _FIT_SETTINGS}}
    try:
        history = fit(model, train[0], train[1], validation=validation, **settings)
    except DivergenceError as error:
        return Trial(choices, error.history or History(), {}, str(error))
    return Trial(choices, history, model.state())


def _of_model(choices: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in choices.items() if name not in _FIT_SETTINGS}


def _cells(trial: Trial) -> list[str]:
    """Return a line of the table."""
    values = [_short(value) for value in trial.choices.values()]
    if trial.trouble:
        return [*values, "failed", "", "", ""]
    best = trial.history.best
    accuracy = "" if best.validation_accuracy is None else f"{best.validation_accuracy:.1%}"
    return [*values, look.number(judged(best)), accuracy, look.number(best.loss), str(best.epoch)]


def _short(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return look.number(value)
    return look.cut(str(value), 20)


def _words(choices: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_short(value)}" for name, value in choices.items())


def _heat_map(search: GridSearch, across: str, down: str) -> Chart:
    """Return the validation losses as coloured cells; the darker the lower."""
    columns, rows = (_values(search, name) for name in (across, down))
    best_of: dict[tuple[str, str], Trial] = {}
    for trial in search.trials:
        place = (_short(trial.choices[down]), _short(trial.choices[across]))
        if place not in best_of or trial.validation_loss < best_of[place].validation_loss:
            best_of[place] = trial
    finite = [t.validation_loss for t in best_of.values() if isfinite(t.validation_loss)]
    low, high = min(finite, default=1.0), max(finite, default=1.0)
    wide, tall = _CELL
    left, top = 40 + 8.0 * max(map(len, rows)), 70
    width = max(left + wide * len(columns) + 16, 430)
    title = f"validation loss over {across} and {down}"
    parts = [
        text_at(12, 20, title, "start", bold=True),
        text_at(left + wide * len(columns) / 2, 44, across),
        f'<text transform="translate(18,{top + tall * len(rows) / 2:.0f}) rotate(-90)" '
        f'text-anchor="middle">{escape(look.cut(down, 30))}</text>',
    ]
    parts += [text_at(left + (j + 0.5) * wide, 62, name) for j, name in enumerate(columns)]
    for i, row in enumerate(rows):
        y = top + i * tall
        parts.append(text_at(left - 8, y + tall / 2 + 4, row, "end"))
        for j, column in enumerate(columns):
            trial, x = best_of[row, column], left + j * wide
            loss = trial.validation_loss
            share = 1.0 if high == low else log(high / loss) / log(high / low) if low > 0 else 0.5
            colour = look.fill(0.1 + 0.65 * share, 1.0) if isfinite(loss) else "#dddddd"
            ring = ' stroke="#222222" stroke-width="2.5"' if trial is search.best else ""
            words = escape(f"{_words(trial.choices)}: {look.number(loss)}, epoch {trial.epoch}")
            parts.append(
                f'<rect x="{x + 1.5:.1f}" y="{y + 1.5:.1f}" width="{wide - 3}" height="{tall - 3}" '
                f'fill="{colour}"{ring}><title>{words}</title></rect>'
            )
            shown = look.number(loss, 3) if isfinite(loss) else "failed"
            parts.append(text_at(x + wide / 2, y + tall / 2 + 4, shown, bold=bool(ring)))
    note = "dark: low; ring: the best"
    others = [name for name in search.trials[0].choices if name not in (across, down)]
    note += f"; of {', '.join(others)} the best in each cell" * bool(others)
    parts.append(text_at(12, top + tall * len(rows) + 24, note, "start"))
    alt = f"{title}: lowest {look.number(low)} at {_words(search.best.choices)}"
    return Chart(svg_of(width, top + tall * len(rows) + 38, parts, alt), alt, f"{alt}\n{search}")


def _values(search: GridSearch, name: str) -> list[str]:
    return list(dict.fromkeys(_short(trial.choices[name]) for trial in search.trials))
