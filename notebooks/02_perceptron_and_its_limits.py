# %% [markdown]
# # 2 · The perceptron and its limits
#
# A neuron that finds its weights by itself, what no neuron can find, and how two layers of them can
# do it.

# %%
import warnings
from itertools import product

import nn
from nn import Perceptron, figures

CORNERS = [(0, 0), (0, 1), (1, 0), (1, 1)]
AND = [-1, -1, -1, 1]
XOR = [-1, 1, 1, -1]

# %% [markdown]
# ## The single-layer perceptron · однослойный перцептрон
#
# F. Rosenblatt's perceptron (1957) answers with the sign of its weighted sum, $+1$ or $-1$, and
# learns from its mistakes only:
#
# $$\text{where } \operatorname{sign}(w^\top x_n) \ne y_n: \qquad w \leftarrow w + y_n x_n$$
#
# > **What the lecture leaves out.** There is no *bias* in its formulas, so the line between the two
# > answers would always run through the point $(0, 0)$, and not even "and" could be learned: at
# > $x = (0, 0)$ every sum is 0. The cure is an input $x_0$ that is always 1; its weight is the bias
# > $b$. Our `Perceptron` has it, so that $w = (b, w_1, w_2)$.

# %% [markdown]
# Why does the rule help? After the update the sum for the same sample has moved by $y \, x^\top x$,
# towards the label:
#
# $$y \, (w + y x)^\top x = y \, w^\top x + x^\top x \qquad (y^2 = 1)$$

# %% [markdown]
# ### The first steps by hand
#
# All weights are 0 at first. The samples come in the order $(0,0), (0,1), (1,0), (1,1)$ with the
# labels of "and": $-1, -1, -1, +1$. A sum of exactly 0 decides nothing, so it counts as a mistake.
#
# **Predict.** What are $(b, w_1, w_2)$ after the first sample? Is there a mistake on the second?
# What are they after the first epoch?

# %%
updates = list(Perceptron(2).updates(CORNERS, AND))


def show(updates):
    print("update  epoch  sample   y     b   w1   w2")
    for i, update in enumerate(updates, start=1):
        x, y = CORNERS[update.sample], AND[update.sample]
        w1, w2 = update.w
        print(f"{i:6d}  {update.epoch:5d}  {x}  {y:+d}  {update.b:4.0f} {w1:4.0f} {w2:4.0f}")


show([update for update in updates if update.epoch == 1])

# %% [markdown]
# On $(0,0)$ the bias became $-1$; this answers the next two samples correctly, because their sums
# are $-1$ too. Then $(1,1)$ pulled everything up by one, and $b$ is back at 0.
#
# **Predict.** It goes on like this. Will it come to rest? After how many epochs, more or less?

# %%
show(updates)

# %% [markdown]
# 18 corrections. A ninth epoch passed without a mistake, and it stopped with $b = -4$, $w_1 = 3$,
# $w_2 = 2$. Below: the neuron with these weights, and its line $w^\top x = 0$ after every update.

# %%
figures.perceptron()

# %% [markdown]
# Let us check all four sums:

# %%
perceptron = Perceptron(2).fit(CORNERS, AND)
for x, y in zip(CORNERS, AND, strict=True):
    [total] = perceptron.score_numbers(x)
    print(f"{x}  sum {total:3.0f}  answer {perceptron.predict(x):+d}  y {y:+d}")

# %% [markdown]
# ### There is more than one line
#
# It takes the first line without a mistake, not the best one. Shuffle the samples, and it ends
# elsewhere:

# %%
for seed in range(5):
    other = Perceptron(2).fit(CORNERS, AND, order="random", seed=seed)
    w1, w2 = (w.data for w in other.w)
    print(f"b {other.b.data:3.0f}   w {w1:.0f} {w2:.0f}   {len(other.updates_):2d} updates")

# %% [markdown]
# ### Can it run for ever?
#
# Not if there is a line at all (A. Novikoff, 1962): with $R$ the length of the longest sample and
# $\gamma$ the distance of the nearest sample from some line that separates them, there are at most
# $R^2 / \gamma^2$ updates. Lengths count the input $x_0 = 1$. For "and" and the line
# $-3 + 2 x_1 + 2 x_2 = 0$:

# %%
longest = max(1 + x1**2 + x2**2 for x1, x2 in CORNERS)
nearest = min(y * (-3 + 2 * x1 + 2 * x2) for (x1, x2), y in zip(CORNERS, AND, strict=True))
bound = longest * (3**2 + 2**2 + 2**2) / nearest**2
print(f"at most {bound:.0f} updates; it took {len(updates)}")

# %% [markdown]
# ### A trap: labels
#
# With labels 0 and 1 the rule would never correct a sample of class 0, because $y x = 0$. Many
# programs run on and learn nonsense; here it is refused.

# %%
try:
    Perceptron(2).fit(CORNERS, [0, 0, 0, 1])
except ValueError as error:
    print(error)

# %% [markdown]
# ## What one layer cannot do
#
# Exclusive or: $+1$ where exactly one of the inputs is 1.
#
# **Predict.** What will the perceptron do with it?

# %%
for update in Perceptron(2).updates(CORNERS, XOR, max_epochs=3):
    w1, w2 = update.w
    x, y = CORNERS[update.sample], XOR[update.sample]
    print(f"epoch {update.epoch}  {x}  {y:+d}   b {update.b:2.0f}  w {w1:2.0f} {w2:2.0f}")

