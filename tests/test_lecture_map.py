"""The map of the lecture and its glossary: every heading, name and item leads to what exists."""

import inspect
import re
from pathlib import Path

import pytest

import autograd
import nn
import nn.figures

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "notebooks"
HEADINGS = [  # of the lecture, and what it sets off in its text, in its order
    "нейронные сети",
    "биологические нейронные сети",
    "однослойный перцептрон",
    "многослойный перцептрон",
    "логистическая функция (сигмоид)",
    "логистическая регрессия",
    "как обучать?",
    "логистическая функция правдоподобия",
    "градиентный спуск",
    "обратное распространение",
    "алгоритм back-propagation",
    "функции активации",
    "функции на выходных нейронах",
    "регуляризация",
    "ранняя остановка",
    "пример переобучения",
    "dropout",
    "deep learning libraries",
]
NOTEBOOKS = [
    "01_the_neuron",
    "02_perceptron_and_its_limits",
    "03_logistic_regression",
    "04_gradient_descent",
    "05_back_propagation",
    "06_activations",
    "07_output_heads",
    "08_regularisation",
    "09_the_wider_world",
    "10_record_once_run_many",
]
ITEMS = set(range(1, 31))


def rows(page):
    """The cells of every line of the tables on a page, without heads and rulers."""
    lines = (PAGES / page).read_text(encoding="utf-8").splitlines()
    tables = [i for i, line in enumerate(lines) if line.startswith("|---")]
    heads = {i - 1 for i in tables} | set(tables)
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for i, line in enumerate(lines)
        if line.startswith("| ") and i not in heads
    ]


def found(path):
    """The object of a dotted name, in nn, nn.figures or autograd."""
    for home in (nn, autograd):
        thing = home
        for name in path.split("."):
            thing = getattr(thing, name, None)
        if thing is not None:
            return thing
    return None


def takes(function, keyword):
    """Whether it has this argument, also through the settings of `training_steps`."""
    names = inspect.signature(function).parameters
    settings = inspect.signature(nn.training_steps).parameters
    return keyword in names or ("settings" in names and keyword in settings)


NAMES = [
    (page, name)
    for page, columns in (("README.md", (3, 4)), ("glossary.md", (2,)), ("libraries.md", (0,)))
    for row in rows(page)
    for column in columns
    for name in re.findall(r"`([^`]+)`", row[column])
]


@pytest.mark.parametrize(("page", "name"), NAMES, ids=lambda value: value)
def test_every_name_of_the_package_exists(page, name):
    if name == "b":
        assert nn.Neuron(1).b.data == 0.0
        return
    path, _, arguments = name.partition("(")
    thing = found(path)
    assert thing is not None, f"{page} speaks of {path}"
    for keyword in re.findall(r"(\w+)=", arguments):
        assert takes(thing, keyword), f"{path} takes no {keyword}"


def test_enough_names_are_looked_at():
    assert len(NAMES) > 150
    assert {page for page, _ in NAMES} == {"README.md", "glossary.md", "libraries.md"}


def test_every_heading_of_the_lecture_is_on_the_map_in_its_order():
    assert [row[0] for row in rows("README.md")] == HEADINGS


def test_every_heading_leads_to_a_notebook_and_every_notebook_has_one():
    text = (PAGES / "README.md").read_text(encoding="utf-8")
    for heading, _, notebook, *_ in rows("README.md")[1:]:
        number, name = re.fullmatch(r"\[(\d\d)\]\((\w+)\.ipynb\)", notebook).groups()
        assert name in NOTEBOOKS, heading
        assert name.startswith(number)
    for name in NOTEBOOKS:
        assert f"[{name[:2]}]({name}.ipynb)" in text


def test_every_item_is_on_the_map():
    numbers = set()
    for row in rows("README.md")[1:]:
        for part in row[5].split(", "):
            first, _, last = part.partition("–")
            numbers |= set(range(int(first), int(last or first) + 1))
    assert numbers == ITEMS


def test_every_item_has_its_number_proved():
    parts = {*Path(__file__).parent.glob("test_lecture_*.py")} - {Path(__file__)}
    text = "\n".join(path.read_text("utf-8") for path in parts)
    names = re.findall(r"^def test_item_(\d\d)_", text, re.MULTILINE)
    assert sorted({int(name) for name in names}) == sorted(ITEMS)


def test_the_figures_stand_at_their_headings():
    text = (PAGES / "README.md").read_text(encoding="utf-8")
    for figure in nn.figures.FIGURES:
        number = f" ({figure.number})" if figure.number else ""
        assert f"`figures.{figure.draw.__name__}`{number}" in text


def test_the_map_is_one_click_from_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    first_part = readme.partition("\n## Ten lines of `Value`")[0]
    assert "(notebooks/README.md)" in first_part


def test_the_example_of_a_network_handed_over_runs():
    text = (PAGES / "libraries.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names = {}
    exec(code, names)
    assert names["weight"].shape == (3, 8)
