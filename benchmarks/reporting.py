"""What the benchmarks' commands have in common: their options, and how they print."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from pathlib import Path

from tables import Table


def parser(description: str | None, program: str) -> argparse.ArgumentParser:
    """Return a parser with the options of every benchmark."""
    out = argparse.ArgumentParser(description=description, prog=program)
    out.add_argument("--quick", action="store_true", help="small and imprecise, to try it out")
    out.add_argument("--markdown", action="store_true", help="print Markdown, for the README")
    out.add_argument("--json", metavar="FILE", type=Path, help="also write the raw numbers")
    return out


def report(
    options: argparse.Namespace,
    conditions: dict[str, str],
    tables: Iterable[Table],
    share: Callable[[], float],
    whose: str = "This process",
) -> None:
    """Print the conditions, the tables as they come, and how much of the time was ours.

    Parameters
    ----------
    options : Namespace
        What `parser` understood.
    conditions : dict of str to str
    tables : iterable of Table
        Measured while they are taken.
    share : callable
        Asked after the last table: the processor's time over the time that went by.
    whose : str, optional
        Who had that time.
    """
    print("; ".join(f"{name}: {value}" for name, value in conditions.items()))
    if options.quick:
        print("Quick run: small and imprecise, not to be quoted.")
    results = []
    for table in tables:
        print(
            "", table.as_markdown() if options.markdown else table.as_text(), sep="\n", flush=True
        )
        results.append(table.as_data())
    part = f"{share():.0%}"
    print(f"\n{whose} had a processor for {part} of the time; the rest went to other work.")
    if options.json:
        conditions = {**conditions, "share of the processor": part}
        content = {"conditions": conditions, "quick": options.quick, "tables": results}
        options.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
