"""What a comparison of training sets may be asked for."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from handgen.errors import UsageError
from handgen.settings import PATHS, RUNNING, Settings, setting
from handgen.transfer import TRAINING_SETS, UNION

SETS, READER, DRAWN = "The sets", "The recognizer", "What is drawn for them"
DIGITS = "digits"
"""The real handwriting that comes with scikit-learn."""
HALVES = ("test", "tuning")
_MANY = 100
_NAME = re.compile(r"[\w.-]+")
LINES = "Lines of text"
LINE_SETS = ("fonts", "warped", "traced", "default", "real")
"""Sets of lines: fonts as they are; deformed, with the ink of scans; single characters that the pen writes along the
fonts' centerlines, side by side; what 'synth --lines' writes unless told otherwise; the real lines not tested on."""
_FIRST, _MODEL, _REAL = ("fonts", "default"), ("gan", "pen-gan"), ("real",)
_NOT_SHOT = (UNION, *_REAL)
_STORE = Path("data/glyphs")


@dataclass(frozen=True)
class TransferSettings(Settings):
    """What is the same for every training set."""

    count: int = setting(
        2000,
        "Images in every training set, of each character as many. A set with fewer repeats them.",
        minimum=2,
        panel=SETS,
        often=True,
    )
    test_share: float = setting(
        0.5,
        "Share of the real set to test on: the last writers, or the last samples of its one writer. "
        "The set 'real' learns from the rest.",
        minimum=0.05,
        maximum=1,
        panel=SETS,
        often=True,
    )
    test_count: int = setting(
        10_000, "Real images to test on at most, of each character as many.", minimum=2, panel=SETS
    )
    size: int = setting(
        0, "Side of all images in pixels, 32 to 64; 0 = 32, or 64 for over 100 characters.", minimum=0, maximum=64,
        panel=SETS, often=True,
    )  # fmt: skip
    resolution: int = setting(
        0,
        "Pixels that the longer side of the ink has at most, in every set, before it is scaled to --size. "
        "0 = as in the real set; a glyph store does not know what its samples had (MNIST: 20).",
        minimum=0,
        maximum=256,
        panel=SETS,
    )
    seeds: int = setting(
        3,
        "Repetitions, each with other samples and other first weights.",
        minimum=1,
        maximum=100,
        panel=READER,
        often=True,
    )
    images: int = setting(40_000, "Training budget in images seen, for every set.", minimum=1, panel=READER, often=True)
    batch: int = setting(64, "Images per optimizer step.", minimum=2, maximum=4096, panel=READER)
    line_batch: int = setting(8, "Lines per optimizer step, with --lines.", minimum=1, maximum=512, panel=LINES)
    width: int = setting(16, "Channels of the recognizer's first stage.", minimum=4, maximum=256, panel=READER)
    lr: float = setting(3e-3, "Highest learning rate.", minimum=0, panel=READER)
    fresh: bool = setting(
        False,
        "Draw other samples for every step, as handgen.Stream does, in place of learning --count images again and "
        "again; images seen are the same. Images at hand come in a new order.",
        panel=READER,
        often=True,
    )
    augment: bool = setting(
        False, "Vary every image at random while learning, as 'train recognizer' does.", panel=READER
    )
    seed: int = setting(0, "Everything random follows from this number.", minimum=0, maximum=2**31, panel=READER)

    def side(self, characters: int) -> int:
        """Return the side of images of so many characters, in pixels."""
        return self.size or (64 if characters > _MANY else 32)


def real_name(real: str) -> str:
    """Return what a real set is called in results."""
    return Path(real).resolve().name if real != DIGITS else DIGITS


