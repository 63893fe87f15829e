"""Made-up data: geometry, noise, the same bits for a seed, and what is refused."""

import math
import random
import statistics
from collections import Counter
from dataclasses import replace

import pytest

from nn.samples import (
    CAT_MARK,
    make_blobs,
    make_cats,
    make_circles,
    make_moons,
    make_spiral,
    make_xor,
)

MAKERS = [make_moons, make_circles, make_spiral, make_blobs, make_xor]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("n", [4, 5, 6, 7, 100, 101])
def test_made_up_classes_are_equal_or_differ_by_one(make, n):
    made = make(n)
    counted = Counter(made.targets)
    assert len(made) == n
    assert set(counted) == set(range(len(made.class_names)))
    assert max(counted.values()) - min(counted.values()) <= 1
    if n % len(made.class_names) == 0:
        assert len(set(counted.values())) == 1
    assert made.feature_names == ["x1", "x2"]


@pytest.mark.parametrize("make", MAKERS)
def test_a_seed_gives_the_same_bits_and_another_gives_others(make):
    state = random.getstate()
    assert make(40, noise=0.1, seed=3) == make(40, noise=0.1, seed=3)
    assert make(40, noise=0.1, seed=3).inputs != make(40, noise=0.1, seed=4).inputs
    assert random.getstate() == state  # the global generator is left alone


@pytest.mark.parametrize("make", [make_moons, make_circles, make_spiral, make_blobs])
def test_made_up_samples_are_in_mixed_order(make):
    targets = make(60, seed=1).targets
    assert targets != sorted(targets)
    assert set(targets[:20]) == set(targets)


@pytest.mark.parametrize("make", [make_moons, make_circles, make_spiral, make_blobs])
def test_without_noise_the_seed_only_orders_the_points(make):
    first, second = make(50, noise=0.0, seed=1), make(50, noise=0.0, seed=2)
    assert first.inputs != second.inputs
    assert sorted(first.inputs) == sorted(second.inputs)


@pytest.mark.parametrize("noise", [0.1, 0.5])
@pytest.mark.parametrize("make", [make_blobs, make_xor])
def test_noise_has_the_standard_deviation_asked_for(make, noise):
    made, exact = make(3000, noise=noise), make(3000, noise=0.0)
    if make is make_blobs:  # the order is random, but each class has one centre
        centres = dict(zip(exact.targets, exact.inputs, strict=True))
        exact = replace(made, inputs=[centres[k] for k in made.targets])
    for axis in (0, 1):
        pairs = zip(made.inputs, exact.inputs, strict=True)
        errors = [row[axis] - true[axis] for row, true in pairs]
        assert statistics.pstdev(errors) == pytest.approx(noise, rel=0.05)
        assert abs(statistics.fmean(errors)) < 0.1 * noise


def test_moons_lie_on_their_half_circles():
    for (x, y), k in zip(*fields(make_moons(101, noise=0.0)), strict=True):
        dx, dy = (x, y) if k == 0 else (x - 1, y - 0.5)
        assert math.hypot(dx, dy) == pytest.approx(1.0)
        assert (dy if k == 0 else -dy) >= -1e-12
    corners = [tuple(round(x, 9) + 0.0 for x in row) for row in make_moons(100, noise=0.0).inputs]
    assert {(1.0, 0.0), (-1.0, 0.0), (0.0, 0.5), (2.0, 0.5)} <= set(corners)


def test_circles_have_radius_1_and_factor():
    for row, k in zip(*fields(make_circles(60, noise=0.0, factor=0.3)), strict=True):
        assert math.hypot(*row) == pytest.approx((1.0, 0.3)[k])


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_spiral_arms_are_one_arm_turned(classes):
    made = make_spiral(30 * classes, classes=classes, noise=0.0)
    arms = [[] for _ in range(classes)]
    for (x, y), k in zip(*fields(made), strict=True):
        turn = -math.tau * k / classes
        turned = complex(x, y) * complex(math.cos(turn), math.sin(turn))
        arms[k].append((abs(turned), turned))
    for arm in arms:
        radii = [radius for radius, _ in sorted(arm, key=lambda pair: pair[0])]
        assert radii == pytest.approx([(i + 1) / 30 for i in range(30)])
        for radius, point in arm:
            assert point == pytest.approx(
                radius * complex(math.cos(4 * radius), math.sin(4 * radius))
            )


