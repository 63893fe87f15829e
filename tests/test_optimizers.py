"""Optimizers: update rules against plain reference code, first steps, and what they refuse."""

import copy
import math
import pickle
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value
from nn import MLP, OPTIMIZERS, SGD, Adam, AdamW, Optimizer, find_optimizer

# --- reference implementations, one parameter, plain floats ----------------------------------


def plain_sgd(w, grads, rate, momentum=0.0, weight_decay=0.0):
    v, path = 0.0, []
    for g in grads:
        g = g(w) + weight_decay * w
        v = momentum * v + g
        w -= rate * v
        path.append(w)
    return path


def plain_adam(w, grads, rate, betas=(0.9, 0.999), epsilon=1e-8, weight_decay=0.0, apart=False):
    m = v = 0.0
    path = []
    for t, g in enumerate(grads, 1):
        g = g(w)
        if apart:
            w -= rate * weight_decay * w
        else:
            g += weight_decay * w
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        m_hat, v_hat = m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)
        w -= rate * m_hat / (math.sqrt(v_hat) + epsilon)
        path.append(w)
    return path


def plain_adamw(*args, **settings):
    return plain_adam(*args, **settings, apart=True)


RULES = [  # our class, the reference, settings; PyTorch's class and the names it has for settings
    (SGD, plain_sgd, {}, "SGD"),
    (SGD, plain_sgd, {"momentum": 0.9}, "SGD"),
    (SGD, plain_sgd, {"weight_decay": 0.3}, "SGD"),
    (SGD, plain_sgd, {"momentum": 0.5, "weight_decay": 0.1}, "SGD"),
    (Adam, plain_adam, {}, "Adam"),
    (Adam, plain_adam, {"betas": (0.5, 0.9), "epsilon": 1e-3}, "Adam"),
    (Adam, plain_adam, {"betas": (0.0, 0.0)}, "Adam"),
    (Adam, plain_adam, {"weight_decay": 0.2}, "Adam"),
    (AdamW, plain_adamw, {"weight_decay": 0.01}, "AdamW"),
    (AdamW, plain_adamw, {"weight_decay": 0.2}, "AdamW"),
    (AdamW, plain_adamw, {"weight_decay": 0.5, "betas": (0.8, 0.99), "epsilon": 1e-6}, "AdamW"),
]
GRADIENTS = [  # of ten steps, each a function of w
    [lambda w: 2 * w] * 10,
    [lambda w, k=k: math.sin(k) + w for k in range(10)],
    [lambda _: 0.0] * 10,
    [lambda _, k=k: 10.0 ** (k % 5 - 2) * (-1) ** k for k in range(10)],
]


@pytest.mark.parametrize(("make", "reference", "settings", "_torch"), RULES)
@pytest.mark.parametrize("gradients", GRADIENTS)
def test_ten_steps_are_those_of_the_textbook(make, reference, settings, _torch, gradients):
    w, path = Value(1.5), []
    optimizer = make([w], 0.05, **settings)
    for gradient in gradients:
        w.grad = gradient(w.data)
        optimizer.step()
        path.append(w.data)
    assert path == pytest.approx(reference(1.5, gradients, 0.05, **settings), rel=1e-12, abs=1e-12)
    assert optimizer.steps == 10


@pytest.mark.parametrize(("make", "_reference", "settings", "name"), RULES)
def test_ten_steps_are_those_of_pytorch(make, _reference, settings, name):
    torch = pytest.importorskip("torch")
    rng = random.Random(0)
    start = [rng.gauss(0, 1) for _ in range(3)]
    ours = [Value(w) for w in start]
    theirs = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    words = {"epsilon": "eps"}
    renamed = {words.get(key, key): number for key, number in settings.items()}
    if name == "AdamW":
        renamed.setdefault("weight_decay", 0.0)
    optimizer = make(ours, 0.05, **settings)
    twin = getattr(torch.optim, name)([theirs], lr=0.05, **renamed)
    for _ in range(10):
        grads = [rng.gauss(0, 1) for _ in start]
        for w, g in zip(ours, grads, strict=True):
            w.grad = g
        theirs.grad = torch.tensor(grads, dtype=torch.float64)
        optimizer.step()
        twin.step()
    assert [w.data for w in ours] == pytest.approx(theirs.tolist(), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("make", "_reference", "settings", "_torch"), RULES)
def test_the_same_rule_moves_whole_arrays(make, _reference, settings, _torch):
    numpy = pytest.importorskip("numpy")
    rng = random.Random(1)
    start = [rng.gauss(0, 1) for _ in range(6)]
    values = [Value(w) for w in start]
    optimizer = make(values, 0.05, **settings)
    data, state = numpy.array(start).reshape(2, 3), (0.0,) * optimizer.memory
    for step in range(1, 6):
        grads = [rng.gauss(0, 1) for _ in start]
        for w, g in zip(values, grads, strict=True):
            w.grad = g
        optimizer.step()
        data, state = optimizer.update(data, numpy.array(grads).reshape(2, 3), state, step)
        assert data.shape == (2, 3)
        assert all(part.shape == (2, 3) for part in state)
        assert data.flatten().tolist() == [w.data for w in values]


