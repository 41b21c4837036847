from __future__ import annotations

import numpy as np
import pytest

from handgen.errors import UsageError
from handgen.strokes.fit import _drawn, _likeliest, features, fit_population, fit_writer
from handgen.strokes.pens import PENS
from handgen.strokes.writer import DIM, NUMBERS, Population, Writer


def drawings(writer, table, count=48):
    z = Population().z_of(writer).astype(float)
    return _drawn(Population(), z, table, np.arange(count) % len(table.chars), 64)


def test_a_fitted_writer_is_nearer_than_the_usual_one(table):
    true = Writer(slant=0.3, width=0.085, size=0.65, aspect=1.25, darkness=0.65, cursiveness=0.1, pen="marker")
    images = drawings(true, table)
    found = fit_writer(images, table, seed=1)
    usual = Population().writer(np.zeros(len(NUMBERS) + 2))
    for name in ("slant", "size", "aspect", "darkness"):
        assert abs(getattr(found, name) - getattr(true, name)) < abs(getattr(usual, name) - getattr(true, name)), name
    assert 0.2 < found.slant < 0.4  # what people do to each stroke hides some of it
    lines = [writer.width * PENS[writer.pen].width for writer in (found, true)]
    assert lines[0] == pytest.approx(lines[1], rel=0.15)  # a broader pen may be taken for one that is less so


def test_what_statistics_say_is_found_and_the_rest_stays_usual():
    rng = np.random.default_rng(0)
    slopes = np.zeros((DIM, 6))
    slopes[:3] = rng.standard_normal((3, 6))  # of the others, statistics say nothing
    true = np.zeros(DIM)
    true[:4] = 2.5, -1.5, 0.5, 2.0
    z = rng.standard_normal((200, DIM))
    found = [(z, z @ slopes + 0.02 * rng.standard_normal((200, 6)))]
    mean, precision = _likeliest(found, true @ slopes, np.full(6, 1e-4))
    np.testing.assert_allclose(mean[:3], true[:3], atol=0.15)
    assert np.abs(mean[3:]).max() < 0.35
    assert (np.linalg.eigvalsh(precision) > 0).all()


def test_statistics_see_what_they_are_named_for(table):
    plain, leaning = (features(drawings(Writer(slant=value), table)) for value in (0.0, 0.4))
    assert leaning[5] > plain[5] + 0.12
    thin, thick = (features(drawings(Writer(width=value), table)) for value in (0.03, 0.07))
    assert thick[0] > 1.4 * thin[0]
    level, rising = (features(drawings(Writer(tilt=value), table)) for value in (0.0, 0.2))
    assert rising[6] > level[6] + 0.08
    ball, pencil = (features(drawings(Writer(pen=value), table)) for value in ("ball", "pencil"))
    assert pencil[11] > 1.3 * ball[11]  # grain
    joined, apart = (features(drawings(Writer(cursiveness=value), table)) for value in (1.0, 0.0))
    assert joined[14] < apart[14]  # pieces
    with pytest.raises(UsageError, match="too few to tell a hand by"):
        features(np.full((9, 64, 64), 255, np.uint8))


def test_a_population_is_spread_as_its_writers_are():
    writers = [Writer(slant=0.1 + 0.02 * k, width=0.05, pen="pencil") for k in range(5)]
    population = fit_population(writers)
    median, _ = population.spreads["slant"]
    assert median == pytest.approx(0.14, abs=0.01)
    z = np.random.default_rng(0).standard_normal((2000, len(NUMBERS) + 2))
    drawn = population.numbers(z)
    assert drawn[:, NUMBERS.index("slant")].std() == pytest.approx(0.032, rel=0.3)
    assert drawn[:, NUMBERS.index("width")].std() < 0.002
    assert set(population.pens(z)) == {2}
    assert population.writer(population.z_of(writers[0])).slant == pytest.approx(0.1, abs=1e-3)
    assert fit_population(writers[:1]) == Population()
