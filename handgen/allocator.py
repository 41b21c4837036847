"""Memory that is freed and taken again all the time."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
"""Names of glibc's ``mallopt``."""
_LARGEST, _KEPT, _ROOM = 32 << 20, 256 << 20, 64 << 20


def keep_freed_memory() -> None:
    """Ask the C library to keep freed memory for what is taken next; elsewhere than on Linux, do nothing.

    Otherwise arrays of some megabytes go back to the system at once, and the next ones begin with a page
    fault every 4 KiB, which can take longer than what is computed with them.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt:
        mallopt(_MMAP_THRESHOLD, _LARGEST)
        mallopt(_TRIM_THRESHOLD, _KEPT)
        mallopt(_TOP_PAD, _ROOM)
