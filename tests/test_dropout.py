import random
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value
from nn import MLP, Dropout, backprop_table, fit, load, network, save, training_mode
from nn.dropout import thinned

CORNERS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]


@given(st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1))))
def test_the_mean_over_all_masks_is_the_full_layer(sizes):
    n, out = sizes
    masks = list(Dropout(out=out).masks(n))
    assert len(masks) == comb(n, out)
    assert all(mask.count(0.0) == out for mask in masks)
    assert [sum(column) / len(masks) for column in zip(*masks, strict=True)] == pytest.approx(
        [1.0] * n, rel=1e-12
    )


def test_the_mean_over_all_masks_of_the_next_sum_is_that_of_the_whole_network():
    model = MLP(2, [5, 1], seed=3)
    hidden, output = model.layers
    outputs = hidden([0.5, -1.0])
    sums = [output(thinned(outputs, mask))[0].data for mask in Dropout(out=2).masks(5)]
    assert sum(sums) / 10 == pytest.approx(model([0.5, -1.0]).data, rel=1e-12)


@pytest.mark.parametrize(
    ("dropout", "kept"), [(Dropout(out=1), 4 / 3), (Dropout(probability=0.2), 1.25)]
)
def test_those_that_stay_are_raised(dropout, kept):
    rng = random.Random(1)
    draws = [dropout.factors(4, rng) for _ in range(2000)]
    assert {factor for draw in draws for factor in draw} == {0.0, kept}
    share_out = sum(draw.count(0.0) for draw in draws) / 8000
    assert share_out == pytest.approx(1 - 1 / kept, abs=0.02)
    assert len({tuple(draw) for draw in draws}) > 3, "a new mask each time"


def test_only_training_leaves_neurons_out():
    plain, dropping = (MLP(2, [8, 1], seed=1, dropout=drop) for drop in (0, Dropout(out=4)))
    assert dropping([1.0, 2.0]).data == plain([1.0, 2.0]).data
    with training_mode(seed=1):
        assert dropping([1.0, 2.0]).data != plain([1.0, 2.0]).data
        with pytest.raises(ValueError, match="2 numbers|Got 1 inputs"):
            dropping([1.0])
    assert dropping([1.0, 2.0]).data == plain([1.0, 2.0]).data


def test_one_mask_serves_forward_and_backward():
    model = MLP(2, [4, 1], activation="sigmoid", dropout=Dropout(out=2), seed=1)
    with training_mode(seed=5):
        loss = model.loss(model.scores([1.0, 2.0]), 1.0)
    loss.backward()
    hidden = model.layers[0].neurons
    readout = model.layers[1].neurons[0].w
    assert sum(neuron.b.grad == 0 for neuron in hidden) == 2
    assert [neuron.b.grad == 0 for neuron in hidden] == [w.grad == 0 for w in readout]


def test_fit_is_repeatable_and_judges_the_whole_network():
    def run(drop):
        model = MLP(2, [6, 1], activation="tanh", head="sigmoid", dropout=drop, seed=1)
        samples = CORNERS, [0, 1, 1, 0]
        history = fit(model, *samples, epochs=5, validation=samples, seed=2)
        return history.losses, model.state(), model.loss, history.validation_losses[-1], model

    losses, state, loss, judged, model = run(Dropout(out=2))
    assert run(Dropout(out=2))[:2] == (losses, state)
    assert run(0)[0] != losses
    whole = [loss(model.score_numbers(x), t) for x, t in zip(CORNERS, [0, 1, 1, 0], strict=True)]
    assert judged == pytest.approx(sum(whole) / 4, rel=1e-12)


def test_the_picture_and_the_table_show_who_is_out():
    model = MLP(2, [3, 1], dropout=Dropout(out=1), seed=1)
    with training_mode(seed=1):
        view = network(model, [0.5, -1.0], 1.0)
        with training_mode(seed=1):
            table = backprop_table(model, [0.5, -1.0], 1.0)
    out = [unit.dropped for unit in view.layers[1]]
    assert sum(out) == 1
    assert view.svg().count("<path") == 1
    assert "dropped" in str(view)
    assert "left out by dropout" in view.svg()
    row = table.rows[out.index(True)]
    assert (row.x, row.delta) == (0.0, 0.0)
    assert not any(unit.dropped for unit in network(model, [0.5, -1.0]).layers[1])


@pytest.mark.parametrize("dropout", [0.25, Dropout(out=2), [Dropout(out=1), None]])
def test_it_is_saved_with_the_model(tmp_path, dropout):
    model = MLP(2, [3, 4, 1], dropout=dropout, seed=1)
    save(model, tmp_path / "model.json")
    assert load(tmp_path / "model.json").dropout == model.dropout
    assert "dropout" not in MLP(2, [3, 1]).settings()


WRONG = [
    (lambda: Dropout(), ValueError, "one of the two; got"),
    (lambda: Dropout(out=1, probability=0.5), ValueError, "one of the two"),
    (lambda: Dropout(out=-1), ValueError, "0 or more; got -1"),
    (lambda: Dropout(out=1.5), ValueError, "whole number of neurons, 0 or more; got 1.5"),
    (lambda: Dropout(probability=1.0), ValueError, r"below 1; got 1.0. At 1 nothing"),
    (lambda: Dropout(probability=float("nan")), ValueError, "below 1; got nan"),
    (lambda: MLP(2, [3, 1], dropout=Dropout(out=3)), ValueError, "leaves none of the 3.*out=2"),
    (lambda: MLP(2, [3, 1], dropout=2), TypeError, r"dropout is 2; .*Dropout\(out=2\)"),
    (lambda: MLP(2, [3, 1], dropout="much"), TypeError, "dropout is 'much'"),
    (lambda: MLP(2, [3, 1], dropout=[0.1, 0.1]), ValueError, "2 dropouts for 1 hidden"),
    (lambda: list(Dropout(probability=0.5).masks(2)), ValueError, "not equally likely"),
    (lambda: list(Dropout(out=2).masks(2)), ValueError, "leaves none of the 2"),
]


@pytest.mark.parametrize(("typed", "error", "answer"), WRONG)
def test_bad_dropout_is_answered(typed, error, answer):
    with pytest.raises(error, match=answer):
        typed()


def test_nothing_flows_into_who_is_out():
    x = Value(2.0, "x")
    (thin,) = thinned([x], [0.0])
    thin.backward()
    assert (thin.data, x.grad) == (0.0, 0.0)
