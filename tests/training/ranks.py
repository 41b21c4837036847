"""Trains a model as one rank under torchrun and leaves its weights: ``ranks.py STORE OUT SETTINGS MODEL CONFIG``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from safetensors.torch import save_file

from handgen.distributed import joined
from handgen.glyphs.store import GlyphStore
from handgen.models import MODELS
from handgen.training.loop import Trainer
from handgen.training.settings import TrainSettings

if __name__ == "__main__":
    store, out = GlyphStore(Path(sys.argv[1])), Path(sys.argv[2])
    settings, name = TrainSettings(**json.loads(sys.argv[3])), sys.argv[4]
    config = MODELS.load(name).Config(**json.loads(sys.argv[5]))
    with joined("cpu") as (world, device):
        run = out / "run"
        trainer = Trainer(name, settings, config, store, run, device, None, world)
        trainer.run(lambda progress: None)
        state = {name: tensor.contiguous() for name, tensor in trainer.model.state_dict().items()}
        save_file(state, out / f"rank{world.rank}.safetensors")
