"""Random graphs of every operation, away from kinks and poles: recipes for any arithmetic."""

import inspect
import math
import random
from dataclasses import dataclass

from hypothesis import strategies as st

from autograd import OPS, cos, define
from autograd.ops import total_of

BUILT_IN = [op for op in OPS.values() if op.derivatives.__module__ == "autograd.ops"]

USER = define(
    "product_plus_sine",
    lambda x, y: x * y + math.sin(x),
    lambda x, y, _out: (y + cos(x), x),
)
del OPS[USER.name]  # it works without its row, and other tests see the table as it was

ROWS = [*BUILT_IN, USER]

MARGIN = 0.2  # no input is nearer to a kink or pole
STEEPEST = 100.0  # no number moves faster than this, so that steps up to 1e-3 reach no kink


def arity(op):
    """Return how many inputs an operation takes; None for any number."""
    parameters = inspect.signature(op.derivatives).parameters.values()
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return None
    return len(parameters) - 1


@dataclass
class Recipe:
    """Numbers to start from, and steps: an operation with its inputs.

    An input is an integer, the place of an earlier result, or a float, a constant.
    """

    leaves: list
    steps: list

    def run(self, leaves=None, call=lambda op, *inputs: op(*inputs)):
        """Return all results, the root last: Values from Values, floats from floats."""
        results = list(self.leaves if leaves is None else leaves)
        for op, inputs in self.steps:
            results.append(call(op, *[results[x] if isinstance(x, int) else x for x in inputs]))
        return results


def build(pick, number, size=12):
    """Return a recipe; ``pick(n)`` chooses from range(n), ``number()`` gives a float."""
    leaves = [number() for _ in range(1 + pick(4))]
    recipe, numbers, speeds = Recipe(leaves, []), list(leaves), [1.0] * len(leaves)

    def choose():
        return number() if pick(5) == 0 else pick(len(numbers))

    for _ in range(1 + pick(size)):
        start, count = pick(len(ROWS)), 1 + pick(5)
        inputs = [pick(len(numbers)), *[choose() for _ in range(4)]]
        for op in (*ROWS[start:], *ROWS[:start]):
            used = inputs[: arity(op) or count]
            speed = _speed(op, used, numbers, speeds)
            if speed <= STEEPEST:
                recipe.steps.append((op, used))
                numbers.append(recipe.run()[-1])
                speeds.append(speed)
                break
    used = {x for _, inputs in recipe.steps for x in inputs if isinstance(x, int)}
    recipe.steps.append((total_of, [x for x in range(len(numbers)) if x not in used]))
    return recipe


def _speed(op, inputs, numbers, speeds):
    """Return how fast the result can move when the leaves do; inf where it must not be taken."""
    values = [numbers[x] if isinstance(x, int) else x for x in inputs]
    try:
        out = op(*values)
        if not op.margin(*values) >= MARGIN or not math.fabs(out) <= STEEPEST:
            return math.inf
        if op.name == "power" and isinstance(inputs[1], int) and values[0] < MARGIN:
            return math.inf  # whole exponents alone suit every base, and this one moves
        slopes = op.derivatives(*values, out)
    except (ArithmeticError, ValueError):
        return math.inf
    speed = sum(
        math.fabs(slope) * speeds[x]
        for x, slope in zip(inputs, slopes, strict=True)
        if isinstance(x, int)
    )
    return speed if math.isfinite(speed) else math.inf


@st.composite
def recipes(draw, size=12):
    """Return a hypothesis strategy of recipes."""
    return build(
        lambda n: draw(st.integers(0, n - 1)),
        lambda: draw(st.integers(-300, 300)) / 100,
        size,
    )


def seeded_recipe(seed, size=12):
    """Return the recipe of that seed."""
    source = random.Random(seed)
    return build(source.randrange, lambda: round(source.uniform(-3, 3), 2), size)


def difference_quotients(f, numbers, step=2e-4):
    """Return the slope of f in each number by five-point differences."""

    def moved(i, distance):
        return f([x + distance if k == i else x for k, x in enumerate(numbers)])

    return [
        (8 * (moved(i, step) - moved(i, -step)) - (moved(i, 2 * step) - moved(i, -2 * step)))
        / (12 * step)
        for i in range(len(numbers))
    ]
