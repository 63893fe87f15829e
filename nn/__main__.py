"""The command line: ``python -m nn``."""

from __future__ import annotations

import argparse
import csv
import math
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from io import TextIOWrapper
from textwrap import fill
from typing import Any, NoReturn

from autograd import ENGINES, __version__
from nn.activations import ACTIVATIONS
from nn.commands import draw_figures, predict, show, train
from nn.losses import LOSSES
from nn.optimizers import OPTIMIZERS
from nn.schedules import SCHEDULES
from nn.storage import ModelFileError
from nn.tables import TableError
from nn.tasks import LEARNING_RATES, MODEL_KINDS, SOURCES, TABLE, USUAL, TaskError
from nn.training import DivergenceError

DIVERGED, WRONG, INTERRUPTED = 1, 2, 130
COMMANDS = ("train", "predict", "show", "figures")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; without arguments, train on the digits.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; by default those of the process.

    Returns
    -------
    int
        0; 2 for wrong usage, bad data or a damaged model file; 1 if training diverged; 130 after
        Ctrl-C. What was wrong is told on the standard error output.

    Examples
    --------
    >>> main(["--version"])  # doctest: +ELLIPSIS
    autograd-nn ...
    0
    """
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has gone, as in `| head`: nobody is left to tell
        _silence()
        return 0
    return code


def _run(argv: list[str]) -> int:
    """Parse the arguments, run the command, and turn what goes wrong into a message and a code."""
    try:
        options = vars(_parser().parse_args(_with_command(argv)))
        command = options.pop("command")
        command(**options)
    except SystemExit as stop:  # help or version was asked for and is printed
        return int(stop.code or 0)
    except BrokenPipeError:
        raise
    except (TaskError, TableError, ModelFileError) as error:
        return _failed(error, WRONG)
    except OSError as error:
        return _failed(f"{error.filename}: {error.strerror}" if error.filename else error, WRONG)
    except DivergenceError as error:
        return _failed(error, DIVERGED)
    except KeyboardInterrupt as stop:
        print(f"Stopped. {stop}".strip(), file=sys.stderr)
        return INTERRUPTED
    return 0


def _failed(problem: object, code: int) -> int:
    print(f"error: {problem}", file=sys.stderr)
    return code


def _silence() -> None:
    """Send what is still buffered nowhere, or Python complains about it at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())


def _with_command(argv: list[str]) -> list[str]:
    """Return the arguments with a command in front; if there is another word, say what to write."""
    if not argv:
        return ["train", "digits"]
    first, written = argv[0], " ".join(argv)
    if first in (*COMMANDS, "-h", "--help", "--version"):
        return argv
    if first in SOURCES:
        raise TaskError(f"There is no command {first!r}. Did you mean python -m nn train {written}")
    if first.startswith("-"):
        raise TaskError(
            f"{first!r} needs a command before it. Did you mean python -m nn train digits {written}"
        )
    raise TaskError(
        f"There is no command {first!r}. The commands are {', '.join(COMMANDS)}. "
        "See python -m nn --help"
    )


# ----------------------------------------------------------------------------------- the commands


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Raise an error, to be shown as all others are."""
        raise TaskError(f"{message.removeprefix('argument ')}\nSee {self.prog} --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m nn",
        description=fill(
            "Train small neural networks, predict with them, and look inside. Without arguments: "
            "train a network to read handwritten digits, which takes some seconds.",
            79,
        ),
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"autograd-nn {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, title="commands")
    _add_train(commands)
    _add_predict(commands)
    _add_show(commands)
    _add_figures(commands)
    return parser


_EXAMPLES = """\
examples:
  python -m nn                                      the digits, as usual
  python -m nn train spiral --hidden 32 --seed 7    another data set, other settings
  python -m nn train flowers.csv --target species   data of your own
  python -m nn predict runs/flowers/model.json more.csv --output answers.csv
  python -m nn show runs/flowers/model.json
  python -m nn figures                              the lecture's figures, on one page
  python -m nn train --help                         all settings, with their usual values

