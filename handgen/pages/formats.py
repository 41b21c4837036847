"""The formats for pages and their lines. Each has one file, and one line here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from handgen.registry import Registry

if TYPE_CHECKING:
    from handgen.pages.record import Page

PAGE_FORMATS = Registry("page format", "handgen.page_formats")
PAGE_FORMATS.register("alto", "handgen.pages.alto:Alto", "ALTO 4: Kraken, eScriptorium")
PAGE_FORMATS.register("page", "handgen.pages.page_xml:PageXml", "PAGE XML 2019: Kraken, eScriptorium, Transkribus")
PAGE_FORMATS.register("coco", "handgen.pages.coco:Coco", "COCO-like JSON: detectors")
PAGE_FORMATS.register("conversations", "handgen.pages.conversations:Conversations", "JSONL: ms-swift, LLaMA-Factory")


class PageFormat(ABC):
    """A format of pages. For each page it writes a file beside the image, or appends to growing files, or both.

    Args:
        plan: the plan of the run, see ``formats.base.Folder``.
    """

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self.plan = plan

    @abstractmethod
    def page(self, page: Page, image: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return the texts to write for a page.

        Args:
            page: the page.
            image: path of its image, relative to the folder of the pages.

        Returns:
            Ending that replaces the ending of the image's name -> text of the page's own file; and name of a growing
            file -> text to append to it.
        """

    def final(self) -> Mapping[str, tuple[str, ...]]:
        """Return the files to make at the end from the growing files.

        Returns:
            Name -> the parts of the file, in order. A part is the name of a growing file, or ``=`` and a text.
        """
        return {}
