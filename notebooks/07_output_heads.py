# %% [markdown]
# # 7 · Output heads
#
# A network ends in raw numbers, the *scores* $s$. What they mean is decided by the last step, the
# **head**, and by the loss that goes with it. The lecture has three pairs.
#
# | the question | head | loss |
# |---|---|---|
# | yes or no? | one sigmoid | binary cross-entropy |
# | how much? | none (linear) | mean squared error |
# | which of K? | softmax | cross-entropy |
#
# Watch for one thing on the way: what is sent back, $\delta = \partial L / \partial s$, will be the
# same simple difference in all three.

# %%
import random
from math import exp, log

from autograd import Value, derive, log_sum_exp, sigmoid
from nn import (
    MLP,
    Dataset,
    LinearRegression,
    Replay,
    Scaler,
    SoftmaxRegression,
    backprop_table,
    binary_cross_entropy,
    cross_entropy,
    descend,
    evaluate,
    figures,
    fit,
    load_digits,
    load_iris,
    logistic,
    mse,
    show_confusion,
    show_curves,
    softmax,
    split,
)

# %% [markdown]
# ## Functions on output neurons · функции на выходных нейронах
#
# ### Yes or no: one sigmoid
#
# The network's single score $s$ goes through the sigmoid, and $p = \sigma(s)$ is the probability of
# class 1. With the target $t$, 0 or 1, the loss is
#
# $$L = -t \ln p - (1 - t) \ln (1 - p)$$
#
# **Predict.** The score is −1.5, so $p = \sigma(-1.5) \approx 0.18$, and the target is 1. What is
# $\delta$? Its sign first, then its size.

# %%
s = Value(-1.5, label="s")
loss = binary_cross_entropy(s, 1)
loss.backward()
s.grad, sigmoid(-1.5) - 1

# %% [markdown]
# $$\delta = p - t$$
#
# What was said, less what was right. For every score and target:

# %%
print("    s   t        p    p − t        δ")
for number, target in ((-2.0, 0), (-2.0, 1), (0.0, 1), (3.0, 1), (3.0, 0), (1.0, 0.25)):
    s = Value(number)
    binary_cross_entropy(s, target).backward()
    p = sigmoid(number)
    print(f"{number:5} {target:4} {p:8.4f} {p - target:8.4f} {s.grad:8.4f}")

# %% [markdown]
# The last line is a target that is neither 0 nor 1 but a probability, and nothing changes.
#
# With the labels ±1 of [notebook 3](03_logistic_regression.ipynb) it is the same loss in other
# clothes: $\ln(1 + e^{-ys})$ with $y = 2t - 1$.

# %%
[(binary_cross_entropy(s, t), logistic(s, 2 * t - 1)) for s in (-1.5, 4.0) for t in (0, 1)]

# %% [markdown]
# ### Why not the squared error of p?
#
# One could take $(p - t)^2$ instead. Then the chain rule passes through the sigmoid's slope:
# $\delta = 2 (p - t)\, p (1 - p)$.
#
# **Predict.** A neuron is sure and wrong: $s = -10$, but the target is 1. Which loss corrects it
# more strongly, and by how much?

# %%
places = [-10 + 0.25 * i for i in range(61)]
from_cross_entropy, from_squares = [], []
for number in places:
    s = Value(number)
    binary_cross_entropy(s, 1).backward()
    from_cross_entropy.append(abs(s.grad))
    s = Value(number)
    ((s.sigmoid() - 1) ** 2).backward()
    from_squares.append(abs(s.grad))

show_curves(
    {"cross-entropy": (places, from_cross_entropy), "squared error": (places, from_squares)},
    x="score s (target 1: left is wrong)",
    y="|δ|",
    title="how strongly a sample pulls",
)

# %%
print(from_cross_entropy[0], from_squares[0])

# %% [markdown]
# Where the neuron is most wrong, the squared error hardly pulls: the sigmoid is saturated there,
# and its slope stands in the way. In $p - t$ that slope has been cancelled by the logarithm. This
# is why head and loss come in pairs.

# %% [markdown]
# ### Losses take scores, not probabilities
#
# **Predict.** What is $-\ln \sigma(-800)$, computed in two steps? And what is it really?

# %% tags=["raises-exception"]
-Value(-800.0).sigmoid().log()

# %%
binary_cross_entropy(Value(-800.0), 1).data

# %% [markdown]
# $\sigma(-800)$ is 10⁻³⁴⁸, too small for a floating-point number, so it becomes 0, and the
# logarithm of 0 does not exist. From the *score* the loss is $\ln(1 + e^{800}) = 800$, and can be
# computed without ever forming $p$. Hence all losses here take scores; the big libraries call them
# *logits*.

