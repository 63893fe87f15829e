# %% [markdown]
# # 4 · Gradient descent
#
# Down the slope of the loss, step by step: how large a step, on how many samples, and how often.

# %%
import math
import random

import nn
from autograd import grad
from nn import LogisticRegression, descend, figures, show_curves

# %% [markdown]
# ## Gradient descent · градиентный спуск
#
# $$w(t + 1) = w(t) - \eta \, \frac{\partial L(w)}{\partial w}$$
#
# The gradient points where the function grows fastest, so we go the other way. $\eta$ is the
# *learning rate* (скорость обучения).
#
# ### One number
#
# Take $L(w) = w^2$, which has its minimum at 0 and the derivative $2 w$.
#
# **Predict.** From $w = 1$ with $\eta = 0.1$: where are we after one step? After two?


# %%
def square(w):
    return w * w


print(descend(square, [1.0], learning_rate=0.1, steps=5))

# %% [markdown]
# Each step multiplies $w$ by the same number:
#
# $$w - \eta \cdot 2 w = (1 - 2 \eta) \, w$$
#
# **Predict.** What happens with $\eta = 1$? And with $\eta = 1.1$? Which $\eta$ would be best of
# all?

# %%
rates = (0.1, 0.5, 1.0, 1.1)
paths = {rate: descend(square, [1.0], learning_rate=rate, steps=10) for rate in rates}
show_curves(
    {f"η = {rate}": (range(11), [w for (w,) in path.points]) for rate, path in paths.items()},
    x="step",
    y="w",
    title="four learning rates on w²",
)

# %% [markdown]
# With 0.1 it comes near by a fifth in each step. With 0.5 the factor is 0, and it is there at once.
# With 1 the factor is $-1$: to and fro for ever. Above 1 every step is larger than the one before.
#
# The lecture takes small steps "so as not to run to and fro": they decide whether we arrive at all.
# Only for $w^2$ can the best rate be read off; in general it is found by trying.

# %% [markdown]
# ### Two numbers
#
# A long valley, $L(w) = \frac18 w_1^2 + w_2^2$, eight times steeper across than along.
#
# **Predict.** Starting at the left, high on the slope: will the path of the steepest descent lead
# straight to the minimum?

# %%
figures.descent()

# %% [markdown]
# It first falls into the valley and then creeps along it. A rate that is small enough for the steep
# direction is tiny for the flat one; a rate that is too large (right) leaves the valley sideways.

# %% [markdown]
# ### Is the gradient really the steepest direction?
#
# Go a thousandth from a point of that valley in each of 360 directions, and see where it rises
# most:


# %%
def valley(w1, w2):
    return w1 * w1 / 8 + w2 * w2


here = (-4.0, 1.6)
turns = [math.radians(degrees) for degrees in range(360)]
rises = [
    valley(here[0] + 0.001 * math.cos(turn), here[1] + 0.001 * math.sin(turn)) - valley(*here)
    for turn in turns
]
steepest = max(range(360), key=rises.__getitem__)
print(f"steepest of 360 directions: {steepest}°, rises by {rises[steepest]:.6f}")

# %%
g1, g2 = (grad(valley, argnum)(*here).data for argnum in (0, 1))
along, length = math.degrees(math.atan2(g2, g1)), math.hypot(g1, g2)
print(
    f"the gradient ({g1:.1f}, {g2:.1f}) points to {along:.1f}°; a thousandth: {length / 1000:.6f}"
)

# %% [markdown]
# The same direction; and its length is how fast the height rises that way.

# %% [markdown]
# ### Where to begin
#
# The lecture begins at a *random* point. With one valley it does not matter, with two it does:
# $L(w) = (w^2 - 1)^2 + 0.3 \, w$.
#
# **Predict.** Where do the descents from $-2$, from 0.1 and from 2 end?


# %%
def two_valleys(w):
    return (w * w - 1) ** 2 + 0.3 * w


