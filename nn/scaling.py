"""Scaling of features: shift and divide by what the training data show."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from nn.checks import Row, check_lists, check_numbers, check_rows, count


class Scaler:
    """Shifts and scales each feature: z = (x - shift) / scale, as learned from training data.

    Fit it on the training part only: the other parts stand for data not seen yet.

    Parameters
    ----------
    kind : {"standard", "minmax"}
        "standard" gives mean 0 and standard deviation 1 (the root of the mean square, divided by
        N); "minmax" gives the range 0 to 1. A constant feature becomes 0.

    Attributes
    ----------
    shift, scale : list of float, length D
        What is taken off and divided by; empty before `fit`.

    Raises
    ------
    ValueError
        If `kind` is another word.

    Examples
    --------
    >>> from nn import Scaler
    >>> scaler = Scaler("minmax").fit([[1.0, 10.0], [3.0, 10.0]])
    >>> scaler.transform([[2.0, 10.0], [5.0, 11.0]])
    [[0.5, 0.0], [2.0, 1.0]]

    A data set keeps its names when its inputs are replaced:

    >>> from dataclasses import replace
    >>> from nn import make_blobs, split
    >>> train, test = split(make_blobs(), (0.8, 0.2))
    >>> scaler = Scaler().fit(train.inputs)
    >>> replace(test, inputs=scaler.transform(test.inputs))
    Dataset('blobs': 20 samples, 2 features, 3 classes)
    """

    def __init__(self, kind: Literal["standard", "minmax"] = "standard") -> None:
        if kind not in _MEASURES:
            raise ValueError(f"kind is {kind!r}, but a scaler is one of {', '.join(_MEASURES)}.")
        self.kind = kind
        self.shift: list[float] = []
        self.scale: list[float] = []

    def __repr__(self) -> str:
        width = count(len(self.shift), "feature") if self.shift else "not fitted"
        return f"Scaler({self.kind!r}: {width})"

    def fit(self, inputs: Sequence[Row]) -> Scaler:
        """Learn shift and scale from rows of equal length; return self.

        Parameters
        ----------
        inputs : sequence of rows, N by D
            The training samples; N and D at least 1.

        Raises
        ------
        ValueError
            If there are no rows or no features, the rows differ in length, a number is nan or
            infinite, or their range is too large to be a number. What was learned before stays.
        """
        check_lists(inputs=inputs)
        if len(inputs):
            check_lists(**{"inputs[0]": inputs[0]})
        if not len(inputs) or not len(inputs[0]):
            raise ValueError("fit needs at least one row with at least one feature; got none.")
        width = len(inputs[0])
        check_rows(inputs, width, f"inputs[0] has {width}")
        try:
            measured = [_MEASURES[self.kind](column) for column in zip(*inputs, strict=True)]
            for part in zip(*measured, strict=True):
                check_numbers(part, "a shift or scale")
        except (OverflowError, ValueError):
            raise ValueError("the numbers lie too far apart: their range is no number") from None
        self.shift = [shift for shift, _ in measured]
        self.scale = [scale for _, scale in measured]
        return self

    def transform(self, inputs: Sequence[Row]) -> list[list[float]]:
        """Return scaled copies of the rows, N by D.

        Raises
        ------
        ValueError
            If the scaler is not fitted, a row has another length than the fitted ones, or a
            number is nan or infinite.
        """
        columns = self._columns_for(inputs)
        return [[(x - a) / b for x, (a, b) in zip(row, columns, strict=True)] for row in inputs]

    def inverse(self, inputs: Sequence[Row]) -> list[list[float]]:
        """Return the original numbers of scaled rows, N by D: x = z * scale + shift.

        Raises
        ------
        ValueError
            As `transform`.
        """
        columns = self._columns_for(inputs)
        return [[z * b + a for z, (a, b) in zip(row, columns, strict=True)] for row in inputs]

    def _columns_for(self, inputs: Sequence[Row]) -> list[tuple[float, float]]:
        """Return (shift, scale) of each feature, if the inputs fit them."""
        if not self.shift:
            raise ValueError("The scaler is not fitted. Call fit(training_inputs) first.")
        check_rows(inputs, len(self.shift), f"the scaler was fitted on {len(self.shift)}")
        return list(zip(self.shift, self.scale, strict=True))

    def state(self) -> dict[str, Any]:
        """Return kind, shift and scale as plain data, ready for JSON."""
        return {"kind": self.kind, "shift": list(self.shift), "scale": list(self.scale)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Scaler:
        """Return the scaler that `state()` described.

        Raises
        ------
        ValueError
            If a part is missing, the lengths differ, a number is not finite or a scale is not
            positive.

        Examples
        --------
        >>> from nn import Scaler
        >>> scaler = Scaler.from_state({"kind": "standard", "shift": [5.0], "scale": [2.0]})
        >>> scaler.transform([[9.0]])
        [[2.0]]
        """
        missing = [key for key in ("kind", "shift", "scale") if key not in state]
        if missing:
            raise ValueError(f"The scaler's state lacks {', '.join(missing)}.")
        scaler = cls(state["kind"])
        shift, scale = list(state["shift"]), list(state["scale"])
        if len(shift) != len(scale):
            raise ValueError(f"{len(shift)} shifts came with {len(scale)} scales.")
        check_numbers(shift, "shift")
        check_numbers(scale, "scale")
        for i, number in enumerate(scale):
            if number <= 0:
                raise ValueError(f"scale[{i}] is {number!r}, but a scale is positive.")
        scaler.shift, scaler.scale = shift, scale
        return scaler


def _mean_and_deviation(column: Row) -> tuple[float, float]:
    if min(column) == max(column):  # a rounded mean would leave a deviation of rounding errors
        return float(column[0]), 1.0
    mean = math.fsum(column) / len(column)
    return mean, math.hypot(*(x - mean for x in column)) / math.sqrt(len(column))


def _least_and_range(column: Row) -> tuple[float, float]:
    return float(min(column)), float(max(column) - min(column)) or 1.0


_MEASURES = {"standard": _mean_and_deviation, "minmax": _least_and_range}
