"""The network picture: the model's own numbers, legible at every size."""

import re
from xml.etree import ElementTree

import pytest

import nn
from autograd import Value, look, mul, network_of, topological_order, total
from nn import network


def small():
    return nn.MLP(2, [3, 1], seed=1)


def words(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter() if element.text]


def test_units_hold_the_numbers_of_the_graph():
    model = small()
    loss = model.loss(model.scores([0.5, -1.0]), 1.0)
    loss.backward()
    view = network_of(loss)
    assert [len(layer) for layer in view.layers] == [2, 3, 1]
    assert [unit.x for unit in view.layers[0]] == [0.5, -1.0]
    for layer, units in zip(model.layers, view.layers[1:], strict=True):
        for neuron, unit in zip(layer.neurons, units, strict=True):
            assert unit.weights == tuple(w.data for w in neuron.w)
            assert unit.weight_gradients == tuple(w.grad for w in neuron.w)
            assert (unit.bias, unit.bias_gradient) == (neuron.b.data, neuron.b.grad)
            assert unit.delta == neuron.b.grad, "dL/db is the lecture's delta"
    assert view.root == f"L = {look.number(loss.data)}"


def test_many_samples_are_told_as_means():
    model = small()
    inputs = [[0.5, -1.0], [1.5, 1.0], [1.0, 3.0]]
    view = network_of(total([model.scores(x)[0] for x in inputs]))
    assert view.samples == 3
    assert [unit.x for unit in view.layers[0]] == [1.0, 1.0]
    outputs = [model.scores(x)[0].data for x in inputs]
    assert view.layers[2][0].x == pytest.approx(sum(outputs) / 3)
    assert "means over 3 samples" in view.caption


def test_without_backward_the_caption_says_so():
    model, x = small(), [0.5, -1.0]
    assert "no gradient yet: backward() has not run" in network(model, x).caption
    assert "no gradient yet" not in network(model, x, 1.0).caption


def test_lines_carry_sign_twice_and_gradients_as_tooltips():
    model = nn.MLP(1, [2, 1], seed=1)
    for p, number in zip(model.parameters(), [2, 0, -1, 0, 0.5, -2, 0], strict=True):
        p.data = float(number)
    svg = network(model, [1.0], 0.0).svg()
    lines = ElementTree.fromstring(svg).findall("{http://www.w3.org/2000/svg}line")
    dashed = {line[0].text.split(",")[0]: "stroke-dasharray" in line.attrib for line in lines}
    assert dashed == {"w₁₁¹ = 2": False, "w₁₂¹ = −1": True, "w₁₁² = 0.5": False, "w₂₁² = −2": True}
    colours = {line.attrib["stroke"] for line in lines}
    assert colours == {look.POSITIVE, look.NEGATIVE}
    assert "w₁₁² = 0.5, gradient 4" in [line[0].text for line in lines], "2 (1 − 0) · 2"
    widths = {line[0].text.split(" ")[0]: float(line.attrib["stroke-width"]) for line in lines}
    assert widths["w₁₁¹"] > widths["w₁₂¹"]


SIZES = [  # inputs, layers, samples, most bytes
    (2, [3, 1], 1, 8_000),
    (4, [8, 8, 3], 2, 60_000),
    (64, [32, 10], 1, 400_000),
    (100, [60, 60, 10], 2, 400_000),
]


@pytest.mark.parametrize(("nin", "nouts", "samples", "most"), SIZES)
def test_pictures_of_every_size_are_well_formed_and_small(nin, nouts, samples, most):
    model = nn.MLP(nin, nouts, seed=1)
    root = total([model.scores([0.1 * i] * nin)[0] for i in range(samples)])
    for output in model.scores([1.0] * nin)[1:]:
        root = root + output
    view = network_of(root)
    svg = view.svg()
    ElementTree.fromstring(svg)
    assert len(svg) < most
    assert [len(layer) for layer in view.layers] == [nin, *nouts]
    hidden = [f"… {n - 40} more" for n in (nin, *nouts) if n > 40]
    assert [text for text in words(svg) if text.startswith("…")] == hidden


