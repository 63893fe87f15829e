"""First weights: their scales, and where their randomness comes from."""

import random
from statistics import fmean, pvariance

import pytest

from nn import INITIALIZERS, MLP, Layer, Neuron, fit, make_xor
from nn.initializers import find_initializer, generator

VARIANCES = [  # name, variance for n inputs and m outputs
    ("uniform", lambda *_: 1 / 3),  # of [-1, 1]: (b - a)**2 / 12
    ("normal", lambda *_: 1.0),
    ("zeros", lambda *_: 0.0),
    ("lecun", lambda n, _: 1 / n),
    ("glorot", lambda n, m: 2 / (n + m)),
    ("he", lambda n, _: 2 / n),
]


def test_every_initializer_has_its_variance_in_the_table():
    assert {name for name, _ in VARIANCES} == set(INITIALIZERS)


@pytest.mark.parametrize(("name", "variance"), VARIANCES)
@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (4, 12), (50, 3)])
def test_draws_have_mean_zero_and_the_variance_of_their_scheme(name, variance, inputs, outputs):
    rng = random.Random(7)
    draws = [INITIALIZERS[name](rng, inputs, outputs) for _ in range(8_000)]
    wanted = variance(inputs, outputs)
    assert pvariance(draws) == pytest.approx(wanted, rel=0.08)
    assert fmean(draws) == pytest.approx(0.0, abs=5 * (wanted / len(draws)) ** 0.5)


def test_uniform_stays_within_one():
    rng = random.Random(1)
    draws = [INITIALIZERS["uniform"](rng, 3, 3) for _ in range(1_000)]
    assert -1 <= min(draws) < -0.9
    assert 0.9 < max(draws) <= 1


def test_an_initializer_of_the_user_is_told_the_sizes():
    seen = []

    def numbered(_rng, inputs, outputs):
        seen.append((inputs, outputs))
        return float(len(seen))

    layer = Layer(3, 2, init=numbered)
    assert seen == [(3, 2)] * 6
    assert layer.state()["neurons"] == [
        {"w": [1.0, 2.0, 3.0], "b": 0.0},
        {"w": [4.0, 5.0, 6.0], "b": 0.0},
    ]


def test_an_unknown_name_is_refused_with_the_names_there_are():
    with pytest.raises(ValueError, match="No initializer is named 'xavier'.*glorot, he"):
        find_initializer("xavier")


MAKERS = [
    lambda seed: Neuron(5, seed=seed),
    lambda seed: Layer(3, 4, seed=seed),
    lambda seed: MLP(3, [4, 4, 2], seed=seed),
]


@pytest.mark.parametrize("make", MAKERS)
def test_each_weight_has_its_own_random_number_and_biases_start_at_zero(make):
    named = list(make(0).named_parameters())
    weights = [p.data for name, p in named if not name.endswith("b")]
    assert len(set(weights)) == len(weights)
    assert {p.data for name, p in named if name.endswith("b")} == {0.0}


@pytest.mark.parametrize("make", MAKERS)
def test_a_seed_reproduces_every_weight_and_another_seed_none(make):
    weights = [[p.data for p in make(seed).parameters() if p.data] for seed in (3, 3, 4)]
    assert weights[0] == weights[1]
    assert not set(weights[0]) & set(weights[2])


def test_one_source_goes_on_from_model_to_model():
    rng = random.Random(5)
    first, second = Neuron(2, seed=rng), Neuron(2, seed=rng)
    assert first.state() != second.state()
    assert first.state() == Neuron(2, seed=5).state()


@pytest.mark.parametrize(
    ("init", "deviation"), [("he", (2 / 3) ** 0.5), ("lecun", (1 / 3) ** 0.5), ("normal", 1.0)]
)
def test_a_layer_draws_neuron_by_neuron_from_its_seed(init, deviation):
    rng = random.Random(11)
    wanted = [[rng.gauss(0, deviation) for _ in range(3)] for _ in range(2)]
    layer = Layer(3, 2, init=init, seed=11)
    assert [neuron["w"] for neuron in layer.state()["neurons"]] == wanted


def test_generator_makes_or_passes_on_a_source():
    rng = random.Random(0)
    assert generator(rng) is rng
    assert generator(9).random() == random.Random(9).random()


@pytest.fixture
def global_random():
    """The module `random`, put back afterwards."""
    state = random.getstate()
    yield random
    random.setstate(state)


def test_without_a_seed_the_global_seed_governs(global_random):
    states = []
    for seed in (1, 1, 2):
        global_random.seed(seed)
        states.append(MLP(2, [2, 1]).state())
    assert states[0] == states[1] != states[2]


@pytest.mark.usefixtures("global_random")
def test_without_a_seed_two_models_differ():
    assert Neuron(2).state() != Neuron(2).state()


def test_with_a_seed_the_global_source_is_left_alone():
    before = random.getstate()
    data = make_xor()
    model = MLP(2, [2, 1], head="sigmoid", seed=0)
    fit(model, data.inputs, data.targets, epochs=2, seed=1)
    assert random.getstate() == before
