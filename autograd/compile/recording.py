"""A function of one sample, recorded as a graph that holds for every sample.

The function runs on Values as always, and they record what it does; only their numbers are kept
from it. It runs several times, on two samples: where the graphs differ there was something that
another sample, or another call, would do differently.
"""

from __future__ import annotations

import copyreg
import gc
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain, takewhile
from operator import attrgetter
from os.path import dirname, join
from threading import Lock
from typing import TYPE_CHECKING, Any

from autograd import value as engine
from autograd.checks import (
    NO_BACKWARD,
    RecordingError,
    Refusal,
    describe,
    not_while_recording,
    numbers_known,
    numbers_unknown,
    remembered,
    to_float,
)
from autograd.lines import short_name
from autograd.ops import Op
from autograd.value import Value

if TYPE_CHECKING:
    from traceback import FrameSummary

_HOME = dirname(dirname(__file__))
# Frames of ours and of Python's library are no lines of the user's.
_NOT_THEIRS = (_HOME, join(dirname(_HOME), "nn"), dirname(random.__file__))

_LONGEST_LINE = 100  # of the user's program in a message
_NO_INDEX = (
    "a Value can't be an index or a count, since another sample has another number. "
    "Use pick(values, index)"
)
_age, _op, _parents, _data, _scope = map(attrgetter, ("age", "op", "parents", "_data", "scope"))

_OFTEN = 3000  # nodes; a function is recorded twice, a small one up to 8 times with so many in all

modes: list[Callable[[], Any]] = []
"""Each says what a function may depend on besides its arguments, as whether a network trains."""


class Hidden(Value):
    """A number of a sample, or what was computed while recording: it tells nothing of its number.

    A Value in all else, and wherever no function is being recorded. Of what a plain `Value` is
    asked without a look at its number, this also refuses what only means something for a number
    that one knows: to be a key, a count, an argument of ``%``.
    """

    __slots__ = ()

    def __hash__(self) -> int:
        not_while_recording(
            "a Value was looked up: as a key of a dict, in a set, by lru_cache or by a reader of "
            "graphs, as derive and grad. Another sample has another number, and would find "
            "something else: give what was found as an argument, or choose by pick or where"
        )
        return object.__hash__(self)

    def __index__(self) -> int:
        not_while_recording(_NO_INDEX)
        raise TypeError("'Value' object cannot be interpreted as an integer")

    def __getattr__(self, name: str) -> Any:
        error = AttributeError(f"'Value' object has no attribute {name!r}")
        raise remembered(error) if hasattr(float, name) else error

    def __reduce_ex__(self, _protocol: Any) -> Any:
        return copyreg.dispatch_table[Value](self)  # which asks for the number

    def backward(self, seed: float = 1.0) -> None:
        """Refuse while recording, see `Value.backward`."""
        not_while_recording(NO_BACKWARD)
        super().backward(seed)

    def propagate(self) -> None:
        """Refuse while recording, see `Value.propagate`."""
        not_while_recording(NO_BACKWARD)
        super().propagate()

    def local_derivatives(self) -> Any:
        """Refuse while recording, see `Value.local_derivatives`."""
        not_while_recording(NO_BACKWARD)
        return super().local_derivatives()


Hidden.__name__ = Hidden.__qualname__ = Value.__name__  # as Python's own errors call it


def _refusing(name: str) -> Callable[..., Any]:
    def method(*_: Any) -> Any:
        not_while_recording(
            f"floats have {name}, and Values don't. Do it before, for each sample, or with "
            "operations of autograd, or an operation of your own"
        )
        return NotImplemented

    return method


for _name in ("mod", "floordiv", "divmod"):
    setattr(Hidden, f"__{_name}__", _refusing(_name))
    setattr(Hidden, f"__r{_name}__", _refusing(_name))


_open = [0]  # how many recordings there are now, in all threads
_lock = Lock()


def _new_node(kind: type[Value]) -> Value:
    return object.__new__(kind if numbers_known() else Hidden)


@contextmanager
def _hidden_nodes() -> Iterator[None]:
    """Let what is computed in this block be `Hidden`; the engine alone is not slower for it."""
    with _lock:
        _open[0] += 1
        engine._new = _new_node
    try:
        yield
    finally:
        with _lock:
            _open[0] -= 1
            if not _open[0]:
                engine._new = object.__new__


def current_modes() -> tuple[Any, ...]:
    """Return what the modes are now; what is recorded in one does not hold in another."""
    return tuple([mode() for mode in modes])


