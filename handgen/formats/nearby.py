"""What a folder or file is that holds no dataset, and what to type instead."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

from handgen.errors import UsageError, quoted
from handgen.files import PICTURES, walk
from handgen.formats.listed import decoded

_MOST = 10_000
_LISTS = 1000
_LINES = 5
_HEAD = 1 << 13
_PICTURE = re.compile(rf"(.*?(?:{'|'.join(map(re.escape, sorted(PICTURES)))})[\"']?)([\t ,;|]+)", re.IGNORECASE)
_TEXTS = frozenset((".txt", ".csv", ".tsv", ".json", ".jsonl", ".xml"))
_HELD = {
    "labels.csv": "its header names no column of paths and none of labels: begin it with filename,words",
    "labels.json": "it names no image that is there: its keys are paths from the folder or from images/ in it",
    "metadata.csv": "it has no column file_name: name the columns file_name,text",
}
"""Lists by name -> why they may mark no dataset."""


def no_dataset(root: Path, known: str) -> UsageError:
    """Return the error for a folder without a dataset: what is there instead, and what reads that.

    Args:
        root: the folder.
        known: the names of the formats.
    """
    message = f"{root} holds no dataset"
    name = quoted(root)
    if _is_store(root):
        return UsageError(f"{message}: it is a glyph store", f"Make a dataset of it with: handgen synth --model {name}")
    if (root / "model.safetensors").is_file() or (root / "split.json").is_file():
        return UsageError(f"{message}: it is a training run", f"Make one with: handgen synth --model {name}")
    files = [folder / file for folder, _, files in walk(root) for file in files if not file.startswith(".")]
    files = files[:_MOST]
    if found := next(filter(None, map(_almost_a_list, files[:_LISTS])), None):
        return UsageError(f"{message}: {found[0]}", found[1])
    for file in files:
        if why := _HELD.get(file.name):
            return UsageError(f"{message}: of {file}, {why}", "Mend it and try again.")
        if file.suffix == ".arrow":
            return UsageError(
                f"{message}: {file} is what Hugging Face's save_to_disk writes",
                "Load it with load_from_disk and write it with to_parquet.",
            )
        if file.suffix in (".lmdb", ".mdb"):
            return UsageError(f"{message}: {file} is an LMDB in one file", one_file_lmdb(file))
    kinds = Counter(file.suffix.lower() or "no ending" for file in files)
    pictures = sum(count for kind, count in kinds.items() if kind in PICTURES)
    there = ", ".join(f"{count:,} × {kind}" for kind, count in kinds.most_common(4)) or "no file"
    message += f"; it has {there}"
    if pictures and not kinds.keys() & _TEXTS:
        return UsageError(
            f"{message}, and no list of labels",
            f"If each shows one character that its name or folder says: handgen import images {name}",
        )
    return UsageError(message, f"Give a folder with one of: {known}.")


def _almost_a_list(file: Path) -> tuple[str, str] | None:
    """Return why a file is no list of images and labels, though it looks like one, and the remedy; None if it does not.

    Lists with spaces or commas, of paths that lead nowhere, of another separator; labels in files of their own.
    """
    if file.suffix.lower() not in _TEXTS - {".json", ".jsonl"} or not file.is_file():
        return None
    if file.suffix == ".xml":
        return _of_page_xml(file)
    if file.suffix == ".txt" and any(file.with_suffix(suffix).is_file() for suffix in PICTURES):
        label = file.with_suffix(".gt.txt").name
        return f"{file} may be the label of the image beside it, but has no name that a trainer knows", (
            f"Kraken's is {label}: rename every .txt to .gt.txt."
        )
    with file.open("rb") as stream:
        lines = decoded(stream.read(_HEAD))[0].splitlines()[:_LINES]
    if file.name == "metadata.csv":
        return (
            None
            if "file_name" not in "".join(lines[:1])
            else (f"the columns of {file} are not separated by commas", "Save it with commas: file_name,text.")
        )
    for line in lines:
        name, separator, label = _cut(line)
        if not separator:
            continue
        if any((base / name).is_file() for base in (file.parent, *file.parent.absolute().parents[:3])):
            if file.suffix == ".csv":
                return f"{file} has no name that a trainer knows", "Call it labels.csv, with the header filename,words."
            if "\t" in separator:
                return f"{file} has no name that a trainer knows", "Call it rec_gt.txt."
            return f"{file} names images, and no label behind a tab", "Make it lines of path, tab, label."
        if label and file.suffix != ".csv":
            return f"{file} names {name}, which is not there", "Write paths that count from the folder of the list."
    return None


def _cut(line: str) -> tuple[str, str, str]:
    """Cut a line behind the path of a picture that it begins with; the separator is empty where it does not."""
    match = _PICTURE.match(line)
    return (match[1].strip("\"' "), match[2], line[match.end() :]) if match else ("", "", "")


def _of_page_xml(file: Path) -> tuple[str, str] | None:
    with file.open("rb") as stream:
        head = stream.read(_HEAD)
    kind = "PAGE XML" if b"PcGts" in head else "ALTO XML" if b"<alto" in head else ""
    if not kind:
        return None
    return f"{file} is {kind} with lines of a page, which is not read", (
        "Cut its lines into images, each with its text beside it: 1.png and 1.gt.txt."
    )


def no_folder(path: Path) -> UsageError:
    """Return the error for a dataset that is no folder: it is missing, or a file of one, or an archive."""
    if not path.exists():
        return UsageError(f"{path} does not exist", "Give a dataset, or a folder of datasets.")
    message = f"{path} is not a folder"
    if not path.is_file():
        return UsageError(message, "Give a dataset, or a folder of datasets.")
    if path.suffix in (".lmdb", ".mdb") and path.name != "data.mdb":
        return UsageError(message, one_file_lmdb(path))
    if path.suffix.lower() in (".zip", ".rar", ".7z"):
        return UsageError(message, "Unpack it, and give the folder.")
    if path.suffix.lower() in (*_TEXTS, ".parquet", ".tar", ".gz", ".tgz", ".mdb", *PICTURES):
        return UsageError(message, f"Give the folder it is in: {quoted(path.parent)}")
    return UsageError(message, "Give a dataset, or a folder of datasets.")


def one_file_lmdb(file: Path) -> str:
    """Return what to do with an LMDB that is one file, where trainers open folders."""
    folder = file.with_suffix("")
    return f"Trainers open folders: mkdir -p {quoted(folder)} && mv {quoted(file)} {quoted(folder / 'data.mdb')}"


def _is_store(root: Path) -> bool:
    try:
        manifest = json.loads((root / "manifest.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(manifest, dict) and all((root / name).is_file() for name in ("images.npy", "labels.npy"))
