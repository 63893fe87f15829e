"""What carries out the steps of training: Values, or the same recorded once and compiled.

`ValueSteps` builds the graph of every batch anew. `MachineSteps` has the loss of one sample
recorded, with its target, its dropout factors and the penalty, and runs that on whole epochs. Both
move the same parameters by the same rule, in the same order of samples; numbers agree to about
1e-12. A program is compared with Values before the first step, before the 2nd, 4th, 8th ... epoch
and at the end: what the loss or the model use besides may have changed.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from autograd import (
    RecordingError,
    Value,
    as_values,
    collector_paused,
    record,
    to_float,
)
from nn.dropout import Dropout, given_masks, training_mode
from nn.losses import LOSSES, Loss, mean_loss
from nn.optimizers import Optimizer, check_state
from nn.penalties import l2 as l2_penalty
from nn.update_rules import moves_of, rule_of, settings_of

_CHECKED = 6  # so many samples are compared with Values before the first step
_WORTH = 3.0  # seconds that training as Values would take, from which compiling pays
_SECONDS = 3e-6  # that a recorded node takes as a Value, forward and backward
Judgement = tuple[float, int]  # the mean loss of some samples, and how many were decided rightly


class Task:
    """What is to be learned: a model, its loss on samples, and a penalty.

    Parameters
    ----------
    model : Model
    loss : Loss
    inputs, targets : sequence
        N samples, checked.
    weights : sequence of Value
        What the penalty is on.
    l2 : float
        Its strength λ.
    """

    def __init__(
        self,
        model: Any,
        loss: Loss,
        inputs: Sequence[Any],
        targets: Sequence[Any],
        weights: Sequence[Value],
        l2: float,
    ) -> None:
        self.model, self.loss, self.inputs, self.targets = model, loss, inputs, targets
        self.weights, self.l2 = weights, l2

    def penalised(self, data_loss: Any) -> Any:
        """Return a loss with the penalty λ/(2N)·‖w‖² added, N being the size of the data set."""
        if not self.l2:
            return data_loss
        return data_loss + l2_penalty(self.weights, self.l2, len(self.inputs))


class ValueSteps:
    """Steps of training as Values: the graph of every batch is built, derived and forgotten."""

    name = "eager"

    def __init__(self, task: Task, optimizer: Optimizer) -> None:
        self.task, self.optimizer = task, optimizer
        self.samples = [as_values(x) for x in task.inputs]  # constants, made once for all epochs

    def epoch(
        self, batches: Sequence[Sequence[int]], rates: Sequence[float], rng: Any
    ) -> Iterator[Judgement]:
        """Move the parameters once for each batch, and yield how it was judged before.

        Parameters
        ----------
        batches : sequence of sequence of int
            The samples of each step.
        rates : sequence of float
            The learning rate of each step.
        rng : random.Random
            For dropout.
        """
        for batch, rate in zip(batches, rates, strict=True):
            self.optimizer.learning_rate = rate
            with collector_paused():
                judgement = self._step(batch, rng)
            yield judgement

    def _step(self, batch: Sequence[int], rng: Any) -> Judgement:
        task, optimizer = self.task, self.optimizer
        with training_mode(rng):
            scores = [task.model.scores(self.samples[i]) for i in batch]
        targets = [task.targets[i] for i in batch]
        data_loss = mean_loss(task.loss, scores, targets)
        objective = task.penalised(data_loss)
        optimizer.zero_grad()
        objective.backward()
        optimizer.step()
        numbers = [[s.data for s in sample] for sample in scores]
        return data_loss.data, sum(map(task.loss.is_right, numbers, targets))

    def evaluate(self, inputs: Sequence[Any], targets: Sequence[Any]) -> Judgement:
        """Return the mean loss of samples, and how many are decided rightly, without dropout."""
        return evaluated(self.task.model, self.task.loss, inputs, targets)

    def sync(self) -> None:
        """Let the parameters show where they are: they always do."""

    def check(self) -> None:
        """Warn if these steps were not those of Values: they were."""


def evaluated(model: Any, loss: Loss, inputs: Sequence[Any], targets: Sequence[Any]) -> Judgement:
    """Return the mean loss of samples, and how many are decided rightly.

    Examples
    --------
    >>> from nn import LogisticRegression
    >>> evaluated(LogisticRegression(1), LOSSES["logistic"], [[1.0], [2.0]], [1, -1])
    (0.693147180559945, 1)
    """
    losses, right = 0.0, 0
    for x, target in zip(inputs, targets, strict=True):
        if hasattr(model, "score_numbers"):
            scores = model.score_numbers(x)
        else:  # a model of the user that is no `Model`
            scores = [to_float(s) for s in model.scores(x)]
        # a loss of the user may know Values only
        losses += to_float(loss(as_values(scores) if loss.targets == "any" else scores, target))
        right += loss.is_right(scores, target)
    return losses / len(inputs), right


class MachineSteps:
    """Steps of training as a compiled program.

    Parameters
    ----------
    task : Task
    optimizer : Optimizer
    batch : int
        Samples in a step.
    engine : {"numpy", "native"}
    sync : {"step", "epoch", "end"}
        When the parameters must show where they are.

    Raises
    ------
    RecordingError
        If the model, the loss or the optimizer's rule can't be recorded.
    """

    def __init__(
        self, task: Task, optimizer: Optimizer, batch: int, engine: str, sync: str
    ) -> None:
        import numpy as np

        self.task, self.optimizer, self.batch, self.when = task, optimizer, batch, sync
        self.name, self._np = engine, np
        self.layers: list[tuple[Dropout, int]] = []
        self._slow = ValueSteps(task, optimizer)
        self._data = self._array(task.inputs, task.targets)
        self._data.setflags(write=False)  # so that engines may keep a copy of their own
        self._make()
        self._epochs, self._trusted = 0, True
        trouble = self._difference(self._examples())
        if trouble:
            raise RecordingError(
                f"{trouble}. Do the model or the loss look at a target, or at the type of a "
                "number, in Python?"
            )

    def _make(self) -> None:
        from autograd import Machine

        optimizer, graph = self.optimizer, self._record()
        self.nodes, self._masks = len(graph), sum(n for _, n in self.layers)
        self._machine = Machine(
            graph, self.name, self.batch,
            parameters=optimizer.parameters, rule=rule_of(optimizer), memory=optimizer.memory,
        )  # fmt: skip
        self._settings, self._loaded = settings_of(optimizer), False
        self._moves = moves_of(optimizer)
        program, held = self._machine.program, set(optimizer.parameters)
        learning = zip(program.leaves, program.learning, strict=True)
        # Nobody sets their gradients back: as with Values they add up.
        self._others = [i for i, (x, learns) in enumerate(learning) if learns and x not in held]

    def _objective(
        self, x: Any, target: Any, masks: Any, layers: list[tuple[Dropout, int]] | None = None
    ) -> list[Any]:
        """Return what is made small, the loss of the sample, and its scores.

        With a list for layers, it is filled with those that have dropout, and no masks are needed.
        """
        task, left = self.task, list(masks)
        if layers is not None:
            layers.clear()

        def given(dropout: Dropout, n: int) -> list[Any]:
            if layers is not None:
                layers.append((dropout, n))
                return [1.0] * n
            factors = left[:n]
            del left[:n]
            return factors

        with given_masks(given):
            scores = task.model.scores(x)
        data_loss = task.loss(scores, target)
        return [task.penalised(data_loss), data_loss, *scores]

    def _record(self) -> Any:
        task = self.task
        samples = [(task.inputs[i], task.targets[i]) for i in (0, len(task.inputs) - 1)]
        self.layers = []

        def without_masks(x: Any, target: Any) -> list[Any]:
            return self._objective(x, target, (), self.layers)

        record(without_masks, samples[:1], {})
        ones = [1.0] * sum(n for _, n in self.layers)
        return record(self._objective, [(*sample, ones) for sample in samples], {})[0]

    def _examples(self) -> list[int]:
        """Return the numbers of some samples, of different targets."""
        first: dict[str, int] = {}
        for i, target in enumerate(self.task.targets):
            first.setdefault(str(target), i)
        found = list(first.values())
        return found[:: -(-len(found) // _CHECKED)]

    def _difference(self, chosen: Sequence[int]) -> str:
        """Return in words how the program differs from Values on these samples, or nothing."""
        task, layers = self.task, list[tuple[Dropout, int]]()
        rows: list[list[Any]] = []

        def values() -> list[list[Any]]:
            samples = [(self._slow.samples[i], task.targets[i]) for i in chosen]
            rows.extend([self._objective(*sample, (), layers) for sample in samples])
            return rows

        ones = self._np.ones((len(chosen), self._masks))
        self._load()
        with collector_paused():
            try:
                trouble = self._machine.difference(
                    self._np.concatenate([self._data[chosen], ones], axis=1), values
                )
            except (ArithmeticError, ValueError) as error:
                return f"compiled it gives numbers where Values raise {error!r:.200}"
            finally:
                self._loaded = False
        if rows and self.layers != layers:
            return f"compiled it has the dropout {self.layers} where the model has {layers}"
        return trouble

    def _changed(self, chosen: Sequence[int]) -> str:
        """Return in words what has changed since the program was made, as far as that is seen."""
        task, np = self.task, self._np
        try:
            targets = np.array(task.targets, dtype=float).reshape(len(task.inputs), -1)
        except (TypeError, ValueError):
            targets = np.empty((0, 0))
        before = self._data[:, len(task.inputs[0]) :]
        if not np.array_equal(targets, before, equal_nan=True):
            return "the targets have changed"
        if self._moves != moves_of(self.optimizer):
            return "the optimizer's rule gives other numbers"
        return self._difference(chosen)

    def _array(self, inputs: Sequence[Any], targets: Sequence[Any]) -> Any:
        """Return samples with their targets as an array, (n, numbers).

        Raises
        ------
        ValueError
            If targets have several shapes, which is named.
        """
        np = self._np
        columns = None
        with suppress(TypeError, ValueError):
            found = np.array(targets)
            if found.dtype.kind not in "biuf":  # NumPy would make numbers of text and None
                found = np.array([to_float(x) for x in found.flat]).reshape(found.shape)
            columns = found.astype(float, copy=False).reshape(len(targets), -1)
        if columns is None:
            alone = [np.array(target, dtype=object) for target in targets]
            first, wanted = "", "numbers, or lists of them, as targets"
            worst = next((i for i, x in enumerate(alone) if x.shape != alone[0].shape), 0)
            if worst:
                first, wanted = f" and targets[0] is {targets[0]!r:.60}", "targets of one shape"
            else:
                kinds = [np.array(target).dtype.kind for target in targets]
                worst = next((i for i, kind in enumerate(kinds) if kind not in "biuf"), 0)
            raise ValueError(
                f"targets[{worst}] is {targets[worst]!r:.60}{first}: a program takes {wanted}. "
                "Values take them as they are (engine='eager')."
            )
        return np.concatenate([np.array(inputs, dtype=float), columns], axis=1)

    def _with_masks(self, order: Any, rng: Any) -> Any:
        """Return samples in their order, with the dropout factors that each gets this time."""
        np = self._np
        rows = [[f for drop, n in self.layers for f in drop.factors(n, rng)] for _ in order]
        return np.concatenate([self._data[order], np.array(rows)], axis=1)

    def _load(self) -> None:
        state = self.optimizer.state if self.optimizer.memory else ()
        self._machine.load(state)
        self._loaded = True

    def sync(self) -> None:
        """Let the parameters, their gradients and the optimizer show where they are."""
        if not self._loaded:
            return
        machine, optimizer = self._machine, self.optimizer
        grads = machine.gradients()
        for p, number, grad in zip(optimizer.parameters, machine.data(), grads, strict=True):
            p.data, p.grad = number, grad
        if optimizer.memory:
            optimizer.state = machine.state()

    def epoch(
        self, batches: Sequence[Sequence[int]], rates: Sequence[float], rng: Any
    ) -> Iterator[Judgement]:
        """Move the parameters once for each batch, see `ValueSteps.epoch`.

        Before the 2nd, 4th, 8th ... epoch a few samples and the targets are compared with Values;
        if they differ, Values do the rest, with a warning.
        """
        self._epochs += 1
        chosen = self._machine.samples_to_compare(len(self.task.inputs), self._epochs)
        if self._epochs > 1 and chosen and self._trusted:
            self._compare(chosen)
        if not self._trusted:
            yield from self._slow.epoch(batches, rates, rng)
            return
        size = 1 if self.when == "step" or self._others else len(batches)
        for k in range(0, len(batches), size):
            yield from self._chunk(batches[k : k + size], rates[k : k + size], rng)

    def _compare(self, chosen: Sequence[int]) -> None:
        """Let Values do the rest if the program no longer does what they would."""
        if self.when == "end":
            self.sync()  # nobody else has touched the parameters
        else:
            self._refresh()
        if trouble := self._changed(chosen):
            self.name, self._trusted, self._loaded = ValueSteps.name, False, False
            warnings.warn(
                f"From epoch {self._epochs} on training runs as Values, more slowly: {trouble}. "
                "Has a target, or a number that the loss or the model use, changed since the "
                "start? Until now it was not seen.",
                RuntimeWarning,
                stacklevel=5,
            )

    def check(self) -> None:
        """Warn, at the end, if the program no longer does what Values would."""
        if not self._trusted or not self._epochs:
            return
        if self.when != "end":
            try:
                self._refresh()
            except Exception:  # what was changed after the last step has moved nothing
                return
        last = self._epochs.bit_length()
        if trouble := self._changed(self._machine.samples_to_compare(len(self._data), 1 << last)):
            warnings.warn(
                f"Training ended as a program that does not do what Values do: {trouble}. Has a "
                "target, or a number that the loss or the model use, changed? It was last seen to "
                f"agree at the start of epoch {1 << (last - 1)}; with engine='eager' all is heard.",
                RuntimeWarning,
                stacklevel=4,
            )

    def _refresh(self) -> None:
        """Make the program anew if somebody has changed what it moves, or the rule."""
        check_state(self.optimizer)
        optimizer = self.optimizer
        if (
            self._machine.parameters != optimizer.parameters
            or self._machine.is_stale
            or self._settings != settings_of(optimizer)
            or self._moves != moves_of(optimizer)
        ):
            self._make()

    def _chunk(
        self, batches: Sequence[Sequence[int]], rates: Sequence[float], rng: Any
    ) -> Iterator[Judgement]:
        np, optimizer = self._np, self.optimizer
        if self.when != "end":  # somebody may have moved them, or have changed the rule
            self._refresh()
            self._load()
        elif not self._loaded:
            self._load()
        order = np.concatenate([np.array(batch, dtype=np.int64) for batch in batches])
        samples, before_masks = self._data, rng.getstate() if self._masks else None
        if self._masks:
            samples, order = self._with_masks(order, rng), np.arange(len(order))
        before, first = self._machine.snapshot(), optimizer.steps + 1
        size = len(batches[0])
        done, _, out = self._machine.train(samples, size, rates, first, order)
        if done < len(batches):  # a number was not finite: Values will say what that means
            self._machine.restore(before)
            if done:
                fine = order[: done * size]
                self._machine.train(samples, size, rates[:done], first, fine)
        optimizer.steps += done
        if self._others and done:  # a chunk is one step
            slopes = self._machine.leaf_gradients()
            for i in self._others:
                self._machine.program.leaves[i].grad += slopes[i]
        if self.when != "end" or done < len(batches):
            self.sync()
        for judgement, rate in zip(self._judged(batches[:done], out), rates, strict=False):
            optimizer.learning_rate = rate
            yield judgement
        if done < len(batches):
            self._loaded = False  # from here on Values move them
            if before_masks is not None:
                rng.setstate(before_masks)
                for _ in range(done * size):
                    for dropout, n in self.layers:
                        dropout.factors(n, rng)
            yield from self._slow.epoch(batches[done:], rates[done:], rng)

    def _judged(self, batches: Sequence[Sequence[int]], out: Any) -> Iterator[Judgement]:
        start = 0
        for batch in batches:
            rows = out[start : start + len(batch)]
            start += len(batch)
            targets = [self.task.targets[i] for i in batch]
            yield float(rows[:, 1].mean()), count_right(self.task.loss, rows[:, 2:], targets)

    def evaluate(self, inputs: Sequence[Any], targets: Sequence[Any]) -> Judgement:
        """Return the mean loss of samples, and how many are decided rightly, without dropout."""
        if not self._trusted:
            return self._slow.evaluate(inputs, targets)
        if not self._loaded:
            self._load()
        np, out = self._np, None
        with suppress(ValueError):  # targets of several shapes
            samples = self._array(inputs, targets)
            if samples.shape[1] == self._data.shape[1]:
                ones = np.ones((len(samples), self._masks))
                out = self._machine.run(np.concatenate([samples, ones], axis=1))
        if out is None:
            self.sync()
            return self._slow.evaluate(inputs, targets)
        return float(out[:, 1].mean()), count_right(self.task.loss, out[:, 2:], targets)


def count_right(loss: Loss, scores: Any, targets: Sequence[Any]) -> int:
    """Return how many samples are decided rightly, from an array of scores, (n, outputs)."""
    import numpy as np

    if loss.decide is None:
        return 0
    if LOSSES.get(loss.name) is not loss:
        return sum(map(loss.is_right, scores.tolist(), targets))
    wanted = np.array(targets)
    if loss.name == "cross_entropy":
        wanted = wanted.argmax(1) if wanted.ndim == 2 else wanted
        return int((scores.argmax(1) == wanted).sum())
    middle = 0.5 if loss.name == "binary_cross_entropy" else 0.0
    return int(((scores[:, 0] > 0) == (wanted > middle)).sum())


def make_steps(
    task: Task, optimizer: Optimizer, batch: int, epochs: int, engine: str, sync: str
) -> ValueSteps | MachineSteps:
    """Return what carries out the steps.

    Parameters
    ----------
    task, optimizer, batch, sync
        As in `MachineSteps`.
    epochs : int
        How often the samples are gone through, to see whether compiling pays.
    engine : {"auto", "eager", "numpy", "native"}
        "auto" compiles if the same as Values would take some seconds. What can't be compiled then
        runs as Values, with a warning.
    """
    from autograd import find_engine

    found = find_engine(engine)
    if found == "eager":
        return ValueSteps(task, optimizer)
    try:
        if engine == "auto" and not _is_worth_it(task, epochs):
            return ValueSteps(task, optimizer)
        _try_loss(task)
        return MachineSteps(task, optimizer, batch, found, sync)
    except ArithmeticError:
        return ValueSteps(task, optimizer)  # it diverges from the start: they say in which step
    except Exception as error:
        if engine != "auto":
            raise
        warnings.warn(
            f"Training runs as Values, more slowly, since it can't be compiled: {error}",
            RuntimeWarning,
            stacklevel=4,
        )
        return ValueSteps(task, optimizer)


def _try_loss(task: Task) -> None:
    """Raise what the loss of the first sample raises as Values, who say it best."""
    with training_mode(0), collector_paused():
        mean_loss(task.loss, [task.model.scores(as_values(task.inputs[0]))], [task.targets[0]])


def _is_worth_it(task: Task, epochs: int) -> bool:
    """Return whether training as Values would take seconds, from the graph of one sample."""
    with training_mode(0), collector_paused():
        scores = task.model.scores(as_values(task.inputs[0]))
    seen, stack, terms = set(scores), list(scores), 0
    while stack:
        parents = stack.pop().parents
        terms += len(parents)
        for node in parents:
            if node not in seen and node.op:
                stack.append(node)
            seen.add(node)
    # a weighted sum is one node, but takes time for each of its terms
    return (len(seen) + terms / 4) * len(task.inputs) * epochs * _SECONDS / 4 > _WORTH
