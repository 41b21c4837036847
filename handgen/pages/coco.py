"""COCO's JSON for detectors: images, categories and annotations, with texts and base lines added.

Lin et al., "Microsoft COCO: Common Objects in Context" (ECCV 2014); https://cocodataset.org/#format-data
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from handgen.formats.facts import facts_of
from handgen.formats.files import json_line
from handgen.pages.formats import PageFormat
from handgen.pages.record import FIELD, PARAGRAPH, PRINTED, Box, Page, Points
from handgen.pages.xml import corners

CATEGORIES = {PARAGRAPH: 1, FIELD: 2, PRINTED: 3, "line": 4, "word": 5}
PER_PAGE = 100_000
"""Size of the range of annotation ids that a page has for itself."""
_IMAGES, _ANNOTATIONS = "coco-images.part", "coco-annotations.part"


class Coco(PageFormat):
    """Writes ``coco.json``: boxes, polygons and texts of blocks, lines and words."""

    def page(self, page: Page, image: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return the entries of a page."""
        height, width = page.image.shape[:2]
        entry = {"id": page.index + 1, "file_name": image, "width": width, "height": height, **facts_of(page.meta)}
        first = page.index * PER_PAGE + 1
        found = [
            {"id": first + number, "image_id": page.index + 1, "iscrowd": 0, **each}
            for number, each in enumerate(_annotations(page))
        ]
        before = ",\n" if page.index else ""
        lines = ",\n".join(map(json_line, found))
        return {}, {_IMAGES: before + json_line(entry), _ANNOTATIONS: before + lines}

    def final(self) -> Mapping[str, tuple[str, ...]]:
        """Put images, annotations and categories into one file."""
        categories = [{"id": number, "name": name, "supercategory": "text"} for name, number in CATEGORIES.items()]
        head = json.dumps(categories, ensure_ascii=False)
        texts = (f'={{"categories":{head},\n"images":[\n', _IMAGES, '=],\n"annotations":[\n', _ANNOTATIONS, "=\n]}\n")
        return {"coco.json": texts}


def _annotations(page: Page) -> Iterator[dict[str, Any]]:
    for block in page.blocks:
        name = {"name": block.name} if block.name else {}
        yield _annotation(block.kind, block.box, corners(block.box)) | name
        for line in block.lines:
            base = [each for point in line.baseline for each in point]
            yield _annotation("line", line.box, line.polygon) | {"text": line.text, "baseline": base}
            for word in line.words:
                yield _annotation("word", word.box, corners(word.box)) | {"text": word.text}


def _annotation(category: str, box: Box, polygon: Points) -> dict[str, Any]:
    x0, y0, x1, y1 = box
    pairs = zip(polygon, (*polygon[1:], polygon[0]), strict=True)
    area = abs(sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in pairs)) / 2
    return {
        "category_id": CATEGORIES[category],
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "segmentation": [[each for point in polygon for each in point]],
        "area": area,
    }
