"""Bugs really found in micrograd, its ports and relatives: each test says what must be true.

The number in a test's name is the trap's; where a room's own tests go deeper, here is the shortest
statement. µg is what karpathy/micrograd does.
"""

import copy
import gc
import math
import pickle
import re

import pytest

from autograd import Value, gradcheck, log, maximum, relu, topological_order, total
from nn import MLP, Adam, Layer, Neuron, cross_entropy, fit, load, mean_loss, save, softmax

DEEP = 1_000_000


@pytest.fixture(scope="module")
def deep_chain():
    y = x = Value(1.0)
    for _ in range(DEEP):
        y = y + 1
    return x, y


def test_trap_01_going_back_again_after_resetting_a_leaf_gives_the_same():
    x = Value(3.0)
    y = x * x * x
    y.backward()
    x.grad = 0.0
    y.backward()
    assert x.grad == 27  # µg: 45


def test_trap_02_leaves_accumulate_over_calls_and_inner_nodes_start_anew():
    x = Value(3.0)
    y = x * x * x
    y.backward()
    y.backward()
    assert x.grad == 54  # µg: 72


def test_trap_03_inner_nodes_may_be_used_again():
    a = Value(1.0)
    b = a + a
    c = b + b
    c.backward()
    assert (a.grad, b.grad) == (4, 2)


def test_trap_04_a_million_operations_in_a_row_need_no_recursion(deep_chain):
    x, y = deep_chain
    x.grad = 0.0
    y.backward()
    assert (y.data, x.grad) == (DEEP + 1, 1)
    assert "Value(data=1000001.0" in repr(y)
    assert "more" in y.tree()
    assert copy.copy(y).data == y.data
    again = pickle.loads(pickle.dumps(y))
    again.backward()
    assert (again.data, y.grad) == (DEEP + 1, 1)
    del again


def test_trap_05_sixty_doublings_are_done_at_once():
    x = y = Value(1.0)
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2**60


def test_trap_06_a_plus_a_has_two_parents():
    a = Value(3.0)
    assert (a + a).parents == (a, a)
    assert (a + a)._prev == (a, a)  # µg: {a}, drawn with one edge


def test_trap_07_the_order_of_nodes_is_the_same_in_two_runs():
    def ages():
        leaves = [Value(float(i)) for i in range(20)]
        order = topological_order(total(a * b for a in leaves for b in leaves))
        return [node.age - leaves[0].age for node in order]

    assert ages() == ages() == sorted(ages())


def test_trap_08_backward_takes_a_seed():
    x, y = Value(5.0), Value(10.0)
    (x * y + x).backward(5.0)
    assert (x.grad, y.grad) == (55, 25)


def test_trap_09_a_leaf_changed_after_the_forward_pass_is_noticed():
    x = Value(3.0, label="x")
    y = x * x
    x.data = 5.0
    with pytest.raises(RuntimeError, match=r"x = 5 was set after mul"):
        y.backward()  # µg: 10, which belongs to no state
    assert (x.grad, y.grad) == (0, 0)


def test_trap_10_a_deep_copy_has_its_own_gradients():
    x = Value(3.0)
    y = x * x
    twin = copy.deepcopy(y)
    twin.backward()
    assert (x.grad, twin.parents[0].grad) == (0, 6)  # µg: the copy's leaves stay at 0


def test_trap_11_values_and_networks_can_be_pickled():
    x = Value(3.0, label="x")
    y = pickle.loads(pickle.dumps(x * x))
    y.backward()
    assert (y.parents[0].label, y.parents[0].grad) == ("x", 6)
    model = MLP(2, [3, 1], seed=0)
    assert pickle.loads(pickle.dumps(model))([1.0, 2.0]).data == model([1.0, 2.0]).data


def test_trap_12_dropping_the_last_reference_frees_the_graph_without_the_collector():
    class Canary:
        freed = 0

        def __del__(self):
            Canary.freed += 1

    def graph():
        x = Value(1.0)
        x.canary = Canary()
        y = (x * 2).tanh() + x
        y.backward()

    gc.disable()
    try:
        graph()
        assert Canary.freed == 1
    finally:
        gc.enable()


def test_trap_13_the_gradient_of_every_node_can_be_reset():
    x = Value(3.0)
    y = x * x
    z = y * y
    z.backward()
    z.zero_grad()
    assert (x.grad, y.grad, z.grad) == (0, 0, 0)


