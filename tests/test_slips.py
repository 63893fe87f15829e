"""Slips of newcomers, each answered with what to do instead."""

import copy
import math
import pickle
import pydoc
import warnings
from math import inf, nan

import pytest

import autograd
from autograd import (
    OPS,
    RecordingError,
    Value,
    as_values,
    define,
    derive,
    diagnose,
    draw,
    explain,
    grad,
    gradcheck,
    hessian,
    log,
    log_sum_exp,
    maximum,
    pick,
    power,
    sqrt,
    tanh,
    topological_order,
    total,
    weighted_sum,
    where,
)
from nn import (
    MLP,
    SGD,
    Adam,
    DivergenceError,
    History,
    Layer,
    LogisticRegression,
    Module,
    Perceptron,
    Progress,
    Replay,
    Report,
    Scaler,
    accuracy,
    batches,
    evaluate,
    fit,
    load,
    load_with_about,
    make_moons,
    save,
    show_confusion,
    show_curves,
    show_history,
    split,
)

x = Value(2.0, label="x")


def refused(kind):
    raise kind("It is too hot.")


untupled = define("untupled", lambda x: x * x, lambda x, out: 2 * x)
miscounted = define("miscounted", lambda: 1.0, lambda x, out: (1.0,))
hot = define("hot", lambda x: refused(TypeError), lambda x, out: (1.0,))
steep = define("steep", lambda x: x * x, lambda x, out: refused(ValueError))
for name in ("untupled", "miscounted", "hot", "steep"):
    OPS.pop(name)  # other tests go through all operations, and these are wrong
model = MLP(2, [3, 1], seed=0)
pairs = [[0.0, 1.0], [1.0, 0.0]]
moons = make_moons(20)


def trained(inputs=pairs, targets=(0, 1), model=model, **settings):
    return fit(model, inputs, targets, **{"epochs": 1, **settings})


def graded(grad):
    leaf = Value(3.0, label="w")
    leaf.grad = grad
    return leaf


class Own(Module):
    """A model of the user, which says of itself what it is given."""

    def __init__(self, **says):
        self.w = [Value(0.1), Value(0.2)]
        vars(self).update(says)

    def scores(self, x):
        return [weighted_sum(self.w, x)]


def stepped(answer, **settings):
    """Train with an optimizer that has this answer to every number."""
    own = type("Own", (SGD,), {"update": lambda *_: answer})
    return trained(model=MLP(2, [1], seed=0), optimizer=own, **settings)


def with_other_parameters(engine):
    model = Own(nin=2, nout=1, loss="mse")
    optimizer = SGD(model.parameters())

    def drop(_report):
        optimizer.parameters = optimizer.parameters[:1]

    trained(model=model, optimizer=optimizer, epochs=2, on_epoch=drop, engine=engine)


def compiled(function, *samples):
    return autograd.compile(function, engine="numpy")(*samples)


def squares(scores, target):
    return (scores[0] - len(str(target))) ** 2


