"""What sets are worth on real handwriting: the tables of README.md, made again.

    python -m examples.worth.run --real FOLDER --chinese FOLDER --latin FOLDER

FOLDER after --real holds the datasets ``chinese-mnist`` and ``uji-letters``, whose samples tell their writers
(README.md says where they are from); the others hold fonts, the Chinese ones with the three running hands. A row is a
set, a cell some networks that learned from it, each of another seed. What is measured is kept, and the same command
goes on.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from examples.tables import markdown
from examples.worth.exams import (
    CHINESE,
    DIGITS,
    LATIN,
    LETTERS,
    RUNNING,
    SAME,
    TEST,
    TUNING,
    Exam,
    open_exam,
    real_samples,
)
from examples.worth.reader import Draw, even, learn
from handgen.checkpoints.files import peek
from handgen.checkpoints.find import find_model
from handgen.sources.spec import SourceSpec
from handgen.synthesis.options import make_request
from handgen.synthesis.prepare import prepare
from handgen.synthesis.request import OFF, Request
from handgen.synthesis.usual import with_usual_sources

EXAMS = (CHINESE, LETTERS, DIGITS, *RUNNING)
IMAGES = {CHINESE: 30_000, LETTERS: 30_000, DIGITS: 20_000} | dict.fromkeys(RUNNING, 40_000)
"""What a network sees."""
PARTS = {"fonts": "fonts", "traced": "pen"}
"""Source of a recipe -> what it is called here."""
GAN, WITH_GAN, REAL, INSTALLED = "gan", "with-gan", "real", "installed"
SETS = {
    "fonts": "fonts as they are",
    "warped": "fonts, deformed, no ink",
    "scanned": "fonts, deformed, with ink and grain",
    GAN: "a GAN alone, with ink and grain",
    "pen": "the pen alone, with ink and grain",
    "default": "the default with fonts at hand",
    WITH_GAN: "the same with a sixth of the GAN",
    INSTALLED: "the default as installed",
    REAL: "real handwriting of the other half",
}
FONTS = ("fonts", "warped", "scanned")
"""All fonts, display faces too; a recipe takes those at hand that look written by hand."""
BARE = {"fonts": 0.0, "warped": 1.0}
"""Fonts without ink -> how much they are deformed."""
KEPT = {"pen": ("pen",), GAN: (GAN,), "default": ("fonts", "pen")}
"""Parts of the recipe, and the GAN of its name; without fonts the recipe is the pen alone."""
_FEW = 5


@dataclass(frozen=True)
class Cell:
    """One network: what it learns from, what it reads, its seed, and how many real samples of each character it has."""

    learned: str
    exam: str
    seed: int
    shots: int

    def __str__(self) -> str:
        return f"{self.learned}{f'+real{self.shots}' if self.shots else ''} {self.exam} {self.seed}"


def request_of(learned: str, exam: Exam, fonts: str) -> Request:
    """Return what draws a set: the recipe of the script, a part of it, or the recipe with the GAN of its name.

    Args:
        learned: one of ``SETS``, but ``REAL``.
        exam: what will be read.
        fonts: files, with commas, which ``FONTS`` draw; a recipe takes what is at hand.
    """
    recipe = make_request(recipe=Path(exam.script), charset=exam.chars, gate=OFF)
    if learned == INSTALLED:
        return with_usual_sources(recipe)[0]
    parts = {PARTS[spec.source]: spec for spec in recipe.sources}
    if learned in FONTS:
        vary = BARE.get(learned, parts["fonts"].vary)
        alone = dataclasses.replace(parts["fonts"], fonts=fonts, vary=vary)
        return dataclasses.replace(recipe, sources=(alone,), degrade="none" if learned in BARE else recipe.degrade)
    sixth = sum(spec.share for spec in parts.values()) / 5
    parts[GAN] = SourceSpec(source=exam.script, share=sixth, vary=0.6)
    if exam.left_out:
        hands = peek(find_model(Path(exam.script), [])).style_names
        parts[GAN] = dataclasses.replace(parts[GAN], styles=",".join(hand for hand in hands if hand != exam.left_out))
    return dataclasses.replace(recipe, sources=tuple(parts[part] for part in KEPT.get(learned, parts)))


def drawing(request: Request, exam: Exam, seed: int) -> Draw:
    """Return what draws new samples of a set, each time others."""
    with exam.without_hand():
        made = prepare(dataclasses.replace(request, seed=1000 + seed, out=Path("unused"), device="cpu")).synthesis
    class_of = {char: number for number, char in enumerate(exam.chars)}
    at = 0

    def draw(count: int) -> tuple[torch.Tensor, torch.Tensor]:
        nonlocal at
        samples = list(made.samples(at, at + count))
        at += count
        images = [_gray(np.asarray(sample.image)) for sample in samples]
        alike = len({image.shape for image in images}) == 1
        evened = even(np.stack(images)) if alike else torch.cat([even(image[None]) for image in images])
        return evened, torch.as_tensor([class_of[sample.text] for sample in samples])

    return draw


def _gray(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    gray: NDArray[np.float32] = (image if image.ndim == 2 else image.mean(2)).astype(np.float32)
    return gray


def again(images: torch.Tensor, classes: torch.Tensor, seed: int) -> Draw:
    """Return what shows images at hand again and again, in an order of its own."""
    rng = torch.Generator().manual_seed(seed)

    def draw(count: int) -> tuple[torch.Tensor, torch.Tensor]:
        rows = torch.randint(len(images), (count,), generator=rng)
        return images[rows], classes[rows]

    return draw


def few_of(images: torch.Tensor, classes: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return so many images of each class, and their classes."""
    rng, labels = np.random.default_rng(_FEW), classes.numpy()
    rows = np.concatenate([rng.permutation(np.flatnonzero(labels == each))[:count] for each in np.unique(labels)])
    return images[rows], classes[rows]


