"""``handgen preview``: look at what a model draws."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from handgen.cli import generated
from handgen.cli.common import Debug, Json, print_json, say, warn
from handgen.synthesis.preview_settings import SHOWN, PreviewSettings

if TYPE_CHECKING:
    from handgen.degrade.pipeline import Pipeline
    from handgen.synthesis.preview import Picture

_RUNS = Path("runs")


def _common(as_json: Json = False, debug: Debug = False) -> None:
    """The parameters beside the settings."""


def preview(**given: Any) -> None:
    """Draw a picture of a model's styles: a grid of styles and characters, or the walk between two.

    A gan or dcgan is told neither style nor character; its picture shows samples.

    [bold]Examples:[/bold]

    handgen preview

    handgen preview --styles 15 --text 永和九年

    handgen preview --degrade scan --font Caveat

    handgen preview --interpolate ma-shan-zheng iansui --steps 9 --out walk.png
    """
    settings = generated.values(PreviewSettings, given)
    from handgen.degrade.pipeline import Pipeline
    from handgen.glyphs.contact_sheet import save_sheet
    from handgen.synthesis.preview import degraded_font

    effects = Pipeline.load(settings.degrade) if settings.degrade is not None else None
    if effects and settings.font and settings.of_font:
        file, picture = None, degraded_font(effects, settings.font, settings.text, settings.seed)
        name = Path(effects.name).stem
    else:
        file, name, picture = _of_model(settings, effects)
    out = settings.out or Path(f"preview-{name}.png")
    save_sheet(out, picture.rows, title=picture.title, grays=256 if effects else 16)
    if given["as_json"]:
        rows = [caption for caption, _ in picture.rows]
        print_json({"out": str(out), "model": str(file) if file else None, "rows": rows})
        return
    if picture.left_out:
        warn(f"{picture.left_out:,} styles or characters have no room in the picture")
    say(f"preview  {out}")


generated.with_signature(preview, [*generated.parameters(PreviewSettings, SHOWN), *generated.options(_common)])


def _of_model(settings: PreviewSettings, effects: Pipeline | None) -> tuple[Path, str, Picture]:
    """Return the model that draws, what the picture is called, and the picture."""
    from handgen.checkpoints.find import run_name
    from handgen.devices import resolve_device
    from handgen.sources.find import find_model
    from handgen.sources.spec import SourceSpec
    from handgen.synthesis.preview import Preview, PreviewRequest, one_model
    from handgen.synthesis.usual import characters_meant

    model, ends = settings.model, settings.interpolate
    if ends:
        model, ends = one_model(model, ends)
    meant = "" if model else settings.text or characters_meant(settings.charset, None)
    file = find_model(model, sorted(_RUNS.glob("*/")), meant)
    spec = SourceSpec(source=str(file), font=settings.font)
    device = str(resolve_device(settings.device))
    look = Preview(PreviewRequest((spec,), settings.charset, settings.text, settings.seed, device))
    if effects:
        return file, f"{run_name(file)}-{Path(effects.name).stem}", look.degraded(effects, settings.styles)
    picture = look.walk(*ends, settings.steps) if ends else look.grid(settings.styles)
    return file, run_name(file), picture
