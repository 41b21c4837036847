"""Losses against lost strokes, for models that learn from pairs: their settings, the files they need, their values."""

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
    """The weights of these losses, all 0 by default, and the files that the losses need."""

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
        "Weight of the cross entropy of a recognizer that reads the drawings.",
        minimum=0,
        panel=REMEDIES,
    )
    recognizer: str = setting(
        "", "With --lambda-recognizer: run folder or file; the newest in runs/ if none is named.", panel=REMEDIES
    )
    lambda_strokes: float = setting(
        0.0, "Weight of the error in the number of strokes, which the discriminator counts.", minimum=0, panel=REMEDIES
    )
    stroke_counts: str = setting(
        "",
        "With --lambda-strokes: a file with a character, a tab and its number of strokes on each line; by default "
        "the data of 'handgen fonts fetch strokes'.",
        panel=REMEDIES,
    )


@dataclass(frozen=True)
class _LookupFile:
    """A file that a loss needs.

    Attributes:
        weight: name of the setting that is the weight of the loss.
        find: returns the file for the path that the user named, or the default file for None.
        known: returns the characters that a file covers.
        remedy: what to do if the file covers none of the run's characters.
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

    A subclass creates ``features`` and ``discriminator``, then calls ``add_counter``. It adds ``remedy_losses`` to
    the losses of its generator and ``stroke_loss`` to those of its discriminator.

    Args:
        config: the settings.
        charset: the characters, in order.
    """

    features: FeatureExtractor | None
    discriminator: nn.Module

    def __init__(self, config: RemedySettings, charset: str) -> None:
        super().__init__()
        self._settings, self._charset = config, charset
        # Neither is a child module or a buffer: they are not trained, and not saved with the model.
        self._reading: RecognizerLoss | None = None
        self._counts: Tensor | None = None

    @classmethod
    def resolve(cls, config: RemedySettings, chars: str, recorded: Mapping[str, Any]) -> Resolved:
        """Find recognizer and stroke counts, and check that they cover some of the characters."""
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
                loss = option_name(needed.weight)
                notes.append(f"{file} knows {known} of {len(chars)} characters; {loss} does not apply to the others")
        found: dict[str, Any] = {name: str(file) for name, file in files.items()}
        return Resolved(replace(config, **found), {name: sha256(file) for name, file in files.items()}, tuple(notes))

    def load_files(self, device: torch.device) -> None:
        """Load recognizer and stroke counts if their losses have a weight."""
        c = self._settings
        if c.lambda_recognizer:
            self._reading = RecognizerLoss(load_recognizer(Path(c.recognizer)), self._charset, device)
        if c.lambda_strokes:
            counts = read_counts(Path(c.stroke_counts))
            # The last entry is for -1, a character that is not in the charset.
            self._counts = torch.tensor([*(counts.get(char, 0) for char in self._charset), 0.0], device=device)

    def add_counter(self, size: int, width: int) -> None:
        """Add a stroke counter to the discriminator if the stroke loss has a weight."""
        if self._settings.lambda_strokes:
            self.discriminator.add_module("strokes", StrokeCounter(size, width))

    def stroke_loss(self, images: Tensor, char: Tensor) -> dict[str, Tensor]:
        """Return the loss ``strokes`` of the stroke counter; nothing if there is none.

        Args:
            images: ``[N, 1, h, w]`` in [-1, 1].
            char: int64 ``[N]``, indices of the images' characters in the charset; -1 = not in it.
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
        """Return those of these losses that have a weight, for the generator.

        Args:
            redrawn: ``[B, 1, h, w]`` in [-1, 1], drawings that should equal ``target``.
            target: ``[B, 1, h, w]``, the true glyphs.
            drawn: ``[N, 1, h, w]`` in [-1, 1], all drawings, including those without a true glyph.
            char: int64 ``[N]``, indices of the characters of ``drawn`` in the charset; -1 = not in it.
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