def folded(char: str) -> str:
    """Return one letter for those that only size tells apart."""
    return {"0": "o"}.get(char) or (char.lower() if char.lower() in SAME else char)


class Measuring:
    """All cells that are asked for, and what is known of them: one JSON object a line in ``results.jsonl``."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.file: Path = given.work / "results.jsonl"
        self.done: dict[str, dict[str, Any]] = {}
        if self.file.is_file():
            for line in self.file.read_text(encoding="utf-8").splitlines():
                found = json.loads(line)
                self.done[found["cell"]] = found["read"]

    def measure(self, cell: Cell) -> None:
        """Teach a network and have it read, unless that is done."""
        if str(cell) in self.done:
            return
        given, began = self.given, time.monotonic()
        exam = open_exam(cell.exam, given.real, given.chinese, given.work, given.half)
        torch.manual_seed(cell.seed)
        if cell.learned == REAL and exam.left_out:  # there is none of a font's hand
            return
        if cell.learned == WITH_GAN and exam.script == "latin":  # it draws at another size
            return
        draw = self._draw(cell, exam)
        few = few_of(*real_samples(cell.exam, given.real, given.work, given.half), cell.shots) if cell.shots else None
        reader = learn(draw, len(exam.chars), given.images or IMAGES[cell.exam], cell.seed, few)
        read: dict[str, float] = {}
        for name, (images, classes) in exam.asked.items():
            said = reader.read(images)
            read[name] = round(float((said == classes).mean()), 4)
            if exam.chars == LATIN:
                alike = [folded(exam.chars[a]) == folded(exam.chars[b]) for a, b in zip(said, classes, strict=True)]
                read[f"{name}, case folded"] = round(float(np.mean(alike)), 4)
        self.done[str(cell)] = read
        given.work.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"cell": str(cell), "read": read}) + "\n")
        print(f"{cell}: {read} in {time.monotonic() - began:.0f} s", flush=True)

    def _draw(self, cell: Cell, exam: Exam) -> Draw:
        given = self.given
        if cell.learned == REAL:
            return again(*real_samples(cell.exam, given.real, given.work, given.half), cell.seed)
        folder = given.chinese if exam.script == "zh" else given.latin
        kept = sorted(file for file in folder.glob("*.?tf") if file.stem != exam.left_out)
        fonts = [file for file in kept if exam.left_out or file.stem not in RUNNING]
        at_hand: Path = given.work / "at-hand" / ("none" if cell.learned == INSTALLED else cell.exam)
        at_hand.mkdir(parents=True, exist_ok=True)
        for file in [] if cell.learned == INSTALLED else fonts:
            if not (at_hand / file.name).exists():
                (at_hand / file.name).symlink_to(file.resolve())
        os.environ["HANDGEN_FONTS"] = str(at_hand)
        return drawing(request_of(cell.learned, exam, ",".join(map(str, fonts))), exam, cell.seed)

    def table(self, exams: list[str], sets: list[str]) -> str:
        """Return the table: a row a set, a column an exam, mean and standard deviation in percent."""
        names = dict.fromkeys(name for read in self.done.values() for name in read)
        columns = [(exam, name) for exam in exams for name in names if self._values(exam, name, None)]
        rows = []
        for learned in sets:
            cells = [self._values(exam, name, learned) for exam, name in columns]
            if any(cells):
                rows.append([SETS[learned], *(_told(values) for values in cells)])
        return markdown(["trained on", *(name for _, name in columns)], rows)

    def _values(self, exam: str, name: str, learned: str | None) -> list[float]:
        pattern = re.compile(rf"{re.escape(learned) if learned else '[a-z-]+'}(\+real\d+)? {exam} \d+")
        wanted = f"+real{self.given.shots}" if self.given.shots else None
        return [
            100 * read[name]
            for cell, read in self.done.items()
            if (found := pattern.fullmatch(cell)) and found[1] == wanted and name in read
        ]


def _told(values: list[float]) -> str:
    if not values:
        return ""
    return f"{statistics.mean(values):.1f}" + (f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else "")


def _some(known: tuple[str, ...]) -> Callable[[str], list[str]]:
    def parsed(text: str) -> list[str]:
        names = text.split(",")
        if strange := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(strange)}; known: {', '.join(known)}")
        return names

    return parsed


def main() -> None:
    """Measure what is asked for, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=Path, required=True, help="folder of chinese-mnist and uji-letters")
    parser.add_argument("--chinese", type=Path, required=True, help="folder of Chinese fonts")
    parser.add_argument("--latin", type=Path, required=True, help="folder of Latin fonts")
    parser.add_argument("--exams", type=_some(EXAMS), default=list(EXAMS), help=f"some of {','.join(EXAMS)}")
    parser.add_argument("--sets", type=_some(tuple(SETS)), default=list(SETS), help=f"some of {','.join(SETS)}")
    parser.add_argument("--seeds", type=int, default=3, help="networks a cell")
    parser.add_argument("--images", type=int, default=0, help="that each sees; 20,000 to 40,000 by exam, unless given")
    parser.add_argument("--shots", type=int, default=0, help="real samples of each character, a quarter of each batch")
    parser.add_argument("--half", choices=(TEST, TUNING), default=TEST, help="of the writers, who are read")
    parser.add_argument("--work", type=Path, default=Path("worth"), help="folder for results")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    measuring = Measuring(given)
    for seed in range(1, given.seeds + 1):
        for exam in given.exams:
            for learned in given.sets:
                measuring.measure(Cell(learned, exam, seed, given.shots))
    print(measuring.table(given.exams, given.sets))


if __name__ == "__main__":
    main()
