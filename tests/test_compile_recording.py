"""What recording refuses, each time naming the user's line and the cure; and what it keeps."""

import copy
import functools
import math
import pickle
import random
import subprocess
import sys
import threading
from contextvars import copy_context

import numpy as np
import pytest

import autograd
from autograd import (
    RecordingError,
    Value,
    compile,
    derive,
    gradients,
    maximum,
    pick,
    record,
    topological_order,
    weighted_sum,
    where,
)
from autograd.compile.recording import graph_of
from nn import MLP, Dropout, training_mode

w = Value(2.0, label="w")
TABLE = [10.0, 20.0, 30.0]

ASKING = {  # functions that look at a number
    "data": lambda x: w * x.data,
    "data of a parameter": lambda x: w.data * x,
    "bool": lambda x: w if x else -w,
    "not": lambda x: w if not x else -w,
    "and": lambda x: w * (x and 1.0),
    "float": lambda x: w * float(x),
    "int": lambda x: w * int(x),
    "round": lambda x: w * round(x),
    "below": lambda x: w if x < 1 else -w,
    "above": lambda x: w if x <= 2 else -w,
    "equal": lambda x: w if x == 1 else -w,
    "unequal": lambda x: w if x != 1.0 else -w,
    "equal to numpy's": lambda x: w if x == np.int64(1) else -w,
    "equal to another": lambda x: w if x == w else -w,
    "computed and equal": lambda x: w if 2 * x - 1 == 0 else -w,
    "in": lambda x: w if x in (0, 1) else -w,
    "max": lambda x: w * max(x, 0.0),
    "min": lambda x: w * min(0.0, x),
    "sorted": lambda x: sorted([w, x])[0],
    "math": lambda x: w * math.exp(x),
    "floor": lambda x: w * math.floor(x),
    "format": lambda x: w * len(f"{x:.2f}"),
    "numpy array": lambda x: w * np.array([x], dtype=float)[0],
    "copy": lambda x: w * copy.copy(x),
    "deepcopy": lambda x: w * copy.deepcopy(x),
    "pickle": lambda x: w * pickle.loads(pickle.dumps(x)),
    "a new Value": lambda x: w * Value(x),
}


def raised(function, *sample, settings=None):
    """Return the message with which recording refuses a function, the place taken off."""
    with pytest.raises(RecordingError) as caught:
        record(function, [sample, sample], settings or {})
    return str(caught.value)


@pytest.mark.parametrize("name", ASKING)
def test_asking_for_a_number_is_refused_and_names_line_and_cure(name):
    text = raised(ASKING[name], 1.0)
    assert text.startswith("test_compile_recording.py:")
    assert ": lambda x: " in text, "the line of the function is quoted"
    assert "a number was asked of a Value" in text
    assert "where, maximum, minimum, abs, sign, step or pick" in text


def test_the_line_is_that_of_the_function_below_which_it_happened():
    def helper(x):
        return x * 2 if x > 0 else x  # HERE

    def function(x):
        return helper(w * x)

    text = raised(function, 1.0)
    assert "return x * 2 if x > 0 else x  # HERE" in text


INDEXING = {
    "a list": lambda x: w * TABLE[x],
    "a slice": lambda x: sum(TABLE[:x], w),
    "range": lambda x: sum((w for _ in range(x)), w),
    "repeating": lambda x: sum([w].__mul__(x)),
}


@pytest.mark.parametrize("name", INDEXING)
def test_an_index_or_a_count_is_refused_and_pick_is_the_cure(name):
    text = raised(INDEXING[name], 1.0)
    assert text.startswith("test_compile_recording.py:")
    assert "a Value can't be an index or a count" in text
    assert "pick(values, index)" in text


LABELS = {1.0: 5.0}


@functools.lru_cache
def looked_up(x):
    return w * x


