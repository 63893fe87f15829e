"""A Value holds one number, and behaves like it."""

import math
import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, maximum, total, weighted_sum

# What a Value holds


@pytest.mark.parametrize("number", [3, 3.0, True, Fraction(1, 3), Value(3.0), Value(Value(3.0))])
def test_data_is_always_a_python_float(number):
    assert type(Value(number).data) is float
    assert Value(number).data == float(number)
    x = Value(1.0)
    x.data = number
    assert type(x.data) is float
    assert type((Value(1.0) + number).data) is float


def test_numpy_scalars_of_every_kind_are_numbers():
    np = pytest.importorskip("numpy")
    kinds = [
        np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64,
        np.float16, np.float32, np.float64, np.longdouble,
    ]  # fmt: skip
    v = Value(2.0)
    for kind in kinds:
        number = kind(3)
        for out, expected in [
            (Value(number), 3), (v + number, 5), (number + v, 5), (v - number, -1), (number - v, 1),
            (v * number, 6), (number * v, 6), (v / number, 2 / 3), (number / v, 1.5),
            (v**number, 8), (number**v, 9), (maximum(number, v), 3), (total([number, v]), 5),
        ]:  # fmt: skip
            assert type(out) is Value
            assert type(out.data) is float
            assert out.data == pytest.approx(expected)
        x = Value(0.0)
        x.data = number
        x.backward(number)
        assert (type(x.data), x.data, type(x.grad), x.grad) == (float, 3, float, 3)
        assert v < number
        assert number > v


@pytest.mark.parametrize("use", [
    lambda v, a: v + a, lambda v, a: a + v, lambda v, a: v - a, lambda v, a: a - v,
    lambda v, a: v * a, lambda v, a: a * v, lambda v, a: v / a, lambda v, a: a / v,
    lambda v, a: v**a, lambda v, a: a**v, lambda v, a: Value(a), lambda v, a: setattr(v, "data", a),
    lambda v, a: v.backward(a), lambda v, a: total([v, a, v]), lambda v, a: weighted_sum([v], [a]),
    lambda v, a: maximum(a, v), lambda v, a: v < a, lambda v, a: a < v, lambda v, a: v >= a,
])  # fmt: skip
def test_an_array_never_becomes_the_number_of_a_value(use):
    np = pytest.importorskip("numpy")
    for array in (np.array([1.0, 2.0]), np.array(1.0), np.array([Value(1.0)], dtype=object)):
        v = Value(1.0)
        with pytest.raises(TypeError, match="one real number; got array"):
            use(v, array)
        assert (v.data, v.grad) == (1, 0)


@pytest.mark.parametrize(("data", "advice"), [
    ("a", r"got 'a' of type str\. Convert text with float\(\)"),
    ("3", r"got '3' of type str\. Convert text with float\(\)"),
    ([1], r"got \[1\] of type list\. Make one Value for each element"),
    ((1.0, 2.0), r"got \(1\.0, 2\.0\) of type tuple\. Make one Value for each element"),
    (1j, r"got 1j of type complex\. Complex numbers are not supported"),
    (None, "got None of type NoneType"),
    (math, "got <module 'math'"),
])  # fmt: skip
def test_what_is_not_one_real_number_is_refused_with_advice(data, advice):
    v = Value(1.0)
    uses = (
        Value, v.__add__, v.__rtruediv__, v.backward, lambda x: setattr(v, "data", x), v.__lt__,
        lambda x: total([v, x, v]),
    )  # fmt: skip
    for use in uses:
        with pytest.raises(TypeError, match="A Value holds one real number; " + advice):
            use(data)
    assert (v.data, v.grad) == (1, 0)


def test_an_integer_too_large_for_a_float_is_refused():
    with pytest.raises(OverflowError, match="too large"):
        Value(10**400)


def test_a_label_is_text():
    assert Value(1.0, "x").label == Value(1.0, label="x").label == "x"
    assert Value(1.0).label == ""
    with pytest.raises(TypeError, match=r"A label is text; got \(\)"):
        Value(1.0, ())
    v = Value(1.0)
    v.label = "later"
    assert repr(v) == "Value(data=1.0, grad=0.0, label='later')"


def test_a_value_says_what_it_is():
    assert repr(Value(3)) == "Value(data=3.0, grad=0.0)"
    assert f"{Value(3)}" == str(Value(3)) == repr(Value(3))
    assert repr(Value(math.nan)) == "Value(data=nan, grad=0.0)"


# A Value behaves like its number


numbers = st.floats(-1e6, 1e6)


@given(numbers, numbers)
def test_order_compares_the_numbers(x, y):
    for a, b in ((Value(x), Value(y)), (Value(x), y), (x, Value(y))):
        assert [a < b, a <= b, a > b, a >= b] == [x < y, x <= y, x > y, x >= y]


def test_equality_and_hash_ask_for_the_same_node():
    a, b = Value(1.0), Value(1.0)
    assert a == a  # noqa: PLR0124 - identity is the point
    assert a != b
    assert a != 1.0
    assert len({a, b, a}) == 2
    assert {a: 1}[a] == 1
    assert a in [b, a]
    assert b not in [a]
    assert hash(a) == hash(a)


def test_a_value_converts_like_its_number():
    v = Value(-2.567)
    assert (float(v), int(v), bool(v), round(v), round(v, 1)) == (-2.567, -2, True, -3, -2.6)
    assert type(round(v)) is int
    assert (f"{v:.2f}", f"{v:+.1e}", f"{v:8.3f}") == ("-2.57", "-2.6e+00", "  -2.567")
    assert (math.floor(v), math.ceil(v), math.sqrt(Value(4.0))) == (-3, -2, 2)
    assert "%.1f" % v == "-2.6"  # noqa: UP031 - as old notebooks print
    assert not Value(0.0)
    assert not Value(-0.0)
    assert Value(math.nan)


@pytest.mark.parametrize("use", [
    lambda v: v // 2, lambda v: v % 2, lambda v: divmod(v, 2), lambda v: v @ v, lambda v: ~v,
    lambda v: v & v, lambda v: v[0], lambda v: len(v), lambda v: iter(v), lambda v: [1, 2][v],
    lambda v: range(v), lambda v: complex(v) + [],
])  # fmt: skip
def test_what_has_no_derivative_or_meaning_is_refused_by_python(use):
    with pytest.raises(TypeError):
        use(Value(1.0))


def test_an_unknown_attribute_is_an_error():
    with pytest.raises(AttributeError, match=re.escape("gradient")):
        _ = Value(1.0).gradient
