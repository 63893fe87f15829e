"""Formulas read back: Python by eval, LaTeX by a small translator, listings by exec."""

import ast
import gc
import itertools
import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import ROWS, arity, recipes

from autograd import (
    OPS,
    Value,
    add,
    define,
    div,
    exp,
    ieee_values,
    leaky_relu,
    log,
    log_sum_exp,
    maximum,
    mul,
    neg,
    power,
    relu,
    sigmoid,
    sin,
    softplus,
    sqrt,
    sub,
    tanh,
    topological_order,
    total,
    weighted_sum,
    where,
)
from autograd.formula import formula

OPERATIONS = {op.name: op for op in ROWS}
STYLES = ("python", "latex", "plain", "listing")

a, b, c = (Value(x, label=label) for x, label in ((1.7, "a"), (0.6, "b"), (2.3, "c")))
NAMES = {"a": a, "b": b, "c": c}

EXACT = [  # value, Python, LaTeX
    (a + b + c, "a + b + c", "a + b + c"),
    (a + (b + c), "a + (b + c)", r"a + \left(b + c\right)"),
    (a - b - c, "a - b - c", "a - b - c"),
    (a - (b - c), "a - (b - c)", r"a - \left(b - c\right)"),
    (a * b * c, "a * b * c", r"a \cdot b \cdot c"),
    (a * (b + c), "a * (b + c)", r"a \cdot \left(b + c\right)"),
    (a / (b * c), "a / (b * c)", r"\frac{a}{b \cdot c}"),
    (a / b * c, "a / b * c", r"\frac{a}{b} \cdot c"),
    (a * (b / c), "a * (b / c)", r"a \cdot \frac{b}{c}"),
    ((a + b) / c, "(a + b) / c", r"\frac{a + b}{c}"),
    ((a / b) ** 2, "(a / b) ** 2", r"{\left(\frac{a}{b}\right)}^{2}"),
    ((-a) ** 2, "(-a) ** 2", r"{\left(-a\right)}^{2}"),
    (-(a**2), "-a ** 2", "-{a}^{2}"),
    (2**-a, "2 ** -a", "{2}^{-a}"),
    (2 ** (-a + 1), "2 ** (-a + 1)", "{2}^{-a + 1}"),
    ((a**b) ** c, "(a ** b) ** c", r"{\left({a}^{b}\right)}^{c}"),
    (a**b**c, "a ** b ** c", "{a}^{{b}^{c}}"),
    (-(a + b), "-(a + b)", r"-\left(a + b\right)"),
    (-(a * b), "-(a * b)", r"-\left(a \cdot b\right)"),
    (-a * b, "-a * b", r"-a \cdot b"),
    (a * -b, "a * -b", r"a \cdot \left(-b\right)"),
    (a - -b, "a - -b", r"a - \left(-b\right)"),
    (neg(-a), "--a", r"-\left(-a\right)"),
    (a + -b * c, "a + -b * c", r"a + \left(-b \cdot c\right)"),
    (-2.0 * a, "-2 * a", r"-2 \cdot a"),
    (a * -2.0, "a * -2", r"a \cdot \left(-2\right)"),
    (a**-2.0, "a ** -2", "{a}^{-2}"),
    ((-2.0) ** -(a - a), "(-2) ** -(a - a)", r"{\left(-2\right)}^{-\left(a - a\right)}"),
    (1 / a, "1 / a", r"\frac{1}{a}"),
    (a + 0.5, "a + 0.5", "a + 0.5"),
    (a * 1e-5, "a * 1e-05", r"a \cdot 10^{-5}"),
    (a * 2.5e-7, "a * 2.5e-07", r"a \cdot \left(2.5 \cdot 10^{-7}\right)"),
    (1e-5**a, "1e-05 ** a", r"{\left(10^{-5}\right)}^{a}"),
    (a - 1e20, "a - 1e+20", r"a - 10^{20}"),
    (-1e20 - a, "-1e+20 - a", r"-10^{20} - a"),
    (exp(a + b), "exp(a + b)", "e^{a + b}"),
    (exp(a) ** 2, "exp(a) ** 2", r"{\left(e^{a}\right)}^{2}"),
    (sin(a) ** 2, "sin(a) ** 2", r"{\sin(a)}^{2}"),
    (softplus(a) ** 2, "softplus(a) ** 2", r"{\left(\ln(1 + e^{a})\right)}^{2}"),
    (sqrt(a + b), "sqrt(a + b)", r"\sqrt{a + b}"),
    (abs(a - b) + 1, "abs(a - b) + 1", "|a - b| + 1"),
    (tanh(-a), "tanh(-a)", r"\tanh(-a)"),
    (relu(a) * b, "relu(a) * b", r"\operatorname{ReLU}(a) \cdot b"),
    (sigmoid(log(a)), "sigmoid(log(a))", r"\sigma(\ln(a))"),
    (maximum(a, b - c), "maximum(a, b - c)", r"\max(a, b - c)"),
    (where(a, b + 1, c), "where(a, b + 1, c)", r"(a\,?\,b + 1 : c)"),
    (leaky_relu(a), "leaky_relu(a, 0.01)", r"\operatorname{LeakyReLU}(a, 0.01)"),
    (total([a, b * c, 1.0]), "a + b * c + 1", r"a + b \cdot c + 1"),
    (
        weighted_sum([a, b], [c, 2.0], -a),
        "a * c + b * 2 + -a",
        r"a \cdot c + b \cdot 2 + \left(-a\right)",
    ),
    (
        2 * weighted_sum([a], [b], c),
        "2 * (a * b + c)",
        r"2 \cdot \left(a \cdot b + c\right)",
    ),
    (log_sum_exp([a, b]), "log(exp(a) + exp(b))", r"\ln(e^{a} + e^{b})"),
    (a, "a", "a"),
    (Value(-3.0, constant=True), "-3.0", "-3"),
    (Value(2.0, constant=True) * 3.0 + a, "2.0 * 3.0 + a", r"2 \cdot 3 + a"),
]


