"""`compile`: which engine runs a function, what falls back to Values, and what is kept."""

import importlib.util
import math
from functools import partial

import numpy as np
import pytest
from compiled_runs import compiling, every_engine

import autograd
from autograd import Compiled, RecordingError, Value, compile, find_engine, total
from autograd.compile import machine as machine_room

pytest.importorskip("llvmlite")


def test_forms_of_the_decorator():
    w = Value(2.0)

    @compile
    def first(x):
        """Say something."""
        return w * x

    @compile(engine="numpy")
    def second(x):
        return w * x + 1

    third = compile(lambda x: w * x + 2, engine="eager")
    fourth = compile(partial(lambda k, x: w * x + k, 3))

    class Model:
        def __call__(self, x):
            return w * x + 4

    fifth = compile(Model())
    functions = (first, second, third, fourth, fifth)
    assert [f([1.0])[0] for f in functions] == [2.0, 3.0, 4.0, 5.0, 6.0]
    assert (first.__name__, first.__doc__) == ("first", "Say something.")
    assert repr(first) == "<compiled first, native>"
    assert repr(second) == "<compiled second, numpy>"
    assert repr(third) == "<compiled <lambda>, eager>"
    assert repr(fifth).startswith("<compiled ")
    assert all(isinstance(f, Compiled) for f in functions)
    for wrong in (5, "f", [first]):
        with pytest.raises(TypeError, match="compile needs a function of one sample; got "):
            compile(wrong)


def missing(*names):
    """Return a find_spec that knows no such packages."""
    return lambda name: None if name in names else importlib.util.find_spec(name)


MISSING = [  # what is not installed; what "auto" takes; what is refused, and the words of it
    ((), "native", {}),
    (("llvmlite",), "numpy", {"native": "numpy and llvmlite"}),
    (("numpy",), "eager", {"numpy": "needs numpy", "native": "numpy and llvmlite"}),
    (("numpy", "llvmlite"), "eager", {"numpy": "needs numpy", "native": "numpy and llvmlite"}),
]


@pytest.mark.parametrize(("names", "best", "refused"), MISSING)
def test_the_best_engine_that_is_installed_is_taken(names, best, refused, monkeypatch):
    monkeypatch.setattr(machine_room, "find_spec", missing(*names))
    assert find_engine("auto") == best
    w = Value(2.0)
    f = compile(lambda x: (w * x).tanh())
    assert f.engine == best
    f.mean([1.0, 2.0]).backward()
    assert w.grad == pytest.approx((2 * (1 - math.tanh(4) ** 2) + 1 - math.tanh(2) ** 2) / 2)
    for engine, words in refused.items():
        with pytest.raises(ImportError, match=words) as caught:
            compile(lambda x: x, engine=engine)
        assert "pip install 'autograd-nn[fast]'" in str(caught.value)
    with pytest.raises(
        ValueError, match="engine must be one of auto, eager, numpy, native; got 'gpu'"
    ):
        compile(lambda x: x, engine="gpu")


@compiling
def test_what_can_not_be_recorded_raises_if_an_engine_was_asked_for(engine):
    w = Value(2.0)
    f = compile(lambda x: w if x > 0 else -w, engine=engine)
    for _ in range(2):
        with pytest.raises(RecordingError, match="a number was asked of a Value"):
            f([1.0])


def test_what_can_not_be_recorded_runs_as_values_with_one_warning(quiet):
    w, table = Value(2.0), [10.0, 20.0]
    f = compile(lambda x, k: (w if x > 0 else -w) * table[k])
    for _ in range(3):
        assert f([1.0, -1.0], [0, 1]) == [20.0, -40.0]
        assert f(np.array([1.0, -1.0]), np.array([0, 1])) == [20.0, -40.0]
    f.mean([1.0, -1.0], [0, 1]).backward()
    assert w.grad == -5.0
    assert len(quiet) == 1
    assert quiet[0].category is RuntimeWarning
    assert "a number was asked of a Value" in str(quiet[0].message)
    assert "Until then it runs without being compiled" in str(quiet[0].message)
    assert quiet[0].filename == __file__, "the warning points to the caller"


LATE = {1.0: 5.0}  # what differs for a sample that no comparison with Values looks at


def by_error(x):
    try:
        return 1.0 + int(x == 1.0) * 4.0
    except TypeError:
        return 1.0


