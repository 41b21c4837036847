"""``--content pen``: a model is given its source font's glyphs, written anew."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from handgen.cli import run
from handgen.seeds import SampleKey, keys
from handgen.synthesis.options import make_request
from handgen.synthesis.prepare import prepare
from tests.cli.conftest import untrained
from tests.cli.test_synth import refused
from tests.readers import read_as_trainers_do

__all__ = ["untrained"]


@pytest.fixture(scope="module")
def varied(trained):
    return prepare(make_request(trained, count=64, content="pen")).source.content.prompts


def test_content_is_the_source_glyph_and_never_twice_alike(varied):
    count = len(varied.glyphs)
    chars, styles = np.arange(count), np.zeros(count, int)
    drawn = [varied.restroke(varied.glyphs, chars, styles, keys(chars, k), 1.0) for k in (0, 1)]
    assert (varied.restroke.numbers >= 0).all()
    ink = [images < 128 for images in (varied.glyphs, *drawn)]
    for mine, own in zip(ink[1], ink[0], strict=True):
        assert mine.sum() == pytest.approx(own.sum(), rel=0.45)
    agree = [(mask & ink[0]).sum() / (mask | ink[0]).sum() for mask in ink[1:]]
    assert 0.35 < min(agree) < max(agree) < 0.95
    assert (np.abs(drawn[0].astype(int) - drawn[1]).mean((1, 2)) > 0.5).all()
    again = varied.restroke(varied.glyphs[3:5], chars[3:5], styles[3:5], keys(chars, 0)[3:5], 1.0)
    np.testing.assert_array_equal(again, drawn[0][3:5])


def test_habits_are_a_styles_own(varied):
    def drawn(style):
        some = np.zeros(6, int) + style
        return varied.restroke(varied.glyphs[:6], np.arange(6), some, keys(np.arange(6)), 0.0)

    np.testing.assert_array_equal(drawn(0), drawn(0))
    assert np.abs(drawn(0).astype(int) - drawn(1)).mean() > 1


def test_what_cannot_be_traced_stays_as_it_is(varied):
    lacking = replace(varied.restroke, numbers=np.full(len(varied.glyphs), -1))
    glyphs = varied.glyphs[:4]
    four = np.arange(4)
    np.testing.assert_array_equal(lacking(glyphs, four, four, keys(four), 1.0), glyphs)


def test_the_command_and_its_refusals(trained, tmp_path, capsys):
    made = {}
    for content in ("font", "pen"):
        arguments = ["synth", "--model", str(trained), "--out", str(tmp_path / content), "--count", "64"]
        assert run([*arguments, "--content", content, "--vary", "0"]) == 0
        made[content] = read_as_trainers_do(tmp_path / content)
    assert [label for label, _ in made["font"]] == [label for label, _ in made["pen"]]
    assert all((a != b).any() for (_, a), (_, b) in zip(*made.values(), strict=True))
    plan = json.loads((tmp_path / "pen" / "manifest.json").read_text(encoding="utf-8"))["plan"]
    assert plan["content"] == "pen"
    out = ("--out", tmp_path / "none", "--count", 9)
    refused(
        capsys, 2, "--content pn is unknown. Did you mean 'pen'?", "synth", "--model", trained, *out, "--content", "pn"
    )


@pytest.mark.parametrize("name", ["zi2zi", "pix2pix", "bicyclegan"])
def test_every_model_that_redraws_a_font_takes_it(name, untrained, trained, tmp_path):
    model = trained if name == "zi2zi" else untrained(name, **({"latent_dim": 3} if name == "bicyclegan" else {}))
    every, style = np.arange(24), np.zeros(24, int)
    made = {way: prepare(make_request(model, content=way, styles="1")).source for way in ("font", "pen")}
    drawn = {way: ready.draw(every, style, SampleKey.of(0, every)).images for way, ready in made.items()}
    images = [some.astype(int) for some in drawn.values()]
    assert images[0].shape == images[1].shape == (24, 64, 64)
    assert (np.abs(images[0] - images[1]).mean((1, 2)) > 0).all()
    again = made["pen"].draw(every[:4], style[:4], SampleKey.of(0, every[:4])).images
    # A network's last bits depend on how many pass together.
    assert np.abs(again.astype(int) - images[1][:4]).max() <= 1
    twice = made["pen"].draw(every[:4], style[:4], SampleKey.of(0, np.arange(24, 28))).images.astype(int)
    assert (twice != again).any((1, 2)).all()


def test_it_is_nothing_for_models_without_a_source(untrained_cgan, tmp_path, capsys):
    out = ("--out", tmp_path / "none", "--count", 9)
    refused(capsys, 2, "models that redraw a source font", "synth", "--model", untrained_cgan, *out, "--content", "pen")


@pytest.fixture
def untrained_cgan(make_trainer):
    trainer = make_trainer("cgan")
    trainer.run(lambda progress: None)
    return trainer.folder.path
