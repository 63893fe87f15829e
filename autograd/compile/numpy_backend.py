"""The reference backend: a program as lines of NumPy, one or two for each statement."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from autograd import ops
from autograd.compile.expressions import Expression, forward_of, may_hide
from autograd.compile.program import (
    LANES,
    LANES_GRAD,
    SHARED,
    SHARED_GRAD,
    Program,
    Statement,
    Update,
    View,
    in_lanes,
)


def _sigmoid(x: Any) -> Any:
    z = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, z) / (1.0 + z)


def _softplus(x: Any) -> Any:
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def _log_or_zero(x: Any) -> Any:
    return np.where(x == 0, 0.0, np.log(x))


# How the forward rules of the table are written for arrays.
_TEXT = {
    "add": "({} + {})",
    "sub": "({} - {})",
    "mul": "({} * {})",
    "div": "({} / {})",
    "neg": "(-{})",
    "power": "power({}, {})",
    "relu": "maximum({}, 0.0)",
    "leaky_relu": "where({0} > 0, {0}, {1} * {0})",
    "step": "heaviside({}, 0.0)",
    "where": "where({} != 0, {}, {})",
    **{name: name + "({})" for name in (
        "exp", "log", "log_or_zero", "sqrt", "sin", "cos", "tanh", "sigmoid", "softplus", "sign",
        "abs",
    )},
    "maximum": "maximum({}, {})",
    "minimum": "minimum({}, {})",
}  # fmt: skip
_FUNCTIONS = {
    "sigmoid": _sigmoid, "softplus": _softplus, "log_or_zero": _log_or_zero,
    **{name: getattr(np, name) for name in (
        "exp", "log", "sqrt", "sin", "cos", "tanh", "sign", "abs", "power", "maximum", "minimum",
        "heaviside", "where", "matmul", "multiply", "add", "dot",
    )},
}  # fmt: skip
_EVALUATE = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "neg": np.negative,
    "power": lambda x, y: np.sqrt(x) if isinstance(y, float) and y == 0.5 else np.power(x, y),
    "where": lambda c, x, y: np.where(c != 0, x, y), "step": lambda x: np.heaviside(x, 0.0),
    "relu": lambda x: np.maximum(x, 0.0),
    "leaky_relu": lambda x, slope: np.where(x > 0, x, slope * x),
    **{name: _FUNCTIONS[name] for name in (
        "exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "softplus", "sign", "abs",
        "maximum", "minimum", "log_or_zero",
    )},
}  # fmt: skip
# The last operation of an expression writes into its place.
_INTO = {
    "add": "add", "mul": "multiply", "exp": "exp", "log": "log", "sqrt": "sqrt", "tanh": "tanh",
    "sin": "sin", "cos": "cos", "sign": "sign", "abs": "abs", "maximum": "maximum",
    "minimum": "minimum",
}  # fmt: skip
_POWERS = {2.0: "({0} * {0})", -1.0: "(1.0 / {0})", 0.5: "sqrt({0})", -0.5: "(1.0 / sqrt({0}))"}


class NumpyEngine:
    """Runs a program on NumPy's arrays.

    Parameters
    ----------
    program : Program

    Attributes
    ----------
    shared, shared_grad : array of float, (program.shared_rows,)
        Leaves first. Set those before `run`.
    """

    name = "numpy"

    def __init__(self, program: Program, update: Update | None = None) -> None:
        self.program, self.update = program, update
        self.state = np.zeros((len(update.state) if update else 0, len(program.leaves)))
        self.shared = np.zeros(program.shared_rows)
        self.shared_grad = np.zeros(program.shared_rows)
        for row, number in program.constants.items():
            self.shared[row] = number
        self._sized: dict[int, Any] = {}
        rows = np.sort(np.array(update.rows if update else [], dtype=np.intp))
        follow = len(rows) and rows[-1] - rows[0] == len(rows) - 1
        self._moving = slice(rows[0], rows[-1] + 1) if follow else rows

    def run(self, samples: Any, backward: bool = True) -> Any:
        """Compute the results for samples, and the gradient of the mean of result 0.

        Parameters
        ----------
        samples : array of float, (n, inputs)
        backward : bool, optional
            Whether the gradient is wanted, in ``shared_grad``.

        Returns
        -------
        array of float, (n, results), or None
            None if a number on the way was infinite or nan, or an index not in its range: what
            that means the engine of Values knows.
        """
        n = len(samples)
        if n not in self._sized:
            if len(self._sized) > 3:  # a few sizes of batch are kept
                self._sized.pop(next(iter(self._sized)))
            self._sized[n] = _Sized(self.program, self.shared, self.shared_grad, n)
        with np.errstate(all="ignore"):
            return self._sized[n].run(samples, backward)

    def steps(
        self, samples: Any, batch: int, mode: int, rates: Any = None, first_step: int = 1,
        order: Any = None,
    ) -> tuple[int, Any, Any]:  # fmt: skip
        """Take samples in batches, and do with each what the mode says.

        Parameters
        ----------
        samples : array of float, (n, inputs)
        batch : int
            Samples in a step.
        mode : int
            0 for the results, 1 for the gradient also, 3 to move the leaves as well.
        rates : sequence of float, optional
            The learning rate of each step.
        first_step : int, optional
            The number of the first step, for the update.
        order : array of int, optional
            Which sample comes when; by default as they lie.

        Returns
        -------
        (int, array, array)
            How many steps were done before one met a number that is not finite; the mean of
            result 0 in each; and the results, (n, results), in the order of `order`.
        """
        order = np.arange(len(samples)) if order is None else np.asarray(order)
        losses, outs = np.zeros(-(-len(order) // batch)), []
        for k in range(len(losses)):
            out = self.run(samples[order[k * batch : (k + 1) * batch]], backward=mode > 0)
            if out is None:
                break
            losses[k] = out[:, 0].mean()
            outs.append(out)
            if mode == 3 and not self._move(rates[k], first_step + k):
                break
        else:
            k += 1
        return k, losses, np.concatenate(outs) if outs else np.empty((0, len(self.program.results)))

    def _move(self, rate: float, step: int) -> bool:
        """Move the leaves, if that leads to finite numbers; return whether it does."""
        update = self.update
        assert update is not None
        rows = self._moving
        inputs = [self.shared[rows], self.shared_grad[rows], rate, float(step)]
        inputs += list(self.state[:, rows])
        with np.errstate(all="ignore"):
            new = [evaluated(x, inputs) for x in (update.data, *update.state)]
            if not isfinite(sum([numbers.sum() for numbers in new])):
                return False
        self.shared[rows] = new[0]
        for k, numbers in enumerate(new[1:]):
            self.state[k, rows] = numbers
        return True

    def source(self) -> str:
        """Return the program as lines of NumPy, to be read."""
        sized = next(iter(self._sized.values()), None)
        sized = sized or _Sized(self.program, self.shared, self.shared_grad, 1)
        return str(sized.source)


class _Sized:
    """The program for one size of batch: tables, views of them, and two functions."""

    def __init__(self, program: Program, shared: Any, shared_grad: Any, n: int) -> None:
        self.program, self.n = program, n
        lanes, lanes_grad = np.zeros((2, program.lanes_rows, n))
        self.tables = {
            SHARED: shared, SHARED_GRAD: shared_grad, LANES: lanes, LANES_GRAD: lanes_grad,
        }  # fmt: skip
        self.names: dict[str, Any] = {
            **_FUNCTIONS, "U": shared, "V": lanes, "dU": shared_grad, "dV": lanes_grad,
            "ones": np.ones(n), "lane": np.arange(n), "places": _places, "add_at": np.add.at,
            "watched": _watched,
        }  # fmt: skip
        self.lines: list[str] = []
        self.places: dict[Any, str] = {}
        for statement in program.forward:
            self._write(statement)
        forward, self.lines = self.lines, []
        for statement in program.backward:
            self._write(statement)
        body = [part or ["pass"] for part in (forward, self.lines)]
        self.source = "\n".join(
            f"def {name}():\n    " + "\n    ".join(part)
            for name, part in zip(("forward", "backward"), body, strict=True)
        )
        exec(compile(self.source, "<program>", "exec"), self.names)
        self.lanes_results = [k for k, (table, _) in enumerate(program.results) if in_lanes(table)]
        rows = np.array([row for _, row in program.results], dtype=np.intp)
        self.result_rows = rows[self.lanes_results]
        self.learns = bool(program.learning.any())

    def run(self, samples: Any, backward: bool) -> Any:
        tables, names = self.tables, self.names
        lanes = tables[LANES]
        lanes[: self.program.inputs] = samples.T
        try:
            names["forward"]()
        except Exception:  # of a user's operation, or an index: Values will raise it, or not
            return None
        if not isfinite(lanes.sum() + tables[SHARED].sum()):
            return None
        if len(self.lanes_results) == len(self.program.results):
            out = lanes.take(self.result_rows, axis=0).T
        else:
            out = np.empty((self.n, len(self.program.results)))
            for k, (table, row) in enumerate(self.program.results):
                out[:, k] = tables[table][row]
        if backward and self.learns:
            table, row = self.program.results[0]
            grad = tables[LANES_GRAD if table == LANES else SHARED_GRAD]
            grad[row] = 1.0 / self.n if table == LANES else 1.0
            try:
                names["backward"]()
            except Exception:
                return None
            if not isfinite(tables[SHARED_GRAD].sum()):
                return None
        return out

    # ---------------------------------------------------------------- writing

    def _name(self, thing: Any, prefix: str) -> str:
        """Return a name in the program's namespace for an array or a function."""
        name = f"{prefix}{len(self.names)}"
        self.names[name] = thing
        return name

    def _array(self, table: str, rows: Any, wide: bool) -> str:
        """Return what to write for rows of a table: a view's name, or a gather.

        The result has the shape of rows, and an axis for lanes if `wide`.
        """
        source, lanes = self.tables[table], in_lanes(table)
        step = source.strides[0]
        steps = steps_of(rows)
        if steps is not None:
            shape, strides = [*rows.shape], [s * step for s in steps]
            if lanes:
                shape, strides = [*shape, self.n], [*strides, source.strides[1]]
            elif wide:
                shape, strides = [*shape, 1], [*strides, 0]
            first = source[int(rows.flat[0]) :]
            return self._name(as_strided(first, shape, strides), "x")
        text = f"{_LETTERS[table]}[{self._name(rows, 'rows')}]"
        return text + "[..., None]" * (wide and not lanes)

    def _write(self, s: Statement) -> None:
        if s.matrix is not None:
            self._write_matrix(s)
        elif s.reduce in ("pick", "scatter"):
            self._write_choice(s)
        else:
            self._write_map(s)

    def _write_map(self, s: Statement) -> None:
        wide = any(in_lanes(x.table) for x in s.operands) or in_lanes(s.target.table)
        many = s.terms > 1
        views = [x.rows if many else x.rows[:, 0] for x in s.operands]
        inputs = [self._array(x.table, v, wide) for x, v in zip(s.operands, views, strict=True)]
        target = self._array(s.target.table, s.target.rows, False)
        value, into = self._text(s.expression, inputs)
        if s.over_lanes:
            if many:
                value = f"({value}).sum(1)"
            value, into = f"({value}) @ ones", None
        elif many:
            kind = "max" if s.reduce == "max" else "sum"
            value, into = f"({value}).{kind}(1)", None
        if s.start is not None:
            start = self._array(s.start.table, s.start.rows, in_lanes(s.target.table))
            value, into = f"{value} + {start}", None
        self._assign(target, value, into, s.adds)

    def _assign(self, target: str, value: str, into: Any, adds: bool) -> None:
        gathered = target.endswith("]")
        if adds and gathered:
            self.lines.append(f"{target} += {value}")
        elif adds:
            self.lines.append(f"add({target}, {value}, out={target})")
        elif into and not gathered:
            self.lines.append(f"{into[0]}({into[1]}, out={target})")
        else:
            self.lines.append(f"{target} = {value}" if gathered else f"{target}[...] = {value}")

    def _text(
        self, x: Any, inputs: list[str], watched: Any = None
    ) -> tuple[str, tuple[str, str] | None]:
        """Return an expression's text; and that of its last operation, function and arguments.

        Inside of `watched`, the rule of a user, what may be infinite is looked at.
        """
        text, into = self._plain_text(x, inputs, watched)
        if watched is not None and may_hide(x, watched):
            return f"watched({text})", None
        return text, into

    def _plain_text(
        self, x: Any, inputs: list[str], watched: Any
    ) -> tuple[str, tuple[str, str] | None]:
        if not isinstance(x, Expression):
            return repr(x), None
        if x.op is None:
            return inputs[x.inputs[0]], None
        parts = [self._text(y, inputs, watched)[0] for y in x.inputs]
        if x.op is ops.power and x.inputs[1] in _POWERS:
            return _POWERS[x.inputs[1]].format(*parts), None
        if x.op in ops.built_in() and x.op.name in _TEXT:
            into = (_INTO[x.op.name], ", ".join(parts)) if x.op.name in _INTO else None
            return _TEXT[x.op.name].format(*parts), into
        as_expression = forward_of(x.op, x.inputs)
        if as_expression is not None:
            return self._text(as_expression, inputs, as_expression)
        function = np.frompyfunc(x.op.forward, len(parts), 1)
        name = self._name(lambda *args: np.asarray(function(*args), dtype=float), "call")
        return f"{name}({', '.join(parts)})", None

    def _write_matrix(self, s: Statement) -> None:
        m = s.matrix
        assert m is not None
        left, right = (x.table for x in s.operands)
        if s.over_lanes:
            a = self._flat(left, m.left)
            b = self._flat(right, m.right.T) + ".T"
            target = self._array(s.target.table, m.target, False)
        else:
            a = self._array(left, m.left, False)
            b = (
                self._flat(right, m.right)
                if in_lanes(right)
                else self._array(right, m.right, False)
            )
            lanes = in_lanes(s.target.table)
            target = self._flat(s.target.table, m.target) if lanes else self._array(
                s.target.table, m.target, False
            )  # fmt: skip
        value, into = f"{a} @ {b}", ("matmul", f"{a}, {b}")
        if target.endswith(("]", ")")):  # lies scattered: by way of a copy
            rows = self._name(m.target, "rows")
            shape = (*m.target.shape, self.n) if in_lanes(s.target.table) else m.target.shape
            place = f"{_LETTERS[s.target.table]}[{rows}]"
            value = f"({value}).reshape({shape})"
            self.lines.append(f"{place} {'+=' if s.adds else '='} {value}")
        elif s.adds:
            self.lines.append(f"add({target}, {value}, out={target})")
        else:
            self.lines.append(f"{into[0]}({into[1]}, out={target})")
        if s.start is not None:
            lanes = in_lanes(s.target.table)
            plain = self._array(s.target.table, s.target.rows, False)
            start = self._array(s.start.table, s.start.rows, lanes)
            self.lines.append(f"add({plain}, {start}, out={plain})")

    def _flat(self, table: str, rows: Any) -> str:
        """Return rows (m, k) of a table of lanes as a matrix, m by k times lanes."""
        source, steps = self.tables[table], steps_of(rows)
        m, k = rows.shape
        if steps is not None and (k == 1 or steps[1] == 1):
            first = source[int(rows[0, 0]) :]
            strides = (steps[0] * source.strides[0], source.strides[1])
            return self._name(as_strided(first, (m, k * self.n), strides), "x")
        return f"{_LETTERS[table]}[{self._name(rows, 'rows')}].reshape({m}, {k * self.n})"

    def _write_choice(self, s: Statement) -> None:
        index, values = s.operands
        candidates = values if s.reduce == "pick" else s.target
        at = self._places(index, candidates)
        whole = f"{_LETTERS[candidates.table]}.reshape(-1)"
        if s.reduce == "pick":
            target = self._array(s.target.table, s.target.rows, False)
            self._assign(target, f"{whole}.take({at})", None, s.adds)
            return
        upstream = self._array(values.table, values.rows[:, 0], False)
        distinct = len(np.unique(candidates.rows)) == candidates.rows.size
        if distinct and in_lanes(candidates.table) == in_lanes(index.table):
            self.lines.append(f"{whole}[{at}] += {upstream}")
        else:
            self.lines.append(f"add_at({whole}, {at}, {upstream})")

    def _places(self, index: View, candidates: View) -> str:
        """Return the name of the places in a flat table; a pick and its scatter share them."""
        wide_values = in_lanes(candidates.table)
        key = index.table, index.rows.tobytes(), wide_values, candidates.rows.tobytes()
        if key not in self.places:
            wide = in_lanes(index.table)
            own = np.arange(len(candidates.rows))
            which = self._array(index.table, index.rows[:, 0], False)
            count, length = candidates.rows.shape[1], self.n if wide_values else 1
            shape = (len(own), self.n) if wide else (len(own),)
            self.places[key] = at = self._name(np.zeros(shape, dtype=np.intp), "at")
            steps = steps_of(candidates.rows)
            if steps is not None:
                begin = (candidates.rows[:, 0] * length).reshape(-1, *[1] * wide)
                begin = begin + np.arange(self.n) if wide_values else begin
                text = f"{self._name(begin, 'begin')} + {steps[1] * length} * "
                text += f"places({which}, {count})"
            else:
                rows = self._name(candidates.rows, "rows")
                number = self._name(own[:, None] if wide else own, "own")
                text = f"{rows}[{number}, places({which}, {count})] * {length}"
                text += " + lane" * wide_values
            self.lines.append(f"{at}[...] = {text}")
        return self.places[key]


