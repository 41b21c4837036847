"""``handgen eval``: measure a model or a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handgen.cli.common import PATHS, Debug, Device, Json, print_json, say, say_left_out, warn

if TYPE_CHECKING:
    from handgen.ocr.readers import GlyphReader, Judge

_READING = "Who reads"
_SHOWN = "What to show"
_NONE = "none"


_Path = Annotated[
    Path,
    typer.Argument(metavar="DATASET|RUN", help="A dataset, a glyph store, or a run folder.", show_default=False),
]
_Recognizer = Annotated[
    str | None,
    typer.Option(
        metavar="PATH|none",
        help="Run folder or file of a trained recognizer, or the name of weights that have one; 'none' leaves the "
        "reading to the judge.",
        show_default="the newest in runs/, else that of zh; none for a run",
        rich_help_panel=_READING,
    ),
]
_Judge = Annotated[
    str | None,
    typer.Option(
        help="An independent reader beside the recognizer: rapidocr (pip install 'handgen\\[judge]').",
        show_default=False,
        rich_help_panel=_READING,
    ),
]
_Share = Annotated[
    float,
    typer.Option(min=0.0001, max=1.0, help="Share of a dataset's samples to read, 0 to 1.", rich_help_panel=_READING),
]
_FalseAlarms = Annotated[
    float,
    typer.Option(
        min=0.0001, max=0.4, help="Share of sound samples that may be called suspicious.", rich_help_panel=_READING
    ),
]
_Like = Annotated[
    Path | None,
    typer.Option(
        help="A dataset or glyph store, e.g. of real handwriting, to measure the dataset's distance to.",
        show_default=False,
        rich_help_panel=_SHOWN,
    ),
]
_Styles = Annotated[
    str,
    typer.Option(
        metavar="NAMES",
        help="Of a run, measure these styles alone, with commas between; added ones on all that they were not "
        "learned from.",
        show_default="every trained style",
        rich_help_panel=_SHOWN,
    ),
]
_Characters = Annotated[
    int,
    typer.Option(min=0, help="Characters to list, worst first; 0 lists none.", rich_help_panel=_SHOWN),
]
_Data = Annotated[
    Path | None,
    typer.Option(help="Glyph store of a run.", show_default="the one it was trained with", rich_help_panel=PATHS),
]
_Sheet = Annotated[
    Path | None,
    typer.Option(
        help="PNG file for the worst samples.",
        show_default="worst-NAME.png; RUN/worst.png",
        rich_help_panel=PATHS,
    ),
]
_Save = Annotated[
    bool,
    typer.Option("--save/--no-save", help="Keep the result there for 'handgen report'.", rich_help_panel=PATHS),
]


_SkipBad = Annotated[
    bool,
    typer.Option("--skip-bad", help="Leave out samples that cannot be read, and list them.", rich_help_panel=_READING),
]


_HELP = """Measure a model on the glyphs it never saw, or read a dataset again and find labels that are wrong.

A run's drawings are compared with the true glyphs. Of a dataset each image
of one character is read by a recognizer: how much reads as its label, by
style and by character, what is taken for what, and which samples deserve a
look.

[bold]Examples:[/bold]

handgen eval runs/zi2zi

handgen eval runs/zi2zi --styles mine --data data/mine

handgen eval datasets/zi2zi --judge rapidocr

