"""Data sets: facts of the packaged ones, geometry of the made-up ones, parts, batches, scaling."""

import gzip
import hashlib
import json
import math
import random
import statistics
import subprocess
import sys
import zipfile
from collections import Counter
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from nn.data import Dataset, batches, split
from nn.samples import (
    CAT_MARK,
    load_digits,
    load_iris,
    make_blobs,
    make_cats,
    make_circles,
    make_moons,
    make_spiral,
    make_xor,
)
from nn.scaling import Scaler

DATASETS = Path(nn.__file__).parent / "datasets"


def labelled(*counts):
    """A data set with so many samples of each class; sample i has the one feature i."""
    targets = [k for k, count in enumerate(counts) for _ in range(count)]
    names = [f"c{k}" for k in range(len(counts))]
    return Dataset([[float(i)] for i in range(len(targets))], targets, "labelled", ["i"], names)


def measured(n):
    return Dataset([[float(i)] for i in range(n)], [0.5 * i for i in range(n)], "line", ["i"], [])


# Dataset


def test_dataset_knows_its_length_and_kind():
    assert len(labelled(3, 2)) == 5
    assert labelled(3, 2).is_classification
    assert not measured(4).is_classification


@pytest.mark.parametrize(
    ("dataset", "text"),
    [
        (labelled(3, 2), "Dataset('labelled': 5 samples, 1 feature, 2 classes)"),
        (labelled(1), "Dataset('labelled': 1 sample, 1 feature, 1 class)"),
        (measured(4), "Dataset('line': 4 samples, 1 feature, regression)"),
        (
            Dataset([[0.0, 1.0]], [2.5], "dot", ["p", "q"], [], (2, 1)),
            "Dataset('dot': 1 sample, 2 features (2x1 image), regression)",
        ),
    ],
)
def test_repr_is_one_telling_line(dataset, text):
    assert repr(dataset) == text


def test_dataset_is_frozen():
    with pytest.raises(FrozenInstanceError):
        labelled(1, 1).name = "other"


BAD_DATASETS = [  # changes to a good data set of two samples, message
    ({"inputs": [], "targets": []}, "'good' has no samples"),
    ({"targets": [0]}, "2 rows of inputs came with 1 targets"),
    ({"inputs": [[1.0, 2.0], [3.0]]}, r"inputs\[1\] has 1 number, but feature_names has 2 names"),
    ({"feature_names": ["a"]}, r"inputs\[0\] has 2 numbers, but feature_names has 1 names"),
    ({"inputs": [[1.0, 2.0], [3.0, math.nan]]}, r"inputs\[1\]\[1\] is nan, .* finite"),
    ({"inputs": [[math.inf, 2.0], [3.0, 4.0]]}, r"inputs\[0\]\[0\] is inf, .* finite"),
    ({"inputs": [["1", 2.0], [3.0, 4.0]]}, r"inputs\[0\]\[0\] is '1', .* finite number"),
    ({"inputs": [[10**400, 2.0], [3.0, 4.0]]}, r"inputs\[0\]\[0\] is 1000"),
    ({"targets": [0, 2]}, r"targets\[1\] is 2, but with 2 class names .* from 0 to 1"),
    ({"targets": [-1, 1]}, r"targets\[0\] is -1, .* from 0 to 1"),
    ({"targets": [0, 1.0]}, r"targets\[1\] is 1.0, .* whole number \(int\)"),
    ({"targets": [False, True]}, r"targets\[0\] is False"),
    ({"class_names": [], "targets": [0.5, math.nan]}, r"targets\[1\] is nan, .* finite"),
    ({"image_shape": (2, 2)}, r"2 features are no image of the shape \(2, 2\)"),
]


@pytest.mark.parametrize(("changes", "message"), BAD_DATASETS)
def test_dataset_refuses_what_does_not_fit(changes, message):
    good = Dataset([[1.0, 2.0], [3.0, 4.0]], [0, 1], "good", ["a", "b"], ["no", "yes"])
    with pytest.raises(ValueError, match=message):
        replace(good, **changes)


