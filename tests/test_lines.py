"""Lines of the user's program: recorded where asked for, and nowhere else."""

import pytest

import nn
from autograd import Value, line_of, recorded_lines, tanh


def test_nodes_remember_the_line_that_made_them():
    x = Value(2.0)
    with recorded_lines():
        y = x * 3
        z = tanh(y)
    assert line_of(y).endswith(": y = x * 3")
    assert line_of(z).endswith(": z = tanh(y)")
    assert line_of(y).startswith("test_lines.py:")
    assert line_of(x) == ""


def test_lines_inside_the_packages_do_not_count():
    model = nn.MLP(2, [3, 1], seed=1)
    with recorded_lines():
        loss = model.loss(model.scores([0.5, -1.0]), 1.0)
    assert line_of(loss).endswith("loss = model.loss(model.scores([0.5, -1.0]), 1.0)")


def test_afterwards_all_is_as_before():
    before = Value.__dict__["record_op"]
    with pytest.raises(ZeroDivisionError), recorded_lines():
        raise ZeroDivisionError
    assert Value.record_op is before.__func__
    assert line_of(Value(2.0) * 3) == ""


def test_blocks_may_be_nested():
    with recorded_lines():
        with recorded_lines():
            inner = Value(2.0) * 3
        outer = Value(2.0) * 4
    assert line_of(inner).endswith("inner = Value(2.0) * 3")
    assert line_of(outer).endswith("outer = Value(2.0) * 4")


def test_a_program_without_a_file_has_line_numbers():
    names = {"Value": Value}
    with recorded_lines():
        exec(compile("y = Value(2.0) * 3", "<string>", "exec"), names)
    assert line_of(names["y"]) == "<string>:1"