handgen eval datasets/zi2zi --like data/glyphs --json > eval.json
"""


def evaluate(
    path: _Path,
    recognizer: _Recognizer = None,
    judge: _Judge = None,
    share: _Share = 1.0,
    false_alarms: _FalseAlarms = 0.02,
    skip_bad: _SkipBad = False,
    like: _Like = None,
    styles: _Styles = "",
    characters: _Characters = 10,
    data: _Data = None,
    sheet: _Sheet = None,
    save: _Save = True,
    device: Device = "auto",
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure a model on the glyphs it never saw, or read a dataset again and find labels that are wrong."""
    from handgen.devices import resolve_device
    from handgen.errors import UsageError
    from handgen.report.evaluation import RESULTS, remarks
    from handgen.report.run import is_run

    if sheet is not None and sheet.suffix.lower() != ".png":
        raise UsageError(f"--sheet {sheet} is no PNG file", "Let it end in .png.")
    where = resolve_device(device)
    picture = sheet or Path(f"worst-{path.resolve().name}.png")
    if is_run(path):
        from handgen.evaluation.model import SHEET

        if like is not None:
            raise UsageError("--like is for datasets", "Write one with 'handgen synth', and measure that.")
        picture = sheet or (path / SHEET if save else picture)
        result, shown = _run_measured(path, recognizer, judge, styles, data, where, picture), True
    else:
        if styles:
            raise UsageError("--styles is for runs", "Leave it out: a dataset is measured by style as it is.")
        how: dict[str, Any] = {"like": like, "share": share, "false_alarms": false_alarms, "skip_bad": skip_bad}
        result, shown = _dataset_measured(path, recognizer, judge, where, picture, how)
    for remark in remarks(result):
        warn(f"{path}: {remark}")
    if as_json:
        print_json(result)
    else:
        _print(result, characters)
        if shown:
            say(f"worst  {picture}")
    if save:
        _keep(path / RESULTS, result)


evaluate.__doc__ = _HELP


def _run_measured(
    path: Path, recognizer: str | None, judge: str | None, styles: str, data: Path | None, device: Any, picture: Path
) -> dict[str, Any]:
    """Measure a run's model, and save its worst drawings as a picture."""
    from handgen.evaluation.model import draw_held_out, evaluate_model, save_worst

    reader = _reader(recognizer, device) if recognizer is not None else None
    names = [name.strip() for name in styles.split(",") if name.strip()]
    glyphs = draw_held_out(path, data, device, names)
    result = evaluate_model(glyphs, reader, _judge(judge), device)
    save_worst(picture, glyphs)
    return result


def _dataset_measured(
    path: Path, recognizer: str | None, judge: str | None, device: Any, picture: Path, how: dict[str, Any]
) -> tuple[dict[str, Any], bool]:
    """Measure a dataset or a store, and save what is suspicious as a picture; tell whether there is any."""
    from handgen.cli.progress import track
    from handgen.evaluation.dataset import evaluate_dataset, gated_by, save_suspicious

    reader = _reader(recognizer, device)
    result = evaluate_dataset(path, reader, _judge(judge), track=track, **how)
    if reader is not None and _digest(recognizer) == gated_by(path):
        result["gated_by_reader"] = True
    return result, save_suspicious(picture, path, result, track)


def _keep(file: Path, result: dict[str, Any]) -> None:
    from handgen.errors import HandgenError
    from handgen.files import write_json

    try:
        write_json(file, result)
    except HandgenError as error:  # the measuring may have taken hours
        raise HandgenError(
            f"{error.message}: the result is not kept there", "Leave that out with --no-save."
        ) from error


def _reader(path: str | None, device: Any) -> GlyphReader | None:
    if path == _NONE:
        return None
    from handgen.ocr.reader import load_reader

    reader: GlyphReader = load_reader(Path(path) if path else None, device)
    return reader


def _digest(path: str | None) -> str:
    from handgen.checkpoints import files as checkpoint
    from handgen.ocr.reader import find_recognizer

    return checkpoint.load(find_recognizer(Path(path) if path else None)).digest()


def _judge(name: str | None) -> Judge | None:
    if name is None:
        return None
    from handgen.ocr.readers import JUDGES

    judge: Judge = JUDGES.load(name)
    return judge


def _print(result: dict[str, Any], most: int) -> None:
    from handgen.check.bad import LeftOut
    from handgen.cli.tables import show
    from handgen.report.evaluation import style_table, tables

    show(style_table("By style", result["styles"]))
    for table in tables(result)[1:]:
        if most:
            show(table, most)
    if result.get("unknown"):
        say(f"{result['unknown']:,} samples have a label that the recognizer does not know")
    if result.get("lines"):
        say(f"{result['lines']:,} samples are lines of text, which are not read here: see 'handgen report'")
    if left := [LeftOut(**each) for each in result.get("left_out", ())]:
        say_left_out(left, "--json lists all")
