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
            other packages: record, Machine, find_engine, ENGINES, modes, collector_paused
Pictures    draw, show_steps, network_of; for other packages: look, player, Notation, gradients
Derivatives derive, grad, hessian; checked by gradcheck (GradientReport, GradientError)
"""

import warnings as _warnings
from pathlib import Path as _Path

from autograd import copying as _copying  # noqa: F401 (teaches copy and pickle about Values)
from autograd import look, player
from autograd.checks import RecordingError, ieee_values, not_while_recording, to_float
from autograd.compile import (
    ENGINES,
    Compiled,
    Machine,
    Program,
    collector_paused,
    compile,
    explain_program,
    find_engine,
    list_program,
    modes,
    record,
    text_of,
)
from autograd.derive import derive, grad, hessian
from autograd.diagnose import Diagnosis, Finding, diagnose
from autograd.drawing import Drawing, draw, value_mimebundle
from autograd.explain import Explanation, GradientPath, explain
from autograd.formula import formula
from autograd.gradcheck import GradientError, GradientReport, gradcheck
from autograd.lines import line_of, recorded_lines
from autograd.network import Network, Unit, network_of
from autograd.notation import NeuronRun, Notation, indexed
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
from autograd.stepper import Step, Steps, gradients, steps
from autograd.stepview import StepView, show_steps
from autograd.tree import tree
from autograd.value import Value, as_values, topological_order

Value.tree = tree  # a reader as a method: print(v.tree())
Value._repr_mimebundle_ = value_mimebundle  # a Value at the end of a notebook's cell is drawn

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

if (_Path(__file__).parent / "numpy").is_dir():
    _warnings.warn(
        f"PyPI's package 'autograd' has written its files into {_Path(__file__).parent}; this one "
        "is 'autograd-nn'. The two share an import name and cannot live together: use a fresh "
        "virtual environment, or pip uninstall autograd and reinstall autograd-nn.",
        RuntimeWarning,
        stacklevel=2,
    )
