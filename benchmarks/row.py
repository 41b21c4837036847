"""What a measurement is, and how one is taken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

Told = Callable[[str], None]
"""Told a line on how far it is."""


@dataclass(frozen=True)
class Row:
    """One measurement.

    Attributes:
        group: rows of one group are compared with each other.
        name: what was timed.
        count: how many things were made.
        seconds: how long that took.
        unit: what they are.
        peer: whether the others of its group are given as multiples of this one.
        peak_mib: greatest resident memory of the process in MiB; 0 where it was not taken.
        share: of the arithmetic that this machine can do at most, 0 to 1; 0 where it was not taken.
        note: what else a reader must know.
        x: the number that grows over a group of growth, such as a charset's size.
    """

    group: str
    name: str
    count: int
    seconds: float
    unit: str = "glyphs"
    peer: bool = False
    peak_mib: float = 0.0
    share: float = 0.0
    note: str = ""
    x: int = 0

    @property
    def rate(self) -> float:
        """Things a second."""
        return self.count / self.seconds


@dataclass(frozen=True)
class Scale:
    """How much is measured.

    Attributes:
        rounds: how often each row is timed, in turn; the best counts.
        seconds: length of a round where any number will do.
        samples: of a dataset.
        peer_samples: of one that a slow peer makes.
        charset: what is rendered.
        counts: sizes of datasets, for growth.
        charsets: sizes of charsets, for growth: so many characters of GB2312, or 62 = latin62.
        presets: of ``--degrade``.
        size: side of a glyph in pixels.
        batch: of a training step.
        costly: whether networks are compiled and quantized, which takes a minute.
        model: what draws in ``synth``; None = what comes with handgen.
        recognizer: who reads what it draws; None = the one beside the model.
        trdg: folder of the environment of TRDG, made if it is not there; None = do without TRDG.
    """

    rounds: int = 3
    seconds: float = 4.0
    samples: int = 10_000
    peer_samples: int = 2_000
    charset: str = "gb2312"
    counts: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
    charsets: tuple[int, ...] = (62, 620, 3_755, 6_763)
    presets: tuple[str, ...] = ("none", "pen", "notebook", "scan", "photo")
    size: int = 64
    batch: int = 16
    costly: bool = True
    model: Path | None = None
    recognizer: Path | None = None
    trdg: Path | None = ROOT / ".venv" / "trdg"


SCALES = {
    "full": Scale(),
    "quick": Scale(rounds=2, seconds=2.0, samples=3_000, peer_samples=500, counts=(1_000, 10_000, 100_000)),
    "tiny": Scale(
        rounds=1,
        seconds=0.01,
        samples=130,
        peer_samples=10,
        charset="digits",
        counts=(64, 128),
        charsets=(62, 100),
        presets=("none", "scan"),
        size=64,
        batch=2,
        costly=False,
        trdg=None,
    ),
}


def in_threads(count: int) -> str:
    """Return how many threads, in words."""
    return f"{count} thread{'s' if count > 1 else ''}"


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds ``work`` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def best_of(rounds: int, works: Mapping[str, Callable[[], float]], told: Told) -> dict[str, float]:
    """Return the least seconds of each work, in turn, so that other load on the machine meets all alike."""
    best: dict[str, float] = {}
    for number in range(rounds):
        for name, work in works.items():
            seconds = work()
            best[name] = min(best.get(name, seconds), seconds)
            told(f"round {number + 1} of {rounds}: {name}, {seconds:.2f} s")
    return best


def peak_memory() -> float:
    """Return the greatest resident memory of this process in MiB, not that of a parent; 0 where nobody knows."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.is_file() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def in_process(target: str, *arguments: Any) -> Row:
    """Call ``"module:function"``, which returns a row, in a fresh process: its peak memory is then its own."""
    command = [sys.executable, "-m", "benchmarks.child", target, json.dumps(arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT, env={**os.environ, **_FOUND_HERE})
    return Row(**json.loads(done.stdout.splitlines()[-1]))


_FOUND_HERE = {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])}
"""A child must find ``benchmarks``, also if it is started from elsewhere."""


def as_json(row: Row) -> str:
    """Return a row as one line."""
    return json.dumps(asdict(row))
