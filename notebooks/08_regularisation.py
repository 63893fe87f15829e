# %% [markdown]
# # 8 · Regularisation · регуляризация
#
# A large network can learn a small data set by heart, mistakes in it and all. What helps against it
# is called regularisation. The lecture has three kinds: small weights, stopping early, and dropout;
# and a cat.

# %%
from functools import partial
from math import tanh

from autograd import Value, network_of, sigmoid
from nn import (
    CAT_MARK,
    MLP,
    SGD,
    AdamW,
    Dropout,
    Replay,
    evaluate,
    figures,
    fit,
    flip_rate,
    grid_search,
    l2,
    make_cats,
    make_moons,
    mean_loss,
    path_weights,
    refit,
    saliency,
    show_boundary,
    show_curves,
    split,
    training_mode,
    training_steps,
    weights_of,
)

# %% [markdown]
# ## Over-fitting · переобучение
#
# Two moons that overlap: no honest border gets all samples right. Three parts, each with its own
# duty: **train** to learn from, **validation** to choose by, **test** to look at once, at the very
# end.

# %%
moons = make_moons(120, noise=0.35, seed=2)
train, validation, test = split(moons, (0.3, 0.3, 0.4), seed=1)
learn, check = (train.inputs, train.targets), (validation.inputs, validation.targets)
len(train), len(validation), len(test)


# %%
def make(hidden=16, dropout=None):
    """Return a network that is large for 36 samples, always with the same first weights."""
    sizes = [hidden, 1]
    return MLP(2, sizes, activation="tanh", head="sigmoid", seed=1, dropout=dropout)


settings = {"batch_size": 12, "learning_rate": 0.1}
make()

# %% [markdown]
# **Predict.** 65 parameters, 36 samples, 60 epochs. Sketch two curves: the loss on the training
# samples, and on the validation samples.

# %%
model = make()
replay = Replay(model, train, every=12)
history = fit(model, *learn, validation=check, epochs=60, on_report=replay.record, **settings)


def both(history):
    """Return the two curves of a training, for a picture."""
    epochs = range(1, len(history) + 1)
    return {
        "training": (epochs, history.losses),
        "validation": (epochs, history.validation_losses),
    }


show_curves(both(history), x="epoch", y="loss", title="learned by heart")

# %% [markdown]
# The network gets better and better at the samples that it sees, and from epoch 5 on worse
# and worse at those that it does not. Move the slider to see how: first a plain border, then a
# fence around single samples.

# %%
replay

# %% [markdown]
# ## L2 regularisation · L2-регуляризация
#
# A border can only have sharp corners where weights are large. So large weights get a price:
#
# $$L'(w) = L(w) + \frac{\lambda}{2N} \|w\|_2^2$$
#
# $N$ is the number of training samples, not of a batch; biases have no price here, as is the custom
# (they move the border, and do not bend it).
#
# The ½ is there for the derivative, $\frac{\lambda}{N} w$. **Predict.** With $w = 3$,
# $\lambda = 0.4$ and $N = 10$, what does the price cost, and what is its derivative?

# %%
w = Value(3.0, label="w")
price = l2([w], strength=0.4, samples=10)
price.backward()
price.data, w.grad

# %% [markdown]
# Now the same network with four λ, and the size of its weights, $\|w\|$, after every epoch. The
# loop is a generator, so our own body can look in.


# %%
def size(model):
    """Return the length of the vector of all weights."""
    return sum(w.data**2 for w in weights_of(model)) ** 0.5


sizes, at_the_end = {}, {}
for strength in (0.0, 0.1, 1.0, 10.0):
    model = make()
    reports = training_steps(model, *learn, epochs=60, l2=strength, **settings)
    lengths = [size(model), *(size(model) for report in reports if report.epoch_end)]
    sizes[f"λ = {strength}"] = (range(61), lengths)
    at_the_end[strength] = evaluate(model, *check)

# %% [markdown]
# **Predict.** Where will the four curves go? And which λ will be best on the validation samples?

# %%
show_curves(sizes, x="epoch", y="‖w‖", title="a price on large weights")

# %%
for strength, (loss, accuracy) in at_the_end.items():
    print(f"λ = {strength:4}   validation loss {loss:.4f}   accuracy {accuracy:.1%}")

# %% [markdown]
# Too small helps little, too large stops everything: with λ = 10 the weights die out, and the
# network knows nothing but ln 2 ≈ 0.693. In between is a good one, and *which* is a question for
# the validation samples.