@pytest.mark.parametrize(("value", "python", "latex"), EXACT, ids=[row[1] for row in EXACT])
def test_formulas_have_the_brackets_they_need_and_no_others(value, python, latex):
    assert formula(value) == python
    assert formula(value, "latex") == latex
    assert float(eval(python, OPERATIONS | NAMES)) == pytest.approx(value.data, rel=1e-14)


@st.composite
def expressions(draw):
    """Return a random expression of the operators, each node finite, deep rather than wide."""
    number = st.sampled_from([-3.0, -2.0, -0.5, -0.0, 0.5, 1.0, 2.0, 7.0, 0.1, 1e-5, -1e20])
    nodes = [a, b, c, *[Value(draw(number), constant=True) for _ in range(3)]]
    for _ in range(draw(st.integers(1, 10))):
        op = draw(st.sampled_from([add, sub, mul, div, power, neg]))
        back = st.integers(1, len(nodes))
        inputs = [nodes[-draw(back)] for _ in range(1 if op is neg else 2)]
        try:
            nodes.append(op(*inputs))
        except (ArithmeticError, ValueError):
            continue  # undefined, such as a fractional power of a negative number
    return next((node for node in reversed(nodes) if node.op), a + b)


many = settings(max_examples=200, deadline=None)


@given(expressions())
@many
def test_python_gives_the_same_bits(value):
    assert float(eval(formula(value), NAMES)).hex() == value.data.hex()
    assert float(eval(formula(value, numbers=True), {})).hex() == value.data.hex()


def with_all_brackets(node):
    """Return the expression as the graph says it, every node in brackets."""
    if not node.op:
        return node.label or repr(node.data)
    inputs = [f"({with_all_brackets(parent)})" for parent in node.parents]
    return f" {node.op.symbol} ".join(inputs) if len(inputs) == 2 else f"-{inputs[0]}"


