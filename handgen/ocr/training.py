"""Training the recogniser: cross entropy on varied glyphs, then calibration on fonts it never saw."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from handgen.errors import TrainingError
from handgen.evaluation.suspicion import SURE, floor
from handgen.ocr.augment import varied
from handgen.ocr.glyphs import LabelledGlyphs
from handgen.ocr.reader import RECOGNIZER, save_recognizer
from handgen.ocr.recognizer import Recognizer
from handgen.seeds import derive, generator
from handgen.settings import Settings, setting
from handgen.training import checkpoint
from handgen.training.checkpoint import STATE
from handgen.training.loop import Progress
from handgen.training.process import stopping_politely
from handgen.training.run import RunFolder

_PHASE = "recognizer"
_LOG_STEPS = 20
_EVAL_BATCH = 256
_FLOOR = 256
"""Glyphs of a font that its floor is taken from."""
_WARM = 0.05
_SMOOTHING, _DECAY = 0.1, 0.02
_TEMPERATURES = (0.2, 5.0)
_PER_CHARACTER, _FEWEST = 200, 50_000
"""Images that a character needs to be read in fonts never seen, and what the first layers need to learn at all."""


@dataclass(frozen=True)
class RecognizerSettings(Settings):
    """How a recogniser is built and learns."""

    images: int = setting(
        0, f"Training budget in images seen; 0 = {_PER_CHARACTER} a character, {_FEWEST:,} at least.", minimum=0
    )
    minutes: float = setting(
        0.0, "End after so long, if that is sooner, the learning rate fitted to it; 0 = no limit.", minimum=0
    )
    batch: int = setting(128, "Images per optimiser step.", minimum=2, maximum=4096)
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

    def __init__(self, settings: RecognizerSettings, glyphs: LabelledGlyphs, out: Path, device: torch.device) -> None:
        settings = settings.fitted(len(glyphs.charset))
        self.settings, self.glyphs, self.device = settings, glyphs, device
        self.held_out = glyphs.held_out_fonts(settings.holdout_fonts, settings.seed)
        kept = [name for name in glyphs.fonts if name not in self.held_out]
        self._learnt = glyphs.of_fonts(kept)
        self.folder = RunFolder(out, self._identity(), {"augment": True})
        torch.manual_seed(settings.seed)
        self.recognizer = Recognizer(glyphs.charset, _side(glyphs.size), settings.width)
        self.recognizer.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._optimiser = torch.optim.AdamW(
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
        """One optimiser step; return loss and accuracy, ``[2]``."""
        settings = self.settings
        for group in self._optimiser.param_groups:
            group["lr"] = settings.lr * _rate(self._share)
        rows = generator(settings.seed, "recognizer batch", self.images).choice(self._learnt, settings.batch)
        random = torch.Generator().manual_seed(derive(settings.seed, "recognizer variation", self.images))
        images = self.glyphs.images(rows).to(self.device)
        if settings.augment:
            images = varied(images, random)
        labels = self.glyphs.labels(rows).to(self.device)
        logits = self.recognizer(images)
        loss = F.cross_entropy(logits, labels, label_smoothing=_SMOOTHING)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        self.images += settings.batch
        return torch.stack([loss.detach(), (logits.argmax(1) == labels).float().mean()])

    def _finish(self) -> None:
        """Calibrate, measure and save: what comes once, when the budget is spent."""
        which = self.glyphs.of_fonts(self.held_out)
        logits = _logits(self.recognizer, self.glyphs, which)
        labels = self.glyphs.labels(which)
        if len(which):
            self.recognizer.temperature.fill_(calibrated(logits, labels))
        self.recognizer.floors = floors(self.recognizer, self.glyphs)
        result = _by_font(logits / self.recognizer.temperature.cpu(), labels, self.glyphs, which)
        self._save(result)
        self.folder.record(self.images, "held-out", {"styles": result})

    def _save(self, measured: Mapping[str, Any] | None = None) -> None:
        tensors = {f"model.{name}": tensor for name, tensor in self.recognizer.state_dict().items()}
        tensors |= checkpoint.optimiser_tensors(_PHASE, self._optimiser)
        fonts = [name for name in self.glyphs.fonts if name not in self.held_out]
        facts = {"images": self.images, "seed": self.settings.seed, "fonts": fonts, "held_out": list(self.held_out)}
        clock = {"seconds": self._seconds} if self.settings.minutes else {}
        checkpoint.save(self.folder.path / STATE, tensors, facts | clock)
        save_recognizer(self.folder.path / RECOGNIZER, self.recognizer, facts | {"measured": dict(measured or {})})
        self.folder.log(f"saved at {self.images} images")

    def _resume(self) -> None:
        state = checkpoint.load(self.folder.path / STATE)
        self.recognizer.load_state_dict(checkpoint.under("model.", state.tensors))
        checkpoint.restore_optimiser(_PHASE, self._optimiser, state.tensors)
        self.images, self._seconds = state.facts["images"], state.facts.get("seconds", 0.0)


def _side(size: int) -> int:
    """Return the side of the images that the network sees: more than 64 pixels cost time and tell nothing new."""
    return min(64, max(32, size // 32 * 32))


def _rate(done: float) -> float:
    """Return the share of the highest learning rate at a place in the run, 0 to 1."""
    return done / _WARM if done < _WARM else (1 + math.cos(math.pi * (done - _WARM) / (1 - _WARM))) / 2


@torch.inference_mode()
def _logits(recognizer: Recognizer, glyphs: LabelledGlyphs, which: NDArray[np.int64]) -> Tensor:
    recognizer.eval()
    device = recognizer.temperature.device
    parts = [
        recognizer(glyphs.images(which[start : start + _EVAL_BATCH]).to(device)).float().cpu()
        for start in range(0, len(which), _EVAL_BATCH)
    ]
    return torch.cat(parts) if parts else torch.empty(0, len(glyphs.charset))


def calibrated(logits: Tensor, labels: Tensor) -> float:
    """Return the temperature that makes the labels likeliest, 0.2 to 5 (Guo et al. 2017, section 4.2).

    The likelihood has one maximum in it, which a golden-section search finds.

    Args:
        logits: ``[N, classes]`` of glyphs that were not learnt from.
        labels: int64 ``[N]``.
    """
    low, high = (math.log(value) for value in _TEMPERATURES)
    golden = (math.sqrt(5) - 1) / 2

    def cost(log_temperature: float) -> float:
        return float(F.cross_entropy(logits / math.exp(log_temperature), labels))

    for _ in range(20):
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if cost(left) < cost(right) else (left, high)
    return math.exp((low + high) / 2)


def floors(recognizer: Recognizer, glyphs: LabelledGlyphs) -> dict[str, float]:
    """Return for each font the margin that all but a few of its glyphs have: what a gate asks of drawings in it.

    Args:
        recognizer: a calibrated one.
        glyphs: real ones of the fonts.
    """
    found = {}
    for name in glyphs.fonts:
        rows = generator(0, "floor", name).permutation(glyphs.of_fonts([name]))[:_FLOOR]
        logits, label = _logits(recognizer, glyphs, rows), glyphs.labels(rows)[:, None]
        own, other = logits.gather(1, label)[:, 0], logits.scatter(1, label, -torch.inf).amax(1)
        margins = (own - other) / recognizer.temperature.cpu()
        found[name] = round(floor(margins.numpy(), most=SURE), 2)
    return found


def _by_font(
    logits: Tensor, labels: Tensor, glyphs: LabelledGlyphs, which: NDArray[np.int64]
) -> dict[str, dict[str, float]]:
    """Measure held-out fonts one by one: share read rightly (top 1 and 5), and mean confidence in the first."""
    best = logits.topk(min(5, logits.shape[1])).indices
    right = (best == labels[:, None]).float()
    sure = torch.stack([row.softmax(0).amax() for row in logits]) if len(logits) else torch.empty(0)
    measured = {}
    for number in np.unique(glyphs.font[which]):
        rows = torch.from_numpy(glyphs.font[which] == number)
        values = (right[rows, 0].mean(), right[rows].sum(1).mean(), sure[rows].mean())
        measured[glyphs.fonts[number]] = _rounded(("top1", "top5", "confidence"), [float(value) for value in values])
    return measured


def _rounded(names: Sequence[str], values: Sequence[float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in zip(names, values, strict=True)}
