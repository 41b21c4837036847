"""How fast samples are made when the model costs nothing: all of ``synth`` but the network, beside TRDG.

    python benchmarks/pipeline.py --trdg
    python benchmarks/pipeline.py --presets none,scan --workers 2 --count 20000 --out bench

The model is a double that returns the source glyph, so what is timed is the rest: the plan, the deformation of
each sample (``--vary 1``, five styles with a frame each), the degradations, PNG and LMDB. Every row runs in a
process of its own, which also tells its peak resident memory. TRDG (TextRecognitionDataGenerator 1.8) needs an
old Pillow and so an environment of its own: ``--trdg`` makes one for the time of the run, ``--trdg-python``
names the interpreter of one that is there. It draws the same characters with the same font, in two processes
(what it calls threads), into one JPEG file each.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pylopdf_fonts_zh_cn
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from handgen.degrade.presets import PRESETS
from handgen.fonts.charsets import load_charset
from handgen.fonts.face import FontRef
from handgen.glyphs.draw import SourceJob, look_at_source
from handgen.glyphs.store import Alignment
from handgen.models import MODELS
from handgen.models.base import Batch, Model, StyleSpec
from handgen.models.styles import CodeTable, gaussian_code
from handgen.settings import Settings
from handgen.synth.dataset import Request, Run
from handgen.synth.processes import Processes
from handgen.training import checkpoint

FONT = Path(pylopdf_fonts_zh_cn.sans_path())
CHARSET = "gb2312-1"
HANDS = {
    "upright": Alignment(1.02, 0.98, 0.0, 0.01),
    "small": Alignment(1.25, 1.22, 0.01, -0.03),
    "wide": Alignment(0.92, 1.1, 0.02, 0.0),
    "low": Alignment(1.1, 1.05, -0.01, 0.06),
    "large": Alignment(0.9, 0.93, 0.0, -0.01),
}
TRDG = {"TRDG, its defaults": "", "TRDG, skew, blur and distortion": "-k 8 -rk -bl 1 -rbl -d 3 -do 2"}
_TRDG_MAIN = """
import os, sys, time
sys.argv = sys.argv[:1] + sys.argv[2:] + ["--output_dir", sys.argv[1]]
from trdg import run
began = time.perf_counter()
run.main()
print(len(os.listdir(sys.argv[-1])) - 1, time.perf_counter() - began)
"""


class Free(Model):
    """A model that draws what it is shown."""

    Config = Settings
    phases = ()

    def __init__(self, config: Settings, size: int, styles: list[str], charset: str) -> None:
        super().__init__()
        self.generator = nn.Identity()
        self._spec = CodeTable(styles, torch.stack([gaussian_code(name, 128, 0) for name in styles]))

    def generate(self, content: Tensor, style: Tensor) -> Tensor:
        return content

    @property
    def style_spec(self) -> StyleSpec:
        return self._spec

    @property
    def weights(self) -> Mapping[str, float]:
        return {}

    def phase_parameters(self, phase: str) -> Iterable[nn.Parameter]:
        return ()

    def prepare(self, batch: Batch) -> None:
        """Do nothing: it has no phases, so there is nothing to learn."""

    def losses(self, phase: str, step: Any) -> dict[str, Tensor]:
        return {}


MODELS.register("free", f"{__name__}:Free", "costs nothing")


@dataclass(frozen=True)
class Row:
    """One measurement.

    Attributes:
        name: what was timed.
        workers: threads that draw, and threads that encode, in each process.
        count: samples.
        rate: samples a second.
        peak: resident memory in MiB; 0 where it is not known.
        processes: how many.
    """

    name: str
    workers: int
    count: int
    rate: float
    peak: float = 0.0
    processes: int = 1


def save_free_model(path: Path, size: int) -> None:
    """Write a checkpoint of the free model, with GB2312's first level, Heiti, and five styles."""
    chars, font = load_charset(CHARSET), FontRef(FONT)
    source = next(iter(look_at_source(SourceJob(font, chars, size))))
    raster = {
        "size": size,
        "source": font.spec,
        "sha256": source.origin["sha256"],
        "placement": asdict(source.placement),
    }
    styles = [
        {"name": name, "role": "target", "origin": {}, "alignment": asdict(alignment)}
        for name, alignment in HANDS.items()
    ]
    facts = {"model": "free", "config": {}, "size": size, "styles": styles, "raster": raster}
    checkpoint.save(path, {}, facts | {"charset": chars, "held_out": "", "images": 0, "seed": 0})


