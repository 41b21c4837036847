"""The pairs that Kraken reads: ``x.png`` and its label in ``x.gt.txt``.

Kraken has no list of all pairs. So the folder ``lines`` gets its name only when it is complete.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from handgen.files import walk
from handgen.formats.base import Format, Sample
from handgen.formats.files import META, FileReader, FileWriter, Stored, image_name, json_line
from handgen.formats.findings import Findings


class KrakenWriter(FileWriter[str]):
    """Writes pairs into ``lines/``; see ``Writer``."""

    format = "kraken"
    whole = "lines"

    def _row(self, sample: Sample, label: str, png: bytes) -> str:
        image = self._part / image_name(sample.index)
        self._store(image, png)
        self._store(image.with_suffix(".gt.txt"), label.encode())
        return json_line(sample.meta) + "\n"

    def _commit(self, rows: Sequence[str]) -> None:
        self._grow(self.path / META, "".join(rows).encode())


_LABEL, _IMAGES = ".gt.txt", (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")


@dataclass
class _Pair:
    image: Path | None = None
    label: Path | None = None


class KrakenReader(FileReader):
    """Reads the pairs ``x.png`` (or ``x.bin.png``) and ``x.gt.txt``, in the order of their paths.

    x ends at the first dot of the name, as it does for Kraken. Pairs whose names have further dots (``page.1.png`` and
    ``page.1.gt.txt``) are read too, but Kraken does not find their labels, which is a finding.
    """

    format = "kraken"
    marks = (f"*{_LABEL}",)
    inside = "lines"

    @classmethod
    def find(cls, root: Path, findings: Findings) -> list[Path]:
        """Return the outermost folders with labels; the pairs of folders inside them are read with them."""
        found = super().find(root, findings)
        return [folder for folder in found if not any(above in found for above in folder.parents)]

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        lines = folder / self.inside
        self._pairs = [pair for _, pair in sorted(_pairs(lines if lines.is_dir() else folder).items())]
        self.total = len(self._pairs)

    def _samples(self, findings: Findings) -> Iterator[Stored]:
        for pair, meta in zip(self._pairs, self._sidecar(findings), strict=False):
            name = str((pair.image or pair.label or self.folder).relative_to(self.folder))
            if pair.label and "." in pair.label.name.removesuffix(_LABEL):
                findings.add("dotted-name", detail=f"Kraken looks for {pair.label.name.partition('.')[0]}{_LABEL}")
            yield Stored(
                pair.image.read_bytes() if pair.image else None,
                pair.label.read_bytes().strip(b"\r\n") if pair.label else None,
                meta,
                name,
            )


def _pairs(folder: Path) -> dict[str, _Pair]:
    """Return path without ending -> pair."""
    found: dict[str, _Pair] = {}
    for inside, _, names in walk(folder):
        dotted = {name.removesuffix(_LABEL) for name in names if name.endswith(_LABEL)}
        for name in names:
            path = inside / name
            own = name.removesuffix(_LABEL) if name.endswith(_LABEL) else path.stem
            stem = f"{inside}/{own if own in dotted else name.partition('.')[0]}"
            if name.startswith(".") or not path.is_file():
                continue
            if name.endswith(_LABEL):
                found.setdefault(stem, _Pair()).label = path
            elif path.suffix.lower() in _IMAGES:
                pair = found.setdefault(stem, _Pair())
                # OCRopus leaves a.bin.png and a.nrm.png beside a.png; the shortest name is the line itself.
                if pair.image is None or len(name) < len(pair.image.name):
                    pair.image = path
    return found


KRAKEN = Format(KrakenWriter, KrakenReader)