@dataclass(frozen=True, slots=True)
class Graph:
    """A recorded function: its nodes, parents first, as numbers.

    Attributes
    ----------
    ops : list of Op or None
        Of each node; None for a leaf.
    edges : array of int
        The parents of node 0, in order, then those of node 1, and so on.
    starts : array of int, (nodes + 1,)
        Where the parents of each node begin in `edges`; behind them, how many there are in all.
    numbers : list of float
        What the nodes were when recorded. Of those that depend on nothing else they hold always.
    inputs : list of int
        The nodes that stand for the numbers of a sample, in their order.
    leaves : dict of int to Value
        The Values of the caller that the function used: parameters, and constants.
    roots : list of int
        The results, flat.
    scopes : list of str
        Where each node belongs, see `scope`.
    """

    ops: list[Op | None]
    edges: Any
    starts: Any
    numbers: list[float]
    inputs: list[int]
    leaves: dict[int, Value]
    roots: list[int]
    scopes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ops)

    def parents(self, node: int) -> list[int]:
        """Return the parents of a node, in order."""
        parents: list[int] = self.edges[self.starts[node] : self.starts[node + 1]].tolist()
        return parents


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep Python's cycle collector from running in this block.

    Graphs of Values have no cycles and free themselves when the last name of them goes. The
    collector finds nothing in them, but looks through all of them again and again.

    Examples
    --------
    >>> with collector_paused():
    ...     gc.isenabled()
    False
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def record(
    function: Callable[..., Any], samples: Sequence[Sequence[Any]], settings: dict[str, Any]
) -> tuple[Graph, Any]:
    """Return the graph of a function of one sample, and the shape of what it returns.

    Parameters
    ----------
    function : callable
        Called with the entries of a sample, their numbers replaced by Values.
    samples : sequence
        One sample or two: the arguments, each a number or nested lists of them.
    settings : dict
        Keyword arguments for the function, handed on as they are.

    Returns
    -------
    (Graph, structure)
        The structure is what `structure_of` gives for the results.

    Raises
    ------
    RecordingError
        If the function asks a Value for its number, does something else the second time, or
        returns something that is made of no numbers. It names the line.
    """
    import numpy  # noqa: F401 (now: some versions bring their random numbers along)

    before = after = None

    def watched(*arguments: Any, **named: Any) -> Any:
        nonlocal before, after
        before = _state_of_chance()
        results = function(*arguments, **named)
        after = _state_of_chance()
        return results

    with collector_paused():
        tries, more = 0, 1
        while not tries or before != after:  # another thread may draw, but hardly each time
            if tries > more:
                raise RecordingError(
                    "The function draws random numbers, and another call draws others. Draw them "
                    "before, for each sample, and give them as an argument. (Or did another thread "
                    "draw them meanwhile, each time? Then call the function before it starts.)"
                )
            graph, structure = _run(watched, samples[0], settings)
            tries += 1
            more = 1 + min(6, _OFTEN // max(1, len(graph)))
        kept = dict(graph.leaves)
        # A coin that is tossed may fall alike: where it costs little, the function runs more often.
        for number in range(1, 1 + more):
            again, structure_again = _run(function, samples[-(number % 2)], settings)
            _compare(graph, again, structure, structure_again)
            kept = {i: value for i, value in kept.items() if again.leaves.get(i) is value}
    return replace(graph, leaves=kept), structure


def _state_of_chance() -> Any:
    """Return the state of the random numbers that whole programs share."""
    chance = sys.modules.get("numpy.random")  # only if somebody has loaded it
    _, keys, place, *_ = chance.get_state() if chance else (0, b"", 0)
    return random.getstate(), bytes(keys), place


def graph_of(root: Value) -> Graph:
    """Return the graph of a finished Value; its leaves are those that are no constants."""
    not_while_recording("the numbers of a graph were read, which are hidden now")
    with collector_paused():
        graph = _graph_of([], [root], since=0)
    learning = {i: leaf for i, leaf in graph.leaves.items() if not leaf.constant}
    return replace(graph, leaves=learning)


def with_leaves(graph: Graph, values: Sequence[Value]) -> Graph:
    """Return the graph with leaves for all the values, also those that it does not use."""
    import numpy as np

    known = set(graph.leaves.values())
    new = [value for value in dict.fromkeys(values) if value not in known]
    more = {len(graph) + i: value for i, value in enumerate(new)}
    return Graph(
        ops=[*graph.ops, *[None] * len(new)],
        edges=graph.edges,
        starts=np.pad(graph.starts, (0, len(new)), mode="edge"),
        numbers=[*graph.numbers, *[value._data for value in new]],
        inputs=graph.inputs,
        leaves={**graph.leaves, **more},
        roots=graph.roots,
        scopes=[*graph.scopes, *[value.scope for value in new]],
    )


def _run(
    function: Callable[..., Any], sample: Sequence[Any], settings: dict[str, Any]
) -> tuple[Graph, Any]:
    """Return what a function does with one sample, and the structure of its results."""
    inputs: list[Value] = []
    start = Value(0.0).age
    arguments = [_as_inputs(entry, inputs) for entry in sample]
    with numbers_unknown() as refused, _hidden_nodes():
        try:
            results = function(*arguments, **settings)
        except Exception as error:
            _say_what_failed(error, refused)
            raise  # as it would with numbers
    if refused:
        caught = " The function caught this and went on." if refused[0].raised else ""
        raise RecordingError(f"{_refused_at(refused)}{caught}")
    flat: list[Any] = []
    structure = structure_of(results, flat)
    return _graph_of(inputs, flat, since=start), structure


def _say_what_failed(error: Exception, refused: Sequence[Refusal]) -> None:
    """Raise RecordingError if a function failed because it is recorded."""
    first = refused[0].error if refused else None
    if isinstance(first, RecordingError) or (first and first is not error):
        raise RecordingError(_refused_at(refused)) from None
    text = str(error).removesuffix(".")
    if isinstance(error, RecordingError):
        raise RecordingError(f"{_place_of(error)}: {text}.") from None
    if isinstance(error, ArithmeticError | ValueError | NameError | ImportError):
        return  # as with numbers
    import traceback

    called_by = traceback.extract_tb(error.__traceback__)[-1].filename
    if isinstance(error, TypeError) and called_by == __file__:
        return  # it was called with too few or too many arguments
    if isinstance(error, TypeError) and any(
        f"'Value' {words}" in str(error)
        for words in ("object is not subscriptable", "object is not iterable", "has no len()")
    ):
        raise RecordingError(
            f"{_place_of(error)}: {error}. Each argument is a batch, with an entry for each "
            "sample; the function got one entry, and that is a number. For a batch of one row "
            "give [row]."
        ) from error
    if isinstance(error, TypeError | IndexError) and (
        "indices must be" in str(error) or "as an integer" in str(error)
    ):
        raise RecordingError(f"{_place_of(error)}: {_NO_INDEX}.") from None
    raise RecordingError(
        f"{_place_of(error)}: {type(error).__name__}: {text}. While a function is recorded it is "
        "given Values; what they can't do must be done before, or by an operation of your own."
    ) from error


def _refused_at(refused: Sequence[Refusal]) -> str:
    """Return what was refused first, and the line of the user's program."""
    stack, here = refused[0].stack, (__file__, _run.__name__)
    ours = [i for i, frame in enumerate(stack) if (frame.filename, frame.name) == here]
    inside = max(ours, default=-1)  # none in another thread that was given the context
    text = str(refused[0].error).removesuffix(".")
    return f"{_place(stack[inside + 1 :])}: {text}."


def _as_inputs(entry: Any, inputs: list[Value]) -> Any:
    """Return an argument with Values for its numbers, and add them to `inputs`."""
    if hasattr(entry, "tolist"):
        entry = entry.tolist()
    if is_row(entry):
        return [_as_inputs(inner, inputs) for inner in entry]
    inputs.append(Hidden(entry, constant=True))
    return inputs[-1]


def is_row(entry: Any) -> bool:
    """Return whether an argument holds several entries: a list, a tuple or an array."""
    return (
        hasattr(entry, "__len__")
        and not isinstance(entry, str | bytes | dict | set | frozenset)
        and getattr(entry, "shape", 1) != ()
    )


def structure_of(results: Any, flat: list[Any]) -> Any:
    """Return nested lists of places, with the numbers themselves added to `flat`.

    Raises
    ------
    RecordingError
        If there is something else than Values and numbers in lists, tuples and dicts.

    Examples
    --------
    >>> flat = []
    >>> structure_of([1.0, (2.0, 3.0)], flat), len(flat)
    ([0, (1, 2)], 3)
    """
    if isinstance(results, dict):
        return {key: structure_of(inner, flat) for key, inner in results.items()}
    if isinstance(results, list | tuple):
        parts = [structure_of(inner, flat) for inner in results]
        return tuple(parts) if isinstance(results, tuple) else parts
    if not isinstance(results, Value):
        try:
            results = Value(to_float(results), constant=True)
        except TypeError:
            raise RecordingError(
                f"The function returned {results!r:.60} of type {type(results).__name__}; it must "
                "return a Value, or lists, tuples and dicts of them."
            ) from None
    flat.append(results)
    return len(flat) - 1


def _graph_of(inputs: list[Value], roots: list[Any], since: int) -> Graph:
    """Return the graph of some roots, all of whose operations must be younger than `since`."""
    import numpy as np

    seen = {node.age: node for node in (*inputs, *roots)}  # no two nodes have one age
    stack = list(seen.values())
    while stack:
        for node in stack.pop().parents:
            if node.age not in seen:
                seen[node.age] = node
                stack.append(node)
    order = [seen[age] for age in sorted(seen)]
    before = takewhile(lambda node: node.age < since, order)
    old = next((node for node in before if node.op), None)
    if old is not None:
        raise RecordingError(
            f"The function uses a Value that was computed before it ran, by {old.op.name}: "
            f"{describe(old)}. It would not follow its parameters. Compute it in the function, or "
            "give its number as an argument."
        )
    changed = next((node for node in order if node.written > since), None) if since else None
    if changed is not None:
        raise RecordingError(
            f"The function sets the data of a Value, now {describe(changed)}. What is recorded "
            "only computes: set it before the call."
        )
    # The age tells which node is which, and arrays of ages are quick.
    ages = np.fromiter(map(_age, order), np.int64, len(order))
    counts = np.fromiter(map(len, map(_parents, order)), np.int64, len(order))
    starts = np.concatenate([[0], np.cumsum(counts)])
    of_parents = map(_age, chain.from_iterable(map(_parents, order)))
    inputs_and_roots = np.searchsorted(ages, [node.age for node in [*inputs, *roots]]).tolist()
    given = {node.age for node in inputs}
    leaves = [(i, order[i]) for i in np.flatnonzero(counts == 0).tolist()]
    return Graph(
        ops=list(map(_op, order)),
        edges=np.searchsorted(ages, np.fromiter(of_parents, np.int64, starts[-1])),
        starts=starts,
        numbers=list(map(_data, order)),
        inputs=inputs_and_roots[: len(inputs)],
        leaves={i: x for i, x in leaves if x.age not in given},
        roots=inputs_and_roots[len(inputs) :],
        scopes=list(map(_scope, order)),
    )


def _compare(first: Graph, second: Graph, shape: Any, shape_again: Any) -> None:
    """Raise RecordingError where two recordings of a function differ."""
    if first.ops != second.ops or shape != shape_again:
        _refuse_difference(first, second)
    if _wiring(first) != _wiring(second):
        raise RecordingError(
            "Recorded twice, the function combined its Values differently. It depends on something "
            "that changes from call to call: give it as an argument."
        )
    for i, value in first.leaves.items():
        other = second.leaves[i]
        if value is not other and not _same(value._data, other._data):
            raise RecordingError(
                f"Recorded twice, the function used the number {value._data:.6g} once and "
                f"{other._data:.6g} the other time{_used_by(first, i)}. A random number, or one "
                "computed outside of the recording, must be an argument."
            )


def _wiring(graph: Graph) -> tuple[bytes, bytes, list[int]]:
    return graph.starts.tobytes(), graph.edges.tobytes(), graph.roots


def _refuse_difference(first: Graph, second: Graph) -> None:
    pairs = zip(first.ops, second.ops, strict=False)
    names = next(([a, b] for a, b in pairs if a is not b), [])
    words = " once and ".join(op.name if op else "a number" for op in names)
    difference = f"; the first difference: {words}" * bool(names)
    raise RecordingError(
        f"Recorded twice, the function made {len(first)} nodes and then {len(second)}{difference}. "
        "Does it branch on something that changes, as on a random number? "
        "Samples must have one shape; for a choice between numbers use where or pick."
    )


def _used_by(graph: Graph, leaf: int) -> str:
    uses = (graph.edges == leaf).nonzero()[0]
    if not len(uses):
        return ""
    user = int(graph.starts.searchsorted(uses[0], side="right")) - 1
    op = graph.ops[user]
    return f" in {op.name if op else ''}" + (f" of {graph.scopes[user]}" * bool(graph.scopes[user]))


def _same(x: float, y: float) -> bool:
    return x == y or (x != x and y != y)


def _place_of(error: Exception) -> str:
    """Return the line of the user's program at which an error was raised."""
    import traceback

    return _place(traceback.extract_tb(error.__traceback__))


def _place(frames: Sequence[FrameSummary]) -> str:
    """Return the user's line among those that were being run, the innermost one.

    A function of ours or of Python has none: then it is the line that asked for the recording.
    """
    import traceback

    for lines in (frames, traceback.extract_stack()):
        theirs = [frame for frame in lines if not frame.filename.startswith(_NOT_THEIRS)]
        if theirs:
            break
    line = (theirs or frames)[-1]
    code = line.line or ""
    if len(code) > _LONGEST_LINE:
        code = f"{code[:_LONGEST_LINE]}…"
    return f"{short_name(line.filename)}:{line.lineno}" + f": {code}" * bool(code)