@dataclass(frozen=True)
class TransferRequest(Settings):
    """What a user asks for.

    Raises:
        UsageError: there is no real set, or a training set has no name or one that it cannot have.
    """

    real: tuple[str, ...] = setting(
        (),
        "Real handwriting to test on: scikit-learn's digits, a store of 'handgen import', or a dataset. "
        "May be repeated: each set is then compared on each.",
        metavar="digits|STORE|DATASET",
        shown="none",
        panel=SETS,
        often=True,
    )
    names: str = setting(
        "",
        "What to compare, with commas: fonts, warped, scanned, pen, traced, gan, gated, pen-gan, default (what synth "
        "writes), real, union, names of --set; fonts+pen is equal parts of both. default-zh is the default without its "
        "source zh, default.zh that alone, default-each and default.each are all of these. real5 is 5 real samples of "
        "each character.",
        flags=("--sets",),
        metavar="NAMES",
        shown="fonts, default, what --model draws, every --set, and real",
        panel=SETS,
        often=True,
    )
    given: tuple[str, ...] = setting(
        (),
        "A training set of your own, or a recipe of synth; may be repeated.",
        flags=("--set",),
        metavar="NAME=DATASET|STORE|YAML",
        shown="none",
        panel=SETS,
        often=True,
    )
    shots: str = setting(
        "",
        "Numbers of real samples of each character, as in 0,5,20: these alone, and with each set. They are a quarter "
        "of what is then learned from.",
        metavar="N,N,...",
        shown="none",
        panel=SETS,
        often=True,
    )
    charset: str | None = setting(
        None,
        "Test on these characters alone: gb2312-1, latin62, digits, ..., a UTF-8 file, or the characters.",
        shown="all that the real set and every training set have",
        panel=SETS,
        often=True,
    )
    model: Path | None = setting(
        None,
        "Run folder or model file that draws gan, gated and pen-gan.",
        shown="none",
        panel=DRAWN,
        often=True,
    )
    recognizer: Path | None = setting(
        None,
        "Run folder or file of the recognizer that reads for gated.",
        shown="the latest in runs/",
        panel=DRAWN,
        often=True,
    )
    styles: str = setting(
        "",
        "Styles of the model's drawings, as for 'synth'.",
        metavar="N|NAMES|continuous",
        shown="continuous if the model can, else every trained style",
        panel=DRAWN,
        often=True,
    )
    strokes: str = setting("hanzi,kanjivg,trace", "Strokes of the pen, as for 'synth'.", metavar="SOURCES", panel=DRAWN)
    data: tuple[Path, ...] = setting(
        (_STORE,),
        "Glyph store of the fonts of fonts, warped, scanned and traced; may be repeated.",
        shown="data/glyphs if it is there, else handwriting fonts at hand",
        panel=PATHS,
        often=True,
    )
    lines: bool = setting(
        False,
        "Compare sets of lines on real lines, by their character error rates: fonts, warped, traced, default, real, "
        "names of --set. Texts are those of the real lines not tested on.",
        flags=("--lines",),
        panel=LINES,
        often=True,
    )
    split: Path | None = setting(
        None,
        "JSON file that names the writers of the real lines under 'tuning' and 'test'.",
        shown="half of the writers each, at random",
        panel=LINES,
    )
    half: str = setting("test", "Writers to test on; 'real' learns from the others.", choices=HALVES, panel=LINES)
    fonts: str = setting(
        "",
        "Fonts of fonts, warped, scanned and traced in place of --data, as for 'synth'.",
        metavar="FONTS",
        shown="those of --data; every one at hand that looks written by hand",
        panel=DRAWN,
        often=True,
    )
    out: Path = setting(
        Path("runs/transfer"), "Folder of the comparison.", flags=("--out", "-o"), panel=PATHS, often=True
    )
    device: str = setting("auto", "auto, cpu, cuda, cuda:N or mps.", panel=RUNNING, often=True)
    settings: TransferSettings = field(default_factory=TransferSettings)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.real:
            raise UsageError(
                "there is no real handwriting to test on",
                "Give --real digits, a store that 'handgen import' made, or a dataset.",
            )
        reals = {Path(real).resolve() for real in self.real if real != DIGITS}
        for name, path in self.sets.items():
            if path.resolve() in reals:
                raise UsageError(f"--set {name} is the real set itself", "The set 'real' is the part not tested on.")
        self.each()
        _ = self.few, self.stores
        if self.lines and (self.settings.fresh or self.shots):
            raise UsageError("--fresh and --shots are for single characters", "Leave them out, or --lines.")

    @property
    def stores(self) -> tuple[Path, ...]:
        """The glyph stores whose fonts the sets are made of; none where the fonts at hand are taken, or named ones.

        Raises:
            UsageError: fonts are named, and a store as well.
        """
        usual = self.data == (_STORE,)
        if self.fonts and not usual:
            raise UsageError("--fonts and --data both name fonts", "Give one of them.")
        return () if self.fonts or (usual and not _STORE.exists()) else self.data

    @property
    def few(self) -> tuple[int, ...]:
        """The numbers of real samples that ``shots`` means, sorted."""
        try:
            numbers = sorted({int(part) for part in self.shots.split(",") if part.strip()})
        except ValueError:
            numbers = [-1]
        if any(number < 0 for number in numbers):
            raise UsageError(f"--shots {self.shots} are no numbers of samples", "As in: --shots 0,5,20.")
        return tuple(numbers)

    def with_shots(self, names: Collection[str]) -> tuple[str, ...]:
        """Return the names of sets, and those of the same with a few real samples."""
        if not self.few:
            return tuple(names)
        own, others = ([name for name in names if (name in _NOT_SHOT) == apart] for apart in (False, True))
        found: list[str] = []
        for number in self.few:
            found += [f"real{number}", *(f"{name}+real{number}" for name in own)] if number else own
        return (*found, *others)

    def each(self) -> dict[str, TransferRequest]:
        """Return what is asked of each real set, by its name; of several, each has a folder in ``out``.

        Raises:
            UsageError: two have one name.
        """
        if len(self.real) == 1:
            return {real_name(self.real[0]): self}
        found: dict[str, TransferRequest] = {}
        for real in self.real:
            name = real_name(real)
            if name in found:
                raise UsageError(f"two real sets are called {name}", "Give each folder a name of its own.")
            found[name] = replace(self, real=(real,), out=self.out / name)
        return found

    @property
    def sets(self) -> Mapping[str, Path]:
        """The training sets that are given: name -> where it is."""
        found: dict[str, Path] = {}
        for text in self.given:
            name, _, path = text.partition("=")
            if not name or not path:
                raise UsageError(f"--set {text} is not of the form NAME=PATH", "As in: --set mine=datasets/zi2zi.")
            if name in found:
                raise UsageError(f"--set {name}= is there twice", "Give each set a name of its own.")
            if not _NAME.fullmatch(name) or name == UNION or name in TRAINING_SETS:
                raise UsageError(
                    f"--set cannot name a set '{name}'",
                    "Take letters, digits, '-', '_' and '.', and no name that handgen has for a set.",
                )
            found[name] = Path(path)
        return found

    def compared(self) -> tuple[str, ...]:
        """Return the names of the sets: those asked for, or all that can be made of what is given."""
        if asked := [name.strip() for name in self.names.split(",") if name.strip()]:
            return tuple(dict.fromkeys((*asked, *self.sets)))
        models = (*_MODEL, *(("gated",) if self.recognizer else ())) if self.model else ()
        real = _REAL if self.settings.test_share < 1 else ()
        return (*_FIRST, *models, *self.sets, *real)
