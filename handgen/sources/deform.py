"""How a drawn glyph is put on its canvas: its style's own size and position, and deformed as people deform.

A model draws in the source font's frame, onto which ``render`` moved every style. Here that is
undone, and a deformation of the sample's own is added, in one resampling.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from handgen.deform.people import PersonKeys
from handgen.deform.people import deform as as_people_do
from handgen.deform.warp import Warp
from handgen.fonts.align import Alignment
from handgen.seeds import SampleKey


def deform(
    images: Tensor,
    alignments: Sequence[Alignment] | None,
    who: PersonKeys,
    strength: float,
    aspect: NDArray[np.float64] | None = None,
) -> Tensor:
    """Move drawn glyphs to their style's own frame, each deformed in its own way.

    Args:
        images: float32 ``[B, 1, size, size]`` in [-1, 1], in the source's frame.
        alignments: ``[B]``, each sample's style's; None = they are in their own frame.
        who: who draws each sample, and which character.
        strength: 0 (none) to 1 (as people differ from each other).
        aspect: ``[B]``, log width by height that drawings are given besides.

    Returns:
        Images like the given ones, on their device. A glyph that would leave the canvas is moved or made smaller.
    """
    moved = alignments is not None and any(each != Alignment() for each in alignments)
    if not moved and not strength:
        return images
    natural = Warp.none(images)
    if alignments is not None and moved:
        scale = np.array([[a.sx, a.sy] for a in alignments])
        offset = np.array([[a.dx, a.dy] for a in alignments])
        # aligned = scale * natural + offset
        natural = natural.shifted(*-offset.T).linear(1 / scale[:, 0], yy=1 / scale[:, 1])
    if aspect is not None:
        natural = natural.linear(np.exp(aspect / 2), yy=np.exp(-aspect / 2))
    return as_people_do(images, who, strength, natural)


def people_of(key: SampleKey, characters: NDArray[np.int64]) -> PersonKeys:
    """Return who draws: the characters of a line are one person's, and every single character is another's.

    Args:
        key: ``[n]``.
        characters: int64 ``[n]``, any numbers that tell them apart: a person's habits go with them.
    """
    return PersonKeys.of(key.keys("vary"), key.shared("vary writer"), characters.astype(np.uint64))
