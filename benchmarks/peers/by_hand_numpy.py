"""NumPy by hand: few calls for a step, results written into arrays that are there already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from problems import LEARNING_RATE, Network, Problem, Transformer

from peers.peer import Peer


def flat_parameters(problem: Problem) -> list[float]:
    """Return all first weights in one list: matrices row by row, a layer's biases behind them."""
    if isinstance(problem, Transformer):
        return [w for matrix in problem.weights.values() for row in matrix for w in row]
    return [
        number for weights, biases in problem.layers for row in [*weights, biases] for number in row
    ]


class NumPy(Peer):
    """All parameters in one array, all gradients in another: one update for all."""

    name = "NumPy by hand"
    requires = {"numpy": "pip install numpy"}

    def __init__(self, problem: Problem) -> None:
        import numpy

        super().__init__(problem)
        self.start = numpy.array(flat_parameters(problem))
        self.parameters = self.start.copy()
        self.gradients = numpy.zeros_like(self.start)
        self.pieces = _Transformer if isinstance(problem, Transformer) else _Network
        self.engine = self.pieces(problem, self.parameters, self.gradients)

    def restart(self) -> None:
        """Copy the first weights back."""
        self.parameters[:] = self.start
        self.position = 0

    def step(self) -> Any:
        """Return the loss, a NumPy number."""
        loss = self.engine.loss_and_gradients(self.next_batch())
        self.gradients *= LEARNING_RATE
        self.parameters -= self.gradients
        return loss


def views(array: Any, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    """Return parts of a flat array, one behind the other, in these shapes."""
    parts, start = [], 0
    for shape in shapes:
        size = shape[0] * (shape[1] if len(shape) > 1 else 1)
        parts.append(array[start : start + size].reshape(shape))
        start += size
    return parts


class _Network:
    def __init__(self, problem: Network, parameters: Any, gradients: Any) -> None:
        import numpy as np

        self.np, self.problem, self.parameters, self.gradients = np, problem, parameters, gradients
        pairs = zip(problem.sizes, problem.sizes[1:], strict=False)
        shapes = [shape for nin, nout in pairs for shape in ((nout, nin), (nout,))]
        w, g = views(parameters, shapes), views(gradients, shapes)
        self.layers = list(zip([m.T for m in w[::2]], w[1::2], g[::2], g[1::2], strict=True))
        kind = float if problem.loss == "hinge" else int
        self.batches = [(np.array(x), np.array(t, kind)) for x, t in problem.batches]
        self.buffers = {len(t): self._buffers(len(t)) for _, t in self.batches}

    def _buffers(self, n: int) -> tuple[Any, ...]:
        """Return room for the outputs of each layer, for slopes, and what a batch of n needs."""
        empty, sizes = self.np.empty, self.problem.sizes[1:]
        outputs, slopes = [empty((n, k)) for k in sizes], [empty((n, k)) for k in sizes]
        active = [empty((n, k), bool) for k in sizes]
        return outputs, slopes, active, self.np.arange(n), self.np.ones(n)

    def loss_and_gradients(self, batch: int) -> Any:
        np = self.np
        x, targets = self.batches[batch]
        outputs, slopes, active, rows, ones = self.buffers[len(targets)]
        last, h = len(self.layers) - 1, x
        for k, (w, b, _, _) in enumerate(self.layers):
            h = np.dot(h, w, out=outputs[k])
            h += b
            if k < last:
                np.maximum(h, 0.0, out=h)
        d = slopes[last]
        loss_of = self._hinge if self.problem.loss == "hinge" else self._cross_entropy
        loss = loss_of(h, targets, rows, d)
        for k in range(last, -1, -1):
            w, _, gradient, gradient_of_b = self.layers[k]
            np.dot(d.T, outputs[k - 1] if k else x, out=gradient)
            np.dot(ones, d, out=gradient_of_b)
            if k:
                d = np.dot(d, w.T, out=slopes[k - 1])
                d *= np.greater(outputs[k - 1], 0.0, out=active[k - 1])
        if self.problem.penalty:
            loss += self.problem.penalty * self.parameters.dot(self.parameters)
            self.gradients += 2 * self.problem.penalty * self.parameters
        return loss

    def _hinge(self, scores: Any, targets: Any, rows: Any, d: Any) -> Any:
        margins = 1 - targets * scores[:, 0]
        wrong, n = margins > 0, len(rows)
        d[:, 0] = wrong * (targets / -n)
        return margins.dot(wrong) / n

    def _cross_entropy(self, scores: Any, targets: Any, rows: Any, d: Any) -> Any:
        np, n = self.np, len(rows)
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=d)
        sums = d.sum(axis=1, keepdims=True)
        d /= sums
        d[rows, targets] -= 1.0
        d /= n
        return (np.log(sums).sum() - scores[rows, targets].sum()) / n


