"""Data in parts: training and test sets, batches of an epoch."""

import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numbered_samples import labelled, measured

from nn.data import batches, split
from nn.samples import load_digits, load_iris

# Parts


def members(part):
    """The original positions of a part of labelled() or measured()."""
    return [int(row[0]) for row in part.inputs]


@given(
    st.lists(st.integers(0, 25), min_size=1, max_size=6).filter(any),
    st.lists(st.integers(1, 10), min_size=1, max_size=4),
    st.booleans(),
    st.integers(0, 5),
)
def test_parts_are_disjoint_and_complete(counts, shares, stratify, seed):
    fractions = [share / sum(shares) for share in shares]
    dataset = labelled(*counts)
    smallest = min(c for c in counts if c) if stratify else len(dataset)
    if smallest < len(fractions):
        with pytest.raises(ValueError, match="too few"):
            split(dataset, fractions, seed=seed, stratify=stratify)
        return
    parts = split(dataset, fractions, seed=seed, stratify=stratify)
    assert sorted(i for part in parts for i in members(part)) == list(range(len(dataset)))
    for part in parts:
        assert part.class_names == dataset.class_names
        assert [dataset.targets[i] for i in members(part)] == part.targets
        if stratify:
            assert set(part.targets) == set(dataset.targets)
    for part, share in zip(parts, fractions, strict=True):
        groups = len([c for c in counts if c]) if stratify else 1
        assert abs(len(part) - share * len(dataset)) <= groups * len(parts)


@given(
    st.lists(st.integers(20, 60), min_size=1, max_size=5),
    st.sampled_from([(0.6, 0.2, 0.2), (0.8, 0.1, 0.1), (0.5, 0.5), (0.7, 0.3), (1.0,)]),
)
def test_stratified_parts_hold_each_class_by_the_fractions(counts, fractions):
    parts = split(labelled(*counts), fractions)
    for part, share in zip(parts, fractions, strict=True):
        for k, count in enumerate(counts):
            assert abs(part.targets.count(k) - share * count) < 1 + 1e-9
        assert abs(len(part) - share * sum(counts)) < len(parts)


@pytest.mark.parametrize(
    ("dataset", "fractions", "sizes"),
    [
        (labelled(50, 50), (0.6, 0.2, 0.2), [60, 20, 20]),
        (load_iris(), (0.6, 0.2, 0.2), [90, 30, 30]),
        (load_digits(), (0.8, 0.2), [1438, 359]),
        (labelled(*[3] * 10), (0.6, 0.2, 0.2), [10, 10, 10]),  # one of each in each
        (labelled(*[5] * 10), (0.5, 0.5), [25, 25]),  # halves of 5 go to the two sides in turn
        (measured(10), (0.29, 0.71), [3, 7]),
        (measured(100), (0.29, 0.71), [29, 71]),  # 0.29 * 100 is 28.999999999999996
        (measured(3), (0.98, 0.01, 0.01), [1, 1, 1]),
        (measured(3), (0.01, 0.01, 0.98), [1, 1, 1]),
        (measured(1), (1.0,), [1]),
        (measured(10), (1 / 3, 1 / 3, 1 / 3), [4, 3, 3]),
    ],
)
def test_sizes_of_parts(dataset, fractions, sizes):
    assert [len(part) for part in split(dataset, fractions)] == sizes


def test_iris_parts_have_equal_classes():
    for part in split(load_iris()):
        assert len(set(Counter(part.targets).values())) == 1


def test_a_whole_share_of_a_class_is_kept_whatever_the_other_classes_took():
    # One of each of the ten pairs goes to the small part, more than its share of 20 samples.
    small, large = split(labelled(*[2] * 10, 100), (0.29, 0.71))
    assert (small.targets.count(10), large.targets.count(10)) == (29, 71)


@pytest.mark.parametrize("stratify", [True, False])
def test_split_chooses_and_orders_by_the_seed(stratify):
    dataset = labelled(30, 30)
    first, again, other = (split(dataset, seed=seed, stratify=stratify) for seed in (0, 0, 1))
    assert first == again
    for part, another in zip(first, other, strict=True):
        assert set(members(part)) != set(members(another))
        assert members(part) != sorted(members(part))