def whole(model: Path, preset: str, workers: int, count: int, processes: int = 1) -> Row:
    """Write a dataset, the preview included; the start of further processes, a shard each, is left out."""
    with tempfile.TemporaryDirectory() as folder:
        shards = processes if processes > 1 else 1
        run = Run(Request(model=model, out=Path(folder) / "dataset", count=count, degrade=preset, shards=shards))
        spread = Processes(processes, workers=workers) if processes > 1 else None
        seen = [(0, time.perf_counter())]
        run.write(lambda samples: seen.append((samples, time.perf_counter())), workers=workers, spread=spread)
    # Each process has begun when there is news of it.
    first = seen[next(place for place, news in enumerate(seen) if news[0])] if processes > 1 else seen[0]
    rate = (count - first[0]) / (seen[-1][1] - first[1])
    return Row(f"handgen, --degrade {preset}", workers, count, rate, _peak() if processes == 1 else 0.0, processes)


def in_process(model: Path, preset: str, workers: int, count: int, processes: int = 1) -> Row:
    """Do ``whole`` in a fresh process."""
    task = json.dumps([str(model), preset, workers, count, processes])
    done = subprocess.run([sys.executable, __file__, "--task", task], stdout=subprocess.PIPE, check=True)
    return Row(**json.loads(done.stdout))


def trdg(python: Path, name: str, options: str, size: int, count: int) -> Row:
    """Time TRDG, the start of its interpreter left out."""
    with tempfile.TemporaryDirectory() as folder:
        words = Path(folder) / "words.txt"
        words.write_text("\n".join(load_charset(CHARSET)), encoding="utf-8")
        given = f"-c {count} -t 2 -f {size} -w 1 -na 2 -ft {FONT} -dt {words} {options}".split()
        command = [str(python), "-c", _TRDG_MAIN, f"{folder}/out", *given]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True)
    written, seconds = done.stdout.split()[-2:]
    return Row(name, 1, int(written), int(written) / float(seconds), processes=2)


def make_trdg(folder: Path) -> Path:
    """Install TRDG into ``folder``, and return its interpreter."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "trdg==1.8.0", "pillow<10"], check=True)
    return python


def _peak() -> float:
    """Return the greatest resident memory of this process in MiB; that of a parent does not count."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.is_file() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def _trdg_rows(options: argparse.Namespace, folder: Path) -> list[Row]:
    if not (options.trdg or options.trdg_python):
        print("TRDG: not asked for (--trdg or --trdg-python)", file=sys.stderr)
        return []
    try:
        python = options.trdg_python or make_trdg(folder / "trdg")
        return [trdg(python, name, how, options.size, options.trdg_count) for name, how in TRDG.items()]
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"TRDG: not available here ({error})", file=sys.stderr)
        return []


def shown(rows: list[Row]) -> tuple[Table, str]:
    """Return the rows for a terminal and as Markdown, with the ratio to the first of TRDG's."""
    base = next((row.rate for row in rows if row.name in TRDG), 0.0)
    heads = ["what", "processes", "workers", "samples", "samples/s", "TRDG = 1", "peak MiB"]
    table = Table(*heads)
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "--:|" * 6]
    for row in rows:
        ratio, peak = f"{row.rate / base:.1f}" if base else "", f"{row.peak:,.0f}" if row.peak else ""
        cells = [row.name, str(row.processes), str(row.workers), f"{row.count:,}", f"{row.rate:,.0f}", ratio, peak]
        table.add_row(*cells)
        lines.append("| " + " | ".join(cells) + " |")
    return table, "\n".join(lines) + "\n"


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",") if number]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", default=",".join(PRESETS), help="with commas (default: all)")
    parser.add_argument("--workers", type=_numbers, default=[1, 2], help="threads, with commas (default: 1,2)")
    parser.add_argument("--processes", type=int, default=2, help="of a row more for each preset (default: %(default)s)")
    parser.add_argument("--count", type=int, default=10_000, help="samples a row (default: %(default)s)")
    parser.add_argument("--size", type=int, default=64, help="side in pixels (default: %(default)s)")
    parser.add_argument(
        "--memory", type=_numbers, default=[5000, 50_000], help="samples of two more rows of the first preset"
    )
    parser.add_argument("--trdg", action="store_true", help="install TRDG into a temporary environment")
    parser.add_argument("--trdg-python", type=Path, help="an interpreter that has TRDG")
    parser.add_argument("--trdg-count", type=int, default=2000, help="images of TRDG (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="folder for pipeline.json and pipeline.md")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Time every row once and print the table."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    options = _options()
    if options.task:
        model, *how = json.loads(options.task)
        print(json.dumps(asdict(whole(Path(model), *how))))
        return
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "free.safetensors"
        save_free_model(model, options.size)
        row = functools.partial(in_process, model)
        presets = options.presets.split(",")
        rows = _trdg_rows(options, Path(folder))
        rows += [row(preset, workers, options.count) for preset in presets for workers in options.workers]
        if options.processes > 1:
            rows += [row(preset, 1, options.count * 2, options.processes) for preset in presets]
        rows += [row(presets[0], options.workers[-1], count) for count in options.memory]
    table, markdown = shown(rows)
    Console().print(table)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "pipeline.json").write_text(json.dumps([asdict(row) for row in rows], indent=1))
        (options.out / "pipeline.md").write_text(markdown)


if __name__ == "__main__":
    main()
