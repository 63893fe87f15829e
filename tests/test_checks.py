"""What the engine refuses and how it says so; IEEE numbers for those who ask for them."""

import itertools
import math
import threading

import pytest

from autograd import (
    OPS,
    RecordingError,
    Value,
    define,
    div,
    exp,
    ieee_values,
    log,
    log_sum_exp,
    mul,
    power,
    record,
    sin,
    softplus,
    sqrt,
    sub,
    to_float,
    total,
    weighted_sum,
)
from autograd.checks import IEEEFloat

INF, NAN = math.inf, math.nan


UNDEFINED = [  # op, inputs, kind of error, its text; with IEEE numbers: the result, the grads
    (log, (0.0,), ValueError, r"log\(0\)", -INF, (INF,)),
    (log, (-1.0,), ValueError, r"log\(-1\)", NAN, (-1.0,)),
    (div, (1.0, 0.0), ZeroDivisionError, r"div\(1, 0\)", INF, (INF, -INF)),
    (div, (-1.0, 0.0), ZeroDivisionError, r"div\(-1, 0\)", -INF, (INF, INF)),
    (div, (0.0, 0.0), ZeroDivisionError, r"div\(0, 0\)", NAN, (INF, NAN)),
    (div, (1e308, 1e-308), OverflowError, r"div\(1e\+308, 1e-308\)", INF, (1e308, -INF)),
    (exp, (1000.0,), OverflowError, r"exp\(1000\)", INF, (INF,)),
    (sqrt, (-1.0,), ValueError, r"sqrt\(-1\)", NAN, (NAN,)),
    (power, (-8.0, 1 / 3), ValueError, r"power\(-8, 0.333333\)", NAN, (NAN, NAN)),
    (power, (0.0, -1.0), ZeroDivisionError, r"power\(0, -1\)", INF, (-INF, NAN)),
    (power, (-0.0, -1.0), ZeroDivisionError, r"power\(-0, -1\)", -INF, (-INF, NAN)),
    (power, (10.0, 400.0), OverflowError, r"power\(10, 400\)", INF, (INF, INF)),
    (power, (-10.0, 401.0), OverflowError, r"power\(-10, 401\)", -INF, (INF, NAN)),
    (mul, (1e200, -1e200), OverflowError, r"mul\(1e\+200, -1e\+200\)", -INF, (-1e200, 1e200)),
    (sub, (1e308, -1e308), OverflowError, r"sub\(1e\+308, -1e\+308\)", INF, (1.0, -1.0)),
    (sin, (INF,), ValueError, r"sin\(inf\)", NAN, (NAN,)),
    (OPS["total"], (1e308, 1e308), OverflowError, r"total\(1e\+308, 1e\+308\)", INF, (1.0, 1.0)),
    (OPS["weighted_sum"], (1e308, 10.0), OverflowError, r"weighted_sum\(1e\+308, 10\)", INF,
     (10.0, 1e308)),
    (OPS["log_or_zero"], (-1.0,), OverflowError, r"log_or_zero\(-1\)", NAN, (-1.0,)),
]  # fmt: skip


@pytest.mark.parametrize("case", UNDEFINED)
def test_an_undefined_result_is_an_error_with_name_and_numbers(case):
    op, inputs, error, text, *_ = case
    values = [Value(x) for x in inputs]
    with pytest.raises(error, match=text + r" is undefined: .*Keep the inputs.*ieee_values\(\)"):
        op(*values)


@pytest.mark.parametrize("case", UNDEFINED)
def test_ieee_values_give_inf_and_nan_and_their_slopes(case):
    op, inputs, error, text, out, grads = case
    values = [Value(x) for x in inputs]
    with ieee_values():
        node = op(*values)
        node.backward()
    assert node.data == pytest.approx(out, nan_ok=True)
    assert [x.grad for x in values] == pytest.approx(list(grads), nan_ok=True)
    for number in (node.data, *[x.grad for x in values]):
        assert type(number) is float  # and no float that goes on dividing by 0
    with pytest.raises(error, match=text):
        op(*values)  # only inside the block


