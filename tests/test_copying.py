"""copy, deepcopy and pickle keep what a graph is, at any depth; dropping a graph frees it."""

import copy
import gc
import io
import pickle
import subprocess
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import OPS, Value, define, scope, tanh, topological_order, weighted_sum
from autograd.copying import _saved

MILLION = 1_000_000


def by_pickle(thing, protocol=pickle.HIGHEST_PROTOCOL):
    return pickle.loads(pickle.dumps(thing, protocol))


def by_plain_pickle(thing):
    """The pickler that is written in Python, which reads ahead further than the one in C."""
    file = io.BytesIO()
    pickle._Pickler(file).dump(thing)
    return pickle.loads(file.getvalue())


ROUTES = [copy.deepcopy, by_pickle, by_plain_pickle]
every_route = pytest.mark.parametrize("send", ROUTES, ids=lambda send: send.__name__)


def chain(x, length):
    for _ in range(length):
        x = -x
    return x


@contextmanager
def no_cycle_collector():
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def described(*roots):
    """What must survive: every node's state, and its parents by number, in order of finding."""
    number, found = {}, list(roots)
    for node in found:
        if node not in number:
            number[node] = len(number)
            found += node.parents
    return [
        (
            node.data,
            node.grad,
            node.label,
            node.scope,
            node.constant,
            node.op,
            user_attributes(node),
        )
        + tuple(number[parent] for parent in node.parents)
        for node in number
    ]


def user_attributes(node):
    return {name: value for name, value in vars(node).items() if name != "written"}


def small_graph():
    with scope("hidden"), scope("neuron 1"):
        w = [Value(0.5, label="w1"), Value(-2.0, label="w2")]
        x = [Value(3.0, label="x", constant=True), 4.0]
        h = tanh(weighted_sum(w, x, bias=Value(0.1)))
    h.label = "h"
    y = (h + h) * w[0] - 1
    y.backward()
    w[0].m, w[0].v = 0.25, [1, 2]
    h.note = {"seen": True}
    return y


@every_route
def test_everything_about_a_graph_survives(send):
    y = small_graph()
    twin = send(y)
    assert twin is not y
    assert described(twin) == described(y)
    assert [x.data for x in topological_order(twin)] == [x.data for x in topological_order(y)]
    assert not set(topological_order(twin)) & set(topological_order(y))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_pickle_protocol_works(protocol):
    y = small_graph()
    assert described(by_pickle(y, protocol)) == described(y)


@every_route
def test_leaves_survive_alone(send):
    x = Value(1.5, label="x")
    x.grad, x.m = 2.0, "mine"
    twin = send(x)
    assert (twin.data, twin.grad, twin.label, twin.m, twin.op) == (1.5, 2.0, "x", "mine", None)
    assert send(Value(1.0, constant=True)).constant


@every_route
def test_backward_on_the_copy_fills_its_own_leaves_only(send):
    x = Value(3.0, label="x")
    twin = send(x * x * x)
    twin.backward()
    (leaf,) = [node for node in topological_order(twin) if not node.op]
    assert (leaf.grad, x.grad) == (27.0, 0.0)


@every_route
@pytest.mark.parametrize("reverse", [False, True])
def test_leaves_and_inner_nodes_stay_shared(send, reverse):
    x = Value(2.0)
    h = x * x
    things = [x, h, h + 1, SimpleNamespace(parameters=[x], loss=h * 3)]
    things = send(things[::-1])[::-1] if reverse else send(things)
    new_x, new_h, y, model = things
    assert new_h.parents == (new_x, new_x)
    assert y.parents[0] is new_h
    assert model.loss.parents[0] is new_h
    assert model.parameters[0] is new_x
    model.loss.backward()
    assert (new_x.grad, new_h.grad) == (12.0, 3.0)


@every_route
def test_a_node_used_twice_keeps_both_slots(send):
    a = Value(1.0)
    twin = send(a + a)
    assert len(twin.parents) == 2
    assert twin.parents[0] is twin.parents[1]
    twin.backward()
    assert twin.parents[0].grad == 2.0


@every_route
def test_the_copy_can_grow(send):
    x = Value(2.0)
    new_x, new_y = send([x, x * x])
    z = new_y * new_x + Value(1.0)
    assert all(parent.age < node.age for node in topological_order(z) for parent in node.parents)
    z.backward()
    assert new_x.grad == 12.0


graphs = st.lists(
    st.tuples(st.sampled_from(["add", "mul", "sub"]), st.integers(0, 99), st.integers(0, 99)),
    min_size=1,
    max_size=25,
)


@pytest.mark.parametrize("send", [copy.deepcopy, by_pickle], ids=lambda send: send.__name__)
@given(recipe=graphs, picked=st.lists(st.integers(0, 99), min_size=1, max_size=4))
def test_any_graph_arrives_as_it_was(send, recipe, picked):
    nodes = [Value(0.5), Value(-1.25, label="b"), Value(2.0, constant=True)]
    for name, i, j in recipe:
        nodes.append(OPS[name](nodes[i % len(nodes)], nodes[j % len(nodes)]))
    roots = [nodes[i % len(nodes)] for i in picked]
    twins = send(roots)
    assert described(*twins) == described(*roots)  # what roots share they still share
    everything = topological_order(weighted_sum(twins, twins))
    assert all(parent.age < node.age for node in everything for parent in node.parents)


@pytest.mark.parametrize("length", [998, 999, 1000, 1001, 1999, 2000, 2001])
@every_route
def test_no_length_is_special(send, length):
    # A pickler asks for nodes in batches of 1000.
    assert len(topological_order(send(chain(Value(1.0), length)))) == length + 1


