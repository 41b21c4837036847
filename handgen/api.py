"""The Python API: the commands ``render``, ``train`` and ``synth`` as functions.

Each makes the same settings and plan as its command, and raises the same errors: ``handgen.errors.HandgenError``,
whose text says what to do.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handgen.progress import progress_bar

if TYPE_CHECKING:
    from torch import Tensor

    from handgen.collect.render import Rendered
    from handgen.data import LabeledImages
    from handgen.synthesis.write import Report


@dataclass(frozen=True)
class Trained:
    """The result of a training run.

    Attributes:
        run: the run folder.
        images: images seen.
        finished: whether the budget is spent.
        held_out: the last measurements on held-out glyphs: style name -> metric -> value; empty if there are none.
    """

    run: Path
    images: int
    finished: bool
    held_out: Mapping[str, Any] = field(default_factory=dict)


def render(font: str, *, progress: bool = True, **settings: Any) -> Rendered:
    """Draw fonts into a glyph store, as ``handgen render`` does.

    Args:
        font: the source font: a file, a family or an alias.
        progress: whether to show a bar.
        settings: the other settings of ``handgen.collect.settings.RenderSettings``, such as ``targets``, ``charset``,
            ``size`` and ``out``.

    Returns:
        The path of the store, and what was drawn with each font.

    Raises:
        HandgenError: a font is missing or damaged; a setting is out of range.
    """
    from handgen.collect.render import make_plan
    from handgen.collect.render import render as draw
    from handgen.collect.settings import RenderSettings

    plan = make_plan(RenderSettings(font=font, **_settings(settings, RenderSettings)))
    with progress_bar("drawing", unit="glyphs", shown=progress) as show:
        drawn: dict[str, int] = {}

        def watch(style: str, done: int, total: int) -> None:
            drawn[style] = done
            show(sum(drawn.values()))

        return draw(plan, watch)


def train(
    model: str,
    *,
    data: str | Path | Sequence[str | Path] = "data/glyphs",
    out: str | Path | None = None,
    start: str | Path | None = None,
    device: str = "auto",
    progress: bool = True,
    **settings: Any,
) -> Trained:
    """Train a model on a glyph store, or resume a run, as ``handgen train`` does.

    Args:
        model: ``zi2zi``, ``bicyclegan`` or another model that ``handgen train --help`` lists.
        data: glyph store, or several that are used as one.
        out: run folder; ``runs/MODEL`` by default.
        start: trained weights to begin with (``--from``): a run folder, a file, or the name of weights that come with
            handgen.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        progress: whether to show a bar.
        settings: settings of the run and of the model, such as ``images``, ``batch``, ``lr`` and ``lambda_l1``.

    Raises:
        HandgenError: the store cannot be used, the folder holds something else, or a loss is not finite.
    """
    from handgen.devices import resolve_device
    from handgen.glyphs.together import open_stores
    from handgen.models import MODELS
    from handgen.sources.loading import load_for_training
    from handgen.training.gan import open_run
    from handgen.training.plan import plan_training
    from handgen.training.settings import TrainSettings

    kind = MODELS.load(model)
    given = _settings(settings, TrainSettings, kind.Config)
    shared = {key: value for key, value in (dict(kind.defaults) | given).items() if _has(TrainSettings, key)}
    own = {key: value for key, value in given.items() if _has(kind.Config, key)}
    folders = [Path(data)] if isinstance(data, str | Path) else [Path(each) for each in data]
    begin = load_for_training(Path(start), model) if start is not None else None
    plan = plan_training(
        model,
        TrainSettings(**shared),
        kind.Config(**own),
        open_stores(folders),
        Path(out) if out is not None else Path("runs") / model,
        begin,
    )
    engine = open_run(plan, resolve_device(device))
    with progress_bar(
        f"training {model}", plan.settings.images, done=engine.images, unit="images", shown=progress
    ) as show:
        finished = engine.run(lambda now: show(now.images))
    measured = engine.folder.measurements()
    return Trained(plan.out, engine.images, finished, measured[-1]["styles"] if measured else {})


def synth(
    *models: str,
    recipe: str | Path | None = None,
    lines: bool = False,
    pages: bool = False,
    progress: bool = True,
    workers: int = 0,
    **options: Any,
) -> Report:
    """Write a labeled dataset, or the rest of an unfinished one, as ``handgen synth`` does.

    Args:
        models: models or other sources, with weights or without, as for ``--model``: ``"zh"``, or ``"zh=2", "pen=3"``;
            without any, the default of the command.
        recipe: a YAML file, or the name of a recipe that comes with handgen.
        lines: write lines of text instead of single characters.
        pages: write pages of lines.
        progress: whether to show a bar.
        workers: threads; 0 = one for each core. The samples do not depend on it.
        options: other options of the command by name, such as ``count``, ``styles``, ``charset``, ``degrade``,
            ``format``, ``seed`` and ``out``.

    Raises:
        HandgenError: an option is wrong, a file is missing or damaged, or the disk is full.
    """
    from handgen.synthesis.options import make_request
    from handgen.synthesis.prepare import prepare
    from handgen.synthesis.write import write
    from handgen.workers import cores

    given = {name: _path(name, value) for name, value in options.items()}
    named = Path(recipe) if recipe is not None else None
    prepared = prepare(make_request(*models, recipe=named, lines=lines, pages=pages, **given))
    with progress_bar("writing", prepared.request.count, unit="samples", shown=progress) as show:
        return write(prepared, show, workers=workers or cores())


def open_dataset(path: str | Path, transform: Callable[[Tensor], Any] | None = None) -> LabeledImages:
    """Open a dataset of any format that handgen reads, for a ``torch.utils.data.DataLoader``.

    Args:
        path: its folder.
        transform: is applied to each image, a uint8 tensor ``[1, H, W]`` or ``[3, H, W]``.

    Raises:
        HandgenError: there is no dataset, or a sample lacks its image or label.
    """
    from handgen.data import LabeledImages

    return LabeledImages(Path(path), transform)


def _has(kind: type, name: str) -> bool:
    return any(each.name == name for each in dataclasses.fields(kind))


def _settings(given: Mapping[str, Any], *kinds: type) -> dict[str, Any]:
    """Convert values for settings classes: sequences become tuples of texts, paths become ``Path``.

    Raises:
        UsageError: none of the settings classes has a field of some name.
    """
    from handgen.errors import UsageError
    from handgen.registry import nearest

    known = [each.name for kind in kinds for each in dataclasses.fields(kind)]
    for name in given:
        if name not in known:
            raise UsageError(f"unknown setting '{name}'", nearest(name, known))
    return {
        name: tuple(map(str, value)) if isinstance(value, list | tuple) else _path(name, value)
        for name, value in given.items()
    }


_PATHS = frozenset({"out", "text", "like", "writer", "data", "recognizer"})
"""Options whose values are paths."""


def _path(name: str, value: Any) -> Any:
    return Path(value) if name in _PATHS and isinstance(value, str) else value
