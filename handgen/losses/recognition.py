"""The loss of a trained recognizer that reads drawings: its cross entropy with their characters."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from handgen.ocr.recognizer import Recognizer


class RecognizerLoss:
    """The cross entropy of a frozen recognizer, calibrated, that reads drawings of a model's characters.

    It is no module, so that the recognizer is neither trained, averaged nor saved with the model that
    holds it.

    Args:
        recognizer: already trained.
        charset: the model's characters, in order.
        device: where to read.
    """

    def __init__(self, recognizer: Recognizer, charset: str, device: torch.device) -> None:
        frozen = recognizer.eval().requires_grad_(False)
        self._recognizer: Recognizer = frozen.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        number = {char: position for position, char in enumerate(recognizer.charset)}
        # The last entry is what -1, a character that is not in the charset, finds.
        self._classes = torch.tensor([*(number.get(char, -1) for char in charset), -1], device=device)

    def __call__(self, images: Tensor, char: Tensor) -> Tensor:
        """Return the mean over the batch; a character that the recognizer does not know counts as 0.

        The gradient of a glyph therefore does not depend on the others in its part or on its rank.

        Args:
            images: ``[B, 1, h, w]`` in [-1, 1].
            char: int64 ``[B]``, numbers of characters in the charset; -1 = not in it.
        """
        logits = self._recognizer(images.float()).float() / self._recognizer.temperature
        return F.cross_entropy(logits, self._classes[char], ignore_index=-1, reduction="sum") / len(images)
