"""Run as a program: machine code on tables that end at memory nobody may touch (Linux only).

It dies where something is read or written before or behind a table.
"""

import ctypes
import math
import weakref
from mmap import PAGESIZE

import numpy as np
from compiled_runs import machine_for, run_eagerly

from autograd import Value, tanh, total, weighted_sum
from autograd.compile import native_backend
from autograd.compile.native_driver import row_stride

_FENCE = 16 * PAGESIZE
_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
_libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]


def fenced(count, alignment=64):
    """Return zeros that end (but for the alignment) where the fence begins."""
    room = -(-8 * count // alignment) * alignment
    inside = -(-room // PAGESIZE) * PAGESIZE
    begin = _libc.mmap(None, inside + 2 * _FENCE, 3, 0x22, -1, 0)  # private, of no file
    _libc.mprotect(begin, _FENCE, 0)
    _libc.mprotect(begin + _FENCE + inside, _FENCE, 0)
    numbers = (ctypes.c_double * max(count, 1)).from_address(begin + _FENCE + inside - room)
    weakref.finalize(numbers, _libc.munmap, begin, inside + 2 * _FENCE)
    return np.frombuffer(numbers, dtype=float)[:count]


def fenced_samples(samples, width):
    """Do what `native_backend._padded` does, with a fence."""
    n, inputs = samples.shape
    stride = row_stride(inputs, width)
    rows = fenced(n * stride + width, 8)[: n * stride].reshape(n, stride)
    rows[:, :inputs] = samples
    return rows


def every(step, count):
    """Return a function of a row, neurons on every step-th number of it, and its weights."""
    weights = [[Value(0.01 * (i + j)) for j in range(count)] for i in range(4)]

    def function(x):
        chosen = x[len(x) - 1 - step * (count - 1) :: step]
        return total([tanh(weighted_sum(w, chosen)) for w in weights])

    return function, [w for row in weights for w in row]


CASES = [  # step, how many numbers are chosen, numbers of a row, batch
    (1, 5, 5, 64), (3, 5, 40, 8), (28, 5, 784, 64), (7, 4, 50, 12), (28, 9, 784, 100),
    (200, 5, 2000, 64), (500, 3, 2000, 4), (2, 33, 99, 20),
]  # fmt: skip


def main():
    """Compare each case with Values."""
    native_backend.aligned, native_backend._padded = fenced, fenced_samples
    for step, count, numbers, batch in CASES:
        function, weights = every(step, count)
        samples = [
            ([math.sin(i + 3 * j) for j in range(numbers)],) for i in range(batch)
        ]  # fmt: skip
        expected = run_eagerly(function, weights, samples)
        machine = machine_for(function, weights, samples, "native")
        machine.load()
        out = machine.run(np.array([x for (x,) in samples]), backward=True)
        assert np.allclose(out, expected.results, rtol=0, atol=1e-12)
        assert np.allclose(machine.gradients(), expected.grads, rtol=0, atol=1e-12)
    print("nothing was touched")


if __name__ == "__main__":
    main()
