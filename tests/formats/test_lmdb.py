from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from handgen.characters import nfc
from handgen.errors import DatasetError, UsageError
from handgen.formats import FORMATS
from handgen.formats import lmdb as module
from handgen.formats.base import Sample
from handgen.formats.lmdb import LmdbWriter
from tests.readers import items, read_as_trainers_do

PLAN = {"seed": 7, "count": 100, "styles": ["kalam"]}

# A run that writes COUNT samples, 20 at a time, commits every 60, and says so as it goes; at sample HOLD it waits.
RUN = """
import resource, sys, time
import numpy as np
from pathlib import Path
from handgen.errors import HandgenError
from handgen.formats import lmdb as module
from handgen.formats.base import Sample

path, (count, limit, hold) = Path(sys.argv[1]), map(int, sys.argv[2:])
module._PER_COMMIT = 60
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

def sample(i):
    image = np.random.default_rng(i).integers(0, 256, (24, 24), np.uint8)
    return Sample(i, chr(0x4E00 + i % 500), image, {"style": f"s{i % 3}"})

try:
    with module.LmdbWriter(path, {"count": count}, workers=2) as writer:
        print("from", writer.written, flush=True)
        for start in range(writer.written, count, 20):
            writer.write([sample(i) for i in range(start, min(start + 20, count))])
            print("wrote", writer.written, flush=True)
            if hold and writer.written >= hold:
                time.sleep(60)
        if not writer.complete:
            writer.finish({})
except HandgenError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


def start(path, count, limit=0, hold=0):
    command = [sys.executable, "-c", textwrap.dedent(RUN), str(path), str(count), str(limit), str(hold)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def make(count, shape=(16, 16), first=0):
    rng = np.random.default_rng(first)
    return [
        Sample(i, chr(0x4E00 + i), rng.integers(0, 256, shape, np.uint8), {"style": "kalam"})
        for i in range(first, first + count)
    ]


def write(path, samples, plan=PLAN, **more):
    with LmdbWriter(path, plan, **more) as writer:
        writer.write(samples)
        writer.finish({"seconds": 1})


labels = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=30)
images = npst.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40)))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(labels, images), min_size=1, max_size=30), st.integers(1, 3), st.integers(1, 9))
def test_trainers_read_what_was_written(pairs, workers, batch):
    samples = [Sample(i, text, image, {}) for i, (text, image) in enumerate(pairs)]
    with tempfile.TemporaryDirectory() as folder:
        with LmdbWriter(Path(folder), PLAN, workers=workers) as writer:
            for first in range(0, len(samples), batch):
                writer.write(samples[first : first + batch])
            writer.finish({})
        read = read_as_trainers_do(folder)
    assert len(read) == len(samples)
    for sample, (label, image) in zip(samples, read, strict=True):
        assert label == nfc(sample.text)
        assert np.array_equal(image, sample.image)


def test_every_key(tmp_path):
    write(tmp_path, [Sample(0, "e\u0301，㍻", np.zeros((5, 9, 3), np.uint8), {"style": "草"})])
    found = items(tmp_path)
    assert found.pop(b"image-000000001").startswith(b"\x89PNG")
    assert found == {
        b"label-000000001": "é，㍻".encode(),
        b"wh-000000001": b"9_5",
        b"meta-000000001": '{"style":"草"}'.encode(),
        b"num-samples": b"1",
    }


def test_what_stands_beside_the_data(tmp_path):
    write(tmp_path, make(3))
    assert (tmp_path / "charset.txt").read_text(encoding="utf-8").split("\n") == ["一", "丁", "丂", ""]
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["complete"], manifest["count"], manifest["plan"]) == (True, 3, PLAN)
    assert manifest["info"] == {"seconds": 1}
    # PaddleOCR opens every folder it finds, so there is none.
    assert not [entry for entry in tmp_path.iterdir() if entry.is_dir()]


@pytest.mark.parametrize("text", ["", "a\nb", "\x00", "a\u2028b", "\ud800"])
def test_refuses_labels_no_trainer_can_read(tmp_path, text):
    with LmdbWriter(tmp_path, PLAN) as writer, pytest.raises(DatasetError, match="label of sample 1"):
        writer.write([Sample(0, text, np.zeros((4, 4), np.uint8), {})])


def test_refuses_samples_out_of_order(tmp_path):
    with LmdbWriter(tmp_path, PLAN) as writer, pytest.raises(ValueError, match="sample 1 is due"):
        writer.write([make(1)[0], make(1, first=2)[0]])


@pytest.mark.parametrize("growth", [2.0, 1.25])
def test_the_map_grows(tmp_path, monkeypatch, growth):
    monkeypatch.setattr(module, "_MAP_SIZE", 1 << 16)
    monkeypatch.setattr(module, "_GROWTH", growth)
    monkeypatch.setattr(module, "_PER_COMMIT", 40)
    samples = make(160, (128, 128))
    with LmdbWriter(tmp_path, PLAN) as writer:
        for start in range(0, 160, 40):
            writer.write(samples[start : start + 40])
        writer.finish({})
        mapped = writer._env.info()["map_size"]  # on Windows the size of the file
    size = (tmp_path / "data.mdb").stat().st_size
    assert len(read_as_trainers_do(tmp_path)) == 160
    assert size <= mapped <= growth * size + (2 << 20)


def test_the_file_is_no_larger_than_its_content(tmp_path):
    write(tmp_path, make(2500, (64, 64)))
    stat = (tmp_path / "data.mdb").stat()
    pixels = 2500 * 64 * 64  # noise does not compress, so the content is known
    assert pixels < stat.st_size < 2.2 * pixels
    assert stat.st_blocks * 512 > 0.9 * stat.st_size  # not sparse


def test_refuses_what_is_not_its_own(tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(UsageError, match="is not empty"), LmdbWriter(tmp_path, PLAN):
        pass
    (tmp_path / "manifest.json").write_text('{"format": 1, "charset": "abc"}')
    with pytest.raises(UsageError, match="something else"), LmdbWriter(tmp_path, PLAN):
        pass
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["holiday.jpg", "manifest.json"]


def test_refuses_another_plan_and_says_where_it_differs(tmp_path):
    write(tmp_path, make(2))
    with pytest.raises(UsageError, match="seed: 7 there, 8 here"), LmdbWriter(tmp_path, {**PLAN, "seed": 8}):
        pass


def test_the_same_command_finds_it_complete(tmp_path):
    write(tmp_path, make(2))
    before = items(tmp_path)
    with LmdbWriter(tmp_path, PLAN) as writer:
        assert (writer.complete, writer.written) == (True, 2)
    assert items(tmp_path) == before


def test_refuses_a_second_run_at_once(tmp_path):
    with LmdbWriter(tmp_path, {"count": 40}) as writer:
        other = start(tmp_path, 40)
        assert "another run is writing to" in other.communicate(timeout=60)[1]
        assert other.returncode == 1
        writer.write(make(2))
        writer.finish({})


def test_refuses_to_go_on_with_a_damaged_file(tmp_path):
    with LmdbWriter(tmp_path, PLAN) as writer:
        writer.write(make(200, (64, 64)))
        writer._flush()
    data = (tmp_path / "data.mdb").read_bytes()
    for damaged in (data[: len(data) // 2], b"not an LMDB" * 1000):
        (tmp_path / "data.mdb").write_bytes(damaged)
        with pytest.raises(DatasetError, match="is damaged"), LmdbWriter(tmp_path, PLAN):
            pass


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    path = tmp_path_factory.mktemp("undisturbed")
    run = start(path, 1500)
    assert run.communicate(timeout=60)[1] == ""
    return path


def test_killed_at_random_points_it_goes_on(tmp_path, undisturbed):
    rng = random.Random(3)
    resumed = []
    for _ in range(6):
        run = start(tmp_path, 1500, hold=1440)
        resumed.append(int(run.stdout.readline().split()[1]))
        for _ in range(min(rng.randrange(1, 20), (1440 - resumed[-1]) // 20)):
            run.stdout.readline()
        run.kill()
        run.communicate()
        found = items(tmp_path) if (tmp_path / "data.mdb").exists() else {}
        assert b"num-samples" not in found
        assert [k for k in found if k.startswith(b"image-")] == [
            b"image-%09d" % (i + 1) for i in range(len(found) // 4)
        ]
    assert resumed == sorted(resumed)
    assert 0 < resumed[-1] < 1500
    assert start(tmp_path, 1500).communicate(timeout=60)[1] == ""
    assert items(tmp_path) == items(undisturbed)
    assert (tmp_path / "charset.txt").read_bytes() == (undisturbed / "charset.txt").read_bytes()


@pytest.mark.parametrize("limit", [4096, 8192, 300_000, 1_001_000])
def test_disk_full(tmp_path, undisturbed, limit):
    run = start(tmp_path, 1500, limit)
    message = run.communicate(timeout=60)[1]
    assert run.returncode == 1
    assert len(message.splitlines()) == 1
    assert "run the same command again" in message
    if limit > 8192:
        found = items(tmp_path)
        assert b"image-000000001" in found
        assert b"num-samples" not in found
    assert start(tmp_path, 1500).communicate(timeout=60)[1] == ""
    assert items(tmp_path) == items(undisturbed)


@pytest.mark.parametrize("entry", list(FORMATS), ids=lambda entry: entry.name)
def test_every_format_resumes(entry, tmp_path):
    kind = FORMATS.load(entry.name).writer
    with kind(tmp_path, PLAN) as writer:
        assert (writer.format, writer.written, writer.complete) == (entry.name, 0, False)
        writer.write(make(5))
        writer._flush()
    with kind(tmp_path, PLAN) as writer:
        assert (writer.written, writer.complete) == (5, False)
        writer.write(make(3, first=5))
        writer.finish({})
    with kind(tmp_path, PLAN) as writer:
        assert (writer.written, writer.complete) == (8, True)
    assert len((tmp_path / "charset.txt").read_text(encoding="utf-8").split()) == 8