def test_subset_takes_the_samples_in_the_order_asked_for():
    digits = load_digits()
    part = digits.subset([5, 0, 5])
    assert part.inputs == [digits.inputs[5], digits.inputs[0], digits.inputs[5]]
    assert part.targets == [5, 0, 5]
    assert part == replace(digits, inputs=part.inputs, targets=part.targets)
    assert digits.subset(range(2)).targets == [0, 1]


@pytest.mark.parametrize(
    ("indices", "error", "message"),
    [
        ([0, 5], IndexError, r"indices\[1\] is 5, but 'labelled' has samples 0 to 4"),
        ([-1], IndexError, r"indices\[0\] is -1"),
        ([True, False], TypeError, r"indices\[0\] is True: subset takes positions, not a mask"),
        ([1.0], TypeError, r"indices\[0\] must be a whole number.*got 1.0"),
        ([], ValueError, "no samples"),
    ],
)
def test_subset_refuses_other_indices(indices, error, message):
    with pytest.raises(error, match=message):
        labelled(3, 2).subset(indices)


# Packaged data


def test_digits_are_the_1797_test_digits_of_uci():
    digits = load_digits()
    assert repr(digits) == "Dataset('digits': 1797 samples, 64 features (8x8 image), 10 classes)"
    counted = Counter(digits.targets)  # as UCI's page lists them for the test set
    assert [counted[k] for k in range(10)] == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert digits.class_names == list("0123456789")
    assert digits.feature_names[:9] == [*(f"pixel_0_{c}" for c in range(8)), "pixel_1_0"]


def test_digits_are_the_original_whole_numbers_over_16():
    digits = load_digits()
    pixels = [16 * x for row in digits.inputs for x in row]
    assert set(pixels) == set(range(17))
    assert sum(pixels) == 561718
    # The file in UCI's notation: 64 pixels and the digit, with commas.
    original = "".join(
        ",".join(str(int(16 * x)) for x in row) + f",{digit}\n"
        for row, digit in zip(digits.inputs, digits.targets, strict=True)
    )
    assert hashlib.sha256(original.encode()).hexdigest() == (
        "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"
    )


def test_digits_file_holds_no_time_or_name():
    packed = (DATASETS / "digits.txt.gz").read_bytes()
    assert packed[:4] == b"\x1f\x8b\x08\x00"  # gzip, deflate, no flags: no name
    assert packed[4:8] == b"\0\0\0\0"  # no time
    text = gzip.decompress(packed)
    assert hashlib.sha256(text).hexdigest() == (
        "e6f8a51fa62c6dd5529498bdafaa6eddfec0a7374a68da33dc761af0a8b90eeb"
    )


def test_the_first_digit_looks_like_a_zero():
    digits = load_digits()
    rows = [digits.inputs[0][start : start + 8] for start in range(0, 64, 8)]
    assert digits.targets[0] == 0
    assert ["".join(".#"[x > 0.4] for x in row) for row in rows] == [
        "...##...",
        "..####..",
        "..#..##.",
        "..#..##.",
        "..#..##.",
        "..#..##.",
        "..#.##..",
        "...##...",
    ]


def test_iris_are_fishers_150():
    iris = load_iris()
    assert repr(iris) == "Dataset('iris': 150 samples, 4 features, 3 classes)"
    assert iris.targets == [0] * 50 + [1] * 50 + [2] * 50
    assert iris.class_names == ["setosa", "versicolor", "virginica"]
    columns = list(zip(*iris.inputs, strict=True))
    assert [min(column) for column in columns] == [4.3, 2.0, 1.0, 0.1]
    assert [max(column) for column in columns] == [7.9, 4.4, 6.9, 2.5]
    # The sums of Fisher's numbers; UCI's two slips would change the last three.
    assert [round(math.fsum(c), 6) for c in columns] == [876.5, 458.6, 563.7, 179.9]


