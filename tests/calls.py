"""What the tests of compiled functions share."""

from collections import namedtuple

import pytest

ENGINES = ("eager", "numpy", "native")
COMPILING = ENGINES[1:]
every_engine = pytest.mark.parametrize("engine", ENGINES)
compiling = pytest.mark.parametrize("engine", COMPILING)
Pair = namedtuple("Pair", "left right")
Turned = namedtuple("Turned", "left right")


def line(w, b):
    return lambda x, y: (w * x + b - y) ** 2