DEFAULTS = {
    "a dict": lambda x: LATE.get(x, 1.0),
    "a set": lambda x: 5.0 if x in {1.0} else 1.0,
    "text": lambda x: 5.0 if str(x) in ("1", "1.0") else 1.0,
    "a list": lambda x: [1.0, 5.0, 1.0][x],
    "a caught error": by_error,
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_no_sample_gets_a_default_silently(name, quiet):
    w, of = Value(2.0), DEFAULTS[name]
    xs = [0] * 7 + [1] + [0] * 7
    f = compile(lambda x: w * of(x) + x)
    assert f(xs) == [2.0] * 7 + [11.0] + [2.0] * 7
    f.mean(xs).backward()
    assert w.grad == pytest.approx(19 / 15)
    assert len(quiet) == 1
    with pytest.raises(RecordingError):
        compile(lambda x: w * of(x) + x, engine="numpy")(xs)


def test_a_failing_backend_leaves_values_with_a_warning(quiet, monkeypatch):
    from autograd.compile import compiled as front

    def broken(*_arguments, **_settings):
        raise RuntimeError("no machine code today")

    monkeypatch.setattr(front, "Machine", broken)
    w = Value(2.0)
    assert compile(lambda x: w * x)([1.0]) == [2.0]
    assert "no machine code today" in str(quiet[0].message)
    with pytest.raises(RuntimeError, match="no machine code"):
        compile(lambda x: w * x, engine="native")([1.0])


def test_errors_of_the_domain_are_not_hidden_by_falling_back(quiet):
    w = Value(2.0)
    with pytest.raises(ZeroDivisionError, match=r"div\(2, 0\)"):
        compile(lambda x: w / x)([0.0])
    assert not quiet


@every_engine
def test_a_program_may_be_read_whatever_the_engine(engine):
    w = Value(2.0)
    f = compile(lambda x: (w * x).tanh(), engine=engine)
    text = str(f.program([1.0]))
    assert "tanh(" in text
    assert text.startswith("4 scalar nodes in ")
    if engine == "numpy":
        f([1.0])
        lines = next(iter(f._recorded.values())).machine._engine.source().splitlines()
        assert lines[0] == "def forward():"
        assert "def backward():" in lines
    refused = compile(lambda x: w if x > 0 else -w, engine=engine)
    with pytest.raises(RecordingError):
        refused.program([1.0])


def test_a_program_without_numpy_says_what_to_install(monkeypatch):
    monkeypatch.setattr(machine_room, "find_spec", missing("numpy", "llvmlite"))
    f = compile(lambda x: 2 * x)
    assert f([1.0]) == [2.0]
    for ask in (f.program, f.source):
        with pytest.raises(
            ImportError, match=r"made with numpy: pip install 'autograd-nn\[fast\]'"
        ):
            ask([1.0])


@compiling
def test_a_function_that_calls_itself_ends_in_an_error_and_not_in_waiting(engine):
    @compile(engine=engine)
    def endless(x):
        return endless([x])[0]

    with pytest.raises((RecordingError, RecursionError)):
        endless([1.0])


def test_what_the_lines_of_numpy_do_not_raise_on_purpose_is_not_hidden(monkeypatch):
    from autograd.compile import numpy_backend

    monkeypatch.delitem(numpy_backend._FUNCTIONS, "tanh")
    with pytest.raises(NameError, match="tanh"):
        compile(lambda x: autograd.tanh(x), engine="numpy")([1.0])


def test_compiling_that_takes_long_says_so_to_who_looks(monkeypatch, capsys):
    from autograd.compile import compiled as front

    times = iter([0.0, 1.5, 0.0, 0.5])
    monkeypatch.setattr(front, "perf_counter", lambda: next(times))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    w = Value(1.0)
    f = compile(lambda x: w * x, engine="numpy")
    f([1.0])
    assert "<lambda> compiled in 1.5 s" in capsys.readouterr().err
    compile(lambda x: w * x, engine="numpy")([1.0])
    assert not capsys.readouterr().err


@compiling
def test_the_recordings_that_were_used_last_are_kept(engine, monkeypatch):
    from autograd.compile import compiled as front

    assert f"The {front._KEPT} recordings" in compile.__doc__
    monkeypatch.setattr(front, "_KEPT", 3)
    calls, w = [], Value(2.0)

    def function(xs):
        calls.append(len(xs))
        return total([w * x for x in xs])

    f = compile(function, engine=engine)
    for n in (1, 2, 3, 1, 4, 1, 5):
        assert f([[1.0] * n]) == [2.0 * n]
    assert [key[0] for key in f._recorded] == [((1,) * n,) for n in (4, 1, 5)]
    for n, known in ((1, True), (4, True), (2, False)):
        calls.clear()
        assert f([[1.0] * n]) == [2.0 * n]
        assert (len(calls) <= 1) == known, "what is known is compared at most"
