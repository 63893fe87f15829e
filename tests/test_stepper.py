"""The passes as records: the same numbers as the engine, readable, with breakpoints."""

import pytest
from hypothesis import given, settings
from random_graphs import recipes

import nn
from autograd import (
    Value,
    define,
    ieee_values,
    log,
    mul,
    steps,
    tanh,
    topological_order,
    total,
    weighted_sum,
)
from autograd.ops import OPS
from autograd.stepper import gradients


def lecture_graph():
    w, x, b = (Value(n, label=label) for n, label in ((0.5, "w"), (2.0, "x"), (-1.0, "b")))
    s = w * x + b
    s.label = "s"
    loss = (tanh(s) - 1) ** 2
    loss.label = "loss"
    return loss, w, x, b


TRANSCRIPT = """
   0  forward   n1 = w · x = 0.5 · 2 = 1
   1  forward   s = n1 + b = 1 + (−1) = 0
   2  forward   n2 = tanh(s) = tanh(0) = 0
   3  forward   n3 = n2 − 1 = 0 − 1 = −1
   4  forward   loss = n3^2 = (−1)^2 = 1
   5  seed      ∂loss/∂loss = 1
   6  backward  ∂loss/∂n3 += ∂loss/∂loss · (2 · n3) = 1 · −2 = −2
   7  backward  ∂loss/∂n2 += ∂loss/∂n3 · 1 = −2 · 1 = −2
   8  backward  ∂loss/∂s += ∂loss/∂n2 · (1 − n2 · n2) = −2 · 1 = −2
   9  backward  ∂loss/∂n1 += ∂loss/∂s · 1 = −2 · 1 = −2
                ∂loss/∂b += ∂loss/∂s · 1 = −2 · 1 = −2
  10  backward  ∂loss/∂w += ∂loss/∂n1 · x = −2 · 2 = −4
                ∂loss/∂x += ∂loss/∂n1 · w = −2 · 0.5 = −1
"""


def test_the_transcript_reads_like_a_blackboard():
    lines = [line.strip() for line in str(steps(lecture_graph()[0])).splitlines()]
    assert lines == [line.strip() for line in TRANSCRIPT.strip().splitlines()]


@settings(deadline=None, max_examples=60)
@given(recipes())
def test_the_numbers_are_those_of_backward(recipe):
    leaves = [Value(x) for x in recipe.leaves]
    root = recipe.run(leaves)[-1]
    order = topological_order(root)
    records, found = steps(root), gradients(order)
    assert all(node.grad == 0 for node in order), "reading changes nothing"
    root.backward()
    for node in order:
        if not node.constant:
            assert found[node] == pytest.approx(node.grad, rel=1e-14)  # sums in another order
    last = {share.parent: share.total for step in records for share in step.shares}
    for node, grad in last.items():
        assert grad == pytest.approx(node.grad, rel=1e-14)
    for step in records:
        if step.phase == "backward":
            assert step.upstream == step.node.grad
            for share in step.shares:
                assert share.product == share.local * step.upstream
                assert share.total == share.before + share.product


@settings(deadline=None, max_examples=30)
@given(recipes())
def test_every_step_of_every_operation_can_be_written(recipe):
    for step in steps(recipe.run([Value(x) for x in recipe.leaves])[-1]):
        assert str(step).startswith(step.phase)
        assert len(step.lines) == max(1, len(step.shares))


def test_steps_come_forward_then_seed_then_backward():
    loss = lecture_graph()[0]
    phases = [step.phase for step in steps(loss)]
    assert phases == ["forward"] * 5 + ["seed"] + ["backward"] * 5
    assert [s.node for s in steps(loss)[:5]] == [s.node for s in reversed(steps(loss)[6:])]
    assert steps(loss)[0].op is mul


def test_shares_that_meet_are_added():
    x = Value(3.0, label="x")
    backward = steps(x * x - x)[-1]
    assert backward.lines == [
        "∂L/∂x += ∂L/∂n1 · x = 1 · 3 = 3;  −1 + 3 = 2",
        "∂L/∂x += ∂L/∂n1 · x = 1 · 3 = 3;  2 + 3 = 5",
    ]


def test_earlier_gradients_of_leaves_do_not_count():
    loss, w, *_ = lecture_graph()
    loss.backward()
    loss.backward()
    assert w.grad == -8.0
    assert gradients(topological_order(loss))[w] == -4.0


def test_a_zero_passes_nothing_on_and_says_so():
    x = Value(-2.0, label="x")
    records = steps((x * 3).relu() * 2)
    assert records[-1].shares == ()
    assert records[-1].lines == ["∂L/∂n1 = 0: nothing flows on"]


