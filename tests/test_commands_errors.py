"""The command line: what is refused or ends early, what it says, and with which code it ends."""

import shlex
import sys
from pathlib import Path

import pytest
from command_runs import LINE, QUICK, quick, train

from nn import Progress
from nn.__main__ import main

pytestmark = pytest.mark.usefixtures("folder")

# ---------------------------------------------------------------------------------------- refusals

WRONG = [  # arguments, what is said
    ("tran digits", "There is no command 'tran'. The commands are train, predict, show"),
    ("moons --epochs 3", "Did you mean python -m nn train moons --epochs 3"),
    ("--epochs 3", "Did you mean python -m nn train digits --epochs 3"),
    ("train", "the following arguments are required: DATA"),
    ("predict model.json", "required: DATA.csv"),
    ("train moons --speed 3", "unrecognized arguments: --speed 3"),
    ("train mons", "No data set is named 'mons'. Did you mean 'moons'?"),
    ("train zzz", "The names are digits, iris"),
    ("train zzz", "give a CSV file: python -m nn train FILE.csv --target COLUMN"),
    ("train no.csv --target y", "There is no file no.csv"),
    ("train . --target y", ". is a folder"),
    ("train line.csv", "Which column of line.csv is to be predicted?"),
    ("train line.csv", "The columns are 'x', 'y'."),
    ("train line.csv --target z", "line.csv: there is no column 'z'"),
    ("train iris --target species", "--target 'species' is for CSV files"),
    ("train iris --features petal_width", "--features is for CSV files; iris has its own columns."),
    ("train wide.csv --target y --features a,z", "wide.csv: there is no column 'z'"),
    ("train wide.csv --target y --features ''", "there is no feature to learn from"),
    ("train moons --epochs -5", "--epochs: '-5' is not a whole number of at least 1."),
    ("train moons --epochs 1.5", "--epochs: '1.5' is not a whole number"),
    ("train moons --epochs 0", "--epochs: '0' is not a whole number"),
    ("train moons --patience -1", "--patience: '-1' is not a whole number of at least 0."),
    ("train moons --seed x", "--seed: 'x' is not a whole number of at least 0."),
    ("train moons --batch-size -1", "--batch-size: '-1' is not a whole number"),
    ("train moons --batch-size some", "For all samples at once say all."),
    ("train moons --learning-rate 0", "--learning-rate: '0' is not a finite number above 0."),
    ("train moons --learning-rate nan", "--learning-rate: 'nan' is not a finite number above 0."),
    ("train moons --learning-rate fast", "--learning-rate: 'fast' is not"),
    ("train moons --l2 -1", "--l2: '-1' is not a finite number of at least 0."),
    ("train moons --noise inf", "--noise: 'inf' is not a finite number"),
    ("train moons --hidden a,b", "--hidden: 'a,b': 'a' is not a whole number"),
    ("train moons --hidden 8,", "Give a number for each hidden layer, such as 32 or 16,16"),
    ("train moons --hidden 0", "--hidden: '0'"),
    ("train moons --optimizer adm", "'adm' is not one of sgd, momentum, adam, adamw. Did you"),
    ("train moons --activation rel", "Did you mean 'relu'?"),
    ("train moons --dropout 1", "--dropout: '1' is not a number of at least 0 and below 1."),
    ("train moons --hidden '' --dropout 0.5", "--dropout has no meaning for a model with --hidden"),
    ("figures --output line.csv", "Cannot write into the folder line.csv: File exists"),
    ("train moons --schedule x", "'x' is not one of constant, linear"),
    ("train moons --engine numpi", "'numpi' is not one of auto, eager, numpy, native. Did"),
    ("train moons --model perceptron --engine numpy", "--engine has no meaning for --model perc"),
    ("train moons --scale x", "'x' is not one of standard, minmax, none."),
    ("train moons --model svm", "'svm' is not one of mlp, logistic, linear, perceptron."),
    ("train moons --loss mse", "--loss mse does not fit --model mlp on 'moons'"),
    ("train moons --loss mse", "What fits is binary_cross_entropy or logistic or hinge"),
    ("train iris --model perceptron", "is for two classes, but the target of 'iris' is one of 3"),
    ("train iris --model logistic", "Use --model mlp."),
    ("train blobs --model logistic", "Use --model mlp or --classes 2."),
    ("train moons --model linear", "Use --model mlp or --model logistic or --model perceptron."),
    ("train line.csv --target y --model linear --loss hinge", "What fits is mse."),
    ("train flowers.csv --target 'the kind' --model linear", "'red, dark' is not a finite number"),
    ("train moons --model perceptron --l2 1", "--l2 has no meaning for --model perceptron."),
    ("train moons --model perceptron --loss hinge", "--loss has no meaning for --model perc"),
    ("train moons --model logistic --hidden 3", "--hidden has no meaning for --model logistic."),
    ("train moons --hidden '' --activation tanh", 'no meaning for a model with --hidden ""'),
    ("train iris --noise 1", "--noise is for moons, circles, spiral, xor, blobs only"),
    ("train moons --classes 3", "--classes is for spiral, blobs only; the samples of moons"),
    ("train line.csv --target y --samples 9", "the samples of line.csv are what they are"),
    ("train blobs --samples 2", "--samples 2 is too small"),
    ("train xor --patience 3", "--patience 3 needs samples for validation, but xor has too few"),
    ("train moons --output line.csv", "Cannot write into the folder line.csv: File exists"),
    ("train moons --output line.csv/x", "Cannot write into the folder line.csv/x"),
    ("predict no.json line.csv", "no.json cannot be read: No such file or directory. python -m nn"),
    ("show no.json", "no.json cannot be read"),
    ("show .", ". cannot be read: Is a directory"),
    ("show line.csv", "line.csv is no model file"),
    ("predict line.csv line.csv", "line.csv is no model file"),
    ("predict line.csv out/model.json", "The first argument must be the model file"),
    ("predict no.csv model.json", "then comes the table: did you swap them?"),
]


