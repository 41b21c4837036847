"""What tells where the lines of pages are: a file a format, and one line here."""

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
    """A format of pages.

    A page becomes a file of its own beside its image, or parts of files that grow with the pages, or both.

    Args:
        plan: of the run, as ``formats.base.Writer`` has it.
    """

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self.plan = plan

    @abstractmethod
    def page(self, page: Page, image: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return what a page becomes.

        Args:
            page: the page.
            image: path of its image in the folder of the pages.

        Returns:
            Texts of files of its own, by what their names end in where the image's ends in its type; and what is put at
            the end of growing files, by their names.
        """

    def final(self) -> Mapping[str, tuple[str, ...]]:
        """Return what becomes of the growing files in the end.

        A name -> what it is put together of: a growing file's name, or text behind an equals sign.
        """
        return {}