def test_classes_without_samples_do_not_hinder_a_split():
    only = labelled(4, 4, 4).subset([0, 1, 2, 8, 9, 10])
    train, test = split(only, (0.5, 0.5))
    assert set(train.targets) == set(test.targets) == {0, 2}


BAD_SPLITS = [  # dataset, fractions, options, message
    (labelled(5, 5), (0.6, 0.3), {}, r"\(0.6, 0.3\) sum to 0.9, .* must sum to 1"),
    (labelled(5, 5), (0.6, 0.5), {}, "sum to 1.1"),
    (labelled(5, 5), (), {}, "sum to 0"),
    (labelled(5, 5), (1.0, 0.0), {}, r"fractions\[1\] is 0.0, so that part would be empty"),
    (labelled(5, 5), (1.2, -0.2), {}, r"fractions\[1\] is -0.2"),
    (labelled(5, 5), (math.nan, 0.5), {}, r"fractions\[0\] is nan"),
    (labelled(9, 2), (0.6, 0.2, 0.2), {}, "class 'c1' has 2 samples, too few .* 3 parts.*stratify"),
    (labelled(1, 1), (0.6, 0.2, 0.2), {"stratify": False}, "'labelled' has 2 samples, too few"),
    (measured(1), (0.5, 0.5), {}, "The data set 'line' has 1 sample, too few"),
]


@pytest.mark.parametrize(("dataset", "fractions", "options", "message"), BAD_SPLITS)
def test_split_refuses_what_cannot_be_split(dataset, fractions, options, message):
    with pytest.raises(ValueError, match=message):
        split(dataset, fractions, **options)


# Batches


@given(st.integers(1, 60), st.integers(1, 70), st.none() | st.integers(0, 9), st.booleans())
def test_batches_cover_an_epoch_once(n, size, seed, drop_last):
    if drop_last and size > n:
        with pytest.raises(ValueError, match="leaves no batch"):
            batches(n, size, seed, drop_last)
        return
    epoch = batches(n, size, seed, drop_last)
    indices = [i for batch in epoch for i in batch]
    assert len(indices) == len(set(indices)) == (n - n % size if drop_last else n)
    assert set(indices) <= set(range(n))
    assert len(epoch) == (n // size if drop_last else math.ceil(n / size))
    assert all(len(batch) == size for batch in epoch[: n // size])
    if seed is None:
        assert indices == sorted(indices)


@pytest.mark.parametrize(
    ("arguments", "sizes"),
    [
        ((10, 3), [3, 3, 3, 1]),  # the lecture's epoch of 10 samples
        ((10, 3, 1, True), [3, 3, 3]),
        ((10, 5), [5, 5]),
        ((10, 10), [10]),
        ((10, 99), [10]),
        ((4, 1), [1, 1, 1, 1]),  # the lecture's stochastic gradient descent
    ],
)
def test_sizes_of_batches(arguments, sizes):
    assert [len(batch) for batch in batches(*arguments)] == sizes


def test_batches_are_shuffled_by_the_seed():
    assert batches(50, 8, seed=1) == batches(50, 8, seed=1)
    assert batches(50, 8, seed=1) != batches(50, 8, seed=2)
    assert batches(50, 8, seed=0) != batches(50, 8)  # 0 is a seed like any other


def test_one_generator_gives_a_new_order_each_epoch():
    rng = random.Random(1)
    first, second = batches(50, 8, rng), batches(50, 8, rng)
    assert first != second
    assert first == batches(50, 8, seed=1)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0, 3), ValueError, "n is 0, but the number of samples is at least 1"),
        ((10, 0), ValueError, "size is 0, but the batch size is at least 1"),
        ((10, -3), ValueError, "size is -3"),
        ((10, 2.5), TypeError, "size, the batch size, must be a whole number.*2.5"),
        ((3, 4, None, True), ValueError, "size is 4 and n is 3, .* at most 3"),
    ],
)
def test_batches_refuse_bad_sizes(arguments, error, message):
    with pytest.raises(error, match=message):
        batches(*arguments)