def syntax(text):
    """Return the syntax tree that Python sees, numbers as floats; None if it sees none."""
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            node.value = float(node.value)
    return ast.dump(tree)


def bracket_pairs(text):
    open_at = []
    for place, character in enumerate(text):
        if character == "(":
            open_at.append(place)
        elif character == ")":
            yield open_at.pop(), place


@given(expressions())
@many
def test_brackets_are_right_and_none_can_go(value):
    text = formula(value)
    assert syntax(text) == syntax(with_all_brackets(value))
    for left, right in bracket_pairs(text):
        without = text[:left] + " " + text[left + 1 : right] + " " + text[right + 1 :]
        assert syntax(without.strip()) != syntax(text)


def from_latex(text):
    """Return Python for what LaTeX shows: the braces around a base are not to be seen."""
    for latex, python in ((r"\left(", "("), (r"\right)", ")"), (r"\cdot", "*")):
        text = text.replace(latex, python)
    text = re.sub(r"(?<![\d.])(\d+)(?![\d.])", r"\1.0", text)
    rules = [
        (r"\\frac{([^{}]*)}{([^{}]*)}", r"((\1) / (\2))"),
        (r"{([^{}]*)}\^{([^{}]*)}", r"\1 ** (\2)"),
        (r"10\.0\^{([^{}]*)}", r"10.0 ** (\1)"),
    ]
    while "{" in text:
        before = text
        for pattern, replacement in rules:
            text = re.sub(pattern, replacement, text)
        assert text != before, f"not understood: {text}"
    return text


@given(expressions())
@many
def test_latex_means_the_same(value):
    text = formula(value, "latex")
    assert not re.search(r"[-+] -|cdot -|{\\frac{[^{}]*}{[^{}]*}}\^", text)
    assert float(eval(from_latex(text), NAMES)).hex() == value.data.hex()


@given(recipes())
@many
def test_every_operation_can_be_read_back(recipe):
    root = recipe.run([Value(x) for x in recipe.leaves])[-1]
    leaves = [node for node in topological_order(root) if not node.op and not node.constant]
    names = {f"x{i}": leaf for i, leaf in enumerate(leaves, start=1)}
    close = pytest.approx(root.data, rel=1e-9, abs=1e-9)

    listing = formula(root, "listing")
    scope = OPERATIONS | names
    exec(listing, scope)
    inner = [node for node in topological_order(root) if node.op]
    assert [line.split(" = ")[0] for line in listing.splitlines()] == [
        f"n{i}" for i in range(1, len(inner) + 1)
    ]
    for i, node in enumerate(inner, start=1):
        assert float(scope[f"n{i}"]) == pytest.approx(node.data, rel=1e-9, abs=1e-9)
    in_numbers = OPERATIONS.copy()
    exec(formula(root, "listing", numbers=True), in_numbers)
    assert float(in_numbers[f"n{len(inner)}"]) == close

    long_enough = 10**6
    assert float(eval(formula(root, max_length=long_enough), OPERATIONS | names)) == close
    assert float(eval(formula(root, numbers=True, max_length=long_enough), OPERATIONS)) == close


@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
def test_every_row_has_latex_with_balanced_braces(op):
    text = formula(op(*[a, b, c, a, b][: arity(op)]), "latex")
    assert text.count("{") == text.count("}")
    assert text.count("(") == text.count(")")
    assert "{}" not in text
    assert "a" in text


def test_a_listing_names_shared_nodes_once():
    h = a * b
    h.label = "h"
    y = h * h + tanh(h) * 2
    assert formula(y, "listing").splitlines() == [
        "h = a * b",
        "n1 = h * h",
        "n2 = tanh(h)",
        "n3 = n2 * 2",
        "n4 = n1 + n3",
    ]
    assert formula(y) == "a * b * (a * b) + tanh(a * b) * 2"
    assert formula(y, "listing", numbers=True).splitlines()[0] == "h = 1.7 * 0.6"