LOOKING_UP = {  # each would take the default, since no other node is this one
    "a dict": lambda x: w * LABELS[x],
    "get": lambda x: w * LABELS.get(x, 1.0),
    "get of what was computed": lambda x: w * LABELS.get(x + 1.0, 1.0),
    "of a product with a parameter": lambda x: w * LABELS.get(w * x, 1.0),
    "of a weighted sum": lambda x: LABELS.get(weighted_sum([w, w], [x, 1.0], w), w),
    "of parameters alone": lambda x: LABELS.get(w * w, x),
    "in a dict": lambda x: w if x in LABELS else -w,
    "in a set": lambda x: w if x in {1.0, 2.0} else -w,
    "in a frozenset": lambda x: w if abs(x) in frozenset([1.0]) else -w,
    "setdefault": lambda x: w * {}.setdefault(x, 1.0),
    "a tuple as key": lambda x: w * LABELS.get((x, 1), 1.0),
    "lru_cache": lambda x: looked_up(x),
    "hash": lambda x: w * hash(x),
    "an order": lambda x: topological_order(w * x)[-1],
}


@pytest.mark.parametrize("name", LOOKING_UP)
def test_what_is_looked_up_by_a_number_is_refused(name):
    text = raised(LOOKING_UP[name], 1.0)
    assert text.startswith("test_compile_recording.py:")
    assert "a Value was looked up: as a key of a dict, in a set, by lru_cache" in text
    assert "give what was found as an argument, or choose by pick or where" in text


def test_parameters_may_be_looked_up():
    names, rates = {w: "w"}, {}

    def function(x):
        return w * x * len(names[w]) * rates.setdefault(w, 2.0) + (w if w in {w} else x)

    for _ in range(2):
        graph, _ = record(function, [(1.0,), (2.0,)], {})
        assert list(graph.leaves.values()) == [w]


def test_what_was_recorded_is_a_value_afterwards():
    kept = []
    record(lambda x: kept.append(w * x) or w * x, [(3.0,)], {})
    node = kept[0]
    assert {node: 1}[node] == 1
    assert node.data == 6.0
    assert repr(node) == "Value(data=6.0, grad=0.0)"
    assert copy.deepcopy(node).parents[1].data == 3.0
    assert pickle.loads(pickle.dumps(node)).data == 6.0
    assert type(copy.copy(node)) is Value
    assert node.local_derivatives() == [3.0, 2.0]
    w.grad = 0.0
    node.backward()
    assert w.grad == 3.0
    node.propagate()
    assert w.grad == 6.0
    w.grad = 0.0
    with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
        range(node)
    with pytest.raises(TypeError):
        node % 2
    with pytest.raises(AttributeError, match="'Value' object has no attribute 'is_integer'"):
        node.is_integer()
    assert type(w * 2.0) is Value


def test_what_another_thread_computes_meanwhile_is_its_own():
    found, inside, done = [], threading.Event(), threading.Event()

    def other():
        inside.wait()
        found.append(Value(2.0) * 3.0)
        done.set()

    thread = threading.Thread(target=other)
    thread.start()

    def function(x):
        inside.set()
        done.wait()
        return w * x

    record(function, [(1.0,)], {})
    thread.join()
    assert type(found[0]) is Value
    assert found[0].data == 6.0


def swallowing(ask, kinds=TypeError):
    """Return a function that goes on with a number of its own where asking is refused."""

    def function(x):
        try:
            return w * ask(x)  # ASKED
        except kinds:
            return w * 1.0

    return function


