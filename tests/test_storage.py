"""Models in files: round trips, damaged files of every kind, and writing whole or not at all."""

import copy
import json
import math
import random
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograd import OPS, Value, define
from nn import (
    MLP,
    LinearRegression,
    LogisticRegression,
    Loss,
    Model,
    ModelFileError,
    Module,
    Perceptron,
    SoftmaxRegression,
    find_loss,
    fit,
    load,
    load_with_about,
    save,
)
from nn.storage import MODELS, write_whole

CORNERS = [[0, 0], [0, 1], [1, 0], [1, 1]]


@contextmanager
def at_most_parameters(limit):
    """Fail at once where a file would make us build a giant, instead of running out of memory."""
    made = 0

    def counted(*args, **settings):
        nonlocal made
        made += 1
        if made > limit:
            pytest.fail(f"built more than {limit} parameters")
        return Value(*args, **settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nn.layers.Value", counted)
        patch.setattr("nn.models.Value", counted)
        yield


def randomized(model, seed=0):
    rng = random.Random(seed)
    for parameter in model.parameters():
        parameter.data = rng.gauss(0, 1)
    return model


EVERY_MODEL = [
    lambda: MLP(2, [1]),
    lambda: MLP(2, [3, 1], activation="tanh", head="sigmoid"),
    lambda: MLP(2, [3, 4, 3], activation=["leaky_relu", "softplus"], head="softmax"),
    lambda: MLP(2, [2, 2], activation="linear"),
    lambda: MLP(2, [3, 1], activation="sin", loss="hinge"),
    lambda: MLP(2, [3, 1], head="sigmoid", loss="logistic"),
    lambda: LogisticRegression(2),
    lambda: LinearRegression(2),
    lambda: SoftmaxRegression(2, 3),
    lambda: Perceptron(2),
]


def test_every_kind_of_model_is_in_the_table():
    assert {type(make()) for make in EVERY_MODEL} == set(MODELS.values())


@pytest.mark.parametrize("make", EVERY_MODEL)
def test_a_model_comes_back_as_it_went(make, tmp_path):
    model = randomized(make())
    save(model, tmp_path / "model.json")
    loaded = load(tmp_path / "model.json")
    assert type(loaded) is type(model)
    assert repr(loaded) == repr(model)
    assert loaded.state() == model.state()
    assert loaded.loss is model.loss
    rng = random.Random(1)
    for _ in range(10):
        x = [rng.uniform(-3, 3), rng.uniform(-3, 3)]
        assert loaded.predict(x) == model.predict(x)
        assert loaded.score_numbers(x) == model.score_numbers(x)
    twice = tmp_path / "twice.json"
    save(loaded, twice)
    assert twice.read_bytes() == (tmp_path / "model.json").read_bytes()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3))
def test_numbers_come_back_to_the_bit(tmp_path, numbers):
    model = LinearRegression(2)
    for parameter, number in zip(model.parameters(), numbers, strict=True):
        parameter.data = number
    save(model, tmp_path / "model.json")
    loaded = load(tmp_path / "model.json")
    assert [repr(p.data) for p in loaded.parameters()] == list(map(repr, numbers))


def test_a_loaded_model_learns_on(tmp_path):
    model = MLP(2, [3, 1], activation="tanh", head="sigmoid", seed=0)
    fit(model, CORNERS, [0, 1, 1, 0], epochs=5)
    save(model, tmp_path / "model.json")
    loaded = load(tmp_path / "model.json")
    for each in (model, loaded):
        fit(each, CORNERS, [0, 1, 1, 0], epochs=5)
    assert loaded.state() == model.state()


def test_a_trained_perceptron_comes_back(tmp_path):
    labels = [-1, 1, 1, 1]
    save(Perceptron(2).fit(CORNERS, labels), tmp_path / "or.json")
    loaded = load(tmp_path / "or.json")
    assert [loaded.predict(x) for x in CORNERS] == labels


def test_a_path_may_be_text(tmp_path):
    save(LinearRegression(1), f"{tmp_path}/model.json")
    assert load(f"{tmp_path}/model.json").state() == {"w": [0.0], "b": 0.0}


