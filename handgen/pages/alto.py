"""ALTO 4.4 (Library of Congress): one XML file per page, which Kraken and eScriptorium read.

https://www.loc.gov/standards/alto/
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from handgen.formats.facts import facts_of
from handgen.pages.formats import PageFormat
from handgen.pages.record import RIGHT_TO_LEFT, Block, Box, Page, PageLine, Word
from handgen.pages.xml import document, element, points_of

NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"


class Alto(PageFormat):
    """Writes ``.alto.xml`` beside each image."""

    def page(self, page: Page, image: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return the file of a page."""
        height, width = page.image.shape[:2]
        root = element(None, "alto", [("xmlns", NAMESPACE), ("SCHEMAVERSION", "4.4")])
        description = element(root, "Description")
        element(description, "MeasurementUnit", text="pixel")
        source = element(description, "sourceImageInformation")
        element(source, "fileName", text=image.rpartition("/")[2])
        tags = _Tags(element(root, "Tags"))
        layout = element(root, "Layout")
        size = [("WIDTH", width), ("HEIGHT", height)]
        sheet = element(layout, "Page", [("ID", "page"), *size, ("PHYSICAL_IMG_NR", page.index + 1)])
        space = element(sheet, "PrintSpace", [("HPOS", 0), ("VPOS", 0), *size])
        for number, block in enumerate(page.blocks, 1):
            _block(space, block, f"block_{number}", tags)
        return {".alto.xml": document(root)}, {}


class _Tags:
    """The tags of a file; each is written only once."""

    def __init__(self, parent: Element) -> None:
        self._parent = parent
        self._ids: dict[tuple[str, str], str] = {}

    def layout(self, label: str) -> str:
        """Return the id of the tag of a kind of block."""
        return self._id("LayoutTag", "type", label)

    def other(self, kind: str, label: str) -> str:
        """Return the id of a tag of another kind."""
        return self._id("OtherTag", kind, label)

    def _id(self, name: str, kind: str, label: str) -> str:
        if (kind, label) not in self._ids:
            self._ids[kind, label] = f"tag_{len(self._ids) + 1}"
            element(self._parent, name, [("ID", self._ids[kind, label]), ("TYPE", kind), ("LABEL", label)])
        return self._ids[kind, label]


def _block(space: Element, block: Block, name: str, tags: _Tags) -> None:
    refs = tags.layout(block.kind) + (f" {tags.other('field', block.name)}" if block.name else "")
    made = element(space, "TextBlock", [("ID", name), *_position(block.box), ("TAGREFS", refs)])
    for number, line in enumerate(block.lines, 1):
        _line(made, line, f"{name}_line_{number}", tags)


def _line(block: Element, line: PageLine, name: str, tags: _Tags) -> None:
    refs = " ".join(tags.other(kind, str(value)) for kind, value in facts_of(line.meta).items())
    attributes = [
        ("ID", name),
        *_position(line.box),
        ("BASELINE", points_of(line.baseline)),
        ("BASEDIRECTION", "rtl" if line.direction == RIGHT_TO_LEFT else "ltr"),
        ("TAGREFS", refs or None),
    ]
    made = element(block, "TextLine", attributes)
    element(element(made, "Shape"), "Polygon", [("POINTS", points_of(line.polygon))])
    for number, word in enumerate(_strings(line)):
        if number:
            element(made, "SP")
        _word(made, word, f"{name}_word_{number + 1}")


def _strings(line: PageLine) -> list[Word]:
    """Return the words of a line; or the whole line as one word, if some words have no ink and so no box."""
    if " ".join(word.text for word in line.words) == line.text:
        return list(line.words)
    return [Word(line.text, line.box)]


def _word(line: Element, word: Word, name: str) -> None:
    # The hyphen of a divided word stays in its string: Kraken does not read HYP, and labels must show all ink.
    half = {1: "HypPart1", 2: "HypPart2"}.get(word.part)
    attributes = [("ID", name), ("CONTENT", word.text), *_position(word.box)]
    element(line, "String", [*attributes, ("SUBS_TYPE", half), ("SUBS_CONTENT", word.whole or None)])


def _position(box: Box) -> list[tuple[str, object]]:
    x0, y0, x1, y1 = box
    return [("HPOS", x0), ("VPOS", y0), ("WIDTH", x1 - x0), ("HEIGHT", y1 - y0)]
