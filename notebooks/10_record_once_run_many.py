# %% [markdown]
# # 10 · Record once, run many
#
# A graph of numbers can be held in the hand, and is slow: it is built anew for every sample of
# every step. Here it is built once, read, and turned into a dozen lines that run on whole
# batches. This is what `jit` does in the big libraries, small enough to be watched.

# %%
import random
import warnings
from base64 import b64encode
from collections import Counter
from html import escape
from textwrap import fill
from time import perf_counter

from autograd import (
    RecordingError,
    Value,
    compile,
    define,
    draw,
    explain_program,
    maximum,
    pick,
    record,
    step,
    topological_order,
    total,
    where,
)
from nn import MLP, fit, make_moons, show_curves

# %% [markdown]
# ## A batch · подвыборка
#
# One small network, and its error for **one** sample, written as one would write it anyway.

# %%
moons = make_moons(200, noise=0.1, seed=1)
targets = [2 * t - 1 for t in moons.targets]  # -1 and +1
model = MLP(2, [4, 1], activation="tanh", head="linear", seed=1)


def error(x, target):
    """Return the squared error of one sample."""
    (score,) = model.scores(x)
    return (score - target) ** 2


one = error(moons.inputs[0], targets[0])
draw(one)

# %% [markdown]
# **Predict.** A step of training takes the mean over 200 samples. How many nodes has its graph?
# How many of them are parameters?

# %%
mean = total(error(x, t) for x, t in zip(moons.inputs, targets, strict=True)) / 200
parameters = model.parameters()
print(f"one sample   {len(topological_order(one)):5d} nodes")
print(f"200 samples  {len(topological_order(mean)):5d} nodes")
print(f"parameters   {len(parameters):5d}")

# %% [markdown]
# The parameters are there once, all else 200 times: the same picture again and again, with other
# numbers in it. After the step it is thrown away, and the next step builds it anew. How long does
# that take?

# %% tags=["timing"]


def seconds(action, times=5):
    """Return how long an action takes when nobody disturbs: the shortest of some times."""
    taken = []
    for _ in range(times):
        start = perf_counter()
        action()
        taken.append(perf_counter() - start)
    return min(taken)


def eager_step():
    """Build the graph of 200 samples, and go back through it."""
    loss = total(error(x, t) for x, t in zip(moons.inputs, targets, strict=True)) / 200
    loss.backward()


by_values = seconds(eager_step)
nodes = len(topological_order(mean))
print(f"{1e3 * by_values:.1f} ms for a step, {1e6 * by_values / nodes:.1f} µs for a node")

# %% [markdown]
# A processor multiplies two numbers in less than a thousandth of a microsecond. The rest is
# Python: making an object, finding the operation, asking what kind of thing the other number is.
# All of it is done for each of the 200 samples, and each time with the same answer. So: ask once.

# %% [markdown]
# ## Recording
#
# `record` calls the function on one sample and keeps what it did: operations and who feeds whom,
# not the numbers.

# %%
graph, _ = record(error, [(moons.inputs[0], targets[0]), (moons.inputs[1], targets[1])], {})
print(len(graph), "nodes,", len(graph.inputs), "inputs,", len(graph.leaves), "leaves")
Counter(op.name for op in graph.ops if op)

# %% [markdown]
# Such a recording holds for *every* sample, if the function would have done the same with every
# sample. How can one know? The Values hide their numbers while it runs. Who asks for one is told
# which line it was, and what to write there.
#
# **Predict.** Which of these functions do the same for every sample, and which do not?
#
# 1. `w * x if x > 0 else 0.0`
# 2. `w * x.data`
# 3. `weights[k]`, where `k` is part of the sample
# 4. `sum(w * x for _ in range(3))`
# 5. `w * x * random.random()`
# 6. `w * max(x, 0.0)`

# %%
w = Value(0.5, label="w")
weights = [Value(0.1, "w0"), Value(0.2, "w1"), Value(0.3, "w2")]


def attempt(function, batch):
    """Print what a function gives on a batch, or why it can't be recorded."""
    try:
        print(compile(function, engine="numpy")(batch))
    except RecordingError as refused:
        print(fill(f"{refused}", 96, subsequent_indent="    "))


attempt(lambda x: w * x if x > 0 else 0.0, [1.0, -1.0])

