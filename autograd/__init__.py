"""A scalar autograd engine: numbers that remember how they were made.

>>> from autograd import Value
>>> x = Value(3.0, label="x")
>>> y = x * x + 1
>>> y.backward()
>>> x.grad
6.0

Numbers     Value, scope, as_values, to_float, ieee_values
Operators   + - * / ** abs(x); comparisons look at the number, ``==`` at the identity
Functions   exp log sqrt sin cos tanh sigmoid softplus relu leaky_relu abs sign step
            maximum minimum where, and of many: total weighted_sum log_sum_exp
            (use these, not those of `math`, which see only the number and cut the graph)
Your own    define, find_op, OPS, Op, Arithmetic
Reading     tree, formula, topological_order, steps, explain, diagnose, recorded_lines, line_of
Compiling   compile (Compiled), pick, RecordingError; explain_program, list_program (Program); for
            other packages: record, Machine, find_engine, ENGINES, modes, collector_paused,
Pictures    draw, show_steps, network_of; for other packages: look, player, Notation, gradients
Front doors open_later
Derivatives derive, grad, hessian; checked by gradcheck (GradientReport, GradientError)
"""

import warnings as _warnings
from os import path as _path
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from autograd import copying as _copying  # noqa: F401 (teaches copy and pickle about Values)
from autograd.checks import RecordingError, ieee_values, not_while_recording, to_float
from autograd.later import open_later
from autograd.operators import Arithmetic
from autograd.ops import (
    OPS,
    Op,
    abs,
    add,
    cos,
    define,
    div,
    exp,
    find_op,
    leaky_relu,
    log,
    log_or_zero,
    log_sum_exp,
    maximum,
    minimum,
    mul,
    neg,
    pick,
    power,
    relu,
    sigmoid,
    sign,
    sin,
    softplus,
    sqrt,
    step,
    sub,
    tanh,
    total,
    weighted_sum,
    where,
)
from autograd.scopes import scope
from autograd.tree import tree
from autograd.value import Value, as_values, topological_order

if _TYPE_CHECKING:  # the same names, for tools that read programs
    from autograd import look, player
    from autograd.compile.compiled import Compiled, compile
    from autograd.compile.expressions import text_of
    from autograd.compile.listing import list_program
    from autograd.compile.machine import ENGINES, Machine, find_engine
    from autograd.compile.program import Program
    from autograd.compile.recording import collector_paused, modes, record
    from autograd.compile.words import explain_program
    from autograd.derive import derive, grad, hessian
    from autograd.diagnose import Diagnosis, Finding, diagnose
    from autograd.drawing import Drawing, draw
    from autograd.explain import Explanation, GradientPath, explain
    from autograd.formula import formula
    from autograd.gradcheck import GradientError, GradientReport, gradcheck
    from autograd.lines import line_of, recorded_lines
    from autograd.network import Network, Unit, network_of
    from autograd.notation import NeuronRun, Notation, indexed
    from autograd.stepper import Step, Steps, gradients, steps
    from autograd.stepview import StepView, show_steps

# What most programs do not need at once is imported when it is first asked for.
open_later(
    __name__,
    {
        "compile.compiled": "Compiled compile",
        "compile.expressions": "text_of",
        "compile.listing": "list_program",
        "compile.machine": "ENGINES Machine find_engine",
        "compile.program": "Program",
        "compile.recording": "collector_paused modes record",
        "compile.words": "explain_program",
        "derive": "derive grad hessian",
        "diagnose": "Diagnosis Finding diagnose",
        "drawing": "Drawing draw",
        "explain": "Explanation GradientPath explain",
        "formula": "formula",
        "gradcheck": "GradientError GradientReport gradcheck",
        "lines": "line_of recorded_lines",
        "network": "Network Unit network_of",
        "notation": "NeuronRun Notation indexed",
        "stepper": "Step Steps gradients steps",
        "stepview": "StepView show_steps",
    },
    modules="look player",
)


def _drawn(value: Value, include: _Any = None, exclude: _Any = None) -> dict[str, str]:
    from autograd.drawing import value_mimebundle

    return value_mimebundle(value, include, exclude)


Value.tree = tree  # a reader as a method: print(v.tree())
Value._repr_mimebundle_ = _drawn  # a Value at the end of a notebook's cell is drawn

__version__ = "0.1.0"

__all__ = [
    "Arithmetic",
    "Compiled",
    "Diagnosis",
    "Drawing",
    "ENGINES",
    "Explanation",
    "Finding",
    "GradientError",
    "GradientPath",
    "GradientReport",
    "Machine",
    "Network",
    "NeuronRun",
    "Notation",
    "OPS",
    "Op",
    "Program",
    "RecordingError",
    "Step",
    "StepView",
    "Steps",
    "Unit",
    "Value",
    "__version__",
    "abs",
    "add",
    "as_values",
    "collector_paused",
    "compile",
    "cos",
    "define",
    "derive",
    "diagnose",
    "div",
    "draw",
    "exp",
    "explain",
    "explain_program",
    "find_engine",
    "find_op",
    "formula",
    "grad",
    "gradcheck",
    "gradients",
    "hessian",
    "ieee_values",
    "indexed",
    "leaky_relu",
    "line_of",
    "list_program",
    "log",
    "log_or_zero",
    "log_sum_exp",
    "look",
    "maximum",
    "minimum",
    "modes",
    "mul",
    "neg",
    "network_of",
    "not_while_recording",
    "open_later",
    "pick",
    "player",
    "power",
    "record",
    "recorded_lines",
    "relu",
    "scope",
    "show_steps",
    "sigmoid",
    "sign",
    "sin",
    "softplus",
    "sqrt",
    "step",
    "steps",
    "sub",
    "tanh",
    "text_of",
    "to_float",
    "topological_order",
    "total",
    "tree",
    "weighted_sum",
    "where",
]

if _path.isdir(_path.join(_path.dirname(__file__), "numpy")):
    _warnings.warn(
        f"PyPI's package 'autograd' has written its files into {_path.dirname(__file__)}; this one "
        "is 'autograd-nn'. The two share an import name and cannot live together: use a fresh "
        "virtual environment, or pip uninstall autograd and reinstall autograd-nn.",
        RuntimeWarning,
        stacklevel=2,
    )
