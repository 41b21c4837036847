"""Writers along fonts' centerlines: the neat ones and the fast ones."""

from __future__ import annotations

import numpy as np
import pytest

from handgen.deform.people import numbers
from handgen.seeds import keys
from handgen.sources import traced as module
from handgen.sources.opening import open_sources
from handgen.sources.spec import SourceSpec
from handgen.synthesis.prepare import prepare
from handgen.synthesis.request import LineRequest, Request
from tests.strokes.conftest import stroke_data

__all__ = ["stroke_data"]


@pytest.mark.parametrize(("cursiveness", "fast"), [("0,0.29", False), ("0.8,1", True)])
def test_only_fast_writers_have_running_forms_and_fonts(
    cursiveness, fast, stroke_data, heiti, caveat, tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "kind_of", lambda ref: "running" if ref.path == caveat else "hei")
    spec = SourceSpec(source="traced", fonts=f"{heiti},{caveat}", styles="40", cursiveness=cursiveness)
    prepared = prepare(Request(sources=(spec,), charset="十口小AB", out=tmp_path, gate="off", device="cpu"))
    forms = {prepared.source.describe(style)["forms"] for style in range(40)}
    assert any("caveat" in name for name in forms) == fast
    notes = [note for sample in prepared.synthesis.samples(0, 200) for note in sample.meta.get("running", [])]
    assert bool(notes) == fast
    assert {note[0] for note in notes} <= set("口十小")


def test_no_neat_writer_has_a_hand_that_is_hard_to_read(tmp_path, monkeypatch):
    monkeypatch.setattr("handgen.sources.fonts.suitable_fonts", lambda chars: [])
    shown = {}
    for cursiveness in ("0,0.29", "0.8,1"):
        spec = SourceSpec(source="traced", styles="80", strokes="trace", cursiveness=cursiveness)
        prepared = prepare(Request(sources=(spec,), charset="小永口十", out=tmp_path, gate="off", device="cpu"))
        shown[cursiveness] = {prepared.source.describe(style)["forms"] for style in range(80)}
        assert "zcool-kuaile" in prepared.source.forms.hands
    assert shown["0.8,1"] - shown["0,0.29"] >= {"zcool-kuaile", "zhi-mang-xing"}
    assert shown["0,0.29"] == {"kiloji", "klee-one", "lxgw-wenkai", "xiaolai-sc", "yomogi", "zen-kurenaido"}
    assert len(shown["0.8,1"]) == len(prepared.source.forms.hands)


def test_tails_of_letters_hang_below_the_line_however_large_the_hand(stroke_data, heiti, caveat, tmp_path):
    spec = SourceSpec(source="traced", fonts=f"{heiti},{caveat}", styles="60", vary=0)
    prepared = prepare(Request(sources=(spec,), charset="gpx", out=tmp_path, gate="off", device="cpu"))
    moved, bottoms = 0, {}
    for sample in prepared.synthesis.samples(0, 180):
        style = [style.name for style in prepared.source.styles].index(sample.meta["style"])
        drops = prepared.source.drops(style)
        low = np.flatnonzero((np.asarray(sample.image) < 128).any(1)).max() / 64
        moved += sample.text in drops
        bottoms[style, sample.text] = low + drops.get(sample.text, 0)
    assert moved > 0
    hung = np.array([[bottoms[style, tail] - bottoms[style, "x"] for tail in "gp"] for style in range(60)])
    assert hung.min() > 0
    assert np.median(hung) > 0.1


