"""The page that training writes: every part is there, and it needs nothing from outside."""

import re
from html import unescape

import pytest

import nn
from nn.__main__ import main
from nn.report import report_page
from nn.tasks import About


@pytest.fixture
def page(tmp_path, capsys):
    def make(*arguments):
        assert main(["train", *arguments, "--output", str(tmp_path / "out")]) == 0
        assert "report.html" in capsys.readouterr().out
        return (tmp_path / "out" / "report.html").read_text(encoding="utf-8")

    return make


def headings(html):
    return re.findall(r"<h2>(.*?)</h2>", html)


INSIDE = ["The network", "Back-propagation, step by step", "Back-propagation in numbers"]
TABLE = "x,y,z\n" + "".join(f"{i / 7},{i % 5},{i % 3 + i / 9}\n" for i in range(40))
RUNS = [  # arguments, headings
    (
        ["digits", "--epochs", "1", "--hidden", "8"],
        ["Training", "Decisions on the test samples", "Mistakes", *INSIDE],
    ),
    (
        ["moons", "--epochs", "1", "--samples", "60"],
        [
            "Training",
            "Decisions on the test samples",
            "Where it decides what",
            "Mistakes",
            *INSIDE,
        ],
    ),
    (["iris", "--epochs", "1"], ["Training", "Decisions on the test samples", "Mistakes", *INSIDE]),
    (
        ["blobs", "--model", "perceptron", "--epochs", "3", "--classes", "2"],
        ["Decisions on the test samples", "Where it decides what", "Mistakes", *INSIDE],
    ),
]


@pytest.mark.parametrize(("arguments", "expected"), RUNS, ids=lambda x: x[0])
def test_the_report_has_its_parts(page, arguments, expected):
    html = page(*arguments)
    assert headings(html) == expected
    assert len(html) < 3_000_000
    outside = set(re.findall(r"https?://[\w./-]+", unescape(html)))
    assert outside <= {"http://www.w3.org/2000/svg"}


def test_a_regression_has_no_decisions(page, tmp_path):
    (tmp_path / "t.csv").write_text(TABLE, encoding="utf-8")
    html = page(str(tmp_path / "t.csv"), "--target", "z", "--epochs", "2", "--loss", "mse")
    assert headings(html) == ["Training", *INSIDE]
    assert "mean squared error" in html


def test_mistakes_are_pictures_with_words(page):
    html = page("digits", "--epochs", "1", "--hidden", "4")
    said = re.findall(r"<figcaption[^>]*>row \d+: is (\d), taken for (\d)<", html)
    assert 0 < len(said) <= 24
    assert all(truth != guess for truth, guess in said)
    assert html.count("image-rendering:pixelated") == len(said)


def test_no_mistake_is_said_so():
    data = nn.Dataset([[0.0, 0.0], [1.0, 1.0]], [0, 1], "two", ["a", "b"], ["no", "yes"])
    model = nn.LogisticRegression(2)
    model.w[0].data, model.b.data = 2.0, -1.0
    about = About(data.feature_names, data.class_names)
    html = report_page(model, about, nn.History(), data, about.answers(model, data.inputs))
    assert "<p>None in 2 samples.</p>" in html


def test_names_of_any_kind_are_escaped():
    rows = [[0.0, 0.0], [1.0, 1.0]]
    data = nn.Dataset(rows, [0, 1], "<i>d", ["<u>", "&"], ["<b>no", "</script>"])
    model = nn.LogisticRegression(2)
    about = About(data.feature_names, data.class_names, data=data.name)
    html = report_page(model, about, nn.History(), data, [0, 0], settings="<s>")
    for nasty in ("<i>", "<u>", "<b>no", "<s>"):
        assert nasty not in html
    assert html.count("<script") == html.count("</script>")


def test_the_sample_with_the_greatest_loss_is_shown():
    data = nn.Dataset([[3.0], [-0.1], [-3.0]], [1, 0, 0], "three", ["x"], ["no", "yes"])
    model = nn.LogisticRegression(1)
    model.parameters()[0].data = 1.0
    about = About(data.feature_names, data.class_names)
    answers = about.answers(model, data.inputs)
    assert answers == [1, 0, 0]
    html = report_page(model, about, nn.History(), data, answers)
    assert "The sample in row 2 of the test (is no), of all the one with the greatest loss." in html
