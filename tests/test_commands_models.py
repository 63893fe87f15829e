"""The command line: saved models predict and are shown; damaged files are refused."""

import csv
import json
import os
import random
from pathlib import Path

import pytest
from command_runs import predictions, quick, train

from nn import MLP, LinearRegression, load_with_about, save
from nn.__main__ import main
from nn.tasks import About

pytestmark = pytest.mark.usefixtures("folder")

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
