"""How the learning rate changes over training: factors by which it is multiplied.

A schedule is a function of how much of the training is done, from 0 at the first step to 1 after
the last, so that it does not depend on batch sizes or the number of epochs.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi

Schedule = Callable[[float], float]


def constant() -> Schedule:
    """Return the schedule that changes nothing.

    Examples
    --------
    >>> constant()(0.5)
    1.0
    """
    return lambda _: 1.0


def linear(end: float = 0.0) -> Schedule:
    """Return a straight line from 1 to `end`; micrograd's demo has ``linear(end=0.1)``.

    Examples
    --------
    >>> linear(end=0.1)(0.5)
    0.55
    """
    return lambda done: 1 + (end - 1) * done


def cosine(end: float = 0.0) -> Schedule:
    """Return half a cosine wave from 1 to `end` (Loshchilov and Hutter 2017).

    Examples
    --------
    >>> cosine()(0.5)
    0.5
    """
    return lambda done: end + (1 - end) * (1 + cos(pi * done)) / 2


def exponential(end: float = 0.01) -> Schedule:
    """Return an exponential decay from 1 to `end`, which must be above 0.

    Examples
    --------
    >>> exponential(end=0.01)(0.5)
    0.1
    """
    if end <= 0:
        raise ValueError(f"An exponential decay ends above 0; got end={end}.")
    return lambda done: float(end**done)


def steps(at: tuple[float, ...] = (0.5, 0.75), factor: float = 0.1) -> Schedule:
    """Return a staircase that is multiplied by `factor` at each share of training in `at`.

    Examples
    --------
    >>> steps()(0.6)
    0.1
    """
    return lambda done: float(factor ** sum(done >= share for share in at))


def warmup(share: float = 0.05, then: Schedule | None = None) -> Schedule:
    """Return a rise from 0 to 1 over the first `share` of training, and `then` over the rest.

    As Goyal et al. 2017 begin with large batches.

    Parameters
    ----------
    share : float
        In (0, 1).
    then : Schedule, optional
        Sees the rest of the training as its own 0 to 1; constant if left out.

    Examples
    --------
    >>> warmup(0.5, then=linear())(0.25), warmup(0.5, then=linear())(0.75)
    (0.5, 0.5)
    """
    if not 0 < share < 1:
        raise ValueError(f"warmup's share of the training lies between 0 and 1; got {share}.")
    after = then or constant()
    return lambda done: done / share if done < share else after((done - share) / (1 - share))


SCHEDULES: dict[str, Callable[[], Schedule]] = {
    "constant": constant,
    "linear": linear,
    "cosine": cosine,
    "exponential": exponential,
    "steps": steps,
    "warmup": warmup,
}


def find_schedule(schedule: str | Schedule) -> Schedule:
    """Return the schedule of that name with its usual settings, or the function itself.

    Raises
    ------
    ValueError
        If no schedule has that name.

    Examples
    --------
    >>> find_schedule("linear")(1.0)
    0.0
    """
    if callable(schedule):
        return schedule
    if not isinstance(schedule, str) or schedule not in SCHEDULES:
        raise ValueError(
            f"No schedule is named {schedule!r}; choose one of {', '.join(SCHEDULES)}."
        )
    return SCHEDULES[schedule]()
