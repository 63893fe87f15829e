"""Live progress: one line on a terminal, some lines elsewhere."""

import io
import sys

import pytest

from nn import LogisticRegression, Progress, Report, fit

CLEAR = "\r\x1b[K"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def step(n, epoch=1):
    return Report(epoch, n, 0.5, 0.1)


def end(epoch, loss=0.25):
    return Report(epoch, epoch, loss, 0.1, True, accuracy=0.75, seconds=1.5)


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved: clock[0] is the time in seconds."""
    now = [100.0]
    monkeypatch.setattr("nn.progress.perf_counter", lambda: now[0])
    return now


@pytest.mark.usefixtures("clock")
def test_on_a_terminal_one_line_renews_itself():
    stream = Terminal()
    show = Progress(epochs=3, stream=stream)
    for epoch in (1, 2, 3):
        show(end(epoch))
    show.close()
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert text.endswith("\n")
    blank, *drawn = text.rstrip("\n").split(CLEAR)
    assert blank == ""
    assert [" ".join(line.split()) for line in drawn] == [
        f"epoch {epoch}/3 loss 0.2500 accuracy 75.0% 1.5 s" for epoch in (1, 2, 3)
    ]


def test_on_a_terminal_steps_show_too_but_not_more_often_than_the_eye_sees(clock):
    stream = Terminal()
    show = Progress(epochs=1, stream=stream)
    for n in range(1000):
        show(step(n))
        clock[0] += 0.001
    drawn = stream.getvalue().count(CLEAR)
    assert 5 <= drawn <= 15  # one second at about ten a second
    assert stream.getvalue().split(CLEAR)[-1].split() == ["epoch", "1/1", "loss", "0.5000"]


@pytest.mark.usefixtures("clock")
def test_the_end_of_an_epoch_is_shown_at_once():
    stream = Terminal()
    show = Progress(epochs=9, stream=stream)
    show(step(1))
    show(end(1))
    assert stream.getvalue().count(CLEAR) == 2


@pytest.mark.usefixtures("clock")
def test_closing_ends_the_line_once_and_only_if_there_is_one():
    stream = Terminal()
    show = Progress(epochs=2, stream=stream)
    show.close()
    assert stream.getvalue() == ""
    show(end(1))
    show.close()
    show.close()
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize("lines", [1, 3, 10])
@pytest.mark.parametrize("epochs", [1, 2, 3, 9, 10, 11, 19, 20, 95, 100, 101, 1000])
def test_elsewhere_about_as_many_lines_as_asked_with_the_first_and_the_last(epochs, lines):
    stream = io.StringIO()
    show = Progress(epochs, stream, lines)
    for epoch in range(1, epochs + 1):
        show(step(epoch, epoch))
        show(end(epoch))
    show.close()
    text = stream.getvalue().splitlines()
    assert min(lines, epochs) // 2 <= len(text) <= lines + 2
    assert text[0].startswith(f"epoch   1/{epochs} ")
    assert text[-1].startswith(f"epoch {epochs:3d}/{epochs} ")
    assert len(set(text)) == len(text)
    assert "\r" not in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_elsewhere_the_last_line_is_there_also_if_training_stops_early():
    stream = io.StringIO()
    show = Progress(100, stream)
    for epoch in range(1, 38):
        show(end(epoch))
    show.close()
    show.close()
    lines = stream.getvalue().splitlines()
    assert lines[-1].startswith("epoch  37/100 ")
    assert sum(line.startswith("epoch  37/") for line in lines) == 1


def test_without_a_stream_it_writes_to_the_standard_error_output_of_the_moment(monkeypatch):
    show = Progress(2)
    first, second = io.StringIO(), io.StringIO()
    for epoch, stream in enumerate((first, second), 1):
        monkeypatch.setattr(sys, "stderr", stream)
        show(end(epoch))
    assert first.getvalue().startswith("epoch   1/2")
    assert second.getvalue().startswith("epoch   2/2")


def test_every_line_is_flushed():
    class Counting(io.StringIO):
        flushed = 0

        def flush(self):
            self.flushed += 1

    stream = Counting()
    Progress(1, stream)(end(1))
    assert stream.flushed == 1


@pytest.mark.parametrize(("epochs", "lines"), [(10, 0), (10, -1)])
def test_impossible_numbers_are_refused(epochs, lines):
    with pytest.raises(ValueError, match="at least 1"):
        Progress(epochs, lines=lines)


def test_it_goes_with_fit():
    stream = io.StringIO()
    fit(LogisticRegression(1), [[0.0], [1.0]], [-1, 1], epochs=3, batch_size=1,
        on_report=Progress(3, stream))  # fmt: skip
    lines = stream.getvalue().splitlines()
    assert [line.split()[1] for line in lines] == ["1/3", "2/3", "3/3"]
    assert all("accuracy" in line for line in lines)
