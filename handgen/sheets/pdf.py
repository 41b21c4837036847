"""A minimal PDF writer (ISO 32000) for filled gray shapes, which is all that a writing sheet needs.

Glyphs are drawn as outlines, so no font is embedded and print is sharp at any resolution. These few
lines replace a dependency on a PDF library.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from handgen.fonts.outline import Curve
from handgen.sheets.layout import Paper, Rectangle

_POINTS = 72 / 25.4
"""Points per millimeter."""


@dataclass
class Canvas:
    """One page to draw on, in millimeters from its upper left corner, y down; grays from 0 = black to 1 = white."""

    paper: Paper
    _drawn: list[str] = field(default_factory=list)

    def rectangles(self, rectangles: Iterable[Rectangle], gray: float = 0.0) -> None:
        """Fill rectangles with a gray."""
        self._fill([f"{x:.3f} {y:.3f} {width:.3f} {height:.3f} re" for x, y, width, height in rectangles], gray)

    def frame(self, rectangle: Rectangle, width: float, gray: float) -> None:
        """Draw the outline of a rectangle; the lines are centered on its edges."""
        x, y, across, down = rectangle
        self._drawn.append(f"{gray:.3f} G {width:.3f} w {x:.3f} {y:.3f} {across:.3f} {down:.3f} re S")

    def glyph(self, curves: Sequence[Curve], x: float, baseline: float, em: float, gray: float) -> None:
        """Fill a glyph from ``Outlines.curves`` at ``em`` millimeters per em, its origin at ``x`` and ``baseline``."""
        parts: list[str] = []
        for kind, values in curves:
            points = zip(values[::2], values[1::2], strict=True)
            parts += [f"{x + em * px:.3f} {baseline - em * py:.3f}" for px, py in points] + [kind]
        self._fill(parts, gray)

    def _fill(self, parts: list[str], gray: float) -> None:
        if parts:
            self._drawn.append(f"{gray:.3f} g {' '.join(parts)} f")

    def content(self) -> bytes:
        """Return the page's content stream."""
        turned = f"{_POINTS:.6f} 0 0 {-_POINTS:.6f} 0 {self.paper.height * _POINTS:.3f} cm"
        return "\n".join([turned, *self._drawn]).encode("ascii")


def pdf_of(pages: Sequence[Canvas]) -> bytes:
    """Return the bytes of a PDF file; equal pages give equal bytes."""
    kids = " ".join(f"{3 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
    ]
    for number, page in enumerate(pages):
        sides = f"{page.paper.width * _POINTS:.3f} {page.paper.height * _POINTS:.3f}"
        data = zlib.compress(page.content(), 9)
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {sides}] /Resources << >> "
            f"/Contents {4 + 2 * number} 0 R >>".encode(),
            f"<< /Length {len(data)} /Filter /FlateDecode >>\nstream\n".encode() + data + b"\nendstream",
        ]
    file, offsets = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(file))
        file += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(file)
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    file += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode()
    return file + f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