def test_weights_of_an_image_are_images():
    model = nn.MLP(6, [3, 2], seed=1)
    view = network(model, [0, 1, 2, 3, 4, 5], image_shape=(2, 3))
    svg = ElementTree.fromstring(view.svg())
    images = svg.findall("{http://www.w3.org/2000/svg}image")
    assert len(images) == 1 + 3
    first = model.layers[0].neurons[0].w
    largest = max(abs(w.data) for w in first)
    weights = [w.data for w in first]
    assert images[1].attrib["href"] == look.signed_png([weights[:3], weights[3:]], largest)
    lines = svg.findall("{http://www.w3.org/2000/svg}line")
    assert len(lines) == 3 * 2, "the images stand for the first layer's lines"
    assert any("images: the inputs, and the weights" in text for text in words(view.svg()))


MODELS = [nn.LogisticRegression(2), nn.LinearRegression(2), nn.Perceptron(2), small()]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_every_model_has_a_picture_and_stays_as_it_is(model):
    for i, p in enumerate(model.parameters()):
        p.grad = float(i)
    before = [(p.data, p.grad) for p in model.parameters()]
    view = network(model, [0.5, -1.0], 1)
    assert view.root.startswith("loss = ")
    with pytest.raises(ValueError, match="inputs"):
        network(model, [0.5])
    assert [(p.data, p.grad) for p in model.parameters()] == before


def test_the_text_lists_the_units():
    lines = str(network(small(), [0.5, -1.0], 1.0)).splitlines()
    assert lines[0] == "2–3–1; loss = 3.278"
    assert lines[1:4] == ["layer 0", "  x₁⁰ = 0.5", "  x₂⁰ = −1"]
    assert lines[-1].startswith("  x₁² = −0.8105, s = −0.8105, δ = −3.621, b = 0, w = (−0.7227,")
    many = str(network(nn.MLP(50, [1], seed=1)))
    assert "  … 10 more" in many
    assert "0.1, …" not in many


def test_the_bundle_of_a_notebook():
    view = network(small(), [0.5, -1.0], 1.0)
    bundle = view._repr_mimebundle_(include=None, exclude=None)
    assert list(bundle) == ["text/html", "text/plain"]
    assert "alt=" in bundle["text/html"]
    assert bundle == network(small(), [0.5, -1.0], 1.0)._repr_mimebundle_()


def test_labels_are_escaped():
    root = mul(small().scores([0.5, -1.0])[0], 2.0)
    root.label = '<script>"&'
    ElementTree.fromstring(network_of(root).svg())
    assert "<script>&" not in network_of(root)._repr_mimebundle_()["text/html"]


def test_nothing_is_changed():
    loss = small().scores([0.5, -1.0])[0]
    network_of(loss).svg()
    assert all(node.grad == 0 for node in topological_order(loss))


REFUSED = [
    (lambda: network_of(3.0), TypeError, r"network_of\(\) shows the network in a Value's graph"),
    (lambda: network_of(Value(3.0) * 2), ValueError, "There is no neuron in this graph"),
    (lambda: network(3.0), TypeError, r"network\(\) shows a model such as an MLP; got 3.0"),
    (lambda: network(small(), image_shape=(2, 2)), ValueError, r"\(2, 2\), but there are 2 inputs"),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED)
def test_bad_arguments_are_refused(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_outputs_have_names_and_those_below_0_a_dashed_line():
    model = nn.MLP(2, [3, 2], seed=1)
    view = network(model, [1.0, 1.0], names=["a < b", "a very long name of a class"])
    svg = view.svg()
    assert "a &lt; b</text>" in svg
    assert "a very long name of…</text>" in svg
    assert "w = (" in str(view)
    assert "(a < b)" in str(view)
    below = sum(unit.x < 0 for layer in view.layers for unit in layer)
    assert below > 0
    assert len(re.findall(r"<circle [^>]*stroke-dasharray", svg)) == below
    assert network(model, [1.0, 1.0], names=["one"]).names == ()  # not as many as outputs
