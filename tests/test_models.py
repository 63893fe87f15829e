"""The models: forward passes, heads, decisions, probabilities, and gradients of whole networks."""

import copy
import math
import pickle
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numeric import central_difference, slopes_of

from autograd import Value, leaky_relu, relu, softplus, topological_order, total
from nn import (
    LOSSES,
    MLP,
    SGD,
    LinearRegression,
    LogisticRegression,
    Loss,
    Model,
    Perceptron,
    find_loss,
    save,
    softmax,
    weights_of,
)

# --- softmax ---------------------------------------------------------------------------------


def plain_softmax(scores):
    powers = [math.exp(s) for s in scores]
    return [power / sum(powers) for power in powers]


@settings(deadline=None)
@given(st.lists(st.floats(-30, 30), min_size=1, max_size=8))
def test_softmax_is_the_share_of_the_powers_of_e(scores):
    assert softmax(scores) == pytest.approx(plain_softmax(scores), rel=1e-12)


@settings(deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=8), st.floats(-1e3, 1e3))
def test_softmax_sums_to_one_and_does_not_see_a_common_shift(scores, shift):
    shares = softmax(scores)
    assert math.fsum(shares) == pytest.approx(1.0, abs=1e-9)
    assert softmax([s + shift for s in scores]) == pytest.approx(shares, abs=1e-9)


@pytest.mark.parametrize(
    ("scores", "shares"),
    [
        ([1000.0, -1000.0], [1.0, 0.0]),
        ([-1000.0, -1000.0], [0.5, 0.5]),
        ([1000.0, 1000.0, 1000.0, 1000.0], [0.25] * 4),
        ([1000.0, 1000.0 + math.log(3)], [0.25, 0.75]),
        ([-7.0], [1.0]),
    ],
)
def test_softmax_of_scores_far_out(scores, shares):
    assert softmax(scores) == pytest.approx(shares, abs=1e-12)
    values = [Value(s) for s in scores]
    out = softmax(values)
    assert [p.data for p in out] == pytest.approx(shares, abs=1e-12)
    out[0].backward()
    assert all(math.isfinite(s.grad) for s in values)


def test_softmaxs_slopes_are_p_times_one_minus_p_and_minus_p_times_q():
    scores = [0.3, -1.2, 2.0]
    p = plain_softmax(scores)
    for i in range(3):
        values = [Value(s) for s in scores]
        softmax(values)[i].backward()
        grads = [s.grad for s in values]
        assert grads == pytest.approx([p[i] * ((i == j) - p[j]) for j in range(3)], abs=1e-12)


def test_softmax_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        softmax([])


# --- the multi-layer perceptron --------------------------------------------------------------

PLAIN = {
    "linear": lambda s: s,
    "relu": lambda s: max(0.0, s),
    "leaky_relu": lambda s: s if s > 0 else 0.01 * s,
    "tanh": math.tanh,
    "sigmoid": lambda s: 1 / (1 + math.exp(-s)),
    "softplus": lambda s: math.log(1 + math.exp(s)),
}


def plain_forward(model, activations, x):
    """Return the scores of an MLP, computed from its saved numbers alone."""
    for layer, name in zip(model.state()["layers"], [*activations, "linear"], strict=True):
        x = [
            PLAIN[name](sum(w * i for w, i in zip(n["w"], x, strict=True)) + n["b"])
            for n in layer["neurons"]
        ]
    return x


def with_random_biases(model, seed=9):
    rng = random.Random(seed)
    for name, parameter in model.named_parameters():
        if name.endswith("b"):
            parameter.data = rng.uniform(-0.5, 0.5)
    return model


SHAPES = [  # inputs, sizes, activations of the hidden layers
    (1, [1], []),
    (2, [1, 1], ["relu"]),  # micrograd: TypeError
    (1, [1, 1, 1], ["tanh", "tanh"]),
    (3, [4, 2], ["sigmoid"]),
    (2, [3, 3, 3], ["leaky_relu", "softplus"]),
    (5, [2, 6, 4, 3], ["tanh", "relu", "linear"]),
]


