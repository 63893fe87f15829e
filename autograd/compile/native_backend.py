"""The native backend: a program as machine code, by LLVM."""

from __future__ import annotations

import ctypes
import math
import os
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

import llvmlite.binding as llvm
import numpy as np

from autograd.compile.chains import Chain, chains
from autograd.compile.expressions import Expression, walk
from autograd.compile.native_code import Code, declarations, functions, hexadecimal
from autograd.compile.native_kernels import ARGUMENTS, POINTER, Writer, apart, columns_of, turning
from autograd.compile.program import GRAD_OF, SHARED_GRAD, Program, Update, View, in_lanes

_TABLES = [*POINTER.values(), "%S", "%R", "%F"]
_TWO_PAY = 1_000_000  # numbers in lanes, from which a second core is worth waking
_CACHE = 192 * 1024  # numbers in the tables of lanes; more samples are taken in parts


class NativeEngine:
    """Runs a program as machine code.

    Parameters
    ----------
    program : Program
    batch : int
        How many samples there are in a step.
    update : Update or None, optional
        What a step of training does with the gradient.

    Attributes
    ----------
    shared, shared_grad : array of float, (program.shared_rows,)
        Leaves first. Set those before `run`.
    state : array of float, (numbers remembered, leaves)
    """

    name = "native"

    def __init__(self, program: Program, batch: int, update: Update | None = None) -> None:
        self.program, self.update = program, update
        cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features()
        self.width = w = 8 if features.get("avx512f") else 4 if features.get("avx2") else 2
        most = max(64, _CACHE // (2 * max(program.lanes_rows, 1)) // w * w)
        self.lanes = 1 if batch == 1 else -(-min(batch, most) // w) * w
        if self.lanes % (2 * w) and self.lanes > 24 * w:
            self.lanes += w  # an even number of vectors is worth one more
        self._callbacks: list[Any] = []
        writer = Writer(w, self.lanes, program.inputs, self._callback)
        forward, backward = self._chains()
        forward = [writer.function(chain) for chain in forward]
        backward = [writer.function(chain) for chain in backward]
        self.source = "\n\n".join(
            [
                declarations(w),
                functions(w),
                turning(w),
                *writer.constants,
                *writer.functions,
                *_driver(program, self.lanes, w, forward, backward, update),
            ]
        )
        self._machine_code(cpu, features)
        self.scratch = writer.scratch
        self._own = _Tables(self)
        self._second: _Tables | None = None
        self.shared, self.shared_grad = self._own.shared, self._own.shared_grad
        self.state = self._own.state
        self._samples: Any = None
        self._padded: Any = None
        self._finite = True

    def _chains(self) -> tuple[list[Chain], list[Chain]]:
        """Return the statements in chains; only those about many samples make long ones."""
        program = self.program
        if self.lanes == 1:
            return tuple([Chain([s], [True]) for s in x] for x in (program.forward, program.backward))
        results = [View(table, np.array([row])) for table, row in program.results]
        return (
            chains(program.forward, program.backward, results),
            chains(program.backward, (), [View(SHARED_GRAD, np.arange(len(program.leaves)))]),
        )

    def _callback(self, op: Any, inputs: int) -> int:
        """Return the address of a C function that calls a rule in Python."""

        def call(*numbers: float) -> float:
            try:
                return float(op.forward(*numbers))
            except Exception:  # what it means, the engine of Values says: nan makes it look
                return math.nan

        kind = ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * inputs)
        self._callbacks.append(kind(call))
        return int(ctypes.cast(self._callbacks[-1], ctypes.c_void_p).value or 0)

    def _machine_code(self, cpu: str, features: Any) -> None:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        target = llvm.Target.from_default_triple().create_target_machine(
            cpu=cpu, features=features.flatten() + ",-prefer-256-bit" * (self.width == 8), opt=2
        )
        module = llvm.parse_assembly(self.source)
        options = llvm.create_pipeline_tuning_options(speed_level=1)
        # Vectors and tiles are written by hand; unrolling would double the time for nothing.
        options.loop_vectorization = options.slp_vectorization = False
        options.loop_unrolling = options.loop_interleaving = False
        builder = llvm.create_pass_builder(target, options)
        builder.getModulePassManager().run(module, builder)
        self._engine = llvm.create_mcjit_compiler(module, target)
        self._engine.finalize_object()
        p, i = ctypes.c_void_p, ctypes.c_int64
        kind = ctypes.CFUNCTYPE(i, *[p] * 9, p, p, i, i, p, i, p, p, i)
        self._call = kind(self._engine.get_function_address("train"))

    def run(self, samples: Any, backward: bool = True) -> Any:
        """Compute the results for samples, and the gradient of the mean of result 0.

        See `NumpyEngine.run`. Where there are many samples and two cores, each takes a half.
        """
        n, mode = len(samples), int(backward)
        many = n > 1 and n * self.program.lanes_rows > _TWO_PAY
        if many and not self._callbacks and _cores() > 1:
            return self._run_in_two(samples, mode)
        done, _, out = self.steps(samples, n, mode)
        return out if done else None

    def _run_in_two(self, samples: Any, mode: int) -> Any:
        """Run the halves of the samples at the same time, each with tables of its own."""
        if self._second is None:
            self._second = _Tables(self)
        second, leaves = self._second, len(self.program.leaves)
        second.shared[:] = self.shared
        n = len(samples)
        half = n // 2 // self.lanes * self.lanes or n // 2
        parts = samples[:half], samples[half:]
        padded = [_padded(part, self.width) for part in parts]
        if not all(np.isfinite(part).all() for part in padded):
            return None
        with ThreadPoolExecutor(1) as other:
            later = other.submit(self._call_on, second, padded[1], n - half, mode)
            outs = [self._call_on(self._own, padded[0], half, mode), later.result()]
        if any(out is None for out in outs):
            return None
        for tables, count in ((self._own, half), (second, n - half)):
            tables.shared_grad[:leaves] *= count / n
        self.shared_grad[:leaves] += second.shared_grad[:leaves]
        return np.concatenate(outs)

    def _call_on(self, tables: _Tables, padded: Any, n: int, mode: int) -> Any:
        """Return the results for n samples, in one step; None if a number is not finite."""
        order, zeros = np.arange(n, dtype=np.int64), np.zeros(1)
        out = np.zeros((n, len(self.program.results)))
        done = self._call(
            *tables.addresses, padded.ctypes.data, order.ctypes.data, n, n, zeros.ctypes.data, 1,
            zeros.ctypes.data, out.ctypes.data, mode,
        )  # fmt: skip
        return out if done else None

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
        rates : array of float, optional
            The learning rate of each step.
        first_step : int, optional
            The number of the first step, for the update.
        order : array of int, optional
            Which sample comes when; by default as they lie.

        Returns
        -------
        (int, array, array)
            How many steps were done before one met a number that is not finite, of which the leaves
            may have been moved; the mean of result 0 in each; and the results, (n, results), in the
            order of `order`.
        """
        n = len(samples) if order is None else len(order)
        order = (
            np.arange(n, dtype=np.int64)
            if order is None
            else np.ascontiguousarray(order, dtype=np.int64)
        )
        steps = -(-n // batch)
        if samples is not self._samples or samples.flags.writeable:
            self._samples, self._padded = samples, _padded(samples, self.width)
            self._finite = bool(np.isfinite(self._padded).all())
        padded = self._padded  # kept for samples that nobody can change, as those of a training
        losses, out = np.zeros(steps), np.zeros((n, len(self.program.results)))
        rates = np.zeros(steps) if rates is None else np.ascontiguousarray(rates, dtype=float)
        if not self._finite:  # nan in a sample may be hidden on the way
            return 0, losses, out
        done = self._call(
            *self._own.addresses, padded.ctypes.data, order.ctypes.data, n, batch,
            rates.ctypes.data, first_step, losses.ctypes.data, out.ctypes.data, mode,
        )  # fmt: skip
        return int(done), losses, out


class _Tables:
    """The tables that a run of the program works on."""

    def __init__(self, engine: NativeEngine) -> None:
        program, w, lanes = engine.program, engine.width, engine.lanes
        self.shared = aligned(program.shared_rows + w)[: program.shared_rows]
        self.shared_grad = aligned(program.shared_rows + w)[: program.shared_rows]
        for row, number in program.constants.items():
            self.shared[row] = number
        leaves = len(program.leaves)
        remembered = len(engine.update.state) if engine.update else 0
        memory = aligned(max(1, remembered) * (leaves + w))
        self.state = memory.reshape(-1, leaves + w)[:remembered, :leaves]
        rows = program.lanes_rows + 2 * w  # a vector may look past the end
        self._kept = [
            self.shared,
            self.shared_grad,
            aligned(rows * apart(lanes) + w),
            aligned(rows * apart(lanes) + w),
            aligned(engine.scratch + w),
            np.zeros(lanes + 1, dtype=np.int64),
            aligned(w),
            memory,
            aligned(leaves + w),
        ]
        self.addresses = [x.ctypes.data for x in self._kept]


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def aligned(count: int) -> Any:
    """Return zeros that begin at a multiple of 64 bytes, as vectors like it."""
    raw = np.zeros(count + 8)
    start = -raw.ctypes.data % 64 // 8
    return raw[start : start + count]


def _padded(samples: Any, width: int) -> Any:
    """Return samples as floats in one piece, with room for a vector that looks past the end."""
    raw = np.zeros(samples.size + width)
    raw[: samples.size] = samples.ravel()
    return raw


def _driver(
    program: Program, lanes: int, width: int, forward: list[str], backward: list[str],
    update: Update | None,
) -> list[str]:  # fmt: skip
    """Return the functions @samples, @update and @train."""
    return [
        _samples(program, lanes, width),
        _results(program, lanes, width),
        _update(program, width, update),
        _train(program, lanes, width, forward, backward),
    ]


def _samples(program: Program, lanes: int, width: int) -> str:
    """Write how the numbers of some samples become lines."""
    c, w, inputs = Code(width), width, program.inputs
    with c.loop(lanes) as lane:  # lanes without a sample get the first one again
        inside = c.let(f"icmp slt i64 {lane.index}, %n")
        place = c.let(f"select i1 {inside}, i64 {lane.index}, i64 0")
        number = c.let(f"load i64, ptr {c.at('%order', place, 'i64')}, align 8")
        address = c.at("%X", c.let(f"mul i64 {number}, {inputs}"))
        c.emit(f"store ptr {address}, ptr {c.at('%R', lane.index, 'ptr')}, align 8")
    if inputs and lanes == 1:
        with c.loop(inputs, step=w) as k:
            first = c.let("load ptr, ptr %R, align 8")
            c.store(c.load(c.at(first, k.index)), c.at("%V", k.index))
    elif inputs:
        with c.loop(lanes, step=w) as lane:
            pointers = [
                c.let(f"load ptr, ptr {c.at('%R', c.add(lane.index, j), 'ptr')}, align 8")
                for j in range(w)
            ]
            with c.loop(inputs, step=w) as k:
                rows = [c.at(pointer, k.index) for pointer in pointers]
                for i, line in enumerate(columns_of(c, rows)):
                    row = c.times(c.add(k.index, i), apart(lanes))
                    c.store(line, c.at("%V", c.add(row, lane.index)))
    head = f"define internal void @samples({ARGUMENTS}, ptr %X, ptr %order, i64 %n) nounwind {{"
    return "\n".join([head, *c.lines, "  ret void", "}"])


def _results(program: Program, lanes: int, width: int) -> str:
    """Write how the results are handed out, the loss is averaged, and its gradient begins.

    The seed is 1 over the number of samples for lanes that have one, else 0.
    """
    c, w, count, stride = Code(width), width, len(program.results), apart(lanes)
    for j, (table, row) in enumerate(program.results):
        with c.loop("%n") as lane:
            at = c.add(row * stride, lane.index) if in_lanes(table) else str(row)
            number = c.load(c.at(POINTER[table], at), wide=False)
            place = c.add(c.times(lane.index, count), j)
            c.store(number, c.at("%out", place), wide=False)
    for table, row in set(program.results[1:]):  # the first is seen in the mean
        long = in_lanes(table) and lanes > 1
        with c.loop(lanes if long else 1, step=w) as lane:
            place = c.add(row * stride, lane.index) if in_lanes(table) else str(row)
            address = c.at(POINTER[table], place)
            number = c.load(address) if long else c.spread(c.load(address, wide=False))
            lost = c.op("fmul", number, c.literal(0.0), "")
            c.store(c.op("fadd", c.load("%F"), lost, ""), "%F")
    table, row = program.results[0]
    seeds, values = c.at(POINTER[GRAD_OF[table]], row * stride if in_lanes(table) else row), None
    values = c.at(POINTER[table], row * stride if in_lanes(table) else row)
    if in_lanes(table) and lanes > 1:
        order = "<" + ", ".join(f"i64 {j}" for j in range(w)) + ">"
        limit = c.let(f"insertelement <{w} x i64> poison, i64 %n, i64 0")
        limit = c.let(
            f"shufflevector <{w} x i64> {limit}, <{w} x i64> poison, <{w} x i32> zeroinitializer"
        )
        seed = c.spread("%seed")
        with c.loop(lanes, step=w, carry=[(c.vector, c.literal(0.0))]) as lane:
            here = c.let(f"insertelement <{w} x i64> poison, i64 {lane.index}, i64 0")
            here = c.let(
                f"shufflevector <{w} x i64> {here}, <{w} x i64> poison, <{w} x i32> zeroinitializer"
            )
            here = c.let(f"add <{w} x i64> {here}, {order}")
            inside = c.let(f"icmp slt <{w} x i64> {here}, {limit}")
            share = c.choose(inside, seed, c.literal(0.0))
            c.store(share, c.at(seeds, lane.index))
            x = c.load(c.at(values, lane.index))
            lane.results.append(c.fma(x, share, lane.values[0]))
        mean = c.sum_of(lane.results[0])
    else:
        share = "%seed" if in_lanes(table) else c.let("fmul double %seed, %count")
        c.store(share, seeds, wide=False)
        mean = c.let(f"fmul double {c.load(values, wide=False)}, {share}")
    head = (
        f"define internal double @results({ARGUMENTS}, ptr %out, i64 %n, double %seed, "
        "double %count) nounwind {"
    )
    return "\n".join([head, *c.lines, f"  ret double {mean}", "}"])


def _update(program: Program, width: int, update: Update | None) -> str:
    """Write how the leaves move."""
    head = (
        f"define internal void @update({ARGUMENTS}, ptr noalias %M, double %rate, double %step) "
        "nounwind {"
    )
    c, w = Code(width), width
    if update is not None:
        writer = Writer(w, 1, 0, _no_callback)
        writer.code = c
        rate, step = c.spread("%rate"), c.spread("%step")
        # What depends on rate and step alone is the same for all leaves.
        outside: dict[int, str] = {}
        for expression in (update.data, *update.state):
            _ahead(writer, expression, {2: rate, 3: step}, outside)
        stride = len(program.leaves) + w
        rows = np.array(update.rows, dtype=np.int64)
        if np.array_equal(np.sort(rows), np.arange(rows.min(), rows.max() + 1)):
            rows = np.sort(rows)  # they all move alike, in any order
        first, count = int(rows[0]), len(rows)
        follows = bool((np.diff(rows) == 1).all())

        def move(row: str, mask: str) -> list[str]:
            inputs = [
                c.load(c.at("%U", row), mask=mask), c.load(c.at("%dU", row), mask=mask), rate, step,
            ]  # fmt: skip
            places = [c.at("%M", c.add(j * stride, row)) for j in range(len(update.state))]
            inputs += [c.load(place, mask=mask) for place in places]
            seen = dict(outside)
            new = [_written(writer, x, inputs, seen) for x in (update.data, *update.state)]
            for value, place in zip(new, [c.at("%U", row), *places], strict=True):
                c.store(value, place, mask=mask)
            return new

        if follows:
            few, writer._lost = 4, c.literal(0.0)
            done = first + count // (few * w) * few * w
            if done > first:
                with writer._loop(done, start=first, step=few * w) as loop:
                    moved = [move(c.add(loop.index, j * w), "") for j in range(few)]
                    writer._look(list(chain(*moved)))
            whole = first + count // w * w
            if whole > done:
                with writer._loop(whole, start=done, step=w) as loop:
                    writer._look(move(loop.index, ""))
            if count % w:
                writer._mask = c.mask(count % w)
                writer._look(move(str(whole), writer._mask))
            lost, writer._lost = writer._lost, ""
            c.store(c.op("fadd", c.load("%F"), lost, ""), "%F")
        else:
            with c.loop(count) as loop:
                row = writer._row(rows, loop.index)
                writer._mask = c.mask(1)
                writer._look(move(row, writer._mask))
        tables = writer.constants
    else:
        tables = []
    return "\n".join(
        [
            *(t.replace("@n", "@u") for t in tables),
            head,
            *(x.replace("@n", "@u") for x in c.lines),
            "  ret void",
            "}",
        ]
    )


def _ahead(writer: Writer, expression: Any, known: dict[int, str], seen: dict[int, str]) -> None:
    """Write the parts of an expression that need none but the known operands."""
    for x in walk(expression):
        if x.op is None:
            if x.inputs[0] in known:
                seen[id(x)] = known[x.inputs[0]]
        elif all(not isinstance(y, Expression) or id(y) in seen for y in x.inputs):
            inputs = [
                seen[id(y)] if isinstance(y, Expression) else writer.code.literal(y)
                for y in x.inputs
            ]
            seen[id(x)] = writer._apply(x, inputs)


def _written(writer: Writer, expression: Any, inputs: list[str], seen: dict[int, str]) -> str:
    """Write the rest of an expression."""
    for x in walk(expression):
        if id(x) in seen:
            continue
        if x.op is None:
            seen[id(x)] = inputs[x.inputs[0]]
        else:
            names = [
                seen[id(y)] if isinstance(y, Expression) else writer.code.literal(y)
                for y in x.inputs
            ]
            seen[id(x)] = writer._apply(x, names)
    if isinstance(expression, Expression):
        return seen[id(expression)]
    return writer.code.literal(expression)


def _no_callback(op: Any, inputs: int) -> int:
    raise TypeError(f"An optimizer's rule can't use {op} of {inputs} numbers: it is no arithmetic.")


def _train(
    program: Program, lanes: int, width: int, forward: list[str], backward: list[str]
) -> str:
    """Write the loop over steps; a step whose batch is longer than a line takes it in parts."""
    tables = ", ".join(f"ptr {name}" for name in _TABLES)
    v, w = f"<{width} x double>", width
    leaves, count = len(program.leaves), len(program.results)
    whole = -(-leaves // w) * w
    calls = "\n".join(f"  call void {name}({tables})" for name in forward)
    back = "\n".join(f"  call void {name}({tables})" for name in backward)
    zero = hexadecimal(0.0)
    check = (
        f"""
  br i1 %moves, label %quick, label %checks  ; the update looks at what it makes of them
quick:
  %qf = load {v}, ptr %F, align 8
  %qs = call double @llvm.vector.reduce.fadd.v{w}f64(double 0.0, {v} %qf)
  %qw = fmul double %total, %size
  %ql = fmul double %qw, {zero}
  %qb = fadd double %qs, %ql
  %qfine = fcmp oeq double %qb, {zero}
  br i1 %qfine, label %moving, label %stop
checks:
  %ci = phi i64 [ 0, %finished ], [ %cn, %checks ]
  %cs = phi {v} [ zeroinitializer, %finished ], [ %ct, %checks ]
  %cp = getelementptr inbounds double, ptr %dU, i64 %ci
  %cv = load {v}, ptr %cp, align 8
  %cz = fmul {v} %cv, zeroinitializer
  %ct = fadd {v} %cs, %cz
  %cn = add i64 %ci, {w}
  %cc = icmp slt i64 %cn, {whole}
  br i1 %cc, label %checks, label %checked
checked:
  %cf = load {v}, ptr %F, align 8
  %cg = fadd {v} %cf, %ct
  %sum = call double @llvm.vector.reduce.fadd.v{w}f64(double 0.0, {v} %cg)
  %whole = fmul double %total, %size
  %lost = fmul double %whole, {zero}
  %bad = fadd double %sum, %lost
  %fine = fcmp oeq double %bad, {zero}
  br i1 %fine, label %moving, label %stop
"""
        if leaves
        else f"""
  %cf = load {v}, ptr %F, align 8
  %sum = call double @llvm.vector.reduce.fadd.v{w}f64(double 0.0, {v} %cf)
  %whole = fmul double %total, %size
  %lost = fmul double %whole, {zero}
  %bad = fadd double %sum, %lost
  %fine = fcmp oeq double %bad, {zero}
  br i1 %fine, label %moving, label %stop
"""
    )
    gather = (
        f"""
  br label %adds
adds:
  %ai = phi i64 [ 0, %part_done ], [ %an, %adds ]
  %ap = getelementptr inbounds double, ptr %dU, i64 %ai
  %aq = getelementptr inbounds double, ptr %A, i64 %ai
  %av = load {v}, ptr %ap, align 8
  %aw = load {v}, ptr %aq, align 8
  %ax = select i1 %first_part, {v} zeroinitializer, {v} %aw
  %ay = fadd {v} %av, %ax
  store {v} %ay, ptr %aq, align 8
  store {v} %ay, ptr %ap, align 8
  %an = add i64 %ai, {w}
  %ac = icmp slt i64 %an, {whole}
  br i1 %ac, label %adds, label %added
"""
        if leaves
        else "\n  br label %added\n"
    )
    return f"""
define i64 @train({", ".join(f"ptr noalias {name}" for name in _TABLES)}, ptr noalias %M,
    ptr noalias %A, ptr noalias %X, ptr noalias %orders, i64 %samples, i64 %batch,
    ptr noalias %rates, i64 %first, ptr noalias %losses, ptr noalias %outs, i64 %mode) {{
entry:
  %wants_gradient = icmp ne i64 %mode, 0
  %moves = icmp eq i64 %mode, 3
  br label %step
step:
  %s = phi i64 [ 0, %entry ], [ %s_next, %stepped ]
  %begin = mul i64 %s, %batch
  %rest = sub i64 %samples, %begin
  %is_last = icmp slt i64 %rest, %batch
  %n = select i1 %is_last, i64 %rest, i64 %batch
  %size = sitofp i64 %n to double
  %seed = fdiv double 1.0, %size
  store {v} zeroinitializer, ptr %F, align 8
  br label %part
part:
  %p = phi i64 [ 0, %step ], [ %p_next, %added ]
  %before = phi double [ 0.0, %step ], [ %total, %added ]
  %first_part = icmp eq i64 %p, 0
  %open = sub i64 %n, %p
  %is_short = icmp slt i64 %open, {lanes}
  %m = select i1 %is_short, i64 %open, i64 {lanes}
  %here = add i64 %begin, %p
  %order = getelementptr inbounds i64, ptr %orders, i64 %here
  %out_at = mul i64 %here, {count}
  %out = getelementptr inbounds double, ptr %outs, i64 %out_at
  call void @samples({tables}, ptr %X, ptr %order, i64 %m)
{calls}
  %fm = sitofp i64 %m to double
  %mean = call double @results({tables}, ptr %out, i64 %m, double %seed, double %fm)
  %total = fadd double %before, %mean
  br i1 %wants_gradient, label %back, label %added
back:
{back}
  br label %part_done
part_done:{gather}
added:
  %p_next = add i64 %p, {lanes}
  %more = icmp slt i64 %p_next, %n
  br i1 %more, label %part, label %finished
finished:
  %loss_at = getelementptr inbounds double, ptr %losses, i64 %s
  store double %total, ptr %loss_at, align 8{check}
moving:
  br i1 %moves, label %update, label %stepped
update:
  %rate_at = getelementptr inbounds double, ptr %rates, i64 %s
  %rate = load double, ptr %rate_at, align 8
  %k = add i64 %s, %first
  %fk = sitofp i64 %k to double
  call void @update({tables}, ptr %M, double %rate, double %fk)
  %uf = load {v}, ptr %F, align 8
  %us = call double @llvm.vector.reduce.fadd.v{w}f64(double 0.0, {v} %uf)
  %ufine = fcmp oeq double %us, {zero}
  br i1 %ufine, label %stepped, label %stop
stepped:
  %s_next = add i64 %s, 1
  %goes = icmp slt i64 %n, %rest
  br i1 %goes, label %step, label %stop
stop:
  %done = phi i64 [ %s, %{"checked" if leaves else "finished"} ], [ %s, %update ],
    [ %s_next, %stepped ]{", [ %s, %quick ]" if leaves else ""}
  ret i64 %done
}}"""
