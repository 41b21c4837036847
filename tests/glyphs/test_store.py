from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from handgen.errors import StoreError, UsageError
from handgen.fonts.align import Alignment
from handgen.glyphs.records import Origin, Raster, StyleRecord
from handgen.glyphs.store import LABEL, GlyphStore, StoreWriter, to_bytes, to_unit

CHARS = "银锒永"


def images(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 16, 16), np.uint8)


def write(path, *, source="hei"):
    with StoreWriter(path, size=16, charset=CHARS, raster=Raster(margin=0.04)) as writer:
        writer.append(images(3), CHARS, writer.add_style(StyleRecord(source, "source")), [0, 0, 0])
        target = writer.add_style(StyleRecord("kai", "target", Origin(family="Kai"), Alignment(1.1, 0.9, 0.01, -0.02)))
        writer.append(images(2, 1), "银永", target, [0, 1])
        writer.replace_style(target, StyleRecord("kai", "target", Origin(family="Kai"), skipped={"missing": "锒"}))
    return path


def test_what_goes_in_comes_out(tmp_path):
    store = GlyphStore(write(tmp_path / "store"))
    assert np.array_equal(store.images, np.concatenate([images(3), images(2, 1)]))
    assert isinstance(store.images, np.memmap)
    assert store.labels["char"].tolist() == ["银", "锒", "永", "银", "永"]
    assert store.labels["sample"].tolist() == [0, 0, 0, 0, 1]
    assert (store.size, store.charset, store.raster) == (16, CHARS, Raster(margin=0.04))
    assert (store.sources, store.targets) == ((0,), (1,))
    assert store.rows(1).tolist() == [3, 4]
    assert store.styles[1] == StyleRecord("kai", "target", Origin(family="Kai"), skipped={"missing": "锒"})
    assert sorted(p.name for p in store.path.iterdir()) == ["images.npy", "labels.npy", "manifest.json"]


def test_images_and_labels_are_on_the_disk_before_the_manifest_says_so(tmp_path, monkeypatch):
    synced, fsync = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (synced.append(os.fstat(handle).st_ino), fsync(handle)))
    path = write(tmp_path / "store")
    order = [synced.index((path / name).stat().st_ino) for name in ("images.npy", "labels.npy", "manifest.json")]
    assert order[2] > max(order[:2])


def test_alignment_survives(tmp_path):
    alignment = Alignment(1.25, 0.75, -0.125, 0.5)
    with StoreWriter(tmp_path, size=16, charset="a", raster=Raster()) as writer:
        writer.append(images(1), "a", writer.add_style(StyleRecord("x", "source", alignment=alignment)), [0])
    assert GlyphStore(tmp_path).styles[0].alignment == alignment


def test_a_style_can_be_taken_back(tmp_path):
    with StoreWriter(tmp_path, size=16, charset=CHARS, raster=Raster()) as writer:
        writer.append(images(3), CHARS, writer.add_style(StyleRecord("a", "source")), [0] * 3)
        writer.append(images(2, 1), "银锒", writer.add_style(StyleRecord("b", "target")), [0] * 2)
        writer.drop_last_style()
        writer.append(images(1, 2), "永", writer.add_style(StyleRecord("c", "target")), [0])
    store = GlyphStore(tmp_path)
    assert [style.name for style in store.styles] == ["a", "c"]
    assert np.array_equal(store.images, np.concatenate([images(3), images(1, 2)]))
    assert store.rows(1).tolist() == [3]


def test_an_error_leaves_the_old_store_as_it_was(tmp_path):
    path = write(tmp_path / "store")
    before = {p.name: p.read_bytes() for p in path.iterdir()}
    with pytest.raises(UsageError, match="two styles are called 'kai'"):
        write(path, source="kai")
    assert {p.name: p.read_bytes() for p in path.iterdir()} == before


