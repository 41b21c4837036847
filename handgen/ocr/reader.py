"""A trained recognizer in use: reading images, and finding, loading and saving its file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from handgen import weights
from handgen.checkpoints import files as checkpoint
from handgen.errors import CheckpointError, UsageError
from handgen.glyphs.store import to_unit
from handgen.ocr.recognizer import FEATURES, LAYOUT, Recognizer, fold

RECOGNIZER = weights.RECOGNIZER
KIND = "recognizer"
_RUNS = Path("runs")
_BATCH = 128
_TRAIN = "Train one with 'handgen train recognizer'."


@dataclass(frozen=True)
class Reading:
    """The most probable characters of N images.

    Attributes:
        chars: int64 ``[N, k]``, indices in the reader's charset, most probable first.
        confidence: float32 ``[N, k]``, their calibrated probabilities.
    """

    chars: NDArray[np.int64]
    confidence: NDArray[np.float32]


class Reader:
    """A recognizer in evaluation mode. Images are uint8 ``[N, H, W]``, 0 = ink, 255 = paper."""

    def __init__(self, recognizer: Recognizer, device: torch.device) -> None:
        ready = fold(recognizer)
        with torch.no_grad():  # division of the weights is done once, that of the logits would be for every batch
            for parameter in ready.classify.parameters():
                parameter.div_(ready.temperature)
        self.recognizer: Recognizer = ready.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.device = device
        self._numbers = {char: number for number, char in enumerate(recognizer.charset)}

    @property
    def charset(self) -> str:
        """The characters that it knows, in the order of their indices."""
        return self.recognizer.charset

    @property
    def floors(self) -> Mapping[str, float]:
        """Font name -> the margin that almost all of its real glyphs have; see ``Recognizer.floors``."""
        return self.recognizer.floors

    def number(self, char: str) -> int:
        """Return the index of a character in the charset; -1 if the reader does not know it."""
        return self._numbers.get(char, -1)

    @torch.inference_mode()
    def read(self, images: NDArray[np.uint8], *, top: int = 5) -> Reading:
        """Return the ``top`` most probable characters of each image."""
        top = min(top, len(self.charset))
        chars = np.empty((len(images), top), np.int64)
        confidence = np.empty((len(images), top), np.float32)
        for rows, batch in self._batches(images):
            best = self._log_probabilities(batch).topk(top)
            chars[rows], confidence[rows] = best.indices.cpu().numpy(), best.values.exp().cpu().numpy()
        return Reading(chars, confidence)

    @torch.inference_mode()
    def confidence(
        self, images: NDArray[np.uint8], labels: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Compare each image with its label.

        Args:
            images: uint8 ``[N, H, W]``, 0 = ink.
            labels: int64 ``[N]``, indices in the charset.

        Returns:
            The probability of the label, and the margin: log p(label) - log p(best other character). Both are float32
            ``[N]``.
        """
        probability, margin = (np.empty(len(images), np.float32) for _ in range(2))
        for rows, batch in self._batches(images):
            values = self._log_probabilities(batch)
            label = torch.from_numpy(labels[rows]).to(self.device)[:, None]
            own = values.gather(1, label)[:, 0]
            other = values.scatter_(1, label, -torch.inf).amax(1)
            probability[rows], margin[rows] = own.exp().cpu().numpy(), (own - other).cpu().numpy()
        return probability, margin

    @torch.inference_mode()
    def features(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the features of images, float32 ``[N, F]``, for the Fréchet distance."""
        found = np.empty((len(images), FEATURES), np.float32)
        for rows, batch in self._batches(images):
            found[rows] = self.recognizer.features(batch).float().cpu().numpy()
        return found

    def _batches(self, images: NDArray[np.uint8]) -> Iterator[tuple[slice, Tensor]]:
        for start in range(0, len(images), _BATCH):
            rows = slice(start, start + _BATCH)
            batch = to_unit(images[rows])[:, None]
            yield rows, batch.to(self.device, memory_format=torch.channels_last)

    def _log_probabilities(self, batch: Tensor) -> Tensor:
        logits: Tensor = self.recognizer(batch).float()
        return logits.log_softmax(1)


def save_recognizer(path: Path, recognizer: Recognizer, facts: dict[str, Any]) -> None:
    """Write a recognizer, whole or not at all.

    Args:
        path: the file.
        recognizer: its weights, charset, size and floors are stored.
        facts: further facts to store, such as what it was trained on.

    Raises:
        HandgenError: the disk is full or not writable.
    """
    own = {
        "kind": KIND,
        "charset": recognizer.charset,
        "size": recognizer.size,
        "width": recognizer.width,
        "layout": LAYOUT,
        "floors": recognizer.floors,
    }
    checkpoint.save(path, recognizer.state_dict(), facts | own)


def find_recognizer(path: Path | None, *, shipped: bool = True) -> Path:
    """Return the file of a recognizer.

    Args:
        path: a run folder, a file, or the name of shipped weights that have one; None = the newest in ``runs/``.
        shipped: whether None may also mean a recognizer that comes with handgen, if ``runs/`` has none.

    Raises:
        UsageError: there is no recognizer.
    """
    if path is None:
        return _newest(weights.shipped_recognizers() if shipped else [])
    named = weights.shipped().get(str(path)) if not path.exists() else None
    folder = named or path
    file = folder / RECOGNIZER if folder.is_dir() else folder
    if named and not file.is_file():
        able = ", ".join(file.parent.name for file in weights.shipped_recognizers())
        raise UsageError(
            f"no recognizer comes with the weights '{path}'", f"These have one: {able or 'none'}. {_TRAIN}"
        )
    if not file.is_file():
        raise UsageError(f"no recognizer at {path}", f"Name its run folder or its file. {_TRAIN}")
    return file


def load_recognizer(path: Path | None) -> Recognizer:
    """Read a recognizer.

    Args:
        path: as for ``find_recognizer``.

    Raises:
        UsageError: there is no recognizer.
        CheckpointError: the file is cut short, or holds something else.
    """
    file = find_recognizer(path)
    loaded = checkpoint.load(file)
    if loaded.facts.get("kind") != KIND:
        raise CheckpointError(f"{file} holds a {loaded.facts.get('model', 'model')}, not a recognizer", _TRAIN)
    if loaded.facts.get("layout") != LAYOUT:
        raise CheckpointError(f"the recognizer {file} was built by another version of handgen", _TRAIN)
    try:
        recognizer = Recognizer(*(loaded.facts[name] for name in ("charset", "size", "width")))
        recognizer.load_state_dict(loaded.tensors)
        recognizer.floors = {str(name): float(value) for name, value in loaded.facts["floors"].items()}
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:120]
        raise CheckpointError(f"the recognizer {file} does not fit ({reason})", _TRAIN) from error
    return recognizer.eval()


def load_reader(path: Path | None, device: torch.device) -> Reader:
    """Read a recognizer as ``load_recognizer`` does, ready to read."""
    return Reader(load_recognizer(path), device)


def _newest(others: Sequence[Path]) -> Path:
    """Return the newest recognizer in ``runs/``; if there is none, the first of ``others``."""
    files = list(_RUNS.glob(f"*/{RECOGNIZER}"))
    if not files and not others:
        raise UsageError("no recognizer was found in runs/", _TRAIN)
    return max(files, key=lambda file: file.stat().st_mtime) if files else others[0]
