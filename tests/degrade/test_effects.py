from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch
from skimage.measure import label

from handgen.degrade import EFFECTS
from handgen.degrade.base import DRAWS
from handgen.degrade.pipeline import Pipeline
from handgen.degrade.step import Step
from handgen.degrade.warp import Geometry
from handgen.errors import UsageError
from tests.degrade.conftest import HAN, LATIN, draw

KINDS = [pytest.param(EFFECTS.load(entry.name), id=entry.name) for entry in EFFECTS]
INDEX = np.array([0, 1, 5, 10**9, 2**40, 7, 77, 777] * 3) + np.repeat([0, 13, 1300], 8)


LESS_IS_STRONGER = {"lightest", "darkest", "quality", "factor", "low"}


def strongest(kind):
    ends = {field.name: field.metadata for field in dataclasses.fields(kind)}
    return kind(**{name: facts["minimum" if name in LESS_IS_STRONGER else "maximum"] for name, facts in ends.items()})


def alone(effect):
    return Pipeline("alone", [Step(effect)])


@pytest.mark.parametrize("kind", KINDS)
def test_fields_are_documented_and_ranged(kind):
    assert EFFECTS.entry(kind.name).target.endswith(f":{kind.__name__}")
    assert kind.__doc__
    for field in dataclasses.fields(kind):
        facts = field.metadata
        assert facts["help"].endswith(".")
        assert facts["minimum"] <= field.default <= facts["maximum"]
        with pytest.raises(UsageError, match=field.name.replace("_", "-")):
            kind(**{field.name: facts["maximum"] * 1.01 + 1e-3})


@pytest.mark.parametrize("kind", KINDS)
def test_an_effect_changes_images_within_their_range(kind, han):
    for effect in (kind(), strongest(kind)):
        done, records = alone(effect)(han, INDEX, 3)
        assert done.dtype == np.uint8
        assert done.shape == ((*han.shape, 3) if kind.color else han.shape)
        assert all(set(record) == {kind.name} for record in records)
        clean = han[..., None] if kind.color else han
        changed = [not np.array_equal(a, np.broadcast_to(b, a.shape)) for a, b in zip(done, clean, strict=True)]
        assert sum(changed) > len(han) / 2
        images = torch.rand(3, 3 if kind.color else 1, 40, 56)
        before = images.clone()
        raw = effect.apply(images, effect.sample(0, np.arange(3)))
        assert torch.equal(images, before)
        assert raw.shape == images.shape
        assert torch.isfinite(raw).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wide", [False, True], ids=["glyphs", "lines"])
def test_a_sample_does_not_depend_on_its_batch(kind, wide, han, line):
    """Other samples beside it, another order, alone: the same bits."""
    images = line if wide else han
    index = INDEX[: len(images)]
    pipeline = alone(strongest(kind))
    done, records = pipeline(images, index, 9)
    order = np.roll(np.arange(len(images))[::-1], 2)
    again, same = pipeline(images[order], index[order], 9)
    assert [records[k] for k in order] == same
    np.testing.assert_array_equal(done[order], again)
    for k in (0, len(images) - 1):
        one, record = pipeline(images[k : k + 1], index[k : k + 1], 9)
        assert record == [records[k]]
        np.testing.assert_array_equal(one[0], done[k])


@pytest.mark.parametrize("kind", KINDS)
def test_records_are_enough_to_do_it_again(kind, han):
    pipeline = alone(strongest(kind))
    done, records = pipeline(han, INDEX, 1)
    np.testing.assert_array_equal(pipeline.reapply(han, json.loads(json.dumps(records))), done)
    assert pipeline(han, INDEX, 2)[1] != records


