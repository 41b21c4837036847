"""Training the recognizer: cross entropy on varied glyphs, then calibration on fonts it never saw."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from handgen.checkpoints import files as checkpoint
from handgen.checkpoints.run import RunFolder, check_folder
from handgen.ocr.reader import RECOGNIZER, save_recognizer
from handgen.ocr.recognizer import Recognizer
from handgen.seeds import derive, generator
from handgen.settings import Settings, setting
from handgen.training.augment import augment
from handgen.training.calibration import by_font, find_temperature, floors, read
from handgen.training.engine import Engine, Limits, Task
from handgen.training.read_glyphs import LabeledGlyphs

_PHASE = "recognizer"
_DEFAULTS = {"augment": True}
"""Of settings that runs of an older version did not know."""
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


def check_run(settings: RecognizerSettings, glyphs: LabeledGlyphs, out: Path) -> RecognizerSettings:
    """Check a run without writing anything; return its settings with the budget that it gets.

    Raises:
        UsageError: the folder holds something else, or the fonts to hold out are unknown.
    """
    settings = settings.fitted(len(glyphs.charset))
    glyphs.held_out_fonts(settings.holdout_fonts, settings.seed)
    check_folder(out, _identity(settings, glyphs), _DEFAULTS)
    return settings


def open_run(
    settings: RecognizerSettings, glyphs: LabeledGlyphs, out: Path, device: torch.device
) -> Engine[RecognizerTask]:
    """Make the folder of a run, or open it to go on; return what trains.

    Args:
        settings: of the run; without a budget it gets the one that fits the characters.
        glyphs: what to learn from.
        out: the run's folder.
        device: where to compute.

    Raises:
        UsageError: the folder holds something else, or the fonts to hold out are unknown.
        CheckpointError: what it goes on from is damaged.
    """
    settings = check_run(settings, glyphs, out)
    folder = RunFolder(out, _identity(settings, glyphs), _DEFAULTS)
    task = RecognizerTask(settings, glyphs, device)
    limits = Limits(settings.images, settings.minutes, settings.save_every, log_steps=_LOG_STEPS)
    return Engine(task, limits, folder)


class RecognizerTask(Task):
    """A recognizer that learns to read the fonts of some stores, but for those that it is measured on.

    Args:
        settings: of the run.
        glyphs: what to learn from.
        device: where to compute.

    Raises:
        UsageError: the fonts to hold out are unknown.
    """

    def __init__(self, settings: RecognizerSettings, glyphs: LabeledGlyphs, device: torch.device) -> None:
        self.settings, self.glyphs, self.device = settings, glyphs, device
        self.held_out = glyphs.held_out_fonts(settings.holdout_fonts, settings.seed)
        self.fonts = [name for name in glyphs.fonts if name not in self.held_out]
        self._learned = glyphs.of_fonts(self.fonts)
        torch.manual_seed(settings.seed)
        self.recognizer = Recognizer(glyphs.charset, _side(glyphs.size), settings.width)
        self.recognizer.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = torch.optim.AdamW(
            self.recognizer.parameters(), lr=settings.lr, weight_decay=_DECAY, fused=True
        )
        self._measured: dict[str, Any] = {}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back the weights and the optimizer."""
        self.recognizer.load_state_dict(checkpoint.select("model.", tensors))
        checkpoint.restore_optimizer(_PHASE, self.optimizer, tensors)

    def is_complete(self, engine: Engine[Any]) -> bool:
        """Tell whether it was calibrated and measured."""
        return bool(engine.folder.measurements())

    def begin(self, engine: Engine[Any]) -> None:
        """Switch to training mode."""
        self.recognizer.train()

    def set_rate(self, share: float) -> None:
        """Let the rate rise early, then fall by cosine to zero."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.lr * _rate(share)

    def step(self, images: int) -> tuple[int, Mapping[str, Tensor]]:
        """Take one step; return its cross entropy and its accuracy."""
        settings = self.settings
        shown, labels = self.glyphs.batch(self._learned, images, settings.batch, settings.seed)
        random = torch.Generator().manual_seed(derive(settings.seed, "recognizer variation", images))
        shown, labels = shown.to(self.device), labels.to(self.device)
        if settings.augment:
            shown = augment(shown, random)
        logits = self.recognizer(shown)
        loss = F.cross_entropy(logits, labels, label_smoothing=_SMOOTHING)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        right = (logits.argmax(1) == labels).float().mean()
        return settings.batch, {"category": loss.detach(), "accuracy": right}

    def state(self) -> dict[str, Tensor]:
        """Return the weights and the optimizer's state."""
        tensors = {f"model.{name}": tensor for name, tensor in self.recognizer.state_dict().items()}
        return tensors | checkpoint.optimizer_tensors(_PHASE, self.optimizer)

    def facts(self, engine: Engine[Any]) -> dict[str, Any]:
        """Return what it learned from."""
        known = {"images": engine.images, "seed": self.settings.seed}
        return known | {"fonts": self.fonts, "held_out": list(self.held_out)}

    def write(self, engine: Engine[Any]) -> None:
        """Write the recognizer."""
        facts = self.facts(engine) | {"measured": self._measured}
        save_recognizer(engine.folder.path / RECOGNIZER, self.recognizer, facts)

    def end(self, engine: Engine[Any]) -> None:
        """Calibrate and measure on fonts it never saw, and save that, if the budget is spent."""
        if not engine.done:
            return
        recognizer, glyphs = self.recognizer, self.glyphs
        which = glyphs.of_fonts(self.held_out)
        if len(which):
            which = generator(self.settings.seed, "calibration").permutation(which)[:_CALIBRATION]
            recognizer.temperature.fill_(find_temperature(read(recognizer, glyphs, which), glyphs.labels(which)))
        recognizer.floors = floors(recognizer, glyphs)
        self._measured = by_font(recognizer, glyphs, self.held_out)
        engine.save()
        engine.folder.record(engine.images, "held-out", {"styles": self._measured})


def _identity(settings: RecognizerSettings, glyphs: LabeledGlyphs) -> dict[str, Any]:
    """Return what makes a run this run."""
    names = {"charset": glyphs.charset, "fonts": list(glyphs.fonts), "glyphs": len(glyphs.char)}
    return {"model": "recognizer", "size": glyphs.size} | names | asdict(settings)


def _side(size: int) -> int:
    """Return the side of the images that the network sees: more than 64 pixels cost time and tell nothing new."""
    return min(64, max(32, size // 32 * 32))


def _rate(done: float) -> float:
    """Return the share of the highest learning rate at a point of the run, 0 to 1."""
    return done / _WARM if done < _WARM else (1 + math.cos(math.pi * (done - _WARM) / (1 - _WARM))) / 2