@pytest.mark.parametrize(("nin", "nouts", "activations"), SHAPES)
def test_forward_pass_of_every_shape(nin, nouts, activations):
    model = with_random_biases(MLP(nin, nouts, activation=activations, seed=4))
    rng = random.Random(2)
    for _ in range(5):
        x = [rng.uniform(-2, 2) for _ in range(nin)]
        wanted = plain_forward(model, activations, x)
        assert [s.data for s in model.scores(x)] == pytest.approx(wanted, abs=1e-12)
        assert model.score_numbers(x) == [s.data for s in model.scores(x)]


@pytest.mark.parametrize(("nin", "nouts", "activations"), SHAPES)
def test_gradients_of_every_shape_agree_with_finite_differences(nin, nouts, activations):
    model = with_random_biases(MLP(nin, nouts, activation=activations, seed=4))
    rng = random.Random(3)
    x = [rng.uniform(-2, 2) for _ in range(nin)]

    def output():
        return total([k * s for k, s in enumerate(model.scores(x), 1)])

    output().backward()
    grads = [p.grad for p in model.parameters()]
    slopes = slopes_of(model.parameters(), lambda: output().data)
    assert grads == pytest.approx(slopes, abs=1e-7)


def test_number_of_parameters():
    assert len(MLP(2, [16, 16, 1]).parameters()) == 337  # as micrograd's demo prints
    for nin, nouts, _ in SHAPES:
        sizes = [nin, *nouts]
        wanted = sum((n + 1) * m for n, m in zip(sizes, nouts, strict=False))
        assert len(MLP(nin, nouts).parameters()) == wanted


def test_one_activation_serves_all_hidden_layers_and_the_output_is_linear():
    model = MLP(2, [3, 4, 1], activation="tanh")
    words = [repr(layer.neurons[0]) for layer in model.layers]
    assert words == ["Neuron(2 inputs, tanh)", "Neuron(3 inputs, tanh)", "Neuron(4 inputs, linear)"]


HEADS = [  # head, outputs, from scores to outputs
    ("linear", 1, lambda s: s),
    ("linear", 3, lambda s: s),
    ("sigmoid", 1, lambda s: [PLAIN["sigmoid"](k) for k in s]),
    ("sigmoid", 3, lambda s: [PLAIN["sigmoid"](k) for k in s]),
    ("softmax", 2, plain_softmax),
    ("softmax", 4, plain_softmax),
]


@pytest.mark.parametrize(("head", "nout", "outputs"), HEADS)
def test_a_head_comes_after_the_scores(head, nout, outputs):
    model = MLP(2, [3, nout], head=head, seed=0)
    out = model([0.4, -1.0])
    wanted = outputs([s.data for s in model.scores([0.4, -1.0])])
    if nout == 1:
        assert out.data == pytest.approx(wanted[0], abs=1e-12)
    else:
        assert [o.data for o in out] == pytest.approx(wanted, abs=1e-12)


def test_inputs_are_constants_and_get_no_gradient():
    out = MLP(2, [3, 1], activation="tanh", seed=0)([0.5, 1.5])
    out.backward()
    inputs = [node for node in topological_order(out) if node.constant]
    assert [(node.data, node.grad) for node in inputs] == [(0.5, 0.0), (1.5, 0.0)]


def test_inputs_that_are_values_get_their_gradient():
    model, x = MLP(2, [3, 1], activation="tanh", seed=0), [Value(0.5), Value(1.5)]
    model(x).backward()
    slopes = central_difference(lambda numbers: model(numbers).data, [0.5, 1.5])
    assert [v.grad for v in x] == pytest.approx(slopes, abs=1e-8)


