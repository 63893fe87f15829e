"""Random functions of a sample and of parameters, over all operations of the table, for compilers.

Numbers are kept tame, so that two ways of computing agree to many digits: roots, logarithms and
quotients get what is above 1, and everything else goes through tanh from time to time.
"""

import itertools
import random

import autograd
from autograd import OPS, Value, define, log_sum_exp, pick, tanh, total, weighted_sum

USER = define("cubed_plus", lambda x, y: x * x * x + y, lambda x, y, _out: (3 * x * x, 1.0))
CALLED = define(
    "bump",
    lambda x: x / (1.0 + x * x) if x < 9 else 0.0,
    lambda x, _out: ((1 - x * x) / (1 + x * x) ** 2,),
)
OPAQUE = define(
    "ramp",
    lambda x: 0.5 * x if x < 0 else x,
    lambda x, _out: (0.5 if x < 0 else 1.0,),  # asks how large x is: no arithmetic
)
OURS = [USER, CALLED, OPAQUE]
for _op in OURS:
    del OPS[_op.name]  # they work without their rows, and other tests see the table as it was


def _above_one(x):
    return 1.25 + x * x


ONE = {  # operations of one input, on tame numbers
    "exp": lambda x: autograd.exp(tanh(x)),
    "log": lambda x: autograd.log(_above_one(x)),
    "log_or_zero": lambda x: autograd.log_or_zero(_above_one(x)),
    "sqrt": lambda x: autograd.sqrt(_above_one(x)),
    "square": lambda x: x**2,
    "root": lambda x: _above_one(x) ** 0.5,
    "inverse": lambda x: _above_one(x) ** -1,
    "cube": lambda x: tanh(x) ** 3,
    "leaky": lambda x: autograd.leaky_relu(x, 0.1),
    "user": lambda x: CALLED(x),
    "ramp": lambda x: OPAQUE(x),
    **{
        name: (lambda op: lambda x: op(x))(OPS[name])
        for name in (
            "neg", "sin", "cos", "tanh", "sigmoid", "softplus", "step", "sign", "relu", "abs",
        )
    },
}  # fmt: skip
TWO = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / _above_one(y),
    "power": lambda x, y: _above_one(x) ** tanh(y),
    "maximum": autograd.maximum,
    "minimum": autograd.minimum,
    "where": lambda x, y: autograd.where(autograd.step(x - 0.3), y, x),
    "user": lambda x, y: USER(tanh(x), y),
    "scaled": lambda x, y: 0.5 * x + 2 * y - 1,
}


class RandomFunction:
    """A function of one sample (numbers, and whole numbers to pick by), with its parameters.

    Calling it builds the same expression each time, whatever the sample holds.

    Parameters
    ----------
    seed : int
    size : int, optional
        At most so many steps.
    widest : int, optional
        At most so many neurons in a layer, or terms in a sum.
    results : int, optional
        How many Values it returns; in a list if there are several.
    """

    def __init__(self, seed, size=14, widest=5, results=1):
        self.seed, self.size, self.widest, self.results = seed, size, widest, results
        rng = random.Random(seed)
        self.nin, self.choices = rng.randint(1, 4), rng.randint(0, 2)
        self.parameters = [Value(rng.uniform(-1, 1)) for _ in range(rng.randint(1, 12 * widest))]
        self.constant = Value(rng.uniform(-1, 1), constant=True)

    def samples(self, count):
        rng = random.Random(self.seed + 1)
        return [
            [
                [rng.uniform(-1.5, 1.5) for _ in range(self.nin)],
                [rng.randrange(3) for _ in range(self.choices)],
            ]
            for _ in range(count)
        ]

    def __call__(self, numbers, choices):
        rng = random.Random(self.seed + 2)
        fresh, widest = itertools.cycle(self.parameters), self.widest
        pool = [*numbers, *self.parameters[:3], self.constant]
        layers = [list(numbers)]

        def some(count):
            return [rng.choice(pool) for _ in range(count)]

        def value():
            return rng.choice(pool) if rng.random() < 0.85 else round(rng.uniform(-1, 1), 1)

        for _ in range(rng.randint(2, self.size)):
            kind = rng.choice(["one", "two", "two", "layer", "layer", "many", "map", "sum"])
            if kind == "one":
                new = [ONE[rng.choice(sorted(ONE))](rng.choice(pool))]
            elif kind == "two":
                new = [TWO[rng.choice(sorted(TWO))](rng.choice(pool), value())]
            elif kind == "layer":
                inputs = rng.choice(layers) if rng.random() < 0.7 else some(rng.randint(1, widest))
                bias, style = rng.random() < 0.6, rng.randrange(3)
                new = []
                for _ in range(rng.randint(1, widest)):
                    weights = [next(fresh) for _ in inputs] if style else some(len(inputs))
                    b = next(fresh) if bias else 0.25
                    if style == 2:
                        new.append(sum((w * x for w, x in zip(weights, inputs, strict=True)), b))
                    else:
                        new.append(weighted_sum(weights, inputs, b if bias else None))
            elif kind == "many":
                name = rng.choice(["log_sum_exp", "total", "pick", "squares"])
                values = [value() for _ in range(rng.randint(1, widest))]
                values[0] = rng.choice(pool)
                if name == "pick" and choices:
                    values = [*values, value(), value(), value()][:3]
                    new = [pick(values, rng.choice(choices)) + 0.0 * pool[0]]
                elif name == "log_sum_exp":
                    new = [log_sum_exp(values)]
                elif name == "squares":
                    picked = some(rng.randint(1, 6))
                    new = [weighted_sum(picked, picked)]
                else:
                    new = [total(values)]
            elif kind == "map":
                function = ONE[rng.choice(sorted(ONE))]
                new = [function(x) for x in rng.choice(layers)]
            else:
                new = [sum(some(rng.randint(1, 6)))]
            new = [tanh(x) for x in new] if rng.random() < 0.5 else [0.3 * x for x in new]
            layers.append(new)
            pool.extend(new)
        loss = total([*pool[-6:], self.parameters[0], *(0.1 * x for x in numbers)])
        return loss if self.results == 1 else [loss, *pool[1 - self.results :]]
