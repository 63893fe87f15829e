# %% [markdown]
# # 3 · Logistic regression
#
# A neuron that answers with a probability, and how to say in one number how good its answers are.

# %%
import math

import nn
from autograd import Value, sigmoid
from nn import LogisticRegression, figures, show_curves

# %% [markdown]
# ## The logistic function (sigmoid) · логистическая функция (сигмоид)
#
# $$\sigma(s) = \frac{1}{1 + e^{-s}}$$
#
# **Predict.** What is $\sigma(0)$? How steep is the curve there? What is $\sigma(-2) + \sigma(2)$?

# %%
figures.sigmoid_curve()

# %% [markdown]
# > **About its age.** The lecture says that a suitable function took another 15 years to find. The
# > curve itself is much older (P.-F. Verhulst used it for the growth of populations in the 1840s);
# > new was what it made possible in networks, by having a slope everywhere.

# %% [markdown]
# We need not believe the slope. A `Value` remembers how it was made and gives derivatives:

# %%
s = Value(0.0)
p = sigmoid(s)
p.backward()
print(f"σ(0) = {p.data}, slope {s.grad}")

# %% [markdown]
# In general $\sigma'(s) = \sigma(s) \, (1 - \sigma(s))$:

# %%
print("  s    slope  σ(1 − σ)")
for number in (-4.0, -1.0, 0.0, 1.0, 4.0):
    s = Value(number)
    p = sigmoid(s)
    p.backward()
    print(f"{number:3.0f}  {s.grad:.5f}   {p.data * (1 - p.data):.5f}")

# %% [markdown]
# **A trap.** The formula as it stands needs $e^{1000}$ for $s = -1000$, which no float can hold.
# What should the answer be? A careful implementation gets there:

# %%
try:
    print(1 / (1 + math.exp(1000)))
except OverflowError as error:
    print("by the formula:", error)
print("ours:", sigmoid(-1000.0))

# %% [markdown]
# ### The probability of either label
#
# Let $f(x)$ be the probability that the label is $+1$:
#
# $$P(y \mid x) =
#   \begin{cases} f(x) & \text{for } y = +1 \\ 1 - f(x) & \text{for } y = -1 \end{cases}$$
#
# With $f = \sigma$ the two cases become one, because the curve is its own mirror image:
#
# $$\sigma(-s) = 1 - \sigma(s) \qquad \Rightarrow \qquad P(y \mid x) = \sigma(y s)$$

# %%
print("  s   σ(−s)                1 − σ(s)")
for s in (0.5, 3.0, 40.0):
    print(f"{s:4}  {sigmoid(-s):.13e}  {1 - sigmoid(s):.13e}")

# %% [markdown]
# **Explain.** The last line: why do the two differ, and which one is right? (How close to 1 can a
# float be without being 1?)

# %% [markdown]
# ## Logistic regression · логистическая регрессия
#
# $$P(y \mid x) = \sigma(y \, w^\top x)$$
#
# Despite its name it classifies. Our data: 20 students, how many hours each has learned, and
# whether the exam was passed (the example of Wikipedia's article on logistic regression).

# %%
HOURS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 1.75, 2, 2.25, 2.5]
HOURS += [2.75, 3, 3.25, 3.5, 4, 4.25, 4.5, 4.75, 5, 5.5]
PASSED = [0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1]
inputs = [[hours] for hours in HOURS]
labels = [2 * passed - 1 for passed in PASSED]  # −1 and +1, as in the lecture


# %% [markdown]
# A model with one weight and a bias, set by hand for a start: $s = w \cdot \text{hours} + b$.


# %%
def model_with(w, b):
    """Return a logistic regression of one input with these numbers."""
    model = LogisticRegression(1)
    model.w[0].data, model.b.data = w, b
    return model


guess = model_with(1.0, -3.0)
for hours in (1.0, 3.0, 5.0):
    fails, passes = guess.predict_proba([hours])
    decision = guess.predict([hours])
    print(f"{hours} hours: fails {fails:.4f}, passes {passes:.4f}, decision {decision:+d}")

# %% [markdown]
# ## How to train it? · как обучать?
#
# We need a measure of how well $w$ is chosen. Why not count the right decisions?
#
# **Predict.** Keep $w = 1.5$ and move $b$ from $-8$ to 0. What does the curve of the accuracy look
# like?

# %%
biases = [-8 + i / 20 for i in range(161)]
judged = [nn.evaluate(model_with(1.5, b), inputs, labels) for b in biases]
show_curves(
    {"accuracy": (biases, [accuracy for _, accuracy in judged])},
    x="bias b",
    y="share of right decisions",
    title="the accuracy goes in steps",
)