def test_xor_by_hand_set_weights():
    model = MLP(2, [2, 1], activation="relu")  # Goodfellow, Bengio, Courville 2016, section 6.1
    model.load_state(
        {
            "layers": [
                {"neurons": [{"w": [1.0, 1.0], "b": 0.0}, {"w": [1.0, 1.0], "b": -1.0}]},
                {"neurons": [{"w": [1.0, -2.0], "b": 0.0}]},
            ]
        }
    )
    assert [model([a, b]).data for a in (0, 1) for b in (0, 1)] == [0.0, 1.0, 1.0, 0.0]


def test_a_start_from_zeros_never_tells_hidden_neurons_apart():
    model = MLP(2, [3, 1], activation="sigmoid", init="zeros")
    optimizer = SGD(model.parameters(), 0.5)
    for _ in range(20):
        optimizer.zero_grad()
        ((model([1.0, -0.5]) - 3.0) ** 2).backward()
        optimizer.step()
    hidden = model.state()["layers"][0]["neurons"]
    assert hidden[0] == hidden[1] == hidden[2] != {"w": [0.0, 0.0], "b": 0.0}


def test_a_deep_network_needs_no_recursion():
    model = MLP(1, [1] * 1500, activation="tanh", init=lambda *_: 1.0)
    out = model([0.5])
    out.backward()
    assert out.data > 0
    assert model.layers[-1].neurons[0].w[0].grad > 0


DEFAULT_SCALES = [  # activation by name and as a function, deviation for 3 inputs and 5 neurons
    ("relu", relu, (2 / 3) ** 0.5),
    ("leaky_relu", leaky_relu, (2 / 3) ** 0.5),
    ("softplus", softplus, (2 / 3) ** 0.5),
    ("tanh", math.tanh, (2 / 8) ** 0.5),
    ("sigmoid", None, (2 / 8) ** 0.5),
]


@pytest.mark.parametrize(("name", "function", "deviation"), DEFAULT_SCALES)
def test_weights_start_at_the_scale_that_suits_the_activation(name, function, deviation):
    rng = random.Random(6)
    hidden = [[rng.gauss(0, deviation) for _ in range(3)] for _ in range(5)]
    output = [[rng.gauss(0, (2 / 6) ** 0.5) for _ in range(5)]]  # linear: glorot, 5 inputs and 1
    for activation in filter(None, (name, function)):
        layers = MLP(3, [5, 1], activation=activation, seed=6).state()["layers"]
        weights = [[neuron["w"] for neuron in layer["neurons"]] for layer in layers]
        assert weights == [hidden, output]


BAD_SHAPES = [
    (lambda: MLP(2, []), "An MLP needs at least one layer"),
    (lambda: MLP(0, [1]), "at least one input; got nin=0"),
    (lambda: MLP(2, [3, 0]), "at least one neuron; got nout=0"),
    (lambda: MLP(2, [3, 1], head="relu"), "head must be one of linear, sigmoid, softmax;.*'relu'"),
    (lambda: MLP(2, [3, 1], head="softmax"), "A softmax over one output is always 1; .*sigmoid"),
    (lambda: MLP(2, [3, 1], activation=["relu", "relu"]), "2 activations for 1 hidden layers"),
    (lambda: MLP(2, [3, 1], activation=[]), "0 activations for 1 hidden layers; give one for each"),
    (lambda: MLP(2, [3, 1], activation="rel"), "No activation is named 'rel'"),
    (lambda: MLP(2, [3, 1], init="rel"), "No initializer is named 'rel'"),
    (lambda: MLP(2, [3, 1], loss="rel"), "No loss is named 'rel'"),
    (lambda: LogisticRegression(0), "LogisticRegression needs at least one input; got nin=0"),
    (lambda: LinearRegression(-2), "LinearRegression needs at least one input; got nin=-2"),
    (lambda: Perceptron(0), "Perceptron needs at least one input; got nin=0"),
]


