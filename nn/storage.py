"""Models in files: JSON that says what it is, written whole or not at all."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable
from contextlib import suppress
from errno import ENOENT
from math import isfinite
from pathlib import Path
from typing import Any

from nn.initializers import Initializer
from nn.models import MLP, LinearRegression, LogisticRegression, Model, SoftmaxRegression
from nn.perceptron import Perceptron

FORMAT, VERSION = "autograd-nn model", 1
MODELS: dict[str, Callable[..., Model]] = {
    cls.__name__: cls
    for cls in (MLP, SoftmaxRegression, LogisticRegression, LinearRegression, Perceptron)
}


class ModelFileError(ValueError):
    """A file is no model of ours, or damaged."""


def save(model: Model, path: str | Path, *, about: dict[str, Any] | None = None) -> None:
    """Write a model to a JSON file; an existing file is replaced only once all is written.

    Parameters
    ----------
    model : Model
        One of `MODELS`.
    path : str or Path
        Its folder must exist.
    about : dict, optional
        Plain data to keep with it, such as class names.

    Raises
    ------
    ValueError
        If the model is of another kind, or a parameter is inf or nan.

    Examples
    --------
    >>> import tempfile
    >>> from nn import MLP
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(MLP(2, [3, 1], seed=0), f"{folder}/model.json")
    ...     load(f"{folder}/model.json")
    MLP(2 inputs, 3 relu, 1 linear; 13 parameters)
    """
    kind = type(model).__name__
    if MODELS.get(kind) is not type(model):
        raise ValueError(
            f"Cannot save a {kind}; only {', '.join(MODELS)}. Keep model.state() for your own."
        )
    content = {
        "format": FORMAT,
        "version": VERSION,
        "model": kind,
        "settings": model.settings(),
        "about": about or {},
        "state": model.state(),
    }
    broken = [name for name, p in model.named_parameters() if not isfinite(p.data)]
    if broken:
        raise ValueError(f"Not saved: {', '.join(broken[:5])} is inf or nan.")
    try:
        parts = {key: json.dumps(part, allow_nan=False) for key, part in content.items()}
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"Not saved: about must be plain data for JSON: {error}.") from None
    lines = ",\n".join(f'  "{key}": {part}' for key, part in parts.items())
    write_whole(path, f"{{\n{lines}\n}}\n")


def load(path: str | Path) -> Model:
    """Return the model of a file that `save` wrote.

    Warns
    -----
    UserWarning
        If it was trained on scaled inputs, as ``python -m nn`` does with tables: the numbers that
        you give it must be scaled likewise. `load_with_about` returns the scaler's state.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelFileError
        If it is no model file, a newer one, or damaged; it says what is wrong.
    """
    model, about = load_with_about(path)
    if about.get("scaler"):
        warnings.warn(
            f"{path} was trained on scaled inputs. Take `model, about = load_with_about(path)` and "
            "scale yours with Scaler.from_state(about['scaler']); a numeric answer may be scaled "
            "too, see about['target_scaler'].",
            stacklevel=2,
        )
    return model


def load_with_about(path: str | Path) -> tuple[Model, dict[str, Any]]:
    """Return the model of a file and the plain data that was kept with it."""
    content = _read(path)
    kind, settings = content["model"], content["settings"]
    if kind not in MODELS:
        raise ModelFileError(
            f"{path} holds a {kind!r:.60}; this version knows {', '.join(MODELS)}."
        )
    try:
        model = MODELS[kind](**settings, init=_zeros(_count_numbers(content["state"])), seed=0)
        model.load_state(content["state"])
    except (TypeError, ValueError, LookupError, ArithmeticError, RecursionError) as error:
        raise ModelFileError(f"{path} is damaged: {error}") from None
    return model, content["about"]


def _zeros(most: int) -> Initializer:
    """Return an initializer that refuses to draw more weights than the file has numbers."""
    left = iter(range(most))

    def zero(*_: Any) -> float:
        if next(left, None) is None:
            raise ValueError(f"its settings ask for more weights than its {most} numbers.")
        return 0.0

    return zero


def _count_numbers(state: Any) -> int:
    count, parts = 0, [state]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            parts += part.values()
        elif isinstance(part, list):
            parts += part
        else:
            count += 1
    return count


def _read(path: str | Path) -> dict[str, Any]:
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise ModelFileError(f"{path} is no model file: it is not even text.") from None
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is no model file, or cut off: {error}.") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ModelFileError(f'{path} is no model file: it has no "format": "{FORMAT}".')
    version = content.get("version")
    if version != VERSION:
        newer = isinstance(version, int) and version > VERSION
        raise ModelFileError(
            f"{path} has version {version!r:.60}, but this program reads version {VERSION}."
            + " Install a newer autograd-nn." * newer
        )
    wanted = {"model": str, "settings": dict, "state": dict, "about": dict}
    for key, kind in wanted.items():
        if not isinstance(content.get(key), kind):
            raise ModelFileError(f"{path} is damaged: {key!r} is missing or no {kind.__name__}.")
    return content


def write_whole(path: str | Path, text: str) -> None:
    """Write a text file so that nobody ever sees half of it.

    Parameters
    ----------
    path : str or Path
        Its folder must exist. A file already there is replaced.
    text : str
        Written as UTF-8.

    Raises
    ------
    OSError
        If the system refuses; it names `path`.
    """
    path = Path(path)
    unfinished = path.parent / f".{path.name}.{os.getpid()}.unfinished"
    if not path.parent.exists():
        raise FileNotFoundError(ENOENT, "Its folder does not exist; make it first", str(path))
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    except BaseException as error:
        with suppress(OSError):
            unfinished.unlink()
        if isinstance(error, OSError):
            error.filename = str(path)
            del error.filename2
        raise
