"""Losses: closed forms, far-out scores, slopes, targets that they refuse, means."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numeric import central_difference

from autograd import Value
from nn import (
    LOSSES,
    Loss,
    binary_cross_entropy,
    cross_entropy,
    find_loss,
    hinge,
    logistic,
    mean_loss,
    mse,
)

LN2 = math.log(2)

EXACT = [  # loss, scores, target, loss of the sample, slope of each score
    (mse, [3.0], 1.0, 4.0, [4.0]),
    (mse, [3.0, -1.0], [1.0, 1.0], 4.0, [2.0, -2.0]),
    (mse, [0.5], 0.5, 0.0, [0.0]),
    (hinge, [0.25], 1, 0.75, [-1.0]),
    (hinge, [0.25], -1, 1.25, [1.0]),
    (hinge, [3.0], 1, 0.0, [0.0]),
    (hinge, [1.0], 1, 0.0, [0.0]),  # the kink
    (hinge, [-1000.0], 1, 1001.0, [-1.0]),
    (logistic, [0.0], 1, LN2, [-0.5]),
    (logistic, [0.0], -1, LN2, [0.5]),
    (logistic, [-1000.0], 1, 1000.0, [-1.0]),
    (logistic, [1000.0], 1, 0.0, [0.0]),
    (logistic, [1000.0], -1, 1000.0, [1.0]),
    (binary_cross_entropy, [0.0], 1, LN2, [-0.5]),
    (binary_cross_entropy, [0.0], 0.25, LN2, [0.25]),
    (binary_cross_entropy, [-1.5], 1, 1.7014132779827524, [-0.8175744761936437]),
    (binary_cross_entropy, [-1000.0], 1, 1000.0, [-1.0]),
    (binary_cross_entropy, [-1000.0], 0, 0.0, [0.0]),
    (binary_cross_entropy, [1000.0], 0.5, 500.0, [0.5]),
    (cross_entropy, [123.0, 456.0, 789.0], 0, 666.0, [-1.0, 0.0, 1.0]),
    (cross_entropy, [0.0] * 10, 3, math.log(10), [0.1, 0.1, 0.1, -0.9] + [0.1] * 6),
    (
        cross_entropy,
        [1.0, 2.0, 3.0],
        2,
        0.4076059644443803,
        [0.09003057317038046, 0.24472847105479764, -0.3347590442251781],
    ),
    (  # CS231n, linear classification, softmax
        cross_entropy,
        [-2.85, 0.86, 0.28],
        2,
        1.0401905694301081,
        [0.0154493156760736, 0.6311633536047088, -0.6466126692807823],
    ),
    (cross_entropy, [0.0, 0.0], [0.5, 0.5], LN2, [0.0, 0.0]),
    (cross_entropy, [1000.0, -1000.0], 1, 2000.0, [1.0, -1.0]),
]


def test_every_loss_has_known_values_in_the_table():
    assert {row[0] for row in EXACT} == {loss.of_sample for loss in LOSSES.values()}


@pytest.mark.parametrize(("loss", "scores", "target", "number", "slopes"), EXACT)
def test_known_values_and_slopes(loss, scores, target, number, slopes):
    values = [Value(s) for s in scores]
    out = loss(values, target)
    out.backward()
    assert out.data == pytest.approx(number, abs=1e-12)
    assert [v.grad for v in values] == pytest.approx(slopes, abs=1e-12)
    assert loss(scores, target) == out.data  # plain floats do as well


@pytest.mark.parametrize("loss", [mse, hinge, logistic, binary_cross_entropy])
def test_a_score_alone_is_the_same_as_a_score_in_a_list(loss):
    assert loss(Value(0.75), 1).data == loss([Value(0.75)], 1).data


# Written as in a textbook, without any care for overflow.
TEXTBOOK = {
    "mse": lambda s, t: sum((a - b) ** 2 for a, b in zip(s, t, strict=True)) / len(s),
    "hinge": lambda s, y: max(0.0, 1 - y * s[0]),
    "logistic": lambda s, y: -math.log(1 / (1 + math.exp(-y * s[0]))),
    "binary_cross_entropy": lambda s, t: (
        -t * math.log(1 / (1 + math.exp(-s[0]))) - (1 - t) * math.log(1 - 1 / (1 + math.exp(-s[0])))
    ),
    "cross_entropy": lambda s, c: -math.log(math.exp(s[c]) / sum(map(math.exp, s))),
}
score = st.floats(-10, 10)
label = st.sampled_from([-1, 1])
CASES = {  # scores and targets that suit the loss
    "mse": st.integers(1, 4).flatmap(
        lambda n: st.tuples(*[st.lists(score, min_size=n, max_size=n)] * 2)
    ),
    "hinge": st.tuples(st.lists(score, min_size=1, max_size=1), label),
    "logistic": st.tuples(st.lists(score, min_size=1, max_size=1), label),
    "binary_cross_entropy": st.tuples(st.lists(score, min_size=1, max_size=1), st.floats(0, 1)),
    "cross_entropy": st.lists(score, min_size=2, max_size=5).flatmap(
        lambda s: st.tuples(st.just(s), st.integers(0, len(s) - 1))
    ),
}


@pytest.mark.parametrize("name", LOSSES)
@settings(deadline=None)
@given(data=st.data())
def test_a_loss_is_the_textbooks_and_its_slopes_are_the_difference_quotients(name, data):
    scores, target = data.draw(CASES[name])
    values = [Value(s) for s in scores]
    out = LOSSES[name](values, target)
    out.backward()
    assert out.data == pytest.approx(TEXTBOOK[name](scores, target), abs=1e-9)
    if name == "hinge" and abs(1 - target * scores[0]) < 1e-3:
        return  # too near the kink for a difference quotient
    slopes = central_difference(lambda s: TEXTBOOK[name](s, target), scores)
    assert [v.grad for v in values] == pytest.approx(slopes, abs=1e-5)


@settings(deadline=None)
@given(st.lists(st.floats(-50, 50), min_size=2, max_size=5), st.data())
def test_delta_is_p_minus_o(scores, data):
    shares = data.draw(st.lists(st.floats(0.1, 1), min_size=len(scores), max_size=len(scores)))
    target = [share / math.fsum(shares) for share in shares]
    values = [Value(s) for s in scores]
    cross_entropy(values, target).backward()
    powers = [math.exp(s - max(scores)) for s in scores]
    deltas = [e / sum(powers) - o for e, o in zip(powers, target, strict=True)]
    assert [v.grad for v in values] == pytest.approx(deltas, abs=1e-9)


@settings(deadline=None)
@given(st.lists(score, min_size=2, max_size=5), st.data())
def test_a_class_is_the_same_as_its_one_hot_row(scores, data):
    target = data.draw(st.integers(0, len(scores) - 1))
    one_hot = [float(i == target) for i in range(len(scores))]
    assert cross_entropy(scores, one_hot) == pytest.approx(cross_entropy(scores, target), abs=1e-12)


@settings(deadline=None)
@given(score, label)
def test_logistic_and_binary_cross_entropy_agree(s, y):
    assert logistic(s, y) == binary_cross_entropy(s, (y + 1) // 2)


@settings(deadline=None)
@given(score)
def test_binary_cross_entropy_is_a_cross_entropy_of_two_scores(s):
    assert binary_cross_entropy(s, 1) == pytest.approx(cross_entropy([0.0, s], 1), abs=1e-12)


@pytest.mark.parametrize("loss", [hinge, logistic])
@settings(deadline=None)
@given(a=st.floats(-50, 50), b=st.floats(-50, 50), y=label)
def test_a_greater_margin_never_costs_more(loss, a, b, y):
    if y * a <= y * b:
        assert loss(a, y) >= loss(b, y)


def test_logistic_lies_above_the_share_of_wrong_decisions_measured_in_bits():
    for s in (-3.0, -0.5, -1e-9, 0.0, 1e-9, 0.5, 3.0):
        assert logistic(s, 1) / LN2 >= (1 if s <= 0 else 0)


def test_pytorch_gives_the_same_losses_and_slopes():
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    scores = [0.3, -1.7, 2.4]
    rows = [
        (cross_entropy, scores, 2, lambda s: functional.cross_entropy(s, torch.tensor(2))),
        (mse, scores, [1.0, 0.0, 2.0],
         lambda s: functional.mse_loss(s, torch.tensor([1.0, 0.0, 2.0], dtype=torch.float64))),
        (binary_cross_entropy, [0.7], 0.25, lambda s: functional.binary_cross_entropy_with_logits(
            s, torch.tensor([0.25], dtype=torch.float64))),
        (logistic, [0.7], -1, lambda s: functional.soft_margin_loss(
            s, torch.tensor([-1.0], dtype=torch.float64))),
    ]  # fmt: skip
    for loss, numbers, target, expected in rows:
        tensor = torch.tensor(numbers, dtype=torch.float64, requires_grad=True)
        values = [Value(s) for s in numbers]
        ours, theirs = loss(values, target), expected(tensor)
        ours.backward()
        theirs.backward()
        assert ours.data == pytest.approx(theirs.item(), abs=1e-14)
        assert [v.grad for v in values] == pytest.approx(tensor.grad.tolist(), abs=1e-14)


# --- targets ---------------------------------------------------------------------------------

REFUSED = [  # loss, scores, target, what the message says
    (mse, [1.0, 2.0], [1.0], "mse got 2 outputs and 1 targets"),
    (mse, [1.0], [1.0, 2.0], "mse got 1 outputs and 2 targets"),
    (mse, [1.0, 2.0], 1.0, "mse got 2 outputs and 1 targets"),
    (hinge, [1.0], 0, r"The target is 0, but hinge takes .* -1 and \+1.*2 \* target - 1"),
    (hinge, [1.0], 2, "The target is 2"),
    (hinge, [1.0], math.nan, "The target is nan"),
    (hinge, [1.0, 2.0], 1, "hinge needs a model with one output; got 2 scores"),
    (logistic, [1.0], 0, "The target is 0, but logistic takes the labels"),
    (logistic, [1.0], "1", "The target is '1'"),
    (logistic, [], 1, "logistic needs a model with one output; got 0 scores"),
    (binary_cross_entropy, [1.0], -1, r"The target is -1, .* probability in \[0, 1\].*logistic"),
    (binary_cross_entropy, [1.0], 1.01, r"The target is 1\.01"),
    (binary_cross_entropy, [1.0], math.nan, "The target is nan"),
    (binary_cross_entropy, [1.0, 2.0], 1, "needs a model with one output; got 2 scores"),
    (cross_entropy, 1.0, 0, "cross_entropy needs a list of scores.*; got one score"),
    (cross_entropy, [0.0] * 10, 10, "The target is 10, but the classes are 0 to 9"),
    (cross_entropy, [0.0] * 10, -1, "The target is -1, but the classes are 0 to 9"),
    (cross_entropy, [0.0] * 3, 0.5, r"The target is 0\.5, .* 0 to 2, whole numbers"),
    (cross_entropy, [0.0] * 3, math.nan, "The target is nan"),
    (cross_entropy, [0.0] * 3, None, "The target is None"),
    (cross_entropy, [0.0] * 3, "cat", "The target is 'cat'"),  # as long as there are classes
    (cross_entropy, [0.0] * 2, "cat", "The target is 'cat'"),
    (cross_entropy, [0.0] * 3, [0.5, 0.5], r"The target is \[0\.5, 0\.5\], .* 3 probabilities"),
    (cross_entropy, [0.0] * 2, [0.5, 0.6], r"\[0\.5, 0\.6\]"),
    (cross_entropy, [0.0] * 2, [1.5, -0.5], r"\[1\.5, -0\.5\]"),
    (cross_entropy, [0.0] * 2, [math.nan, 1.0], r"\[nan, 1\.0\]"),
    (cross_entropy, [0.0] * 2, [1.0, math.nan], r"\[1\.0, nan\]"),
]


@pytest.mark.parametrize(("loss", "scores", "target", "message"), REFUSED)
def test_targets_that_mean_nothing_are_refused(loss, scores, target, message):
    with pytest.raises(ValueError, match=message):
        loss(scores, target)


def test_numpys_numbers_are_targets():
    numpy = pytest.importorskip("numpy")
    for target in (numpy.int64(2), numpy.float64(2.0), numpy.uint8(2)):
        assert cross_entropy([0.0, 1.0, 2.0], target) == cross_entropy([0.0, 1.0, 2.0], 2)
    one_hot = numpy.array([0.0, 1.0, 0.0])
    assert cross_entropy([0.0, 1.0, 2.0], one_hot) == cross_entropy([0.0, 1.0, 2.0], [0, 1, 0])
    assert hinge(0.5, numpy.int64(-1)) == 1.5
    assert mse([1.0, 2.0], numpy.array([0.0, 0.0])) == 2.5
    assert binary_cross_entropy(Value(0.5), numpy.float32(1.0)).data == logistic(0.5, 1)


# --- the table and the mean ------------------------------------------------------------------

DECISIONS = [
    ("hinge", [0.1], 1), ("hinge", [0.0], -1), ("logistic", [-0.1], -1),
    ("binary_cross_entropy", [0.1], 1), ("binary_cross_entropy", [0.0], 0),
    ("cross_entropy", [0.1, 0.3, 0.2], 1), ("cross_entropy", [0.3, 0.1, 0.3], 0),
]  # fmt: skip


@pytest.mark.parametrize(("name", "scores", "decision"), DECISIONS)
def test_what_a_loss_decides_is_one_of_its_own_targets(name, scores, decision):
    loss = LOSSES[name]
    assert loss.decide(scores) == decision
    loss(scores, decision)


def test_a_loss_is_found_by_name_by_function_or_as_itself():
    assert LOSSES["mse"].decide is None
    for name, loss in LOSSES.items():
        assert loss.name == name
        assert find_loss(name) is find_loss(loss) is find_loss(loss.of_sample) is loss


def test_a_function_of_the_user_becomes_a_loss():
    def distance(scores, target):
        return abs(scores[0] - target)

    loss = find_loss(distance)
    assert (loss.name, loss.decide, loss.targets) == ("distance", None, "any")
    assert loss([Value(3.0)], 5.0).data == 2.0


@pytest.mark.parametrize("name", ["nll", "", "MSE", None])
def test_an_unknown_loss_is_refused_with_the_names_there_are(name):
    with pytest.raises(ValueError, match=f"No loss is named {name!r}; choose one of mse, hinge"):
        find_loss(name)


def test_a_mean_is_the_sum_over_the_number_of_samples():
    scores = [[Value(s)] for s in (1.0, 3.0, -2.0)]
    mean = mean_loss("mse", scores, [0.0, 0.0, 1.0])
    assert mean.data == pytest.approx((1 + 9 + 9) / 3)
    mean.backward()
    assert [s[0].grad for s in scores] == pytest.approx([2 / 3, 6 / 3, -6 / 3])


@pytest.mark.parametrize(
    ("scores", "targets", "message"),
    [
        ([], [], "at least one; got 0 scores and 0 targets"),
        ([Value(1.0)], [1, -1], "got 1 scores and 2 targets"),
        ([Value(1.0), Value(2.0)], [1, 0], "Sample 1: The target is 0, but hinge"),
    ],
)
def test_a_mean_of_nothing_or_of_unfit_pairs_is_refused(scores, targets, message):
    with pytest.raises(ValueError, match=message):
        mean_loss("hinge", scores, targets)


def test_a_loss_row_of_the_user_says_what_it_decides():
    halves = Loss("halves", lambda s, t: (s[0] - t) ** 2 / 2, lambda s: round(s[0]), "numbers")
    assert mean_loss(halves, [[Value(3.0)]], [1.0]).data == 2.0
    assert halves.decide([2.6]) == 3