@pytest.mark.parametrize(("make", "message"), BAD_SHAPES)
def test_impossible_models_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# A head that the loss never sees would be trained blindly: losses look at the scores before it.
HEADS_WITHOUT_THEIR_LOSS = [
    ("sigmoid", "mse"),
    ("sigmoid", "hinge"),
    ("sigmoid", "cross_entropy"),
    ("softmax", "mse"),
    ("softmax", "logistic"),
    ("softmax", "binary_cross_entropy"),
]


@pytest.mark.parametrize(("head", "loss"), HEADS_WITHOUT_THEIR_LOSS)
def test_a_head_and_a_loss_that_does_not_see_it_are_refused_together(head, loss):
    with pytest.raises(ValueError, match=f"{loss}.*{head}|{head}.*{loss}"):
        MLP(2, [2], head=head, loss=loss)


@pytest.mark.parametrize(
    ("head", "loss"),
    [
        ("sigmoid", "binary_cross_entropy"),
        ("sigmoid", "logistic"),
        ("softmax", "cross_entropy"),
        *[("linear", loss) for loss in LOSSES],
        ("sigmoid", Loss("mine", lambda scores, target: scores[0] - target, None, "any")),
    ],
)
def test_other_heads_and_losses_go_together(head, loss):
    assert MLP(2, [2], head=head, loss=loss).loss is find_loss(loss)


def test_sizes_may_come_as_a_numpy_array():
    numpy = pytest.importorskip("numpy")
    assert len(MLP(2, numpy.array([3, 1])).parameters()) == 13


EVERY_MODEL = [
    lambda nin: MLP(nin, [3, 2], head="softmax"),
    lambda nin: MLP(nin, [1]),
    LogisticRegression,
    LinearRegression,
    Perceptron,
]


@pytest.mark.parametrize("make", EVERY_MODEL)
@pytest.mark.parametrize("method", ["__call__", "scores", "score_numbers", "predict"])
@pytest.mark.parametrize("x", [[], [1.0], [1.0, 2.0, 3.0]])
def test_a_sample_of_another_length_is_refused(make, method, x):
    with pytest.raises(ValueError, match=f"Got {len(x)} inputs, but this model takes 2"):
        getattr(make(2), method)(x)


def test_probabilities_of_a_sample_of_another_length_are_refused():
    with pytest.raises(ValueError, match="Got 1 inputs, but this model takes 2"):
        LogisticRegression(2).predict_proba([1.0])


@pytest.mark.parametrize("make", EVERY_MODEL)
def test_the_way_without_a_graph_gives_the_same_numbers(make):
    model = make(3)
    rng = random.Random(0)
    for parameter in model.parameters():
        parameter.data = rng.uniform(-1, 1)
    x = [0.5, -1.25, 2.0]
    assert model.score_numbers(x) == [s.data for s in model.scores(x)]
    assert all(type(number) is float for number in model.score_numbers(x))


# --- decisions and probabilities -------------------------------------------------------------


def model_with_scores(scores, loss):
    """Return an MLP that gives these scores for the input 1."""
    model = MLP(1, [len(scores)], loss=loss)
    for neuron, score in zip(model.layers[0].neurons, scores, strict=True):
        neuron.w[0].data, neuron.b.data = score - 1.0, 1.0
    return model


DECISIONS = [  # loss, scores, decision, probabilities or None
    ("mse", [2.5], 2.5, None),
    ("mse", [2.5, -1.0], [2.5, -1.0], None),
    ("hinge", [0.25], 1, None),
    ("hinge", [-0.25], -1, None),
    ("hinge", [0.0], -1, None),
    ("logistic", [math.log(3)], 1, [0.25, 0.75]),
    ("logistic", [-math.log(3)], -1, [0.75, 0.25]),
    ("logistic", [0.0], -1, [0.5, 0.5]),
    ("binary_cross_entropy", [math.log(3)], 1, [0.25, 0.75]),
    ("binary_cross_entropy", [-math.log(3)], 0, [0.75, 0.25]),
    ("binary_cross_entropy", [0.0], 0, [0.5, 0.5]),
    ("binary_cross_entropy", [-1000.0], 0, [1.0, 0.0]),
    ("cross_entropy", [1.0, 3.0, 2.0], 1, [0.090030573170380, 0.66524095577482, 0.24472847105479]),
    ("cross_entropy", [2.0, 2.0], 0, [0.5, 0.5]),  # the first of the largest
    ("cross_entropy", [-1000.0, 1000.0], 1, [0.0, 1.0]),
]


