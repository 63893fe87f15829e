"""What the engines do with samples that come again, change, or are more than one line holds."""

import numpy as np
import pytest
from compiled_runs import machine_for

from autograd import Value, tanh, weighted_sum
from autograd.compile.program import RESULTS

W = [Value(0.5), Value(-0.25), Value(0.125)]
RNG = np.random.default_rng(0)
SAMPLES = RNG.normal(size=(6, 3))


def loss(*x):
    return tanh(weighted_sum(W, x))


def expected(samples):
    w = np.array([p.data for p in W])
    return np.tanh(samples @ w), (1 - np.tanh(samples @ w) ** 2) @ samples / len(samples)


def agree(machine, samples):
    results = machine.run(samples, backward=True)
    values, gradient = expected(samples)
    assert results[:, 0] == pytest.approx(values, rel=1e-12)
    assert machine.gradients() == pytest.approx(gradient, rel=1e-12)


@pytest.fixture(params=["numpy", "native"])
def machine(request):
    machine = machine_for(loss, W, SAMPLES.tolist(), request.param)
    machine.load()
    return machine


def test_samples_that_change_in_their_place_are_copied_again(machine):
    samples = SAMPLES.copy()
    for k in range(8):
        agree(machine, samples)
        samples[k % 6] += 1.0


def test_other_samples_in_the_memory_of_earlier_ones_are_copied_again(machine):
    for k in range(8):  # the array of the round before is gone, and its place free
        samples = SAMPLES + k
        samples.flags.writeable = False
        agree(machine, samples)
        del samples


@pytest.mark.parametrize("batch", [1, 2, 6])
def test_a_batch_may_come_again_and_in_another_order(machine, batch):
    samples = SAMPLES.copy()
    samples.flags.writeable = False
    orders = [[0, 1, 2, 3, 4, 5], [0, 1, 0, 1, 0, 1], [5, 4, 3, 2, 1, 0], [2, 2, 2, 2, 2, 2]]
    for order in [*orders, *orders]:
        done, _, results = machine._engine.steps(samples, batch, RESULTS, order=order)
        assert done == 6 // batch
        assert results[:, 0] == pytest.approx(expected(SAMPLES[order])[0], rel=1e-12)


@pytest.mark.parametrize("count", [1, 5, 255, 256, 257, 1000])
def test_more_samples_than_a_line_holds_are_taken_in_parts(monkeypatch, count):
    pytest.importorskip("llvmlite")
    from autograd.compile import native_backend

    monkeypatch.setattr(native_backend, "_CACHE", 0)  # lines of the shortest length
    samples = RNG.normal(size=(count, 3))
    machine = machine_for(loss, W, samples.tolist(), "native")
    machine.load()
    for _ in range(2):
        agree(machine, samples)


def test_halves_on_two_cores_are_samples_like_others(monkeypatch):
    pytest.importorskip("llvmlite")
    from autograd.compile import native_backend

    monkeypatch.setattr(native_backend, "_TWO_PAY", 0)
    monkeypatch.setattr(native_backend, "_cores", lambda: 2)
    samples = RNG.normal(size=(300, 3))
    machine = machine_for(loss, W, samples.tolist(), "native")
    machine.load()
    for _ in range(4):
        agree(machine, samples)
        samples += 0.25
