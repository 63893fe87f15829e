"""The perceptron: its rule, its convergence, and what it does where no line separates."""

import json
import math
import random
import warnings
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nn import Perceptron, PerceptronUpdate, evaluate, fit

CORNERS = [[0, 0], [0, 1], [1, 0], [1, 1]]
GATES = {"and": [-1, -1, -1, 1], "or": [-1, 1, 1, 1], "nand": [1, 1, 1, -1], "nor": [1, -1, -1, -1]}
XOR = [-1, 1, 1, -1]

ORACLES = json.loads((Path(__file__).parent / "oracles.json").read_text(encoding="utf-8"))
AND = next(o["expected"] for o in ORACLES if o["name"] == "perceptron_AND")


def plain_perceptron(inputs, labels, max_epochs=100):
    """Return w with the bias first after every update, and the number of epochs."""
    w, trace, epochs, mistakes = [0.0] * (len(inputs[0]) + 1), [], 0, 1
    while mistakes and epochs < max_epochs:
        epochs, mistakes = epochs + 1, 0
        for x, y in zip(inputs, labels, strict=True):
            if y * (w[0] + sum(wi * xi for wi, xi in zip(w[1:], x, strict=True))) <= 0:
                w = [wi + y * xi for wi, xi in zip(w, [1.0, *x], strict=True)]
                trace.append(w)
                mistakes += 1
    return trace, epochs


def test_and_takes_18_updates_in_9_epochs_to_minus_4_3_2():
    model = Perceptron(2).fit(CORNERS, GATES["and"])
    assert [model.b.data, *(w.data for w in model.w)] == AND["w"] == [-4, 3, 2]
    assert len(model.updates_) == AND["updates"] == 18
    assert model.epochs_ == AND["epochs"] == 9
    assert model.converged_ is True


@pytest.mark.parametrize("gate", GATES)
def test_every_step_is_the_textbook_one(gate):
    trace, epochs = plain_perceptron(CORNERS, GATES[gate])
    model = Perceptron(2).fit(CORNERS, GATES[gate])
    assert [[u.b, *u.w] for u in model.updates_] == trace
    assert (model.epochs_, model.converged_) == (epochs, True)
    assert [model.predict(x) for x in CORNERS] == GATES[gate]
    assert evaluate(model, CORNERS, GATES[gate])[1] == 1.0


def test_one_update_raises_the_samples_score_by_its_squared_length():
    model = Perceptron(3)
    model.load_state({"w": [0.5, -1.0, 2.0], "b": 0.0})
    x = [1.0, 2.0, -1.0]
    assert model.score_numbers(x) == [-3.5]
    first = next(model.updates([x], [1]))
    assert first == PerceptronUpdate(epoch=1, sample=0, w=(1.5, 1.0, 1.0), b=1.0)
    assert model.score_numbers(x) == [2.5 + 1.0]  # |x|**2 = 6, and 1 for the bias


def test_updates_come_one_by_one_and_may_be_left_early():
    model = Perceptron(2)
    stream = model.updates(CORNERS, GATES["and"])
    seen = [next(stream) for _ in range(3)]
    stream.close()
    assert [u.sample for u in seen] == [0, 3, 0]
    assert (tuple(w.data for w in model.w), model.b.data) == (seen[-1].w, seen[-1].b)


def test_on_xor_the_weights_return_to_zero_in_every_epoch_after_four_updates():
    updates = list(Perceptron(2).updates(CORNERS, XOR, max_epochs=25))
    assert len(updates) == 4 * 25
    for epoch in range(1, 26):
        ours = [u for u in updates if u.epoch == epoch]
        assert [u.sample for u in ours] == [0, 1, 2, 3]
        assert (ours[-1].w, ours[-1].b) == ((0.0, 0.0), 0.0)


def test_what_no_line_separates_ends_with_a_warning_and_the_best_weights():
    with pytest.warns(RuntimeWarning, match="no line separates .* XOR.*wrong on 2 of 4 samples"):
        model = Perceptron(2).fit(CORNERS, XOR, max_epochs=10)
    assert (model.converged_, model.epochs_, len(model.updates_)) == (False, 10, 40)
    mistakes = [y * model.score_numbers(x)[0] <= 0 for x, y in zip(CORNERS, XOR, strict=True)]
    assert sum(mistakes) == 2


def test_the_pocket_holds_the_fewest_mistakes_met():
    rng = random.Random(0)
    inputs = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(40)]
    labels = [1 if x + y + rng.gauss(0, 1) > 0 else -1 for x, y in inputs]

    def mistakes(w, b):
        scores = [w[0] * x[0] + w[1] * x[1] + b for x in inputs]
        return sum(y * s <= 0 for s, y in zip(scores, labels, strict=True))

    with pytest.warns(RuntimeWarning, match="Kept the best weights met"):
        model = Perceptron(2).fit(inputs, labels, max_epochs=20)
    fewest = min(mistakes(u.w, u.b) for u in model.updates_)
    kept = mistakes([w.data for w in model.w], model.b.data)
    assert kept == fewest < mistakes(model.updates_[-1].w, model.updates_[-1].b)