@pytest.mark.parametrize(("argv", "text"), WRONG, ids=[" ".join(row) for row in WRONG])
def test_a_wrong_command_says_what_would_be_right(capsys, folder, argv, text):
    before = sorted(folder.rglob("*"))
    assert main(shlex.split(argv)) == 2
    out, err = capsys.readouterr()
    assert out == "", "it is refused before anything begins"
    assert err.startswith("error: ")
    assert text in err
    assert sorted(folder.rglob("*")) == before


BAD_TABLES = [  # content, what is said
    ("", "bad.csv is empty"),
    ("x,y\n", "bad.csv: there is a first line with names, but no line with data"),
    ("x,y\n1,a\n2\n", "bad.csv, line 3: there are 1 cell"),
    ("x,y\n1,a\n\n,b\n", "bad.csv, line 4, column 'x': the cell is empty"),
    ("x,y\n1,a\ntwo,b\n", "bad.csv, line 3, column 'x': 'two' is not a number"),
    ("x,y\n1,a\n2,\n", "bad.csv, line 3, column 'y': the cell is empty"),
    ('x,y\n1,a\n2,"b\n', "bad.csv, line 3"),
    ("y\na\nb\n", "bad.csv: there is no feature to learn from"),
    ("x,y\n1,a\n2,a\n", "bad.csv, column 'y': every sample has the class 'a'"),
    ("x,x,y\n1,2,a\n2,3,b\n", "columns 1 and 2 are both called 'x'"),
    ("x,y\n1,2.5\n", "bad.csv has one sample, from which nothing can be learned but itself. Add"),
]


@pytest.mark.parametrize(("content", "text"), BAD_TABLES)
def test_a_bad_table_is_named_with_its_line(capsys, content, text):
    Path("bad.csv").write_text(content, encoding="utf-8")
    assert main(["train", "bad.csv", "--target", "y"]) == 2
    assert text in capsys.readouterr().err
    assert not Path("runs").exists()


def test_predicting_needs_the_columns_of_the_training(capsys):
    model = train("flowers.csv", "--target", "the kind", "--epochs", "1")
    Path("other.csv").write_text("width in cm,x\n1,2\n", encoding="utf-8")
    assert main(["predict", str(model), "other.csv"]) == 2
    assert "other.csv: there is no column 'length, in cm'" in capsys.readouterr().err


