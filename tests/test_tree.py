"""The text tree: what a line says, what is drawn once, and where it stops."""

import gc
import re

import pytest
from hypothesis import given, settings
from random_graphs import recipes

from autograd import Value, define, scope, tanh, topological_order, total, weighted_sum
from autograd.tree import tree

NO_GRADIENT = "no gradient yet: backward() has not run"


def lecture_graph():
    a, b, c, f = (
        Value(x, label=label) for x, label in ((2.0, "a"), (-3.0, "b"), (10.0, "c"), (-2.0, "f"))
    )
    e = a * b
    d = e + c
    root = d * f
    e.label, d.label, root.label = "e", "d", "L"
    return root


def test_a_line_says_label_operation_number_and_grad():
    root = lecture_graph()
    root.backward()
    assert tree(root).splitlines() == [
        "L: mul = -8, grad 1",
        "├─ d: add = 4, grad -2",
        "│  ├─ e: mul = -6, grad -2",
        "│  │  ├─ a = 2, grad 6",
        "│  │  └─ b = -3, grad -4",
        "│  └─ c = 10, grad -2",
        "└─ f = -2, grad 4",
    ]


def test_before_backward_it_says_so_once():
    lines = tree(lecture_graph()).splitlines()
    assert lines[0] == "L: mul = -8"
    assert lines[-1] == NO_GRADIENT
    assert not any("grad" in line for line in lines[:-1])


def test_a_gradient_anywhere_in_the_graph_is_shown():
    root = lecture_graph()
    x = topological_order(root)[0]
    x.grad = 1e-300
    text = tree(root, max_lines=1)
    assert text.splitlines()[0] == "L: mul = -8, grad 0"
    assert NO_GRADIENT not in text
    assert "a = 2, grad 1e-300" in tree(root)


def test_unnamed_leaves_and_constants():
    with scope("hidden"):
        y = Value(1.5) * 2 + Value(3.0, label="x", constant=True)
    assert tree(y).splitlines() == [
        "add = 6",
        "├─ mul = 3",
        "│  ├─ leaf = 1.5",
        "│  └─ 2",
        "└─ x = 3, constant",
        NO_GRADIENT,
    ]
    y.backward()
    assert tree(y).splitlines()[3:] == ["│  └─ 2", "└─ x = 3, constant"]


def test_a_constant_alone_misses_no_gradient():
    assert tree(Value(2.0, constant=True)) == "2"
    assert tree(Value(2.0)) == f"leaf = 2\n{NO_GRADIENT}"


def test_what_was_shown_is_not_expanded_again():
    x = Value(3.0, label="x")
    square = x * x
    y = square + square
    y.backward()
    assert tree(y).splitlines() == [
        "add = 18, grad 1",
        "├─ mul = 9, grad 2",
        "│  ├─ x = 3, grad 12",
        "│  └─ x = 3 (shown above)",
        "└─ mul = 9 (shown above)",
    ]


def test_a_weighted_sum_pairs_weights_and_inputs():
    w = [Value(0.5, label="w1"), Value(-1.0, label="w2"), Value(2.0, label="w3")]
    h = tanh(Value(0.0, label="z"))
    s = weighted_sum(w, [Value(3.0, label="x"), 4.0, h], bias=Value(0.25, label="b"))
    s.backward()
    assert tree(s).splitlines() == [
        "weighted_sum = -2.25, grad 1",
        "├─ w1 = 0.5, grad 3  ·  x = 3, grad 0.5",
        "├─ w2 = -1, grad 4  ·  4",
        "├─ w3 = 2, grad 0  ·  tanh = 0, grad 2",
        "│  └─ z = 0, grad 2",
        "└─ b = 0.25, grad 1",
    ]


def test_a_weighted_sum_of_inner_nodes_gives_each_its_line():
    h = Value(2.0, label="x") * 3
    assert tree(weighted_sum([h], [h])).splitlines()[:-1] == [
        "weighted_sum = 36",
        "├─ mul = 6",
        "│  ├─ x = 2",
        "│  └─ 3",
        "└─ mul = 6 (shown above)",
    ]
    x = Value(2.0, label="x")
    assert tree(weighted_sum([x], [x])).splitlines()[1] == "└─ x = 2  ·  x = 2 (shown above)"


def test_thirty_three_inputs_take_eighteen_lines():
    w = [Value(0.1 * i, label=f"w{i}") for i in range(16)]
    x = [Value(0.01 * i, label=f"x{i}") for i in range(16)]
    s = weighted_sum(w, x, bias=Value(1.0, label="b"))
    s.backward()
    lines = tree(s).splitlines()
    assert len(lines) == 18
    assert lines[16] == "├─ w15 = 1.5, grad 0.15  ·  x15 = 0.15, grad 1.5"


def test_it_stops_after_max_lines_and_says_what_is_left():
    lines = tree(lecture_graph(), max_lines=3).splitlines()
    assert lines == [
        "L: mul = -8",
        "├─ d: add = 4",
        "│  ├─ e: mul = -6",
        "… and 4 more nodes; to go on: tree(max_lines=6)",
        NO_GRADIENT,
    ]
    assert "… and 1 more node; to go on: tree(max_lines=12)" in tree(lecture_graph(), max_lines=6)
    assert "more" not in tree(lecture_graph(), max_lines=7)


