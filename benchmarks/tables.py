"""Tables of measurements: as text, as Markdown, and as plain data for JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

MISSING = "–"


def text(cell: Any) -> str:
    """Return words as they are."""
    return str(cell)


def number(cell: float) -> str:
    """Return a whole number with its thousands apart."""
    return f"{cell:,.0f}"


def milliseconds(seconds: float) -> str:
    """Return seconds as milliseconds."""
    return f"{seconds * 1e3:,.1f} ms"


def microseconds(seconds: float) -> str:
    """Return seconds as microseconds."""
    return f"{seconds * 1e6:.2f} µs"


def duration(seconds: float) -> str:
    """Return seconds as microseconds, or as milliseconds where they are more than 10."""
    return milliseconds(seconds) if seconds >= 0.01 else f"{seconds * 1e6:,.1f} µs"


def seconds(duration: float) -> str:
    """Return seconds."""
    return f"{duration:.2f} s"


def kilobytes(size: float) -> str:
    """Return bytes as kilobytes of 1000 bytes."""
    return f"{size / 1e3:,.0f} kB"


def megabytes(size: float) -> str:
    """Return bytes as megabytes of 10**6 bytes."""
    return f"{size / 1e6:.1f} MB"


def times(ratio: float) -> str:
    """Return a ratio."""
    if ratio >= 1000:
        return number(ratio)
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.1f}"


def at_least(goal: float) -> str:
    """Return a goal that a ratio has to reach."""
    return f"≥ {goal:g}"


def yes_or_no(met: bool) -> str:
    """Return whether a goal is met."""
    return "yes" if met else "no"


@dataclass(frozen=True)
class Table:
    """Rows of raw numbers, and how each column is written.

    Parameters
    ----------
    title : str
    columns : dict of str to callable
        Heading and the function that writes a cell; cells that are None are missing.
    rows : list of sequences
        One entry for each column.
    notes : list of str, optional
        What a reader has to know, below the table.
    """

    title: str
    columns: dict[str, Callable[[Any], str]]
    rows: Sequence[Sequence[Any]]
    notes: Sequence[str] = field(default_factory=list)

    def as_text(self) -> str:
        """Return the table with aligned columns, for a terminal."""
        lines = [self._aligned(cells, "  ") for cells in self._written()]
        rule = "-" * max(map(len, lines))
        return "\n".join([self.title, rule, lines[0], rule, *lines[1:], *self.notes])

    def as_markdown(self) -> str:
        """Return the table as Markdown, its notes as a list."""
        header, *rows = [f"| {self._aligned(cells, ' | ')} |" for cells in self._written()]
        rule = "|".join(["", *[" --- " if w is text else " ---: " for w in self._writers()], ""])
        notes = [f"- {note}" for note in self.notes]
        return "\n".join([f"**{self.title}**", "", header, rule, *rows, "", *notes]).rstrip()

    def as_data(self) -> dict[str, Any]:
        """Return the raw numbers, every row with the headings as its keys."""
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return {"title": self.title, "rows": rows, "notes": list(self.notes)}

    def _writers(self) -> list[Callable[[Any], str]]:
        return list(self.columns.values())

    def _written(self) -> list[list[str]]:
        """Return the headings and the rows as strings."""
        rows = [
            [
                MISSING if cell is None else write(cell)
                for write, cell in zip(writers, row, strict=True)
            ]
            for writers, row in ((self._writers(), row) for row in self.rows)
        ]
        return [list(self.columns), *rows]

    def _aligned(self, cells: list[str], between: str) -> str:
        """Return one line: words to the left, numbers to the right."""
        widths = [max(map(len, column)) for column in zip(*self._written(), strict=True)]
        return between.join(
            cell.ljust(width) if write is text else cell.rjust(width)
            for cell, width, write in zip(cells, widths, self._writers(), strict=True)
        ).rstrip()