def test_iris_has_fishers_numbers_where_uci_differs():
    inputs = load_iris().inputs
    assert inputs[34] == [4.9, 3.1, 1.5, 0.2]
    assert inputs[37] == [4.9, 3.6, 1.4, 0.1]


def test_attribution_names_every_file_its_creators_licence_and_doi():
    text = (DATASETS / "ATTRIBUTION.md").read_text(encoding="utf-8")
    files = [path.name for path in DATASETS.iterdir() if path.name != "ATTRIBUTION.md"]
    assert sorted(files) == ["digits.txt.gz", "iris.csv"]
    creators = ["E. Alpaydin", "C. Kaynak", "R. A. Fisher"]
    for fact in [*files, *creators, "CC BY 4.0", "10.24432/C50P49", "10.24432/C56C76"]:
        assert fact in text


def test_packaged_data_load_from_inside_a_zip(tmp_path):
    archive = tmp_path / "package.zip"
    root = DATASETS.parent.parent
    with zipfile.ZipFile(archive, "w") as packed:
        for package in ("autograd", "nn"):
            for file in (root / package).rglob("*"):
                if file.is_file() and "__pycache__" not in file.parts:
                    packed.write(file, file.relative_to(root))
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from nn.samples import load_digits, load_iris\n"
        "import nn; assert '.zip' in nn.__file__\n"
        "print(load_digits(), load_iris())"
    )
    command = [sys.executable, "-I", "-c", code, str(archive)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert run.stdout.count("Dataset(") == 2, run.stderr


# Made-up data

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


# Scaling

numbers = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda x: round(x, 6))


@st.composite
def tables(draw):
    width = draw(st.integers(1, 4))
    rows = st.lists(numbers, min_size=width, max_size=width)
    return draw(st.lists(rows, min_size=1, max_size=12))


@settings(deadline=None)
@given(tables())
def test_standard_gives_mean_0_and_deviation_1(rows):
    scaled = Scaler("standard").fit(rows).transform(rows)
    for column, before in zip(zip(*scaled, strict=True), zip(*rows, strict=True), strict=True):
        if len(set(before)) == 1:
            assert set(column) == {0.0}
        else:
            assert statistics.fmean(column) == pytest.approx(0.0, abs=1e-6)
            assert statistics.pstdev(column) == pytest.approx(1.0)


@settings(deadline=None)
@given(tables())
def test_minmax_gives_0_to_1(rows):
    scaled = Scaler("minmax").fit(rows).transform(rows)
    for column, before in zip(zip(*scaled, strict=True), zip(*rows, strict=True), strict=True):
        assert min(column) == 0.0
        assert max(column) == (0.0 if len(set(before)) == 1 else 1.0)


@settings(deadline=None)
@given(tables(), st.sampled_from(["standard", "minmax"]))
def test_inverse_undoes_transform_and_state_survives_json(rows, kind):
    scaler = Scaler(kind).fit(rows)
    copy = Scaler.from_state(json.loads(json.dumps(scaler.state())))
    assert copy.transform(rows) == scaler.transform(rows)
    assert copy.state() == scaler.state()
    for row, back in zip(rows, scaler.inverse(scaler.transform(rows)), strict=True):
        assert back == pytest.approx(row, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    ("kind", "shift", "scale"),
    [
        ("standard", [5.0, 0.1], [2.0, 1.0]),  # the deviation of 2, 4, 4, 4, 5, 5, 7, 9 is 2
        ("minmax", [2.0, 0.1], [7.0, 1.0]),
    ],
)
def test_what_a_scaler_learns(kind, shift, scale):
    # 0.1 eight times is a constant, though its rounded mean need not be 0.1
    rows = [[x, 0.1] for x in (2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0)]
    scaler = Scaler(kind).fit(rows)
    assert (scaler.shift, scaler.scale) == (shift, scale)
    assert scaler.transform([[5.0, 0.1]])[0][1] == 0.0


