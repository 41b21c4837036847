"""handgen: labeled handwriting for training OCR, made from fonts, pens and generative models.

``handgen.render``, ``train`` and ``synth`` do what the commands do; ``open_dataset`` and ``Stream`` feed PyTorch.
Nothing heavy is imported before one of them is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handgen.version import __version__

if TYPE_CHECKING:
    from handgen.api import Trained, open_dataset, render, synth, train
    from handgen.stream import Stream

__all__ = ["Stream", "Trained", "__version__", "open_dataset", "render", "synth", "train"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name in __all__:
        from importlib import import_module

        return getattr(import_module("handgen.stream" if name == "Stream" else "handgen.api"), name)
    raise AttributeError(f"module 'handgen' has no attribute '{name}'")
