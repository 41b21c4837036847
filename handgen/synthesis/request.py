"""What is asked of ``synth``: its options and their defaults."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from handgen.errors import UsageError
from handgen.formats import FORMATS
from handgen.lines.cut import LONGEST, Limits
from handgen.pages.settings import PageRequest
from handgen.settings import Settings, setting
from handgen.sources.spec import SourceSpec

if TYPE_CHECKING:
    from handgen.lines.paper import Paper

WRITING, LINES, GATE = "What to write", "Lines of text", "Labels to trust"
"""Panels of the help."""
NESTED = frozenset({"sources", "lines", "pages"})
"""Settings of a request that are settings themselves."""
OFF, MARK, REDRAW, AUTO = "off", "mark", "redraw", "auto"
"""What a gate does."""


@dataclass(frozen=True)
class LineRequest(Settings):
    """What is asked of lines of text.

    Raises:
        UsageError: lines of such a height or length are not possible.
    """

    corpus: str = setting(
        "",
        "UTF-8 text, a folder of .txt files, or words with commas between: fr (its words, as frequent as they are), "
        "names, addresses, dates, money, ids, ... (also names@fr_FR), fr_FR (all of them), numbers, amounts, serials, "
        "random; at the end re:[A-Z]{2}-\\d{6}.",
        metavar="FILE|DIR|WORDS",
        shown="all generators",
        panel=LINES,
        often=True,
    )
    height: int = setting(
        48, "Pixels; 32, 48 and 64 are usual. The width if vertical.", minimum=16, maximum=256, panel=LINES, often=True
    )
    vertical: bool = setting(False, "From top to bottom.", flags=("--vertical",), panel=LINES)
    min_chars: int = setting(1, "Least characters of a line, spaces counted.", minimum=1, maximum=LONGEST, panel=LINES)
    max_chars: int = setting(
        25, "Most characters; trainers drop longer than 25.", minimum=1, maximum=LONGEST, panel=LINES
    )
    boxes: bool = setting(
        False, "Keep each character's box beside the label.", flags=("--boxes",), panel=LINES, often=True
    )
    boost: float = setting(
        0.0,
        "Share of lines that get a character of --charset put in, all in turn, so that rare ones occur, too.",
        minimum=0,
        maximum=1,
        panel=LINES,
    )
    strict: bool = setting(
        False, "Refuse a corpus of which a character cannot be drawn.", flags=("--strict",), panel=LINES
    )

    corrections: float = setting(
        0.0, "Share of lines with a word begun wrongly and crossed out (fonts).", minimum=0, maximum=1, panel=LINES
    )
    struck: str = setting(
        "", "What labels say instead of such a word, with {} for the word itself, as <del>{}</del>.",
        metavar="TEXT", shown="nothing", panel=LINES,
    )  # fmt: skip
    neighbors: float = setting(
        0.0, "Share of lines that ink of the lines above or below reaches into (fonts).", minimum=0, maximum=1,
        panel=LINES,
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.struck and not self.corrections:
            raise UsageError("--struck says nothing where no word is crossed out", "Add --corrections 0.1.")
        self.limits  # noqa: B018 - checks them

    @property
    def paper(self) -> Paper:
        """What happens beside the text."""
        from handgen.lines.paper import Paper  # which needs numpy

        return Paper(self.corrections, self.struck, self.neighbors)

    @property
    def limits(self) -> Limits:
        """How long a line may be."""
        return Limits(self.min_chars, self.max_chars)


@dataclass(frozen=True)
class Request(Settings):
    """What is asked of ``synth``.

    Attributes:
        sources: what draws, with shares.
        out: folder of the dataset.
        lines: lines of text instead of single characters.
        pages: pages of such lines.

    The others say themselves what they are.

    Raises:
        UsageError: a value is out of range, or two exclude each other.
    """

    sources: tuple[SourceSpec, ...] = (SourceSpec(),)
    out: Path | None = setting(
        None, "Dataset folder.", shown="datasets/RUN", flags=("--out", "-o"), panel="Where things are", often=True
    )
    count: int = setting(10_000, "Samples to write.", minimum=1, panel=WRITING, often=True)
    charset: str | None = setting(
        None,
        "gb2312-1, gb2312, jis-1, big5-1, latin62, latin, digits, ascii, zh-marks, a UTF-8 file, or the characters.",
        shown="the characters of the model's store",
        panel=WRITING,
        often=True,
    )
    text: Path | None = setting(None, "UTF-8 text whose characters to write.", panel=WRITING)
    balance: bool = setting(True, "Every character equally often, or as often as in --text.", panel=WRITING)
    degrade: str = setting(
        "",
        "none, pen, ink, lines, notebook, scan, photo, or a YAML file of effects: what a real page does to ink.",
        metavar="PRESET|FILE",
        shown="none; with a recipe, what it says",
        panel=WRITING,
        often=True,
    )
    format: str = setting("lmdb", "Of the dataset.", choices=FORMATS, flags=("--format",), panel=WRITING, often=True)
    instructions: str = setting(
        "",
        "What conversations ask: languages with commas between (en, zh, fr, de, ...), or a UTF-8 file, one a line.",
        metavar="LANGUAGES|FILE",
        shown="en",
        panel=WRITING,
    )
    shards: int = setting(
        1, "Write so many datasets into one folder, which trainers read as one.", minimum=1, panel=WRITING
    )
    lines: LineRequest | None = None
    pages: PageRequest | None = None
    gate: str = setting(
        AUTO,
        "A recognizer reads each drawing. Draw again what does not read as its label, and another style or character "
        "instead of what never does (a line is written without it); or only mark it.",
        metavar="off|mark|redraw",
        shown="redraw, if there is a recognizer: that of the model or recipe, or one in runs/",
        choices=(OFF, MARK, REDRAW, AUTO),
        panel=GATE,
        often=True,
    )
    recognizer: Path | None = setting(
        None,
        "Run folder or file of the recognizer, or the name of weights that have one.",
        shown="that of the model or recipe, else the latest in runs/",
        panel=GATE,
        often=True,
    )
    tries: int = setting(2, "Further drawings before something else is drawn.", minimum=1, maximum=20, panel=GATE)
    seed: int = setting(0, "Everything random follows from this number.", minimum=0, maximum=2**32 - 1, often=True)
    device: str = setting("auto", "auto, cpu, cuda, cuda:N or mps.", often=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.sources:
            raise UsageError("nothing is named that draws", "Name a model.")
        if self.charset and self.text:
            raise UsageError("--charset and --text exclude each other", "Give one of them.")
        if not self.balance and self.text is None:
            raise UsageError("--no-balance needs a text to take frequencies from", "Give it with --text.")
        if self.lines and self.text:
            raise UsageError("--text is for single characters", "Give lines their text with --corpus.")
        if self.pages:
            self._check_pages()
        if self.gate == OFF and self.recognizer is not None:
            raise UsageError("--recognizer says nothing when --gate is off", "Leave one of them out.")

    def _check_pages(self) -> None:
        if self.lines is None:
            raise UsageError("a page has lines", "Give lines as well.")
        if self.lines.vertical:
            raise UsageError("pages are written in rows", "Leave --vertical out, or write columns with --lines.")
        if self.lines.neighbors:
            raise UsageError("--neighbors is for lines by themselves: on a page they have some", "Leave it out.")
        if self.shards > 1:
            raise UsageError("pages are not written in shards", "Leave --shards out; --count may be any number.")
