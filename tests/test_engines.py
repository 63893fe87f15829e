"""Training compiled is training: the same weights and reports with every engine."""

import pytest
from compiled_runs import ENGINES, compiling, every_engine
from trained_runs import LOOKING, NUMBERS, TASKS, XS, N, assert_equal, flat, mlp, near, trained

from autograd import Machine, RecordingError, Value
from nn import MLP, SGD, Adam, LinearRegression, fit, l2, training_steps
from nn import engines as room
from nn.losses import LOSSES

pytest.importorskip("llvmlite")


@compiling
@pytest.mark.parametrize("task", TASKS)
def test_training_gives_the_same_numbers(task, engine):
    make, targets, _ = TASKS[task]
    validation = (XS[5:17], targets[5:17])
    expected = trained(task, "eager", validation=validation)
    assert_equal(trained(task, engine, validation=validation), expected)
    before = make()
    moved = [p.data for p in expected[0].parameters()] != [p.data for p in before.parameters()]
    assert moved, "the task trains something"


AT_ONCE = [
    "sgd with decay", "adam", "adamw with decay", "own rule", "l2", "linear schedule", "classes",
    "all at once", "own model, weights repeated", "dropout by number",
]  # fmt: skip


@pytest.mark.parametrize("task", AT_ONCE)
def test_leaves_that_move_as_soon_as_they_have_their_gradient_move_the_same_way(task, monkeypatch):
    from autograd.compile import native_backend

    seen, moving_last = [], native_backend.moving_last

    def spy(*given):
        others, last = moving_last(*given)
        seen.extend(last)
        return others, last

    monkeypatch.setattr(native_backend, "_LARGE", 1)
    monkeypatch.setattr(native_backend, "moving_last", spy)
    assert_equal(trained(task, "native", epochs=4), trained(task, "eager", epochs=4))
    assert seen or "own model" in task


@compiling
@pytest.mark.parametrize("who", LOOKING)
@pytest.mark.parametrize("task", ["adam", "dropout by number", "classes"])
def test_training_is_the_same_whoever_looks(task, who, engine):
    _, targets, _ = TASKS[task]
    runs = []
    for name in ("eager", engine):
        seen = []
        more = {"epochs": 6, "validation": (XS[:9], targets[:9]), **LOOKING[who](seen)}
        runs.append((trained(task, name, **more), [(r.epoch, r.step, r.loss) for r in seen]))
    (expected, expected_seen), (found, found_seen) = runs
    assert_equal(found, expected)
    assert near(flat(found_seen), flat(expected_seen))


@compiling
def test_parameters_show_where_they_are_at_every_step(engine):
    shown = []
    for name in ("eager", engine):
        model, rows = mlp()(), []
        optimizer = Adam(model.parameters(), 0.02)
        for report in training_steps(
            model, XS, NUMBERS, epochs=2, batch_size=8, optimizer=optimizer, engine=name,
            schedule="linear",
        ):  # fmt: skip
            rows.append([report.loss, optimizer.learning_rate, optimizer.steps])
            rows.append([p.data for p in model.parameters()])
            rows.append([p.grad for p in model.parameters()])
            rows.append(flat(optimizer.state))
        shown.append(rows)
    assert near(flat(shown[1]), flat(shown[0]))


@every_engine
@pytest.mark.parametrize("who", ["on_report", "on_epoch"])
def test_the_learning_rate_is_that_of_the_schedule_whoever_sets_it(who, engine):
    model, rates = mlp()(), []
    optimizer = Adam(model.parameters(), 0.02)

    def setting(report):
        rates.append(report.learning_rate)
        optimizer.learning_rate = 1e9

    fit(
        model, XS, NUMBERS, epochs=4, batch_size=None, optimizer=optimizer, engine=engine,
        schedule=lambda done: 1.0 - done, **{who: setting},
    )  # fmt: skip
    assert rates == pytest.approx([0.02, 0.015, 0.01, 0.005])
    assert optimizer.learning_rate == 0.02, "as it was before"


@compiling
@pytest.mark.parametrize("stop_after", [0, 1, 4, 7])
def test_a_generator_that_is_closed_early_leaves_its_weights(stop_after, engine):
    weights = []
    for name in ("eager", engine):
        model = mlp()()
        model.layers[0].parameters()[0].grad = 7.0
        steps = training_steps(model, XS, NUMBERS, epochs=3, batch_size=10, engine=name)
        for _ in range(stop_after):
            next(steps)
        steps.close()
        weights.append([x for p in model.parameters() for x in (p.data, p.grad)])
    assert near(weights[1], weights[0])


@compiling
def test_a_callback_that_raises_leaves_the_weights_of_its_step(engine):
    weights = []
    for name in ("eager", engine):
        model, calls = mlp()(), []

        def callback(_report, calls=calls):
            calls.append(1)
            if len(calls) == 3:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fit(model, XS, NUMBERS, batch_size=8, engine=name, on_report=callback)
        weights.append([p.data for p in model.parameters()])
    assert near(weights[1], weights[0])


@compiling
def test_training_goes_on_where_it_ended(engine):
    models = []
    for name in ("eager", engine):
        model = mlp()()
        optimizer = Adam(model.parameters(), 0.02)
        for seed in (1, 2):
            fit(model, XS, NUMBERS, optimizer=optimizer, epochs=2, seed=seed, engine=name)
        models.append(model)
        assert optimizer.steps == 2 * 2 * 2
    found, expected = ([p.data for p in model.parameters()] for model in reversed(models))
    assert near(found, expected)


