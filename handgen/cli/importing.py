"""``handgen import``: real handwriting to a glyph store. A reader is one command; what they share is here."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from handgen.cli.common import PATHS, Debug, DryRun, Json, SkipBad, print_json, say_facts, warn
from handgen.cli.generated import with_signature
from handgen.cli.help import Command, Group
from handgen.cli.imported import describe_plan, facts_of, print_imported
from handgen.errors import UsageError, quoted

if TYPE_CHECKING:
    from handgen.collect.base import Reader
    from handgen.collect.build import Imported, ImportPlan, MatchedSource

CHOICE = "What to take"
SOURCE = "What stands beside it"
_DEFAULT_OUT = Path("data/imported")

importing = typer.Typer(
    cls=Group,
    name="import",
    no_args_is_help=True,
    help="Real handwriting to a glyph store.",
    epilog=(
        "[bold]Examples:[/bold]\n\nhandgen import gnt HWDB1.1trn_gnt.zip\n\n"
        "handgen import images my-hand/ --style mine\n\nhandgen import sheet scans/ --style mine\n\n"
        "handgen train zi2zi --data data/glyphs --data data/imported"
    ),
)


def _common(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the glyph store.", rich_help_panel=PATHS)] = (
        _DEFAULT_OUT
    ),
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a glyph store that is there.", rich_help_panel=PATHS)
    ] = False,
    font: Annotated[
        str,
        typer.Option(
            "--font", "-f", metavar="FONT", help="Source font, drawn in the same store.", rich_help_panel=SOURCE
        ),
    ] = "Heiti",
    no_font: Annotated[
        bool,
        typer.Option(
            "--no-font",
            help="Real samples alone: for models without a source, or beside another store.",
            rich_help_panel=SOURCE,
        ),
    ] = False,
    match: Annotated[
        Path | None,
        typer.Option(
            "--match",
            metavar="STORE|RUN",
            help="Take source font, its drawing and the size from this glyph store, to train on both together; or from "
            "a trained model, to add a style to it.",
            show_default="none",
            rich_help_panel=SOURCE,
        ),
    ] = None,
    size: Annotated[
        Literal["64", "128", "256"],
        typer.Option(help="Side of the square images in pixels.", rich_help_panel=SOURCE),
    ] = "64",
    charset: Annotated[
        str | None,
        typer.Option(
            help="Take these characters alone: gb2312-1, latin62, digits, ..., a UTF-8 file, or the characters.",
            show_default="all that come",
            rich_help_panel=CHOICE,
        ),
    ] = None,
    per_char: Annotated[
        int | None,
        typer.Option(min=1, help="Samples of one character by one writer.", show_default="all", rich_help_panel=CHOICE),
    ] = None,
    limit_writers: Annotated[
        int | None, typer.Option(min=1, help="The first so many writers.", show_default="all", rich_help_panel=CHOICE)
    ] = None,
    skip_bad: SkipBad = True,
    dry_run: DryRun = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """The parameters that every ``import`` command has beside its own."""


_SHARED = inspect.signature(_common, eval_str=True).parameters


def reads(function: Callable[..., Any]) -> Callable[..., None]:
    """Make a command of a function that returns a reader: the shared options, and the import itself."""
    own = inspect.signature(function, eval_str=True).parameters
    made = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameters in (own, {name: each for name, each in _SHARED.items() if name not in own})
        for parameter in parameters.values()
    ]

    @functools.wraps(function)
    def command(**given: Any) -> None:
        _run(function(**{name: given[name] for name in own}), given)

    del command.__wrapped__
    return with_signature(command, made)


Style = Annotated[
    str | None,
    typer.Option(help="One name for all of it.", show_default="the writers' own", rich_help_panel=CHOICE),
]


@importing.callback()
def _root() -> None:
    """Real handwriting to a glyph store."""


def _run(reader: Reader, given: dict[str, Any]) -> None:
    from handgen.collect.build import import_store, make_import_plan

    if given["no_font"] and given["match"]:
        raise UsageError("--no-font and --match exclude each other", "Give one of them.")
    plan = make_import_plan(
        reader,
        out=given["out"],
        font=None if given["no_font"] else given["font"],
        match=_matched(given["match"]) if given["match"] else None,
        charset=given["charset"],
        size=int(given["size"]),
        per_char=given["per_char"],
        writers=given["limit_writers"],
        replace_store=given["replace"],
        skip_bad=given["skip_bad"],
    )
    if not given["as_json"]:
        say_facts(describe_plan(reader, plan))
    if plan.note:
        warn(plan.note)
    if given["dry_run"]:
        if given["as_json"]:
            print_json(describe_plan(reader, plan))
        return
    imported = _with_progress(reader, plan, import_store)
    if given["as_json"]:
        print_json(describe_plan(reader, plan) | facts_of(imported))
    else:
        print_imported(imported, _following(plan, given["match"], imported))


def _matched(path: Path) -> Path | MatchedSource:
    """Return the store that ``--match`` names, or how the source of the model that it names is drawn."""
    from handgen.glyphs.store import is_store

    if is_store(path):
        return path
    from handgen.checkpoints import files as checkpoint
    from handgen.checkpoints import find
    from handgen.glyphs.source_font import find_source_font

    file = find.find_model(path, ())
    if not file.is_file():
        return path
    facts = checkpoint.peek(file).model
    if not facts.raster.source:
        raise UsageError(f"{file} has no source font to match", "Name a font with --font.")
    found = find_source_font(facts.raster, facts.source_look)
    return found.ref, replace(facts.raster, size=facts.size, source=found.ref.spec), found.note


def _following(plan: ImportPlan, match: Path | None, imported: Imported) -> str:
    """Return the command that may follow: a model that was matched gets a style, else one is trained."""
    from handgen.checkpoints.files import peek
    from handgen.checkpoints.find import find_model
    from handgen.glyphs.store import is_store

    data = f"--data {quoted(plan.out)}"
    if match is not None and not is_store(match):
        kind = peek(find_model(match, ())).model.model
        if kind == "bicyclegan":
            return f"handgen synth --model {quoted(match)} --like {quoted(plan.out)}"
        if kind == "zi2zi" and len(imported.styles) == 1:
            return (
                f"handgen train zi2zi --from {quoted(match)} --add-style {quoted(next(iter(imported.styles)))} {data}"
            )
    return f"handgen train zi2zi {'--data data/glyphs ' if plan.font is None else ''}{data}"


def _with_progress(reader: Reader, plan: ImportPlan, run: Any) -> Imported:
    from handgen.cli.progress import Bar

    with Bar("reading", reader.total, counted=False) as bar:
        imported: Imported = run(reader, plan, bar.show)
    return imported


@importing.command(cls=Command)
@reads
def gnt(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE|DIR|ZIP...", help=".gnt files, folders or ZIP archives of them.")
    ],
    style: Style = None,
) -> Any:
    """CASIA-HWDB .gnt files: one style a writer file.

    Damaged records are skipped and listed with their offset. Nothing is unpacked: archives are streamed.

    [bold]Examples:[/bold]

    handgen import gnt HWDB1.1trn_gnt.zip --limit-writers 20 --out data/casia

    handgen import gnt 001-f.gnt 002-f.gnt --charset gb2312-1 --match data/glyphs
    """
    from handgen.collect.gnt import GntReader

    return GntReader(files, style)


@importing.command(cls=Command)
@reads
def images(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of images, one character each.")],
    labels: Annotated[
        Literal["csv", "folder", "name"] | None,
        typer.Option(
            help="Where the characters stand: in labels.csv, as folders' names, or at the start of file names.",
            show_default="csv if it is there, else what suits most of the images",
            rich_help_panel=CHOICE,
        ),
    ] = None,
    style: Style = None,
) -> Any:
    """A folder of images, one character each.

    CHAR/001.png, WRITER/CHAR/001.png, CHAR_01.png, WRITER/CHAR-3.png, or
    labels.csv with filename,words[,style]. A character may be spelt U+4E00.

    [bold]Examples:[/bold]

    handgen import images my-hand/ --style mine

    handgen import images scans/ --labels name --charset latin62 --out data/latin-hands
    """
    from handgen.collect.images import ImagesReader

    return ImagesReader(folder, labels, style)


@importing.command(cls=Command)
@reads
def idx(
    images: Annotated[Path, typer.Argument(metavar="IMAGES", help="IDX file of images, gzipped or not.")],
    labels: Annotated[Path, typer.Argument(metavar="LABELS", help="IDX file of their labels.")],
    classes: Annotated[
        str,
        typer.Option(
            help="Characters of the labels 0, 1, 2, ...: digits, latin62 (EMNIST byclass), a file, or the characters.",
            rich_help_panel=CHOICE,
        ),
    ] = "digits",
    mapping: Annotated[
        Path | None,
        typer.Option(
            help="EMNIST's mapping file, instead of --classes; of upper and lower case the first counts.",
            show_default="none",
            rich_help_panel=CHOICE,
        ),
    ] = None,
    orientation: Annotated[
        Literal["normal", "emnist"],
        typer.Option(help="emnist turns back images that are stored transposed.", rich_help_panel=CHOICE),
    ] = "normal",
    style: Style = None,
) -> Any:
    """MNIST or EMNIST: IDX files of images and labels.

    [bold]Examples:[/bold]

    handgen import idx train-images-idx3-ubyte.gz train-labels-idx1-ubyte.gz --style mnist

    handgen import idx emnist-images.gz emnist-labels.gz --mapping emnist-mapping.txt --orientation emnist
    """
    from handgen.collect.idx import IdxReader

    return IdxReader(images, labels, classes=classes, mapping=mapping, orientation=orientation, style=style)


@importing.command(cls=Command)
@reads
def lmdb(
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", help="A dataset in any format that 'check' reads.")],
    style: Style = None,
) -> Any:
    """The single characters of any dataset that handgen reads: LMDB, image folder, WebDataset, ...

    [bold]Examples:[/bold]

    handgen import lmdb real/characters --style people --per-char 5
    """
    from handgen.collect.dataset import DatasetReader

    return DatasetReader(dataset, style)


@importing.command(cls=Command)
@reads
def sheet(
    scans: Annotated[
        list[Path],
        typer.Argument(
            metavar="SCAN...", help="Photographs or scans: PNG, JPEG, TIFF or PDF files, and folders of them."
        ),
    ],
    style: Style = None,
) -> Any:
    """Filled writing sheets of 'handgen sheet', photographed or scanned. Needs handgen\\[scan].

    Pages may lie in any order and at any angle; the whole page with its four
    corner markers must be seen. A page that was filled twice gives two samples
    of each character. Boxes that are empty, crossed out, or written over their
    sides are listed and left out; page-001.png, ... in the store show each box
    in the color of what became of it.

    A folder's scans are one writer's, called like the folder; files are those
    of 'hand', unless --style says otherwise.

    [bold]Examples:[/bold]

    handgen import sheet scan.pdf --style mine --match data/glyphs --out data/mine

    handgen import sheet photos/*.jpg --style mine --no-font

    handgen import sheet writers/anna writers/bo --out data/people
    """
    from handgen.collect.scans import SheetReader

    return SheetReader(scans, style)
