"""Record once, run many: a graph of scalars as a program for whole batches.

recording   a function of one sample, recorded as a graph that holds for all
rolling     equal operations in groups, weighted sums in products of matrices
building    the statements of a program, forward and backward, by the rules of the table
program     what they are, and how they print
words       a program in words; listing: as plain Python
backends    numpy_backend, the reference; native_backend, machine code by LLVM
compiled    `compile`, the front door
"""

from autograd.compile.compiled import Compiled, compile
from autograd.compile.expressions import text_of
from autograd.compile.listing import list_program
from autograd.compile.machine import ENGINES, Machine, find_engine
from autograd.compile.program import Program
from autograd.compile.recording import Graph, collector_paused, modes, record
from autograd.compile.words import explain_program

__all__ = [
    "Compiled",
    "ENGINES",
    "Graph",
    "Machine",
    "Program",
    "collector_paused",
    "compile",
    "explain_program",
    "find_engine",
    "list_program",
    "modes",
    "record",
    "text_of",
]