SLIPS = [  # what was typed, the error, what the answer says
    (lambda: untupled(x).backward(), TypeError, r"must answer with a tuple .* as \(2 \* x,\)"),
    (lambda: define(3, abs, abs), ValueError, "must be a Python identifier; got 3"),
    (lambda: grad(x * x, x), TypeError, r"takes a function.*derive\(y, x\)"),
    (lambda: derive(x * x, 2), TypeError, "wrt is 2; it must be a Value"),
    (lambda: Value(10**400), OverflowError, "10000.*too large for a float"),
    (lambda: Value(1.0, (x, x)), TypeError, r"A label is text.*define\(\)"),
    (lambda: setattr(x, "label", 3), TypeError, r"A label is text; got 3"),
    (lambda: graded("a").backward(), TypeError, "grad of w = 3 must be a number.*got 'a'"),
    (lambda: (graded(None) * 2).backward(), TypeError, "grad of w = 3 must be a number.*got None"),
    (lambda: SGD([graded(None)]).step(), TypeError, r"grad of parameter 0 .* got None"),
    (lambda: tanh("a"), TypeError, r"input of tanh is a Value or one real number; got 'a'.*float"),
    (lambda: tanh(None), TypeError, "input of tanh is .*; got None of type NoneType"),
    (lambda: log([1.0]), TypeError, r"input of log .*got \[1.0\].*one Value for each element"),
    (lambda: maximum("a", "b"), TypeError, "input of maximum .*got 'a'"),
    (lambda: where([], 1, 2), TypeError, r"input of where .*got \[\]"),
    (lambda: maximum(1, 2, 3), TypeError, r"takes 2 inputs \(x, y\); got 3: maximum\(1, 2, 3\)"),
    (lambda: maximum(x, 1, 2), TypeError, r"takes 2 inputs .*got 3: maximum\(x = 2, 1, 2\)"),
    (lambda: tanh(), TypeError, r"tanh takes 1 input \(x\); got 0"),
    (lambda: miscounted(x), TypeError, r"miscounted takes 0 inputs; got 1: miscounted\(x = 2\)"),
    (lambda: total(3), TypeError, r"total\(\) takes a list of Values or numbers.*got 3"),
    (lambda: total([1, "a"]), TypeError, "input of total .*got 'a'"),
    (lambda: weighted_sum([1], 2), TypeError, r"weighted_sum\(\) takes a list .*got 2"),
    (lambda: log_sum_exp(x), TypeError, r"log_sum_exp\(\) takes a list .*got Value"),
    (lambda: pick(3, 1), TypeError, r"pick\(\) takes a list .*got 3"),
    (lambda: pick([1, 2], "1"), TypeError, "index is '1'; it must be a number or a Value"),
    (lambda: log(-1.0), ValueError, r"log\(-1\) is undefined: it has no real.*\(x > 0\)\.$"),
    (lambda: Value(-1).log(), ValueError, r"log\(-1\) .*\(x > 0\), or use ieee_values\(\)"),
    (lambda: sqrt(x - 3), ValueError, r"sqrt\(-1\) is undefined: it has no real .*\(x >= 0\)"),
    (lambda: power(-8.0, 1 / 3), ValueError, r"power\(-8, 0.333333\) .*\(x > 0, or x < 0 with"),
    (lambda: x / 0, ZeroDivisionError, r"div\(x = 2, 0\) .*\(y other than 0\)"),
    (lambda: topological_order(3), TypeError, "graph is that of one Value.*got 3"),
    (lambda: topological_order([x]), TypeError, r"graph is that of one Value.*got \["),
    (lambda: explain(3, x), TypeError, "takes two Values, but wrt is 3"),
    (lambda: draw([x]), TypeError, r"draws the graph of a Value; got \["),
    (lambda: diagnose(None), TypeError, "looks at the graph of a Value; got None"),
    (lambda: gradcheck([x]), TypeError, r"needs a Value or a function of Values; got \["),
    (lambda: gradcheck(tanh), TypeError, "tanh takes 1 input"),
    (lambda: hessian(3, 1.0), TypeError, "takes a Value or a function of Values; got 3"),
    (lambda: as_values(["a"]), TypeError, "one real number; got 'a'"),
    (lambda: MLP(2, 4), TypeError, r"list of layer sizes, as MLP\(2, \[16, 1\]\); got .*nouts=4"),
    (lambda: MLP("a", [4]), TypeError, "a number of inputs .* got nin='a'"),
    (lambda: MLP(2, "12"), TypeError, "list of layer sizes.*got .*nouts='12'"),
    (lambda: MLP(2, [1.5]), TypeError, r"nouts\[0\] must be a whole number.*got 1.5"),
    (lambda: MLP(2, [1], activation="foo"), ValueError, "No activation is named 'foo'"),
    (lambda: MLP(2, [1], activation=3), TypeError, "activation must be a name.*got 3"),
    (lambda: MLP(2, [1], dropout="a"), TypeError, "dropout is 'a'"),
    (lambda: MLP(2, [1], init=["he"]), ValueError, r"No initializer is named \["),
    (lambda: MLP(2, [1], seed="a"), TypeError, "seed must be a whole number.*got 'a'"),
    (lambda: Layer("a", 1), TypeError, "nin must be a whole number.*got 'a'"),
    (lambda: Layer(2, [1]), TypeError, r"nout must be a whole number.*got \[1\]"),
    (lambda: LogisticRegression(1.5), TypeError, "nin must be a whole number.*got 1.5"),
    (lambda: model(3), TypeError, "sample is a list of 2 numbers; got 3"),
    (lambda: model("ab"), TypeError, "sample is a list of 2 numbers; got 'ab'"),
    (lambda: model([1]), ValueError, "Got 1 inputs, but this model takes 2"),
    (lambda: model(pairs), TypeError, r"list of 2 samples.*\[model\(x\) for x in rows\]"),
    (lambda: model.predict([[1, 2]]), TypeError, "list of 1 sample, .*one at a time"),
    (lambda: LogisticRegression(2).predict(pairs), TypeError, "list of 2 samples.*one at a time"),
    (lambda: Layer(2, 3)(3), TypeError, "sample is a list of 2 numbers; got 3"),
    (lambda: Layer(2, 3)(pairs), TypeError, "list of 2 samples"),
    (lambda: Layer(2, 3)(["a", 1]), TypeError, "one real number; got 'a'"),
    (lambda: Perceptron(2).fit(3, 4), TypeError, "inputs must be a list; got 3"),
    (lambda: Perceptron(2).fit([1, 2], [1, -1]), ValueError, r"inputs\[0\] is 1; a sample is"),
    (lambda: Scaler().fit(3), TypeError, "inputs must be a list; got 3"),
    (lambda: Scaler().fit([1, 2]), TypeError, r"inputs\[0\] must be a list; got 1"),
    (lambda: SGD(model, 0.1), TypeError, r"SGD moves .*give model.parameters\(\), not the model"),
    (lambda: SGD([1, 2], 0.1), TypeError, r"parameters\[0\] is 1; an optimizer moves Values"),
    (lambda: SGD(3), TypeError, "parameters must be a list of Values; got 3"),
    (lambda: Adam([x], "a"), TypeError, "learning_rate must be a number.*got 'a'"),
    (lambda: Adam([x], betas=(0.9,)), TypeError, r"betas must be two numbers.*got \(0.9,\)"),
    (lambda: Adam([x], weight_decay=None), TypeError, "weight_decay must be a number.*got None"),
    (lambda: split([], (0.5, 0.5)), TypeError, r"split takes a Dataset.*got \[\]"),
    (lambda: split(moons, 0.7), TypeError, r"fractions must be a list, as \(0.8, 0.2\); got 0.7"),
    (lambda: moons.subset(3), TypeError, "indices must be a list; got 3"),
    (lambda: make_moons(1.5), TypeError, "n must be a whole number.*got 1.5"),
    (lambda: make_moons(9, noise="a"), TypeError, "noise must be a number.*got 'a'"),
    (lambda: batches(3, 1.5), TypeError, "size, the batch size, must be a whole number.*got 1.5"),
    (lambda: trained(lr=0.1), TypeError, "no setting 'lr'.*learning_rate"),
    (lambda: trained(epochs="5"), TypeError, "epochs must be a whole number, such as 5; got '5'"),
    (lambda: trained(epochs=1.5), TypeError, "epochs must be a whole number, such as 5; got 1.5"),
    (lambda: trained(batch_size=1.5), TypeError, "batch_size must be a whole number.*got 1.5"),
    (lambda: trained(l2="a"), TypeError, "L2's strength must be a number.*got 'a'"),
    (lambda: trained(min_delta="a"), TypeError, "min_delta must be a number.*got 'a'"),
    (lambda: trained(patience=1.5, validation=(pairs, [0, 1])), TypeError, "patience must .*1.5"),
    (lambda: trained(optimizer=[]), ValueError, r"No optimizer is named \[\]"),
    (lambda: trained(loss=[3]), ValueError, r"No loss is named \[3\]"),
    (lambda: trained(on_epoch=3), TypeError, "on_epoch must be a function of a report; got 3"),
    (lambda: trained(on_epoch=Replay(model)), TypeError, "function .*on_epoch=replay.record"),
    (lambda: trained(loss=lambda s: s), TypeError, r"Sample 0: the loss .*given the list of"),
    (lambda: trained(loss=lambda s, t: s - t), TypeError, r"for -.*lambda scores, target:"),
    (lambda: trained(loss=lambda s, t: None), TypeError, "Sample 0: .*it gave None"),
    (lambda: trained(model=3), TypeError, r"trains a model such as MLP\(2, \[16, 1\]\); got 3"),
    (lambda: trained(model=MLP), TypeError, "trains a model such as .*got <class"),
    (lambda: trained(3), TypeError, "inputs must be a list; got 3"),
    (lambda: trained(moons), TypeError, "inputs must be a list; got Dataset.*data.inputs and data"),
    (lambda: trained(iter(pairs)), TypeError, r"inputs must be a list; .*list\(inputs\)"),
    (lambda: trained(targets=3), TypeError, "targets must be a list; got 3"),
    (lambda: trained([0, 1]), ValueError, r"inputs\[0\] is 0; a sample is a list of numbers"),
    (lambda: evaluate(3, pairs, [0, 1]), TypeError, "judges a model such as .*got 3"),
    (lambda: accuracy(3, 4), TypeError, "predicted must be a list; got 3"),
    (lambda: Progress("5"), TypeError, "epochs must be a whole number.*got '5'"),
    (lambda: Replay(model, 3), TypeError, "drawn over a Dataset; got 3"),
    (lambda: show_curves({"a": [nan, nan]}), TypeError, r"'a' must be two lists.*got \[nan, nan\]"),
    (lambda: show_curves({"a": []}), TypeError, r"'a' must be two lists .*range.*got \[\]"),
    (lambda: show_curves([1, 2]), TypeError, r"curves must be a dict, as .*got \[1, 2\]"),
    (lambda: show_curves({3: ([1], [1])}), TypeError, "name of a curve is text; got 3"),
    (lambda: show_history(3), TypeError, "shows a History.*got 3"),
    (lambda: show_confusion(["a"], ["b"]), TypeError, r"predicted\[0\] must be a number.*got 'b'"),
    (lambda: trained(model=Own(nin=2, loss="mse")), TypeError, r"nout of Own is None.*self.nout ="),
    (lambda: trained(model=Own(nout=1, loss="mse")), TypeError, r"nin of Own is None.*self.nin = "),
    (lambda: evaluate(Own(nin=2), pairs, [0, 1]), TypeError, "judges .*nout of Own is None"),
    (lambda: trained(model=Own(nin=2, nout=1)), TypeError, "Own has no loss .*give one, as loss="),
    (lambda: trained(schedule=lambda _: "a"), TypeError, "schedule gives at 0 must be .*got 'a'"),
    (lambda: trained(schedule=lambda _: None), TypeError, "schedule gives at 0 must be .*got None"),
    (lambda: trained(schedule=lambda _: nan), ValueError, "schedule gives at 0 .*finite; got nan"),
    (lambda: trained(schedule=[]), ValueError, r"No schedule is named \[\]; choose"),
    (lambda: pickle.dumps(autograd.compile(lambda x: x)), pickle.PicklingError, "lambda>, .*def"),
    (lambda: trained(targets=["a", "b"], loss=squares, engine="numpy"), ValueError,
     r"targets\[0\] is 'a': a program takes numbers.*Values take them as they are \(engine='eag"),
    (lambda: trained(targets=["1", "2"], loss=squares, engine="numpy"), ValueError, "0. is '1': a"),
    (lambda: trained(targets=[1, None], loss=squares, engine="numpy"), ValueError, "1. is None: a"),
    (lambda: trained(targets=[{}, {}], loss=squares, engine="numpy"), ValueError, "0. is {}: a "),
    (lambda: trained(loss=lambda s, t: 3.0), TypeError, "gave 3.0, a number without gradient.*op"),
    (lambda: trained(loss=lambda s, t: 3.0, engine="numpy"), TypeError, "gave 3.0, a number with"),
    (lambda: trained(loss=lambda s, t: s, engine="numpy"), TypeError, r"it gave \[Value.*a Value,"),
    (lambda: trained(loss=lambda s, t: 1 / 0), DivergenceError,
     r"division by zero\. Nothing has moved yet, .*look at what the loss computes"),
    (lambda: trained(model=MLP(2, [1]), loss=lambda s, t: s[0] * nan), DivergenceError,
     r"nan, no number; .*Nothing has moved yet, .*diagnose\(loss\) says where it comes from\.$"),
    (lambda: compiled(math.sin, [1.0]), RecordingError, r"^test_slips.py:\d+: .*: a number was"),
    (lambda: compiled(model.predict, pairs), RecordingError, r"^test_slips.py:\d+: .*: a number "),
    (lambda: compiled(lambda k: pick([[x, x], [x, x]], k), [0.0]), RecordingError,
     r"one real number; got \[Value.*Make one Value for each element"),
    (lambda: compiled(lambda k: pick([x, 3.0], k), [inf]), ValueError, r"pick\(inf, .* from 0 to"),
    (lambda: compiled(lambda k: pick([x, 3.0], k), [nan]), ValueError, r"pick\(nan, .* from 0 to"),
    (lambda: stepped(None), TypeError, "Own.update gave NoneType; .*a pair"),
    (lambda: stepped(1.0), TypeError, "Own.update gave float; .*a pair"),
    (lambda: stepped((1.0, 2.0)), TypeError, r"gave \(float, float\); "),
    (lambda: stepped((1.0, (), 3)), TypeError, r"gave \(float, tuple, int\); "),
    (lambda: stepped(None, engine="numpy"), RecordingError, "gave NoneType; it"),
    (lambda: hot(x), TypeError, r"too hot\. It must answer"),
    (lambda: steep(x).backward(), ValueError, r"too hot\. Keep"),
    (lambda: compiled(hot, [1.0]), RecordingError, r"^test_slips.*too hot\. It .* number\. While"),
    (lambda: SGD([x * x]), ValueError, r"parameters\[0\] is .*computed by mul.*made by Value\("),
    (lambda: with_other_parameters("eager"), ValueError, "has 1 parameter, but its state .* of 2"),
    (lambda: with_other_parameters("numpy"), ValueError, "has 1 parameter, but its state .* of 2"),
    (lambda: save(model, "/nowhere/x"), FileNotFoundError, "folder does not exist; make it"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "error", "answer"), SLIPS)
