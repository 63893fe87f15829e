"""What the commands do: train a model, predict with it, show what is in it."""

from __future__ import annotations

import csv
import io
import re
import sys
import tempfile
import textwrap
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any

from autograd import find_engine
from nn.checks import Row, count
from nn.data import Dataset
from nn.figures import FIGURES, gallery_page
from nn.history import History, Report
from nn.model_text import first_weights, layer_table
from nn.models import Model
from nn.perceptron import Perceptron
from nn.progress import Progress
from nn.report import report_page
from nn.scaling import Scaler
from nn.storage import ModelFileError, load_with_about, save, write_whole
from nn.table_file import composed
from nn.tables import TableError, column_names, read_rows
from nn.tasks import (
    DESCENT,
    SOURCES,
    About,
    Task,
    TaskError,
    find_task,
    make_model,
    split_in_three,
)
from nn.training import DivergenceError, fit
from nn.training_text import (
    beginning,
    course,
    ending,
    entry,
    next_steps,
    result,
    score_of,
    score_text,
)

# ------------------------------------------------------------------------------------------ train


def train(
    data: str,
    *,
    target: str | None = None,
    output: str | None = None,
    quiet: bool = False,
    **given: Any,
) -> None:
    """Train a model, test it, save it, and print how good it is and what to do next.

    Parameters
    ----------
    data, target
        As `find_task` takes them.
    output : str, optional
        The folder for ``model.json``, ``test.csv`` and ``report.html``; by default runs/ and the
        name of the data, with -csv for a file that is named like one of `SOURCES`.
    quiet : bool, optional
        Print the result and nothing else.
    **given
        The settings that `find_task` takes as a mapping.

    Raises
    ------
    TaskError, TableError
        If the options do not fit, or the table or the folder cannot be used: before training.
    DivergenceError
        If training left the range of numbers. Nothing is saved then.
    KeyboardInterrupt
        If the user ended it; it says that nothing is saved.
    """
    task = find_task(data, target, given)
    training, validation, test = split_in_three(task.dataset, task.settings["seed"])
    name = task.dataset.name
    some = f"some{' of each class' * task.dataset.is_classification}"
    too_few = f"{name} has too few samples to keep {some} apart"
    if validation is None:
        task = _without_patience(task, given, too_few)
    namesake = data not in SOURCES and name.lower() in SOURCES
    folder = Path(output or Path("runs", name + "-csv" * namesake))
    model = make_model(task.dataset, task.settings)
    about = _about(task, training, validation)
    with _output_folder(folder), _saying_that_nothing_was_saved():
        if not quiet:
            print(beginning(model, about), flush=True)
        if validation is None:
            _note(
                f"{too_few}: that takes 3.\n"
                "All are for training, so the result tells how well they are remembered,\n"
                "not how well the model does on others."
            )
        history = _learn(model, about, training, validation, quiet=quiet)
        answers = about.answers(model, test.inputs)
        score = score_of(about, answers, test.targets)
        if not all(map(isfinite, (score, *history.losses, *history.validation_losses))):
            raise OverflowError("the loss is no finite number")
        about = replace(
            about,
            losses=history.losses,
            validation_losses=history.validation_losses,
            stopped=history.stopped,
            score=score,
        )
        save(model, folder / "model.json", about=about.to_plain())
        write_whole(folder / "test.csv", _samples_as_csv(test, task.target_name))
        settings = f"{beginning(model, about)}\n{entry('result', result(about))}"
        page = report_page(model, about, history, test, answers, settings=settings)
        write_whole(folder / "report.html", page)
    if quiet:
        print(result(about))
    else:
        print(ending(about, answers, training, test, history.engine))
        source = [data] if target is None else [data, "--target", target]
        if "features" in given:
            source += ["--features", _csv_text(given["features"], []).rstrip("\n")]
        print(next_steps(source, folder, about))


def _without_patience(task: Task, given: Mapping[str, Any], too_few: str) -> Task:
    """Return the task without early stopping, which needs samples for validation."""
    if given.get("patience"):
        raise TaskError(
            f"--patience {given['patience']} needs samples for validation, but {too_few}. "
            "Use --patience 0, or more samples."
        )
    off = {"patience": 0} if "patience" in task.settings else {}
    return replace(task, settings={**task.settings, **off})


