"""The images and list file that PaddleOCR reads with ``SimpleDataSet``.

``rec_gt.txt`` has one line a sample: path, tab, label. ``dict.txt`` is the dictionary, without
the space, which PaddleOCR adds itself when ``use_space_char`` is set.
"""

from __future__ import annotations

from handgen.files import write_text
from handgen.formats.base import Sample
from handgen.formats.listed import ListWriter


class PaddleOcrWriter(ListWriter):
    """Writes ``images/``, ``rec_gt.txt`` and ``dict.txt``; see ``Writer``."""

    format = "paddleocr"
    whole = "rec_gt.txt"

    def _entry(self, name: str, label: str, sample: Sample) -> str:
        return f"{name}\t{label}"  # no label has a tab: it is a control character

    def _end(self) -> None:
        write_text(self.path / "dict.txt", "".join(f"{char}\n" for char in sorted(self._characters - {" "})))
        super()._end()