starts = (-2.0, 0.1, 2.0)
descents = [descend(two_valleys, [start], learning_rate=0.02, steps=60) for start in starts]
show_curves(
    {
        f"from {start}": (range(61), [w for (w,) in found.points])
        for start, found in zip(starts, descents, strict=True)
    },
    x="step",
    y="w",
    title="three starts, two valleys",
)

# %%
for start, found in zip(starts, descents, strict=True):
    print(f"from {start:4}: w = {found.points[-1][0]:7.4f}, height {found.losses[-1]:7.4f}")

# %% [markdown]
# Descent finds *a* minimum. The loss of logistic regression has only one valley, so any start will
# do, also zeros. Networks have many.

# %% [markdown]
# ## On data: three ways
#
# The students of notebook 3: does one pass after so many hours? The hours are counted from their
# mean here, which makes the valley rounder.

# %%
HOURS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 1.75, 2, 2.25, 2.5]
HOURS += [2.75, 3, 3.25, 3.5, 4, 4.25, 4.5, 4.75, 5, 5.5]
PASSED = [0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1]
mean = sum(HOURS) / len(HOURS)
inputs = [[hours - mean] for hours in HOURS]
labels = [2 * passed - 1 for passed in PASSED]
EPOCHS, RATE = 20, 0.5

# %% [markdown]
# ### All samples: gradient descent · градиентный спуск
#
# Every step looks at all $N$ samples.
#
# $$w \leftarrow w - \eta \left( -\frac{1}{N} \sum_{i=1}^{N}
#   \frac{y_i x_i}{1 + e^{y_i w^\top x_i}} \right)$$

# %%
whole = nn.gradient_descent(
    LogisticRegression(1), inputs, labels, learning_rate=RATE, epochs=EPOCHS
)
print(whole)

# %% [markdown]
# ### Batches: stochastic gradient descent · стохастический градиентный спуск
#
# Every step looks at one *batch* (подвыборка) of $N_{batch}$ samples.
#
# $$w \leftarrow w - \eta \left( -\frac{1}{N_{batch}} \sum_{x_i \in batch}
#   \frac{y_i x_i}{1 + e^{y_i w^\top x_i}} \right)$$
#
# > In these formulas $N_{batch}$ is the *size* of a batch, not their number.
#
# ### Single samples: very stochastic · очень стохастический градиентный спуск
#
# Every step looks at a single sample.
#
# $$w \leftarrow w - \eta \, \frac{\partial L(w^\top x_i, y_i)}{\partial w}$$
#
# > In books "SGD" may mean either of the two; one has to look.

# %%
by_batches = nn.stochastic_gradient_descent(
    LogisticRegression(1), inputs, labels, batch_size=5, learning_rate=RATE, epochs=EPOCHS
)
by_samples = nn.per_sample_gradient_descent(
    LogisticRegression(1), inputs, labels, learning_rate=RATE, epochs=EPOCHS
)

# %% [markdown]
# **Predict.** All three went through the data 20 times. How many steps did each take? Which path is
# smooth, which one restless, and which one got farthest?


# %%
def height(w, b):
    """Return the mean loss of all students for a weight and a bias."""
    pairs = zip(inputs, labels, strict=True)
    return sum(math.log1p(math.exp(-y * (w * x + b))) for (x,), y in pairs) / len(labels)


ways = {
    "all samples": whole,
    "batches of 5": by_batches,
    "single samples": by_samples,
}
figures.show_descent(height, ways)

# %%
for name, way in ways.items():
    (w, b), steps = way.points[-1], len(way.step_losses)
    print(f"{name:14s}  {steps:3d} steps   w {w:.3f}  b {b:6.3f}   loss {way.losses[-1]:.4f}")

# %% [markdown]
# The fewer samples in a step, the more steps, and the less each one knows. Single samples reach the
# neighbourhood of the minimum first, and then go on wandering around it.

# %% [markdown]
# ### Which one is cheaper?
#
# Steps do not cost the same: one on all samples costs as much as twenty on single ones. So compare
# over the number of samples looked at, that is over epochs.
#
# **Predict.** Which curve falls fastest at the beginning? Which one is lowest in the end?

