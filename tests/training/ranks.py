"""Two ranks of a run, as ``torchrun`` starts them, but forked when torch is imported, which takes longest.

``ranks.py train STORE OUT JOBS`` trains models one after another and leaves the weights of each rank; a job is a model,
settings and a configuration. ``ranks.py kill OUT COMMAND`` runs a command of handgen, whose second rank kills itself
when there is a checkpoint.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import torch._dynamo  # noqa: F401 - each rank would import it with its first optimizer
from safetensors.torch import save_file
from torch.distributed import TCPStore

from handgen.cli import run
from handgen.distributed import join_ranks
from handgen.glyphs.store import GlyphStore
from handgen.models import MODELS
from handgen.training.engine import Engine
from handgen.training.gan import open_run
from handgen.training.plan import plan_training
from handgen.training.settings import TrainSettings


def train(rank, path, out, jobs):
    store, out = GlyphStore(Path(path)), Path(out)
    with join_ranks("cpu") as (ranks, device):
        for name, settings, config in json.loads(jobs):
            plan = plan_training(
                name, TrainSettings(**settings), MODELS.load(name).Config(**config), store, out / name, None, ranks
            )
            engine = open_run(plan, device)
            engine.run(lambda progress: None)
            state = {key: tensor.contiguous() for key, tensor in engine.task.model.state_dict().items()}
            save_file(state, out / f"{name}-{rank}.safetensors")
    return 0


def kill(rank, out, *command):
    if rank == 1:
        step = Engine._step

        def last_step(engine):
            if engine.images >= engine.limits.save_every:
                while not (Path(out) / "state.safetensors").exists():
                    time.sleep(0.01)
                os.kill(os.getpid(), signal.SIGKILL)
            return step(engine)

        Engine._step = last_step
    return run(list(command))


def fork(task, arguments):
    """Run a task in two ranks; return how they end."""
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    own = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(store.port), "TORCHELASTIC_USE_AGENT_STORE": "True"}
    os.environ.update(own | {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"})
    ranks = []
    for rank in range(2):
        pid = os.fork()
        if not pid:
            os.environ.update({"RANK": str(rank), "LOCAL_RANK": str(rank)})
            code = 1
            try:
                code = task(rank, *arguments)
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        ranks.append(pid)
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in ranks]


if __name__ == "__main__":
    ended = fork({"train": train, "kill": kill}[sys.argv[1]], sys.argv[2:])
    print(json.dumps(ended))
    sys.exit(any(ended))
