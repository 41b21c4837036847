from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from handgen.degrade.pipeline import Pipeline
from handgen.degrade.step import make_step
from handgen.lines.boxes import moved_boxes
from handgen.lines.page import page, save_page

BOXES = [(10, 10, 20, 30), None, (60, 5, 90, 12), (150, 20, 153, 40)]


@pytest.fixture
def blots():
    image = np.full((48, 200), 255, np.uint8)
    for box in filter(None, BOXES):
        image[box[1] : box[3], box[0] : box[2]] = 0
    return image


def test_boxes_are_those_of_the_moved_ink(blots):
    steps = {"slant": 12, "rotation": 3, "size": 0.2, "baseline": 0.1, "elastic": 0.03}
    settings = {"slant": "degrees", "rotation": "degrees", "size": "change", "baseline": "shift", "elastic": "coarse"}
    pipeline = Pipeline("moved", [make_step(name, {settings[name]: value}) for name, value in steps.items()])
    for number in range(20):
        done, records = pipeline(blots[None], np.array([number]), 0)
        origin = pipeline.origins(blots[None], records)[0]
        found = moved_boxes(BOXES, blots, origin)
        assert found[1] is None
        assert found != BOXES
        outside = done[0].copy()
        for x0, y0, x1, y1 in filter(None, found):
            assert done[0][y0:y1, x0:x1].min() < 200
            outside[max(y0 - 1, 0) : y1 + 1, max(x0 - 1, 0) : x1 + 1] = 255
        assert outside.min() > 150  # no more than the pale edge of a stroke is left over
        swapped = [box and (box[1], box[0], box[3], box[2]) for box in BOXES]
        turned = moved_boxes(swapped, blots, origin, turned=True)
        assert [box and (box[1], box[0], box[3], box[2]) for box in turned] == found


def test_nothing_moves_without_geometry(blots):
    pipeline = Pipeline.load("scan")
    assert moved_boxes(BOXES, blots, pipeline.origins(blots[None], [{}])[0]) == BOXES


def test_a_page_holds_every_line(tmp_path, blots):
    dark = np.zeros((48, 300, 3), np.uint8)
    picture = page([blots, blots, dark], length=450)
    assert picture.size == (6 + 200 + 6 + 200 + 6, 6 + 48 + 6 + 48 + 6)
    assert picture.getpixel((6 + 15, 6 + 48 + 6 + 20)) == (0, 0, 0)
    standing = page([blots.T, blots.T], vertical=True, length=450)
    assert standing.size == (60, 418)
    assert np.array_equal(np.asarray(standing)[6:206, 6:54, 0], blots.T)
    save_page(tmp_path / "page.png", [blots])
    with Image.open(tmp_path / "page.png") as saved:
        assert saved.mode == "L"
