"""A row in a process of its own: its threads and its memory are nobody else's."""

from __future__ import annotations

import gc
import multiprocessing
import sys
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from time import perf_counter, process_time
from typing import Any

import measuring
from problems import Problem

from peers.peer import Peer


class Child:
    """A process that holds one peer, and does what it is told.

    Parameters
    ----------
    peer : type
        A subclass of `Peer`, importable by its name.
    problem : Network or Transformer

    Attributes
    ----------
    empty : int
        The bytes of the process before it imported what the peer needs.
    """

    def __init__(self, peer: type[Peer], problem: Problem) -> None:
        context = multiprocessing.get_context("spawn")  # nothing of this process is in it
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, peer, problem))
        self.process.start()
        theirs.close()
        self.empty: int = self._answer()

    def ask(self, question: str, *arguments: Any) -> Any:
        """Return what `_Served` answers.

        Raises
        ------
        PeerError
            If the peer failed; its traceback is on the error stream.
        """
        self.pipe.send((question, arguments))
        return self._answer()

    def _answer(self) -> Any:
        try:
            fine, answer = self.pipe.recv()
        except EOFError:
            raise PeerError("failed: its process ended") from None
        if not fine:
            raise PeerError(f"failed: {answer}")
        return answer

    def close(self) -> None:
        """End the process."""
        self.pipe.close()  # it reads an end of file and returns
        self.process.join(10)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


class PeerError(RuntimeError):
    """A peer has failed, the benchmark goes on without it."""


class _Served:
    """The other side: what can be asked."""

    def __init__(self, peer: type[Peer], problem: Problem) -> None:
        self.peer = peer(problem)

    def build(self) -> float:
        """Return the seconds of compiling, the first steps among them unless `build` makes none."""
        seconds = measuring.seconds(self.peer.build)
        if type(self.peer).build is Peer.build:
            _, seconds_of_steps, _ = self.run(self.peer.problem.steps)
            seconds = max(seconds - seconds_of_steps, 0.0)
        return seconds

    def losses(self, steps: int) -> list[float]:
        """Return the losses before each of the first steps."""
        return self.peer.losses(steps)

    def run(self, steps: int) -> tuple[float, float, float]:
        """Return the last loss of so many steps from the first weights, and the seconds.

        Returns
        -------
        loss, seconds, processor_seconds : float
        """
        self.peer.restart()
        gc.collect()
        wall_clock, processor_clock = perf_counter(), process_time()
        loss = self.peer.run(steps)
        seconds, processor_seconds = perf_counter() - wall_clock, process_time() - processor_clock
        return loss, seconds, processor_seconds

    def memory(self) -> int:
        """Return the most bytes that this process held."""
        return measuring.peak_of_this_process()


def _serve(pipe: Connection, peer: type[Peer], problem: Problem) -> None:
    """Answer until the other side hangs up."""
    empty = measuring.peak_of_this_process()
    if not _answered(pipe, lambda: empty):
        return
    served: _Served | None = None
    while True:
        try:
            question, arguments = pipe.recv()
        except EOFError:
            return
        if served is None:
            try:
                served = _Served(peer, problem)
            except Exception as error:
                _fail(pipe, error)
                return
        work = getattr(served, question)
        if not _answered(pipe, lambda work=work, arguments=arguments: work(*arguments)):
            return


def _answered(pipe: Connection, work: Callable[[], Any]) -> bool:
    """Send the result, or the error, after which the process is of no use."""
    try:
        pipe.send((True, work()))
    except Exception as error:
        _fail(pipe, error)
        return False
    return True


def _fail(pipe: Connection, error: Exception) -> None:
    print(traceback.format_exc(), file=sys.stderr)
    pipe.send((False, f"{type(error).__name__}: {error}".splitlines()[0]))
