"""A new style for a trained model, from its run folder to its file: what ``--add-style`` does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import torch

from handgen.checkpoints import files as checkpoint
from handgen.checkpoints import find
from handgen.checkpoints.files import Checkpoint
from handgen.errors import StoreError, UsageError
from handgen.glyphs.contact_sheet import save_sheet
from handgen.glyphs.store import GlyphStore
from handgen.models.adapters import Adapter
from handgen.sources import added, loading
from handgen.training.adapt import Adaptation, AddSettings, Found, split_hand
from handgen.training.loop import Progress

_SHOWN = 16
_PICTURE = ".png"


class Addition:
    """A request for one more style made ready: everything is checked, nothing is written yet.

    Args:
        model: name of the kind of model that is expected.
        place: run folder or model file of the trained model.
        store: the samples, with their source glyphs.
        hand: the style of the store to learn; may be empty where there is one.
        settings: of the addition.
        batch: samples of a step.
        seed: everything random follows from it.
        holdout: share of the characters that is measured on.
        device: where to compute.

    Raises:
        UsageError: the name is taken; the store has several hands; it holds another kind of model.
        StoreError: too few characters; the store does not fit the model.
        CheckpointError: the model is damaged.
    """

    def __init__(
        self,
        model: str,
        place: Path,
        store: GlyphStore,
        hand: str,
        settings: AddSettings,
        *,
        batch: int,
        seed: int,
        holdout: float,
        device: torch.device,
    ) -> None:
        self.base = checkpoint.load(find.find_model(place, ()))
        network = loading.build(self.base)
        if self.base.model.model != model:
            raise UsageError(f"{self.base.path} holds a {self.base.model.model}, not a {model}", "Name another --from.")
        added.check_name(settings.add_style, self.base)
        _refuse_unlike(store, self.base)
        self.store, self.settings, self.seed = store, settings, seed
        self.hand = hand or _only_hand(store)
        self.split = split_hand(store, self.hand, holdout, seed)
        network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.adaptation = Adaptation(
            network, store, self.hand, self.split, settings, batch=batch, seed=seed, device=device
        )

    @property
    def picture(self) -> Path:
        """Where a picture of it will be."""
        return self.path.with_suffix(_PICTURE)

    @property
    def path(self) -> Path:
        """Where the style will be."""
        return added.place_of(self.base.path, self.settings.add_style)

    def run(self, watch: Callable[[Progress], None]) -> Found:
        """Learn the style, and write its file and, beside it, a picture of held-out samples.

        Raises:
            TrainingError: a loss is not finite.
            HandgenError: the disk is full.
        """
        found = self.adaptation.run(watch)
        record = next(style for style in self.store.styles if style.name == self.hand)
        record = replace(record, name=self.settings.add_style)
        adapter = Adapter(self.settings.add_style, found.code, found.changes, record)
        facts = {
            "model": self.base.model.model,
            "charset": self.split.train,
            "held_out": self.split.held_out,
            "glyphs": len(self.adaptation.data),
            "hand": self.hand,
            "data": [str(place) for place in self.store.folders],
            "data_sha256": self.store.fingerprint(),
            "settings": asdict(self.settings),
            "seed": self.seed,
            "nearest": found.nearest,
            "results": found.held_out,
            "images": found.best_at,
        }
        added.save(self.base, adapter, facts)
        save_sheet(self.picture, self.adaptation.pictures(found, _SHOWN))
        return found


def _refuse_unlike(store: GlyphStore, base: Checkpoint) -> None:
    """Refuse samples whose source glyphs are not drawn as the model knows them."""
    size = base.model.size
    remedy = f"Make it again: 'handgen import ... --match {base.path.parent}'."
    if store.size != size:
        raise StoreError(f"the glyph store {store.path} has {store.size} pixels, the model {size}", remedy)
    if store.sources and (what := store.raster.unlike(base.model.raster)):
        raise StoreError(f"the glyph store {store.path} has {what} than the model {base.path}", remedy)


def _only_hand(store: GlyphStore) -> str:
    """Return the name of the hand that a store has; empty if it has none.

    Raises:
        UsageError: it has several.
    """
    names = [store.styles[number].name for number in store.targets]
    if len(names) > 1:
        shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        raise UsageError(
            f"the glyph store {store.path} has {len(names)} hands ({shown})",
            f"Name the one to add with --finetune-styles, e.g. {names[-1]}.",
        )
    return names[0] if names else ""
