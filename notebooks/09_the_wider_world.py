# %% [markdown]
# # 9 · The wider world · deep learning libraries
#
# The lecture ends with three libraries and the advice to know more than one of them. Everything in
# these notebooks has a name there too. Here we take a network that our scalars have trained, write
# its weights down in the way of each library, and compute with them what the libraries compute. No
# library is needed for that, only numpy (`pip install numpy`); what corresponds to what, name by
# name, is on a page of its own: [libraries.md](libraries.md).

# %%
import numpy as np

from autograd import Value
from nn import (
    MLP,
    SGD,
    Dropout,
    Scaler,
    cross_entropy,
    fit,
    l2,
    load_iris,
    mean_loss,
    split,
)

# %% [markdown]
# ## What became of the three · «лучше знать и 1, и 2»
#
# | in the lecture | today |
# |---|---|
# | 1. TensorFlow + Keras | Both go on. Keras 3 (2023) also runs on JAX and on PyTorch. |
# | 2. Torch (torch.ch) | Its language was *Lua*, and it is no longer developed. |
# | | Its successor, with Python, is **PyTorch** (2016). |
# | 3. Deeplearning4j | For Java; part of the Eclipse foundation since 2017. |
#
# > **About the lecture.** Where it says Torch, a reader of today will want PyTorch (pytorch.org).
# > The two share ideas and names (`nn.Linear`, `nn.Tanh`, `nn.Sequential`), but not code. A small
# > trap for those who read old Lua examples: there classes are counted from 1.

# %% [markdown]
# ## A network to take along
#
# Fisher's irises again: 4 inputs, 6 hidden neurons with tanh, softmax over 3 species.

# %%
train, test = split(load_iris(), (0.7, 0.3), seed=0)
scaler = Scaler().fit(train.inputs)
x, t = scaler.transform(train.inputs), train.targets

model = MLP(4, [6, 3], activation="tanh", head="softmax", seed=1)
history = fit(model, x, t, epochs=30, learning_rate=0.03)
ours = np.array([model.predict_proba(row) for row in x])
model, ours.shape

# %% [markdown]
# ## The same weights, three layouts
#
# In the lecture $w_{ij}^l$ leads *from* neuron $i$ of the layer below *to* neuron $j$. We keep them
# neuron by neuron: `layers[l].neurons[j].w[i]`.
#
# **Predict.** As a matrix, has the first layer the shape (4, 6) or (6, 4)?

# %%
layers = [
    (
        np.array([[w.data for w in neuron.w] for neuron in layer.neurons]),
        np.array([neuron.b.data for neuron in layer.neurons]),
    )
    for layer in model.layers
]
[(w.shape, b.shape) for w, b in layers]

# %% [markdown]
# Ours has one row for each neuron, but the other is as good, and which it is depends on whom you
# ask. The row for each neuron is PyTorch's layout (and was Torch's): `nn.Linear(4, 6).weight` has
# the shape (out, in), in a dictionary of parameters with these names:

# %%
pytorch = {}
for place, (w, b) in zip((0, 2), layers, strict=True):  # the tanh between them is number 1
    pytorch[f"{place}.weight"], pytorch[f"{place}.bias"] = w, b
{name: array.shape for name, array in pytorch.items()}

# %% [markdown]
# Keras has the lecture's order, first from, then to: the `kernel` of `Dense(6)` has the shape (in,
# out), and `model.get_weights()` is a list of kernel, bias, kernel, bias:

# %%
keras = [array for w, b in layers for array in (w.T, b)]
[array.shape for array in keras]

# %% [markdown]
# Deeplearning4j has `W` of shape (nIn, nOut) too, and `b` as a row. What `net.params()` gives is
# all of them in *one* row of numbers: for each layer first `W`, column by column, then `b`.

# %%
dl4j = np.concatenate([np.concatenate([w.T.ravel(order="F"), b]) for w, b in layers])
dl4j.shape, len(model.parameters())

# %% [markdown]
# ## The same network, computed
#
# Our engine takes one sample at a time and one number after the other. The libraries take the whole
# batch: N samples are the rows of a matrix, and all sums $s$ of a layer are one product of
# matrices.


