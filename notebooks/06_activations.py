# %% [markdown]
# # 6 · Activation functions
#
# Between the weighted sum $s$ and the output $x$ of a neuron stands one small function. It is the
# only thing in a network that is not a straight line, and its *slope* decides how much of the
# error finds its way back to the weights.

# %%
import random
from math import exp

from autograd import (
    Value,
    derive,
    diagnose,
    explain,
    formula,
    relu,
    sigmoid,
    tanh,
    weighted_sum,
)
from nn import (
    MLP,
    LogisticRegression,
    Perceptron,
    evaluate,
    features,
    figures,
    fit,
    make_circles,
    make_moons,
    make_xor,
    mean_loss,
    show_boundary,
    show_curves,
    show_features,
)

# %% [markdown]
# ## Why there has to be one
#
# Here is a network with four hidden neurons and *no* activation: every neuron hands on its sum as
# it is.

# %%
model = MLP(2, [4, 1], activation="linear", seed=1)
model

# %% [markdown]
# **Predict.** It has 17 parameters. How many would be enough to compute the same function?

# %%
hidden, output = model.layers[0].neurons, model.layers[1].neurons[0]
w = [sum(v.data * h.w[i].data for v, h in zip(output.w, hidden, strict=True)) for i in (0, 1)]
b = sum(v.data * h.b.data for v, h in zip(output.w, hidden, strict=True)) + output.b.data

for x in ([1.0, 2.0], [-3.0, 0.5]):
    print(model(x).data, "and by one neuron alone", weighted_sum(w, x, b))

# %% [markdown]
# Three: two weights and a bias. Straight lines put one after the other stay a straight line,
# however many layers there are. With an activation in between they do not.

# %% [markdown]
# ## Activation functions · функции активации
#
# The lecture names three. It writes σ for all of them, and so do we where any activation is meant;
# elsewhere σ is the sigmoid.
#
# **Predict**, before you scroll: where is each of them steepest, and how steep is it there?

# %%
figures.activations()

# %% [markdown]
# - The *sigmoid* is steepest at 0, and even there its slope is only ¼.
# - *tanh* is steepest at 0 too, with slope 1.
# - *ReLU* has just two slopes: 0 on the left, 1 on the right.
#
# Grey is where a neuron hardly learns: *saturated*, where the curve has become flat, or *dead*,
# where it is flat altogether.

# %% [markdown]
# ## Sigmoid · sigmoid
#
# $$\sigma(s) = \frac{1}{1 + e^{-s}} \qquad \sigma'(s) = \sigma(s)\,(1 - \sigma(s))$$
#
# The slope can be had from the output alone. The engine's rule says just that; here is the
# derivative as a graph, written out as a formula.

# %%
s = Value(0.0, label="s")
formula(derive(sigmoid(s), s))

# %%
for number in (0.0, 2.0, 5.0, 10.0):
    s = Value(number)
    p = s.sigmoid()
    p.backward()
    print(f"s = {number:4}   output {p.data:.6f}   slope {s.grad:.6f}")

# %% [markdown]
# ## Hyperbolic tangent · tanh
#
# $$\tanh(s) = \frac{e^s - e^{-s}}{e^s + e^{-s}} \qquad \tanh'(s) = 1 - \tanh^2(s)$$
#
# It is the sigmoid, stretched: $\tanh(s) = 2\sigma(2s) - 1$. Twice as high, twice as fast, so four
# times as steep; and its outputs lie around 0.

# %%
for number in (-1.5, 0.0, 2.0):
    print(
        f"{number:4}   tanh {tanh(number):9.6f}   2σ(2s) − 1 = {2 * sigmoid(2 * number) - 1:9.6f}"
    )

# %% [markdown]
# The slope at 2, which is worth knowing by heart as a check of any program:

# %%
s = Value(2.0, label="s")
s.tanh().backward()
s.grad

# %% [markdown]
# **Predict.** What happens if the lecture's formula is typed in as it stands, and $s = 1000$?


# %%
def tanh_as_printed(s):
    """Return tanh by the lecture's formula, on plain numbers."""
    return (exp(s) - exp(-s)) / (exp(s) + exp(-s))