exit codes: 0 done, 1 training diverged, 2 wrong usage, data or model file, 130 Ctrl-C
"""


def _add_train(commands: Any) -> None:
    parser = commands.add_parser(
        "train",
        help="train a model on a data set or a CSV file, test it and save it",
        usage="%(prog)s DATA [options]",
        description=fill(
            "Train a model. It learns from 60 % of the samples; 20 % (validation) show how well "
            "it does on others meanwhile, and the last 20 % are for the test at the end. The "
            "model is saved as model.json, the test samples as test.csv, and a page about it all "
            "as report.html. The same command gives the same model again.",
            79,
        ),
        epilog=_usual_settings(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
    )
    parser.set_defaults(command=train)
    parser.add_argument(
        "data", metavar="DATA", help=f"{', '.join(SOURCES)}, or the path of a CSV file"
    )
    for title, rows in _OPTIONS.items():
        group = parser.add_argument_group(title)
        for flag, metavar, convert, text in rows:
            group.add_argument(flag, metavar=metavar, type=convert, help=text)
    group = parser.add_argument_group("the result")
    group.add_argument(
        "--output",
        metavar="FOLDER",
        help="where to save; made if it is missing (default: runs/ and the name of the data)",
    )
    group.add_argument("--quiet", action="store_true", help="print the result and nothing else")


def _add_predict(commands: Any) -> None:
    parser = commands.add_parser(
        "predict",
        help="answer for every row of a CSV file with a saved model",
        description=fill(
            "Write what a model answers for every row of a CSV file, as CSV: the prediction, and "
            "P(class), the probability of each class, where the model gives any. Columns are "
            "found by their names, and scaled as in training. If the target column is in the "
            "file too, accuracy or mean squared error is told on the standard error output.",
            79,
        ),
        epilog="example:\n  python -m nn predict runs/digits/model.json runs/digits/test.csv",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=predict)
    parser.add_argument("model_path", metavar="MODEL.json", help="a model that train has saved")
    parser.add_argument("data", metavar="DATA.csv", help="the rows to answer for")
    parser.add_argument(
        "--output", metavar="FILE", help="where to write (default: the standard output)"
    )


def _add_show(commands: Any) -> None:
    parser = commands.add_parser(
        "show",
        help="print what is in a saved model",
        description=fill(
            "Print what is in a model file: layers, settings, how training went, and the weights "
            "of the first layer, as a table or, where the inputs are images, as pictures.",
            79,
        ),
        epilog="example:\n  python -m nn show runs/digits/model.json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=show)
    parser.add_argument("model_path", metavar="MODEL.json", help="a model that train has saved")


def _add_figures(commands: Any) -> None:
    parser = commands.add_parser(
        "figures",
        help="draw the lecture's figures",
        description=fill(
            "Draw the lecture's figures from computed numbers: one page, gallery.html, that opens "
            "offline in any browser, and each figure as an .svg file.",
            79,
        ),
    )
    parser.set_defaults(command=draw_figures)
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        default="runs/figures",
        help="where to save; made if it is missing (default: %(default)s)",
    )


def _usual_settings() -> str:
    """Return the data sets, their presets as a table, and examples."""
    lines = ["data sets:"]
    for name, source in SOURCES.items():
        made = ", ".join(f"{key} {usual}" for key, usual in source.making.items())
        lines.append(f"  {name:9s} {source.summary}{': ' * bool(made)}{made}")
    names = ("hidden", "activation", "epochs", "batch_size", "learning_rate", "l2", "patience",
             "scale")  # fmt: skip
    rows: list[tuple[str, ...]] = [("", *(name.split("_")[-1] for name in names))]
    for name, source in {**SOURCES, "CSV": TABLE}.items():
        settings = {**USUAL, **source.preset}
        sizes = ",".join(map(str, settings["hidden"]))
        rows.append((name, sizes, *(str(settings[key]) for key in names[1:])))
    widths = [max(map(len, column)) + 2 for column in zip(*rows, strict=True)]
    lines += ["", "usual settings (size: of a batch; rate: of learning):"]
    lines += ["  " + "".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join(lines) + _TRAIN_EXAMPLES


_TRAIN_EXAMPLES = """

examples:
  python -m nn train moons --noise 0.2 --samples 500
  python -m nn train digits --hidden "" --l2 5                  softmax regression
  python -m nn train blobs --classes 2 --model perceptron
  python -m nn train moons --loss hinge --optimizer momentum
  python -m nn train houses.csv --target price --model linear