def test_numbers_from_an_ieee_block_are_ordinary_afterwards():
    with ieee_values():
        y = Value(1.0) / Value(0.0)
    with pytest.raises(ZeroDivisionError, match=r"div\(inf, 0\)"):
        y / 0


def test_the_labels_of_the_inputs_are_named():
    x, w = Value(0.0, label="x"), Value(5.0, label="w")
    with pytest.raises(ZeroDivisionError, match=r"div\(w = 5, x = 0\) is undefined"):
        w / x
    with pytest.raises(ValueError, match=r"log\(x = 0\) is undefined"):
        x.log()
    with pytest.raises(OverflowError, match=r"exp\(5000\) is undefined"):
        (w * 1000).exp()


def test_of_many_inputs_the_first_six_are_named():
    values = [Value(1e308) for _ in range(8)]
    six = ", ".join(["1e\\+308"] * 6)
    with pytest.raises(
        OverflowError, match=rf"total\({six}, …\) is undefined: the result is too large"
    ):
        total(values)
    with pytest.raises(OverflowError, match=rf"total\({six}\) is undefined"):
        total(values[:6])


def test_an_undefined_derivative_names_the_operation_too():
    x = Value(0.0, label="x")
    with pytest.raises(ZeroDivisionError, match=r"derivative of sqrt\(x = 0\) is undefined: float"):
        sqrt(x).backward()
    with pytest.raises(ZeroDivisionError, match=r"derivative of power\(x = 0, 0.5\) is undefined"):
        (x**0.5).backward()
    assert x.grad == 0
    with ieee_values():
        sqrt(x).backward()
    assert x.grad == INF


def test_a_sum_that_overflows_on_the_way_is_refused_not_nan():
    with pytest.raises(OverflowError, match="too large for a float"):
        weighted_sum([Value(1e308), Value(-1e308)], [10.0, 10.0])  # inf - inf


@pytest.mark.parametrize(("use", "expected"), [
    (lambda x: x * 2, INF), (lambda x: -x, -INF), (lambda x: 1 / x, 0), (lambda x: x - x, NAN),
    (lambda x: x * 0, NAN), (lambda x: x.exp(), INF), (lambda x: (-x).exp(), 0),
    (lambda x: x.tanh(), 1), (lambda x: x.log(), INF), (lambda x: total([x, 1.0]), INF),
    (lambda x: weighted_sum([x], [2.0], 1.0), INF), (lambda x: log_sum_exp([x, 1.0]), INF),
    (lambda x: x**2, INF), (lambda x: x + 1e308, INF),
])  # fmt: skip
def test_inputs_that_are_infinite_already_pass(use, expected):
    assert use(Value(INF)).data == pytest.approx(expected, nan_ok=True)
    assert math.isnan(use(Value(NAN)).data)


def test_the_largest_numbers_are_not_refused():
    assert (Value(1e308) * 1.7).data == 1.7e308
    assert exp(Value(709.0)).data == math.exp(709)
    assert softplus(Value(1e308)).data == 1e308


def test_ieee_values_end_with_their_block_also_after_an_error():
    class Stop(Exception):
        pass

    with pytest.raises(Stop), ieee_values():
        raise Stop
    with pytest.raises(ValueError, match="log"):
        log(Value(0.0))
    with ieee_values():
        with ieee_values():
            pass
        assert log(Value(0.0)).data == -INF  # the outer block goes on


def test_ieee_values_hold_for_one_thread():
    errors = []

    def other():
        try:
            log(Value(0.0))
        except ValueError as error:
            errors.append(error)

    with ieee_values():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert len(errors) == 1


def test_ieee_values_do_not_hide_other_errors():
    wrong = define("wrong", lambda x: x + "a", lambda x, out: (1.0,))
    with ieee_values(), pytest.raises(TypeError, match=r"The rule of wrong\(2\) failed"):
        wrong(Value(2.0))
    with ieee_values(), pytest.raises(TypeError, match="one real number"):
        Value("a")


