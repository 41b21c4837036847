"""Traced hands that come with handgen: the centerlines of free handwriting fonts, for the pen to write along.

latin.safetensors.xz    fonts for Latin letters
han.safetensors.xz      fonts for Chinese characters
allographs.txt          forms of characters that people write and fonts hardly have
README.md               whose fonts they are, their licenses, and how to make the files again

``handgen.strokes.hands`` and ``handgen.strokes.allographs`` read them.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent
ALLOGRAPHS = ROOT / "allographs.txt"
SUFFIX = ".safetensors.xz"
MOST = 16 * 10**6
"""Bytes that a file may have."""


def shipped() -> dict[str, Path]:
    """Return script -> file of the hands that this installation has."""
    return {file.name.removesuffix(SUFFIX): file for file in sorted(ROOT.glob(f"*{SUFFIX}"))}
