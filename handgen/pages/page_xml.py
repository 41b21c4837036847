"""PAGE XML of 2019-07-15 (PRImA): one XML file per page, which Kraken, eScriptorium and Transkribus read.

https://github.com/PRImA-Research-Lab/PAGE-XML
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from handgen.formats.facts import facts_of
from handgen.pages.formats import PageFormat
from handgen.pages.record import FIELD, PRINTED, Block, Box, Page, PageLine
from handgen.pages.xml import corners, document, element, points_of
from handgen.version import __version__

NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"
_WHEN = "2000-01-01T00:00:00"
"""The schema requires a date. It is fixed, because equal runs must make equal bytes."""
_PRODUCTION = {True: "printed", False: "handwritten-cursive"}
_TYPES = {PRINTED: "heading", FIELD: "other"}


class PageXml(PageFormat):
    """Writes ``.page.xml`` beside each image."""

    def page(self, page: Page, image: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return the file of a page."""
        height, width = page.image.shape[:2]
        root = element(None, "PcGts", [("xmlns", NAMESPACE)])
        head = element(root, "Metadata")
        element(head, "Creator", text=f"handgen {__version__}")
        element(head, "Created", text=_WHEN)
        element(head, "LastChange", text=_WHEN)
        name = image.rpartition("/")[2]
        sheet = element(root, "Page", [("imageFilename", name), ("imageWidth", width), ("imageHeight", height)])
        order = element(element(sheet, "ReadingOrder"), "OrderedGroup", [("id", "order")])
        for number in range(len(page.blocks)):
            element(order, "RegionRefIndexed", [("index", number), ("regionRef", f"block_{number + 1}")])
        for number, block in enumerate(page.blocks, 1):
            _region(sheet, block, f"block_{number}")
        return {".page.xml": document(root)}, {}


def _region(sheet: Element, block: Block, name: str) -> None:
    attributes = [
        ("id", name),
        ("custom", f"field {{name:{_safe(block.name)};}}" if block.name else None),
        ("type", _TYPES.get(block.kind, "paragraph")),
        ("readingDirection", block.lines[0].direction),
        ("production", _PRODUCTION[block.kind == PRINTED]),
    ]
    region = element(sheet, "TextRegion", attributes)
    _coords(region, block.box)
    for number, line in enumerate(block.lines, 1):
        _line(region, line, f"{name}_line_{number}", block)
    element(element(region, "TextEquiv"), "Unicode", text="\n".join(line.text for line in block.lines))


def _line(region: Element, line: PageLine, name: str, block: Block) -> None:
    attributes = [
        ("id", name),
        ("readingDirection", line.direction),
        ("production", _PRODUCTION[block.kind == PRINTED]),
    ]
    made = element(region, "TextLine", attributes)
    element(made, "Coords", [("points", points_of(line.polygon))])
    element(made, "Baseline", [("points", points_of(line.baseline))])
    for number, word in enumerate(line.words, 1):
        each = element(made, "Word", [("id", f"{name}_word_{number}"), ("readingDirection", line.direction)])
        _coords(each, word.box)
        element(element(each, "TextEquiv"), "Unicode", text=word.text)
    element(element(made, "TextEquiv"), "Unicode", text=line.text)
    if facts := facts_of(line.meta):
        own = element(made, "UserDefined")
        for key, value in facts.items():
            element(own, "UserAttribute", [("name", key), ("type", "xsd:string"), ("value", value)])


def _coords(parent: Element, box: Box) -> None:
    element(parent, "Coords", [("points", points_of(corners(box)))])


def _safe(text: str) -> str:
    """Replace the characters that would end a value in the attribute ``custom``."""
    return text.replace(";", ",").replace("}", ")").replace("{", "(")
