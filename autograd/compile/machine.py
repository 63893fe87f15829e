"""A program with its numbers: parameters in tables, to be run on batches, and moved, many times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any, Protocol

from autograd import ops
from autograd.checks import RecordingError, to_float
from autograd.compile.expressions import operands, walk, with_operands
from autograd.compile.program import TRAIN, Program
from autograd.compile.recording import Graph, with_leaves
from autograd.ops import total
from autograd.stepper import gradients
from autograd.value import Value, topological_order

# Operations of any number of inputs: in the rule of an optimizer they have no meaning.
_OF_LISTS = {ops.total_of, ops.weighted_sum_of, ops.pick_of, ops.log_sum_exp_of}

_FEW = 4  # samples, on which a program is compared with Values
_SMALL = 1e-4  # of numbers below it, the difference alone counts
_CLOSE = 1e-9  # relative to the largest number compared

ENGINES = ("auto", "eager", "numpy", "native")


def find_engine(engine: str) -> str:
    """Return what runs programs here: "native", "numpy", or "eager" where there is neither.

    Parameters
    ----------
    engine : {"auto", "eager", "numpy", "native"}
        "auto" takes the fastest that is installed.

    Raises
    ------
    ValueError
        If there is no such engine.
    ImportError
        If what it needs is not installed.

    Examples
    --------
    >>> find_engine("eager")
    'eager'
    """
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}; got {engine!r:.60}.")
    has_numpy = find_spec("numpy") is not None
    has_native = has_numpy and find_spec("llvmlite") is not None
    if engine == "auto":
        return "native" if has_native else "numpy" if has_numpy else "eager"
    if (engine == "numpy" and not has_numpy) or (engine == "native" and not has_native):
        needs = "numpy" if engine == "numpy" else "numpy and llvmlite"
        raise ImportError(
            f"engine={engine!r} needs {needs}: pip install 'autograd-nn[fast]'. With engine='auto' "
            "the best of what is installed is taken."
        )
    return engine


def first_difference(found: Sequence[float], expected: Sequence[float]) -> tuple[float, ...]:
    """Return the first two numbers that are not equal but for rounding; () if there are none.

    Parameters
    ----------
    found, expected : sequence of float
        Of one kind, as results or gradients, and as many. Programs take sums in another order than
        Values: numbers may differ by a billionth of the largest that was expected.

    Examples
    --------
    >>> first_difference([1e9, 2.0], [1e9, 2.5]), first_difference([1.0, 2.0], [1.0, 2.5])
    ((), (2.0, 2.5))
    """
    scale = max([_SMALL, *map(abs, expected)])
    pairs = zip(found, expected, strict=True)
    return next(((x, y) for x, y in pairs if not abs(x - y) <= _CLOSE * scale), ())


class Engine(Protocol):
    """What a backend is: a program with its tables, that can be run on samples.

    Attributes
    ----------
    shared, shared_grad : array of float, (program.shared_rows,)
        The table of what is the same for all samples, leaves first, to be set before a run; and
        the gradient of the mean of result 0, after it.
    state : array of float, (numbers remembered, leaves)
        What the rule of the update remembers for each leaf.
    """

    shared: Any
    shared_grad: Any
    state: Any

    def fits(self, count: int, /) -> bool:
        """Return whether so many samples are run well: what it made is not for much fewer."""

    def run(self, samples: Any, backward: bool = True) -> Any:
        """Compute the results for samples, and the gradient of the mean of result 0.

        Parameters
        ----------
        samples : array of float, (n, inputs)
        backward : bool, optional
            Whether the gradient is wanted.

        Returns
        -------
        array of float, (n, results), or None
            None if a number on the way was infinite or nan, or an index not in its range: what
            that means the engine of Values knows.
        """

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
            RESULTS, GRADIENT for that of the mean of result 0 also, TRAIN to move the leaves, too.
        rates : sequence of float, optional
            The learning rate of each step.
        first_step : int, optional
            The number of the first step, for the update.
        order : sequence of int, optional
            Which sample comes when; by default as they lie.

        Returns
        -------
        (int, array, array)
            How many steps were done before one met a number that is not finite, of which the leaves
            may have been moved; the mean of result 0 in each; and the results, (n, results), in the
            order of `order`. What was not done has any numbers.

        Raises
        ------
        ValueError
            If a number of `order` is no sample's; nothing is done then.
        """