# %% [markdown]
# ## Linear regression · линейная регрессия
#
# «На выходе может быть одно число, ошибка MSE.» No head at all: the score is the answer.

# %%
rng = random.Random(3)
inputs = [[rng.uniform(-2, 2)] for _ in range(30)]
targets = [1.5 * x - 0.5 + rng.gauss(0, 0.4) for (x,) in inputs]

line = LinearRegression(1)
history = fit(line, inputs, targets, epochs=60, batch_size=None, optimizer="sgd", learning_rate=0.1)
ends = [-2.0, 2.0]
show_curves(
    {"fitted line": (ends, [line([x]).data for x in ends])},
    points=([x for (x,) in inputs], targets),
    y="t",
)

# %% [markdown]
# For a straight line the answer is also known in closed form (least squares: Legendre 1805, Gauss
# 1809), which makes a good witness.

# %%
n = len(inputs)
mean_x, mean_t = sum(x for (x,) in inputs) / n, sum(targets) / n
together = sum((x - mean_x) * (t - mean_t) for (x,), t in zip(inputs, targets, strict=True))
slope = together / sum((x - mean_x) ** 2 for (x,) in inputs)
print("trained     ", line.w[0].data, line.b.data)
print("closed form ", slope, mean_t - slope * mean_x)

# %% [markdown]
# ### ½, sum or mean?
#
# "The squared error" is at least four things in books and libraries: with or without a factor ½,
# and summed or averaged over the samples. Ours has no ½, and a mean:
#
# $$L = \frac1N \sum_i (s_i - t_i)^2 \qquad \delta_i = \frac2N (s_i - t_i)$$
#
# **Predict.** Four fits of the slope alone, all with η = 0.05 and from 0, after 20 steps. Which end
# at the same place?


# %%
def squares(factor):
    """Return a loss of the slope w: a factor times the sum of squares."""

    def loss(w):
        errors = [(w * x - t) ** 2 for (x,), t in zip(inputs, targets, strict=True)]
        return factor * sum(errors[1:], errors[0])

    return loss


kinds = {"sum": 1.0, "½ sum": 1 / 2, "mean": 1 / n, "½ mean": 1 / (2 * n)}
for name, factor in kinds.items():
    path = descend(squares(factor), [0.0], learning_rate=0.05, steps=20)
    print(f"{name:7}  w = {path.points[-1][0]:12.6g}")

# %% [markdown]
# None of them. The lowest point is the same for all four (a factor does not move it), 1.5308, but
# the *steps* are not: a factor in the loss is a factor in the learning rate. The sum over 30
# samples runs away, half of it swings from side to side, the means are on their way. With η divided
# by the factor all four walk the same path:

# %%
arrived = {}
for name, factor in kinds.items():
    path = descend(squares(factor), [0.0], learning_rate=0.05 / (n * factor), steps=20)
    arrived[name] = path.points[-1][0]
    print(f"{name:7}  w = {arrived[name]:12.6g}")

# %% [markdown]
# So a learning rate means nothing without the words "of the mean" or "of the sum". The famous
# worked example of [notebook 5](05_back_propagation.ipynb) has ½ and the sum over its two outputs;
# then $\delta = s - t$ without a 2, and that is all that the ½ is for.
#
# ### A curve
#
# A linear head does not make a linear model. With ten hidden neurons behind it (move the slider,
# and the curve learns):

# %%
rng = random.Random(3)
bent = [[rng.uniform(-3, 3)] for _ in range(40)]
heights = [3 * sigmoid(4 * x) - x + rng.gauss(0, 0.15) for (x,) in bent]

curve = MLP(1, [10, 1], activation="tanh", seed=1)
samples = Dataset(bent, heights, "a bent line", ["x"], [])
replay = Replay(curve, samples, every=8)
fit(curve, bent, heights, epochs=150, learning_rate=0.05, on_report=replay.record)
replay

# %% [markdown]
# ## Softmax · softmax
#
# One of K classes: K scores, and
#
# $$p_j = \frac{e^{s_j}}{\sum_i e^{s_i}}$$
#
# **Predict.** The scores are 1, 2 and 3. Three times as much score as class 0 has class 2; how many
# times the probability?

# %%
p = softmax([1.0, 2.0, 3.0])
p, sum(p), p[2] / p[0]

# %% [markdown]
# $e^{3-1} = e^2 \approx 7.39$ times. Only *differences* of scores count: add 100 to all of them,
# and nothing changes.

# %%
softmax([101.0, 102.0, 103.0])