def test_weights_that_were_best_at_the_start_are_kept():
    model = Perceptron(1)
    model.load_state({"w": [1.0], "b": -0.5})
    with pytest.warns(RuntimeWarning, match="wrong on 1 of 4"):
        model.fit([[0.0], [1.0], [2.0], [3.0]], [-1, 1, 1, -1], max_epochs=1)
    assert model.state() == {"w": [1.0], "b": -0.5}


def test_one_epoch_too_few_is_not_called_converged():
    with pytest.warns(RuntimeWarning, match="in epoch 8"):
        assert not Perceptron(2).fit(CORNERS, GATES["and"], max_epochs=8).converged_
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Perceptron(2).fit(CORNERS, GATES["and"], max_epochs=9).converged_


coordinate = st.floats(-5, 5)


@settings(deadline=None)
@given(st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=15),
       st.tuples(coordinate, coordinate, coordinate),
       st.sampled_from(["cyclic", "random"]))  # fmt: skip
def test_novikoffs_bound_holds_for_whatever_a_line_separates(points, line, order):
    w1, w2, b = line
    margins = [w1 * x + w2 * y + b for x, y in points]
    length = math.hypot(*line)
    assume(length > 0.1 and min(map(abs, margins)) / length > 0.3)
    labels = [1 if m > 0 else -1 for m in margins]
    bound = max(x * x + y * y + 1 for x, y in points) / (min(map(abs, margins)) / length) ** 2
    model = Perceptron(2).fit(points, labels, order=order, max_epochs=int(bound) + 2)
    assert model.converged_
    assert len(model.updates_) <= bound
    assert [model.predict(x) for x in points] == labels


def test_a_random_order_is_reproduced_by_its_seed():
    inputs = [[i, j] for i in range(4) for j in range(4)]
    labels = [1 if i + j > 3 else -1 for i, j in inputs]
    runs = [
        Perceptron(2).fit(inputs, labels, order="random", seed=seed).updates_ for seed in (1, 1, 2)
    ]
    assert runs[0] == runs[1] != runs[2]
    assert runs[0] != Perceptron(2).fit(inputs, labels).updates_


def test_learning_goes_on_from_the_weights_there_are():
    model = Perceptron(2).fit(CORNERS, GATES["and"])
    state = model.state()
    assert model.fit(CORNERS, GATES["and"]).updates_ == []
    assert model.epochs_ == 1
    assert model.state() == state


@pytest.mark.parametrize(("s", "output", "decision"), [(2.5, 1, 1), (0.0, 0, -1), (-0.1, -1, -1)])
def test_the_output_is_the_sign_and_a_sum_of_zero_is_decided_as_minus_one(s, output, decision):
    model = Perceptron(1)
    model.load_state({"w": [s], "b": 0.0})
    assert model([1.0]).data == output
    assert model.predict([1.0]) == decision


def test_the_sign_has_no_slope():
    model = Perceptron(1)
    model.w[0].data = 2.0
    model([3.0]).backward()
    assert (model.w[0].grad, model.b.grad) == (0.0, 0.0)


BAD_DATA = [
    ([], [], {}, "as many labels as samples, and at least one; got 0 samples and 0 labels"),
    ([[1, 2]], [1, 1], {}, "got 1 samples and 2 labels"),
    ([[1, 2], [1]], [1, -1], {}, r"inputs\[1\] has 1 number, but this perceptron takes 2"),
    ([[1, 2], [3, 4]], [1, 0], {}, r"labels\[1\]: .*is 0, but a perceptron .*2 \* target - 1"),
    ([[1, 2]], ["1"], {}, r"labels\[0\]: .*'1'"),
    ([[1, 2], [3, math.nan]], [1, -1], {}, r"inputs\[1\]\[1\] is nan"),
    ([[-math.inf, 2]], [1], {}, r"inputs\[0\]\[0\] is -inf"),
    ([[1, 2]], [1], {"order": "sorted"}, "order must be 'cyclic' or 'random'; got 'sorted'"),
    ([[1, 2]], [1], {"max_epochs": 0}, "max_epochs must be at least 1; got 0"),
]


@pytest.mark.parametrize(("inputs", "labels", "settings", "message"), BAD_DATA)
def test_data_that_it_cannot_learn_from_is_refused_and_changes_nothing(
    inputs, labels, settings, message
):
    model = Perceptron(2)
    for learn in (model.fit, lambda *args, **kw: list(model.updates(*args, **kw))):
        with pytest.raises(ValueError, match=message):
            learn(inputs, labels, **settings)
    assert model.state() == {"w": [0.0, 0.0], "b": 0.0}


def test_numpy_arrays_are_data_like_any():
    numpy = pytest.importorskip("numpy")
    by_array = Perceptron(2).fit(numpy.array(CORNERS), numpy.array(GATES["and"]))
    assert by_array.state() == Perceptron(2).fit(CORNERS, GATES["and"]).state()
    json.dumps(by_array.state())


def test_gradient_training_sends_a_perceptron_to_its_own_rule():
    with pytest.raises(ValueError, match=r"its own rule: call model\.fit\(inputs, labels\)"):
        fit(Perceptron(2), CORNERS, XOR)
