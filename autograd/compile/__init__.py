"""Record once, run many: a graph of scalars as a program for whole batches.

recording   a function of one sample, recorded as a graph that holds for all
rolling     equal operations in groups, weighted sums in products of matrices
building    the statements of a program, forward and backward, by the rules of the table
program     what they are, and how they print
words       a program in words; listing: as plain Python
numpy_backend    runs it, the reference
chains           statements that one pass over the samples can do
native_backend   runs it as machine code by LLVM: native_code (lines of assembly), native_writer
                 (expressions), native_maps, native_products, native_update (an optimizer's rule),
                 native_kernels (a chain as a function), native_driver (the loop over steps)
machine     a program with its numbers, run, moved and compared with Values
arguments   what a compiled function is given; names: what it looks up
compiled    `compile`, the front door
"""
