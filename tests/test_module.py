"""Module: finding parameters, and the plain data that they are saved as."""

import copy
import json
import math
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value
from nn import MLP, SGD, Module, Neuron


class Line(Module):
    def __init__(self, slope=2.0, shift=-1.0):
        self.slope = Value(slope)
        self.shift = Value(shift)

    def __call__(self, x):
        return self.slope * x + self.shift


class Nested(Module):
    """Parameters wherever they may stand, among things that are none."""

    def __init__(self):
        self.name = "not a parameter"
        self.first = Value(1.0)
        self.rows = [[Value(2.0), Value(3.0)], (Value(4.0),)]
        self.line = Line(5.0, 6.0)
        self.parts = [Line(7.0, 8.0), [Line(9.0, 10.0)]]
        self.constant = Value(-1.0, constant=True)
        self.computed = self.first * 2
        self.mixed = [None, Value(11.0), "text", Value(-2.0, constant=True), 3.0]
        self.nothing = []


NAMES_AND_NUMBERS = [
    ("first", 1.0),
    ("rows[0][0]", 2.0),
    ("rows[0][1]", 3.0),
    ("rows[1][0]", 4.0),
    ("line.slope", 5.0),
    ("line.shift", 6.0),
    ("parts[0].slope", 7.0),
    ("parts[0].shift", 8.0),
    ("parts[1][0].slope", 9.0),
    ("parts[1][0].shift", 10.0),
    ("mixed[1]", 11.0),
]


def test_parameters_are_found_in_lists_and_modules_in_order():
    named = list(Nested().named_parameters())
    assert [(name, value.data) for name, value in named] == NAMES_AND_NUMBERS


def test_a_path_is_the_python_expression_that_leads_to_the_parameter():
    model = MLP(2, [3, 1], seed=0)
    for name, value in model.named_parameters():
        assert eval(f"model.{name}", {"model": model}) is value


def test_parameters_and_named_parameters_agree():
    module = Nested()
    assert module.parameters() == [value for _, value in module.named_parameters()]


def test_a_shared_parameter_comes_once_under_its_first_name():
    first, second = Line(), Line()
    second.shift = first.slope
    first.parts = [second, second]
    assert [name for name, _ in first.named_parameters()] == ["slope", "shift", "parts[0].slope"]


def test_a_shared_parameter_moves_once_and_its_gradients_add_up():
    module = Module()
    module.one, module.other = Line(3.0, 0.0), Line(3.0, 0.0)
    module.other.slope = module.one.slope
    (module.one(2.0) + module.other(5.0)).backward()
    SGD(module.parameters(), 0.1).step()
    assert module.one.slope.data == module.other.slope.data == pytest.approx(3.0 - 0.1 * 7.0)


def test_constants_and_computed_values_are_no_parameters():
    module = Nested()
    assert not {module.constant, module.computed, module.mixed[3]} & set(module.parameters())


def test_a_module_without_parameters_has_an_empty_state():
    assert Module().parameters() == []
    assert Module().state() == {}
    Module().load_state({})


def test_zero_grad_reaches_every_parameter():
    module = Nested()
    for parameter in module.parameters():
        parameter.grad = 7.0
    module.zero_grad()
    assert [parameter.grad for parameter in module.parameters()] == [0.0] * 11


def test_a_subclass_of_the_user_trains():
    line = Line()
    optimizer = SGD(line.parameters(), 0.05)
    for _ in range(1000):
        line.zero_grad()
        ((line(1.0) - 4.0) ** 2 + (line(3.0) - 8.0) ** 2).backward()
        optimizer.step()
    assert line.slope.data == pytest.approx(2.0, abs=1e-9)  # the line through (1, 4) and (3, 8)
    assert line.shift.data == pytest.approx(2.0, abs=1e-9)


# --- state -----------------------------------------------------------------------------------


def test_state_is_named_like_the_attributes():
    assert Nested().state() == {
        "first": 1.0,
        "rows": [[2.0, 3.0], [4.0]],
        "line": {"slope": 5.0, "shift": 6.0},
        "parts": [{"slope": 7.0, "shift": 8.0}, [{"slope": 9.0, "shift": 10.0}]],
        "mixed": [11.0],
    }


def test_state_is_a_copy():
    line = Line()
    state = line.state()
    line.slope.data = 100.0
    assert state["slope"] == 2.0


finite = st.floats(allow_nan=False, allow_infinity=False)


@settings(deadline=None)
@given(st.lists(finite, min_size=11, max_size=11))
def test_state_survives_json_to_the_bit(numbers):
    source, target = Nested(), Nested()
    for parameter, number in zip(source.parameters(), numbers, strict=True):
        parameter.data = number
    target.load_state(json.loads(json.dumps(source.state())))
    loaded = [parameter.data for parameter in target.parameters()]
    assert list(map(repr, loaded)) == list(map(repr, numbers))  # repr tells -0.0 from 0.0


