# %% [markdown]
# # 1 · The neuron
#
# The first chapter of the lecture *нейронные сети*: what a living neuron does when it is pushed,
# and the two simplest models of it.
#
# How to read these notebooks: where a line begins with **Predict**, stop and write your answer down
# before you run the next cell. A wrong prediction is worth more than a right one.

# %%
from math import exp, log

from nn import LeakyIntegrateAndFire, ThresholdNeuron, figures, show_curves

# %% [markdown]
# ## Biological neural networks · биологические нейронные сети
#
# Somebody puts an electrode into a neuron, sends pulses of current of growing strength, and watches
# the voltage of its membrane. Below is our own experiment of this kind, not drawn but computed:
# five pulses of 20 ms, of 0.5, 1, 1.4, 2 and 3 nA.
#
# > **About the wording of the lecture.** The word marked «(??)» stands for a *spike* (спайк,
# > потенциал действия), and in «сам электрон начинал вырабатывать ток» it is the *neuron* that
# > answers, not an electron.

# %% [markdown]
# **Predict.** The second pulse is twice the first, the fifth is six times the first. How much
# higher than the first answer will the second be? And the fifth?

# %%
figures.experiment()

# %% [markdown]
# Below the orange line the answer is *graded*: twice the current, twice the voltage. Above it
# something else happens: the neuron fires, and every spike is equally high.

# %% [markdown]
# ## The all-or-none law · закон «все или ничего»
#
# A stronger pulse does not make a bigger spike. Let us ask the model itself.

# %%
neuron = LeakyIntegrateAndFire()
neuron


# %%
def highest(current):
    """Return the highest voltage during 30 ms of a constant current."""
    return max(neuron.response([current] * 300).voltages)


for current in (0.5, 1.0, 1.4, 1.6, 2.0, 8.0):
    print(f"{current:>4} nA  {highest(current):6.1f} mV")

# %% [markdown]
# The jump lies between 1.4 and 1.6 nA. Nothing in between exists: all, or nothing.
#
# If the *size* of a spike says nothing about the current, does anything?
#
# **Predict.** How many spikes do 100 ms of 1.4, 2, 3 and 8 nA bring?

# %%
for current in (1.4, 2.0, 3.0, 8.0):
    print(f"{current:>4} nA  {len(neuron.response([current] * 1000).spikes):2d} spikes")

# %% [markdown]
# So the strength of the stimulus is in *how often* the neuron fires. Its rate in spikes per second,
# over the current:

# %%
currents = [i / 20 for i in range(101)]
rates = [10 * len(neuron.response([current] * 1000).spikes) for current in currents]
show_curves(
    {"rate": (currents, rates)}, x="current, nA", y="spikes per second", title="silent, then faster"
)

# %% [markdown]
# Silence up to 1.5 nA, then a rise. (The little stairs are there because whole spikes are counted
# in a window of 100 ms.) A number that is 0 up to a threshold and grows above it will come back as
# *ReLU*.

# %% [markdown]
# ## A membrane that leaks
#
# The model behind the picture is the leaky integrate-and-fire neuron (L. Lapicque, 1907). Current
# $I$ loads the membrane, and it leaks with a time constant $\tau$:
#
# $$\tau \frac{dV}{dt} = -V + R I$$
#
# When $V$ reaches $V_{th}$, it fires and starts anew from rest. While $I$ is constant the solution
# is known, so nothing here is approximated in small steps:
#
# $$V(t) = R I \, (1 - e^{-t/\tau})$$
#
# **Predict.** With $\tau = 10$ ms, $R = 10$ MΩ and $I = 1$ nA: to which voltage does it climb if we
# wait long, and does it fire at $V_{th} = 15$ mV?

# %%
answer = neuron.response([1.0] * 400)
for t in (0, 10, 20, 40):
    formula = 10 * (1 - exp(-t / 10))
    print(f"{t:2d} ms  {answer.voltages[10 * t]:7.4f} mV   by the formula {formula:7.4f} mV")

# %% [markdown]
# The same for three currents:

# %%
answers = {current: neuron.response([current] * 400) for current in (1.0, 1.4, 1.6)}
show_curves(
    {f"{current} nA": (answer.times, answer.voltages) for current, answer in answers.items()},
    x="time, ms",
    y="membrane, mV",
    title="the membrane under a constant current",
)

# %% [markdown]
# With 1 nA it climbs to $R I = 10$ mV and stays below the threshold for ever. To fire at all it
# needs more than $V_{th} / R = 1.5$ nA.

# %%
[neuron.first_spike(current) for current in (1.4, 1.5, 1.500001)]

# %% [markdown]
# ### When does it fire first?
#
# Solve $V(t) = V_{th}$ for $t$:
#
# $$t = \tau \ln \frac{R I}{R I - V_{th}}$$
#
# With $I = 2$ nA this is $10 \ln(20/5) = 10 \ln 4$ milliseconds.

# %%
neuron.first_spike(2.0), 10 * log(20 / (20 - 15))

# %% [markdown]
# ## The threshold neuron
#
# Leave out time, and only the decision remains (W. McCulloch and W. Pitts, 1943): the neuron says 1
# if the weighted sum of its inputs reaches a threshold, and else 0.
#
# $$x = 1 \ \text{ if } \ \sum_i w_i x_i \ge \theta, \ \text{ else } 0$$

# %%
CORNERS = [(0, 0), (0, 1), (1, 0), (1, 1)]
both = ThresholdNeuron([1, 1], threshold=2)
[both(x) for x in CORNERS]

# %% [markdown]
# **Predict.** Which threshold makes "at least one" of it? And what do weights of $-1$ with a
# threshold of 0 compute?

# %%
one = ThresholdNeuron([1, 1], threshold=1)
neither = ThresholdNeuron([-1, -1], threshold=0)
print("x1 x2   both  at least one  neither")
for x in CORNERS:
    print(f" {x[0]}  {x[1]}  {both(x):5d}  {one(x):12d}  {neither(x):7d}")

# %% [markdown]
# All or nothing holds here too: a hundredfold input gives the same 1.

# %%
[one(x) for x in ([1, 0], [100, 0], [100, 100])]

# %% [markdown]
# A neuron may count votes, and a vote may weigh more than another:

# %%
majority = ThresholdNeuron([1, 1, 1], threshold=2)
chair = ThresholdNeuron([2, 1, 1], threshold=3)  # the chair's vote, and one more
print("votes    majority  with the chair")
for votes in ((0, 1, 1), (1, 0, 1), (1, 0, 0), (1, 1, 1)):
    print(votes, f"{majority(votes):8d}  {chair(votes):14d}")

# %% [markdown]
# ## What is missing
#
# We chose the weights by hand. Nobody can do that for ten thousand inputs: the next notebook lets a
# neuron find them.
#
# Also: the answer jumps. Its slope is 0 wherever it has one, so nothing tells a weight in which
# direction to move. This returns in notebook 3, where a smooth curve takes the place of the jump.

# %% [markdown]
# ## The known numbers
#
# Everything above in a few lines that would fail if it were not so.

# %%
assert round(neuron.first_spike(2.0), 4) == 13.8629
assert abs(neuron.first_spike(2.0) - 10 * log(4)) < 1e-12
assert neuron.first_spike(1.5) is None
assert highest(0.5) < highest(1.0) < neuron.threshold < highest(2.0) == highest(8.0)
assert [both(x) for x in CORNERS] == [0, 0, 0, 1]
assert [one(x) for x in CORNERS] == [0, 1, 1, 1]
assert [neither(x) for x in CORNERS] == [1, 0, 0, 0]
