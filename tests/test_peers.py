"""The benchmark of compiled engines: every row computes the same, and the tables add up."""

import json
import os
import shutil
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import pytest

np = pytest.importorskip("numpy", reason="the rows by hand need it: .[bench]")

FOLDER = Path(__file__).parent.parent / "benchmarks"
HAS_GCC = shutil.which("gcc") is not None
needs_gcc = pytest.mark.skipif(not HAS_GCC, reason="C by hand is compiled by gcc")


@pytest.fixture(scope="module")
def benchmarks():
    """Give a function that imports as `python benchmarks/compiled.py` does."""
    sys.path.insert(0, str(FOLDER))
    before = set(sys.modules)
    yield import_module
    sys.path.remove(str(FOLDER))
    for name in set(sys.modules) - before:
        if str(FOLDER) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture(scope="module")
def compiled(benchmarks):
    return benchmarks("compiled")


@pytest.fixture(scope="module")
def peers(benchmarks):
    return benchmarks("peers").PEERS


@pytest.fixture(scope="module")
def built(compiled, peers):
    """Give a function that makes a row for a small problem, compiled once."""
    made = {}

    def make(row, key):
        if (row, key) not in made:
            peer = peers[row](compiled.QUICK[key]())
            if peer.compiles:
                peer.build()
            made[row, key] = peer
        made[row, key].restart()
        return made[row, key]

    return make


def same(numbers):
    return pytest.approx(numbers, rel=1e-12, abs=1e-14)


# What the rows compute

ROWS = [
    *[("NumPy by hand", key) for key in "ABCDE"],
    *[pytest.param("C by hand, looped", key, marks=needs_gcc) for key in "ABCDE"],
    pytest.param("C by hand, called", "A", marks=needs_gcc),
    *[("micrograd", key) for key in "AC"],
    *[(row, key) for row in ("PyTorch eager", "JAX jit", "JAX scan") for key in "ABC"],
]


@pytest.mark.parametrize(("row", "key"), ROWS)
def test_every_row_has_the_losses_of_our_engine(benchmarks, compiled, peers, built, row, key):
    for module in peers[row].requires:
        if find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    ours = built("ours, eager", key).losses(3)
    if row.startswith(("PyTorch", "JAX")):  # all that they import stays out of this process
        child = benchmarks("peers.child").Child(peers[row], compiled.QUICK[key]())
        losses = child.ask("losses", 3)
        child.close()
    else:
        losses = built(row, key).losses(3)
    assert losses == same(ours)
    assert len(set(ours)) == 3


@pytest.mark.parametrize("row", ["ours, NumPy", "ours, native"])
def test_our_compiled_rows_have_the_same_losses(compiled, peers, built, row):
    for key in "ABC":
        if peers[row].missing(compiled.QUICK[key]()):
            pytest.skip(f"{row} is not installed")
        assert built(row, key).losses(3) == same(built("ours, eager", key).losses(3))


EPOCHS = [
    *[("ours, eager", key) for key in "ABC"],
    *[pytest.param("C by hand, looped", key, marks=needs_gcc) for key in "ABCDE"],
]


@pytest.mark.parametrize(("row", "key"), EPOCHS)
def test_an_epoch_leads_to_the_same_weights(benchmarks, built, row, key):
    peer, by_numpy = built(row, key), built("NumPy by hand", key)
    steps = 2 * peer.problem.steps  # smaller last batches among them
    assert peer.run(steps) == same(by_numpy.run(steps))
    if row != "ours, eager":
        numbers = peer.numbers().tolist()
    elif key == "C":
        numbers = [p.data for p in peer.parameters]
    else:
        layers = benchmarks("problems").layers_of(peer.model)
        trained = replace(peer.problem, layers=layers)
        numbers = benchmarks("peers.by_hand_numpy").flat_parameters(trained)
    assert numbers == same(by_numpy.parameters.tolist())


@needs_gcc
@pytest.mark.parametrize("key", "AB")
def test_calls_and_a_loop_are_the_same_program(built, key):
    looped, called = built("C by hand, looped", key), built("C by hand, called", key)
    assert looped.run(5) == called.run(5)
    assert looped.run(2) == called.run(2)
    assert looped.numbers().tolist() == called.numbers().tolist()