"""


# ------------------------------------------------------------------------- the values of options


def _whole(least: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from `least` on."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}.")
        return number

    return read


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a finite number of at least 0.")
    return number


def _number_above_0(text: str) -> float:
    try:
        number = _number(text)
    except argparse.ArgumentTypeError:
        number = 0.0
    if not number:
        raise argparse.ArgumentTypeError(f"{text!r} is not a finite number above 0.")
    return number


def _probability(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 0 and below 1.")
    return number


def _batch_size(text: str) -> int | None:
    """Read how many samples are in a batch; None is all."""
    if text in ("all", "0"):
        return None
    try:
        return _whole(1)(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error} For all samples at once say all.") from None


def _sizes(text: str) -> list[int]:
    """Read how many neurons are in each layer."""
    try:
        return [_whole(1)(size) for size in text.split(",")] if text.strip() else []
    except argparse.ArgumentTypeError as error:
        advice = 'Give a number for each hidden layer, such as 32 or 16,16; "" is no hidden layer.'
        raise argparse.ArgumentTypeError(f"{text!r}: {error} {advice}") from None


def _names(text: str) -> list[str]:
    """Read the names of columns; as in a CSV file, one with a comma is in quotes."""
    rows = csv.reader(text.splitlines(keepends=True), skipinitialspace=True)
    return list(dict.fromkeys(name.strip() for row in rows for name in row))


def _one_of(names: Iterable[str]) -> Callable[[str], str]:
    """Return a reader of these names."""
    known = list(names)

    def read(text: str) -> str:
        if text not in known:
            nearest = get_close_matches(text.lower(), known, n=1)
            guess = f" Did you mean {nearest[0]!r}?" if nearest else ""
            raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(known)}.{guess}")
        return text

    return read


_Option = tuple[str, str, Callable[[str], Any], str]
_OPTIONS: dict[str, list[_Option]] = {
    "the data": [
        ("--target", "COLUMN", str, "of a CSV file: the column to predict. Text is a class, and so "
         "are whole numbers if there are at most 10 different ones; else numbers are quantities. "
         "--loss mse takes any numbers for quantities, every other loss takes them for classes"),
        ("--features", "COLUMN,COLUMN", _names, "of a CSV file: the columns to learn from "
         "(default: all but the target)"),
        ("--scale", "KIND", _one_of(("standard", "minmax", "none")), "standard: features get mean "
         "0 and deviation 1; minmax: they run from 0 to 1; none. Measured on the samples to learn "
         "from, and saved with the model. A target that is a number is scaled too"),
        ("--samples", "N", _whole(1), "made-up data: how many, for learning and tests together"),
        ("--noise", "SIZE", _number, "made-up data: how far points stray (standard deviation)"),
        ("--classes", "N", _whole(2), "blobs and spiral: how many"),
    ],
    "the model": [
        ("--model", "KIND", _one_of(MODEL_KINDS), "perceptron or logistic (for two classes), "
         "linear (for a number), or mlp, a multi-layer perceptron for all (default: mlp)"),
        ("--hidden", "SIZES", _sizes, "mlp: neurons of each hidden layer, such as 32 or 16,16; "
         '"" is none, which makes it softmax or logistic regression'),
        ("--activation", "NAME", _one_of(ACTIVATIONS), "mlp: what hidden neurons apply to their "
         f"sum: {', '.join(ACTIVATIONS)}"),
        ("--dropout", "P", _probability, "mlp: the probability of a hidden neuron to be out in a "
         "step of the training; 0 for none"),
        ("--loss", "NAME", _one_of(LOSSES), "what training makes small. For several classes "
         "cross_entropy, with a softmax; for two binary_cross_entropy, with a sigmoid, or "
         "logistic, hinge, cross_entropy; for a number mse (default: the first of these)"),
    ],
    "the training": [
        ("--epochs", "N", _whole(1), "how often to go through the samples, at most"),
        ("--batch-size", "N", _batch_size, "samples in a step; all (or 0) for all at once"),
        ("--optimizer", "NAME", _one_of(OPTIMIZERS), f"{', '.join(OPTIMIZERS)} (default: "
         f"{USUAL['optimizer']})"),
        ("--learning-rate", "RATE", _number_above_0, "how large the steps are (default: see below; "
         + ", ".join(f"for {name} {rate}" for name, rate in LEARNING_RATES.items()) + ")"),
        ("--schedule", "NAME", _one_of(SCHEDULES), "how the learning rate changes: "
         f"{', '.join(SCHEDULES)} (default: {USUAL['schedule']}, which falls to 0)"),
        ("--l2", "STRENGTH", _number, "keeps weights small: adds STRENGTH / (2 N) times the sum of "
         "their squares to the loss, N the samples to learn from"),
        ("--patience", "N", _whole(0), "stop after N epochs without a better validation loss, and "
         "keep the best weights; 0 for never"),
        ("--engine", "NAME", _one_of(ENGINES), "what carries out the steps: eager, every number a "
         "Value; numpy or native, the same recorded once and run as NumPy or as machine code; or "
         "auto, the fastest that is installed if Values would take some seconds (default: "
         f"{USUAL['engine']}). Their numbers differ in the last digits only"),
        ("--seed", "N", _whole(0), "chooses all that is random: made-up samples, split, first "
         f"weights, order (default: {USUAL['seed']})"),
    ],
}  # fmt: skip


def _prepare_outputs() -> None:
    """Write UTF-8, as the files are, also into pipes of systems that are used to less.

    An output that the shell has closed (``>&-``) is None; it becomes one that nobody reads.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, os.fdopen(nowhere, "w", closefd=False))
        stream = getattr(sys, name)
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


if __name__ == "__main__":
    _prepare_outputs()
    sys.exit(main())