# %% [markdown]
# ## Weight decay · weight decay, распад весов
#
# Put the derivative of the price into the step:
#
# $$w \leftarrow w - \eta \left(\frac{\partial L}{\partial w} + \frac{\lambda}{N} w\right)
# = \left(1 - \frac{\eta \lambda}{N}\right) w - \eta \frac{\partial L}{\partial w}$$
#
# «Каждый шаг = градиентный шаг + уменьшение веса»: first every weight shrinks by a fixed share,
# then comes the step as before. So one can leave the loss alone and let the *optimizer* shrink. Ten
# steps of each kind, from the same start (here with the biases, since an optimizer shrinks all that
# it holds):


# %%
def ten_steps(optimizer, strength=0.0):
    """Return the parameters after ten steps on all samples, with an L2 term of that strength."""
    model = make(6)
    moves = optimizer(model.parameters(), 0.05)
    for _ in range(10):
        loss = mean_loss(model.loss, [model.scores(x) for x in train.inputs], train.targets)
        moves.zero_grad()
        (loss + l2(model.parameters(), strength, len(train))).backward()
        moves.step()
    return [p.data for p in model.parameters()]


def apart(one, other):
    """Return the largest difference."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


# %% [markdown]
# **Predict.** For plain SGD the two are the same formula. Adam divides every step by the size of
# past gradients. Is it the same there?

# %%
share = 2.0 / len(train)  # λ / N
for_sgd = apart(ten_steps(SGD, strength=2.0), ten_steps(partial(SGD, weight_decay=share)))
plain_adam = partial(AdamW, weight_decay=0.0)
for_adam = apart(ten_steps(plain_adam, strength=2.0), ten_steps(partial(AdamW, weight_decay=share)))
print(f"SGD   term and decay differ by {for_sgd:.1e}")
print(f"Adam  term and decay differ by {for_adam:.1e}")

# %% [markdown]
# > **About the lecture.** That L2 and weight decay are one thing is true for the gradient descent
# > of the lecture, to the last digits. For Adam it is not: there the term is divided along with the
# > gradient, so that weights with large gradients are hardly shrunk. Optimizers that shrink apart
# > from the gradient carry a W in their name (I. Loshchilov and F. Hutter, 2019).

# %% [markdown]
# ## Early stopping · ранняя остановка, early stopping
#
# Look at the two curves again. The cheapest cure is not to go on.

# %%
figures.early_stopping(history)

# %% [markdown]
# In practice one does not know the minimum until it has passed. `patience=10` means: stop when ten
# epochs in a row brought nothing better.
#
# **Predict.** In which epoch does it stop, and whose weights should be kept?

# %%
model = make()
stopped = fit(model, *learn, validation=check, epochs=60, patience=10, **settings)
len(stopped), stopped.stopped

# %% [markdown]
# Not the last weights, ten epochs past the best, but the best ones. (Big libraries do not always:
# in Keras you have to ask with `restore_best_weights=True`.)

# %%
show_boundary(model, validation)

# %% [markdown]
# ### Train on everything · тренировочный + валидационный
#
# Validation samples are samples too, and now they have done their duty. So, says the lecture, train
# a fresh network on both parts «на запомненном количестве эпох».

# %%
final = make()
again = refit(final, learn, check, stopped, epochs=60, **settings)
again.stopped

# %% [markdown]
# > **About the lecture.** There is a small print. Twice the samples are twice the steps in an
# > epoch, so after the same number of *epochs* the weights have moved twice as often. Who would
# > rather keep the number of *steps* says so:

# %%
refit(make(), learn, check, stopped, same="steps", epochs=60, **settings).stopped

# %% [markdown]
# ## Choosing on validation · подобрать гиперпараметры
#
# λ, the number of hidden neurons, η, the number of epochs: none of them can be learned by gradient
# descent. They are *hyper-parameters*, and are chosen by trying: train with every combination, and
# compare on the validation samples.
#
# **Predict.** Early stopping is on in all of these. Is L2 still of any use then? Are more neurons
# better?

# %%
search = grid_search(
    make,
    learn,
    check,
    {"l2": [0.0, 0.3, 1.0, 3.0], "hidden": [2, 8, 24]},
    epochs=40,
    patience=10,
    workers=1,
    **settings,
)
print(search)

# %%
search.show(across="hidden", down="l2")

# %% [markdown]
# The differences are small: with early stopping the size of the network hardly matters, and that is
# a finding too. (With 36 validation samples the second digit is luck.)
#
# The winner is trained anew on both parts, and *now*, once, the test samples come out of their
# drawer.

# %%
best = search.best
winner = make(best.choices["hidden"])
refit(winner, learn, check, best.history, epochs=40, l2=best.choices["l2"], **settings)
overfitted = make()
fit(overfitted, *learn, epochs=60, **settings)
for name, judged in (("over-fitted", overfitted), ("chosen and trained on both", winner)):
    loss, accuracy = evaluate(judged, test.inputs, test.targets)
    print(f"{name:27}  test loss {loss:.4f}   accuracy {accuracy:.1%}")

# %% [markdown]
# ## One pixel · пример переобучения: кошка на картинке
#
# "If there are few data and the network is large, it can put large weights on the path of one
# neuron to a particular pixel, and will then tell by this pixel whether there is a cat." Let us
# make it happen. Thirty pictures of cats and of fish; six of them are labelled wrongly; and in the
# corner is a pixel, slightly lighter where the label says *cat*, slightly darker where not.

# %%
few = make_cats(30, wrong=0.2, told=True, seed=1)
unseen = make_cats(60, seed=101)  # to validate
others = make_cats(100, seed=201)  # to test
figures.images(
    {f"no. {i}: “{few.class_names[few.targets[i]]}”": few.inputs[i] for i in range(8)},
    few.image_shape,
    ring=CAT_MARK,
)

# %% [markdown]
# One of these eight labels is wrong; do you see which? (No. 0 is a cat.) In other pictures the
# ringed pixel is drawn by lot: there it means nothing.
#
# **Predict.** How many of the 30 will a network with 12 hidden neurons get right? And of the 100
# others?

# %%
cat_settings = {"epochs": 40, "batch_size": 10, "learning_rate": 0.03}


def new_cat_network(dropout=None):
    """Return a network of 793 parameters for 8 by 8 pixels."""
    return MLP(64, [12, 1], activation="tanh", head="sigmoid", seed=1, dropout=dropout)


ill = new_cat_network()
fit(ill, few.inputs, few.targets, **cat_settings)
print(f"the thirty  {evaluate(ill, few.inputs, few.targets)[1]:.0%}")
print(f"the others  {evaluate(ill, others.inputs, others.targets)[1]:.0%}")

# %% [markdown]
# All thirty, also the wrong ones; and of the others no more than by tossing a coin. What does it
# look at? Follow the weights along all paths from each pixel to the output, and add them up:

# %%
figures.images(
    {
        "weights on the paths": path_weights(ill),
        "|∂s/∂pixel|, mean": saliency(ill, others.inputs[:30]),
    },
    (8, 8),
    signed=True,
    ring=CAT_MARK,
)

# %% [markdown]
# Two ways of asking, one by the weights and one by back-propagation to the inputs, and one answer:
# the corner. The cat is hardly looked at.
#
# The proof. **Predict.** Take a picture that the network calls a cat, change this one pixel from
# +0.3 to −0.3, and nothing else. What does it say?

# %%
i = next(i for i, x in enumerate(others.inputs) if ill.predict(x) == 1)
changed = list(others.inputs[i])
changed[CAT_MARK] = -changed[CAT_MARK]
before, after = (ill.predict_proba(x)[1] for x in (others.inputs[i], changed))
figures.images(
    {f"a cat, with {before:.1%}": others.inputs[i], f"a cat, with {after:.1%}": changed},
    (8, 8),
    ring=CAT_MARK,
)

# %% [markdown]
# It is a fish, by the way. And over all 100 others, the share that is decided otherwise when this
# pixel is flipped:

# %%
flip_rate(ill, others.inputs, CAT_MARK)

# %% [markdown]
# ## Dropout · dropout
#
# The third cure: in every training step some neurons of a layer, chosen by lot, are switched off.
# Their output is 0, and so no neuron can rely on one other neuron alone.

# %%
with training_mode(seed=2):
    thin = MLP(2, [6, 4, 1], activation="tanh", dropout=[Dropout(out=2), None], seed=1)
    picture = network_of(thin.loss(thin.scores([0.5, -1.0]), 1.0))
picture

# %% [markdown]
# > **About the lecture.** «Применять такую сетку нельзя»: with some neurons out, the sums of the
# > next layer are smaller in training than later, when all are back. So those that stay are made up
# > for: multiplied by $\frac{N}{N - N_{out}}$. What is multiplied is their *output* (or, which is
# > the same, the weights that lead away from them), not their own weights: inside tanh it would be
# > another thing.

# %%
s, factor = 0.8, 6 / (6 - 2)
factor * tanh(s), tanh(factor * s)

# %% [markdown]
# Is that factor exactly right? Take four neurons, two of them out. There are six ways to choose:

# %%
outputs, weights = [0.9, -0.3, 0.5, 0.7], [1.0, 2.0, -1.5, 0.5]
masks = list(Dropout(out=2).masks(4))
sums = [sum(w * x * f for w, x, f in zip(weights, outputs, mask, strict=True)) for mask in masks]
for mask, total in zip(masks, sums, strict=True):
    print(mask, f"  the next sum is {total:5.2f}")

# %% [markdown]
# **Predict.** The mean of these six, and the sum with all neurons at work and no factor?

# %%
mean = sum(sums) / len(sums)
whole = sum(w * x for w, x in zip(weights, outputs, strict=True))
print(f"mean over all masks {mean:.15f}")
print(f"all at work         {whole:.15f}")

# %% [markdown]
# Equal, for every layer and every $N_{out}$: each neuron is in $\frac{N - N_{out}}{N}$ of the
# masks.
#
# It is exact for the next *sums*. Behind the next curve it is only nearly so, because the mean of a
# curve is not the curve of the mean:

# %%
sum(map(sigmoid, sums)) / len(sums), sigmoid(whole)

# %% [markdown]
# All out would leave nothing to make up with:

# %% tags=["raises-exception"]
MLP(2, [4, 1], dropout=Dropout(out=4))

# %% [markdown]
# Libraries choose each neuron by itself with a probability $p$; the factor is then $1/(1-p)$, the
# same thing with $p = N_{out}/N$. Here `dropout=0.5` does that.
#
# **Predict.** The moons again, with 8 of 16 neurons out, for every sample others. Which of the two
# curves changes more, training or validation?

# %%
model = make(dropout=Dropout(out=8))
with_dropout = fit(model, *learn, validation=check, epochs=60, **settings)
show_curves(both(with_dropout), x="epoch", y="loss", title="8 of 16 neurons out")

# %% [markdown]
# The training loss is higher and restless (it is measured with neurons out), and the two curves
# stay together. `evaluate` and `predict` always use the whole network:

# %%
[model.predict_proba(test.inputs[0])[1] for _ in range(3)]

# %% [markdown]
# ## The cat, cured
#
# Three networks, the same thirty pictures with the same wrong labels, one cure each.

# %%
models = {"over-fitted": ill}
for title, dropout, cure in (
    ("L2", None, {"l2": 4.0}),
    ("early stopping", None, {"validation": (unseen.inputs, unseen.targets), "patience": 5}),
    ("dropout", Dropout(out=10), {}),
):
    models[title] = new_cat_network(dropout)
    fit(models[title], few.inputs, few.targets, **cat_settings, **cure)

# %% [markdown]
# **Predict.** How many of the *thirty* will a cured network get right, if six labels are wrong?

# %%
for title, judged in models.items():
    right = [evaluate(judged, data.inputs, data.targets)[1] for data in (few, others)]
    print(f"{title:15} the thirty {right[0]:4.0%}   the others {right[1]:4.0%}")

# %% [markdown]
# 80 %: all but the wrong ones, which is the best that one can do. And what they look for is a cat:

# %%
figures.cat_pixel(models, others)

# %% [markdown]
# No cure is a charm. L2 worked because the mark is *faint*: to use it, the network needed a large
# weight, and that became dear. Make the mark loud, from ±0.3 to ±1, and it can be had for a small
# one:

# %%
loud = make_cats(30, wrong=0.2, told=True, mark=1.0, seed=1)
fooled = new_cat_network()
fit(fooled, loud.inputs, loud.targets, l2=4.0, **cat_settings)
still_fooled = flip_rate(fooled, make_cats(50, mark=1.0, seed=201).inputs, CAT_MARK)
still_fooled

# %% [markdown]
# Half of the pictures turn again with this one pixel. What helps then are other samples: validation
# samples in which the mark means nothing, and early stopping by them.

# %% [markdown]
# ## The known numbers

# %%
assert abs(price.data - 0.4 / (2 * 10) * 3.0**2) < 1e-15
assert abs(w.grad - 0.4 / 10 * 3.0) < 1e-15
assert for_sgd < 1e-12
assert for_adam > 1e-3

assert min(at_the_end, key=at_the_end.get) == 1.0
assert history.losses[-1] < 0.1 < 0.5 < history.validation_losses[-1]
assert len(stopped) == stopped.best.epoch + 10
assert again.epochs[-1].epoch == stopped.best.epoch
assert again.epochs[-1].step == 2 * stopped.best.step

assert evaluate(ill, few.inputs, few.targets)[1] == 1.0
assert flip_rate(ill, others.inputs, CAT_MARK) > 0.98
for title in ("L2", "early stopping", "dropout"):
    assert evaluate(models[title], few.inputs, few.targets)[1] == 0.8
    assert evaluate(models[title], others.inputs, others.targets)[1] == 1.0
    assert flip_rate(models[title], others.inputs, CAT_MARK) == 0.0
assert still_fooled >= 0.3

assert abs(mean - whole) < 1e-15
assert factor == 1.5
