"""`compile`: what a compiled function takes: samples, numbers of any kind, settings, modes."""

import math
import re
from collections import namedtuple

import numpy as np
import pytest
from compiled_runs import ENGINES, as_constants, compiling, every_engine, line

import autograd
from autograd import Value, compile, total, weighted_sum
from nn import MLP, Dropout, training_mode

pytest.importorskip("llvmlite")

Pair = namedtuple("Pair", "left right")
Turned = namedtuple("Turned", "left right")

# ------------------------------------------------------------------------------- arguments


def nested(w):
    """Return a function of nested arguments that gives nested results."""

    def function(a, row, table, pair):
        s = weighted_sum(row, [w] * len(row)) + a
        t = total([x * w for line in table for x in line])
        u, v = pair
        return {"s": s, "all": (t, [u * w, {"deep": v - w}]), "pair": Pair(u, 2.0), "n": 3}

    return function


@every_engine
def test_arguments_and_results_may_be_nested(engine):
    w = Value(0.5)
    batches = (
        [1.0, 2.0],
        [(1.0, 2.0, 3.0), [4.0, 5.0, 6.0]],
        [[[1.0], [2.0]], ((3.0,), (4.0,))],
        np.array([[1.0, 2.0], [3.0, 4.0]]),
    )
    f = compile(nested(w), engine=engine)
    expected = [
        {"s": 4.0, "all": (1.5, [0.5, {"deep": 1.5}]), "pair": (1.0, 2.0), "n": 3.0},
        {"s": 9.5, "all": (3.5, [1.5, {"deep": 3.5}]), "pair": (3.0, 2.0), "n": 3.0},
    ]
    assert f(*batches) == expected
    assert all(isinstance(row["all"], tuple) for row in f(*batches))
    f.mean(*batches).backward()  # of the first number, s
    assert w.grad == 10.5


KINDS = {  # the same numbers
    "floats": [1.0, 2.0, 3.0], "integers": [1, 2, 3], "a tuple": (1, 2.0, 3), "bools": [True, 2, 3],
    "an array": np.array([1.0, 2.0, 3.0]), "whole numbers": np.array([1, 2, 3], dtype=np.uint8),
    "float32": np.array([1, 2, 3], dtype=np.float32), "numpy's": [np.float64(1), np.int16(2), 3],
    "Values": [Value(1.0, constant=True), 2.0, 3],
    "a column": np.arange(6.0).reshape(3, 2)[:, 0] / 2 + 1,
    "objects": np.array([1.0, 2, 3], dtype=object), "a range": range(1, 4),
}  # fmt: skip


@every_engine
@pytest.mark.parametrize("kind", KINDS)
def test_numbers_of_any_kind_are_the_same_samples(kind, engine):
    w = Value(2.0)
    f = compile(lambda x: w * x + 1, engine=engine)
    assert f(KINDS[kind]) == [3.0, 5.0, 7.0]
    f.mean(KINDS[kind]).backward()
    assert w.grad == pytest.approx(2.0, rel=1e-15)


REFUSED = [  # batches, error, message
    ((), ValueError, "for each argument of the function a list"),
    ((5.0, [1.0]), ValueError, "Argument 0 is 5.0; it must be a list"),
    ((np.float64(5.0), [1.0]), ValueError, "it must be a list"),
    (([], []), ValueError, "Got no samples"),
    ((np.zeros((0, 3)), []), ValueError, "Got no samples"),
    (([1.0, 2.0], [1.0]), ValueError, "Argument 1 has 1 samples, but argument 0 has 2"),
    (("ab", [1.0, 2.0]), ValueError, "Argument 0 is 'ab'; it must be a list"),
]


@every_engine
@pytest.mark.parametrize(("batches", "kind", "message"), REFUSED)
def test_what_is_no_batch_is_refused(batches, kind, message, engine):
    f = compile(line(Value(1.0), Value(0.0)), engine=engine)
    for run in (f, f.mean):
        with pytest.raises(kind, match=re.escape(message)):
            run(*batches)


