"""Names of nodes: labels, the lecture's letters in neurons, each name once."""

import pytest

import nn
from autograd import Value, scope, topological_order, weighted_sum
from autograd.notation import Notation, indexed

INDEXED = [
    (("s", 1, 2), "s₂¹"),
    (("w", 2, 1, 3), "w₁₃²"),
    (("w", 12, 10, 3), "w₁₀,₃¹²"),
    (("x", 0, 4), "x₄⁰"),
    (("x", 1, 11), "x₁₁¹"),
]


@pytest.mark.parametrize(("arguments", "expected"), INDEXED)
def test_indices_stand_where_the_lecture_puts_them(arguments, expected):
    assert indexed(*arguments) == expected


def named(root):
    nodes = topological_order(root)
    notation = Notation(nodes)
    return [notation.name(node) for node in nodes]


x, w = Value(2.0, label="x"), Value(3.0, label="w")

NAMES = [  # root, names in topological order
    (x * w + 1, ["x", "w", "n1", "1", "L"]),
    (Value(2.0), ["L"]),
    (Value(2.0) * Value(4.0), ["v1", "v2", "L"]),
    (Value(1.0, label="x") + Value(2.0, label="x"), ["x (1)", "x (2)", "L"]),
    (Value(2.5, label="rate", constant=True) * x, ["x", "rate", "L"]),
    (Value(1.0, label="a\nb" + "c" * 40) ** 2, ["a b" + "c" * 16 + "…", "2", "L"]),
]


@pytest.mark.parametrize(("root", "expected"), NAMES)
def test_names(root, expected):
    assert sorted(named(root)) == sorted(expected)
    assert named(root)[-1] == "L"


def test_a_labelled_root_keeps_its_label():
    loss = x * w
    loss.label = "loss"
    notation = Notation(topological_order(loss))
    assert notation.gradient(w) == "∂loss/∂w"
    loss.label = "my loss"
    assert Notation(topological_order(loss)).gradient(w) == "∂(my loss)/∂w"


def test_every_name_is_given_once():
    model = nn.MLP(3, [4, 4, 2], seed=1)
    root = sum((score**2 for score in model.scores([1.0, 2.0, 3.0])), Value(0.0, label="n1"))
    nodes = [node for node in topological_order(root) if not node.constant]
    notation = Notation(topological_order(root))
    names = [notation.name(node) for node in nodes]
    assert len(set(names)) == len(names)


def test_a_network_gets_the_letters_of_the_lecture():
    model = nn.MLP(2, [2, 1], seed=1)
    out = model.scores([0.5, -1.0])[0]
    loss = out * out
    notation = Notation(topological_order(loss))
    assert [(run.layer, run.index) for run in notation.neurons] == [(1, 1), (1, 2), (2, 1)]
    second, last = notation.neurons[1], notation.neurons[2]
    assert notation.name(second.s) == "s₂¹"
    assert notation.name(second.x) == "x₂¹"
    assert [notation.name(weight) for weight in second.weights] == ["w₁₂¹", "w₂₂¹"]
    assert notation.name(second.bias) == "b₂¹"
    assert notation.gradient(second.s) == "δ₂¹"
    assert notation.gradient(second.x) == "∂L/∂x₂¹"
    assert notation.gradient(second.weights[0]) == "∂L/∂w₁₂¹"
    assert notation.local(second.x, second.s) == "∂x₂¹/∂s₂¹"
    assert last.x is last.s is out, "the last layer of this network is linear"
    assert last.inputs == tuple(run.x for run in notation.neurons[:2])
    assert [node.data for node in second.inputs] == [0.5, -1.0]


def test_a_weighted_sum_outside_a_neuron_is_an_ordinary_node():
    with scope("somewhere/else"):
        root = weighted_sum([w], [x], 1.0)
    assert Notation(topological_order(root)).neurons == []


def test_a_neuron_without_a_bias():
    with scope("layer/neuron 1"):
        s = weighted_sum([w], [x])
    (run,) = Notation(topological_order(s.tanh())).neurons
    assert (run.bias, run.weights, run.inputs) == (None, (w,), (x,))