def test_operations_of_users_follow_the_policy():
    inverse = define(
        "inverse_square", lambda x: 1 / (x * x), lambda x, out: (-2 * out / x,), margin=math.fabs
    )
    x = Value(0.0, "x")
    with pytest.raises(ZeroDivisionError, match=r"inverse_square\(x = 0\) is undefined"):
        inverse(x)
    with ieee_values():
        y = inverse(x)
        y.backward()
    assert not math.isfinite(y.data)
    assert not math.isfinite(x.grad)
    steep = define("steep", lambda x: x, lambda x, out: (math.exp(x),))
    with pytest.raises(OverflowError, match=r"derivative of steep\(1000\) is undefined"):
        steep(Value(1000.0)).backward()
    with ieee_values():
        x = Value(1000.0)
        steep(x).backward()
    assert x.grad == INF


class Odd(ValueError):
    """An error with arguments of its own."""

    def __init__(self, where, what):
        super().__init__(f"{what} at {where}")


class Off(ZeroDivisionError):
    def __init__(self, *, by):
        super().__init__(f"off by {by}")


class OneText(ArithmeticError):
    """An error that takes a text, as most do."""


def raising(error):
    def rule(_):
        raise error

    return rule


RAISED = [  # what a rule raises, the kind that comes of it, the words that are kept
    (Odd("home", "bad"), ValueError, "bad at home"),
    (Off(by=3), ZeroDivisionError, "off by 3"),
    (OneText("one text"), OneText, "one text"),
    (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no start"), UnicodeError, "no start"),
]


@pytest.mark.parametrize(("error", "kind", "words"), RAISED)
def test_a_rule_may_raise_errors_of_any_kind(error, kind, words):
    op = define("rule_under_test", raising(error), lambda x, out: (1.0,))
    for x in (1.0, Value(1.0)):
        with pytest.raises(kind, match=rf"rule_under_test\(1\) is undefined: .*{words}") as caught:
            op(x)
        assert type(caught.value) is kind
    pytest.importorskip("numpy")

    def swallowing(x):
        try:
            return op(x)
        except kind:
            return x

    with pytest.raises(RecordingError, match=words):
        record(swallowing, [(1.0,)], {})


def test_a_leaf_restored_inside_an_ieee_block_is_fine():
    with ieee_values():
        x = Value(0.0)
        y = log(x)
        x.data = 0.0
        y.backward()
    assert x.grad == INF


def test_ieee_floats_divide_and_take_powers_as_numpy_does():
    np = pytest.importorskip("numpy")
    specials = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        2.0,
        -2.0,
        3.0,
        -3.0,
        0.5,
        -0.5,
        1e200,
        -1e200,
        INF,
        -INF,
        NAN,
    ]
    with np.errstate(all="ignore"):
        for x, y in itertools.product(specials, specials):
            for name, ours, theirs in [
                ("/", IEEEFloat(x) / IEEEFloat(y), np.float64(x) / np.float64(y)),
                ("r/", x / IEEEFloat(y), np.float64(x) / np.float64(y)),
                ("**", IEEEFloat(x) ** IEEEFloat(y), np.float64(x) ** np.float64(y)),
                ("r**", x ** IEEEFloat(y), np.float64(x) ** np.float64(y)),
            ]:
                same = math.isnan(ours) and math.isnan(theirs)
                same = same or (
                    ours == theirs and math.copysign(1, ours) == math.copysign(1, theirs)
                )
                assert same, (x, name, y, ours, theirs)
    assert type(-IEEEFloat(1.0)) is IEEEFloat
    assert repr(IEEEFloat(1.5)) == "1.5"


def test_to_float_takes_one_real_number():
    assert to_float(3) == to_float(Value(3.0)) == 3.0
    assert type(to_float(IEEEFloat(3.0))) is float
    with pytest.raises(TypeError, match="got '3' of type str"):
        to_float("3")
    with pytest.raises(TypeError, match=r"got \[0, 0, 0.{0,60} of type list"):
        to_float([0] * 1000)  # long things are cut


@pytest.mark.parametrize("data", [None, "a", [1], 1j, math])
def test_every_refusal_ends_with_a_whole_sentence(data):
    with pytest.raises(TypeError) as caught:
        to_float(data)
    assert str(caught.value).endswith(".")
