"""Which statements machine code does in one pass."""

import numpy as np
import pytest

from autograd import Value, exp, maximum, record, tanh, total, weighted_sum
from autograd.compile.building import make_program
from autograd.compile.chains import chains, moving_last
from autograd.compile.program import SHARED_GRAD, View

W = [[Value(0.1 * (3 * i + j)) for j in range(3)] for i in range(4)]
B = [Value(0.5 * i) for i in range(4)]


def layer(x):
    return [weighted_sum(w, x, b) for w, b in zip(W, B, strict=True)]


FUNCTIONS = {  # a function of a row, the chains that are longer than 1: text, what is stored
    "activation": (
        lambda x: total([z.relu() for z in layer(x)]),
        ["V[3:7] = U[12:16] + U[0:12](4×3) @ V[0:3](3×1)", "V[7:11] = relu(V[3:7])"],
        [False, True],
    ),
    "of two": (
        lambda x: total([tanh(2 * z) for z in layer(x)]),
        [
            "V[3:7] = U[12:16] + U[0:12](4×3) @ V[0:3](3×1)", "V[7:11] = 2 * V[3:7]",
            "V[11:15] = tanh(V[7:11])",
        ],
        [False, False, True],
    ),
    "each with itself": (
        lambda x: total([exp(z) * z for z in layer(x)]),
        ["V[3:7] = U[12:16] + U[0:12](4×3) @ V[0:3](3×1)", "V[7:11] = exp(V[3:7])"],
        [True, True],
    ),
    "with the next": (  # another place of what the chain makes
        lambda x: total(list(map(maximum, z := layer(x), [*z[1:], z[0]]))),
        [],
        [],
    ),
}  # fmt: skip


def program_of(function):
    graph, _ = record(function, [([0.5, -1.0, 2.0],), ([1.5, 0.25, -2.0],)], {})
    return make_program(graph)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_goes_on_with_the_numbers_of_a_place_is_in_its_chain(name):
    function, texts, stored = FUNCTIONS[name]
    program = program_of(function)
    results = [View(table, np.array([row])) for table, row in program.results]
    found = chains(program.forward, program.backward, results)
    everything = {id(s) for chain in found for s in chain.statements}
    assert everything == {id(s) for s in program.forward}
    first = next((c for c in found if len(c.statements) > 1), None)
    assert (first is None) == (not texts)
    if first is not None:
        assert [str(s) for s in first.statements][: len(texts)] == texts
        assert first.stored[: len(stored)] == stored


def test_what_nobody_reads_again_is_not_stored():
    program = program_of(lambda x: total([(z * z).relu() for z in layer(x)]))
    leaves = [View(SHARED_GRAD, np.arange(len(program.leaves)))]
    found = chains(program.backward, (), leaves)
    [long] = [c for c in found if len(c.statements) > 1]
    assert long.stored[-1]
    assert not all(long.stored)


def test_a_gradient_of_leaves_that_is_read_or_added_to_later_moves_nothing():
    program = program_of(lambda x: total([z.tanh() for z in layer(x)]))
    leaves = set(range(len(program.leaves)))
    backward = chains(program.backward, (), [View(SHARED_GRAD, np.arange(len(leaves)))])
    others, last = moving_last(backward, leaves, lambda s: s.matrix is not None)
    assert [str(c.statements[0]) for c in last] == [
        "dU[0:12] = dV[3:7](4×1) @ V[0:3](1×3) over samples"
    ]
    assert len(others) == len(backward) - 1
    assert moving_last(backward, leaves, lambda s: False)[1] == []
    assert moving_last(backward, leaves - {5}, lambda s: s.matrix is not None)[1] == []
    again = [*backward, last[0]]  # as if it were made twice
    assert len(moving_last(again, leaves, lambda s: s.matrix is not None)[1]) == 1
