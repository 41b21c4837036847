"""A whole run of ``synth``: from a checkpoint to a dataset on disk."""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from handgen.degrade.pipeline import Pipeline
from handgen.errors import UsageError
from handgen.formats import FORMATS
from handgen.formats.base import Writer
from handgen.formats.tree import Tree
from handgen.glyphs.contact_sheet import save_sheet
from handgen.glyphs.records import Raster
from handgen.glyphs.store import PREVIEW, is_store, to_unit
from handgen.lines.synthesis import LineSynthesis
from handgen.models import MODELS
from handgen.models.base import DrawnStyle, Generator, StyleSpec
from handgen.registry import nearest
from handgen.seeds import generator
from handgen.sources.pen import PenModel, PenRequest
from handgen.strokes import fit, library
from handgen.strokes.restroke import Restroked
from handgen.strokes.writer import save_writers
from handgen.synth import rejects
from handgen.synth.content import Content, load_content
from handgen.synth.gate import (
    CALIBRATION,
    FLOORS,
    MARK,
    OFF,
    REDRAW,
    Drawn,
    Gate,
    calibrate,
    find_reader,
    known_floors,
    store_of,
)
from handgen.synth.like import read_hand, read_hands, usual_extent
from handgen.synth.lines import LineRequest, Lines, find_script
from handgen.synth.plan import Plan
from handgen.synth.samples import Synthesis, alignment_of
from handgen.synth.shards import Shard, Spread, Told, cut
from handgen.synth.source import open_source, style_records
from handgen.weights import recognizer_beside

CONTINUOUS = "continuous"
_WRITE = 1000
_SHOWN = 16
_WRITERS = "writers.json"
FONT, PEN = "font", "pen"
_EXTENT = 0.85
"""Longer side of the ink of images that are cut out around it, as the pen would write them."""


def choose_styles(spec: StyleSpec, wanted: str, seed: int) -> list[DrawnStyle]:
    """Return the styles that ``--styles`` means: a number, "continuous", names with commas, or all when empty.

    Raises:
        UsageError: none is asked for, one is unknown, or one is named twice.
    """
    wanted = wanted.strip()
    if not wanted:
        return spec.pick(spec.names)
    if wanted == CONTINUOUS:
        return [spec.continuous()]
    if re.fullmatch(r"[+-]?[0-9]+", wanted):
        if int(wanted) < 1:
            raise UsageError(f"--styles {wanted}: at least one style is needed", "Give a number from 1, or names.")
        return spec.draw(int(wanted), seed)
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    if not names or len(set(names)) < len(names):
        raise UsageError(f"--styles {wanted} names no style, or one twice", "See 'handgen synth --list-styles'.")
    return spec.pick(names)


@dataclass(frozen=True)
class Request:
    """What a user asks of ``synth``; see the options of the command."""

    model: Path
    out: Path
    count: int
    styles: str = ""
    like: Path | None = None
    charset: str | None = None
    text: Path | None = None
    balance: bool = True
    font: str | None = None
    vary: float = 1.0
    seed: int = 0
    degrade: str = "none"
    format: str = "lmdb"
    lines: LineRequest | None = None
    shards: int = 1
    gate: str = OFF
    recognizer: Path | None = None
    tries: int = 2
    content: str = FONT
    pen: PenRequest = field(default_factory=PenRequest)
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))


def _cannot_label(name: str, model: Path) -> UsageError:
    able = ", ".join(entry.name for entry in MODELS if MODELS.load(entry.name).draws != "nothing")
    return UsageError(
        f"a {name} is not told which character to draw, so its samples cannot be labeled",
        f"Look at them with 'handgen preview --model {model}', or train one that can: {able}.",
    )


