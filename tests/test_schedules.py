"""Schedules: factors over the course of training."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn import SCHEDULES, LinearRegression, fit
from nn.schedules import constant, cosine, exponential, find_schedule, linear, steps, warmup

FACTORS = [  # schedule, share done, factor
    (constant(), 0.0, 1.0),
    (constant(), 1.0, 1.0),
    (linear(), 0.0, 1.0),
    (linear(), 0.25, 0.75),
    (linear(), 1.0, 0.0),
    (linear(end=0.1), 0.99, 1.0 - 0.9 * 0.99),  # micrograd's demo at step 99 of 100
    (cosine(), 0.0, 1.0),
    (cosine(), 1 / 3, 0.75),
    (cosine(), 1.0, 0.0),
    (cosine(end=0.2), 0.5, 0.6),
    (cosine(end=0.2), 1.0, 0.2),
    (exponential(), 0.0, 1.0),
    (exponential(), 1.0, 0.01),
    (exponential(end=0.25), 0.5, 0.5),
    (steps(), 0.0, 1.0),
    (steps(), 0.49, 1.0),
    (steps(), 0.5, 0.1),
    (steps(), 0.75, 0.01),
    (steps(at=(0.2,), factor=0.5), 1.0, 0.5),
    (warmup(), 0.0, 0.0),
    (warmup(), 0.025, 0.5),
    (warmup(), 0.05, 1.0),
    (warmup(), 1.0, 1.0),
    (warmup(0.2, then=linear()), 0.1, 0.5),
    (warmup(0.2, then=linear()), 0.6, 0.5),
    (warmup(0.2, then=cosine(end=0.1)), 1.0, 0.1),
]


@pytest.mark.parametrize(("schedule", "done", "factor"), FACTORS)
def test_factors(schedule, done, factor):
    assert schedule(done) == pytest.approx(factor, abs=1e-12)


@pytest.mark.parametrize("name", SCHEDULES)
@settings(deadline=None)
@given(done=st.floats(0, 1))
def test_factors_stay_between_zero_and_one(name, done):
    factor = SCHEDULES[name]()(done)
    assert type(factor) is float
    assert 0 <= factor <= 1


@pytest.mark.parametrize("name", sorted(set(SCHEDULES) - {"warmup"}))
@settings(deadline=None)
@given(shares=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_apart_from_warmup_none_rises(name, shares):
    schedule = SCHEDULES[name]()
    assert schedule(max(shares)) <= schedule(min(shares)) + 1e-12


@settings(deadline=None)
@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_warmup_joins_its_two_parts_without_a_jump(share, end):
    schedule = warmup(share, then=linear(end))
    assert schedule(share * (1 - 1e-9)) == pytest.approx(schedule(share), abs=1e-6)


@pytest.mark.parametrize("end", [0.0, -0.5])
def test_an_exponential_decay_never_reaches_zero(end):
    with pytest.raises(ValueError, match=f"ends above 0; got end={end}"):
        exponential(end)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 2.0, math.nan])
def test_a_warmup_takes_a_share_of_the_training(share):
    with pytest.raises(ValueError, match=f"lies between 0 and 1; got {share}"):
        warmup(share)


def test_schedules_are_found_by_name_or_are_themselves():
    def mine(done):
        return 1 - done**2

    assert find_schedule(mine) is mine
    for name in SCHEDULES:
        assert find_schedule(name)(0.3) == SCHEDULES[name]()(0.3)


def test_an_unknown_name_is_refused_with_the_names_there_are():
    message = "No schedule is named 'linaer'; choose one of constant, linear, cosine"
    with pytest.raises(ValueError, match=message):
        find_schedule("linaer")


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize(("batch_size", "steps_in_all"), [(None, 4), (2, 8), (3, 8), (1, 16)])
def test_training_multiplies_its_rate_by_the_share_of_steps_done(name, batch_size, steps_in_all):
    rates = []
    fit(
        LinearRegression(1),
        [[0.0], [0.1], [0.2], [0.3]],
        [0.0, 0.1, 0.2, 0.3],
        epochs=4,
        batch_size=batch_size,
        learning_rate=0.5,
        schedule=name,
        on_report=lambda report: rates.append(report.learning_rate),
    )
    factor = SCHEDULES[name]()
    assert rates == [0.5 * factor(step / steps_in_all) for step in range(steps_in_all)]
