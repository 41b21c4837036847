"""Trains a model as one rank under torchrun and leaves its weights: ``ranks.py STORE OUT SETTINGS MODEL CONFIG``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from safetensors.torch import save_file

from handgen.distributed import join_ranks
from handgen.glyphs.store import GlyphStore
from handgen.models import MODELS
from handgen.training.gan import open_run
from handgen.training.plan import plan_training
from handgen.training.settings import TrainSettings

if __name__ == "__main__":
    store, out = GlyphStore(Path(sys.argv[1])), Path(sys.argv[2])
    settings, name = TrainSettings(**json.loads(sys.argv[3])), sys.argv[4]
    config = MODELS.load(name).Config(**json.loads(sys.argv[5]))
    with join_ranks("cpu") as (ranks, device):
        run = out / "run"
        engine = open_run(plan_training(name, settings, config, store, run, None, ranks), device)
        engine.run(lambda progress: None)
        state = {name: tensor.contiguous() for name, tensor in engine.task.model.state_dict().items()}
        save_file(state, out / f"rank{ranks.rank}.safetensors")
