from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handgen.characters import nfc
from handgen.errors import DatasetError, HandgenError
from handgen.formats import FORMATS
from handgen.formats.base import Sample
from handgen.formats.png import encode_png
from tests.formats.writing import make_small, write
from tests.readers import THEIRS, items

ROOT = Path(__file__).parents[2]
NAMES = [entry.name for entry in FORMATS]
COUNT, HOLD = 500, 440


@pytest.fixture(params=NAMES)
def name(request):
    if request.param == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow comes with handgen[parquet]")
    return request.param


def start(name, path, limit=0, hold=-1):
    """Write in a process of its own, with files of at most ``limit`` bytes, up to sample ``hold``; there it waits."""
    command = [sys.executable, "-m", "tests.formats.writing", name, *map(str, (path, COUNT, limit, hold))]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(name, path):
    """Write what is missing."""
    with pytest.MonkeyPatch.context() as patch:
        make_small(name, patch.setattr)
        write(name, path, COUNT)


def content(path):
    """Every file of a dataset and its bytes; of an LMDB its keys, for pages may lie in another order."""
    found = {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}
    if found.pop("data.mdb", None):
        found.pop("lock.mdb")
        found.update(items(path))
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    known = {}

    def whole(name):
        if name not in known:
            path = tmp_path_factory.mktemp("undisturbed") / name
            finish(name, path)
            known[name] = content(path)
        return known[name]

    return whole


def readable(name, path):
    """Whether a reader takes what is there for a dataset."""
    try:
        return bool(THEIRS[name](path))
    except (OSError, TypeError, ValueError):
        return False


SPECIAL = ["永", "e\u0301，㍻", "a b", " lead", 'q,"u"', "back\\slash", "Ａ１", "<b>&amp;", "NA", "007", "'", "𠮷野"]


def various(texts):
    """Samples in gray and color, of different widths, with and without more than a style noted."""
    rng = np.random.default_rng(0)
    for i, text in enumerate(texts):
        shape = (12, 9 + i % 4) if i % 3 else (12, 9 + i % 4, 3)
        more = {"boxes": [[0, i, 3, 4]], "corpus": 'a,"b"\t永'} if i % 2 else {}
        yield Sample(i, text, rng.integers(0, 256, shape, np.uint8), {"style": f"手 {i % 3}", **more})


def assert_same(read, samples):
    assert len(read) == len(samples)
    for (label, image, meta), sample in zip(read, samples, strict=True):
        assert label == nfc(sample.text)
        assert np.array_equal(image, sample.image)
        assert {key: value for key, value in meta.items() if value is not None} == sample.meta


def test_there_is_a_reader_for_every_writer():
    assert sorted(THEIRS) == sorted(NAMES)


def test_readers_read_what_was_written(name, tmp_path):
    samples = list(various(SPECIAL))
    with FORMATS.load(name).writer(tmp_path, {"seed": 1}, workers=2) as writer:
        for first in range(0, len(samples), 5):
            writer.write(samples[first : first + 5])
        writer._flush()
    assert not readable(name, tmp_path)
    with FORMATS.load(name).writer(tmp_path, {"seed": 1}) as writer:
        assert writer.written == len(samples)
        writer.finish({})
    assert_same(THEIRS[name](tmp_path), samples)
    charset = (tmp_path / "charset.txt").read_text(encoding="utf-8").split("\n")[:-1]
    assert charset == sorted(set(nfc("".join(SPECIAL))))
    assert json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))["count"] == len(samples)


labels = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=12)


@pytest.mark.parametrize("each", sorted({*NAMES} - {"lmdb", "parquet"}))
@settings(max_examples=12)
@given(st.lists(labels, min_size=1, max_size=20))
def test_any_label_comes_back(each, texts):
    samples = list(various(texts))
    with tempfile.TemporaryDirectory() as folder:
        with FORMATS.load(each).writer(Path(folder), {}) as writer:
            writer.write(samples)
            writer.finish({})
        assert_same(THEIRS[each](Path(folder)), samples)


