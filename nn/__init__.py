"""Perceptron, logistic regression and MLP, built from numbers that remember how they were made.

>>> from nn import MLP, fit
>>> model = MLP(2, [4, 1], activation="tanh", head="sigmoid", seed=1)
>>> history = fit(model, [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], epochs=200,
...               learning_rate=0.1)
>>> model.predict([1, 0])
1

Models      MLP, LogisticRegression, SoftmaxRegression, LinearRegression, Perceptron, and Neuron,
            Layer, Module; ThresholdNeuron, LeakyIntegrateAndFire; xor_network and
            mazur_network, set by hand
Data        make_moons/circles/spiral/blobs/xor/cats, load_digits, load_iris, read_csv, read_rows,
            Dataset, split, batches, Scaler
Losses      mse, hinge, logistic, binary_cross_entropy, cross_entropy, mean_loss, l2, softmax,
            likelihood, log_likelihood, label_probabilities
Training    fit, training_steps, evaluate, refit, grid_search, SGD, Adam, AdamW, SCHEDULES,
            Progress, History, Dropout, training_mode
Step wise   descend, gradient_descent, stochastic_gradient_descent, per_sample_gradient_descent,
            backprop_algorithm
Judging     accuracy, confusion, confusion_text; path_weights, saliency, flip_rate
Figures     from nn import figures: the lecture's ten, each a function
Seeing      show_history, show_curves, show_boundary, show_features (features), show_confusion,
            Replay, network, backprop_table, and with matplotlib plot_history, plot_boundary,
            plot_confusion
Keeping     save, load, load_with_about
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

import autograd as _autograd

if not hasattr(_autograd, "weighted_sum"):
    raise ImportError(
        f"'import autograd' found {_autograd.__file__}, which is another project: PyPI's package "
        "'autograd'. This one is 'autograd-nn'; the two share an import name and cannot live "
        "together. Use a fresh virtual environment, or pip uninstall autograd and reinstall "
        "autograd-nn."
    )

from autograd import open_later as _open_later
from nn.activations import ACTIVATIONS, find_activation
from nn.data import Dataset, batches, split
from nn.dropout import Dropout, training_mode
from nn.history import History, Report, sparkline
from nn.initializers import INITIALIZERS
from nn.layers import Layer, Neuron
from nn.losses import (
    LOSSES,
    Loss,
    binary_cross_entropy,
    cross_entropy,
    find_loss,
    hinge,
    logistic,
    mean_loss,
    mse,
)
from nn.metrics import accuracy, confusion, confusion_text
from nn.models import (
    MLP,
    LinearRegression,
    LogisticRegression,
    Model,
    SoftmaxRegression,
    softmax,
)
from nn.module import Module
from nn.optimizers import OPTIMIZERS, SGD, Adam, AdamW, Optimizer, find_optimizer
from nn.penalties import l2, weights_of
from nn.perceptron import Perceptron, PerceptronUpdate
from nn.schedules import SCHEDULES
from nn.training import DivergenceError, evaluate, fit, training_steps

if _TYPE_CHECKING:  # the same names, for tools that read programs
    from nn.axes import Chart
    from nn.backprop_table import BackpropTable, NeuronRow, backprop_table
    from nn.boundary import DecisionMap, decision_map, show_boundary
    from nn.by_hand import half_squared_error, mazur_network, xor_network
    from nn.charts import show_confusion, show_curves, show_history
    from nn.descent import (
        Descent,
        descend,
        gradient_descent,
        per_sample_gradient_descent,
        stochastic_gradient_descent,
    )
    from nn.features import features, show_features
    from nn.five_steps import AlgorithmStep, backprop_algorithm
    from nn.grid_search import GridSearch, Trial, grid_search
    from nn.likelihood import label_probabilities, likelihood, log_likelihood
    from nn.network_view import network
    from nn.plots import plot_boundary, plot_confusion, plot_history
    from nn.progress import Progress
    from nn.refitting import refit
    from nn.replay import Replay
    from nn.saliency import flip_rate, path_weights, saliency
    from nn.samples import (
        CAT_MARK,
        load_digits,
        load_iris,
        make_blobs,
        make_cats,
        make_circles,
        make_moons,
        make_spiral,
        make_xor,
    )
    from nn.scaling import Scaler
    from nn.spiking import LeakyIntegrateAndFire, Response, ThresholdNeuron
    from nn.storage import ModelFileError, load, load_with_about, save
    from nn.tables import TableError, column_names, read_csv, read_rows

# What most programs do not need at once is imported when it is first asked for.
_open_later(
    __name__,
    {
        "axes": "Chart",
        "backprop_table": "BackpropTable NeuronRow backprop_table",
        "boundary": "DecisionMap decision_map show_boundary",
        "by_hand": "half_squared_error mazur_network xor_network",
        "charts": "show_confusion show_curves show_history",
        "descent": "Descent descend gradient_descent per_sample_gradient_descent "
        "stochastic_gradient_descent",
        "features": "features show_features",
        "five_steps": "AlgorithmStep backprop_algorithm",
        "grid_search": "GridSearch Trial grid_search",
        "likelihood": "label_probabilities likelihood log_likelihood",
        "network_view": "network",
        "plots": "plot_boundary plot_confusion plot_history",
        "progress": "Progress",
        "refitting": "refit",
        "replay": "Replay",
        "saliency": "flip_rate path_weights saliency",
        "samples": "CAT_MARK load_digits load_iris make_blobs make_cats make_circles make_moons "
        "make_spiral make_xor",
        "scaling": "Scaler",
        "spiking": "LeakyIntegrateAndFire Response ThresholdNeuron",
        "storage": "ModelFileError load load_with_about save",
        "tables": "TableError column_names read_csv read_rows",
    },
)


def _drawn(history: History, **wanted: _Any) -> dict[str, str]:
    from nn.charts import history_mimebundle

    return history_mimebundle(history, **wanted)


History._repr_mimebundle_ = _drawn  # a reader: a history draws itself in notebooks

__all__ = [
    "ACTIVATIONS",
    "Adam",
    "AdamW",
    "AlgorithmStep",
    "BackpropTable",
    "CAT_MARK",
    "Chart",
    "Dataset",
    "DecisionMap",
    "Descent",
    "DivergenceError",
    "Dropout",
    "GridSearch",
    "History",
    "INITIALIZERS",
    "LOSSES",
    "Layer",
    "LeakyIntegrateAndFire",
    "LinearRegression",
    "LogisticRegression",
    "Loss",
    "MLP",
    "Model",
    "ModelFileError",
    "Module",
    "Neuron",
    "NeuronRow",
    "OPTIMIZERS",
    "Optimizer",
    "Perceptron",
    "PerceptronUpdate",
    "Progress",
    "Replay",
    "Report",
    "Response",
    "SCHEDULES",
    "SGD",
    "Scaler",
    "SoftmaxRegression",
    "TableError",
    "ThresholdNeuron",
    "Trial",
    "accuracy",
    "backprop_algorithm",
    "backprop_table",
    "batches",
    "binary_cross_entropy",
    "column_names",
    "confusion",
    "confusion_text",
    "cross_entropy",
    "decision_map",
    "descend",
    "evaluate",
    "features",
    "find_activation",
    "find_loss",
    "find_optimizer",
    "fit",
    "flip_rate",
    "gradient_descent",
    "grid_search",
    "half_squared_error",
    "hinge",
    "l2",
    "label_probabilities",
    "likelihood",
    "load",
    "load_digits",
    "load_iris",
    "load_with_about",
    "log_likelihood",
    "logistic",
    "make_blobs",
    "make_cats",
    "make_circles",
    "make_moons",
    "make_spiral",
    "make_xor",
    "mazur_network",
    "mean_loss",
    "mse",
    "network",
    "path_weights",
    "per_sample_gradient_descent",
    "plot_boundary",
    "plot_confusion",
    "plot_history",
    "read_csv",
    "read_rows",
    "refit",
    "saliency",
    "save",
    "show_boundary",
    "show_confusion",
    "show_curves",
    "show_features",
    "show_history",
    "softmax",
    "sparkline",
    "split",
    "stochastic_gradient_descent",
    "training_mode",
    "training_steps",
    "weights_of",
    "xor_network",
]
