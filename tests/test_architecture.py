"""The map of the house, checked: who may import whom, and how big the engine may be."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
import nn

ROOT = Path(__file__).parent.parent
PACKAGES = {"autograd": autograd, "nn": nn}
# A module may import from earlier lines, never from its own line or a later one.
FLOORS = [
    {"autograd.checks", "autograd.later", "autograd.look", "autograd.scopes"},
    {"autograd.ops"},
    {"autograd.operators"},
    {"autograd.value"},
    {
        "autograd.copying",
        "autograd.derive",
        "autograd.formula",
        "autograd.gradcheck",
        "autograd.layout",
        "autograd.lines",
        "autograd.notation",
        "autograd.player",
        "autograd.tree",
    },
    {"autograd.network", "autograd.render", "autograd.stepper"},
    {
        "autograd.compile.expressions",
        "autograd.compile.native_code",
        "autograd.compile.recording",
    },
    {"autograd.compile.arguments", "autograd.compile.program"},
    {
        "autograd.compile.chains",
        "autograd.compile.listing",
        "autograd.compile.names",
        "autograd.compile.numpy_backend",
        "autograd.compile.rolling",
        "autograd.compile.words",
    },
    {"autograd.compile.building", "autograd.compile.native_writer"},
    {"autograd.compile.native_maps", "autograd.compile.native_update"},
    {"autograd.compile.native_products"},
    {"autograd.compile.native_driver", "autograd.compile.native_kernels"},
    {"autograd.compile.native_backend"},
    {"autograd.compile.machine"},
    {"autograd.compile.compiled"},
    {"autograd.explain", "autograd.stepview"},
    {"autograd.diagnose", "autograd.drawing"},
    {
        "nn.activations",
        "nn.axes",
        "nn.checks",
        "nn.contours",
        "nn.module",
        "nn.schedules",
    },
    {"nn.initializers", "nn.metrics"},
    {"nn.dropout", "nn.history", "nn.layers", "nn.losses", "nn.optimizers", "nn.penalties"},
    {"nn.data", "nn.models", "nn.progress", "nn.table_file", "nn.update_rules"},
    {
        "nn.backprop_table",
        "nn.by_hand",
        "nn.likelihood",
        "nn.network_view",
        "nn.saliency",
        "nn.samples",
        "nn.scaling",
        "nn.spiking",
        "nn.tables",
    },
    {"nn.charts", "nn.perceptron"},
    {"nn.boundary"},
    {"nn.features", "nn.plots", "nn.replay"},
    {"nn.engines", "nn.storage"},
    {"nn.training"},
    {"nn.descent", "nn.five_steps", "nn.grid_search", "nn.refitting", "nn.tasks"},
    {"nn.model_text", "nn.report", "nn.training_text"},
    {"nn.figures.shapes"},
    {
        "nn.figures.curves",
        "nn.figures.networks",
        "nn.figures.neurons",
        "nn.figures.paths",
        "nn.figures.pixels",
        "nn.figures.training",
    },
    {"nn.figures.gallery"},
    {"nn.commands"},
    {"nn.__main__"},
]
FLOOR = {module: i for i, modules in enumerate(FLOORS) for module in modules}
FILES = sorted(p for name in PACKAGES for p in (ROOT / name).rglob("*.py"))
ROOMS = [path for path in FILES if path.name != "__init__.py"]
ENGINE_LINES = 150
# Only these need a third party all through; whoever wants one of them imports it in a function.
WITH_NUMPY = {
    f"autograd.compile.{path.stem}"
    for pattern in ("building.py", "chains.py", "native_*.py", "numpy_backend.py", "rolling.py")
    for path in (ROOT / "autograd" / "compile").glob(pattern)
}


def module_name(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def imports(path):
    """Yield (module, name or None) of every import, also those inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from ((node.module, alias.name) for alias in node.names)


def module_imported(module, name):
    """`from autograd import ops` imports the module autograd.ops."""
    return f"{module}.{name}" if f"{module}.{name}" in FLOOR else module


@pytest.mark.parametrize("path", ROOMS, ids=module_name)
def test_imports_point_down(path):
    me = module_name(path)
    assert me in FLOOR, f"{me} has no floor; add it to FLOORS where it belongs"
    for target in (module_imported(*pair) for pair in imports(path)):
        if target in FLOOR:
            assert FLOOR[target] < FLOOR[me], f"{me} imports {target}: not below it"


@pytest.mark.parametrize("path", ROOMS, ids=module_name)
def test_networks_use_the_front_door_of_the_engine(path):
    for module, name in imports(path):
        if module_name(path).startswith("nn.") and module.split(".")[0] == "autograd":
            assert module == "autograd", f"{path.name} imports from {module}, not from autograd"
            assert name in autograd.__all__, f"{path.name} imports {name}, which is not public"


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_nothing_outside_the_standard_library_is_imported_with_the_package(path):
    inside = {
        module
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
        for module in (
            [a.name for a in inner.names] if isinstance(inner, ast.Import) else [inner.module]
        )
    }
    if module_name(path) in WITH_NUMPY:
        return
    for module, _ in imports(path):
        assert module not in WITH_NUMPY or module in inside, module
        top = module.split(".")[0]
        assert top in sys.stdlib_module_names or top in PACKAGES or module in inside, module


def test_every_floor_exists():
    assert set(FLOOR) == {module_name(path) for path in ROOMS}


@pytest.mark.parametrize("package", PACKAGES.values(), ids=PACKAGES)
def test_the_front_door_is_complete_and_in_order(package):
    assert sorted(package.__all__) == sorted(set(package.__all__))
    for name in package.__all__:
        assert hasattr(package, name)
        assert getattr(getattr(package, name), "__doc__", None), f"{name} has no docstring"


@pytest.mark.parametrize("package", PACKAGES.values(), ids=PACKAGES)
def test_what_is_imported_later_is_public_and_where_it_is_said_to_be(package):
    assert set(package._rooms) <= set(package.__all__) <= set(dir(package))
    for name, room in package._rooms.items():
        module = importlib.import_module(f"{package.__name__}.{room or name}")
        assert getattr(package, name) is (getattr(module, name) if room else module)
    with pytest.raises(AttributeError, match=f"'{package.__name__}' has no attribute 'tanhh'"):
        package.tanhh  # noqa: B018


IMPORTED_LATER = """
import sys
import autograd, nn
slow = {"numpy", "llvmlite", "json", "html", "xml.etree", "csv", "pathlib", "tempfile", "uuid"}
assert not slow & set(sys.modules), slow & set(sys.modules)
import autograd.explain  # hangs the module on the package, which has a function of that name
from nn.features import show_features
assert callable(autograd.explain) and callable(nn.features) and callable(autograd.compile)
assert autograd.look.__name__ == "autograd.look"
w = autograd.Value(2.0, "w")
assert "w" in w._repr_mimebundle_()["text/plain"]
"""


def test_what_few_programs_need_is_imported_later():
    done = subprocess.run(
        [sys.executable, "-S", "-c", IMPORTED_LATER], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_engine_is_read_in_one_sitting():
    lines = (ROOT / "autograd" / "value.py").read_text(encoding="utf-8").splitlines()
    assert sum(bool(line.strip()) for line in lines) <= ENGINE_LINES
