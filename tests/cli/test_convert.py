from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image

from handgen.cli import run
from handgen.formats import FORMATS
from handgen.formats.base import Sample
from handgen.formats.lmdb import LmdbWriter
from tests.check.conftest import save, sound
from tests.readers import THEIRS, items

TEXTS = ["永", "永和 九年", "q,'u\"", "Ａ１", "é", " a", "back\\slash"]


def write(path, texts, first=0):
    rng = np.random.default_rng(first)
    with LmdbWriter(path, {"seed": first}) as writer:
        for i, text in enumerate(texts):
            shape = (9, 9 + i) if i % 2 else (9, 9 + i, 3)
            meta = {"style": f"s{i % 2}", **({"boxes": [[0, i, 2, 2]]} if i > 2 else {})}
            writer.write([Sample(i, text, rng.integers(0, 256, shape, np.uint8), meta)])
        writer.finish({"by": "test"})
    return path


@pytest.fixture
def source(tmp_path):
    return write(tmp_path / "source", TEXTS)


@pytest.mark.parametrize("name", [entry.name for entry in FORMATS])
def test_there_and_back_nothing_is_lost(name, source, tmp_path, capsys):
    if name == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow comes with handgen[parquet]")
    there, back = tmp_path / "there", tmp_path / "back"
    assert run(["convert", str(source), str(there), "--format", name]) == 0
    assert run(["check", str(there)]) == 0
    assert run(["convert", str(there), str(back)]) == 0
    for (label, image, meta), (before, pixels, noted) in zip(THEIRS[name](there), THEIRS["lmdb"](source), strict=True):
        assert (label, {key: value for key, value in meta.items() if value is not None}) == (before, noted)
        assert np.array_equal(image, pixels)
    assert items(back) == items(source)  # to the byte: labels, images, sizes, what is noted, order
    manifest = json.loads((there / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["info"]["sources"][0]["info"] == {"by": "test"}
    capsys.readouterr()
    assert run(["convert", str(source), str(there), "--format", name]) == 0
    assert "is complete already" in capsys.readouterr().out


def test_shards_become_one(tmp_path):
    for number in range(3):
        write(tmp_path / "shards" / f"shard-{number:05d}", [f"{number}{i}" for i in range(4)], number)
    assert run(["convert", str(tmp_path / "shards"), str(tmp_path / "out"), "-f", "kraken"]) == 0
    assert [label for label, _, _ in THEIRS["kraken"](tmp_path / "out")] == [
        f"{n}{i}" for n in range(3) for i in range(4)
    ]


def test_a_conversion_that_was_stopped_goes_on(source, tmp_path, monkeypatch):
    from handgen import convert
    from handgen.formats.doctr import DoctrWriter

    seen = []

    def stop_at_5(self, index, record, path, part):
        seen.append(index)
        if len(seen) == 5:
            raise KeyboardInterrupt
        return real(self, index, record, path, part)

    real = convert.Conversion._sample
    monkeypatch.setattr(convert, "_WRITE", 2)
    monkeypatch.setattr(convert.Conversion, "_sample", stop_at_5)
    monkeypatch.setattr(DoctrWriter, "per_commit", 2)
    command = ["convert", str(source), str(tmp_path / "out"), "-f", "doctr"]
    assert [run(command), run(command)] == [130, 0]
    assert seen == [0, 1, 2, 3, 4, 4, 5, 6]
    assert [label for label, _, _ in THEIRS["doctr"](tmp_path / "out")] == TEXTS


def test_json_and_dry_run(source, tmp_path, capsys):
    assert run(["convert", str(source), str(tmp_path / "out"), "-f", "doctr", "--dry-run", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert (plan["samples"], plan["converted_from"], plan["format"], plan["written"]) == (7, "lmdb", "doctr", False)
    assert not (tmp_path / "out").exists()
    assert run(["convert", str(source), str(tmp_path / "out"), "-f", "doctr", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["written"] is True


def test_images_that_are_no_png_are_decoded(tmp_path):
    data = io.BytesIO()
    Image.fromarray(np.full((16, 20, 3), (200, 30, 60), np.uint8)).save(data, "JPEG")
    records = {**sound(1), b"image-000000001": data.getvalue()}
    assert run(["convert", str(save(tmp_path / "jpeg", records)), str(tmp_path / "out"), "-f", "kraken"]) == 0
    ((label, image, meta),) = THEIRS["kraken"](tmp_path / "out")
    assert (label, image.shape, meta) == ("永", (16, 20, 3), {})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{}/source", "{}/source"], "is the dataset to convert, or in it"),
        (["{}/source", "{}/source/in"], "is the dataset to convert, or in it"),
        (["{}/source", "{}/out", "-f", "imgfolder"], "Did you mean 'imagefolder'"),
        (["{}/nowhere", "{}/out"], "does not exist"),
        (["{}/empty", "{}/out"], "holds no dataset"),
        (["{}/half", "{}/out"], "is not finished"),
        (["{}/two", "{}/out"], "several formats (lmdb, doctr)"),
    ],
)
def test_wrong_usage_is_one_line(arguments, message, source, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    with LmdbWriter(tmp_path / "half", {}) as writer:
        writer.write([Sample(0, "a", np.zeros((4, 4), np.uint8), {})])
        writer._flush()
    write(tmp_path / "two" / "a", TEXTS)
    if "two" in arguments[0]:
        assert run(["convert", str(source), str(tmp_path / "two" / "b"), "-f", "doctr", "--json"]) == 0
        capsys.readouterr()
    assert run(["convert", *(argument.format(tmp_path) for argument in arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert message in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("key", [b"label-000000002", b"image-000000002"])
def test_a_source_that_has_lost_something(key, tmp_path, capsys):
    records = sound()
    del records[key]
    source = save(tmp_path / "source", records)
    assert run(["convert", str(source), str(tmp_path / "out"), "-f", "easyocr"]) == 1
    assert f"sample 2 (image-000000002) of {source}: it has no {key[:5].decode()}" in capsys.readouterr().err
    assert not (tmp_path / "out" / "labels.csv").exists()


@pytest.fixture
def faulty(tmp_path):
    """Six samples; the second to the fifth cannot be taken over, each for another reason."""
    records = {**sound(6), b"image-000000002": b"garbage", b"label-000000003": b"a\tb", b"label-000000004": b"\xff"}
    records[b"image-000000005"] = records[b"image-000000005"][:60]  # a PNG whose download broke off
    return save(tmp_path / "faulty", records)


def test_a_bad_sample_is_named_by_its_own_number_and_cause(faulty, tmp_path, capsys):
    assert run(["convert", str(faulty), str(tmp_path / "out")]) == 1
    message = capsys.readouterr().err
    assert "sample 2 (image-000000002)" in message
    assert "no image that can be read" in message
    assert "--skip-bad" in message
    assert " 0x" not in message


def test_bad_samples_are_left_out_and_listed(faulty, tmp_path, capsys):
    command = ["convert", str(faulty), str(tmp_path / "out"), "-f", "doctr", "--skip-bad"]
    assert run(command) == 0
    assert "left out 4" in capsys.readouterr().out
    left = [json.loads(line) for line in (tmp_path / "out" / "left_out.jsonl").read_text("utf-8").splitlines()]
    assert [each["sample"] for each in left] == [2, 3, 4, 5]
    assert ["image" in left[0]["cause"], "U+0009" in left[1]["cause"], "UTF-8" in left[2]["cause"]] == [True] * 3
    assert [label for label, _, _ in THEIRS["doctr"](tmp_path / "out")] == ["永", "在"]
    assert run(command) == 0
    assert "complete already" in capsys.readouterr().out


def test_compatibility_ideographs_keep_their_form_and_other_changes_are_told(tmp_path, capsys):
    records = sound(3)
    records |= {b"label-000000001": "\ufa19\ufa46".encode(), b"label-000000002": "e\u0301".encode()}
    assert run(["convert", str(save(tmp_path / "source", records)), str(tmp_path / "out"), "-f", "kraken"]) == 0
    assert [label for label, _, _ in THEIRS["kraken"](tmp_path / "out")] == ["\ufa19\ufa46", "\u00e9", "九"]
    assert "NFC changed 1 labels: e\u0301 (U+0065 U+0301) -> \u00e9 (U+00E9)" in capsys.readouterr().out


def test_a_source_that_promises_more_than_it_has(tmp_path, capsys):
    source = save(tmp_path / "source", {**sound(3), b"num-samples": b"5"})
    assert run(["convert", str(source), str(tmp_path / "out")]) == 1
    assert "num-samples is 5, the last sample 3" in capsys.readouterr().err
    assert run(["convert", str(source), str(tmp_path / "two"), "--skip-bad"]) == 0
    assert len(THEIRS["lmdb"](tmp_path / "two")) == 3


def test_sixteen_bits_and_transparent_paper(tmp_path):
    grays = np.tile(np.linspace(0, 4095, 32, dtype=np.uint16), (8, 1))
    alpha = np.zeros((8, 32, 4), np.uint8)
    alpha[:, :16, 3] = 255
    records = sound(2)
    for number, image in enumerate((Image.fromarray(grays), Image.fromarray(alpha)), 1):
        data = io.BytesIO()
        image.save(data, "TIFF")
        records[b"image-%09d" % number] = data.getvalue()
    assert run(["convert", str(save(tmp_path / "source", records)), str(tmp_path / "out"), "-f", "kraken"]) == 0
    (_, first, _), (_, second, _) = THEIRS["kraken"](tmp_path / "out")
    assert (first.min(), first.max()) == (0, 255)
    assert (second[:, :16].max(), second[:, 16:].min()) == (0, 255)
