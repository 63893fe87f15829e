"""`compile`: compiled functions are copied, saved, and called by many threads."""

import math
import pickle
import threading
from copy import copy, deepcopy

import pytest
from compiled_runs import compiling, every_engine

from autograd import Value, compile

pytest.importorskip("llvmlite")

COPIED = Value(2.0)


@compile
def of_a_module(x):
    return COPIED * x


def plain(x):
    return COPIED * x


def lists_of(engine):
    """Return compiled functions to copy, and whether a pickle takes them."""
    w = COPIED
    return {
        "of a module": (of_a_module, True),
        "made from one": (compile(plain, engine=engine), True),
        "a lambda": (compile(lambda x: w * x, engine=engine), False),
        "an object": (compile(Times(w), engine=engine), True),
    }


class Times:
    def __init__(self, w):
        self.w = w

    def __call__(self, x):
        return self.w * x


WAYS = {
    "copy": copy,
    "deepcopy": deepcopy,
    "pickle": lambda f: pickle.loads(pickle.dumps(f)),
    "in a list": lambda f: deepcopy([f])[0],
    "its mean": lambda f: deepcopy(f.mean).__self__,
    "its mean pickled": lambda f: pickle.loads(pickle.dumps(f.mean)).__self__,
}


@every_engine
@pytest.mark.parametrize("way", WAYS)
def test_a_compiled_function_may_be_copied_and_saved(way, engine):
    for name, (f, saves) in lists_of(engine).items():
        assert f([1.0, 3.0]) == [2.0, 6.0]
        if "pickle" in way and not saves:
            with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
                WAYS[way](f)
            continue
        g = WAYS[way](f)
        assert (g is f) == (f is of_a_module), name
        assert (g.engine, g.__name__) == (f.engine, f.__name__)
        assert g([2.0]) == [4.0]
        moved = name == "an object" and way != "copy"
        COPIED.grad = 0.0
        g.mean([3.0]).backward()
        assert COPIED.grad == (0.0 if moved else 3.0), "an object takes its parameters with it"


@every_engine
def test_a_mean_may_be_copied_and_a_program_in_it_is_not_saved(engine):
    w = Value(2.0)
    node = compile(lambda x: w * x, engine=engine).mean([1.0, 3.0])
    twin = deepcopy(node)
    twin.backward()
    assert (twin.data, w.grad) == (4.0, 0.0)
    if engine != "eager":
        assert twin.parents[0].grad == 2.0
        with pytest.raises(
            TypeError, match="compiled_<lambda> is a node that runs a program.*Save"
        ):
            pickle.dumps(node)


@compiling
def test_many_threads_may_call_one_function(engine):
    w = Value(2.0)
    f = compile(lambda x: (w * x).tanh(), engine=engine)
    errors = []

    def work(k):
        xs = [0.1 * k + 0.01 * i for i in range(7)]
        expected = [math.tanh(2.0 * x) for x in xs]
        slope = sum(x * (1 - y * y) for x, y in zip(xs, expected, strict=True)) / 7
        for _ in range(40):
            if f(xs) != pytest.approx(expected, rel=1e-12):
                errors.append(k)
            node = f.mean(xs)
            if node.op.derivatives(2.0, node.data)[0] != pytest.approx(slope, rel=1e-12):
                errors.append(-k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert w.grad == 0.0
