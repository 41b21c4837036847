"""What the site has beside the pages of this folder: README, experiments, benchmarks, and the API from docstrings.

A hook of MkDocs (``make docs``). Pages link each other as they lie in the repository, so that the links lead somewhere
on a forge as well; here they are turned to where the pages stand in the site. What is no part of the site is named
without a link.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

from handgen.check.trainers import TRAINERS
from handgen.degrade import EFFECTS
from handgen.formats import FORMATS
from handgen.metrics import METRICS
from handgen.models import MODELS
from handgen.pages.formats import PAGE_FORMATS
from handgen.registry import Registry
from handgen.sources import SOURCES

ROOT = Path(__file__).parents[1]
PAGES = ("*.md", "examples/*.md", "examples/*/*.md", "benchmarks/*.md", "handgen/weights/*/README.md")
"""Further pages of the site."""
PICTURES = {".png", ".jpg", ".svg"}
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")
_CODE = re.compile(r"^(```.*?^```|(?: {4}[^\n]*\n)+)|(`[^`\n]+`)", re.MULTILINE | re.DOTALL)
PARTS: dict[str, tuple[Registry, str, tuple[str, ...]]] = {
    "Models": (MODELS, "handgen.models.base", ("Model", "Generator", "StyleSpec", "Batch", "DrawnStyle")),
    "Sources": (SOURCES, "handgen.sources.base", ("Source", "Drawing", "Opening")),
    "Formats": (FORMATS, "handgen.formats.base", ("Format", "Writer", "Sample")),
    "Readers of formats": (FORMATS, "handgen.formats.reading", ("Reader", "Record")),
    "Effects": (EFFECTS, "handgen.degrade.base", ("Effect",)),
    "Metrics": (METRICS, "handgen.metrics.base", ("Metric", "Images")),
    "Formats of pages": (PAGE_FORMATS, "handgen.pages.formats", ("PageFormat",)),
    "Trainers": (TRAINERS, "handgen.check.trainers.base", ("Trainer", "Facts", "Reading", "Outcome")),
}
"""Heading -> registry, module of its contract, classes of that."""


def python_page() -> str:
    """Return the reference of what ``import handgen`` offers."""
    functions = [f"handgen.api.{name}" for name in ("render", "train", "synth", "open_dataset", "Trained")]
    errors = [f"handgen.errors.{name}" for name in ("HandgenError", "UsageError", "DatasetError")]
    return "\n".join(
        [
            "# Python API",
            "How it is used: [From Python](../python.md).",
            *_told([*functions, "handgen.stream.Stream", "handgen.data.LabeledImages"]),
            "What a stream passes to `transform` is a [sample](parts.md#handgen.formats.base.Sample).\n",
            "## Errors\n",
            *_told(errors),
        ]
    )


def _told(names: list[str]) -> list[str]:
    return [f"\n::: {name}\n" for name in names]


def parts_page() -> str:
    """Return the contracts of what can be added, with what there is."""
    lines = [
        "# Contracts of parts\n",
        "A part is one file and one line in its registry, or an entry point of another package; see",
        "[architecture](../architecture.md). What there is:\n",
        "| part | entry points | there are |",
        "|---|---|---|",
    ]
    for title, (registry, _, _) in PARTS.items():
        group = f"`{registry.group}`" if registry.group else "none: by a line in handgen"
        lines.append(f"| {title} | {group} | {', '.join(f'`{entry.name}`' for entry in registry)} |")
    for title, (_, module, names) in PARTS.items():
        lines += [f"\n## {title}\n", *_told([f"{module}.{name}" for name in names])]
    return "\n".join(lines)


def in_site(path: str) -> str:
    """Return the path in the site of a path of the repository; a page ``README.md`` of the root is ``readme.md``."""
    if path == "README.md":
        return "readme.md"
    return path.removeprefix("docs/")


def in_repository(uri: str) -> str:
    """Return the path in the repository of a path in the site."""
    if uri == "readme.md":
        return "README.md"
    return f"docs/{uri}" if (ROOT / "docs" / uri).exists() else uri


def links_of(text: str) -> list[str]:
    """Return the targets of a page's links."""
    return [match[3] for match in _LINK.finditer(_CODE.sub("", text))]


def on_files(files: Files, config: Any) -> Files:
    """Add the pages of other folders, the pictures that they show, and the API."""
    pages = {path.relative_to(ROOT).as_posix(): path for pattern in PAGES for path in sorted(ROOT.glob(pattern))}
    shown = {}
    for path in [*pages.values(), *sorted((ROOT / "docs").rglob("*.md"))]:
        for link in links_of(path.read_text(encoding="utf-8")):
            target = (path.parent / link).resolve()
            if target.suffix in PICTURES and target.is_file():
                shown[target.relative_to(ROOT).as_posix()] = target
    for name, path in (pages | shown).items():
        if not name.startswith("docs/"):
            files.append(File.generated(config, in_site(name), abs_src_path=str(path)))
    files.append(File.generated(config, "api/python.md", content=python_page()))
    files.append(File.generated(config, "api/parts.md", content=parts_page()))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Turn links of the repository into links of the site."""
    uri = page.file.src_uri
    if uri.startswith("api/"):
        return markdown
    folder = posixpath.dirname(in_repository(uri))

    def turned(match: re.Match[str]) -> str:
        mark, text, link = match[1], match[2], match[3]
        target, sharp, anchor = link.partition("#")
        if not target or "://" in link or link.startswith("mailto:"):
            return match[0]
        text = _LINK.sub(turned, text)  # a picture that is a link
        there = in_site(posixpath.normpath(posixpath.join(folder, target)))
        if files.get_file_from_path(there) is None:
            return text
        return f"{mark}[{text}]({posixpath.relpath(there, posixpath.dirname(uri) or '.')}{sharp}{anchor})"

    kept: list[str] = []

    def hide(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\0{len(kept) - 1}\0"

    turned_text = _LINK.sub(turned, _CODE.sub(hide, markdown))
    return re.sub(r"\0(\d+)\0", lambda match: kept[int(match[1])], turned_text)
