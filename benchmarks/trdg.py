"""TRDG (TextRecognitionDataGenerator), in an environment of its own: it needs an old Pillow.

It draws the same characters with the same font, in as many processes as there are cores (what it calls threads),
into one JPEG file each.
"""

from __future__ import annotations

import subprocess
import tempfile
import venv
from pathlib import Path

from benchmarks.row import Row, Scale, Told
from handgen.fonts.find import resolve_font
from handgen.workers import cores

WANTED = "trdg==1.8.0", "pillow<10"
_WAYS = {"TRDG, its defaults": "", "TRDG, with skew, blur and distortion": "-k 8 -rk -bl 1 -rbl -d 3 -do 2"}
_MAIN = """
import os, sys, time
sys.argv = sys.argv[:1] + sys.argv[2:] + ["--output_dir", sys.argv[1]]
from trdg import run
began = time.perf_counter()
run.main()
print(len(os.listdir(sys.argv[-1])) - 1, time.perf_counter() - began)
"""


def measure(group: str, chars: str, scale: Scale, told: Told) -> list[Row]:
    """Time TRDG, the start of its interpreter left out; no row if it is not wanted or cannot be had here."""
    if scale.trdg is None:
        return []
    try:
        python = _environment(scale.trdg, told)
        return [_row(python, group, name, options, chars, scale) for name, options in _WAYS.items()]
    except (subprocess.CalledProcessError, OSError) as error:
        told(f"TRDG is not available here, its rows are left out ({error})")
        return []


def _environment(folder: Path, told: Told) -> Path:
    """Return the interpreter that has TRDG, after making the environment if it is not there."""
    python = folder / "bin" / "python"
    installed = folder / "installed"
    if not installed.is_file():
        told(f"installing TRDG into {folder}, once")
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *WANTED], check=True, stdout=subprocess.DEVNULL)
        installed.touch()
    return python


def _row(python: Path, group: str, name: str, options: str, chars: str, scale: Scale) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        words = Path(folder) / "words.txt"
        words.write_text("\n".join(chars), encoding="utf-8")
        font, threads = resolve_font("Heiti").path, cores()
        given = f"-c {scale.peer_samples} -t {threads} -f {scale.size} -w 1 -na 2 {options}".split()
        command = [str(python), "-c", _MAIN, f"{folder}/out", "-ft", str(font), "-dt", str(words), *given]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True)
    written, seconds = done.stdout.split()[-2:]
    note = f"draws the font itself; {threads} processes"
    return Row(group, name, int(written), float(seconds), peer=True, note=note)
