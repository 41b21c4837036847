"""The ink of a set beside that of another."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from typer.main import get_command
from typer.testing import CliRunner

from handgen.cli import run
from handgen.cli.main import app
from handgen.degrade import EFFECTS
from handgen.degrade.pipeline import Pipeline
from handgen.evaluation.likeness import MEASURES, compare, distance, take_apart
from handgen.formats.base import Sample
from handgen.formats.lmdb import LmdbWriter

CHARS = "永和九年岁在癸丑暮春之初会于稽山阴兰亭修"


@pytest.fixture(scope="module")
def glyphs(heiti):
    """Twenty characters in a frame of paper, gray on white."""
    font = ImageFont.truetype(str(heiti), 56)
    made = []
    for char in CHARS:
        picture = Image.new("L", (80, 80), 255)
        ImageDraw.Draw(picture).text((40, 40), char, 76, font, anchor="mm")
        made.append(np.asarray(picture))
    return np.stack(made)


def medians(images):
    """Measure images; return the median of each measure."""
    seen = [take_apart(image) for image in images]
    return {measure.name: float(np.nanmedian([measure.of(each) for each in seen])) for measure in MEASURES}


def saved(path, images, labels=CHARS):
    labels = list(labels)[: len(images)]
    with LmdbWriter(path, {}) as writer:
        writer.write(
            [Sample(number, label, image, {}) for number, (label, image) in enumerate(zip(labels, images, strict=True))]
        )
        writer.finish({})
    return path


def test_the_distance_is_in_deviations_of_the_real_set():
    real = np.sort(np.random.default_rng(0).normal(5, 2, 4000))
    assert distance(real, real, 0.1) == 0
    assert distance(real + 3, real, 0.1) == pytest.approx(3 / real.std())
    assert distance(real[::2], real, 0.1) < 0.05
    assert distance(np.array([0.5, 0.5]), np.array([0.25] * 3), 0.05) == pytest.approx(5)  # nothing varies


def test_each_measure_shows_what_was_done_to_the_images(glyphs):
    """Whatever is done moves its own measure as it should, and that more than others, in deviations."""
    noise = np.random.default_rng(1).normal(0, 10, glyphs.shape)
    thick = np.minimum.reduce([np.roll(glyphs, shift, axis) for axis in (1, 2) for shift in (-1, 0, 1)])
    done = {
        ("stroke width", 1): thick,
        ("ink gray", 1): 255 - (255 - glyphs.astype(float)) * 0.5,
        ("ink gray", -1): 255 - (255 - glyphs.astype(float)) / 0.7,
        ("paper gray", -1): glyphs * 0.8 + 15,
        ("aspect", 1): glyphs.repeat(2, axis=2),
        ("margin", -1): glyphs[:, 8:-8, 8:-8],
        ("grain", 1): glyphs + noise,
    }
    before, wrong = medians(glyphs), {}
    for (name, sign), images in done.items():
        after = medians(images.clip(0, 255).astype(np.uint8))
        moved = {each.name: (after[each.name] - before[each.name]) / each.least for each in MEASURES}
        if name == "stroke width":
            assert moved.pop("coverage") > 0
        if max(moved, key=lambda each: abs(moved[each])) != name or moved[name] * sign < 1:
            wrong[name, sign] = moved
    assert wrong == {}
    inverted, plain = medians(255 - glyphs), medians(glyphs)
    assert inverted == pytest.approx(plain, abs=0.02)


def test_every_remedy_exists():
    synth = get_command(app).get_command(None, "synth")
    options = {name for each in synth.params for name in each.opts}
    for measure in MEASURES:
        assert all(option in options for option in re.findall(r"--\w+", measure.moved_by)), measure.name
        for effect, setting in re.findall(r"(\w+)(?:: \{| \()(\w+)", measure.moved_by):
            assert effect in EFFECTS, measure.name
            assert setting in {"paler", "darker", *EFFECTS.load(effect).__dataclass_fields__}, measure.name
    assert Pipeline.load("grain")


def test_the_page_shows_both_and_the_command_names_the_largest(glyphs, tmp_path):
    ours, real = saved(tmp_path / "ours", glyphs[:, 8:-8, 8:-8]), saved(tmp_path / "real", glyphs)
    page = tmp_path / "page.html"
    words = ["report", str(ours), "--like", str(real), "--out", str(page)]
    said = CliRunner().invoke(app, words, catch_exceptions=False).stdout
    assert re.search(r"^most +margin, [\d.]+ deviations: narrower .*--degrade", said, re.MULTILINE)
    html = page.read_text(encoding="utf-8")
    assert html.count('<div class="strip">') == 2
    assert all(html.count(f"<h3>{measure.name}: ") == 1 for measure in MEASURES)
    told = json.loads(json.dumps(compare(ours, real).as_json()))
    assert next(iter(told["measures"])) == "margin"
    assert told["measures"]["coverage"]["distance"] == pytest.approx(0, abs=0.02)
    assert told["images"] == [len(CHARS)] * 2


def test_characters_that_both_have_are_compared_alone_where_they_suffice(glyphs, tmp_path):
    ten = np.concatenate([glyphs] * 20)
    ours = saved(tmp_path / "ours", ten, CHARS * 20)
    real = saved(tmp_path / "real", ten, (CHARS[:10] + "一" * 10) * 20)
    found = compare(ours, real)
    assert (found.chars, found.images) == ("".join(sorted(CHARS[:10])), (200, 200))
    assert all(each.distance < 0.01 for each in found.measures)


@pytest.mark.parametrize(
    ("labels", "most", "said"), [("一二" * 10, 20, "holds single characters"), (CHARS, 5, "At least 20 are needed")]
)
def test_what_cannot_be_compared_is_one_line(labels, most, said, glyphs, tmp_path, capsys):
    ours = saved(tmp_path / "ours", glyphs)
    lines = [labels] * 20 if "holds" in said else CHARS
    real = saved(tmp_path / "real", glyphs[:most], lines)
    assert run(["report", str(ours), "--like", str(real), "--out", str(tmp_path / "page.html")]) != 0
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "page.html").exists()
