"""What the documents promise: their links lead somewhere, and nothing is left to fill in."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
import nn.figures

ROOT = Path(__file__).parent.parent
SKIPPED = {".venv", "runs"}
DOCUMENTS = [p for p in ROOT.rglob("*.md") if not set(p.relative_to(ROOT).parts) & SKIPPED]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file(path):
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (path.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_is_left_to_fill_in(path):
    assert not re.findall(r"TODO|FIXME|\b[A-Z]{3,}_[A-Z_]{3,}\b", path.read_text(encoding="utf-8"))


def test_the_readme_counts_are_those_of_the_code():
    from autograd import OPS

    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    built_in = [
        name for name, op in OPS.items() if op.forward.__module__.startswith(("autograd", "math"))
    ]
    assert f"a rule table with {len(built_in)} operations" in changes


def test_ci_runs_the_test_command_of_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "grep -m 1 -- '-m pytest' README.md" in (ROOT / ".ci/run").read_text(encoding="utf-8")
    first = next(line for line in readme.splitlines() if "-m pytest" in line)
    assert first.startswith("python3 -m venv .venv && .venv/bin/pip install -e")


def test_the_other_package_of_the_same_name_is_noticed(tmp_path):
    (tmp_path / "autograd").mkdir()
    for path in (ROOT / "autograd").rglob("*.py"):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(path.read_text(encoding="utf-8"))
    (tmp_path / "autograd" / "numpy").mkdir()  # what PyPI's autograd leaves beside our files
    done = subprocess.run(
        [sys.executable, "-c", "import autograd"], cwd=tmp_path, capture_output=True, text=True
    )
    assert "PyPI's package 'autograd' has written its files" in done.stderr


def test_the_other_package_alone_is_named_by_nn(tmp_path):
    (tmp_path / "autograd").mkdir()
    (tmp_path / "autograd" / "__init__.py").write_text("grad = None")
    code = f"import sys; sys.path.insert(1, {str(ROOT)!r}); import nn"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert "which is another project: PyPI's package 'autograd'" in done.stderr


SOURCE = re.compile(r"[Ll]ecture|[A-Z][a-z]+[^.]{0,60}\b(1[789]|20)\d\d\b|micrograd")
FORMULAS = [
    (f"{module.__name__}.{name}", doc)
    for module in (autograd, nn, nn.figures)
    for name in module.__all__
    if ":math:" in (doc := getattr(module, name).__doc__ or "")
]


@pytest.mark.parametrize(("name", "doc"), FORMULAS, ids=[name for name, _ in FORMULAS])
def test_a_formula_names_its_source(name, doc):
    assert SOURCE.search(doc), f"where is the formula of {name} from?"


def test_there_are_formulas():
    assert len(FORMULAS) > 25
