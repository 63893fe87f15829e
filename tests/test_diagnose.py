"""Troubles planted in graphs, and graphs without any."""

import math

import pytest

import nn
from autograd import (
    Value,
    diagnose,
    exp,
    ieee_values,
    log,
    recorded_lines,
    topological_order,
    total,
    weighted_sum,
)


def kinds(diagnosis):
    return [finding.kind for finding in diagnosis.findings]


def healthy():
    model = nn.MLP(2, [3, 1], activation="tanh", seed=1)
    return total([model.scores(x)[0] ** 2 for x in ([0.5, -1.0], [1.0, 2.0])])


def test_a_healthy_graph_gets_one_line():
    words = str(diagnose(healthy()))
    assert words.startswith("No trouble found in ")
    assert words.endswith(" values, 13 leaves that learn, 4 neurons.")


def test_the_first_bad_node_is_named_not_those_after_it():
    with ieee_values():
        p = Value(0.0, label="p")
        first = log(p)
        loss = first * 0 + exp(p)
    found = diagnose(loss)
    assert [f.node for f in found.findings if f.kind == "not finite"] == [first]
    assert "n1 = log(p) = log(0) = −inf: it begins here, the inputs are finite" in str(found)


def test_a_bad_leaf_is_named():
    x = Value(math.nan, label="x")
    assert "not finite: the leaf x is nan" in str(diagnose(x * 2))


def test_the_line_is_told_where_lines_are_recorded():
    with recorded_lines(), ieee_values():
        loss = log(Value(0.0, label="p"))
    assert "made by test_diagnose.py:" in str(diagnose(loss))
    assert 'loss = log(Value(0.0, label="p"))' in str(diagnose(loss))


def test_an_undefined_derivative_is_named():
    x = Value(0.0, label="x")
    root = x.sqrt()
    found = diagnose(root * 2)
    assert kinds(found) == ["undefined derivative"]
    assert found.findings[0].node is root
    assert "derivative of sqrt(x = 0)" in str(found)


def test_a_vanished_gradient_and_its_factor():
    y = Value(9.0, label="z")
    for _ in range(8):
        y = y.sigmoid() * 0.1
    found = diagnose(y)
    assert kinds(found) == ["vanished"]
    assert "mostly through ∂n1/∂z = 0.0001234, one of 16 factors of its heaviest" in str(found)


def test_an_exploded_gradient_and_its_factor():
    z = Value(1.0, label="z")
    found = diagnose(exp(z * 20) * 3)
    assert kinds(found) == ["exploded"]
    assert "∂n2/∂n1 = 4.852e+08" in str(found)


def test_a_gradient_beyond_all_numbers():
    z = Value(1.0, label="z")
    found = diagnose(z * 1e200 * 1e-200 * 1e200 * 1e-200)
    assert found.findings == (), "up and down again is fine"
    w = Value(1e-300, label="w")
    assert kinds(diagnose(w * 1e300 * 1e300)) == ["not finite"]


def test_dead_units_are_dead_for_every_sample():
    model = nn.MLP(1, [2, 1], seed=1)
    for p, number in zip(model.parameters(), [1, -5, 1, 0, 1, 1, 0], strict=True):
        p.data = float(number)
    inputs = [[1.0], [2.0], [-1.0]]
    found = diagnose(total([model.scores(x)[0] for x in inputs]))
    assert kinds(found) == ["dead"]
    assert "neuron 1 of layer 1 (hidden 1/neuron 1)" in str(found)
    assert "0 for all 3 samples" in str(found)
    alive = diagnose(total([model.scores(x)[0] for x in (*inputs, [7.0])]))
    assert alive.findings == ()


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_saturated_units(activation):
    model = nn.MLP(1, [2, 1], activation=activation, seed=1)
    for p, number in zip(model.parameters(), [0, 20, 1, 0, 1, 1, 0], strict=True):
        p.data = float(number)
    found = diagnose(total([model.scores([x])[0] for x in (0.1, 0.2)]))
    assert "saturated" in kinds(found)
    assert "neuron 1 of layer 1" in str(found)
    assert "for all 2 samples, s = 20 to 20" in str(found)
    assert "neuron 2" not in str(found)


def test_many_of_a_kind_are_counted():
    leaves = [Value(1.0, label=f"x{i}") for i in range(9)]
    text = str(diagnose(weighted_sum([1e-12] * 9, leaves)))
    assert text.count("vanished: ∂L/∂x") == 5
    assert "vanished: … and 4 more" in text


def test_nothing_is_changed():
    root = healthy()
    diagnose(root)
    assert all(node.grad == 0 for node in topological_order(root))


def test_a_deep_graph_is_no_trouble():
    y = Value(1.0)
    for _ in range(50_000):
        y = y * 1.0
    assert diagnose(y).findings == ()


def test_the_bundle_of_a_notebook():
    bundle = diagnose(Value(math.inf, label="<b>"))._repr_mimebundle_(include=None, exclude=None)
    assert list(bundle) == ["text/html", "text/plain"]
    assert "<b>" not in bundle["text/html"]


def test_bad_arguments_are_refused():
    with pytest.raises(TypeError, match=r"diagnose\(\) looks at the graph of a Value; got 3.0"):
        diagnose(3.0)


def test_of_many_vanished_gradients_the_smallest_come_first_with_their_factors():
    layers = [3] * 12 + [1]
    found = diagnose(nn.MLP(2, layers, activation="sigmoid", seed=1)([0.5, -1.0]))
    lost = [finding for finding in found.findings if finding.kind == "vanished"]
    texts = [finding.text for finding in lost]
    assert len(lost) > 5
    assert all("mostly through ∂" in text for text in texts[:5])
    assert not any("mostly" in text for text in texts[5:])
    sizes = [float(text.split(" = ")[1].split(",")[0].replace("−", "-")) for text in texts]
    assert sorted(map(abs, sizes)) == list(map(abs, sizes))
