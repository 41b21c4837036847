"""Forms of real fonts: traced, checked, kept, and gathered for a batch."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from handgen.errors import UsageError
from handgen.fonts.face import FontRef
from handgen.seeds import keys
from handgen.strokes import kept as module
from handgen.strokes.base import JOINED, LIFTED, ONWARD, POINTS, StrokeTable, make_table, resampled
from handgen.strokes.forms import STANDARD, Forms
from handgen.strokes.ink import draw
from handgen.strokes.kept import FOLDER, read_forms
from handgen.strokes.motion import Hand, write
from handgen.strokes.tracing import REGISTERED, REJECTED, TRACED, _traced, decoded, in_pieces, trace_font
from handgen.strokes.writer import NUMBERS, Population, Writer

LATIN = "ABRgkx8?."


@pytest.fixture
def opened(stroke_data, heiti, caveat):
    """A Heiti and a hand, beside stroke data of a few characters."""
    made = Forms.open([FontRef(heiti), FontRef(caveat)], "十口小" + LATIN)
    made.prepare()
    return made


def drawn(table: StrokeTable, count: int, cursiveness: float = 0.0) -> np.ndarray:
    population = Population(cursiveness=(cursiveness, cursiveness))
    z = np.zeros((count, len(NUMBERS) + 2))
    hand = Hand(population.numbers(z), keys(np.arange(count)))
    sample = keys(np.arange(count))
    return draw(write(table, np.arange(count), hand, sample, 1.0), hand, population.pens(z), sample, 48)


def test_glyphs_are_traced_stroke_by_stroke_or_by_their_centerlines(heiti, caveat, table):
    standard = {char: table.strokes(char) for char in "十口小"}
    made = trace_font(FontRef(heiti), "十口小", standard)
    assert (made.way == REGISTERED).all()
    assert np.diff(made.first).tolist() == [2, 3, 3]
    assert made.fit.min() > 0.9
    across = decoded(made.points[:1])[0]
    assert abs(across[0, 1] - across[-1, 1]) < 0.03 < across[-1, 0] - across[0, 0]
    hand = trace_font(FontRef(caveat), LATIN, {})
    assert (hand.way == TRACED).all()
    boxes = [decoded(hand.points[a:b]).reshape(-1, 2) for a, b in zip(hand.first, hand.first[1:], strict=False)]
    capital, small, tail = (boxes[LATIN.index(char)] for char in "Bxg")
    assert abs(capital[:, 1].max() - small[:, 1].max()) < 0.08  # both stand on the line
    assert tail[:, 1].max() > small[:, 1].max() + 0.08
    assert small[:, 1].min() > capital[:, 1].min() + 0.15


def test_what_is_drawn_again_and_is_not_the_glyph_is_not_used():
    blot = np.full((1, 160, 160), 255, np.uint8)
    blot[:, 30:130, 30:130] = 0
    (form,) = _traced(blot, 1.25)
    assert form.way == REJECTED


def test_another_character_in_its_place_is_not_used(heiti, table):
    """A font that draws 國 for 国: here the standard says a short stroke, and the font draws 灬 and more."""
    standard = {char: table.strokes(char) for char in "十口小三"} | {"鑫": table.strokes("一")}
    made = trace_font(FontRef(heiti), "十口小三鑫", standard)
    assert made.way[-1] == REJECTED
    assert (made.way[:-1] >= REGISTERED).all()
    assert made.first[-1] == made.first[-2]


def test_a_long_stroke_is_kept_in_pieces_that_go_on():
    stroke = np.stack([np.linspace(0, 1, 60), np.abs(np.linspace(-2, 2, 60)) % 1], 1).astype(np.float32)
    points, held = in_pieces((stroke, stroke[:5]))
    assert held[-1] == LIFTED
    assert len(held) > 3
    assert held[:-2].tolist() == [ONWARD] * (len(held) - 2)
    np.testing.assert_allclose(points[:-2, -1], points[1:-1, 0], atol=1e-6)


def test_pieces_of_one_stroke_stay_together(table):
    """However loose a hand is, and however many drawings come before."""
    points = np.stack([np.linspace(0.1, 0.9, 4 * POINTS), 0.5 + 0.3 * np.sin(np.arange(4 * POINTS) / 8)], 1)
    pieces = np.stack([resampled([points[31 * i : 31 * i + 32].astype(np.float32)])[0][0] for i in range(4)])
    drawn = 20
    many = StrokeTable(
        "龘", np.concatenate([pieces, table.strokes("一")]), np.ones(5, np.float32), np.array([0, 5]),
        np.array([0x9F98], np.uint64), held=np.array([ONWARD, ONWARD, ONWARD, LIFTED, LIFTED], np.uint8),
    )  # fmt: skip
    numbers = np.array([[getattr(Writer(looseness=1, habit=1, cursiveness=0), name) for name in NUMBERS]])
    hand = Hand(numbers.repeat(drawn, 0), keys(np.arange(drawn)))
    way = write(many, np.zeros(drawn, np.int64), hand, keys(np.arange(drawn), 1), 1.0)
    strokes = way.strokes.reshape(drawn, 5, POINTS, 2)
    assert np.abs(strokes[:, :3, -1] - strokes[:, 1:4, 0]).max() < 0.002
    assert np.abs(strokes[:, 3, -1] - strokes[:, 4, 0]).max() > 0.02
    alone = write(many, np.zeros(1, np.int64), Hand(numbers, keys(np.arange(19, 20))), keys(np.arange(19, 20), 1), 1.0)
    np.testing.assert_array_equal(alone.strokes, way.strokes[19 * 5 :])


def test_forms_are_kept_and_a_damaged_file_is_made_again(opened, heiti, caveat, tmp_path, monkeypatch):
    files = sorted((tmp_path / "cache" / FOLDER).iterdir())
    assert len(files) == 2
    again = Forms.open([FontRef(heiti), FontRef(caveat)], "十口小" + LATIN)
    assert again.digest == opened.digest
    real = module.trace_font
    monkeypatch.setattr(module, "trace_font", lambda *a: pytest.fail("traced a second time"))
    again.prepare()
    everything = np.arange(len(again.chars)), np.ones(len(again.chars), int), keys(np.arange(len(again.chars)))
    np.testing.assert_array_equal(again.pick(*everything).table.points, opened.pick(*everything).table.points)
    monkeypatch.setattr(module, "trace_font", real)
    data = bytearray(files[0].read_bytes())
    data[-1] ^= 1
    files[0].write_bytes(data)
    assert read_forms(files[0], files[0].stem) is None
    Forms.open([FontRef(heiti), FontRef(caveat)], "十口小" + LATIN).prepare()
    assert read_forms(files[0], files[0].stem) is not None
    assert Forms.open([FontRef(heiti)], "十").digest != opened.digest


def test_a_batch_of_many_hands_is_what_each_writes_alone(opened):
    n = 40
    characters = np.arange(n) % len(opened.chars)
    hands = np.arange(n) % len(opened.hands)
    key = keys(np.arange(n))
    picked = opened.pick(characters, hands, key)
    images = drawn(picked.table, n)
    assert len({image.tobytes() for image in images}) > len(opened.chars)
    for i in (0, 7, 23, 39):
        alone = opened.pick(characters[i : i + 1], hands[i : i + 1], key[i : i + 1])
        np.testing.assert_array_equal(
            alone.table.points, picked.table.points[picked.table.first[i] : picked.table.first[i + 1]]
        )
        assert alone.hand[0] == picked.hand[i]


def test_a_neat_hand_takes_what_it_lacks_from_no_running_one(opened):
    """Which hands run is set here: of the hands that have a character, the running ones are asked last."""
    many, writer = 60, keys(np.arange(60))
    opened.has = np.array([[True, False], [True, True], [False, True], [False, True]])
    opened.wild = np.array([False, False, True, False])
    opened.hands = ("neat", "neat too", "running", "plain")
    lacking = np.ones(many, np.int64)
    neat = opened._instead(lacking, np.zeros(many, np.int64), writer)
    assert set(neat.tolist()) == {1, 3}
    opened.wild = np.array([True, False, True, False])
    assert set(opened._instead(lacking, np.zeros(many, np.int64), writer).tolist()) == {1, 2, 3}
    opened.wild = np.array([False, True, True, True])
    assert set(opened._instead(lacking, np.zeros(many, np.int64), writer).tolist()) == {1, 2, 3}  # no other has it


def test_what_a_hand_lacks_is_always_the_same_others(opened):
    assert opened.hands[0] == STANDARD
    number = {char: i for i, char in enumerate(opened.chars)}
    n, caveat = 40, len(opened.hands) - 1
    asked = np.tile([number["口"], number["十"], number["g"]], n)
    picked = opened.pick(asked, np.full(3 * n, caveat), keys(np.arange(3 * n) // 3)).hand.reshape(n, 3)
    assert (picked[:, 2] == caveat).all()
    assert (picked[:, 0] == picked[:, 1]).all()
    assert set(picked[:, 0].tolist()) == {0, 1}
    assert (opened.pick(asked[2:3], np.zeros(1, int), keys(np.arange(1))).hand > 0).all()
    assert np.bincount(opened.choose(keys(np.arange(3000))), minlength=3).min() > 850


def test_the_report_counts_what_was_traced(opened):
    lines = opened.report()
    assert len(lines) == 2
    assert lines[1].startswith(f"{opened.hands[2]}: 9 of 9 glyphs traced (0 stroke by stroke, 9 by their centerlines)")
    assert opened.skipped == {}


def test_characters_that_nobody_draws_are_told(stroke_data, caveat):
    made = Forms.open([FontRef(caveat)], "A\ue000", order=())
    made.prepare()
    assert made.chars == "A"
    assert list(made.skipped.values()) == ["\ue000"]
    with pytest.raises(UsageError, match="could be traced"):
        Forms.open([FontRef(caveat)], "\ue000", order=()).prepare()


def test_the_pen_keeps_a_shape_that_is_its_own_and_joins_what_is_held():
    zigzag = np.array([[0.2, 0.2], [0.8, 0.35], [0.2, 0.5], [0.8, 0.65], [0.2, 0.8]], np.float32)
    plain = make_table({"乙": (zigzag,), "二": (zigzag[:2], zigzag[2:4])})
    population = Population(cursiveness=(1, 1))
    hand = Hand(population.numbers(np.zeros((2, len(NUMBERS) + 2))), keys(np.arange(2)))
    loose = write(plain, np.arange(2), hand, keys(np.arange(2)), 0.0)
    own = StrokeTable(**{**vars(plain), "own": np.ones(3, np.float32), "held": np.array([0, JOINED, 0], np.uint8)})
    kept = write(own, np.arange(2), hand, keys(np.arange(2)), 0.0)
    spans = [np.ptp(made.strokes[0][:, 0][POINTS // 4 : -POINTS // 4]) for made in (loose, kept)]
    assert spans[1] > 1.25 * spans[0]  # a fast hand rounds the zigzag away, but not one that somebody wrote
    assert kept.held[1].tolist() == [False, True]
    assert kept.held[2].tolist() == [True, False]


def test_fonts_are_traced_in_other_processes_and_forms_are_sent_to_others(
    stroke_data, heiti, caveat, tmp_path, monkeypatch
):
    fonts = [FontRef(heiti), FontRef(caveat)]
    alone = Forms.open(fonts, "十Ab")
    alone.prepare()
    monkeypatch.setenv("HANDGEN_FONTS", str(tmp_path / "other"))
    monkeypatch.setattr(module, "_MANY", 1)
    made = Forms.open(fonts, "十Ab")
    told: list[tuple[str, int, int]] = []
    monkeypatch.setattr(module, "trace_font", lambda *_: pytest.fail("this process traces"))
    made.prepare(lambda *done: told.append(done), workers=2)
    assert {done[0] for done in told} == {ref.style_name for ref in fonts}
    assert [done[1:] for done in told] == [(1, 2), (2, 2)]
    assert len(list((tmp_path / "other" / FOLDER).iterdir())) == 2
    sent = pickle.dumps(made)
    assert len(sent) < 20_000
    there = pickle.loads(sent)
    everything = np.arange(3), np.ones(3, int), keys(np.arange(3)), np.ones(3)
    wanted = alone.pick(*everything).table.points
    np.testing.assert_array_equal(made.pick(*everything).table.points, wanted)
    np.testing.assert_array_equal(there.pick(*everything).table.points, wanted)


def test_tracing_that_is_stopped_leaves_whole_files_and_goes_on(stroke_data, heiti, caveat, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_MANY", 1)

    def stop(*_):
        raise KeyboardInterrupt

    fonts = [FontRef(heiti), FontRef(caveat)]
    with pytest.raises(KeyboardInterrupt):
        Forms.open(fonts, "十Ab").prepare(stop, workers=2)
    files = list((tmp_path / "cache" / FOLDER).glob("*.safetensors"))
    assert files
    assert all(read_forms(file, file.stem) for file in files)
    made = Forms.open(fonts, "十Ab")
    made.prepare(workers=2)
    assert made.chars == "十Ab"
