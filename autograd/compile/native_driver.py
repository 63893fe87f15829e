"""What drives a program: samples in, results out, the update, and the loop over steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograd.compile.native_code import Code, hexadecimal
from autograd.compile.native_products import columns_of
from autograd.compile.native_writer import ARGUMENTS, POINTER, TABLES, apart
from autograd.compile.program import GRAD_OF, RESULTS, TRAIN, Program, in_lanes

BOUND = (*TABLES, "%M", "%A")  # whose addresses stay: the tables, what is remembered, and sums
_ASKED = 256  # numbers of a sample that are asked for, at most
_LINE = 8  # numbers in a line of the processor's cache


@dataclass(slots=True)
class Functions:
    """The functions that a step calls, by name.

    Attributes
    ----------
    forward, backward : list of str
    last : list of str
        The end of the backward pass.
    moving_last : list of str
        The same, but these move the leaves at once whose gradient they make.
    update, rest : str
        Moves all leaves, or those that `moving_last` does not; "" for none.
    """

    forward: list[str]
    backward: list[str]
    last: list[str]
    moving_last: list[str]
    update: str = ""
    rest: str = ""


def driver(program: Program, lanes: int, width: int, functions: Functions) -> list[str]:
    """Return the functions @samples, @soon, @results and @train."""
    few = _few(program, lanes, width, len(functions.forward) + len(functions.backward))
    return [
        _samples(program, lanes, width),
        *([_soon(program, few, width)] if few else []),
        _results(program, lanes, width),
        _train(program, lanes, width, few, functions),
    ]


def row_stride(inputs: int, width: int) -> int:
    """Return how far apart samples lie: in whole vectors, if they do not fit into one."""
    return apart(-(-inputs // width) * width) if inputs > width else inputs


def _samples(program: Program, lanes: int, width: int) -> str:
    """Write how the numbers of some samples become lines, if these are not there already.

    Where all samples make a step, they are: R tells which ones came last.
    """
    c, inputs = Code(width), program.inputs
    with c.loop(lanes, carry=[("i1", "true")]) as lane:
        inside = c.let(f"icmp slt i64 {lane.index}, %n")
        place = c.let(f"select i1 {inside}, i64 {lane.index}, i64 0")  # else the first one again
        number = c.let(f"load i64, ptr {c.at('%order', place, 'i64')}, align 8")
        address = c.at("%X", c.times(number, row_stride(inputs, c.width)))
        pointer = c.at("%R", lane.index, "ptr")
        equal = c.let(f"icmp eq ptr {address}, {c.let(f'load ptr, ptr {pointer}, align 8')}")
        lane.results.append(c.let(f"and i1 {lane.values[0]}, {equal}"))
        c.emit(f"store ptr {address}, ptr {pointer}, align 8")
    with c.when(lane.results[0], holds=False):
        _copy(c, lanes, inputs)
    head = f"define internal void @samples({ARGUMENTS}, ptr %X, ptr %order, i64 %n) nounwind {{"
    return "\n".join([head, *c.lines, "  ret void", "}"])


def _copy(c: Code, lanes: int, inputs: int) -> None:
    """Write how the samples that R points to become lines."""
    w = c.width
    if inputs and lanes == 1:
        with c.loop(inputs, step=w) as k:
            first = c.let("load ptr, ptr %R, align 8")
            c.store(c.load(c.at(first, k.index)), c.at("%V", k.index))
    elif inputs:
        squares = 2 if lanes % (2 * w) == 0 else 1  # two side by side fill lines of the cache
        with c.loop(lanes, step=squares * w) as lane:
            pointers = [
                c.let(f"load ptr, ptr {c.at('%R', c.add(lane.index, j), 'ptr')}, align 8")
                for j in range(squares * w)
            ]
            with c.loop(inputs, step=w) as k:
                rows = [c.at(pointer, k.index) for pointer in pointers]
                columns = [columns_of(c, rows[j : j + w]) for j in range(0, squares * w, w)]
                for i in range(w):
                    row = c.times(c.add(k.index, i), apart(lanes))
                    for j in range(squares):
                        place = c.add(row, lane.index, j * w)
                        c.store(columns[j][i], c.at("%V", place))


def _few(program: Program, lanes: int, width: int, functions: int) -> int:
    """Return how many of the next samples are asked for before each function; 0 for none.

    Asked for all at once, they would wait for each other, and the function for them. Samples of a
    vector or less lie so close together that they come by themselves.
    """
    return -(-lanes // functions) if functions and lanes > 1 and program.inputs > width else 0


def _soon(program: Program, few: int, width: int) -> str:
    """Write how the cache is asked for some samples, so that they are near when their step comes.

    Where there are no more, it is asked for the last again.
    """
    c, inputs = Code(width), program.inputs
    with c.loop(few) as k:
        place = c.let(f"call i64 @llvm.smin.i64(i64 {c.add('%first', k.index)}, i64 %last)")
        number = c.let(f"load i64, ptr {c.at('%orders', place, 'i64')}, align 8")
        address = c.at("%X", c.times(number, row_stride(inputs, width)))
        for j in range(0, min(inputs, _ASKED), _LINE):
            c.emit(f"call void @llvm.prefetch.p0(ptr {c.at(address, j)}, i32 0, i32 3, i32 1)")
    head = "define internal void @soon(ptr %X, ptr %orders, i64 %first, i64 %last) nounwind {"
    return "\n".join([head, *c.lines, "  ret void", "}"])


def _results(program: Program, lanes: int, width: int) -> str:
    """Write how the results are handed out, the loss is averaged, and its gradient begins.

    The seed is 1 over the number of samples for lanes that have one, else 0.
    """
    c, w, count, stride = Code(width), width, len(program.results), apart(lanes)
    for j, (table, row) in enumerate(program.results):
        with c.loop("%n") as lane:
            at = c.add(row * stride, lane.index) if in_lanes(table) else str(row)
            number = c.load(c.at(POINTER[table], at), wide=False)
            place = c.add(c.times(lane.index, count), j)
            c.store(number, c.at("%out", place), wide=False)
    for table, row in set(program.results[1:]):  # the first is seen in the mean
        long = in_lanes(table) and lanes > 1
        with c.loop(lanes if long else 1, step=w) as lane:
            place = c.add(row * stride, lane.index) if in_lanes(table) else str(row)
            address = c.at(POINTER[table], place)
            number = c.load(address) if long else c.spread(c.load(address, wide=False))
            lost = c.op("fmul", number, c.literal(0.0), "")
            c.store(c.op("fadd", c.load("%F"), lost, ""), "%F")
    table, row = program.results[0]
    first = row * stride if in_lanes(table) else row
    seeds, values = (c.at(POINTER[t], first) for t in (GRAD_OF[table], table))
    if in_lanes(table) and lanes > 1:
        order = "<" + ", ".join(f"i64 {j}" for j in range(w)) + ">"
        limit = c.spread_whole("%n")
        seed = c.spread("%seed")
        with c.loop(lanes, step=w, carry=[(c.vector, c.literal(0.0))]) as lane:
            here = c.let(f"add <{w} x i64> {c.spread_whole(lane.index)}, {order}")
            inside = c.let(f"icmp slt <{w} x i64> {here}, {limit}")
            share = c.choose(inside, seed, c.literal(0.0))
            c.store(share, c.at(seeds, lane.index))
            x = c.load(c.at(values, lane.index))
            lane.results.append(c.fma(x, share, lane.values[0]))
        mean = c.sum_of(lane.results[0])
    else:
        share = "%seed" if in_lanes(table) else c.let("fmul double %seed, %count")
        c.store(share, seeds, wide=False)
        mean = c.let(f"fmul double {c.load(values, wide=False)}, {share}")
    head = (
        f"define internal double @results({ARGUMENTS}, ptr %out, i64 %n, double %seed, "
        "double %count) nounwind {"
    )
    return "\n".join([head, *c.lines, f"  ret double {mean}", "}"])


def _train(program: Program, lanes: int, width: int, few: int, functions: Functions) -> str:
    """Write the loop over steps; a step whose batch is longer than a line takes it in parts.

    %tables has the addresses of `BOUND`, %X `%count` samples. From %orders on lie the numbers of
    the samples in their order, zeros to fill the last vector of them, the rate of each step, its
    loss, and the results. It returns how many steps were done before one met a number that is not
    finite; -1 if a number of the order is no sample's.
    """
    c = Code(width)
    for place, name in enumerate(BOUND):
        c.emit(f"{name} = load ptr, ptr {c.at('%tables', place, 'ptr')}, align 8")
    last = c.let("sub i64 %samples, 1")
    _refuse_unknown(c)
    steps = c.add(c.let(f"sdiv i64 {last}, %batch"), 1)
    places = c.add(c.times(c.let(f"sdiv i64 {last}, {width}"), width), width)
    rates = c.at("%orders", places)
    losses = c.at(rates, steps)
    outs = c.at(losses, steps)
    tables = ", ".join(f"ptr {name}" for name in TABLES)

    def call(names: Sequence[str], arguments: str = tables) -> None:
        for name in filter(None, names):
            c.emit(f"call void {name}({arguments})")

    def call_between(names: Sequence[str], following: str) -> str:
        """Call functions, and ask for a few of the next samples before each."""
        for name in names:
            if few:
                c.emit(f"call void @soon(ptr %X, ptr %orders, i64 {following}, i64 {last})")
                following = c.add(following, few)
            call([name])
        return following

    wants_gradient = c.let(f"icmp ne i64 %mode, {RESULTS}")
    moves = c.let(f"icmp eq i64 %mode, {TRAIN}")
    with c.loop("%samples", step="%batch", carry=[("i64", "0")]) as batch:
        begin, step = batch.index, batch.values[0]
        rest = c.let(f"sub i64 %samples, {begin}")
        goes_on = c.let(f"icmp slt i64 %batch, {rest}")
        n = c.let(f"select i1 {goes_on}, i64 %batch, i64 {rest}")
        size = c.let(f"sitofp i64 {n} to double")
        seed = c.let(f"fdiv double 1.0, {size}")
        # Nobody looks at the gradients of a step that is not the last: leaves may move at once.
        one_part = c.let(f"icmp sle i64 {n}, {lanes}")
        at_once = c.let(f"and i1 {one_part}, {c.let(f'and i1 {goes_on}, {moves}')}")
        rate = c.let(f"load double, ptr {c.at(rates, step)}, align 8")
        number = c.let(f"sitofp i64 {c.add(step, '%first')} to double")
        moving = f"{tables}, ptr %M, double {rate}, double {number}"
        c.store(c.literal(0.0), "%F")
        with c.loop(n, step=lanes, carry=[("double", "0.0")]) as part:
            here = c.add(begin, part.index)
            order = c.at("%orders", here, "i64")
            out = c.at(outs, c.times(here, len(program.results)))
            left = c.let(f"sub i64 {n}, {part.index}")
            short = c.let(f"icmp slt i64 {left}, {lanes}")
            m = c.let(f"select i1 {short}, i64 {left}, i64 {lanes}")
            c.emit(f"call void @samples({tables}, ptr %X, ptr {order}, i64 {m})")
            following = call_between(functions.forward, c.add(here, m))
            count = c.let(f"sitofp i64 {m} to double")
            mean = c.let(
                f"call double @results({tables}, ptr {out}, i64 {m}, double {seed}, double {count})"
            )
            part.results.append(c.let(f"fadd double {part.values[0]}, {mean}"))
            with c.when(wants_gradient):
                call_between(functions.backward, following)
                with c.when(at_once):
                    call(functions.moving_last, moving)
                with c.when(at_once, holds=False):
                    call(functions.last)
                    with c.when(one_part, holds=False):
                        _add_up(c, len(program.leaves), c.let(f"icmp eq i64 {part.index}, 0"))
        loss = part.results[0]
        c.emit(f"store double {loss}, ptr {c.at(losses, step)}, align 8")
        lost = c.let(f"fmul double {loss}, {size}")  # of the sum: the mean of large ones is finite
        lost = c.let(f"fmul double {lost}, {hexadecimal(0.0)}")
        lost = c.let(f"fadd double {lost}, {c.sum_of(c.load('%F'))}")
        c.leave_unless(c.let(f"fcmp oeq double {lost}, {hexadecimal(0.0)}"), step)
        with c.when(moves):
            with c.when(at_once):
                call([functions.rest], moving)
            with c.when(at_once, holds=False):
                call([functions.update], moving)
        with c.when(moves, holds=False), c.when(wants_gradient):
            _look(c, len(program.leaves))
        fine = c.let(f"fcmp oeq double {c.sum_of(c.load('%F'))}, {hexadecimal(0.0)}")
        c.leave_unless(fine, step)
        batch.results.append(c.add(step, 1))
    head = (
        "define i64 @train(ptr %tables, ptr %X, i64 %count, ptr %orders, i64 %samples, i64 %batch, "
        "i64 %first, i64 %mode) {"
    )
    return "\n".join([head, *c.lines, f"  ret i64 {batch.results[0]}", "}"])


def _refuse_unknown(c: Code) -> None:
    """Write that the function ends with -1 if a number of the order is no sample's."""
    w, kind = c.width, f"<{c.width} x i64>"
    count = c.spread_whole("%count")
    with c.loop("%samples", step=w, carry=[(kind, "splat (i64 -1)")]) as each:
        numbers = c.let(f"load {kind}, ptr {c.at('%orders', each.index, 'i64')}, align 8")
        known = c.let(f"icmp ult {kind} {numbers}, {count}")  # a negative number is a large one
        known = c.let(f"sext <{w} x i1> {known} to {kind}")
        each.results.append(c.let(f"and {kind} {each.values[0]}, {known}"))
    known = c.let(f"icmp ne {kind} {each.results[0]}, zeroinitializer")
    known = c.let(f"bitcast <{w} x i1> {known} to i{w}")
    c.leave_unless(c.let(f"icmp eq i{w} {known}, -1"), "-1")


def _add_up(c: Code, leaves: int, is_first: str) -> None:
    """Write how the gradients of a part of the batch are added to those before, and copied back."""
    if leaves:
        with c.loop(-(-leaves // c.width) * c.width, step=c.width) as row:
            total, grad = c.at("%A", row.index), c.at("%dU", row.index)
            before = c.load(total)
            before = c.let(
                f"select i1 {is_first}, {c.vector} {c.literal(0.0)}, {c.vector} {before}"
            )
            new = c.op("fadd", before, c.load(grad), "")
            c.store(new, total)
            c.store(new, grad)


def _look(c: Code, leaves: int) -> None:
    """Write that the gradients are looked at; an update looks at what it makes of them."""
    if leaves:
        width, zero = c.width, c.literal(0.0)
        carry = [(c.vector, c.load("%F"))]
        with c.loop(-(-leaves // width) * width, step=width, carry=carry) as row:
            lost = c.op("fmul", c.load(c.at("%dU", row.index)), zero, "")
            row.results.append(c.op("fadd", row.values[0], lost, ""))
        c.store(row.results[0], "%F")
