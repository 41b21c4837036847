"""What becomes of a line's glyphs that do not read as their characters, and what is kept of the reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.glyphs.ink import inked

REDRAWN, DROPPED, KEPT = "redrawn", "dropped", "kept"


def sifted(
    glyphs: NDArray[np.uint8], text: str, records: Sequence[dict[str, Any]], *, keep: bool
) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """Take the glyphs out of a line that do not read as their characters.

    They are made blank, and composition leaves blank glyphs out of the image and the text alike. A line of
    which nothing would be left keeps them all, and says so.

    Args:
        glyphs: uint8 ``[n, side, side]``, of the characters of ``text`` that are no space.
        text: of the line.
        records: of each glyph, as ``synth.gate.Gate.best`` returns them; empty if nobody read.
        keep: leave them all in.

    Returns:
        The glyphs, and what to keep of the reading: ``p``, the confidence in each character that the line shows,
        spaces aside, None for one that the recognizer does not know; and ``faults``, the glyphs that did not pass
        at first: ``position`` among the characters of ``text`` that are no space, ``char``, ``outcome`` (redrawn,
        dropped, or kept all the same), further ``tries``, ``first`` confidence, what it was read ``as`` then, and
        the confidence at last, ``p``. Empty
        if nobody read.
    """
    if not records:
        return glyphs, {}
    rejected = np.array(["rejected" in record for record in records])
    shown = inked(glyphs, 1, 2)
    if keep or not (shown & ~rejected).any():
        dropped = np.zeros(len(glyphs), bool)
    else:
        dropped = rejected
        glyphs = glyphs.copy()
        glyphs[dropped] = 255
    chars = [char for char in text if char != " "]
    faults = []
    for position, (char, record) in enumerate(zip(chars, records, strict=True)):
        if record.keys() & {"first", "rejected"}:
            outcome = DROPPED if dropped[position] else KEPT if rejected[position] else REDRAWN
            read = {"tries": record.get("tries", 0), "first": record.get("first", record["p"])}
            read |= {"as": record.get("as", ""), "p": record["p"]}
            faults.append({"position": position, "char": char, "outcome": outcome, **read})
    kept = [record["p"] for record, here in zip(records, shown & ~dropped, strict=True) if here]
    return glyphs, {"p": kept, **({"faults": faults} if faults else {})}
