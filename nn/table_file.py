"""A CSV file as a table: its column names, then row after row, with errors that say where."""

from __future__ import annotations

import csv
import math
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from io import TextIOWrapper
from itertools import chain, takewhile
from typing import TextIO

StrPath = str | os.PathLike[str]

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_MISSING_MARKS = {"nan", "na", "n/a", "#n/a", "null", "?"}
_SIGNATURES = {  # the first bytes of files that are often given by mistake
    b"PK\x03\x04": "a zip archive or a spreadsheet (xlsx, ods)",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet (xls)",
    b"\x1f\x8b": "compressed with gzip",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
}


class TableError(ValueError):
    """A table that cannot be used; the message is complete, fit to be shown without traceback."""


@contextmanager
def open_table(path: StrPath) -> Iterator[Table]:
    """Yield the table with its header read; what the system refuses becomes a TableError."""
    shown = os.fspath(path)
    if os.path.isdir(path):
        raise TableError(f"{shown} is a folder. Give the name of a CSV file in it.")
    try:
        with open(path, "rb") as raw, TextIOWrapper(raw, "utf-8-sig", newline="") as file:
            _refuse_binary(shown, raw.peek())
            yield Table(shown, file)
    except FileNotFoundError:
        raise TableError(f"There is no file {shown}. Check its name and its folder.") from None
    except UnicodeDecodeError as error:
        raise _undecodable(path, error) from None
    except OSError as error:
        raise TableError(f"{shown} cannot be read: {error.strerror}.") from None


def _refuse_binary(shown: str, head: bytes) -> None:
    found = [what for signature, what in _SIGNATURES.items() if head.startswith(signature)]
    if found or b"\0" in head:
        what = found[0] if found else "binary data"
        raise TableError(
            f"{shown} is {what}, but a table is plain text in UTF-8. Unpack it, or open it in its "
            'program and save it as CSV (in spreadsheets: "CSV UTF-8").'
        )


def _undecodable(path: StrPath, error: UnicodeDecodeError) -> TableError:
    """Name the line that is not UTF-8, unless the text came through a pipe and is gone."""
    place = os.fspath(path)
    if os.path.isfile(path):
        with open(path, "rb") as raw:
            place += f", line {sum(1 for _ in takewhile(_is_utf8, raw)) + 1}"
    return TableError(
        f"{place}: the byte 0x{error.object[error.start]:02x} is not UTF-8; the file may be in an "
        "older encoding such as Windows-1251 or Windows-1252. Save it as UTF-8 (in spreadsheets: "
        '"CSV UTF-8").'
    )


def _is_utf8(content: bytes) -> bool:
    return content.decode("utf-8", "ignore").encode("utf-8") == content


def composed(text: str) -> str:
    """Return the text with each accent in its letter: some systems write the two apart.

    Examples
    --------
    >>> len("e\N{COMBINING ACUTE ACCENT}"), len(composed("e\N{COMBINING ACUTE ACCENT}"))
    (2, 1)
    """
    return unicodedata.normalize("NFC", text)


def listed(names: Sequence[str], most: int = 20) -> str:
    """Return the names in quotes, with commas; of many only the first."""
    shown = ", ".join(map(repr, names[:most]))
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


