"""``handgen`` commands, as the examples type them."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys


def handgen(*arguments: str, threads: int = 0, capture: bool = False) -> str:
    """Show a ``handgen`` command and run it with this Python.

    Args:
        arguments: what follows ``handgen``.
        threads: that it computes with; 0 = as many as it likes.
        capture: return what it prints, in place of showing it.

    Raises:
        SystemExit: the command failed, and has told why itself.
    """
    print("$ handgen", shlex.join(arguments), flush=True)
    environment = os.environ | ({"OMP_NUM_THREADS": str(threads)} if threads else {})
    pipe = subprocess.PIPE if capture else None
    command = [sys.executable, "-m", "handgen", *arguments]
    done = subprocess.run(command, check=False, env=environment, stdout=pipe, text=True)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout or ""