@needs_gcc
@pytest.mark.parametrize("key", "ABC")
def test_c_does_not_depend_on_the_width_of_vectors(compiled, peers, built, key):
    narrow = peers["C by hand, looped"](compiled.QUICK[key]())
    narrow.options = ("-DWIDTH=2",)
    narrow.build()
    assert narrow.losses(3) == same(built("NumPy by hand", key).losses(3))


@needs_gcc
def test_c_leaves_tiny_numbers_to_python(built):
    built("C by hand, looped", "A").step()
    assert float("5e-324") * float("1") > 0.0


@needs_gcc
def test_c_survives_scores_far_apart(benchmarks, peers):
    problems = benchmarks("problems")
    inputs = [[1000.0, 0.0], [-1000.0, 0.0], [1e5, 0.0], [3.0, 2.0], [0.5, 0.5]]
    problem = problems.network("far", [2, 3, 4], inputs, [0, 1, 2, 3, 0], 5)
    peer, by_numpy = peers["C by hand, looped"](problem), peers["NumPy by hand"](problem)
    peer.build()
    assert peer.losses(1) == same(by_numpy.losses(1))
    assert peer.numbers().tolist() == same(by_numpy.parameters.tolist())


@pytest.mark.parametrize("row", ["NumPy by hand", "ours, eager"])
def test_every_turn_does_the_same_work(built, row):
    peer = built(row, "B")
    first = peer.run(3)
    assert peer.run(3) != first
    peer.restart()
    assert peer.run(3) == first


FACTS = [  # letter, sizes, samples, batch, steps of an epoch, samples of the last step, loss
    ("A", [2, 16, 16, 1], 100, 100, 1, 100, "hinge", 1e-4),
    ("B", [64, 32, 10], 1797, 32, 57, 5, "cross_entropy", 0),
    ("D", [64, 128, 128, 10], 1797, 64, 29, 5, "cross_entropy", 0),
    ("E", [784, 100, 10], 640, 64, 10, 64, "cross_entropy", 0),
]


@pytest.mark.parametrize(("key", "sizes", "samples", "batch", "steps", "last", "loss", "l2"), FACTS)
def test_the_problems_are_those_of_the_readme(
    compiled, key, sizes, samples, batch, steps, last, loss, l2
):
    problem = compiled.PROBLEMS[key]()
    assert problem.sizes == sizes
    assert (len(problem.inputs), problem.batch, problem.steps) == (samples, batch, steps)
    assert len(problem.batches) == steps
    assert len(problem.batches[-1][1]) == last
    assert (problem.loss, problem.penalty) == (loss, l2)
    assert problem.products == batch * sum(a * b for a, b in zip(sizes, sizes[1:], strict=False))
    assert problem.name.startswith(key)


def test_the_transformer_predicts_eight_tokens(compiled):
    problem = compiled.PROBLEMS["C"]()
    assert (len(problem.tokens) - 1, problem.width, problem.heads, problem.steps) == (8, 16, 4, 1)
    assert problem.products == 8 * (4 * 16 * 16 + 2 * 64 * 16 + 27 * 16)


# How they are measured

TURNS = [  # seconds of a step, steps of an epoch, only whole epochs?, steps of a turn
    (1e-5, 1, False, 2000),
    (1e-5, 57, False, 35 * 57),
    (0.02, 57, False, 57),
    (0.3, 57, False, 6),
    (5.0, 57, False, 1),
    (0.3, 57, True, 57),
]


@pytest.mark.parametrize(("seconds", "epoch", "whole", "steps"), TURNS)
def test_a_turn_has_whole_epochs_if_they_are_short(compiled, seconds, epoch, whole, steps):
    assert compiled.steps_of_turn(seconds, epoch, whole_epochs=whole) == steps


def test_different_losses_stop_the_benchmark(compiled):
    refuse = compiled.refuse_different_losses
    refuse("A", {"x": [2.0, 1.0], "y": [2.0, 1.0 + 1e-13]})
    refuse("A", {})
    with pytest.raises(RuntimeError, match=r"After 1 updates of A the losses are .*'y'.*differ"):
        refuse("A", {"x": [2.0, 1.0], "y": [2.0, 1.0 + 1e-11]})


