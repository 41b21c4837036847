"""Writes samples 20 at a time, with small commits, shards and folders: ``writing FORMAT PATH COUNT LIMIT HOLD``."""

import sys
import time
from pathlib import Path

import numpy as np

from handgen.errors import HandgenError
from handgen.formats import FORMATS, files, lmdb, parquet, webdataset
from handgen.formats.base import Sample


def make_small(name, set_to=setattr):
    """Let few samples be much for a format: for a folder, a shard, a commit."""
    for owner, most in ((files, "_PER_FOLDER"), (parquet, "PER_SHARD"), (webdataset, "PER_SHARD")):
        set_to(owner, most, 100)
    set_to(lmdb, "_PER_COMMIT", 60)
    kind = FORMATS.load(name).writer
    if hasattr(kind, "per_commit"):
        set_to(kind, "per_commit", 60)


def sample(i):
    image = np.random.default_rng(i).integers(0, 256, (24, 24 + i % 5), np.uint8)
    return Sample(i, chr(0x4E00 + i % 500) * (1 + i % 3), image, {"style": f"s{i % 3}"})


def write(name, path, count, hold=-1, said=lambda *words: None):
    """Write what is missing of a dataset; at sample ``hold`` wait."""
    with FORMATS.load(name).writer(path, {"count": count}, workers=2) as writer:
        said("from", writer.written)
        for start in range(writer.written, count, 20):
            if start == hold:
                time.sleep(3600)
            writer.write([sample(i) for i in range(start, min(start + 20, count))])
            said("wrote", writer.written)
        if not writer.complete:
            writer.finish({})


if __name__ == "__main__":
    import resource

    name, path, (count, limit, hold) = sys.argv[1], Path(sys.argv[2]), map(int, sys.argv[3:])
    make_small(name)
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        write(name, path, count, hold, lambda *words: print(*words, flush=True))
    except HandgenError as error:
        sys.exit(f"{type(error).__name__}: {error}")
