"""Text that a person may read safely."""

from __future__ import annotations


def plain(text: str) -> str:
    """Write characters that cannot be printed, or that would turn the text around, by their code points."""
    return "".join(char if char.isprintable() else f"<{ord(char):X}>" for char in text)
