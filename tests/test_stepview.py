"""The step view: each frame shows the numbers of its step, and nothing that is not known yet."""

import json
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from random_graphs import recipes

import nn
from autograd import Value, log_sum_exp, look, show_steps, steps, tanh, topological_order, total
from autograd.stepview import StepView


def neuron():
    w, x, b = (Value(n, label=label) for n, label in ((0.5, "w"), (2.0, "x"), (-1.5, "b")))
    return tanh(w * x + b)


def after(view, last):
    """Return what each element shows after that frame."""
    shown = {}
    for frame in view.frames[: last + 1]:
        for key, attributes in frame.changes.items():
            shown.setdefault(key, {}).update(attributes)
    return shown


def texts(svg):
    """Return data-key to text of a picture."""
    return {
        element.attrib["data-key"]: element.text or ""
        for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
        if "data-key" in element.attrib
    }


def test_numbers_appear_when_they_are_known():
    root = neuron()
    view, order = show_steps(root), topological_order(root)
    index = {node: i for i, node in enumerate(order)}
    product, s = root.parents[0].parents[0], root.parents[0]
    first, forward, seed, end = (after(view, i) for i in (0, 2, 3, 6))
    assert first[f"d{index[product]}"]["text"] == "data 1"
    assert first[f"d{index[s]}"]["text"] == "data ·"
    assert {first[f"g{i}"]["text"] for i in range(len(order))} == {"grad ·"}
    assert forward[f"d{index[root]}"]["text"] == "data −0.4621"
    assert seed[f"g{index[root]}"]["text"] == "grad 1"
    assert seed[f"g{index[s]}"]["text"] == "grad 0"
    root.backward()
    for node, i in index.items():
        assert end[f"g{i}"]["text"] == f"grad {look.number(node.grad)}"


def test_the_active_box_its_inputs_and_edges_are_marked():
    root = neuron()
    index = {node: i for i, node in enumerate(topological_order(root))}
    s = root.parents[0]
    a, b = (index[x] for x in s.parents)
    marks = show_steps(root).frames[1].marks
    assert marks == {
        f"n{index[s]}": "active",
        f"n{a}": "near",
        f"n{b}": "near",
        f"e{a}-{index[s]}-0": "active",
        f"e{b}-{index[s]}-0": "active",
        f"l{a}-{index[s]}-0": "active",
        f"l{b}-{index[s]}-0": "active",
    }


def test_the_still_picture_shows_the_end():
    root = neuron()
    view = show_steps(root)
    shown = texts(view.svg)
    for key, attributes in after(view, len(view.frames) - 1).items():
        if "text" in attributes:
            assert shown[key] == attributes["text"]


def test_a_number_used_twice_keeps_two_edges():
    x = Value(3.0, label="x")
    view = show_steps(x * x)
    assert view.svg.count('class="edge"') == 2
    assert {"e0-1-0", "e0-1-1"} <= set(view.frames[-1].marks)


@settings(deadline=None, max_examples=40)
@given(recipes())
def test_every_key_of_a_frame_is_in_the_picture(recipe):
    root = recipe.run([Value(x) for x in recipe.leaves])[-1]
    view = show_steps(root)
    keys = set(re.findall(r'data-key="([^"]+)"', view.svg))
    assert {key for frame in view.frames for key in (*frame.changes, *frame.marks)} <= keys
    assert len(view.frames) == len(steps(root))
    set_by_the_first = set(view.frames[0].changes)
    leaves = {f"d{i}" for i, node in enumerate(topological_order(root)) if not node.op}
    assert set(after(view, len(view.frames))) <= set_by_the_first | leaves


def test_the_words_are_the_equations():
    root = neuron()
    for frame, step in zip(show_steps(root).frames, steps(root), strict=True):
        assert frame.text.split("\n")[1:] == step.lines
        assert frame.text.startswith(step.phase.replace("seed", "backward begins"))


def test_the_words_of_a_wide_step_are_cut():
    view = show_steps(total([Value(float(i), label=f"x{i}") for i in range(30)]))
    lines = view.frames[-1].text.split("\n")
    assert len(lines) == 13
    assert lines[-1] == "… and 19 more like these"


def test_a_breakpoint_ends_the_view():
    root = neuron()
    view = show_steps(root, until="tanh")
    assert len(view.frames) == 3
    assert "data −0.4621" in view.svg
    assert texts(view.svg)["g0"] == "grad ·"
    with pytest.raises(LookupError, match="until='q' holds for none of the"):
        show_steps(root, until="q")


