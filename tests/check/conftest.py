from __future__ import annotations

import io

import lmdb
import numpy as np
import pytest
from PIL import Image


def png(seed, shape=(24, 24)):
    """A picture with ink that no other seed gives."""
    data = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8)).save(data, "PNG")
    return data.getvalue()


def sound(count=12):
    """The keys and values of a dataset without a fault, written from the published layout."""
    found = {b"num-samples": b"%d" % count}
    for i in range(1, count + 1):
        found[b"image-%09d" % i] = png(i)
        found[b"label-%09d" % i] = "永和九年歲在癸丑暮春之初"[(i - 1) % 12].encode()
    return found


def save(folder, records):
    folder.mkdir(parents=True, exist_ok=True)
    env = lmdb.open(str(folder), map_size=1 << 26)
    with env.begin(write=True) as txn:
        for key, value in records.items():
            txn.put(key, value)
    env.close()
    return folder


@pytest.fixture(scope="session")
def lmdbs():
    """Tools that make LMDB datasets without handgen's own writer."""

    class Tools:
        png = staticmethod(png)
        sound = staticmethod(sound)
        save = staticmethod(save)

    return Tools
