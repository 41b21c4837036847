"""A trained network as a source: a run folder, a model file, or weights that come with handgen."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from handgen.checkpoints import files as checkpoint
from handgen.checkpoints.facts import ModelFacts
from handgen.checkpoints.files import Checkpoint, peek
from handgen.checkpoints.find import run_name
from handgen.checkpoints.run import CONFIG
from handgen.errors import HandgenError, UsageError, quoted
from handgen.files import PACKAGE
from handgen.fonts.align import Alignment
from handgen.fonts.face import describe
from handgen.fonts.find import known_license
from handgen.glyphs.records import Raster, StyleRecord
from handgen.glyphs.store import GlyphStore, to_bytes, to_unit
from handgen.glyphs.together import recorded_stores
from handgen.lines.drops import drops_of
from handgen.models import MODELS
from handgen.models.adapters import Adapted
from handgen.models.base import DrawnStyle, Generator, StyleSpec
from handgen.models.styles import vectors
from handgen.seeds import SampleKey, keys
from handgen.sources import added, loading
from handgen.sources.base import WEIGHTS, Drawing, GateFacts, Opening, Rows, Source, choose_styles, latents
from handgen.sources.content import Content, load_content
from handgen.sources.deform import deform, people_of
from handgen.sources.find import find_model
from handgen.sources.like import read_hands, usual_extent
from handgen.sources.prompts import GlyphPrompts
from handgen.sources.spec import FONT, SourceSpec
from handgen.strokes.restroke import Restroked
from handgen.weights import recognizer_beside

OWN_LICENSE = "Apache-2.0"
"""Of handgen, and of the weights that come with it."""
_BLOCK, _GPU_BLOCK = 64, 256
"""Samples that pass the network together. The number is fixed for a kind of device, because a network's last bits may
depend on how many pass together."""


@dataclass(frozen=True, eq=False)
class ModelSource(Source):
    """Characters drawn by a trained network.

    Attributes:
        checkpoint: where the network comes from.
        drawer: the network, with added styles, in evaluation mode on its device.
        content: what can be drawn, and the prompts.
        alignments: of each style.
        vary: how much each drawing differs from the next, 0 to 1.
        device: where the network is.
        seed: of the run; latents that are called by a number follow from it.
        likeness: hash of the handwriting that the styles are taken from; empty if they are not.

    The others are those of ``Source``.
    """

    options: ClassVar = frozenset({"styles", "like", "vary", "content", "font"})

    checkpoint: Checkpoint
    drawer: Generator
    content: Content
    alignments: Sequence[Alignment]
    vary: float
    device: torch.device
    seed: int
    likeness: str

    @classmethod
    def open(cls, spec: SourceSpec, chars: str, how: Opening) -> ModelSource:
        """Load the model, choose its styles, draw its source glyphs; see ``Source.open``."""
        on = torch.device(how.device)
        loaded, drawer = open_drawer(Path(spec.source), on)
        facts = loaded.model
        if not drawer.prompt_kind.labeled:
            raise _cannot_label(facts.model, loaded.path)
        content = load_content(facts, drawer.prompt_kind, chars, spec.font, on)
        if spec.content != FONT:
            content = _restroked(content, facts.raster)
        styles, likeness = _styles(drawer.style_spec, spec, content, facts.size, how.seed)
        records = style_records(loaded, drawer)
        alignments = [alignment_of(style, records) for style in styles]
        cpu = on.type == "cpu"
        return cls(
            run_name(loaded.path), content.chars, facts.size, styles, content.skipped,
            drawer.block or (_BLOCK if cpu else _GPU_BLOCK), cpu, loaded, drawer, content, alignments, spec.vary, on,
            how.seed, likeness,
        )  # fmt: skip

    @classmethod
    def lack(cls, spec: SourceSpec, chars: str) -> str:
        """Return that there is no such run, file or shipped weights."""
        try:
            found = find_model(Path(spec.source), ())
        except UsageError as error:
            return str(error)
        return "" if found.is_file() else f"there is no model at {found}"

    @classmethod
    def usual_chars(cls, spec: SourceSpec) -> str:
        """Return the characters of the model's store, or what was shipped says."""
        return _facts(spec).usual_characters

    @classmethod
    def unseen_chars(cls, spec: SourceSpec) -> str:
        """Return the held-out characters of its store."""
        return _facts(spec).held_out

    @classmethod
    def own_size(cls, spec: SourceSpec) -> int | None:
        """Return the side of the images that it learned from."""
        return _facts(spec).size

    @classmethod
    def list_styles(cls, spec: SourceSpec) -> list[dict[str, Any]]:
        """Return the records of trained styles and added ones.

        Of an added one ``added`` is true; ``glyphs`` says from how many it was learned, or ``error`` why it is of no
        use.
        """
        loaded, _ = open_drawer(Path(spec.source), torch.device("cpu"))
        return [*(style.to_json() for style in loaded.model.styles), *added.summaries(loaded)]

    @functools.cached_property
    def _turn(self) -> contextlib.AbstractContextManager[Any]:
        """Lets one thread at a time use a GPU."""
        return contextlib.nullcontext() if self.parallel else threading.Lock()

    @torch.inference_mode()
    def draw(self, characters: Rows, styles: Rows, key: SampleKey) -> Drawing:
        """Draw in one pass of the network, and put each drawing into its style's own frame; see ``Source.draw``."""
        drawn_styles = [self.styles[style] for style in styles.tolist()]
        codes, notes = latents(drawn_styles, key)
        prompts = self.content.prompts
        with self._turn:
            given = prompts.batch(characters, styles, key, self.vary)
            drawn = self.drawer.generate(given, codes.to(self.device)).float()
            alignments = [self.alignments[style] for style in styles.tolist()]
            deformed = deform(drawn, alignments, people_of(key, characters), 0.0 if prompts.varies else self.vary)
            images = to_bytes(deformed)[:, 0].cpu()  # the one copy of images on their way
        return Drawing(images.numpy(), notes)

    def identity(self) -> dict[str, Any]:
        """Return the digest of the weights, what they are given, and what is drawn in."""
        facts = self.checkpoint.model
        adapters = {style.name: found for style in self.styles if (found := self.drawer.describe(style).get("adapter"))}
        prompts = self.content.prompts
        rewritten = isinstance(prompts, GlyphPrompts) and prompts.restroke is not None
        return {
            "model": facts.model,
            "model_digest": self.checkpoint.digest(),
            "images_seen": facts.images,
            "size": self.size,
            **self.content.identity(),
            "styles": [style.name for style in self.styles],
            **({"adapters": adapters} if adapters else {}),
            **({"handwriting": self.likeness} if self.likeness else {}),
            **({"content": "pen"} if rewritten else {}),
            "vary": self.vary,
            "device": self.device.type,
        }

    def describe(self, style: int) -> dict[str, Any]:
        """Return its mixture, its vector, its adapter, and the licenses of the fonts it is made of."""
        drawn = self.styles[style]
        origins = {record.name: record.origin for record in style_records(self.checkpoint, self.drawer)}
        licenses = {
            name: known_license(origins[name].license, origins[name].family, name)
            for name in drawn.weights
            if name in origins
        }
        return super().describe(style) | self.drawer.describe(drawn) | ({"licenses": licenses} if licenses else {})

    def facts(self) -> dict[str, Any]:
        """Return where the strokes come from that it writes, if it does."""
        return self.content.facts()

    def licenses(self) -> dict[str, str]:
        """Return the license of each font that its styles learned, of the source font, and of shipped weights."""
        records = {record.name: record.origin for record in style_records(self.checkpoint, self.drawer)}
        latent = any(not style.weights for style in self.styles)  # which lies between all of them
        names = records.keys() if latent else dict.fromkeys(name for style in self.styles for name in style.weights)
        found = {
            name: known_license(records[name].license, records[name].family, name) for name in names if name in records
        }
        if font := self.content.font:
            info = describe(font.path)[font.face]
            found[f"source font {info.family}"] = known_license(info.license, info.family)
        if PACKAGE in self.checkpoint.path.resolve().parents:
            found[WEIGHTS + self.name] = OWN_LICENSE
        return super().licenses() | found

    def content_glyphs(self) -> NDArray[np.uint8] | None:
        """Return the source font's glyphs, if it is given these."""
        return self.content.glyphs

    def drops(self, style: int) -> Mapping[str, float]:
        """Return how far the source font's glyphs were moved up to fit the canvas."""
        return self._drops

    @functools.cached_property
    def _drops(self) -> Mapping[str, float]:
        font, raster = self.content.font, self.checkpoint.model.raster
        return drops_of(font, raster, self.chars) if font and raster and self.content.glyphs is not None else {}

    @property
    def warnings(self) -> tuple[str, ...]:
        """Another source font than the one of training is worth a word."""
        return (self.content.font_note,) if self.content.font_note else ()

    def gate_facts(self) -> GateFacts:
        """Return what came with the model's file, the store it learned from, and the characters that this lacked."""
        path, model = self.checkpoint.path, self.checkpoint.model
        floors, by = dict(model.gate.get("floors", {})), str(model.gate.get("recognizer_digest", ""))
        known = set(self.chars) if self.content.prompts.varies else {*model.charset, *model.held_out}
        unlearned = "".join(char for char in self.chars if char not in known)
        return GateFacts(recognizer_beside(path), bool(model.gate), store_of(path), floors, by, unlearned)

    def walk(self, first: str, second: str, steps: int) -> tuple[Source, str]:
        """Return it in the styles between two, and what they lie on; alignments go straight; see ``Source.walk``."""
        spec = self.drawer.style_spec
        if not spec.names:
            kind = self.checkpoint.model.model
            raise UsageError(f"a {kind} has no styles with a name to walk between", "Leave out --interpolate.")
        ends = spec.find([first, second], self.seed)
        shares = [float(share) for share in np.linspace(0, 1, steps)]
        records = style_records(self.checkpoint, self.drawer)
        a, b = (alignment_of(style, records) for style in ends)
        styles = [spec.between(ends[0], ends[1], share) for share in shares]
        return replace(self, styles=styles, alignments=[_aligned_between(a, b, share) for share in shares]), spec.path


