"""What can't be compiled while training is refused, or runs as Values with a warning."""

import math
import random
import warnings

import pytest
from compiled_runs import ENGINES, compiling
from trained_runs import ATAN, BITS, CLASSES, NUMBERS, SHARES, XS, flat, near, reports_of

import autograd
from autograd import RecordingError, compile
from nn import SGD, Adam, LinearRegression, Optimizer, SoftmaxRegression, fit
from nn import engines as room

pytest.importorskip("llvmlite")


class OwnStep(SGD):
    def step(self):
        super().step()


class OwnZero(SGD):
    def zero_grad(self):
        super().zero_grad()


class Counting(SGD):
    """Its rule is not the same each time."""

    def __init__(self, parameters, learning_rate=0.1):
        super().__init__(parameters, learning_rate)
        self.calls = 0

    def update(self, data, grad, state, step):
        self.calls += 1
        return data - self.learning_rate / self.calls * grad, state


class Remembering(SGD):
    """Its rule keeps what it has seen in a list."""

    kept = ()

    def update(self, data, grad, state, step):
        self.kept = [*self.kept, len(self.kept)]
        return data - self.learning_rate * len(self.kept) * grad, state


class Deciding(SGD):
    def update(self, data, grad, state, step):
        return (data - 0.1 if grad > 0 else data + 0.1), state


class Warming(SGD):
    def update(self, data, grad, state, step):
        return data - (0.1 if step == 1 else 0.2) * grad, state


class IfAny(SGD):
    def update(self, data, grad, state, step):
        return (data - 0.1 * grad if grad else data - 1.0), state


class ByMath(SGD):
    def update(self, data, grad, state, step):
        return data - math.atan(grad), state


class ByOwnOperation(SGD):
    def update(self, data, grad, state, step):
        return data - 0.1 * ATAN(grad), state


class ByMany(SGD):
    def update(self, data, grad, state, step):
        return data - 0.1 * autograd.total([grad, data]), state


class Forgetful(Adam):
    def update(self, data, grad, state, step):
        return data - 0.1 * grad, ()


def by_equality(scores, target):
    return (scores[0] - 1.0) ** 2 if target == NUMBERS[0] else (scores[0] - target) ** 2


def by_size(scores, target):
    return (scores[0] - target) ** 2 * (1.0 if target > 0 else 3.0)


WEIGHTS = {NUMBERS[0]: 5.0}


def by_dictionary(scores, target):
    return (scores[0] - target) ** 2 * WEIGHTS.get(target, 1.0)


def by_error(scores, target):
    try:
        return (scores[0] - target) ** 2 * math.floor(2 + target)
    except TypeError:
        return (scores[0] - target) ** 2


def by_type(scores, target):
    return (scores[0] - target) ** 2 * (1.0 if isinstance(target, float) else 3.0)


def by_data(scores, target):
    return (scores[0] - target) ** 2 * scores[0].data


def asking(factor):
    """Return an optimizer whose rule asks what it is given."""

    class Asking(SGD):
        def update(self, data, grad, state, step):
            return data - self.learning_rate * factor(grad, step) * grad, state

    return Asking


def doubled(x, turns):
    """Return it times ``2**turns``; written out, each turn writes it twice."""
    for _ in range(turns):
        x = x + x
    return x


ASKED = {  # what a rule asks its gradient or the number of the step, and how it is refused
    "looking up": (lambda g, k: 2.0 if k in {1, 2} else 1, "looks a number up"),
    "by a dict": (lambda g, k: {1: 0.5}.get(k, 2.0), "looks a number up"),
    "by text": (lambda g, k: len(str(g)), "makes text of a number"),
    "by class": (
        lambda g, k: 1 if isinstance(g, float) else 3, "does something else with numbers"
    ),
    "long": (lambda g, k: doubled(g, 40) * 1e-12, "the rule has more than 1000 operations"),
}  # fmt: skip


class ComputedRate(SGD):
    @property
    def learning_rate(self):
        return 0.5 / (1 + getattr(self, "steps", 0))

    @learning_rate.setter
    def learning_rate(self, rate):
        pass


class Noisy(LinearRegression):
    def scores(self, x):
        return [s * noise.uniform(0.9, 1.1) for s in super().scores(x)]


noise = random.Random(1)