# %%
show_curves(
    {
        name: ([step / way.steps_per_epoch for step in range(len(way.losses))], way.losses)
        for name, way in ways.items()
    },
    x="epoch",
    y="loss on all samples",
    title="the same work, three ways",
)

# %% [markdown]
# This is why batches are used even where all data fit into memory: they learn much in the first
# pass, when the whole gradient has made a single step.
#
# Two losses must not be confused: the one that a step goes down on, that of its batch, and the one
# on all samples.

# %%
passes = [step / 4 for step in range(len(by_batches.step_losses))]
show_curves(
    {
        "its batch": (passes, by_batches.step_losses),
        "all samples": (passes, by_batches.losses[:-1]),
    },
    x="epoch",
    y="loss",
    title="batches of 5: what a step sees, and what is",
)

# %% [markdown]
# ### The wandering, and its cure
#
# With a constant rate single samples never come to rest: at the minimum of the *mean* loss the
# gradients of the samples cancel, but none of them is 0. A rate that falls during training calms
# them down.

# %%
calmed = nn.per_sample_gradient_descent(
    LogisticRegression(1), inputs, labels, learning_rate=RATE, epochs=EPOCHS, schedule="linear"
)
show_curves(
    {
        "constant rate": ([i / 20 for i in range(len(by_samples.losses))], by_samples.losses),
        "falling rate": ([i / 20 for i in range(len(calmed.losses))], calmed.losses),
    },
    x="epoch",
    y="loss on all samples",
    title="single samples",
)

# %% [markdown]
# ## Epoch and batch · эпоха, подвыборка
#
# When every sample had its turn, an *epoch* is over. The lecture has $N_{dataset} / N_{batch}$
# steps in an epoch; where the division leaves a rest, it is rounded up.
#
# **Predict.** Ten samples in batches of three: how many steps, and what is in the last one?

# %%
nn.batches(10, 3)

# %% [markdown]
# The last sample stands alone, and makes as large a step as three others together. Two remedies:
# leave the rest out, or shuffle anew in every epoch, so that it is another one each time.

# %%
order = random.Random(1)
for epoch in (1, 2, 3):
    print(f"epoch {epoch}:", nn.batches(10, 3, seed=order))

# %%
nn.batches(10, 3, drop_last=True)

# %% [markdown]
# ### They are one algorithm
#
# All samples as one batch is gradient descent; batches of one are the very stochastic one. Nothing
# else differs:

# %%
ones = nn.stochastic_gradient_descent(
    LogisticRegression(1), inputs, labels, batch_size=1, learning_rate=RATE, epochs=EPOCHS
)
print("the same path:", ones.points == by_samples.points)

# %% [markdown]
# And the first step is what the lecture's formula says, from $w = b = 0$ where $e^0 = 1$:

# %%
n = len(labels)
by_hand = [
    RATE * sum(y * x / 2 for (x,), y in zip(inputs, labels, strict=True)) / n,
    RATE * sum(y / 2 for y in labels) / n,
]
for name, hand, engine in zip("wb", by_hand, whole.points[1], strict=True):
    print(f"{name}  by hand {hand:.6f}   by the engine {round(engine, 9) + 0.0:.6f}")

# %% [markdown]
# ## The known numbers

# %%
assert [w for (w,) in paths[1.0].points] == [(-1.0) ** step for step in range(11)]
assert abs(paths[0.1].points[-1][0] - 0.8**10) < 1e-12
assert abs(paths[1.1].points[-1][0] - 1.2**10) < 1e-9
assert abs(steepest - along) < 1
assert [found.points[-1][0] > 0 for found in descents] == [False, True, True]
assert list(map(len, nn.batches(10, 3))) == [3, 3, 3, 1]
assert [len(way.step_losses) for way in ways.values()] == [20, 80, 400]
assert [way.steps_per_epoch for way in ways.values()] == [1, 4, 20]
assert ones.points == by_samples.points
assert all(abs(a - b) < 1e-12 for a, b in zip(by_hand, whole.points[1], strict=True))
