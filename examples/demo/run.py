"""What ``make demo`` runs: fonts to a checked dataset, in the folder ``demo``.

It types no more than you could: every step is a command, printed before it runs. Run it again
and it goes on where it stopped.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

HANDS = "Kalam", "Indie Flower", "Shadows Into Light", "Delius", "Dancing Script", "Satisfy"
STEPS = (
    ("fonts", "handgen fonts check Heiti --charset gb2312-1"),
    (
        "glyphs",
        f"handgen render --font Caveat {' '.join(f'--target {shlex.quote(hand)}' for hand in HANDS)}"
        " --charset latin62 --out demo/glyphs",
    ),
    ("model", "handgen train zi2zi --data demo/glyphs --out demo/model --images 18000 --width 16"),
    ("dataset", "handgen synth --model demo/model --styles 20 --count 2000 --charset latin62 --out demo/dataset"),
    ("check", "handgen check demo/dataset"),
)

console = Console(highlight=False)


def run(command: str) -> float:
    """Run a ``handgen`` command of this Python's environment; return how many seconds it took."""
    console.print(f"\n[bold green]$ {command}[/]", soft_wrap=True)
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-m", *shlex.split(command)], check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return time.monotonic() - began


def summary(seconds: dict[str, float]) -> Table:
    """Lay out what was made, where it is, and how long it took."""
    store = json.loads(Path("demo/glyphs/manifest.json").read_text(encoding="utf-8"))
    model = json.loads(Path("demo/model/config.json").read_text(encoding="utf-8"))
    dataset = json.loads(Path("demo/dataset/manifest.json").read_text(encoding="utf-8"))
    table = Table("", "what", "where", "seconds", title="What was made", title_justify="left")
    table.columns[3].justify = "right"
    rows = {
        "fonts": ("Heiti has all 3,755 characters of GB2312 level 1", "-"),
        "glyphs": (f"{store['count']:,} glyphs: Caveat and {len(HANDS)} hands to learn", "demo/glyphs/preview.png"),
        "model": (f"Zi2Zi after {model['images']:,} images", "demo/model/model.safetensors"),
        "dataset": (f"{dataset['count']:,} labelled images, LMDB", "demo/dataset/data.mdb"),
        "check": ("read back as OCR trainers do: no defect", "demo/dataset"),
    }
    for step, (what, where) in rows.items():
        table.add_row(step, what, where, f"{seconds[step]:.0f}")
    return table


def main() -> None:
    """Run the steps and say what to do next."""
    seconds = {step: run(command) for step, command in STEPS}
    console.print("\n", summary(seconds))
    console.print(f"Look at [bold]demo/dataset/preview.png[/]: {len(HANDS)} learnt hands, then mixtures.")
    console.print("\nNext, Chinese (npm brings the fonts):\n")
    console.print("  source .venv/bin/activate\n  handgen fonts fetch zh\n  handgen render --font Heiti.ttf")
    console.print("  handgen train zi2zi\n  handgen synth --styles 15 --count 100000\n")
    console.print("README.md says how OCR trainers read the result.")


if __name__ == "__main__":
    main()