def _about(task: Task, training: Dataset, validation: Dataset | None) -> About:
    """Return what is known before training; the scalers see the training part only."""
    dataset, kind = task.dataset, task.settings["scale"]
    scaler = target_scaler = None
    if kind != "none":
        scaler = _fitted(kind, training.inputs)
        if not dataset.is_classification:
            target_scaler = _fitted(kind, [[target] for target in training.targets])
    checked = len(validation) if validation else 0
    rest = len(dataset) - len(training) - checked
    return About(
        feature_names=dataset.feature_names,
        class_names=dataset.class_names,
        target_name=task.target_name,
        scaler=scaler,
        target_scaler=target_scaler,
        data=dataset.name,
        image_shape=list(dataset.image_shape) if dataset.image_shape else None,
        settings=task.settings,
        samples={"training": len(training), "validation": checked, "test": rest},
    )


def _fitted(kind: Any, rows: Sequence[Row]) -> Scaler:
    try:
        return Scaler(kind).fit(rows)
    except (ValueError, OverflowError) as error:
        raise TaskError(
            f"The samples cannot be scaled ({error}). Use larger units, or --scale none."
        ) from None


@contextmanager
def _output_folder(folder: Path) -> Iterator[None]:
    """Make the folder and try to write in it; take it away again if the block fails."""
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise TaskError(
                f"Cannot write into the folder {folder}: {error.strerror}. Choose another one "
                "with --output."
            ) from None
        yield
    except BaseException:
        for place in made:
            with suppress(OSError):  # it was not made, or somebody has put something into it
                place.rmdir()
        raise


@contextmanager
def _saying_that_nothing_was_saved() -> Iterator[None]:
    try:
        yield
    except DivergenceError as error:
        raise DivergenceError(f"{_in_short(error)} Nothing was saved.") from error
    except ArithmeticError as error:
        problem = f"A number became too large: {_in_short(error)} Nothing was saved."
        raise DivergenceError(problem) from error
    except KeyboardInterrupt:
        advice = "Nothing was saved. For a shorter training use --epochs."
        raise KeyboardInterrupt(advice) from None


def _in_short(error: ArithmeticError) -> str:
    """Return what it says as a sentence, without the engine's advice for programs."""
    return re.sub(r" [^.]*ieee_values\(\)[^.]*\.", "", str(error)).rstrip(".") + "."


def _learn(
    model: Model, about: About, training: Dataset, validation: Dataset | None, *, quiet: bool
) -> History:
    """Train the model as its settings say, and show how it goes."""

    def samples(part: Dataset) -> tuple[Sequence[Row], list[Any]]:
        return about.scaled(part.inputs), about.labels(part.targets, model.loss.name)

    epochs, seed = about.settings["epochs"], about.settings["seed"]
    if isinstance(model, Perceptron):
        return _learn_by_rule(model, *samples(training), epochs)
    settings = {name: about.settings[name] for name in DESCENT}
    settings["patience"] = settings["patience"] or None
    progress = Progress(epochs)

    def show(report: Report) -> None:
        with suppress(BrokenPipeError):  # nobody looks any more, but the model is still wanted
            progress(report)

    # Values show every step; compiled steps are fastest where nobody looks between them
    by_step = find_engine(settings["engine"]) == "eager"
    try:
        return fit(
            model,
            *samples(training),
            validation=samples(validation) if validation else None,
            seed=seed,
            on_report=show if by_step and not quiet else None,
            on_epoch=None if by_step or quiet else show,
            **settings,
        )
    finally:
        with suppress(BrokenPipeError):
            progress.close()


def _learn_by_rule(
    model: Perceptron, inputs: Sequence[Row], labels: list[int], epochs: int
) -> History:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RuntimeWarning)
        model.fit(inputs, labels, max_epochs=epochs)
    for warning in caught:
        _note(textwrap.fill(str(warning.message), 74))
    found = "no" if model.converged_ else "still"
    corrections = count(len(model.updates_), "correction")
    return History(stopped=f"{found} mistakes in epoch {model.epochs_}, after {corrections}")


def _note(text: str) -> None:
    print(f"note: {text}", file=sys.stderr)


def _samples_as_csv(dataset: Dataset, target_name: str) -> str:
    """Return the samples as a table that `nn.read_csv` reads back."""
    names = dataset.class_names
    targets = [names[int(t)] if names else t for t in dataset.targets]
    rows = [[*row, t] for row, t in zip(dataset.inputs, targets, strict=True)]
    return _csv_text([*dataset.feature_names, target_name], rows)


