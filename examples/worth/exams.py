"""What a recognizer is asked to read: real handwriting by people of one half, or a running hand left out of the making.

``split.json`` parts the writers of the real sets, once: recipes are tuned on one half, and the other is reported.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional

from examples.transfer.run import mnist
from examples.worth.reader import even
from handgen.fonts.charsets import load_charset
from handgen.formats.find import one_dataset
from handgen.formats.findings import Findings
from handgen.sources import traced
from handgen.sources.spec import SourceSpec
from handgen.strokes.hands import ShippedHand, shipped_hands
from handgen.synthesis.prepare import prepare
from handgen.synthesis.request import OFF, Request

HERE = Path(__file__).parent
TEST, TUNING = "test", "tuning"
CHINESE, LETTERS, DIGITS, MNIST = "chinese-mnist", "uji-letters", "digits", "mnist"
RUNNING = ("liu-jian-mao-cao", "zhi-mang-xing", "long-cang")
"""Hands that are left out, each in turn, of all that is learned from; by the names of their fonts."""
ASKED = "零一二三四五六七八九十百千万亿"
# fmt: off
LOOK_ALIKES = (
    "土士干于王工大太天夫人入又白自目日田口囗西酉由甲申电上下卜丰毛手匕乙几丸力刀方女文穴广厂义云元丑互"
    "五玉主雷雪需雨首面匹皿历忆化仁小水木本末禾"
)
# fmt: on
LATIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
SAME = frozenset("cosuvwxzkpy")
"""Letters that only size tells from their capitals; 0 is taken for o."""
_SIDE, _RUNNING_SIDE, _RUNNING_CHARS = 64, 96, 300


@dataclass(frozen=True)
class Exam:
    """Images to be read.

    Attributes:
        chars: what a recognizer has to tell apart, the look-alikes that are not asked included.
        script: ``zh`` or ``latin``: the recipe that draws these characters.
        asked: name of a set -> its images, as ``even`` makes them, and their classes.
        left_out: the running hand that nothing may have; empty for people's handwriting.
    """

    chars: str
    script: str
    asked: dict[str, tuple[Tensor, NDArray[np.int64]]]
    left_out: str = ""

    @contextlib.contextmanager
    def without_hand(self) -> Iterator[None]:
        """Hide the hand that is left out among those that come with handgen."""

        def others(chars: str) -> list[ShippedHand]:
            return [hand for hand in shipped_hands(chars) if hand[1].name != self.left_out]

        with mock.patch.object(traced, "shipped_hands", others) if self.left_out else contextlib.nullcontext():
            yield


def open_exam(name: str, real: Path, fonts: Path, work: Path, half: str) -> Exam:
    """Return an exam.

    Args:
        name: ``CHINESE``, ``LETTERS``, ``DIGITS`` (with ``MNIST``), or one of ``RUNNING``.
        real: folder of the datasets ``chinese-mnist`` and ``uji-letters``, whose samples tell their writers.
        fonts: folder of the Chinese fonts, with the running ones.
        work: folder for what is fetched.
        half: of the writers: ``TEST`` or ``TUNING``.
    """
    if name in RUNNING:
        return _running(name, fonts)
    if name == DIGITS:
        return Exam("0123456789", "latin", _digits(work, half))
    chars = "".join(dict.fromkeys(ASKED + LOOK_ALIKES)) if name == CHINESE else LATIN
    images, classes = _people(real / name, name, chars, half)
    return Exam(chars, "zh" if name == CHINESE else "latin", {name: (even(images, scanned=True), classes)})


def real_samples(name: str, real: Path, work: Path, half: str) -> tuple[Tensor, Tensor]:
    """Return the other half's images and classes: what is learned from where people's handwriting is the set."""
    exam = open_exam(name, real, Path(), work, TUNING if half == TEST else TEST)
    images, classes = zip(*(exam.asked[each] for each in exam.asked if each != MNIST), strict=True)
    return torch.cat(images), torch.as_tensor(np.concatenate(classes))


def _people(path: Path, name: str, chars: str, half: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the images, padded to one square, and the classes of the writers of one half."""
    writers = set(json.loads((HERE / "split.json").read_text(encoding="utf-8"))["sets"][name][half])
    images, labels = [], []
    with one_dataset(path).open() as records:
        for record in records.records(Findings()):
            label = (record.label or b"").decode()
            if (record.meta or {})["writer"] in writers and label and label in chars:
                images.append(_gray(record.image))
                labels.append(chars.index(label))
    side = max(max(image.shape) for image in images)
    padded = [
        np.pad(image, ((0, side - image.shape[0]), (0, side - image.shape[1])), constant_values=255) for image in images
    ]
    return np.stack(padded), np.array(labels)


def _digits(work: Path, half: str) -> dict[str, tuple[Tensor, NDArray[np.int64]]]:
    """Return half of scikit-learn's digits and half of npm's MNIST, in an order of its own."""
    few = load_digits()
    small = torch.as_tensor(255 - few.images * 255 / 16)[:, None].float()
    enlarged = functional.interpolate(small, _SIDE, mode="bicubic").clamp(0, 255)[:, 0].numpy()
    images, labels = [], []
    with one_dataset(mnist(work)).open() as records:
        for record in records.records(Findings()):
            images.append(_gray(record.image))
            labels.append(int(record.label or b""))
    order = np.random.default_rng(0).permutation(len(labels))
    many = torch.as_tensor(np.stack(images)[order])[:, None].float()
    scaled = functional.interpolate(many, _SIDE, mode="bilinear")[:, 0].numpy()
    found = {DIGITS: (enlarged, np.asarray(few.target)), MNIST: (scaled, np.array(labels)[order])}
    parts = {name: _half(len(classes), half) for name, (_, classes) in found.items()}
    return {
        name: (even(drawn[parts[name]], scanned=True), classes[parts[name]]) for name, (drawn, classes) in found.items()
    }


def _gray(data: bytes | None) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data or b"")).convert("L"))


def _half(count: int, half: str) -> slice:
    return slice(count // 2, None) if half == TEST else slice(0, count // 2)


def _running(name: str, fonts: Path) -> Exam:
    """Return 300 common characters as the font of a running hand has them."""
    common = list(load_charset("gb2312-1"))
    chars = "".join(np.random.default_rng(11).permutation(common)[:_RUNNING_CHARS])
    (file,) = fonts.glob(f"{name}.?tf")
    spec = SourceSpec(source="fonts", fonts=str(file), vary=0.0, size=_RUNNING_SIDE)
    drawn = prepare(Request(sources=(spec,), charset=chars, out=Path("unused"), gate=OFF, seed=1, device="cpu"))
    samples = list(drawn.synthesis.samples(0, len(drawn.source.chars)))
    images = np.stack([np.asarray(sample.image) for sample in samples])
    classes = np.array([chars.index(sample.text) for sample in samples])
    return Exam(chars, "zh", {name: (even(images, scanned=True), classes)}, name)
