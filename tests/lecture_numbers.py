"""What the tests of the lecture's items share: logic tables, Mazur's sample, how close is equal."""

import pytest

AND, XOR = [-1, -1, -1, 1], [-1, 1, 1, -1]
CORNERS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
MAZUR = [0.05, 0.10], [0.01, 0.99]


def close(found, expected, relative=1e-12):
    return found == pytest.approx(expected, rel=relative, abs=0.0)


def signed(data):
    """Labels -1 and +1 of a data set with two classes."""
    return [2 * target - 1 for target in data.targets]
