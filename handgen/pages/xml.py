"""Helpers for the XML formats."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree

from handgen.pages.record import Box, Points

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def element(
    parent: ElementTree.Element | None,
    name: str,
    attributes: Iterable[tuple[str, object]] = (),
    text: str | None = None,
) -> ElementTree.Element:
    """Add a new element as the last child of ``parent`` and return it; attributes that are None are left out."""
    given = {key: str(value) for key, value in attributes if value is not None}
    made = ElementTree.Element(name, given) if parent is None else ElementTree.SubElement(parent, name, given)
    made.text = text
    return made


def document(root: ElementTree.Element) -> str:
    """Return the text of an XML file."""
    ElementTree.indent(root)
    return HEAD + ElementTree.tostring(root, encoding="unicode") + "\n"


def points_of(points: Points) -> str:
    """Return points as a text: ``x,y x,y ...``."""
    return " ".join(f"{x},{y}" for x, y in points)


def corners(box: Box) -> Points:
    """Return the pixels at the corners of a box."""
    x0, y0, x1, y1 = box
    return (x0, y0), (x1 - 1, y0), (x1 - 1, y1 - 1), (x0, y1 - 1)
