"""Live progress of training: one line that renews itself, or a line now and then."""

from __future__ import annotations

import sys
from dataclasses import replace
from shutil import get_terminal_size
from time import perf_counter
from typing import TextIO

from nn.checks import whole
from nn.history import Report


class Progress:
    """Shows reports as they come; give it to ``fit(on_report=...)``.

    Parameters
    ----------
    epochs : int
        How many there will be at most.
    stream : file, optional
        Where to write; by default the standard error output as it is when the first report comes.
    lines : int, optional
        About how many lines to write where the stream is no terminal.

    Notes
    -----
    On a terminal one line is written again and again; elsewhere (a file, a pipe, a notebook) a line
    is written every few epochs, and the last.

    Examples
    --------
    >>> show = Progress(epochs=1, stream=sys.stdout)
    >>> show(Report(1, 36, 0.5, 0.01, epoch_end=True, accuracy=0.9, seconds=0.25))
    epoch   1/1  loss 0.5000  accuracy  90.0%  0.2 s
    >>> show.close()
    """

    def __init__(self, epochs: int, stream: TextIO | None = None, lines: int = 10) -> None:
        self.epochs, self.stream = whole(epochs, "epochs"), stream
        if whole(lines, "lines") < 1:
            raise ValueError(f"lines must be at least 1; got {lines}.")
        self.every = max(1, -(-epochs // lines))
        self._drawn = 0.0
        self._open = False
        self._unshown: Report | None = None
        self._judged: Report | None = None

    def __call__(self, report: Report) -> None:
        """Show one report, if it is time to."""
        stream = self.stream or sys.stderr
        if stream.isatty():
            now = perf_counter()
            if report.epoch_end or now - self._drawn > 0.1:
                self._drawn, self._open = now, True
                room = get_terminal_size().columns - 1  # a line that wraps cannot be renewed
                stream.write(f"\r\x1b[K{self._line(report)[:room]}")
                stream.flush()
        elif report.epoch_end:
            self._unshown = report
            if report.epoch % self.every == 0 or report.epoch in (1, self.epochs):
                self._write_unshown(stream)

    def close(self) -> None:
        """End the line on a terminal; elsewhere write the last one, if training stopped early."""
        stream = self.stream or sys.stderr
        if self._open:
            stream.write("\n")
            self._open = False
        self._write_unshown(stream)

    def _write_unshown(self, stream: TextIO) -> None:
        if self._unshown:
            stream.write(self._line(self._unshown) + "\n")
            stream.flush()
            self._unshown = None

    def _line(self, report: Report) -> str:
        if report.epoch_end:
            self._judged = report
        elif self._judged:  # what was judged last stays in sight
            report = replace(self._judged, epoch=report.epoch, loss=report.loss)
        text = str(report) if self._judged else str(report).rpartition("  ")[0]
        return text.replace(f"epoch {report.epoch:3d}", f"epoch {report.epoch:3d}/{self.epochs}", 1)
