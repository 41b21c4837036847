"""The settings of ``handgen render``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from handgen.errors import UsageError
from handgen.settings import PATHS, REQUIRED, RUNNING, Settings, setting

DRAWING = "What to draw"
SIZES = (64, 128, 256)
STORE = Path("data/glyphs")
"""Default folder of the glyph store."""
_DRAWINGS = 4


@dataclass(frozen=True)
class RenderSettings(Settings):
    """Which fonts to draw into a glyph store, and how.

    Raises:
        UsageError: a value is out of range, or ``samples`` is given without ``vary``.
    """

    font: str = setting(
        REQUIRED,
        "Source font, the content of every glyph: FILE, FILE#FACE, FILE@INSTANCE, a family or an alias.",
        flags=("--font", "-f"),
        metavar="FONT",
        panel=DRAWING,
    )
    targets: tuple[str, ...] = setting(
        (),
        "Font to learn, or a folder of them; may be repeated.",
        flags=("--target", "-t"),
        metavar="FONT|DIR",
        shown="every suitable font found",
        panel=DRAWING,
    )
    charset: str | None = setting(
        None,
        "gb2312-1, gb2312, jis-1, big5-1, latin62, latin, digits, ascii, zh-marks, a UTF-8 file, or the characters.",
        shown="gb2312-1 if the source has Chinese, else latin62",
        panel=DRAWING,
    )
    size: int = setting(64, "Side of the square images in pixels.", choices=SIZES, panel=DRAWING)
    per_font: int | None = setting(
        None, "Characters sampled from each target font.", minimum=1, shown="all it draws", panel=DRAWING
    )
    take: tuple[str, ...] = setting(
        (),
        "N characters from this target, called by style or file name; may be repeated.",
        metavar="FONT=N",
        shown="as --per-font",
        panel=DRAWING,
    )
    align: bool = setting(
        True, "Scale and move each target font onto the source's ink; synth undoes it.", panel=DRAWING
    )
    vary: str = setting(
        "none",
        "pen: beside the source's own glyphs, others whose strokes are written anew, each a little displaced, "
        "turned and scaled.",
        choices=("none", "pen"),
        panel=DRAWING,
    )
    samples: int | None = setting(
        None,
        "Drawings of each source character with --vary pen, the font's own among them.",
        minimum=2,
        maximum=100,
        shown=str(_DRAWINGS),
        panel=DRAWING,
    )
    out: Path = setting(
        STORE, "Folder of the glyph store; a store there is replaced.", flags=("--out", "-o"), panel=PATHS
    )
    workers: int = setting(0, "Parallel workers; 0 = one for each core.", minimum=0, panel=RUNNING)
    seed: int = setting(0, "Everything random follows from this number.", minimum=0, maximum=2**32 - 1, panel=RUNNING)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.vary == "none" and self.samples is not None:
            raise UsageError("--samples counts the drawings of --vary pen", "Add --vary pen.")

    @property
    def drawings(self) -> int:
        """How many drawings of each source character the store gets."""
        return 1 if self.vary == "none" else self.samples or _DRAWINGS