print(tanh_as_printed(2.0), tanh(2.0))

# %% tags=["raises-exception"]
tanh_as_printed(1000.0)

# %% [markdown]
# $e^{1000}$ is larger than any floating-point number. The formula is right, and a program must
# still compute it another way; so does the sigmoid at −1000.

# %%
tanh(1000.0), tanh(-1000.0), sigmoid(1000.0), sigmoid(-1000.0)

# %% [markdown]
# ## Rectified linear unit · rectified linear unit (ReLU)
#
# $$\text{ReLU}(s) = \max(0, s)$$
#
# > **About the lecture.** It says that ReLU is there to make computing simpler («нужна для
# > упрощения вычислений»). That is true: no exponential. The reason why it took over is another
# > one, further down: its slope on the right is exactly 1, and so the error is not worn away on its
# > way through many layers.
#
# At 0 there is a kink, and no derivative. A program has to choose one; this one, like the big
# libraries, chooses 0.

# %%
for number in (-2.0, 0.0, 1e-300, 3.0):
    s = Value(number)
    relu(s).backward()
    print(f"s = {number:6}   output {relu(number):6}   slope {s.grad}")

# %% [markdown]
# ## Ten sigmoids in a row
#
# One input, ten neurons in a row, each with weight 1 and the sigmoid. The derivative of the last
# output by the input is a product of ten slopes.
#
# **Predict.** What is the most that it can be?

# %%
start = Value(0.0, label="x")
h = start
for _ in range(10):
    h = h.sigmoid()

explain(start, h)

# %%
0.25**10

# %% [markdown]
# Less than a millionth is left, and ¼¹⁰ ≈ 0.00000095 is the best that ten sigmoids can do. This is
# the **vanishing gradient**.

# %% [markdown]
# ## The vanishing gradient, measured in networks
#
# Real networks have many paths and weights that are not 1. So let us measure: twelve hidden layers
# of six neurons, eight random samples, one backward pass, and of each layer the largest
# $|\partial L/\partial w|$.


# %%
def gradient_by_layer(activation, depth=12, width=6):
    """Return the largest gradient among the weights of each hidden layer."""
    rng = random.Random(0)
    samples = [[rng.gauss(0, 1) for _ in range(4)] for _ in range(8)]
    model = MLP(4, [width] * depth + [1], activation=activation, seed=1)
    mean_loss("mse", [model.scores(x) for x in samples], [1.0] * 8).backward()
    return [max(abs(w.grad) for n in layer.neurons for w in n.w) for layer in model.layers[:-1]]


# %% [markdown]
# **Predict.** Between the last hidden layer and the first, by which factor does the gradient
# shrink: with the sigmoid, with tanh, with ReLU?

# %%
sizes = {name: gradient_by_layer(name) for name in ("relu", "tanh", "sigmoid")}
numbers = range(1, 13)
show_curves(
    {name: (numbers, size) for name, size in sizes.items()},
    x="hidden layer (1 is next to the inputs)",
    y="largest |∂L/∂w|",
    title="what arrives at the weights of each layer",
)

# %%
for name, size in sizes.items():
    print(f"{name:8} {size[-1] / size[0]:14,.0f} times smaller in layer 1 than in layer 12")

# %% [markdown]
# With the sigmoid the first layers are as good as frozen: with η = 0.1 a weight there would move by
# some 0.00000000005 in a step. tanh and ReLU keep the size, if the weights start at the right scale
# (they do: Glorot's for tanh and sigmoid, He's for ReLU).

# %% [markdown]
# ### Ask the graph
#
# `diagnose` looks at the graph of a loss and says what is wrong with it.

# %%
deep = MLP(2, [3] * 14 + [1], activation="sigmoid", seed=1)
loss = deep.loss(deep.scores([1.0, -1.0]), 1.0)
diagnose(loss)

# %% [markdown]
# And `explain` says why, for one weight: it is a sum over all paths to the loss, each path a
# product of slopes and weights. There are 3¹³ = 1,594,323 of them, and all of them together are
# nothing.

# %%
explain(deep.layers[0].neurons[0].w[0], loss, paths=1)

