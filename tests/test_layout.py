"""Places of boxes: none overlap, lines run from left to right, pictures are small."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd.layout import layered

BOX, GAP = (100.0, 40.0), (60.0, 10.0)


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 25))
    return [draw(st.lists(st.integers(0, i - 1), max_size=4)) if i else [] for i in range(count)]


def laid(parents):
    return layered(parents, box=BOX, gap=GAP)


@settings(deadline=None)
@given(graphs())
def test_no_box_overlaps_another_and_all_lie_inside(parents):
    layout = laid(parents)
    assert len(layout.boxes) == len(parents)
    for i, (x, y) in enumerate(layout.boxes):
        assert -1e-6 <= x <= layout.width - BOX[0] + 1e-6
        assert BOX[1] / 2 - 1e-6 <= y <= layout.height - BOX[1] / 2 + 1e-6
        for a, b in layout.boxes[:i]:
            assert a != x or abs(b - y) >= BOX[1] + GAP[1] - 1e-6


@settings(deadline=None)
@given(graphs())
def test_every_line_runs_to_the_right_one_column_at_a_time(parents):
    layout = laid(parents)
    assert set(layout.routes) == {(j, i) for i, inputs in enumerate(parents) for j in inputs}
    for (j, i), route in layout.routes.items():
        assert (route[0], route[-1]) == (layout.boxes[j], layout.boxes[i])
        steps = [b[0] - a[0] for a, b in zip(route, route[1:], strict=False)]
        assert steps == [BOX[0] + GAP[0]] * len(steps)


SMALL = [  # parents, columns of the boxes
    ([[]], [0]),
    ([[], [], [0, 1]], [0, 0, 1]),
    ([[], [0], [1], [0, 2]], [0, 1, 2, 3]),
    ([[], [0], [], [1, 2]], [0, 1, 1, 2]),  # a late leaf stands next to its use
    ([[], [0, 0]], [0, 1]),
    ([[], []], [0, 0]),
]


@pytest.mark.parametrize(("parents", "columns"), SMALL)
def test_columns(parents, columns):
    assert [x / (BOX[0] + GAP[0]) for x, _ in laid(parents).boxes] == columns


def test_a_chain_is_a_straight_line():
    heights = {y for _, y in laid([[], [0], [1], [2]]).boxes}
    assert len(heights) == 1


def test_a_tree_has_no_crossing():
    parents = [[], [], [], [], [0, 1], [2, 3], [4, 5]]
    heights = [y for _, y in laid(parents).boxes]
    pairs = sorted((heights[i], i) for i in range(4))
    assert {frozenset((pairs[0][1], pairs[1][1])), frozenset((pairs[2][1], pairs[3][1]))} == {
        frozenset((0, 1)),
        frozenset((2, 3)),
    }
    assert (heights[4] < heights[5]) == (heights[0] < heights[2])


def test_two_runs_agree():
    parents = [[], [], [0, 1], [0, 2], [2, 3, 1]]
    assert laid(parents) == laid(parents)