class Run:
    """A request made ready: the model is loaded, everything is checked, nothing is written yet."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.checkpoint, model = open_source(request.model, request.device, request.pen, request.seed)
        facts = self.checkpoint.facts
        if model.draws == "nothing":
            raise _cannot_label(facts["model"], request.model)
        if request.lines and request.text:
            raise UsageError("--text is for single characters", "Give lines their text with --corpus.")
        script = find_script(request.lines, request.charset, facts) if request.lines else None
        self.content: Content = load_content(
            facts, charset=request.charset, text=request.text, font=request.font, chars=script.chars if script else None
        )
        self._hand = ""
        self.blank: Counter[str] = Counter()  # characters of the previewed lines that were drawn without ink
        if isinstance(model, PenModel) and request.like is not None:
            model = self._fitted(request.like)
        self.styles = self._choose_styles(model)
        shares: tuple[float, ...] = ()
        if self.content.counts and not request.balance:
            shares = tuple(np.cumsum(self.content.counts) / np.sum(self.content.counts))
        plan = Plan(len(self.content.chars), len(self.styles), request.seed, shares)
        records = style_records(self.checkpoint, model)
        alignments = [alignment_of(style, records) for style in self.styles]
        self.pipeline = Pipeline.load(request.degrade)
        FORMATS.entry(request.format)
        self.glyphs = Synthesis(
            model,
            self.content,
            self.styles,
            alignments,
            plan,
            request.vary,
            request.device,
            self.pipeline if self.pipeline.spec() and not request.lines else None,
        )
        if request.content != FONT:
            self.glyphs = replace(self.glyphs, restroke=self._restroked(request.content, self.checkpoint.model.raster))
        self.gate, self.note = self._find_gate()
        self.glyphs = replace(self.glyphs, gate=self.gate)
        self.lines: Lines | None = None
        if request.lines and script:
            self.lines = Lines.prepare(request.lines, script, self.glyphs, self.checkpoint.model.raster, self.pipeline)
        self.synthesis: Synthesis | LineSynthesis = self.lines.synthesis if self.lines else self.glyphs
        self.shards = cut(request.count, request.shards, self.synthesis.block) if request.shards > 1 else []

    def _restroked(self, content: str, raster: Raster) -> Restroked:
        if content != PEN:
            raise UsageError(f"--content {content} is unknown", nearest(content, (FONT, PEN)))
        font = self.content.font
        if self.glyphs.model.draws != "glyph" or font is None:
            raise UsageError("--content pen is for models that redraw a source font", "Leave it out.")
        assert raster.placement is not None
        return Restroked.prepare(font, raster.size, raster.placement, self.content.chars, self.content.glyphs)

    def _find_gate(self) -> tuple[Gate | None, str]:
        request, glyphs = self.request, self.glyphs
        beside, owed = recognizer_beside(request.model), FLOORS in self.checkpoint.facts
        found, note = find_reader(request.gate, request.recognizer, request.device, self.content.chars, beside, owed)
        if found is None:
            return None, note
        reader, digest = found

        def drawn(style: int) -> Drawn:
            characters = generator(0, "gate", style).integers(len(self.content.chars), size=CALIBRATION)
            images, _ = glyphs.draw(np.arange(CALIBRATION), characters, np.full(CALIBRATION, style))
            return images, [self.content.chars[place] for place in characters]

        known = known_floors(self.checkpoint.facts, digest)
        floors = calibrate(reader, self.styles, store_of(request.model), drawn, known)
        names = [style.name for style in self.styles]
        mode = MARK if request.gate == MARK else REDRAW
        return Gate(reader, digest, mode, request.tries, self.content.chars, names, floors, request.seed), note

    def _fitted(self, like: Path) -> PenModel:
        """Return the pen in the hand of the images, or the hands of the store, that ``--like`` names."""
        pen, size, book = self.request.pen, self.request.pen.size, self.content.book
        assert book is not None
        if pen.writer or pen.cursiveness:
            raise UsageError("--like excludes --writer and --cursiveness", "Give one of them.")
        if is_store(like):
            writers = fit.fit_store(like, book)
        else:
            place = like.resolve()
            name = place.name if place.is_dir() else place.stem
            writers = {name: fit.fit_writer(read_hand(like, size, _EXTENT * size), book)}
        self._hand = hashlib.sha256(repr(writers).encode()).hexdigest()
        return PenModel(size, fit.fit_population([*writers.values()]), writers)

    def _choose_styles(self, model: Generator) -> list[DrawnStyle]:
        request, spec = self.request, model.style_spec
        if request.like is None or isinstance(model, PenModel):
            return choose_styles(spec, request.styles, request.seed)
        if request.styles:
            raise UsageError("--styles and --like exclude each other", "Give one of them.")
        if self.content.font is None:
            raise UsageError("this model cannot take a style from images", "Train a bicyclegan for --like.")
        hands = read_hands(request.like, self.checkpoint.facts["size"], usual_extent(self.content.glyphs))
        self._hand = hashlib.sha256(b"".join(images.tobytes() for images in hands.values())).hexdigest()
        return [spec.like(name, to_unit(images)[:, None]) for name, images in hands.items()]

    def identity(self) -> dict[str, Any]:
        """Everything that decides what the samples are."""
        request, font = self.request, self.content.font
        return {
            "count": request.count,
            "seed": request.seed,
            "model": self.checkpoint.facts["model"],
            "model_digest": self.checkpoint.digest(),
            "images_seen": self.checkpoint.facts["images"],
            "size": self.checkpoint.facts["size"],
            "content_font": replace(font, path=Path(font.path.name)).spec if font else None,
            "content_font_sha256": self.content.font_sha256 or None,
            "characters": self.content.chars,
            "balanced": not self.glyphs.plan.frequencies,
            "counts": [] if request.balance else list(self.content.counts),
            "styles": [style.name for style in self.styles],
            **({"adapters": self._adapters} if self._adapters else {}),
            **({"handwriting": self._hand} if self._hand else {}),
            **({"content": request.content} if request.content != FONT else {}),
            **({"strokes": library.digest(self.content.book)} if self.content.book else {}),
            "vary": request.vary,
            "degrade": self.pipeline.spec(),
            "device": request.device.type,
            "block": self.synthesis.block,
            "format": request.format,
            **({"shards": request.shards} if self.shards else {}),
            **(self.gate.identity() if self.gate else {}),
            **(self.lines.identity() if self.lines else {}),
        }

    @property
    def _adapters(self) -> dict[str, str]:
        """Digests of the adapters that draw added styles."""
        described = {style.name: self.glyphs.model.describe(style) for style in self.styles}
        return {name: facts["adapter"] for name, facts in described.items() if "adapter" in facts}

    @functools.cached_property
    def info(self) -> dict[str, Any]:
        """What is worth knowing of the finished dataset."""
        lines = self.lines.info(self.request.count) if self.lines else {}
        return self._common_info() | self._gate_info([shard.name for shard in self.shards] or [""]) | lines

    def _common_info(self) -> dict[str, Any]:
        book = self.content.book
        sources = {"stroke_sources": dict(book.sources), "stroke_licenses": dict(book.licenses)} if book else {}
        return {"style_table": self.style_table(), "skipped": self.content.skipped, **sources}

    def _gate_info(self, folders: Sequence[str]) -> dict[str, Any]:
        """Return what the gate did to the samples in these folders of the dataset."""
        if self.gate is None:
            return {}
        return {"gate": rejects.summary([self.request.out / name for name in folders])}

    def style_table(self) -> list[dict[str, Any]]:
        """What each style is made of, for the manifest."""
        return [
            {
                "name": style.name,
                "weights": dict(style.weights),
                "vector": [round(float(v), 6) for v in style.vector],
                **self.glyphs.model.describe(style),
            }
            for style in self.styles
        ]

    def digest(self) -> str:
        """Return the SHA-256 of the identity."""
        return hashlib.sha256(json.dumps(self.identity(), sort_keys=True).encode()).hexdigest()

    def write(
        self, progress: Callable[[int], None], *, batch: int = 1024, workers: int = 1, spread: Spread | None = None
    ) -> bool:
        """Write the dataset, or the rest of it.

        Args:
            progress: told how many samples there are by now.
            batch: samples under way at once.
            workers: threads that draw, and threads that encode.
            spread: writes the shards, if there are any; this thread does by default.

        Returns:
            Whether there was anything to do.

        Raises:
            UsageError: the folder holds something else.
            HandgenError: the disk is full.
        """
        request = self.request
        if self.shards:
            return self._write_tree(progress, spread or functools.partial(self._write_here, batch, workers), workers)
        with self._writer(request.out, self.identity(), workers) as writer:
            if writer.complete:
                progress(request.count)
                return False
            progress(writer.written)
            self._preview(workers)
            self._fill(writer, Shard(0, 0, request.count), progress, batch, workers)
            self._show_rejects([(request.out, 0)])
            writer.finish(self.info)
        return True

    def _show_rejects(self, folders: Sequence[tuple[Path, int]]) -> None:
        if self.gate:
            rejects.save_rejects(self.request.out, folders, self.glyphs)

    def _write_tree(self, progress: Callable[[int], None], spread: Spread, workers: int) -> bool:
        with Tree(self.request.out, self.identity(), [shard.name for shard in self.shards]) as tree:
            if tree.complete:
                progress(self.request.count)
                return False
            finished = tree.finished()
            written = {shard.number: finished.get(shard.name, 0) for shard in self.shards}

            def told(number: int, samples: int) -> None:
                written[number] = samples
                progress(sum(written.values()))

            progress(tree.written)
            self._preview(workers)
            spread(self.request, self.digest(), [shard for shard in self.shards if not written[shard.number]], told)
            self._show_rejects([(self.request.out / shard.name, shard.start) for shard in self.shards])
            tree.finish(self.info)
        return True

    def _write_here(
        self, batch: int, workers: int, request: Request, digest: str, shards: Sequence[Shard], told: Told
    ) -> None:
        for shard in shards:
            self.write_shard(shard, told, batch=batch, workers=workers)

    def write_shard(self, shard: Shard, told: Told, *, batch: int = 1024, workers: int = 1) -> None:
        """Write one shard, or the rest of it; arguments and errors are those of ``write``."""
        identity = self.identity() | shard.identity()
        with self._writer(self.request.out / shard.name, identity, workers) as writer:
            if not writer.complete:
                self._fill(writer, shard, functools.partial(told, shard.number), batch, workers)
                writer.finish(self._common_info() | self._gate_info([shard.name]))
            told(shard.number, writer.written)

    def _writer(self, out: Path, identity: dict[str, Any], workers: int) -> Writer:
        writer: Writer = FORMATS.load(self.request.format).writer(out, identity, workers=workers)
        return writer

    def _fill(self, writer: Writer, shard: Shard, progress: Callable[[int], None], batch: int, workers: int) -> None:
        """Write what is missing of a shard; its samples are numbered from 0."""
        first, listed = shard.start, self.gate is not None
        if listed:
            rejects.resume(writer.path, writer.written)
        samples = self.synthesis.samples(first + writer.written, shard.stop, batch=batch, workers=workers)
        while some := list(itertools.islice(samples, _WRITE)):
            some = [replace(sample, index=sample.index - first) for sample in some] if first else some
            if listed:
                rejects.note(writer.path, some)
            writer.write(some)
            progress(writer.written)

    def _preview(self, workers: int) -> None:
        """Show the first samples: a row a style, or lines on a page. A pen's writers are kept beside them."""
        model = self.glyphs.model
        if isinstance(model, PenModel):
            named = [style for style in self.styles if not style.fresh]
            if named:
                writers = {style.name: model.population.writer(style.vector.numpy()) for style in named}
                save_writers(self.request.out / _WRITERS, writers)
        if self.lines:
            self.blank = self.lines.preview(self.request.out / PREVIEW, self.request.count, workers)
            return
        rows: dict[str, list[Any]] = {style.name: [] for style in self.styles[:_SHOWN]}
        last = min(self.request.count, _SHOWN * min(len(self.styles), 4 * _SHOWN))
        for sample in self.synthesis.samples(0, last, workers=workers):
            if sample.meta["style"] in rows and len(rows[sample.meta["style"]]) < _SHOWN:
                rows[sample.meta["style"]].append(sample.image)
        shown = [(name, np.stack(images)) for name, images in rows.items() if images]
        save_sheet(self.request.out / PREVIEW, shown)
