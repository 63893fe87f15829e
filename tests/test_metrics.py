"""Accuracy and confusion."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn import accuracy, confusion, confusion_text

SHARES = [
    ([0, 1, 1, 2], [0, 1, 2, 2], 0.75),
    ([1], [1], 1.0),
    ([-1, 1], [1, -1], 0.0),
    (["cat", "dog"], ["cat", "cat"], 0.5),
    ([1, 0], [1.0, 0.0], 1.0),
    ((1, 2), (1, 3), 0.5),
]


@pytest.mark.parametrize(("predicted", "targets", "share"), SHARES)
def test_accuracy_is_the_share_of_right_decisions(predicted, targets, share):
    assert accuracy(predicted, targets) == share


@pytest.mark.parametrize(("predicted", "targets"), [([], []), ([1], []), ([1, 2], [1])])
def test_accuracy_of_nothing_or_of_unequal_numbers_is_refused(predicted, targets):
    message = f"at least one; got {len(predicted)} and {len(targets)}"
    with pytest.raises(ValueError, match=message):
        accuracy(predicted, targets)


classes = st.integers(0, 4)


@settings(deadline=None)
@given(st.lists(st.tuples(classes, classes), min_size=1, max_size=30))
def test_a_confusion_table_counts_every_sample_once(pairs):
    predicted, targets = map(list, zip(*pairs, strict=True))
    table = confusion(predicted, targets, classes=5)
    for i in range(5):
        for j in range(5):
            assert table[i][j] == pairs.count((j, i))
    assert sum(table[i][i] for i in range(5)) / len(pairs) == accuracy(predicted, targets)


def test_a_confusion_table_is_as_large_as_the_classes_that_occur_or_as_asked():
    assert confusion([0, 1, 1, 2], [0, 1, 2, 2]) == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]
    assert confusion([0], [0]) == [[1]]
    assert confusion([0], [0], classes=3) == [[1, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert confusion([], []) == []


def test_classes_may_be_floats_or_numpys_numbers():
    assert confusion([0.0, 1.0], [0, 1]) == [[1, 0], [0, 1]]
    numpy = pytest.importorskip("numpy")
    assert confusion(numpy.array([0, 1, 1]), numpy.array([0, 0, 1])) == [[1, 1], [0, 1]]
    assert confusion(numpy.array([0.0, 1.0]), numpy.array([0.0, 1.0])) == [[1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("predicted", "targets", "size", "message"),
    [
        ([0, -1], [0, 1], None, "Sample 1 was taken for -1 and is 1, but the classes are 0 to 1"),
        ([0, 1], [-1, 1], None, "Sample 0 was taken for 0 and is -1"),
        ([0, 3], [0, 1], 3, "Sample 1 was taken for 3 and is 1, but the classes are 0 to 2"),
        ([0, 0.5], [0, 1], None, "Sample 1 was taken for 0.5"),
        ([0, 1.5], [0, 1], None, "Sample 1 was taken for 1.5"),
        ([0], [0, 1], None, "Got 1 predictions and 2 targets"),
    ],
)
def test_what_is_no_class_is_refused_and_never_wraps_around(predicted, targets, size, message):
    with pytest.raises(ValueError, match=message):
        confusion(predicted, targets, classes=size)


def test_a_confusion_table_as_text():
    assert confusion_text([[5, 1], [0, 4]], ["cat", "dog"]).splitlines() == [
        "        decided",
        "is      cat  dog",
        "   cat    5    1",
        "   dog    .    4",
    ]


def test_columns_are_wide_enough_for_names_and_numbers():
    lines = confusion_text([[12345, 0], [7, 89]], ["a", "b"]).splitlines()
    assert lines[1:] == [
        "is        a      b",
        "   a  12345      .",
        "   b      7     89",
    ]
    assert len({len(line) for line in lines[1:]}) == 1


def test_a_table_with_names_that_do_not_fit_is_refused():
    with pytest.raises(ValueError, match="1 .*2"):
        confusion_text([[1]], ["a", "b"])