class _Transformer:
    """The transformer with a row for each position; heads are a middle axis."""

    def __init__(self, problem: Transformer, parameters: Any, gradients: Any) -> None:
        import numpy as np

        self.np, self.heads = np, problem.heads
        shapes = [(len(m), len(m[0])) for m in problem.weights.values()]
        self.w = dict(zip(problem.weights, views(parameters, shapes), strict=True))
        self.g = dict(zip(problem.weights, views(gradients, shapes), strict=True))
        self.inputs, self.targets = np.array(problem.tokens[:-1]), np.array(problem.tokens[1:])
        self.n = n = len(self.inputs)
        self.rows = np.arange(n)
        self.future = np.triu(np.full((n, n), -np.inf), 1)

    def loss_and_gradients(self, batch: int) -> Any:
        del batch  # there is only one
        np, w, n = self.np, self.w, self.n
        x0 = w["wte"][self.inputs] + w["wpe"][:n]
        x1, s1 = self._normed(x0)
        x2, s2 = self._normed(x1)
        q, k, v = (self._split(x2 @ w[name].T) for name in ("wq", "wk", "wv"))
        scale = q.shape[2] ** -0.5
        attention = q @ k.transpose(0, 2, 1)
        attention *= scale
        attention += self.future
        attention -= attention.max(axis=2, keepdims=True)
        np.exp(attention, out=attention)
        attention /= attention.sum(axis=2, keepdims=True)
        heads = self._joined(attention @ v)
        x3 = heads @ w["wo"].T
        x3 += x1
        x4, s4 = self._normed(x3)
        hidden = np.maximum(x4 @ w["f1"].T, 0.0)
        x5 = hidden @ w["f2"].T
        x5 += x3
        scores = x5 @ w["lm"].T
        scores -= scores.max(axis=1, keepdims=True)
        d = np.exp(scores)
        sums = d.sum(axis=1, keepdims=True)
        loss = (np.log(sums).sum() - scores[self.rows, self.targets].sum()) / n
        d /= sums
        d[self.rows, self.targets] -= 1.0
        d /= n

        d5 = self._through("lm", x5, d)
        d4 = self._through("f1", x4, self._through("f2", hidden, d5) * (hidden > 0))
        d3 = d5 + self._normed_back(x4, s4, d4)
        d_heads = self._split(self._through("wo", heads, d3))
        dv = attention.transpose(0, 2, 1) @ d_heads
        ds = d_heads @ v.transpose(0, 2, 1)
        ds -= (ds * attention).sum(axis=2, keepdims=True)
        ds *= attention
        ds *= scale
        d2 = self._through("wq", x2, self._joined(ds @ k))
        d2 += self._through("wk", x2, self._joined(ds.transpose(0, 2, 1) @ q))
        d2 += self._through("wv", x2, self._joined(dv))
        d0 = self._normed_back(x1, s1, d3 + self._normed_back(x2, s2, d2))
        self.g["wpe"][:n], self.g["wpe"][n:], self.g["wte"][:] = d0, 0.0, 0.0
        np.add.at(self.g["wte"], self.inputs, d0)
        return loss

    def _through(self, name: str, x: Any, d: Any) -> Any:
        """Note the gradient of a matrix; return the slopes of what it was multiplied with."""
        self.np.dot(d.T, x, out=self.g[name])
        return d @ self.w[name]

    def _split(self, x: Any) -> Any:
        return x.reshape(self.n, self.heads, -1).transpose(1, 0, 2)

    def _joined(self, x: Any) -> Any:
        return x.transpose(1, 0, 2).reshape(self.n, -1)

    def _normed(self, x: Any) -> tuple[Any, Any]:
        """Return x over its root mean square, and one over that."""
        scale = ((x * x).mean(axis=1, keepdims=True) + 1e-5) ** -0.5
        return x * scale, scale

    def _normed_back(self, y: Any, scale: Any, d: Any) -> Any:
        return scale * (d - y * (y * d).mean(axis=1, keepdims=True))
