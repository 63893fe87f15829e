"""Random functions, compiled, agree with Values and with the derivative as a graph; and the fuzzer
notices planted faults."""

import itertools
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from compiled_runs import COUNTS, ENGINES, fuzz, machine_for, trouble
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import recipes

from autograd import Machine, Value, ops, record, tanh, total, weighted_sum
from autograd.compile import (
    building,
    chains,
    native_backend,
    native_writer,
    numpy_backend,
    rolling,
)
from autograd.compile.native_code import Code
from autograd.compile.recording import graph_of

pytest.importorskip("llvmlite")


@pytest.mark.parametrize("start", range(0, 300, 50))
def test_numpy_agrees_with_values_on_random_functions(start):
    for seed in range(start, start + 50):
        assert not fuzz(seed, "numpy"), seed


@pytest.mark.parametrize("start", range(1000, 1040, 10))
def test_machine_code_agrees_with_values_on_random_functions(start):
    for seed in range(start, start + 10):
        assert not fuzz(seed, "native"), seed


@pytest.mark.parametrize(("engine", "count"), [("numpy", 30), ("native", 10)])
def test_wide_random_functions_agree(engine, count):
    for seed in range(2000, 2000 + count):
        assert not fuzz(seed, engine, widest=23, size=8), seed


def test_the_derivative_as_a_graph_agrees_on_random_functions():
    for seed in range(60):
        assert not fuzz(seed, "derived"), seed


@given(st.integers(0, 10**6), st.integers(2, 14), st.integers(1, 8))
@settings(max_examples=60, deadline=None)
def test_hypothesis_finds_no_function_on_which_numpy_differs(seed, size, widest):
    assert not fuzz(seed, "numpy", widest, size)


class FunctionOf:
    """A recipe of any operations as a function of a sample: some leaves are its parameters."""

    def __init__(self, recipe, varies):
        self.recipe, self.varies = recipe, varies
        self.parameters = [Value(x) for x in recipe.leaves]

    def samples(self, count):
        numbers = [x for x, varies in zip(self.recipe.leaves, self.varies, strict=True) if varies]
        return [[[x + 1e-4 * (i % 7) for x in numbers]] for i in range(count)]  # not to a kink

    def __call__(self, numbers):
        given = iter(numbers)
        leaves = [
            next(given) if varies else p
            for p, varies in zip(self.parameters, self.varies, strict=True)
        ]
        results = self.recipe.run(leaves)
        return [results[-1], *[x for x in results[:-1] if isinstance(x, Value)]]


def recipe_trouble(recipe, varies, engine, count):
    varies = list(itertools.islice(itertools.cycle(varies), len(recipe.leaves)))
    function = FunctionOf(recipe, varies)
    return trouble(function, function.parameters, function.samples(count), engine)


@given(recipes(), st.lists(st.booleans(), min_size=1, max_size=5), st.sampled_from(COUNTS))
@settings(max_examples=150, deadline=None)
def test_hypothesis_finds_no_recipe_on_which_numpy_differs(recipe, varies, count):
    assert not recipe_trouble(recipe, varies, "numpy", count)


@given(recipes(), st.lists(st.booleans(), min_size=1, max_size=5), st.sampled_from(COUNTS))
@settings(max_examples=15, deadline=None)
def test_hypothesis_finds_no_recipe_on_which_machine_code_differs(recipe, varies, count):
    assert not recipe_trouble(recipe, varies, "native", count)


# ------------------------------------------------------------------------------- shapes


class Layers:
    """A network of weighted sums, whose sizes are not those of vectors or tiles."""

    def __init__(self, sizes, op=ops.tanh):
        self.sizes, self.op = sizes, op
        numbers = itertools.count(1)
        self.weights = [
            [[Value(0.9 - (next(numbers) * 37 % 101) / 60) for _ in range(n + 1)] for _ in range(m)]
            for n, m in itertools.pairwise(sizes)
        ]
        self.parameters = [w for layer in self.weights for row in layer for w in row]

    def samples(self, count):
        return [
            [[((i * 31 + j * 17) % 23) / 12 - 0.9 for j in range(self.sizes[0])]]
            for i in range(count)
        ]

    def __call__(self, x):
        for k, layer in enumerate(self.weights):
            n = len(x)
            x = [
                weighted_sum(row[:n], [y / n**0.5 for y in x] if k else x, row[n]) for row in layer
            ]
            x = [self.op(y) for y in x] if k + 1 < len(self.weights) else x
        return [weighted_sum(x, x), *x]


