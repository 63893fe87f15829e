"""Makes the notebooks: runs the readable sources NN_name.py and keeps what their cells show.

    .venv/bin/python notebooks/build.py          # all
    .venv/bin/python notebooks/build.py 02 05    # some

The source is what people edit, in the "percent" form: ``# %%`` begins a cell of code and
``# %% [markdown]`` one of text. The same source gives the same notebook on the same machine, byte
for byte.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent
SECONDS = 60
"""How long the cells of one notebook may take together."""

_KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}


def sources(*numbers: str) -> list[Path]:
    """Return the sources in their order, or those whose names begin with the numbers."""
    return sorted(
        path for path in FOLDER.glob("[0-9][0-9]_*.py") if path.name.startswith(numbers or "")
    )


def built(source: Path) -> Path:
    """Return where the notebook of a source is kept."""
    return source.with_suffix(".ipynb")


def read(source: Path) -> Any:
    """Return a source as a notebook that did not run; a cell's id depends on its text alone."""
    notebook = jupytext.read(source, fmt="py:percent")
    notebook.metadata = nbformat.from_dict(_KERNEL)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    met: Counter[str] = Counter()
    for cell in notebook.cells:
        name = sha256(cell.source.encode()).hexdigest()[:8]
        cell.id = f"{name}-{met[name]}" if met[name] else name
        met[name] += 1
    return notebook


def execute(source: Path, seconds: float = SECONDS) -> Any:
    """Return the notebook of a source with what its cells show in a kernel of their own.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails that has no tag ``raises-exception``.
    nbclient.exceptions.CellTimeoutError
        If the cells take longer together.
    """
    notebook, end = read(source), monotonic() + seconds
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        resources={"metadata": {"path": str(source.parent)}},
        record_timing=False,
        coalesce_streams=True,
        timeout_func=lambda _cell: max(1, round(end - monotonic())),
    )
    client.execute()
    notebook.metadata = nbformat.from_dict(_KERNEL)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            make_repeatable(output, cell.id)
    return notebook


_SECONDS_OF_TRAINING = re.compile(r"  [0-9]+\.[0-9] s(?= *(?:$|<-|&lt;-))", flags=re.MULTILINE)


def make_repeatable(output: Any, name: str) -> None:
    """Take out what differs from run to run: how long epochs took, marks of players, places."""
    for kind, text in output.get("data", {}).items():
        output.data[kind] = _SECONDS_OF_TRAINING.sub("", text)
    if "text" in output:
        output.text = _SECONDS_OF_TRAINING.sub("", output.text)
    if html := output.get("data", {}).get("text/html"):
        marks = list(dict.fromkeys(re.findall(r"player-[0-9a-f]{12}", html)))
        for i, mark in enumerate(marks):
            html = html.replace(mark, f"player-{name}-{i}")
        output.data["text/html"] = html
    if output.output_type == "error":
        output.traceback = [f"{output.ename}: {output.evalue}"]


def write(notebook: Any, path: Path) -> None:
    """Write a notebook to a file."""
    nbformat.validate(notebook)
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def main(numbers: Sequence[str]) -> None:
    """Run the sources and write their notebooks."""
    for source in sources(*numbers):
        start = monotonic()
        write(execute(source), built(source))
        size = built(source).stat().st_size / 1e6
        print(f"{built(source).name}  {monotonic() - start:.1f} s  {size:.2f} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
