"""Optional packages: only some features need them, and an extra of handgen installs them."""

from __future__ import annotations

import importlib
from typing import Any

from handgen.errors import HandgenError


def load_extra(module: str, extra: str) -> Any:
    """Import and return ``module``, which ``pip install 'handgen[EXTRA]'`` installs.

    Raises:
        HandgenError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise HandgenError(f"{package} is not installed", f"Run: pip install 'handgen[{extra}]'.") from None
