"""Scaling: what a scaler learns, undoes, keeps and refuses."""

import json
import math
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn.scaling import Scaler

numbers = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda x: round(x, 6))


@st.composite
def tables(draw):
    width = draw(st.integers(1, 4))
    rows = st.lists(numbers, min_size=width, max_size=width)
    return draw(st.lists(rows, min_size=1, max_size=12))


@settings(deadline=None)
@given(tables())
def test_standard_gives_mean_0_and_deviation_1(rows):
    scaled = Scaler("standard").fit(rows).transform(rows)
    for column, before in zip(zip(*scaled, strict=True), zip(*rows, strict=True), strict=True):
        if len(set(before)) == 1:
            assert set(column) == {0.0}
        else:
            assert statistics.fmean(column) == pytest.approx(0.0, abs=1e-6)
            assert statistics.pstdev(column) == pytest.approx(1.0)


@settings(deadline=None)
@given(tables())
def test_minmax_gives_0_to_1(rows):
    scaled = Scaler("minmax").fit(rows).transform(rows)
    for column, before in zip(zip(*scaled, strict=True), zip(*rows, strict=True), strict=True):
        assert min(column) == 0.0
        assert max(column) == (0.0 if len(set(before)) == 1 else 1.0)


@settings(deadline=None)
@given(tables(), st.sampled_from(["standard", "minmax"]))
def test_inverse_undoes_transform_and_state_survives_json(rows, kind):
    scaler = Scaler(kind).fit(rows)
    copy = Scaler.from_state(json.loads(json.dumps(scaler.state())))
    assert copy.transform(rows) == scaler.transform(rows)
    assert copy.state() == scaler.state()
    for row, back in zip(rows, scaler.inverse(scaler.transform(rows)), strict=True):
        assert back == pytest.approx(row, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    ("kind", "shift", "scale"),
    [
        ("standard", [5.0, 0.1], [2.0, 1.0]),  # the deviation of 2, 4, 4, 4, 5, 5, 7, 9 is 2
        ("minmax", [2.0, 0.1], [7.0, 1.0]),
    ],
)
def test_what_a_scaler_learns(kind, shift, scale):
    # 0.1 eight times is a constant, though its rounded mean need not be 0.1
    rows = [[x, 0.1] for x in (2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0)]
    scaler = Scaler(kind).fit(rows)
    assert (scaler.shift, scaler.scale) == (shift, scale)
    assert scaler.transform([[5.0, 0.1]])[0][1] == 0.0


@pytest.mark.parametrize("count", [3, 6, 7, 10, 1000])
@pytest.mark.parametrize("constant", [0.1, 1e-300, 1e300, -7.3])
def test_a_constant_feature_becomes_exactly_0(count, constant):
    for kind in ("standard", "minmax"):
        rows = [[constant]] * count
        assert Scaler(kind).fit(rows).transform(rows) == [[0.0]] * count


def test_other_parts_are_scaled_by_what_the_training_part_showed():
    scaler = Scaler("minmax").fit([[0.0], [10.0]])
    assert scaler.transform([[20.0], [-5.0]]) == [[2.0], [-0.5]]


def test_transform_copies():
    rows = [[1.0, 2.0], [3.0, 4.0]]
    Scaler().fit(rows).transform(rows)
    assert rows == [[1.0, 2.0], [3.0, 4.0]]


def test_scalers_say_what_they_are():
    assert repr(Scaler()) == "Scaler('standard': not fitted)"
    assert repr(Scaler("minmax").fit([[1.0, 2.0]])) == "Scaler('minmax': 2 features)"


FITTED = Scaler().fit([[1.0, 2.0], [3.0, 4.0]])
BAD_SCALING = [
    (lambda: Scaler("robust"), "kind is 'robust', .* standard, minmax"),
    (lambda: Scaler().transform([[1.0]]), r"not fitted. Call fit\(training_inputs\)"),
    (lambda: Scaler().inverse([[1.0]]), "not fitted"),
    (lambda: Scaler().fit([]), "at least one row"),
    (lambda: Scaler().fit([[], []]), "at least one row with at least one feature"),
    (
        lambda: Scaler().fit([[1.0], [2.0, 3.0]]),
        r"inputs\[1\] has 2 numbers, but inputs\[0\] has 1",
    ),
    (lambda: Scaler().fit([[1.0], [math.nan]]), r"inputs\[1\]\[0\] is nan"),
    (lambda: FITTED.transform([[1.0]]), r"inputs\[0\] has 1 number, but .* fitted on 2"),
    (lambda: FITTED.inverse([[1.0, 2.0], [1.0, 2.0, 3.0]]), r"inputs\[1\] has 3 numbers"),
    (lambda: FITTED.transform([[1.0, math.inf]]), r"inputs\[0\]\[1\] is inf"),
    (lambda: Scaler.from_state({"kind": "standard"}), "lacks shift, scale"),
    (lambda: Scaler.from_state({"kind": "x", "shift": [], "scale": []}), "kind is 'x'"),
    (
        lambda: Scaler.from_state({"kind": "minmax", "shift": [1.0], "scale": []}),
        "1 shifts came with 0 scales",
    ),
    (
        lambda: Scaler.from_state({"kind": "minmax", "shift": [1.0], "scale": [0.0]}),
        r"scale\[0\] is 0.0, but a scale is positive",
    ),
    (
        lambda: Scaler.from_state({"kind": "minmax", "shift": ["a"], "scale": [1.0]}),
        r"shift\[0\] is 'a'",
    ),
]


@pytest.mark.parametrize(("use", "message"), BAD_SCALING)
def test_scaler_refuses_what_does_not_fit(use, message):
    with pytest.raises(ValueError, match=message):
        use()


def test_a_failed_fit_changes_nothing():
    scaler = Scaler().fit([[1.0], [3.0]])
    before = scaler.state()
    with pytest.raises(ValueError, match="nan"):
        scaler.fit([[5.0], [math.nan]])
    assert scaler.state() == before


def test_state_is_a_copy():
    scaler = Scaler().fit([[1.0], [3.0]])
    scaler.state()["shift"][0] = 99.0
    assert scaler.shift == [2.0]


@pytest.mark.parametrize(("kind", "column"), [
    ("minmax", [1e308, -1e308]), ("standard", [1e308, 1e308, 1.0]),
])  # fmt: skip
def test_numbers_whose_range_is_no_number_are_refused(kind, column):
    scaler = Scaler(kind).fit([[1.0], [3.0]])
    before = scaler.state()
    with pytest.raises(ValueError, match="too far apart"):
        scaler.fit([[x] for x in column])
    assert scaler.state() == before
