"""handgen where POSIX calls are taken away, and where worker processes are spawned."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from handgen.workers import _death

ROOT = Path(__file__).parents[1]
HERE = Path(__file__).parent / "portable"


@pytest.mark.skipif(sys.platform != "linux", reason="it shows Linux as if it were Windows")
def test_commands_and_loaders_do_without_posix(heiti, caveat, tmp_path):
    shown = {"PYTHONPATH": os.pathsep.join([str(HERE), str(ROOT)]), "COLUMNS": "200", "PYTHONIOENCODING": "cp1252"}
    command = [sys.executable, str(HERE / "commands.py"), str(heiti), str(caveat)]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | shown, capture_output=True, check=False)
    said = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode == 0, said
    assert "portable" in said.splitlines()


def test_a_signal_without_a_name_has_a_number():
    assert _death(-9) == "by SIGKILL"
    assert _death(-55) == "by signal 55"
    assert _death(1) == "with exit code 1"
