"""A task for the command line: data with a question, and the settings to learn the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from autograd import find_engine
from nn.checks import count
from nn.data import Dataset, split
from nn.models import MLP, LinearRegression, LogisticRegression, Model
from nn.perceptron import Perceptron
from nn.samples import (
    load_digits,
    load_iris,
    make_blobs,
    make_circles,
    make_moons,
    make_spiral,
    make_xor,
)
from nn.scaling import Scaler
from nn.storage import ModelFileError
from nn.table_file import listed
from nn.tables import Kind, column_names, read_csv

Settings = dict[str, Any]
"""Options of the command line, each under its long name with _ for -."""


class TaskError(ValueError):
    """The user asks for what cannot be done; the message is complete, fit to be shown as it is."""


# --------------------------------------------------------------- data, and what trains well on it


@dataclass(frozen=True)
class Source:
    """Where samples come from.

    Attributes
    ----------
    summary : str
        What they are, in a few words.
    load : callable
        Gives the data set; for made-up data ``load(samples, seed=..., noise=..., ...)``.
    target : str
        What to call the column of the classes.
    making : dict
        Only for made-up data: the usual samples and noise, and classes where there is a choice.
    preset : dict
        The settings that differ from `USUAL`.
    """

    summary: str
    load: Callable[..., Dataset]
    target: str = "class"
    making: Settings = field(default_factory=dict)
    preset: Settings = field(default_factory=dict)


USUAL: Settings = {
    "model": "mlp",
    "hidden": [16, 16],
    "activation": "relu",
    "dropout": 0.0,
    "epochs": 100,
    "batch_size": 16,
    "optimizer": "adam",
    "learning_rate": 0.03,
    "schedule": "linear",
    "l2": 0.0,
    "patience": 0,
    "engine": "auto",
    "scale": "none",
    "seed": 0,
}
LEARNING_RATES = {"sgd": 0.3, "momentum": 0.1}
"""For optimizers that want another one than Adam, for which all presets are made."""

SOURCES = {
    "digits": Source(
        "1,797 handwritten digits of 8 by 8 pixels",
        load_digits,
        target="digit",
        preset={"hidden": [32], "epochs": 20, "batch_size": 32, "learning_rate": 0.01, "l2": 0.5,
                "patience": 5},
    ),
    "iris": Source(
        "150 flowers of three species, four lengths each",
        load_iris,
        target="species",
        preset={"hidden": [8], "activation": "tanh", "epochs": 40, "l2": 1.0, "scale": "standard"},
    ),
    "moons": Source(
        "two interleaving half circles",
        make_moons,
        making={"samples": 300, "noise": 0.1},
        preset={"epochs": 30},
    ),
    "circles": Source(
        "a circle around a smaller one",
        make_circles,
        making={"samples": 300, "noise": 0.05},
        preset={"hidden": [16], "epochs": 30},
    ),
    "spiral": Source(
        "arms that wind around each other",
        make_spiral,
        making={"samples": 300, "noise": 0.03, "classes": 3},
        preset={"epochs": 60},
    ),
    "xor": Source(
        "the truth table of exclusive or",
        make_xor,
        target="xor",
        making={"samples": 4, "noise": 0.0},
        preset={"hidden": [8], "activation": "tanh", "epochs": 200, "learning_rate": 0.05},
    ),
    "blobs": Source(
        "round clouds, apart from each other",
        make_blobs,
        making={"samples": 150, "noise": 0.5, "classes": 3},
        preset={"hidden": [8], "epochs": 20},
    ),
}  # fmt: skip
TABLE = Source("a CSV file", read_csv, preset={"scale": "standard", "patience": 20})


@dataclass(frozen=True)
class Task:
    """Data, what to call its target, and the settings to learn it with."""

    dataset: Dataset
    target_name: str
    settings: Settings


def find_task(data: str, target: str | None, given: Mapping[str, Any]) -> Task:
    """Return the task that the user means.

    Parameters
    ----------
    data : str
        A name in `SOURCES`, or the path of a CSV file.
    target : str or None
        The column to predict; only for a file.
    given : mapping
        The settings that the user chose, and for a file the `features` to learn from; the others
        come from the source.

    Raises
    ------
    TaskError
        If there is no such data, or the settings do not fit it or each other.
    TableError
        If the file cannot be used.

    Examples
    --------
    >>> task = find_task("iris", None, {"hidden": []})
    >>> task.dataset
    Dataset('iris': 150 samples, 4 features, 3 classes)
    >>> task.settings["loss"], task.settings["epochs"]
    ('cross_entropy', 40)
    """
    source = SOURCES.get(data, TABLE)
    making = {name: given.get(name, usual) for name, usual in source.making.items()}
    for name in ("samples", "noise", "classes"):
        if name in given and name not in making:
            takers = [other for other, source in SOURCES.items() if name in source.making]
            raise TaskError(
                f"{option(name)} is for {', '.join(takers)} only; the samples of {data} are what "
                "they are. Leave it out."
            )
    if source is TABLE:
        target = _column_meant(data, target)
        kind, features = _kind_meant(given), given.get("features")
        dataset = read_csv(data, target, kind=kind, features=features)
        if len(dataset) == 1:
            raise TaskError(
                f"{data} has one sample, from which nothing can be learned but itself. Add more "
                "lines, one for each sample."
            )
    elif target is not None:
        raise TaskError(
            f"--target {target!r} is for CSV files; {data} has its own target, {source.target!r}. "
            "Leave it out."
        )
    elif "features" in given:
        raise TaskError(f"--features is for CSV files; {data} has its own columns. Leave it out.")
    else:
        dataset = _made(source, making, given.get("seed", USUAL["seed"]))
    settings = {**choose_settings(dataset, source, given), **making}
    return Task(dataset, target or source.target, settings)


def _made(source: Source, making: Settings, seed: int) -> Dataset:
    if not making:
        return source.load()
    rest = {name: value for name, value in making.items() if name != "samples"}
    try:
        return source.load(making["samples"], seed=seed, **rest)
    except ValueError as error:
        raise TaskError(f"--samples {making['samples']} is too small: {error}") from None


def _column_meant(path: str, target: str | None) -> str:
    """Return the target of a CSV file, if the user meant a file and named the column."""
    if not (Path(path).exists() or Path(path).suffix or Path(path).name != path):
        nearest = get_close_matches(path.lower(), SOURCES, n=1)
        raise TaskError(
            f"No data set is named {path!r}."
            + (f" Did you mean {nearest[0]!r}?" if nearest else "")
            + f" The names are {', '.join(SOURCES)}. For data of your own give a CSV file: "
            "python -m nn train FILE.csv --target COLUMN"
        )
    if target is None:
        raise TaskError(
            f"Which column of {path} is to be predicted? Add --target COLUMN. The columns are "
            f"{listed(column_names(path))}."
        )
    return target


def option(name: str) -> str:
    """Return how a setting is written on the command line.

    Examples
    --------
    >>> option("batch_size")
    '--batch-size'
    """
    return "--" + name.replace("_", "-")


def split_in_three(dataset: Dataset, seed: int) -> tuple[Dataset, Dataset | None, Dataset]:
    """Return 60 % for training, 20 % for validation and 20 % for the test.

    Where a class has fewer than three samples (or all data, without classes), all are for
    training, none for validation, and the test repeats the training.

    Examples
    --------
    >>> from nn import make_xor
    >>> [part and len(part) for part in split_in_three(make_xor(20), seed=0)]
    [12, 4, 4]
    >>> [part and len(part) for part in split_in_three(make_xor(), seed=0)]
    [4, None, 4]
    """
    sizes = Counter(dataset.targets).values() if dataset.class_names else [len(dataset)]
    if min(sizes) < 3:
        return dataset, None, dataset
    training, validation, test = split(dataset, (0.6, 0.2, 0.2), seed=seed)
    return training, validation, test


# ----------------------------------------------------------------- models, and what fits to what

DESCENT = ("epochs", "batch_size", "optimizer", "learning_rate", "schedule", "l2", "patience",
           "engine")  # fmt: skip
"""The settings of gradient descent, as `nn.fit` calls them."""
ONLY_HIDDEN = ("activation", "dropout")  # mean nothing without a hidden layer
ONLY_SOME_MODELS = ("hidden", *ONLY_HIDDEN, "loss", *DESCENT)


@dataclass(frozen=True)
class ModelKind:
    """What a kind of model is good for.

    Attributes
    ----------
    losses : dict
        For every question that it answers (see `question_of`) the losses that fit, the usual one
        first.
    settings : tuple of str
        Those of `ONLY_SOME_MODELS` that mean something to it.
    """

    losses: dict[str, tuple[str, ...]]
    settings: tuple[str, ...]


MODEL_KINDS = {
    "mlp": ModelKind(
        {
            "two classes": ("binary_cross_entropy", "logistic", "hinge", "cross_entropy"),
            "several classes": ("cross_entropy",),
            "a number": ("mse",),
        },
        ONLY_SOME_MODELS,
    ),
    "logistic": ModelKind({"two classes": ("logistic",)}, ("loss", *DESCENT)),
    "linear": ModelKind({"a number": ("mse",)}, ("loss", *DESCENT)),
    "perceptron": ModelKind({"two classes": ("hinge",)}, ("epochs",)),
}
_HEADS = {
    "binary_cross_entropy": "sigmoid",
    "logistic": "sigmoid",
    "hinge": "linear",
    "cross_entropy": "softmax",
    "mse": "linear",
}
_SIGNED = ("hinge", "logistic")  # the losses whose labels are -1 and +1


def question_of(class_names: Sequence[str]) -> str:
    """Return what a target asks for: a number, two classes or several classes.

    Examples
    --------
    >>> question_of(["no", "yes"])
    'two classes'
    """
    if not class_names:
        return "a number"
    return "two classes" if len(class_names) == 2 else "several classes"


def _kind_meant(given: Mapping[str, Any]) -> Kind:
    """Tell from model and loss whether a column is to be read as classes or as a quantity."""
    kinds = [MODEL_KINDS[given["model"]]] if "model" in given else MODEL_KINDS.values()
    questions = {
        question
        for kind in kinds
        for question, losses in kind.losses.items()
        if given.get("loss", losses[0]) in losses
    }
    if questions == {"a number"}:
        return "regression"
    return "auto" if "a number" in questions or not questions else "classification"


def choose_settings(dataset: Dataset, source: Source, given: Mapping[str, Any]) -> Settings:
    """Return the settings of model and training, those that the chosen model has a use for.

    Parameters
    ----------
    dataset : Dataset
        What is to be learned.
    source : Source
        Whence it came, with its preset.
    given : mapping
        What the user chose.

    Raises
    ------
    TaskError
        If the model, the loss or another setting does not fit.

    Examples
    --------
    >>> from nn import make_moons
    >>> choose_settings(make_moons(), SOURCES["moons"], {"model": "perceptron"})
    {'model': 'perceptron', 'epochs': 30, 'scale': 'none', 'seed': 0}
    """
    settings = {**USUAL, **source.preset, **given}
    model, question = settings["model"], question_of(dataset.class_names)
    kind = MODEL_KINDS[model]
    if question not in kind.losses:
        raise TaskError(_unsuited(model, dataset, source))
    useful = [name for name in ONLY_SOME_MODELS if name in kind.settings]
    if model == "mlp" and not settings["hidden"]:
        useful = [name for name in useful if name not in ONLY_HIDDEN]
    for name in ONLY_SOME_MODELS:
        if name in given and name not in useful:
            user = 'a model with --hidden ""' if name in kind.settings else f"--model {model}"
            raise TaskError(f"{option(name)} has no meaning for {user}. Leave it out.")
    fitting = kind.losses[question]
    loss = settings.setdefault("loss", fitting[0])
    if loss not in fitting:
        raise TaskError(
            f"--loss {loss} does not fit --model {model} on {dataset.name!r}, whose target is "
            f"{_in_words(dataset)}. What fits is {' or '.join(fitting)}."
        )
    try:
        find_engine(settings["engine"])
    except ImportError as error:
        raise TaskError(f"--engine {settings['engine']}: {error}") from None
    if "optimizer" in given and "learning_rate" not in given:
        usual = settings["learning_rate"]
        settings["learning_rate"] = LEARNING_RATES.get(settings["optimizer"], usual)
    return {name: settings[name] for name in ("model", *useful, "scale", "seed")}


def _unsuited(model: str, dataset: Dataset, source: Source) -> str:
    question = question_of(dataset.class_names)
    suited = [f"--model {name}" for name, kind in MODEL_KINDS.items() if question in kind.losses]
    if question == "several classes" and "classes" in source.making:
        suited.append("--classes 2")
    return (
        f"--model {model} is for {' or '.join(MODEL_KINDS[model].losses)}, but the target of "
        f"{dataset.name!r} is {_in_words(dataset)}. Use {' or '.join(suited)}."
    )


def _in_words(dataset: Dataset) -> str:
    names = dataset.class_names
    return f"one of {count(len(names), 'class')}: {listed(names, 6)}" if names else "a number"


def make_model(dataset: Dataset, settings: Settings) -> Model:
    """Return an untrained model of the kind and the size that the settings ask for.

    Examples
    --------
    >>> task = find_task("moons", None, {"hidden": [8], "loss": "hinge"})
    >>> make_model(task.dataset, task.settings)
    MLP(2 inputs, 8 relu, 1 linear; 33 parameters)
    """
    nin, seed = len(dataset.feature_names), settings["seed"]
    if settings["model"] == "logistic":
        return LogisticRegression(nin, seed=seed)
    if settings["model"] == "linear":
        return LinearRegression(nin, seed=seed)
    if settings["model"] == "perceptron":
        return Perceptron(nin, seed=seed)
    loss = settings["loss"]
    outputs = len(dataset.class_names) if loss == "cross_entropy" else 1
    return MLP(
        nin,
        [*settings["hidden"], outputs],
        activation=settings.get("activation", "linear"),
        dropout=settings.get("dropout", 0.0),
        head=_HEADS[loss],
        loss=loss,
        seed=seed,
    )


# --------------------------------------------------------------------- what is kept with a model


@dataclass(frozen=True)
class About:
    """What a model needs to be used on raw data, and where it comes from.

    A model file keeps it as plain data under these names: the `about` of `nn.save`. For
    ``python -m nn predict`` a file needs `feature_names`, and `class_names` if there are classes.

    Attributes
    ----------
    feature_names : list of str, length D
        The columns that the model takes, in its order.
    class_names : list of str, length K
        By class index; empty if the model predicts a number.
    target_name : str
        The column with the true answers; empty if unknown.
    scaler, target_scaler : Scaler or None
        For the features, and for a target that is a number; kept as `Scaler.state()`.
    data : str
        Name of the data set.
    image_shape : list of int or None
        Rows and columns, if the features are the pixels of an image.
    settings : dict
        The options of the command line that made and trained the model.
    samples : dict
        How many were for ``training``, ``validation`` and ``test``.
    losses, validation_losses : list of float
        At the end of each epoch; empty for a perceptron.
    stopped : str
        Why training ended, in words.
    score : float or None
        In the test: the share of right decisions, or the mean squared error of numbers.
    """

    feature_names: list[str]
    class_names: list[str] = field(default_factory=list)
    target_name: str = ""
    scaler: Scaler | None = None
    target_scaler: Scaler | None = None
    data: str = ""
    image_shape: list[int] | None = None
    settings: Settings = field(default_factory=dict)
    samples: dict[str, int] = field(default_factory=dict)
    losses: list[float] = field(default_factory=list)
    validation_losses: list[float] = field(default_factory=list)
    stopped: str = ""
    score: float | None = None

    def to_plain(self) -> dict[str, Any]:
        """Return it as `nn.save` takes it."""
        parts = vars(self).items()
        return {name: p.state() if isinstance(p, Scaler) else p for name, p in parts}

    @staticmethod
    def from_plain(plain: Mapping[str, Any], model: Model, path: str) -> About:
        """Return what a model file holds, if it is complete and fits the model.

        Raises
        ------
        ModelFileError
            If it is not; the message names the file and the part.

        Examples
        --------
        >>> About.from_plain({"feature_names": ["x"]}, LinearRegression(1), "m.json").class_names
        []
        """
        if "feature_names" not in plain:
            raise ModelFileError(
                f"{path} does not say which columns its model takes. Train it with python -m nn "
                "train, or tell nn.save: about={'feature_names': [...], 'class_names': [...]}."
            )
        parts: dict[str, Any] = {}
        for name in _READERS.keys() & plain.keys():
            try:
                parts[name] = _READERS[name](plain[name])
            except (TypeError, ValueError, AttributeError, OverflowError) as error:
                raise ModelFileError(f"{path} is damaged: {name!r}: {error}") from None
        about = About(**parts)
        misfit = about.misfit(model)
        if misfit:
            raise ModelFileError(f"{path} is damaged: {misfit}.")
        return about

    def misfit(self, model: Model) -> str:
        """Return in words why this cannot be about that model; empty if it can."""
        width, classes = len(self.feature_names), len(self.class_names)
        if width != model.nin:
            return f"it names {count(width, 'feature')} for {count(model.nin, 'input')}"
        if model.loss.decide is None:
            outputs, fine = 1, classes == 0
        elif model.loss.name == "cross_entropy":
            outputs, fine = classes, classes > 0
        else:
            outputs, fine = 1, classes == 2
        if model.nout != outputs or not fine:
            return (
                f"it names {count(classes, 'class')} for {count(model.nout, 'output')} trained "
                f"with {model.loss.name}"
            )
        for scaler, size in ((self.scaler, width), (self.target_scaler, 1)):
            if scaler and len(scaler.shift) != size:
                return f"it scales {len(scaler.shift)} columns where there are {size}"
        if self.score is not None and not self.score >= 0:
            return f"the score {self.score} is not at least 0"
        shape = self.image_shape
        if shape and (len(shape) != 2 or min(shape) < 1 or shape[0] * shape[1] != width):
            return f"the image_shape {shape} is not for {count(width, 'feature')}"
        return ""

    def scaled(self, inputs: Sequence[Sequence[float]]) -> Sequence[Sequence[float]]:
        """Return raw rows as the model takes them."""
        return self.scaler.transform(inputs) if self.scaler else inputs

    def labels(self, targets: Sequence[float], loss: str) -> list[Any]:
        """Return raw targets, class indices or numbers, as the loss takes them."""
        if self.target_scaler:
            return [z for (z,) in self.target_scaler.transform([[t] for t in targets])]
        if loss in _SIGNED:
            return [2 * target - 1 for target in targets]
        return list(targets)

    def answers(self, model: Model, inputs: Sequence[Sequence[float]]) -> list[Any]:
        """Return the class index or the number that the model predicts for each raw row.

        Raises
        ------
        ArithmeticError
            If a row is so large that the range of numbers is left.
        """
        decided = [model.predict(row) for row in self.scaled(inputs)]
        if self.class_names:
            return [max(label, 0) for label in decided]  # the label -1 means class 0
        if self.target_scaler:
            return [number for (number,) in self.target_scaler.inverse([[z] for z in decided])]
        return decided


def _texts(part: Any) -> list[str]:
    if not isinstance(part, list):
        raise TypeError(f"a list of names is wanted, not {part!r:.40}.")
    names = list(map(str, part))
    "".join(names).encode()  # what cannot be written is no name
    return names


def _numbers(part: Any) -> list[float]:
    return list(map(float, part))


def _scaler(part: Any) -> Scaler | None:
    return None if part is None else Scaler.from_state(part)


_READERS: dict[str, Callable[[Any], Any]] = {
    "feature_names": _texts,
    "class_names": _texts,
    "target_name": str,
    "scaler": _scaler,
    "target_scaler": _scaler,
    "data": str,
    "image_shape": lambda part: None if part is None else list(map(int, part)),
    "settings": dict,
    "samples": lambda part: {str(name): int(size) for name, size in part.items()},
    "losses": _numbers,
    "validation_losses": _numbers,
    "stopped": str,
    "score": lambda part: None if part is None else float(part),
}
