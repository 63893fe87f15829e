"""The command line: its help, how it is started, outputs that nobody reads, and figures."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from command_runs import QUICK, ROOT, quick

import nn.__main__
from nn.__main__ import main
from nn.tasks import SOURCES, USUAL, find_task

pytestmark = pytest.mark.usefixtures("folder")

HELP = [  # arguments, what must stand there
    (["--help"], ["python -m nn train spiral", "exit codes", "train", "predict", "show"]),
    (["train", "--help"], [*SOURCES, "usual settings", "examples:", "60 %"]),
    (["predict", "--help"], ["MODEL.json", "DATA.csv", "--output", "example:"]),
    (["show", "--help"], ["MODEL.json", "example:"]),
    (["--version"], ["autograd-nn "]),
]


@pytest.mark.parametrize(("argv", "texts"), HELP)
def test_help_teaches(capsys, monkeypatch, argv, texts):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(argv) == 0
    out, err = capsys.readouterr()
    assert all(text in out for text in texts)
    assert err == ""


def test_every_setting_is_explained(capsys):
    main(["train", "--help"])
    out = capsys.readouterr().out
    for name in (
        *USUAL,
        "loss",
        "samples",
        "noise",
        "classes",
        "target",
        "features",
        "output",
        "quiet",
    ):
        assert f"--{name.replace('_', '-')} " in out


def test_examples_in_the_help_are_understood(capsys):
    """Parse every example; only data that is not there may stop it."""
    lines = []
    for argv, _ in HELP:
        main(argv)
        lines += capsys.readouterr().out.splitlines()
    examples = [
        line.strip().split("   ")[0] for line in lines if line.startswith("  python -m nn ")
    ]
    commands = [shlex.split(example)[3:] for example in examples]
    assert len(commands) > 8
    for command in commands:
        if "--help" in command:
            continue
        command = nn.__main__._with_command(command)
        options = vars(nn.__main__._parser().parse_args(command))
        if command[0] == "train" and not command[1].endswith(".csv"):
            given = {k: v for k, v in options.items() if k not in ("command", "data")}
            assert find_task(command[1], None, given).settings


def test_without_arguments_it_trains_on_digits(monkeypatch):
    calls = []
    monkeypatch.setattr(nn.__main__, "train", lambda *args, **rest: calls.append((args, rest)))
    assert main([]) == main(["train", "digits"]) == 0
    assert calls == [((), {"data": "digits"})] * 2


def run(*argv, environment=(), **streams):
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "nn", *argv],
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", **dict(environment)},
        check=False,
        timeout=60,
    )


def test_it_runs_as_a_module():
    done = run("--help", environment={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert done.stdout.startswith(b"usage: python -m nn")
    assert done.stderr == b""


CLOSED = [  # which outputs nobody reads, arguments
    (["stdout"], ["--help"]),
    (["stdout"], ["show", "out/model.json"]),
    (["stderr"], ["train", *QUICK["two classes"], "--output", "new"]),
    (["stdout", "stderr"], ["predict", "out/model.json", "out/test.csv"]),
]


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
@pytest.mark.parametrize(("closed", "argv"), CLOSED)
def test_a_closed_pipe_is_no_error(closed, argv):
    quick("two classes")
    read, write = os.pipe()
    os.close(read)
    done = run(*argv, **dict.fromkeys(closed, write))
    os.close(write)
    assert done.returncode == 0
    assert not done.stderr
    if argv[0] == "train":
        assert b"test accuracy" in done.stdout
        assert Path("new/model.json").exists(), "nobody looked, but the model is still wanted"


@pytest.mark.skipif(sys.platform == "win32", reason="shell of POSIX")
@pytest.mark.parametrize("missing", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_missing_outputs_are_no_error(missing):
    quick("two classes")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    for argv in ("train xor --epochs 2", "predict out/model.json line2.csv", "--help"):
        Path("line2.csv").write_text("x1,x2,class\n1,2,upper\n", encoding="utf-8")
        command = f"{shlex.quote(sys.executable)} -m nn {argv} {missing}"
        done = subprocess.run(
            command, shell=True, env=environment, capture_output=True, check=False, timeout=60
        )
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
        if argv.startswith("predict") and missing == "2>&-":
            assert done.stdout.count(b"\n") == 2, "the score does not get among the answers"
    assert Path("runs/xor/model.json").exists()


def test_the_figures_are_written_and_listed(capsys):
    assert main(["figures", "--output", "drawn"]) == 0
    listed = [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()]
    assert sorted(map(Path, listed)) == sorted(Path("drawn").iterdir())
    assert Path("drawn/06-01.svg").read_text(encoding="utf-8").startswith("<svg")
    assert Path("drawn/gallery.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