def test_the_table_for_predicting_may_not_be_overwritten(capsys):
    model = quick("a number")
    for target in ("line.csv", "out/../line.csv", "out/model.json"):
        assert main(["predict", str(model), "line.csv", "--output", target]) == 2
        assert "would overwrite what is read" in capsys.readouterr().err
    assert Path("line.csv").read_text(encoding="utf-8") == LINE


def test_what_cannot_be_written_is_said(capsys):
    model = quick("a number")
    assert main(["predict", str(model), "line.csv", "--output", "no/where.csv"]) == 2
    assert (
        capsys.readouterr().err == "error: no/where.csv: Its folder does not exist; make it first\n"
    )
    for folder in (".", "out"):
        assert main(["predict", str(model), "line.csv", "--output", folder]) == 2
        assert capsys.readouterr().err.startswith(f"error: {folder}: ")


# ---------------------------------------------------------------------------- what ends a training


def test_a_training_that_diverges_leaves_nothing(capsys):
    argv = ["train", "moons", "--optimizer", "sgd", "--learning-rate", "1e300"]
    assert main(argv) == 1
    err = capsys.readouterr().err
    assert "error: Training diverged in epoch 1" in err
    assert "too large for a float. Try a smaller learning rate" in err
    assert "ieee_values" not in err, "that is for programs"
    assert "Nothing was saved." in err
    assert not Path("runs").exists()


SLOW = "--scale none --batch-size 1 --model linear --optimizer sgd --learning-rate 1e-200"
TOO_LARGE = [  # table, options, exit code, what is said
    ("x,y\n1e200,1\n2e200,2\n3e200,3.5\n4e200,5.5\n", "--scale none", 1, "diverged"),
    ("x,y\n1e308,1.5\n1e308,2\n-1,3.5\n1e308,4\n1e308,9.5\n", "", 2, "cannot be scaled"),
    ("x,y\n1,1e200\n2,1e200\n3,-1e200\n4,5e200\n5,6e200\n", "", 1, "A number became too large"),
    ("x,y\n" + "1,1e154\n" * 5, SLOW, 1, "the loss is no finite number"),
]


@pytest.mark.parametrize(("content", "argv", "code", "text"), TOO_LARGE)
def test_numbers_that_are_too_large_are_no_accident(capsys, content, argv, code, text):
    Path("large.csv").write_text(content, encoding="utf-8")
    assert main(["train", "large.csv", "--target", "y", "--epochs", "1", *argv.split()]) == code
    assert text in capsys.readouterr().err
    assert not Path("runs").exists()


def test_ctrl_c_leaves_what_was_there(capsys, monkeypatch):
    path = quick("two classes")
    before = path.read_bytes()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "__call__", interrupted)
    for output in ("out", "new/folder"):
        assert main(["train", *QUICK["two classes"], "--seed", "9", "--output", output]) == 130
        assert "Stopped. Nothing was saved." in capsys.readouterr().err
    assert path.read_bytes() == before
    assert sorted(str(file) for file in Path("out").iterdir()) == [
        str(Path("out", name)) for name in ("model.json", "report.html", "test.csv")
    ]
    assert not Path("new").exists()


def test_a_full_disk_leaves_nothing_half_written(capsys, monkeypatch):
    def full(path, *_, **__):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_text", full)
    assert main(["train", *QUICK["two classes"], "--output", "out"]) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert not Path("out").exists()


def test_a_missing_engine_is_refused_before_anything_begins(capsys, monkeypatch):
    machine = sys.modules["autograd.compile.machine"]  # `autograd.compile` is the function
    monkeypatch.setattr(machine, "find_spec", lambda _: None)
    for engine, package in (("numpy", "numpy"), ("native", "llvmlite")):
        assert main(["train", "moons", "--engine", engine]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert f"--engine {engine}: " in err
        assert f"{package}: pip install 'autograd-nn[fast]'" in err
    assert not Path("runs").exists()
    assert main(["train", *QUICK["two classes"], "--output", "out"]) == 0
    assert "engine    eager" in capsys.readouterr().out
