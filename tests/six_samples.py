"""Six samples to train on, with numbers on a plane or with signs as targets."""

SIX = [[0.1 * i, 0.5 - 0.2 * i] for i in range(6)]
LINE = [2 * x - y + 1 for x, y in SIX]
SIGNS = [1, -1, 1, 1, -1, -1]
