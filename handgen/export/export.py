"""Makes weights of a run ready for others: half precision, no local paths, the floors of the gate, a model card."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from handgen import weights
from handgen.checkpoints import files as checkpoint
from handgen.checkpoints import find
from handgen.checkpoints.facts import ModelFacts
from handgen.checkpoints.files import Checkpoint
from handgen.errors import StoreError, UsageError
from handgen.export.card import make_card
from handgen.export.licenses import Provenance, provenance, read_table
from handgen.export.measured import measured, settings_of
from handgen.files import sha256, writable_folder, write_text
from handgen.fonts.charsets import load_charset
from handgen.fonts.face import FontRef
from handgen.fonts.find import resolve_font
from handgen.fonts.raster import source_glyphs
from handgen.glyphs.contact_sheet import save_sheet
from handgen.glyphs.records import Raster
from handgen.glyphs.source_font import look_of_font
from handgen.glyphs.store import to_bytes
from handgen.glyphs.together import open_stores
from handgen.models.base import Model
from handgen.models.styles import Latents
from handgen.ocr.reader import KIND, find_recognizer, load_reader, load_recognizer
from handgen.seeds import SampleKey
from handgen.sources import loading
from handgen.sources.content import load_content
from handgen.sources.model import store_of
from handgen.sources.spec import SourceSpec
from handgen.synthesis.floors import calibrate
from handgen.synthesis.preview import Preview, PreviewRequest

_OURS = frozenset({weights.MODEL, weights.RECOGNIZER, weights.CARD, weights.PICTURE})
_GLYPHS, _STYLES = 32, 15
"""The most glyphs and styles on which the effect of half precision is measured."""
_SHOWN = 24
"""Characters in the picture."""


@dataclass(frozen=True)
class Export:
    """The request of ``handgen models export``; see the options of the command.

    Attributes:
        run: run folder or model file.
        name: the name of the weights.
        out: the folder to write.
        recognizer: run folder or file of a recognizer for the gate; None = ship none.
        data: glyph stores with the real glyphs; empty = those that the run was trained on.
        font: the source font to use instead of that of the training, for example one that others can install.
        charset: the characters that ``synth`` writes by default; None = those of the run's store.
        fonts: a table of fonts that the catalog lacks, for ``read_table``.
        notes: a file of Markdown to append to the card.
    """

    run: Path
    name: str
    out: Path
    recognizer: Path | None = None
    data: tuple[Path, ...] = ()
    font: str | None = None
    charset: str | None = None
    fonts: Path | None = None
    notes: Path | None = None


@dataclass(frozen=True)
class Exported:
    """The result of an export.

    Attributes:
        files: file name -> size in bytes.
        facts: the facts of the model file.
        warnings: problems to solve before others get the weights.
    """

    files: dict[str, int]
    facts: ModelFacts
    warnings: list[str]


def export(request: Export, device: torch.device) -> Exported:
    """Write a folder of weights for others.

    Args:
        request: what to export.
        device: where the recognizer computes.

    Raises:
        UsageError: there is no such run or recognizer; the name or the folder cannot be used; the drawings of the
            model have no labels; the store of the real glyphs does not exist any more.
        CheckpointError: a file is damaged.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", request.name):
        raise UsageError(
            f"--name {request.name} cannot be used", "Use lower-case letters, digits, hyphens, dots and underscores."
        )
    file = find.find_model(request.run, ())
    loaded = checkpoint.load(file)
    if loaded.facts.get("kind") == KIND:
        raise UsageError(f"{file} holds a recognizer", "Name a model's run, and the recognizer with --recognizer.")
    model = loading.build(loaded)
    if not model.prompt_kind.labeled:
        raise UsageError(f"a {loaded.model.model} cannot be told what to draw", "Export a model that can.")
    notes = _read(request.notes) if request.notes else ""
    styles = _provenances(loaded, read_table(request.fonts) if request.fonts else {})
    _refuse_other(request.out)
    facts = _facts(request, loaded, file, styles)
    warnings = [f"the license of {name} is unknown" for name, known in styles.items() if known.license == "unknown"]
    raster, moved, font = _source(facts.raster, request.font, facts.charset, warnings)
    facts = replace(facts, raster=raster)
    if font and raster.placement:
        facts = replace(facts, source_look=look_of_font(FontRef.parse(font), raster, facts.charset))
    out = writable_folder(request.out)
    if request.recognizer:
        facts = replace(facts, gate=_ship_recognizer(request, model, file, device))
    else:
        (out / weights.RECOGNIZER).unlink(missing_ok=True)
    tensors = checkpoint.to_half(loaded.tensors)
    checkpoint.save(out / weights.MODEL, tensors, facts.to_json())
    rounding = _rounding(model, loading.build(checkpoint.load(out / weights.MODEL)), facts, font)
    facts = replace(facts, half_precision=rounding, source_moved=moved)
    checkpoint.save(out / weights.MODEL, tensors, facts.to_json())
    _picture(out, model, facts, font)
    files = {path.name: path.stat().st_size for path in sorted(out.iterdir()) if path.name in _OURS}
    write_text(out / weights.CARD, make_card(facts, styles, files, _facts_of_recognizer(out), notes))
    files[weights.CARD] = (out / weights.CARD).stat().st_size
    return Exported(files, facts, warnings + _too_large(files))