@every_route
def test_attributes_may_refer_to_the_graph(send):
    x = Value(2.0)
    y = chain(x, 3000)
    x.result, y.parents[0].ends = y, [x, y]
    for root in (x, y):
        new_x = send(SimpleNamespace(root=root)).root
        new_x = new_x if root is x else topological_order(new_x)[0]
        assert topological_order(new_x.result)[0] is new_x
        assert new_x.result.parents[0].ends == [new_x, new_x.result]


@every_route
def test_a_failed_copy_leaves_nothing_behind(send):
    x = Value(2.0)
    y = chain(x, 3000)
    x.stream = (i for i in [])  # neither pickles nor copies
    with pytest.raises(TypeError, match="generator"):
        send(y)
    del x.stream
    assert len(topological_order(send(y))) == 3001
    assert not _saved.nodes


def test_a_pickle_is_read_by_another_program():
    x = Value(3.0, label="x")
    program = "import pickle, sys; y = pickle.load(sys.stdin.buffer); y.backward(); print(y.x.grad)"
    y = x * x
    y.x = x
    result = subprocess.run(
        [sys.executable, "-c", program], input=pickle.dumps(y), capture_output=True, check=True
    )
    assert float(result.stdout) == 6.0


def test_operations_of_the_user_travel_by_name(monkeypatch):
    monkeypatch.setitem(OPS, "cube", None)  # so that the table is as before in the end
    cube = define("cube", lambda x: x**3, lambda x, _: (3 * x**2,))
    y = cube(Value(2.0))
    pickled = pickle.dumps(y)
    assert pickle.loads(pickled).op is cube
    assert copy.deepcopy(y).op is cube
    monkeypatch.delitem(OPS, "cube")
    with pytest.raises(KeyError, match=r"No operation is named 'cube'; run its define"):
        pickle.loads(pickled)


def test_copy_makes_one_node_with_the_same_parents():
    y = small_graph()
    twin = copy.copy(y.parents[0])
    assert twin is not y.parents[0]
    assert twin.parents == y.parents[0].parents
    assert described(twin) == described(y.parents[0])
    assert twin.age > y.age
    x = y.parents[0].parents[1]
    x.m = []
    other = copy.copy(x)
    assert other is not x
    assert (other.label, other.data, other.m) == (x.label, x.data, x.m)
    assert other.m is x.m  # as copy.copy does with every object


def test_copy_keeps_labels_apart():
    h = Value(1.0) + 1
    h.label = "h"
    twin = copy.copy(h)
    assert twin.label == "h"
    twin.label = "other"
    assert h.label == "h"


@pytest.mark.parametrize("send", [*ROUTES, copy.copy], ids=lambda send: send.__name__)
def test_a_changed_leaf_is_noticed_in_the_copy(send):
    x = Value(3.0, label="x")
    y = x * x
    x.data = 4.0
    for twin in (send(y), send(send(y))):
        with pytest.raises(RuntimeError, match="was set after mul"):
            twin.backward()


@pytest.mark.parametrize("send", [*ROUTES, copy.copy], ids=lambda send: send.__name__)
def test_a_changed_inner_node_is_noticed_in_the_copy(send):
    y = Value(3.0) * 2
    y.data = 4.0
    with pytest.raises(RuntimeError, match="was set after mul"):
        send(y).backward()


@every_route
def test_a_leaf_changed_before_its_use_is_not_suspected(send):
    x = Value(3.0)
    x.data = 4.0
    y = x * x
    twin = send(y)
    twin.backward()
    assert twin.parents[0].grad == 8.0
    assert twin.parents[0].written == 0


@every_route
def test_only_what_was_changed_is_suspected(send):
    x, z = Value(3.0), Value(2.0)
    y = x * z
    x.data = 4.0
    new_x, new_z = send(y).parents
    assert new_x.written > 0
    assert new_z.written == 0


@every_route
def test_only_the_stale_graph_is_stale(send):
    x = Value(3.0)
    stale = x * x
    x.data = 4.0
    fresh = x * x
    for order in ([stale, fresh], [fresh, stale]):
        by_data = {root.data: root for root in send(order)}
        by_data[16.0].backward()
        with pytest.raises(RuntimeError, match="was set after"):
            by_data[9.0].backward()


@pytest.mark.parametrize(
    ("send", "length"),
    [(copy.deepcopy, MILLION), (by_pickle, 300_000)],  # test_traps pickles a million
    ids=["deepcopy", "pickle"],
)
def test_long_chains_travel(send, length):
    with no_cycle_collector():
        x = Value(1.0)
        y = chain(x, length)
        assert copy.copy(y).parents == y.parents
        new_x, node = send([x, y])
        found = 0
        while node.op:
            (node,) = node.parents
            found += 1
        assert found == length
        assert node is new_x


def live_values():
    """Every object refers to its class: the class's reference count counts objects."""
    return sys.getrefcount(Value)


def wide(x, count):
    return weighted_sum([-x for _ in range(count // 2)], [-x for _ in range(count // 2)])


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="counts references")
@pytest.mark.parametrize("build", [chain, wide])
def test_dropping_the_last_reference_frees_a_million_nodes(build):
    x = Value(0.0)
    with no_cycle_collector():
        before = live_values()
        root = build(x, MILLION)
        assert live_values() - before >= MILLION
        del root
        assert live_values() == before


@every_route
def test_copies_are_freed_by_reference_counting_too(send):
    y = small_graph()
    with no_cycle_collector():
        before = live_values()
        twin = send(y)
        assert live_values() > before
        del twin
        assert live_values() == before


def test_a_backward_pass_leaves_no_cycles():
    x = Value(0.5)
    with no_cycle_collector():
        before = live_values()
        root = tanh(x) * x + x
        root.backward()
        del root
        assert live_values() == before