class Table:
    """A CSV file being read; the first line with content has given the names of the columns.

    Parameters
    ----------
    path : str
        What to call the file in errors.
    file : text file
        Opened with ``newline=""``, at its start.

    Attributes
    ----------
    names : list of str
        The columns' names, in the order of the file, each as `composed` writes it.
    separator : str
        What separates the cells: the tab, semicolon or comma that the first line has most of.

    Raises
    ------
    TableError
        If the file has no line with content.
    """

    def __init__(self, path: str, file: TextIO) -> None:
        self.path = path
        self._lines_above = 0
        header = ""
        for header in file:
            if header.strip():
                break
            self._lines_above += 1
        if not header.strip():
            raise TableError(
                f"{path} is empty. A table has a first line with the names of the columns, then "
                "a line for each sample."
            )
        unquoted = re.sub(r'"[^"]*"', "", header)
        separators = sorted(",;\t", key=unquoted.count)  # in a tie the later one is meant
        self.separator = separators[-1] if unquoted.count(separators[-1]) else ","
        self._reader = csv.reader(
            chain([header], file), delimiter=self.separator, skipinitialspace=True, strict=True
        )
        self.names = [composed(name.strip()) for name in self._next_cells() or []]
        self._rows_read = 0
        self._decimals: dict[str, str] = {}  # decimal mark -> where it was met first

    def error(self, problem: str, line: int | None = None, column: str | None = None) -> TableError:
        """Return an error that names the file and the place in it."""
        place = self.path
        place += "" if line is None else f", line {line}"
        place += "" if column is None else f", column {column!r}"
        return TableError(f"{place}: {problem}.")

    def all_names_but(self, target: str) -> list[str]:
        """Return the names of the other columns, if every column has one."""
        if "" in self.names:
            raise self.error(
                f"column {self.names.index('') + 1} has no name in the first line. Name it; or, "
                "if it is an index or comes from a separator at the end of the line, delete it"
            )
        return [name for name in self.names if name != target]

    def require(self, wanted: Sequence[str], advice: str = "") -> None:
        """Raise TableError unless each wanted name stands in the first line, once."""
        missing = [name for name in wanted if name not in self.names]
        if missing:
            if any(_NUMBER.fullmatch(name) for name in self.names):
                advice = ". The first line looks like data; it has to name the columns"
            lack = "there is no column" if len(missing) == 1 else "there are no columns"
            raise self.error(
                f"{lack} {listed(missing)}.{self._nearest(missing[0])} The columns "
                f"are {listed(self.names)}{advice}"
            )
        for name in wanted:
            places = [i for i, other in enumerate(self.names, start=1) if other == name]
            if len(places) > 1:
                raise self.error(
                    f"columns {places[0]} and {places[1]} are both called {name!r}. Rename one"
                )

    def read(
        self, features: Sequence[str], target: str | None
    ) -> tuple[list[list[float]], list[tuple[int, str]]]:
        """Read all rows of data.

        Parameters
        ----------
        features : sequence of str, length D
            The columns that hold numbers; they and the target must exist.
        target : str or None
            The column that holds the answers.

        Returns
        -------
        inputs : list of list of float, N rows of D numbers
        cells : list of (int, str), length N
            The answers, with the line of each; empty without target.

        Raises
        ------
        TableError
            If there is no row, a row has another length than the first line, a feature is not a
            finite number, or an answer is missing.
        """
        columns = [(self.names.index(name), name) for name in features]
        answers = None if target is None else self.names.index(target)
        inputs, cells = [], []
        for line, row in self._rows():
            inputs.append([self._number(row[i].strip(), line, name) for i, name in columns])
            if answers is not None:
                text = composed(row[answers].strip())
                self._refuse_missing(text, line, target)
                cells.append((line, text))
        if not inputs:
            raise self.error("there is a first line with names, but no line with data below it")
        return inputs, cells

    def number_in(self, text: str, line: int, column: str) -> float | None:
        """Return the finite number that a cell holds, or None if it holds something else.

        Raises
        ------
        TableError
            If one cell of the table has a decimal comma and another a decimal point.
        """
        commas = self.separator != ","
        plain = text.replace(",", ".") if commas else text
        if not _NUMBER.fullmatch(plain):
            return None
        if commas and "." in plain:
            self._refuse_mixed_decimals(text, line, column)
        number = float(plain)
        return number if math.isfinite(number) else None

    def _refuse_mixed_decimals(self, text: str, line: int, column: str) -> None:
        mark, other = (",", ".") if "," in text else (".", ",")
        self._decimals.setdefault(mark, f"{text!r} in line {line}")
        if other in self._decimals:
            raise self.error(
                f"decimals are written with a comma and with a point: {self._decimals[other]}, "
                f"{self._decimals[mark]}. Use one mark, and none between thousands",
                line,
                column,
            )

    def _next_cells(self) -> list[str] | None:
        line = self._next_line()
        try:
            return next(self._reader, None)
        except csv.Error as error:
            raise self.error(
                f"the line cannot be cut into cells ({error}). Close every quote that is opened, "
                'and write a quote inside a quoted cell twice: ""',
                line,
            ) from None

    def _next_line(self) -> int:
        return self._lines_above + self._reader.line_num + 1

    def _nearest(self, name: str) -> str:
        lowered = {other.casefold(): other for other in self.names}
        close = get_close_matches(name.casefold(), lowered, n=1)
        return f" Did you mean {lowered[close[0]]!r}?" if close else ""

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield every row that has content, with the number of its first line."""
        while True:
            line = self._next_line()
            row = self._next_cells()
            if row is None:
                return
            if not any(map(str.strip, row)):
                continue
            if len(row) != len(self.names):
                raise self.error(self._why_ragged(row), line)
            self._rows_read += 1
            yield line, row

    def _why_ragged(self, row: Sequence[str]) -> str:
        advice = "Complete the line, or delete it"
        if len(row) > len(self.names):
            advice = "Put a cell that contains the separator in quotes"
        return (
            f"there are {len(row)} cell(s) separated by {self.separator!r}, but the first line "
            f"names {len(self.names)} column(s). {advice}"
        )

    def _number(self, text: str, line: int, column: str) -> float:
        number = self.number_in(text, line, column)
        if number is None:
            self._refuse_missing(text, line, column)
            raise self.error(self._why_no_number(text, column), line, column)
        return number

    def _refuse_missing(self, text: str, line: int, column: str | None) -> None:
        if not text or text.casefold() in _MISSING_MARKS:
            what = f"{text!r} stands for a missing value" if text else "the cell is empty"
            raise self.error(f"{what}. Fill it in, or delete the line", line, column)

    def _why_no_number(self, text: str, column: str) -> str:
        with suppress(ValueError):
            if not math.isfinite(float(text)):
                return f"{text!r} is not a finite number. Correct it, or delete the line"
        if "," in text and _NUMBER.fullmatch(text.replace(",", "")):
            return f"{text!r} has a comma. Use a decimal point, and no mark between thousands"
        if self._is_text_column(self.names.index(column)):
            return (
                f"{text!r} is text, and so are the lines below, but a network computes with "
                "numbers. Encode the column as numbers (for instance a column of 0 and 1 for each "
                "category), or leave it out: name the others with --features a,b (in Python "
                "features=['a', 'b'])"
            )
        return f"{text!r} is not a number. Correct it, or delete the line"

    def _is_text_column(self, position: int, most: int = 50) -> bool:
        """Tell a column of text from one bad cell, by the rows above and some below."""
        below: list[str] = []
        if self._rows_read == 1:
            with suppress(TableError):
                while len(below) < most and (row := self._next_cells()) is not None:
                    below += [cell.strip() for cell in row[position : position + 1]]
        return bool(below) and not any(map(_NUMBER.fullmatch, below))
