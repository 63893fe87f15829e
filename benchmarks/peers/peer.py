"""What every row of the table can do: one engine's way through a problem."""

from __future__ import annotations

from abc import ABC, abstractmethod
from importlib.util import find_spec
from typing import Any, ClassVar

from problems import Problem, Transformer


class Peer(ABC):
    """One engine with one problem: the first weights, the batches, a step of gradient descent.

    The constructor turns the problem's lists into the engine's own numbers and compiles nothing;
    the first steps do, or `build`.

    Parameters
    ----------
    problem : Network or Transformer

    Attributes
    ----------
    name : str
        The row's name.
    requires : dict of str to str
        Modules that it imports, each with what installs it.
    compiles : bool
        Whether its first steps take longer because something is compiled.
    whole_epochs : bool
        Whether `run` can make nothing else.
    """

    name: ClassVar[str]
    requires: ClassVar[dict[str, str]] = {}
    compiles: ClassVar[bool] = False
    whole_epochs: ClassVar[bool] = False

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.position = 0  # of the next batch in its epoch

    @classmethod
    def missing(cls, problem: Problem) -> str | None:
        """Return why this row cannot be measured on this problem, or None if it can."""
        for module, install in cls.requires.items():
            if find_spec(module) is None:
                return f"not installed: {install}"
        return cls.unfit(problem)

    @classmethod
    def unfit(cls, problem: Problem) -> str | None:
        """Return why this engine does not do this problem, or None."""
        del problem
        return None

    @abstractmethod
    def restart(self) -> None:
        """Put the first weights back, and begin with the first batch."""

    @abstractmethod
    def step(self) -> Any:
        """Make one update on the next batch; return the loss before it as the engine has it."""

    def build(self) -> None:
        """Do all that comes once: by default, make the steps of one epoch."""
        self.run(self.problem.steps)

    def run(self, steps: int) -> float:
        """Make as many steps and return the last loss; for a row that loops inside, one call."""
        loss = 0.0
        for _ in range(steps):
            loss = self.step()
        return float(loss)

    def losses(self, steps: int) -> list[float]:
        """Return the losses before each of the first steps."""
        self.restart()
        return [float(self.step()) for _ in range(steps)]

    def next_batch(self) -> int:
        """Return the number of the batch that comes now, and move on."""
        batch = self.position
        self.position = (batch + 1) % self.problem.steps
        return batch


def only_networks(problem: Problem) -> str | None:
    """Return why a row for multi-layer perceptrons does not do this problem, or None."""
    return "not written for it" if isinstance(problem, Transformer) else None