def test_what_belongs_to_a_model_comes_back_with_it(tmp_path):
    about = {"class_names": ["кошка", "dog \ud800"], "scaler": {"shift": [0.1], "scale": [2.5]}}
    path = tmp_path / "model.json"
    save(LinearRegression(1), path, about=about)
    assert load_with_about(path)[1] == about
    save(LinearRegression(1), path)
    assert load_with_about(path)[1] == {}


def test_the_file_says_what_it_is(tmp_path):
    path = tmp_path / "model.json"
    save(MLP(2, [1], seed=0), path)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert (content["format"], content["version"]) == ("autograd-nn model", 1)
    assert content["model"] == "MLP"
    assert content["settings"]["nin"] == 2


def test_loading_draws_no_random_numbers(tmp_path):
    path = tmp_path / "model.json"
    save(MLP(2, [3, 1], seed=0), path)
    before = random.getstate()
    load(path)
    assert random.getstate() == before


# --- what cannot be saved --------------------------------------------------------------------


@pytest.fixture
def bump():
    yield define("bump_for_test", lambda s: math.exp(-s * s), lambda s, out: (-2 * s * out,))
    OPS.pop("bump_for_test", None)


def test_an_operation_of_the_user_is_saved_by_its_name(bump, tmp_path):
    path = tmp_path / "model.json"
    for activation in (bump, "bump_for_test"):
        model = MLP(2, [3, 1], activation=activation, seed=0)
        save(model, path)
        assert load(path).predict([0.5, -1.0]) == model.predict([0.5, -1.0])


def test_a_file_with_an_operation_that_is_not_defined_here_says_so(bump, tmp_path):
    path = tmp_path / "model.json"
    save(MLP(2, [3, 1], activation=bump), path)
    del OPS["bump_for_test"]
    with pytest.raises(ModelFileError, match=r"'bump_for_test'.*define\("):
        load(path)


class NotInTheTable(Model):
    nin, nout, loss = 1, 1, find_loss("mse")


def nan_weight():
    model = MLP(2, [3, 1])
    model.layers[1].neurons[0].w[2].data = math.nan
    return model


def inf_bias():
    model = LogisticRegression(2)
    model.b.data = math.inf
    return model


def other_loss():
    model = LogisticRegression(2)
    model.loss = find_loss("binary_cross_entropy")  # predicts 0 and 1, not -1 and +1
    return model


UNSAVABLE = [  # model, about, what the message says
    (lambda: MLP(2, [3, 1], activation=lambda s: s * s), {}, r"layer 1 has no name.*define\(\)"),
    (lambda: MLP(2, [3, 3, 1], activation=["relu", math.tanh]), {}, "tanh of layer 2 has no name"),
    (lambda: MLP(2, [1], loss=Loss("mine", lambda s, _: s[0], None, "any")), {}, "'mine' is your"),
    (nan_weight, {}, r"layers\[1\]\.neurons\[0\]\.w\[2\] is inf or nan"),
    (inf_bias, {}, "Not saved: b is inf or nan"),
    (other_loss, {}, "loss"),
    (NotInTheTable, {}, r"Cannot save a NotInTheTable; only MLP, .*model\.state\(\)"),
    (Module, {}, "Cannot save a Module"),
    (lambda: LinearRegression(1), {"best": math.nan}, "about"),
    (lambda: LinearRegression(1), {"classes": {"cat", "dog"}}, "about"),
    (lambda: LinearRegression(1), {"scaler": object()}, "about"),
    (lambda: LinearRegression(1), {("a", "b"): 1}, "about"),
]


@pytest.mark.parametrize(("make", "about", "message"), UNSAVABLE)
def test_what_cannot_be_saved_is_refused_and_the_old_file_stays(make, about, message, tmp_path):
    path = tmp_path / "model.json"
    path.write_text("precious")
    with pytest.raises(ValueError, match=message):
        save(make(), path, about=about)
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


