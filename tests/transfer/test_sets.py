from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from handgen.errors import UsageError
from handgen.glyphs.ink import ink_box
from handgen.seeds import generator
from handgen.transfer import TRAINING_SETS, UNION
from handgen.transfer.pools import Pool, open_real, parted, pool_of
from handgen.transfer.sets import Evened, TrainingSet, different, resolution_of
from handgen.transfer.settings import TransferSettings
from handgen.transfer.sources import Mixed, Pooled
from handgen.transfer.transfer import Transfer, TransferRequest
from tests.transfer.conftest import CHARS

COUNT = 38
SETS = [entry.name for entry in TRAINING_SETS if entry.name != "default"]
"""All but what 'synth' writes by default: its gate would be measured first, which takes long."""


@pytest.fixture(scope="module")
def transfer(people, store, trained, readers_file, tmp_path_factory):
    """All that handgen can make, tested on the second of two writers; made ready, nothing is run."""
    return Transfer(
        TransferRequest(
            real=(str(people.path),),
            out=tmp_path_factory.mktemp("transfer") / "out",
            data=(store.path,),
            names=",".join([*SETS, "fonts+pen", "real+warped", UNION]),
            model=trained,
            recognizer=readers_file,
            charset=CHARS,
            strokes="trace",
            settings=TransferSettings(count=COUNT),
        )
    )


def test_every_set_is_as_large_as_balanced_and_free_of_the_test(transfer, tmp_path):
    """This cannot pass if a set had another number of images, or one image that is tested on."""
    keys = transfer.exam.keys()
    assert len(keys) == len(CHARS)
    for name, each in transfer.sets.items():
        made = each.write(tmp_path / name, 5, {}, lambda done: None)
        counts = Counter(made.labels["char"].tolist())
        assert sum(counts.values()) == len(made.images) == COUNT, name
        assert max(counts.values()) - min(counts.values()) <= 1, name
        assert set(counts) == set(CHARS), name
        assert made.size == transfer.even.size == transfer.exam.images.shape[1], name
        assert not keys & {image.tobytes() for image in made.images}, name
        assert all(int(image.min()) < 128 for image in made.images), name  # something is written, if with a pencil
    assert set(transfer.sets) == {*SETS, "fonts+pen", "real+warped", UNION}


def test_another_seed_is_another_set_and_the_same_seed_the_same(transfer, tmp_path):
    for name in ("warped", "pen"):
        first, again, other = (
            np.array(transfer.sets[name].write(tmp_path / f"{name}{n}", seed, {}, lambda done: None).images)
            for n, seed in enumerate((1, 1, 2))
        )
        np.testing.assert_array_equal(first, again)
        assert (first != other).any(), name
        assert different(first) == COUNT, name


def test_a_set_with_few_images_shows_all_of_them_before_any_comes_again(people):
    pool = pool_of(people).of("A")
    wanted = {"A": 4}
    taken = []
    for _, image in Pooled(pool, {}).draw(wanted, 0):
        wanted["A"] -= 1
        taken.append(image.tobytes())
    assert len(set(taken[:2])) == len(set(taken[2:])) == 2


def test_a_mixture_has_equal_parts_of_every_character():
    sources = {}
    for number in range(3):
        images = [np.full((4, 4), number, np.uint8)] * 4
        chars = np.array(list("abab" if number else "bbbb"))  # the first part lacks the a
        sources[str(number)] = Pooled(Pool(images, np.arange(4), chars, np.zeros(4, np.int64)), {})
    wanted = {"a": 5, "b": 7}
    drawn = Counter()
    for char, image in Mixed(sources).draw(wanted, 0):
        wanted[char] -= 1
        drawn[char, int(image[0, 0])] += 1
    assert sum(drawn.values()) == 12
    assert (drawn["a", 0], sorted((drawn["a", 1], drawn["a", 2]))) == (0, [2, 3])
    assert sorted(drawn["b", part] for part in range(3)) == [2, 2, 3]


