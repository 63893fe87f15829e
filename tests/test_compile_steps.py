"""What the engines do with samples that come again, change, or are more than one line holds."""

import math
import sys

import numpy as np
import pytest
from compiled_runs import machine_for

import autograd
from autograd import Value, define, tanh, weighted_sum
from autograd.compile.program import GRADIENT, RESULTS

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


def test_a_view_of_an_array_that_changes_is_copied_again(machine):
    base = SAMPLES.copy()
    view = base[:]
    view.flags.writeable = False
    for _ in range(3):
        agree(machine, view)
        base += 1.0


WRONG = {  # what `train` is given: samples, batch, rates, order, and the answer
    "no samples": (SAMPLES[:0], 1, [0.1], [0], r"takes samples in an array \(n, 3\)"),
    "wide samples": (np.ones((2, 4)), 1, [0.1], [0], r"got \(2, 4\)"),
    "a flat array": (np.ones(3), 1, [0.1], [0], r"got \(3,\)"),
    "no order": (SAMPLES, 1, [0.1], [], "got 0 in batches of 1"),
    "no batch": (SAMPLES, 0, [0.1], [0], "got 1 in batches of 0"),
    "before the first": (SAMPLES, 1, [0.1], [-1], "from 0 to 5"),
    "after the last": (SAMPLES, 1, [0.1], [6], "from 6 to 6"),
    "in the middle": (SAMPLES, 1, [0.1] * 3, [0, 7, 1], "from 0 to 7"),
    "unknown among nan": (np.full((6, 3), np.nan), 1, [0.1] * 2, [0, 6], "from 0 to 6"),
    "few rates": (SAMPLES, 1, [0.1], [0, 1], "2 steps need as many rates; got 1"),
}


@pytest.mark.parametrize("name", WRONG)
def test_steps_that_cannot_be_are_refused(machine, name):
    samples, batch, rates, order, answer = WRONG[name]
    with pytest.raises(ValueError, match=answer):
        machine.train(samples, batch, rates, 1, order)
    agree(machine, SAMPLES)


def test_a_number_that_is_no_samples_is_found_at_every_place(machine):
    for place in range(17):
        for unknown in (-1, 6, 2**63 - 1, -(2**63)):
            order = [k % 6 for k in range(17)]
            order[place] = unknown
            with pytest.raises(ValueError, match="numbered from 0 to 5"):
                machine._engine.steps(SAMPLES, 3, RESULTS, order=order)
    agree(machine, SAMPLES)


@pytest.mark.parametrize("batch", [7, 100, 2**64])
@pytest.mark.parametrize("inputs", [4, 5, 9, 13, 64, 300])
@pytest.mark.parametrize("engine", ["numpy", "native"])
def test_wide_samples_come_in_any_order_and_as_often_as_they_are_asked_for(engine, inputs, batch):
    if engine == "native":
        pytest.importorskip("llvmlite")
    weights = RNG.normal(size=inputs)
    w = [Value(x) for x in weights.tolist()]
    samples = RNG.normal(size=(50, inputs))
    machine = machine_for(
        lambda *x: weighted_sum(w, x), w, samples.tolist(), engine, min(batch, 16)
    )
    machine.load()
    order = RNG.integers(0, 50, size=123)
    done, means, results = machine._engine.steps(samples, batch, GRADIENT, order=order)
    expected = samples[order] @ weights
    parts = [slice(k, k + batch) for k in range(0, 123, batch)]
    assert done == len(parts)
    assert results[:, 0] == pytest.approx(expected, rel=1e-12, abs=1e-12)
    assert means == pytest.approx([expected[part].mean() for part in parts], abs=1e-12)
    last = samples[order[parts[-1]]].mean(axis=0)
    assert machine.gradients() == pytest.approx(last, rel=1e-12, abs=1e-12)


