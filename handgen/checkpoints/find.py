"""Which model file ``--model`` means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from handgen import weights
from handgen.checkpoints.files import MODEL, STATE, peek
from handgen.errors import UsageError
from handgen.registry import nearest


def find_model(place: Path | None, runs: Sequence[Path], wanted: str = "", untrained: Sequence[str] = ()) -> Path:
    """Return the model file that ``--model`` means.

    Args:
        place: a file, a run folder, or the name of shipped weights; what draws without training keeps its
            name. None = the latest of ``runs``; where there is no run, the shipped weights that suit.
        runs: folders of runs.
        untrained: names of what draws without training.
        wanted: characters to draw, as far as they are known: shipped weights that learned the most of them suit.

    Raises:
        UsageError: there is none; says how to make one. Or a name means a run folder as well.
    """
    if place is None:
        files = [file for run in runs for file in [run / MODEL] if file.is_file()]
        return max(files, key=lambda file: file.stat().st_mtime) if files else _shipped_for(wanted)
    if str(place) in untrained:
        if (place / MODEL).is_file() or (place / STATE).is_file():
            raise UsageError(
                f"--model {place} is both the {place} that needs no training and the run folder {place.resolve()}",
                f"Name the model's file, {place / MODEL}; or rename that folder to use the {place}.",
            )
        return place
    if place.exists() or len(place.parts) != 1:
        return place / MODEL if place.is_dir() else place
    if str(place) in weights.shipped():
        return weights.shipped()[str(place)] / MODEL
    if place.suffix:
        return place
    known = [*weights.shipped(), *untrained]
    raise UsageError(
        f"no run folder and no weights called '{place}'", f"{nearest(str(place), known)} See: handgen models"
    )


def _shipped_for(wanted: str) -> Path:
    """Return the shipped weights that learned the most of these characters, and little else; the first if none did."""
    files = [folder / MODEL for folder in weights.shipped().values()]
    if not files:
        raise UsageError("no trained model was found in runs/", "Train one with 'handgen train zi2zi'.")

    def suits(file: Path) -> tuple[int, int]:
        learned = set(peek(file).model.usual_characters)
        known = len(learned & set(wanted))
        return known, -len(learned) if known else 0

    return max(files, key=suits) if wanted else files[0]


def run_name(file: Path) -> str:
    """Return what to call things made with a model file: its run's name, or its own if it was moved."""
    return file.parent.resolve().name if file.name == MODEL else file.stem
