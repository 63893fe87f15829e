"""The command line: what it writes, what it says, and with which code it ends."""

import csv
import io
import json
import os
import random
import shlex
import subprocess
import sys
import unicodedata
from itertools import takewhile
from pathlib import Path

import pytest

import nn.__main__
from nn import MLP, LinearRegression, Progress, Scaler, load_with_about, read_csv, save, split
from nn.__main__ import main
from nn.losses import LOSSES
from nn.tasks import MODEL_KINDS, SOURCES, USUAL, About, find_task, make_model, split_in_three

ROOT = Path(__file__).parent.parent
FLOWERS = 'width in cm,"length, in cm",the kind\n' + "".join(
    f'{k + i / 50},{-k - i / 40},"{name}"\n'
    for i in range(12)
    for k, name in enumerate(["red, dark", 'a ""rose""', "blue"])
)
LINE = "x,y\n" + "".join(f"{i / 4},{i / 2 + 1}\n" for i in range(20))
MANY = "x,y\n" + "".join(f"{k},a class with a long name {k}\n" for k in range(9) for _ in range(3))
WIDE = "a,b,c,d,e,f,y\n" + "".join(
    f"{i},{i % 5},1,2,3,4,{'no' if i < 9 else 'yes'}\n" for i in range(18)
)
RARE = "x,y\n1,a\n2,a\n3,a\n4,a\n5,b\n6,b\n"
TABLES = {
    "flowers.csv": FLOWERS,
    "line.csv": LINE,
    "many.csv": MANY,
    "wide.csv": WIDE,
    "rare.csv": RARE,
}
QUICK = {  # a short training for each kind of question
    "two classes": ["moons", "--samples", "20", "--epochs", "2"],
    "several classes": ["blobs", "--samples", "30", "--epochs", "2"],
    "a number": ["line.csv", "--target", "y", "--epochs", "2"],
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in an empty folder with a few tables."""
    monkeypatch.chdir(tmp_path)
    for name, text in TABLES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def train(*argv):
    """Train, quietly and briefly, and return the model file."""
    assert main(["train", *argv, "--quiet", "--output", "out"]) == 0
    return Path("out/model.json")


def quick(question, *argv):
    return train(*QUICK[question], *argv)


def predictions(capsys, *argv):
    """Return what predict writes, as rows, and what it says."""
    capsys.readouterr()
    assert main(["predict", *map(str, argv)]) == 0
    out, err = capsys.readouterr()
    return list(csv.reader(io.StringIO(out))), err


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


# ------------------------------------------------------------------------------------- help, usage

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


# ------------------------------------------------------------------------------------------- train


@pytest.mark.parametrize("name", SOURCES)
def test_every_data_set_trains_and_its_model_works(capsys, name):
    small = ["--hidden", "4", "--epochs", "1", "--batch-size", "all"]
    assert main(["train", name, *small, "--output", "out"]) == 0
    out = capsys.readouterr().out
    result = next(line for line in out.splitlines() if " accuracy " in line)
    rows, said = predictions(capsys, "out/model.json", "out/test.csv")
    assert said.split(" on ")[0] == result.split(" ", 1)[1], "predict scores as train did"
    assert set(rows[0][1:]) == {f"P({c})" for c in find_task(name, None, {}).dataset.class_names}
    for row in rows[1:]:
        assert sum(map(float, row[1:])) == pytest.approx(1, abs=1e-4)
    assert main(["show", "out/model.json"]) == 0
    assert result in capsys.readouterr().out


USUALLY_REACHED = {"iris": 95, "moons": 95, "circles": 95, "blobs": 95, "xor": 100}


@pytest.mark.parametrize(("name", "percent"), USUALLY_REACHED.items())
def test_the_usual_settings_are_good(capsys, name, percent):
    train(name)
    words = capsys.readouterr().out.split()
    assert words[:2] == ["training" if name == "xor" else "test", "accuracy"]
    assert float(words[2]) >= percent


FITTING = [
    (model, question, loss)
    for model, kind in MODEL_KINDS.items()
    for question, losses in kind.losses.items()
    for loss in losses
]


@pytest.mark.parametrize(("model", "question", "loss"), FITTING)
def test_what_fits_trains_predicts_and_shows(capsys, model, question, loss):
    path = quick(question, "--model", model, *([] if model == "perceptron" else ["--loss", loss]))
    saved, about = load_with_about(path)
    assert saved.loss.name == loss
    rows, _ = predictions(capsys, path, "out/test.csv")
    known = about["class_names"]
    assert all(row[0] in known if known else float(row[0]) for row in rows[1:])
    assert len(rows[0]) == (1 if loss in ("hinge", "mse") else 1 + len(known))
    assert main(["show", str(path)]) == 0


TWO_CLASSES = [(model, loss) for model, question, loss in FITTING if question == "two classes"]


@pytest.mark.parametrize(("model", "loss"), TWO_CLASSES)
def test_classes_keep_their_names_whatever_labels_the_loss_takes(capsys, model, loss):
    lines = "".join(f"{i % 7 + 20 * (i % 2)},{('low', 'high')[i % 2]}\n" for i in range(30))
    Path("levels.csv").write_text(f"x,level\n{lines}", encoding="utf-8")
    choice = ["--model", model] + ["--loss", loss] * (model != "perceptron")
    path = train("levels.csv", "--target", "level", "--epochs", "20", *choice)
    Path("new.csv").write_text("x\n0\n26\n", encoding="utf-8")
    rows, _ = predictions(capsys, path, "new.csv")
    assert [row[0] for row in rows] == ["prediction", "low", "high"]
    if len(rows[0]) > 1:
        assert rows[0][1:] == ["P(high)", "P(low)"]
        assert float(rows[1][1]) < 0.5 < float(rows[2][1])


REFUSED = [
    (model, question, loss)
    for model in MODEL_KINDS
    for question in QUICK
    for loss in LOSSES
    if (model, question, loss) not in FITTING or model == "perceptron"
]
REFUSED.remove(("mlp", "a number", "cross_entropy"))  # then the numbers are taken for classes


@pytest.mark.parametrize(("model", "question", "loss"), REFUSED)
def test_what_does_not_fit_is_refused(capsys, model, question, loss):
    assert main(["train", *QUICK[question], "--model", model, "--loss", loss]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(("error: --model ", "error: --loss "))


KINDS_MEANT = [  # a column of whole numbers from 0 to 3 is read as classes, unless ...
    ([], 4),
    (["--loss", "mse"], 0),
    (["--model", "linear"], 0),
    (["--loss", "cross_entropy"], 4),
]


@pytest.mark.parametrize(("argv", "classes"), KINDS_MEANT)
def test_model_and_loss_tell_how_numbers_are_meant(argv, classes):
    lines = "".join(f"{i},{i % 4}\n" for i in range(40))
    Path("levels.csv").write_text(f"x,level\n{lines}", encoding="utf-8")
    path = train("levels.csv", "--target", "level", "--epochs", "1", *argv)
    assert len(load_with_about(path)[1]["class_names"]) == classes


def test_the_story_of_a_training(capsys):
    assert main(["train", "iris", "--epochs", "30", "--output", "my runs/iris"]) == 0
    out, err = capsys.readouterr()
    for text in (
        "MLP(4 inputs, 8 tanh, 3 softmax; 67 parameters)",
        "90 for training, 30 for validation, 30 for test",
        "--hidden 8 --activation tanh --dropout 0.0",
        "\ntest accuracy 9",
        "decided\n",
        "versicolor",
        "README.md",
    ):
        assert text in out
    told = out.split("\nnext\n")[0] + err
    assert max(map(len, told.splitlines())) < 80
    epochs = err.splitlines()
    assert 5 <= len(epochs) <= 15, "a handful of lines where there is no terminal"
    assert epochs[0].startswith("epoch   1/30  loss")
    assert epochs[-1].startswith("epoch  30/30  loss")


def test_the_next_steps_work_as_they_stand(capsys, monkeypatch):
    monkeypatch.setattr(sys, "orig_argv", [sys.executable])  # it may be relative to another folder
    text = 'x 1,"z, 2",note,y\n' + "1,5,?,a\n2,6,?,b\n" * 6
    Path("my data.csv").write_text(text, encoding="utf-8")
    argv = ["my data.csv", "--target", "y", "--epochs", "1", "--output", "my runs"]
    argv += ["--features", '"z, 2",x 1']
    assert main(["train", *argv]) == 0
    steps = capsys.readouterr().out.split("\nnext\n")[1].splitlines()[:-1]
    assert [step.split(" -m nn ")[1].split()[0] for step in steps] == [
        "show",
        "predict",
        "train",
        "train",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for step in steps:
        done = subprocess.run(step, shell=True, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout


def test_the_next_steps_call_python_as_the_user_did(capsys, monkeypatch):
    monkeypatch.setattr(sys, "orig_argv", [".venv/bin/python", "-m", "nn"])
    assert main(["train", *QUICK["two classes"]]) == 0
    steps = capsys.readouterr().out.split("\nnext\n")[1].splitlines()[:-1]
    assert all(step.startswith("  .venv/bin/python -m nn ") for step in steps)


def test_quiet_prints_the_result_only(capsys):
    quick("two classes")
    out, err = capsys.readouterr()
    assert out.startswith("test accuracy ")
    assert (out.count("\n"), err) == (1, "")


def test_the_same_command_writes_the_same_bytes():
    argv = QUICK["two classes"]
    main(["train", *argv, "--output", "a", "--seed", "4"])
    main(["train", *argv, "--output", "b", "--seed", "4", "--quiet"])
    main(["train", *argv, "--output", "c", "--seed", "5", "--quiet"])
    for name in ("model.json", "test.csv"):
        assert Path("a", name).read_bytes() == Path("b", name).read_bytes()
        assert Path("a", name).read_bytes() != Path("c", name).read_bytes()


def test_the_seed_chooses_samples_weights_and_order():
    tasks = [find_task("moons", None, {"seed": seed}) for seed in (0, 0, 1)]
    samples = [task.dataset.inputs for task in tasks]
    weights = [make_model(task.dataset, task.settings).state() for task in tasks]
    for made in (samples, weights):
        assert made[0] == made[1] != made[2]
    # xor has no noise, no parts and here no random weights: what is left is the order
    argv = ["xor", "--model", "logistic", "--batch-size", "1", "--epochs", "1"]
    states = [load_with_about(train(*argv, "--seed", seed))[0].state() for seed in "001"]
    assert states[0] == states[1] != states[2]


SAID_AGAIN = [
    QUICK["two classes"],
    QUICK["a number"],
    ["iris", "--hidden", "", "--epochs", "1", "--batch-size", "all", "--scale", "minmax"],
    ["spiral", "--classes", "4", "--samples", "40", "--epochs", "1", "--optimizer", "sgd"],
    ["blobs", "--classes", "2", "--model", "perceptron"],
    ["moons", "--samples", "40", "--epochs", "2", "--dropout", "0.5"],
]


@pytest.mark.parametrize("argv", SAID_AGAIN)
def test_the_settings_that_are_shown_give_the_same_again(capsys, argv):
    path = train(*argv)
    capsys.readouterr()
    main(["show", str(path)])
    first, *others = capsys.readouterr().out.split("settings  ")[1].splitlines()
    options = [first, *takewhile(lambda line: line.startswith("      "), others)]
    target = ["--target", "y"] if argv[0].endswith(".csv") else []
    again = ["train", argv[0], *target, *shlex.split(" ".join(options)), "--output", "again"]
    assert main([*again, "--quiet"]) == 0
    assert Path("again/model.json").read_bytes() == path.read_bytes()


def test_the_folder_is_named_after_the_data():
    assert main(["train", "xor", "--epochs", "1", "--quiet"]) == 0
    assert main(["train", "line.csv", "--target", "y", "--epochs", "1", "--quiet"]) == 0
    files = sorted(str(path) for path in Path("runs").rglob("*.*"))
    assert files == [
        str(Path("runs", name, file))
        for name in ("line", "xor")
        for file in ("model.json", "report.html", "test.csv")
    ]


@pytest.mark.parametrize("name", ["xor.csv", "XOR.csv", "./xor"])
def test_a_file_named_like_a_data_set_has_another_folder(name):
    Path(name).write_text(LINE, encoding="utf-8")
    assert main(["train", "xor", "--epochs", "1", "--quiet"]) == 0
    before = Path("runs/xor/model.json").read_bytes()
    assert main(["train", name, "--target", "y", "--epochs", "1", "--quiet"]) == 0
    assert Path("runs", f"{Path(name).stem}-csv", "model.json").exists()
    assert Path("runs/xor/model.json").read_bytes() == before


FEATURES = [  # what is asked for, which columns that is
    ("x", ["x"]),
    ("z, x", ["z", "x"]),
    ("x,x,z", ["x", "z"]),
    ('"long, in cm",x', ["long, in cm", "x"]),
]


@pytest.mark.parametrize(("asked", "features"), FEATURES)
def test_columns_can_be_left_out(capsys, asked, features):
    text = 'x,name,z,"long, in cm",y\n' + "1,Ann,2,3,no\n4,Bob,5,6,yes\n" * 6
    Path("people.csv").write_text(text, encoding="utf-8")
    assert main(["train", "people.csv", "--target", "y"]) == 2
    assert "leave it out: name the others with --features a,b" in capsys.readouterr().err
    path = train("people.csv", "--target", "y", "--epochs", "1", "--features", asked)
    assert load_with_about(path)[1]["feature_names"] == features
    rows, said = predictions(capsys, path, "people.csv")
    assert len(rows) == 13
    assert said.startswith("accuracy ")


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("asked", ["NFC", "NFD"])
def test_accents_may_be_written_in_either_way(capsys, form, asked):
    text = "größe,note,é\n" + "1,?,für\n2,?,já\n" * 6
    Path("a.csv").write_text(unicodedata.normalize(form, text), encoding="utf-8")
    target, features = unicodedata.normalize(asked, "é größe").split()
    path = train("a.csv", "--target", target, "--features", features, "--epochs", "1")
    for name in ("a.csv", "out/test.csv"):
        _, said = predictions(capsys, path, name)
        assert said.startswith("accuracy ")
    model, about = load_with_about(path)
    about["target_name"] = target
    save(model, path, about=about)
    assert predictions(capsys, path, "a.csv")[1].startswith("accuracy ")


def test_too_few_numbers_are_not_called_classes(capsys):
    Path("two.csv").write_text("x,y\n1,1.5\n2,2.5\n", encoding="utf-8")
    train("two.csv", "--target", "y", "--epochs", "1")
    err = capsys.readouterr().err
    assert "note: two has too few samples to keep some apart: that takes 3." in err
    assert "class" not in err
    assert max(map(len, err.splitlines())) < 80
    assert main(["train", "two.csv", "--target", "y", "--patience", "3"]) == 2
    err = capsys.readouterr().err
    assert "but two has too few samples to keep some apart." in err


def test_too_few_samples_are_all_for_training(capsys):
    path = train("rare.csv", "--target", "y", "--epochs", "1")
    out, err = capsys.readouterr()
    assert "note: rare has too few samples to keep some of each class apart" in err
    assert out.startswith("training accuracy ")
    about = load_with_about(path)[1]
    assert about["samples"] == {"training": 6, "validation": 0, "test": 0}
    assert about["settings"]["patience"] == 0


def test_the_three_parts_hold_every_sample_once():
    dataset = find_task("iris", None, {}).dataset
    parts = split_in_three(dataset, seed=3)
    assert [len(part) for part in parts] == [90, 30, 30]
    rows = sorted(
        (*row, t) for part in parts for row, t in zip(part.inputs, part.targets, strict=True)
    )
    assert rows == sorted((*row, t) for row, t in zip(dataset.inputs, dataset.targets, strict=True))


@pytest.mark.parametrize("kind", ["standard", "minmax"])
def test_scalers_see_the_training_part_only(kind):
    path = train("line.csv", "--target", "y", "--epochs", "1", "--scale", kind)
    about = load_with_about(path)[1]
    part = split(read_csv("line.csv", "y"), (0.6, 0.2, 0.2), seed=0)[0]
    assert about["scaler"] == Scaler(kind).fit(part.inputs).state()
    assert about["target_scaler"] == Scaler(kind).fit([[t] for t in part.targets]).state()


def test_unscaled_is_unscaled():
    about = load_with_about(train("line.csv", "--target", "y", "--epochs", "1", "--scale", "none"))[
        1
    ]
    assert about["scaler"] is about["target_scaler"] is None


def test_mistakes_of_many_classes_are_listed(capsys):
    argv = ["train", "many.csv", "--target", "y", "--epochs", "1", "--output", "out"]
    assert main(argv) == 0
    out = capsys.readouterr().out
    assert "decided" not in out
    assert "  'a class with a long name " in out
    assert "' taken for 'a class with a long name " in out


def test_a_number_is_compared_with_the_mean(capsys):
    argv = ["line.csv", "--target", "y", "--model", "linear", "--output", "out"]
    assert main(["train", *argv]) == 0
    out = capsys.readouterr().out
    error = float(out.split("test mean squared error ")[1].split()[0])
    constant = float(out.split("(answering the mean of the training: ")[1].split(")")[0])
    assert error < 0.01 < 1 < constant
    root = float(out.split("(root ")[1].split(",")[0])
    assert root == pytest.approx(error**0.5, rel=1e-4)
    assert "in the unit of the target)" in out


PERCEPTRONS = [  # options, what it says
    (["blobs", "--classes", "2"], "no mistakes in epoch 2, after 1 correction", False),
    (["xor", "--epochs", "7"], "still mistakes in epoch 7", True),
]


@pytest.mark.parametrize(("argv", "said", "note"), PERCEPTRONS)
def test_a_perceptron_says_how_it_ended(capsys, argv, said, note):
    assert main(["train", *argv, "--model", "perceptron", "--output", "out"]) == 0
    out, err = capsys.readouterr()
    assert said in out
    assert ("note: The perceptron still made mistakes" in err) == note
    assert "Warning" not in err


def test_stopping_early_is_told_and_kept(capsys):
    argv = ["moons", "--samples", "30", "--epochs", "60", "--patience", "1", "--noise", "0.6"]
    assert main(["train", *argv, "--output", "out"]) == 0
    assert "stopped: no better validation loss for 1 epochs" in capsys.readouterr().out
    about = load_with_about("out/model.json")[1]
    assert len(about["losses"]) == len(about["validation_losses"]) < 60
    main(["show", "out/model.json"])
    assert "no better validation loss" in capsys.readouterr().out


def test_another_optimizer_has_another_learning_rate():
    settings = find_task("moons", None, {"optimizer": "sgd"}).settings
    assert settings["learning_rate"] == 0.3
    settings = find_task("moons", None, {"optimizer": "sgd", "learning_rate": 0.5}).settings
    assert settings["learning_rate"] == 0.5
    assert find_task("moons", None, {"optimizer": "adamw"}).settings["learning_rate"] == 0.03


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


ENGINES = [  # what is asked for, what is said at the end
    ("auto", "engine    eager: every number was a Value"),  # too small to be worth compiling
    ("eager", "engine    eager: every number was a Value"),
    ("numpy", "engine    numpy: recorded once, run as NumPy"),
    ("native", "engine    native: recorded once, run as machine code"),
]


@pytest.mark.parametrize("question", QUICK)
def test_every_engine_finds_the_same_and_says_who_ran(capsys, question):
    models = []
    for engine, said in ENGINES:
        if engine != "eager":
            pytest.importorskip({"native": "llvmlite"}.get(engine, "numpy"))
        argv = [*QUICK[question], "--engine", engine, "--output", "out"]
        assert main(["train", *argv]) == 0
        out, err = capsys.readouterr()
        assert said in out
        assert len([line for line in err.splitlines() if line.startswith("epoch")]) == 2
        assert f"--engine {engine} " in " ".join(out.split()), "it stands among the settings"
        models.append(load_with_about("out/model.json")[0])
        capsys.readouterr()
    first, *others = [[p.data for p in model.parameters()] for model in models]
    for other in others:
        assert other == pytest.approx(first, rel=1e-9)


def test_steps_are_shown_where_every_number_is_a_value(monkeypatch):
    seen = []
    monkeypatch.setattr(Progress, "__call__", lambda _, report: seen.append(report))
    counts = {}
    for engine in ("eager", "numpy"):
        seen.clear()
        assert main(["train", *QUICK["two classes"], "--engine", engine, "--output", "out"]) == 0
        counts[engine] = [report.epoch_end for report in seen].count(False), len(seen)
    assert counts["numpy"] == (0, 2)
    assert counts["eager"][1] == 2 + counts["eager"][0]


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


def test_a_perceptron_has_no_engine(capsys):
    assert main(["train", "moons", "--model", "perceptron", "--epochs", "2"]) == 0
    assert "engine" not in capsys.readouterr().out


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


# ----------------------------------------------------------------------------------------- predict


def test_a_table_goes_round(capsys):
    path = train("flowers.csv", "--target", "the kind", "--epochs", "60")
    assert capsys.readouterr().out == "test accuracy 100.0 %\n"
    rows, said = predictions(capsys, path, "flowers.csv")
    classes = ['a "rose"', "blue", "red, dark"]
    assert rows[0] == ["prediction", *(f"P({name})" for name in classes)]
    assert [row[0] for row in rows[1:4]] == ["red, dark", 'a "rose"', "blue"]
    assert said == "accuracy 100.0 % on 36 samples\n"
    main(["show", str(path)])
    out = capsys.readouterr().out
    assert 'the kind, one of 3 classes (a "rose", blue, red, dark)' in out
    assert "weights of hidden 1, for scaled inputs" in out
    assert "width in cm" in out


def test_columns_are_found_by_their_names(capsys):
    path = train("flowers.csv", "--target", "the kind", "--epochs", "3")
    rows, _ = predictions(capsys, path, "flowers.csv")
    with open("flowers.csv", encoding="utf-8", newline="") as file:
        table = list(csv.reader(file))
    with open("turned.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([row[1], "comment", row[0]] for row in table)
    turned, said = predictions(capsys, path, "turned.csv")
    assert turned == rows
    assert said == "", "without the target there is no score"


def test_names_with_other_separators_go_round(capsys):
    Path("odd.csv").write_text('"a;b;c","d\te","y; z"\n' + "1,2,u\n3,4,v\n" * 6, encoding="utf-8")
    path = train("odd.csv", "--target", "y; z", "--epochs", "1")
    assert load_with_about(path)[1]["feature_names"] == ["a;b;c", "d\te"]
    _, said = predictions(capsys, path, "out/test.csv")
    assert said.startswith("accuracy ")


def test_numbers_are_predicted_in_their_own_unit(capsys):
    path = train("line.csv", "--target", "y", "--model", "linear", "--epochs", "300")
    rows, said = predictions(capsys, path, "line.csv")
    assert rows[0] == ["prediction"]
    for i, row in enumerate(rows[1:]):
        assert float(row[0]) == pytest.approx(i / 2 + 1, abs=0.1)
    assert said.startswith("mean squared error ")
    assert said.endswith(" on 20 samples\n")


def test_predictions_go_to_a_file(capsys):
    path = quick("two classes")
    rows, _ = predictions(capsys, path, "out/test.csv")
    assert main(["predict", str(path), "out/test.csv", "--output", "answers.csv"]) == 0
    out, err = capsys.readouterr()
    assert (out, err[:9]) == ("", "accuracy ")
    with open("answers.csv", encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == rows


@pytest.mark.parametrize(("cell", "said"), [("green", "'green' is not"), ("", "the cell is empty")])
def test_unknown_answers_are_no_obstacle(capsys, cell, said):
    path = train("flowers.csv", "--target", "the kind", "--epochs", "1")
    new = f'width in cm,"length, in cm",the kind\n1,2,blue\n3,4,{cell}\n'
    Path("new.csv").write_text(new, encoding="utf-8")
    rows, note = predictions(capsys, path, "new.csv")
    assert len(rows) == 3
    assert note.startswith("note: no score, because of new.csv, line 3, column 'the kind': " + said)


def test_a_number_too_large_for_the_model_is_named(capsys):
    path = quick("a number", "--scale", "none")
    Path("huge.csv").write_text("x\n1e308\n", encoding="utf-8")
    model, about = load_with_about(path)
    for parameter in model.parameters():
        parameter.data = 1e10
    save(model, path, about=about)
    assert main(["predict", str(path), "huge.csv"]) == 2
    err = capsys.readouterr().err
    assert "huge.csv: a number is too large for this model" in err
    assert "ieee_values" not in err


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="pipes as files")
def test_rows_may_come_through_a_pipe(capsys):
    path = quick("a number")
    read, write = os.pipe()
    os.write(write, b"x,y\n1,2\n")
    os.close(write)
    rows, said = predictions(capsys, path, f"/dev/fd/{read}")
    os.close(read)
    assert (len(rows), said) == (2, "")


# -------------------------------------------------------------------------------------------- show


def test_weights_of_images_are_pictures(capsys):
    path = train("digits", "--hidden", "", "--epochs", "1", "--batch-size", "all")
    model, about = load_with_about(path)
    for k, neuron in enumerate(model.layers[0].neurons):
        for i, weight in enumerate(neuron.w):
            weight.data = [-1.0, -0.5, 0.0, 0.5, 1.0][(i + k) % 5]
    save(model, path, about=about)
    capsys.readouterr()
    main(["show", str(path)])
    lines = capsys.readouterr().out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.split() == ["0", "1", "2", "3"])
    assert lines[start + 1].startswith("  ░░▒▒▓▓██  ░░▒▒   ░░▒▒▓▓██  ░░▒▒▓▓   ")
    assert "(8 of 10 neurons)" in "\n".join(lines)
    assert max(map(len, lines)) <= 80


def test_many_inputs_are_ranked(capsys):
    path = train("wide.csv", "--target", "y", "--epochs", "1")
    model, about = load_with_about(path)
    for neuron in model.layers[0].neurons:
        neuron.w[3].data = -100.0
    save(model, path, about=about)
    main(["show", str(path)])
    out = capsys.readouterr().out
    assert "heaviest inputs of hidden 1, for scaled inputs" in out
    assert out.split("over its neurons\n")[1].split("\n")[0].split() == ["1600", "d"]


def test_a_model_without_notes_is_shown_but_cannot_predict(capsys):
    save(MLP(2, [3, 1], seed=0), "plain.json")
    assert main(["show", "plain.json"]) == 0
    out = capsys.readouterr().out
    assert "MLP(2 inputs, 3 relu, 1 linear; 13 parameters)" in out
    assert "x1" in out
    assert main(["predict", "plain.json", "line.csv"]) == 2
    assert "plain.json does not say which columns its model takes" in capsys.readouterr().err


def test_a_model_of_your_own_needs_only_names(capsys):
    model = LinearRegression(1)
    model.w[0].data, model.b.data = 2.0, 1.0
    save(model, "own.json", about={"feature_names": ["x"], "remark": "mine"})
    rows, said = predictions(capsys, "own.json", "line.csv")
    assert [float(row[0]) for row in rows[1:]] == [i / 2 + 1 for i in range(20)]
    assert said == ""
    assert main(["show", "own.json"]) == 0
    assert "(no name)" in capsys.readouterr().out


# ------------------------------------------------------------------------------------- model files

DAMAGES = [  # part of about, its new content, what is said
    ("feature_names", ["x1"], "1 feature for 2 inputs"),
    ("feature_names", "x1", "'feature_names': a list of names is wanted, not 'x1'"),
    ("class_names", ["a", "b", "c"], "3 classes for 1 output trained with binary_cross_entropy"),
    ("class_names", [], "0 classes"),
    ("class_names", 3, "'class_names'"),
    ("class_names", ["a", "\ud800"], "'class_names'"),
    ("scaler", {"kind": "standard"}, "'scaler'"),
    ("scaler", {"kind": "standard", "shift": [0], "scale": [1]}, "it scales 1 columns where there"),
    ("scaler", {"kind": "standard", "shift": [0, 0], "scale": [1, 0]}, "'scaler'"),
    ("target_scaler", {"kind": "standard", "shift": [0, 0], "scale": [1, 1]}, "it scales 2"),
    ("image_shape", [3, 3], "the image_shape [3, 3] is not for 2 features"),
    ("image_shape", [2], "the image_shape [2]"),
    ("settings", 5, "'settings'"),
    ("samples", [1], "'samples'"),
    ("losses", ["a"], "'losses'"),
    ("score", "good", "'score'"),
    ("score", -1, "the score -1.0 is not at least 0"),
]


@pytest.mark.parametrize(("part", "content", "text"), DAMAGES)
@pytest.mark.parametrize("command", ["show", "predict"])
def test_a_damaged_file_is_refused(capsys, part, content, text, command):
    path = quick("two classes")
    model = json.loads(path.read_text(encoding="utf-8"))
    model["about"][part] = content
    path.write_text(json.dumps(model), encoding="utf-8")
    capsys.readouterr()
    argv = [command, str(path)] + ["out/test.csv"] * (command == "predict")
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: {path} is damaged: ")
    assert text in err


def test_no_random_damage_ends_in_a_traceback(capsys):
    """Put odd things everywhere in a file: it is refused or works, and never crashes."""
    path = train("blobs", "--samples", "15", "--hidden", "2", "--epochs", "1", "--scale", "minmax")
    whole = json.loads(path.read_text(encoding="utf-8"))
    rng = random.Random(0)
    odd = [None, True, -1, 0, 1.5, 1e308, "", "abc", [], {}, [[]], [1], {"a": 1}]
    codes = set()
    for _ in range(300):
        damaged = json.loads(json.dumps(whole))
        place, key = damaged, rng.choice(["about", "about", "state", "settings"])
        while isinstance(place[key], dict | list) and place[key] and rng.random() < 0.8:
            place = place[key]
            key = rng.choice(list(place) if isinstance(place, dict) else range(len(place)))
        place[key] = rng.choice(odd)
        path.write_text(json.dumps(damaged), encoding="utf-8")
        codes |= {main(["show", str(path)]), main(["predict", str(path), "out/test.csv"])}
        capsys.readouterr()
    assert codes == {0, 2}


def test_what_is_kept_with_a_model_goes_round():
    path = quick("several classes", "--scale", "standard")
    model, plain = load_with_about(path)
    about = About.from_plain(plain, model, str(path))
    assert about.to_plain() == plain
    assert set(plain) == set(About.__dataclass_fields__)


def test_the_figures_are_written_and_listed(capsys):
    assert main(["figures", "--output", "drawn"]) == 0
    listed = [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()]
    assert sorted(map(Path, listed)) == sorted(Path("drawn").iterdir())
    assert Path("drawn/06-01.svg").read_text(encoding="utf-8").startswith("<svg")
    assert Path("drawn/gallery.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