@pytest.mark.parametrize("use", [
    lambda x: x + x, lambda x: x - x * 2, lambda x: x * x, lambda x: x / (x + 1), lambda x: x**x,
    lambda x: -x + x, lambda x: x.exp() + x, lambda x: x.log() + x, lambda x: x.tanh() * x,
    lambda x: relu(x) * x, lambda x: maximum(x, 1) * x, lambda x: total([x, x, x]),
])  # fmt: skip
def test_trap_14_every_operation_adds_to_the_gradient(use):
    assert gradcheck(use, 1.7)


def test_trap_15_cycles_cannot_be_made():
    c = first = Value(1.0)
    c += c
    c += c + 1
    order = topological_order(c)
    assert order[0] is first
    assert all(p.age < node.age for node in order for p in node.parents)


@pytest.mark.parametrize(("expression", "expected"), [
    (lambda v: sum([v, v]), 6), (lambda v: 1 + v, 4), (lambda v: 2 - v, -1),
    (lambda v: 2 / v, 2 / 3), (lambda v: 2**v, 8), (lambda v: v - 2, 1),
    (lambda v: v / 2, 1.5), (lambda v: 3 * v, 9),
])  # fmt: skip
def test_trap_16_numbers_may_stand_on_either_side(expression, expected):
    assert expression(Value(3.0)).data == pytest.approx(expected)


@pytest.mark.parametrize(("base", "exponent", "out", "slopes"), [
    (2, 3, 8, (12, 5.545177444479562)), (-2, -3, -0.125, (-0.1875, math.nan)),
])  # fmt: skip
def test_trap_17_both_base_and_exponent_may_be_values(base, exponent, out, slopes):
    a, b = Value(base), Value(exponent)
    c = a**b
    c.backward()
    assert (c.data, a.grad, b.grad) == pytest.approx((out, *slopes), nan_ok=True)


def test_trap_18_zero_to_the_power_of_zero_has_slope_zero():
    x = Value(0.0)
    (x**0).backward()
    assert x.grad == 0  # µg: ZeroDivisionError


def test_trap_19_a_root_of_a_negative_number_is_an_error_not_complex():
    with pytest.raises(ValueError, match=r"power\(-8, 0.333333\) is undefined.*whole exponents"):
        Value(-8.0) ** (1 / 3)  # µg: complex


def test_trap_20_numpy_scalars_become_python_floats():
    numpy = pytest.importorskip("numpy")
    for number in (numpy.float64(3), numpy.float32(3), numpy.int64(3), numpy.int8(3)):
        for v in (Value(number), Value(1.0) * number, number * Value(1.0), Value(3.0) ** number):
            assert type(v) is Value
            assert type(v.data) is float
    v = Value(1.0)
    v.data -= numpy.float64(0.5)
    assert type(v.data) is float


@pytest.mark.parametrize("use", [
    lambda v, a: v + a, lambda v, a: a + v, lambda v, a: v * a, lambda v, a: a * v,
    lambda v, a: a / v, lambda v, a: v**a, lambda v, a: a - v, lambda v, a: Value(a),
])  # fmt: skip
def test_trap_21_an_array_is_refused_on_either_side(use):
    numpy = pytest.importorskip("numpy")
    with pytest.raises(TypeError, match="one real number.*one Value for each element"):
        use(Value(1.0), numpy.array([1.0, 2.0]))


@pytest.mark.parametrize("data", ["a", None, [1], (1.0,), 1j, {}])
def test_trap_22_what_is_no_number_is_refused_with_advice(data):
    with pytest.raises(TypeError, match="one real number; got " + re.escape(repr(data))):
        Value(data)
    assert Value(Value(1)).data == 1  # a Value gives its number


def test_trap_23_a_value_behaves_like_its_number_and_equals_only_itself():
    v = Value(-1.26)
    assert (float(v), f"{v:.1f}", abs(v).data, round(v, 1)) == (-1.26, "-1.3", 1.26, -1.3)
    assert v < 0 < max(Value(1.0), v)
    assert v == v  # noqa: PLR0124 (identity is the point)
    assert v != Value(-1.26)
    assert len({v, v, Value(-1.26)}) == 2
    assert bool(v)
    assert not Value(0.0)