# --- closed forms ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "after_ten"), [(0.1, 0.10737418240000003), (1.0, 1.0), (1.1, 6.191736422400007)]
)
def test_descent_on_a_parabola_converges_oscillates_or_diverges(rate, after_ten):
    w = Value(1.0)
    optimizer = SGD([w], rate)
    signs = []
    for _ in range(10):
        optimizer.zero_grad()
        (w * w).backward()
        optimizer.step()
        signs.append(w.data > 0)
    assert w.data == pytest.approx(after_ten, rel=1e-12)
    assert signs == ([True] * 10 if rate < 0.5 else [False, True] * 5)


sizes = st.floats(1e-3, 1e6)


@settings(deadline=None)
@given(sizes, st.sampled_from([-1, 1]), st.floats(1e-4, 1.0), st.sampled_from([Adam, AdamW]))
def test_adams_first_step_has_the_size_of_the_learning_rate(size, sign, rate, make):
    w = Value(0.0)
    w.grad = sign * size
    make([w], rate).step()
    assert w.data == pytest.approx(-sign * rate, rel=1e-4)


def test_adam_does_not_see_the_scale_of_the_loss():
    paths = []
    for scale in (1.0, 1000.0):
        w = Value(2.0)
        optimizer = Adam([w], 0.1, epsilon=1e-30)
        for _ in range(20):
            optimizer.zero_grad()
            (scale * (w - 1) ** 2).backward()
            optimizer.step()
        paths.append(w.data)
    assert paths[0] == pytest.approx(paths[1], rel=1e-9)


def test_momentum_goes_on_where_the_gradient_ends():
    w = Value(0.0)
    optimizer = SGD([w], 0.1, momentum=0.5)
    path = []
    for g in (1.0, 0.0, 0.0):
        w.grad = g
        optimizer.step()
        path.append(w.data)
    assert path == pytest.approx([-0.1, -0.15, -0.175])


def test_decoupled_decay_shrinks_also_without_a_gradient():
    w = Value(2.0)
    AdamW([w], 0.1, weight_decay=0.5).step()
    assert w.data == 2.0 * 0.95


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_finds_the_bottom_of_a_narrow_valley(name):
    a, b = Value(1.0), Value(-1.0)
    optimizer = OPTIMIZERS[name]([a, b], 0.02)
    for _ in range(1500):
        optimizer.zero_grad()
        ((a - 0.5) ** 2 + 10 * (b - 0.25) ** 2).backward()
        optimizer.step()
    tolerance = 0.02 if name == "adamw" else 1e-3  # its decay pulls towards 0
    assert [a.data, b.data] == pytest.approx([0.5, 0.25], abs=tolerance)


# --- the interface ---------------------------------------------------------------------------


def test_names_and_their_settings():
    w = Value(1.0)
    kinds = {name: type(find_optimizer(name)([w], 0.1)) for name in OPTIMIZERS}
    assert kinds == {"sgd": SGD, "momentum": SGD, "adam": Adam, "adamw": AdamW}
    assert find_optimizer("sgd")([w]).momentum == 0.0
    assert find_optimizer("momentum")([w], 0.1).momentum == 0.9
    assert find_optimizer("momentum")([w], momentum=0.5).momentum == 0.5
    assert find_optimizer("adam")([w]).weight_decay == 0.0
    assert find_optimizer("adamw")([w]).weight_decay == 0.01
    assert find_optimizer("adamw")([w], weight_decay=0.2).weight_decay == 0.2


def test_an_unknown_name_is_refused_with_the_names_there_are():
    message = "No optimizer is named 'rmsprop'; choose one of sgd, momentum, adam, adamw"
    with pytest.raises(ValueError, match=message):
        find_optimizer("rmsprop")


BAD_SETTINGS = [
    (SGD, [], {}, "An optimizer needs at least one parameter; got none"),
    (Adam, [], {}, "at least one parameter"),
    (SGD, [1], {"learning_rate": 0.0}, "learning_rate must be above 0.*; got 0.0"),
    (SGD, [1], {"learning_rate": -0.1}, "learning_rate must be above 0.*; got -0.1"),
    (Adam, [1], {"learning_rate": math.nan}, "learning_rate must be above 0.*; got nan"),
    (SGD, [1], {"learning_rate": math.inf}, "learning_rate must be .*; got inf"),
    (SGD, [1], {"momentum": 1.0}, r"momentum must be in \[0, 1\); got 1.0"),
    (SGD, [1], {"momentum": -0.1}, "momentum must be"),
    (SGD, [1], {"weight_decay": -1e-3}, "weight_decay must be at least 0; got -0.001"),
    (Adam, [1], {"betas": (0.9, 1.0)}, r"betas\[1\] must be in \[0, 1\); got 1.0"),
    (Adam, [1], {"betas": (-0.1, 0.9)}, r"betas\[0\] must be"),
    (Adam, [1], {"epsilon": 0.0}, "epsilon must be above 0; got 0.0"),
    (AdamW, [1], {"weight_decay": -1.0}, "weight_decay must be at least 0"),
    (AdamW, [1], {"weight_decay": math.nan}, "weight_decay must be at least 0; got nan"),
]


