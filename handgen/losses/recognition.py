"""The loss of a trained recognizer that reads drawings: the cross entropy with their characters."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from handgen.ocr.recognizer import Recognizer


class RecognizerLoss:
    """The cross entropy of a frozen, calibrated recognizer that reads a model's drawings.

    It is not an ``nn.Module``, so the recognizer is not trained, averaged or saved with the model that has this loss.

    Args:
        recognizer: a trained recognizer; it is moved to ``device`` and its weights are frozen.
        charset: the model's characters, in order.
        device: the device of the drawings.
    """

    def __init__(self, recognizer: Recognizer, charset: str, device: torch.device) -> None:
        frozen = recognizer.eval().requires_grad_(False)
        self._recognizer: Recognizer = frozen.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        number = {char: position for position, char in enumerate(recognizer.charset)}
        # The last entry is for -1, a character that is not in the charset.
        self._classes = torch.tensor([*(number.get(char, -1) for char in charset), -1], device=device)

    def __call__(self, images: Tensor, char: Tensor) -> Tensor:
        """Return the mean over the batch; the loss is 0 for characters that the recognizer does not know.

        The sum is divided by the size of the batch, not by the number of known characters. So the gradient of a glyph
        does not depend on how a batch is split into parts or over ranks.

        Args:
            images: ``[B, 1, h, w]`` in [-1, 1].
            char: int64 ``[B]``, indices of the characters in the charset; -1 = not in it.
        """
        logits = self._recognizer(images.float()).float() / self._recognizer.temperature
        return F.cross_entropy(logits, self._classes[char], ignore_index=-1, reduction="sum") / len(images)
