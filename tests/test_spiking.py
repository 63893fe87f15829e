from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn import LeakyIntegrateAndFire, ThresholdNeuron

NEURON = LeakyIntegrateAndFire(tau=10.0, threshold=15.0, resistance=10.0)

GATES = [
    ([1, 1], 2, [0, 0, 0, 1]),
    ([1, 1], 1, [0, 1, 1, 1]),
    ([-1, 0], 0, [1, 1, 0, 0]),
]


@pytest.mark.parametrize(("weights", "threshold", "answers"), GATES)
def test_a_threshold_neuron_is_a_gate(weights, threshold, answers):
    neuron = ThresholdNeuron(weights, threshold)
    assert [neuron([a, b]) for a in (0, 1) for b in (0, 1)] == answers


def test_below_the_threshold_the_answer_is_graded():
    tops = [max(NEURON.response([current] * 1000).voltages) for current in (0.3, 0.6, 1.2)]
    assert tops == pytest.approx([3.0, 6.0, 12.0], rel=1e-3)
    assert NEURON.response([1.2] * 1000).spikes == []


def test_above_it_a_spike_has_one_size_and_only_the_rate_grows():
    answers = [NEURON.response([current] * 1000) for current in (1.6, 2.0, 5.0, 50.0)]
    assert {max(answer.voltages) for answer in answers} == {100.0}
    rates = [len(answer.spikes) for answer in answers]
    assert rates == sorted(set(rates))
    assert rates[-1] <= 100 / 2, "the refractory time is the limit"


@given(st.floats(1.51, 100.0), st.floats(0.01, 7.0))
def test_the_first_spike_does_not_depend_on_the_step(current, step):
    expected = 10 * log(10 * current / (10 * current - 15))
    assert NEURON.first_spike(current) == pytest.approx(expected, rel=1e-12)
    steps = int(expected / step) + 2
    assert NEURON.response([current] * steps, step).spikes[0] == pytest.approx(expected, rel=1e-9)


def test_the_curve_is_exact_between_spikes():
    answer = NEURON.response([1.0] * 20 + [0.0] * 10, step=1.0)
    top = 10 * (1 - exp(-2))
    assert answer.voltages[20] == pytest.approx(top, rel=1e-12)
    assert answer.voltages[-1] == pytest.approx(top * exp(-1), rel=1e-12)
    assert answer.times[-1] == 30.0


def test_the_second_spike_comes_a_rest_and_a_loading_later():
    first, second = NEURON.response([2.0] * 400).spikes[:2]
    assert second - first == pytest.approx(2.0 + first, rel=1e-9)


@pytest.mark.parametrize("current", [1.5, 0.0, -3.0])
def test_a_current_that_holds_it_at_the_threshold_or_below_never_fires(current):
    assert NEURON.first_spike(current) is None
    assert NEURON.response([current] * 5000).spikes == []


WRONG = [
    (lambda: LeakyIntegrateAndFire(tau=0), "tau is 0, but must be above 0"),
    (lambda: LeakyIntegrateAndFire(refractory=-1.0), "refractory is -1.0"),
    (lambda: LeakyIntegrateAndFire(threshold=float("nan")), "threshold is nan"),
    (lambda: LeakyIntegrateAndFire(threshold=20, spike=15), "not above 20 mV"),
    (lambda: NEURON.response([1.0], step=0), "step is 0"),
    (lambda: NEURON.response([1.0, float("inf")]), r"currents\[1\] is inf"),
    (lambda: NEURON.first_spike(float("nan")), "current.* is nan"),
    (lambda: ThresholdNeuron([1.0], 1.0)([1, 2]), "Got 2 inputs.* 1 weights"),
    (lambda: ThresholdNeuron([float("nan")], 1.0), r"weights\[0\] is nan"),
    (lambda: ThresholdNeuron([1.0], 1.0)([float("inf")]), r"inputs\[0\] is inf"),
]


@pytest.mark.parametrize(("typed", "answer"), WRONG)
def test_what_is_no_neuron_is_answered(typed, answer):
    with pytest.raises(ValueError, match=answer):
        typed()
