"""compile(f): record a function of one sample once, and run it on many."""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from math import isfinite
from pickle import PicklingError
from threading import RLock
from time import perf_counter
from types import FunctionType
from typing import Any, overload

from autograd.checks import RecordingError, identity_not_meant, not_while_recording, to_float
from autograd.compile.arguments import (
    as_array,
    check_shapes,
    count_of,
    filled,
    flat,
    shape_of,
    typed,
    with_numbers,
    with_values,
    without_gradients,
)
from autograd.compile.listing import list_program
from autograd.compile.machine import Machine, find_engine
from autograd.compile.names import Names
from autograd.compile.program import Program
from autograd.compile.recording import Graph, current_modes, record
from autograd.ops import Op, total
from autograd.value import Value

_OFTEN = 8  # so many times it is recorded anew for names without a word
_KEPT = 64  # so many recordings: shapes of samples, settings and modes


@dataclass(slots=True)
class _Recorded:
    """What is kept for one shape of samples, one set of settings and one mode."""

    machine: Machine | None  # None: run as Values
    structure: Any
    objects: Sequence[Any] = ()  # what the function's names stood for
    calls: int = 0


class Compiled:
    """A function of one sample that runs on batches, see `compile`.

    Attributes
    ----------
    function : callable
        As it was given.
    engine : str
        "native", "numpy" or "eager".
    """

    def __init__(self, function: Callable[..., Any], engine: str = "auto") -> None:
        if not callable(function):
            raise TypeError(f"compile needs a function of one sample; got {function!r:.60}.")
        self.function, self.engine = function, find_engine(engine)
        self._strict, self._asked = engine not in ("auto", "eager"), engine
        self._recorded: dict[Any, _Recorded] = {}
        self._lock = RLock()
        self._wants_values = False  # found out when it is called with numbers
        self._names, self._changes = Names(function), Counter[str]()
        self._latest: Sequence[Any] = self._names.objects()  # at the latest recording
        self.__doc__ = getattr(function, "__doc__", None)
        self.__name__ = getattr(function, "__name__", "function")
        self.__qualname__ = getattr(function, "__qualname__", "<locals>")
        self.__module__ = getattr(function, "__module__", __name__)

    def __reduce__(self) -> Any:
        """Tell `pickle`: a function of a module by its name, else compiled afresh."""
        found = self._found_by_name()
        if found is self:
            return self.__qualname__
        if isinstance(self.function, FunctionType) and found is not self.function:
            raise PicklingError(
                f"{self!r} can't be pickled: a file holds the name of a function, and "
                f"{self.__module__} has none of the name {self.__qualname__}. A lambda, or a "
                "function made in another, can be copied, but not pickled: write it with def at "
                "the top of a module."
            )
        return Compiled, (self.function, self._asked)

    def __copy__(self) -> Compiled:
        known = self._found_by_name() is self  # as functions are, which are copied as themselves
        return self if known else Compiled(self.function, self._asked)

    def __deepcopy__(self, memo: dict[int, Any]) -> Compiled:
        known = self._found_by_name() is self
        return self if known else Compiled(deepcopy(self.function, memo), self._asked)

    def _found_by_name(self) -> Any:
        """Return what its module has under its name, if anything."""
        found: Any = sys.modules.get(self.__module__)
        for name in self.__qualname__.split("."):
            found = getattr(found, name, None)
        return found

    def __repr__(self) -> str:
        return f"<compiled {self.__name__}, {self.engine}>"

    def __get__(self, instance: Any, owner: Any = None) -> Compiled:
        """Return itself, as a function of a class; it is no method.

        Raises
        ------
        TypeError
            If it is asked of an object, which it would not know.
        """
        if instance is None:
            return self
        name = self.__name__
        raise TypeError(
            f"{name} was compiled without its object. Decorate no method: compile that of the "
            f"object, as in __init__: self.{name} = compile(self.{name}). Or make it a "
            "staticmethod."
        )

    def __call__(self, *batches: Sequence[Any], **settings: Any) -> list[Any]:
        """Return the function's result for each sample: numbers, in lists as it returns them.

        Parameters
        ----------
        *batches : sequence
            For each argument of the function one entry for each sample.
        **settings
            Handed on to the function as they are, the same for all samples.

        Raises
        ------
        ValueError
            If there are no samples, or not the same number in each argument, or they differ in
            shape.
        ArithmeticError, ValueError
            As the operations raise that are undefined for a sample.
        """
        with self._lock:
            samples, recorded = self._prepared(batches, settings)
            if recorded.machine is not None:
                out = self._run(recorded, batches, settings, samples, backward=False)
                if out is not None:
                    rows = out.tolist()
                    return [filled(recorded.structure, row.__getitem__) for row in rows]
        return [filled(x, to_float) for x in self._eagerly(recorded, batches, settings)]

    def mean(self, *batches: Sequence[Any], **settings: Any) -> Value:
        """Return the mean of the function's result over the samples, to call ``backward()`` on.

        Parameters
        ----------
        *batches, **settings
            As when it is called. The function must return one Value, or several, of which the first
            is averaged.

        Returns
        -------
        Value
            One node, whose parents are the parameters that the function uses. Its gradients are
            numbers: second derivatives need the function itself.

        Raises
        ------
        TypeError
            If there are Values among the samples that could get a gradient.
        """
        with self._lock:
            samples, recorded = self._prepared(batches, settings, learns=True)
            if recorded.machine is not None:
                out = self._run(recorded, batches, settings, samples, backward=True)
                if out is not None:
                    return self._node(recorded.machine, samples, float(out[:, 0].mean()))
        rows = [flat(results) for results in self._eagerly(recorded, batches, settings)]
        if not rows[0]:
            raise TypeError(f"{self.__name__} returned nothing that has a mean.")
        mean = total([row[0] for row in rows]) / len(rows)
        return mean if isinstance(mean, Value) else Value(mean, constant=True)

    def program(self, *batches: Sequence[Any], **settings: Any) -> Program:
        """Return the program for samples like these; print it to read it.

        Raises
        ------
        RecordingError
            If the function can't be recorded.
        ImportError
            If numpy is missing.
        """
        try:
            find_engine("numpy")
        except ImportError:
            raise ImportError(
                "A program is made with numpy: pip install 'autograd-nn[fast]'. The function "
                "itself runs without, as Values."
            ) from None
        with self._lock:
            strict, self._strict = self._strict, True
            try:
                _, recorded = self._prepared(batches, settings)
            finally:
                self._strict = strict
        if recorded.machine is None:
            graph, _ = self._record(batches, settings)
            from autograd.compile.building import make_program

            return make_program(graph)
        return recorded.machine.program

    def source(self, *batches: Sequence[Any], style: str = "python", **settings: Any) -> str:
        """Return the program for samples like these as lines of Python, to be read.

        Parameters
        ----------
        *batches, **settings
            As when it is called.
        style : {"python", "numpy"}, optional
            Plain Python, a sample at a time, as `list_program` has it; or the lines that the NumPy
            backend runs, whose ``x`` and ``rows`` stand for parts of the tables. A setting of the
            function that is called ``style``, too, can't be given here: ask `program`.

        Raises
        ------
        RecordingError, ImportError
            As `program`.
        ValueError
            If there is no such style.
        """
        if style not in ("python", "numpy"):
            raise ValueError(f"style must be 'python' or 'numpy'; got {style!r:.60}.")
        program = self.program(*batches, **settings)
        if style == "python":
            return list_program(program, self.__name__)
        from autograd.compile.numpy_backend import NumpyEngine

        return NumpyEngine(program).source()

    # ---------------------------------------------------------------- recording

    def _prepared(
        self, batches: Sequence[Any], settings: dict[str, Any], *, learns: bool = False
    ) -> tuple[Any, _Recorded]:
        """Return the samples as an array, and what is recorded for their shape."""
        not_while_recording(
            f"{self.__name__} is compiled and gives numbers, without a graph. Inside of a function "
            f"that is compiled, too, call {self.__name__}.function with one sample"
        )
        if not batches and settings:
            name, batch = next(iter(settings.items()))
            raise ValueError(
                f"{name}={batch!r:.60} was given by name. Samples are given by position, as "
                f"{self.__name__}([...]); what is given by name is a setting, the same for all."
            )
        count = count_of(batches)
        shapes = tuple([shape_of(batch[0]) for batch in batches])
        named = tuple([(name, typed(settings[name])) for name in sorted(settings)])
        key = shapes, named, current_modes()
        try:
            hash(key)
        except TypeError:
            raise TypeError(
                f"Settings must be hashable, as numbers and texts are; got {settings!r:.80}. "
                "What differs by sample is an argument by position."
            ) from None
        samples = None
        if self.engine == "eager":
            check_shapes(batches, shapes)
        else:
            samples = as_array(batches, shapes, learns)
        known = self._recorded.pop(key, None)
        if known is None or self._is_outdated(known):
            known = self._compile(batches, settings, count)
        self._recorded[key] = known  # the last is the one that was used last
        while len(self._recorded) > _KEPT:
            del self._recorded[next(iter(self._recorded))]
        return samples, known

    def _is_outdated(self, known: _Recorded) -> bool:
        """Return whether other parameters are constant now, or a name stands for something else."""
        if known.machine is None:
            return False
        if name := self._names.changed(self._latest):
            self._changes[name] += 1
            if self._changes[name] == _OFTEN:
                self._warn(
                    f"{name}, which it looks up, is another object for the {_OFTEN}th time, and "
                    "each time it is recorded anew, which takes longer than to run it. Give it as "
                    "an argument, or keep the number in a Value and set its data."
                )
        return bool(self._names.changed(known.objects)) or known.machine.is_stale

    def _record(self, batches: Sequence[Any], settings: dict[str, Any]) -> tuple[Graph, Any]:
        examples = [[batch[i] for batch in batches] for i in sorted({0, len(batches[0]) - 1})]
        return record(self.function, examples, settings)

    def _compile(self, batches: Sequence[Any], settings: dict[str, Any], count: int) -> _Recorded:
        if self.engine == "eager":
            return _Recorded(None, None)
        objects = self._names.objects()
        try:
            graph, structure = self._record(batches, settings)
            if not graph.roots:
                raise RecordingError("The function returned nothing to compute.")
            with _saying_that_it_takes_long(self.__name__):
                machine = Machine(graph, self.engine, count)
        except Exception as error:
            plain = type(error) is TypeError or isinstance(
                error, ArithmeticError | ValueError | NameError | ImportError
            )
            if self._strict or plain:
                raise
            self._warn(f"{error} Until then it runs without being compiled, more slowly.")
            return _Recorded(None, None)
        self._latest = self._names.unchanged(objects)
        return _Recorded(machine, structure, self._latest)

    def _warn(self, text: str, stacklevel: int = 5) -> None:
        warnings.warn(f"{self.__name__}: {text}", RuntimeWarning, stacklevel=stacklevel)

    # ---------------------------------------------------------------- running

    def _run(
        self,
        recorded: _Recorded,
        batches: Sequence[Any],
        settings: dict[str, Any],
        samples: Any,
        *,
        backward: bool,
    ) -> Any:
        machine = recorded.machine
        assert machine is not None
        machine.load()
        machine.make_room(len(samples))
        recorded.calls += 1
        chosen = machine.samples_to_compare(len(samples), recorded.calls)
        if chosen:
            few = list(
                zip(*[[without_gradients(b[i]) for i in chosen] for b in batches], strict=True)
            )
            try:
                trouble = machine.difference(
                    samples[chosen], lambda: [flat(self._called(x, settings)) for x in few]
                )
            except (ArithmeticError, ValueError):  # Values will say it, or backward()
                return None
            if trouble:
                recorded.machine = None
                self._warn(
                    f"{trouble}. Does the function use Values that were replaced, or numbers that "
                    "have changed, since it was recorded, or ask for the type of a number? Compile "
                    "it anew. Until then it runs without being compiled, more slowly.",
                    stacklevel=4,
                )
                return None
        return machine.run(samples, backward=backward)

    def _eagerly(
        self, recorded: _Recorded, batches: Sequence[Any], settings: dict[str, Any]
    ) -> list[Any]:
        """Return the function's results for each sample, as Values."""
        samples = zip(*batches, strict=True)
        if recorded.machine is not None:  # it takes Values; they say what is undefined
            return [self.function(*map(with_values, sample), **settings) for sample in samples]
        return [self._called(sample, settings) for sample in samples]

    def _called(self, sample: Sequence[Any], settings: dict[str, Any]) -> Any:
        """Call the function with plain numbers; with Values, if it calls their methods.

        Where plain numbers give no number, Values say what that means, or go on, as they do in
        `ieee_values`.
        """
        results: Any = None
        failed: Exception | None = None
        if not self._wants_values:
            try:
                results = self.function(*map(with_numbers, sample), **settings)
                if all(isinstance(x, Value) or _is_finite(x) for x in flat(results)):
                    return results
            except (AttributeError, TypeError, ArithmeticError, ValueError) as error:
                failed = error
        try:
            with identity_not_meant():
                answer = self.function(*map(with_values, sample), **settings)
        except (AttributeError, TypeError, LookupError):
            if self._wants_values or isinstance(failed, AttributeError):
                raise
        else:
            self._wants_values |= isinstance(failed, AttributeError | TypeError)
            return answer
        if failed is not None:
            raise failed
        return results

    def _node(self, machine: Machine, samples: Any, mean: float) -> Value:
        """Return the mean as a node whose operation is the whole function, on its parameters."""
        leaves = machine.program.leaves
        slopes, numbers = machine.leaf_gradients(), [leaf._data for leaf in leaves]
        if not leaves:
            return Value(mean, constant=True)

        def forward(*numbers: float) -> float:
            with self._lock:
                machine.load_numbers(numbers)
                out = machine.run(samples)
            if out is None:
                raise OverflowError("a number on the way is not finite")
            return float(out[:, 0].mean())

        def slopes_at(numbers: Sequence[float]) -> list[float]:
            with self._lock:
                machine.load_numbers(numbers)
                if machine.run(samples, backward=True) is None:
                    raise OverflowError("a number on the way is not finite")
                return machine.leaf_gradients()

        def derivatives(*numbers_and_out: Any) -> Sequence[Any]:
            inputs = numbers_and_out[:-1]
            if any(isinstance(x, Value) for x in inputs):
                return [self._slope(slopes_at, i)(*inputs) for i in range(len(inputs))]
            return slopes_at(inputs)

        def spread(parents: Sequence[Value], upstream: float) -> None:
            now = [parent._data for parent in parents]  # they may be others, of the same mean
            known = slopes if now == numbers else slopes_at(now)
            for parent, slope in zip(parents, known, strict=True):
                if not parent.constant:
                    parent.grad += slope * upstream

        op = _Run(
            name=f"compiled_{self.__name__}", forward=forward, derivatives=derivatives,
            symbol=self.__name__, python="", latex="", binding=100, margin=lambda *_: 1.0,
            unfold=None, gather=lambda _: mean, spread=spread,
        )  # fmt: skip
        return Value.record_op(op, tuple(leaves))

    def _slope(self, slopes_at: Callable[[Sequence[float]], list[float]], i: int) -> Op:
        """Return derivative number i as an operation, which has no derivatives itself."""

        def derivatives(*_: Any) -> Any:
            raise RecordingError(
                f"{self.__name__} was compiled with its first derivatives alone. For second ones "
                f"build the mean from the function itself, {self.__name__}.function."
            )

        return _Run(
            name=f"slope_{i}_of_{self.__name__}", derivatives=derivatives,
            forward=lambda *numbers: slopes_at(numbers)[i],
            symbol=f"∂{self.__name__}", python="", latex="", binding=100, margin=lambda *_: 1.0,
            unfold=None, gather=None, spread=None,
        )  # fmt: skip