# %%
def softmax_of_rows(s):
    """Return the probabilities of each row, without overflow."""
    powers = np.exp(s - s.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def by_pytorch(x):
    """Return what Sequential(Linear, Tanh, Linear) and softmax give."""
    h = np.tanh(x @ pytorch["0.weight"].T + pytorch["0.bias"])
    return softmax_of_rows(h @ pytorch["2.weight"].T + pytorch["2.bias"])


def by_keras(x):
    """Return what Sequential([Dense(tanh), Dense(softmax)]) gives."""
    kernel1, bias1, kernel2, bias2 = keras
    return softmax_of_rows(np.tanh(x @ kernel1 + bias1) @ kernel2 + bias2)


def by_dl4j(x, order="F"):
    """Return what a DenseLayer and an OutputLayer give, from one row of parameters."""
    w1, b1, w2, b2 = np.split(dl4j, np.cumsum([4 * 6, 6, 6 * 3]))
    h = np.tanh(x @ w1.reshape(4, 6, order=order) + b1)
    return softmax_of_rows(h @ w2.reshape(6, 3, order=order) + b2)


# %% [markdown]
# **Predict.** How far will they be from our scalars: 10⁻³, 10⁻⁷, 10⁻¹⁵?

# %%
rows = np.array(x)
furthest = {}
for compute in (by_pytorch, by_keras, by_dl4j):
    furthest[compute.__name__] = np.abs(compute(rows) - ours).max()
    print(f"{compute.__name__:11} furthest from ours: {furthest[compute.__name__]:.1e}")

# %% [markdown]
# The same network, to the last digit or two: the order of summation differs, nothing else.
#
# ### Two ways to get it wrong in silence
#
# **Predict.** The row of numbers of Deeplearning4j, read row by row instead of column by column.
# Does numpy complain?

# %%
wrong = by_dl4j(rows, order="C")
print("shape", wrong.shape, "  rows sum to", wrong.sum(axis=1).round(12).min())
print("right decisions ", (by_dl4j(rows).argmax(axis=1) == t).mean().round(3))
print("wrong order     ", (wrong.argmax(axis=1) == t).mean().round(3))

# %% [markdown]
# Everything fits, the probabilities sum to 1, and the network is another one. The same happens with
# a square layer, whose matrix one forgets to transpose. So after handing over a network, compare
# *outputs*, as above; shapes prove nothing.
#
# ### Half the digits
#
# **Predict.** The libraries compute in 32-bit numbers by default, Python's are of 64 bits. What is
# the difference now?

# %%
keras = [array.astype(np.float32) for array in keras]
in_32_bits = np.abs(by_keras(rows.astype(np.float32)) - ours).max()
print(f"{in_32_bits:.1e}")

# %% [markdown]
# Seven digits instead of sixteen. Enough to learn with; but a test that asks for 10⁻¹² has to ask
# the library for 64 bits first (`torch.float64`, `keras.config.set_floatx("float64")`,
# `DataType.DOUBLE`).

# %% [markdown]
# ## One step of training, in matrices
#
# Back-propagation goes over into matrices as well. With the samples as rows, for the last layer
#
# $$\Delta^L = \frac1N (P - O) \qquad \frac{\partial L}{\partial W^L} = (X^{L-1})^\top \Delta^L$$
#
# and for the one below, with the lecture's recursion for all samples and neurons at once,
#
# $$\Delta^{l-1} = \left(\Delta^l \, (W^l)^\top\right) \odot \sigma'(S^{l-1})$$
#
# ($\odot$ is the product number by number.) Here is a whole step, with η = 0.1:

# %%
w1, b1, w2, b2 = (array for w, b in layers for array in (w.T, b))
o = np.eye(3)[t]  # the lecture's o: a 1 at the right class
n = len(rows)

h = np.tanh(rows @ w1 + b1)
p = softmax_of_rows(h @ w2 + b2)

delta2 = (p - o) / n
delta1 = (delta2 @ w2.T) * (1 - h**2)

stepped = [
    w1 - 0.1 * rows.T @ delta1,
    b1 - 0.1 * delta1.sum(axis=0),
    w2 - 0.1 * h.T @ delta2,
    b2 - 0.1 * delta2.sum(axis=0),
]

# %% [markdown]
# And the same step with 51 Values, each knowing its own gradient:

# %%
optimizer = SGD(model.parameters(), learning_rate=0.1)
loss = mean_loss(model.loss, [model.scores(row) for row in x], t)
optimizer.zero_grad()
loss.backward()
optimizer.step()

after = []
for layer in model.layers:
    after.append(np.array([[w.data for w in neuron.w] for neuron in layer.neurons]).T)
    after.append(np.array([neuron.b.data for neuron in layer.neurons]))

apart = max(np.abs(a - b).max() for a, b in zip(stepped, after, strict=True))
print(f"furthest apart after one step: {apart:.1e}")

# %% [markdown]
# This is all that the large libraries add to the idea: their nodes are matrices (*tensors*), and
# their table of operations is long and runs on graphics cards. The graph, the order, the chain rule
# are those of [150 lines](../autograd/value.py).

# %% [markdown]
# ## The same network in their words
#
# Not run here; read them beside each other.
#
# **Keras**
# ```python
# model = keras.Sequential([
#     keras.Input((4,)),
#     keras.layers.Dense(6, activation="tanh"),
#     keras.layers.Dense(3),
# ])
# model.compile(
#     optimizer=keras.optimizers.SGD(learning_rate=0.1),
#     loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
# )
# model.fit(x, t, batch_size=32, epochs=20)
# ```
#
# **PyTorch**
# ```python
# model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))
# optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
# for x, t in batches:
#     loss = nn.functional.cross_entropy(model(x), t)
#     optimizer.zero_grad()
#     loss.backward()
#     optimizer.step()
# ```
#
# **Deeplearning4j**
# ```java
# var configuration = new NeuralNetConfiguration.Builder()
#     .updater(new Sgd(0.1))
#     .list()
#     .layer(new DenseLayer.Builder().nIn(4).nOut(6).activation(Activation.TANH).build())
#     .layer(new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
#         .nIn(6).nOut(3).activation(Activation.SOFTMAX).build())
#     .build();
# ```
#
# **Predict**, with [notebook 7](07_output_heads.ipynb) in mind: in Keras and PyTorch the last layer
# has no softmax. Why, and what would happen if one were put there?
#

# %%
cross_entropy([1.0, 0.0, 0.0], 0)

# %% [markdown]
# The losses are told to take scores (`from_logits=True`; PyTorch's always does), and would apply it
# a second time: even a perfect answer would then cost 0.5514. In Deeplearning4j it is the other way
# round: the output layer has the softmax, and loss and head are made for each other.

# %% [markdown]
# ## One λ, three numbers
#
# The lecture's $\frac{\lambda}{2N} \|w\|^2$ is asked for in three ways:
#
# | | the penalty that it adds | so give it |
# |---|---|---|
# | PyTorch, `SGD(weight_decay=c)` | $\frac{c}{2} \lVert w \rVert^2$ | $c = \lambda / N$ |
# | Keras, `regularizers.L2(c)` | $c \, \lVert w \rVert^2$ | $c = \lambda / (2N)$ |
# | Deeplearning4j, `.l2(c)` | $\frac{c}{2} \lVert w \rVert^2$ | $c = \lambda / N$ |
#
# **Predict.** λ = 2 and 105 samples: which three numbers?

# %%
strength, n = 2.0, len(train)
numbers = {"PyTorch": strength / n, "Keras": strength / (2 * n), "Deeplearning4j": strength / n}
numbers

# %%
w = Value(3.0, label="w")
l2([w], strength, n).backward()
pulls = {
    "PyTorch": numbers["PyTorch"] * w.data,
    "Keras": 2 * numbers["Keras"] * w.data,
    "Deeplearning4j": numbers["Deeplearning4j"] * w.data,
}
w.grad, pulls

# %% [markdown]
# (PyTorch's optimizer shrinks all parameters that it is given, the biases too, unless you give it
# two groups.)
#
# ## One dropout, two meanings
#
# **Predict.** 2 of 8 neurons are to be out. `nn.Dropout(?)`, `keras.layers.Dropout(?)`,
# `.dropOut(?)`

# %%
out, width = 2, 8
rates = {
    "PyTorch": out / width,  # the probability to be out
    "Keras": out / width,
    "Deeplearning4j": 1 - out / width,  # the probability to stay
}
rates

# %% [markdown]
# In Deeplearning4j the number says how many *stay* (and it is the layer's inputs that are thinned).
# Whoever copies 0.25 from a Keras program there loses three quarters of them. The factor is the
# lecture's in all three:

# %%
factors = {
    "lecture": width / (width - out),
    "PyTorch": 1 / (1 - rates["PyTorch"]),
    "Keras": 1 / (1 - rates["Keras"]),
    "Deeplearning4j": 1 / rates["Deeplearning4j"],
    "here": max(next(Dropout(out=out).masks(width))),
}
factors

# %% [markdown]
# The rest of the names, from `Value` to `EarlyStopping`, is in [libraries.md](libraries.md).

# %% [markdown]
# ## Where to go next
#
# **Inside.** Read [`value.py`](../autograd/value.py) and [`ops.py`](../autograd/ops.py): there is
# no more to the engine than that. Add an operation of your own with `define`. Take your own table
# with `python -m nn train yours.csv --target column`.
#
# **Outside.** A. Karpathy's lecture on micrograd, which this engine grew out of, and whose code
# runs on it (the README tells what to change). M. Nielsen, *Neural Networks and Deep Learning*,
# online, with the same $\frac{\lambda}{2n}$ as in the lecture. I. Goodfellow, Y. Bengio and A.
# Courville, *Deep Learning*, online. And then the tutorials of PyTorch (pytorch.org) and Keras
# (keras.io).
#
# What is *not* in the lecture, and waits there: convolutions for pictures, attention for texts, and
# machines made for the multiplication of matrices.

# %% [markdown]
# ## The known numbers

# %%
assert max(furthest.values()) < 1e-12
assert apart < 1e-12
assert 1e-9 < in_32_bits < 1e-5
assert np.abs(wrong - ours).max() > 0.1

assert len(dl4j) == 4 * 6 + 6 + 6 * 3 + 3 == len(model.parameters())
assert max(abs(pull - w.grad) for pull in pulls.values()) < 1e-15
assert max(abs(factor - 4 / 3) for factor in factors.values()) < 1e-15
