"""Sound inputs of every kind that handgen reads, small, for ``benchmarks.fuzz`` to damage."""

from __future__ import annotations

import contextlib
import functools
import gzip
import io
import json
import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from handgen.formats import FORMATS
from handgen.formats.base import Sample

_CHARS = "abcdABCD"
_Kind = tuple[Callable[[Path], None], tuple[tuple[str, ...], ...], tuple[str, ...]]
_BESIDE = {"run": ("run/**/*",), "rejects": ("set/**/*",)}
_SLOW = frozenset(("run", "rejects", "scan", "like", "recipe"))
_TRAINERS = {"lmdb": "parseq", "paddleocr": "paddle", "doctr": "doctr", "easyocr": "easyocr"}


@dataclass(frozen=True)
class Seed:
    """A sound input.

    Attributes:
        name: the kind.
        folder: what is copied and damaged; ``{IN}`` in a command.
        commands: that read it; ``{OUT}`` is where they may write.
        files: names of the files to damage; any when empty.
        beside: patterns below ``{IN}`` of what the commands may write there.
        slow: whether it takes a second or so; such inputs come half as often.
    """

    name: str
    folder: Path
    commands: tuple[tuple[str, ...], ...]
    files: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    slow: bool = False

    def written(self, work: Path) -> set[str]:
        """Return the files that the commands may have written beside the output."""
        found = {str(path) for pattern in self.beside for path in (work / "in").glob(pattern)}
        return found | {str(path) for path in (work / "cwd").rglob("*")}