@pytest.mark.parametrize(("make", "numbers", "settings", "message"), BAD_SETTINGS)
def test_impossible_settings_are_refused(make, numbers, settings, message):
    with pytest.raises(ValueError, match=message):
        make([Value(n) for n in numbers], **settings)


@pytest.mark.parametrize("make", [SGD, Adam, AdamW])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", [0, 2])
def test_a_gradient_that_is_no_number_moves_nothing(make, bad, where):
    weights = [Value(float(i), f"w{i}") for i in range(3)]
    optimizer = make(weights, 0.1)
    for w in weights:
        w.grad = 1.0
    optimizer.step()
    before = [w.data for w in weights], optimizer.steps, copy.deepcopy(optimizer.state)
    weights[where].grad = bad
    message = rf"parameter {where} \(.*w{where}.*\) is {bad}.*no parameter was moved.*smaller learn"
    with pytest.raises(FloatingPointError, match=message):
        optimizer.step()
    assert ([w.data for w in weights], optimizer.steps, optimizer.state) == before


TOO_FAR = [  # optimizer, gradient: finite, but the step or the memory of it is not
    (lambda w: SGD(w, 1e300), 1e300),
    (lambda w: SGD(w, 0.1, weight_decay=1e300), 1e308),
    (lambda w: Adam(w, 0.1), 1e200),  # its square is inf, which would stop this weight for ever
    (lambda w: AdamW(w, 1e300, weight_decay=1e300), 1.0),
]


@pytest.mark.parametrize(("make", "gradient"), TOO_FAR)
def test_a_step_out_of_the_range_of_numbers_moves_nothing(make, gradient):
    weights = [Value(1.0), Value(1e10)]
    optimizer = make(weights)
    before = [w.data for w in weights], optimizer.steps, copy.deepcopy(optimizer.state)
    weights[1].grad = gradient
    with pytest.raises(FloatingPointError, match="no parameter was moved"):
        optimizer.step()
    assert ([w.data for w in weights], optimizer.steps, optimizer.state) == before


def test_the_learning_rate_may_change_between_steps():
    w = Value(0.0)
    optimizer = SGD([w], 0.1)
    for rate in (0.1, 0.5):
        optimizer.learning_rate, w.grad = rate, 1.0
        optimizer.step()
    assert w.data == pytest.approx(-0.6)


def test_only_its_own_parameters_move():
    model = MLP(1, [2, 1], activation="tanh", seed=0)
    before = model.state()
    (model([1.0]) ** 2).backward()
    SGD(model.layers[1].parameters(), 0.1).step()
    assert model.state()["layers"][0] == before["layers"][0]
    assert model.state()["layers"][1] != before["layers"][1]


def test_zero_grad():
    weights = [Value(1.0), Value(2.0)]
    for w in weights:
        w.grad = 3.0
    SGD(weights).zero_grad()
    assert [w.grad for w in weights] == [0.0, 0.0]


def test_memory_stays_in_the_optimizer():
    w, moved_by_hand = Value(1.0), Value(1.0)
    w.grad, moved_by_hand.data = 1.0, 0.5
    optimizer = Adam([w])
    optimizer.step()
    assert vars(w).keys() == vars(moved_by_hand).keys()
    assert len(optimizer.state[0]) == Adam.memory == 2


def test_parameters_may_come_from_a_generator():
    weights = [Value(1.0), Value(2.0)]
    optimizer = SGD((w for w in weights), 0.1)
    assert optimizer.parameters == weights


def test_an_optimizer_of_the_user_needs_an_update_rule_only():
    class SignDescent(Optimizer):
        memory = 1  # how often it has moved

        def update(self, data, grad, state, _step):
            return data - self.learning_rate * math.copysign(1, grad), (state[0] + 1,)

    w = Value(1.0)
    optimizer = SignDescent([w], 0.25)
    for g in (5.0, -0.1, 3.0):
        w.grad = g
        optimizer.step()
    assert w.data == 0.75
    assert optimizer.state == [(3.0,)]


def test_the_base_class_says_that_it_has_no_rule():
    with pytest.raises(TypeError, match="Optimizer has no update rule"):
        Optimizer([Value(1.0)], 0.1).step()


def test_training_goes_on_from_a_pickle_as_if_nothing_had_happened():
    def steps(optimizer, n):
        for _ in range(n):
            w = optimizer.parameters[0]
            optimizer.zero_grad()
            (w**4).backward()
            optimizer.step()
        return optimizer.parameters[0].data

    first = Adam([Value(1.0)], 0.1)
    steps(first, 3)
    second = pickle.loads(pickle.dumps(first))
    assert steps(first, 5) == steps(second, 5)


def test_adamw_decays_by_itself_and_under_every_name():
    for make in (AdamW, find_optimizer("adamw"), find_optimizer(AdamW)):
        assert make([Value(1.0)]).weight_decay == 0.01