def test_a_slip_is_answered(typed, error, answer):
    before = model.state(), [p.grad for p in model.parameters()]
    with pytest.raises(error, match=answer):
        typed()
    assert before == (model.state(), [p.grad for p in model.parameters()])
    assert (x.data, x.grad, x.label) == (2.0, 0.0, "x")


RULES = [  # what an optimizer's update does with numbers that are recorded
    abs, float, round, math.sin, str, lambda x: x % 2, lambda x: x.data, lambda x: max(x, 0.0),
    lambda x: x == 0, lambda x: x or 1.0, lambda x: {x: 1}, lambda x: [1][x], lambda x: None,
]  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_cannot_be_recorded_is_refused_in_words(rule):
    ruled = type("Ruled", (SGD,), {"update": lambda _self, data, *_: rule(data)})
    with pytest.raises(RecordingError, match="rule is no plain arithmetic: ") as caught:
        trained(optimizer=ruled, engine="numpy")
    assert "expression" not in str(caught.value).lower()


def test_a_model_of_the_user_needs_no_more_than_is_asked_for():
    model = Own(nin=2, nout=1, loss="mse")
    history = trained(model=model, validation=(pairs, [0, 1]), epochs=3)
    assert history.epochs[-1].validation_loss == evaluate(model, pairs, [0, 1])[0]


def test_text_as_targets_of_an_own_loss_trains_as_values_and_says_why(monkeypatch):
    monkeypatch.setattr("nn.engines._WORTH", 0.0)
    with pytest.warns(RuntimeWarning, match=r"runs as Values.*targets\[0\] is 'a'.*takes numbers"):
        history = trained(model=MLP(2, [1], seed=0), targets=["a", "b"], loss=squares)
    assert history.engine == "eager"


def test_a_compiled_lambda_can_be_copied():
    doubled = autograd.compile(lambda x: 2 * x, engine="eager")
    for copied in (copy.copy(doubled), copy.deepcopy([doubled])[0]):
        assert copied is not doubled
        assert copied([3.0]) == [6.0]


def test_every_public_operation_has_its_own_help():
    for name in autograd.__all__:
        op = getattr(autograd, name)
        if isinstance(op, autograd.Op):
            assert op.__doc__ != autograd.Op.__doc__, name
            assert f"<operation {name}>" in pydoc.render_doc(op)
            assert op.__doc__ in pydoc.render_doc(op).replace("\n    ", "\n"), name


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