STRANGE = [  # entries of a batch
    ([1.0, "2"], TypeError, "Convert text with float"),
    ([1.0, None], TypeError, "got None"),
    ([1.0, 2j], TypeError, "Complex numbers"),
    ([1.0, 10**400], OverflowError, "too large for a float"),
    ([{0: 5.0}, {0: 6.0}], TypeError, "of type dict"),
    ([1.0, [2.0]], ValueError, "Sample 1 of argument 0 has the shape (1,), but sample 0 has 1"),
    ([[1.0, 2.0], [1.0]], ValueError, "Sample 1 of argument 0 has the shape (1,)"),
    ([[[1.0], [1.0, 2.0]], [[1.0, 2.0], [1.0]]], ValueError, "Sample 1 of argument 0"),
]


@compiling
@pytest.mark.parametrize(("batch", "kind", "message"), STRANGE)
def test_a_sample_that_is_no_number_or_has_another_shape_is_named(batch, kind, message, engine):
    f = compile(lambda x: x, engine=engine)
    with pytest.raises(kind, match=re.escape(message)):
        f(batch)


@compiling
def test_every_shape_is_recorded_for_itself(engine):
    w = Value(2.0)
    f = compile(lambda xs: total([w * x for x in xs]), engine=engine)
    assert f([[1.0, 2.0]]) == [6.0]
    assert f([[1.0, 2.0, 3.0], [0.0, 0.0, 1.0]]) == [12.0, 2.0]
    assert f([[1.0, 3.0]]) == [8.0]
    assert f([[]]) == [0.0]


@every_engine
def test_a_value_among_samples_gets_its_gradient_or_is_refused(engine):
    w, a = Value(2.0), Value(3.0)
    f = compile(lambda x: w * x, engine=engine)
    assert f([a, 1.0]) == [6.0, 2.0]
    if engine == "eager":
        f.mean([a, 1.0]).backward()
        assert a.grad == 1.0
    else:
        for batch in ([a, 1.0], [w * 1.0, 2.0]):
            with pytest.raises(TypeError, match=r"Sample 0 of argument 0 is or has Value\(data="):
                f.mean(batch)


@every_engine
def test_a_function_may_call_methods_of_its_numbers(engine):
    w = Value(0.5)
    f = compile(lambda x: (x * w).tanh() + x.sigmoid(), engine=engine)
    expected = [math.tanh(0.5 * x) + 1 / (1 + math.exp(-x)) for x in (1.0, -2.0)]
    assert f([1.0, -2.0]) == pytest.approx(expected, rel=1e-14)


def test_a_function_that_calls_methods_and_compares_numbers_is_refused(quiet):
    """It would be given Values for the methods, and == of Values asks for identity."""
    w = Value(2.0)
    for compare in (lambda y: y == 1, lambda y: y != 1, lambda y: y in (0, 1), lambda y: y == w):
        for engine in ("eager", "auto"):
            f = compile(
                lambda x, y, is_it=compare: x.tanh() * (w if is_it(y) else -w), engine=engine
            )
            with pytest.raises(
                TypeError, match=r"== asks whether .* call tanh\(x\), not x.tanh\(\)"
            ):
                f([1.0], [1.0])
    assert len(quiet) == 4
    f = compile(lambda x, y: autograd.tanh(x) * (w if y == 1 else -w), engine="eager")
    assert f([1.0, 1.0], [1, 0]) == [2 * math.tanh(1.0), -2 * math.tanh(1.0)]
    assert (Value(1.0) == 1.0) is False


def test_samples_given_by_name_are_refused_with_the_cure(quiet):
    for engine in ("eager", *ENGINES):
        f = compile(lambda x, y=2.0: x * y, engine=engine)
        for run in (f, f.mean, f.program):
            with pytest.raises(ValueError, match=r"x=\[1.0\] was given by name.* as <lambda>\("):
                run(x=[1.0])
    with pytest.raises(TypeError, match="What differs by sample is an argument by position"):
        f([1.0], y=[1.0])
    assert f([1.0], y=3.0) == [3.0]
    assert not quiet


