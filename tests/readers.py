from __future__ import annotations

import io

import lmdb
import numpy as np
from PIL import Image


def read_as_trainers_do(root):
    """Read as deep-text-recognition-benchmark and PARSeq do; knows the published layout alone."""
    env = lmdb.open(str(root), max_readers=32, readonly=True, lock=False, readahead=False, meminit=False)
    samples = []
    with env.begin(write=False) as txn:
        for number in range(1, int(txn.get(b"num-samples")) + 1):
            label = txn.get(b"label-%09d" % number).decode("utf-8")
            image = Image.open(io.BytesIO(txn.get(b"image-%09d" % number)))
            samples.append((label, np.asarray(image)))
    env.close()
    return samples


def items(root):
    """Every key and value of an LMDB."""
    env = lmdb.open(str(root), readonly=True, lock=False)
    with env.begin() as txn:
        found = dict(txn.cursor())
    env.close()
    return found