# %% [markdown]
# Stairs: almost everywhere flat, so that a small change of $b$ does not show. Standing on a step
# one cannot see which way is up. And a decision with probability 0.51 counts as much as one with
# 0.99.
#
# What we want is softer: a *high probability* for the label that is right.

# %% [markdown]
# ### Likelihood · функция правдоподобия
#
# The probability of all labels together, if the samples are independent:
#
# $$\prod_{i=1}^{N} P(y_i \mid x_i) = \prod_{i=1}^{N} \sigma(y_i \, w^\top x_i)$$
#
# **Predict.** With $w = b = 0$, what is it for our 20 samples?

# %%
untrained = model_with(0.0, 0.0)
nn.likelihood(untrained, inputs, labels), 2.0**-20

# %% [markdown]
# And for the guess from above? One bar for each student: the probability of what really happened.

# %%
figures.likelihood_bars(nn.label_probabilities(guess, inputs, labels))

# %% [markdown]
# **Predict.** The likelihood with all weights 0 is $2^{-N}$. What does the computer say for
# $N = 1000$? For $N = 1100$?

# %%
for n in (10, 1000, 1074, 1100):
    many = [[1.0]] * n, [1] * n
    product, logarithm = nn.likelihood(untrained, *many), nn.log_likelihood(untrained, *many)
    print(f"N = {n:4d}   product {product:.4g}   logarithm {logarithm:.4f}")

# %% [markdown]
# The smallest float above 0 is $2^{-1074}$; below it there is only 0. With more than a thousand
# samples the product is worthless, but its logarithm is a harmless number. That is one reason for
# the next step.

# %% [markdown]
# ## The loss of logistic regression · логистическая функция правдоподобия
#
# Take the logarithm, so that the product becomes a sum; the minus sign, so that less is better; and
# divide by $N$, so that data sets of different sizes compare. The lecture writes this *negative
# log-likelihood loss* in three forms:
#
# $$L(w) = -\frac{1}{N} \ln \prod_i \sigma(y_i w^\top x_i)
#   = \frac{1}{N} \sum_i \ln \frac{1}{\sigma(y_i w^\top x_i)}
#   = \frac{1}{N} \sum_i \ln \left(1 + e^{-y_i w^\top x_i}\right)$$
#
# > The lecture's heading says "likelihood function"; what follows is the *loss* made from it.

# %%
margins = [y * guess.score_numbers(x)[0] for x, y in zip(inputs, labels, strict=True)]
n = len(margins)
forms = [
    -math.log(nn.likelihood(guess, inputs, labels)) / n,
    sum(math.log(1 / sigmoid(m)) for m in margins) / n,
    sum(math.log(1 + math.exp(-m)) for m in margins) / n,
    nn.evaluate(guess, inputs, labels)[0],
]
forms

# %% [markdown]
# The fourth is the one that training uses. It is the third form, computed so that no margin
# overflows:

# %%
for margin in (0.0, 10.0, -10.0, -1000.0):
    print(f"margin {margin:6.0f}   loss {nn.logistic(margin, 1):.6g}")

# %% [markdown]
# At margin 0 it is $\ln 2$: the price of knowing nothing. For a sample that is wrong by much it
# grows like a straight line; for one that is right by much it goes to 0.
#
# And now the walk over the bias again. **Predict** its shape.

# %%
show_curves(
    {
        "loss": (biases, [loss for loss, _ in judged]),
        "errors": (biases, [1 - accuracy for _, accuracy in judged]),
    },
    x="bias b",
    y="mean loss; share of errors",
    title="the loss shows the way, the errors do not",
)

# %% [markdown]
# ### What makes a good loss
#
# The lecture asks two things of every loss from here on: it goes *with the error*, and it is
# *differentiable*. Some candidates, over the margin $y \, w^\top x$:

# %%
figures.losses()

# %% [markdown]
# **Which of them** has no slope to follow? Which punishes a sample for being right by too much?
# Which never lets a sample alone, not even a good one?
#
# (The 0/1 error; the squared one, right of margin 1; the logistic one: its slope is never quite 0.)

# %% [markdown]
# ## Training
#
# How `fit` finds the minimum is the theme of the next notebook. Here we use it: from $w = b = 0$,
# 1000 steps.

# %%
model = LogisticRegression(1)
history = nn.fit(
    model, inputs, labels, epochs=1000, batch_size=None, optimizer="sgd", learning_rate=1.0
)
print(f"w = {model.w[0].data:.4f}, b = {model.b.data:.4f}")

# %% [markdown]
# The article from which the data are says 1.5046 and $-4.0777$. The loss on the way:

# %%
steps = [report.epoch for report in history]
show_curves({"loss": (steps, history.losses)}, x="step", y="mean loss")

