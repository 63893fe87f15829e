"""What drives a program: samples in, results out, the update, and the loop over steps."""

from __future__ import annotations

from dataclasses import dataclass

from autograd.compile.native_code import Code, hexadecimal
from autograd.compile.native_products import columns_of
from autograd.compile.native_writer import ARGUMENTS, POINTER, TABLES, apart
from autograd.compile.program import GRAD_OF, Program, in_lanes


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
    """Return the functions @samples, @results and @train."""
    return [
        _samples(program, lanes, width),
        _results(program, lanes, width),
        _train(program, lanes, width, functions),
    ]


def _samples(program: Program, lanes: int, width: int) -> str:
    """Write how the numbers of some samples become lines."""
    c, w, inputs = Code(width), width, program.inputs
    with c.loop(lanes) as lane:  # lanes without a sample get the first one again
        inside = c.let(f"icmp slt i64 {lane.index}, %n")
        place = c.let(f"select i1 {inside}, i64 {lane.index}, i64 0")
        number = c.let(f"load i64, ptr {c.at('%order', place, 'i64')}, align 8")
        address = c.at("%X", c.let(f"mul i64 {number}, {inputs}"))
        c.emit(f"store ptr {address}, ptr {c.at('%R', lane.index, 'ptr')}, align 8")
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
    head = f"define internal void @samples({ARGUMENTS}, ptr %X, ptr %order, i64 %n) nounwind {{"
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
        limit = c.let(f"insertelement <{w} x i64> poison, i64 %n, i64 0")
        limit = c.let(
            f"shufflevector <{w} x i64> {limit}, <{w} x i64> poison, <{w} x i32> zeroinitializer"
        )
        seed = c.spread("%seed")
        with c.loop(lanes, step=w, carry=[(c.vector, c.literal(0.0))]) as lane:
            here = c.let(f"insertelement <{w} x i64> poison, i64 {lane.index}, i64 0")
            here = c.let(
                f"shufflevector <{w} x i64> {here}, <{w} x i64> poison, <{w} x i32> zeroinitializer"
            )
            here = c.let(f"add <{w} x i64> {here}, {order}")
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


