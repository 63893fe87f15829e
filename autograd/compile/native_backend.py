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

from autograd.checks import to_float
from autograd.compile.chains import Chain, chains, moving_last
from autograd.compile.native_code import declarations, functions
from autograd.compile.native_driver import BOUND, Functions, driver, row_stride
from autograd.compile.native_kernels import Writer
from autograd.compile.native_products import lies_in_vectors, turning
from autograd.compile.native_writer import SLACK, apart
from autograd.compile.program import (
    GRADIENT,
    RESULTS,
    SHARED_GRAD,
    Program,
    Statement,
    Update,
    View,
    refuse_unknown,
)

_TWO_PAY = 2_000_000  # numbers in lanes, from which a second core is worth waking
_LARGE = 1024  # numbers of a gradient, from which leaves move as soon as they have it
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

    def __init__(self, program: Program, batch: int, update: Update | None = None) -> None:
        self.program, self.update = program, update
        cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features()
        self.width = w = _width(features)
        self.lanes = self._lanes_for(batch)
        self._callbacks: list[Any] = []
        self._interruption: BaseException | None = None
        writer = Writer(w, self.lanes, program.inputs, self._callback)
        calls = self._functions(writer, self.lanes >= batch)
        self.source = "\n\n".join(
            [
                declarations(w),
                functions(w),
                turning(w),
                *writer.constants,
                *writer.functions,
                *driver(program, self.lanes, w, calls),
            ]
        )
        self._machine_code(cpu, features)
        self.scratch = writer.scratch
        self._own = _Tables(self)
        self._second: _Tables | None = None
        self.shared, self.shared_grad = self._own.shared, self._own.shared_grad
        self.state = self._own.state

    def _lanes_for(self, batch: int) -> int:
        """Return how long lines are made for a batch."""
        w = self.width
        most = max(64, _CACHE // (2 * max(self.program.lanes_rows, 1)) // w * w)
        return 1 if batch == 1 else -(-min(batch, most) // w) * w

    def fits(self, count: int, /) -> bool:
        """Return whether lines made for so many samples would not be much longer."""
        return self._lanes_for(count) <= 4 * self.lanes

    def _chains(self) -> tuple[list[Chain], list[Chain]]:
        """Return the statements in chains; only those about many samples make long ones."""
        program = self.program
        if self.lanes == 1:
            alone = [[Chain([s], [True]) for s in x] for x in (program.forward, program.backward)]
            return alone[0], alone[1]
        results = [View(table, np.array([row])) for table, row in program.results]
        return (
            chains(program.forward, program.backward, results),
            chains(program.backward, (), [View(SHARED_GRAD, np.arange(len(program.leaves)))]),
        )

    def _functions(self, writer: Writer, in_one: bool) -> Functions:
        """Write a function for each chain."""
        forward, backward = self._chains()
        update, leaves = self.update, len(self.program.leaves)
        rows = set(update.rows) if update is not None and in_one and self.lanes > 1 else set()
        backward, last = moving_last(backward, rows, _may_move)
        functions = Functions(
            forward=writer.in_order(forward),
            backward=writer.in_order(backward),
            last=writer.in_order(last),
            moving_last=[writer.at_once(c, update, leaves) for c in last if update],
        )
        if update is not None:
            functions.update = functions.rest = writer.moving(update, update.rows, leaves)
        if update is not None and last:
            moved = chain.from_iterable(c.statements[0].target.rows.tolist() for c in last)
            functions.rest = writer.moving(update, sorted(rows.difference(moved)), leaves)
        return functions

    def _callback(self, op: Any, inputs: int) -> int:
        """Return the address of a C function that calls a rule in Python."""

        def call(*numbers: float) -> float:
            try:
                return to_float(op.forward(*numbers))
            except Exception:  # what it means, the engine of Values says: nan makes it look
                return math.nan
            except BaseException as error:  # as Ctrl-C, which machine code can't hand on
                self._interruption = error
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
        # Vectors and tiles are written by hand: little is left to do, and each pass takes its time.
        passes = llvm.create_new_module_pass_manager()
        passes.add_always_inliner_pass()
        passes.add_global_dead_code_eliminate_pass()
        passes.add_instruction_combine_pass()
        options = llvm.create_pipeline_tuning_options()
        passes.run(module, llvm.create_pass_builder(target, options))
        self._engine = llvm.create_mcjit_compiler(module, target)
        self._engine.finalize_object()
        p, i = ctypes.c_void_p, ctypes.c_int64
        kind = ctypes.CFUNCTYPE(i, p, p, i, p, i, i, i, i)
        self._call = kind(self._engine.get_function_address("train"))

    def run(self, samples: Any, backward: bool = True) -> Any:
        """Compute the results, see `Engine`.

        Where there are many samples and two cores, each takes a half.
        """
        n, mode = len(samples), GRADIENT if backward else RESULTS
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
        self._own.take(samples[:half])
        second.take(samples[half:])
        if not (self._own.finite and second.finite):
            return None
        counts = half, n - half
        with ThreadPoolExecutor(1) as other:
            later = other.submit(self._steps_on, second, np.arange(counts[1]), n, mode)
            both = self._steps_on(self._own, np.arange(half), n, mode), later.result()
        if not all(done for done, _, _ in both):
            return None
        if mode == GRADIENT:
            for tables, count in zip((self._own, second), counts, strict=True):
                tables.shared_grad[:leaves] *= count / n
            self.shared_grad[:leaves] += second.shared_grad[:leaves]
        return np.concatenate([out for _, _, out in both])

    def steps(
        self, samples: Any, batch: int, mode: int, rates: Any = None, first_step: int = 1,
        order: Any = None,
    ) -> tuple[int, Any, Any]:  # fmt: skip
        """Take samples in batches, see `Engine`."""
        given = np.arange(len(samples)) if order is None else order
        order = np.asarray(given, dtype=np.int64)
        self._own.take(samples)
        if not self._own.finite:  # nan in a sample may be hidden on the way
            refuse_unknown(order, len(samples))
            n = len(order)
            return 0, np.empty(-(-n // batch)), np.empty((n, len(self.program.results)))
        return self._steps_on(self._own, order, batch, mode, rates, first_step)

    def _steps_on(
        self, tables: _Tables, order: Any, batch: int, mode: int, rates: Any = None,
        first_step: int = 1,
    ) -> tuple[int, Any, Any]:  # fmt: skip
        """Take the samples of some tables in batches, see `Engine`."""
        n, results = len(order), len(self.program.results)
        batch = min(batch, n)
        steps = -(-n // batch)
        # What lies where in this memory, @train in `native_driver` knows as well.
        rates_at = -(-n // self.width) * self.width
        losses_at = rates_at + steps
        out_at = losses_at + steps
        end = out_at + n * results
        tables.reserve(end)
        numbers = tables.numbers
        tables.as_int[:n], tables.as_int[n:rates_at] = order, 0
        numbers[rates_at:losses_at] = 0.0 if rates is None else rates[:steps]
        tables.runs = True
        try:
            done = int(self._call(*tables.arguments, n, batch, first_step, mode))
        finally:
            tables.runs = False
        if self._interruption is not None:
            error, self._interruption = self._interruption, None
            raise error
        if done < 0:
            refuse_unknown(order, tables.count)
        losses, out = numbers[losses_at:out_at], numbers[out_at:end].reshape(n, results)
        return done, losses.copy(), out.copy()


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
        rows = program.lanes_rows + SLACK * w
        self._pointers = np.zeros(lanes + 1, dtype=np.int64)  # to the samples that are in lines
        self._bound = {
            "%U": self.shared,
            "%dU": self.shared_grad,
            "%V": aligned(rows * apart(lanes) + w),
            "%dV": aligned(rows * apart(lanes) + w),
            "%S": aligned(engine.scratch + w),
            "%R": self._pointers,
            "%F": aligned(w),
            "%M": memory,
            "%A": aligned(leaves + w),
        }
        self._addresses = np.array([self._bound[name].ctypes.data for name in BOUND])
        self._width = w
        self._samples: Any = None
        self._reserved, self.numbers = 0, np.empty(0)
        self._padded, self.count, self.finite = aligned(1), 0, True
        self.runs = False
        self.reserve(1)

    def reserve(self, count: int) -> None:
        """Have memory for so many numbers that go in and out.

        It stays, as do the arguments of a call with its address: to ask an array for that costs as
        much as a small step.
        """
        if count > self._reserved:
            self.numbers = np.empty(count)
            self.as_int = self.numbers.view(np.int64)
            self._note_addresses()
            self._reserved = count  # last: whatever interrupts this, it is done again

    def _note_addresses(self) -> None:
        at = [x.ctypes.data for x in (self._addresses, self._padded, self.numbers)]
        self.arguments = at[0], at[1], self.count, at[2]

    def take(self, samples: Any) -> None:
        """Copy samples to where they are read, unless they are there and cannot be written to.

        Raises
        ------
        RuntimeError
            If a run is reading there: what runs within it needs a program of its own.
        """
        if self.runs:
            raise RuntimeError(
                "This program is running: neither a rule that it calls nor another thread can run "
                "it at the same time. Give it a program of its own: record the function once more."
            )
        stays = samples.flags.owndata and not samples.flags.writeable
        if stays and samples is self._samples:
            return
        self._samples = None
        self._padded = _padded(samples, self._width)
        self.count, self.finite = len(samples), bool(np.isfinite(self._padded).all())
        self._pointers[:] = 0  # they may lie where others did
        self._note_addresses()
        if stays:  # last: whatever interrupts this, it is done again
            self._samples = samples


def _width(features: Any) -> int:
    """Return how many numbers the processor's vectors have."""
    return 8 if features.get("avx512f") else 4 if features.get("avx2") else 2


def _may_move(s: Statement) -> bool:
    """Return whether a product over samples can move leaves at once, and it is worth the code."""
    m = s.matrix
    return m is not None and m.target.size >= _LARGE and lies_in_vectors(m.target)


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
    """Return samples a row_stride apart, with room for a vector that looks past the end."""
    n, inputs = samples.shape
    stride = row_stride(inputs, width)
    rows = aligned(n * stride + width)[: n * stride].reshape(n, stride)
    rows[:, :inputs] = samples
    return rows
