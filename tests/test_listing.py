"""A program as plain Python, and in words."""

import math
import re

import pytest

import autograd
import nn
from autograd import (
    OPS,
    Value,
    compile,
    explain_program,
    list_program,
    maximum,
    pick,
    record,
    total,
    where,
)

pytest.importorskip("numpy")

from random_programs import OURS, RandomFunction  # noqa: E402 (needs numpy's absence told first)

SEEDS = range(80)


def program_of(function, *batches):
    return compile(function, engine="numpy").program(*batches)


def module_of(text):
    module = {}
    exec(text, module)
    return module


def flat(entry):
    return [x for inner in entry for x in flat(inner)] if isinstance(entry, list) else [entry]


def constants(entry):
    if isinstance(entry, list):
        return [constants(inner) for inner in entry]
    return Value(entry, constant=True)


def eager(function, leaves, samples):
    """Return the results, and the gradient of the mean of the first, by the engine of Values."""
    for leaf in leaves:
        leaf.grad = 0.0
    rows = [function(*constants(list(sample))) for sample in samples]
    rows = [row if isinstance(row, list) else [row] for row in rows]
    mean = total([row[0] for row in rows]) / len(rows)
    if isinstance(mean, Value):
        mean.backward()
    return [[float(x) for x in row] for row in rows], [leaf.grad for leaf in leaves]


def listed(function, samples):
    """Return the same by the listing, and the leaves."""
    program = program_of(function, *zip(*samples, strict=True))
    run = module_of(list_program(program))["run"]
    numbers = [leaf.data for leaf in program.leaves]
    return run(numbers, [flat(list(sample)) for sample in samples]), program.leaves


