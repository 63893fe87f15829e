"""What is told about a training, from its data and settings to the result and the next steps."""

from __future__ import annotations

import shlex
import sys
import textwrap
from collections import Counter
from collections.abc import Sequence
from math import fsum, sqrt
from pathlib import Path
from subprocess import list2cmdline
from typing import Any

from nn.checks import count
from nn.data import Dataset
from nn.history import sparkline
from nn.metrics import accuracy, confusion, confusion_text
from nn.models import Model
from nn.tasks import About, Settings, option


def beginning(model: Model, about: About) -> str:
    """Return what is known before training: the model, its data, the settings.

    Examples
    --------
    >>> import nn
    >>> about = About(["u", "v"], target_name="y", data="plane", settings={"epochs": 5})
    >>> print(beginning(nn.LinearRegression(2), about))
    model     LinearRegression(2 inputs)
    data      plane, 2 features
    target    y, a number
    settings  --epochs 5
    """
    settings = [entry("settings", _settings_text(about.settings))] if about.settings else []
    return "\n".join([entry("model", str(model)), *_data_entries(about), *settings])


def _data_entries(about: About) -> list[str]:
    shape = " ({}x{} image)".format(*about.image_shape) if about.image_shape else ""
    features = f"{count(len(about.feature_names), 'feature')}{shape}"
    wanted = "a number"
    if about.class_names:
        names = ", ".join(about.class_names[:20]) + ", ..." * (len(about.class_names) > 20)
        wanted = f"one of {count(len(about.class_names), 'class')} ({names})"
    parts = [f"{size} for {part}" for part, size in about.samples.items() if size]
    return [
        entry("data", f"{about.data or '(no name)'}, {features}"),
        entry("target", f"{about.target_name or '(no name)'}, {wanted}"),
        *([entry("samples", ", ".join(parts))] if parts else []),
    ]


def entry(name: str, text: str) -> str:
    """Return a name and, in a column of its own, what there is to say; at most 79 wide.

    Examples
    --------
    >>> print(entry("training", "finished"))
    training  finished
    """
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


def score_of(about: About, answers: Sequence[Any], targets: Sequence[Any]) -> float:
    """Return the share of right decisions, or the mean squared error of numbers.

    Parameters
    ----------
    about : About
        Has names of classes if the answers are class indices.
    answers, targets : sequence, length N
        What `About.answers` gives, and what is true.

    Examples
    --------
    >>> score_of(About(["x"], ["no", "yes"]), [0, 1, 1, 0], [0, 1, 1, 1])
    0.75
    >>> score_of(About(["x"]), [1.0, 3.0], [1.0, 1.0])
    2.0
    """
    if about.class_names:
        return accuracy(answers, targets)
    return fsum((a - t) ** 2 for a, t in zip(answers, targets, strict=True)) / len(targets)


def score_text(about: About, score: float) -> str:
    """Return a score with what it measures.

    Examples
    --------
    >>> score_text(About(["x"], ["no", "yes"]), 0.75)
    'accuracy 75.0 %'
    >>> score_text(About(["x"]), 4.0)
    'mean squared error 4 (root 2, in the unit of the target)'
    """
    if about.class_names:
        return f"accuracy {100 * score:.1f} %"
    return f"mean squared error {score:.6g} (root {sqrt(score):.6g}, in the unit of the target)"


def result(about: About) -> str:
    """Return the score with the part of the samples that it is of; empty if there is none.

    Examples
    --------
    >>> result(About(["x"], ["no", "yes"], samples={"test": 8}, score=0.75))
    'test accuracy 75.0 %'
    """
    part = "test" if about.samples.get("test") else "training"
    return "" if about.score is None else f"{part} {score_text(about, about.score)}"


_RAN = {
    "eager": "eager: every number was a Value",
    "numpy": "numpy: recorded once, run as NumPy",
    "native": "native: recorded once, run as machine code",
}


def ending(
    about: About, answers: Sequence[Any], training: Dataset, test: Dataset, engine: str
) -> str:
    """Return how training went, the result, and what it is made of.

    Parameters
    ----------
    about : About
        Complete, with the score.
    answers : sequence
        What the model says of each test sample, as `About.answers` has it.
    training, test : Dataset
        The raw samples.
    engine : str
        As `Report.engine` has it; empty for what has no steps.

    Examples
    --------
    >>> import nn
    >>> line = nn.Dataset([[0.0], [1.0]], [1.0, 3.0], "line", ["x"], [])
    >>> about = About(["x"], samples={"test": 2}, score=0.5)
    >>> print(ending(about, [2.0, 3.0], line, line, "eager"))
    training  finished
    engine    eager: every number was a Value
    <BLANKLINE>
    test mean squared error 0.5 (root 0.707107, in the unit of the target)
    (answering the mean of the training: 1)
    """
    lines = [entry("training", about.stopped or "finished")]
    lines += [entry("engine", _RAN[engine])] if engine else []
    lines += ["", result(about)]
    if not about.class_names:
        mean = fsum(training.targets) / len(training)
        constant = score_of(about, [mean] * len(test), test.targets)
        return "\n".join([*lines, f"(answering the mean of the training: {constant:.6g})"])
    table = confusion(answers, [int(t) for t in test.targets], len(about.class_names))
    drawn = confusion_text(table, about.class_names)
    if max(map(len, drawn.splitlines())) < 80:
        return "\n".join([*lines, "", drawn])
    names, pairs = about.class_names, zip(test.targets, answers, strict=True)
    mistakes = Counter((names[int(t)], names[a]) for t, a in pairs if t != a)
    lines += [f"  {t!r} taken for {a!r}: {times}" for (t, a), times in mistakes.most_common(10)]
    return "\n".join(lines)


def course(about: About) -> list[str]:
    """Return lines about a training that is over: the losses by epoch, its end, the result.

    Examples
    --------
    >>> course(About(["x"], losses=[0.75, 0.5, 0.25]))
    ['loss      █▅▁  0.7500 to 0.2500']
    """
    lines = [
        f"{name:10s}{sparkline(losses, 44)}  {losses[0]:.4f} to {losses[-1]:.4f}"
        for name, losses in (("loss", about.losses), ("validated", about.validation_losses))
        if losses
    ]
    lines += [entry("training", about.stopped)] if about.stopped else []
    return [*lines, "", result(about)] if about.score is not None else lines


def next_steps(source: Sequence[str], folder: Path, about: About) -> str:
    """Return where everything is saved, and command lines to go on with.

    Parameters
    ----------
    source : sequence of str
        The arguments that name the data.
    folder : Path
        Where ``model.json``, ``test.csv`` and ``report.html`` are.
    about : About
        Tells whether there were samples for a test.

    Examples
    --------
    >>> text = next_steps(["moons"], Path("out"), About(["x1", "x2"], samples={"test": 8}))
    >>> "test.csv     the test samples, not learned from" in text
    True
    """
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
