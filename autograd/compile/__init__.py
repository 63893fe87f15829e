"""Record once, run many: a graph of scalars as a program for whole batches.

recording   a function of one sample, recorded as a graph that holds for all
rolling     equal operations in groups, weighted sums in products of matrices
building    the statements of a program, forward and backward, by the rules of the table
program     what they are, and how they print
words       a program in words; listing: as plain Python
backends    numpy_backend, the reference; native_backend, machine code by LLVM
compiled    `compile`, the front door
"""
