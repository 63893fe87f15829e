"""Data sets whose samples carry their own positions: sample i has the one feature i."""

from nn import Dataset


def labelled(*counts):
    """Return a data set with so many samples of each class."""
    targets = [k for k, count in enumerate(counts) for _ in range(count)]
    names = [f"c{k}" for k in range(len(counts))]
    return Dataset([[float(i)] for i in range(len(targets))], targets, "labelled", ["i"], names)


def measured(n):
    """Return a data set of n samples with numbers as targets."""
    return Dataset([[float(i)] for i in range(n)], [0.5 * i for i in range(n)], "line", ["i"], [])