# %%
some_hours = [i / 20 for i in range(121)]
chances = {
    "guess": [guess.predict_proba([hours])[1] for hours in some_hours],
    "trained": [model.predict_proba([hours])[1] for hours in some_hours],
}
show_curves(
    {name: (some_hours, values) for name, values in chances.items()},
    points=(HOURS, PASSED),
    x="hours",
    y="probability to pass",
    title="what the model believes",
)

# %%
figures.likelihood_bars(nn.label_probabilities(model, inputs, labels))

# %% [markdown]
# The product of all is 1.7 times that of the guess, though the bars look much the same. Four
# students still surprise the model (red): with one input it cannot do better.
#
# ### Accuracy and probability side by side

# %%
print("             mean loss   accuracy")
for name, one in (("untrained", untrained), ("guess", guess), ("trained", model)):
    loss, accuracy = nn.evaluate(one, inputs, labels)
    print(f"{name:10s}  {loss:10.4f}  {accuracy:8.0%}")

# %% [markdown]
# The guess decides as often rightly as the trained model; only the loss tells them apart.

# %% [markdown]
# ### With two inputs
#
# The probability is a slope across the plane, and $p = \frac12$ a straight line, as with the
# perceptron of notebook 2; the colour is pale where the model is not sure.

# %%
moons = nn.make_moons(80, noise=0.15, seed=1)
signs = [2 * target - 1 for target in moons.targets]
plane = LogisticRegression(2)
nn.fit(plane, moons.inputs, signs, epochs=100, batch_size=None, optimizer="sgd", learning_rate=1.0)
nn.show_boundary(plane, moons)

# %% [markdown]
# ## The gradient, written out
#
# The next chapter of the lecture needs the gradient of this loss and gives it as a formula:
#
# $$\frac{\partial L}{\partial w} = -\frac{1}{N} \sum_i \frac{y_i x_i}{1 + e^{y_i w^\top x_i}}$$
#
# Note the sign in the exponent: it is $+y_i$ here, while the loss has $-y_i$. The engine knows
# nothing of this formula; it follows the graph of the loss backwards. Two witnesses that never
# spoke to each other:

# %%
plane = LogisticRegression(2, init="normal", seed=3)
scores = [plane.scores(x)[0] for x in moons.inputs]
nn.mean_loss(nn.logistic, scores, signs).backward()


def by_the_formula(k):
    """Return the derivative of the mean loss by weight k; -1 is the bias, whose input is 1."""
    found = 0.0
    for x, y in zip(moons.inputs, signs, strict=True):
        [s] = plane.score_numbers(x)
        found -= y * [*x, 1.0][k] / (1 + math.exp(y * s)) / len(signs)
    return found


pairs = [
    (plane.w[0].grad, by_the_formula(0)),
    (plane.w[1].grad, by_the_formula(1)),
    (plane.b.grad, by_the_formula(-1)),
]
for engine, formula in pairs:
    print(f"engine {engine:.15f}   formula {formula:.15f}")

# %% [markdown]
# ## A trap: data that are too easy
#
# Take two samples, $x = -1$ with label $-1$ and $x = 1$ with label $+1$.
#
# **Predict.** What is the best weight?

# %%
for epochs in (10, 100, 1000):
    easy = LogisticRegression(1)
    nn.fit(easy, [[-1.0], [1.0]], [-1, 1], epochs=epochs, optimizer="sgd", learning_rate=1.0)
    loss, _ = nn.evaluate(easy, [[-1.0], [1.0]], [-1, 1])
    print(f"{epochs:4d} epochs: w = {easy.w[0].data:.3f}, loss {loss:.5f}")

# %% [markdown]
# There is none: where a line separates the classes, twice the weights are always better, and $w$
# grows without end, ever more slowly. Notebook 8 has the cure.

# %% [markdown]
# ## The known numbers

# %%
s = Value(0.0)
p = sigmoid(s)
p.backward()
assert (p.data, s.grad) == (0.5, 0.25)
assert all(abs(sigmoid(-s) - (1 - sigmoid(s))) <= 1e-15 for s in (0.0, 0.1, 1.0, 5.0, 30.0))
assert 1 - sigmoid(40.0) == 0.0 < sigmoid(-40.0)
assert nn.likelihood(untrained, inputs, labels) == 2.0**-20
assert nn.likelihood(untrained, [[1.0]] * 1100, [1] * 1100) == 0.0
assert all(abs(form - forms[0]) < 1e-12 for form in forms)
assert abs(nn.logistic(0.0, 1) - math.log(2)) < 1e-15
assert nn.logistic(-1000.0, 1) == 1000.0
assert (round(model.w[0].data, 4), round(model.b.data, 4)) == (1.5046, -4.0777)
assert round(nn.log_likelihood(model, inputs, labels), 5) == -8.02988
assert all(abs(engine - formula) < 1e-12 for engine, formula in pairs)
