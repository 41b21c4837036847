"""What is asked of ``preview``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from handgen.errors import UsageError
from handgen.settings import PATHS, RUNNING, Settings, setting

SHOWN = "What to show"
"""Panel of the help."""


@dataclass(frozen=True)
class PreviewSettings(Settings):
    """What to show of a model, or of a font.

    Raises:
        UsageError: a value is out of range, or two exclude each other.
    """

    grid: bool = setting(False, "A row for each style. The default.", flags=("--grid",), panel=SHOWN)
    interpolate: tuple[str, str] | None = setting(
        None,
        "The walk from style A to B: a row for each character. Trained styles; of a bicyclegan also z1, z2, ... Codes "
        "go straight, latents on an arc.",
        metavar="A B",
        panel=SHOWN,
    )
    steps: int = setting(9, "Styles from A to B, both counted.", minimum=2, maximum=100, panel=SHOWN)
    styles: str = setting(
        "",
        "Styles of the grid, as in synth.",
        metavar="N|NAMES|continuous",
        shown="every trained style",
        panel=SHOWN,
    )
    text: str | None = setting(
        None,
        "The characters to draw.",
        metavar="CHARACTERS",
        shown="all of a small charset, else some that were not trained on",
        panel=SHOWN,
    )
    charset: str | None = setting(None, "The same, as in synth: a name or a UTF-8 file.", panel=SHOWN)
    degrade: str | None = setting(
        None,
        "What a page does to ink: each effect of pen, ink, grain, lines, notebook, scan, photo or a YAML file, "
        "and all; with a model's styles or, without --model, with a --font.",
        metavar="PRESET|FILE",
        panel=SHOWN,
    )
    model: Path | None = setting(
        None,
        "Run folder, model file, or the name of weights that come with handgen; or pen.",
        shown="the latest in runs/; without one zh, for Latin characters latin",
        panel=PATHS,
    )
    font: str | None = setting(None, "Source font.", shown="the one the model was trained with", panel=PATHS)
    out: Path | None = setting(None, "PNG file.", shown="preview-RUN.png", flags=("--out", "-o"), panel=PATHS)
    seed: int = setting(0, "Everything random follows from this number.", minimum=0, maximum=2**32 - 1, panel=RUNNING)
    device: str = setting("auto", "auto, cpu, cuda, cuda:N or mps.", panel=RUNNING)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.interpolate and (self.grid or self.styles):
            raise UsageError("--interpolate excludes --grid and --styles", "Ask for one picture at a time.")
        if self.degrade is not None and (self.interpolate or self.grid):
            raise UsageError("--degrade excludes --grid and --interpolate", "Ask for one picture at a time.")
        if self.out is not None and self.out.suffix.lower() != ".png":
            raise UsageError(f"--out {self.out} is no PNG file", "Let it end in .png.")
        if self.of_font and (self.styles or self.charset):
            raise UsageError("a font has no --styles, and no --charset", "Give the characters with --text.")

    @property
    def of_font(self) -> bool:
        """Whether a font is shown rather than a model."""
        return bool(self.degrade is not None and self.font and self.model is None)