# %% [markdown]
# ### Does it matter? Train
#
# Three networks, equal but for the activation: three hidden layers of eight neurons on two moons,
# by plain gradient descent in batches.
#
# **Predict.** Which one hardly gets off the ground?

# %%
moons = make_moons(80, noise=0.12, seed=1)


def trained(activation, hidden=(8, 8, 8)):
    """Return the losses of 50 epochs of plain SGD."""
    model = MLP(2, [*hidden, 1], activation=activation, head="sigmoid", seed=1)
    settings = {"epochs": 50, "batch_size": 16, "optimizer": "sgd", "learning_rate": 0.3}
    return fit(model, moons.inputs, moons.targets, **settings).losses


losses = {name: trained(name) for name in ("sigmoid", "tanh", "relu")}
show_curves(
    {name: (range(1, 51), values) for name, values in losses.items()},
    x="epoch",
    y="loss",
    title="three hidden layers, plain SGD",
)

# %% [markdown]
# The sigmoid network stays near ln 2 ≈ 0.693, the loss of a coin. Is the sigmoid to blame, or the
# depth? The same with one hidden layer:

# %%
trained("sigmoid", hidden=(8,))[::10]

# %% [markdown]
# It learns. The sigmoid and the depth *together* do the harm.

# %% [markdown]
# ## Dead neurons
#
# A ReLU neuron whose sum is below 0 for *every* sample has output 0 and slope 0 for every sample.
# Nothing comes back to its weights, so it stays as it is: dead. Let us kill one, by a bias of −10.

# %%
circles = make_circles(60, noise=0.08, seed=1)


def with_a_low_bias(activation):
    """Return a network whose first hidden neuron is far below 0 everywhere."""
    model = MLP(2, [4, 1], activation=activation, head="sigmoid", seed=1)
    model.layers[0].neurons[0].b.data = -10.0
    return model


model = with_a_low_bias("relu")
diagnose(mean_loss(model.loss, [model.scores(x) for x in circles.inputs], circles.targets))

# %% [markdown]
# **Predict.** After 30 epochs of training, what is its bias? And with *leaky* ReLU, which has a
# slope of 0.01 on the left instead of 0?

# %%
biases = {}
for activation in ("relu", "leaky_relu"):
    model = with_a_low_bias(activation)
    fit(model, circles.inputs, circles.targets, epochs=30, learning_rate=0.05)
    biases[activation] = model.layers[0].neurons[0].b.data
    print(f"{activation:10}  bias after training {biases[activation]:.4f}")

# %% [markdown]
# The dead one has not moved by a hair. The leaky one is on its way back.
#
# Neurons do not only start dead: one step that is too large can kill them. Sixteen of them, all
# alive at the start, are trained for 20 epochs.
#
# **Predict.** How many are dead in the end, with η = 0.1, 3 and 10?

# %%
dead = {}
for rate in (0.1, 3.0, 10.0):
    model = MLP(2, [16, 1], activation="relu", head="sigmoid", seed=1)
    settings = {"epochs": 20, "batch_size": None, "optimizer": "sgd", "learning_rate": rate}
    loss = fit(model, circles.inputs, circles.targets, **settings).losses[-1]
    scores = [model.scores(x) for x in circles.inputs]
    found = diagnose(mean_loss(model.loss, scores, circles.targets))
    dead[rate] = sum(finding.kind == "dead" for finding in found.findings)
    print(f"η = {rate:4}   loss {loss:.3f}   {dead[rate]:2d} of 16 neurons dead")

# %% [markdown]
# With η = 10 all of them: the network answers every input alike, and no amount of training will
# bring it back. A loss that jumps up and then stands perfectly still is the sign to look for.

# %% [markdown]
# ## A choice for every layer
#
# The activation is chosen per layer, and the output layer has none of its own: what stands there is
# the *head*, the next notebook's subject.

# %%
MLP(2, [8, 4, 1], activation=["relu", "tanh"], head="sigmoid", seed=1)

# %% [markdown]
# A rule of thumb: ReLU in hidden layers; tanh where a network is small and smooth curves are
# wanted; the sigmoid where an output has to be a probability, that is, in the head. And a function
# of your own is one `define` away (see the README).