def test_a_network_is_told_in_the_letters_of_the_lecture():
    model = nn.MLP(2, [2, 1], seed=1)
    text = str(steps(model.scores([1.0, 2.0])[0] ** 2))
    assert "δ₁² += ∂L/∂L · (2 · s₁²)" in text
    assert "∂L/∂w₂₁² += δ₁² · x₂¹" in text
    assert "δ₁¹ += ∂L/∂x₁¹ · " in text


def test_a_long_sum_is_shortened_but_every_share_is_told():
    ws = [Value(float(i), label=f"w{i}") for i in range(9)]
    s = weighted_sum(ws, [1.0] * 9, Value(-1.0, label="b"))
    forward, _, backward = steps(s)
    assert "w3 · 1 + b + … (5 more products)" in forward.lines[0]
    assert forward.lines[0].endswith("= 35")
    assert len(backward.lines) == 10
    assert "(the first 12 of 18)" in steps(total(ws * 2))[0].lines[0]


def test_an_operation_of_the_user_has_steps():
    cube = define("cube_of_user", lambda x: x**3, lambda x, _out: (3 * x**2,))
    del OPS["cube_of_user"]
    forward, _, backward = steps(cube(Value(2.0, label="x")))
    assert forward.lines == ["L = cube_of_user(x) = cube_of_user(2) = 8"]
    assert backward.lines == ["∂L/∂x += ∂L/∂L · (3 · x^2) = 1 · 12 = 12"]


def test_constants_get_nothing():
    two = Value(2.0, constant=True)
    assert [step.upstream for step in steps(two)] == [0.0]
    assert steps(two * 3.0)[-1].lines == ["all inputs are constants"]


def test_a_leaf_is_one_step():
    assert [str(step) for step in steps(Value(2.0, label="x"))] == ["seed      ∂x/∂x = 1"]


def test_a_derivative_that_is_undefined_raises_as_in_the_engine():
    with ieee_values():
        y = log(Value(0.0, label="x"))
    with pytest.raises(ArithmeticError) as of_engine:
        y.backward()
    with pytest.raises(ArithmeticError) as of_steps:
        steps(y)
    assert str(of_steps.value) == str(of_engine.value)


BREAKPOINTS = [  # until, index of the first step where it holds
    ("s", 1),
    ("tanh", 2),
    ("n3", 3),
    ("w", 10),
    (tanh, 2),
    (lambda step: step.phase == "backward", 6),
    (lambda step: abs(step.upstream) > 1.5, 7),
]


@pytest.mark.parametrize(("until", "index"), BREAKPOINTS)
def test_breakpoints(until, index):
    loss = lecture_graph()[0]
    assert len(steps(loss, until=until)) == index + 1
    session = steps(loss)
    assert session.next(until=until) is session[index]
    assert session.at == index


def test_a_node_is_a_breakpoint():
    loss, w, *_ = lecture_graph()
    assert len(steps(loss, until=w)) == 11
    assert len(steps(loss, until=loss)) == 5


def test_the_cursor_goes_forth_and_back():
    session = steps(lecture_graph()[0])
    assert session.next() is session[1]
    assert session.next("tanh") is session[2]
    assert session.next("tanh") is session[8], "the backward step of the same node"
    assert session.back() is session[7]
    assert session.back(lambda step: step.phase == "forward") is session[4]
    assert "▶   4  forward" in str(session)


def test_a_breakpoint_that_never_holds_says_so_and_nothing_moves():
    session = steps(lecture_graph()[0])
    session.next()
    with pytest.raises(LookupError, match="until='q' holds for none of the 9 steps after step 1"):
        session.next(until="q")
    with pytest.raises(LookupError, match=r"It may be a name \(n1, s, n2, n3, loss, b, w, x\)"):
        session.back(until="q")
    assert session.at == 1
    session.back()
    with pytest.raises(LookupError, match="There is no step before step 0 of 11"):
        session.back()
    with pytest.raises(LookupError, match="until='q' holds for none"):
        steps(lecture_graph()[0], until="q")


def test_bad_arguments_are_refused():
    with pytest.raises(TypeError, match=r"steps\(\) goes through the graph of a Value; got 3.0"):
        steps(3.0)
    with pytest.raises(TypeError, match="until is 7; it must be a name, an operation, a node"):
        steps(lecture_graph()[0], until=7)


def test_a_deep_graph_is_no_trouble():
    x = Value(1.0, label="x")
    y = x
    for _ in range(20_000):
        y = y + 1.0
    assert steps(y)[-1].shares[0].parent is x