SHAPES = [  # sizes of layers, batch
    ((3, 16, 16, 2), 100), ((5, 33, 3), 13), ((1, 1, 1), 9), ((40, 7, 11, 5), 1), ((17, 8, 1), 64),
    ((1000, 3, 1), 5), ((1000, 2), 1), ((2, 70, 70, 3), 3), ((9, 129, 1), 2), ((12, 65, 2), 300),
]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("sizes", "batch"), SHAPES)
def test_networks_of_any_width_agree(sizes, batch, engine):
    function = Layers(sizes)
    assert not trouble(function, function.parameters, function.samples(batch), engine)


@pytest.mark.parametrize("made_for", [1, 8, 64])
def test_one_program_runs_batches_of_all_sizes(made_for):
    """More samples than lanes are taken in parts, whose gradients add up."""
    function = Layers((6, 11, 2))
    samples = function.samples(4 * made_for + 3)
    machine = machine_for(function, function.parameters, samples[:made_for], "native")
    for n in sorted({1, 2, 7, made_for, made_for + 1, 2 * made_for + 5, len(samples)}):
        if n <= len(samples):
            assert not trouble(function, function.parameters, samples[:n], "native", machine), n


def test_samples_that_do_not_fit_the_cache_are_taken_in_parts(monkeypatch):
    monkeypatch.setattr(native_backend, "_CACHE", 100)
    function = Layers((4, 9, 9, 1), ops.relu)
    samples = function.samples(200)
    machine = machine_for(function, function.parameters, samples, "native")
    assert machine._engine.lanes == 64
    for n in (200, 65, 64, 3):
        assert not trouble(function, function.parameters, samples[:n], "native", machine), n


@pytest.mark.parametrize("width", [2, 4, 8])
def test_vectors_of_other_processors_give_the_same_numbers(width, monkeypatch):
    """LLVM puts together vectors that the processor has not; AVX-512 itself is not needed."""
    monkeypatch.setattr(native_backend, "_width", lambda features: width)
    for sizes, batch in [((3, 16, 16, 2), 100), ((5, 33, 3), 13), ((1, 1, 1), 9), ((17, 8, 1), 64)]:
        function = Layers(sizes)
        assert not trouble(function, function.parameters, function.samples(batch), "native")
    for seed in (24, *range(12)):
        assert not fuzz(seed, "native"), seed


