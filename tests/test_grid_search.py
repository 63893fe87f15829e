import sys
from xml.etree import ElementTree

import pytest

import nn
from autograd import look
from nn import GridSearch, grid_search

DATA = nn.make_moons(24, noise=0.2, seed=1)
LABELS = [2 * target - 1 for target in DATA.targets]
TRAIN, VALIDATION = (DATA.inputs[:12], LABELS[:12]), (DATA.inputs[12:], LABELS[12:])


def make(init="zeros"):
    return nn.LogisticRegression(2, init=init, seed=1)


def search(grid, **settings):
    usual = {"workers": 1} | ({} if "epochs" in grid else {"epochs": 3})
    return grid_search(make, TRAIN, VALIDATION, grid, **usual | settings)


def test_names_of_fit_go_there_and_others_to_the_model():
    found = search({"init": ["zeros", "normal"], "learning_rate": [0.1, 0.5], "epochs": [2]})
    assert [trial.choices["init"] for trial in found.trials] == ["zeros"] * 2 + ["normal"] * 2
    model = make("normal")
    history = nn.fit(model, *TRAIN, validation=VALIDATION, epochs=2, learning_rate=0.5)
    assert found.trials[-1].history.losses == history.losses
    assert found.trials[-1].state == model.state()


def test_the_engine_is_handed_on():
    pytest.importorskip("numpy")
    grid = {"engine": ["eager", "numpy"], "l2": [0.5]}
    eager, numpy = search(grid).trials
    assert [trial.history.engine for trial in (eager, numpy)] == ["eager", "numpy"]
    assert numpy.history.losses == pytest.approx(eager.history.losses, rel=1e-12)


def test_two_workers_find_the_same_and_report_in_order():
    grid = {"l2": [0.0, 1.0], "learning_rate": [0.1, 0.2]}
    seen = []
    found = search(grid, workers=2, on_trial=seen.append)
    assert seen == found.trials
    alone = search(grid)
    for one, other in zip(found.trials, alone.trials, strict=True):
        assert (one.choices, one.state, one.history.losses) == (
            other.choices,
            other.state,
            other.history.losses,
        )


def test_a_training_that_diverges_is_a_line_of_the_table():
    def model(scale):
        linear = nn.LinearRegression(2)
        linear.w[0].data = scale
        return linear

    grid = {"scale": [0.0, 1e300]}
    found = grid_search(model, TRAIN, VALIDATION, grid, epochs=2, workers=1)
    assert [trial.epoch for trial in found.trials] == [2, 0]
    assert found.best is found.trials[0]
    lines = str(found).splitlines()
    assert lines[1].endswith("<- best")
    assert "failed" in lines[2]
    assert "Training diverged" in lines[3]
    with pytest.raises(ValueError, match="All 1 trainings failed.*diverged"):
        GridSearch(found.trials[1:], model).model()


def test_the_heat_map_shows_the_best_of_what_it_leaves_out():
    found = search({"l2": [0.0, 5.0], "learning_rate": [0.1, 0.2, 0.3], "init": ["zeros", "he"]})
    chart = found.show("learning_rate", "l2")
    root = ElementTree.fromstring(chart.svg)
    cells = [e for e in root.iter() if e.tag.endswith("rect") and len(e)]
    assert len(cells) == 6
    assert sum("stroke-width" in cell.attrib for cell in cells) == 1
    shown = [cell[0].text.split(": ")[1].split(",")[0] for cell in cells]
    losses = [trial.validation_loss for trial in found.trials]
    assert shown == [look.number(min(losses[i : i + 2])) for i in range(0, 12, 2)]
    assert "of init the best in each cell" in chart.svg
    assert (
        found.show().svg
        == search({"l2": [0.0, 5.0], "learning_rate": [0.1, 0.2, 0.3], "init": ["zeros", "he"]})
        .show("l2", "learning_rate")
        .svg
    )
    assert str(found) in chart.text
    assert set(found._repr_mimebundle_()) == {"text/html", "text/plain"}


def test_one_setting_is_a_table_without_a_map():
    found = search({"l2": [0.0, 5.0]})
    assert set(found._repr_mimebundle_()) == {"text/plain"}
    with pytest.raises(ValueError, match="two different settings out of l2"):
        found.show()


WRONG = [
    ({}, {}, ValueError, "names with lists of values"),
    ({"l2": []}, {}, ValueError, "names with lists"),
    ({"init": "zeros"}, {}, ValueError, "names with lists"),
    ({"l2": [0.0]}, {"l2": 1.0}, ValueError, "'l2' stands in the grid and in the settings"),
    ({"l2": [0.0]}, {"workers": 0}, ValueError, "workers is 0"),
    ({"validation": [None]}, {}, ValueError, "an argument of its own"),
    ({"l2": [0.1]}, {"on_epoch": print}, ValueError, "on_epoch serve one training"),
    ({"lr": [0.1]}, {}, TypeError, "lr"),
    ({"l2": [0.1]}, {"lr": 0.1}, TypeError, "fit has no setting 'lr'"),
]


@pytest.mark.parametrize(("grid", "settings", "error", "answer"), WRONG)
def test_a_bad_grid_is_answered(grid, settings, error, answer):
    with pytest.raises(error, match=answer):
        search(grid, **settings)


def test_without_joblib_one_works_and_two_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "joblib", None)
    assert len(search({"l2": [0.0, 1.0]}, workers=None).trials) == 2
    with pytest.raises(ImportError, match="pip install joblib.*workers=1"):
        search({"l2": [0.0, 1.0]}, workers=2)
