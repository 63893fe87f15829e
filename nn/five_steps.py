"""The lecture's algorithm of back-propagation, one of its five steps at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from autograd import indexed, look
from nn.backprop_table import BackpropTable, backprop_table
from nn.models import Model
from nn.optimizers import SGD
from nn.training import check_samples

STEPS = (
    "weights at random",
    "forward: x and s",
    "backward: δ",
    "gradient step: w ← w − η x δ",
    "back to step 2",
)


@dataclass(frozen=True, slots=True)
class AlgorithmStep:
    """One of the five steps, with the numbers as they are after it.

    Attributes
    ----------
    number : int
        1 to 5.
    round, sample : int
        How often it has come round, from 1, and the index of the sample at hand.
    table : BackpropTable or None
        s, x, δ and ∂L/∂w of this round (from step 2 on).
    weights : dict of str to float
        Every weight and bias by the lecture's name, after this step.
    """

    number: int
    round: int
    sample: int
    table: BackpropTable | None
    weights: dict[str, float]

    @property
    def words(self) -> str:
        """The step in the lecture's words."""
        return STEPS[self.number - 1]

    def __str__(self) -> str:
        head = f"{self.number}. {self.words}"
        if self.table is None or self.number == 5:
            return head
        if self.number == 4:
            numbers = list(self.weights.items())
            some = "   ".join(f"{name} = {look.number(w)}" for name, w in numbers[:4])
            return f"{head}\n   {some}{'   …' * (len(numbers) > 4)}"
        lines = [head]
        for row in self.table.rows[:12]:
            names = ("s", "x") if self.number == 2 else ("δ",)
            found = {"s": row.s, "x": row.x, "δ": row.delta}
            pairs = [
                f"{indexed(name, row.layer, row.index)} = {look.number(found[name])}"
                for name in names
            ]
            lines.append("   " + "   ".join(pairs))
        if len(self.table.rows) > 12:
            lines.append(f"   … {len(self.table.rows) - 12} more neurons")
        if self.number == 2:
            lines.append(f"   L = {look.number(self.table.loss)}")
        return "\n".join(lines)


def backprop_algorithm(
    model: Model,
    inputs: Sequence[Sequence[Any]],
    targets: Sequence[Any],
    *,
    learning_rate: float = 0.5,
    rounds: int = 1,
) -> Iterator[AlgorithmStep]:
    r"""Yield the lecture's five steps, sample by sample; between them you may look at the model.

    Parameters
    ----------
    model : Model
        Its first weights are what step 1 shows; step 4 moves them.
    inputs, targets : sequence
        N samples, one for each round, in turn.
    learning_rate : float, optional
        η.
    rounds : int, optional
        How often to do steps 2 to 5.

    Raises
    ------
    TypeError
        If `model` is none.
    ValueError
        If the samples do not fit the model, or there is no round.

    Notes
    -----
    Lecture, "the algorithm of back-propagation". All weights move at once, with the δ of step 3:
    who moves the last layer first and takes its new weights for the δ of the hidden layer computes
    no gradient (a famous page prints such totals).

    Examples
    --------
    >>> from nn.by_hand import mazur_network
    >>> network = mazur_network()
    >>> for step in backprop_algorithm(network, [[0.05, 0.10]], [[0.01, 0.99]]):
    ...     print(step)
    1. weights at random
    2. forward: x and s
       s₁¹ = 0.3775   x₁¹ = 0.5933
       s₂¹ = 0.3925   x₂¹ = 0.5969
       s₁² = 1.106   x₁² = 0.7514
       s₂² = 1.225   x₂² = 0.7729
       L = 0.2984
    3. backward: δ
       δ₁¹ = 0.008771
       δ₂¹ = 0.009954
       δ₁² = 0.1385
       δ₂² = −0.0381
    4. gradient step: w ← w − η x δ
       w₁₁¹ = 0.1498   w₂₁¹ = 0.1996   w₁₂¹ = 0.2498   w₂₂¹ = 0.2995   …
    5. back to step 2
    """
    if not isinstance(model, Model):
        raise TypeError(f"The algorithm moves the weights of a model; got {model!r:.60}.")
    if rounds < 1:
        raise ValueError(f"rounds is {rounds}, but the algorithm goes round at least once.")
    check_samples(model, model.loss, inputs, targets)
    return _five_steps(model, inputs, targets, SGD(model.parameters(), learning_rate), rounds)


def _five_steps(
    model: Model,
    inputs: Sequence[Sequence[Any]],
    targets: Sequence[Any],
    optimizer: SGD,
    rounds: int,
) -> Iterator[AlgorithmStep]:
    def weights() -> dict[str, float]:
        rows = backprop_table(model, inputs[0], targets[0]).rows
        found = {}
        for row in rows:
            for i, w in enumerate(row.weights, start=1):
                found[indexed("w", row.layer, i, row.index)] = w
        return found | {indexed("b", row.layer, row.index): row.bias for row in rows}

    yield AlgorithmStep(1, 1, 0, None, weights())
    for turn in range(1, rounds + 1):
        i = (turn - 1) % len(inputs)
        table = backprop_table(model, inputs[i], targets[i])
        yield AlgorithmStep(2, turn, i, table, weights())
        optimizer.zero_grad()
        model.loss(model.scores(inputs[i]), targets[i]).backward()
        yield AlgorithmStep(3, turn, i, table, weights())
        optimizer.step()
        yield AlgorithmStep(4, turn, i, table, weights())
        yield AlgorithmStep(5, turn, i, table, weights())