@pytest.mark.parametrize("kind", KINDS)
def test_any_size(kind):
    for height, width in ((32, 997), (64, 64), (48, 17), (33, 130)):
        images = np.full((2, height, width), 255, np.uint8)
        images[:, height // 4 : -height // 4, width // 3 : width // 2] = 0
        assert alone(kind())(images, np.arange(2), 0)[0].shape[:3] == images.shape


def test_parameters_spread_over_their_range():
    u = np.stack([np.zeros(DRAWS), np.full(DRAWS, 0.5), np.full(DRAWS, 1 - 2**-53)])
    for entry in EFFECTS:
        for name, values in EFFECTS.load(entry.name)().params(u).items():
            assert np.ptp(values) > 0, (entry.name, name)


GEOMETRY = [kind for kind in KINDS if issubclass(kind.values[0], Geometry)]


@pytest.mark.parametrize("kind", GEOMETRY)
@pytest.mark.parametrize("size", [(64, 64), (32, 480)])
def test_ink_in_the_corners_stays_on_the_canvas(kind, size):
    height, width = size
    images = np.full((40, height, width), 255, np.uint8)
    for y in (0, height - 8):
        for x in (0, width - 8):
            images[:, y : y + 8, x : x + 8] = 0
    done, _ = alone(strongest(kind))(images, np.arange(40), 0)
    for image in done:
        marks = label(image < 140)
        assert marks.max() == 4
        assert min(np.bincount(marks.ravel())[1:]) > 8


def test_geometry_is_done_in_one_resampling(han):
    """Six effects that each move nothing to speak of leave the images as sharp as one does."""
    tiny = {"rotation": 0.01, "slant": 0.01, "aspect": 1e-4, "size": 1e-4, "baseline": 0.0}
    steps = []
    for name, value in tiny.items():
        kind = EFFECTS.load(name)
        steps.append(Step(kind(**{field.name: value for field in dataclasses.fields(kind)})))
    done, _ = Pipeline("tiny", steps)(han, INDEX, 0)
    assert np.abs(done.astype(int) - han).max() < 12


@pytest.mark.parametrize("size", [64, 128])
def test_a_thinner_pen_breaks_no_stroke_and_a_thicker_one_closes_no_gap(heiti, caveat, zeyada, size):
    """As many connected parts of ink after thinning, and of paper after thickening, as before."""
    pen = EFFECTS.load("pen_width")()
    for path, chars in ((heiti, HAN), (caveat, LATIN), (zeyada, LATIN)):
        images = draw(path, chars, size)[:, None].astype(np.float32) / 255
        for change in (-0.04, -0.015, 0.015, 0.04):
            done = pen.apply(torch.from_numpy(images), {"change": np.full(len(images), change)}).numpy()
            share = (done < 0.5).sum() / (images < 0.5).sum()
            assert share < 0.97 if change < 0 else share > 1.1
            for before, after in zip(images[:, 0], done[:, 0], strict=True):
                parts = [label((image < 0.5) == (change < 0), connectivity=2).max() for image in (before, after)]
                assert parts[0] == parts[1]


def test_black_and_white_is_black_and_white(han):
    done, _ = alone(EFFECTS.load("binarize")())(han, INDEX, 0)
    assert set(np.unique(done)) == {0, 255}


def test_jpeg_is_as_lossy_as_the_real_one(han):
    """Against libjpeg at the same quality: about the same error, and nearly the same image."""
    from io import BytesIO

    from PIL import Image

    for quality in (20, 50, 90):
        image = torch.from_numpy(han)[:, None].float() / 255
        ours = EFFECTS.load("jpeg")().apply(image, {"quality": np.full(len(han), float(quality))})
        ours = (ours[:, 0] * 255).round().numpy()
        for clean, mine in zip(han[:6], ours, strict=False):
            file = BytesIO()
            Image.fromarray(clean).save(file, "JPEG", quality=quality)
            theirs = np.asarray(Image.open(file)).astype(float)
            assert np.abs(mine - theirs).mean() < 0.6
            assert np.abs(theirs - clean).mean() > 2 * np.abs(mine - theirs).mean()


def test_base_lines_are_on_rules_where_it_is_asked_for():
    base = np.linspace(30, 52, 64).astype(int)
    clean = torch.ones(64, 1, 64, 400)
    for number, row in enumerate(base):
        clean[number, :, row - 14 : row, 20:120:4] = 0.2  # the body of letters, and a tail
        clean[number, :, row : row + 8, 60:64] = 0.2
    near = []
    for share in (0.0, 1.0):
        effect = EFFECTS.load("ruled")(written=share)
        printed = effect.apply(clean.clone(), effect.params(np.random.default_rng(0).random((64, DRAWS))))
        rows = [np.flatnonzero(line < 0.97) for line in printed[:, 0, :, 200].numpy()]
        near.append(sum(bool((abs(found - row - 3) < 5).any()) for found, row in zip(rows, base, strict=True)))
    assert near[1] == 64
    assert near[0] < 32
