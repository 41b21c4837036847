"""Read a dataset back the way trainers do: one reader a format, rules that all of them share."""

from __future__ import annotations

from handgen.registry import Registry

READERS = Registry("format")
READERS.register("lmdb", "handgen.check.lmdb:LmdbReader", "image-%09d, label-%09d, num-samples")
