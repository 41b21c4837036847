"""How a drawn glyph is put on its canvas: its style's own size and position, and deformed as people deform.

A model draws in the source font's frame, onto which ``render`` moved every style. Here that is
undone, and a deformation of the sample's own is added, in one resampling.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from handgen.deform.people import PersonKeys, deform
from handgen.deform.warp import Warp
from handgen.fonts.align import Alignment
from handgen.seeds import derive, keys


def place(
    images: Tensor,
    alignments: list[Alignment],
    index: NDArray[np.int64],
    seed: int,
    strength: float,
    people: PersonKeys | None = None,
) -> Tensor:
    """Move drawn glyphs to their style's own frame, each deformed in its own way.

    Args:
        images: float32 ``[B, 1, size, size]`` in [-1, 1], in the source's frame.
        alignments: ``[B]``, each sample's style's.
        index: int64 ``[B]``, numbers of the samples; with the seed they decide the deformation.
        seed: of the run.
        strength: 0 (none) to 1 (as people differ from each other).
        people: who draws each sample, and which character; every sample is another person's by default.

    Returns:
        Images like the given ones. A glyph that would leave the canvas is moved or made smaller.
    """
    if all(a == Alignment() for a in alignments) and not strength:
        return images
    images = images.cpu()
    scale = np.array([[a.sx, a.sy] for a in alignments])
    offset = np.array([[a.dx, a.dy] for a in alignments])
    # aligned = scale * natural + offset
    natural = Warp.none(images).shifted(*-offset.T).linear(1 / scale[:, 0], yy=1 / scale[:, 1])
    who = PersonKeys.strangers(_sample_keys(index, seed)) if people is None else people
    return deform(images, who, strength, natural)


def of_one_hand(
    index: NDArray[np.int64], hands: NDArray[np.int64], characters: NDArray[np.int64], seed: int
) -> PersonKeys:
    """Return the keys of samples of which those with the same ``hands`` are one person's, as in a line.

    Args:
        index: int64 ``[B]``, numbers of the samples.
        hands: ``[B]``, numbers of the writers.
        characters: ``[B]``, numbers of the characters: a writer's habits go with them.
        seed: of the run.
    """
    writer = keys(hands, derive(seed, "vary writer"))
    return PersonKeys.of(_sample_keys(index, seed), writer, characters.astype(np.uint64))


def _sample_keys(index: NDArray[np.int64], seed: int) -> NDArray[np.uint64]:
    return keys(index, derive(seed, "vary"))
