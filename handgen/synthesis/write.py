"""Writing a prepared run: a dataset on disk, or the rest of one."""

from __future__ import annotations

import functools
import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.check.survey import INK
from handgen.errors import DatasetError
from handgen.formats import FORMATS
from handgen.formats.base import Sample, Writer
from handgen.formats.tree import Tree
from handgen.glyphs.contact_sheet import save_sheet
from handgen.glyphs.store import PREVIEW
from handgen.synthesis import manifest, rejects, trust
from handgen.synthesis.pages import LINES, Pages, check_pages, write_pages
from handgen.synthesis.prepare import Prepared
from handgen.synthesis.request import Request
from handgen.synthesis.shards import Shard, ShardProgress, ShardWriter

_WRITE = 1000
_FEW = 4
"""With fewer samples than this, blank ones prove nothing."""
SHOWN = 16
"""Styles in the preview, and glyphs in a row of it."""


@dataclass(frozen=True)
class Report:
    """What happened.

    Attributes:
        out: the dataset.
        count: how many samples it has.
        written: whether there was anything to do.
        info: what is worth knowing of the dataset, as its manifest has it.
        shown: how many samples the preview was made of.
        blank: characters of previewed lines that were drawn without ink, and left out.
        doubt: why the gate says little, by these samples; empty if it says enough.
    """

    out: Path
    count: int
    written: bool
    info: Mapping[str, Any] = field(default_factory=dict)
    shown: int = 0
    blank: Mapping[str, int] = field(default_factory=dict)
    doubt: str = ""


def write(
    prepared: Prepared,
    progress: Callable[[int], None],
    *,
    batch: int = 1024,
    workers: int = 1,
    shard_writer: ShardWriter | None = None,
) -> Report:
    """Write a dataset, or the rest of it.

    Args:
        prepared: what to write.
        progress: called with how many samples there are by now.
        batch: samples under way at once.
        workers: threads that draw, and threads that encode.
        shard_writer: writes the shards, if there are any; this thread does by default.

    Raises:
        UsageError: the folder holds something else.
        HandgenError: the disk is full.
    """
    if prepared.pages:
        return _write_pages(prepared, prepared.pages, progress, workers)
    if prepared.shards:
        by = shard_writer or functools.partial(_write_here, prepared, batch, workers)
        return _write_tree(prepared, progress, by, workers)
    out, count = prepared.out, prepared.request.count
    with _writer(prepared, out, prepared.identity(), workers) as writer:
        if writer.complete:
            progress(count)
            return Report(out, count, written=False)
        progress(writer.written)
        first = _preview(prepared, workers)
        _fill(prepared, writer, Shard(0, 0, count), progress, batch, workers)
        _show_rejects(prepared, [(out, 0)])
        info = _info(prepared, [out])
        writer.finish(info)
    return _report(prepared, info, first)


def _write_pages(prepared: Prepared, pages: Pages, progress: Callable[[int], None], workers: int) -> Report:
    out, count, identity = prepared.out, prepared.request.count, prepared.identity()

    def info() -> dict[str, Any]:
        return manifest.source_info(prepared.source) | manifest.gate_info(prepared.glyphs.gate, [out / LINES])

    written = write_pages(pages, out, count, identity, prepared.request.format, progress, workers, info)
    return Report(out, count, written, info())


def _write_tree(prepared: Prepared, progress: Callable[[int], None], by: ShardWriter, workers: int) -> Report:
    out, count, shards = prepared.out, prepared.request.count, prepared.shards
    with Tree(out, prepared.identity(), [shard.name for shard in shards]) as tree:
        if tree.complete:
            progress(count)
            return Report(out, count, written=False)
        finished = tree.finished()
        written = {shard.number: finished.get(shard.name, 0) for shard in shards}

        def show(number: int, done: int) -> None:
            written[number] = done
            progress(sum(written.values()))

        progress(tree.written)
        first = _preview(prepared, workers)
        by(prepared.request, prepared.digest(), [shard for shard in shards if not written[shard.number]], show)
        _show_rejects(prepared, [(out / shard.name, shard.start) for shard in shards])
        info = _info(prepared, [out / shard.name for shard in shards])
        tree.finish(info)
    return _report(prepared, info, first)


def _report(prepared: Prepared, info: Mapping[str, Any], first: Sequence[Sample]) -> Report:
    blank = Counter("".join(sample.meta.get("blank", "") for sample in first))
    gate = prepared.glyphs.gate
    doubts = trust.doubt([sample.meta["gate"] for sample in first], len(gate.reader.charset)) if gate else ""
    return Report(prepared.out, prepared.request.count, True, info, len(first), blank, doubts)


def _write_here(
    prepared: Prepared,
    batch: int,
    workers: int,
    request: Request,
    digest: str,
    shards: Sequence[Shard],
    progress: ShardProgress,
) -> None:
    for shard in shards:
        write_shard(prepared, shard, progress, batch=batch, workers=workers)


