"""The comparison itself: for each repetition and each training set one recognizer, tested on the same real images.

A folder keeps what is finished, so that the same command goes on, and a further set or repetition costs only its own:

transfer.json   what is the same for all sets; a comparison with other settings is refused
sets/           the training sets, glyph stores
cells/          a result for each set and repetition
sets.png        some images of every set, and of the test
results.json    the table
results.png     the table as a plot
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from handgen.devices import resolve_device
from handgen.errors import UsageError
from handgen.files import write_json
from handgen.fonts.charsets import load_charset
from handgen.glyphs.contact_sheet import save_sheet
from handgen.glyphs.store import MANIFEST, GlyphStore
from handgen.ocr.reader import RECOGNIZER, load_reader
from handgen.synthesis.recipe import shipped
from handgen.training.read_glyphs import LabeledGlyphs
from handgen.training.recognizer import RecognizerSettings, open_run
from handgen.transfer import UNION
from handgen.transfer.fresh import FreshGlyphs
from handgen.transfer.plot import save_plot
from handgen.transfer.pools import open_real, parted, read_pool
from handgen.transfer.sets import Evened, Exam, TrainingSet, different, resolution_of
from handgen.transfer.settings import DIGITS, TransferRequest, real_name
from handgen.transfer.sources import Mixed, Pooled, Source
from handgen.transfer.training_sets import Materials, find_source, parts_of
from handgen.version import __version__

ABOUT, SETS, CELLS, TRAINING = "transfer.json", "sets", "cells", "training"
RESULTS, PLOT, SHEET = "results.json", "results.png", "sets.png"
_SHOWN, _CELL = 24, 32
_FORM = 2
"""Of how images are brought to one form: results of another cannot be compared."""
_BEFORE = {"fresh": False, "form": 1}
"""Settings that older comparisons did not have."""
_YAML = (".yaml", ".yml")
_REAL = re.compile(r"(^|\+)real\d*($|\+)")
"""Finds a part of the real set in the name of a set."""

Watch = Callable[[str, int], None]
"""Told what is being done, and how many images of the whole comparison have been learned from."""


class Transfer:
    """A comparison made ready: everything is found and checked, nothing is written yet.

    Raises:
        UsageError: there is no real set, no training set of a name, or no character that all of them have.
        HandgenError: something is damaged, or not installed.
    """

    def __init__(self, request: TransferRequest) -> None:
        self.request, settings = request, request.settings
        (self.real,) = request.real
        self._device = resolve_device(request.device)
        pool = open_real(self.real)
        if request.charset:
            pool = pool.of(load_charset(request.charset))
        left, test = parted(pool, settings.test_share) if len(pool) else (pool, pool)
        materials = Materials(
            chars=test.charset if len(test) else "",
            data=request.stores,
            fonts=request.fonts,
            model=request.model,
            recognizer=request.recognizer,
            styles=request.styles,
            strokes=request.strokes,
            left=left,
            real=None if self.real == DIGITS else Path(self.real),
            device=self._device,
        )
        if len(materials.chars) < 2:
            raise UsageError(
                f"the real set {self.real} has {len(materials.chars)} of the characters asked for",
                "At least two are needed: look at --charset, and at what the set holds.",
            )
        sources = self._sources(materials)
        self.chars = self._common(materials.chars, sources)
        if settings.count < len(self.chars):
            raise UsageError(
                f"--count {settings.count} is less than one image for each of {len(self.chars):,} characters",
                "Give more, or a smaller --charset.",
            )
        self.left_out = "".join(char for char in materials.chars if char not in self.chars)
        test = test.of(self.chars).evenly(settings.test_count, settings.seed)
        self.even = Evened(settings.side(len(self.chars)), settings.resolution or resolution_of(test, settings.seed))
        self.exam = Exam.of(test, self.chars, self.even)
        keys = self.exam.keys()
        self.sets = {
            name: TrainingSet(name, source, self.chars, settings.count, self.even, keys, apart=bool(_REAL.search(name)))
            for name, source in sources.items()
        }
        self._writers = len(np.unique(test.writers))
        self._check()

    def _sources(self, materials: Materials) -> dict[str, Source]:
        """Make the sources of all sets, in order."""
        request = self.request
        given = {name: _given(name, path, materials) for name, path in request.sets.items()}
        wanted = [part for name in request.compared() for part in parts_of(name, given, materials)]
        names = request.with_shots(dict.fromkeys(wanted))
        sources = {name: find_source(name, given, materials) for name in names if name != UNION}
        if UNION in names:
            parts = {name: source for name, source in sources.items() if "+" not in name and not _REAL.search(name)}
            if len(parts) < 2:
                raise UsageError("a union needs two sets beside 'real'", "Leave it out, or name more sets.")
            sources = {name: sources.get(name) or Mixed(parts) for name in names}
        return sources

    def _common(self, chars: str, sources: Mapping[str, Source]) -> str:
        """Return the characters that all sets have."""
        common = "".join(char for char in chars if all(char in source.chars for source in sources.values()))
        if len(common) < 2:
            has = ", ".join(f"{name}: {len(set(source.chars) & set(chars)):,}" for name, source in sources.items())
            raise UsageError(
                f"the sets have {len(common)} of the real set's {len(chars):,} characters in common ({has})",
                "Leave out the set that lacks them, or render and train with the real set's characters.",
            )
        return common

    @property
    def total(self) -> int:
        """Images that are learned from in the whole comparison."""
        return len(self.sets) * self.request.settings.seeds * self.request.settings.images

    def plan(self) -> dict[str, Any]:
        """Return what will be done, for a person."""
        settings = self.request.settings
        drawn = "new ones at every step" if settings.fresh else f"{settings.count:,} in each set"
        about_each = [(name, made.source.about()) for name, made in self.sets.items()]
        writers = f"{self._writers:,} writers" if self._writers > 1 else "one writer, or writers without names"
        left_out = {"left out": f"{len(self.left_out):,} characters that a set lacks"} if self.left_out else {}
        return {
            "real": f"{self.real}: tested on {len(self.exam.labels):,} images by {writers}",
            "characters": f"{len(self.chars):,}",
            **left_out,
            "sets": ", ".join(name + (about and f" ({about})") for name, about in about_each),
            "images": f"{drawn}; ink at most {self.even.resolution} pixels, scaled to {self.even.size}",
            "learning": f"{settings.images:,} images seen, {settings.seeds} times a set, "
            + ("varied at random" if settings.augment else "as they are"),
            "out": str(self.request.out),
        }

    def shared(self) -> dict[str, Any]:
        """Return what is the same for all sets, and decides the results."""
        settings = {name: value for name, value in asdict(self.request.settings).items() if name != "seeds"}
        exam = hashlib.sha256(self.exam.images.tobytes() + self.exam.labels.tobytes()).hexdigest()
        even = {"size": self.even.size, "resolution": self.even.resolution}
        return {"characters": self.chars, "exam": exam, "form": _FORM} | settings | even

    def run(self, watch: Watch) -> bool:
        """Do what is not done yet; return whether all is.

        Raises:
            UsageError: the folder holds something else, or a set that was another when it was measured.
        """
        settings = self.request.settings
        self._claim()
        done = 0
        for repetition in range(settings.seeds):
            for name in self.sets:
                cell = self._cell(name, repetition)
                if not cell.is_file():
                    result = self._measure(name, repetition, _beyond(done, watch))
                    if result is None:
                        return False
                    write_json(cell, result)
                    shutil.rmtree(self._training(name, repetition), ignore_errors=True)
                done += settings.images
                watch(f"{name}, repetition {repetition + 1}", done)
        self._finish()
        return True

    def _check(self) -> None:
        """Refuse a folder that holds something else; nothing is written."""
        out, about = self.request.out, self.request.out / ABOUT
        shared = json.loads(json.dumps(self.shared()))
        if about.is_file():
            before = _BEFORE | json.loads(about.read_text(encoding="utf-8"))
            other = sorted(
                key for key in {**before, **shared} if before.get(key) != shared.get(key) and key != "handgen"
            )
            if other:
                raise UsageError(f"{out} holds a comparison with another {', '.join(other)}", "Choose another --out.")
        elif out.is_dir() and any(out.iterdir()):
            raise UsageError(f"{out} is not empty and holds no comparison", "Choose another --out.")
        for name in self.sets:
            for cell in (out / CELLS).glob(f"{name}-[0-9]*.json"):
                if json.loads(cell.read_text(encoding="utf-8")).get("identity") != self._identity(name):
                    raise UsageError(
                        f"the set '{name}' is not the one that {cell} was measured with",
                        f"Choose another --out, or delete {out / CELLS}/{name}-*.json.",
                    )

    def _claim(self) -> None:
        """Take the folder, or go on in it."""
        self._check()
        write_json(self.request.out / ABOUT, {"handgen": __version__, **self.shared()})

    def _identity(self, name: str) -> str:
        facts = json.dumps(self.sets[name].source.identity(), sort_keys=True, default=str)
        return hashlib.sha256(facts.encode()).hexdigest()

    def _seed(self, repetition: int) -> int:
        return self.request.settings.seed + repetition

    def _cell(self, name: str, repetition: int) -> Path:
        return self.request.out / CELLS / f"{name}-{self._seed(repetition)}.json"

    def _training(self, name: str, repetition: int) -> Path:
        return self.request.out / TRAINING / f"{name}-{self._seed(repetition)}"

    def _store(self, name: str, repetition: int) -> Path:
        return self.request.out / SETS / f"{name}-{self._seed(repetition)}"

    def _measure(self, name: str, repetition: int, watch: Watch) -> dict[str, Any] | None:
        """Make a set, have a recognizer learn from it, and test that; None if it was stopped."""
        settings, device = self.request.settings, self._device
        title, identity = f"{name}, repetition {repetition + 1}", self._identity(name)
        path = self._store(name, repetition)
        seed = self._seed(repetition)
        made_of = replace(self.sets[name], source=self.sets[name].source.chosen(seed))
        store = made_of.write(path, seed, {"identity": identity}, lambda images: watch(f"making {title}", 0))
        fresh = settings.fresh
        glyphs = FreshGlyphs(path, made_of, seed, settings.images) if fresh else LabeledGlyphs([path], self.chars)
        reading = RecognizerSettings(
            images=settings.images,
            batch=settings.batch,
            lr=settings.lr,
            width=settings.width,
            augment=settings.augment,
            holdout_fonts="0",
            seed=seed,
        )
        engine = open_run(reading, glyphs, self._training(name, repetition), device)
        if not engine.run(lambda progress: watch(title, progress.images)):
            return None
        reader = load_reader(engine.folder.path / RECOGNIZER, device)
        right = reader.read(self.exam.images, top=1).chars[:, 0] == self.exam.labels
        asked = [(char, right[self.exam.labels == number]) for number, char in enumerate(self.chars)]
        return {
            "set": name,
            "seed": seed,
            "identity": identity,
            "images": settings.images if fresh else len(store.images),
            "different": None if fresh else different(store.images),
            "read": round(float(right.mean()), 5),
            "by_character": {char: round(float(own.mean()), 4) for char, own in asked if len(own)},
        }

    def results(self) -> dict[str, Any]:
        """Return the finished cells as one table: of each set the share that is read, its mean and its spread."""
        found: dict[str, Any] = {}
        for name in self.sets:
            paths = [self._cell(name, repetition) for repetition in range(self.request.settings.seeds)]
            cells = [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.is_file()]
            if cells:
                read, many = ([cell[key] for cell in cells] for key in ("read", "different"))
                asked = cells[0]["by_character"]
                chars = {char: np.mean([cell["by_character"][char] for cell in cells]) for char in asked}
                found[name] = {
                    "images": cells[0]["images"],
                    "different": None if None in many else round(float(np.mean(many))),
                    "mean": round(float(np.mean(read)), 5),
                    "sd": round(float(np.std(read, ddof=1)), 5) if len(read) > 1 else None,
                    "read": read,
                    "by_character": {char: round(float(value), 4) for char, value in chars.items()},
                }
        settings = asdict(self.request.settings) | {"size": self.even.size, "resolution": self.even.resolution}
        return {
            "real": real_name(self.real),
            "tested": len(self.exam.labels),
            "characters": self.chars,
            "settings": settings,
            "sets": found,
        }

    def _finish(self) -> None:
        out, results = self.request.out, self.results()
        write_json(out / RESULTS, results)
        save_plot(out / PLOT, results)
        rows = [("the test", self.exam.images[_spread(len(self.exam.images))])]
        for name in self.sets:
            images = GlyphStore(self._store(name, 0)).images
            rows.append((name, np.asarray(images[_spread(len(images))])))
        save_sheet(out / SHEET, rows, cell=_CELL)


def _given(name: str, path: Path, materials: Materials) -> Source:
    """Return a set that was given: images at hand, or what a recipe of ``synth`` draws."""
    if path.suffix in _YAML or (not path.exists() and str(path) in shipped()):
        return materials.synthesis(recipe=path)
    pool = read_pool(path).of(materials.chars)
    if not len(pool):
        raise UsageError(f"the set '{name}' has none of the {len(materials.chars)} characters", f"Look at {path}.")
    return Pooled(pool, {"path": path.name, "manifest": _digest(path)})


def _beyond(done: int, watch: Watch) -> Watch:
    """Return what is told of one recognizer, and tells of the whole."""
    return lambda what, images: watch(what, done + images)


def _spread(count: int) -> Any:
    """Return rows all over a set, which may lie sorted by character."""
    return np.unique(np.linspace(0, count - 1, min(count, _SHOWN)).round().astype(np.int64))


def _digest(path: Path) -> str:
    """Return what tells a dataset or a store from another: its manifest, if it has one."""
    file = path / MANIFEST
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