def test_about_that_contains_itself_is_refused_for_what_it_is(tmp_path):
    about = {}
    about["self"] = about
    with pytest.raises(ValueError, match="about") as caught:
        save(LinearRegression(1), tmp_path / "model.json", about=about)
    assert "inf or nan" not in str(caught.value)


# --- written whole or not at all -------------------------------------------------------------


def half_written(path, text, **_):
    with path.open("w") as file:
        file.write(text[: len(text) // 2])
    raise OSError("No space left on device")


def interrupted(*_, **__):
    raise KeyboardInterrupt


def refused(*_, **__):
    raise PermissionError("in use")


FAILURES = [
    ("write_text", half_written, OSError),
    ("write_text", interrupted, KeyboardInterrupt),
    ("replace", refused, PermissionError),
    ("replace", interrupted, KeyboardInterrupt),
]


@pytest.mark.parametrize(("method", "failure", "error"), FAILURES)
@pytest.mark.parametrize("exists", [True, False])
def test_an_interrupted_write_leaves_what_was_there_and_nothing_else(
    method, failure, error, exists, tmp_path, monkeypatch
):
    path = tmp_path / "model.json"
    old = LinearRegression(2)
    if exists:
        save(old, path)
    before = [(p.name, p.read_bytes()) for p in tmp_path.iterdir()]
    monkeypatch.setattr(Path, method, failure)
    with pytest.raises(error):
        save(randomized(LinearRegression(2)), path)
    monkeypatch.undo()
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == before


def test_an_existing_file_is_replaced(tmp_path):
    path = tmp_path / "model.json"
    for model in (MLP(2, [9, 9, 1], seed=0), LinearRegression(1)):
        save(model, path)
    assert repr(load(path)) == "LinearRegression(1 inputs)"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_does_not_exist_is_an_error_of_the_file_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        save(LinearRegression(1), tmp_path / "nowhere" / "model.json")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        save(LinearRegression(1), tmp_path / "folder")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


PLACES = [  # where nothing can be written, what the system says
    ("no/x.json", FileNotFoundError),
    ("file/x.json", NotADirectoryError),
    (".", OSError),
    ("folder", OSError),
]


@pytest.mark.skipif(sys.platform == "win32", reason="errors of POSIX")
@pytest.mark.parametrize(("name", "error"), PLACES)
def test_an_error_names_the_file_that_was_asked_for(name, error, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("", encoding="utf-8")
    Path("folder").mkdir()
    with pytest.raises(error) as caught:
        save(LinearRegression(1), name)
    assert caught.value.filename == name
    assert caught.value.strerror in str(caught.value)
    assert "unfinished" not in str(caught.value)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


def test_text_is_written_as_utf_8(tmp_path):
    write_whole(tmp_path / "text", "σ(s) и т. д.\n")
    assert (tmp_path / "text").read_bytes() == "σ(s) и т. д.\n".encode()


# --- damaged files ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def good_text(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "model.json"
    model = randomized(MLP(2, [2, 2], activation=["tanh"], head="softmax"))
    save(model, path, about={"class_names": ["a", "b"]})
    return path.read_text(encoding="utf-8")


def test_there_is_no_such_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nothing.json")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(OSError, match=tmp_path.name):
        load(tmp_path)


NO_MODEL_FILES = [  # content, what the message says
    (b"", "no model file, or cut off"),
    (b" \n", "no model file, or cut off"),
    (b"\x00\x01\xff\xfe\x80", "not even text"),
    (b"\x89PNG\r\n\x1a\n", "not even text"),
    (b"\x00" * 100, "no model file"),
    (b"PK\x03\x04", "no model file"),
    ("{}".encode("utf-16"), "not even text"),
    (b"\xef\xbb\xbf{}", "no model file"),
    (b"x,y\n1,2\n", "no model file, or cut off"),
    (b"null", 'it has no "format"'),
    (b"[]", 'it has no "format"'),
    (b"{}", 'it has no "format": "autograd-nn model"'),
    (b"3", 'it has no "format"'),
    (b'"autograd-nn model"', 'it has no "format"'),
    (b'{"format": "another"}', 'it has no "format"'),
    (b'{"format": ["autograd-nn model"]}', 'it has no "format"'),
    (b"[" * 100_000, "no model file"),
    (b'{"a":' * 100_000, "no model file"),
    (b"[" * 5_000 + b"]" * 5_000, "no model file"),
    (b"1" * 10_000, "no model file"),
]


@pytest.mark.parametrize(("content", "message"), NO_MODEL_FILES,
                         ids=[repr(row[0][:12]) for row in NO_MODEL_FILES])  # fmt: skip
def test_what_is_no_model_file_is_called_so(content, message, tmp_path):
    path = tmp_path / "model.json"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 600


def test_a_file_cut_off_at_any_tenth_byte_is_refused(good_text, tmp_path):
    path = tmp_path / "model.json"
    content = good_text.encode()
    end = len(content.rstrip())
    for length in range(0, end, 10):
        path.write_bytes(content[:length])
        with pytest.raises(ModelFileError, match="cut off"):
            load(path)
    path.write_bytes(content[:end])
    load(path)


def replaced(way, value):
    """Return a change of a file's content: the part at `way` becomes `value`."""

    def change(content):
        *outer, last = way
        part = content
        for key in outer:
            part = part[key]
        part[last] = value

    return change


def removed(key):
    return lambda content: content.pop(key)


NEURONS = ["state", "layers", 0, "neurons"]
DAMAGES = [  # what happened to the content, what the message says
    (replaced(["format"], "autograd-nn models"), "no model file"),
    (removed("format"), "no model file"),
    (replaced(["version"], 2), "version 2, but this program reads version 1.*newer"),
    (replaced(["version"], 99), "version 99"),
    (replaced(["version"], "1"), "version '1'"),
    (replaced(["version"], None), "version"),
    (removed("version"), "version"),
    (replaced(["model"], "Transformer"), "'Transformer'; this version knows MLP, Softmax"),
    (replaced(["model"], ["MLP"]), "'model' is missing or no str"),
    (removed("model"), "'model' is missing"),
    (removed("settings"), "'settings' is missing or no dict"),
    (removed("state"), "'state' is missing"),
    (removed("about"), "'about' is missing"),
    (replaced(["about"], []), "'about' is missing or no dict"),
    (replaced(["state"], [1, 2]), "'state' is missing or no dict"),
    (replaced(["settings"], None), "'settings' is missing or no dict"),
    (replaced(["settings"], {}), "damaged"),
    (replaced(["settings", "colour"], "red"), "damaged.*colour"),
    (replaced(["settings", "seed"], [1]), "damaged"),
    (replaced(["settings", "init"], {"a": 1}), "damaged"),
    (replaced(["settings", "nin"], 3), r"damaged: layers\[0\]\.neurons\[0\]\.w should be a list"),
    (replaced(["settings", "nin"], 0), "damaged"),
    (replaced(["settings", "nin"], -1), "damaged"),
    (replaced(["settings", "nin"], "2"), "damaged"),
    (replaced(["settings", "nin"], 2.5), "damaged"),
    (replaced(["settings", "nin"], None), "damaged"),
    (replaced(["settings", "nin"], [2]), "damaged"),
    (replaced(["settings", "nin"], math.nan), "damaged"),
    (replaced(["settings", "nin"], math.inf), "damaged"),
    (replaced(["settings", "nin"], 10**18), "damaged"),
    (replaced(["settings", "nin"], 10**400), "damaged"),
    (replaced(["settings", "nouts"], []), "damaged"),
    (replaced(["settings", "nouts"], [2, 3]), "damaged: .*neurons should be a list of 3 parts"),
    (replaced(["settings", "nouts"], [2]), "damaged"),
    (replaced(["settings", "nouts"], [2, 2, 2]), "damaged"),
    (replaced(["settings", "nouts"], [0, 2]), "damaged"),
    (replaced(["settings", "nouts"], 2), "damaged"),
    (replaced(["settings", "nouts"], "22"), "damaged"),
    (replaced(["settings", "nouts"], {"0": 2, "1": 2}), "damaged"),
    (replaced(["settings", "nouts"], [2, {}]), "damaged"),
    (replaced(["settings", "nouts"], [2, "2"]), "damaged"),
    (replaced(["settings", "nouts"], [10**18, 2]), "damaged"),
    (replaced(["settings", "nouts"], [2, 10**18]), "damaged"),
    (replaced(["settings", "nouts"], [1000] * 1000), "damaged"),
    (replaced(["settings", "activation"], "rel"), "damaged: No activation is named 'rel'"),
    (replaced(["settings", "activation"], []), "damaged: 0 activations for 1 hidden layers"),
    (replaced(["settings", "activation"], None), "damaged"),
    (replaced(["settings", "activation"], 7), "damaged"),
    (replaced(["settings", "activation"], [None]), "damaged"),
    (replaced(["settings", "activation"], [["tanh"]]), "damaged"),
    (replaced(["settings", "activation"], [{}]), "damaged"),
    (replaced(["settings", "head"], "heads"), "damaged: head must be one of"),
    (replaced(["settings", "head"], None), "damaged"),
    (replaced(["settings", "head"], ["softmax"]), "damaged"),
    (replaced(["settings", "loss"], "nll"), "damaged: No loss is named 'nll'"),
    (replaced(["settings", "loss"], ["mse"]), "damaged"),
    (replaced(["settings", "loss"], {"a": 1}), "damaged"),
    (replaced(["settings", "loss"], 7), "damaged"),
    (replaced(["state"], {}), "damaged"),
    (replaced(["state", "extra"], 1.0), "damaged: the state should have the parts"),
    (replaced(["state", "layers"], {}), "damaged"),
    (replaced(["state", "layers"], []), "damaged"),
    (replaced(["state", "layers", 1], {}), r"damaged"),
    (replaced([*NEURONS, 1], None), r"damaged: layers\[0\]\.neurons\[1\] should have the parts"),
    (replaced([*NEURONS, 1, "w"], [1.0]), r"neurons\[1\]\.w should be a list of 2 parts; got 1"),
    (replaced([*NEURONS, 1, "w"], 1.0), r"neurons\[1\]\.w should be a list of 2 parts; got float"),
    (replaced([*NEURONS, 1, "w", 0], "0.5"), r"neurons\[1\]\.w\[0\] should be a finite number"),
    (replaced([*NEURONS, 1, "w", 0], True), r"w\[0\] should be a finite number; got True"),
    (replaced([*NEURONS, 1, "w", 0], None), r"w\[0\] should be a finite number; got None"),
    (replaced([*NEURONS, 1, "w", 0], [0.5]), r"w\[0\] should be a finite number"),
    (replaced([*NEURONS, 0, "b"], math.nan), r"neurons\[0\]\.b should be a finite number; got nan"),
    (replaced([*NEURONS, 0, "b"], -math.inf), r"\.b should be a finite number; got -inf"),
    (replaced([*NEURONS, 0, "b"], 10**400), r"\.b should be a finite number; got 1000"),
    (replaced([*NEURONS, 0, "b"], "x" * 10**6), r"\.b should be a finite number; got 'xxx"),
    (replaced(["settings", "head"], "x" * 10**6), "damaged: head must be one of"),
    (replaced(["model"], "x" * 10**6), "this version knows"),
]


@pytest.mark.parametrize(("change", "message"), DAMAGES, ids=range(len(DAMAGES)))
def test_a_damaged_file_says_what_is_wrong_with_it(change, message, good_text, tmp_path):
    content = json.loads(good_text)
    change(content)
    path = tmp_path / "model.json"
    path.write_text(json.dumps(content))
    with at_most_parameters(1000), pytest.raises(ModelFileError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_a_missing_version_is_not_blamed_on_an_old_program(good_text, tmp_path):
    content = json.loads(good_text)
    del content["version"]
    path = tmp_path / "model.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ModelFileError) as caught:
        load(path)
    assert "newer" not in str(caught.value)


@pytest.mark.parametrize("kind", ["LogisticRegression", "LinearRegression", "Perceptron"])
@pytest.mark.parametrize(
    "nin",
    [0, 3, 10**18, 10**400, "2", None, [2], {}, 1.5, math.nan],
    ids=lambda nin: repr(nin)[:20],
)
def test_a_damaged_file_of_one_neuron_is_refused_too(kind, nin, tmp_path):
    path = tmp_path / "model.json"
    save(MODELS[kind](2), path)
    content = json.loads(path.read_text())
    content["settings"]["nin"] = nin
    path.write_text(json.dumps(content))
    with at_most_parameters(1000), pytest.raises(ModelFileError, match="damaged"):
        load(path)


@pytest.mark.parametrize("way", [["state", "layers"], [*NEURONS, 0, "b"], ["settings", "nouts"],
                                 ["settings", "head"], ["settings", "loss"], ["about"],
                                 ["model"]], ids=str)  # fmt: skip
def test_deep_nesting_anywhere_is_refused(way, good_text, tmp_path):
    path = tmp_path / "model.json"
    content = json.loads(good_text)
    replaced(way, "@")(content)
    text = json.dumps(content)
    for depth in [*range(700, 1000, 3), 2_000, 100_000]:
        path.write_text(text.replace('"@"', "[" * depth + "]" * depth))
        with pytest.raises(ModelFileError):
            load(path)


def loads_or_is_refused(path):
    """Load a file that may be damaged: what comes is a sound model, or a ModelFileError."""
    with at_most_parameters(1000):
        try:
            model, about = load_with_about(path)
        except ModelFileError:
            return
    assert isinstance(about, dict)
    assert all(math.isfinite(p.data) for p in model.parameters())
    assert len(model.score_numbers([0.5] * model.nin)) == model.nout


fuzzing = settings(max_examples=200, deadline=None,
                   suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
SCRAPS = [*'{}[]",:-+.eE0129 \\x', "null", "true", "NaN", "Infinity", "1e999", "-0", '""', "[]",
          "{}", "\\ud800", "\ufeff", "é", "\x00", "9" * 30, "tanh", "0.5"]  # fmt: skip


@fuzzing
@given(data=st.data())
def test_whatever_scraps_get_into_the_text(data, good_text, tmp_path):
    text = good_text
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        gone = data.draw(st.sampled_from([0, 0, 1, 1, 2, 10, 100]))
        text = text[:at] + data.draw(st.sampled_from(["", *SCRAPS])) + text[at + gone :]
    path = tmp_path / "model.json"
    path.write_text(text, encoding="utf-8")
    loads_or_is_refused(path)


@fuzzing
@given(data=st.data())
def test_whatever_happens_to_the_bytes(data, good_text, tmp_path):
    content = bytearray(good_text.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "model.json"
    path.write_bytes(bytes(content))
    loads_or_is_refused(path)


def ways(part, here=()):
    """Return the ways to all parts inside, as tuples of keys and indices."""
    pairs = part.items() if isinstance(part, dict) else enumerate(part)
    found = []
    for key, inner in pairs:
        found.append((*here, key))
        if isinstance(inner, dict | list):
            found += ways(inner, (*here, key))
    return found


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.sampled_from(
        [
            10**18,
            -(10**18),
            10**400,
            "",
            "tanh",
            "softmax",
            "mse",
            "MLP",
            "he",
            "LinearRegression",
            "seed",
            0,
            1,
            2,
            3,
        ]
    )  # fmt: skip
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["w", "b", "nin", "nouts", "layers", "0"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@fuzzing
@given(data=st.data())
def test_whatever_stands_in_place_of_a_part(data, good_text, tmp_path):
    content = json.loads(good_text)
    for _ in range(data.draw(st.integers(1, 2))):
        way = data.draw(st.sampled_from(ways(content)))
        value = data.draw(json_values | st.just(copy.deepcopy(content["state"])))
        replaced(way, value)(content)
    path = tmp_path / "model.json"
    path.write_text(json.dumps(content))
    loads_or_is_refused(path)
