"""Shell completion: what a shell asks for, and that the answer does not wait for torch."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def ask(words, **more):
    environment = os.environ | {"_HANDGEN_COMPLETE": "complete_bash", "COMP_WORDS": words, **more}
    code = (
        "import sys\nfrom handgen.__main__ import main\n"
        "try:\n    main()\nfinally:\n    assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "position", "answer"),
    [
        ("handgen sy", 1, ["synth"]),
        ("handgen synth --degr", 2, ["--degrade"]),
        ("handgen train z", 2, ["zi2zi"]),
        ("handgen models ex", 2, ["export"]),
        ("handgen fonts f", 2, ["fetch"]),
    ],
)
def test_words_are_completed(words, position, answer):
    assert ask(words, COMP_CWORD=str(position)) == answer


NAMED = os.environ | {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
"""Typer otherwise takes the shell that it runs in, and in a CI that may be none."""


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_script_of_a_shell_is_shown(shell):
    command = [sys.executable, "-m", "handgen", "--show-completion", shell]
    done = subprocess.run(command, capture_output=True, text=True, env=NAMED, check=True)
    assert "_HANDGEN_COMPLETE" in done.stdout


def test_it_is_installed_where_the_shell_looks(tmp_path):
    environment = NAMED | {"HOME": str(tmp_path)}
    command = [sys.executable, "-m", "handgen", "--install-completion", "bash"]
    subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert "_HANDGEN_COMPLETE" in "".join(path.read_text() for path in tmp_path.rglob("*.sh"))
    assert "handgen" in (tmp_path / ".bashrc").read_text()