class Machine:
    """Runs a recorded function, and moves its parameters.

    Parameters
    ----------
    graph : Graph
        Of one sample. Its first result is averaged over samples and differentiated.
    engine : {"numpy", "native"}
    batch : int
        How many samples a step will usually have.
    parameters : sequence of Value, optional
        What `rule` moves.
    rule : callable, optional
        ``rule(data, grad, state, rate, step) -> (data, state)``: the update of an optimizer, in
        plain arithmetic.
    memory : int, optional
        How many numbers the rule remembers for each parameter.

    Attributes
    ----------
    program : Program
    """

    def __init__(
        self,
        graph: Graph,
        engine: str,
        batch: int,
        *,
        parameters: Sequence[Value] = (),
        rule: Callable[..., Any] | None = None,
        memory: int = 0,
    ) -> None:
        from autograd.compile.building import make_program

        moved = list(dict.fromkeys(parameters)) if rule is not None else []
        self.program: Program = make_program(with_leaves(graph, parameters), moved)
        self.name, self.batch = engine, batch
        self.parameters, self.memory = list(parameters), memory
        place = {value: i for i, value in enumerate(self.program.leaves)}
        self._rows = [place[p] for p in self.parameters]
        self._rule = rule
        self._constant = [leaf.constant for leaf in self.program.leaves]
        self._engine = self._make(batch)

    def _make(self, batch: int) -> Engine:
        if self.name == "numpy":
            from autograd.compile.numpy_backend import NumpyEngine

            return NumpyEngine(self.program, self._update())
        from autograd.compile.native_backend import NativeEngine

        return NativeEngine(self.program, batch, self._update())

    def _update(self) -> Any:
        if self._rule is None:
            return None
        from autograd.compile.program import Update

        data, grad, rate, step, *state = operands(4 + self.memory)
        try:
            new, remembered = self._rule(data, grad, tuple(state), rate, step)
        except RecordingError:
            raise
        except Exception as error:
            raise RecordingError(
                f"The optimizer's rule is no plain arithmetic: {str(error).removesuffix('.')}. It "
                "may use + - * / ** and functions of autograd, as sqrt(x) and where(step(x), a, b)."
            ) from error
        if len(remembered) != self.memory:
            raise RecordingError(
                f"The optimizer's rule remembers {len(remembered)} numbers, not {self.memory}."
            )
        for x in [x for root in (new, *remembered) for x in walk(root)]:
            if x.op and (x.op not in ops.built_in() or x.op in _OF_LISTS):
                raise RecordingError(
                    f"The optimizer's rule uses {x.op.name}, which is no plain arithmetic."
                )
        self._refuse_another_rule((new, *remembered))
        return Update(new, remembered, list(dict.fromkeys(self._rows)))  # twice named, moved once

    def _refuse_another_rule(self, expressions: Sequence[Any]) -> None:
        """Raise unless the rule does with numbers what it does with expressions."""
        assert self._rule is not None
        for step, (data, grad) in enumerate([(0.5, -0.25), (-2.0, 3.0), (0.75, 0.0)], start=1):
            state = tuple([0.125 * (step + k) for k in range(self.memory)])
            numbers = [data, grad, 0.0625, float(step), *state]
            try:
                new, remembered = self._rule(data, grad, state, 0.0625, step)
                results = [with_operands(x, numbers) for x in expressions]
            except (ArithmeticError, ValueError):  # it is not defined for these
                continue
            for found, expected in zip(results, (new, *remembered), strict=True):
                if not abs(found - expected) <= 1e-12 * max(1.0, abs(expected)):
                    raise RecordingError(
                        "The optimizer's rule does something else with numbers than with numbers "
                        f"that are recorded: {expected!r} and not {found!r} for the number "
                        f"{data!r} with the gradient {grad!r} in step {step}. It may not ask what "
                        "it is given."
                    )

    # ---------------------------------------------------------------- numbers in and out

    @property
    def is_stale(self) -> bool:
        """Whether a leaf has become a constant since, or is none any more."""
        return self._constant != [leaf.constant for leaf in self.program.leaves]

    def load_numbers(self, numbers: Sequence[float]) -> None:
        """Take these numbers for the leaves."""
        self._engine.shared[: len(numbers)] = numbers

    def load(self, state: Sequence[Sequence[float]] = ()) -> None:
        """Read the numbers of the leaves, and what the rule remembers for each parameter."""
        leaves = self.program.leaves
        self._engine.shared[: len(leaves)] = [leaf._data for leaf in leaves]
        for number, row in enumerate(self._rows if state else ()):
            self._engine.state[:, row] = state[number]

    def data(self) -> list[float]:
        """Return the parameters' numbers as they are now in the tables."""
        numbers: list[float] = self._engine.shared[self._rows].tolist()
        return numbers

    def state(self) -> list[tuple[float, ...]]:
        """Return what the rule remembers for each parameter."""
        return [tuple(column) for column in self._engine.state[:, self._rows].T.tolist()]

    def snapshot(self) -> tuple[Any, Any]:
        """Return copies of all numbers that a step changes."""
        return self._engine.shared.copy(), self._engine.state.copy()

    def restore(self, snapshot: tuple[Any, Any]) -> None:
        """Put back what `snapshot` returned."""
        self._engine.shared[:], self._engine.state[:] = snapshot

    # ---------------------------------------------------------------- comparison with Values

    @staticmethod
    def samples_to_compare(count: int, turn: int) -> list[int]:
        """Return which of `count` samples are compared with Values the n-th time they are run.

        Up to four at the turns 1, 2, 4, 8 ..., from all over them and others each time; none at the
        other turns.

        Examples
        --------
        >>> [Machine.samples_to_compare(100, turn) for turn in (1, 2, 3, 4)]
        [[0, 33, 66, 99], [0, 1, 34, 67], [], [1, 2, 35, 68]]
        """
        if turn & (turn - 1):
            return []
        few = min(count, _FEW)
        places = [i * (count - 1) // max(few - 1, 1) for i in range(few)]
        return sorted([(place + turn.bit_length() - 1) % count for place in places])

    def difference(self, samples: Any, values: Callable[[], Sequence[Sequence[Any]]]) -> str:
        """Return in words how results and gradients differ from those of Values, or nothing.

        Parameters
        ----------
        samples : array of float, (n, inputs)
        values : callable
            Gives for each sample its results as Values. It is not called if a number is not finite
            in the program: Values will say what that means.

        Raises
        ------
        ArithmeticError, ValueError
            As Values do where something is undefined.
        """
        out = self.run(samples, backward=True)
        if out is None:
            return ""
        rows, numbers = values(), len(self.program.results)
        for row in rows:
            if len(row) != numbers:
                return f"compiled it gives {numbers} numbers where Values give {len(row)}"
        mean, slopes = total([row[0] for row in rows]) / len(rows), dict[Value, float]()
        if isinstance(mean, Value):
            try:
                slopes = gradients(topological_order(mean))
            except Exception as error:  # from the rule of a user
                raise ValueError(f"its gradient raises {error!r:.200}") from error
        expected = [to_float(x) for row in rows for x in row]
        expected_gradients = [slopes.get(leaf, 0.0) for leaf in self.program.leaves]
        for kind, found, wanted in (
            ("result", out.ravel().tolist(), expected),
            ("gradient", self.leaf_gradients(), expected_gradients),
        ):
            if apart := first_difference(found, wanted):
                return "compiled it gives the {} {!r} where Values give {!r}".format(kind, *apart)
        return ""

    # ---------------------------------------------------------------- runs

    def _check(self, samples: Any) -> None:
        """Raise ValueError unless these are samples of the program."""
        if not len(samples) or samples.shape[1:] != (self.program.inputs,):
            raise ValueError(
                f"A program of {self.program.inputs} inputs takes samples in an array (n, "
                f"{self.program.inputs}) with n from 1 on; got {samples.shape}."
            )

    def make_room(self, count: int) -> None:
        """Have what is made for batches made anew if so many samples would be run badly."""
        if not self._engine.fits(count):
            old, self.batch = self._engine, count
            self._engine = self._make(count)
            self._engine.shared[:], self._engine.state[:] = old.shared, old.state

    def run(self, samples: Any, *, backward: bool = False) -> Any:
        """Return the results for samples, (n, results); None where a number is not finite.

        Many more samples than a batch take longer than they must without `make_room`.

        Parameters
        ----------
        samples : array of float, (n, inputs)
        backward : bool, optional
            Whether to compute the gradient of the mean of result 0 as well.
        """
        self._check(samples)
        return self._engine.run(samples, backward)

    def leaf_gradients(self) -> list[float]:
        """Return the gradients of all leaves after the last run; 0 where there is none."""
        learning = self.program.learning
        numbers: list[float] = (self._engine.shared_grad[: len(learning)] * learning).tolist()
        return numbers

    def gradients(self) -> list[float]:
        """Return those of the parameters."""
        grads = self.leaf_gradients()
        return [grads[row] for row in self._rows]

    def train(
        self, samples: Any, batch: int, rates: Sequence[float], first_step: int, order: Any
    ) -> tuple[int, Any, Any]:
        """Move the parameters once for each batch.

        Parameters
        ----------
        samples : array of float, (n, inputs)
        batch : int
            Samples in a step; the last may have fewer.
        rates : sequence of float
            The learning rate of each step.
        first_step : int
            The number of the first step, from 1.
        order : sequence of int
            Which sample comes when.

        Returns
        -------
        (int, array, array)
            How many steps were done before a number was not finite; the mean of result 0 in each
            of them; and the results of their samples, (n, results), in the order of `order`.

        Raises
        ------
        ValueError
            If there is nothing to do, a number of `order` is no sample's, or a step has no rate.
        """
        import numpy as np

        self._check(samples)
        order = np.asarray(order, dtype=np.int64)
        if batch < 1 or not len(order):
            raise ValueError(f"A step needs samples; got {len(order)} in batches of {batch}.")
        steps = -(-len(order) // batch)
        if len(rates) < steps:
            raise ValueError(f"{steps} steps need as many rates; got {len(rates)}.")
        done, losses, out = self._engine.steps(
            samples, batch, TRAIN, rates=rates, first_step=first_step, order=order
        )
        return done, losses[:done], out[: done * batch]
