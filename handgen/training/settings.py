"""The settings of a training run: those that every model shares, and those of an added style."""

from __future__ import annotations

from dataclasses import dataclass

from handgen.losses.adversarial import GAN_LOSSES
from handgen.settings import Settings, setting

RUN, OPTIMIZER, DATA, GAN = "Run", "Optimizer", "Data", "Adversarial game"
ADDED = "A new style from few samples"
PASSES, FEWEST_IMAGES = 30, 1_500
"""Times that an adapter sees each glyph at most, and images that it needs."""


@dataclass(frozen=True)
class TrainSettings(Settings):
    """How a run learns, whatever the model; counts are in images seen, not epochs."""

    images: int = setting(200_000, "Training budget in images seen.", minimum=1, panel=RUN, often=True)
    batch: int = setting(16, "Images per optimizer step.", minimum=2, maximum=4096, panel=RUN, often=True)
    seed: int = setting(
        0, "Everything random follows from this number.", minimum=0, maximum=2**32 - 1, panel=RUN, often=True
    )
    lr: float = setting(1e-3, "Learning rate.", minimum=0, panel=OPTIMIZER, often=True)
    schedule: str = setting(
        "linear",
        "The rate over the run: constant; linear = constant, then to zero over the second half; cosine = to zero.",
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
        "Of the arithmetic; weights stay fp32. auto takes bf16 on GPUs that have it, else fp32.",
        choices=("auto", "fp32", "bf16", "fp16"),
        panel=OPTIMIZER,
        often=True,
    )
    clip_grad: float = setting(0.0, "Bound on the norm of each phase's gradient; 0 = none.", minimum=0, panel=OPTIMIZER)
    accumulate: int = setting(
        1, "Parts that a batch is learned from one after the other, to save memory.", minimum=1, panel=OPTIMIZER
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
    disjoint: bool = setting(
        False, "Show an unpaired model no character in both source and targets: each has half of them.", panel=DATA
    )
    displace: float = setting(
        0.0,
        "How far strokes are moved at random, alike in content and target; for models that are given varied content.",
        minimum=0,
        maximum=1,
        panel=DATA,
    )
    eval_every: int = setting(
        20_000, "Images between measurements on held-out characters.", minimum=1, panel=RUN, often=True
    )
    save_every: int = setting(10_000, "Images between checkpoints and preview grids.", minimum=1, panel=RUN, often=True)
    compile: bool = setting(False, "Compile the model first (torch.compile): minutes once, faster steps.", panel=RUN)
    deterministic: bool = setting(
        False, "Use only arithmetic that repeats bit by bit, where torch has it; slower on GPUs.", panel=RUN
    )
    tensorboard: bool = setting(False, "Write TensorBoard files into the run folder, too.", panel=RUN, often=True)
    gan_loss: str = setting("vanilla", "The adversarial loss.", choices=GAN_LOSSES, panel=GAN, often=True)
    d_steps: int = setting(
        1, "Steps of the discriminator for one of the generator, each with images of its own.", minimum=1, panel=GAN
    )
    clip_critic: float = setting(0.01, "With wgan: bound on every weight of the critic.", minimum=0, panel=GAN)
    lambda_gp: float = setting(10.0, "With wgan-gp: weight of the gradient penalty.", minimum=0, panel=GAN)
    r1: float = setting(0.0, "Weight of the penalty on the gradient at real images.", minimum=0, panel=GAN)
    spectral_norm: bool = setting(False, "Bound every discriminator layer's spectral norm.", panel=GAN)


@dataclass(frozen=True)
class AddSettings(Settings):
    """How a style is added to a trained model."""

    add_style: str = setting(
        "",
        "Learn the style in --data as one more style of the model of --from, and call it so.",
        panel=ADDED,
        often=True,
    )
    code_images: int = setting(640, "Images that find the style's code.", minimum=0, panel=ADDED)
    adapter_images: int = setting(
        12_000,
        f"Images that adapt the decoder, at most: {PASSES} for each glyph, and no fewer than {FEWEST_IMAGES:,}, do.",
        minimum=0,
        panel=ADDED,
    )
    adapter_rank: int = setting(
        4, "Rank of what is added to a layer; 0 = change all its weights.", minimum=0, maximum=256, panel=ADDED
    )
    adapter_lr: float = setting(2e-3, "Learning rate of the decoder's changes.", minimum=0, panel=ADDED)
    code_lr: float = setting(0.05, "Learning rate of the code.", minimum=0, panel=ADDED)