def open_drawer(path: Path, device: torch.device) -> tuple[Checkpoint, Generator]:
    """Return a trained model's checkpoint, and the model with the styles that were added to it, on its device.

    Raises:
        UsageError: there is none.
        CheckpointError: it is damaged.
    """
    loaded = checkpoint.load(find_model(path, ()))
    model = loading.build(loaded).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return loaded, added.with_added(loaded, model)


def style_records(source: Checkpoint, drawer: Generator) -> list[StyleRecord]:
    """Return the records of the trained styles, and of added ones that were picked."""
    return [*source.model.styles, *(drawer.records if isinstance(drawer, Adapted) else ())]


def alignment_of(style: DrawnStyle, records: Sequence[StyleRecord]) -> Alignment:
    """Return a style's alignment: the mean of its parents', by their share in it."""
    known = {record.name: record.alignment for record in records}
    shares = {name: share for name, share in style.weights.items() if name in known}
    if not shares:
        return Alignment()
    total = sum(shares.values())
    return Alignment(
        **{f.name: sum(getattr(known[n], f.name) * s for n, s in shares.items()) / total for f in fields(Alignment)}
    )


def store_of(model: Path) -> GlyphStore | None:
    """Return the glyph store that a model was trained with, if it still is where it was."""
    try:
        return recorded_stores(json.loads((model.parent / CONFIG).read_text(encoding="utf-8"))["data"])
    except (OSError, ValueError, KeyError, TypeError, HandgenError):
        return None