def test_it_stops_at_max_depth_and_says_what_is_left():
    assert tree(lecture_graph(), max_depth=1).splitlines() == [
        "L: mul = -8",
        "├─ d: add = 4 …",
        "└─ f = -2",
        "… and 4 more nodes; to go on: tree(max_depth=3)",
        NO_GRADIENT,
    ]
    assert "more" not in tree(lecture_graph(), max_depth=3)
    assert tree(lecture_graph(), max_depth=0).splitlines()[0] == "L: mul = -8 …"


def test_following_the_advice_shows_everything():
    x = Value(1.0)
    for _ in range(100):
        x = x + 1
    limits = {"max_lines": 60, "max_depth": 20}
    for _ in range(10):
        text = tree(x, **limits)
        if "to go on" not in text:
            break
        limits |= {name: int(n) for name, n in re.findall(r"(max_\w+)=(\d+)", text)}
    assert len(text.splitlines()) == 202


def test_a_node_cut_off_may_be_expanded_where_it_comes_again():
    x = Value(1.0, label="x")
    h = tanh(x)
    y = total([tanh(h), h])
    assert tree(y, max_depth=2).splitlines()[:-1] == [
        "total = 1.404",
        "├─ tanh = 0.642",
        "│  └─ tanh = 0.7616 …",
        "└─ tanh = 0.7616",
        "   └─ x = 1",
    ]


def test_only_repetitions_may_be_left():
    x = Value(1.0, label="x")
    assert "… and nodes shown above; to go on: tree(max_lines=4)" in tree(x + x, max_lines=2)


def test_digits():
    y = Value(1 / 3, label="y")
    assert tree(y).startswith("y = 0.3333\n")
    assert tree(y, digits=2).startswith("y = 0.33\n")
    assert tree(y, digits=16).startswith("y = 0.3333333333333333\n")


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("a\nb", r"a\nb"),
        ("a\tb\x1b[0m", r"a\tb\x1b[0m"),
        ("вес ├─ <b>", "вес ├─ <b>"),
        ("w" * 100, "w" * 39 + "…"),
    ],
)
def test_a_label_stays_on_its_line_and_short(label, shown):
    assert tree(Value(1.0, label=label)).splitlines()[0] == f"{shown} = 1"


def test_operations_of_the_user_are_drawn(monkeypatch):
    monkeypatch.setattr("autograd.ops.OPS", {})
    cube = define("cube", lambda x: x**3, lambda x, _out: (3 * x**2,))
    assert tree(cube(Value(2.0, label="x"))).splitlines()[:2] == ["cube = 8", "└─ x = 2"]


@given(recipes())
@settings(deadline=None)
def test_every_node_is_drawn_and_expanded_once(recipe):
    root = recipe.run([Value(x) for x in recipe.leaves])[-1]
    nodes = topological_order(root)
    for i, node in enumerate(nodes):
        if node.op or not node.constant:
            node.label = f"node {i}"
    text = tree(root, max_lines=10_000, max_depth=10_000)
    drawn = re.findall(r"(node \d+)(?:: \w+)? = \S+?( \(shown above\))?(?:  ·|\n)", text)
    assert sorted(label for label, again in drawn if not again) == sorted(
        node.label for node in nodes if node.label
    )
    assert text == tree(root, max_lines=10_000, max_depth=10_000)
    short = tree(root, max_lines=5, max_depth=2).splitlines()
    assert len(short) <= 7


def long_chain():
    x = Value(1.0)
    for _ in range(1_000_000):
        x = -x
    return x


def doublings():
    x = Value(1.0)
    for _ in range(60):
        x = x + x
    return x


def wide():
    return total([Value(1.0)] * 1_000_000)


@pytest.mark.parametrize(
    ("build", "left"), [(long_chain, "999,980"), (doublings, "40"), (wide, "nodes shown above")]
)
def test_large_graphs_are_drawn_in_part(build, left):
    gc.disable()
    try:
        lines = tree(build()).splitlines()
    finally:
        gc.enable()
    assert len(lines) <= 62
    assert max(map(len, lines)) <= 100
    assert lines[-2].startswith(f"… and {left}")


def test_bad_arguments_are_refused():
    x = Value(1.0)
    with pytest.raises(TypeError, match=r"tree\(\) draws the graph of a Value; got 3.0"):
        tree(3.0)
    for name, bad, least in (("max_lines", 0, 1), ("max_depth", -1, 0), ("digits", 0, 1)):
        with pytest.raises(ValueError, match=f"{name} is {bad}, but tree.. needs {least}"):
            tree(x, **{name: bad})


def test_it_works_as_a_method(monkeypatch):
    monkeypatch.setattr(Value, "tree", tree, raising=False)
    assert lecture_graph().tree(max_lines=1).startswith("L: mul = -8\n…")