def assert_listing_agrees(function, samples):
    (results, gradient), leaves = listed(function, samples)
    expected, expected_gradient = eager(function, leaves, samples)
    assert flat(results) == pytest.approx(flat(expected), rel=1e-12, abs=1e-12)
    assert gradient == pytest.approx(expected_gradient, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_listing_computes_what_values_do(monkeypatch, seed):
    for op in OURS:
        monkeypatch.setitem(OPS, op.name, op)
    function = RandomFunction(seed)
    assert_listing_agrees(function, function.samples(3))


W = [Value(0.3 * i - 0.5, f"w{i}") for i in range(6)]
KNOWN = Value(2.0, constant=True)
FUNCTIONS = {  # of one sample (x, y), and what must stand in the listing
    "one line": (lambda x, y: W[0] * x + y, "V[2] = U[0] * V[0] + V[1]"),
    "a constant leaf": (lambda x, y: KNOWN * W[1] * x - y, "0.0 if i in ["),
    "no parameter": (lambda x, y: x * y, "return results"),
    "no input used": (lambda x, y: W[0] * W[1], "dU["),
    "a number": (lambda x, y: 3.0, "results.append"),
    "several results": (lambda x, y: [W[0] * x, W[1] * y, W[2], 1.5], "results.append"),
    "what is not chosen": (lambda x, y: where(x - 0.5, x * W[0], y * W[1]), " if "),
    "shared only in part": (lambda x, y: W[0] * x + total([w * w for w in W]), "shared(U)"),
    "pick a parameter": (lambda x, y: pick(W[:3], y) * x, "pick([U["),
    "pick an input": (lambda x, y: pick([x, W[0], x * x], y), "dV[pick(["),
    "pick the nearest": (lambda x, y: pick(W[:3], y * 0.9) * x, "floor(V["),
    "a limit that is infinite": (lambda x, y: maximum(W[0] * x, -math.inf), "import inf"),
    "not a number": (lambda x, y: where(x, W[0] * x, math.nan), "import nan"),
    "far apart": (lambda x, y: W[5] * x + W[0] * y + W[2] * x * y, "U["),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_listing_of_special_forms(name):
    function, text = FUNCTIONS[name]
    samples = [(0.5, 1.0), (1.5, 0.0), (2.0, 2.0)]
    assert_listing_agrees(function, samples)
    assert text in list_program(program_of(function, *zip(*samples, strict=True)))


@pytest.mark.parametrize(
    "model",
    [
        nn.MLP(3, [4, 1], activation="tanh", head="sigmoid", seed=1),
        nn.MLP(3, [5, 3], head="softmax", seed=2),
        nn.LinearRegression(3),
    ],
    ids=str,
)
def test_a_listing_of_a_network(model):
    def loss(x, target):
        return model.loss(model.scores(x), target) + nn.l2(nn.weights_of(model), 0.1, 3)

    samples = [([0.5, -1.0, 2.0], 1), ([1.5, 0.25, -0.5], 0)]
    assert_listing_agrees(loss, samples)


def test_what_a_rule_may_not_see_stays_unseen():
    """At a root of 0 the slope is infinite; where nothing comes from above it must not count."""
    function = compile(lambda x: where(x, (W[2] * x).sqrt(), 0.0 * W[2]), engine="numpy")
    text = function.source([1.0])
    results, gradient = module_of(text)["run"]([0.1], [[0.0], [10.0]])
    assert (results, gradient) == ([[0.0], [1.0]], [pytest.approx(2.5)])


def test_the_sources_of_a_compiled_function_can_be_read():
    squared = compile(lambda x, y: (W[1] * x - y) ** 2, engine="numpy")
    plain, numpy = (squared.source([1.0], [2.0], style=style) for style in ("python", "numpy"))
    assert "def forward(U, V):" in plain
    assert plain == squared.source([1.0], [2.0])
    assert "out=x" in numpy
    with pytest.raises(ValueError, match="style must be 'python' or 'numpy'; got 'c'"):
        squared.source([1.0], [2.0], style="c")


# -------------------------------------------------------------------------------- in words


def lines_of(text):
    """Return the numbered lines, and the sentence below each."""
    found = re.findall(r"^ *(\d+)  (.+)\n((?:    .+\n?)+)", text, flags=re.M)
    return [(int(number), line, " ".join(words.split())) for number, line, words in found]


@pytest.mark.parametrize("seed", SEEDS[:20])
def test_every_statement_is_explained_with_nodes_that_are_there(seed):
    function = RandomFunction(seed)
    batches = list(zip(*function.samples(2), strict=True))
    program = program_of(function, *batches)
    explained = lines_of(explain_program(program))
    statements = [*program.forward, *program.backward]
    assert [number for number, _, _ in explained] == [*range(1, len(statements) + 1)]
    assert [line for _, line, _ in explained] == list(map(str, statements))
    for (number, _, words), statement in zip(explained, statements, strict=True):
        assert re.search(r"; nodes? \d", words), words
        assert statement.origin[0] in words or statement.origin == ("zero",)
        for mentioned in re.findall(r"\blines? ([\d, ]*\d)", words):
            for other in map(int, mentioned.split(", ")):
                assert 1 <= other <= len(program.forward)
                assert other < number or "gradient" in words


def test_a_line_leads_to_its_nodes_and_scopes():
    model = nn.MLP(2, [3, 1], activation="tanh", head="sigmoid", seed=1)

    def score(x):
        return model.scores(x)[0]

    graph, _ = record(score, [[[1.0, 2.0]], [[3.0, 4.0]]], {})
    program = program_of(score, [[1.0, 2.0], [3.0, 4.0]])
    found = {
        statement.origin[0]: {graph.ops[i].name for i in statement.nodes}
        for statement in program.forward
    }
    assert found == {"sum": {"weighted_sum"}, "tanh": {"tanh"}}
    first = program.forward[0]
    assert {graph.scopes[i].split("/")[0] for i in first.nodes} == {"hidden 1"}
    assert first.origin == ("sum", "in", "hidden 1")
    assert len(first.nodes) == 3
    of_tanh = [s for s in program.backward if s.origin[0] == "tanh"]
    assert {graph.ops[i].name for s in of_tanh for i in s.nodes} == {"tanh"}


WORDS = [  # a function of x and y, what is said of it
    (lambda x, y: autograd.log_sum_exp([W[0] * x, W[1] * y]), "the largest of 2 in line"),
    (lambda x, y: pick(W[:3], y), "pick: of leaves w0, w1, w2 the one that input 1 numbers"),
    (lambda x, y: pick(W[:3], y), "rule of pick: the gradient of line 1 goes to the one that"),
    (lambda x, y: W[0] * x + W[1] * y, "products, leaves w0, w1 times inputs 0 to 1"),
    (lambda x, y: total([*W, KNOWN]) * 2.5 * x, "sum of 7 leaves"),
    (lambda x, y: (W[0] * x).tanh() + W[0] ** 2, "is added to that of leaf w0"),
    (lambda x, y: -(W[0] * x), "times -1"),
]


@pytest.mark.parametrize(("function", "text"), WORDS, ids=[text for _, text in WORDS])
def test_words_of_special_forms(function, text):
    said = explain_program(program_of(function, [1.0, 2.0], [0.0, 1.0]))
    assert text in " ".join(said.split()), said


@pytest.mark.parametrize("function", [explain_program, list_program])
def test_what_is_no_program_is_refused(function):
    with pytest.raises(TypeError, match=r"takes a Program, as compiled.program\(xs\) gives"):
        function(abs)
