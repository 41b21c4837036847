"""Training the recognizer: cross entropy on varied glyphs, then calibration on fonts it never saw."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from handgen.checkpoints import files as checkpoint
from handgen.checkpoints.files import STATE
from handgen.checkpoints.run import RunFolder
from handgen.errors import TrainingError
from handgen.ocr.reader import RECOGNIZER, save_recognizer
from handgen.ocr.recognizer import Recognizer
from handgen.seeds import derive, generator
from handgen.settings import Settings, setting
from handgen.training.augment import varied
from handgen.training.calibration import by_font, calibrated, floors, read
from handgen.training.loop import Progress
from handgen.training.process import stopping_politely
from handgen.training.read_glyphs import LabeledGlyphs

_PHASE = "recognizer"
_LOG_STEPS = 20
_CALIBRATION = 4096
"""Glyphs of the fonts held out that the temperature is taken from."""
_WARM = 0.05
_SMOOTHING, _DECAY = 0.1, 0.02
_PER_CHARACTER, _FEWEST = 200, 50_000
"""Images that a character needs to be read in fonts never seen, and what the first layers need to learn at all."""


@dataclass(frozen=True)
class RecognizerSettings(Settings):
    """How a recognizer is built and learns."""

    images: int = setting(
        0, f"Training budget in images seen; 0 = {_PER_CHARACTER} a character, {_FEWEST:,} at least.", minimum=0
    )
    minutes: float = setting(
        0.0, "End after so long, if that is sooner, the learning rate fitted to it; 0 = no limit.", minimum=0
    )
    batch: int = setting(128, "Images per optimizer step.", minimum=2, maximum=4096)
    lr: float = setting(3e-3, "Highest learning rate: reached early, then by cosine to zero.", minimum=0)
    width: int = setting(16, "Channels of the first layer; they double three times.", minimum=4, maximum=256)
    augment: bool = setting(True, "Vary every image at random: turned, bent, in another pen, faint, noisy.")
    holdout_fonts: str = setting("3", "Fonts to measure on: how many, or their names with commas.")
    save_every: int = setting(50_000, "Images between checkpoints.", minimum=1)
    seed: int = setting(0, "Everything random follows from this number.", minimum=0, maximum=2**32 - 1)

    def fitted(self, characters: int) -> RecognizerSettings:
        """Return these settings with the budget that so many characters need, if none was given."""
        return self if self.images else replace(self, images=max(_FEWEST, _PER_CHARACTER * characters))


class RecognizerTraining:
    """One run; the same folder, stores and settings go on where it stopped.

    Args:
        settings: of the run.
        glyphs: what to learn from.
        out: the run's folder.
        device: where to compute.

    Raises:
        UsageError: the folder holds something else, or the fonts to hold out are unknown.
    """

    def __init__(self, settings: RecognizerSettings, glyphs: LabeledGlyphs, out: Path, device: torch.device) -> None:
        settings = settings.fitted(len(glyphs.charset))
        self.settings, self.glyphs, self.device = settings, glyphs, device
        self.held_out = glyphs.held_out_fonts(settings.holdout_fonts, settings.seed)
        kept = [name for name in glyphs.fonts if name not in self.held_out]
        self._learned = glyphs.of_fonts(kept)
        self.folder = RunFolder(out, self._identity(), {"augment": True})
        torch.manual_seed(settings.seed)
        self.recognizer = Recognizer(glyphs.charset, _side(glyphs.size), settings.width)
        self.recognizer.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._optimizer = torch.optim.AdamW(
            self.recognizer.parameters(), lr=settings.lr, weight_decay=_DECAY, fused=True
        )
        self.images, self._seconds = 0, 0.0
        if self.folder.has_state:
            self._resume()
        self.folder.forget_after(self.images)
        self._stop = False

    def _identity(self) -> dict[str, Any]:
        names = {"charset": self.glyphs.charset, "fonts": list(self.glyphs.fonts), "glyphs": len(self.glyphs.char)}
        return {"model": "recognizer", "size": self.glyphs.size} | names | asdict(self.settings)

    @property
    def done(self) -> bool:
        """Whether the budget is spent, or the time."""
        return self._share >= 1

    @property
    def _share(self) -> float:
        """How much of the run is behind it, from 0 to 1."""
        minutes = self.settings.minutes
        return max(self.images / self.settings.images, self._seconds / (60 * minutes) if minutes else 0.0)

    def run(self, watch: Callable[[Progress], None]) -> bool:
        """Train until the budget is spent or Ctrl-C; save either way; return whether it is spent.

        Raises:
            TrainingError: the loss is not finite; the last checkpoint is kept.
        """
        with self.folder.being_written(self.images, tensorboard=False), stopping_politely(self.stop):
            if not self.done or not self.folder.measurements():
                self._train(watch)
                self._save()
                if self.done:
                    self._finish()
        return self.done

    def stop(self) -> None:
        """Let ``run`` end after the step in hand."""
        self._stop = True

    def _train(self, watch: Callable[[Progress], None]) -> None:
        self.recognizer.train()
        losses: list[Tensor] = []
        began = last = time.monotonic()
        while not self.done and not self._stop:
            before = self.images
            losses.append(self._step())
            before_step, last = last, time.monotonic()
            self._seconds += last - before_step
            if len(losses) == _LOG_STEPS:
                loss, accuracy = torch.stack(losses).mean(0).tolist()
                if not math.isfinite(loss):
                    raise TrainingError(f"the loss is not finite after {self.images} images", "Use a lower --lr.")
                rate = _LOG_STEPS * self.settings.batch / (time.monotonic() - began)
                values = {"category": round(loss, 6), "accuracy": round(accuracy, 6)}
                self.folder.record(self.images, "losses", values | {"images_per_s": round(rate, 1)})
                watch(Progress(self.images, rate, {f"C/{name}": value for name, value in values.items()}))
                losses, began = [], time.monotonic()
            if before // self.settings.save_every != self.images // self.settings.save_every and not self.done:
                self._save()

    def _step(self) -> Tensor:
        """One optimizer step; return loss and accuracy, ``[2]``."""
        settings = self.settings
        for group in self._optimizer.param_groups:
            group["lr"] = settings.lr * _rate(self._share)
        rows = generator(settings.seed, "recognizer batch", self.images).choice(self._learned, settings.batch)
        random = torch.Generator().manual_seed(derive(settings.seed, "recognizer variation", self.images))
        images = self.glyphs.images(rows).to(self.device)
        if settings.augment:
            images = varied(images, random)
        labels = self.glyphs.labels(rows).to(self.device)
        logits = self.recognizer(images)
        loss = F.cross_entropy(logits, labels, label_smoothing=_SMOOTHING)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self.images += settings.batch
        return torch.stack([loss.detach(), (logits.argmax(1) == labels).float().mean()])

    def _finish(self) -> None:
        """Calibrate, measure and save: what comes once, when the budget is spent."""
        recognizer, glyphs = self.recognizer, self.glyphs
        which = glyphs.of_fonts(self.held_out)
        if len(which):
            which = generator(self.settings.seed, "calibration").permutation(which)[:_CALIBRATION]
            recognizer.temperature.fill_(calibrated(read(recognizer, glyphs, which), glyphs.labels(which)))
        recognizer.floors = floors(recognizer, glyphs)
        result = by_font(recognizer, glyphs, self.held_out)
        self._save(result)
        self.folder.record(self.images, "held-out", {"styles": result})

    def _save(self, measured: Mapping[str, Any] | None = None) -> None:
        tensors = {f"model.{name}": tensor for name, tensor in self.recognizer.state_dict().items()}
        tensors |= checkpoint.optimizer_tensors(_PHASE, self._optimizer)
        fonts = [name for name in self.glyphs.fonts if name not in self.held_out]
        facts = {"images": self.images, "seed": self.settings.seed, "fonts": fonts, "held_out": list(self.held_out)}
        clock = {"seconds": self._seconds} if self.settings.minutes else {}
        checkpoint.save(self.folder.path / STATE, tensors, facts | clock)
        save_recognizer(self.folder.path / RECOGNIZER, self.recognizer, facts | {"measured": dict(measured or {})})
        self.folder.log(f"saved at {self.images} images")

    def _resume(self) -> None:
        state = checkpoint.load(self.folder.path / STATE)
        self.recognizer.load_state_dict(checkpoint.under("model.", state.tensors))
        checkpoint.restore_optimizer(_PHASE, self._optimizer, state.tensors)
        self.images, self._seconds = state.facts["images"], state.facts.get("seconds", 0.0)


def _side(size: int) -> int:
    """Return the side of the images that the network sees: more than 64 pixels cost time and tell nothing new."""
    return min(64, max(32, size // 32 * 32))


def _rate(done: float) -> float:
    """Return the share of the highest learning rate at a place in the run, 0 to 1."""
    return done / _WARM if done < _WARM else (1 + math.cos(math.pi * (done - _WARM) / (1 - _WARM))) / 2