REFUSED = {  # model, settings, message
    "own step": (LinearRegression, {"optimizer": OwnStep}, "OwnStep has a step of its own"),
    "own zero_grad": (LinearRegression, {"optimizer": OwnZero}, "OwnZero has a zero_grad of its"),
    "counting": (LinearRegression, {"optimizer": Counting}, "it does something else each time"),
    "remembering": (LinearRegression, {"optimizer": Remembering}, "it does something else each"),
    "deciding": (
        LinearRegression,
        {"optimizer": Deciding},
        r"no plain arithmetic: .* compares numbers .* with where\(step\(x\), a, b\), maximum",
    ),
    **{
        name: (LinearRegression, {"optimizer": asking(factor)}, message)
        for name, (factor, message) in ASKED.items()
    },
    "a computed rate": (
        LinearRegression,
        {"optimizer": ComputedRate},
        "ComputedRate computes its learning_rate; set it by a schedule",
    ),
    "warming": (LinearRegression, {"optimizer": Warming}, "compares numbers"),
    "if any": (LinearRegression, {"optimizer": IfAny}, "asks how large a number is"),
    "math": (LinearRegression, {"optimizer": ByMath}, "no plain arithmetic"),
    "own operation": (LinearRegression, {"optimizer": ByOwnOperation}, "uses atan_of_tests, which"),
    "of many": (LinearRegression, {"optimizer": ByMany}, "uses total, which is no plain"),
    "forgetful": (LinearRegression, {"optimizer": Forgetful}, "remembers 0 numbers, not 2"),
    "by equality": (LinearRegression, {"loss": by_equality}, "a number was asked of a Value"),
    "by size": (LinearRegression, {"loss": by_size}, "a number was asked of a Value"),
    "by dictionary": (LinearRegression, {"loss": by_dictionary}, "a Value was looked up"),
    "by an error": (LinearRegression, {"loss": by_error}, "The function caught this and went on"),
    "by type": (LinearRegression, {"loss": by_type}, "look at a target, or at the type"),
    "by data": (LinearRegression, {"loss": by_data}, "a number was asked of a Value"),
    "noisy": (Noisy, {}, "Recorded twice"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_compiled_is_refused_or_runs_as_values(name, monkeypatch):
    make, settings, message = REFUSED[name]
    settings = {"batch_size": 8, "epochs": 2, **settings}
    for engine in ENGINES:
        model = make(3)
        before = [p.data for p in model.parameters()]
        with pytest.raises(RecordingError, match=message):
            fit(model, XS, NUMBERS, engine=engine, **settings)
        assert [p.data for p in model.parameters()] == before
    monkeypatch.setattr(room, "_WORTH", 0.0)
    if name == "forgetful":
        return  # the engine of Values has no use for its rule either
    runs = []
    for engine in ("eager", "auto"):
        model = make(3)
        noise.seed(1)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fit(model, XS, NUMBERS, engine=engine, **settings)
        runs.append([p.data for p in model.parameters()])
        assert len(caught) == (engine == "auto")
    assert "Training runs as Values, more slowly, since it can't be compiled" in str(
        caught[0].message
    )
    if name != "noisy":
        assert runs[0] == runs[1]


def test_a_target_that_is_no_number_runs_as_values(monkeypatch):
    monkeypatch.setattr(room, "_WORTH", 0.0)

    def loss(scores, target):
        return (scores[0] - (1.0 if target == "yes" else 0.0)) ** 2

    targets = ["yes" if b else "no" for b in BITS]
    with pytest.warns(RuntimeWarning, match="can't be compiled"):
        fit(LinearRegression(3), XS, targets, loss=loss, epochs=1)
    with pytest.raises((TypeError, ValueError)):
        fit(LinearRegression(3), XS, targets, loss=loss, epochs=1, engine="numpy")


def test_targets_of_several_shapes_run_as_values(monkeypatch):
    monkeypatch.setattr(room, "_WORTH", 0.0)
    mixed = [CLASSES[0], *SHARES[1:]]
    with pytest.warns(RuntimeWarning, match="can't be compiled: targets\\[1\\] is .* one shape"):
        history = fit(SoftmaxRegression(3, 4), XS, mixed, epochs=1)
    for engine in ENGINES:
        message = r"targets\[1\] is \[.*\] and targets\[0\] is 1: a program takes targets of one"
        with pytest.raises(ValueError, match=message):
            fit(SoftmaxRegression(3, 4), XS, mixed, epochs=1, engine=engine)
    assert near([history.epochs[-1].loss], [fit(SoftmaxRegression(3, 4), XS, mixed, epochs=1,
                                                engine="eager").epochs[-1].loss])  # fmt: skip


@compiling
@pytest.mark.parametrize("judged", ["shares", "mixed"])
def test_validation_may_have_targets_of_another_shape(judged, engine):
    validation = XS, SHARES if judged == "shares" else [CLASSES[0], *SHARES[1:]]
    runs = []
    for name in ("eager", engine):
        model = SoftmaxRegression(3, 4)
        history = fit(model, XS, CLASSES, epochs=3, validation=validation, engine=name)
        runs.append(flat([*reports_of(history), [p.data for p in model.parameters()]]))
    assert near(runs[1], runs[0])


class ByStep(Optimizer):
    """Reads how many steps were made, which its rule is also given."""

    def update(self, data, grad, state, step):
        return data - self.learning_rate / (1 + self.steps) * grad, ()


class Clip(Optimizer):
    """Looks at all gradients, where a rule is about one parameter."""

    def update(self, data, grad, state, step):
        norm = sum(p.grad**2 for p in self.parameters)
        return data - self.learning_rate / (1 + norm) * grad, ()


@compiling
@pytest.mark.parametrize("kind", [ByStep, Clip])
def test_a_rule_that_reads_what_moves_is_refused(kind, engine):
    model = LinearRegression(1)
    xs, ts = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
    read = "steps" if kind is ByStep else "parameters"
    with pytest.raises(RecordingError, match=f"{kind.__name__}.update reads self.{read}, which"):
        fit(model, xs, ts, epochs=2, optimizer=kind, engine=engine)


@compiling
def test_a_compiled_loss_is_compiled_with_the_training(engine):
    @compile
    def loss(scores, target):
        return (scores[0] - target) ** 2

    runs = [
        fit(LinearRegression(3), XS, NUMBERS, epochs=3, loss=chosen, engine=name, seed=1).losses
        for chosen, name in (("mse", "eager"), (loss, engine), (loss, "eager"))
    ]
    assert near(runs[1], runs[0])
    assert near(runs[2], runs[0])


@compiling
def test_a_rule_may_be_undefined_at_a_gradient_of_zero(engine):
    class Logarithmic(SGD):
        def update(self, data, grad, state, step):
            return data - 0.001 * autograd.log(grad * grad), state

    runs = [
        fit(LinearRegression(3), XS, NUMBERS, epochs=2, optimizer=Logarithmic, engine=name).losses
        for name in ("eager", engine)
    ]
    assert near(runs[1], runs[0])
