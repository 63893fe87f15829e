"""Thousands of random functions, compiled, against the engine of Values.

    python benchmarks/fuzz.py --to 2000
    python benchmarks/fuzz.py --from 2000 --to 2200 --engines native

Needs numpy, and llvmlite for machine code: the extra .[fast]. It ends with status 1 if any
function gave another number.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.append(str(Path(__file__).parent.parent / "tests"))  # where the random functions are

import tables
from compiled_runs import CLOSE, ENGINES, fuzz
from tables import Table

WIDE = 23  # every third function has layers of up to so many neurons


def differing(seed: int, engine: str) -> list[str]:
    """Return in words how an engine differs from Values on the function of a seed."""
    try:
        texts: list[str] = fuzz(seed, engine, WIDE, 8) if seed % 3 == 0 else fuzz(seed, engine)
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]
    return texts


def measured(engine: str, seeds: Sequence[int]) -> tuple[list[Any], list[str]]:
    """Return a row of the table, and what differed."""
    start, notes, bad = perf_counter(), [], 0
    for seed in seeds:
        if texts := differing(seed, engine):
            bad += 1
            notes.append(f"seed {seed}, {engine}: {texts[0]}")
    seconds = perf_counter() - start
    return [engine, len(seeds), bad, seconds / len(seeds)], notes


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, print the table, and return how many functions differed, at most 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--from", type=int, default=0, dest="first", help="first seed (0)")
    parser.add_argument("--to", type=int, default=1000, dest="last", help="after the last (1000)")
    parser.add_argument(
        "--engines", nargs="+", choices=[*ENGINES, "derived"], default=[*ENGINES, "derived"]
    )
    asked = parser.parse_args(arguments)
    if asked.first >= asked.last:
        parser.error(f"--to must be above --from; got {asked.first} to {asked.last}.")
    rows, notes = [], []
    for engine in asked.engines:
        row, found = measured(engine, range(asked.first, asked.last))
        rows.append(row)
        notes += found[:10]
    columns = {
        "engine": tables.text, "functions": tables.number, "differ": tables.number,
        "a function": tables.milliseconds,
    }  # fmt: skip
    title = f"Random functions against Values, to {CLOSE:g} of the largest number"
    print(Table(title, columns, rows, notes).as_text())
    return int(any(row[2] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