def test_every_loss_has_its_decision_in_the_table():
    assert {row[0] for row in DECISIONS} == set(LOSSES)


@pytest.mark.parametrize(("loss", "scores", "decision", "probabilities"), DECISIONS)
def test_decisions_and_probabilities(loss, scores, decision, probabilities):
    model = model_with_scores(scores, loss)
    assert model.predict([1.0]) == decision
    assert type(model.predict([1.0])) is type(decision)
    if probabilities is None:
        with pytest.raises(ValueError, match=f"trained with {loss} gives scores, not prob.*Use"):
            model.predict_proba([1.0])
    else:
        assert model.predict_proba([1.0]) == pytest.approx(probabilities, abs=1e-12)


def test_a_tiny_probability_is_not_rounded_to_nothing():
    model = LogisticRegression(1)
    model.w[0].data = 1.0
    assert model.predict_proba([-700.0])[1] == pytest.approx(math.exp(-700.0))
    assert model.predict_proba([700.0])[0] == pytest.approx(math.exp(-700.0))  # 1 - p would be 0


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "logistic", "hinge"])
def test_a_decision_between_two_classes_from_several_scores_is_refused(loss):
    model = model_with_scores([1.0, -1.0], loss)
    with pytest.raises(ValueError, match="one (output|score)"):
        model.predict([1.0])
    with pytest.raises(ValueError, match="one (output|score)|not probabilities"):
        model.predict_proba([1.0])


def test_a_loss_of_the_user_leaves_the_scores_as_the_answer():
    model = model_with_scores([2.0, 3.0], Loss("mine", lambda *_: 0.0, None, "any"))
    assert model.predict([1.0]) == [2.0, 3.0]


def test_the_loss_follows_the_head():
    assert MLP(1, [1]).loss is LOSSES["mse"]
    assert MLP(1, [1], head="sigmoid").loss is LOSSES["binary_cross_entropy"]
    assert MLP(1, [2], head="softmax").loss is LOSSES["cross_entropy"]
    assert LogisticRegression(1).loss is LOSSES["logistic"]
    assert LinearRegression(1).loss is LOSSES["mse"]
    assert Perceptron(1).loss is LOSSES["hinge"]


# --- one neuron ------------------------------------------------------------------------------


def test_the_three_single_neurons_share_a_score_and_differ_in_what_they_make_of_it():
    state, x, s = {"w": [2.0, -1.0], "b": 0.5}, [0.25, 1.5], -0.5
    outputs = {}
    for make in (LinearRegression, LogisticRegression, Perceptron):
        model = make(2)
        model.load_state(state)
        assert model.scores(x)[0].data == s
        outputs[make] = model(x).data
    assert outputs[LinearRegression] == s
    assert outputs[LogisticRegression] == pytest.approx(1 / (1 + math.exp(0.5)), abs=1e-15)
    assert outputs[Perceptron] == -1.0


def test_single_neurons_start_from_zeros_or_as_asked():
    assert LogisticRegression(3).state() == {"w": [0.0, 0.0, 0.0], "b": 0.0}
    drawn = LinearRegression(2, init="normal", seed=1).state()
    assert drawn == LinearRegression(2, init="normal", seed=1).state()
    assert len(set(drawn["w"])) == 2


