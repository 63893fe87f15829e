"""Data sets: what they hold and refuse, and facts of the packaged ones."""

import gzip
import hashlib
import math
import subprocess
import sys
import zipfile
from collections import Counter
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest
from numbered_samples import labelled, measured

import nn
from nn.data import Dataset
from nn.samples import load_digits, load_iris

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


DATASETS = Path(nn.__file__).parent / "datasets"


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
