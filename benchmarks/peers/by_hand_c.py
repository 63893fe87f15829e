"""C by hand, compiled by gcc when the benchmark runs: ``mlp.c`` and ``gpt.c`` beside this file."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from problems import LEARNING_RATE, Network, Problem, Transformer

from peers.by_hand_numpy import flat_parameters
from peers.peer import Peer

FOLDER = Path(__file__).parent
FLAGS = ["-O3", "-march=native", "-ffast-math", "-std=gnu11", "-fPIC", "-c"]


class CalledC(Peer):
    """One call for each step."""

    name = "C by hand, called"
    requires = {"numpy": "pip install numpy"}
    compiles = True
    options: tuple[str, ...] = ()  # more of them, to try variants

    def __init__(self, problem: Problem) -> None:
        import numpy

        super().__init__(problem)
        self.numpy = numpy
        self.start = numpy.array(flat_parameters(problem))

    @classmethod
    def unfit(cls, problem: Problem) -> str | None:
        """Return what is missing without a compiler."""
        del problem
        return None if shutil.which("gcc") else "not installed: gcc"

    def build(self) -> None:
        """Compile and load."""
        if isinstance(self.problem, Transformer):
            source, definitions = "gpt.c", _definitions_of_transformer(self.problem)
        else:
            source, definitions = "mlp.c", _definitions_of_network(self.problem)
        macros = [f"-D{name}={value}" for name, value in definitions.items()]
        command = ["gcc", *FLAGS, *self.options, *macros, str(FOLDER / source), "-o"]
        with TemporaryDirectory() as folder:  # what is loaded stays
            half, whole = f"{folder}/step.o", f"{folder}/step.so"
            subprocess.run([*command, half], check=True)
            # Linked with -ffast-math, it would switch tiny numbers off in the whole process.
            subprocess.run(["gcc", "-shared", half, "-o", whole, "-lm"], check=True)
            library = ctypes.CDLL(f"{folder}/step.so")
        library.one_step.argtypes, library.one_step.restype = [ctypes.c_long], ctypes.c_double
        library.many_steps.argtypes = [ctypes.c_long, ctypes.c_long]
        library.many_steps.restype = ctypes.c_double
        self.loaded, self.step_in_c = library, library.one_step
        if isinstance(self.problem, Transformer):
            library.use_tokens((ctypes.c_int * len(self.problem.tokens))(*self.problem.tokens))
        else:
            self.data = self._data(self.problem)  # kept: the program reads it
            library.use_data(*map(_pointer, self.data))
        self.restart()

    def _data(self, problem: Network) -> tuple[Any, ...]:
        """Return all batches as [input][lane] and as [lane][input], and the targets."""
        zeros = self._zeros
        lanes, inputs = self.loaded.lane_stride(), self.loaded.input_stride()
        x = zeros(problem.steps, problem.sizes[0], lanes)
        xs, t = zeros(problem.steps, problem.batch, inputs), zeros(problem.steps, 1, lanes)
        for k, (rows, targets) in enumerate(problem.batches):
            xs[k, : len(rows), : problem.sizes[0]] = rows
            x[k, :, : len(rows)] = self.numpy.array(rows).T
            t[k, 0, : len(rows)] = targets
        return x, xs, t

    def _zeros(self, *shape: int) -> Any:
        """Return zeros at an address that vectors can be loaded from."""
        size = 8 * shape[0] * shape[1] * shape[2]
        room = self.numpy.zeros(size + 64, self.numpy.uint8)
        start = -room.ctypes.data % 64
        return room[start : start + size].view(float).reshape(shape)

    def restart(self) -> None:
        """Copy the first weights into the program."""
        self.loaded.put_parameters(_pointer(self.start))
        self.position = 0

    def step(self) -> Any:
        """Call the program for the next batch."""
        return self.step_in_c(self.next_batch())

    def run(self, steps: int) -> float:
        """Call it for each step, with as little around the calls as Python allows."""
        step, epoch, batch, loss = self.step_in_c, self.problem.steps, self.position, 0.0
        for _ in range(steps):
            loss = step(batch)
            batch = batch + 1 if batch + 1 < epoch else 0
        self.position = batch
        return float(loss)

    def numbers(self) -> Any:
        """Return the weights as they are now, in one array."""
        array = self.numpy.empty_like(self.start)
        self.loaded.get_parameters(_pointer(array))
        return array


class LoopedC(CalledC):
    """One call for all steps."""

    name = "C by hand, looped"

    def run(self, steps: int) -> float:
        """Let the program make the steps."""
        loss = self.loaded.many_steps(self.position, steps)
        self.position = (self.position + steps) % self.problem.steps
        return float(loss)


def _pointer(array: Any) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _definitions_of_network(problem: Network) -> dict[str, Any]:
    sizes = problem.sizes
    layers = [
        f"L({k},{nin},{nout},{f'h{k - 1}' if k else 'x'},d{max(k - 1, 0)})"
        for k, (nin, nout) in enumerate(zip(sizes, sizes[1:], strict=False))
    ]
    return {
        "FORWARD": " ".join(layers),
        "BACKWARD": " ".join(reversed(layers)),
        "HIGHEST": len(layers) - 1,
        "CLASSES": sizes[-1],
        "INPUTS": sizes[0],
        "WIDEST": max(sizes[1:]) + 8,
        "STEPS": problem.steps,
        "LANES": problem.batch,
        "FEWER": len(problem.batches[-1][1]),
        "RATE": LEARNING_RATE,
        "PENALTY": problem.penalty,
        **({"HINGE": 1} if problem.loss == "hinge" else {}),
    }


def _definitions_of_transformer(problem: Transformer) -> dict[str, Any]:
    weights = problem.weights
    return {
        "POSITIONS": len(problem.tokens) - 1,
        "PLACES": len(weights["wpe"]),
        "VOCABULARY": len(weights["wte"]),
        "FEATURES": problem.width,
        "HEADS": problem.heads,
        "HIDDEN": len(weights["f1"]),
        "RATE": LEARNING_RATE,
    }
