"""Slips of newcomers, each answered with what to do instead."""

import warnings

import pytest

from autograd import OPS, Value, define, derive, grad
from nn import MLP, History, Report, Scaler, fit, load, load_with_about, save

x = Value(2.0, label="x")
untupled = define("untupled", lambda x: x * x, lambda x, out: 2 * x)
OPS.pop("untupled")  # other tests go through all operations, and this one is wrong

SLIPS = [  # what was typed, the error, what the answer says
    (lambda: untupled(x).backward(), TypeError, r"must answer with a tuple .* as \(2 \* x,\)"),
    (lambda: define(3, abs, abs), ValueError, "must be a Python identifier; got 3"),
    (lambda: grad(x * x, x), TypeError, r"takes a function.*derive\(y, x\)"),
    (lambda: derive(x * x, 2), TypeError, "wrt is 2; it must be a Value"),
    (lambda: Value(10**400), OverflowError, "10000.*too large for a float"),
    (lambda: Value(1.0, (x, x)), TypeError, r"A label is text.*define\(\)"),
    (lambda: MLP(2, 4), TypeError, r"list of layer sizes, as MLP\(2, \[16, 1\]\); got .*nouts=4"),
    (lambda: MLP("a", [4]), TypeError, "a number of inputs .* got nin='a'"),
    (lambda: fit(MLP(1, [1]), [[1.0]], [1.0], lr=0.1), TypeError, "no setting 'lr'.*learning_rate"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "error", "answer"), SLIPS)
def test_a_slip_is_answered(typed, error, answer):
    with pytest.raises(error, match=answer):
        typed()


def test_a_model_of_scaled_inputs_says_so_when_loaded(tmp_path):
    model, path = MLP(1, [1], seed=0), tmp_path / "model.json"
    save(model, path, about={"scaler": Scaler().fit([[1.0], [3.0]]).state()})
    with pytest.warns(UserWarning, match=r"trained on scaled inputs.*load_with_about"):
        load(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, about = load_with_about(path)
    assert Scaler.from_state(about["scaler"]).transform([[3.0]]) == [[1.0]]


def test_a_history_is_short_until_printed_and_huge_losses_stay_short():
    history = History([Report(1, 1, 1e140, 0.1, True)])
    assert repr(history) == "<History of 1 epochs; print it to see them>"
    assert "loss 1.000e+140" in str(history)
