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
    """What ``--model`` means.

    Attributes:
        file: a model file, or the name of what draws without training.
        why: what was taken, and why, where nobody named it; else empty.
    """

    file: Path
    why: str = ""


def find_model(model: Path | None, runs: Sequence[Path], wanted: str = "", untrained: Sequence[str] = ()) -> Path:
    """Return the file of ``choose_model``; arguments and errors are its."""
    return choose_model(model, runs, wanted, untrained).file


def choose_model(model: Path | None, runs: Sequence[Path], wanted: str = "", untrained: Sequence[str] = ()) -> Choice:
    """Return what ``--model`` means.

    Args:
        model: a file, a run folder, or the name of shipped weights; what draws without training keeps its
            name. None = the latest of ``runs`` that is finished and has learned something; where there is
            none, the shipped weights that suit; without those, the latest run.
        runs: folders of runs.
        wanted: characters to draw, as far as they are known: shipped weights that learned the most of them suit.
        untrained: names of what draws without training.

    Raises:
        UsageError: there is none; says how to make one. Or a name means a run folder as well.
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
    if model.suffix:
        return Choice(model)
    known = [*weights.shipped(), *untrained]
    raise UsageError(
        f"no run folder and no weights called '{model}'", f"{nearest(str(model), known)} See: handgen models"
    )


def _usual(runs: Sequence[Path], wanted: str) -> Choice:
    """Choose among runs that have a model, and shipped weights."""
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
    if not weak:
        return ""
    run, why = weak[0]
    others = f", nor {len(weak) - 1} others" if len(weak) > 1 else ""
    return f"; not {run}{others}: {why}; --model {run} takes it"


def _shipped_for(wanted: str) -> Path | None:
    """Return the shipped weights that learned the most of these characters, and little else; the first if none did."""
    files = [folder / MODEL for folder in weights.shipped().values()]

    def suits(file: Path) -> tuple[int, int]:
        learned = set(peek(file).model.usual_characters)
        known = len(learned & set(wanted))
        return known, -len(learned) if known else 0

    return (max(files, key=suits) if wanted else files[0]) if files else None


def run_name(file: Path) -> str:
    """Return what to call things made with a model file: its run's name, or its own if it was moved."""
    return file.parent.resolve().name if file.name == MODEL else file.stem