def _csv_text(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table as CSV; in its first line the comma is the only separator in sight."""
    misleading = any(mark in name for name in header for mark in ";\t")
    out = io.StringIO()
    csv.writer(
        out, quoting=csv.QUOTE_ALL if misleading else csv.QUOTE_MINIMAL, lineterminator="\n"
    ).writerow(header)
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


# ---------------------------------------------------------------------------------------- predict


def predict(model_path: str, data: str, *, output: str | None = None) -> None:
    """Write what a model answers for every row of a table, as CSV.

    Parameters
    ----------
    model_path : str
        A file that `train` wrote.
    data : str
        A CSV file with at least the columns that the model takes, in any order. If it has the
        target too, the score is told on the standard error output.
    output : str, optional
        The file to write, whole or not at all; by default the standard output.

    Raises
    ------
    ModelFileError
        If the model's file is missing or damaged.
    TableError, TaskError
        If the table does not fit the model, or `output` is one of the other files.
    """
    try:
        model, plain = _loaded(model_path)
    except ModelFileError as error:
        if not data.endswith(".json"):
            raise
        advice = (
            "The first argument must be the model file, then comes the table: did you swap them?"
        )
        raise ModelFileError(f"{error} {advice}") from None
    about = About.from_plain(plain, model, model_path)
    if output and Path(output).resolve() in (Path(model_path).resolve(), Path(data).resolve()):
        raise TaskError(f"--output {output} would overwrite what is read. Choose another name.")
    inputs, targets = _rows_for(about, data)
    try:
        answers = about.answers(model, inputs)
        text = _csv_text(*_predictions(model, about, inputs, answers))
        score = None if targets is None else score_of(about, answers, targets)
    except ArithmeticError as error:
        raise TableError(
            f"{data}: a number is too large for this model: {_in_short(error)}"
        ) from None
    if output:
        write_whole(output, text)
    else:
        print(text, end="", flush=True)
    if score is not None:
        size = count(len(answers), "sample")
        print(f"{score_text(about, score)} on {size}", file=sys.stderr)


def _loaded(path: str) -> tuple[Model, dict[str, Any]]:
    try:
        return load_with_about(path)
    except OSError as error:
        raise ModelFileError(
            f"{path} cannot be read: {error.strerror}. python -m nn train digits, for instance, "
            "makes a model."
        ) from None


def _rows_for(about: About, data: str) -> tuple[Sequence[Row], Sequence[float] | None]:
    """Return rows, and targets if they are there; a pipe is read only once, for its rows."""
    target = composed(about.target_name)
    if target and Path(data).is_file() and target in column_names(data):
        try:
            return read_rows(data, about.feature_names, target, about.class_names)
        except TableError as error:  # perhaps only in the target, which is not needed
            inputs, _ = read_rows(data, about.feature_names)
            _note(f"no score, because of {error}")
            return inputs, None
    return read_rows(data, about.feature_names)


def _predictions(
    model: Model, about: About, inputs: Sequence[Row], answers: Sequence[Any]
) -> tuple[list[str], list[list[Any]]]:
    """Return header and rows: the answer, and the probability of each class if there are any."""
    if not about.class_names:
        return ["prediction"], [[number] for number in answers]
    names = [about.class_names[k] for k in answers]
    if model.loss.name == "hinge":  # its scores are no probabilities
        return ["prediction"], [[name] for name in names]
    header = ["prediction", *(f"P({name})" for name in about.class_names)]
    chances = [model.predict_proba(row) for row in about.scaled(inputs)]
    rows = zip(names, chances, strict=True)
    return header, [[name, *(f"{chance:.6g}" for chance in row)] for name, row in rows]


# ------------------------------------------------------------------------------------------- show


def show(model_path: str) -> None:
    """Print what is in a model file: the model, its training, its first weights.

    Parameters
    ----------
    model_path : str
        A file that `nn.save` wrote.

    Raises
    ------
    ModelFileError
        If the file is missing or damaged.
    """
    model, plain = _loaded(model_path)
    about = About.from_plain(plain, model, model_path) if "feature_names" in plain else None
    if about is None:
        print(entry("model", str(model)))
        about = About([f"x{i}" for i in range(1, model.nin + 1)])
    else:
        print("\n".join([beginning(model, about), *course(about)]))
    print("\n" + layer_table(model))
    print("\n" + first_weights(model, about))


# ---------------------------------------------------------------------------------------- figures


def draw_figures(output: str = "runs/figures") -> None:
    """Write every figure of the lecture as .svg, and all on one page, and say where.

    Parameters
    ----------
    output : str, optional
        The folder; made if it is missing.

    Raises
    ------
    TaskError
        If the folder cannot be used.
    """
    folder = Path(output)
    with _output_folder(folder):
        for figure in FIGURES:
            path = folder / f"{figure.name}.svg"
            figure.draw().save(path)
            print(f"{path}  {figure.title}")
        write_whole(folder / "gallery.html", gallery_page())
        print(f"{folder / 'gallery.html'}  all of them, for a browser")