def test_without_fonts_writers_have_the_forms_of_hands_that_come_with_handgen(tmp_path, monkeypatch, caveat):
    from handgen.fonts.face import FontRef

    def never(*args: object) -> None:
        raise AssertionError("a font was traced that need not be")

    monkeypatch.setattr("handgen.sources.fonts.suitable_fonts", lambda chars: [FontRef(caveat)])
    monkeypatch.setattr("handgen.strokes.kept.trace_font", never)
    spec = SourceSpec(source="traced", styles="60", strokes="trace")
    prepared = prepare(Request(sources=(spec,), charset="latin62", out=tmp_path, gate="off", device="cpu"))
    forms = {prepared.source.describe(style)["forms"] for style in range(60)}
    assert len(forms) > 20
    assert prepared.source.forms.hands.count("caveat") == 1
    images = [np.asarray(sample.image) for sample in prepared.synthesis.samples(0, 124)]
    assert min((image < 128).sum() for image in images) > 8
    monkeypatch.undo()
    named = SourceSpec(source="traced", fonts=str(caveat), strokes="trace")
    prepared = prepare(Request(sources=(named,), charset="AB", out=tmp_path, gate="off", device="cpu"))
    assert prepared.source.forms.hands == ("caveat",)


@pytest.mark.parametrize(("source", "share"), [("traced", 1.0), ("fonts", 0.6)])
def test_chinese_characters_are_narrower_than_in_fonts(source, share, heiti, tmp_path, monkeypatch):
    def proportions() -> float:
        # Traced, hands that come with handgen: no font need be traced.
        spec = SourceSpec(source=source, fonts=str(heiti) if source == "fonts" else None, vary=share)
        prepared = prepare(Request(sources=(spec,), charset="国田", out=tmp_path, gate="off", device="cpu"))
        boxes = []
        for sample in prepared.synthesis.samples(0, 240):
            ink = np.asarray(sample.image) < 128
            boxes.append([np.ptp(np.flatnonzero(ink.any(axis))) for axis in (0, 1)])
        wide, high = np.array(boxes).T
        return float(np.median(np.log(wide / high)))

    monkeypatch.setenv("HANDGEN_FONTS", str(tmp_path))
    narrow = proportions()
    monkeypatch.setattr(f"handgen.sources.{source}.upright", lambda codes, writer: np.zeros(len(codes)))
    assert narrow - proportions() == pytest.approx(share * numbers()["han_aspect"]["mean"], abs=0.06)


def test_in_lines_nobody_writes_capitals_for_small_letters(tmp_path, monkeypatch):
    """Permanent Marker is among the hands that come with handgen; alone, its letters may be anybody's."""
    monkeypatch.setenv("HANDGEN_FONTS", str(tmp_path))
    source = open_sources([SourceSpec(source="traced", styles="400")], "abgqABGQ", seed=0, device="cpu")
    marker = source.forms.hands.index("permanent-marker")
    assert source.forms.capitals.nonzero()[0].tolist() == [marker]
    writer = keys(np.arange(2000))
    fast = np.zeros(len(writer))
    assert (source._hands(writer, fast) == marker).any()
    assert not (source._hands(writer, fast, lines=True) == marker).any()


def test_lines_of_running_hands_are_joined_and_those_of_neat_ones_are_not(tmp_path, monkeypatch):
    monkeypatch.setenv("HANDGEN_FONTS", str(tmp_path))
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("是日也天朗气清，惠风和畅。仰观宇宙之大，俯察品类之盛。" * 4, encoding="utf-8")

    def metas(cursiveness, *more):
        spec = SourceSpec(source="traced", styles="8", cursiveness=cursiveness, size=64)
        lines = LineRequest(corpus=str(corpus), min_chars=6, max_chars=9)
        request = Request(sources=(spec, *more), lines=lines, out=tmp_path, gate="off", device="cpu")
        samples = list(prepare(request).synthesis.samples(0, 12))
        for sample in samples:
            assert all(sample.text[position : position + 2].isalpha() for position in sample.meta.get("joined", []))
        return [sample.meta for sample in samples if "joined" in sample.meta]

    assert len(metas("0.9,1")) > 3
    assert not metas("0,0.35")
    mixed = metas("0.9,1", SourceSpec(source="traced", styles="8", cursiveness="0,0.35", size=64))
    assert mixed
    assert min(meta["cursiveness"] for meta in mixed) >= 0.9