@pytest.mark.parametrize("engine", ["auto", "eager", "numpy", "native"])
def test_too_few_arguments_are_answered_as_by_the_function_itself(engine):
    w = Value(2.0)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'y'"):
        compile(lambda x, y: w * x * y, engine=engine)([1.0])
    with pytest.raises(TypeError, match="takes 1 positional argument but 2 were given"):
        compile(lambda x: w * x, engine=engine)([1.0], [2.0])


# ------------------------------------------------------------------------------- settings, modes


@every_engine
def test_settings_are_static_and_part_of_the_key(engine):
    w, other = Value(2.0), Value(5.0)
    zero = {"-0.0": -0.0, "0.0": 0.0}

    def function(x, *, times=1, by=None, how="sum"):
        out = (w if by is None else by) * x
        for _ in range(int(times) - 1):
            out = out + x
        if times is True:
            out = out + 100
        if isinstance(times, float):
            out = out + math.copysign(1000, times)
        return -out if how != "sum" else out

    f = compile(function, engine=engine)
    cases = [
        ({}, 2.0), ({"times": 3}, 4.0), ({"times": 1}, 2.0), ({"times": True}, 102.0),
        ({"times": 1.0}, 1002.0), ({"by": other}, 5.0), ({"how": "less"}, -2.0),
        ({"how": "sum", "times": 2}, 3.0), ({"times": 2, "how": "sum"}, 3.0),
        ({"times": zero["0.0"]}, 1002.0), ({"times": zero["-0.0"]}, -998.0),
    ]  # fmt: skip
    for settings, expected in cases * 2:
        assert f([1.0], **settings) == [expected], settings


EQUAL = [  # settings that are equal and hash alike, but are not the same
    (Pair(1.0, 2.0), Turned(1.0, 2.0)), (Pair(1.0, 2.0), (1.0, 2.0)), (Pair(1, 2), Pair(1, 2.0)),
    (frozenset({1}), frozenset({1.0})), (frozenset({1}), frozenset({True})),
    (frozenset({0.0}), frozenset({-0.0})), ((frozenset({1}),), (frozenset({1.0}),)),
    (0j, complex(-0.0, 0.0)),
]  # fmt: skip


@compiling
@pytest.mark.parametrize(("first", "second"), EQUAL)
def test_equal_settings_of_other_types_have_recordings_of_their_own(first, second, engine):
    assert first == second
    f = compile(lambda x, s: x * len(repr(s)), engine=engine)
    for s in (first, second) * 2:
        assert f([1.0], s=s) == [float(len(repr(s)))]
    assert len(f._recorded) == 2


@compiling
def test_settings_must_be_hashable(engine):
    f = compile(lambda x, options: x, engine=engine)
    with pytest.raises(TypeError, match="Settings must be hashable.*What differs by sample"):
        f([1.0], options=[1])
    nan = compile(lambda x, rate: x * 1.0, engine=engine)
    for _ in range(3):
        nan([1.0], rate=float("nan"))
    assert len(nan._recorded) == 1, "nan is one setting"
    pairs = compile(lambda x, pair: x * pair[0] if pair[0] is True else x - 1, engine=engine)
    assert pairs([1.0], pair=(True, 2)) == [1.0]
    assert pairs([1.0], pair=(1, 2)) == [0.0]


def test_training_is_a_mode_of_its_own(quiet):
    model = MLP(2, [4, 1], dropout=Dropout(out=2), seed=1)
    f = compile(lambda x: model(x))
    sample = [[0.5, -1.0]]
    whole = model(sample[0]).data
    assert f(sample) == pytest.approx([whole], rel=1e-12)
    assert not quiet
    with training_mode(3):
        thinned = f(sample)
    assert "dropout draws a mask anew" in str(quiet[0].message)
    with training_mode(3):
        assert thinned == pytest.approx([model(as_constants(sample[0])).data], rel=1e-12)
    assert f(sample) == pytest.approx([whole], rel=1e-12)
    assert len(quiet) == 1


SMALL = {  # what holds numbers of one byte, of the rows (200, 100) and (1, 2)
    "an array": lambda rows: rows,
    "arrays": list,
    "lists of numbers": lambda rows: [list(row) for row in rows],
    "tuples": lambda rows: tuple(tuple(row) for row in rows),
}


