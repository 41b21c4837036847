"""Install a wheel into a fresh environment without this clone, and run the first commands of the README with it.

``python .ci/try_wheel.py WHEEL`` takes what handgen depends on from the environment that runs it, so it needs no
network. With ``--fresh``, pip fetches the newest releases that fit, as for anybody who installs handgen. Only the
standard library is needed then, so any Python runs it: ``python3.13 .ci/try_wheel.py --fresh WHEEL``.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from collections.abc import Sequence
from pathlib import Path

LARGEST = 60_000_000
"""Bytes of a wheel."""
ROOM = 10_000_000_000
"""Bytes that a fresh environment may take on the disk; nearly all of it is PyTorch with CUDA."""
COMMANDS = (
    "handgen --version",
    "handgen synth --model zh --styles 15 --count 1000 --gate off --out zh",
    "handgen check zh",
    "handgen render --font Caveat -t 'Noto Sans SC' --charset latin62 --out glyphs",
    "handgen train pix2pix --data glyphs --images 16 --batch 8 --width 8 --device cpu --out run",
    "handgen synth --model run --count 100 --gate off --out own",
    "handgen check own",
    "handgen convert zh doctr --format doctr",
)
SHOWN = """if True:
    import importlib.metadata, platform, handgen, torch
    print(handgen.__file__)
    print("handgen", importlib.metadata.version("handgen"), "torch", torch.__version__)
"""
START = time.monotonic()


class StepError(Exception):
    """A step that failed, and what to do."""


def say(text: str) -> None:
    """Print a line with the seconds since the start."""
    print(f"[{time.monotonic() - START:5.0f} s] {text}", flush=True)


def call(command: Sequence[str], remedy: str, **options: object) -> None:
    """Run a command; its output goes to the terminal.

    Raises:
        StepError: it ended with another code than 0.
    """
    code = subprocess.run(command, check=False, **options).returncode  # type: ignore[call-overload]
    if code:
        raise StepError(f"'{shlex.join(command)}' ended with {code}. {remedy}")


def measure(wheel: Path) -> None:
    """Print the size of the wheel.

    Raises:
        StepError: it is too large.
    """
    size = wheel.stat().st_size
    say(f"{wheel.name}: {size / 1e6:.1f} MB of at most {LARGEST / 1e6:.0f}")
    if size > LARGEST:
        raise StepError("The wheel is too large. 'unzip -v' lists what is in it.")


def create(home: Path) -> Path:
    """Make an environment; return its folder of commands."""
    say(f"make an environment of Python {platform.python_version()} in {home}")
    venv.create(home, with_pip=True, symlinks=os.name != "nt")
    return home / ("Scripts" if os.name == "nt" else "bin")


def install(wheel: Path, scripts: Path, fresh: bool) -> None:
    """Install the wheel, and what it depends on.

    Raises:
        StepError: pip failed, or there is no room.
    """
    python = str(scripts / "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    if fresh:
        free = shutil.disk_usage(scripts).free
        if free < ROOM:
            raise StepError(
                f"{scripts} has {free / 1e9:.1f} GB left, and the environment may need {ROOM / 1e9:.0f}. "
                "Set TMPDIR to a folder on a larger disk."
            )
        say("install the wheel and the newest of what it depends on; PyTorch with CUDA takes longest")
        # Python compiles what is imported; pip would compile all of PyTorch.
        call(
            [*pip, "install", "--progress-bar", "off", "--no-compile", str(wheel)],
            "What pip has fetched is in its cache: the same command again does the rest.",
        )
        call([*pip, "check"], "The wheel asks for releases that do not go together.")
        return
    say("install the wheel")
    call([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], "See what pip says above.")
    own = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    (Path(own) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")


def use(scripts: Path, home: Path, work: Path) -> None:
    """Look where handgen is imported from, and run the commands.

    Raises:
        StepError: it is not the wheel's, or a command failed.
    """
    work.mkdir()
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    shown = subprocess.run(
        [str(scripts / "python"), "-c", SHOWN], cwd=work, env=environment, check=True, capture_output=True, text=True
    )
    found, versions = shown.stdout.splitlines()
    if not Path(found).is_relative_to(home.resolve()) or not (Path(found).parent / "py.typed").is_file():
        raise StepError(f"{found} is not the wheel's, or lacks py.typed.")
    say(versions)
    for command in COMMANDS:
        program, *words = shlex.split(command)
        say(f"$ {command}")
        call([str(scripts / program), *words], "Mend it, and build again.", cwd=work, env=environment)


def main() -> int:
    """Run from the command line; exit with 1 if the wheel is too large, or a step fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--fresh", action="store_true", help="let pip fetch what handgen depends on")
    options = parser.parse_args()
    try:
        measure(options.wheel)
        with tempfile.TemporaryDirectory(prefix="handgen-wheel-") as folder:
            home = Path(folder) / "env"
            scripts = create(home)
            install(options.wheel.resolve(), scripts, options.fresh)
            use(scripts, home, Path(folder) / "work")
    except StepError as error:
        say(f"failed: {error}")
        return 1
    say(f"the wheel works: {len(COMMANDS)} commands")
    return 0


if __name__ == "__main__":
    sys.exit(main())
