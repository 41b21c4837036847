"""Fetching strokes: of 9,574 Chinese characters, Hanzi Writer's data, made from the Arphic fonts; and KanjiVG's.

Four files come of the first. ``stroke-counts.tsv`` is what training reads; ``strokes.jsonl.gz`` has for every
character its strokes in writing order, as outlines (SVG paths) and as centerlines (medians), in the
1024 units of an em; license and provenance lie beside them.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

from handgen.errors import FontError
from handgen.files import sha256, write_json
from handgen.fonts.catalog import Entry, Source
from handgen.fonts.fetch import Outcome, attempt, download, members, scratch_folder
from handgen.strokes import kanjivg
from handgen.strokes.counts import COUNTS, FOLDER, write_counts
from handgen.strokes.svg import flattened

STROKES = Entry("strokes", "han", "strokes", "Arphic-1999", Source("npm", "hanzi-writer-data", "2.0.1", "?.json"))
KANJIVG = Entry(
    "kanjivg", "han", "strokes", "CC-BY-SA-3.0", Source("pip", "kanjivg", "20260714", "kanji/[0-9a-f]*.svg")
)
_PATH = re.compile(rb'<path\b[^>]*?\sd="([^"]*)"')
_CODE = re.compile("[0-9a-f]{5}")
_KANJIVG_LICENSE = "LICENSE-kanjivg.txt"
_OUTLINES, _LICENSE, _ABOUT = "strokes.jsonl.gz", "LICENSE-strokes.txt", "strokes.json"


def fetch_strokes(out: Path, force: bool = False) -> Iterator[Outcome]:
    """Fetch them into ``out/strokes`` and yield what became of it, as ``fetch_all`` does for fonts."""
    counts = out / FOLDER / COUNTS
    yield attempt(STROKES, out, counts if counts.is_file() and not force else None, _fetch)


def fetch_kanjivg(out: Path, force: bool = False) -> Iterator[Outcome]:
    """Fetch KanjiVG into ``out/strokes``: one JSON file, character -> the SVG path of each stroke, in writing order."""
    file = out / FOLDER / kanjivg.FILE
    yield attempt(KANJIVG, out, file if file.is_file() and not force else None, _fetch_kanjivg)


def _fetch_kanjivg(entry: Entry, out: Path) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    with scratch_folder(out) as scratch:
        archive = download(entry.source, scratch)
        paths: dict[str, list[str]] = {}
        license = b""
        for path, data in members(archive, entry.source):
            if path.match(entry.source.take) and _CODE.fullmatch(path.stem):  # others are variants
                paths[chr(int(path.stem, 16))] = _strokes_of(path.name, data)
            elif path.name == "COPYING":
                license = data
        if not paths or not license:
            raise _lacking(entry.source, "strokes" if not paths else "license")
        (scratch / _KANJIVG_LICENSE).write_bytes(license)
        write_json(scratch / kanjivg.ABOUT, _provenance(entry, archive, len(paths)))
        write_json(scratch / kanjivg.FILE, dict(sorted(paths.items())))
        final = out / FOLDER
        final.mkdir(exist_ok=True)
        for name in (_KANJIVG_LICENSE, kanjivg.ABOUT, kanjivg.FILE):
            (scratch / name).replace(final / name)
    return final / kanjivg.FILE


def _strokes_of(name: str, data: bytes) -> list[str]:
    """Return the paths of an SVG file of KanjiVG."""
    paths = [found.decode("ascii", errors="replace") for found in _PATH.findall(data)]
    try:
        for path in paths:
            flattened(path)
        if not paths or b"</svg>" not in data:
            raise ValueError("no strokes, or cut short")
    except ValueError as error:
        raise FontError(f"the stroke data {name} is damaged ({error})", "Run the same command again.") from error
    return paths


def _lacking(source: Source, what: str) -> FontError:
    return FontError(
        f"the package {source.package} {source.version} holds no {what}",
        "Its layout has changed; install a newer handgen.",
    )


def _fetch(entry: Entry, out: Path) -> Path:
    """Download and convert; the counts are moved there last: where they are, the rest is.

    Raises:
        HandgenError: the client is missing or failed.
        FontError: the package is unsafe, damaged, or has no strokes or no license.
    """
    out.mkdir(parents=True, exist_ok=True)
    with scratch_folder(out) as scratch:
        archive = download(entry.source, scratch)
        characters, license = _unpack(archive, entry.source)
        with gzip.GzipFile(scratch / _OUTLINES, "wb", mtime=0) as file:
            for char, drawn in sorted(characters.items()):
                record = {"character": char, "strokes": drawn["strokes"], "medians": drawn["medians"]}
                file.write((json.dumps(record, ensure_ascii=False) + "\n").encode())
        (scratch / _LICENSE).write_bytes(license)
        write_json(scratch / _ABOUT, _provenance(entry, archive, len(characters)))
        write_counts(scratch / COUNTS, {char: len(drawn["strokes"]) for char, drawn in characters.items()})
        final = out / FOLDER
        final.mkdir(exist_ok=True)
        for name in (_LICENSE, _ABOUT, _OUTLINES, COUNTS):
            (scratch / name).replace(final / name)
    return final / COUNTS


def _unpack(archive: Path, source: Source) -> tuple[dict[str, dict[str, list[object]]], bytes]:
    """Return the strokes and medians of every character, and the license."""
    characters: dict[str, dict[str, list[object]]] = {}
    license = b""
    for path, data in members(archive, source):
        if path.match(source.take):
            characters[path.stem] = _drawn(path.name, data)
        elif path.name == "ARPHICPL.TXT" and len(path.parts) == 1:
            license = data
    if not characters or not license:
        raise _lacking(source, "strokes" if not characters else "license")
    return characters, license


def _drawn(name: str, data: bytes) -> dict[str, list[object]]:
    try:
        drawn = json.loads(data)
        strokes, medians = drawn["strokes"], drawn["medians"]
        if not strokes or len(strokes) != len(medians):
            raise ValueError(f"{len(strokes)} strokes and {len(medians)} medians")
    except (ValueError, KeyError, TypeError) as error:
        raise FontError(f"the stroke data {name} is damaged ({error})", "Run the same command again.") from error
    return {"strokes": strokes, "medians": medians}


def _provenance(entry: Entry, archive: Path, characters: int) -> dict[str, object]:
    return {
        "license": entry.license,
        "source": {"type": entry.source.type, "package": entry.source.package, "version": entry.source.version},
        "archive_sha256": sha256(archive),
        "characters": characters,
        "note": "Counts and one file of all characters were made of the package's files; nothing else was changed.",
    }
