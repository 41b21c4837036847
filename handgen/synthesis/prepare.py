"""From a request to everything that a run needs: all of it is checked here, and nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from handgen import weights
from handgen.checkpoints.find import run_name
from handgen.degrade.pipeline import Pipeline
from handgen.devices import resolve_device
from handgen.errors import HandgenError, UsageError
from handgen.fonts.charsets import load_charset
from handgen.formats import FORMATS
from handgen.formats.base import Sample
from handgen.formats.conversations import instructions_of
from handgen.lines.synthesis import LineSynthesis
from handgen.sources import MODEL
from handgen.sources.base import Progress, Source
from handgen.sources.find import find_model, kind_of
from handgen.sources.opening import fitted, open_sources, usual_chars
from handgen.synthesis import manifest
from handgen.synthesis.floors import floors_of
from handgen.synthesis.gate import Gate, find_reader
from handgen.synthesis.lines import Lines, find_script
from handgen.synthesis.pages import LONGEST_TEXT, Pages, check_room
from handgen.synthesis.plan import Plan
from handgen.synthesis.recipe import shipped as recipes
from handgen.synthesis.request import MARK, REDRAW, Request
from handgen.synthesis.samples import Synthesis
from handgen.synthesis.shards import Shard, cut
from handgen.synthesis.usual import NONE, usual_out, with_usual_sources


@dataclass(frozen=True, eq=False)
class Prepared:
    """A request made ready.

    Attributes:
        request: what was asked for, with what was left to be found: the model, the folder, the device.
        glyphs: draws single characters: what is asked for, or what lines are put together of.
        pipeline: what happens to samples afterwards.
        gate_note: what a user should know of the gate; empty if nothing.
        counts: how often each character occurs in the text they come from; empty without a text.
        lines: lines of text, if they are asked for.
        pages: pages of such lines, if they are asked for.
        shards: parts that are written one by one; none where the run is one dataset.
    """

    request: Request
    glyphs: Synthesis
    pipeline: Pipeline
    gate_note: str
    counts: tuple[int, ...]
    lines: Lines | None
    pages: Pages | None
    shards: tuple[Shard, ...]

    @property
    def out(self) -> Path:
        """Folder of the dataset."""
        assert self.request.out is not None
        return self.request.out

    @property
    def source(self) -> Source:
        """What draws."""
        return self.glyphs.source

    @property
    def synthesis(self) -> Synthesis | LineSynthesis:
        """What makes the samples."""
        return self.lines.synthesis if self.lines else self.glyphs

    def reseeded(self, seed: int) -> Prepared:
        """Return single characters of another seed, in the same styles."""
        return replace(self, request=replace(self.request, seed=seed), glyphs=self.glyphs.reseeded(seed))

    def identity(self) -> dict[str, object]:
        """Return everything that decides what the samples are."""
        whole = manifest.identity(
            self.request, self.glyphs, self.pipeline, self.counts, self.lines, self.synthesis.block
        )
        return whole | (self.pages.identity() if self.pages else {})

    def digest(self) -> str:
        """Return the SHA-256 of the identity."""
        return manifest.digest(self.identity())


def samples(prepared: Prepared, start: int, stop: int, *, batch: int = 1024, workers: int = 1) -> Iterator[Sample]:
    """Yield the samples numbered ``start`` to ``stop``, which may be any numbers.

    Args:
        prepared: a request made ready.
        start: the first number.
        stop: one past the last.
        batch: how many may be under way at once, roughly; does not change them.
        workers: threads that draw.
    """
    return prepared.synthesis.samples(start, stop, batch=batch, workers=workers)


def resolved(request: Request) -> Request:
    """Return a request with what it leaves to be found: which sources, which folder, which device.

    Raises:
        UsageError: there is no model, or no such device.
    """
    request, _ = with_usual_sources(request)
    sources = fitted(request.sources)
    names = [_name_of(spec.source) for spec in sources if spec.share]
    out = request.out or usual_out("+".join(dict.fromkeys(names)), request)
    degrade = request.degrade or NONE
    return replace(request, sources=sources, out=out, degrade=degrade, device=str(resolve_device(request.device)))


def _name_of(source: str) -> str:
    if source in recipes() and source not in weights.shipped() and not Path(source).exists():
        raise UsageError(f"{source} is a recipe, not a source", f"Give --recipe {source} in place of --model.")
    found = find_model(Path(source), ())  # which refuses what is nowhere, or two things
    return run_name(found) if kind_of(source) == MODEL else found.name


def prepare(request: Request, progress: Progress | None = None, workers: int = 1) -> Prepared:
    """Make a request ready.

    Args:
        request: what is asked for.
        progress: called with what takes long, how much of it is done, and how much there is.
        workers: processes that may trace fonts side by side, and threads that measure what a gate may ask.

    Raises:
        UsageError, HandgenError: something of it is impossible, missing or damaged.
    """
    request = resolved(request)
    pipeline = Pipeline.load(request.degrade)
    FORMATS.entry(request.format)
    instructions_of(request.instructions)
    if request.lines and request.pages:
        check_room(request.pages, request.lines.height)
        request = replace(request, lines=replace(request.lines, min_chars=1, max_chars=LONGEST_TEXT))
    charset = _charset(request)
    script = find_script(request.lines, charset) if request.lines else None
    text = _text(request.text)
    chars = script.chars if script else load_charset(str(request.text)) if request.text else charset or ""
    source = open_sources(
        request.sources, chars, seed=request.seed, device=request.device, progress=progress, workers=workers
    )
    counts = tuple(max(1, text[char]) for char in source.chars) if text else ()
    plan = Plan(source.parts, request.seed, () if request.balance else counts)
    effects = pipeline if pipeline.spec() and not request.lines else None
    gate, note = _find_gate(request, source, workers, progress)
    glyphs = Synthesis(source, plan, effects, gate)
    lines = Lines.prepare(request.lines, script, glyphs, pipeline) if request.lines and script else None
    pages = Pages.prepare(request.pages, lines) if request.pages and lines else None
    block = (lines.synthesis if lines else glyphs).block
    shards = tuple(cut(request.count, request.shards, block)) if request.shards > 1 else ()
    return Prepared(request, glyphs, pipeline, note, counts, lines, pages, shards)


def _charset(request: Request) -> str | None:
    """Return the characters that shall all occur: those of the sources, if none are named; None = those of a corpus."""
    if request.charset:
        return load_charset(request.charset)
    of_corpus = request.lines and request.lines.corpus and not request.lines.boost
    return None if of_corpus else usual_chars(request.sources)


def _text(path: Path | None) -> Counter[str]:
    if path is None:
        return Counter()
    if not path.is_file():
        raise UsageError(f"no text file at {path}", "Check --text.")
    return Counter(path.read_text(encoding="utf-8-sig"))


def _find_gate(request: Request, source: Source, workers: int, progress: Progress | None) -> tuple[Gate | None, str]:
    facts = source.gate_facts()
    device = resolve_device(request.device)
    found, note = find_reader(request.gate, request.recognizer, device, source.chars, facts.recognizer, facts.owed)
    if found is None:
        return None, note
    reader, digest = found
    several = len(source.parts) > 1
    sources = [number for number, part in enumerate(source.parts) for _ in part.source.styles]
    gate = Gate(
        reader,
        digest,
        MARK if request.gate == MARK else REDRAW,
        request.tries,
        source.chars,
        [style.name for style in source.styles],
        floors_of(reader, digest, source, workers, progress),
        request.seed,
        np.array(sources) if several else None,
        source.coverage,
    )
    return gate, note


def prepare_again(request: Request, digest: str) -> Prepared:
    """Make a request ready in another process.

    Raises:
        HandgenError: a file that it reads, such as the model or the corpus, is another one there.
    """
    prepared = prepare(request)
    if prepared.digest() != digest:
        raise HandgenError(
            "a process sees other files than the one that started it", "Leave model, font and corpus as they are."
        )
    return prepared
