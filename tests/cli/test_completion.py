"""Shell completion: what a shell asks for, and that the answer does not wait for torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

ASKED = {
    "handgen sy": ["synth"],
    "handgen synth --degr": ["--degrade"],
    "handgen train z": ["zi2zi"],
    "handgen models ex": ["export"],
    "handgen fonts f": ["fetch"],
}
"""What was typed, and what completes it."""
ASK = """
import contextlib, io, json, os, sys
from handgen.__main__ import main

answers = []
for words in json.loads(sys.argv[1]):
    os.environ |= {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.suppress(SystemExit):
        main()
    answers.append(said.getvalue().split())
assert "torch" not in sys.modules
print(json.dumps(answers))
"""


def test_words_are_completed():
    environment = os.environ | {"_HANDGEN_COMPLETE": "complete_bash"}
    command = [sys.executable, "-c", ASK, json.dumps([*ASKED])]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.stderr == ""
    assert dict(zip(ASKED, json.loads(done.stdout), strict=True)) == ASKED


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
