"""The settings of a training run that every model shares."""

from __future__ import annotations

from dataclasses import dataclass

from handgen.settings import Settings, setting

RUN, OPTIMISER, DATA = "Run", "Optimiser", "Data"


@dataclass(frozen=True)
class TrainSettings(Settings):
    """How a run learns, whatever the model; counts are in images seen, not epochs."""

    images: int = setting(200_000, "Training budget in images seen.", minimum=1, panel=RUN)
    batch: int = setting(16, "Images per optimiser step.", minimum=2, maximum=4096, panel=RUN)
    seed: int = setting(0, "Everything random follows from this number.", minimum=0, maximum=2**32 - 1, panel=RUN)
    lr: float = setting(
        1e-3, "Learning rate (Adam); constant, then to zero over the second half.", minimum=0, panel=OPTIMISER
    )
    beta1: float = setting(0.5, "Adam's first moment, as DCGAN.", minimum=0, maximum=0.999, panel=OPTIMISER)
    ema: int = setting(
        8_000, "Half-life in images of the averaged weights that are evaluated and shipped.", minimum=0, panel=OPTIMISER
    )
    precision: str = setting(
        "auto",
        "fp32 or bf16; auto takes bf16 on GPUs that have it.",
        choices=("auto", "fp32", "bf16"),
        panel=OPTIMISER,
    )
    holdout: float = setting(
        0.1, "Share of the characters kept from training, to measure on.", minimum=0, maximum=0.9, panel=DATA
    )
    finetune_styles: str = setting("", "Train on these styles only: names, comma-separated.", panel=DATA)
    eval_every: int = setting(20_000, "Images between measurements on held-out characters.", minimum=1, panel=RUN)
    save_every: int = setting(10_000, "Images between checkpoints and preview grids.", minimum=1, panel=RUN)