def test_a_copy_that_was_interrupted_is_made_again(monkeypatch):
    pytest.importorskip("llvmlite")
    machine = machine_for(loss, W, SAMPLES.tolist(), "native")
    machine.load()
    samples = np.concatenate([SAMPLES] * 9)
    samples.flags.writeable = False
    agree(machine, SAMPLES)

    def interrupted(_numbers):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(np, "isfinite", interrupted)
        with pytest.raises(KeyboardInterrupt):
            machine.run(samples)
    agree(machine, samples)


def test_a_program_that_runs_cannot_be_run_by_a_rule_that_it_calls(machine):
    seen = []

    def forward(x):
        if inner is not None:
            try:
                seen.append(inner.run(SAMPLES + 1)[0, 0])
            except RuntimeError as error:
                seen.append(str(error))
        return math.erf(x)

    inner = None
    op = define("erf_within", forward, lambda x, _out: (2 / math.pi**0.5 * math.exp(-(x**2)),))
    del autograd.OPS["erf_within"]
    outer = machine_for(lambda *x: op(weighted_sum(W, x)), W, SAMPLES.tolist(), machine.name)
    outer.load()
    inner = machine  # another program may
    expected = [math.erf(x) for x in SAMPLES @ [p.data for p in W]]
    assert outer.run(SAMPLES)[:, 0] == pytest.approx(expected, rel=1e-12)
    assert all(isinstance(x, float) for x in seen)
    if machine.name == "native":
        seen.clear()
        inner = outer
        assert outer.run(SAMPLES)[:, 0] == pytest.approx(expected, rel=1e-12)
        assert seen
        assert all("is running" in x for x in seen)


def test_only_a_batch_that_gets_longer_lines_is_compiled_anew(monkeypatch):
    pytest.importorskip("llvmlite")
    from autograd.compile import native_backend

    monkeypatch.setattr(native_backend, "_CACHE", 0)
    machine = machine_for(loss, W, SAMPLES.tolist(), "native")
    machine.load()
    engines = []
    for count in (6, 32, 1000, 2000, 3000, 6):
        machine.make_room(count)
        agree(machine, RNG.normal(size=(count, 3)))
        engines.append(machine._engine)
    assert engines[0] is engines[1]
    assert engines[1] is not engines[2]
    assert engines[2] is engines[3] is engines[4] is engines[5]


@pytest.mark.parametrize("batch", [1, 2, 6])
def test_a_batch_may_come_again_and_in_another_order(machine, batch):
    samples = SAMPLES.copy()
    samples.flags.writeable = False
    orders = [[0, 1, 2, 3, 4, 5], [0, 1, 0, 1, 0, 1], [5, 4, 3, 2, 1, 0], [2, 2, 2, 2, 2, 2]]
    for order in [*orders, *orders]:
        done, _, results = machine._engine.steps(samples, batch, RESULTS, order=order)
        assert done == 6 // batch
        assert results[:, 0] == pytest.approx(expected(SAMPLES[order])[0], rel=1e-12)


def test_numbers_that_were_handed_out_stay_what_they_were(machine):
    first = machine._engine.steps(SAMPLES, 2, RESULTS)
    kept = [numbers.copy() for numbers in first[1:]]
    for samples in (SAMPLES + 1, np.concatenate([SAMPLES] * 9)):
        machine._engine.steps(samples, 2, RESULTS)
        for numbers, before in zip(first[1:], kept, strict=True):
            assert (numbers == before).all()


def test_results_alone_change_no_gradient(machine, monkeypatch):
    machine.run(SAMPLES, backward=True)
    before = machine.gradients()
    machine.run(SAMPLES[::-1])
    assert machine.gradients() == before
    if machine.name == "native":
        monkeypatch.setattr(sys.modules[type(machine._engine).__module__], "_TWO_PAY", 0)
        monkeypatch.setattr(sys.modules[type(machine._engine).__module__], "_cores", lambda: 2)
        machine.run(SAMPLES[::-1])
        assert machine.gradients() == before


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
