"""What the commands do: train a model, predict with it, show what is in it."""

from __future__ import annotations

import csv
import io
import re
import shlex
import sys
import tempfile
import textwrap
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from math import fsum, isfinite, sqrt
from pathlib import Path
from subprocess import list2cmdline
from typing import Any

from autograd import find_engine
from nn.checks import Row, count
from nn.data import Dataset, batches
from nn.figures import FIGURES, gallery_page
from nn.history import History, Report, sparkline
from nn.layers import describe_activation
from nn.metrics import accuracy, confusion, confusion_text
from nn.models import MLP, Model
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
    Settings,
    Task,
    TaskError,
    find_task,
    make_model,
    option,
    split_in_three,
)
from nn.training import DivergenceError, fit

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
            print(_beginning(model, about), flush=True)
        if validation is None:
            _note(
                f"{too_few}: that takes 3.\n"
                "All are for training, so the result tells how well they are remembered,\n"
                "not how well the model does on others."
            )
        history = _learn(model, about, training, validation, quiet=quiet)
        answers = about.answers(model, test.inputs)
        score = _score(about, answers, test.targets)
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
        settings = f"{_beginning(model, about)}\n{_entry('result', _result(about))}"
        page = report_page(model, about, history, test, answers, settings=settings)
        write_whole(folder / "report.html", page)
    if quiet:
        print(_result(about))
    else:
        print(_ending(about, answers, training, test, history.engine))
        source = [data] if target is None else [data, "--target", target]
        if "features" in given:
            source += ["--features", _csv_text(given["features"], []).rstrip("\n")]
        print(_next_steps(source, folder, about))


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


# --------------------------------------------------------------- what is told about the training


def _beginning(model: Model, about: About) -> str:
    settings = [_entry("settings", _settings_text(about.settings))] if about.settings else []
    return "\n".join([_entry("model", str(model)), *_data_entries(about), *settings])


def _data_entries(about: About) -> list[str]:
    shape = " ({}x{} image)".format(*about.image_shape) if about.image_shape else ""
    features = f"{count(len(about.feature_names), 'feature')}{shape}"
    wanted = "a number"
    if about.class_names:
        names = ", ".join(about.class_names[:20]) + ", ..." * (len(about.class_names) > 20)
        wanted = f"one of {count(len(about.class_names), 'class')} ({names})"
    parts = [f"{size} for {part}" for part, size in about.samples.items() if size]
    return [
        _entry("data", f"{about.data or '(no name)'}, {features}"),
        _entry("target", f"{about.target_name or '(no name)'}, {wanted}"),
        *([_entry("samples", ", ".join(parts))] if parts else []),
    ]


def _entry(name: str, text: str) -> str:
    return textwrap.fill(
        text,
        79,
        initial_indent=f"{name:10s}",
        subsequent_indent=" " * 10,
        break_on_hyphens=False,
    )


def _settings_text(settings: Settings) -> str:
    """Return the settings as options that give the same training again."""
    texts = []
    for name, value in settings.items():
        if isinstance(value, list):
            value = ",".join(map(str, value)) or '""'
        texts.append(f"{option(name)} {'all' if value is None else value}")
    return " ".join(texts)


def _score(about: About, answers: Sequence[Any], targets: Sequence[Any]) -> float:
    """Return the share of right decisions, or the mean squared error of numbers."""
    if about.class_names:
        return accuracy(answers, targets)
    return fsum((a - t) ** 2 for a, t in zip(answers, targets, strict=True)) / len(targets)


def _score_text(about: About, score: float) -> str:
    if about.class_names:
        return f"accuracy {100 * score:.1f} %"
    return f"mean squared error {score:.6g} (root {sqrt(score):.6g}, in the unit of the target)"


def _result(about: About) -> str:
    part = "test" if about.samples.get("test") else "training"
    return "" if about.score is None else f"{part} {_score_text(about, about.score)}"


_RAN = {
    "eager": "eager: every number was a Value",
    "numpy": "numpy: recorded once, run as NumPy",
    "native": "native: recorded once, run as machine code",
}


def _ending(
    about: About, answers: Sequence[Any], training: Dataset, test: Dataset, engine: str
) -> str:
    """Return how training went, the result, and what it is made of."""
    lines = [_entry("training", about.stopped or "finished")]
    lines += [_entry("engine", _RAN[engine])] if engine else []
    lines += ["", _result(about)]
    if not about.class_names:
        mean = fsum(training.targets) / len(training)
        constant = _score(about, [mean] * len(test), test.targets)
        return "\n".join([*lines, f"(answering the mean of the training: {constant:.6g})"])
    table = confusion(answers, [int(t) for t in test.targets], len(about.class_names))
    drawn = confusion_text(table, about.class_names)
    if max(map(len, drawn.splitlines())) < 80:
        return "\n".join([*lines, "", drawn])
    names, pairs = about.class_names, zip(test.targets, answers, strict=True)
    mistakes = Counter((names[int(t)], names[a]) for t, a in pairs if t != a)
    lines += [f"  {t!r} taken for {a!r}: {times}" for (t, a), times in mistakes.most_common(10)]
    return "\n".join(lines)


def _next_steps(source: Sequence[str], folder: Path, about: About) -> str:
    model, samples = str(folder / "model.json"), str(folder / "test.csv")
    report = str(folder / "report.html")
    kept = "the test samples, not learned from" if about.samples["test"] else "its samples"
    width = len(report)
    return f"""
saved
  {model:{width}}  the model
  {samples:{width}}  {kept}
  {report:{width}}  all about it, for a browser

next
  {_command("show", model)}
  {_command("predict", model, samples)}
  {_command("train", *source, "--hidden", "32,16", "--seed", "1")}
  {_command("train", "--help")}
README.md tells more, and how to do the same in Python"""


