"""Install a wheel into a fresh environment without this clone, and run the first commands of the README with it.

``python .ci/try_wheel.py WHEEL`` takes what handgen depends on from the environment that runs it, so it needs no
network; with ``--fresh`` pip fetches it.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path

LARGEST = 60_000_000
"""Bytes of a wheel."""
COMMANDS = (
    "handgen --version",
    "handgen synth --model zh --styles 15 --count 1000 --gate off --out zh",
    "handgen check zh",
    "handgen render --font Caveat -t 'Noto Sans SC' --charset latin62 --out glyphs",
    "handgen train pix2pix --data glyphs --images 16 --batch 8 --width 8 --device cpu --out run",
    "handgen convert zh doctr --format doctr",
)


def install(wheel: Path, home: Path, fresh: bool) -> Path:
    """Make the environment; return its folder of commands."""
    venv.create(home, with_pip=True, symlinks=os.name != "nt")
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *(() if fresh else ("--no-deps", "--no-index")), str(wheel)], check=True)
    if not fresh:
        own = subprocess.run(
            [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            check=True, capture_output=True, text=True,
        ).stdout.strip()  # fmt: skip
        (Path(own) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return scripts


def main() -> int:
    """Run from the command line; exit with 1 if the wheel is too large, or a command fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--fresh", action="store_true", help="let pip fetch what handgen depends on")
    options = parser.parse_args()
    size = options.wheel.stat().st_size
    print(f"{options.wheel.name}: {size / 1e6:.1f} MB", flush=True)
    if size > LARGEST:
        print(f"it is larger than {LARGEST / 1e6:.0f} MB")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        scripts = install(options.wheel.resolve(), Path(folder) / "env", options.fresh)
        work = Path(folder) / "work"
        work.mkdir()
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        where = "import handgen, sys; print(handgen.__file__)"
        found = subprocess.run(
            [str(scripts / "python"), "-c", where],
            cwd=work,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        if not Path(found).is_relative_to(Path(folder).resolve()) or not (Path(found).parent / "py.typed").is_file():
            print(f"{found} is not the wheel's, or lacks py.typed")
            return 1
        for command in COMMANDS:
            program, *words = shlex.split(command)
            print(f"$ {command}", flush=True)
            done = subprocess.run([str(scripts / program), *words], cwd=work, env=environment, check=False)
            if done.returncode:
                print(f"'{command}' ended with {done.returncode}")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
