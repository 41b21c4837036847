"""``handgen preview``: look at what a model draws."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from handgen.cli.common import PATHS, Debug, Device, Json, Seed, print_json, say, warn

_SHOWN = "What to show"
_RUNS = Path("runs")


_Grid = Annotated[bool, typer.Option("--grid", help="A row for each style. The default.", rich_help_panel=_SHOWN)]
_Interpolate = Annotated[
    tuple[str, str] | None,
    typer.Option(
        metavar="A B",
        help="The walk from style A to B: a row for each character. Trained styles; of a bicyclegan also z1, "
        "z2, ... Codes go straight, latents on an arc.",
        rich_help_panel=_SHOWN,
    ),
]
_Steps = Annotated[int, typer.Option(min=2, max=100, help="Styles from A to B, both counted.", rich_help_panel=_SHOWN)]
_Styles = Annotated[
    str,
    typer.Option(
        metavar="N|NAMES|continuous",
        help="Styles of the grid, as in synth.",
        show_default="every trained style",
        rich_help_panel=_SHOWN,
    ),
]
_Text = Annotated[
    str | None,
    typer.Option(
        metavar="CHARACTERS",
        help="The characters to draw.",
        show_default="all of a small charset, else some that were not trained on",
        rich_help_panel=_SHOWN,
    ),
]
_Charset = Annotated[
    str | None, typer.Option(help="The same, as in synth: a name or a UTF-8 file.", rich_help_panel=_SHOWN)
]
_Degrade = Annotated[
    str | None,
    typer.Option(
        metavar="PRESET|FILE",
        help="What a page does to ink: each effect of pen, ink, notebook, scan, photo or a YAML file, and all "
        "together; "
        "with a model's hands or, without --model, with a --font.",
        rich_help_panel=_SHOWN,
    ),
]
_Model = Annotated[
    Path | None,
    typer.Option(
        "--model",
        help="Run folder, model file, or the name of weights that come with handgen; or pen.",
        show_default="the latest in runs/; without one zh, for Latin characters en",
        rich_help_panel=PATHS,
    ),
]
_Font = Annotated[
    str | None,
    typer.Option(help="Source font.", show_default="the one the model was trained with", rich_help_panel=PATHS),
]
_Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="PNG file.", show_default="preview-RUN.png", rich_help_panel=PATHS),
]


_HELP = """Draw a picture of a model's styles: a grid of styles and characters, or the walk between two.

A gan or dcgan is told neither style nor character; its picture shows samples.

[bold]Examples:[/bold]

handgen preview

handgen preview --styles 15 --text 永和九年

handgen preview --degrade scan --font Caveat

handgen preview --interpolate ma-shan-zheng iansui --steps 9 --out walk.png
"""


def preview(
    grid: _Grid = False,
    interpolate: _Interpolate = None,
    steps: _Steps = 9,
    styles: _Styles = "",
    text: _Text = None,
    charset: _Charset = None,
    degrade: _Degrade = None,
    model: _Model = None,
    font: _Font = None,
    out: _Out = None,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Draw a picture of a model's styles: a grid of styles and characters, or the walk between two."""
    from handgen.checkpoints.find import run_name
    from handgen.degrade.pipeline import Pipeline
    from handgen.devices import resolve_device
    from handgen.errors import UsageError
    from handgen.glyphs.contact_sheet import save_sheet
    from handgen.sources.find import find_model
    from handgen.sources.spec import SourceSpec
    from handgen.synthesis.preview import Preview, PreviewRequest, degraded_font, one_model
    from handgen.synthesis.usual import characters_meant

    if interpolate and (grid or styles):
        raise UsageError("--interpolate excludes --grid and --styles", "Ask for one picture at a time.")
    if degrade is not None and (interpolate or grid):
        raise UsageError("--degrade excludes --grid and --interpolate", "Ask for one picture at a time.")
    if out is not None and out.suffix.lower() != ".png":
        raise UsageError(f"--out {out} is no PNG file", "Let it end in .png.")
    effects = Pipeline.load(degrade) if degrade is not None else None
    if interpolate:
        model, interpolate = one_model(model, interpolate)
    if effects and font and model is None:
        if styles or charset:
            raise UsageError("a font has no --styles, and no --charset", "Give the characters with --text.")
        file, picture = None, degraded_font(effects, font, text, seed)
        out = out or Path(f"preview-{Path(effects.name).stem}.png")
    else:
        meant = "" if model else text or characters_meant(charset, None)
        file = find_model(model, sorted(_RUNS.glob("*/")), meant)
        out = out or Path(f"preview-{run_name(file)}{f'-{Path(effects.name).stem}' if effects else ''}.png")
        spec = SourceSpec(source=str(file), font=font)
        look = Preview(PreviewRequest((spec,), charset, text, seed, str(resolve_device(device))))
        if effects:
            picture = look.degraded(effects, styles)
        else:
            picture = look.walk(*interpolate, steps) if interpolate else look.grid(styles)
    save_sheet(out, picture.rows, title=picture.title, grays=256 if effects else 16)
    if as_json:
        print_json(
            {"out": str(out), "model": str(file) if file else None, "rows": [caption for caption, _ in picture.rows]}
        )
        return
    if picture.left_out:
        warn(f"{picture.left_out:,} styles or characters have no room in the picture")
    say(f"preview  {out}")


preview.__doc__ = _HELP
