"""What all tests share: a patient hypothesis, and a rule table that no test leaves changed."""

import pytest
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
