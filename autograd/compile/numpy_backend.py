"""The reference backend: a program as lines of NumPy, one or two for each statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from autograd import ops
from autograd.compile.expressions import Expression, forward_of, may_hide
from autograd.compile.program import (
    GRADIENT,
    LANES,
    LANES_GRAD,
    LETTER,
    RESULTS,
    SHARED,
    SHARED_GRAD,
    TRAIN,
    Array,
    Program,
    Statement,
    Update,
    View,
    in_lanes,
    refuse_unknown,
    steps_of,
)


def _sigmoid(x: Any) -> Any:
    z = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, z) / (1.0 + z)


def _softplus(x: Any) -> Any:
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def _log_or_zero(x: Any) -> Any:
    return np.where(x == 0, 0.0, np.log(x))


# How the forward rules of the table are written for arrays: as calls, so that the last one of an
# expression can write into its place.
_TEXT = {
    "add": "add({}, {})",
    "sub": "subtract({}, {})",
    "mul": "multiply({}, {})",
    "div": "divide({}, {})",
    "neg": "negative({})",
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
_POWERS = {
    2.0: "square({})", -1.0: "divide(1.0, {})", 0.5: "sqrt({})", -0.5: "divide(1.0, sqrt({}))",
}  # fmt: skip
_FUNCTIONS = {
    "sigmoid": _sigmoid, "softplus": _softplus, "log_or_zero": _log_or_zero, "where": np.where,
    **{name: getattr(np, name) for name in (
        "abs", "add", "cos", "divide", "dot", "exp", "greater", "heaviside", "log", "maximum",
        "minimum", "multiply", "negative", "power", "sign", "sin", "sqrt", "square", "subtract",
        "tanh",
    )},
    "inf": np.inf, "nan": np.nan,  # as Python writes such constants
}  # fmt: skip


class _Undefined(Exception):
    """What the lines say of numbers that the engine of Values must be asked about."""


class NumpyEngine:
    """Runs a program on NumPy's arrays, see `Engine`.

    Parameters
    ----------
    program : Program
    update : Update or None, optional
        What a step of training does with the gradient.
    """

    def __init__(self, program: Program, update: Update | None = None) -> None:
        self.program, self.update = program, update
        self.shared, self.shared_grad = self._both = np.zeros((2, program.shared_rows))
        for row, number in program.constants.items():
            self.shared[row] = number
        self.state = np.zeros((len(update.state) if update else 0, len(program.leaves)))
        self._sized: dict[int, _Sized] = {}
        self._moving: Any = _Moving(self, update) if update else None

    def fits(self, _count: int, /) -> bool:
        """Return True: arrays are made for any number of samples."""
        return True

    def run(self, samples: Any, backward: bool = True) -> Any:
        """Compute the results for samples; and the gradient, if it is wanted."""
        done, _, out = self.steps(samples, len(samples), GRADIENT if backward else RESULTS)
        return out if done else None

    def steps(
        self, samples: Any, batch: int, mode: int, rates: Any = None, first_step: int = 1,
        order: Any = None,
    ) -> tuple[int, Any, Any]:  # fmt: skip
        """Take samples in batches, and do with each what the mode says."""
        order = np.arange(len(samples)) if order is None else np.asarray(order, dtype=np.int64)
        refuse_unknown(order, len(samples))
        starts, done = range(0, len(order), batch), 0
        losses, out = np.zeros(len(starts)), np.empty((len(order), len(self.program.results)))
        with np.errstate(all="ignore"):
            for start in starts:
                chosen, rows = order[start : start + batch], out[start : start + batch]
                inputs = samples.take(chosen, axis=0)
                if not self._for(len(chosen)).run(inputs, rows, backward=mode != RESULTS):
                    break
                losses[done] = loss = np.add.reduce(rows[:, 0]) / len(rows)
                if not isfinite(loss):
                    break
                if mode == TRAIN and not self._moving.step(rates[done], first_step + done):
                    break
                done += 1
        return done, losses, out

    def _for(self, n: int) -> _Sized:
        """Return the program for so many samples."""
        if n not in self._sized:
            if len(self._sized) > 3:  # a few sizes of batch are kept
                self._sized.pop(next(iter(self._sized)))
            self._sized[n] = _Sized(self.program, self._both, n)
        return self._sized[n]

    def source(self) -> str:
        """Return the program as lines of NumPy, to be read."""
        sized = next(iter(self._sized.values()), None) or _Sized(self.program, self._both, 1)
        return sized.source


class _Writer:
    """Writes expressions as lines of NumPy, and keeps the names in them.

    Attributes
    ----------
    names : dict
        What the names in the lines stand for.
    lines : list of str
    """

    def __init__(self) -> None:
        self.names: dict[str, Any] = {**_FUNCTIONS, "watched": _watched}
        self.lines: list[str] = []

    def name(self, thing: Any, prefix: str) -> str:
        """Return a new name for an array or a function."""
        name = f"{prefix}{len(self.names)}"
        self.names[name] = thing
        return name

    def function(self, head: str) -> Any:
        """Return the lines as a function, and begin anew."""
        name = head.partition("(")[0]
        text = "\n    ".join([f"def {head}:", *(self.lines or ["pass"])])
        exec(compile(text, "<program>", "exec"), self.names)
        self.lines = []
        return self.names[name], text

    def assign(self, target: str, value: str, adds: bool = False) -> None:
        """Write a line that puts a value in its place, or adds it to what is there."""
        gathered = target.endswith("]")
        if gathered:
            self.lines.append(f"{target} {'+=' if adds else '='} {value}")
        elif adds:
            self.lines.append(f"add({target}, {value}, out={target})")
        elif self._takes_out(value.partition("(")[0], target):
            self.lines.append(f"{value[:-1]}, out={target})")
        else:
            self.lines.append(f"{target}[...] = {value}")

    def _takes_out(self, function: str, target: str) -> bool:
        """Return whether a function, as add or add.reduce, can write into a place itself."""
        if function == "dot":
            return bool(self.names[target].flags.c_contiguous)
        return isinstance(self.names.get(function.partition(".")[0]), np.ufunc)

    def text(self, x: Any, inputs: list[str], watched: Any = None) -> str:
        """Return an expression as NumPy.

        Inside of `watched`, the rule of a user, what may be infinite is looked at.
        """
        text = self._plain_text(x, inputs, watched)
        return f"watched({text})" if watched is not None and may_hide(x, watched) else text

    def _plain_text(self, x: Any, inputs: list[str], watched: Any) -> str:
        if not isinstance(x, Expression):
            return repr(x)
        if x.op is None:
            operand: str = inputs[x.inputs[0]]
            return operand
        parts = [self.text(y, inputs, watched) for y in x.inputs]
        exponent = x.inputs[-1]
        if x.op is ops.power and isinstance(exponent, float) and exponent in _POWERS:
            return _POWERS[exponent].format(*parts)
        if x.op is ops.mul:  # by a step: as a choice, which is quicker
            steps = [isinstance(y, Expression) and y.op is ops.step for y in x.inputs]
            if steps.count(True) == 1:
                k = steps.index(True)
                parts[k] = f"greater({self.text(x.inputs[k].inputs[0], inputs, watched)}, 0.0)"
        if x.op in ops.built_in() and x.op.name in _TEXT:
            return _TEXT[x.op.name].format(*parts)
        as_expression = forward_of(x.op, x.inputs)
        if as_expression is not None:
            return self.text(as_expression, inputs, as_expression)
        name = self.name(_called(np.frompyfunc(x.op.forward, len(parts), 1)), "call")
        return f"{name}({', '.join(parts)})"


class _Moving(_Writer):
    """Moves the leaves along their gradients."""

    def __init__(self, engine: NumpyEngine, update: Update) -> None:
        super().__init__()
        rows = np.sort(np.array(update.rows, dtype=np.intp))
        self.engine, self.rows = engine, _as_slice(rows.tolist())
        self.new = np.zeros((1 + len(update.state), len(rows)))
        tables = [engine.shared, engine.shared_grad, *engine.state]
        data, grad, *state = [self._rows_of(table) for table in tables]
        for new, x in zip(self.new, (update.data, *update.state), strict=True):
            self.assign(self.name(new, "new"), self.text(x, [data, grad, "rate", "step", *state]))
        self.compute, _ = self.function("move(rate, step)")

    def _rows_of(self, table: Array) -> str:
        if isinstance(self.rows, slice):
            return self.name(table[self.rows], "x")
        return f"{self.name(table, 'table')}[{self.name(self.rows, 'rows')}]"

    def step(self, rate: float, number: int) -> bool:
        """Move the leaves, if that leads to finite numbers; return whether it does."""
        self.compute(rate, float(number))
        if not _is_finite(self.new.reshape(-1)):
            return False
        self.engine.shared[self.rows] = self.new[0]
        if len(self.new) > 1:
            self.engine.state[:, self.rows] = self.new[1:]
        return True


class _Sized(_Writer):
    """The program for one size of batch: tables, views of them, and two functions."""

    def __init__(self, program: Program, shared_and_grad: Any, n: int) -> None:
        super().__init__()
        self.program, self.n, self.both = program, n, shared_and_grad
        shared, shared_grad = shared_and_grad
        lanes, lanes_grad = np.zeros((2, program.lanes_rows, n))
        self.tables = {
            SHARED: shared, SHARED_GRAD: shared_grad, LANES: lanes, LANES_GRAD: lanes_grad,
        }  # fmt: skip
        self.names |= {
            **{LETTER[table]: numbers for table, numbers in self.tables.items()},
            "flat_U": shared, "flat_dU": shared_grad,
            "flat_V": lanes.reshape(-1), "flat_dV": lanes_grad.reshape(-1),
            "ones": np.ones(n), "lane": np.arange(n), "places": _places,
        }  # fmt: skip
        self.places: dict[Any, str] = {}
        for statement in program.forward:
            self._write(statement)
        self.forward, forward = self.function("forward()")
        for statement in program.backward:
            self._write(statement)
        self.backward, backward = self.function("backward()")
        self.source = f"{forward}\n{backward}"
        # What the loop of training needs is made once.
        self.inputs = lanes[: program.inputs]
        self.results = []
        for table in (LANES, SHARED):
            chosen = [k for k, result in enumerate(program.results) if result[0] == table]
            rows = [program.results[k][1] for k in chosen]
            if chosen:
                self.results.append((_as_slice(chosen), self.tables[table], _as_slice(rows)))
        self.infinite = [row for row, x in program.constants.items() if not isfinite(x)]
        self.learns = bool(program.learning.any())
        table, row = program.results[0]
        self.seed = self.tables[LANES_GRAD if table == LANES else SHARED_GRAD][row : row + 1]
        self.first_slope = 1.0 / n if table == LANES else 1.0

    def run(self, samples: Any, out: Any, *, backward: bool) -> bool:
        """Write the results of samples into `out`; return whether all numbers are finite.

        An index that is not in its range counts as a number that is not finite: what it means the
        engine of Values knows.
        """
        lanes, (shared, _) = self.tables[LANES], self.both
        self.inputs[...] = samples.T
        backward = backward and self.learns
        try:
            self.forward()
            if backward:
                self.seed.fill(self.first_slope)
                self.backward()
        except _Undefined:  # Values will raise what it means, or not
            return False
        for columns, table, rows in self.results:
            out[:, columns] = table[rows].T
        looked_at = self.both if backward else shared
        if self.infinite:
            looked_at = np.delete(looked_at, self.infinite, axis=-1)
        return _is_finite(looked_at.reshape(-1)) and _is_finite(lanes.reshape(-1))

    # ---------------------------------------------------------------- writing

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
            return self.name(as_strided(first, shape, strides), "x")
        text = f"{LETTER[table]}[{self.name(rows, 'rows')}]"
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
        value = self.text(s.expression, inputs)
        if many:
            value = f"{'maximum' if s.reduce == 'max' else 'add'}.reduce({value}, 1)"
        if s.over_lanes:
            value = f"dot({value}, ones)"
        if s.start is not None:
            start = self._array(s.start.table, s.start.rows, in_lanes(s.target.table))
            value = f"add({value}, {start})"
        self.assign(target, value, s.adds)

    def _write_matrix(self, s: Statement) -> None:
        m = s.matrix
        assert m is not None
        left, right = (x.table for x in s.operands)
        if s.over_lanes:
            a = self._flat(left, m.left)
            b = self._turned(self._flat(right, m.right.T))
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
        value = f"dot({a}, {b})"
        if target.endswith(("]", ")")):  # lies scattered: by way of a copy
            shape = (*m.target.shape, self.n) if in_lanes(s.target.table) else m.target.shape
            target = f"{LETTER[s.target.table]}[{self.name(m.target, 'rows')}]"
            value = f"{value}.reshape({shape})"
        self.assign(target, value, s.adds)
        if s.start is not None:
            lanes = in_lanes(s.target.table)
            plain = self._array(s.target.table, s.target.rows, False)
            start = self._array(s.start.table, s.start.rows, lanes)
            self.lines.append(f"add({plain}, {start}, out={plain})")

    def _turned(self, matrix: str) -> str:
        """Return the transposed of a matrix: a view that is made once, where it has a name."""
        return self.name(self.names[matrix].T, "x") if matrix in self.names else f"{matrix}.T"

    def _flat(self, table: str, rows: Any) -> str:
        """Return rows (m, k) of a table of lanes as a matrix, m by k times lanes."""
        source, steps = self.tables[table], steps_of(rows)
        m, k = rows.shape
        if steps is not None and (k == 1 or steps[1] == 1):
            first = source[int(rows[0, 0]) :]
            strides = (steps[0] * source.strides[0], source.strides[1])
            return self.name(as_strided(first, (m, k * self.n), strides), "x")
        return f"{LETTER[table]}[{self.name(rows, 'rows')}].reshape({m}, {k * self.n})"

    def _write_choice(self, s: Statement) -> None:
        index, values = s.operands
        candidates = values if s.reduce == "pick" else s.target
        at = self._places(index, candidates)
        whole = f"flat_{LETTER[candidates.table]}"
        if s.reduce == "pick":
            target = self._array(s.target.table, s.target.rows, False)
            self.assign(target, f"{whole}.take({at})", s.adds)
            return
        upstream = self._array(values.table, values.rows[:, 0], False)
        once_each = np.bincount(candidates.rows.ravel()).max() == 1
        if once_each and in_lanes(candidates.table) == in_lanes(index.table):
            self.lines.append(f"{whole}[{at}] += {upstream}")
        else:
            self.lines.append(f"add.at({whole}, {at}, {upstream})")

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
            self.places[key] = at = self.name(np.zeros(shape, dtype=np.intp), "at")
            steps = steps_of(candidates.rows)
            if steps is not None:
                begin = (candidates.rows[:, 0] * length).reshape(-1, *[1] * wide)
                begin = begin + np.arange(self.n) if wide_values else begin
                text = f"multiply({steps[1] * length}, places({which}, {count}))"
                text = f"add({self.name(begin, 'begin')}, {text})"
            else:
                rows = self.name(candidates.rows, "rows")
                number = self.name(own[:, None] if wide else own, "own")
                text = f"{rows}[{number}, places({which}, {count})] * {length}"
                text += " + lane" * wide_values
            self.assign(at, text)
        return self.places[key]


def _watched(x: Any) -> Any:
    """Return it, or raise if a number in it is not finite."""
    if not np.isfinite(x).all():
        raise _Undefined("a number is not finite")
    return x


def _called(rule: Any) -> Callable[..., Any]:
    """Return a rule of a user as a function of arrays."""

    def call(*arrays: Any) -> Any:
        try:
            return np.asarray(rule(*arrays), dtype=float)
        except Exception as error:
            raise _Undefined(f"a rule raised {error!r}") from error

    return call


def _places(index: Any, count: int) -> Any:
    """Return the nearest whole numbers, from 0 to below `count`, or raise."""
    whole = np.floor(index + 0.5).astype(np.intp)
    if np.maximum.reduce(whole.view(np.uintp), None) >= count:  # below 0 and nan are very large
        raise _Undefined(f"an index is none of 0 to {count - 1}")
    return whole


def _as_slice(rows: Sequence[int]) -> Any:
    """Return whole numbers as a slice if each is one more than the one before."""
    numbers = np.array(rows, dtype=np.intp)
    follow = len(numbers) > 0 and (np.diff(numbers) == 1).all()
    return slice(int(numbers[0]), int(numbers[-1]) + 1) if follow else numbers


def _is_finite(numbers: Array) -> bool:
    """Return whether all are finite, from the sum of their squares; that may be too large, too."""
    return isfinite(numbers.dot(numbers)) or bool(np.isfinite(numbers).all())
