"""Which model file ``--model`` means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from handgen import weights
from handgen.checkpoints.files import MODEL, STATE, peek
from handgen.checkpoints.weakness import weakness
from handgen.errors import UsageError
from handgen.registry import nearest


@dataclass(frozen=True)
class Choice:
    """The result of ``choose_model``.

    Attributes:
        file: a model file, or the name of a source that needs no training, such as ``pen``.
        why: what was chosen, and why; empty if the user named it.
    """

    file: Path
    why: str = ""


def find_model(model: Path | None, runs: Sequence[Path], wanted: str = "", untrained: Sequence[str] = ()) -> Path:
    """Return the file that ``choose_model`` chooses; arguments and errors are the same."""
    return choose_model(model, runs, wanted, untrained).file


def choose_model(model: Path | None, runs: Sequence[Path], wanted: str = "", untrained: Sequence[str] = ()) -> Choice:
    """Return what ``--model`` means.

    Args:
        model: a file, a run folder, the name of shipped weights, or one of ``untrained``. None = the latest of
            ``runs`` that is finished and not weak (``weakness``); if there is none, the shipped weights that know the
            most of the ``wanted`` characters; without shipped weights, the latest run.
        runs: run folders.
        wanted: the characters to draw; empty if they are not known yet.
        untrained: names of sources that need no training.

    Raises:
        UsageError: there is no such model, or the name of a source is also that of a run folder.
    """
    if model is None:
        return _usual([run for run in runs if (run / MODEL).is_file()], wanted)
    if str(model) in untrained:
        if (model / MODEL).is_file() or (model / STATE).is_file():
            raise UsageError(
                f"--model {model} is both the {model} that needs no training and the run folder {model.resolve()}",
                f"Name the model's file, {model / MODEL}; or rename that folder to use the {model}.",
            )
        return Choice(model)
    if model.exists() or len(model.parts) != 1:
        return Choice(model / MODEL if model.is_dir() else model)
    if str(model) in weights.shipped():
        return Choice(weights.shipped()[str(model)] / MODEL)
    if (now := weights.REPLACED.get(str(model), "")) in weights.shipped():
        raise UsageError(
            f"handgen comes without the weights '{model}': '{now}' replaced them", f"Use --model {now}, or name a file."
        )
    if model.suffix:
        return Choice(model)
    known = [*weights.shipped(), *untrained]
    raise UsageError(
        f"no run folder and no weights called '{model}'", f"{nearest(str(model), known)} See: handgen models"
    )


def _usual(runs: Sequence[Path], wanted: str) -> Choice:
    """Choose among runs with a model file, and shipped weights."""
    latest = sorted(runs, key=lambda run: (run / MODEL).stat().st_mtime, reverse=True)
    weak: dict[Path, str] = {}
    for run in latest:
        weak[run] = weakness(run)
        if not weak[run]:
            return Choice(run / MODEL, f"{run}, the latest finished run{_left_out(list(weak.items())[:-1])}")
    shipped = _shipped_for(wanted)
    if shipped is None:
        if not latest:
            raise UsageError("no trained model was found in runs/", "Train one with 'handgen train zi2zi'.")
        return Choice(latest[0] / MODEL, f"{latest[0]}, the latest run, although {weak[latest[0]]}")
    return Choice(shipped, f"{shipped.parent.name}, which comes with handgen{_left_out(list(weak.items()))}")


def _left_out(weak: Sequence[tuple[Path, str]]) -> str:
    """Return the part of ``Choice.why`` that names the runs that were not chosen, and their weakness."""
    if not weak:
        return ""
    run, why = weak[0]
    others = f", nor {len(weak) - 1} others" if len(weak) > 1 else ""
    return f"; not {run}{others}: {why}; --model {run} takes it"


def _shipped_for(wanted: str) -> Path | None:
    """Return the shipped weights that know the most of these characters, of equal ones those that know fewest others.

    If none knows any, or ``wanted`` is empty, the first; None if there are no shipped weights.
    """
    files = [folder / MODEL for folder in weights.shipped().values()]

    def fitness(file: Path) -> tuple[int, int]:
        learned = set(peek(file).model.usual_characters)
        known = len(learned & set(wanted))
        return known, -len(learned) if known else 0

    if not files:
        return None
    return max(files, key=fitness) if wanted else files[0]


def run_name(file: Path) -> str:
    """Return the name of a model file for people: that of its run folder, or its own if it was renamed."""
    return file.parent.resolve().name if file.name in (MODEL, STATE) else file.stem
