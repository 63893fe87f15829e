"""Activations by name: their curves, slopes and names."""

import math

import pytest
from numeric import central_difference

from autograd import OPS, Value, define, tanh
from nn import ACTIVATIONS, MLP, Neuron, find_activation
from nn.activations import activation_name

CURVES = [  # name, the function in plain floats
    ("linear", lambda s: s),
    ("relu", lambda s: max(0.0, s)),
    ("leaky_relu", lambda s: s if s > 0 else 0.01 * s),
    ("tanh", lambda s: (math.exp(2 * s) - 1) / (math.exp(2 * s) + 1)),
    ("sigmoid", lambda s: 1 / (1 + math.exp(-s))),
    ("softplus", lambda s: math.log(1 + math.exp(s))),
]
POINTS = [-3.0, -1.25, -0.1, 0.2, 0.75, 4.0]


def test_every_activation_has_its_curve_in_the_table():
    assert [name for name, _ in CURVES] == list(ACTIVATIONS)


@pytest.mark.parametrize(("name", "curve"), CURVES)
@pytest.mark.parametrize("s", POINTS)
def test_curve_and_slope(name, curve, s):
    x = Value(s)
    out = ACTIVATIONS[name](x)
    assert out.data == pytest.approx(curve(s), abs=1e-12)
    out.backward()
    slope = central_difference(lambda numbers: curve(*numbers), [s])
    assert [x.grad] == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize(("name", "curve"), CURVES)
def test_a_neuron_applies_it_to_its_weighted_sum(name, curve):
    neuron = Neuron(2, activation=name, seed=3)
    w, b = [p.data for p in neuron.w], neuron.b.data
    s = w[0] * 0.3 + w[1] * -0.9 + b
    assert neuron([0.3, -0.9]).data == pytest.approx(curve(s), abs=1e-12)


FAR_OUT = [  # name, s, output, slope
    ("tanh", 1000.0, 1.0, 0.0),
    ("tanh", -1000.0, -1.0, 0.0),
    ("sigmoid", 1000.0, 1.0, 0.0),
    ("sigmoid", -1000.0, 0.0, 0.0),
    ("softplus", 1000.0, 1000.0, 1.0),
    ("softplus", -1000.0, 0.0, 0.0),
    ("relu", 0.0, 0.0, 0.0),  # the kink: we choose 0
    ("leaky_relu", 0.0, 0.0, 0.01),
]


@pytest.mark.parametrize(("name", "s", "output", "slope"), FAR_OUT)
def test_far_out_and_at_the_kink(name, s, output, slope):
    x = Value(s)
    out = ACTIVATIONS[name](x)
    out.backward()
    assert (out.data, x.grad) == (output, slope)


def test_they_work_on_plain_floats_too():
    for name, curve in CURVES:
        assert ACTIVATIONS[name](0.5) == pytest.approx(curve(0.5), abs=1e-12)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_name_leads_to_the_function_and_back(name):
    assert find_activation(name) is ACTIVATIONS[name]
    assert activation_name(find_activation(name)) == name


def test_a_function_is_its_own_activation():
    def swish(s):
        return s * s.sigmoid()

    assert find_activation(swish) is swish
    assert activation_name(swish) == ""
    assert Neuron(1, activation=swish)([2.0]).op.name == "mul"


def test_the_name_of_an_operation_of_ours_or_of_the_user_is_enough():
    assert find_activation("sin") is OPS["sin"]
    try:
        bump = define("bump_for_test", lambda s: math.exp(-s * s), lambda s, out: (-2 * s * out,))
        neuron = Neuron(1, activation="bump_for_test", init=lambda *_: 0.5)
        out = neuron([1.0])
        out.backward()
        assert activation_name(bump) == "bump_for_test"
        assert out.data == pytest.approx(math.exp(-0.25))
        assert neuron.w[0].grad == pytest.approx(-math.exp(-0.25))
    finally:
        OPS.pop("bump_for_test", None)


def test_an_unknown_name_is_refused_with_the_names_there_are():
    with pytest.raises(ValueError, match="No activation is named 'rellu'.*relu, leaky_relu, tanh"):
        find_activation("rellu")
    with pytest.raises(ValueError, match="'gelu'"):
        MLP(2, [2, 1], activation="gelu")


def test_leaky_relus_slope_is_a_constant_and_gets_no_gradient():
    neuron = Neuron(1, activation="leaky_relu", init=lambda *_: -1.0)
    out = neuron([2.0])
    out.backward()
    x, slope = out.parents
    assert (x.data, slope.data) == (-2.0, 0.01)
    assert slope.constant
    assert slope.grad == 0.0


def test_activation_given_as_function_or_name_is_the_same():
    by_name, by_function = (Neuron(2, activation=a, seed=1) for a in ("tanh", tanh))
    assert by_name([1.0, 2.0]).data == by_function([1.0, 2.0]).data
