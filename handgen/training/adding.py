"""The plan of adding a style to a trained model: its samples are found and checked, and nothing is written."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import torch

from handgen.checkpoints import files as checkpoint
from handgen.checkpoints import find
from handgen.checkpoints.files import Checkpoint
from handgen.errors import StoreError, UsageError, quoted
from handgen.glyphs.contact_sheet import save_sheet
from handgen.glyphs.store import GlyphStore
from handgen.models.adapters import Adapter
from handgen.registry import nearest
from handgen.seeds import generator
from handgen.sources import added, loading
from handgen.training.adapt import FoundStyle, StyleSearch
from handgen.training.data import Split
from handgen.training.engine import Watch
from handgen.training.settings import AddSettings

FEWEST = 10
"""The fewest characters of a new style."""
_LEAST_HELD = 3
"""The fewest characters that are held out."""
_SHOWN = 16
"""Held-out samples in the picture."""


class AdditionPlan:
    """The checked plan of adding a style to a trained model; nothing is written before ``run``.

    Args:
        model: the kind of model that is expected, by its name in the registry.
        path: run folder or model file of the trained model.
        store: a glyph store with the samples and their source glyphs.
        style: the style of the store to learn; may be empty if there is only one.
        settings: the settings of the addition.
        batch: samples of a step.
        seed: decides everything random.
        holdout: share of the characters to hold out.
        device: where to compute.

    Raises:
        UsageError: the name is taken; the store has several styles; it holds another kind of model.
        StoreError: too few characters; the store does not fit the model.
        CheckpointError: the model is damaged.
    """

    def __init__(
        self,
        model: str,
        path: Path,
        store: GlyphStore,
        style: str,
        settings: AddSettings,
        *,
        batch: int,
        seed: int,
        holdout: float,
        device: torch.device,
    ) -> None:
        self.base = checkpoint.load(find.find_model(path, ()))
        network = loading.build(self.base)
        if self.base.model.model != model:
            raise UsageError(f"{self.base.path} holds a {self.base.model.model}, not a {model}", "Name another --from.")
        added.check_name(settings.add_style, self.base)
        _refuse_unlike(store, self.base)
        self.store, self.settings, self.seed = store, settings, seed
        self.style = style or _only_style(store)
        self.split = split_style(store, self.style, holdout, seed)
        network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.search = StyleSearch(
            network, store, self.style, self.split, settings, batch=batch, seed=seed, device=device
        )

    @property
    def picture(self) -> Path:
        """The file of the picture that ``run`` writes."""
        return self.path.with_suffix(".png")

    @property
    def path(self) -> Path:
        """The file of the style that ``run`` writes."""
        return added.path_of(self.base.path, self.settings.add_style)

    def run(self, watch: Watch) -> FoundStyle:
        """Learn the style; write its file and a picture of held-out samples.

        Raises:
            TrainingError: a loss is not finite.
            HandgenError: the disk is full.
        """
        found = self.search.run(watch)
        record = next(style for style in self.store.styles if style.name == self.style)
        record = replace(record, name=self.settings.add_style)
        adapter = Adapter(self.settings.add_style, found.code, found.changes, record)
        facts = {
            "model": self.base.model.model,
            "charset": self.split.train,
            "held_out": self.split.held_out,
            "glyphs": len(self.search.data),
            "hand": self.style,
            "data": [str(folder) for folder in self.store.folders],
            "data_sha256": self.store.fingerprint(),
            "settings": asdict(self.settings),
            "seed": self.seed,
            "nearest": found.nearest,
            "results": found.held_out,
            "images": found.best_at,
        }
        added.save(self.base, adapter, facts)
        save_sheet(self.picture, self.search.pictures(found, _SHOWN))
        return found


def split_style(store: GlyphStore, style: str, share: float, seed: int) -> Split:
    """Split the characters that both the style and the source have into training and held-out ones (at least three).

    Raises:
        UsageError: the store has no such style.
        StoreError: there are too few characters, or there is no source.
    """
    known = {store.styles[number].name: number for number in store.targets}
    if not store.sources or not known:
        missing = "target" if store.sources else "source"
        remedy = "Give the model's own store, too, with another --data." if known else "Give another --data."
        raise StoreError(f"the glyph store {store.path} has no {missing} style", remedy)
    if style not in known:
        raise UsageError(f"the glyph store {store.path} has no target style '{style}'", nearest(style, known))
    of_style, of_source = (
        {str(char) for char in store.labels["char"][store.rows(number)]} for number in (known[style], store.sources[0])
    )
    chars = sorted(of_style & of_source)
    if len(chars) < FEWEST:
        raise StoreError(
            f"the style '{style}' in {store.path} has {len(chars)} characters that its source font draws, too",
            f"Write at least {FEWEST}; 30 are a beginning, 100 are better.",
        )
    order = [chars[number] for number in generator(seed, "split", "hand").permutation(len(chars))]
    count = max(_LEAST_HELD, round(len(chars) * share))
    return Split("".join(sorted(order[count:])), "".join(sorted(order[:count])))


def _refuse_unlike(store: GlyphStore, base: Checkpoint) -> None:
    """Raise ``StoreError`` if the size of the glyphs, or how the source is drawn, differs from the model's."""
    size = base.model.size
    remedy = f"Make it again: 'handgen import ... --match {quoted(base.path.parent)}'."
    if store.size != size:
        raise StoreError(f"glyphs of the store {store.path} have {store.size} pixels a side, the model {size}", remedy)
    if store.sources and (what := store.raster.unlike(base.model.raster)):
        raise StoreError(f"the glyph store {store.path} has {what} than the model {base.path}", remedy)


def _only_style(store: GlyphStore) -> str:
    """Return the name of the style that a store has; empty if it has none.

    Raises:
        UsageError: it has several.
    """
    names = [store.styles[number].name for number in store.targets]
    if len(names) > 1:
        shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        raise UsageError(
            f"the glyph store {store.path} has {len(names)} styles ({shown})",
            f"Name the one to add with --finetune-styles, e.g. {names[-1]}.",
        )
    return names[0] if names else ""
