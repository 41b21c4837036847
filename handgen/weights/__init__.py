"""Trained weights that come with handgen, a folder each: ``zh``, ``latin``.

model.safetensors       what draws, in half precision; a checkpoint as a run has it
recognizer.safetensors  who reads what it draws, for the gate; not every folder has one
floors.json             what the gate asks of the usual writers; with zh alone
README.md               the model card: data and licenses, settings, numbers, limits, how to make it again
styles.png              a row for each style

``handgen models export`` makes such a folder of a run.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent
MODEL, RECOGNIZER, CARD, PICTURE = "model.safetensors", "recognizer.safetensors", "README.md", "styles.png"
FIRST = "zh"
"""What is taken where nothing tells which."""
REPLACED = {"en": "latin"}
"""Weights of earlier versions -> those that came in their stead."""
MOST_MODEL, MOST_RECOGNIZER = 16 * 10**6, 12 * 10**6
"""Bytes that a shipped model and a shipped recognizer may have."""


def shipped() -> dict[str, Path]:
    """Return name -> folder of the weights that this installation has, ``zh`` first."""
    folders = sorted(
        (file.parent for file in ROOT.glob(f"*/{MODEL}")), key=lambda path: (path.name != FIRST, path.name)
    )
    return {folder.name: folder for folder in folders}


def recognizer_beside(model: Path) -> Path | None:
    """Return the recognizer that came with a model file, if one did."""
    file = model.parent / RECOGNIZER
    return file if file.is_file() else None


def shipped_recognizers() -> list[Path]:
    """Return the recognizers that this installation has, that of ``zh`` first."""
    return [file for folder in shipped().values() if (file := recognizer_beside(folder / MODEL))]
