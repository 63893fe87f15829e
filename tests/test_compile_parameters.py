"""`compile`: parameters may change; when anything else does, the program is trusted no longer."""

import pytest
from compiled_runs import compiling, every_engine

from autograd import Machine, Value, compile, weighted_sum

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
    assert "gives the result 2.0 where Values give 5.0" in str(quiet[0].message)
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
    assert "gives the gradient 1.0 where Values give 0.0" in str(quiet[0].message)


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
    g = compile(lambda x: w * (3.0 if isinstance(x, float) and x == 5 else 1.0), engine=engine)
    batch = [float(i) for i in range(10)]
    results = [g(batch)[5] for _ in range(4)]
    assert results == [2.0, 2.0, 2.0, 6.0], "the fourth call looks at that sample"
    assert len(quiet) == 2


@compiling
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 32, 100])
def test_a_change_is_noticed_whatever_the_number_of_samples(count, engine, quiet):
    """A sample of 0 says nothing of the factor, so that one sample would not do."""
    w, factors = Value(1.0), [1.0]
    f = compile(lambda x: w * x * factors[0], engine=engine)
    batch = (
        [float(i) for i in range(1, count + 1)] if count == 1 else [float(i) for i in range(count)]
    )
    mean = sum(batch) / count
    for _ in range(4):
        assert f.mean(batch).data == pytest.approx(mean, rel=1e-12)
    factors[0] = 10.0
    for call in range(5, 9):
        expected = mean if call < 8 else 10 * mean
        assert f.mean(batch).data == pytest.approx(expected, rel=1e-12), call
    assert len(quiet) == 1


def test_other_samples_are_compared_each_time():
    for count in (4, 8, 16, 64, 100):
        looks = [Machine.samples_to_compare(count, 2**k) for k in range(4)]
        assert all(len(set(look)) == 4 and max(look) < count for look in looks)
        assert len({i for look in looks for i in look}) >= min(count, 12)
        assert not any(Machine.samples_to_compare(count, turn) for turn in (3, 5, 6, 7, 12))


@compiling
def test_a_shape_of_results_that_depends_on_the_type_is_noticed(engine, quiet):
    f = compile(lambda x: [x] * (2 if isinstance(x, Value) else 1), engine=engine)
    assert f([1.0, 3.0]) == [[1.0], [3.0]]
    assert "it gives 2 numbers where Values give 1" in str(quiet[0].message)


@compiling
def test_a_function_that_gives_nothing_later_is_noticed(engine, quiet):
    w, kept = Value(2.0), [1]
    f = compile(lambda x: [w * x] if kept else [], engine=engine)
    assert f([1.0, 2.0]) == [[2.0], [4.0]]
    kept.clear()
    assert f([1.0, 2.0]) == [[], []]
    assert "it gives 1 numbers where Values give 0" in str(quiet[0].message)


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


@compiling
def test_small_results_are_checked_too(engine, quiet):
    w, k = Value(2.0), [1e-6]
    function = compile(lambda x: w * x * k[0], engine=engine)
    assert function([1.0]) == pytest.approx([2e-6])
    k[0] = 5e-6
    assert function([1.0]) == pytest.approx([1e-5])
    assert len(quiet) == 1