def _picture(out: Path, model: Model, facts: ModelFacts, font: str | None) -> None:
    """Save a picture of the styles of ``--styles 15``; for a model of fewer styles without latents, of all of them."""
    spec = model.style_spec
    count = _STYLES if isinstance(spec, Latents) else min(_STYLES, len(spec.names))
    text = _sample(facts.usual_characters, _SHOWN)
    look = Preview(PreviewRequest((SourceSpec(source=str(out / weights.MODEL), font=font),), text=text))
    save_sheet(out / weights.PICTURE, look.grid(str(count)).rows)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read ({error})", "Give a UTF-8 file of Markdown.") from error


def _refuse_other(out: Path) -> None:
    """Refuse a folder that holds anything but shipped weights."""
    if out.is_dir() and (foreign := sorted(path.name for path in out.iterdir() if path.name not in _OURS)):
        raise UsageError(f"{out} holds something else ({foreign[0]})", "Choose another --out.")


def _provenances(loaded: Checkpoint, table: Mapping[str, Provenance]) -> dict[str, Provenance]:
    return {style.name: provenance(style.name, style.origin, table) for style in loaded.model.styles}


def _facts(request: Export, loaded: Checkpoint, file: Path, styles: Mapping[str, Provenance]) -> ModelFacts:
    """Return the model's facts without the paths of this machine."""
    records = []
    facts = loaded.model
    for style in facts.styles:
        known = styles[style.name]
        origin = replace(style.origin, path="", skipped=(), family=known.family, license=known.license)
        records.append(replace(style, origin=origin, skipped={}))
    return replace(
        facts,
        name=request.name,
        styles=tuple(records),
        writes=load_charset(request.charset) if request.charset else facts.writes,
        settings=settings_of(file.parent, facts.config) or facts.settings,
        measured=measured(file.parent, facts.images) or facts.measured,
        gate={},
        half_precision={},
    )


def _source(
    raster: Raster, font: str | None, charset: str, warnings: list[str]
) -> tuple[Raster, dict[str, Any], str | None]:
    """Replace the path of the source font by its file name, so that other machines find it where it is installed.

    Args:
        raster: how the source glyphs were drawn.
        font: another source font to use; None = that of the training.
        charset: the characters to compare both fonts on.
        warnings: warnings are appended to it.

    Returns:
        The changed raster; the difference in gray levels between the two fonts, empty if there is one; and the font
        as found on this machine, None if it is not there.
    """
    if not raster.source or raster.placement is None:
        return raster, {}, None
    recorded = FontRef.parse(raster.source)
    ref = resolve_font(font) if font else recorded
    moved: dict[str, Any] = {}
    if font and recorded.path.is_file():
        chars = _sample(charset, 500)
        (before, drawn, _), (after, again, _) = (
            source_glyphs(each, raster.size, raster.placement, chars) for each in (recorded, ref)
        )
        if drawn != again:
            raise UsageError(f"{ref.path.name} lacks characters that the source font has", "Name another --font.")
        difference = np.abs(before.astype(np.int16) - after)
        moved = {"trained_with": recorded.path.name, "glyphs": len(drawn), **_levels(difference)}
    digest = sha256(ref.path) if ref.path.is_file() else raster.sha256
    bare = replace(ref, path=Path(ref.path.name))
    try:
        found = resolve_font(bare.path.name)
        if found.path.is_file() and sha256(found.path) != digest:
            warnings.append(f"the name of the source font, {bare.path.name}, finds another file: {found.path}")
    except UsageError:
        warnings.append(f"no font called {bare.path.name} is installed; others will not find it, either (see --font)")
    return replace(raster, source=bare.spec, sha256=digest), moved, ref.spec if ref.path.is_file() else None