def test_an_unfinished_store_is_no_store_and_can_be_made_anew(tmp_path):
    path = tmp_path / "store"
    code = f"""
        import os
        from pathlib import Path
        import numpy as np
        from handgen.glyphs.records import Raster, StyleRecord
        from handgen.glyphs.store import StoreWriter
        with StoreWriter(Path({str(path)!r}), size=16, charset="a", raster=Raster()) as writer:
            writer.append(np.zeros((1, 16, 16), np.uint8), "a", writer.add_style(StyleRecord("a", "source")), [0])
            os._exit(9)
    """
    assert subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False).returncode == 9
    assert any(path.iterdir())
    with pytest.raises(UsageError, match="no glyph store"):
        GlyphStore(path)
    assert len(GlyphStore(write(path)).images) == 5


def test_an_empty_store_is_not_written(tmp_path):
    with pytest.raises(StoreError, match="not one glyph"), StoreWriter(tmp_path, size=16, charset="a", raster=Raster()):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_other_things_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match="holds no glyph store"):
        StoreWriter(tmp_path, size=16, charset="a", raster=Raster())
    with pytest.raises(UsageError, match="not a folder"):
        StoreWriter(tmp_path / "thesis.tex", size=16, charset="a", raster=Raster())


def test_a_dataset_is_not_taken_for_a_store(tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path / "data.mdb").write_bytes(b"")
    with pytest.raises(UsageError, match="holds no glyph store"):
        StoreWriter(tmp_path, size=16, charset="a", raster=Raster())


def change_manifest(path, **changes):
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps({**manifest, **changes}))


DAMAGE = {
    "cut images": lambda path: (path / "images.npy").write_bytes((path / "images.npy").read_bytes()[:900]),
    "no images": lambda path: (path / "images.npy").unlink(),
    "no labels": lambda path: (path / "labels.npy").unlink(),
    "not JSON": lambda path: (path / "manifest.json").write_text("{"),
    "a list": lambda path: (path / "manifest.json").write_text("[]"),
    "no styles": lambda path: change_manifest(path, styles=None),
    "fewer labels": lambda path: np.save(path / "labels.npy", np.zeros(4, LABEL)),
    "other labels": lambda path: np.save(path / "labels.npy", np.zeros(5)),
    "a pickle": lambda path: np.save(path / "labels.npy", np.array([{}] * 5), allow_pickle=True),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_one_clear_line(tmp_path, damage):
    path = write(tmp_path / "store")
    DAMAGE[damage](path)
    with pytest.raises(StoreError, match="damaged") as caught:
        GlyphStore(path)
    assert "handgen render" in str(caught.value)


def test_another_version_is_told_apart_from_damage(tmp_path):
    path = write(tmp_path / "store")
    change_manifest(path, format=99, handgen="9.0")
    with pytest.raises(StoreError, match=r"another version of handgen \(9\.0\)"):
        GlyphStore(path)


def test_a_missing_store_says_how_to_make_one(tmp_path):
    with pytest.raises(UsageError, match=r"no glyph store at .*handgen render"):
        GlyphStore(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a file size limit")
def test_no_room_on_disk_is_said_once_and_leaves_nothing(tmp_path):
    code = f"""
        import resource, signal
        from pathlib import Path
        import numpy as np
        from handgen.errors import HandgenError
        from handgen.glyphs.records import Raster, StyleRecord
        from handgen.glyphs.store import StoreWriter
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            with StoreWriter(Path({str(tmp_path)!r}), size=256, charset="a", raster=Raster()) as writer:
                style = writer.add_style(StyleRecord("a", "source"))
                for sample in range(9):
                    writer.append(np.zeros((1, 256, 256), np.uint8), "a", style, [sample])
        except HandgenError as error:
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert str(tmp_path) in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_unit_range_is_minus_one_for_ink_and_comes_back():
    every = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    unit = to_unit(every)
    assert (unit.min().item(), unit.max().item()) == (-1.0, 1.0)
    assert unit[0, 0, 0] == -1
    assert np.array_equal(to_bytes(unit).numpy(), every)
