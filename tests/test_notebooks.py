"""The notebooks are those of their sources, run from beginning to end, and show what is true."""

import importlib.util
import re
from functools import cache
from math import isclose
from pathlib import Path

import pytest

import nn
from autograd import Value, show_steps

pytest.importorskip("jupytext", reason="the notebooks are made with jupytext: .[test]")
nbformat = pytest.importorskip("nbformat")

FOLDER = Path(__file__).parent.parent / "notebooks"
spec = importlib.util.spec_from_file_location("build", FOLDER / "build.py")
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)

SOURCES = build.sources()
each = pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
NUMBER = re.compile(r"[-−+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-−+]?[0-9]+)?")
MEGABYTES = 1.5
OF_A_MACHINE = re.compile(r"/home/|/tmp/|/root/|/usr/|site-packages|ipykernel|at 0x[0-9a-f]{6,}")


@cache
def kept(source):
    return nbformat.read(build.built(source), as_version=4)


@cache
def fresh(source):
    """Run the notebook, once for all tests."""
    return build.execute(source)


def tags(cell):
    return cell.metadata.get("tags", [])


def outputs(notebook):
    """Yield every output with its cell."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            yield cell, output


def text_of(output):
    """Return what is compared of an output: the text, not the picture."""
    return output.get("text") or output.get("data", {}).get("text/plain", "")


def same_text(one, other):
    """Return whether texts agree, but for spaces and the last digit of numbers."""
    words = [" ".join(NUMBER.sub("0", text).split()) for text in (one, other)]
    numbers = [
        [float(found.replace("−", "-")) for found in NUMBER.findall(text)] for text in (one, other)
    ]
    return words[0] == words[1] and all(
        isclose(a, b, rel_tol=2e-3, abs_tol=1e-9) for a, b in zip(*numbers, strict=True)
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("loss 0.2910", "loss 0.2911", True),
        ("loss 0.2910", "loss 0.2990", False),
        ("loss 0.2910", "cost 0.2910", False),
        ("w = −0.5", "w = 0.5", False),
        ("w = −0.5", "w = -0.5", True),
        ("5.6e-17 off", "0 off", True),
        ("1, 2", "1, 2, 3", False),
        ("a   1\n  b", "a 1 b", True),
        ("3 misjudged", "4 misjudged", False),
    ],
)
def test_texts_are_compared_as_they_should(one, other, same):
    assert same_text(one, other) == same


def test_what_differs_from_run_to_run_is_taken_out():
    history = nn.fit(nn.LinearRegression(1), [[0.0], [1.0]], [1.0, 3.0], epochs=3)
    assert re.search(r"[0-9] s\b", f"{history}")
    view = show_steps(Value(2.0, "x") * 3)
    cells = [
        nbformat.v4.new_output("stream", text=f"{history}\n"),
        nbformat.v4.new_output("display_data", data=nn.show_history(history)._repr_mimebundle_()),
        nbformat.v4.new_output("display_data", data=view._repr_mimebundle_()),
        nbformat.v4.new_output("error", ename="E", evalue="bad", traceback=["File /tmp/x.py"]),
    ]
    for output in cells:
        build.make_repeatable(output, "cell")
    for text in map(str, cells):
        assert not re.search(r"[0-9] s\b|/tmp", text)
    assert "<- best" in cells[0].text
    assert set(re.findall(r"player-[-0-9a-z]+", str(cells))) == {"player-cell-0"}


def test_there_are_notebooks_and_none_without_a_source():
    assert SOURCES
    assert sorted(FOLDER.glob("*.ipynb")) == [build.built(source) for source in SOURCES]


@each
def test_a_notebook_has_the_cells_of_its_source(source):
    def cells(notebook):
        return [(c.id, c.cell_type, tags(c), c.source) for c in notebook.cells]

    assert cells(kept(source)) == cells(build.read(source)), "run notebooks/build.py"
    nbformat.validate(kept(source))


@each
def test_a_notebook_runs_and_shows_what_is_kept(source):
    files = sorted(FOLDER.rglob("*"))
    pairs = list(zip(kept(source).cells, fresh(source).cells, strict=True))
    for cell, again in pairs:
        if "timing" not in tags(cell):
            shown = [list(map(text_of, c.get("outputs", []))) for c in (cell, again)]
            assert len(shown[0]) == len(shown[1]), cell.source
            for one, other in zip(*shown, strict=True):
                assert same_text(one, other), f"{cell.source}\nkept: {one}\nnow: {other}"
    assert [path for path in sorted(FOLDER.rglob("*")) if path not in files] == []


@each
def test_a_notebook_ends_with_the_known_numbers(source):
    last = kept(source).cells[-1]
    assert last.cell_type == "code"
    assert len(re.findall(r"^ *assert ", last.source, flags=re.M)) >= 3


@each
def test_nothing_fails_or_warns_unless_that_is_the_point(source):
    for cell, output in outputs(kept(source)):
        if output.output_type == "error":
            assert "raises-exception" in tags(cell), output.evalue
        assert output.get("name") != "stderr", output.text


@each
def test_a_notebook_reads_the_same_everywhere(source):
    for cell, output in outputs(kept(source)):
        for text in (text_of(output), output.get("data", {}).get("text/html", "")):
            assert not OF_A_MACHINE.search(text), cell.source
    assert "execution" not in str([cell.metadata for cell in kept(source).cells])
    assert set(kept(source).metadata) == {"kernelspec", "language_info"}
    assert build.built(source).stat().st_size < MEGABYTES * 1e6


@each
def test_a_notebook_speaks_to_readers_of_the_lecture(source):
    headings = [
        line
        for cell in kept(source).cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if line.startswith("#")
    ]
    assert headings[0].startswith("# ")
    assert any(re.search(r" · [а-яё«]", heading, flags=re.I) for heading in headings), headings


@each
def test_the_list_of_notebooks_has_it(source):
    listed = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"]({build.built(source).name})" in listed


@each
def test_links_of_a_notebook_lead_to_files(source):
    text = "\n".join(c.source for c in kept(source).cells if c.cell_type == "markdown")
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    assert [target for target in targets if not (FOLDER / target).exists()] == []
