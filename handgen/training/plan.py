"""The plan of a training run of a GAN: everything that it needs is found and checked, and nothing is written."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch

from handgen.checkpoints.files import Checkpoint
from handgen.checkpoints.run import check_folder, read_config
from handgen.distributed import Ranks, share_statistics
from handgen.errors import UsageError
from handgen.extras import load_extra
from handgen.glyphs.records import StyleRecord
from handgen.glyphs.store import GlyphStore
from handgen.losses.adversarial import Adversarial, prepare_critic
from handgen.models import MODELS
from handgen.models.base import STROKES, Model, Resolved
from handgen.settings import Settings
from handgen.sources import loading
from handgen.training.data import DATA, Glyphs, Pairs, Split, split_store, style_names
from handgen.training.settings import TrainSettings


@dataclass(frozen=True)
class TrainingPlan:
    """A checked run of one model on one store; ``gan.open_run`` starts it.

    Attributes:
        name: name of the model in the registry.
        settings: the settings that all models share.
        resolved: the model's own settings, with the files that they need.
        store: the glyph store.
        out: the run folder, which need not exist yet.
        split: training and held-out glyphs.
        styles: names of the model's styles, in its order.
        only: the styles of ``--finetune-styles``; empty = all.
        rows: for each part of a batch, the rows that this rank takes.
        start: trained weights for the start of a fresh run (``--from``).
        ranks: the processes that share the run.
    """

    name: str
    settings: TrainSettings
    resolved: Resolved
    store: GlyphStore
    out: Path
    split: Split
    styles: tuple[str, ...]
    only: tuple[str, ...]
    rows: tuple[slice, ...]
    start: Checkpoint | None
    ranks: Ranks

    @property
    def kind(self) -> type[Model]:
        """The model's class."""
        kind: type[Model] = MODELS.load(self.name)
        return kind

    @property
    def config(self) -> Settings:
        """The model's own settings."""
        config: Settings = self.resolved.config
        return config

    @functools.cached_property
    def charset(self) -> str:
        """The model's characters, sorted: the training characters, and those of its first weights."""
        return "".join(sorted(set(self.split.train) | set(self.start.model.charset if self.start else "")))

    @functools.cached_property
    def data(self) -> Glyphs:
        """The training data."""
        ways = {"balanced": self.settings.balance_styles, "disjoint": self.settings.disjoint}
        return DATA[self.kind.needs](self.store, self.split, self.styles, self.only, charset=self.charset, **ways)

    @functools.cached_property
    def held_out(self) -> Glyphs:
        """The glyphs to measure on and to show: the held-out pairs; if none are held out, training glyphs."""
        if not self.split.holds_out and self.kind.needs != "pairs":
            return self.data
        held_out = self.split.holds_out
        return Pairs(self.store, self.split, self.styles, self.only, charset=self.charset, held_out=held_out)

    @property
    def records(self) -> tuple[StyleRecord, ...]:
        """Records of the styles: those of the store and, for styles that it lacks, those of the first weights."""
        before = {style.name: style for style in self.start.model.styles} if self.start else {}
        here = {style.name: style for style in self.store.styles}
        return tuple(here.get(name) or before[name] for name in self.styles)

    def identity(self) -> dict[str, Any]:
        """Return everything that the result of the run depends on. A folder with another identity is refused."""
        paths = [str(path) for path in self.store.folders]
        data = {
            "model": self.name,
            "data": paths if len(paths) > 1 else paths[0],
            "data_sha256": self.store.fingerprint(),
        }
        origin = {"from": str(self.start.path), "from_sha256": self.start.digest()} if self.start else {}
        needed = {f"{name}_sha256": digest for name, digest in self.resolved.hashes.items()}
        return data | origin | needed | asdict(self.settings) | asdict(self.config)  # type: ignore[call-overload, no-any-return]

    def defaults(self) -> Mapping[str, Any]:
        """Return the default of each setting, for runs of earlier versions that lack it."""
        return {field.name: field.default for kind in (TrainSettings, self.kind.Config) for field in fields(kind)}  # type: ignore[arg-type]

    def make_model(self) -> Model:
        """Return the model at the start of a fresh run, on the CPU. It depends on the plan and its seed alone.

        Raises:
            UsageError: the weights of ``start`` do not fit.
        """
        torch.manual_seed(self.settings.seed)
        model = self.kind(self.config, self.store.size, self.styles, self.charset)
        model.adversarial = Adversarial(self.settings.gan_loss, r1=self.settings.r1 > 0)
        for name in model.critics:
            prepare_critic(model.get_submodule(name), self.settings.gan_loss, spectral_norm=self.settings.spectral_norm)
        if self.ranks.size > 1:
            share_statistics(model)
        if self.start is not None:
            left = model.load_matching(self.start.tensors, self.start.style_names)
            loading.refuse_unfit(self.start, left, model, self.config)
        return model


def _kept_styles(settings: TrainSettings, store: GlyphStore, start: Checkpoint | None) -> list[str]:
    """Return the styles of the first weights that the model keeps."""
    if start is None and settings.forget_styles:
        raise UsageError("--forget-styles is about the styles of first weights", "Name them with --from.")
    here = {style.name for style in store.styles}
    return [name for name in (start.style_names if start else []) if name in here or not settings.forget_styles]


def plan_training(
    name: str,
    settings: TrainSettings,
    config: Settings,
    store: GlyphStore,
    out: Path,
    start: Checkpoint | None = None,
    ranks: Ranks = Ranks(),  # noqa: B008 - immutable
) -> TrainingPlan:
    """Check a run without writing anything.

    Args:
        name: name of the model in the registry.
        settings: the settings that all models share.
        config: the model's own settings.
        store: the glyph store.
        out: the run folder.
        start: trained weights for the start of a fresh run (``--from``).
        ranks: the processes that share the run.

    Raises:
        UsageError: the folder holds something else; the store lacks a style; the batch cannot be divided; the weights
            of ``start`` do not fit.
        StoreError: the store has nothing to learn from.
    """
    rows = ranks.rows(settings.batch, settings.accumulate)
    if settings.tensorboard:
        load_extra("tensorboard", "tensorboard")
    kind: type[Model] = MODELS.load(name)
    for option, amount in (("displace", settings.displace), ("warp", settings.warp)):
        if amount and kind.prompt_kind is STROKES:
            raise UsageError(f"--{option} distorts glyphs, and a {name} learns from strokes", "Leave it out.")
    seen, held = (start.model.charset, start.model.held_out) if start else ("", "")
    share, seed = settings.holdout, settings.seed
    split = split_store(store, kind.needs, share, seed, by=settings.holdout_by, seen=seen, held=held)
    only = tuple(part.strip() for part in settings.finetune_styles.split(",") if part.strip())
    styles = style_names(name, kind, store, _kept_styles(settings, store, start), only)
    resolved = kind.resolve(config, split.train, read_config(out))
    plan = TrainingPlan(name, settings, resolved, store, out, split, styles, only, tuple(rows), start, ranks)
    for glyphs in (plan.data, plan.held_out):  # both are made here, so that errors are found before the run
        assert len(glyphs)
    if ranks.leads:
        check_folder(out, plan.identity(), plan.defaults())
    if start is not None:
        plan.make_model()
    return plan
