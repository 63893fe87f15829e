"""What all tests share: a patient hypothesis, and a rule table that no test leaves changed."""

import warnings

import pytest
from command_runs import TABLES
from hypothesis import settings

from autograd import OPS

settings.register_profile("patient", deadline=None)  # machines differ
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def table_as_it_was():
    rows = dict(OPS)
    yield
    OPS.clear()
    OPS.update(rows)


@pytest.fixture
def quiet():
    """Count the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Work in an empty folder with a few tables."""
    monkeypatch.chdir(tmp_path)
    for name, text in TABLES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path
