"""Derivatives by finite differences: a witness that knows nothing of the engine."""


def central_difference(function, numbers, step=1e-5):
    """Return d function(numbers) / d numbers[i] for each i, by (f(x + h) - f(x - h)) / 2h."""
    slopes = []
    for i, x in enumerate(numbers):
        above = [*numbers[:i], x + step, *numbers[i + 1 :]]
        below = [*numbers[:i], x - step, *numbers[i + 1 :]]
        slopes.append((function(above) - function(below)) / (2 * step))
    return slopes


def slopes_of(parameters, number, step=1e-5):
    """Return d number() / d parameter for each parameter, whose data is moved and put back."""

    def at(numbers):
        for parameter, x in zip(parameters, numbers, strict=True):
            parameter.data = x
        return number()

    start = [parameter.data for parameter in parameters]
    slopes = central_difference(at, start, step)
    at(start)
    return slopes
