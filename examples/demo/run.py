"""What ``make demo`` runs: the default recipe to a checked Chinese dataset, in the folder ``demo``.

    python -m examples.demo.run

It types no more than you could: every step is a command, printed before it runs. Run it again
and it goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

STEPS = (
    ("models", "handgen models"),
    ("dataset", "handgen synth --count 10000 --out demo/dataset"),
    ("check", "handgen check demo/dataset"),
    ("report", "handgen report demo/dataset --out demo/report.html"),
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
    dataset = json.loads(Path("demo/dataset/manifest.json").read_text(encoding="utf-8"))
    plan, gate = dataset["plan"], dataset["info"].get("gate")
    read = f"{gate['redrawn']:,} drawings made again, {gate['dropped']:,} replaced" if gate else "no recognizer: unread"
    table = Table("", "what", "where", "seconds", title="What was made", title_justify="left")
    table.columns[3].justify = "right"
    rows = {
        "dataset": (
            f"{dataset['count']:,} labeled images of {len(plan['characters']):,} characters in {len(plan['styles'])} "
            f"styles, by the recipe zh; {read}",
            "demo/dataset/data.mdb",
        ),
        "check": ("read back as OCR trainers do: no defect", "demo/dataset"),
        "report": ("styles, samples and histograms on one page", "demo/report.html"),
    }
    for step, (what, where) in rows.items():
        table.add_row(step, what, where, f"{seconds[step]:.0f}")
    return table


def main() -> None:
    """Run the steps and say what to do next."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    seconds = {step: run(command) for step, command in STEPS}
    console.print("\n", summary(seconds))
    console.print("Look at [bold]demo/report.html[/], or at [bold]demo/dataset/preview.png[/].")
    console.print("\nNext, hands of your own (npm brings the fonts):\n")
    console.print("  source .venv/bin/activate\n  handgen fonts fetch zh\n  handgen render --font Heiti.ttf")
    console.print("  handgen train zi2zi\n  handgen synth --styles 15 --count 100000\n")
    console.print("README.md says how OCR trainers read the result.")


if __name__ == "__main__":
    main()
