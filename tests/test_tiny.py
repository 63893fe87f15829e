"""Ten lines that a student could type."""

from autograd import Value
from nn import MLP, fit


def test_a_gradient():
    a, b = Value(2.0), Value(-3.0)
    y = a * b + a**2
    y.backward()
    assert (y.data, a.grad, b.grad) == (-2.0, 1.0, 2.0)


def test_a_network_learns_xor():
    corners = [[0, 0], [0, 1], [1, 0], [1, 1]]
    model = MLP(2, [4, 1], activation="tanh", head="sigmoid", seed=1)
    fit(model, corners, [0, 1, 1, 0], epochs=100, learning_rate=0.1)
    assert [model.predict(x) for x in corners] == [0, 1, 1, 0]