def _train(program: Program, lanes: int, width: int, functions: Functions) -> str:
    """Write the loop over steps; a step whose batch is longer than a line takes it in parts."""
    tables = ", ".join(f"ptr {name}" for name in TABLES)
    v, w = f"<{width} x double>", width
    leaves, count = len(program.leaves), len(program.results)
    whole = -(-leaves // w) * w
    more = f"{tables}, ptr %M, double %rate, double %fk"

    def calls(names: list[str], arguments: str = tables) -> str:
        return "\n".join(f"  call void {name}({arguments})" for name in names if name)

    zero = hexadecimal(0.0)

    def go_on(flags: str, k: str) -> str:
        """Return lines that let the leaves move if flags and loss are finite, and stop if not."""
        return f"""
  %{k}_sum = call double @llvm.vector.reduce.fadd.v{w}f64(double 0.0, {v} {flags})
  %{k}_size = fmul double %total, %size
  %{k}_loss = fmul double %{k}_size, {zero}
  %{k}_lost = fadd double %{k}_sum, %{k}_loss
  %{k}_fine = fcmp oeq double %{k}_lost, {zero}
  br i1 %{k}_fine, label %moving, label %stop"""

    check = (
        f"""
  br i1 %moves, label %quick, label %checks  ; the update looks at what it makes of them
quick:
  %qf = load {v}, ptr %F, align 8{go_on("%qf", "q")}
checks:
  %ci = phi i64 [ 0, %finished ], [ %cn, %checks ]
  %cs = phi {v} [ zeroinitializer, %finished ], [ %ct, %checks ]
  %cp = getelementptr inbounds double, ptr %dU, i64 %ci
  %cv = load {v}, ptr %cp, align 8
  %cz = fmul {v} %cv, zeroinitializer
  %ct = fadd {v} %cs, %cz
  %cn = add i64 %ci, {w}
  %cc = icmp slt i64 %cn, {whole}
  br i1 %cc, label %checks, label %checked
checked:
  %cf = load {v}, ptr %F, align 8
  %cg = fadd {v} %cf, %ct{go_on("%cg", "c")}
"""
        if leaves
        else f"""
  %cf = load {v}, ptr %F, align 8{go_on("%cf", "c")}
"""
    )
    gather = (
        f"""
  br i1 %one_part, label %added, label %adds
adds:
  %ai = phi i64 [ 0, %part_done ], [ %an, %adds ]
  %ap = getelementptr inbounds double, ptr %dU, i64 %ai
  %aq = getelementptr inbounds double, ptr %A, i64 %ai
  %av = load {v}, ptr %ap, align 8
  %aw = load {v}, ptr %aq, align 8
  %ax = select i1 %first_part, {v} zeroinitializer, {v} %aw
  %ay = fadd {v} %av, %ax
  store {v} %ay, ptr %aq, align 8
  store {v} %ay, ptr %ap, align 8
  %an = add i64 %ai, {w}
  %ac = icmp slt i64 %an, {whole}
  br i1 %ac, label %adds, label %added
"""
        if leaves
        else "\n  br label %added\n"
    )
    return f"""
define i64 @train({", ".join(f"ptr noalias {name}" for name in TABLES)}, ptr noalias %M,
    ptr noalias %A, ptr noalias %X, ptr noalias %orders, i64 %samples, i64 %batch,
    ptr noalias %rates, i64 %first, ptr noalias %losses, ptr noalias %outs, i64 %mode) {{
entry:
  %wants_gradient = icmp ne i64 %mode, 0
  %moves = icmp eq i64 %mode, 3
  br label %step
step:
  %s = phi i64 [ 0, %entry ], [ %s_next, %stepped ]
  %begin = mul i64 %s, %batch
  %rest = sub i64 %samples, %begin
  %is_last = icmp slt i64 %rest, %batch
  %n = select i1 %is_last, i64 %rest, i64 %batch
  %size = sitofp i64 %n to double
  %seed = fdiv double 1.0, %size
  %one_part = icmp sle i64 %n, {lanes}
  %goes = icmp slt i64 %n, %rest
  %goes_moving = and i1 %goes, %moves
  %at_once = and i1 %one_part, %goes_moving
  %rate_at = getelementptr inbounds double, ptr %rates, i64 %s
  %rate = load double, ptr %rate_at, align 8
  %k = add i64 %s, %first
  %fk = sitofp i64 %k to double
  store {v} zeroinitializer, ptr %F, align 8
  br label %part
part:
  %p = phi i64 [ 0, %step ], [ %p_next, %added ]
  %before = phi double [ 0.0, %step ], [ %total, %added ]
  %first_part = icmp eq i64 %p, 0
  %open = sub i64 %n, %p
  %is_short = icmp slt i64 %open, {lanes}
  %m = select i1 %is_short, i64 %open, i64 {lanes}
  %here = add i64 %begin, %p
  %order = getelementptr inbounds i64, ptr %orders, i64 %here
  %out_at = mul i64 %here, {count}
  %out = getelementptr inbounds double, ptr %outs, i64 %out_at
  call void @samples({tables}, ptr %X, ptr %order, i64 %m)
{calls(functions.forward)}
  %fm = sitofp i64 %m to double
  %mean = call double @results({tables}, ptr %out, i64 %m, double %seed, double %fm)
  %total = fadd double %before, %mean
  br i1 %wants_gradient, label %back, label %added
back:
{calls(functions.backward)}
  br i1 %at_once, label %moving_last, label %last
moving_last:  ; nobody looks at these gradients
{calls(functions.moving_last, more)}
  br label %part_done
last:
{calls(functions.last)}
  br label %part_done
part_done:{gather}
added:
  %p_next = add i64 %p, {lanes}
  %more = icmp slt i64 %p_next, %n
  br i1 %more, label %part, label %finished
finished:
  %loss_at = getelementptr inbounds double, ptr %losses, i64 %s
  store double %total, ptr %loss_at, align 8{check}
moving:
  br i1 %moves, label %moved_some, label %stepped
moved_some:
  br i1 %at_once, label %rest_moves, label %all_move
rest_moves:
{calls([functions.rest], more)}
  br label %update
all_move:
{calls([functions.update], more)}
  br label %update
update:
  %uf = load {v}, ptr %F, align 8
  %us = call double @llvm.vector.reduce.fadd.v{w}f64(double 0.0, {v} %uf)
  %ufine = fcmp oeq double %us, {zero}
  br i1 %ufine, label %stepped, label %stop
stepped:
  %s_next = add i64 %s, 1
  br i1 %goes, label %step, label %stop
stop:
  %done = phi i64 [ %s, %{"checked" if leaves else "finished"} ], [ %s, %update ],
    [ %s_next, %stepped ]{", [ %s, %quick ]" if leaves else ""}
  ret i64 %done
}}"""
