from __future__ import annotations

import numpy as np
import pytest

from handgen.glyphs.records import Raster, StyleRecord
from handgen.glyphs.store import StoreWriter

SIZE = 64


@pytest.fixture(scope="session")
def handwriting(tmp_path_factory, store):
    """A glyph store as people's samples make it: two writers, each of other characters, several drawings of some."""
    path = tmp_path_factory.mktemp("people") / "hands"
    first, second = (store.rows(number) for number in store.targets)
    chars = store.labels["char"]
    with StoreWriter(path, size=SIZE, charset="ABCDE", raster=Raster(size=SIZE)) as writer:
        for name, rows, own in (("ann", first, "ABC"), ("bo", second, "BCDE")):
            number = writer.add_style(StyleRecord(name, "target"))
            for char in own:
                (row,) = rows[chars[rows] == char]
                glyph = np.array(store.images[row])
                drawings = np.stack([np.roll(glyph, shift, 0) for shift in (-2, 0, 2)[: 1 if char == "A" else 3]])
                writer.append(drawings, [char] * len(drawings), number, list(range(len(drawings))))
    return path
