"""The command line: what it refuses, and its help."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from command_runs import LINE, QUICK, ROOT, quick, train

import nn.__main__
from nn.__main__ import main
from nn.tasks import SOURCES, USUAL, find_task

pytestmark = pytest.mark.usefixtures("folder")

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


HELP = [  # arguments, what must stand there
    (["--help"], ["python -m nn train spiral", "exit codes", "train", "predict", "show"]),
    (["train", "--help"], [*SOURCES, "usual settings", "examples:", "60 %"]),
    (["predict", "--help"], ["MODEL.json", "DATA.csv", "--output", "example:"]),
    (["show", "--help"], ["MODEL.json", "example:"]),
    (["--version"], ["autograd-nn "]),
]


@pytest.mark.parametrize(("argv", "texts"), HELP)
def test_help_teaches(capsys, monkeypatch, argv, texts):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(argv) == 0
    out, err = capsys.readouterr()
    assert all(text in out for text in texts)
    assert err == ""


def test_every_setting_is_explained(capsys):
    main(["train", "--help"])
    out = capsys.readouterr().out
    for name in (
        *USUAL,
        "loss",
        "samples",
        "noise",
        "classes",
        "target",
        "features",
        "output",
        "quiet",
    ):
        assert f"--{name.replace('_', '-')} " in out


def test_examples_in_the_help_are_understood(capsys):
    """Parse every example; only data that is not there may stop it."""
    lines = []
    for argv, _ in HELP:
        main(argv)
        lines += capsys.readouterr().out.splitlines()
    examples = [
        line.strip().split("   ")[0] for line in lines if line.startswith("  python -m nn ")
    ]
    commands = [shlex.split(example)[3:] for example in examples]
    assert len(commands) > 8
    for command in commands:
        if "--help" in command:
            continue
        command = nn.__main__._with_command(command)
        options = vars(nn.__main__._parser().parse_args(command))
        if command[0] == "train" and not command[1].endswith(".csv"):
            given = {k: v for k, v in options.items() if k not in ("command", "data")}
            assert find_task(command[1], None, given).settings


def test_without_arguments_it_trains_on_digits(monkeypatch):
    calls = []
    monkeypatch.setattr(nn.__main__, "train", lambda *args, **rest: calls.append((args, rest)))
    assert main([]) == main(["train", "digits"]) == 0
    assert calls == [((), {"data": "digits"})] * 2


def run(*argv, environment=(), **streams):
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "nn", *argv],
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", **dict(environment)},
        check=False,
        timeout=60,
    )


def test_it_runs_as_a_module():
    done = run("--help", environment={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert done.stdout.startswith(b"usage: python -m nn")
    assert done.stderr == b""


CLOSED = [  # which outputs nobody reads, arguments
    (["stdout"], ["--help"]),
    (["stdout"], ["show", "out/model.json"]),
    (["stderr"], ["train", *QUICK["two classes"], "--output", "new"]),
    (["stdout", "stderr"], ["predict", "out/model.json", "out/test.csv"]),
]


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
@pytest.mark.parametrize(("closed", "argv"), CLOSED)
def test_a_closed_pipe_is_no_error(closed, argv):
    quick("two classes")
    read, write = os.pipe()
    os.close(read)
    done = run(*argv, **dict.fromkeys(closed, write))
    os.close(write)
    assert done.returncode == 0
    assert not done.stderr
    if argv[0] == "train":
        assert b"test accuracy" in done.stdout
        assert Path("new/model.json").exists(), "nobody looked, but the model is still wanted"


@pytest.mark.skipif(sys.platform == "win32", reason="shell of POSIX")
@pytest.mark.parametrize("missing", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_missing_outputs_are_no_error(missing):
    quick("two classes")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    for argv in ("train xor --epochs 2", "predict out/model.json line2.csv", "--help"):
        Path("line2.csv").write_text("x1,x2,class\n1,2,upper\n", encoding="utf-8")
        command = f"{shlex.quote(sys.executable)} -m nn {argv} {missing}"
        done = subprocess.run(
            command, shell=True, env=environment, capture_output=True, check=False, timeout=60
        )
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
        if argv.startswith("predict") and missing == "2>&-":
            assert done.stdout.count(b"\n") == 2, "the score does not get among the answers"
    assert Path("runs/xor/model.json").exists()
