"""Scopes: nodes remember where they were made."""

import threading

import pytest

from autograd import Value, scope, topological_order


def test_nodes_remember_the_path_of_scopes_they_were_made_in():
    outside = Value(1.0)
    with scope("hidden 1"):
        layer = Value(2.0)
        with scope("neuron 3"):
            node = (outside * layer + 5.0).tanh()
        after = layer * 2
    assert outside.scope == ""
    assert layer.scope == after.scope == "hidden 1"
    inside = [n for n in topological_order(node) if n not in (outside, layer)]
    assert {n.scope for n in inside} == {"hidden 1/neuron 3"}  # the constant 5 too
    assert Value(1.0).scope == ""


def test_a_scope_hands_out_its_path():
    with scope("a") as outer, scope("b") as inner:
        assert (outer, inner) == ("a", "a/b")


def test_a_scope_ends_with_its_block_also_after_an_error():
    with scope("a"):
        with pytest.raises(ZeroDivisionError), scope("b"):
            Value(1.0) / 0
        assert Value(1.0).scope == "a"
    assert Value(1.0).scope == ""


def test_a_scope_can_mark_a_function():
    @scope("loss")
    def loss(x):
        return x * x

    x = Value(2.0)
    assert loss(x).scope == loss(x).scope == "loss"
    with scope("model"):
        assert loss(x).scope == "model/loss"


def test_a_scope_holds_for_one_thread():
    seen = []
    with scope("a"):
        thread = threading.Thread(target=lambda: seen.append(Value(1.0).scope))
        thread.start()
        thread.join()
    assert seen == [""]


def test_backward_and_changed_data_leave_scopes_alone():
    with scope("a"):
        x = Value(2.0)
    y = x * x
    with scope("b"):
        y.backward()
        x.data = 3.0
    assert (x.scope, y.scope) == ("a", "")


def test_a_scope_needs_a_name():
    with pytest.raises(ValueError, match=r"needs a name, such as scope\('hidden 1'\)"), scope(""):
        pass
    assert Value(1.0).scope == ""
