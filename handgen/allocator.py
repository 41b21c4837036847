"""Settings of the C library's memory allocator."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
"""Parameters of glibc's ``mallopt``."""
_LARGEST, _KEPT, _ROOM = 32 << 20, 256 << 20, 64 << 20
"""Their values in bytes."""


def keep_freed_memory() -> None:
    """Let glibc reuse freed memory instead of returning it to the system. Only Linux has this; elsewhere do nothing.

    Without it, an array of some megabytes is returned at once, and the next one causes a page fault every 4 KiB. These
    can take longer than the computation.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt:
        mallopt(_MMAP_THRESHOLD, _LARGEST)
        mallopt(_TRIM_THRESHOLD, _KEPT)
        mallopt(_TOP_PAD, _ROOM)