def _ship_recognizer(request: Export, model: Model, file: Path, device: torch.device) -> dict[str, Any]:
    """Write the recognizer; return its digest and the floor of each style, computed on real glyphs."""
    reader = find_recognizer(request.recognizer)
    load_recognizer(reader)  # raises an error if it is no recognizer
    store = open_stores(request.data) if request.data else store_of(file)
    if store is None:
        raise UsageError(f"the glyph store that {file} was trained on does not exist", "Name it with --data.")
    names = model.style_spec.names
    lacking = [name for name in names if name not in {style.name for style in store.styles}]
    if lacking:
        raise StoreError(f"the glyph store {store.path} has no style {lacking[0]}", "Name another with --data.")

    def missing(numbers: Sequence[int]) -> list[float]:
        raise StoreError(f"the style {names[numbers[0]]} has no real glyphs", "Name the store with --data.")

    loaded = checkpoint.load(reader)
    target = request.out / weights.RECOGNIZER
    checkpoint.save(target, checkpoint.to_half(loaded.tensors), loaded.facts)
    floors = calibrate(load_reader(target, device), model.style_spec.pick(names), store, missing)
    return {"recognizer_digest": checkpoint.load(target).digest(), "floors": dict(zip(names, floors, strict=True))}


@torch.inference_mode()
def _rounding(model: Model, half: Model, facts: ModelFacts, font: str | None) -> dict[str, Any]:
    """Return the difference in gray levels between drawings of a model and of its copy in half precision."""
    names = model.style_spec.names[:_STYLES]
    content = load_content(facts, model.prompt_kind, _sample(facts.charset, _GLYPHS), font, torch.device("cpu"))
    codes = np.arange(len(content.chars))
    given = content.prompts.batch(codes, codes, SampleKey.of(0, codes), 0.0)
    pairs = zip(model.style_spec.pick(names), half.style_spec.pick(names), strict=True)
    differences = []
    for before, after in pairs:
        drawn, again = (
            to_bytes(each.generate(given, style.vector.expand(len(codes), -1))).numpy().astype(np.int16)
            for each, style in ((model, before), (half, after))
        )
        differences.append(np.abs(drawn - again))
    return _levels(np.stack(differences))


def _levels(difference: NDArray[np.int16]) -> dict[str, Any]:
    return {"mean_levels": round(float(difference.mean()), 3), "most_levels": int(difference.max())}


def _sample(charset: str, count: int) -> str:
    """Return at most ``count`` characters, spread evenly over the sorted charset."""
    chars: Sequence[str] = sorted(charset)
    return "".join(chars[round(row)] for row in np.linspace(0, len(chars) - 1, min(count, len(chars))))


def _facts_of_recognizer(out: Path) -> dict[str, Any]:
    file = out / weights.RECOGNIZER
    return checkpoint.facts_of(file) if file.is_file() else {}


def _too_large(files: Mapping[str, int]) -> list[str]:
    most = {weights.MODEL: weights.MOST_MODEL, weights.RECOGNIZER: weights.MOST_RECOGNIZER}
    return [
        f"{name} has {files[name] / 1e6:.1f} MB, more than the {limit / 1e6:.0f} that are shipped"
        for name, limit in most.items()
        if files.get(name, 0) > limit
    ]
