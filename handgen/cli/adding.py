"""``handgen train MODEL --add-style NAME``: one more style for a trained model."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from handgen.cli.common import print_json, say, say_facts, stderr, warn
from handgen.errors import quoted

if TYPE_CHECKING:
    from handgen.settings import Settings
    from handgen.training.adapt import FoundStyle
    from handgen.training.adding import AdditionPlan
    from handgen.training.settings import AddSettings, TrainSettings

_USED = frozenset({"batch", "seed", "holdout", "finetune_styles"})
"""Settings of a run that say something about an added style, too."""


def refuse_alone(settings: AddSettings) -> None:
    """Refuse settings of an added style where none is added.

    Raises:
        UsageError: names the first that was given.
    """
    from handgen.errors import UsageError

    given = _changed(settings)
    if given and not settings.add_style:
        raise UsageError(f"{given[0]} is for an added style", "Say how to call it with --add-style NAME.")


def add_style(model: str, added: AddSettings, settings: TrainSettings, config: Settings, given: dict[str, Any]) -> None:
    """Learn one more style of a trained model, write its file, and say what is next.

    Raises:
        UsageError: there is no --from, the name is taken, or an option says nothing of an added style.
        HandgenError: the model or the store is damaged or does not fit.
    """
    from handgen.cli.progress import TrainingBar
    from handgen.devices import resolve_device
    from handgen.errors import UsageError
    from handgen.glyphs.together import open_stores
    from handgen.models import MODELS
    from handgen.training.adding import AdditionPlan

    if given["start"] is None:
        raise UsageError("--add-style adds to a trained model", "Name its run with --from RUN.")
    useless = _changed(settings, _USED, MODELS.load(model).defaults) + _changed(config)
    useless += ["--out"] if given["out"] is not None else []
    if useless:
        raise UsageError(f"{useless[0]} says nothing of a style that is added", "Leave it out.")
    plan = AdditionPlan(
        model,
        given["start"],
        open_stores(given["data"]),
        settings.finetune_styles.strip(),
        added,
        batch=settings.batch,
        seed=settings.seed,
        holdout=settings.holdout,
        device=resolve_device(given["device"]),
    )
    if not given["as_json"] or given["dry_run"]:
        _print_plan(plan, given["as_json"])
    if given["dry_run"]:
        return
    with TrainingBar(stderr, plan.search.images, 0) as bar:
        found = plan.run(bar.show)
    _report(plan, found, given["as_json"])


def _changed(
    settings: Any, apart: Collection[str] = (), defaults: Mapping[str, Any] = MappingProxyType({})
) -> list[str]:
    """Return the flags of settings that have another value than they would without having been given."""
    from handgen.settings import option_name

    return [
        option_name(field.name)
        for field in fields(settings)
        if field.name not in apart and getattr(settings, field.name) != defaults.get(field.name, field.default)
    ]


def _print_plan(plan: AdditionPlan, as_json: bool) -> None:
    facts = {
        "model": str(plan.base.path),
        "style": plan.settings.add_style,
        "hand": plan.style,
        "glyphs": len(plan.search.data),
        "held_out_glyphs": len(plan.search.held_out),
        "images": plan.search.images,
        "out": str(plan.path),
    }
    if as_json:
        print_json(facts | asdict(plan.settings))
        return
    say(
        f"{facts['style']}: {facts['glyphs']:,} glyphs of '{facts['hand']}' and {facts['held_out_glyphs']:,} held-out "
        f"ones, {facts['images']:,} images, for {facts['model']}",
    )


def _report(plan: AdditionPlan, found: FoundStyle, as_json: bool) -> None:
    from handgen.cli.tables import show
    from handgen.report.evaluation import style_table
    from handgen.sources.added import short_name

    if as_json:
        facts: dict[str, Any] = {
            "style": plan.settings.add_style,
            "file": str(plan.path),
            "picture": str(plan.picture),
        }
        facts |= {"bytes": plan.path.stat().st_size, "seconds": round(found.seconds, 1), "nearest": found.nearest}
        print_json(facts | {"best_at": found.best_at, "held_out": found.held_out})
        return
    named = {"nearest": f"nearest: {found.nearest}", "code": "code alone", "adapted": plan.settings.add_style}
    count = len(plan.search.held_out)
    show(style_table(f"{count} held-out glyphs", {named[key]: row for key, row in found.held_out.items()}))
    if not found.changes:
        warn("no change of the weights helped on held-out glyphs: the style is its code")
    draw = f"handgen synth --model {quoted(short_name(plan.base.path))} --styles {quoted(plan.settings.add_style)}"
    lines = [
        ("style", f"{plan.path} ({plan.path.stat().st_size / 1024:,.0f} KiB, {found.seconds:.0f} s)"),
        ("preview", str(plan.picture)),
        ("next:", f"{draw} --count 10000"),
    ]
    say_facts(lines)