def evaluated(x: Any, inputs: list[Any]) -> Any:
    """Return an expression's value on arrays.

    Examples
    --------
    >>> from autograd.compile.expressions import operands
    >>> x, y = operands(2)
    >>> evaluated(x * y + 1, [np.array([1.0, 2.0]), 3.0]).tolist()
    [4.0, 7.0]
    """
    if not isinstance(x, Expression):
        return x
    if x.op is None:
        return inputs[x.inputs[0]]
    parts = [evaluated(y, inputs) for y in x.inputs]
    return _EVALUATE[x.op.name](*parts)


_LETTERS = {SHARED: "U", SHARED_GRAD: "dU", LANES: "V", LANES_GRAD: "dV"}


def steps_of(rows: Any) -> tuple[int, ...] | None:
    """Return by how much rows grow along each axis, if that is the same everywhere."""
    steps = []
    for axis in range(rows.ndim):
        differences = np.diff(rows, axis=axis)
        step = int(differences.flat[0]) if differences.size else 0
        if (differences != step).any() or step < 0:
            return None
        steps.append(step)
    return tuple(steps)


def _watched(x: Any) -> Any:
    """Return it, or raise if a number in it is not finite."""
    if not np.isfinite(x).all():
        raise FloatingPointError("a number is not finite")
    return x


def _places(index: Any, count: int) -> Any:
    """Return the nearest whole numbers, from 0 to below `count`, or raise."""
    whole = np.floor(index + 0.5).astype(np.intp)
    if whole.view(np.uintp).max() >= count:  # below 0 and nan are very large
        raise ValueError(f"an index is none of 0 to {count - 1}")
    return whole
