"""The long description of the package: README.md with links that work on an index page.

With ``HANDGEN_HOME``, the address of the files of this release (``https://.../blob/v1.0``), links and pictures are full
addresses; without it, there is nothing they could lead to, and only their text is left.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")


def description(readme: str, home: str) -> str:
    """Return the text of a README whose relative links lead to ``home``, or nowhere if that is empty."""

    def turned(match: re.Match[str]) -> str:
        picture, text, target = match.groups()
        if "://" in target or target.startswith("#"):
            return match[0]
        if home:
            return f"{picture}[{text}]({home.rstrip('/')}/{target})"
        return "" if picture else text

    parts = re.split(r"(^```.*?^```$)", readme, flags=re.MULTILINE | re.DOTALL)  # not in code
    return "".join(part if part.startswith("```") else _LINK.sub(turned, part) for part in parts)


class Metadata(MetadataHookInterface):
    """Sets ``readme``."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Write the description."""
        home = os.environ.get("HANDGEN_HOME", "")
        text = description((Path(self.root) / "README.md").read_text(encoding="utf-8"), home)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
        if home:
            metadata["urls"] = {"Homepage": home}