SWALLOWED = {  # what asks; the error that is caught; the words of the refusal
    "data": (lambda x: x.data, TypeError, "a number was asked of a Value"),
    "bool": (lambda x: 1.0 if x else 2.0, TypeError, "a number was asked of a Value"),
    "equality": (lambda x: 1.0 if x == 1 else 2.0, TypeError, "a number was asked of a Value"),
    "dict": (lambda x: LABELS[x], (KeyError, TypeError), "a Value was looked up"),
    "index": (lambda x: TABLE[x], (TypeError, IndexError), "can't be an index or a count"),
    "count": (lambda x: len(range(x)), TypeError, "can't be an index or a count"),
    "rest": (lambda x: x % 2, TypeError, "floats have mod, and Values don't"),
    "floor": (lambda x: 7 // x, TypeError, "floats have floordiv, and Values don't"),
    "divmod": (lambda x: divmod(x, 2)[1], TypeError, "floats have divmod, and Values don't"),
    "method": (lambda x: float(x.is_integer()), AttributeError, "no attribute 'is_integer'"),
    "getattr": (lambda x: getattr(x, "real", 1.0), Exception, "no attribute 'real'"),
    "backward": (lambda x: (w * x).backward() or 1.0, Exception, r"backward() gives numbers"),
    "derivatives": (lambda x: (w * x).local_derivatives()[0], TypeError, "backward() gives"),
    "propagate": (lambda x: (w * x).propagate() or 1.0, TypeError, "backward() gives numbers"),
    "gradients": (lambda x: gradients([w, w * x])[w], TypeError, "backward() gives numbers"),
    "domain": (lambda x: autograd.log(x - 1.0), ValueError, "log(0) is undefined"),
    "division": (lambda x: w / (x - 1.0), ArithmeticError, "div(w = 2, 0) is undefined"),
    "another error": (
        lambda x: swallowing(int)(x) / (w - 2.0), ArithmeticError, "a number was asked",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SWALLOWED)
def test_a_refusal_that_is_caught_is_noticed(name):
    ask, kinds, message = SWALLOWED[name]
    text = raised(swallowing(ask, kinds), 1.0)
    assert text.startswith("test_compile_recording.py:")
    assert message in text
    assert text.endswith("The function caught this and went on.")


@pytest.mark.parametrize("show", [print, str, repr, "{}".format])
def test_nothing_was_caught_where_text_was_made(show):
    text = raised(lambda x: (show(x), w * x)[1], 1.0)
    assert "text was made of a Value" in text
    assert text.endswith("Print what the compiled function returns.")


def test_a_compiled_function_inside_of_another_names_the_cure():
    @compile
    def inner(x):
        return w * x

    for call in (lambda x: inner([x])[0], lambda x: inner.mean([x]), inner, lambda x: inner(x)):
        text = raised(call, 1.0)
        assert "inner is compiled and gives numbers, without a graph" in text
        assert "call inner.function with one sample" in text
    assert compile(lambda x: inner.function(x) + 1.0, engine="numpy")([1.0]) == [3.0]


def test_a_compiled_method_names_the_cure():
    class Model:
        @compile
        def loss(self, x):
            return w * x

        @staticmethod
        @compile
        def apart(x):
            return w * x

    class Bound:
        def __init__(self):
            self.loss = compile(self.loss)

        def loss(self, x):
            return w * x

    with pytest.raises(TypeError, match=r"in __init__: self.loss = compile\(self.loss\)"):
        Model().loss([1.0, 2.0])
    assert Bound().loss([1.0, 2.0]) == Model().apart([1.0, 2.0]) == [2.0, 4.0]


@pytest.mark.parametrize("engine", ["auto", "numpy"])
def test_a_name_that_is_not_there_is_the_error_of_python(engine, quiet):
    f = compile(eval("lambda x: x * not_there"), engine=engine)
    with pytest.raises(NameError, match="^name 'not_there' is not defined$"):
        f([1.0])
    assert not quiet


def test_a_refusal_that_becomes_another_error_is_told_as_it_was():
    def function(x):
        try:
            return w * int(x)
        except TypeError:
            raise ValueError("whole numbers, please") from None

    assert "return w * int(x): a number was asked of a Value" in raised(function, 1.0)


SHOWING = {
    "str": str, "repr": repr, "f-string": lambda x: f"{x}", "print": print,
    "list": lambda x: str([x]), "%": lambda x: "%s" % x,  # noqa: UP031
    "a parameter": lambda x: str(w),
}  # fmt: skip


@pytest.mark.parametrize("name", SHOWING)
def test_text_shows_no_number_and_is_noticed(name, capsys):
    show, texts = SHOWING[name], []

    def function(x):
        texts.append(show(x) or capsys.readouterr().out.strip())
        return w * x

    assert "text was made of a Value (print, str, repr" in raised(function, 1.0)
    assert "Value(data=?, grad=?" in texts[0]
    assert repr(w) == f"Value(data=2.0, grad={w.grad}, label='w')"


def setting(of):
    """Return a function that sets the number of what it is given, and goes on."""

    def function(x):
        node = of(x)
        node.data = 3.0
        return node * 2.0

    return function


SETTING = {"a parameter": lambda x: w, "an input": lambda x: x, "a result": lambda x: w * x}


@pytest.mark.parametrize("name", SETTING)
def test_setting_a_number_in_the_function_is_refused(name):
    text = raised(setting(SETTING[name]), 1.0)
    w.data = 2.0
    assert "The function sets the data of a Value, now " in text
    assert "set it before the call" in text


def test_a_graph_is_not_read_while_recording():
    assert "which are hidden now" in raised(lambda x: w * graph_of(w * w).numbers[0], 1.0)


def test_a_long_line_is_shortened():
    text = raised(lambda x: w * x.data * len("a line of a program that goes on and on and on and on, farther than anybody reads"), 1.0)  # fmt: skip # noqa: E501
    line = text[: text.index(": a number")]
    assert line.endswith("…")
    assert len(line) < 140


def test_conditions_have_their_advice():
    text = raised(lambda x: where(x > 0, w, -w), 1.0)
    assert "where(step(x), a, b), not where(x > 0, a, b)" in text


FOREIGN = {  # what floats can do and Values can't; the error's kind is named
    "attribute": (lambda x: w * x.is_integer(), "AttributeError"),
    "numpy function": (lambda x: w * np.exp(x), "TypeError"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_values_can_not_do_is_refused_with_the_line(name):
    function, kind = FOREIGN[name]
    text = raised(function, 1.0)
    assert text.startswith("test_compile_recording.py:")
    assert f": {kind}: " in text
    assert "Hidden" not in text
    assert "While a function is recorded it is given Values" in text


@pytest.mark.parametrize("function", [lambda x: w * x[0], lambda x: sum(x), lambda x: w * len(x)])
def test_a_row_in_place_of_a_batch_has_its_advice(function):
    text = raised(function, 1.0)
    assert "Each argument is a batch" in text
    assert "For a batch of one row give [row]." in text


def test_a_line_that_is_nowhere_is_named_by_its_number():
    names = {"w": w, "numpy": np}
    exec("def function(x):\n    return w * numpy.exp(x)", names)
    assert raised(names["function"], 1.0).startswith("<string>:2: TypeError: ")


def counting():
    """Return a function that does something else at its second call."""
    calls = []

    def function(x):
        calls.append(x)
        return w * x if len(calls) < 2 else w * x + 1.0

    return function


def remembering():
    """Return a function that uses what it computed before."""
    kept = [Value(0.0)]

    def function(x):
        kept.append(kept[-1] + w * x)
        return kept[-1]

    return function


def private_coin(seed):
    rng = random.Random(seed)
    return lambda x: w * x if rng.random() < 0.5 else w + x


def other_graph():
    turns = iter(range(100))
    return lambda x: w * x + (w if next(turns) % 2 else x)


rng, numpy_rng = random.Random(1), np.random.default_rng(1)
outside = w * 3.0

CHANGING = {  # functions whose graph is not the same for every sample or call
    "random": (lambda x: w * x * random.random(), "draws random numbers"),
    "random choice": (lambda x: random.choice([w, x]), "draws random numbers"),
    "numpy's random": (lambda x: w * x * np.random.rand(), "draws random numbers"),  # noqa: NPY002
    "own generator": (lambda x: w * x * rng.random(), "used the number"),
    "own numpy generator": (lambda x: w * x * numpy_rng.normal(), "used the number"),
    "counting": (counting(), r"Recorded twice, the function made 3 nodes and then 5"),
    "other operands": (other_graph(), "combined its Values differently"),
    "remembering": (remembering(), "computed before it ran, by mul"),
    "computed outside": (lambda x: outside * x, "computed before it ran, by mul: 6"),
    "backward": (lambda x: (w * x).backward() or w, r"backward\(\) gives numbers"),
}


@pytest.mark.parametrize("name", CHANGING)
def test_what_changes_from_call_to_call_is_refused(name):
    function, message = CHANGING[name]
    with pytest.raises(RecordingError, match=message):
        record(function, [(1.0,), (1.0,)], {})


def drawing_meanwhile(draw, calls):
    """Return a function at whose first calls another thread draws random numbers."""
    left = [calls]

    def function(x):
        if left[0]:
            left[0] -= 1
            thread = threading.Thread(target=draw)
            thread.start()
            thread.join()
        return w * x

    return function


@pytest.mark.parametrize("draw", [random.random, np.random.rand])  # noqa: NPY002
def test_random_numbers_of_another_thread_are_no_sign_of_chance(draw):
    for calls in (1, 2):
        graph, _ = record(drawing_meanwhile(draw, calls), [(1.0,), (2.0,)], {})
        assert len(graph) == 3
    text = raised(drawing_meanwhile(draw, 1000), 1.0)
    assert "Or did another thread draw them meanwhile" in text


def test_a_number_that_is_drawn_once_and_kept_is_a_number_like_others():
    kept = []

    def function(x):
        if not kept:
            kept.append(random.random())
        return w * x * kept[0]

    graph, _ = record(function, [(1.0,), (2.0,)], {})
    assert kept[0] in graph.numbers


def test_a_refusal_in_a_thread_with_the_context_of_the_recording_is_told():
    """The line is one of that thread, which knows nothing of the function."""

    def function(x):
        found = []

        def work():
            try:
                found.append(x.data)
            except TypeError:
                found.append(1.0)

        thread = threading.Thread(target=copy_context().run, args=(work,))
        thread.start()
        thread.join()
        return w * found[0]

    text = raised(function, 1.0)
    assert "found.append(x.data): a number was asked of a Value" in text
    assert "The function caught this and went on" in text


def test_a_coin_is_noticed_though_it_may_fall_alike_twice():
    assert all(raised(private_coin(seed), 1.0) for seed in range(20))


def test_a_number_used_twice_names_the_operation_and_the_scope():
    def function(x):
        with autograd.scope("noise"):
            return w * x + rng.random()

    assert "in add of noise" in raised(function, 1.0)


def test_dropout_by_chance_is_refused_however_few_masks_there_are():
    for seed in range(8):
        model = MLP(1, [2, 1], dropout=Dropout(out=1), seed=1)
        with training_mode(seed):
            text = raised(lambda x, model=model: model([x]), 1.0)
        assert "dropout draws a mask anew" in text
        assert "given_masks" in text
    assert record(lambda x: model([x]), [(1.0,), (2.0,)], {}), "outside of training it may"


RETURNED = {
    "nothing": (lambda x: None, "returned None of type NoneType"),
    "text": (lambda x: "loss", "returned 'loss' of type str"),
    "a set": (lambda x: {w}, "of type set"),
    "an array": (lambda x: np.array([w * x]), "of type ndarray"),
    "deep inside": (lambda x: [w, {"a": (w, [None])}], "returned None"),
}


@pytest.mark.parametrize("name", RETURNED)
def test_a_result_that_is_no_number_is_refused(name):
    function, message = RETURNED[name]
    assert message in raised(function, 1.0)


def test_errors_of_the_domain_are_those_of_the_operation():
    cases = [
        (lambda x: w / x, 0.0, ZeroDivisionError, "div(w = 2, 0) is undefined"),
        (lambda x: autograd.log(w * x), -1.0, ValueError, "log(-2) is undefined"),
        (lambda x: autograd.exp(w * x), 800.0, OverflowError, "exp(1600) is undefined"),
        (lambda x: autograd.log_sum_exp([]), 1.0, ValueError, "log_sum_exp of no values"),
    ]
    for function, x, kind, message in cases:
        with pytest.raises(kind) as caught:
            record(function, [(x,), (x,)], {})
        assert message in str(caught.value)


def test_what_is_structure_may_be_asked():
    b = Value(1.0)

    def function(xs, y):
        assert y is not None
        assert (y == None) is False  # noqa: E711 (that is the question)
        assert (y == "a") is False
        assert y == y  # noqa: PLR0124 (the same node)
        assert len({w, b}) == 2
        chosen = [w if i % 2 else b for i in range(len(xs))]
        return sum((c * x for c, x in zip(chosen, xs, strict=True)), maximum(y, where(y, w, 0.0)))

    graph, _ = record(function, [([1.0, 2.0, 3.0], 4.0), ([1.0, 2.0, 3.0], 5.0)], {})
    assert set(graph.leaves.values()) >= {w, b}
    assert len(graph.inputs) == 4


def test_equality_is_identity_again_after_recording():
    record(lambda x: w * x, [(1.0,)], {})
    assert (Value(1.0) == 1.0) is False
    with pytest.raises(RecordingError):
        record(ASKING["equal"], [(1.0,)], {})
    assert (Value(1.0) == 1.0) is False
    assert Value(1.0).data == 1.0


def test_only_values_of_the_caller_are_leaves():
    a = Value(3.0)
    constant = Value(4.0, constant=True)
    graph, _ = record(lambda x: a * x + Value(0.5) * constant + 7.0, [(1.0,), (2.0,)], {})
    assert set(graph.leaves.values()) == {a, constant}


def test_a_derivative_inside_of_the_function_is_refused():
    """derive takes constants, as the numbers of a sample are, for plain numbers."""
    assert "a number was asked of a Value" in raised(lambda x: derive((w * x) ** 3, w), 1.0)


def test_graph_of_a_finished_value_has_no_inputs():
    graph = graph_of(outside.tanh() + w)
    assert not graph.inputs
    assert list(graph.leaves.values()) == [w], "constants are numbers"


def test_pick_takes_what_an_index_would():
    f = compile(lambda x, k: pick([w * x, x, 7.0], k), engine="numpy")
    assert f([5.0, 6.0, 8.0], [0, 1, 2]) == [10.0, 6.0, 7.0]
    with pytest.raises(
        ValueError, match=r"pick\(3, 10, 5, 7\) is undefined: the index must be from"
    ):
        f([5.0], [3])


PLACES = [  # an index, and the place that it means; None: there is none
    (0, 0), (1.0, 1), (2, 2), (True, 1), (np.int64(2), 2), (1.4, 1), (1.6, 2), (0.5, 1), (1.5, 2),
    (-0.5, 0), (0.49999999999999994, 1), (-0.25, 0), (2.4999, 2), (-1, None), (2.5, None),
    (3, None), (-0.51, None), (math.nan, None), (math.inf, None),
]  # fmt: skip


@pytest.mark.parametrize(("index", "place"), PLACES)
def test_pick_means_one_place_by_numbers_and_values_with_every_engine(index, place):
    def picked(k):
        return pick([w, 20.0 * w, 30.0 * w], k)

    ways = {
        "a number": lambda: picked(index),
        "a Value": lambda: picked(Value(index, constant=True)),
        "eager": lambda: compile(picked, engine="eager").mean([index]),
        "numpy": lambda: compile(picked, engine="numpy").mean([index]),
        "native": lambda: compile(picked, engine="native").mean([index]),
    }
    for name, way in ways.items():
        if place is None:
            with pytest.raises((ValueError, OverflowError)):
                way()
            continue
        w.grad = 0.0
        found = way()
        found.backward()
        assert (found.data, w.grad) == ([2.0, 40.0, 60.0][place], [1.0, 20.0, 30.0][place]), name
    w.grad = 0.0


def test_the_first_recording_of_a_program_is_as_any_other():
    """NumPy is loaded in the middle of it, and its random numbers are no sign of chance."""
    program = (
        "from autograd import Value, record; w = Value(2.0); "
        "graph, _ = record(lambda x: w * x, [(1.0,), (2.0,)], {}); "
        "assert len(graph) == 3"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