# %% [markdown]
# The `if` would be decided by the one sample that is recorded, and hold for all others. What is to
# be chosen sample by sample must be an *operation*, so that both sides are in the graph:

# %%
attempt(lambda x: where(step(x), w * x, 0.0), [1.0, -1.0])

# %%
attempt(lambda x: w * x.data, [1.0, -1.0])

# %% [markdown]
# `.data` leaves the graph: a number comes out that belongs to this sample. Without `.data` it is
# fine, and so are loops with a fixed number of turns:

# %%
attempt(lambda x: w * x, [1.0, -1.0])
attempt(lambda x: sum(w * x for _ in range(3)), [1.0, -1.0])

# %%
attempt(lambda k: weights[k], [0, 2])

# %%
attempt(lambda k: pick(weights, k), [0, 2])

# %%
attempt(lambda x: w * max(x, 0.0), [1.0, -1.0])

# %%
attempt(lambda x: w * maximum(x, 0.0), [1.0, -1.0])

# %% [markdown]
# And number 5? A random number asks no Value for anything. But it is another one the next time. So
# every function is recorded **twice**, on two samples, and the two graphs must be equal, node by
# node:

# %%
dice = random.Random(1)
attempt(lambda x: w * x * dice.random(), [1.0, -1.0])

# %% [markdown]
# The cure: what changes is an argument. That is how dropout is compiled; its masks are inputs,
# like the sample itself, and still come from the seeded generator.

# %%
masks = [dice.choice([0.0, 2.0]) for _ in range(2)]
print(masks, compile(lambda x, mask: w * x * mask, engine="numpy")([1.0, -1.0], masks))

# %% [markdown]
# ## Re-rolling
#
# A graph of scalars is an *unrolled* loop. Look at the picture again: four neurons do the same
# thing with other numbers. Rolling it up again needs no knowledge of layers:
#
# 1. sums and products that feed only each other become one weighted sum;
# 2. every node waits as long as it can; what is due at the same time, and is the same operation on
#    the same kinds of numbers, makes a group;
# 3. the numbers get places in two tables so that a group's lie side by side: **U** for what all
#    samples share, **V** for what each sample has of its own;
# 4. a group of weighted sums in which each row of weights meets each column of inputs is a product
#    of two matrices.
#
# **Predict.** How many lines will our network become, forward?

# %%
compiled = compile(error, engine="numpy")
program = compiled.program(moons.inputs, targets)


class Beside:
    """A picture, made small, with a text at its side."""

    def __init__(self, drawing, text):
        self.picture, self.text = b64encode(drawing.svg().encode()).decode(), text

    def _repr_mimebundle_(self, **_):
        style = "display:flex;align-items:center;gap:1em;overflow-x:auto"
        picture = f'<img width="350" alt="graph" src="data:image/svg+xml;base64,{self.picture}">'
        text = f'<pre style="font:11px/1.4 monospace">{escape(self.text)}</pre>'
        return {"text/html": f'<div style="{style}">{picture}{text}</div>', "text/plain": self.text}


Beside(draw(one), str(program))

# %% [markdown]
# The product of a layer with its inputs was never written by anybody; it was *found*. And every
# line knows where it comes from:

# %%
line = program.forward[0]
print(line, "\n")
for i in line.nodes:
    feeds = ", ".join(str(parent) for parent in graph.parents(i))
    print(f"node {i}: {graph.ops[i].name} of nodes {feeds}; scope {graph.scopes[i]!r}")

# %% [markdown]
# Four nodes, one in each of the four neurons. In words, line by line:

# %%
print(explain_program(program))

# %% [markdown]
# ### The rules are those of the table
#
# The lines of the backward pass were not written for programs. In the table of operations the
# derivative of tanh is `1 - out * out`, and stands in line 11 as `1 - V[7:11] * V[7:11]`: the
# rule was called, not with a number, but with the *name of a place*. So an operation of your own
# compiles as well.
#
# **Predict.** Which line does this operation get in the backward pass?

# %%
bent = define("bent", lambda x: x + x * x * x / 10, lambda x, _out: (1 + 0.3 * x * x,))
print(compile(lambda x: bent(w * x), engine="numpy").program([1.0, 2.0]))

# %% [markdown]
# The slope stands there as it was defined. (The `where` around it: the slope of somebody's own
# operation may be infinite, and where nothing arrives from above, nothing is handed on, as in the
# engine.)