@settings(deadline=None)
@given(st.floats(-30, 30))
def test_the_two_probabilities_are_each_others_mirror(s):
    model = LogisticRegression(1)
    model.w[0].data = 1.0
    minus, plus = model.predict_proba([s])
    assert minus == pytest.approx(1 - plus, abs=1e-15)
    assert [minus, plus] == model.predict_proba([-s])[::-1]
    assert model([s]).data == plus


numbers = st.floats(-3, 3)


@settings(deadline=None)
@given(st.lists(numbers, min_size=3, max_size=3), st.lists(numbers, min_size=2, max_size=2),
       st.sampled_from([-1, 1]))  # fmt: skip
def test_logistic_regressions_gradient_is_the_explicit_one_of_the_lecture(wb, x, y):
    model = LogisticRegression(2)
    model.load_state({"w": wb[:2], "b": wb[2]})
    model.loss(model.scores(x), y).backward()
    margin = y * (wb[0] * x[0] + wb[1] * x[1] + wb[2])
    wanted = [-y * xi / (1 + math.exp(margin)) for xi in (*x, 1.0)]
    assert [p.grad for p in model.parameters()] == pytest.approx(wanted, abs=1e-12)


# --- Mazur's network -------------------------------------------------------------------------

MAZUR = {
    "layers": [
        {"neurons": [{"w": [0.15, 0.20], "b": 0.35}, {"w": [0.25, 0.30], "b": 0.35}]},
        {"neurons": [{"w": [0.40, 0.45], "b": 0.60}, {"w": [0.50, 0.55], "b": 0.60}]},
    ]
}
MAZUR_WEIGHT_GRADIENTS = [  # w1 ... w8; the first and fifth are printed on his page
    0.0004385677344743468,
    0.0008771354689486936,
    0.0004977127352608601,
    0.0009954254705217202,
    0.08216704056423078,
    0.08266762784753326,
    -0.02260254047747506,
    -0.02274024221597821,
]


def mazur_network(*, shared_biases=False):
    model = MLP(2, [2, 2], activation="sigmoid", head="sigmoid")
    model.load_state(MAZUR)
    if shared_biases:
        for layer in model.layers:
            layer.neurons[1].b = layer.neurons[0].b
    return model


def mazur_energy(model):
    outputs = model([0.05, 0.10])
    return total([0.5 * (t - o) ** 2 for t, o in zip((0.01, 0.99), outputs, strict=True)])


def test_mazurs_network_outputs_energy_and_gradients():
    model = mazur_network()
    outputs = [o.data for o in model([0.05, 0.10])]
    assert outputs == pytest.approx([0.7513650695523157, 0.7729284653214626], abs=1e-12)
    energy = mazur_energy(model)
    assert energy.data == pytest.approx(0.29837110876000267, abs=1e-12)
    energy.backward()
    grads = [w.grad for w in weights_of(model)]
    assert grads == pytest.approx(MAZUR_WEIGHT_GRADIENTS, abs=1e-12)


def test_mazurs_deltas_are_the_biases_gradients():
    model = mazur_network()
    mazur_energy(model).backward()
    deltas = [neuron.b.grad for layer in model.layers for neuron in layer.neurons]
    assert deltas == pytest.approx([0.008771, 0.009954, 0.138499, -0.038098], abs=5e-7)


def test_a_bias_that_a_layer_shares_gets_the_sum_of_the_deltas():
    model = mazur_network(shared_biases=True)
    mazur_energy(model).backward()
    b1, b2 = (layer.neurons[0].b for layer in model.layers)
    assert (b1.grad, b2.grad) == pytest.approx((0.018725609394704, 0.100400325112), abs=1e-12)
    assert len(model.parameters()) == 10


def test_mazurs_energy_after_one_simultaneous_step():
    model = mazur_network()
    mazur_energy(model).backward()
    SGD(weights_of(model), 0.5).step()  # his biases stay
    after = mazur_energy(model).data
    assert after == pytest.approx(0.2910277737, abs=1e-10)
    assert abs(after - 0.291027924) > 1e-7  # his page's, from a backward pass over new weights