def test_formula_of_a_leaf():
    x, unnamed = Value(2.0, label="x"), Value(2.0)
    for style in STYLES:
        assert formula(x, style) == "x"
        assert formula(x, style, numbers=True) == ("2" if style in ("latex", "plain") else "2.0")
    assert formula(unnamed) == formula(unnamed, "listing") == "x1"
    assert formula(Value(2.0, label="rate", constant=True) * a) == "rate * a"


NAMING = [  # labels of leaves, their names in Python, in LaTeX
    (["", ""], ["x1", "x2"], ["x_{1}", "x_{2}"]),
    (["x2", "", ""], ["x2", "x1", "x3"], ["x_{2}", "x_{1}", "x_{3}"]),
    (["w", "w", "w_1"], ["w_2", "w_3", "w_1"], ["w_{2}", "w_{3}", "w_{1}"]),
    (["w1", "w_1"], ["w1", "w_1"], ["w_{1,1}", "w_{1,2}"]),
    (["lambda", "exp", "2x"], ["x1", "x2", "x3"], [r"\lambda", r"\text{exp}", r"\text{2x}"]),
    (["float", "a b", "total"], ["x1", "x2", "total"], [r"\text{float}", r"\text{a b}",
                                                        r"\text{total}"]),
    (["ﬁ", "fi"], ["fi_1", "fi_2"], [r"\text{ﬁ}", r"\text{fi}"]),
    (["вес", "Ω"], ["вес", "Ω"], [r"\text{вес}", r"\text{Ω}"]),
]  # fmt: skip


@pytest.mark.parametrize(("labels", "python", "latex"), NAMING)
def test_names_are_labels_where_they_can_be_and_unique(labels, python, latex):
    leaves = [Value(float(i), label=label) for i, label in enumerate(labels)]
    value = total(leaves)
    assert formula(value) == " + ".join(python)
    assert formula(value, "latex") == " + ".join(latex)
    assert float(eval(formula(value), dict(zip(python, leaves, strict=True)))) == value.data


LABELS = [
    ("x", "x"),
    ("w1", "w_{1}"),
    ("x_12", "x_{12}"),
    ("w_ij", "w_{ij}"),
    ("w1_2", "w_{1,2}"),
    ("W2b", "W_{2b}"),
    ("alpha", r"\alpha"),
    ("Sigma2", r"\Sigma_{2}"),
    ("beta_max", r"\beta_{\text{max}}"),
    ("x_alpha", r"x_{\alpha}"),
    ("hidden", r"\text{hidden}"),
    ("hidden_1", r"\text{hidden}_{1}"),
    ("Alpha", r"\text{Alpha}"),
    ("layer 1/w", r"\text{layer 1/w}"),
    ("a|b", r"\text{a|b}"),
    ("a>b", r"\text{a>b}"),
    ("__x", r"\text{\_\_x}"),
    ("100%", r"\text{100\%}"),
    ("a\nb", r"\text{a b}"),
    (r"\frac{1}{2}", r"\text{\textbackslash{}frac\{1\}\{2\}}"),
    ("$x^2 ~ #1 & more$", r"\text{\$x\textasciicircum{}2 \textasciitilde{} \#1 \& more\$}"),
]


@pytest.mark.parametrize(("label", "latex"), LABELS)
def test_labels_in_latex(label, latex):
    assert formula(Value(1.0, label=label), "latex") == latex


def test_inf_and_nan_are_written():
    x = Value(1.0, label="x")
    with ieee_values():
        for special, latex in ((math.inf, r"\infty"), (-math.inf, r"-\infty"), (math.nan, "nan")):
            value = special * x
            result = float(eval(formula(value), {"x": x}))
            assert result == value.data or math.isnan(result)
            assert latex in formula(value, "latex")
    assert formula(x + Value(-math.inf, constant=True), "latex") == r"x + \left(-\infty\right)"