@pytest.mark.parametrize("text", ["a\tb", "a\nb", ""])
def test_labels_that_would_break_a_list_are_refused(name, text, tmp_path):
    with FORMATS.load(name).writer(tmp_path, {}) as writer, pytest.raises(DatasetError, match="label of sample 1"):
        writer.write([Sample(0, text, np.zeros((4, 4), np.uint8), {})])


def test_a_png_is_stored_as_it_is(name, tmp_path):
    image = encode_png(np.arange(120, dtype=np.uint8).reshape(6, 20)) + b"and what stands behind it"
    with FORMATS.load(name).writer(tmp_path, {}) as writer:
        writer.write([Sample(0, "a", image, {"style": "b"})])
        writer.finish({})
    data = [value for value in content(tmp_path).values() if image in value]
    assert len(data) == 1


def test_a_meta_key_that_the_list_has_itself(tmp_path):
    with FORMATS.load("imagefolder").writer(tmp_path, {}) as writer:
        writer.write([Sample(0, "a", np.zeros((4, 4), np.uint8), {"text": "b"})])
        with pytest.raises(DatasetError, match="meta key 'text'"):
            writer.finish({})


def test_killed_at_random_points_it_ends_in_the_same_bytes(name, tmp_path, undisturbed):
    rng = random.Random(name)
    out, resumed = tmp_path / "out", []
    for _ in range(2):
        run = start(name, out, hold=HOLD)
        resumed.append(int(run.stdout.readline().split()[1]))
        for _ in range(min(rng.randrange(6, 14), (HOLD - resumed[-1]) // 20)):
            run.stdout.readline()
        run.kill()
        run.communicate()
        assert not readable(name, out)
    assert resumed == sorted(resumed)
    assert 0 < resumed[-1] <= HOLD
    finish(name, out)
    assert content(out) == undisturbed(name)


def test_stopped_at_the_last_step_it_ends_in_the_same_bytes(name, tmp_path, monkeypatch):
    replace = Path.replace

    def power_cut(*given):
        if name == "lmdb" or given[0].name.endswith(".part"):
            raise InterruptedError
        return replace(*given)

    def write(path):
        with FORMATS.load(name).writer(path, {}) as writer:
            writer.write(list(various(SPECIAL))[writer.written :])
            writer.finish({})

    write(tmp_path / "whole")
    kind = type(FORMATS.load(name).writer(tmp_path, {}))
    with monkeypatch.context() as patch:
        patch.setattr(*((kind, "_commit") if name == "lmdb" else (Path, "replace")), power_cut)
        with pytest.raises((HandgenError, InterruptedError)):
            write(tmp_path / "out")
    assert not readable(name, tmp_path / "out")
    write(tmp_path / "out")
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def test_disk_full(name, tmp_path, undisturbed):
    if name == "lmdb":
        pytest.skip("test_lmdb.py does this with limits that suit its pages")
    out = tmp_path / "out"
    run = start(name, out, limit=6000)
    message = run.communicate(timeout=60)[1]
    assert run.returncode == 1
    assert len(message.splitlines()) == 1
    assert "run the same command again" in message
    assert not readable(name, out)
    finish(name, out)
    assert content(out) == undisturbed(name)


def test_refuses_to_go_on_with_damaged_files(tmp_path):
    with FORMATS.load("doctr").writer(tmp_path, {}) as writer:
        writer.write(list(various(SPECIAL)))
        writer._flush()
    (tmp_path / "labels.json.part").write_bytes(b"{")
    with pytest.raises(DatasetError, match="is damaged"), FORMATS.load("doctr").writer(tmp_path, {}):
        pass


def test_without_pyarrow_nothing_is_touched(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(HandgenError, match=r"pip install 'handgen\[parquet\]'"):
        FORMATS.load("parquet").writer(tmp_path / "out", {})
    assert not (tmp_path / "out").exists()