class _Run(Op):
    """An operation that runs a program on its samples, and is known by no name."""

    __slots__ = ()

    def __reduce__(self) -> Any:
        raise TypeError(
            f"{self.name} is a node that runs a program on its samples, which a file can't hold. "
            "Save its data, or the parameters and the function, and make the mean anew."
        )


@overload
def compile(function: Callable[..., Any], *, engine: str = "auto") -> Compiled: ...
@overload
def compile(*, engine: str = "auto") -> Callable[[Callable[..., Any]], Compiled]: ...
def compile(function: Callable[..., Any] | None = None, *, engine: str = "auto") -> Any:
    """Return a function of one sample, recorded at its first call and run on batches from then on.

    Parameters
    ----------
    function : callable
        Takes the numbers of one sample, each argument a number or nested lists of them, and returns
        a Value, or lists, tuples and dicts of Values. The Values that it uses besides are its
        parameters. It is called twice to record what it does, on two samples, and up to 8 times if
        it is small, so that what changes from call to call shows; then on some samples as it is, to
        compare. Python's own control flow must not depend on the numbers (`where`, `maximum` and
        `pick` may).
    engine : {"auto", "native", "numpy", "eager"}, optional
        What runs it: machine code (needs llvmlite), NumPy, or Values as always. "auto" takes the
        first that is installed; a function that can't be recorded then runs as Values, with a
        warning, where the others raise.

    Returns
    -------
    Compiled
        ``compiled(xs, ys)`` gives the results, ``compiled.mean(xs, ys)`` a node to differentiate,
        ``print(compiled.program(xs, ys))`` what was made of it, `explain_program` that in words,
        ``compiled.source(xs, ys)`` as plain Python.

    Raises
    ------
    ImportError
        If the engine is not installed.
    RecordingError
        At the first call, if the function can't be recorded: it names the line, and what to write
        there.

    Notes
    -----
    The gradients are those of the rule table; sums are taken in another order, so that numbers
    agree to about 1e-12 of the largest. Where a number is not finite, the batch runs as Values,
    which say what that means.

    The numbers of the parameters are read at every call. Where a name that the function itself
    looks up, in its module or in a function around it, stands for another object or number than
    before, the function is recorded anew. What lies **inside** an object is used as it was when it
    was recorded: an attribute, an entry of a list or dict, or what another function looks up. The
    1st, 2nd, 4th, 8th ... call compares results and gradients with Values on up to four samples of
    the batch, others each time, and if they differ the function runs as Values from then on, with
    a warning; the calls between the change and the next comparison use the old number. To be exact,
    keep such a number in a Value and set its `data`; or give it as an argument, by position with an
    entry for each sample, or by name as a setting, for each value of which the function is recorded
    anew. The 64 recordings that were used last are kept, one for each shape of the samples,
    settings and mode.

    Names that the function sets itself, or that change while it is recorded, are not looked at.

    Random numbers are refused where they come from `random` or NumPy's shared generator, and found
    by comparing the recordings where they come from elsewhere. Where another thread draws them
    meanwhile, the function is recorded again, up to 8 times. While it is recorded a function is
    given Values: what asks for the type of an argument alone (``isinstance``, or a ``TypeError`` of
    another library that the function catches) is seen by the comparison with Values or not at all.

    A function that hands its Values to other threads must give them its context, as
    ``copy_context().run`` of `contextvars` does. A thread without it does not know of the
    recording: there ``x.data`` is the number of the sample that is recorded, and what depends on it
    holds for all.

    ``copy`` and ``pickle`` know a compiled function of a module by its name, as they know
    functions; another is compiled afresh where it arrives. The node that ``mean`` gives can be
    copied, but not pickled.

    Examples
    --------
    >>> from autograd import Value, compile
    >>> w, b = Value(0.5), Value(0.0)
    >>> @compile
    ... def squared_error(x, y):
    ...     return (w * x + b - y) ** 2
    >>> loss = squared_error.mean([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])
    >>> loss.data
    10.5
    >>> loss.backward()
    >>> w.grad, b.grad
    (-14.0, -6.0)
    >>> squared_error([1.0], [2.0])
    [2.25]
    """
    if function is None:
        return lambda f: Compiled(f, engine)
    return Compiled(function, engine)


def _is_finite(x: Any) -> bool:
    return not isinstance(x, complex) and (not isinstance(x, float) or isfinite(x))


@contextmanager
def _saying_that_it_takes_long(name: str) -> Iterator[None]:
    """Say how long compiling took, if it was over a second and somebody looks."""
    start = perf_counter()
    yield
    seconds = perf_counter() - start
    if seconds > 1 and sys.stderr.isatty():
        print(f"{name} compiled in {seconds:.1f} s", file=sys.stderr)