def glyph(char: str, side: int = 40, gray: int = 20) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """Return a picture of a character as uint8 ``[side, side]``."""
    image = Image.new("L", (side, side), 250)
    ImageDraw.Draw(image).text((side // 4, side // 10), char, fill=gray, font_size=side * 0.7)
    return np.asarray(image)


def _dataset(name: str, folder: Path) -> None:
    with FORMATS.load(name).writer(folder / "set", {"seed": 1}) as writer:
        writer.write([Sample(i, char, glyph(char), {"style": "ab"[i % 2], "page": i}) for i, char in enumerate(_CHARS)])
        writer.finish({})


def _font(folder: Path, name: str = "f.ttf", flavor: str | None = None, chars: str = _CHARS) -> None:
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    builder = FontBuilder(1000, isTTF=True)
    names = [f"glyph{number}" for number in range(len(chars))]
    builder.setupGlyphOrder([".notdef", *names])
    builder.setupCharacterMap({ord(char): name for char, name in zip(chars, names, strict=True)})

    def drawn(number: int) -> object:
        pen = TTGlyphPen(None)
        for left, bottom in ((50 + 20 * number, 0), (300, 100 + 30 * number)):
            pen.moveTo((left, bottom))
            for point in ((left, bottom + 300), (left + 150 + 9 * number, bottom + 300), (left + 150, bottom)):
                pen.lineTo(point)
            pen.closePath()
        return pen.glyph()

    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), **{name: drawn(i) for i, name in enumerate(names)}})
    builder.setupHorizontalMetrics(dict.fromkeys((".notdef", *names), (600, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Fuzz", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.font.flavor = flavor
    folder.mkdir(parents=True, exist_ok=True)
    builder.font.save(folder / name)


def _two_fonts(folder: Path) -> None:
    _font(folder)
    shutil.copyfile(folder / "f.ttf", folder / "g.ttf")
    (folder / "ab.txt").write_text("ab", encoding="utf-8")


def _images(folder: Path) -> None:
    for char in _CHARS[:3]:
        for number, kind in enumerate(("png", "jpg", "tif", "gif", "webp", "bmp")):
            (folder / char).mkdir(parents=True, exist_ok=True)
            Image.fromarray(glyph(char)).save(folder / char / f"{number}.{kind}")


def _labels_csv(folder: Path) -> None:
    (folder / "imgs").mkdir(parents=True)
    rows = ["filename,words,style"]
    for number, char in enumerate(_CHARS):
        Image.fromarray(glyph(char)).save(folder / "imgs" / f"{number}.png")
        rows.append(f"imgs/{number}.png,{char},w{number % 2}")
    (folder / "labels.csv").write_text("\n".join(rows), encoding="utf-8")


def _gnt(folder: Path) -> None:
    folder.mkdir(parents=True)
    data = b""
    for char in "永和九年":
        image = glyph("A", 24).tobytes()
        data += struct.pack("<I", 10 + len(image)) + char.encode("gb18030") + struct.pack("<HH", 24, 24) + image
    (folder / "001-f.gnt").write_bytes(data)


def _idx(folder: Path) -> None:
    folder.mkdir(parents=True)
    pixels = b"".join((255 - glyph(str(n), 28)).tobytes() for n in range(10))
    (folder / "images").write_bytes(struct.pack(">IIII", 0x803, 10, 28, 28) + pixels)
    (folder / "labels").write_bytes(gzip.compress(struct.pack(">II", 0x801, 10) + bytes(range(10))))


def _text(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "text.txt").write_text("abcd ABCD\nab cd\r\nABBA\u2028dada\n", encoding="utf-8")
    _font(folder)


def _run(*command: str) -> None:
    from handgen.cli import run

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as err:
        if run(list(command)):
            raise RuntimeError(f"handgen {' '.join(command)}: {err.getvalue()}")


def _store(folder: Path) -> None:
    _font(folder, "one.ttf")
    images = folder.parent / "glyphs"
    if not images.exists():
        _images(images)
    _run("import", "images", str(images), "-f", str(folder / "one.ttf"), "--out", str(folder / "store"))


def _trained(folder: Path) -> None:
    _store(folder)
    paths = ("--data", str(folder / "store"), "--out", str(folder / "run"))
    _run("train", "pix2pix", *paths, "--images", "4", "--batch", "4", "--width", "4", "--device", "cpu")


def _sheet(folder: Path) -> None:
    import pypdfium2

    _font(folder)
    _run("sheet", "--charset", _CHARS, "--font", str(folder / "f.ttf"), "--out", str(folder / "s.pdf"))
    (folder / "f.ttf").unlink()
    page = pypdfium2.PdfDocument(folder / "s.pdf")[0].render(scale=120 / 72).to_pil().convert("L")
    ImageDraw.Draw(page).text((90, 190), "a   b   c", fill=20, font_size=60)
    page.save(folder / "scan.jpg", quality=70)


def _import(kind: str, *words: str) -> tuple[str, ...]:
    return ("import", kind, *words, "--no-font", "--out", "{OUT}")


_RECIPE = """\
sources:
  - {source: fonts, share: 2, fonts: ../in/f.ttf, vary: 0.5}
  - {source: pen, share: 1, strokes: trace, font: ../in/f.ttf, styles: 2, cursiveness: "0,0.5", optional: true}
charset: abcd
count: 3
seed: 7
gate: "off"
degrade: ../in/degrade.yaml
"""
_EFFECTS = """\
rotation: {probability: 0.5, degrees: 4}
ruled:    {probability: 0.3}
noise:
jpeg:     {quality: 30}
"""


def _recipe(folder: Path) -> None:
    _font(folder)
    (folder / "recipe.yaml").write_text(_RECIPE, encoding="utf-8")
    (folder / "degrade.yaml").write_text(_EFFECTS, encoding="utf-8")
    (folder / "lines.yaml").write_text(
        _RECIPE + "lines: {corpus: ../in/text.txt, height: 32, max_chars: 12}\n", encoding="utf-8"
    )
    (folder / "text.txt").write_text("abcd dcba\nab cd\n", encoding="utf-8")


_PEN = ("synth", "--model", "pen", "--strokes", "trace", "--gate", "off", "--count", "3", "--charset", "abcd")


def _writers(folder: Path) -> None:
    _font(folder)
    _run(*_PEN, "--font", str(folder / "f.ttf"), "--styles", "3", "--out", str(folder / "set"))
    shutil.move(folder / "set" / "writers.json", folder / "writers.json")
    shutil.rmtree(folder / "set")


_HAN = "永和九年岁在"
_GATED = ("synth", "--model", "fonts", "--charset", _HAN, "--count", "24", "--gate", "mark")


def _gated(folder: Path) -> None:
    """Make a dataset with rejects: shapes that no recognizer takes for these characters; it is not finished."""
    _font(folder, chars=_HAN)
    _run(*_GATED, "--fonts", str(folder / "f.ttf"), "--out", str(folder / "set"))
    manifest = folder / "set" / "manifest.json"
    facts = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps(facts | {"complete": False}), encoding="utf-8")


def _like(folder: Path) -> None:
    folder.mkdir(parents=True)
    for char in _CHARS[:4]:
        Image.fromarray(glyph(char, 64)).save(folder / f"{char}.png")


def _of_requests() -> dict[str, _Kind]:
    """Return what says how to draw: recipes, effects, writers, lists of rejects, hands to imitate."""
    out = ("--gate", "off", "--count", "3", "--out", "{OUT}")
    like = ("synth", "--like", "{IN}", "--charset", "ab", *out, "--model")
    return {
        "recipe": (
            _recipe,
            (
                ("synth", "--recipe", "{IN}/recipe.yaml", *out),
                ("synth", "--recipe", "{IN}/lines.yaml", *out),
                ("synth", "--recipe", "{IN}/recipe.yaml", "--dry-run", "--out", "{OUT}"),
            ),
            ("recipe.yaml", "lines.yaml", "degrade.yaml"),
        ),
        "writers": (
            _writers,
            ((*_PEN, "--font", "{IN}/f.ttf", "--writer", "{IN}/writers.json", "--out", "{OUT}"),),
            ("writers.json",),
        ),
        "rejects": (
            _gated,
            (
                (*_GATED, "--fonts", "{IN}/f.ttf", "--out", "{IN}/set"),
                ("report", "{IN}/set", "--out", "{OUT}/page.html"),
            ),
            ("rejects.jsonl", "manifest.json"),
        ),
        "like": (_like, ((*like, "latin"), (*like, "pen", "--strokes", "trace")), ()),
    }


def _of_datasets(slow: bool) -> dict[str, _Kind]:
    found: dict[str, _Kind] = {}
    for entry in FORMATS:
        check: tuple[str, ...] = ("check", "{IN}")
        check += ("--for", _TRAINERS[entry.name]) if entry.name in _TRAINERS else ()
        commands: tuple[tuple[str, ...], ...] = (
            check,
            ("convert", "{IN}", "{OUT}", "-f", "kraken", "--skip-bad"),
            ("convert", "{IN}", "{OUT}", "-f", "lmdb"),
            _import("lmdb", "{IN}"),
        )
        if slow:
            commands += (("report", "{IN}/set", "--out", "{OUT}/page.html"),)
        found[entry.name] = (functools.partial(_dataset, entry.name), commands, ())
    return found


def _of_runs() -> dict[str, _Kind]:
    """Return what is read by commands that take a second or more."""
    store = ("--data", "{IN}/store", "--dry-run")
    return {
        "store": (_store, (("train", "pix2pix", *store), ("train", "dcgan", *store)), ()),
        "scan": (_sheet, (_import("sheet", "{IN}/scan.jpg"), _import("sheet", "{IN}/s.pdf")), ()),
        "render": (
            _two_fonts,
            (("render", "-f", "{IN}/f.ttf", "-t", "{IN}/g.ttf", "--charset", "{IN}/ab.txt", "--out", "{OUT}"),),
            ("f.ttf", "g.ttf"),
        ),
        "corpus": (
            _text,
            (
                ("synth", "--model", "fonts", "--fonts", "{IN}/f.ttf", "--lines", "--corpus", "{IN}/text.txt",
                 "--count", "3", "--gate", "off", "--out", "{OUT}"),
            ),
            ("text.txt",),
        ),
        "run": (
            _trained,
            (
                ("report", "{IN}/run", "--out", "{OUT}/page.html"),
                ("train", "pix2pix", "--data", "{IN}/store", "--out", "{IN}/run", "--images", "8", "--batch", "4",
                 "--width", "4", "--device", "cpu"),
                ("synth", "--model", "{IN}/run", "--count", "2", "--gate", "off", "--out", "{OUT}"),
                ("models", "export", "{IN}/run", "--name", "x", "--font", "{IN}/one.ttf", "--out", "{OUT}"),
            ),
            (),
        ),
    }  # fmt: skip


def make_seeds(folder: Path, *, slow: bool = True, only: str = "") -> list[Seed]:
    """Write all seeds below ``folder``.

    Args:
        folder: where to.
        slow: also those whose commands take a second or more: runs, scans, fonts that are rendered.
        only: those whose names contain this.
    """
    kinds: dict[str, _Kind] = {
        **_of_datasets(slow),
        "images": (_images, (_import("images", "{IN}"),), ()),
        "labels.csv": (_labels_csv, (_import("images", "{IN}"),), ("labels.csv",)),
        "gnt": (_gnt, (_import("gnt", "{IN}/001-f.gnt"),), ()),
        "idx": (_idx, (_import("idx", "{IN}/images", "{IN}/labels"),), ()),
        "font": (_font, (("fonts", "check", "{IN}/f.ttf", "--charset", _CHARS),), ()),
        "woff2": (
            lambda path: _font(path, "f.woff2", "woff2"),
            (("fonts", "check", "{IN}/f.woff2", "--charset", _CHARS),),
            (),
        ),
        "charset": (_text, (("fonts", "check", "{IN}/f.ttf", "--charset", "{IN}/text.txt"),), ("text.txt",)),
    }
    if slow:
        kinds |= _of_runs() | _of_requests()
    seeds = []
    for name, (make, commands, files) in kinds.items():
        if only not in name:
            continue
        path = folder / name / "seed"
        shutil.rmtree(path.parent, ignore_errors=True)
        make(path)
        seeds.append(Seed(name, path, commands, files, _BESIDE.get(name, ()), name in _SLOW))
    return seeds
