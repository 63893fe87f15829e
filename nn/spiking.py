"""Neurons that answer all or nothing: a threshold, and a membrane that fires when it is full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, isfinite, log

from nn.checks import check_numbers


@dataclass(frozen=True)
class ThresholdNeuron:
    r"""A neuron that fires, 1, where its weighted sum reaches a threshold, and else is silent, 0.

    Parameters
    ----------
    weights : sequence of float
        One for each input.
    threshold : float
        A sum that is exactly as high fires.

    Notes
    -----
    McCulloch and Pitts 1943, with weights: :math:`x = 1` if :math:`\sum_i w_i x_i \ge θ`.

    Examples
    --------
    >>> both = ThresholdNeuron([1.0, 1.0], threshold=2.0)
    >>> [both(x) for x in ([0, 0], [0, 1], [1, 1])]
    [0, 0, 1]
    """

    weights: Sequence[float]
    threshold: float

    def __post_init__(self) -> None:
        check_numbers(self.weights, "weights")
        check_numbers([self.threshold], "threshold")

    def __call__(self, x: Sequence[float]) -> int:
        """Return 1 or 0.

        Raises
        ------
        ValueError
            If there are more or fewer inputs than weights, or one is no finite number.
        """
        if len(x) != len(self.weights):
            raise ValueError(
                f"Got {len(x)} inputs, but this neuron has {len(self.weights)} weights."
            )
        check_numbers(x, "inputs")
        return int(sum(w * a for w, a in zip(self.weights, x, strict=True)) >= self.threshold)


@dataclass(frozen=True, slots=True)
class Response:
    """What a neuron did while a current flowed.

    Attributes
    ----------
    times, voltages : list of float
        The membrane's curve, in ms and in mV above rest; at a spike three points share a time.
    spikes : list of float
        When it fired, in ms.
    """

    times: list[float]
    voltages: list[float]
    spikes: list[float]


@dataclass(frozen=True)
class LeakyIntegrateAndFire:
    r"""A neuron as a leaky membrane: current loads it, and at a threshold it fires and is empty.

    Parameters
    ----------
    tau : float, optional
        Time constant of the leak, in ms, above 0.
    threshold : float, optional
        Voltage above rest at which it fires, in mV, above 0.
    resistance : float, optional
        Of the membrane, in MΩ, so that 1 nA holds it at `resistance` mV.
    spike : float, optional
        Height of a spike, in mV. It is the same whatever the current: all or nothing.
    refractory : float, optional
        How long the membrane stays at rest after a spike, in ms, above 0.

    Raises
    ------
    ValueError
        If a number is not above 0, or a spike is not above the threshold.

    Notes
    -----
    Lapicque 1907: :math:`τ\,dV/dt = -V + R I`. While the current is constant,
    :math:`V(t) = R I + (V_0 - R I)\,e^{-t/τ}`; here that is exact, not in small steps.

    Examples
    --------
    >>> neuron = LeakyIntegrateAndFire(tau=10.0, threshold=15.0, resistance=10.0)
    >>> neuron.first_spike(2.0)
    13.8629436111989
    >>> neuron.first_spike(1.4) is None
    True
    """

    tau: float = 10.0
    threshold: float = 15.0
    resistance: float = 10.0
    spike: float = 100.0
    refractory: float = 2.0

    def __post_init__(self) -> None:
        for name in ("tau", "threshold", "resistance", "spike", "refractory"):
            number = getattr(self, name)
            if not 0 < number < inf:
                raise ValueError(f"{name} is {number!r:.60}, but must be above 0 and finite.")
        if self.spike <= self.threshold:
            raise ValueError(f"A spike of {self.spike} mV is not above {self.threshold} mV.")

    def first_spike(self, current: float) -> float | None:
        r"""Return when it fires first under a constant current from rest, in ms; None if never.

        Parameters
        ----------
        current : float
            In nA.

        Notes
        -----
        Where V(t) of Lapicque 1907 from rest reaches the threshold:
        :math:`t = τ \ln\frac{R I}{R I - V_{th}}`, for a current above :math:`V_{th} / R`.
        """
        check_numbers([current], "current")
        return self._time_to_threshold(0.0, self.resistance * current)

    def response(self, currents: Sequence[float], step: float = 0.1) -> Response:
        """Return what it does, from rest, while a current flows that changes in steps.

        Parameters
        ----------
        currents : sequence of float
            The current in each step of time, in nA.
        step : float, optional
            Length of a step, in ms, above 0. The curve has a point at each of its ends.

        Raises
        ------
        ValueError
            If a current is no finite number, or the step is not above 0.

        Examples
        --------
        >>> LeakyIntegrateAndFire().response([2.0] * 500).spikes
        [13.8629436111989, 29.7258872223978, 45.5888308335967]
        """
        check_numbers(currents, "currents")
        if not 0 < step < inf:
            raise ValueError(f"step is {step!r:.60}, but must be above 0 and finite.")
        times, voltages, spikes = [0.0], [0.0], []
        voltage, resting_until = 0.0, 0.0
        for k, current in enumerate(currents):
            now, end, goal = k * step, (k + 1) * step, self.resistance * current
            while True:
                now = max(now, min(resting_until, end))
                wait = self._time_to_threshold(voltage, goal)
                if now >= end or wait is None or now + wait > end:
                    break
                now += wait
                spikes.append(now)
                times += [now] * 3
                voltages += [self.threshold, self.spike, 0.0]
                voltage, resting_until = 0.0, now + self.refractory
            voltage = goal + (voltage - goal) * exp((now - end) / self.tau)
            times.append(end)
            voltages.append(voltage)
        return Response(times, voltages, spikes)

    def _time_to_threshold(self, voltage: float, goal: float) -> float | None:
        if goal <= self.threshold:
            return None
        time = self.tau * log((goal - voltage) / (goal - self.threshold))
        return time if isfinite(time) else None
