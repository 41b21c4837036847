"""What a writer's parameters do to the pen's way and to the ink."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from handgen.seeds import keys
from handgen.sources.pen import WriterSpec, write_characters
from handgen.strokes.fit import features
from handgen.strokes.ink import draw
from handgen.strokes.motion import Hand, write
from handgen.strokes.pens import PENS
from handgen.strokes.prompts import StrokePrompt
from handgen.strokes.writer import NUMBERS, Population, Writer

SIZE, MANY = 64, 40
STILL = Writer(
    cursiveness=0, rounding=0, size_rhythm=0, baseline=0, structure=0, habit=0, looseness=0, tremor=0, tilt=0, slant=0,
    bow_across=0, bow_down=0, balance_x=0, balance_y=0, pressure=0,
)  # fmt: skip
"""Writes strokes as they are."""


def written(table, chars, writer, vary=1.0, first=0):
    numbers = np.array([[getattr(writer, name) for name in NUMBERS]]).repeat(len(chars), 0)
    hand = Hand(numbers, np.full(len(chars), 7, np.uint64))
    sample = keys(np.arange(first, first + len(chars)))
    way = write(table, np.array([table.chars.index(char) for char in chars]), hand, sample, vary)
    pens = np.full(len(chars), tuple(PENS).index(writer.pen))
    return way, draw(way, hand, pens, sample, SIZE)


def with_(**changes):
    return dataclasses.replace(STILL, **changes)


def ink(images):
    return (255 - images.astype(float)).sum() / 255


def test_a_still_hand_writes_the_strokes_themselves(table):
    way, images = written(table, "小", with_(size=1.0))
    assert np.abs(way.strokes - table.strokes("小")).max() < 0.03  # its corners are a little rounder
    assert not len(way.joins)
    assert images.shape == (1, SIZE, SIZE)
    assert images.min() < 40
    assert (images > 250).mean() > 0.7


@pytest.mark.parametrize("pen", PENS)
def test_every_pen_writes_and_no_two_are_alike(table, pen):
    chars = "十口三小" * 4
    images = {name: written(table, chars, with_(pen=name, pressure=0.8))[1] for name in PENS}
    mine = images.pop(pen)
    assert 0.02 < ink(mine) / mine.size < 0.35
    for other in images.values():
        assert np.abs(mine.astype(int) - other).mean() > 2


def test_what_pens_are_known_for(table):
    def bar(pen, **more):
        return 255 - written(table, "十", with_(pen=pen, pressure=1, **more))[1][0].astype(float)

    brush, marker, pencil = bar("brush"), bar("marker"), bar("pencil")
    near, far = slice(12, 18), slice(50, 54)  # the upright, where it begins and where it ends
    assert brush[near].sum(1).mean() > 1.4 * brush[far].sum(1).mean()
    assert marker[near].sum(1).mean() == pytest.approx(marker[far].sum(1).mean(), rel=0.15)
    solid = pencil[pencil > 60]
    assert solid.std() > 1.5 * marker[marker > 200].std()
    assert pencil.max() < marker.max()
    across, along = (
        bar("fountain", nib=angle)[:, [40]][:, 0].sum() for angle in (0, 90)
    )  # of the horizontal stroke, with the nib's edge along it and across it
    assert along > 1.4 * across


def middle_of(way):
    return np.concatenate([way.strokes.reshape(-1, 2), way.joins.reshape(-1, 2)])


def lean(way):
    """The slope of the upright of 十, x per y upwards."""
    upright = way.strokes[1]
    return -(upright[-1, 0] - upright[0, 0]) / (upright[-1, 1] - upright[0, 1])


def rise(way):
    bar = way.strokes[0]
    return -(bar[-1, 1] - bar[0, 1]) / (bar[-1, 0] - bar[0, 0])


def bulge(way, stroke):
    """How far a stroke's middle is from the line between its ends: up, and to the left, are positive."""
    line = way.strokes[stroke]
    middle = (line[0] + line[-1]) / 2 - line[len(line) // 2]
    return middle[1] if stroke == 0 else middle[0]


def extent(way, axis):
    return np.ptp(middle_of(way)[:, axis])


MOVES = {
    "slant": ("十", 0.0, 0.4, lean),
    "tilt": ("十", 0.0, 0.2, rise),
    "aspect": ("口", 0.8, 1.3, lambda way: extent(way, 0) / extent(way, 1)),
    "size": ("口", 0.6, 0.9, lambda way: extent(way, 0)),
    "breadth": ("三", 0.9, 1.2, lambda way: extent(way, 0)),
    "height": ("十", 0.9, 1.2, lambda way: extent(way, 1)),
    "balance_x": ("小", -0.3, 0.3, lambda way: way.strokes[0, 0, 0]),
    "balance_y": ("三", -0.3, 0.3, lambda way: way.strokes[1, 0, 1]),
    "bow_across": ("十", 0.0, 0.1, lambda way: bulge(way, 0)),
    "bow_down": ("十", 0.0, 0.1, lambda way: bulge(way, 1)),
}
"""Parameter -> a character, two values, and what must be larger with the second."""


@pytest.mark.parametrize("name", MOVES)
def test_a_parameter_moves_what_it_says(table, name):
    char, low, high, measured = MOVES[name]
    first, second = (float(measured(written(table, char, with_(**{name: value}))[0])) for value in (low, high))
    assert second > first + 0.02, (first, second)


def turning(way):
    """The sharpest turn of any stroke, in radians a step."""
    step = np.diff(way.strokes, axis=1)
    angle = np.arctan2(step[..., 1], step[..., 0])
    return np.abs((np.diff(angle, axis=1) + np.pi) % (2 * np.pi) - np.pi).max()


def differs(way_of, other):
    return float(np.abs(way_of.strokes - other.strokes).mean())


def test_rounding_and_cursiveness_bound_the_curvature(table):
    sharp, rounded = (turning(written(table, "口", with_(rounding=value))[0]) for value in (0, 1))
    assert rounded < 0.6 * sharp
    assert turning(written(table, "口", with_(cursiveness=1, join_reach=0.1, shortening=0))[0]) < 0.6 * sharp


@pytest.mark.parametrize(("name", "value"), [("structure", 0.08), ("habit", 1.0)])
def test_what_is_always_alike(table, name, value):
    one, again = (written(table, "小" * 4, with_(**{name: value}), first=n)[0] for n in (0, 50))
    assert differs(one, again) < 1e-6
    assert differs(one, written(table, "小" * 4, STILL)[0]) > 0.002


@pytest.mark.parametrize("name", ["structure", "habit", "looseness"])
def test_a_neat_writer_takes_care_and_a_fast_one_does_not(table, name):
    """Joins, cuts and corners are alike on both sides, so that only the odd displacement is seen."""

    def odd(cursiveness):
        as_usual = written(table, "小" * MANY, with_(cursiveness=cursiveness, join_reach=0.1, dots=0))[0]
        oddly = with_(cursiveness=cursiveness, join_reach=0.1, dots=0, **{name: 0.05})
        return differs(written(table, "小" * MANY, oddly)[0], as_usual)

    neat, usual, fast = odd(0), odd(0.35), odd(0.9)
    assert neat < 0.6 * usual
    assert fast > 1.4 * usual


@pytest.mark.parametrize("name", ["looseness", "size_rhythm", "baseline", "tremor"])
def test_what_is_never_alike_unless_nothing_varies(table, name):
    wild = with_(**{name: 0.1})
    drawings = written(table, "小" * MANY, wild)[0].strokes.reshape(MANY, 3, -1)
    assert drawings.std(0).mean() > 5e-4
    if name != "tremor":  # which shakes anew whatever else is alike
        calm = written(table, "小" * MANY, wild, vary=0)[0].strokes.reshape(MANY, 3, -1)
        assert calm.std(0).max() < 1e-6


def test_line_width_darkness_and_pressure(table):
    thin, thick = (written(table, "十口三", with_(width=value))[1] for value in (0.03, 0.06))
    assert ink(thick) == pytest.approx(2 * ink(thin), rel=0.2)
    light, dark = (written(table, "十口三", with_(darkness=value))[1] for value in (0.5, 1.0))
    assert ink(light) == pytest.approx(ink(dark) / 2, rel=0.02)
    even, uneven = (written(table, "十", with_(pen="brush", pressure=value))[1][0] for value in (0, 1))
    rows = [(255 - image[10:56].astype(float)).sum(1) for image in (even, uneven)]
    spread = [np.delete(row, slice(14, 28)).std() / row.mean() for row in rows]  # without the bar
    assert spread[1] > 2 * spread[0]


def test_joins(table):
    def joins(**more):
        return written(table, "三小口灬" * 10, with_(**{"shortening": 0, "cursiveness": 1, **more}))

    many, few, none = (len(joins(cursiveness=value)[0].joins) for value in (1, 0.4, 0))
    assert many > 1.5 * few > 0
    assert none == 0
    assert len(joins(join_reach=0.9)[0].joins) > len(joins(join_reach=0.2)[0].joins)
    heavy, light = (ink(joins(join_weight=value)[1]) for value in (1, 0.2))
    assert heavy > light + 20
    curved, straight = (joins(join_curve=value)[0].joins for value in (1, 0))
    way = [np.hypot(*np.moveaxis(np.diff(lines, axis=1), 2, 0)).sum(1) for lines in (curved, straight)]
    assert way[0].mean() > way[1].mean() + 0.01
    # a join begins where a stroke ends, and ends where the next begins
    made = joins()[0]
    before = np.flatnonzero(made.held[:, 1])
    np.testing.assert_allclose(made.joins[:, 0], made.strokes[before, -1], atol=1e-5)
    np.testing.assert_allclose(made.joins[:, -1], made.strokes[before + 1, 0], atol=1e-5)
    assert (made.glyph[before] == made.glyph[before + 1]).all()


def test_dots_become_one_stroke_and_ends_are_pulled_together(table):
    eager, shy = (written(table, "灬" * 20, with_(cursiveness=0.6, dots=value))[0] for value in (1, 0))
    assert eager.solid.sum() > 20
    assert not shy.solid.any()
    long, short = (written(table, "三" * 20, with_(cursiveness=1, shortening=value))[0] for value in (0, 1))
    gap = [np.hypot(*(way.joins[:, -1] - way.joins[:, 0]).T).mean() for way in (long, short)]
    assert gap[1] < 0.75 * gap[0]
    assert features(written(table, "三小口灬" * 4, STILL)[1]).shape == (30,)


def test_nothing_leaves_the_image_however_wild_the_writer(table):
    wild = Writer(slant=0.6, tilt=0.3, aspect=1.4, size=1, size_rhythm=0.2, baseline=0.1, habit=1, looseness=1,
                  structure=0.08, width=0.12, pen="marker", cursiveness=1)  # fmt: skip
    images = written(table, "十口三小灬乙" * 10, wild)[1]
    edges = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]])
    assert (edges == 255).mean() > 0.99
    assert edges.min() > 100


def test_z_and_numbers_agree(table):
    z = Population().z_of(STILL)[None].astype(float)
    np.testing.assert_allclose(Population().numbers(z)[0], [getattr(STILL, name) for name in NUMBERS], atol=1e-4)


def test_habits_walk_smoothly_from_one_writer_to_another(table):
    spec = WriterSpec(
        Population(), {"a": Writer(person=1, habit=1, slant=-0.1), "b": Writer(person=9, habit=1, pen="brush")}
    )
    ends = spec.pick(["a", "b"])
    prompt = StrokePrompt(table, np.arange(5), keys(np.arange(5)), 0.0)

    def drawn(style):
        z = style.vector.repeat(5, 1).numpy().astype(float)
        return write_characters(Population(), prompt, z, SIZE)[0][:, None] / 127.5 - 1

    walk = np.stack([drawn(spec.between(*ends, share)) for share in np.linspace(0, 1, 41)])
    for index, end in ((0, ends[0]), (-1, ends[1])):
        np.testing.assert_allclose(walk[index], drawn(end), atol=0.02)
    steps = np.abs(np.diff(walk, axis=0)).mean((1, 2, 3, 4))
    assert steps.max() < 0.2 * np.abs(walk[-1] - walk[0]).mean()
