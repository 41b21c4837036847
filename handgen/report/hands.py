"""The hands of a gallery: each style's picture of the words, and what is known of it."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handgen.devices import resolve_device
from handgen.errors import DatasetError, UsageError
from handgen.fonts.catalog import find_entry
from handgen.lines.cut import composable
from handgen.lines.synthesis import LineGlyphs, LineJob, LineSynthesis
from handgen.report.pictures import Album
from handgen.report.text import plain
from handgen.seeds import SampleKey
from handgen.sources.base import Part, Source, draw_in_blocks
from handgen.synthesis.facts import facts_of_style
from handgen.synthesis.gate import find_reader
from handgen.synthesis.request import MARK

HEIGHT = 64
"""Of the pictures of a line in pixels; shown at half of that or more, so that they are sharp on any screen."""
FRESH = 3
"""Lines that are shown of a style that is another one in each sample."""
_MIXED = 3
"""Parts of a mixture that are named."""
_UNREAD = (
    "How legible the styles are is not shown: no recognizer knows these characters. "
    "'handgen train recognizer' makes one, and --recognizer names it."
)
PRINT, PARTLY, RUNNING, UNKNOWN = "print", "partly joined", "running", "unknown"
_CURSIVENESS = ((0.3, PRINT), (0.6, PARTLY), (1.01, RUNNING))
"""Below which number a writer writes how."""
_OF_KIND = {"running": 0.8, "brush": 0.45, "pen": 0.15, "kai": 0.1}
"""About how cursive fonts of a kind are; others are print."""


@dataclass(frozen=True)
class Hand:
    """One style on the page.

    Attributes:
        name: what ``--styles`` is given for it: a dataset's name for it, or the part of that before the bracket.
        kind: trained style, mixture, latent, writer, font or handwriting.
        licenses: of what it is drawn from, each once.
        cursiveness: one of ``PRINT``, ``PARTLY``, ``RUNNING`` and ``UNKNOWN``.
        legible: share of its characters that the recognizer reads, 0 to 1; None if nobody read them.
        notes: what else is known.
        uri: its picture; None if it draws nothing of the words, or there is no room.
        width: of the picture in pixels.
        height: of the picture in pixels.
    """

    name: str
    kind: str
    licenses: tuple[str, ...]
    cursiveness: str
    legible: float | None
    notes: tuple[str, ...]
    uri: str | None
    width: int = 0
    height: int = 0

    @property
    def nameable(self) -> bool:
        """Whether ``--styles`` can name it among others."""
        return "," not in self.name and self.name == plain(self.name).strip()


Read = Callable[[NDArray[np.uint8], Sequence[str]], "NDArray[np.float64]"]
"""Tells of images and their characters whether each is read: 1, 0, or nan where the reader does not know it."""


def word_reader(recognizer: Path | None, device: str, source: Source) -> tuple[Read | None, str]:
    """Return who reads, the recognizer that is named or the one that ``synth`` would take, and what to know of that."""
    facts = source.gate_facts()
    try:
        found, _ = find_reader(MARK, recognizer, resolve_device(device), source.chars, facts.recognizer, facts.owed)
    except UsageError:
        if recognizer is not None:
            raise
        return None, _UNREAD
    assert found is not None
    reader = found[0]

    def read(images: NDArray[np.uint8], chars: Sequence[str]) -> NDArray[np.float64]:
        labels = np.array([reader.number(char) for char in chars])
        first = reader.read(images, top=1).chars[:, 0]
        return np.where(labels < 0, np.nan, first == labels)

    return read, ""


def draw_hands(part: Part, styles: range, text: str, seed: int, album: Album, read: Read | None) -> list[Hand]:
    """Return what is to be shown of some styles of a source; of the first alone, where the album has no more room.

    Args:
        part: the source.
        styles: their numbers in it.
        text: the words.
        seed: of the run.
        album: takes the pictures.
        read: reads the characters of each style, if somebody does.
    """
    source = part.source
    legible = _legible(source, styles, seed, read) if read else [None] * len(styles)
    made = []
    for style, lines, share in zip(styles, _lines(source, styles, text, seed), legible, strict=True):
        drawn = source.styles[style]
        described, facts = source.describe(style), facts_of_style(source, style, source.name)
        found = facts.license.split(", ") if facts.license else source.licenses().values()
        picture = _stacked(lines) if lines else None
        uri = album.add(_png(picture)) if picture is not None else None
        if picture is not None and uri is None:
            break
        notes = [known for known in (facts.pen, facts.font) if known]
        mixed = [f"{name} {weight:.0%}" for name, weight in drawn.weights.items()]
        notes += [" + ".join(mixed)] if 1 < len(mixed) <= _MIXED else []
        made.append(
            Hand(
                drawn.name.partition("(")[0] if len(drawn.weights) > 1 else drawn.name,
                _kind(source, style, described),
                tuple(sorted(set(found))),
                _cursiveness(drawn.weights, facts.cursiveness),
                share,
                tuple(notes),
                uri,
                *(picture.shape[::-1] if picture is not None else (0, 0)),
            )
        )
    return made


def _kind(source: Source, style: int, described: Mapping[str, Any]) -> str:
    drawn = source.styles[style]
    if drawn.fresh:
        return "another in every sample"
    if "writer" in described:
        return "writer"
    if "origin" in described:
        return "handwriting" if described["origin"].get("kind") else "font"
    return "trained style" if len(drawn.weights) == 1 else "mixture" if drawn.weights else "latent"


def _cursiveness(weights: Mapping[str, float], known: float | None) -> str:
    """Say how cursive a style is: as its writer is, else as the fonts of the catalog are that it is made of."""
    if known is None:
        entries = {name: find_entry(name.partition("-wght")[0]) for name in weights}
        if not weights or not all(entries.values()):
            return UNKNOWN
        kinds = [(_OF_KIND.get(entry.kind, 0.0), weights[name]) for name, entry in entries.items() if entry]
        known = sum(value * weight for value, weight in kinds) / sum(weights.values())
    return next(name for least, name in _CURSIVENESS if known < least)


def _legible(source: Source, styles: range, seed: int, read: Read) -> list[float | None]:
    """Return of each style the share of its characters that are read."""
    chars = np.arange(len(source.chars))
    style, char = np.repeat(np.array(styles), len(chars)), np.tile(chars, len(styles))
    able = np.ones(len(style), bool) if source.coverage is None else source.coverage[style, char]
    style, char = style[able], char[able]
    drawn = draw_in_blocks(source, char, style, SampleKey.of(seed, char)).images
    right = read(drawn, [source.chars[number] for number in char.tolist()])
    known = ~np.isnan(right)
    return [float(right[own].mean()) if (own := known & (style == number)).any() else None for number in styles]


def _lines(source: Source, styles: range, text: str, seed: int) -> list[list[NDArray[np.uint8]]]:
    """Write the words in each style: one line, several of a style that is another one each time, none without ink."""
    number_of = {char: number for number, char in enumerate(source.chars)}

    def draw(chars: Sequence[str], of: NDArray[np.int64], key: SampleKey) -> LineGlyphs:
        drawn = source.draw(np.array([number_of[char] for char in chars], np.int64), of, key)
        return LineGlyphs(drawn.images, drawn.notes, [], drawn.ends)

    def whole(style: int) -> Any:
        font = source.line_font(style)
        return font.draw if font else None

    writing = LineSynthesis(
        _NoPlan(), [{"style": style.name} for style in source.styles], draw, seed, height=HEIGHT,
        drops=source.drops, whole=whole, glyphs_per_pass=source.block,
    )  # fmt: skip
    jobs = [
        LineJob(line, own, style)
        for style in styles
        if (own := text if source.line_font(style) else _drawable(source, style, text))
        for line in range(FRESH if source.styles[style].fresh else 1)
    ]
    found: dict[int, list[NDArray[np.uint8]]] = {}
    for job, image in zip(jobs, _written(writing, jobs), strict=True):
        if image is not None:
            found.setdefault(job.style, []).append(image)
    return [found.get(style, []) for style in styles]


def _written(writing: LineSynthesis, jobs: Sequence[LineJob]) -> list[NDArray[np.uint8] | None]:
    """Write lines together; where one has no ink, one by one."""
    try:
        return [np.asarray(sample.image) for sample in writing.write(jobs)] if jobs else []
    except DatasetError:
        if len(jobs) == 1:
            return [None]
        return [image for job in jobs for image in _written(writing, [job])]


class _NoPlan:
    """No line has a text or a style of its own: jobs say them."""

    def text(self, index: int) -> str:
        """Refuse."""
        raise LookupError(f"line {index} has no text: jobs say texts")

    def style(self, index: int) -> int:
        """Refuse."""
        raise LookupError(f"line {index} has no style: jobs say styles")


def _drawable(source: Source, style: int, text: str) -> str:
    has = source.coverage
    able = {char for number, char in enumerate(source.chars) if has is None or has[style, number]}
    kept = "".join(char for char in text if char == " " or (char in able and composable(char)))
    return " ".join(kept.split())


def _stacked(lines: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    width = max(line.shape[1] for line in lines)
    return np.concatenate([np.pad(line, ((0, 0), (0, width - line.shape[1])), constant_values=255) for line in lines])


def _png(image: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", compress_level=1)
    return file.getvalue()
