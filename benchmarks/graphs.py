"""Time and memory of one node, in graphs of binary operations that grow."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from math import inf
from statistics import median
from time import perf_counter
from typing import Any

import measuring
import micrograd.engine
import tables
from tables import Table

from autograd import Value

BYTES_GOAL = 240
LARGEST_TRACED = 100_000  # tracing memory is slow
ENGINES = {"ours": Value, "micrograd": micrograd.engine.Value}

Graph = Callable[[Callable[[float], Any], int], Any]


def chain(new: Callable[[float], Any], nodes: int) -> Any:
    """Return a chain of binary operations, each on the one before."""
    one, out = new(1.0), new(0.0)
    for _ in range(nodes // 2):
        out = (out + one) * one
    return out


def wide_sum(new: Callable[[float], Any], nodes: int) -> Any:
    """Return a sum of products, added in pairs, pairs of pairs and so on."""
    leaves = [new(1 + i / 16) for i in range(16)]
    terms = [leaves[i % 16] * leaves[(i + 1) % 16] for i in range((nodes + 1) // 2)]
    while len(terms) > 1:
        sums = [left + right for left, right in zip(terms[::2], terms[1::2], strict=False)]
        terms = sums + terms[2 * len(sums) :]
    return terms[0]


# Most nodes for micrograd, which recurses down to the first node of a chain.
LARGEST_OF_MICROGRAD = {chain: 1_000, wide_sum: 100_000}


def size_table(sizes: Sequence[int]) -> Table:
    """Return time and memory of a node, for graphs of these sizes."""
    rows: list[tuple[Any, ...]] = []
    for graph, largest_of_micrograd in LARGEST_OF_MICROGRAD.items():
        for engine, new in ENGINES.items():
            largest = largest_of_micrograd if engine == "micrograd" else inf
            first = first_off = None
            for nodes in [size for size in sizes if size <= largest]:
                with measuring.room_for_recursion(nodes if graph is chain else 0):
                    times = times_of_a_node(graph, new, nodes)
                    with measuring.collector(False):
                        times_off = times_of_a_node(graph, new, nodes)
                    held = bytes_of_a_node(graph, new, nodes) if nodes <= LARGEST_TRACED else None
                first, first_off = first or sum(times), first_off or sum(times_off)
                growth = sum(times) / first, sum(times_off) / first_off
                name = graph.__name__.replace("_", " ")
                rows.append((name, engine, nodes, *times, *growth, held))
    traced = [(nodes, held) for _, engine, nodes, *_, held in rows if engine == "ours" and held]
    most = max(held for nodes, held in traced if nodes == traced[-1][0])
    return Table(
        "One node of a graph of binary operations, collector on",
        {
            "graph": tables.text,
            "engine": tables.text,
            "nodes": tables.number,
            "forward": tables.microseconds,
            "backward": tables.microseconds,
            "freeing": tables.microseconds,
            "× smallest": tables.times,
            "collector off": tables.times,
            "bytes": tables.number,
        },
        rows,
        [
            "× smallest: a node's time over that in the smallest graph, with the collector, then "
            "without; near 1 for linear growth, as large as the growth itself for quadratic.",
            "bytes: held after backward, as tracemalloc counts. In the largest graphs so measured "
            f"ours takes {most:.0f}; goal at most {BYTES_GOAL}, "
            f"met: {tables.yes_or_no(most <= BYTES_GOAL)}.",
            "micrograd recurses along a graph: for its chain of 1,000 the recursion limit is raised"
            " just as far, nowhere else; longer chains are left out.",
            "Our graphs are freed by reference counts, micrograd's by one gc.collect().",
        ],
    )


def times_of_a_node(graph: Graph, new: Callable[[float], Any], nodes: int) -> list[float]:
    """Return the median seconds of forward, backward and freeing, divided by the nodes."""
    lives = []
    for _ in range(max(3, min(50, 100_000 // nodes))):
        with measuring.sight_of_new_objects_only():
            lives.append(life_of_a_graph(graph, new, nodes))
    return [median(times) / nodes for times in zip(*lives, strict=True)]


def life_of_a_graph(
    graph: Graph, new: Callable[[float], Any], nodes: int
) -> tuple[float, float, float]:
    """Return the seconds it takes to build a graph, to differentiate it, and to free it."""
    start = perf_counter()
    root = graph(new, nodes)
    built = perf_counter()
    root.backward()
    differentiated = perf_counter()
    del root
    if new is not Value:  # its nodes are cycles: nothing is freed before the collector comes
        gc.collect()
    return built - start, differentiated - built, perf_counter() - differentiated


def bytes_of_a_node(graph: Graph, new: Callable[[float], Any], nodes: int) -> float:
    """Return the bytes that a node holds after backward."""

    def with_gradients() -> Any:
        root = graph(new, nodes)
        root.backward()
        return root

    held, _ = measuring.held_and_peak_bytes(with_gradients)
    return held / nodes