def test_a_middling_graph_leaves_out_most_leaves():
    model = nn.MLP(4, [6, 6, 3], seed=1)
    root = model.loss(model.scores([0.5, -1.0, 0.3, 0.2]), [1, 0, 0])
    view = show_steps(root)
    order = topological_order(root)
    boxes = view.svg.count('class="card')
    assert f"{len(order)} values; {len(order) - boxes} leaves stand in the equations" in view.title
    assert boxes == sum(bool(node.op) for node in order) < 60 < len(order)
    assert "∂L/∂w₁₁³ += δ₁³ · x₁²" in view.text


def test_a_large_network_stands_still_and_says_what_to_do():
    model = nn.MLP(4, [30, 30, 3], seed=1)
    losses = [model.loss(model.scores([0.5, x, 0.3, 0.2]), [1, 0, 0]) for x in (0.0, 1.0, 2.0)]
    view = show_steps(total(losses))
    assert view.frames == ()
    assert "too many to step through in a picture (most: 150)" in str(view)
    assert "Step through the loss of one sample" in view.html()
    assert "<img" in view.html()
    assert "data-player" not in view.html()


def test_a_large_graph_without_neurons_says_what_to_do():
    x = Value(1.0, label="x")
    y = x
    for _ in range(500):
        y = y * x
    view = show_steps(y)
    assert (view.frames, view.svg) == ((), "")
    assert "501 values" in view.html()


@pytest.mark.parametrize(
    ("sizes", "hidden"), [([2, 2, 1], False), ([4, 4, 1], False), ([9, 7, 1], True)]
)
def test_local_derivatives_do_not_cover_each_other(sizes, hidden):
    model = nn.MLP(2, sizes, activation="tanh", seed=1)
    svg = ElementTree.fromstring(show_steps(model([0.5, -1.0])).svg)
    labels = [
        (float(text.attrib["x"]), float(text.attrib["y"]), text.attrib.get("display"))
        for text in svg.iter("{http://www.w3.org/2000/svg}text")
        if text.attrib["class"] == "local" and text.text
    ]
    assert {display for *_, display in labels} == {"none" if hidden else None}
    for i, (x, y, _) in enumerate(labels):
        near = [(a, b) for a, b, _ in labels[:i] if abs(x - a) < 39 and abs(y - b) < 10]
        assert hidden or not near


def test_labels_of_any_kind_are_escaped():
    nasty = Value(2.0, label="</script><b>\"'&{x}|\n🦉")
    view = show_steps(nasty * nasty)
    assert "<b>" not in view.svg
    assert "</script><b>" not in view.html()
    ElementTree.fromstring(view.svg)


def test_the_view_is_saved_as_a_page(tmp_path):
    view = show_steps(neuron())
    view.save(tmp_path / "steps.html")
    page = (tmp_path / "steps.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "backprop of L, step by step: 6 values" in page
    with pytest.raises(ValueError, match=r"steps.png'; a step view is a page: end it in .html"):
        view.save("steps.png")


def test_the_bundle_of_a_notebook():
    view = show_steps(neuron())
    bundle = view._repr_mimebundle_(include=None, exclude=None)
    assert list(bundle) == ["text/html", "text/plain"]
    assert bundle["text/plain"] == str(view)


def test_nothing_is_changed_and_two_runs_agree():
    root = neuron()
    one, two = show_steps(root), show_steps(root)
    assert one == two
    assert isinstance(one, StepView)
    assert all(node.grad == 0 for node in topological_order(root))


def test_a_leaf_alone_is_one_frame():
    assert len(show_steps(Value(2.0, label="x")).frames) == 1


def test_bad_arguments_are_refused():
    with pytest.raises(TypeError, match=r"show_steps\(\) shows the graph of a Value; got \[1.0\]"):
        show_steps([1.0])


def test_frames_can_be_written_as_json():
    json.dumps([[frame.text, frame.changes, frame.marks] for frame in show_steps(neuron()).frames])


@pytest.mark.parametrize(
    ("label", "shown"),
    [("", ["L", "log_sum_exp"]), ("prediction_error", ["predicti…", "log_…"])],
)
def test_a_name_and_its_operation_share_the_head_of_a_box(label, shown):
    root = log_sum_exp([Value(1.0, "a"), Value(2.0, "b")])
    root.label = label
    svg = ElementTree.fromstring(show_steps(root).svg)
    last = svg.findall("{http://www.w3.org/2000/svg}g[@data-key='n2']")[0]
    assert [text.text for text in last.iter("{http://www.w3.org/2000/svg}text")][:2] == shown
