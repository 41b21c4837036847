from __future__ import annotations

import array
import gzip
import math
import struct

import numpy as np
import pytest

from handgen.collect.idx import IdxReader
from handgen.errors import UsageError
from tests.collect.conftest import taken

IMAGES = np.random.default_rng(0).integers(0, 256, (1500, 28, 20), np.uint8)
NUMBERS = np.arange(1500, dtype=np.uint8) % 11


def write(folder, images=IMAGES, numbers=NUMBERS, pack=lambda data: data):
    """Write a pair by the published format."""
    paths = folder / "train-images-idx3-ubyte.gz", folder / "train-labels-idx1-ubyte.gz"
    paths[0].write_bytes(pack(struct.pack(">BBBB3I", 0, 0, 8, 3, *images.shape) + images.tobytes()))
    paths[1].write_bytes(pack(struct.pack(">BBBBI", 0, 0, 8, 1, len(numbers)) + numbers.tobytes()))
    return paths


def read_idx(path):
    """Read an IDX file as its published description has it: two zeros, the type, the sides, then the values."""
    data = path.read_bytes()
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    zero, kind, dimensions = struct.unpack(">HBB", data[:4])
    assert (zero, kind) == (0, 8)  # unsigned bytes
    sides = struct.unpack(f">{dimensions}I", data[4 : 4 + 4 * dimensions])
    values = array.array("B", data[4 + 4 * dimensions :])
    assert len(values) == math.prod(sides)
    return sides, values


def test_it_reads_what_the_published_description_says(tmp_path):
    for pack in (gzip.compress, bytes):
        images, labels = write(tmp_path, IMAGES[:40], NUMBERS[:40] % 10, pack)
        (count, height, width), pixels = read_idx(images)
        (_, numbers) = read_idx(labels)
        writings, _ = taken(IdxReader(images, labels))
        assert [w.char for w in writings] == [str(number) for number in numbers]
        assert count == len(writings)
        for row, writing in enumerate(writings):
            assert writing.image.shape == (height, width)
            assert writing.image.tobytes() == pixels[row * height * width : (row + 1) * height * width].tobytes()


@pytest.mark.parametrize("pack", [gzip.compress, bytes])
@pytest.mark.parametrize("orientation", ["normal", "emnist"])
def test_what_goes_in_comes_out(tmp_path, pack, orientation):
    writings, intake = taken(IdxReader(*write(tmp_path, pack=pack), orientation=orientation))
    known = np.flatnonzero(NUMBERS < 10)
    assert "".join(w.char for w in writings) == "".join(str(NUMBERS[row]) for row in known)
    images = [w.image.T if orientation == "emnist" else w.image for w in writings]
    assert np.array_equal(np.stack(images), IMAGES[known])
    assert {w.style for w in writings} == {"train-images"}
    assert sum(intake.skipped.values()) == (NUMBERS == 10).sum()
    assert intake.skips[0].where == "train-images-idx3-ubyte.gz number 11 (label 10)"


def test_a_mapping_names_the_characters(tmp_path):
    mapping = tmp_path / "mapping.txt"
    mapping.write_text("".join(f"{number} {ord('A') + number} {ord('a') + number}\n" for number in range(11)))
    reader = IdxReader(*write(tmp_path), mapping=mapping, style="letters")
    assert "".join(w.char for w in taken(reader)[0][:11]) == "ABCDEFGHIJK"
    reader = IdxReader(*write(tmp_path), classes="latin62")
    assert "".join(w.char for w in taken(reader)[0][:11]) == "0123456789A"


@pytest.mark.parametrize("packed", [True, False])
def test_a_cut_end_is_counted(tmp_path, packed):
    images, labels = write(tmp_path, pack=gzip.compress if packed else bytes)
    images.write_bytes(images.read_bytes()[: images.stat().st_size // 2])
    writings, intake = taken(IdxReader(images, labels))
    lost = sum(count for (reason, *_), count in intake.skipped.items() if reason == "the file ends before it")
    assert len(writings) > 500
    assert lost > 500
    assert len(writings) + sum(intake.skipped.values()) == 1500


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda images, labels: (labels, images), "is no IDX file of images"),
        (lambda images, labels: (images, images.with_name("gone")), "no file at"),
    ],
)
def test_other_files_are_refused(tmp_path, change, message):
    with pytest.raises(UsageError, match=message):
        IdxReader(*change(*write(tmp_path)))


def test_files_that_do_not_belong_together_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"1,500 images and .* 7 labels"):
        IdxReader(*write(tmp_path, numbers=NUMBERS[:7]))


def test_what_is_no_pair_of_bytes_is_told_what_it_is(tmp_path):
    images, _ = write(tmp_path, IMAGES[:10], NUMBERS[:10])
    other = tmp_path / "other"
    for data, said in (
        (struct.pack(">BBBBI", 0, 0, 0xC, 1, 10) + bytes(40), "int32"),
        (images.read_bytes(), "3 dimensions, as images have"),
        (b"PK\x03\x04" + bytes(99), "ZIP"),
    ):
        other.write_bytes(data)
        with pytest.raises(UsageError, match=said):
            IdxReader(images, other)


def test_labels_that_count_from_one_are_not_taken_for_their_neighbors(tmp_path):
    letters = "abcdefghij"
    paths = write(tmp_path, IMAGES[:10], np.arange(1, 11, dtype=np.uint8))
    with pytest.raises(UsageError, match=r"count from 1 to 10.*--mapping"):
        IdxReader(*paths, classes=letters)
    assert [w.char for w in taken(IdxReader(*paths, classes="-" + letters))[0]] == [*letters]
