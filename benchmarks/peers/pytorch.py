"""PyTorch on tensors: eager, and with the whole training step through torch.compile."""

from __future__ import annotations

from typing import Any

from problems import LEARNING_RATE, Network, Problem, Transformer

from peers.peer import Peer

INSTALL = "pip install torch==2.13.0"


class Eager(Peer):
    """Autograd and one call that moves all parameters: faster than backward and torch.optim.SGD."""

    name = "PyTorch eager"
    requires = {"torch": INSTALL}

    def __init__(self, problem: Problem) -> None:
        import torch

        super().__init__(problem)
        self.torch = torch
        torch.set_num_threads(1)
        network = isinstance(problem, Network)
        first = numbers_of_network(problem) if network else list(problem.weights.values())
        self.start = [torch.tensor(numbers, dtype=torch.float64) for numbers in first]
        self.parameters = [p.clone().requires_grad_() for p in self.start]
        self.batches = self._batches(problem) if network else [()]
        self.loss = _network_loss(torch, problem) if network else _transformer_loss(torch, problem)

    def _batches(self, problem: Network) -> list[tuple[Any, Any]]:
        """Return inputs and targets of each step."""
        tensor, float64 = self.torch.tensor, self.torch.float64
        kind = float64 if problem.loss == "hinge" else self.torch.int64
        return [(tensor(x, dtype=float64), tensor(t, dtype=kind)) for x, t in problem.batches]

    def restart(self) -> None:
        """Copy the first weights back."""
        self.position = 0
        with self.torch.no_grad():
            for parameter, first in zip(self.parameters, self.start, strict=True):
                parameter.copy_(first)

    def step(self) -> Any:
        """Return the loss, a tensor."""
        loss = self.loss(self.parameters, *self.batches[self.next_batch()])
        gradients = self.torch.autograd.grad(loss, self.parameters)
        with self.torch.no_grad():
            self.torch._foreach_add_(self.parameters, gradients, alpha=-LEARNING_RATE)
        return loss.detach()


class Compiled(Eager):
    """Loss, gradients and update in one compiled function; each batch size is compiled apart."""

    name = "torch.compile"
    compiles = True

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        import torch._inductor.config

        torch._inductor.config.force_disable_caches = True  # compile anew in each run
        self.parameters = [p.detach() for p in self.parameters]
        derived = self.torch.func.grad_and_value(self.loss)

        def step(parameters: list[Any], *batch: Any) -> Any:
            gradients, loss = derived(parameters, *batch)
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.sub_(gradient, alpha=LEARNING_RATE)
            return loss

        self.compiled = self.torch.compile(step, dynamic=False)

    def step(self) -> Any:
        """Return the loss, a tensor."""
        with self.torch.no_grad():
            return self.compiled(self.parameters, *self.batches[self.next_batch()])


def numbers_of_network(problem: Network) -> list[Any]:
    """Return weights and biases, layer by layer."""
    return [numbers for layer in problem.layers for numbers in layer]


def _network_loss(torch: Any, problem: Network) -> Any:
    linear, relu = torch.nn.functional.linear, torch.relu
    last, penalty = len(problem.layers) - 1, problem.penalty

    def scores(parameters: list[Any], x: Any) -> Any:
        for k in range(last):
            x = relu(linear(x, parameters[2 * k], parameters[2 * k + 1]))
        return linear(x, parameters[2 * last], parameters[2 * last + 1])

    def hinge(parameters: list[Any], x: Any, targets: Any) -> Any:
        loss = relu(1 - targets * scores(parameters, x)[:, 0]).mean()
        return loss + penalty * sum((p * p).sum() for p in parameters) if penalty else loss

    def cross_entropy(parameters: list[Any], x: Any, targets: Any) -> Any:
        return torch.nn.functional.cross_entropy(scores(parameters, x), targets)

    return hinge if problem.loss == "hinge" else cross_entropy


def _transformer_loss(torch: Any, problem: Transformer) -> Any:
    names, heads, n = list(problem.weights), problem.heads, len(problem.tokens) - 1
    inputs, targets = torch.tensor(problem.tokens[:-1]), torch.tensor(problem.tokens[1:])
    width, cross_entropy = problem.width, torch.nn.functional.cross_entropy
    sharpness = (width // heads) ** -0.5
    future = torch.full((n, n), -torch.inf, dtype=torch.float64).triu(1)

    def normed(x: Any) -> Any:
        return x * ((x * x).mean(1, keepdim=True) + 1e-5).rsqrt()

    def split(x: Any) -> Any:
        return x.view(n, heads, width // heads).transpose(0, 1)

    def loss(parameters: list[Any]) -> Any:
        w = dict(zip(names, parameters, strict=True))
        x = normed(w["wte"][inputs] + w["wpe"][:n])
        y = normed(x)
        q, k, v = (split(y @ w[name].T) for name in ("wq", "wk", "wv"))
        attention = torch.softmax(q @ k.transpose(1, 2) * sharpness + future, 2)
        x = (attention @ v).transpose(0, 1).reshape(n, width) @ w["wo"].T + x
        x = torch.relu(normed(x) @ w["f1"].T) @ w["f2"].T + x
        return cross_entropy(x @ w["lm"].T, targets)

    return loss