def test_a_row_that_fails_is_left_out_and_named(benchmarks, peers, capfd):
    child = benchmarks("peers.child").Child(peers["NumPy by hand"], None)
    with pytest.raises(RuntimeError, match=r"^failed: AttributeError: 'NoneType'"):
        child.ask("losses", 3)
    child.close()
    assert "Traceback" in capfd.readouterr().err


@pytest.mark.parametrize("row", ["NumPy by hand"])
def test_a_row_answers_from_its_own_process(benchmarks, compiled, peers, built, row):
    child = benchmarks("peers.child").Child(peers[row], compiled.QUICK["A"]())
    try:
        assert child.ask("losses", 3) == built(row, "A").losses(3)
        loss, seconds, processor_seconds = child.ask("run", 3)
        assert loss == built(row, "A").losses(3)[2]
        assert seconds > 0
        assert processor_seconds >= 0
        assert child.ask("memory") > child.empty > 1e6
        assert child.process.pid != os.getpid()
    finally:
        child.close()
    assert not child.process.is_alive()


def test_one_core_and_one_thread_and_then_as_before(benchmarks, monkeypatch):
    measuring = benchmarks("measuring")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OPENBLAS_L2_SIZE", "512")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    environment = dict(os.environ)
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    with measuring.one_core() as notes:
        assert os.environ["OMP_NUM_THREADS"] == os.environ["OPENBLAS_NUM_THREADS"] == "1"
        assert not {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"} & set(os.environ)
        assert any("OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE" in note for note in notes)
        assert cores is None or len(os.sched_getaffinity(0)) == 1
    assert dict(os.environ) == environment
    assert cores is None or os.sched_getaffinity(0) == cores


def test_versions_are_those_that_are_installed(benchmarks):
    found = benchmarks("measuring").conditions("numpy", "no-such-package")
    assert found["numpy"] == np.__version__
    assert "no-such-package" not in found


def test_our_nodes_are_counted_without_recording_the_batch(benchmarks, compiled):
    from autograd import topological_order

    problem = compiled.QUICK["A"]()
    graph = benchmarks("peers.ours").Eager(problem).objective(0)
    assert compiled.nodes_of(problem) == len(topological_order(graph))


# What is printed


def results_of(compiled):
    return [
        compiled.Result(compiled.YARDSTICK, None, 1e-5, 8e-6, 57e-5, 1.5, 30_000_000),
        compiled.Result("ours, native", None, 1.1e-5, 9e-6, 62.7e-5, 0.25, 50_000_000),
        compiled.Result("PyTorch eager", None, 2.5e-4, 2e-4, None, None, 240_000_000),
        compiled.Result("JAX jit", "not installed: pip install jax"),
    ]


def test_the_table_of_a_problem(compiled):
    clock = compiled.Clock(2.0, 1.0, [20_000_000, 22_000_000])
    table = compiled.problem_table(compiled.QUICK["B"](), results_of(compiled), 7, clock)
    rows = {row["row"]: row for row in table.as_data()["rows"]}
    assert [row["× C looped"] for row in rows.values()][:3] == pytest.approx([1, 1.1, 25])
    assert rows["JAX jit"] == {**dict.fromkeys(rows["JAX jit"]), "row": "JAX jit"}
    assert "JAX jit: not installed: pip install jax." in table.notes
    assert any("alone: 21.0 MB" in note for note in table.notes)
    assert "medians of 7" in table.title
    line = next(line for line in table.as_text().splitlines() if line.startswith("ours, native"))
    assert line.split("  ")[0] == "ours, native"
    assert line.split()[2:] == [
        "11.0",
        "µs",
        "1.10",
        "9.0",
        "µs",
        "627.0",
        "µs",
        "0.25",
        "s",
        "50.0",
        "MB",
    ]
    assert clock.share() == 0.5


def test_without_the_yardstick_there_are_no_ratios(compiled):
    results = results_of(compiled)[1:]
    table = compiled.problem_table(compiled.QUICK["B"](), results, 7, compiled.Clock())
    assert {row["× C looped"] for row in table.as_data()["rows"]} == {None}


def test_goals_follow_from_the_times(compiled):
    steps = {("B", result.row): result.step for result in results_of(compiled)}
    data = compiled.goal_table(steps, "B").as_data()["rows"]
    found = {(row["row"], row["beside"]): (row["ratio"], row["met"]) for row in data}
    assert found["ours, native", compiled.YARDSTICK] == (pytest.approx(1 / 1.1), True)
    assert found["ours, native", "PyTorch eager"] == (pytest.approx(250 / 11), True)
    assert found["ours, native", "JAX jit"] == (None, None)
    assert found["ours, NumPy", "PyTorch eager"] == (None, None)
    assert {row["problem"] for row in data} == {"B"}


def test_goals_speak_of_rows_that_there_are(compiled, peers):
    for key, row, other, ratio in compiled.GOALS:
        assert key in compiled.PROBLEMS
        assert {row, other} <= set(peers)
        assert ratio > 0
    assert set(compiled.GROWING) <= set(peers)
    assert compiled.YARDSTICK in peers


def test_what_is_not_installed_is_said(benchmarks, compiled, peers, monkeypatch):
    problem = compiled.QUICK["A"]()
    monkeypatch.setattr(benchmarks("peers.by_hand_c").shutil, "which", lambda _: None)
    assert peers["C by hand, looped"].missing(problem) == "not installed: gcc"
    monkeypatch.setattr(benchmarks("peers.peer"), "find_spec", lambda _: None)
    installs = {row: peer.missing(problem) for row, peer in peers.items() if peer.requires}
    assert installs["torch.compile"] == "not installed: pip install torch==2.13.0"
    assert installs["JAX scan"] == "not installed: pip install jax"
    assert all(text.startswith("not installed: ") for text in installs.values())


@pytest.mark.parametrize("key", "DE")
def test_graphs_too_large_for_micrograd_are_left_out(compiled, peers, key):
    assert "too large" in peers["micrograd"].unfit(compiled.PROBLEMS[key]())


def test_the_command_measures_and_prints(compiled, tmp_path):
    file, printed = tmp_path / "numbers.json", StringIO()
    rows = ["ours, eager", "NumPy by hand"]
    with redirect_stdout(printed):
        compiled.main(["--quick", "--problems", "AB", "--rows", *rows, "--json", str(file)])
    lines, numbers = printed.getvalue().splitlines(), json.loads(file.read_text(encoding="utf-8"))
    assert "numpy: " in lines[0]
    assert "core: one" in lines[0]
    assert "not to be quoted" in lines[1]
    moons, digits, goals = numbers["tables"]
    assert moons["title"] == "A moons: one training step, medians of 2"
    for table in (moons, digits):
        assert [row["row"] for row in table["rows"]] == rows
        assert all(row["step"] > 0 and row["peak memory"] > 1e6 for row in table["rows"])
    for row in digits["rows"]:
        assert row["epoch"] == pytest.approx(4 * row["step"])
    assert goals["title"].startswith("Goals")
    assert lines[-1].startswith("The rows had a processor for ")


def test_growth_is_measured(compiled, tmp_path):
    file = tmp_path / "numbers.json"
    with redirect_stdout(StringIO()):
        compiled.main(
            ["--quick", "--growth", "--rows", "NumPy by hand", "ours, NumPy", "--json", str(file)]
        )
    growing = json.loads(file.read_text(encoding="utf-8"))["tables"]
    assert [list(table["rows"][0])[0] for table in growing] == list(compiled.GROWTH)
    for table in growing:
        small, large = table["rows"]
        assert small["nodes"] < large["nodes"]
        assert small["products"] < large["products"]
        assert large["NumPy by hand"] > 0


REFUSED = [  # arguments, what the error says
    (["--problems", "AX"], "letters of ABCDE; got 'AX'"),
    (["--rounds", "0"], "from 1 on; got 0"),
    (["--rows", "Theano"], "Theano"),
]


@pytest.mark.parametrize(("arguments", "text"), REFUSED)
def test_wrong_arguments_are_refused(compiled, capsys, arguments, text):
    with pytest.raises(SystemExit):
        compiled.main(arguments)
    assert text in capsys.readouterr().err