# %% [markdown]
# > **About the lecture.** It says that softmax "resembles a generalisation" of the sigmoid
# > («похоже на обобщение сигмоиды»). It is exactly one: with two classes and scores 0 and $s$,
# > softmax gives $\sigma(s)$ for the second.

# %%
softmax([0.0, -1.5])[1], sigmoid(-1.5)

# %% [markdown]
# ### Cross-entropy · cross-entropy
#
# $$L = -\sum_i o_i \ln p_i$$
#
# where $o$ is 1 for the right class and 0 elsewhere. (The lecture's log is the natural one.) All
# but one term vanish, and the loss is $-\ln p$ of the right class. Here is the whole way for the
# scores 1, 2, 3, where class 2 is the right one:

# %%
figures.softmax_bars([1.0, 2.0, 3.0], target=2)

# %% [markdown]
# **Predict.** The row $\delta$ was computed by back-propagation. What will it be if class 0 is the
# right one?

# %%
deltas = []
for target in range(3):
    scores = [Value(number) for number in (1.0, 2.0, 3.0)]
    cross_entropy(scores, target).backward()
    deltas.append([s.grad for s in scores])
    print(
        "class", target, "  δ =", [f"{d:.4f}" for d in deltas[-1]], f"  sum {sum(deltas[-1]):.0e}"
    )

# %% [markdown]
# $$\delta = p - o$$
#
# Once more: what was said, less what was right. And the pulls on the K scores always cancel: what
# one class gains the others lose.

# %% [markdown]
# ### What an untrained network should cost
#
# **Predict.** Ten classes, all scores equal. The loss?

# %%
for classes in (2, 3, 10):
    loss = cross_entropy([Value(0.0)] * classes, 0).data
    print(f"{classes:2d} classes   loss {loss:.6f}   ln {classes} = {log(classes):.6f}")

# %% [markdown]
# ln K is the price of knowing nothing. If the first loss that your program prints is much higher,
# the weights start too large; if training does not get below it, nothing is being learned.

# %% [markdown]
# ### Overflow
#
# As the formula stands, a score of 1000 is too much:

# %% tags=["raises-exception"]
scores = [1000.0, 1001.0, 1002.0]
[exp(s) / sum(exp(t) for t in scores) for s in scores]

# %% [markdown]
# Since only differences count, take the largest score off all of them first; then the largest power
# is $e^0 = 1$. The same inside the logarithm gives $\ln \sum e^{s_i}$ safely:

# %%
softmax(scores), log_sum_exp(scores)

# %% [markdown]
# **Predict.** The scores are 123, 456 and 789, and class 0 is right. The loss?

# %%
cross_entropy([123.0, 456.0, 789.0], 0)

# %% [markdown]
# ### Softmax twice
#
# A classic slip: the network already ends in softmax, and its *probabilities* are given to a loss
# that expects scores, and so applies softmax again. Nothing fails. What happens?
#
# **Predict.** The network is perfect: it says 1, 0, 0, and class 0 is right. What does the loss
# say?

# %%
best = cross_entropy([1.0, 0.0, 0.0], 0)
best, log(exp(1) + 2) - 1

# %% [markdown]
# It can never get below 0.5514, however right the network is, because probabilities differ by 1 at
# most. See what that does to training on Fisher's irises:


# %%
def cross_entropy_of_softmax(scores, target):
    """Apply softmax once too often."""
    return cross_entropy(softmax(scores), target)


train, test = split(load_iris(), (0.7, 0.3), seed=0)
scaler = Scaler().fit(train.inputs)
flowers = scaler.transform(train.inputs)

curves = {}
for name, loss in (("once", "cross_entropy"), ("twice", cross_entropy_of_softmax)):
    model = MLP(4, [3], loss=loss, seed=1)
    history = fit(model, flowers, train.targets, epochs=40, learning_rate=0.05)
    curves[name] = (range(1, 41), history.losses)

show_curves(curves, x="epoch", y="loss", title="softmax, once and twice")

# %% [markdown]
# It learns, slowly, and towards a floor. That is what makes the slip so hard to find: accuracy
# looks nearly right. An `MLP` here refuses the combinations that it can recognise:

# %% tags=["raises-exception"]
MLP(4, [3], head="softmax", loss="mse")

# %% [markdown]
# ## Where the lecture's recursion stops
#
# The lecture computes the δ of a layer from those of the next one:
#
# $$\delta_i^{l-1} = \sigma'(s_i^{l-1}) \sum_j w_{ij}^l \delta_j^l$$
#
# and starts from $x_i^L = \sigma(s_i^L)$, that is, output $i$ depends on sum $i$ alone. Sigmoid,
# tanh and ReLU are like that. Softmax is not: *every* probability depends on *every* score, because
# of the sum below. So it has not K slopes but a table of K × K, and each of its numbers can be
# asked for:

