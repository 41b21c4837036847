"""The settings of a comparison of training sets."""

from __future__ import annotations

from dataclasses import dataclass

from handgen.settings import Settings, setting

SETS, READER = "The sets", "The recognizer"
_MANY = 100


@dataclass(frozen=True)
class TransferSettings(Settings):
    """What is the same for every training set."""

    count: int = setting(
        2000,
        "Images in every training set, of each character as many. A set with fewer repeats them.",
        minimum=2,
        panel=SETS,
    )
    test_share: float = setting(
        0.5,
        "Share of the real set to test on: the last writers, or the last samples of its one writer. "
        "The set 'real' learns from the rest.",
        minimum=0.05,
        maximum=1,
        panel=SETS,
    )
    test_count: int = setting(
        10_000, "Real images to test on at most, of each character as many.", minimum=2, panel=SETS
    )
    size: int = setting(
        0, "Side of all images in pixels, 32 to 64; 0 = 32, or 64 for over 100 characters.", minimum=0, maximum=64,
        panel=SETS,
    )  # fmt: skip
    resolution: int = setting(
        0,
        "Pixels that the longer side of the ink has at most, in every set, before it is scaled to --size. "
        "0 = as in the real set; a glyph store does not know what its samples had (MNIST: 20).",
        minimum=0,
        maximum=256,
        panel=SETS,
    )
    seeds: int = setting(
        3, "Repetitions, each with other samples and other first weights.", minimum=1, maximum=100, panel=READER
    )
    images: int = setting(40_000, "Training budget in images seen, for every set.", minimum=1, panel=READER)
    batch: int = setting(64, "Images per optimizer step.", minimum=2, maximum=4096, panel=READER)
    width: int = setting(16, "Channels of the recognizer's first stage.", minimum=4, maximum=256, panel=READER)
    lr: float = setting(3e-3, "Highest learning rate.", minimum=0, panel=READER)
    augment: bool = setting(
        False, "Vary every image at random while learning, as 'train recognizer' does.", panel=READER
    )
    seed: int = setting(0, "Everything random follows from this number.", minimum=0, maximum=2**31, panel=READER)

    def side(self, characters: int) -> int:
        """Return the side of images of so many characters, in pixels."""
        return self.size or (64 if characters > _MANY else 32)
