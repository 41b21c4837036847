"""``render --vary pen``: a source with several drawings of a character, and who learns from them."""

from __future__ import annotations

import numpy as np
import pytest

from handgen.cli import run
from handgen.collect.render import make_plan, render
from handgen.collect.settings import RenderSettings
from handgen.glyphs.store import GlyphStore
from handgen.models.base import GLYPHS
from handgen.training.data import Pairs, Split
from handgen.training.evaluate import _prompts

CHARS = "ABHKR25永"


def rendered(out, heiti, kalam, **options):
    plan = make_plan(
        RenderSettings(
            str(heiti), out=out, targets=[str(kalam)], charset=CHARS, vary="pen", samples=3, **{"workers": 1, **options}
        )
    )
    return GlyphStore(render(plan).out)


@pytest.fixture(scope="module")
def anew(tmp_path_factory, heiti, kalam):
    return rendered(tmp_path_factory.mktemp("anew") / "store", heiti, kalam)


def test_the_fonts_own_glyphs_come_first_and_others_differ(anew, store, heiti):
    rows = anew.rows(0)
    labels, images = anew.labels[rows], anew.images[rows].astype(int)
    assert anew.raster.drawings == 3
    assert [labels["char"][labels["sample"] == number].tolist() for number in (0, 1, 2)] == [list(CHARS)] * 3
    own, *others = (images[labels["sample"] == number] for number in (0, 1, 2))
    for some in others:
        assert (np.abs(some - own).mean((1, 2)) > 3).all()
        overlap = ((some < 128) & (own < 128)).sum((1, 2)) / ((some < 128) | (own < 128)).sum((1, 2))
        assert overlap.mean() > 0.45
    assert (np.abs(others[0] - others[1]).mean((1, 2)) > 2).all()
    assert store.raster.drawings == 1
    assert set(anew.labels["sample"][anew.rows(1)]) == {0}


def test_what_is_drawn_depends_on_the_seed_alone(anew, heiti, kalam, tmp_path):
    assert np.array_equal(rendered(tmp_path / "again", heiti, kalam, workers=2).images, anew.images)
    other = rendered(tmp_path / "other", heiti, kalam, seed=1)
    differs = (other.images != anew.images).any((1, 2))
    assert differs.tolist() == [bool(label["sample"]) for label in anew.labels]


def test_each_target_is_learned_from_every_drawing_and_measured_on_the_fonts_own(anew):
    pairs = Pairs(anew, Split(CHARS, ""), ["kalam"])
    count = len(pairs)
    which = pairs.numbers(0, 60 * count, seed=2)
    source, target = pairs._rows(which)
    assert (anew.labels["char"][source] == anew.labels["char"][target]).all()
    assert set(anew.labels["style"][source]) == {0}
    seen = {(str(label["char"]), int(label["sample"])) for label in anew.labels[source]}
    drawn = {str(char) for char in anew.labels["char"][pairs.target]}
    assert seen == {(char, number) for char in drawn for number in range(3)}
    parts = np.concatenate([pairs.numbers(0, 7, seed=2), pairs.numbers(7, 60 * count - 7, seed=2)])
    assert np.array_equal(parts, which)
    assert not anew.labels["sample"][pairs._rows(np.arange(count))[0]].any()
    assert not anew.labels["sample"][pairs._rows(pairs.sample(4, seed=0))[0]].any()


def test_models_are_told_the_fonts_own_glyph(anew):
    class Glyph:
        prompt_kind = GLYPHS

    assert not anew.labels["sample"][[*_prompts(Glyph(), anew, CHARS).values()]].any()


def test_a_run_learns_from_it(make_trainer, anew):
    trainer = make_trainer(on=anew, images=8, holdout=0.2)
    assert trainer.run(lambda progress: None)


def test_the_command(heiti, kalam, tmp_path, capsys):
    arguments = ["render", "-f", str(heiti), "-t", str(kalam), "--charset", "AB", "--workers", "1", "--out"]
    assert run([*arguments, str(tmp_path / "s"), "--vary", "pen", "--samples", "2"]) == 0
    assert "2 of each source character, 1 written anew" in " ".join(capsys.readouterr().out.split())
    assert len(GlyphStore(tmp_path / "s").rows(0)) == 4
    assert (tmp_path / "s" / "preview.png").is_file()
    assert run([*arguments, str(tmp_path / "t"), "--samples", "2"]) == 2
    assert "--samples counts the drawings of --vary pen" in capsys.readouterr().err
    assert run([*arguments, str(tmp_path / "t"), "--vary", "brush"]) == 2
    assert not (tmp_path / "t").exists()