def test_load_state_keeps_the_parameters_themselves():
    line = Line()
    before = line.parameters()
    line.load_state({"slope": 5, "shift": 6.0})
    assert line.parameters() == before
    assert type(line.slope.data) is float


def changed(path, value):
    """Return a Nested's state with the part at `path` replaced."""
    state = Nested().state()
    *way, last = path
    part = state
    for step in way:
        part = part[step]
    part[last] = value
    return state


def without(key):
    state = Nested().state()
    del state[key]
    return state


BAD_STATES = [  # what is wrong, the state, what the message says
    ("no dict", [1.0], r"^the state should have the parts \['first', .*\]; got list"),
    ("None", None, "^the state should have the parts .*; got NoneType"),
    ("a part missing", without("line"), r"^the state should have the parts .*'line'.*; got \["),
    ("a part left over", changed(["extra"], 1.0), "^the state should have .*'extra'"),
    ("keys of two kinds", changed([1], 1.0), "^the state should have the parts"),
    ("a missing inner part", changed(["line"], {"slope": 1.0}), r"^line should have the parts"),
    ("an inner part no dict", changed(["line"], 3.0), "^line should have .*; got float"),
    ("a list too short", changed(["rows", 0], [2.0]), r"^rows\[0\] should be a list of 2 .*1 part"),
    (
        "a list too long",
        changed(["rows"], [[], [], []]),
        "^rows should be a list of 2 parts; got 3",
    ),
    ("no list", changed(["rows", 1], 4.0), r"^rows\[1\] should be a list of 1 parts?; got float"),
    ("text as list", changed(["rows", 1], "4"), r"^rows\[1\] should be a list .*; got str"),
    ("text", changed(["first"], "1.0"), "^first should be a finite number; got '1.0'"),
    ("None as number", changed(["parts", 1, 0, "shift"], None), r"^parts\[1\]\[0\]\.shift .* None"),
    ("True", changed(["line", "shift"], True), r"^line\.shift should be a finite .*; got True"),
    ("nan", changed(["rows", 0, 1], math.nan), r"^rows\[0\]\[1\] .* got nan"),
    ("inf", changed(["mixed", 0], math.inf), r"^mixed\[0\] .* got inf"),
    ("a list for a number", changed(["first"], [1.0]), r"^first .* got \[1\.0\]"),
    ("a whole number beyond floats", changed(["first"], 10**400), "^first should be a finite"),
]


@pytest.mark.parametrize(("state", "message"), [row[1:] for row in BAD_STATES],
                         ids=[row[0] for row in BAD_STATES])  # fmt: skip
def test_a_state_that_does_not_fit_is_refused_by_its_path_and_changes_nothing(state, message):
    module = Nested()
    with pytest.raises(ValueError, match=message):
        module.load_state(state)
    assert module.state() == Nested().state()


def test_the_last_number_may_be_wrong_and_still_nothing_has_changed():
    model = MLP(3, [4, 2], seed=0)
    before, state = model.state(), MLP(3, [4, 2], seed=1).state()
    state["layers"][-1]["neurons"][-1]["b"] = math.nan
    with pytest.raises(
        ValueError, match=r"^layers\[1\]\.neurons\[1\]\.b should be a finite number"
    ):
        model.load_state(state)
    assert model.state() == before


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_is_equal_and_lives_by_itself(twin):
    original = MLP(2, [3, 2], activation=["tanh"], head="softmax", seed=0)
    copied = twin(original)
    x = [0.5, -1.5]
    assert [p.data for p in copied(x)] == [p.data for p in original(x)]
    copied(x)[0].backward()
    assert any(p.grad for p in copied.parameters())
    assert not any(p.grad for p in original.parameters())
    assert [p.label for p in copied.parameters()] == [p.label for p in original.parameters()]


def test_setting_an_attribute_later_makes_it_a_parameter():
    neuron = Neuron(1, seed=0)
    neuron.gain = Value(1.0)
    assert [name for name, _ in neuron.named_parameters()] == ["w[0]", "b", "gain"]


def test_parameters_are_found_in_dicts_too():
    class Table(Module):
        def __init__(self):
            self.rows = {"a": Value(1.0), 2: [Value(2.0), None], "text": "none"}

    table = Table()
    assert [name for name, _ in table.named_parameters()] == ["rows['a']", "rows[2][0]"]
    assert table.state() == {"rows": {"a": 1.0, "2": [2.0]}}
    table.load_state({"rows": {"a": 3.0, "2": [4.0]}})
    assert [p.data for p in table.parameters()] == [3.0, 4.0]
