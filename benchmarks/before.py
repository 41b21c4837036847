"""The same command in this version and in that before it began to mix sources: a dataset as ``synth`` writes it.

The older one is taken out of git; where that has no such commit, only this version is timed. Each is timed from the
start of its process to its end, in turn.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.row import ROOT, Row, Told
from handgen.workers import cores

GROUP = "handgen synth, with its gate, from start to end"
COMMIT = "1bd1e39"
"""The last one before recipes: there, ``zh`` alone draws, and all it draws is read."""


def measure_before(count: int, told: Told) -> list[Row]:
    """Time ``handgen synth --count COUNT`` with the defaults of both versions."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, root in ((f"{COMMIT}, zh alone", _taken_out(Path(folder))), ("this version, its recipe", ROOT)):
            if root is None:
                told(f"{COMMIT} is not at hand")
                continue
            out = Path(folder) / f"set-{len(rows)}"
            seconds = _seconds(root, count, Path(folder), out)
            rows.append(Row(GROUP, f"{name}, on {cores()} cores", count, seconds, peer=root != ROOT))
            told(f"{rows[-1].name}: {rows[-1].rate:,.0f}/s")
    return rows


def _seconds(root: Path, count: int, folder: Path, out: Path) -> float:
    command = [sys.executable, "-m", "handgen", "synth", "--count", str(count), "--out", str(out)]
    began = time.perf_counter()
    subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(root)}, stdout=subprocess.DEVNULL, check=True
    )
    return time.perf_counter() - began


def _taken_out(folder: Path) -> Path | None:
    """Write the older version's package into a folder; None if git does not have it."""
    packed = folder / "before.tar"
    command = ["git", "-C", str(ROOT), "archive", f"--output={packed}", COMMIT, "handgen"]
    try:
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        root = folder / "before"
        root.mkdir()
        subprocess.run(["tar", "-xf", str(packed), "-C", str(root)], check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return root