# %% [markdown]
# ## What hidden neurons make of the inputs · более высокоуровневые фичи
#
# The lecture calls the outputs of a hidden layer features of a higher level, and whether the
# network "makes its own features" a philosophical question. It can be looked at.

# %%
model = MLP(2, [4, 1], activation="tanh", head="sigmoid", seed=1)
history = fit(model, circles.inputs, circles.targets, epochs=120, learning_rate=0.05)
show_boundary(model, circles)

# %% [markdown]
# **Predict.** Four hidden neurons enclose the inner ring. What does *one* of them see, and are all
# four at work?

# %%
show_features(model, circles)

# %% [markdown]
# Each sees a half-plane: a straight line (where its sum is 0), and a slope from one side to the
# other. Three half-planes make the three sides of the fence. The first neuron has no part in it:
# it is saturated on all samples, and only moves the bias of the next layer.
#
# With ReLU the same picture has one side at 0 and rises on the other:

# %%
by_relu = MLP(2, [8, 1], activation="relu", head="sigmoid", seed=2)
fit(by_relu, circles.inputs, circles.targets, epochs=120, learning_rate=0.05)
show_features(by_relu, circles)

# %% [markdown]
# Are they *features*? Here is a test. Give the outputs of the hidden layer to logistic regression,
# which can only draw a straight line, and compare with what it can do on the raw inputs.

# %%
signs = [2 * t - 1 for t in circles.targets]
higher = [features(model, x) for x in circles.inputs]
accuracy = {}
for name, inputs in (("raw inputs", circles.inputs), ("hidden outputs", higher)):
    line = LogisticRegression(len(inputs[0]))
    fit(line, inputs, signs, epochs=60, learning_rate=0.1)
    accuracy[name] = evaluate(line, inputs, signs)[1]
    print(f"logistic regression on {name:14}  accuracy {accuracy[name]:.1%}")

# %% [markdown]
# The ring that no line separates has become separable. In that sense: yes, the network makes its
# own features, and the last layer is nothing but logistic regression on them.
#
# The smallest case of all is XOR, with two hidden neurons trained from a random start. (Two are
# just enough, and not from every start: with `seed=2` it gets stuck half-way. Try it.)

# %%
xor = make_xor()
small = MLP(2, [2, 1], activation="tanh", head="sigmoid", seed=1)
fit(small, xor.inputs, xor.targets, epochs=300, learning_rate=0.05)
for x, t in zip(xor.inputs, xor.targets, strict=True):
    print(x, "→", [round(number, 3) for number in features(small, x)], " class", t)

# %% [markdown]
# A perceptron, which fails on XOR for ever, learns these four points:

# %%
labels = [2 * t - 1 for t in xor.targets]
perceptron = Perceptron(2).fit([features(small, x) for x in xor.inputs], labels)
perceptron.converged_

# %% [markdown]
# ## The known numbers

# %%
for function, place, slope in (
    (sigmoid, 0.0, 0.25),
    (tanh, 0.0, 1.0),
    (tanh, 2.0, 0.07065082485316443),
    (relu, 0.0, 0.0),
    (relu, 3.0, 1.0),
):
    s = Value(place)
    function(s).backward()
    assert abs(s.grad - slope) < 1e-15, (function, place, s.grad)

assert (sigmoid(0.0), tanh(1000.0), sigmoid(-1000.0)) == (0.5, 1.0, 0.0)
assert abs(tanh(0.7) - (2 * sigmoid(1.4) - 1)) < 1e-15
assert 0 < explain(start, h).gradient < 0.25**10
assert sizes["sigmoid"][-1] / sizes["sigmoid"][0] > 1e6
assert sizes["tanh"][-1] / sizes["tanh"][0] < 100 > sizes["relu"][-1] / sizes["relu"][0]
assert biases["relu"] == -10.0 < biases["leaky_relu"]
assert (dead[0.1], dead[10.0]) == (0, 16)
assert accuracy["hidden outputs"] == 1.0 > 0.7 > accuracy["raw inputs"]
assert perceptron.converged_
