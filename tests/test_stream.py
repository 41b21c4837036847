from __future__ import annotations

import pickle
from collections import Counter

import pytest
import torch
from torch.utils.data import DataLoader

from handgen.errors import UsageError
from handgen.stream import Stream


def identity(sample):
    return sample.text, sample.image.tobytes()


def drawn(stream, workers=0):
    loader = DataLoader(stream, batch_size=None, num_workers=workers)
    return [tuple(each) for each in loader]  # the loader makes lists of them


@pytest.fixture(scope="module")
def stream():
    return Stream("fonts", fonts="Caveat", charset="abcdefgh", epoch=200, transform=identity, gate="off", size=32)


def test_an_epoch_is_the_same_for_any_number_of_workers(stream):
    alone = drawn(stream)
    assert len(alone) == len(stream) == 200
    for workers in (1, 3):
        assert Counter(drawn(stream, workers)) == Counter(alone)


def test_epochs_differ_and_go_on_where_the_last_one_ended(stream):
    first = drawn(stream)
    stream.set_epoch(1)
    try:
        second = drawn(stream)
        assert Counter(second) != Counter(first)
        assert Counter(drawn(stream, 2)) == Counter(second)
    finally:
        stream.set_epoch(0)
    further = Stream(
        "fonts", fonts="Caveat", charset="abcdefgh", start=200, transform=identity, gate="off", size=32, epoch=200
    )
    assert drawn(further) == second


def test_without_an_epoch_it_never_ends_and_begins_anywhere():
    endless = Stream("fonts", fonts="Caveat", charset="abc", size=32, gate="off", start=100)
    image, label = next(iter(endless))
    assert (image.shape, image.dtype) == ((1, 32, 32), torch.uint8)
    assert label in "abc"
    with pytest.raises(TypeError, match="no length"):
        len(endless)
    with pytest.raises(UsageError, match="no epochs"):
        endless.set_epoch(1)


def test_another_process_opens_what_it_needs_itself(stream):
    assert drawn(pickle.loads(pickle.dumps(stream)))[:5] == drawn(stream)[:5]


@pytest.mark.parametrize(
    ("options", "message"),
    [({"stiles": 3}, "unknown option 'stiles'"), ({"start": -1}, "start=-1"), ({"epoch": 0}, "epoch=0")],
)
def test_what_cannot_be_is_refused_when_the_stream_is_made(options, message):
    with pytest.raises(UsageError, match=message):
        Stream("fonts", fonts="Caveat", charset="abc", **options)