def a_set(people, rows, exam, *, apart):
    even = Evened(32, 20)
    keys = frozenset(even(np.asarray(people.images[row])).tobytes() for row in exam)
    return TrainingSet("mine", Pooled(pool_of(people).only(np.array(rows)), {}), "A", 3, even, keys, apart)


def test_an_image_of_the_test_is_refused_and_what_remains_of_the_real_set_passes_over_it(people, tmp_path):
    rows = [row for row, char in enumerate(pool_of(people).chars) if char == "A"]
    tested = [int(pool_of(people).rows[rows[0]])]
    with pytest.raises(UsageError, match="'mine' holds an image of 'A' that it would be tested on"):
        a_set(people, rows, tested, apart=False).write(tmp_path / "one", 0, {}, lambda done: None)
    made = a_set(people, rows, tested, apart=True).write(tmp_path / "two", 0, {}, lambda done: None)
    assert different(made.images) == 1
    with pytest.raises(UsageError, match="every image of 'A'"):
        a_set(people, rows[:1], tested, apart=True).write(tmp_path / "three", 0, {}, lambda done: None)


def test_writers_are_on_one_side_and_one_writer_is_parted_in_order(people):
    left, test = parted(pool_of(people), 0.5)
    assert not set(left.writers.tolist()) & set(test.writers.tolist())
    assert len(left) + len(test) == len(pool_of(people))
    digits = open_real("digits")
    left, test = parted(digits, 0.25)
    assert len(left) + len(test) == len(digits) == 1797
    for char in "0123456789":
        assert left.rows[left.chars == char].max() < test.rows[test.chars == char].min()
        assert (test.chars == char).sum() == round(0.25 * (digits.chars == char).sum())
    few = test.evenly(55, 0)
    assert set(Counter(few.chars.tolist()).values()) == {5}


def test_the_size_of_the_ink_tells_nothing_and_a_sharp_image_becomes_as_coarse_as_the_test(people):
    even = Evened(32, 8)
    for image, shift in itertools.product(np.asarray(people.images[10:16]), (0, 3)):
        small = Image.fromarray(image).resize((40, 40), Image.Resampling.BOX)
        moved = np.full((64, 64), 255, np.uint8)
        moved[shift : shift + 40, shift : shift + 40] = np.asarray(small)
        one, other = even(image), even(255 - moved)  # smaller, elsewhere, and white on black
        assert np.abs(one.astype(int) - other).mean() < 14
        box = ink_box(1 - one.astype(np.float32) / 255, 0.3)
        assert abs(max(box.width, box.height) - 28) <= 4
    coarse = open_real("digits")
    assert resolution_of(coarse, 0) == 8
    kept = Evened(24, 8)(coarse.images[0])
    assert kept.shape == (24, 24)
    assert Evened(32, 8)(np.full((20, 20), 255, np.uint8)) is None


def test_grain_beside_a_pale_character_is_not_taken_for_ink(people):
    """What has its ink in a tenth of the canvas keeps its form, best where the real set is coarse."""
    noise = generator(0, "grain")
    lost = []
    for row, (resolution, least) in itertools.product(range(6), ((8, 0.6), (20, 0.6), (60, 0.4))):
        canvas = np.full((128, 128), 255, np.uint8)
        canvas[44:84, 44:84] = np.asarray(Image.fromarray(people.images[row]).resize((40, 40), Image.Resampling.BOX))
        pale = 255 - (255 - canvas.astype(np.float32)) * 0.2
        grainy = (pale + noise.normal(0, 5, pale.shape)).clip(0, 255).astype(np.uint8)
        even = Evened(32, resolution)
        clean, told = (even(image).astype(np.float64) for image in (canvas, grainy))
        alike = np.corrcoef(clean.ravel(), told.ravel())[0, 1]
        if alike < least:
            lost.append((row, resolution, alike))
    assert not lost