# %% [markdown]
# ### As plain Python
#
# The same program once more, as loops over lists: to be read, and it runs. It takes one sample
# after the other and needs nothing but Python.

# %%
text = compiled.source(moons.inputs, targets)
print(text)

# %% [markdown]
# **Predict.** `run` gets the numbers of the leaves and 200 samples. What will its gradient be,
# compared with the one that `mean.backward()` leaves in `w.grad`?

# %%
model.zero_grad()
mean.backward()
by_values_gradient = {p: p.grad for p in parameters}

namespace = {}
exec(text, namespace)
samples = [[*x, t] for x, t in zip(moons.inputs, targets, strict=True)]
results, gradient = namespace["run"]([leaf.data for leaf in program.leaves], samples)
apart = max(
    abs(mine - by_values_gradient[leaf])
    for mine, leaf in zip(gradient, program.leaves, strict=True)
)
print(len(results), "results; gradients agree to 1e-15:", apart < 1e-15)

# %% [markdown]
# What the NumPy engine really runs are these lines. Each works on all samples at once: the names
# stand for parts of the tables, cut out beforehand.

# %%
print(compiled.source(moons.inputs, targets, style="numpy"))

# %% [markdown]
# ## The same numbers
#
# `engine="native"` makes machine code of the program, with LLVM. `mean` gives a node as always:
# call `backward()`, and the gradients are in the same Values.


# %%
def gradients(engine):
    """Return the loss of 200 samples and all gradients."""
    model.zero_grad()
    loss = compile(error, engine=engine).mean(moons.inputs, targets)
    loss.backward()
    return [loss.data, *(p.grad for p in parameters)]


found = {engine: gradients(engine) for engine in ("eager", "numpy", "native")}
for engine, numbers in found.items():
    print(f"{engine:8s}", *(f"{number: .6f}" for number in numbers[:5]), "…")

# %%
far = {
    engine: max(abs(a - b) for a, b in zip(numbers, found["eager"], strict=True))
    for engine, numbers in found.items()
}
print({engine: distance < 1e-12 for engine, distance in far.items()})

# %% [markdown]
# ## How fast
#
# A larger network, that of micrograd's demo (2, 16, 16 and 1 neuron): a step forward and backward,
# by the number of samples in it. What was compiled is compiled before, untimed.
#
# **Predict.** With twice as many samples Values take twice as long. And compiled?

# %% tags=["timing"]
larger = MLP(2, [16, 16, 1], activation="tanh", head="linear", seed=1)
SIZES = (10, 50, 100, 200, 400)


def larger_error(x, target):
    """Return the squared error of one sample."""
    return (larger.scores(x)[0] - target) ** 2


def time_of_step(engine, size):
    """Return how long a step takes, in seconds."""
    xs, ts = moons.inputs * 2, targets * 2
    xs, ts = xs[:size], ts[:size]
    run = compile(larger_error, engine=engine)
    for _ in range(2 if engine == "eager" else 8):
        run.mean(xs, ts)
    return seconds(lambda: run.mean(xs, ts).backward(), 3 if engine == "eager" else 11)


times = {
    engine: [time_of_step(engine, size) for size in SIZES]
    for engine in ("eager", "numpy", "native")
}
print("samples in a step  ", *(f"{size:>9d}" for size in SIZES))
for engine, taken in times.items():
    print(f"{engine:18s} ", *(f"{1e3 * t:6.2f} ms" for t in taken))
ratios = [slow / fast for slow, fast in zip(times["eager"], times["native"], strict=True)]
print(f"{'eager / native':18s} ", *(f"{ratio:7.0f} x" for ratio in ratios))

# %% tags=["timing"]
show_curves(
    {engine: (SIZES, [1e3 * t for t in taken]) for engine, taken in times.items()},
    x="samples in a step",
    y="milliseconds",
    title="one step of a network 2-16-16-1, forward and backward",
    logarithmic=True,
)

# %% [markdown]
# Per call some time goes into checking and copying the samples, whatever their number; that is
# why the lower curves are flat. In a whole training it is spent once: `fit` has the loss, the
# penalty and the optimizer's rule recorded, and runs whole epochs.

