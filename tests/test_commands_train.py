"""The command line: what a training takes, says and writes."""

import os
import shlex
import subprocess
import sys
import unicodedata
from itertools import takewhile
from pathlib import Path

import pytest
from command_runs import LINE, QUICK, ROOT, predictions, quick, train

from nn import Progress, Scaler, load_with_about, read_csv, save, split
from nn.__main__ import main
from nn.losses import LOSSES
from nn.tasks import MODEL_KINDS, SOURCES, find_task, make_model, split_in_three

pytestmark = pytest.mark.usefixtures("folder")


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


def test_a_perceptron_has_no_engine(capsys):
    assert main(["train", "moons", "--model", "perceptron", "--epochs", "2"]) == 0
    assert "engine" not in capsys.readouterr().out
