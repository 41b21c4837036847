from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handgen.collect import render as module
from handgen.collect.draw import draw_font
from handgen.collect.render import make_plan, render
from handgen.collect.settings import RenderSettings
from handgen.errors import FontError, UsageError
from handgen.files import sha256
from handgen.fonts.face import FontRef
from handgen.fonts.raster import source_glyphs
from handgen.glyphs.store import GlyphStore
from tests.conftest import rectangle

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def contents(path):
    return {p.name: p.read_bytes() for p in sorted(path.iterdir())}


@pytest.fixture(scope="module")
def latin(tmp_path_factory, caveat, kalam, zeyada, indie_flower):
    """A store of Caveat and three hands, with what ``render`` said about it."""
    out = tmp_path_factory.mktemp("latin") / "store"
    targets = [str(path) for path in (kalam, zeyada, indie_flower)]
    return render(
        make_plan(
            RenderSettings(str(caveat), out=out, targets=targets, per_font=30, take=["zeyada=40"], seed=5, workers=2)
        )
    )


def test_the_store_holds_source_and_samples(latin, caveat):
    store = GlyphStore(latin.out)
    assert [(style.name, style.role) for style in store.styles] == [
        ("caveat", "source"),
        ("kalam", "target"),
        ("zeyada", "target"),
        ("indie-flower", "target"),
    ]
    assert [len(store.rows(style)) for style in range(4)] == [62, 30, 40, 30]
    assert [style.count for style in latin.styles] == [62, 30, 40, 30]
    origin = store.styles[0].origin
    assert (origin.family, origin.file, origin.sha256) == ("Caveat", caveat.name, sha256(caveat))
    assert "OFL" in origin.license
    assert set(store.labels["char"][store.rows(1)].tolist()) != set(store.labels["char"][store.rows(3)].tolist())


def test_the_store_says_how_to_draw_more_of_the_source(latin):
    store = GlyphStore(latin.out)
    chars = "".join(store.labels["char"][store.rows(0)])
    images, drawn, skipped = source_glyphs(
        FontRef.parse(store.raster.source), store.size, store.raster.placement, chars
    )
    assert (drawn, skipped) == (chars, {})
    assert np.array_equal(images, store.images[store.rows(0)])


def test_glyphs_fill_the_canvas_alike(latin):
    store = GlyphStore(latin.out)
    for style in range(4):
        images = store.images[store.rows(style)]
        rows = np.flatnonzero((images < 128).any((0, 2)))
        assert rows[0] < 16
        assert rows[-1] > 48
        assert (images.min((1, 2)) < 100).all()


def test_the_preview_shows_a_row_for_each_style(latin):
    with Image.open(latin.preview) as picture:
        assert picture.height > 4 * 64
        assert picture.width > 20 * 64


def test_workers_and_repetition_change_no_byte(latin, caveat, kalam, zeyada, indie_flower, tmp_path):
    targets = [str(path) for path in (kalam, zeyada, indie_flower)]
    plan = make_plan(
        RenderSettings(
            str(caveat), out=tmp_path / "s", targets=targets, per_font=30, take=["zeyada=40"], seed=5, workers=1
        )
    )
    render(plan)
    assert contents(plan.out) == contents(latin.out)


def test_chinese_at_128(heiti, tiny_font, tmp_path):
    chars = "永国银锒的一是不了人我在"
    font = tiny_font("boxes.ttf", {c: [rectangle(100, 0, 400 + 30 * i, 700)] for i, c in enumerate(chars[:9])})
    plan = make_plan(
        RenderSettings(str(heiti), out=tmp_path / "s", targets=[str(font)], charset=chars + "😀", size=128)
    )
    rendered = render(plan)
    assert [style.count for style in rendered.styles] == [12, 9]
    store = GlyphStore(plan.out)
    assert store.images.shape[1:] == (128, 128)
    assert store.charset == chars + "😀"
    assert store.styles[0].skipped == {"missing": "😀"}
    assert store.styles[1].skipped == {"missing": chars[9:]}


def test_without_alignment_targets_stay_natural(caveat, kalam, tmp_path):
    plan = make_plan(
        RenderSettings(str(caveat), out=tmp_path / "s", targets=[str(kalam)], charset="latin62", align=False)
    )
    render(plan)
    alignment = GlyphStore(plan.out).styles[1].alignment
    assert (alignment.sx, alignment.sy, alignment.dx, alignment.dy) == (1, 1, 0, 0)


@pytest.fixture
def folder(tmp_path, tiny_font):
    """Three good fonts and two bad ones."""
    for index, name in enumerate(["one.ttf", "two.ttf", "three.ttf"]):
        tiny_font(name, {char: [rectangle(50, 0, 300 + 20 * i + 50 * index, 700)] for i, char in enumerate(LETTERS)})
    tiny_font("kanji.ttf", {"永": [rectangle(0, 0, 500, 500)]})
    (tmp_path / "page.ttf").write_text("<html>404</html>")
    (tmp_path / "notes.txt").write_text("not a font")
    return tmp_path