@every_engine
@pytest.mark.parametrize("kind", SMALL)
def test_numbers_of_one_byte_do_not_start_anew_at_256(kind, engine, quiet):
    rows = SMALL[kind](np.array([[200, 100], [1, 2]], dtype=np.uint8))
    w = Value(1.0)
    f = compile(lambda row: [row[0] + row[1], row[1] * row[0] * w], engine=engine)
    for _ in range(4):
        assert f(rows) == [[300.0, 20000.0], [3.0, 2.0]]
    assert not quiet


@every_engine
def test_a_number_of_one_byte_alone_does_not_start_anew_either(engine, quiet):
    f = compile(lambda x: x + x, engine=engine)
    assert f(list(np.array([200, 1], dtype=np.uint8))) == [400.0, 2.0]
    assert not quiet


@every_engine
@pytest.mark.parametrize("batch", [[[1.0], [1.0, 2.0]], [1.0, [1.0]], [[1.0, 2.0], 3.0]])
def test_samples_of_several_shapes_are_refused_by_every_engine(batch, engine):
    f = compile(lambda x: total(x) if isinstance(x, list) else x, engine=engine)
    for run in (f, f.mean):
        with pytest.raises(ValueError, match="Sample 1 of argument 0 has the shape"):
            run(batch)


@every_engine
def test_an_empty_list_is_no_number(engine):
    f = compile(lambda x: total(x) if isinstance(x, list) else x, engine=engine)
    assert f([1.0, 2.0]) == [1.0, 2.0]
    assert f([[], []]) == [0.0, 0.0]
    with pytest.raises(
        ValueError, match=r"Sample 1 of argument 0 has the shape \(\), but sample 0"
    ):
        f([1.0, []])


@every_engine
def test_a_function_that_writes_into_its_rows_changes_nothing_outside(engine, quiet):
    w, rows = Value(0.5), [[float(i), 1.0] for i in range(10)]

    def function(x):
        x[0] = x[0] + 1
        return w * x[0] * x[1]

    f = compile(function, engine=engine)
    for _ in range(4):
        assert f(rows) == [0.5 * (i + 1) for i in range(10)]
    assert rows == [[float(i), 1.0] for i in range(10)]
    assert not quiet


@compiling
def test_parameters_among_the_samples_are_numbers(engine, quiet):
    w, b = Value(2.0), Value(3.0)
    f = compile(lambda x: w * x, engine=engine)
    assert f([w, b]) == [4.0, 6.0]
    assert not quiet


@every_engine
@pytest.mark.parametrize(
    "batch",
    [[np.True_, 2.0], [np.array(1.0), np.array(2.0)], np.array([1.0, 2.0]), [True, np.int8(2)]],
)
def test_numbers_of_numpy_of_all_kinds_are_samples(batch, engine, quiet):
    w = Value(0.5)
    f = compile(lambda x: w * x + x, engine=engine)
    assert f(batch) == [1.5, 3.0]
    f.mean(batch).backward()
    assert w.grad == 1.5
    assert not quiet


@every_engine
@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_a_matrix_is_rows_of_rows(engine):
    f = compile(lambda x: x[0][0] * 2.0, engine=engine)
    assert f(np.matrix([[1.0, 2.0], [3.0, 4.0]])) == [2.0, 6.0]


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("engine", ["eager", "auto"])
def test_a_call_that_fails_changes_nothing(engine):
    f = compile(lambda x, power=1.0: x**power if x == 0 else 2.0 * x, engine=engine)
    for _ in range(2):
        assert f([0.0, 1.0]) == [0.0, 2.0]
        with pytest.raises(TypeError):
            f([0.0], power=None)
    infinite = compile(lambda x: {1.0: math.inf}[x], engine="eager")
    assert infinite([1.0]) == [math.inf]


@compiling
def test_warnings_point_to_the_caller(engine, quiet):
    kept = [1.0]
    f = compile(lambda x: x * kept[0], engine=engine)
    f([1.0])
    kept[0] = 2.0
    f([1.0])
    compile(lambda x: x if x > 0 else -x)([1.0])
    assert [warning.filename for warning in quiet] == [__file__] * 2
