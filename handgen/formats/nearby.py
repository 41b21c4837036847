"""Errors for a path that holds no dataset: they say what is there instead, and what to type."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from handgen.errors import UsageError, quoted
from handgen.files import PICTURES, walk
from handgen.formats.listed import decoded

Reason = tuple[str, str]
"""Why something is no dataset, and the remedy."""

_MOST, _MOST_LISTS, _LINES, _HEAD = 10_000, 1000, 5, 1 << 13
"""How much is looked at: files by their names, files by their content, lines of such a file, and bytes of it."""
_PICTURE = re.compile(rf"(.*?(?:{'|'.join(map(re.escape, sorted(PICTURES)))})[\"']?)([\t ,;|]+)", re.IGNORECASE)
"""A path of a picture at the beginning of a line, and the separator after it."""
_TEXTS = frozenset((".txt", ".csv", ".tsv", ".json", ".jsonl", ".xml"))
_ARCHIVES = frozenset((".zip", ".rar", ".7z"))
_PARTS = _TEXTS | PICTURES | {".parquet", ".tar", ".gz", ".tgz", ".mdb"}
_LMDB_FILES = (".lmdb", ".mdb")
_ANY = "Give a dataset, or a folder of datasets."
_LISTS: dict[str, Reason] = {
    "labels.csv": ("the header of {} names no column of paths and none of labels", "Begin it with filename,words."),
    "labels.json": ("{} names no image that is there", "Its keys are paths from its own folder or from images/ in it."),
    "metadata.csv": ("{} has no column file_name", "Name the columns file_name,text."),
}
"""Names of lists that a reader knows -> why the reader refused such a list."""


def no_dataset(root: Path, known: str) -> UsageError:
    """Return the error for a folder without a dataset.

    Args:
        root: the folder.
        known: the names of the formats, for the message.
    """
    message = f"{root} holds no dataset"
    if reason := _reason_of_folder(root):
        return UsageError(f"{message}: {reason[0]}", reason[1])
    every = (folder / name for folder, _, names in walk(root) for name in names if not name.startswith("."))
    files = list(itertools.islice(every, _MOST))
    if reason := next(_reasons(files), None):
        return UsageError(f"{message}: {reason[0]}", reason[1])
    kinds = Counter(file.suffix.lower() or "no ending" for file in files)
    there = ", ".join(f"{count:,} × {kind}" for kind, count in kinds.most_common(4)) or "no file"
    message += f"; it has {there}"
    if kinds.keys() & PICTURES and not kinds.keys() & _TEXTS:
        remedy = f"If each shows one character that its name or folder says: handgen import images {quoted(root)}"
        return UsageError(f"{message}, and no list of labels", remedy)
    return UsageError(message, f"Give a folder with one of: {known}.")


def no_folder(path: Path) -> UsageError:
    """Return the error for a path that should be a folder and is none."""
    if not path.exists():
        return UsageError(f"{path} does not exist", _ANY)
    suffix, remedy = path.suffix.lower(), _ANY
    if path.is_file() and suffix in _LMDB_FILES and path.name != "data.mdb":
        remedy = _as_folder(path)
    elif path.is_file() and suffix in _ARCHIVES:
        remedy = "Unpack it, and give the folder."
    elif path.is_file() and suffix in _PARTS:
        remedy = f"Give the folder it is in: {quoted(path.parent)}"
    return UsageError(f"{path} is not a folder", remedy)


def _reason_of_folder(root: Path) -> Reason | None:
    """Return the reason if the folder is something else that handgen makes."""
    if _is_store(root):
        return "it is a glyph store", f"Make a dataset of it with: handgen synth --model {quoted(root)}"
    if (root / "model.safetensors").is_file() or (root / "split.json").is_file():
        return "it is a training run", f"Make one with: handgen synth --model {quoted(root)}"
    return None


def _is_store(root: Path) -> bool:
    try:
        manifest = json.loads((root / "manifest.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(manifest, dict) and all((root / name).is_file() for name in ("images.npy", "labels.npy"))


def _reasons(files: list[Path]) -> Iterator[Reason]:
    """Yield why single files are no datasets: first from what is in them, then from their names."""
    for file in files[:_MOST_LISTS]:
        if file.suffix.lower() in _TEXTS and file.is_file() and (reason := _reason_of_text(file)):
            yield reason
    for file in files:
        if file.suffix == ".arrow":
            why = f"{file} is what Hugging Face's save_to_disk writes"
            yield why, "Load it with load_from_disk and write it with to_parquet."
        if file.suffix in _LMDB_FILES:
            yield f"{file} is an LMDB in one file", _as_folder(file)


def _as_folder(file: Path) -> str:
    """Return how to turn an LMDB in one file into the folder that trainers open."""
    folder = file.with_suffix("")
    return f"Trainers open folders: mkdir -p {quoted(folder)} && mv {quoted(file)} {quoted(folder / 'data.mdb')}"


def _reason_of_text(file: Path) -> Reason | None:
    """Return why a text file is no list of images and labels; None if it does not even look like one."""
    with file.open("rb") as stream:
        text, _ = decoded(stream.read(_HEAD))
    lines = text.splitlines()[:_LINES]
    if file.name == "metadata.csv" and lines and "file_name" in lines[0]:
        return f"the columns of {file} are not separated by commas", "Save it with commas: file_name,text."
    if file.name in _LISTS:
        why, remedy = _LISTS[file.name]
        return why.format(file), remedy
    if file.suffix == ".xml":
        return _reason_of_xml(file, text)
    if file.suffix == ".txt" and any(file.with_suffix(suffix).is_file() for suffix in PICTURES):
        why = f"{file} may be the label of the image beside it, but has no name that a trainer knows"
        return why, f"Kraken's is {file.with_suffix('.gt.txt').name}: rename every .txt to .gt.txt."
    if file.suffix.lower() in (".txt", ".csv", ".tsv"):
        return next(filter(None, (_reason_of_line(file, line) for line in lines)), None)
    return None


def _reason_of_xml(file: Path, text: str) -> Reason | None:
    kind = "PAGE XML" if "PcGts" in text else "ALTO XML" if "<alto" in text else ""
    if not kind:
        return None
    why = f"{file} is {kind} with lines of a page, which is not read"
    return why, "Cut its lines into images, each with its text beside it: 1.png and 1.gt.txt."


def _reason_of_line(file: Path, line: str) -> Reason | None:
    """Return why a line of a list is not read: wrong separator, wrong path, or the list has an unknown name."""
    match = _PICTURE.match(line)
    if match is None:
        return None
    name, separator, label = match[1].strip("\"' "), match[2], line[match.end() :]
    is_csv = file.suffix == ".csv"
    if not any((base / name).is_file() for base in (file.parent, *file.parent.absolute().parents[:3])):
        if is_csv or not label:
            return None
        return f"{file} names {name}, which is not there", "Write paths that count from the folder of the list."
    if is_csv:
        return f"{file} has no name that a trainer knows", "Call it labels.csv, with the header filename,words."
    if "\t" in separator:
        return f"{file} has no name that a trainer knows", "Call it rec_gt.txt."
    return f"{file} names images, and no label behind a tab", "Make it lines of path, tab, label."