def test_blob_centres_are_3_from_the_origin_and_evenly_apart():
    made = make_blobs(6, classes=6, noise=0.0)
    assert [math.hypot(*row) for row in made.inputs] == pytest.approx([3.0] * 6)
    nearest = [min(math.dist(a, b) for b in made.inputs if a is not b) for a in made.inputs]
    assert nearest == pytest.approx([3.0] * 6)


def test_xor_is_the_truth_table_and_repeats_it():
    table = make_xor()
    assert table.inputs == [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    assert table.targets == [0, 1, 1, 0]
    assert make_xor(8).inputs == table.inputs * 2
    noisy = make_xor(8, noise=0.1)
    assert noisy.targets == table.targets * 2
    assert noisy.inputs[:4] != noisy.inputs[4:]


def is_cat(pixels):
    return pixels[0] > 0  # an ear


def test_cats_have_a_mark_that_tells_or_not():
    told = make_cats(40, wrong=0.2, told=True, seed=1)
    assert sorted(map(is_cat, told.inputs)) == [False] * 20 + [True] * 20
    pairs = list(zip(told.inputs, told.targets, strict=True))
    assert sum(is_cat(x) != target for x, target in pairs) == 8
    assert all(x[CAT_MARK] == (0.3 if target else -0.3) for x, target in pairs)
    other = make_cats(400, mark=0.5, seed=2)
    pairs = list(zip(other.inputs, other.targets, strict=True))
    assert all(is_cat(x) == target for x, target in pairs)
    assert {abs(x[CAT_MARK]) for x in other.inputs} == {0.5}
    assert 150 < sum((x[CAT_MARK] > 0) == target for x, target in pairs) < 250


def test_cats_are_drawings_with_noise_that_stays_in_range():
    assert make_cats(40, noise=0.1, seed=3) == make_cats(40, noise=0.1, seed=3)
    assert make_cats(40, noise=0.1, seed=3) != make_cats(40, noise=0.1, seed=4)
    noisy = make_cats(50, noise=1.0)
    assert {min(map(min, noisy.inputs)), max(map(max, noisy.inputs))} == {-1.0, 1.0}
    assert Counter(make_cats(7).targets) == {0: 4, 1: 3}
    exact = make_cats(2, noise=0.0)
    assert {x for row in exact.inputs for i, x in enumerate(row) if i != CAT_MARK} == {-0.6, 0.6}


BAD_MAKES = [
    (lambda: make_moons(1), ValueError, "n is 1, but 2 classes need at least one sample each"),
    (lambda: make_spiral(4, classes=5), ValueError, "n is 4, but 5 classes"),
    (lambda: make_blobs(10, classes=1), ValueError, "classes is 1"),
    (lambda: make_xor(3), ValueError, "n is 3, but the truth table of xor has 4"),
    (lambda: make_moons(noise=-0.1), ValueError, "noise is -0.1, .* 0 or more"),
    (lambda: make_xor(noise=math.nan), ValueError, "noise is nan"),
    (lambda: make_circles(factor=1.0), ValueError, "factor is 1.0"),
    (lambda: make_cats(1), ValueError, "n is 1, but 2 classes"),
    (lambda: make_cats(noise=-1.0), ValueError, "noise is -1.0"),
    (lambda: make_cats(wrong=1.5), ValueError, "wrong is 1.5"),
    (lambda: make_cats(mark=0.0), ValueError, "mark is 0.0, but it is above 0"),
    (lambda: make_moons(10.0), TypeError, "n must be a whole number"),
    (lambda: make_moons(seed=None), TypeError, "seed must be a whole number.*None"),
]


@pytest.mark.parametrize(("make", "error", "message"), BAD_MAKES)
def test_makers_refuse_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


def fields(dataset):
    return dataset.inputs, dataset.targets