@pytest.mark.skipif(sys.platform != "linux", reason="fences are Linux's")
def test_nothing_is_read_behind_a_table():
    run = subprocess.run(
        [sys.executable, Path(__file__).parent / "guard_pages.py"], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == "nothing was touched\n"


def test_a_second_core_gives_the_same_numbers(monkeypatch):
    function = Layers((6, 40, 3))
    samples = function.samples(300)
    machine = machine_for(function, function.parameters, samples, "native")
    monkeypatch.setattr(native_backend, "_TWO_PAY", 1)
    monkeypatch.setattr(native_backend, "_cores", lambda: 2)
    for n in (300, 2, 77):
        assert not trouble(function, function.parameters, samples[:n], "native", machine), n
    bad = np.array([x for (x,) in samples])
    bad[299, 0] = np.inf
    assert machine.run(bad, backward=True) is None


def numbered(count, start=0):
    return [Value(0.8 - ((start + i) * 29 % 53) / 33) for i in range(count)]


def scattered(x, p):
    """Return a layer on some outputs of another one, which lie at no regular distance."""
    hidden = [(p[i] * x[0] + p[i + 20] * x[1] + p[i + 40]).tanh() for i in range(20)]
    chosen = [hidden[k] for k in (0, 1, 3, 6, 10, 15, 19)]
    weights = p[60:]
    return [weighted_sum(weights[7 * j : 7 * j + 7], chosen).tanh() for j in range(6)]


def windows(x, p):
    """Return the same weights on every window of the inputs: a convolution of 5 filters."""
    filters = [p[4 * k : 4 * k + 4] for k in range(5)]
    return [weighted_sum(f[:3], x[c : c + 3], f[3]).tanh() for f in filters for c in range(6)]


def windows_with_biases(x, p):
    """Return the same with a bias of its own in every place."""
    filters, biases = [p[3 * k : 3 * k + 3] for k in range(5)], p[15:45]
    return [
        weighted_sum(f, x[c : c + 3], biases[6 * k + c]).tanh()
        for k, f in enumerate(filters)
        for c in range(6)
    ]


def attention(x, p):
    """Return products of what varies with what varies, from tokens of two numbers."""
    tokens = [x[2 * i : 2 * i + 2] for i in range(4)]

    def project(rows):
        return [[weighted_sum(rows[2 * k : 2 * k + 2], t) for k in range(3)] for t in tokens]

    queries, keys, values = (project(p[6 * k : 6 * k + 6]) for k in range(3))
    out = []
    for q in queries:
        scores = [weighted_sum(q, k) for k in keys]
        level = ops.log_sum_exp_of.apply(tuple(scores))
        shares = [ops.exp(s - level) for s in scores]
        columns = zip(*values, strict=True)
        out += [weighted_sum(shares, list(column)) for column in columns]
    return out


def recurrent(x, p):
    """Return the last state of a network that takes its inputs one after the other."""
    state = [0.0 * x[0] for _ in range(5)]
    for number in x:
        state = [
            weighted_sum([*p[6 * j : 6 * j + 5], p[6 * j + 5]], [*state, number], p[30 + j]).tanh()
            for j in range(5)
        ]
    return state


def powers(x, p):
    """Return a polynomial by Horner's rule, and products of parameters."""
    out = p[0] * p[1]
    for q in p[2:9]:
        out = out * x[0] + q * q * p[1]
    return [out, p[3] * x[1] * x[1] * p[4], x[0] * x[1] * x[2]]


BUILDS = {"scattered": (scattered, 2, 102), "windows": (windows, 8, 20),
          "windows with biases": (windows_with_biases, 8, 45), "attention": (attention, 8, 18),
          "recurrent": (recurrent, 6, 35), "powers": (powers, 3, 9)}  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", BUILDS)
def test_networks_of_other_builds_agree(name, engine):
    build, inputs, parameters = BUILDS[name]
    p = numbered(parameters)

    def function(x):
        out = build(x, p)
        return [weighted_sum(out, out), *out]

    samples = [
        [[((i * 13 + j * 7) % 17) / 9 - 0.9 for j in range(inputs)]] for i in range(21)
    ]  # fmt: skip
    machine = machine_for(function, p, samples, engine)
    for n in (21, 1, 8):
        assert not trouble(function, p, samples[:n], engine, machine), n
    assert not trouble(function, p, samples[:1], engine), "made for one sample"


# ------------------------------------------------------------------------------ graphs of batches


def in_one_sum(losses):
    return total(losses)


def one_after_the_other(losses):
    return sum(losses[1:], losses[0])


def to_themselves(losses):
    return weighted_sum(losses, losses, losses[0])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("join", [in_one_sum, one_after_the_other, to_themselves])
def test_the_graph_of_a_whole_batch_agrees(join, engine):
    p = numbered(9)

    def loss_of(x):
        hidden = [
            tanh(w * x[0] + v * x[1] + 0.5 + 0.25) for w, v in zip(p[:4], p[4:8], strict=True)
        ]
        return (sum(hidden, p[8]) - 1.0) ** 2

    xs = [[i % 7 - 3.0, (i * i) % 5 / 3] for i in range(600)]
    loss = join([loss_of([Value(a, constant=True) for a in x]) for x in xs]) / len(xs)
    machine = Machine(graph_of(loss), engine, 1, parameters=p)
    assert len(machine.program.forward) < 20
    machine.load()
    out = machine.run(np.zeros((1, 0)), backward=True)
    loss.backward()
    assert out[0, 0] == pytest.approx(loss.data, rel=1e-12)
    assert machine.gradients() == pytest.approx([x.grad for x in p], rel=1e-11)


@pytest.mark.parametrize("engine", ENGINES)
def test_many_products_of_vectors_are_one_statement(engine):
    p = numbered(1500)
    rows = [p[i : i + 5] for i in range(0, 1500, 5)]
    loss = total([weighted_sum(row, [w.tanh() for w in row]).tanh() for row in rows])
    machine = Machine(graph_of(loss), engine, 1, parameters=p)
    assert len(machine.program.forward) + len(machine.program.backward) < 12
    machine.load()
    out = machine.run(np.zeros((1, 0)), backward=True)
    loss.backward()
    assert out[0, 0] == pytest.approx(loss.data, rel=1e-12)
    assert machine.gradients() == pytest.approx([x.grad for x in p], rel=1e-11)


def test_rows_are_told_apart_even_if_one_number_stands_for_all_of_them(monkeypatch):
    monkeypatch.setattr(rolling, "_ODD", np.uint64(0))
    for seed in range(0, 30, 3):
        assert not fuzz(seed, "numpy", 23, 8), seed


@pytest.mark.parametrize("engine", ENGINES)
def test_products_and_sums_of_steps_agree(engine):
    w, v = numbered(2)

    def function(x):
        up, down = ops.step(w + x), ops.step(v - x)
        return [w * up * down + (up + down) * x + up * 3.0, up * down, up + down]

    assert not trouble(function, [w, v], [[x] for x in (-2.0, -0.1, 0.0, 0.4, 3.0)], engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_large_numbers_are_finite(engine):
    w = Value(1e200)
    machine = machine_for(lambda x: w * x, [w], [[2.0], [3.0]], engine)
    machine.load()
    assert machine.run(np.array([[2.0], [3.0]]), backward=True).tolist() == [[2e200], [3e200]]
    assert machine.run(np.array([[2.0], [3e200]]), backward=True) is None
    w.data = 1e308
    machine.load()  # each is finite, but not their sum
    assert machine.run(np.array([[1.5], [1.5]]), backward=True) is None


@pytest.mark.parametrize("engine", ENGINES)
def test_a_rule_may_remember_the_step_and_move_some_leaves(engine):
    a, b, c = numbered(3)
    graph, _ = record(lambda x: a * x + b * c * x, [[1.0], [2.0]], {})

    def rule(data, grad, state, rate, step):
        return data - rate * grad - 0 * state[0], (step, state[1] + grad * grad)

    machine = Machine(graph, engine, 2, parameters=[c, a], rule=rule, memory=2)
    machine.load([(0.0, 0.0), (0.0, 0.0)])
    before = [c.data, a.data]
    done, losses, _ = machine.train(np.array([[1.0], [2.0]]), 2, [0.5], 7, [0, 1])
    slopes = [b.data * 1.5, 1.5]
    assert done == 1
    assert losses[0] == pytest.approx((a.data + b.data * c.data) * 1.5, rel=1e-12)
    moved = [x - 0.5 * slope for x, slope in zip(before, slopes, strict=True)]
    assert machine.data() == pytest.approx(moved, rel=1e-12)
    assert [x for s in machine.state() for x in s] == pytest.approx(
        [7.0, slopes[0] ** 2, 7.0, slopes[1] ** 2], rel=1e-12
    )


# ------------------------------------------------------------------------------- planted faults


def without_last(which):
    """Let the last product (0) or term (1) of a sum of several be lost."""

    def plant(original):
        def faulty(self, sums, products, terms):
            items = [products, terms]
            count = np.bincount(items[which].owner, minlength=1 + sums.max(initial=0))
            owner, first = np.unique(items[which].owner[::-1], return_index=True)
            kept = np.ones(len(items[which].owner), dtype=bool)
            kept[::-1][first] = count[owner] <= 2
            items[which] = items[which].where(kept)
            return original(self, sums, *items)

        return faulty

    return plant


def assigning(original):
    """Let a share of a gradient overwrite the one that is there."""

    def faulty(self, target, share, views):
        table = (
            rolling.SHARED if target.table == building.GRAD_OF[rolling.SHARED] else building.LANES
        )
        self.written[table][target.rows] = False
        return original(self, target, share, views)

    return faulty


def scattering_to_the_first(original):
    def faulty(self, inputs, upstream, nodes):
        index, values = inputs
        first = building.View(values.table, values.rows[:, :1].repeat(values.rows.shape[1], 1))
        return original(self, [index, first], upstream, nodes)

    return faulty


def swapped(name):
    """Swap the inputs of an instruction."""

    def plant(original):
        def faulty(self, op, x, y, *flags):
            return original(self, op, *((y, x) if op == name else (x, y)), *flags)

        return faulty

    return plant


def written_as(text):
    return lambda texts: {**texts, **text}


FAULTS = [  # what is wrong, engine, where, name, a function from what is right to what is wrong
    ("a term is lost", "numpy", rolling.Roller, "_add_sums", without_last(1)),
    ("a product is lost", "numpy", rolling.Roller, "_add_sums", without_last(0)),
    ("sub is swapped", "numpy", numpy_backend, "_TEXT", written_as({"sub": "({1} - {0})"})),
    ("div is swapped", "numpy", numpy_backend, "_TEXT", written_as({"div": "({1} / {0})"})),
    ("where is swapped", "numpy", numpy_backend, "_TEXT",
     written_as({"where": "where({} == 0, {}, {})"})),
    ("= for +=", "numpy", building._Builder, "_add_to", assigning),
    ("= for +=", "native", building._Builder, "_add_to", assigning),
    ("scatter", "numpy", building._Builder, "_scatter_later", scattering_to_the_first),
    ("scatter", "native", building._Builder, "_scatter_later", scattering_to_the_first),
    ("pick", "numpy", numpy_backend, "_places", lambda f: lambda i, n: (f(i, n) + 1) % n),
    ("two inputs are one", "numpy", building, "_equal", lambda _: lambda x, y: True),
    ("a block's rows", "numpy", rolling, "matrices",
     lambda f: lambda *factors: f(*[x[:, :1].repeat(x.shape[1], axis=1) for x in factors])),
    ("order of rows", "numpy", rolling, "_reading_order",
     lambda f: lambda row, kinds, table, out: f(row, kinds, table, out)[::-1] * 0),
    ("sub is swapped", "native", Code, "op", swapped("fsub")),
    ("div is swapped", "native", Code, "op", swapped("fdiv")),
    ("a mask is short", "native", Code, "mask", lambda f: lambda self, n: f(self, n - 1)),
    ("a sum loses its first", "native", Code, "fma",
     lambda f: lambda self, x, y, z: f(self, x, y, self.literal(0.0))),
    ("rows in steps", "native", native_writer, "steps_of", lambda f: lambda rows: (
        None if (steps := f(rows)) is None else tuple(min(s, 1) for s in steps))),
    ("all orders are free", "native", chains, "_conflict", lambda _: lambda s, other: False),
    ("nothing is needed later", "native", native_backend, "chains",
     lambda f: lambda *given: [chains.Chain(c.statements, [False] * len(c.stored))
                               if len(c.stored) > 1 else c for c in f(*given)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("engine", "where", "name", "plant"), [row[1:] for row in FAULTS],
    ids=[f"{row[0]}, {row[1]}" for row in FAULTS],
)  # fmt: skip
def test_the_fuzzer_notices_a_planted_fault(engine, where, name, plant, monkeypatch):
    monkeypatch.setattr(where, name, plant(getattr(where, name)))

    def is_noticed(seed):
        try:
            return bool(fuzz(seed, engine, *((23, 8) if seed % 2 else ())))
        except (RuntimeError, ValueError, IndexError, AssertionError, KeyError):
            return True  # the fault may leave no program at all

    # 24 is the first seed whose gradient goes through a pick
    assert any(map(is_noticed, [24, *range(80 if engine == "numpy" else 12)]))


@pytest.fixture
def long_run(monkeypatch):
    """Give the module of the folder as `python benchmarks/fuzz.py` imports it."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "benchmarks"))
    before = set(sys.modules)
    yield import_module("fuzz")
    for name in {"fuzz", "tables"} - before:
        sys.modules.pop(name, None)


def test_the_long_run_prints_a_table_and_fails_if_something_differs(long_run, capsys, monkeypatch):
    assert long_run.main(["--from", "3", "--to", "6", "--engines", "numpy", "derived"]) == 0
    assert [line.split()[:3] for line in capsys.readouterr().out.splitlines()[-2:]] == [
        ["numpy", "3", "0"], ["derived", "3", "0"],
    ]  # fmt: skip
    faulty = without_last(1)(rolling.Roller._add_sums)
    monkeypatch.setattr(rolling.Roller, "_add_sums", faulty)
    assert long_run.main(["--to", "10", "--engines", "numpy"]) == 1
    assert "numpy: " in capsys.readouterr().out
    with pytest.raises(SystemExit):
        long_run.main(["--from", "5", "--to", "5"])
    assert "--to must be above --from; got 5 to 5" in capsys.readouterr().err