def test_bad_targets_are_named_and_left_out(folder):
    plan = make_plan(
        RenderSettings(str(folder / "one.ttf"), out=folder / "out", targets=[str(folder)], charset=LETTERS, workers=2)
    )
    assert [target.style for target in plan.targets] == ["kanji", "page", "three", "two"]
    rendered = render(plan)
    assert [style.style for style in rendered.styles] == ["one", "three", "two"]
    assert "draws none" in rendered.failed["kanji"]
    assert "web page" in rendered.failed["page"]


def crash_or_hang(job):
    """Draw like ``draw_font``; the font called two crashes half-way, the one called three hangs."""
    for number, message in enumerate(draw_font(job)):
        yield message
        if number == 1 and job.style == "two":
            os.kill(os.getpid(), signal.SIGSEGV)
        if number == 1 and job.style == "three":
            time.sleep(600)


def test_a_font_that_crashes_or_hangs_costs_only_itself(folder, monkeypatch):
    monkeypatch.setattr(module, "draw_font", crash_or_hang)
    names = ["two", "three", "four"]
    (folder / "three.ttf").rename(folder / "four.ttf")
    (folder / "three.ttf").write_bytes((folder / "two.ttf").read_bytes())
    targets = [str(folder / f"{name}.ttf") for name in names]
    plan = make_plan(
        RenderSettings(str(folder / "one.ttf"), out=folder / "out", targets=targets, charset=LETTERS, workers=2)
    )
    rendered = render(plan, stall=6)
    assert "its process was ended by SIGSEGV" in rendered.failed["two"]
    assert "hung" in rendered.failed["three"]
    store = GlyphStore(plan.out)
    assert [style.name for style in store.styles] == ["one", "four"]
    assert store.labels["style"].tolist() == [0] * 26 + [1] * 26


def test_no_target_left_is_a_failure_and_no_store(folder):
    plan = make_plan(
        RenderSettings(str(folder / "one.ttf"), out=folder / "out", targets=[str(folder / "page.ttf")], charset=LETTERS)
    )
    with pytest.raises(FontError, match=r"no target font could be drawn \(page: .*web page"):
        render(plan)
    assert list((folder / "out").iterdir()) == []


def test_a_source_without_the_charset_is_a_failure(folder):
    plan = make_plan(
        RenderSettings(str(folder / "one.ttf"), out=folder / "out", targets=[str(folder / "two.ttf")], charset="永国")
    )
    with pytest.raises(FontError, match=r"one\.ttf cannot be used: it draws none of the 2 characters"):
        render(plan)


def test_styles_of_one_name_are_told_apart(folder):
    (folder / "sub").mkdir()
    (folder / "sub" / "Two.ttf").write_bytes((folder / "two.ttf").read_bytes())
    targets = [str(folder / "two.ttf"), str(folder / "sub"), str(folder / "two.ttf")]
    plan = make_plan(
        RenderSettings(str(folder / "one.ttf"), out=folder / "out", targets=targets, charset=LETTERS, take=["two-2=7"])
    )
    assert [(target.style, target.count) for target in plan.targets] == [("two", None), ("two-2", 7)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"targets": ["empty"]}, "no font in the folder"),
        ({"targets": ["one.ttf"]}, "no font other than the source"),
        ({"take": ["two=0"]}, "not of the form FONT=N"),
        ({"take": ["two"]}, "not of the form FONT=N"),
        ({"take": ["twoo=3"]}, r"no target is called 'twoo'.*'two'"),
        ({"size": 100}, "64, 128, 256"),
        ({"charset": "latin63"}, "latin62"),
        ({"targets": ["nothere.ttf"]}, "nothere"),
    ],
)
def test_what_makes_no_sense_is_refused(folder, monkeypatch, options, message):
    monkeypatch.chdir(folder)
    (folder / "empty").mkdir()
    with pytest.raises(UsageError, match=message):
        make_plan(
            RenderSettings(
                **{"font": "./one.ttf", "out": Path("out"), "targets": ["./two.ttf"], "charset": LETTERS, **options}
            )
        )


def test_the_charset_follows_the_source(heiti, caveat, kalam):
    assert make_plan(RenderSettings(str(heiti), out=Path("x"), targets=[str(kalam)])).charset == "gb2312-1"
    assert make_plan(RenderSettings(str(caveat), out=Path("x"), targets=[str(kalam)])).charset == "latin62"


def test_the_manifest_tells_what_drew_it(latin):
    manifest = json.loads((latin.out / "manifest.json").read_text())
    assert manifest["count"] == latin.glyphs == 162
    assert manifest["raster"]["size"] == 64
    assert manifest["raster"]["seed"] == 5
    assert set(manifest["raster"]["placement"]) == {"scale_x", "scale_y", "x", "baseline"}
