"""What is wrong with a graph: where nan began, which gradients vanished, which units are dead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

from autograd import look
from autograd.explain import GradientPath, explain
from autograd.lines import line_of
from autograd.look import number
from autograd.notation import NeuronRun, Notation
from autograd.stepper import Step, gradients
from autograd.value import Value, topological_order

VANISHED, EXPLODED = 1e-8, 1e4  # sizes of gradients of leaves that are worth a word
SATURATED = 0.01  # slopes of an activation below this let next to nothing through
_MOST_OF_A_KIND = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes
    ----------
    kind : str
        ``"not finite"``, ``"undefined derivative"``, ``"vanished"``, ``"exploded"``, ``"dead"`` or
        ``"saturated"``.
    node : Value
        Where.
    text : str
        What and why.
    """

    kind: str
    node: Value
    text: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found in a graph; `print` tells it, and no finding is good news.

    Attributes
    ----------
    findings : tuple of Finding
        The worst first.
    looked_at : str
        What was looked at.
    """

    findings: tuple[Finding, ...]
    looked_at: str

    def __str__(self) -> str:
        if not self.findings:
            return f"No trouble found in {self.looked_at}."
        counts = dict.fromkeys(finding.kind for finding in self.findings)
        lines = [f"Looked at {self.looked_at}."]
        for kind in counts:
            texts = [finding.text for finding in self.findings if finding.kind == kind]
            lines += [f"{kind}: {text}" for text in texts[:_MOST_OF_A_KIND]]
            rest = len(texts) - _MOST_OF_A_KIND
            lines += [f"{kind}: … and {rest} more"] * (rest > 0)
        return "\n".join(lines)

    def _repr_mimebundle_(self, **_wanted: Any) -> dict[str, str]:
        return {"text/html": look.words(str(self)), "text/plain": str(self)}


def diagnose(root: Value) -> Diagnosis:
    """Return where a nan or inf began, which gradients are lost, and which units do nothing.

    The graph is not changed, and ``backward()`` need not have run. Make the graph inside
    `recorded_lines` to be told the lines of your program, and inside `ieee_values` if making it
    raises.

    Parameters
    ----------
    root : Value
        Usually a loss.

    Raises
    ------
    TypeError
        If `root` is no Value.

    Notes
    -----
    A leaf's gradient that is not 0 has vanished below 1e-8, and exploded above 1e4. A unit is dead
    if its output and its slope are 0 for every sample in the graph, and saturated if its slope is
    below 0.01 for every sample.

    Examples
    --------
    >>> from autograd import Value, diagnose, ieee_values, log
    >>> p = Value(0.0, label="p")
    >>> with ieee_values():
    ...     loss = 1 - log(p) * 0.5
    >>> print(diagnose(loss))                                          # doctest: +ELLIPSIS
    Looked at 6 values, 1 leaf that learns.
    not finite: n1 = log(p) = log(0) = −inf: it begins here, the inputs are finite
    undefined derivative: n1: derivative of log(p = 0) is undefined: ...
    """
    if not isinstance(root, Value):
        raise TypeError(f"diagnose() looks at the graph of a Value; got {root!r:.60}.")
    order = topological_order(root)
    notation = Notation(order)
    leaves = [node for node in order if not node.op and not node.constant]
    findings = list(_not_finite(order, notation))
    undefined = list(_undefined(order, notation))
    findings += undefined
    if not findings:
        findings += _lost_gradients(leaves, order, notation)
    findings += _idle_units(notation)
    return Diagnosis(tuple(findings), _looked_at(order, leaves, notation))


def _looked_at(order: Sequence[Value], leaves: Sequence[Value], notation: Notation) -> str:
    units = len({(run.layer, run.index) for run in notation.neurons})
    leaf = "1 leaf that learns" if len(leaves) == 1 else f"{len(leaves):,} leaves that learn"
    neurons = f", {units} neuron{'s' * (units > 1)}" if units else ""
    return f"{len(order):,} values, {leaf}{neurons}"


def _where(node: Value) -> str:
    """Return what is known of the place where a node was made."""
    scope = f", in {node.scope}" if node.scope else ""
    line = line_of(node)
    return scope + (f", made by {line}" if line else "")


def _not_finite(order: Sequence[Value], notation: Notation) -> Iterator[Finding]:
    """Yield the nodes that are nan or inf although all their inputs are finite, and such leaves."""
    for node in order:
        if isfinite(node.data):
            continue
        if not node.op:
            name = notation.name(node)
            text = f"the leaf {name} is {number(node.data)}{_where(node)}"
            yield Finding("not finite", node, text)
        elif all(isfinite(parent.data) for parent in node.parents):
            (equation,) = Step("forward", node, 0.0, (), notation).lines
            text = f"{equation}: it begins here, the inputs are finite{_where(node)}"
            yield Finding("not finite", node, text)


def _undefined(order: Sequence[Value], notation: Notation) -> Iterator[Finding]:
    """Yield the nodes where a derivative that is asked for does not exist."""
    try:
        gradients(order)
    except (ArithmeticError, ValueError) as error:
        for node in reversed(order):
            try:
                node.local_derivatives()
            except (ArithmeticError, ValueError) as here:
                if str(here) == str(error):
                    text = f"{notation.name(node)}{_where(node)}: {error}"
                    yield Finding("undefined derivative", node, text)
                    return


def _lost_gradients(
    leaves: Sequence[Value], order: Sequence[Value], notation: Notation
) -> Iterator[Finding]:
    """Yield the leaves whose gradients are next to nothing, or huge, and the factor that did it."""
    found = gradients(order)
    for kind, wrong, worst in (
        ("not finite", lambda x: not isfinite(x), max),
        ("exploded", lambda x: EXPLODED < abs(x) < inf, max),
        ("vanished", lambda x: 0 < abs(x) < VANISHED, min),
    ):
        ill = [leaf for leaf in leaves if wrong(found[leaf])]
        if kind != "not finite":
            ill.sort(key=lambda leaf: abs(found[leaf]), reverse=worst is max)
        for i, leaf in enumerate(ill):
            text = f"{notation.gradient(leaf)} = {number(found[leaf])}"
            if i < _MOST_OF_A_KIND:  # to look at a path takes a look at the whole graph
                path = explain(leaf, order[-1], paths=1).paths[0]
                text += f", mostly through {_worst_factor(path, worst, notation)}"
            yield Finding(kind, leaf, text)


def _worst_factor(path: GradientPath, worst: Any, notation: Notation) -> str:
    """Return the largest or smallest factor of a path, by name."""
    i = worst(range(len(path.factors)), key=lambda k: abs(path.factors[k]))
    name = notation.local(path.nodes[i + 1], path.nodes[i])
    among = f", one of {len(path.factors)} factors of its heaviest path"
    return f"{name} = {number(path.factors[i])}{among * (len(path.factors) > 1)}"


def _idle_units(notation: Notation) -> Iterator[Finding]:
    """Yield the neurons that let nothing through, on all samples of the graph."""
    units: dict[tuple[int, int], list[NeuronRun]] = {}
    for run in notation.neurons:
        units.setdefault((run.layer, run.index), []).append(run)
    for (layer, index), runs in units.items():
        slopes = [_slope(run) for run in runs]
        if max(slopes) >= SATURATED:
            continue
        many = f"all {len(runs)} samples" if len(runs) > 1 else "this sample"
        run = runs[0]
        name = f"neuron {index} of layer {layer} ({run.scope})"
        if max(slopes) == 0 and not any(run.x.data for run in runs):
            text = f"{name}: its output and its slope are 0 for {many}, so its weights do not learn"
            yield Finding("dead", run.x, text)
        else:
            text = (
                f"{name}: ∂x/∂s is at most {number(max(slopes))} for {many}, s = "
                f"{number(min(r.s.data for r in runs))} to {number(max(r.s.data for r in runs))}"
            )
            yield Finding("saturated", run.x, text)


def _slope(run: NeuronRun) -> float:
    """Return |d x / d s| of a neuron; 1 where there is no activation, or more than one step."""
    if run.x is run.s or run.x.parents[0] is not run.s:
        return 1.0
    try:
        return abs(float(run.x.local_derivatives()[0]))
    except (ArithmeticError, ValueError):
        return inf
