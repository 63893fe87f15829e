"""Time, memory, and the conditions under which they were measured."""

from __future__ import annotations

import gc
import os
import platform
import sys
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

ONE_THREAD = {  # every library that has threads of its own reads one of these when it is imported
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}
FOREIGN = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # another processor's kernels, much slower
FRAMES_BESIDES = 50  # of whoever calls the recursion, and of what its last call calls


def conditions(*packages: str) -> dict[str, str]:
    """Return what a quoted number has to carry: interpreter, processor, versions of the peers.

    Parameters
    ----------
    packages : str
        Distributions; those that are not installed are left out.
    """
    return {
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.machine()}",
        **{name: number for name in packages if (number := _version(name))},
    }


def _version(package: str) -> str | None:
    """Return which version is installed, if any."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    """Return the processor's name as the system tells it."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def seconds(work: Callable[[], Any]) -> float:
    """Return how long `work` takes."""
    start = perf_counter()
    work()
    return perf_counter() - start


@contextmanager
def collector(enabled: bool) -> Iterator[None]:
    """Switch the cyclic garbage collector for this block."""
    before = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        yield
    finally:
        (gc.enable if before else gc.disable)()


def interleaved_medians(turns: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Return each contestant's median time, see `interleaved`."""
    return {name: median(times) for name, times in interleaved(turns, rounds).items()}


def interleaved(
    turns: Mapping[str, Callable[[], float]], rounds: int, fewer: Mapping[str, int] | None = None
) -> dict[str, list[float]]:
    """Return each contestant's times; they take turns, so that all share the same weather.

    Parameters
    ----------
    turns : dict of str to callable
        Each does its work once and returns the seconds.
    rounds : int
        How often each has its turn, at least 1.
    fewer : dict of str to int, optional
        Those that have fewer turns, and how many, at least 1.
    """
    measured: dict[str, list[float]] = {name: [] for name in turns}
    for i in range(rounds):
        for name, turn in turns.items():
            if i < (fewer or {}).get(name, rounds):
                measured[name].append(turn())
    return measured


def held_and_peak_bytes(work: Callable[[], Any]) -> tuple[int, int]:
    """Return the bytes that the result of `work` holds, and the most that were held on the way."""
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        result = work()
        _, peak = tracemalloc.get_traced_memory()
        gc.collect()  # also empties Python's lists of memory to use again, which no graph holds
        after, _ = tracemalloc.get_traced_memory()
        del result
    finally:
        tracemalloc.stop()
    return after - before, peak - before


@contextmanager
def one_core() -> Iterator[list[str]]:
    """Keep this process, and those that it starts, on one core, with one thread for each library.

    Yields
    ------
    list of str
        What was changed in the environment and should be said beside the numbers.
    """
    environment, notes = dict(os.environ), []
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    try:
        os.environ.update(ONE_THREAD)
        if cores:
            os.sched_setaffinity(0, {max(cores)})
        else:
            notes.append("This system cannot keep a process on one core.")
        if any(name in os.environ for name in FOREIGN):
            names = " and ".join(name for name in FOREIGN if os.environ.pop(name, None) is not None)
            notes.append(f"Set outside, but not for the rows, whose products it slows: {names}.")
        yield notes
    finally:
        os.environ.clear()
        os.environ.update(environment)
        if cores:
            os.sched_setaffinity(0, cores)


def peak_of_this_process() -> int:
    """Return the most bytes that this process held at once; not those of compilers it started."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would also tell what the parent held when it started us
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource  # not on every system

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


@contextmanager
def sight_of_new_objects_only() -> Iterator[None]:
    """Hide all that exists from the collector, so that its time is that of the block's objects."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def room_for_recursion(depth: int) -> Iterator[None]:
    """Let functions recurse `depth` calls deep; the limit is raised only as far as needed."""
    before, frame, used = sys.getrecursionlimit(), sys._getframe(), 0
    while frame is not None:
        frame, used = frame.f_back, used + 1
    sys.setrecursionlimit(max(before, used + depth + FRAMES_BESIDES))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