# --- the same network elsewhere --------------------------------------------------------------


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "tanh", "sigmoid", "softplus"])
def test_pytorch_gives_the_same_outputs_loss_and_gradients(activation):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    function = getattr(functional, activation, None) or getattr(torch, activation)
    model = with_random_biases(MLP(3, [4, 3], activation=activation, head="softmax", seed=8))
    x, target = [0.5, -1.0, 2.0], 1
    loss = model.loss(model.scores(x), target)
    loss.backward()

    leaves, out = [], torch.tensor([x], dtype=torch.float64)
    for depth, layer in enumerate(model.state()["layers"]):
        w = torch.tensor([n["w"] for n in layer["neurons"]], dtype=torch.float64)
        b = torch.tensor([n["b"] for n in layer["neurons"]], dtype=torch.float64)
        leaves.append((w.requires_grad_(), b.requires_grad_()))
        out = functional.linear(out, w, b)
        out = function(out) if depth == 0 else out
    expected = functional.cross_entropy(out, torch.tensor([target]))
    expected.backward()

    assert loss.data == pytest.approx(expected.item(), abs=1e-12)
    assert model.predict_proba(x) == pytest.approx(torch.softmax(out, 1)[0].tolist(), abs=1e-12)
    for layer, (w, b) in zip(model.layers, leaves, strict=True):
        grads = [[p.grad for p in neuron.w] for neuron in layer.neurons]
        assert sum(grads, []) == pytest.approx(w.grad.flatten().tolist(), abs=1e-12)
        assert [n.b.grad for n in layer.neurons] == pytest.approx(b.grad.tolist(), abs=1e-12)


# --- models as objects -----------------------------------------------------------------------


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
@pytest.mark.parametrize("make", EVERY_MODEL)
def test_a_copy_is_as_good_as_the_original(make, twin, tmp_path):
    original = make(2)
    copied = twin(original)
    assert copied.state() == original.state()
    assert copied.predict([0.5, -1.0]) == original.predict([0.5, -1.0])
    assert copied.settings() == original.settings()
    save(copied, tmp_path / "copy.json")


def test_a_model_of_the_user_needs_scores_only():
    class Constant(Model):
        nin, nout, loss = 1, 2, LOSSES["cross_entropy"]

        def __init__(self):
            self.s = [Value(0.0), Value(1.0)]

        def scores(self, x):
            self._check_width(x)
            return self.s

    model = Constant()
    assert model.predict([5.0]) == 1
    assert model.predict_proba([5.0]) == pytest.approx(plain_softmax([0.0, 1.0]))


def test_a_model_that_does_not_say_how_it_scores_is_told_so():
    class Empty(Model):
        pass

    with pytest.raises(TypeError, match="Empty does not say how it scores"):
        Empty().predict([1.0])
    with pytest.raises(TypeError, match="Empty does not say how it is made"):
        Empty().settings()


def test_settings_make_the_same_shape_again():
    model = MLP(3, [4, 2, 2], activation=["tanh", "leaky_relu"], head="softmax", seed=0)
    assert model.settings() == {
        "nin": 3,
        "nouts": [4, 2, 2],
        "activation": ["tanh", "leaky_relu"],
        "head": "softmax",
        "loss": "cross_entropy",
    }
    twin = MLP(**model.settings())
    twin.load_state(model.state())
    assert twin.predict_proba([1.0, 2.0, 3.0]) == model.predict_proba([1.0, 2.0, 3.0])


def test_texts():
    assert repr(MLP(2, [3, 1], activation="tanh", head="sigmoid")) == (
        "MLP(2 inputs, 3 tanh, 1 sigmoid; 13 parameters)"
    )
    assert repr(MLP(4, [3], head="softmax")) == "MLP(4 inputs, 3 softmax; 15 parameters)"
    assert repr(LogisticRegression(2)) == "LogisticRegression(2 inputs)"
