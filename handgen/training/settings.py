"""The settings of a training run: those that every model shares, and those of an added style."""

from __future__ import annotations

from dataclasses import dataclass

from handgen.losses.adversarial import GAN_LOSSES
from handgen.settings import Settings, setting

RUN, OPTIMIZER, DATA, GAN = "Run", "Optimizer", "Data", "Adversarial game"
ADDED = "A new style from few samples"
PASSES, FEWEST_IMAGES = 30, 1_500
"""The most times that an adapter sees each glyph, unless this would be fewer images in all than the second number."""


@dataclass(frozen=True)
class TrainSettings(Settings):
    """The settings of a run that all models share. Durations are in images seen, not in epochs."""

    images: int = setting(200_000, "Training budget in images seen.", minimum=1, panel=RUN, often=True)
    batch: int = setting(16, "Images per optimizer step.", minimum=2, maximum=4096, panel=RUN, often=True)
    seed: int = setting(
        0, "Everything random follows from this number.", minimum=0, maximum=2**32 - 1, panel=RUN, often=True
    )
    lr: float = setting(1e-3, "Learning rate.", minimum=0, panel=OPTIMIZER, often=True)
    schedule: str = setting(
        "linear",
        "Learning rate over the run: constant; linear = constant, then to 0 over the second half; cosine = to 0.",
        choices=("linear", "cosine", "constant"),
        panel=OPTIMIZER,
    )
    optimizer: str = setting("adam", "Adam, or RMSprop as WGAN's paper.", choices=("adam", "rmsprop"), panel=OPTIMIZER)
    beta1: float = setting(0.5, "Adam's first moment, as DCGAN.", minimum=0, maximum=0.999, panel=OPTIMIZER)
    ema: int = setting(
        8_000, "Half-life in images of the averaged weights that are evaluated and shipped.", minimum=0, panel=OPTIMIZER
    )
    precision: str = setting(
        "auto",
        "Precision of the arithmetic; weights stay fp32. auto = bf16 on GPUs that have it, else fp32.",
        choices=("auto", "fp32", "bf16", "fp16"),
        panel=OPTIMIZER,
        often=True,
    )
    clip_grad: float = setting(0.0, "Bound on the norm of each phase's gradient; 0 = none.", minimum=0, panel=OPTIMIZER)
    accumulate: int = setting(
        1, "Split each batch into so many parts, one after the other, to save memory.", minimum=1, panel=OPTIMIZER
    )
    holdout: float = setting(
        0.1,
        "Share of the characters kept from training, to measure on.",
        minimum=0,
        maximum=0.9,
        panel=DATA,
        often=True,
    )
    holdout_by: str = setting(
        "characters",
        "Hold out whole characters, or single pairs of a character and a style.",
        choices=("characters", "pairs"),
        panel=DATA,
    )
    balance_styles: bool = setting(
        False, "Show every style equally often, however many glyphs it has.", panel=DATA, often=True
    )
    finetune_styles: str = setting("", "Train on these styles only: names, comma-separated.", panel=DATA, often=True)
    forget_styles: bool = setting(False, "Of the styles of --from, keep those alone that --data has.", panel=DATA)
    disjoint: bool = setting(
        False, "For unpaired models: half of the characters from the source, the others from the targets.", panel=DATA
    )
    displace: float = setting(
        0.0,
        "Amount of random distortion, the same in source and target, so that a model follows varied source glyphs.",
        minimum=0,
        maximum=1,
        panel=DATA,
    )
    warp: float = setting(
        0.0,
        "Deform half of the pairs as people deform what they write, source and target alike; 1 = as people differ, as "
        "--vary of synth.",
        minimum=0,
        maximum=1,
        panel=DATA,
    )
    eval_every: int = setting(
        20_000, "Images between measurements on held-out characters.", minimum=1, panel=RUN, often=True
    )
    save_every: int = setting(10_000, "Images between checkpoints and preview grids.", minimum=1, panel=RUN, often=True)
    compile: bool = setting(False, "Use torch.compile: minutes at the start, then faster steps.", panel=RUN)
    deterministic: bool = setting(False, "Use deterministic kernels where torch has them; slower on GPUs.", panel=RUN)
    tensorboard: bool = setting(False, "Write TensorBoard files into the run folder, too.", panel=RUN, often=True)
    gan_loss: str = setting("vanilla", "The adversarial loss.", choices=GAN_LOSSES, panel=GAN, often=True)
    d_steps: int = setting(
        1, "Discriminator steps for each generator step, each with other images.", minimum=1, panel=GAN
    )
    clip_critic: float = setting(0.01, "With wgan: bound on every weight of the critic.", minimum=0, panel=GAN)
    lambda_gp: float = setting(10.0, "With wgan-gp: weight of the gradient penalty.", minimum=0, panel=GAN)
    r1: float = setting(0.0, "Weight of the R1 penalty on the discriminator's gradient.", minimum=0, panel=GAN)
    spectral_norm: bool = setting(False, "Spectral normalization of the discriminator's layers.", panel=GAN)


@dataclass(frozen=True)
class AddSettings(Settings):
    """The settings of adding a style to a trained model."""

    add_style: str = setting(
        "",
        "Name of a style to add: the style in --data is added to the model of --from under this name.",
        panel=ADDED,
        often=True,
    )
    code_images: int = setting(640, "Training budget of the style's code, in images seen.", minimum=0, panel=ADDED)
    adapter_images: int = setting(
        12_000,
        f"Training budget of the adapter, in images seen; at most {PASSES} for each glyph or {FEWEST_IMAGES:,}, "
        "whichever is more.",
        minimum=0,
        panel=ADDED,
    )
    adapter_rank: int = setting(
        4, "Rank of the adapter's matrices; 0 = change all weights of a layer.", minimum=0, maximum=256, panel=ADDED
    )
    adapter_lr: float = setting(2e-3, "Learning rate of the decoder's changes.", minimum=0, panel=ADDED)
    code_lr: float = setting(0.05, "Learning rate of the code.", minimum=0, panel=ADDED)
