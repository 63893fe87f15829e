"""What tests share: a patient hypothesis, a rule table that no test leaves changed, fixtures."""

import warnings

import pytest
from hypothesis import settings

from autograd import OPS

pytest.register_assert_rewrite("trained_runs", "command_runs")  # what they assert is explained

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
    from command_runs import TABLES  # not above: other tests do without the command line

    monkeypatch.chdir(tmp_path)
    for name, text in TABLES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path
