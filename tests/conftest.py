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