def write_shard(
    prepared: Prepared, shard: Shard, progress: ShardProgress, *, batch: int = 1024, workers: int = 1
) -> None:
    """Write one shard, or the rest of it; arguments and errors are those of ``write``."""
    identity, out = prepared.identity() | shard.identity(), prepared.out / shard.name
    with _writer(prepared, out, identity, workers) as writer:
        if not writer.complete:
            _fill(prepared, writer, shard, functools.partial(progress, shard.number), batch, workers)
            writer.finish(manifest.source_info(prepared.source) | manifest.gate_info(prepared.glyphs.gate, [out]))
        progress(shard.number, writer.written)


def check_out(prepared: Prepared) -> None:
    """Check that a run may be written where it is to be; nothing is written yet.

    Raises:
        UsageError: the folder holds something else.
    """
    out, identity = prepared.out, prepared.identity()
    if prepared.pages:
        check_pages(out, identity, prepared.request.format)
        return
    shards = [shard.name for shard in prepared.shards]
    (Tree(out, identity, shards) if shards else _writer(prepared, out, identity, 1)).check()


def _writer(prepared: Prepared, out: Path, identity: Mapping[str, Any], workers: int) -> Writer:
    writer: Writer = FORMATS.load(prepared.request.format).writer(out, identity, workers=workers)
    return writer


def _info(prepared: Prepared, folders: Sequence[Path]) -> dict[str, Any]:
    lines = prepared.lines.info(prepared.request.count) if prepared.lines else {}
    return manifest.source_info(prepared.source) | manifest.gate_info(prepared.glyphs.gate, folders) | lines


def _fill(
    prepared: Prepared, writer: Writer, shard: Shard, progress: Callable[[int], None], batch: int, workers: int
) -> None:
    """Write what is missing of a shard; its samples are numbered from 0."""
    first, listed = shard.start, prepared.glyphs.gate is not None
    if listed:
        rejects.resume(writer.path, writer.written)
    drawn = prepared.synthesis.samples(first + writer.written, shard.stop, batch=batch, workers=workers)
    while some := list(itertools.islice(drawn, _WRITE)):
        if not writer.written:
            _refuse_blank(some)
        some = [replace(sample, index=sample.index - first) for sample in some] if first else some
        if listed:
            rejects.note(writer.path, some)
        writer.write(some)
        progress(writer.written)


def _refuse_blank(samples: Sequence[Sample]) -> None:
    """Refuse to write samples none of which shows anything.

    Raises:
        DatasetError: all are blank.
    """
    if len(samples) >= _FEW and all(isinstance(s.image, np.ndarray) and np.ptp(s.image) < INK for s in samples):
        raise DatasetError(
            f"the first {len(samples):,} samples are all blank: no ink is drawn",
            "Look at what the source draws with 'handgen preview', and give another --model.",
        )


def _show_rejects(prepared: Prepared, folders: Sequence[tuple[Path, int]]) -> None:
    if prepared.glyphs.gate:
        rejects.save_rejects(prepared.out, folders, prepared.glyphs)


def _preview(prepared: Prepared, workers: int) -> list[Sample]:
    """Show some of the first samples; return these, without their images if they are glyphs.

    A row of the picture is a style; where styles have too few samples for that, as they come; or lines on a page. What
    the source keeps beside a dataset is written, too.
    """
    out, count, source = prepared.out, prepared.request.count, prepared.source
    source.save_beside(out)
    if prepared.lines:
        return prepared.lines.preview(out / PREVIEW, count, workers)
    names = [style.name for style in source.styles]
    shown = set(names[:SHOWN])
    each = SHOWN if len(names) > 1 else SHOWN**2
    last = each * min(len(names), 4 * SHOWN)
    if last < _FEW * len(names):
        last = SHOWN**2  # no style has enough of so few samples
    last = min(count, last)
    first, some = [], []
    for number, sample in enumerate(prepared.synthesis.samples(0, last, workers=workers)):
        first.append(replace(sample, image=b""))
        if number < SHOWN**2 or sample.meta["style"] in shown:
            some.append(sample)
    images = {
        name: [np.asarray(one.image) for one in some if one.meta["style"] == name][:each] for name in names[:SHOWN]
    }
    title = f"{SHOWN} of {len(names):,} styles" if len(names) > SHOWN else ""
    if len(names) > 1 and min(map(len, images.values())) < _FEW:
        images, title = {"": [np.asarray(one.image) for one in some[: SHOWN**2]]}, "the first samples"
    save_sheet(out / PREVIEW, _rows(images), title=title)
    return first


def _rows(images: Mapping[str, Sequence[NDArray[np.uint8]]]) -> list[tuple[str, NDArray[np.uint8]]]:
    """Return rows of so many images at most; the first of a style has its name."""
    return [
        (name if not start else "", np.stack(some[start : start + SHOWN]))
        for name, some in images.items()
        for start in range(0, len(some), SHOWN)
    ]