def _facts(spec: SourceSpec) -> ModelFacts:
    """Return what a model file says of itself; a style that was added to a model is none."""
    found = peek(find_model(Path(spec.source), ()))
    loading.refuse_added(found)
    return found.model


def unlabeled(path: Path, device: str, count: int, seed: int) -> tuple[str, NDArray[np.uint8]] | None:
    """Return the kind of a model that draws nothing in particular, and samples of it; None if it can be told what.

    Args:
        path: of the model.
        device: where it draws.
        count: of the samples.
        seed: of the samples.

    Returns:
        The kind, and uint8 ``[count, size, size]``.
    """
    kind = peek(path).model.model
    if MODELS.load(kind).prompt_kind.labeled:
        return None
    on = torch.device(device)
    _, drawer = open_drawer(path, on)
    key = keys(seed, np.arange(count))
    noise = vectors([drawer.style_spec.continuous()] * count, key).to(on)
    images = to_bytes(drawer.generate(torch.zeros(count, dtype=torch.int64), noise))[:, 0].cpu().numpy()
    return kind, images


def _cannot_label(name: str, model: Path) -> UsageError:
    able = ", ".join(entry.name for entry in MODELS if MODELS.load(entry.name).prompt_kind.labeled)
    return UsageError(
        f"a {name} is not told which character to draw, so its samples cannot be labeled",
        f"Look at them with 'handgen preview --model {quoted(model)}', or train one that can: {able}.",
    )


def _restroked(content: Content, raster: Raster) -> Content:
    prompts = content.prompts
    if not isinstance(prompts, GlyphPrompts) or content.font is None:
        raise UsageError("--content pen is for models that redraw a source font", "Leave it out.")
    assert raster.placement is not None
    restroke = Restroked.prepare(content.font, raster.size, raster.placement, content.chars, prompts.glyphs)
    return replace(content, prompts=replace(prompts, restroke=restroke))


def _styles(spec: StyleSpec, asked: SourceSpec, content: Content, size: int, seed: int) -> tuple[list[DrawnStyle], str]:
    """Return the styles to draw in, and a hash of the handwriting that they are taken from."""
    if asked.like is None:
        return choose_styles(spec, asked.styles, seed), ""
    if asked.styles:
        raise UsageError("--styles and --like exclude each other", "Give one of them.")
    if content.glyphs is None:
        raise UsageError("this model cannot take a style from images", "Train a bicyclegan for --like.")
    found = read_hands(asked.like, size, usual_extent(content.glyphs))
    digest = hashlib.sha256(b"".join(images.tobytes() for images in found.values())).hexdigest()
    return [spec.like(name, to_unit(images)[:, None]) for name, images in found.items()], digest


def _aligned_between(a: Alignment, b: Alignment, share: float) -> Alignment:
    values = {f.name: (1 - share) * getattr(a, f.name) + share * getattr(b, f.name) for f in fields(Alignment)}
    return Alignment(**values)