@compiling
def test_an_optimizer_may_hold_some_of_the_parameters_or_others_too(engine):
    for choose in (
        lambda model, _: model.layers[1].parameters(),
        lambda model, more: [*reversed(model.parameters()), more],
        lambda model, more: [more, *model.parameters()[::3]],
    ):
        runs = []
        for name in ("eager", engine):
            model, more = mlp()(), Value(3.0)
            optimizer = SGD(choose(model, more), 0.1, weight_decay=0.1)
            fit(model, XS, NUMBERS, optimizer=optimizer, epochs=2, batch_size=9, engine=name)
            runs.append([p.data for p in [*model.parameters(), more]])
        assert near(runs[1], runs[0])


@compiling
@pytest.mark.parametrize("who", LOOKING)
def test_gradients_of_parameters_that_the_optimizer_does_not_hold_add_up(who, engine):
    for choose in (
        lambda model: model.layers[1].parameters(),
        lambda model: model.parameters()[::3],
        lambda model: model.parameters(),
    ):
        runs = []
        for name in ("eager", engine):
            model, scale, seen = mlp()(), Value(1.5), []
            others = [*model.parameters(), scale]
            for p in others:
                p.grad = 0.25

            def loss(scores, target, scale=scale):
                return (scale * scores[0] - target) ** 2

            fit(
                model, XS, NUMBERS, loss=loss, optimizer=Adam(choose(model), 0.02), engine=name,
                **{"epochs": 4, "batch_size": 9, "seed": 2, "validation": (XS, NUMBERS), "l2": 0.1}
                | LOOKING[who](seen),
            )  # fmt: skip
            runs.append([[p.data for p in others], [p.grad for p in others]])
            assert scale.grad != 0.25
        assert near(flat(runs[1]), flat(runs[0]))


# ------------------------------------------------------------------------------- which engine


def made(model, targets, *, engine="auto", epochs=1, n=N):
    """Return what would carry out the steps."""
    xs = [XS[i % N] for i in range(n)]
    task = room.Task(model, model.loss, xs, [targets[i % N] for i in range(n)], [], 0.0)
    optimizer = SGD(model.parameters(), 0.1)
    return room.make_steps(task, optimizer, 8, epochs, engine, "end")


def test_auto_compiles_what_would_take_seconds(monkeypatch):
    assert made(LinearRegression(3), NUMBERS).name == "eager"
    assert made(LinearRegression(3), NUMBERS, epochs=10**6).name == "native"
    assert made(MLP(3, [40, 40, 1], seed=1), NUMBERS, epochs=500, n=100).name == "native"
    for engine in ENGINES:
        assert made(LinearRegression(3), NUMBERS, engine=engine).name == engine
    for missing, best in (("llvmlite", "numpy"), ("numpy", "eager")):
        from autograd.compile import machine

        monkeypatch.setattr(machine, "find_spec", lambda name, m=missing: None if name == m else 1)
        assert made(LinearRegression(3), NUMBERS, epochs=10**6).name == best
        with pytest.raises(ImportError, match=r"engine='native' needs numpy and llvmlite"):
            fit(LinearRegression(3), XS, NUMBERS, engine="native")
    with pytest.raises(ValueError, match="engine must be one of auto, eager, numpy, native"):
        fit(LinearRegression(3), XS, NUMBERS, engine="fast")


@compiling
def test_a_wrong_program_is_noticed_before_the_first_step(engine, monkeypatch):
    right = Machine.run

    def faulty(self, samples, *, backward=False):
        results = right(self, samples, backward=backward)
        self._engine.shared_grad[1] += 1e-6
        return results

    monkeypatch.setattr(Machine, "run", faulty)
    with pytest.raises(RecordingError, match="compiled it gives .* where Values give"):
        fit(LinearRegression(3), XS, NUMBERS, engine=engine)


@compiling
def test_looking_before_the_first_step_leaves_no_trace(engine):
    model = LinearRegression(3)
    for p in model.parameters():
        p.grad = 3.0
    steps = training_steps(model, XS, NUMBERS, engine=engine)
    steps.close()
    made(model, NUMBERS, engine=engine).sync()
    assert [p.grad for p in model.parameters()] == [3.0] * 4


@compiling
def test_evaluating_gives_the_loss_and_the_decisions_of_values(engine):
    for task in ("classes", "shares", "relu", "sigmoid head", "probabilities", "own decision"):
        make, targets, settings = TASKS[task]
        model = make()
        loss = settings.get("loss", model.loss)
        loss = LOSSES.get(loss, loss) if isinstance(loss, str) else loss
        steps = room.MachineSteps(
            room.Task(model, loss, XS, targets, [], 0.0), SGD(model.parameters(), 0.1), 8, engine,
            "end",
        )  # fmt: skip
        mean, right = steps.evaluate(XS[3:30], targets[3:30])
        expected, decided = room.evaluated(model, loss, XS[3:30], targets[3:30])
        assert mean == pytest.approx(expected, rel=1e-12)
        assert right == decided


def test_l2_is_part_of_the_objective_and_not_of_the_reported_loss():
    model = LinearRegression(1)
    model.w[0].data = 3.0
    history = fit(
        model, [[1.0]], [3.0], l2=0.5, epochs=1, optimizer="sgd", learning_rate=0.1, engine="numpy"
    )
    assert history.epochs[0].loss == 0.0
    assert model.w[0].data == pytest.approx(3.0 - 0.1 * 0.5 * 3.0)
    assert l2([Value(3.0)], 0.5, 1).data == pytest.approx(0.25 * 9)
