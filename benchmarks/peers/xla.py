"""JAX: one compiled call for each step, and whole epochs in one call with ``lax.scan``."""

from __future__ import annotations

from functools import partial
from typing import Any

from problems import LEARNING_RATE, Network, Problem, Transformer

from peers.peer import Peer
from peers.pytorch import numbers_of_network


class Jit(Peer):
    """`jax.jit` of a step that gives its weights away, so that they are updated in place."""

    name = "JAX jit"
    requires = {"jax": "pip install jax"}
    compiles = True

    def __init__(self, problem: Problem) -> None:
        import jax

        super().__init__(problem)
        jax.config.update("jax_enable_x64", True)
        self.jax = jax
        network = isinstance(problem, Network)
        first = numbers_of_network(problem) if network else list(problem.weights.values())
        self.start = [jax.numpy.array(numbers, float) for numbers in first]
        self.batches = self._batches(problem) if network else [()]
        loss = _network_loss(jax, problem) if network else _transformer_loss(jax, problem)

        def update(parameters: list[Any], batch: Any) -> tuple[list[Any], Any]:
            value, gradients = jax.value_and_grad(loss)(parameters, *batch)
            pairs = zip(parameters, gradients, strict=True)
            return [p - LEARNING_RATE * g for p, g in pairs], value

        self.update = update
        self.compiled = jax.jit(update, donate_argnums=0)
        self.restart()

    def _batches(self, problem: Network) -> list[tuple[Any, Any]]:
        """Return inputs and targets of each step."""
        array = self.jax.numpy.array
        kind = float if problem.loss == "hinge" else int
        return [(array(x, float), array(t, kind)) for x, t in problem.batches]

    def restart(self) -> None:
        """Copy the first weights, which a step would give away."""
        self.position = 0
        self.parameters = [p.copy() for p in self.start]

    def step(self) -> Any:
        """Return the loss, an array that may still be on its way."""
        batch = self.batches[self.next_batch()]
        self.parameters, loss = self.compiled(self.parameters, batch)
        return loss


class Scan(Jit):
    """Epochs in one call: scan over the full batches, then the one that has fewer samples."""

    name = "JAX scan"
    whole_epochs = True

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        jax, update, steps = self.jax, self.update, problem.steps
        ragged = isinstance(problem, Network) and len(problem.inputs) % problem.batch > 0
        full = self.batches[: steps - 1] if ragged else self.batches
        self.stacked = jax.tree.map(lambda *parts: jax.numpy.stack(parts), *full)
        self.last = self.batches[-1] if ragged else None

        def epoch(_: Any, state: Any, stacked: Any, last: Any) -> Any:
            if len(full) == 1:  # no loop in the loop
                parameters, loss = update(state[0], jax.tree.map(lambda part: part[0], stacked))
                return update(parameters, last) if ragged else (parameters, loss)
            parameters, losses = jax.lax.scan(update, state[0], stacked)
            return update(parameters, last) if ragged else (parameters, losses[-1])

        def epochs(parameters: list[Any], count: Any, stacked: Any, last: Any) -> Any:
            body = partial(epoch, stacked=stacked, last=last)
            return jax.lax.fori_loop(0, count, body, (parameters, 0.0))

        self.epochs = jax.jit(epochs, donate_argnums=0)

    def run(self, steps: int) -> float:
        """Make whole epochs in one call.

        Raises
        ------
        ValueError
            If the steps are no whole number of epochs.
        """
        count, rest = divmod(steps, self.problem.steps)
        if rest or self.position:
            raise ValueError(
                f"One call makes whole epochs of {self.problem.steps} steps; got {steps}."
            )
        self.parameters, loss = self.epochs(self.parameters, count, self.stacked, self.last)
        return float(loss)

    def losses(self, steps: int) -> list[float]:
        """Return the losses of the first steps of one scan over the full batches.

        Raises
        ------
        ValueError
            If there are fewer full batches than steps, but more than one batch.
        """
        one_batch, full = self.problem.steps == 1, self.problem.steps - (self.last is not None)
        if steps > full and not one_batch:
            raise ValueError(f"There are {full} full batches to scan; got {steps} steps.")
        self.restart()
        some = self.jax.tree.map(lambda part: part[:steps], self.stacked)
        if one_batch:  # the same one again and again
            concatenate = self.jax.numpy.concatenate
            some = self.jax.tree.map(lambda part: concatenate([part] * steps), self.stacked)
        scan = self.jax.jit(lambda p, b: self.jax.lax.scan(self.update, p, b, length=steps))
        return [float(loss) for loss in scan(self.parameters, some)[1]]


def _network_loss(jax: Any, problem: Network) -> Any:
    relu, last, penalty = jax.nn.relu, len(problem.layers) - 1, problem.penalty

    def scores(parameters: list[Any], x: Any) -> Any:
        for k in range(last):
            x = relu(x @ parameters[2 * k].T + parameters[2 * k + 1])
        return x @ parameters[2 * last].T + parameters[2 * last + 1]

    def hinge(parameters: list[Any], x: Any, targets: Any) -> Any:
        loss = relu(1 - targets * scores(parameters, x)[:, 0]).mean()
        return loss + penalty * sum((p * p).sum() for p in parameters)

    def cross_entropy(parameters: list[Any], x: Any, targets: Any) -> Any:
        return _cross_entropy(jax, scores(parameters, x), targets)

    return hinge if problem.loss == "hinge" else cross_entropy


def _cross_entropy(jax: Any, scores: Any, targets: Any) -> Any:
    log_probabilities = jax.nn.log_softmax(scores)
    picked = jax.numpy.take_along_axis(log_probabilities, targets[:, None], axis=1)
    return -picked.mean()


def _transformer_loss(jax: Any, problem: Transformer) -> Any:
    np, names, heads, width = jax.numpy, list(problem.weights), problem.heads, problem.width
    n = len(problem.tokens) - 1
    inputs, targets = np.array(problem.tokens[:-1]), np.array(problem.tokens[1:])
    past = np.tril(np.ones((n, n), bool))

    def normed(x: Any) -> Any:
        return x * jax.lax.rsqrt((x * x).mean(1, keepdims=True) + 1e-5)

    def split(x: Any) -> Any:
        return x.reshape(n, heads, width // heads).transpose(1, 0, 2)

    def loss(parameters: list[Any]) -> Any:
        w = dict(zip(names, parameters, strict=True))
        x = normed(w["wte"][inputs] + w["wpe"][:n])
        y = normed(x)
        q, k, v = (split(y @ w[name].T) for name in ("wq", "wk", "wv"))
        scores = q @ k.transpose(0, 2, 1) / (width // heads) ** 0.5
        attention = jax.nn.softmax(np.where(past, scores, -np.inf))
        x = (attention @ v).transpose(1, 0, 2).reshape(n, width) @ w["wo"].T + x
        x = jax.nn.relu(normed(x) @ w["f1"].T) @ w["f2"].T + x
        return _cross_entropy(jax, x @ w["lm"].T, targets)

    return loss
