"""Code written for micrograd and Karpathy's lecture runs with nothing but the import changed."""

import math
import random

import pytest

import nn
from autograd import Value
from nn import MLP, Layer, Neuron


def test_the_example_of_its_readme():
    a = Value(-4.0)
    b = Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"


def test_its_sanity_check():
    x = Value(-4.0)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    assert (y.data, x.grad) == (-20.0, 46.0)  # PyTorch's numbers, quoted in its pull request 34


@pytest.mark.parametrize("on_numpy", [False, True])
def test_its_moons_demo(on_numpy):
    random.seed(1337)
    moons = nn.make_moons(n=100, noise=0.1, seed=1)
    X, y = moons.inputs, [2 * t - 1 for t in moons.targets]
    if on_numpy:  # as in the notebook, where rows and labels are numpy's
        numpy = pytest.importorskip("numpy")
        X, y = numpy.array(X), numpy.array(y)

    model = MLP(2, [16, 16, 1])
    assert len(model.parameters()) == 337

    def loss():
        inputs = [list(map(Value, xrow)) for xrow in X]
        scores = list(map(model, inputs))
        losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(y, scores)]
        data_loss = sum(losses) * (1.0 / len(losses))
        alpha = 1e-4
        reg_loss = alpha * sum(p * p for p in model.parameters())
        total_loss = data_loss + reg_loss
        accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(y, scores)]
        return total_loss, sum(accuracy) / len(accuracy)

    first, _ = loss()
    for k in range(25):
        total_loss, acc = loss()
        model.zero_grad()
        total_loss.backward()
        learning_rate = 1.0 - 0.9 * k / 100
        for p in model.parameters():
            p.data -= learning_rate * p.grad
    assert total_loss.data < 0.5 * first.data
    assert acc > 0.85
    assert all(type(p.data) is float for p in model.parameters())


def test_its_drawing_helper():
    graphviz = pytest.importorskip("graphviz")

    def trace(root):
        nodes, edges = set(), set()

        def build(v):
            if v not in nodes:
                nodes.add(v)
                for child in v._prev:
                    edges.add((child, v))
                    build(child)

        build(root)
        return nodes, edges

    def draw_dot(root, format="svg", rankdir="LR"):
        assert rankdir in ["LR", "TB"]
        nodes, edges = trace(root)
        dot = graphviz.Digraph(format=format, graph_attr={"rankdir": rankdir})
        for n in nodes:
            label = "{ data %.4f | grad %.4f }" % (n.data, n.grad)
            dot.node(name=str(id(n)), label=label, shape="record")
            if n._op:
                dot.node(name=str(id(n)) + n._op, label=n._op)
                dot.edge(str(id(n)) + n._op, str(id(n)))
        for n1, n2 in edges:
            dot.edge(str(id(n1)), str(id(n2)) + n2._op)
        return dot

    x = Value(1.0)
    y = (x * 2 + 1).relu()
    y.backward()
    source = draw_dot(y).source
    for text in ("data 3.0000 | grad 1.0000", "label=ReLU", 'label="*"', 'label="+"'):
        assert text in source

    n = nn.Neuron(2)
    y = n([Value(1.0), Value(-2.0)])
    y.backward()
    assert "data -2.0000" in draw_dot(y).source
    assert 'label="**2"' in draw_dot(x**2).source


def test_the_lecture_by_hand():
    x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
    w1, w2 = Value(-3.0, label="w1"), Value(1.0, label="w2")
    b = Value(6.8813735870195432, label="b")
    x1w1 = x1 * w1
    x1w1.label = "x1*w1"
    x2w2 = x2 * w2
    x2w2.label = "x2*w2"
    x1w1x2w2 = x1w1 + x2w2
    x1w1x2w2.label = "x1*w1 + x2*w2"
    n = x1w1x2w2 + b
    n.label = "n"
    o = n.tanh()
    o.label = "o"

    o.grad = 1.0
    for node in (o, n, b, x1w1x2w2, x2w2, x1w1):
        node._backward()
    expected = {x1: -1.5, w1: 1.0, x2: 0.5, w2: 0.0, b: 0.5}
    assert {v: round(v.grad, 9) for v in expected} == expected

    topo, visited = [], set()

    def build_topo(v):
        if v not in visited:
            visited.add(v)
            for child in v._prev:
                build_topo(child)
            topo.append(v)

    build_topo(o)
    assert len(topo) == 10
    assert topo[-1] is o

    e = (2 * n).exp()
    assert ((e - 1) / (e + 1)).data == pytest.approx(o.data, abs=1e-12)


def test_the_lecture_nudges_its_leaves():
    a, b, c, f = Value(2.0), Value(-3.0), Value(10.0), Value(-2.0)
    L = (a * b + c) * f
    L.backward()
    for leaf in (a, b, c, f):
        leaf.data += 0.01 * leaf.grad
    e = a * b
    d = e + c
    L = d * f
    assert L.data == pytest.approx(-7.286496)


def test_the_lecture_writes_its_own_network():
    class Neuron:
        def __init__(self, nin):
            self.w = [Value(random.uniform(-1, 1)) for _ in range(nin)]
            self.b = Value(random.uniform(-1, 1))

        def __call__(self, x):
            act = sum((wi * xi for wi, xi in zip(self.w, x)), self.b)
            out = act.tanh()
            return out

        def parameters(self):
            return self.w + [self.b]

    class Layer:
        def __init__(self, nin, nout):
            self.neurons = [Neuron(nin) for _ in range(nout)]

        def __call__(self, x):
            outs = [n(x) for n in self.neurons]
            return outs[0] if len(outs) == 1 else outs

        def parameters(self):
            return [p for neuron in self.neurons for p in neuron.parameters()]

    class MLP:
        def __init__(self, nin, nouts):
            sz = [nin] + nouts
            self.layers = [Layer(sz[i], sz[i + 1]) for i in range(len(nouts))]

        def __call__(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

        def parameters(self):
            return [p for layer in self.layers for p in layer.parameters()]

    random.seed(0)
    n = MLP(3, [4, 4, 1])
    xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    ys = [1.0, -1.0, -1.0, 1.0]
    losses = []
    for _ in range(20):
        ypred = [n(x) for x in xs]
        loss = sum((yout - ygt) ** 2 for ygt, yout in zip(ys, ypred))
        for p in n.parameters():
            p.grad = 0.0
        loss.backward()
        for p in n.parameters():
            p.data += -0.1 * p.grad
        losses.append(loss.data)
    assert losses[-1] < 0.1 * losses[0]


def test_an_adam_that_keeps_its_state_on_the_values():
    p = Value(1.0)
    p.m, p.v = 0.0, 0.0
    loss = 3 * p
    loss.backward()
    p.m = 0.9 * p.m + 0.1 * p.grad
    p.v = 0.999 * p.v + 0.001 * p.grad**2
    p.data -= 0.01 * (p.m / 0.1) / (math.sqrt(p.v / 0.001) + 1e-8)
    assert p.data == pytest.approx(0.99)


def test_its_own_networks_have_its_shape():
    random.seed(1337)
    model = MLP(3, [4, 4, 1])
    twin_source = random.getstate()
    random.seed(1337)
    twin = MLP(3, [4, 4, 1])
    assert [p.data for p in model.parameters()] == [p.data for p in twin.parameters()]
    assert random.getstate() == twin_source
    assert isinstance(model([2.0, 3.0, -1.0]), Value)
    assert len(Layer(3, 1)([1.0, 2.0, 3.0])) == 1  # a layer's answer is always a list
    assert len(model.layers[0].neurons[0].w) == 3
    assert model.layers[0].neurons[0].b.data == 0