# %% [markdown]
# Four mistakes in each epoch, and after each epoch it stands where it began: at 0. It goes round in
# a circle, and no patience helps.
#
# The trouble is not the rule. Try $25^3$ lines:

# %%
weights = [i / 2 for i in range(-12, 13)]
most = 0
for b, w1, w2 in product(weights, repeat=3):
    right = sum(
        (b + w1 * x1 + w2 * x2 > 0) == (y > 0) for (x1, x2), y in zip(CORNERS, XOR, strict=True)
    )
    most = max(most, right)
print(f"the best of {len(weights) ** 3} lines is right on {most} of 4 samples")

# %% [markdown]
# A proof takes two lines. From $(0,1)$ and $(1,0)$: $b + w_2 > 0$ and $b + w_1 > 0$, so that
# $2 b + w_1 + w_2 > 0$. From $(1,1)$: $b + w_1 + w_2 \le 0$. Hence $b > 0$, but from $(0,0)$:
# $b \le 0$.

# %% [markdown]
# ### Make the best of it
#
# Real data are seldom separable. Take two half moons of 40 samples, and count the mistakes after
# every update:

# %%
moons = nn.make_moons(80, noise=0.15, seed=1)
labels = [2 * target - 1 for target in moons.targets]
restless, mistakes = Perceptron(2), []
for _ in restless.updates(moons.inputs, labels, max_epochs=20):
    answers = map(restless.predict, moons.inputs)
    mistakes.append(sum(a != y for a, y in zip(answers, labels, strict=True)))
nn.show_curves(
    {"mistakes": (range(1, len(mistakes) + 1), mistakes)},
    x="update",
    y="mistakes in 80 samples",
    title="a perceptron that never comes to rest",
)

# %% [markdown]
# Whoever stops it anywhere gets some accident of this curve. So `fit` says that it did not come to
# rest, and keeps the best weights that it met (the *pocket* of S. Gallant, 1990) instead of the
# last ones.

# %%
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    pocket = Perceptron(2).fit(moons.inputs, labels, max_epochs=20)
print(str(caught[0].message).replace(". ", ".\n").replace(": ", ":\n"))

# %%
nn.show_boundary(pocket, moons)

# %% [markdown]
# About the best that a line can do; the moons want a curve.

# %% [markdown]
# ## The multi-layer perceptron · многослойный перцептрон
#
# Notebook 1 had neurons for "at least one" and for "both". Exclusive or is the first, but not the
# second:
#
# $$h_1 = [x_1 + x_2 \ge 1], \qquad h_2 = [x_1 + x_2 \ge 2], \qquad \text{out} = [h_1 - 2 h_2 > 0]$$
#
# **Predict.** Fill in the table of $h_1$, $h_2$ and the output before you run the cell.

# %%
network = nn.xor_network()
print("x       h1  h2  out")
hidden = [[h.data for h in network.layers[0](x)] for x in CORNERS]
for x, (h1, h2) in zip(CORNERS, hidden, strict=True):
    print(f"{x}  {h1:2.0f}  {h2:2.0f}  {network(x).data:3.0f}")

# %% [markdown]
# The same as a picture, with the sample $(1, 0)$ in it. Hover over a line to see its weight.

# %%
nn.network(network, [1, 0], target=1)

# %% [markdown]
# ### What the hidden layer is good for
#
# Look at the table again: in the plane of $h_1$ and $h_2$ the two samples of class $+1$ lie at the
# same place, and a line does separate them from the rest. So a single perceptron can learn
# exclusive or, if it sees $h$ instead of $x$. These are the lecture's "features of a higher level".

# %%
figures.perceptron(hidden, XOR)

# %% [markdown]
# ### Layers in general
#
# A multi-layer perceptron has any number of layers, each reading the outputs of the one before.
# Here is one with two hidden layers and random weights: blue lines are weights above 0, red dashed
# ones below, thick ones large.

# %%
figures.mlp()

# %% [markdown]
# > **About the year.** The lecture has the move to several layers in 1969. That is the year of M.
# > Minsky's and S. Papert's book *Perceptrons*, which proved what one layer cannot do. Several
# > layers had been known before it; what was missing, for another 15 years or so, was a way to
# > *train* them.

# %% [markdown]
# ## Why the rule does not carry over
#
# We set nine numbers by hand. Could they be learned? The rule needs to know whether *this* neuron
# was wrong, but the labels speak of the last neuron only. And the slope of a jump tells nothing:
#
# **Predict.** Change a weight of the network a little. By how much does the output change?

# %%
out = network([1, 0])
out.backward()
[parameter.grad for parameter in network.parameters()]

# %% [markdown]
# Nine zeros: nothing says which way to go. A neuron is needed whose answer rises smoothly. That is
# the next notebook.

# %% [markdown]
# ## The known numbers

# %%
assert (perceptron.b.data, [w.data for w in perceptron.w]) == (-4.0, [3.0, 2.0])
assert (len(perceptron.updates_), perceptron.epochs_, perceptron.converged_) == (18, 9, True)
circle = list(Perceptron(2).updates(CORNERS, XOR, max_epochs=100))
assert len(circle) == 4 * 100
assert all((u.w, u.b) == ((0.0, 0.0), 0.0) for u in circle[3::4])
assert most == 3
assert not pocket.converged_
assert min(mistakes) == 10 < mistakes[-1]
assert [network(x).data for x in CORNERS] == [0.0, 1.0, 1.0, 0.0]
assert Perceptron(2).fit(hidden, XOR).converged_
assert not any(parameter.grad for parameter in network.parameters())
