"""How people vary: the levels, what is alike in a writer, and the numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from handgen.deform.people import LEVELS, WHOLE, PersonKeys, bent, deform, draw_whole, numbers, upright
from handgen.deform.warp import Warp
from handgen.seeds import keys

MANY = 4000


@pytest.fixture(scope="module")
def images(store):
    return torch.from_numpy(store.images[:16] / np.float32(255))[:, None]


def strangers(count: int, seed: int = 0) -> PersonKeys:
    return PersonKeys.strangers(keys(np.arange(count), seed))


def test_numbers_are_what_the_fit_wrote():
    known = numbers()
    for group in ("whole", "warp", "strokes"):
        for name, each in known[group].items():
            low, high = each["interval"]
            assert low <= each["deviation"] <= high, name
    for name in WHOLE:
        assert sum(known["shares"][name][level]["share"] for level in LEVELS) == pytest.approx(1, abs=0.01)


def test_whole_drawings_spread_as_fitted():
    drawn = draw_whole(strangers(MANY))
    known = numbers()
    np.testing.assert_allclose(drawn.std(0), [known["whole"][name]["deviation"] for name in WHOLE], rtol=0.06)
    np.testing.assert_allclose(np.corrcoef(drawn.T), known["correlation"], atol=0.08)


def test_what_is_a_writers_stays_and_the_rest_does_not():
    sample, writers, chars = keys(np.arange(MANY)), keys(np.arange(MANY) // 40), keys(np.arange(MANY) // 10 % 4)
    drawn = draw_whole(PersonKeys.of(sample, writers, chars)).reshape(100, 4, 10, 4)
    for number, name in enumerate(WHOLE):
        own, known = drawn[..., number], numbers()
        shares = [known["shares"][name][level]["share"] for level in LEVELS]
        total = known["whole"][name]["deviation"] ** 2
        assert own.var(2, ddof=1).mean() == pytest.approx(shares[2] * total, rel=0.1)
        habit = own.mean(2).var(1, ddof=1).mean()
        assert habit == pytest.approx((shares[1] + shares[2] / 10) * total, rel=0.25)


def test_chinese_characters_are_as_narrow_as_people_write_them_and_others_as_they_are():
    codes = np.array([*map(ord, "四A1あ한𠀀。")], np.uint64).repeat(MANY)
    writers = np.tile(keys(np.arange(MANY)), 7)
    narrow = upright(codes, writers).reshape(7, MANY)
    known = numbers()["han_aspect"]
    for row in (0, 5):
        assert narrow[row].mean() == pytest.approx(known["mean"], abs=0.02)
        assert narrow[row].std() == pytest.approx(known["deviation"], rel=0.06)
    assert not narrow[[1, 2, 3, 4, 6]].any()
    np.testing.assert_array_equal(narrow[0, :5], upright(codes[:5], writers[:5]))


def test_displacements_are_as_large_as_fitted_and_never_fold():
    blank = torch.ones(400, 1, 64, 64)
    warp = bent(Warp.none(blank), strangers(400), 1.0, np.full(400, 0.8))
    grid = warp.grid(blank, inside=False)
    moved = (grid - Warp.none(blank).grid(blank)) / 2 / 0.8
    known = numbers()["warp"]
    both = np.hypot(known["long"]["deviation"], known["short"]["deviation"])
    assert float(moved.std()) == pytest.approx(both, rel=0.08)
    folded = (torch.diff(grid[..., 0], dim=2) < 0).float().mean() + (torch.diff(grid[..., 1], dim=1) < 0).float().mean()
    assert float(folded) < 0.002


def test_strength_is_in_proportion_and_ink_stays(images):
    who = strangers(16)
    apart = [float((deform(images, who, strength) - images).abs().mean()) for strength in (0, 0.3, 1)]
    assert apart[0] < 1e-6 < apart[1] < apart[2]
    made = deform(images, who)
    assert float(torch.cat([made[..., 0, :], made[..., -1, :], made[..., 0], made[..., -1]], -1).min()) > 0.5
    ink = (1 - made).sum((1, 2, 3)) / (1 - images).sum((1, 2, 3))
    assert 0.4 < float(ink.min()) < float(ink.max()) < 2.5


def test_a_drawing_follows_from_its_keys_alone(images):
    who = strangers(16)
    alone = PersonKeys(who.sample[3:4], who.habit[3:4], who.writer[3:4])
    assert torch.equal(deform(images[3:4], alone)[0], deform(images, who)[3])


def test_small_marks_move_less(store):
    """A full stop is not thrown about as a whole character is: displacements are shares of what is written."""
    dots = torch.ones(200, 1, 64, 64)
    dots[:, :, 30:34, 30:34] = 0
    made = deform(dots, strangers(200))
    assert float(((1 - made).sum((1, 2, 3)) / 16).std()) < 0.5
    down = (made.amin(3)[:, 0] < 0.5).float().argmax(1)
    assert float((down - 30).abs().amax()) <= 4
