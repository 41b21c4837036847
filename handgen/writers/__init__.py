"""Dataset formats: each is one file with a ``Writer``, and one line here."""

from __future__ import annotations

from handgen.registry import Registry

WRITERS = Registry("format")
WRITERS.register("lmdb", "handgen.writers.lmdb:LmdbWriter", "what deep-text-recognition-benchmark, PARSeq, ... read")