# %%
histories, taken = {}, {}
for engine in ("eager", "numpy", "native"):
    fresh = MLP(2, [8, 1], activation="tanh", head="sigmoid", seed=1)
    start = perf_counter()
    histories[engine] = fit(fresh, moons.inputs, moons.targets, epochs=60, engine=engine)
    taken[engine] = perf_counter() - start
for engine, history in histories.items():
    print(f"{engine:8s} loss after {len(history)} epochs {history.losses[-1]:.12f}")

# %% tags=["timing"]
for engine, needed in taken.items():
    print(f"{engine:8s} {needed:6.2f} s, making the program included")

# %% [markdown]
# With `engine="auto"`, which is usual, `fit` compiles only where Values would take some seconds:
# making a program takes a part of a second itself.

# %% [markdown]
# ## What a compiler cannot know
#
# **What you change outside.** A plain number that the function looks up somewhere is recorded as
# what it was. If the function's own names stand for something else it is recorded anew; but nobody
# sees into objects. So the first call is compared with Values, and the 2nd, the 4th, the 8th and so
# on, on a few samples.

# %%
settings = {"factor": 2.0}
scaled = compile(lambda x: settings["factor"] * w * x)


def call(batch):
    """Call it, and print the result with its warning in short."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = scaled(batch)
    print(result, *(f"{warning.message}".split(". ")[0] for warning in caught))


call([1.0])
call([1.0])
settings["factor"] = 100.0

# %% [markdown]
# **Predict.** What does the third call give, and what the fourth?

# %%
call([1.0])
call([1.0])

# %% [markdown]
# The third was wrong, and nobody could know. From the fourth on it runs as Values, and is right.
# The cure is to say what may change: as a *setting*, for which it is recorded anew, or as a
# Value, whose number is read at every call.

# %%
by_setting = compile(lambda x, factor: factor * w * x)
print(by_setting([1.0], factor=2.0), by_setting([1.0], factor=100.0))
number = Value(2.0, constant=True)
by_value = compile(lambda x: number * w * x)
print(by_value([1.0]))
number.data = 100.0
print(by_value([1.0]))

# %% [markdown]
# **The order of a sum.** $(a + b) + c$ is not $a + (b + c)$ in floating-point numbers. Values add
# in your order; a program adds in an order in which several sums can run side by side.
#
# **Predict.** Are these two equal? If not, do they differ in the first digit or in the last?

# %%
print(0.1 + 0.2 + 0.3, 0.1 + (0.2 + 0.3), 0.1 + 0.2 + 0.3 == 0.1 + (0.2 + 0.3))

# %% tags=["timing"]
print({engine: f"{distance:.0e}" for engine, distance in far.items()})  # differs by machine

# %% [markdown]
# Neither is the right one. That is why everything here is compared with 12 digits and not with
# all of them; and why two trainings that should agree drift apart in the last digits, then in the
# last but one, if they are long enough.
#
# **What is not finite.** Machine code says nothing when a logarithm of 0 gives minus infinity.
# Where any number of a batch is not finite, the batch runs again as Values, and they say what it
# means:

# %% tags=["raises-exception"]
compile(lambda x: (w * x).log())([1.0, 2.0, 0.0])

# %% [markdown]
# **What a function remembers.** A list that grows with each call, a counter, a file: the recorded
# program knows nothing of them. Recorded twice, it shows itself if the graph depends on it.

# %%
seen = []


def forgetful(x):
    """Multiply by w, once more at every call."""
    seen.append(1)
    for _ in seen:
        x = w * x
    return x


attempt(forgetful, [1.0])

# %% [markdown]
# If it does not change the graph, as a `print` or a counter, it happens while recording and
# checking, and not at the other calls. A function that is to be compiled should only compute.

# %% [markdown]
# ## The known numbers

# %%
assert len(topological_order(mean)) > 100 * len(program.forward)
assert [len(program.forward), len(program.backward)] == [5, 8]
assert program.forward[0].matrix is not None
assert len(line.nodes) == 4
assert {graph.ops[i].name for i in line.nodes} == {"weighted_sum"}
assert "1 - V[7:11] * V[7:11]" in str(program)
assert apart < 1e-15
assert all(distance < 1e-12 for distance in far.values())
last = [history.losses[-1] for history in histories.values()]
assert max(last) - min(last) < 1e-12
assert {engine: h.engine for engine, h in histories.items()} == {e: e for e in histories}
