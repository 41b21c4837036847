"""What effects look like: each alone, and all together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from handgen.degrade.pipeline import Pipeline
from handgen.degrade.step import Step
from handgen.errors import UsageError


def effect_sheet(pipeline: Pipeline, images: NDArray[np.uint8], seed: int = 0) -> list[tuple[str, NDArray[np.uint8]]]:
    """Degrade images by each effect of a pipeline alone, on all of them, and by the pipeline.

    Args:
        pipeline: the effects.
        images: uint8 ``[n, H, W]``, clean.
        seed: of the parameters.

    Raises:
        UsageError: the pipeline has no effect.

    Returns:
        Rows for a contact sheet, caption and images: the clean ones, a row an effect, and the
        pipeline as it is. Images are uint8 ``[n, H, W]`` or, in color, ``[n, H, W, 3]``.
    """
    if not pipeline.steps:
        raise UsageError(f"--degrade {pipeline.name} has no effect to show", "Name another preset, or a file.")
    index = np.arange(len(images), dtype=np.int64)
    rows = [("clean", images)]
    for step in pipeline.steps:
        alone = Pipeline(step.effect.name, [Step(step.effect)])
        rows.append((step.effect.name, alone(images, index, seed)[0]))
    return [*rows, (pipeline.name, pipeline(images, index, seed)[0])]
