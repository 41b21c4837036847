"""Packages that only some features need; they come with an extra of handgen."""

from __future__ import annotations

import importlib
from typing import Any

from handgen.errors import HandgenError


def load_extra(module: str, extra: str) -> Any:
    """Import and return ``module``, which ``pip install 'handgen[extra]'`` brings.

    Raises:
        HandgenError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise HandgenError(f"{package} is not installed", f"Run: pip install 'handgen[{extra}]'.") from None
