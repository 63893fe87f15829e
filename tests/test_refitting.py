import pytest

import nn
from nn import refit

DATA = nn.make_moons(36, noise=0.3, seed=1)
TRAIN, VALIDATION = ((part.inputs, part.targets) for part in nn.split(DATA, (0.67, 0.33), seed=1))
SETTINGS = {"epochs": 12, "learning_rate": 0.05, "batch_size": 5, "schedule": "linear"}


def make():
    return nn.MLP(2, [6, 1], activation="tanh", head="sigmoid", seed=1)


def first(**extra):
    return nn.fit(make(), *TRAIN, validation=VALIDATION, **SETTINGS | extra)


def rates(same):
    seen = []
    again = refit(make(), TRAIN, VALIDATION, first(), same=same, on_report=seen.append, **SETTINGS)
    return again, [report.learning_rate for report in seen]


def test_the_same_epochs_on_all_samples_are_a_plain_training():
    history, model, plain = first(), make(), make()
    again = refit(model, TRAIN, VALIDATION, history, **SETTINGS)
    everything = [*TRAIN[0], *VALIDATION[0]], [*TRAIN[1], *VALIDATION[1]]
    for report in nn.training_steps(plain, *everything, **SETTINGS):
        if report.epoch_end and report.epoch == history.best.epoch:
            break
    assert model.state() == plain.state()
    assert len(again) == history.best.epoch
    assert f"all {len(everything[0])} samples" in again.stopped


@pytest.mark.parametrize("same", ["epochs", "steps"])
def test_the_engine_is_handed_on(same):
    pytest.importorskip("numpy")
    models, seen = [], []
    for engine in ("eager", "numpy"):
        history, model = first(engine=engine), make()
        again = refit(
            model, TRAIN, VALIDATION, history, same=same, on_epoch=seen.append, engine=engine,
            **SETTINGS,
        )  # fmt: skip
        assert {report.engine for report in (*history, *again)} == {engine}
        models.append([p.data for p in model.parameters()])
    assert models[0] == pytest.approx(models[1], rel=1e-9)
    assert [report.epoch for report in seen if report.engine == "eager"] == list(
        range(1, seen[-1].epoch + 1)
    )


def test_the_same_steps_take_the_same_learning_rates():
    before = []
    history = first(on_report=before.append)
    again, after = rates("steps")
    assert again.epochs[-1].step == history.best.step == len(after)
    assert after == pytest.approx([r.learning_rate for r in before][: len(after)], rel=1e-9)


def test_the_same_epochs_go_through_the_schedule_by_epochs():
    again, after = rates("epochs")
    steps = again.epochs[0].step
    assert after[0] == 0.05
    assert after[steps] == pytest.approx(0.05 * (1 - 1 / 12), rel=1e-9)


WRONG = [
    (lambda h: refit(make(), TRAIN, VALIDATION, h, same="time", **SETTINGS), "got 'time'"),
    (lambda h: refit(make(), TRAIN, VALIDATION, nn.History()), "no validation loss"),
    (lambda h: refit(make(), TRAIN, VALIDATION, h, epochs=h.best.epoch - 1), "best epoch was"),
]


@pytest.mark.parametrize(("typed", "answer"), WRONG)
def test_a_bad_refit_is_answered(typed, answer):
    history = first()
    assert history.best.epoch > 1
    with pytest.raises(ValueError, match=answer):
        typed(history)
