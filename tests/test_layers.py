"""Neurons and layers: weighted sums, their gradients, and the names that they give to nodes."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numeric import slopes_of

from autograd import Value, scope, tanh, topological_order, total
from nn import MLP, Layer, Neuron


def sample(n, seed=0):
    rng = random.Random(seed)
    return [rng.uniform(-2, 2) for _ in range(n)]


def with_biases(module, seed=1):
    """Return the module with biases other than 0, so that a forgotten bias shows."""
    rng = random.Random(seed)
    for name, parameter in module.named_parameters():
        if name.endswith("b"):
            parameter.data = rng.uniform(-1, 1)
    return module


small = st.floats(-100, 100)


@settings(deadline=None)
@given(st.lists(st.tuples(small, small), min_size=1, max_size=6), small)
def test_a_linear_neuron_is_a_scalar_product_and_a_bias(weights_and_inputs, bias):
    weights, inputs = map(list, zip(*weights_and_inputs, strict=True))
    neuron = Neuron(len(weights), activation="linear")
    neuron.load_state({"w": weights, "b": bias})
    wanted = math.fsum([*(w * x for w, x in zip(weights, inputs, strict=True)), bias])
    assert neuron(inputs).data == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("activation", ["linear", "relu", "leaky_relu", "tanh", "softplus"])
@pytest.mark.parametrize("nin", [1, 2, 7])
def test_a_neurons_gradients_agree_with_finite_differences(activation, nin):
    neuron = with_biases(Neuron(nin, activation=activation, seed=nin))
    x = [Value(number) for number in sample(nin)]
    neuron(x).backward()
    leaves = [*neuron.parameters(), *x]
    grads = [leaf.grad for leaf in leaves]
    assert grads == pytest.approx(slopes_of(leaves, lambda: neuron(x).data), abs=1e-8)


def test_a_layers_gradients_agree_with_finite_differences():
    layer = with_biases(Layer(3, 4, activation="tanh", seed=2))
    x = [Value(number) for number in sample(3)]

    def output():
        return total([out * out for out in layer(x)])

    output().backward()
    leaves = [*layer.parameters(), *x]
    grads = [leaf.grad for leaf in leaves]
    assert grads == pytest.approx(slopes_of(leaves, lambda: output().data), abs=1e-8)


def test_micrograds_switch_makes_a_neuron_linear():
    linear = Neuron(2, nonlin=False, seed=0)
    assert linear([-3.0, -3.0]).op.name == "weighted_sum"
    assert Neuron(2, seed=0)([-3.0, -3.0]).op.name == "relu"
    assert [n.activation for n in Layer(2, 2, nonlin=False).neurons] == [linear.activation] * 2


def test_the_weighted_sum_is_one_node_with_a_slot_for_each_weight_input_and_the_bias():
    neuron, x = Neuron(2, activation="linear", seed=0), [Value(1.0), Value(2.0)]
    assert neuron(x).parents == (*neuron.w, *x, neuron.b)


def test_numbers_as_inputs_are_constants_without_gradient():
    out = Layer(2, 1, activation="tanh", seed=0)([0.5, 1.5])[0]
    out.backward()
    constants = [node for node in topological_order(out) if node.constant]
    assert [node.data for node in constants] == [0.5, 1.5]
    assert [node.grad for node in constants] == [0.0, 0.0]


def test_inputs_are_made_once_for_all_neurons_of_a_layer():
    outs = Layer(2, 3, seed=0)([0.5, 1.5])
    assert len([n for n in topological_order(total(outs)) if n.constant]) == 2


def test_a_layer_returns_a_list_also_of_one():
    outs = Layer(2, 1, seed=0)([1.0, 2.0])
    assert isinstance(outs, list)
    assert len(outs) == 1


def test_rows_of_numpy_arrays_are_samples():
    numpy = pytest.importorskip("numpy")
    layer, x = Layer(3, 2, activation="tanh", seed=0), sample(3)
    by_list = [out.data for out in layer(x)]
    assert [out.data for out in layer(numpy.array(x))] == by_list
    weights = numpy.array([neuron["w"] for neuron in layer.state()["neurons"]])
    assert by_list == pytest.approx(list(numpy.tanh(weights @ numpy.array(x))), abs=1e-12)


@pytest.mark.parametrize("x", [[], [1.0], [1.0, 2.0, 3.0]])
@pytest.mark.parametrize("make", [lambda: Neuron(2), lambda: Layer(2, 3)])
def test_a_sample_of_another_length_is_refused(make, x):
    with pytest.raises(ValueError, match=rf"Got {len(x)} inputs\b.* 2 weights"):
        make()(x)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Neuron(0), "A neuron needs at least one input; got nin=0"),
        (lambda: Neuron(-1), "got nin=-1"),
        (lambda: Layer(0, 2), "A neuron needs at least one input; got nin=0"),
        (lambda: Layer(2, 0), "A layer needs at least one neuron; got nout=0"),
        (lambda: Neuron(2, activation="none"), "No activation is named 'none'"),
        (lambda: Layer(2, 2, init="none"), "No initializer is named 'none'"),
    ],
)
def test_impossible_sizes_and_names_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# --- names for pictures ----------------------------------------------------------------------


def test_parameters_are_labelled_as_in_the_lecture_and_know_their_place():
    layer = Layer(2, 2, name="hidden 1", seed=0)
    assert [(p.label, p.scope) for p in layer.parameters()] == [
        (label, f"hidden 1/neuron {j}") for j in (1, 2) for label in ("w1", "w2", "b")
    ]


def scopes_of(*outputs):
    """Return (scope, operation) of all computed nodes, in order."""
    nodes = topological_order(total(outputs))[:-1]
    return [(node.scope, node.op.name) for node in nodes if node.op]


def test_a_layers_nodes_know_their_neuron():
    layer = Layer(1, 2, activation="tanh", name="hidden 1", seed=0)
    assert scopes_of(*layer([1.0])) == [
        (f"hidden 1/neuron {j}", op) for j in (1, 2) for op in ("weighted_sum", "tanh")
    ]


def test_the_scope_around_a_call_comes_first():
    layer = Layer(1, 1, activation="tanh", name="hidden 1", seed=0)
    with scope("left twin"):
        outs = layer([1.0])
    assert {place for place, _ in scopes_of(*outs)} == {"left twin/hidden 1/neuron 1"}


def test_a_neuron_alone_has_the_scope_of_its_name_or_none():
    named, nameless = Neuron(1, name="judge", seed=0), Neuron(1, seed=0)
    assert [place for place, _ in scopes_of(named([1.0]))] == ["judge", "judge"]
    assert [place for place, _ in scopes_of(nameless([1.0]))] == ["", ""]


def test_every_node_of_an_activation_of_several_operations_knows_its_neuron():
    layer = Layer(1, 1, activation=lambda s: s * tanh(s) + 1, name="hidden 1", seed=0)
    assert scopes_of(*layer([1.0])) == [
        ("hidden 1/neuron 1", op) for op in ("weighted_sum", "tanh", "mul", "add")
    ]


def test_a_networks_layers_have_names():
    out = MLP(1, [1, 2, 1], activation="tanh", head="sigmoid", seed=0)([1.0])
    assert list(dict.fromkeys(place for place, _ in scopes_of(out))) == [
        "hidden 1/neuron 1",
        "hidden 2/neuron 1",
        "hidden 2/neuron 2",
        "output/neuron 1",
        "head",
    ]


def test_texts():
    assert repr(Neuron(3)) == "Neuron(3 inputs, relu)"
    assert repr(Layer(1, 2, activation="tanh")) == (
        "Layer of [Neuron(1 inputs, tanh), Neuron(1 inputs, tanh)]"
    )

    def swish(s):
        return s * s.sigmoid()

    assert repr(Neuron(2, activation=swish)) == "Neuron(2 inputs, swish)"
