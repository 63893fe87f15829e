"""Known values and gradients with their sources, from oracles.json: every entry is checked."""

import itertools
import json
import math
from pathlib import Path

import pytest

import autograd
from autograd import Value, derive

ORACLES = json.loads((Path(__file__).parent / "oracles.json").read_text(encoding="utf-8"))
KINDS = {"expression", "higher_order", "numerics", "procedure"}
FUNCTIONS = {name: getattr(autograd, name) for name in ("exp", "log", "sin", "cos", "tanh", "relu")}


def of_kind(kind):
    return [pytest.param(o, id=o["name"]) for o in ORACLES if o["kind"] == kind]


def near(oracle, expected):
    return pytest.approx(expected, abs=oracle["tolerance"]["abs"], rel=oracle["tolerance"]["rel"])


def run(oracle):
    """Run an oracle's steps on Values; return all names."""
    names = {**FUNCTIONS, **{k: Value(v, label=k) for k, v in oracle["inputs"].items()}}
    exec(oracle["steps"], names)
    return names


def test_no_kind_is_left_out():
    assert {o["kind"] for o in ORACLES} == KINDS
    assert len(ORACLES) == 40


@pytest.mark.parametrize("oracle", of_kind("expression"))
def test_values_and_gradients_of_an_expression(oracle):
    names = run(oracle)
    names[oracle["output"]].backward(oracle["seed_gradient"])
    for name, value in oracle["expected"]["values"].items():
        assert names[name].data == near(oracle, value), name
    assert set(oracle["expected"]["grads"]) == set(oracle["inputs"])
    for name, grad in oracle["expected"]["grads"].items():
        assert names[name].grad == near(oracle, grad), name


@pytest.mark.parametrize("oracle", of_kind("expression"))
def test_published_digits_of_an_expression(oracle):
    names = run(oracle)
    names[oracle["output"]].backward(oracle["seed_gradient"])
    for name, digits in oracle["published"].items():
        got = names[name[2:]].grad if name.startswith("d_") else names[name].data
        decimals = len(digits.partition(".")[2])
        assert abs(got - float(digits)) <= 0.5 * 10.0**-decimals + 1e-9, name


@pytest.mark.parametrize("oracle", of_kind("higher_order"))
def test_derivatives_of_any_order(oracle):
    names = run(oracle)
    for name, value in oracle["expected"]["values"].items():
        assert names[name].data == near(oracle, value)
    for path, value in oracle["expected"]["derivatives"].items():
        node = names[oracle["output"]]
        for name in path.split("_")[1:]:
            node = derive(node, names[name])
        assert node.data == near(oracle, value), path


@pytest.mark.parametrize("oracle", of_kind("procedure"))
def test_the_numbers_of_a_procedure(oracle):
    """Run the recipe as it stands: it is the reference for what the lecture's tests expect."""
    names = {"math": math, "itertools": itertools}
    exec(oracle["steps"], names)
    for name, value in oracle["expected"].items():
        assert names[name] == near(oracle, value), name


def slope(function, x):
    leaf = Value(x)
    out = function(leaf)
    out.backward()
    return out.data, leaf.grad


def test_softplus_extremes():
    oracle = next(o for o in ORACLES if o["name"] == "softplus_extremes")
    expected = oracle["expected"]
    for margin in (-1000, -50, 0, 50, 1000):
        loss, gradient = slope(lambda m: (-m).softplus(), margin)
        assert loss == near(oracle, expected[f"L({margin})"])
        assert gradient == near(oracle, expected[f"dL({margin})"])


def test_tanh_extremes():
    oracle = next(o for o in ORACLES if o["name"] == "tanh_extremes")
    expected = oracle["expected"]
    for x in (1000, -1000, 20):
        assert slope(Value.tanh, x)[0] == near(oracle, expected[f"tanh({x})"])
    assert slope(Value.tanh, 1000)[1] == expected["dtanh(1000)"]
    assert slope(Value.tanh, 20)[1] == near(oracle, expected["dtanh(20)_true"])


def test_relu_kink():
    oracle = next(o for o in ORACLES if o["name"] == "relu_kink")
    for x in (0.0, -0.0, -1.0, 1e-300):
        assert list(slope(Value.relu, x)) == oracle["expected"][f"relu({x})"]
    assert all(map(math.isnan, slope(Value.relu, math.nan)))


def test_every_numerics_oracle_has_a_test():
    assert {f"test_{o['name']}" for o in ORACLES if o["kind"] == "numerics"} <= set(globals())
