"""A contact sheet of effects: each alone, and all together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from handgen.degrade.pipeline import Pipeline
from handgen.degrade.step import Step
from handgen.errors import UsageError


def effect_sheet(pipeline: Pipeline, images: NDArray[np.uint8], seed: int = 0) -> list[tuple[str, NDArray[np.uint8]]]:
    """Degrade images by each effect of a pipeline alone (with probability 1), and by the whole pipeline.

    Args:
        pipeline: the effects.
        images: clean images, uint8 ``[n, H, W]``.
        seed: seed of the parameters.

    Returns:
        Rows for ``glyphs.contact_sheet``, (caption, images): the clean images, one row per effect, and the whole
        pipeline. Images are uint8 ``[n, H, W]`` or, in color, ``[n, H, W, 3]``.

    Raises:
        UsageError: the pipeline has no effect.
    """
    if not pipeline.steps:
        raise UsageError(f"--degrade {pipeline.name} has no effect to show", "Name another preset, or a file.")
    index = np.arange(len(images), dtype=np.int64)
    rows = [("clean", images)]
    for step in pipeline.steps:
        alone = Pipeline(step.effect.name, [Step(step.effect)])
        rows.append((step.effect.name, alone(images, index, seed)[0]))
    return [*rows, (pipeline.name, pipeline(images, index, seed)[0])]