def test_trap_24_adding_in_place_makes_a_new_node():
    c = alias = Value(1.0)
    c += 1
    assert (c.data, alias.data) == (2, 1)


def test_trap_25_relu_is_flat_at_zero_and_does_not_hide_nan():
    x, y = Value(0.0), Value(math.nan)
    x.relu().backward()
    y.relu().backward()
    assert x.grad == 0
    assert math.isnan(y.relu().data)
    assert math.isnan(y.grad)  # µg: 0


@pytest.mark.parametrize(("use", "error"), [
    (lambda x: log(x - x), "log(0)"), (lambda x: 1 / (x - x), "div(1, 0)"),
    (lambda x: (x * 1000).exp(), "exp(1000)"),
    (lambda x: (x * 1e200) * 1e200, "mul(1e+200, 1e+200)"),
])  # fmt: skip
def test_trap_26_what_is_undefined_names_the_operation(use, error):
    with pytest.raises((ArithmeticError, ValueError), match=re.escape(error) + " is undefined"):
        use(Value(1.0))


def test_trap_27_nothing_overflows_that_need_not():
    for s in (-1000.0, 1000.0):
        for function in (Value.tanh, Value.sigmoid, Value.softplus):
            assert math.isfinite(function(Value(s)).data)
    assert softmax([1000.0, -1000.0]) == [1.0, 0.0]
    assert cross_entropy([Value(123.0), Value(456.0), Value(789.0)], 0).data == 666


@pytest.mark.parametrize("use", [
    lambda x, y: x - y, lambda x, y: -x * y, lambda x, y: abs(x) - abs(y),
    lambda x, y: (y * y).log() / x,
])  # fmt: skip
def test_trap_28_signs_of_slopes_are_right(use):
    assert gradcheck(use, 1.3, -0.7)


def test_trap_29_layers_of_one_neuron_may_follow_each_other():
    assert isinstance(MLP(2, [1, 1])([1.0, 2.0]), Value)  # µg: TypeError


@pytest.mark.parametrize("model", [Neuron(2), Layer(2, 3), MLP(2, [3, 1])], ids=repr)
def test_trap_30_a_wrong_number_of_inputs_is_refused(model):
    for x in ([1.0], [1.0, 2.0, 3.0]):
        with pytest.raises(ValueError, match=f"Got {len(x)} inputs"):
            model(x)  # µg: cut to the shorter


def test_trap_31_every_weight_has_a_random_number_of_its_own():
    weights = [p.data for p in MLP(4, [5, 3], seed=1).parameters() if p.label != "b"]
    assert len(set(weights)) == len(weights) == 35
    assert weights == [p.data for p in MLP(4, [5, 3], seed=1).parameters() if p.label != "b"]
    assert weights != [p.data for p in MLP(4, [5, 3], seed=2).parameters() if p.label != "b"]


@pytest.mark.parametrize("slope", [1e-3, 1.0, 1e3])
def test_trap_32_the_first_step_of_adam_has_the_size_of_the_learning_rate(slope):
    w = Value(1.0)
    (w * slope).backward()
    Adam([w], learning_rate=0.01).step()
    assert w.data == pytest.approx(0.99, abs=1e-6)


def test_trap_33_an_empty_batch_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        mean_loss("mse", [], [])
    with pytest.raises(ValueError, match="at least one"):
        fit(MLP(2, [1]), [], [])


def test_trap_34_activations_per_layer_saving_constants_and_no_torch(tmp_path):
    model = MLP(2, [3, 4, 1], activation=["tanh", "relu"], seed=0)
    ops = {node.op.name for node in topological_order(model([1.0, 2.0])) if node.op}
    assert ops == {"tanh", "relu", "weighted_sum"}
    save(model, tmp_path / "model.json")
    assert load(tmp_path / "model.json")([1.0, 2.0]).data == model([1.0, 2.0]).data
    x = Value(2.0)
    y = x * 3
    y.backward()
    assert (x.grad, y.parents[1].constant, y.parents[1].grad) == (3, True, 0)


def test_every_trap_of_engine_and_networks_has_its_test():
    numbers = [int(name[10:12]) for name in globals() if name.startswith("test_trap_")]
    assert numbers == list(range(1, 35))
