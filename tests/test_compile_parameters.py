"""`compile`: parameters that change, are shared or held, settings and modes."""

import math

import pytest
from calls import Pair, Turned, compiling, every_engine
from compiled_runs import as_constants

from autograd import (
    Value,
    compile,
    weighted_sum,
)
from nn import MLP, Dropout, training_mode

pytest.importorskip("llvmlite")


@every_engine
def test_parameters_may_change_between_calls(engine):
    w, c = Value(2.0), Value(10.0, constant=True)
    f = compile(lambda x: w * x + c, engine=engine)
    for k in range(6):
        w.data, c.data = float(k), 10.0 * k
        assert f([1.0, 2.0]) == [11.0 * k, 12.0 * k]
        w.grad = 0.0
        f.mean([1.0, 2.0]).backward()
        assert (w.grad, c.grad) == (1.5, 0.0)


@every_engine
def test_a_parameter_may_become_constant_and_learn_again(engine, quiet):
    w, b = Value(2.0), Value(1.0)
    f = compile(lambda x: w * x + b, engine=engine)
    for constant in (False, False, True, False, True, True, False):
        w.constant = constant
        w.grad = b.grad = 0.0
        f.mean([3.0]).backward()
        assert (w.grad, b.grad) == (0.0 if constant else 3.0, 1.0)
    assert not quiet


@compiling
def test_aliased_and_repeated_parameters(engine):
    w = Value(3.0)
    alias = w
    f = compile(lambda x: w * alias * x + weighted_sum([w, alias], [alias, x]), engine=engine)
    f.mean([2.0]).backward()
    assert w.grad == 2 * 3 * 2 + 2 * 3 + 2


@compiling
@pytest.mark.parametrize("replaced_after", [1, 2, 3, 5])
def test_a_parameter_that_was_replaced_is_noticed_at_the_next_check(replaced_after, engine, quiet):
    holder = {"w": Value(2.0)}
    f = compile(lambda x: holder["w"] * x, engine=engine)
    check = next(call for call in (2, 4, 8) if call > replaced_after)
    for call in range(1, 11):
        if call == replaced_after + 1:
            holder["w"] = Value(5.0)
        result = f([1.0])
        if call <= replaced_after:
            assert result == [2.0]
        elif call >= check:
            assert result == [5.0], call
        assert len(quiet) == (call >= check), call
    assert "a result is 2.0 instead of 5.0" in str(quiet[0].message)
    assert "Compile it anew" in str(quiet[0].message)
    f.mean([1.0]).backward()
    assert holder["w"].grad == 1.0


@compiling
def test_a_parameter_replaced_by_an_equal_one_is_noticed_by_its_gradient(engine, quiet):
    holder = {"w": Value(2.0)}
    f = compile(lambda x: holder["w"] * x, engine=engine)
    f([1.0])
    holder["w"] = Value(2.0)
    f.mean([1.0]).backward()
    assert holder["w"].grad == 1.0
    assert "a gradient is 1.0 instead of 0.0" in str(quiet[0].message)


@compiling
def test_numbers_of_the_program_that_change_are_noticed(engine, quiet):
    w, scale = Value(2.0), [1.0]
    f = compile(lambda x: w * x * scale[0], engine=engine)
    assert f([1.0]) == [2.0]
    scale[0] = 3.0
    assert f([1.0]) == [6.0]
    assert len(quiet) == 1


@compiling
def test_a_choice_by_the_type_of_a_number_is_noticed(engine, quiet):
    w = Value(2.0)
    f = compile(lambda x: w * x if isinstance(x, Value) else -w * x, engine=engine)
    assert f([1.0]) == [-2.0]
    assert len(quiet) == 1


@compiling
def test_samples_from_all_over_the_batch_are_compared(engine, quiet):
    """As nothing but a comparison can see a choice by type."""
    w = Value(2.0)
    f = compile(lambda x: w * (3.0 if isinstance(x, float) and x > 8 else 1.0), engine=engine)
    assert f([float(i) for i in range(10)]) == [2.0] * 9 + [6.0]
    assert len(quiet) == 1
    g = compile(lambda x: w * (3.0 if isinstance(x, float) and x == 4 else 1.0), engine=engine)
    batch = [float(i) for i in range(10)]
    results = [g(batch)[4] for _ in range(4)]
    assert results == [2.0, 2.0, 2.0, 6.0], "the fourth call looks at that sample"
    assert len(quiet) == 2


@compiling
def test_a_shape_of_results_that_depends_on_the_type_is_noticed(engine, quiet):
    f = compile(lambda x: [x] * (2 if isinstance(x, Value) else 1), engine=engine)
    assert f([1.0, 3.0]) == [[1.0], [3.0]]
    assert "it gives 4 numbers instead of 2" in str(quiet[0].message)


@compiling
def test_looking_changes_no_gradient(engine):
    w = Value(2.0)
    w.grad = 7.0
    f = compile(lambda x: w * x, engine=engine)
    for _ in range(9):
        f([1.0])
        f.mean([1.0])
    assert w.grad == 7.0


@compiling
def test_two_compiled_functions_may_share_parameters(engine):
    w, b = Value(2.0), Value(1.0)
    f = compile(lambda x: w * x + b, engine=engine)
    g = compile(lambda x: (w - x) ** 2, engine=engine)
    (f.mean([1.0, 2.0]) + g.mean([3.0, 4.0]) * f.mean([0.0])).backward()
    expected = Value(2.0), Value(1.0)
    u, v = expected
    (u * 1.5 + v + ((u - 3) ** 2 + (u - 4) ** 2) / 2 * v).backward()
    assert (w.grad, b.grad) == pytest.approx((u.grad, v.grad), rel=1e-12)


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
