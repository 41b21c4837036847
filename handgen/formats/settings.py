"""The settings of ``handgen convert``."""

from __future__ import annotations

from dataclasses import dataclass

from handgen.formats import FORMATS
from handgen.settings import RUNNING, Settings, setting


@dataclass(frozen=True)
class ConvertSettings(Settings):
    """How a dataset is converted."""

    format: str = setting("lmdb", "Format of the new dataset.", choices=FORMATS, flags=("--format", "-f"))
    skip_bad: bool = setting(
        False, "Leave out what cannot be read, and list it in OUT/left_out.jsonl.", flags=("--skip-bad",)
    )
    instructions: str = setting(
        "",
        "What conversations ask: languages with commas between (en, zh, fr, de, ...), or a UTF-8 file, one a line.",
        metavar="LANGUAGES|FILE",
        shown="en",
    )
    workers: int = setting(0, "Parallel workers; 0 = one for each core.", minimum=0, panel=RUNNING)
