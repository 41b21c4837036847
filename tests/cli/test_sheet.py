"""``handgen sheet`` and ``handgen import sheet``: printed, filled by fonts, photographed, and read back."""

from __future__ import annotations

import json

import numpy as np
import pytest

from handgen.cli import run
from handgen.collect.normalize import Frames, normalize
from handgen.fonts.charsets import load_charset
from handgen.fonts.face import FontRef
from handgen.glyphs.records import Origin
from handgen.glyphs.store import GlyphStore
from handgen.sheets.plan import plan_sheet
from tests.sheets.conftest import fill, photographed, printed

MATCH = 0.9
"""Correlation of a glyph that was read with the one that was written."""


def call(capsys, *arguments):
    code = run([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


def matching(store, samples, written, source):
    """Return how many glyphs are what was written, and how many look like another character of the set instead."""
    frames = Frames(store.size, FontRef(source), store.raster.placement)
    rows = store.rows(store.targets[0])
    rows = rows[store.labels["sample"][rows] == samples]
    chars = store.labels["char"][rows].tolist()
    true = np.stack([normalize(255 - written[char], frames.of(char), store.size, 255) for char in chars])
    both = np.corrcoef(store.images[rows].reshape(len(rows), -1), true.reshape(len(rows), -1))
    alike = both[: len(rows), len(rows) :]
    return len(rows), int((alike.diagonal() > MATCH).sum()), int((alike.argmax(1) == np.arange(len(rows))).sum())


@pytest.mark.parametrize(
    ("charset", "hand", "times", "way"),
    [
        ("latin62", "kalam", 2, {"angle": 8, "slant": 0.07, "noise": 6, "quality": 75}),
        ("hanzi100", "heiti", 1, {"angle": 176, "slant": 0.04, "bend": 1.5}),
    ],
)
def test_what_was_written_comes_back(capsys, heiti, request, tmp_path, charset, hand, times, way):
    font, pdf = request.getfixturevalue(hand), tmp_path / "sheet.pdf"
    code, said, _ = call(capsys, "sheet", "--charset", charset, "--font", heiti, "--out", pdf)
    assert code == 0
    assert "on 1 page a4" in said
    chars = load_charset(charset)
    (page,), (picture,) = plan_sheet(chars, FontRef(heiti)).pages, printed(pdf)
    written = fill(picture, page, font, seed=1)
    scans = [tmp_path / f"{number}.jpg" for number in range(times)]
    for number, scan in enumerate(scans):
        scan.write_bytes(photographed(picture, seed=number, **way))
    rest = ("-f", heiti, "-o", tmp_path / "store", "--style", "mine")
    code, said, err = call(capsys, "import", "sheet", *scans, *rest)
    assert code == 0, err
    assert f"{times * len(chars)} glyphs of {len(chars)} characters by 1 writers" in said
    assert "skipped" not in said
    store = GlyphStore(tmp_path / "store")
    assert store.styles[1].origin == Origin(kind="sheet", sheets={page.name: (1,)})
    assert sorted(store.labels["char"][store.rows(1)].tolist()) == sorted(chars * times)
    for sample in range(times):
        count, same, first = matching(store, sample, {chars[n]: image for n, image in written.items()}, heiti)
        assert count == len(chars)
        assert same >= 0.97 * count
        assert first >= 0.97 * count
    assert (tmp_path / "store" / f"page-00{times}.png").is_file()


def test_pages_that_are_refused_are_said_and_the_rest_is_taken(capsys, heiti, kalam, tmp_path):
    pdf, store = tmp_path / "sheet.pdf", tmp_path / "store"
    assert call(capsys, "sheet", "--charset", "abcdefgh", "--box", "40", "-f", heiti, "-o", pdf)[0] == 0
    (page,), (picture,) = plan_sheet("abcdefgh", FontRef(heiti), box=40).pages, printed(pdf)
    fill(picture, page, kalam, without=[2])
    (tmp_path / "good.jpg").write_bytes(photographed(picture))
    picture.paste(255, (0, picture.height - 300, 300, picture.height))
    picture.resize((1240, 1754)).save(tmp_path / "torn.png")
    (tmp_path / "text.jpg").write_bytes(b"no picture")
    bad = (tmp_path / "torn.png", tmp_path / "text.jpg")
    code, said, _ = call(capsys, "import", "sheet", *bad, tmp_path / "good.jpg", "-f", heiti, "-o", store, "--json")
    assert code == 0
    facts = json.loads(said)
    assert facts["styles"] == {"hand": 7}
    assert [(left["where"], left["reason"], left["char"]) for left in facts["left_out"]] == [
        ("torn.png", "the lower left corner marker is not seen", ""),
        ("text.jpg", "no picture that can be read", ""),
        ("good.jpg: page 1, row 1, box 3", "empty box", "c"),
    ]
    assert [path.split("/")[-1] for path in facts["pictures"]] == ["page-001.png"]
    code, _, err = call(capsys, "import", "sheet", *bad, "-f", heiti, "-o", tmp_path / "none")
    assert code == 1
    said = " ".join(err.split())
    assert "not one character could be taken (the lower left corner marker is not seen: 1" in said
    assert "the first at torn.png" in said
    assert not (tmp_path / "none").exists() or not list((tmp_path / "none").iterdir())


def test_a_dry_run_and_json_tell_the_plan(capsys, heiti, tmp_path):
    out = tmp_path / "sheet.pdf"
    code, said, _ = call(capsys, "sheet", "--charset", "hanzi775", "-f", heiti, "-o", out, "--dry-run", "--json")
    assert (code, out.exists()) == (0, False)
    facts = json.loads(said)
    assert (facts["pages"], facts["boxes"], facts["skipped"]) == (6, 775, {})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--charset", "永", "--font", "KALAM"), "draws none of the 1 characters. Use another --font."),
        (("--charset", "hanzi101"), "unknown charset 'hanzi101'. Did you mean 'hanzi100'?"),
        (("--box", "3"), "--box"),
        (("--paper", "a3"), "--paper"),
    ],
)
def test_nonsense_is_one_line(capsys, heiti, kalam, tmp_path, options, said):
    options = [kalam if option == "KALAM" else option for option in options]
    fonts = () if "--font" in options else ("--font", heiti)
    code, _, err = call(capsys, "sheet", *options, *fonts, "--out", tmp_path / "a.pdf")
    assert code in (1, 2)
    assert said in " ".join(err.split())
    assert not (tmp_path / "a.pdf").exists()