@pytest.mark.parametrize("count", [3, 6, 7, 10, 1000])
@pytest.mark.parametrize("constant", [0.1, 1e-300, 1e300, -7.3])
def test_a_constant_feature_becomes_exactly_0(count, constant):
    for kind in ("standard", "minmax"):
        rows = [[constant]] * count
        assert Scaler(kind).fit(rows).transform(rows) == [[0.0]] * count


def test_other_parts_are_scaled_by_what_the_training_part_showed():
    scaler = Scaler("minmax").fit([[0.0], [10.0]])
    assert scaler.transform([[20.0], [-5.0]]) == [[2.0], [-0.5]]


def test_transform_copies():
    rows = [[1.0, 2.0], [3.0, 4.0]]
    Scaler().fit(rows).transform(rows)
    assert rows == [[1.0, 2.0], [3.0, 4.0]]


def test_scalers_say_what_they_are():
    assert repr(Scaler()) == "Scaler('standard': not fitted)"
    assert repr(Scaler("minmax").fit([[1.0, 2.0]])) == "Scaler('minmax': 2 features)"


FITTED = Scaler().fit([[1.0, 2.0], [3.0, 4.0]])
BAD_SCALING = [
    (lambda: Scaler("robust"), "kind is 'robust', .* standard, minmax"),
    (lambda: Scaler().transform([[1.0]]), r"not fitted. Call fit\(training_inputs\)"),
    (lambda: Scaler().inverse([[1.0]]), "not fitted"),
    (lambda: Scaler().fit([]), "at least one row"),
    (lambda: Scaler().fit([[], []]), "at least one row with at least one feature"),
    (
        lambda: Scaler().fit([[1.0], [2.0, 3.0]]),
        r"inputs\[1\] has 2 numbers, but inputs\[0\] has 1",
    ),
    (lambda: Scaler().fit([[1.0], [math.nan]]), r"inputs\[1\]\[0\] is nan"),
    (lambda: FITTED.transform([[1.0]]), r"inputs\[0\] has 1 number, but .* fitted on 2"),
    (lambda: FITTED.inverse([[1.0, 2.0], [1.0, 2.0, 3.0]]), r"inputs\[1\] has 3 numbers"),
    (lambda: FITTED.transform([[1.0, math.inf]]), r"inputs\[0\]\[1\] is inf"),
    (lambda: Scaler.from_state({"kind": "standard"}), "lacks shift, scale"),
    (lambda: Scaler.from_state({"kind": "x", "shift": [], "scale": []}), "kind is 'x'"),
    (
        lambda: Scaler.from_state({"kind": "minmax", "shift": [1.0], "scale": []}),
        "1 shifts came with 0 scales",
    ),
    (
        lambda: Scaler.from_state({"kind": "minmax", "shift": [1.0], "scale": [0.0]}),
        r"scale\[0\] is 0.0, but a scale is positive",
    ),
    (
        lambda: Scaler.from_state({"kind": "minmax", "shift": ["a"], "scale": [1.0]}),
        r"shift\[0\] is 'a'",
    ),
]


@pytest.mark.parametrize(("use", "message"), BAD_SCALING)
def test_scaler_refuses_what_does_not_fit(use, message):
    with pytest.raises(ValueError, match=message):
        use()


def test_a_failed_fit_changes_nothing():
    scaler = Scaler().fit([[1.0], [3.0]])
    before = scaler.state()
    with pytest.raises(ValueError, match="nan"):
        scaler.fit([[5.0], [math.nan]])
    assert scaler.state() == before


def test_state_is_a_copy():
    scaler = Scaler().fit([[1.0], [3.0]])
    scaler.state()["shift"][0] = 99.0
    assert scaler.shift == [2.0]


@pytest.mark.parametrize(("kind", "column"), [
    ("minmax", [1e308, -1e308]), ("standard", [1e308, 1e308, 1.0]),
])  # fmt: skip
def test_numbers_whose_range_is_no_number_are_refused(kind, column):
    scaler = Scaler(kind).fit([[1.0], [3.0]])
    before = scaler.state()
    with pytest.raises(ValueError, match="too far apart"):
        scaler.fit([[x] for x in column])
    assert scaler.state() == before