PLAIN = [  # value, plain style
    (a * b - 2.0, "a · b − 2"),
    (a + (-b), "a + (−b)"),
    (a * -1.5, "a · (−1.5)"),
    ((a + b) ** 2, "(a + b)^2"),
    (Value(1.0, label="w₂₃¹") * Value(2.0, label="my  x"), "w₂₃¹ · my x"),
    (weighted_sum([a, b], [b, c], -1.0), "a · b + b · c + (−1)"),
    (exp(-a) / tanh(b), "exp(−a) / tanh(b)"),
]


@pytest.mark.parametrize(("value", "expected"), PLAIN)
def test_plain_formulas_are_algebra_for_people(value, expected):
    assert formula(value, "plain") == expected


def test_digits_round_what_is_shown():
    x = Value(1 / 3, label="x")
    assert formula(x * 2.0 + 0.123456, numbers=True, digits=3) == "0.333 * 2 + 0.123"
    assert formula(x * 12345.6, "latex", digits=2) == r"x \cdot \left(1.2 \cdot 10^{4}\right)"


@pytest.fixture
def user_op(monkeypatch):
    """Define an operation for one test."""

    def make(name, inputs, **look):
        monkeypatch.setitem(OPS, name, None)  # so that the table is as before in the end
        return define(name, lambda *xs: sum(xs), lambda *_: (1.0,) * inputs, **look)

    return make


def test_an_operation_without_templates_prints_as_a_call(user_op):
    cube = user_op("my_cube", 1)
    assert formula(cube(a + 1) ** 2) == "my_cube(a + 1) ** 2"
    assert formula(cube(a + 1), "latex") == r"\operatorname{my\_cube}(a + 1)"
    assert formula(user_op("mean", 3)(a, b, c)) == "mean(a, b, c)"


LOOKS = [  # python or latex template, binding, what f(f(a + 1) * 2) looks like
    ("latex", "{}^3", 100, r"\left(\left(a + 1\right)^3 \cdot 2\right)^3"),
    ("latex", "{}!", 100, r"\left(\left(a + 1\right)! \cdot 2\right)!"),
    ("latex", r"\log {}", 100, r"\log \left(\left(\log \left(a + 1\right)\right) \cdot 2\right)"),
    ("latex", r"\log {}", 30, r"\log \left(\log \left(a + 1\right) \cdot 2\right)"),
    ("latex", r"\lfloor {} \rfloor", 100, r"\lfloor \lfloor a + 1 \rfloor \cdot 2 \rfloor"),
    ("python", "np.cbrt({})", 100, "np.cbrt(np.cbrt(a + 1) * 2)"),
    ("python", "{}.relu()", 100, "((a + 1).relu() * 2).relu()"),
    ("python", "~{}", 100, "~((~(a + 1)) * 2)"),
    ("python", "~{}", 30, "~(~(a + 1) * 2)"),
    ("python", "{{{}}}.pop()", 100, "{{a + 1}.pop() * 2}.pop()"),
    ("python", "{} < 0", 5, "(a + 1 < 0) * 2 < 0"),
]


@pytest.mark.parametrize(("style", "template", "binding", "expected"), LOOKS)
def test_templates_of_the_user_get_their_brackets(user_op, style, template, binding, expected):
    f = user_op("f", 1, binding=binding, **{style: template})
    assert formula(f(f(a + 1) * 2), style) == expected


def test_a_postfix_sign_of_the_user_is_like_a_power(user_op):
    factorial = user_op("factorial", 1, latex="{}!")
    assert formula(factorial(factorial(a)), "latex") == r"\left(a!\right)!"
    assert formula(factorial(a) ** 2 + 1, "latex") == r"{\left(a!\right)}^{2} + 1"