# %%
scores = [Value(number, label=f"s{i}") for i, number in enumerate((1.0, 2.0, 3.0), start=1)]
outputs = softmax(scores)
table = [[derive(p, s).data for s in scores] for p in outputs]
for row in table:
    print("  ".join(f"{number:8.4f}" for number in row))

# %% [markdown]
# Row $j$, column $i$: $\partial p_j / \partial s_i = p_j ([i = j] - p_i)$. On the diagonal stands
# $p(1-p)$, which looks like the sigmoid's σ′. **Predict.** If we took that for σ′ and left out the
# rest, as the recursion would, what would δ be for the right class 2? And for the others?

# %%
upstream = [0.0, 0.0, -1 / outputs[2].data]  # ∂L/∂p of L = −ln p₂
whole = [sum(table[j][i] * upstream[j] for j in range(3)) for i in range(3)]
diagonal = [table[i][i] * upstream[i] for i in range(3)]
print("whole table   ", [f"{d:.4f}" for d in whole])
print("diagonal only ", [f"{d:.4f}" for d in diagonal])

# %% [markdown]
# Right for the right class, and 0 for all others: they would never learn to hold back.
#
# > **About the lecture.** So the recursion with σ′ is for the layers *below* the head. At the head
# > itself begin with $\delta^L = p - o$ (and with $p - t$ for the sigmoid). From there on it holds
# > as it is written:

# %%
model = MLP(2, [3, 3], activation="sigmoid", head="softmax", seed=1)
rows = backprop_table(model, [0.5, -1.0], 2).rows
hidden, output = rows[:3], rows[3:]
for i, row in enumerate(hidden):
    behind = sum(after.weights[i] * after.delta for after in output)
    print(
        f"δ by the engine {row.delta:9.6f}   by the recursion {row.x * (1 - row.x) * behind:9.6f}"
    )

# %% [markdown]
# ## Ten digits
#
# About 500 handwritten digits of 8 × 8 pixels to learn from, 359 others to judge by, and one
# softmax layer alone: 64 inputs, 10 scores.

# %%
digits = load_digits()
train, test, _ = split(digits, (0.28, 0.2, 0.52), seed=0)
model = SoftmaxRegression(64, 10)
first_loss = evaluate(model, train.inputs, train.targets)[0]
history = fit(model, train.inputs, train.targets, epochs=8, learning_rate=0.05)
print(f"loss before {first_loss:.6f} (ln 10), after {history.losses[-1]:.4f}")
print(f"accuracy on the others {evaluate(model, test.inputs, test.targets)[1]:.1%}")

# %% [markdown]
# The weights of each of the ten neurons are a picture: blue pixels speak for the digit, red ones
# against it. **Predict** what the zero's looks like in the middle.

# %%
weights = {f"weights of {k}": [w.data for w in n.w] for k, n in enumerate(model.layers[0].neurons)}
figures.images(weights, (8, 8), signed=True, across=5)

# %% [markdown]
# Ink in the middle speaks loudly against a zero.
#
# Here is one test digit, and what the network says about it in scores and in probabilities. Which
# two did it waver between?

# %%
sample = 3
figures.images({f"a {test.targets[sample]}": test.inputs[sample]}, (8, 8))

# %%
figures.softmax_bars(model.score_numbers(test.inputs[sample]), test.targets[sample])

# %% [markdown]
# Where it errs, over all test digits:

# %%
show_confusion(test.targets, [model.predict(x) for x in test.inputs], test.class_names)

# %% [markdown]
# ## The known numbers

# %%
s = Value(-1.5)
binary_cross_entropy(s, 1).backward()
assert abs(s.grad - -0.81757447619364) < 1e-14

s = Value(3.0)
mse(s, 1.0).backward()
assert s.grad == 4.0, "2 (s − t): no factor ½"
assert max(arrived.values()) - min(arrived.values()) < 1e-12
assert abs(line.w[0].data - slope) < 1e-5

expected = [0.0900305731703804, 0.244728471054797, 0.665240955774821]
for target, found in enumerate(deltas):
    for j in range(3):
        assert abs(found[j] - (expected[j] - (j == target))) < 1e-14
        assert abs(whole[j] - deltas[2][j]) < 1e-14

assert abs(first_loss - log(10)) < 1e-12
assert cross_entropy([123.0, 456.0, 789.0], 0) == 666.0
assert abs(best - 0.5514447139320511) < 1e-15
assert curves["twice"][1][-1] > best
assert abs(softmax([0.0, -1.5])[1] - sigmoid(-1.5)) < 1e-15
