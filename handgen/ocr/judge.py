"""An independent reader: PP-OCRv6, which comes inside the wheel of ``rapidocr`` and works offline.

It is for measurements only. Training and the gate must not use it, so that its reading of a dataset stays independent
of how the dataset was made.
"""

from __future__ import annotations

import functools
import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handgen.errors import HandgenError
from handgen.extras import load_extra

EXTRA = "judge"
_MODEL = "PP-OCRv6_rec_small.onnx"
_HEIGHT, _WIDTH = 48, 96
"""Height and least width of the model's input in pixels. The height is that of its training. A single character is
read best with paper on both sides: of the widths tried, twice the height was best on real fonts."""
_MOST = 16
"""The greatest width of a line, in heights; longer lines are compressed."""
_BATCH = 16


def read(images: NDArray[np.uint8], *, threads: int = 1) -> list[str]:
    """Read each image as one line of text, which may be a single character.

    Args:
        images: uint8 ``[N, H, W]``, 0 = ink, 255 = paper.
        threads: CPU threads to use, at least 1.

    Returns:
        The text of each image without spaces around it; empty if nothing is read.

    Raises:
        HandgenError: the extra ``judge`` is not installed, or the wheel holds another model.
    """
    session, characters = _session(threads)
    texts: list[str] = []
    for start in range(0, len(images), _BATCH):
        lines = np.stack([_on_paper(image) for image in images[start : start + _BATCH]])
        values = (lines.astype(np.float32) / 127.5 - 1)[:, None].repeat(3, axis=1)
        (scores,) = session.run(None, {session.get_inputs()[0].name: values})
        texts += [_decoded(best, characters) for best in scores.argmax(axis=2)]
    return texts


@functools.lru_cache(maxsize=2)
def _session(threads: int) -> tuple[Any, list[str]]:
    """Open the model; return it and the text of each of its classes. Class 0 is CTC's blank: no text."""
    runtime = load_extra("onnxruntime", EXTRA)
    path = _model_path()
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    session = runtime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])
    written = session.get_modelmeta().custom_metadata_map["character"].splitlines()
    return session, ["", *written, " "]


def _model_path() -> Path:
    """Find the model file without importing the package, which would load more models and libraries."""
    found = importlib.util.find_spec("rapidocr")
    if found is None or not found.submodule_search_locations:
        raise HandgenError("rapidocr is not installed", f"Run: pip install 'handgen[{EXTRA}]'.")
    path = Path(found.submodule_search_locations[0]) / "models" / _MODEL
    if not path.is_file():
        raise HandgenError(f"this version of rapidocr brings no {_MODEL}", f"Run: pip install 'handgen[{EXTRA}]'.")
    return path


def _on_paper(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Scale an image to the model's height and center it on a sheet with the gray of its own paper."""
    height, width = image.shape
    scaled = max(1, min(round(width * _HEIGHT / height), _HEIGHT * _MOST))
    if image.shape != (_HEIGHT, scaled):
        resample = Image.Resampling.BOX if height >= _HEIGHT else Image.Resampling.BILINEAR
        image = np.asarray(Image.fromarray(image).resize((scaled, _HEIGHT), resample))
    sheet = np.full((_HEIGHT, max(_WIDTH, scaled)), np.percentile(image, 95), np.uint8)
    left = (sheet.shape[1] - scaled) // 2
    sheet[:, left : left + scaled] = image
    return sheet


def _decoded(best: NDArray[np.int64], characters: list[str]) -> str:
    """Decode the best class of each step as CTC does: repeated classes are one, and class 0 is no text."""
    new = np.append(True, best[1:] != best[:-1]) & (best != 0)
    return "".join(characters[number] for number in best[new]).strip()