def test_an_infix_operation_that_does_not_say_how_it_binds_is_always_bracketed(user_op):
    dot = user_op("dot", 2, python="{} @ {}", latex=r"{} \odot {}")
    assert formula(dot(a, dot(b + 1, c)) * 2) == "(a @ ((b + 1) @ c)) * 2"
    assert formula(dot(a, b) + c, "latex") == r"\left(a \odot b\right) + c"
    told = user_op("told", 2, python="{} @ {}", binding=20)
    assert formula(told(told(a, b), told(b, c)) + c) == "a @ b @ (b @ c) + c"
    less = user_op("less", 2, python="{} < {}", binding=5)
    assert formula(less(less(a, b), less(b, c + 1))) == "(a < b) < (b < c + 1)"
    clip = user_op("clip", 3, python="{}.clip({}, {})")
    assert formula(clip(a + 1, -b, b + c)) == "(a + 1).clip(-b, b + c)"
    chosen = user_op("chosen", 3, python="{} if {} else {}", binding=5)
    assert (
        formula(chosen(chosen(a, b, c), chosen(a, b, c), chosen(a, b, c)) + 1)
        == "((a if b else c) if (a if b else c) else (a if b else c)) + 1"
    )


def test_unfold_may_use_numbers_and_functions(user_op):
    half = user_op("half_of_exp", 1, unfold=lambda x: 0.5 * exp(x) - 1)
    assert formula(half(a) * 2) == "(0.5 * exp(a) - 1) * 2"
    constant = user_op("constant", 1, unfold=lambda _x: 4)
    assert formula(constant(a) + b) == "4 + b"


@pytest.mark.parametrize("template", ["x^{2}", "{} + {}", "{} }", "{0}", "{:.2f}", "x"])
def test_a_template_that_does_not_fit_says_so(user_op, template):
    f = user_op("f", 1, latex=template)
    with pytest.raises(ValueError, match=r"does not fit f\(\.\.\.\) of 1 input.*exactly 1 times"):
        formula(f(a), "latex")


def test_sixty_doublings_are_refused_as_an_expression_but_listed():
    x = Value(1.0, label="x")
    for _ in range(60):
        x = x + x
    for style in ("python", "latex"):
        with pytest.raises(ValueError, match=r"61 nodes take more than 10,000.*style='listing'"):
            formula(x, style)
    lines = formula(x, "listing").splitlines()
    assert (len(lines), lines[0], lines[-1]) == (60, "n1 = x + x", "n60 = n59 + n59")


def test_max_length_counts_characters():
    value = a * (b + c) - tanh(a)
    text = formula(value)
    assert formula(value, max_length=len(text)) == text
    with pytest.raises(ValueError, match=f"more than {len(text) - 1} characters"):
        formula(value, max_length=len(text) - 1)


def test_long_graphs_need_no_recursion():
    x, gc_was_on = Value(1.0), gc.isenabled()
    gc.disable()
    try:
        for _ in range(100_000):
            x = -x
        with pytest.raises(ValueError, match="100,001 nodes"):
            formula(x)
        lines = formula(x, "listing").splitlines()
        assert (len(lines), lines[-1]) == (100_000, "n100000 = -n99999")
        wide = formula(total([a] * 50_000), "listing")
        assert wide == "n1 = " + " + ".join(["a"] * 50_000)
        deep = Value(1.0)
        for _ in range(4_000):
            deep = -deep
        assert formula(deep) == "-" * 4_000 + "x1"
    finally:
        if gc_was_on:
            gc.enable()


def test_formula_is_the_same_in_two_runs():
    value = total([Value(float(i), label="w") for i in range(50)])
    assert formula(value, "listing") == formula(value, "listing")
    assert formula(value).startswith("w_1 + w_2 + w_3")


def test_bad_arguments_are_refused():
    with pytest.raises(TypeError, match=r"formula\(\) writes a Value; got 3.0"):
        formula(3.0)
    with pytest.raises(ValueError, match="style is 'tex', but formula.. knows python, latex"):
        formula(a, "tex")
    with pytest.raises(ValueError, match="digits is 0"):
        formula(a, digits=0)


def test_formula_changes_nothing():
    y = a * a + 1
    y.backward()
    before = [(node.data, node.grad, node.label) for node in topological_order(y)]
    for style, numbers in itertools.product(STYLES, (False, True)):
        formula(y, style, numbers=numbers)
    assert [(node.data, node.grad, node.label) for node in topological_order(y)] == before
    y.zero_grad()
