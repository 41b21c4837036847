"""Losses against lost strokes, which more than one model of pairs may have: their settings, files and sum of parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from handgen.errors import UsageError
from handgen.files import sha256
from handgen.losses import basic as losses
from handgen.losses import fidelity
from handgen.losses.recognition import RecognizerLoss
from handgen.models.base import Batch, Model, Resolved
from handgen.models.critics import StrokeCounter
from handgen.models.features import FeatureExtractor
from handgen.ocr.reader import find_recognizer, load_recognizer
from handgen.settings import Settings, option_name, setting
from handgen.strokes.counts import find_counts, read_counts

NETWORK, REMEDIES = "Network", "Against lost strokes"


@dataclass(frozen=True)
class RemedySettings(Settings):
    """The weights of these losses, all off until they are given, and the files that they need."""

    attention: bool = setting(
        False, "Let the decoder look at the whole glyph at once, at 16 x 16 (SAGAN's self-attention).", panel=NETWORK
    )
    lambda_feature: float = setting(
        0.0, "Weight of the feature loss, on features the run trains first.", minimum=0, panel=REMEDIES
    )
    lambda_binary: float = setting(0.0, "Weight of the distance from pure ink and paper.", minimum=0, panel=REMEDIES)
    lambda_cldice: float = setting(
        0.0, "Weight of 1 - soft clDice: centerlines that are lost or invented.", minimum=0, panel=REMEDIES
    )
    lambda_projection: float = setting(
        0.0, "Weight of the projection loss: how far ink has moved.", minimum=0, panel=REMEDIES
    )
    lambda_ssim: float = setting(0.0, "Weight of 1 - SSIM: lost contrast and structure.", minimum=0, panel=REMEDIES)
    lambda_recognizer: float = setting(
        0.0,
        "Weight of a recognizer's cross entropy, for drawings to be read as their characters.",
        minimum=0,
        panel=REMEDIES,
    )
    recognizer: str = setting(
        "", "With --lambda-recognizer: run folder or file; the newest in runs/ if none is named.", panel=REMEDIES
    )
    lambda_strokes: float = setting(
        0.0, "Weight of the number of strokes that the discriminator counts.", minimum=0, panel=REMEDIES
    )
    stroke_counts: str = setting(
        "",
        "With --lambda-strokes: lines of a character, a tab and its number of strokes; what "
        "'handgen fonts fetch strokes' brought if none is named.",
        panel=REMEDIES,
    )


@dataclass(frozen=True)
class _LookupFile:
    """A file that a loss needs.

    Attributes:
        weight: the loss's setting.
        find: the file of a path, or of none where the user named none.
        known: the characters of a file.
        remedy: what to do if it knows none of the run's.
    """

    weight: str
    find: Callable[[Path | None], Path]
    known: Callable[[Path], Iterable[str]]
    remedy: str


_FILES = {
    "recognizer": _LookupFile(
        "lambda_recognizer",
        find_recognizer,
        lambda file: load_recognizer(file).charset,
        "Train one on such glyphs with 'handgen train recognizer', or name another --recognizer.",
    ),
    "stroke_counts": _LookupFile("lambda_strokes", find_counts, read_counts, "Name another --stroke-counts."),
}


class RemedyModel(Model):
    """A model with these losses.

    Its subclass makes ``features`` and ``discriminator``, lets ``add_counter`` see the latter, and
    adds ``remedy_losses`` to the losses of its generator and ``stroke_loss`` to those of its discriminator.

    Args:
        config: its settings.
        charset: its characters, in order.
    """

    features: FeatureExtractor | None
    discriminator: nn.Module

    def __init__(self, config: RemedySettings, charset: str) -> None:
        super().__init__()
        self._settings, self._charset = config, charset
        # Neither is registered as a part of the model: they are not trained, and not saved with it.
        self._reading: RecognizerLoss | None = None
        self._counts: Tensor | None = None

    @classmethod
    def resolve(cls, config: RemedySettings, chars: str, recorded: Mapping[str, Any]) -> Resolved:
        """Find recognizer and stroke counts, and see that they know some of the characters."""
        files: dict[str, Path] = {}
        notes: list[str] = []
        for name, needed in _FILES.items():
            named = getattr(config, name) or str(recorded.get(name) or "")
            if not getattr(config, needed.weight):
                if getattr(config, name):
                    flags = f"{option_name(name)} without {option_name(needed.weight)}"
                    raise UsageError(f"{flags} has no effect", "Give both, or neither.")
                continue
            file = files[name] = needed.find(Path(named) if named else None)
            known = len(set(chars).intersection(needed.known(file)))
            if not known:
                raise UsageError(f"{file} knows none of this run's {len(chars)} characters", needed.remedy)
            if known < len(chars):
                notes.append(f"{file} knows {known} of {len(chars)} characters; the others do without")
        found: dict[str, Any] = {name: str(file) for name, file in files.items()}
        return Resolved(replace(config, **found), {name: sha256(file) for name, file in files.items()}, tuple(notes))

    def load_files(self, device: torch.device) -> None:
        """Load recognizer and stroke counts, where they have a weight."""
        c = self._settings
        if c.lambda_recognizer:
            self._reading = RecognizerLoss(load_recognizer(Path(c.recognizer)), self._charset, device)
        if c.lambda_strokes:
            counts = read_counts(Path(c.stroke_counts))
            # The last entry is what -1, a character that is not in the charset, finds.
            self._counts = torch.tensor([*(counts.get(char, 0) for char in self._charset), 0.0], device=device)

    def add_counter(self, size: int, width: int) -> None:
        """Give the discriminator its counter of strokes, if it is to have one."""
        if self._settings.lambda_strokes:
            self.discriminator.add_module("strokes", StrokeCounter(size, width))

    def stroke_loss(self, images: Tensor, char: Tensor) -> dict[str, Tensor]:
        """Return the loss of the discriminator's count of strokes, if it counts.

        Args:
            images: ``[N, 1, h, w]`` in [-1, 1].
            char: int64 ``[N]``, numbers of its characters, -1 = unknown.
        """
        if self._counts is None:
            return {}
        counter = self.discriminator.get_submodule("strokes")
        return {"strokes": losses.strokes(counter(images), self._counts[char])}

    def pretrain(self, batches: Callable[[int], Batch]) -> None:
        """Train the feature extractor, if there is one."""
        if self.features is not None:
            self.features.fit(batches)

    @property
    def weights(self) -> Mapping[str, float]:
        """The ``lambda_*`` settings."""
        c = self._settings
        return {
            "feature": c.lambda_feature,
            "binary": c.lambda_binary,
            "cldice": c.lambda_cldice,
            "projection": c.lambda_projection,
            "ssim": c.lambda_ssim,
            "recognizer": c.lambda_recognizer,
            "strokes": c.lambda_strokes,
        }

    def remedy_losses(self, redrawn: Tensor, target: Tensor, drawn: Tensor, char: Tensor) -> dict[str, Tensor]:
        """Return the losses of the generator that have a weight.

        Args:
            redrawn: ``[B, 1, h, w]`` in [-1, 1], what is to be ``target``.
            target: likewise.
            drawn: ``[N, 1, h, w]`` in [-1, 1], all that was drawn, with or without a target.
            char: int64 ``[N]``, numbers of its characters, -1 = unknown.
        """
        c = self._settings
        terms: dict[str, Tensor] = {}
        if self.features is not None:
            terms["feature"] = losses.feature(self.features(redrawn), self.features(target))
        if c.lambda_binary:
            terms["binary"] = losses.binary(drawn)
        if c.lambda_cldice:
            terms["cldice"] = fidelity.cldice(redrawn, target)
        if c.lambda_projection:
            terms["projection"] = fidelity.projection(redrawn, target)
        if c.lambda_ssim:
            terms["ssim"] = fidelity.ssim(redrawn, target)
        if self._reading is not None:
            terms["recognizer"] = self._reading(drawn, char)
        return terms | self.stroke_loss(drawn, char)