def _command(*arguments: str) -> str:
    """Return a command line of ours for the shell, with Python called as it was this time."""
    words = [*(sys.orig_argv[:1] or ["python"]), "-m", "nn", *arguments]
    return list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


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
        score = None if targets is None else _score(about, answers, targets)
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
        print(f"{_score_text(about, score)} on {size}", file=sys.stderr)


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
    layers = _layers(model)
    if about is None:
        print(_entry("model", str(model)))
        about = About([f"x{i}" for i in range(1, model.nin + 1)])
    else:
        print("\n".join([_beginning(model, about), *_training_entries(about)]))
    print("\n" + "\n".join(_layer_table(layers)))
    print("\n" + "\n".join(_first_weights(layers, about)))


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


def _training_entries(about: About) -> list[str]:
    lines = [
        f"{name:10s}{sparkline(losses, 44)}  {losses[0]:.4f} to {losses[-1]:.4f}"
        for name, losses in (("loss", about.losses), ("validated", about.validation_losses))
        if losses
    ]
    lines += [_entry("training", about.stopped)] if about.stopped else []
    return [*lines, "", _result(about)] if about.score is not None else lines


Layers = list[tuple[str, Sequence[Any], str]]
"""Name, neurons and activation of each layer; a neuron has weights w and a bias b."""


def _layers(model: Model) -> Layers:
    if not isinstance(model, MLP):
        activations = {"Perceptron": "sign", "LogisticRegression": "sigmoid"}
        return [("neuron", [model], activations.get(type(model).__name__, "linear"))]
    *hidden, _ = [describe_activation(layer.neurons[0].activation) for layer in model.layers]
    parts = zip(model.layers, [*hidden, model.head], strict=True)
    return [(layer.name, layer.neurons, activation) for layer, activation in parts]


def _layer_table(layers: Layers) -> list[str]:
    lines = ["layer       neurons  activation  parameters   weights             biases"]
    for name, neurons, activation in layers:
        weights = [w.data for neuron in neurons for w in neuron.w]
        biases = [neuron.b.data for neuron in neurons]
        size = len(weights) + len(biases)
        lines.append(
            f"{name:12s}{len(neurons):7d}  {activation:10s}{size:12d}   "
            f"{_range(weights):19s} {_range(biases)}"
        )
    return lines


def _range(numbers: Sequence[float]) -> str:
    low, high = f"{min(numbers):.3g}", f"{max(numbers):.3g}"
    return low if low == high else f"{low} to {high}"


def _first_weights(layers: Layers, about: About) -> list[str]:
    """Return the weights of the first layer: as pictures, as a table, or the heaviest inputs."""
    layer, neurons, _ = layers[0]
    names = [f"neuron {j}" for j in range(1, len(neurons) + 1)]
    if len(layers) == 1 and len(neurons) == len(about.class_names):
        names = about.class_names
    if about.image_shape:
        return _pictures(layer, neurons, names, about.image_shape)
    of = f"{layer}{', for scaled inputs' if about.scaler else ''}"
    if len(about.feature_names) <= 4 and len(neurons) <= 32:
        return [f"weights of {of}", *_weight_table(neurons, names, about.feature_names)]
    sizes = {
        name: fsum(abs(neuron.w[i].data) for neuron in neurons)
        for i, name in enumerate(about.feature_names)
    }
    heaviest = sorted(sizes, key=lambda name: -sizes[name])[:10]
    return [
        f"heaviest inputs of {of}: sum of |weight| over its neurons",
        *(f"  {sizes[name]:9.4g}  {name}" for name in heaviest),
    ]


def _weight_table(neurons: Sequence[Any], names: Sequence[str], inputs: Sequence[str]) -> list[str]:
    """Return a row for each neuron, a column for each input and the bias."""
    heads = "".join(f"{_cut(name, 11):>13s}" for name in (*inputs, "bias"))
    lines = [" " * 13 + heads]
    for name, neuron in zip(names, neurons, strict=True):
        cells = "".join(f"{value.data:13.4g}" for value in (*neuron.w, neuron.b))
        lines.append(f"  {_cut(name, 11):11s}{cells}")
    return lines


def _cut(name: str, width: int) -> str:
    return name if len(name) <= width else name[: width - 1] + "…"


def _pictures(
    layer: str, neurons: Sequence[Any], names: Sequence[str], shape: Sequence[int]
) -> list[str]:
    """Return weights as pictures, a few side by side in at most two rows."""
    width = max(2 * shape[1], 9)
    beside = max(1, 79 // (width + 3))
    rows = batches(len(neurons), beside)[:2]
    shown = sum(map(len, rows))
    lines = [
        f"weights of {layer} ({shown} of {count(len(neurons), 'neuron')}): blank is negative, ▒ is "
        "0, █ is positive,",
        "each picture by its own largest weight",
    ]
    for indices in rows:
        captions = [_cut(names[j], width) for j in indices]
        pictures = [_picture(neurons[j], *shape) for j in indices]
        cells = [[""] * len(indices), captions, *zip(*pictures, strict=True)]
        lines += ["   ".join(cell.ljust(width) for cell in line).rstrip() for line in cells]
    return lines


def _picture(neuron: Any, rows: int, columns: int) -> list[str]:
    """Return lines of shades, each pixel two characters wide so that it is about square."""
    weights, shades = [w.data for w in neuron.w], " ░▒▓█"
    largest = max(map(abs, weights)) or 1.0
    pixels = [2 * shades[round((w / largest + 1) * (len(shades) - 1) / 2)] for w in weights]
    return ["".join(line) for line in (pixels[r * columns :][:columns] for r in range(rows))]
