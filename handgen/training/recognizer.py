"""Training of the recognizer: cross entropy on augmented glyphs, then calibration on held-out fonts."""

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
"""Settings that runs of earlier versions lack, with the values that these runs had."""
_LOG_STEPS = 20
_CALIBRATION = 4096
"""The most held-out glyphs that the temperature is computed from."""
_WARM = 0.05
"""Share of the run in which the learning rate rises."""
_SMOOTHING, _DECAY = 0.1, 0.02
"""Label smoothing and weight decay."""
_PER_CHARACTER, _FEWEST = 200, 50_000
"""The default budget: images for each character, and the fewest images of a run."""


@dataclass(frozen=True)
class RecognizerSettings(Settings):
    """The settings of a recognizer and of its training."""

    images: int = setting(
        0, f"Training budget in images seen; 0 = {_PER_CHARACTER} for each character, at least {_FEWEST:,}.", minimum=0
    )
    minutes: float = setting(
        0.0, "Also end after this time; the learning rate then falls with the time. 0 = no limit.", minimum=0
    )
    batch: int = setting(128, "Images per optimizer step.", minimum=2, maximum=4096)
    lr: float = setting(3e-3, "Highest learning rate; it rises at first, then falls to 0 by a cosine.", minimum=0)
    width: int = setting(16, "Channels of the first layer; they double three times.", minimum=4, maximum=256)
    augment: bool = setting(True, "Augment images: rotation, distortion, line width, faint ink, noise.")
    holdout_fonts: str = setting("3", "Fonts to measure on: how many, or their names with commas.")
    save_every: int = setting(50_000, "Images between checkpoints.", minimum=1)
    seed: int = setting(0, "Everything random follows from this number.", minimum=0, maximum=2**32 - 1)

    def fitted(self, characters: int) -> RecognizerSettings:
        """Return these settings; if ``images`` is 0, with the default budget for a number of characters."""
        return self if self.images else replace(self, images=max(_FEWEST, _PER_CHARACTER * characters))


def check_run(settings: RecognizerSettings, glyphs: LabeledGlyphs, out: Path) -> RecognizerSettings:
    """Check a run without writing anything; return its settings with the budget filled in.

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
    """Create the folder of a run, or open it to resume the run; return the engine.

    Args:
        settings: the settings of the run.
        glyphs: the training data.
        out: the run folder.
        device: where to compute.

    Raises:
        UsageError: the folder holds something else, or the fonts to hold out are unknown.
        CheckpointError: the state in the folder is damaged.
    """
    settings = check_run(settings, glyphs, out)
    folder = RunFolder(out, _identity(settings, glyphs), _DEFAULTS)
    task = RecognizerTask(settings, glyphs, device)
    limits = Limits(settings.images, settings.minutes, settings.save_every, log_steps=_LOG_STEPS)
    return Engine(task, limits, folder)


class RecognizerTask(Task):
    """A recognizer that learns to read all fonts except the held-out ones.

    Args:
        settings: the settings of the run.
        glyphs: glyphs of all fonts.
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
        """Load the weights and the state of the optimizer."""
        self.recognizer.load_state_dict(checkpoint.select("model.", tensors))
        checkpoint.restore_optimizer(_PHASE, self.optimizer, tensors)

    def is_complete(self, engine: Engine[Any]) -> bool:
        """Return whether the recognizer was calibrated and measured after its last step."""
        return any(line["images"] == engine.images for line in engine.folder.measurements())

    def begin(self, engine: Engine[Any]) -> None:
        """Switch to training mode."""
        self.recognizer.train()

    def set_rate(self, share: float) -> None:
        """Set the learning rate: it rises at first, then falls to 0 by a cosine."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.lr * _rate(share)

    def step(self, images: int) -> tuple[int, Mapping[str, Tensor]]:
        """Take one step; return the size of the batch, and its cross entropy and accuracy."""
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
        """Return images seen, seed, training fonts and held-out fonts."""
        known = {"images": engine.images, "seed": self.settings.seed}
        return known | {"fonts": self.fonts, "held_out": list(self.held_out)}

    def write(self, engine: Engine[Any]) -> None:
        """Write the recognizer's file."""
        facts = self.facts(engine) | {"measured": self._measured}
        save_recognizer(engine.folder.path / RECOGNIZER, self.recognizer, facts)

    def end(self, engine: Engine[Any]) -> None:
        """If the budget is spent: calibrate, measure on the held-out fonts, and save again."""
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
    """Return everything that the result of a run depends on."""
    names = {"charset": glyphs.charset, "fonts": list(glyphs.fonts), "glyphs": len(glyphs.char)}
    return {"model": "recognizer", "size": glyphs.size} | names | asdict(settings)


def _side(size: int) -> int:
    """Return the side of the network's input for glyphs of ``size`` pixels: a multiple of 32, at most 64, for speed."""
    return min(64, max(32, size // 32 * 32))


def _rate(done: float) -> float:
    """Return the learning rate as a share of the highest; ``done`` is how much of the run is done, 0 to 1."""
    return done / _WARM if done < _WARM else (1 + math.cos(math.pi * (done - _WARM) / (1 - _WARM))) / 2
