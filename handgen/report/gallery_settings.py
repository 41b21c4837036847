"""What is asked of ``gallery``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from handgen.errors import UsageError
from handgen.settings import PATHS, RUNNING, Settings, setting

SHOWN = "What to show"
"""Panel of the help."""


@dataclass(frozen=True)
class GallerySettings(Settings):
    """What a gallery shows.

    Raises:
        UsageError: a value is out of range, or the page is no HTML file.
    """

    text: str | None = setting(
        None,
        "The words to draw in every style.",
        shown="some that suit the characters",
        panel=SHOWN,
    )
    styles: str = setting(
        "",
        "Which styles, as in synth; of a recipe, a number to be shared out.",
        metavar="N|NAMES|continuous",
        shown="every trained style; of a recipe, what it says",
        panel=SHOWN,
    )
    charset: str | None = setting(
        None,
        "The characters that a dataset would have, as in synth: they tell which recipe and which fonts suit.",
        shown="as in synth; without a model, those of --text",
        panel=SHOWN,
    )
    most: int = setting(500, "Styles on the page.", minimum=1, maximum=5000, panel=SHOWN)
    recognizer: Path | None = setting(
        None,
        "Who reads the styles to find out how legible they are: as in synth.",
        shown="the model's own, else the latest in runs/, else the one that comes with handgen",
        panel=SHOWN,
    )
    out: Path | None = setting(
        None, "HTML file.", shown="gallery-NAME.html", flags=("--out", "-o"), panel=PATHS, often=True
    )
    seed: int = setting(
        0, "Everything random follows from this number.", minimum=0, maximum=2**32 - 1, panel=RUNNING, often=True
    )
    device: str = setting("auto", "auto, cpu, cuda, cuda:N or mps.", panel=RUNNING)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.out is not None and self.out.suffix.lower() not in (".html", ".htm"):
            raise UsageError(f"--out {self.out} is no HTML file", "Let it end in .html.")
        if self.text is not None and not self.text.strip():
            raise UsageError("--text holds no character", "Type some.")
