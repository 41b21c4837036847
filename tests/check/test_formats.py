from __future__ import annotations

import io
import json
import tarfile

import pytest
from PIL import Image

from handgen.check.report import check_folder
from handgen.errors import UsageError
from handgen.formats import FORMATS
from handgen.formats.base import Sample
from handgen.formats.tree import Tree

TEXTS = "永和九年歲在癸丑暮春之初"


@pytest.fixture(params=[entry.name for entry in FORMATS if entry.name != "lmdb"])
def name(request):
    if request.param == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow comes with handgen[parquet]")
    return request.param


@pytest.fixture
def dataset(name, tmp_path, lmdbs):
    with FORMATS.load(name).writer(tmp_path, {"seed": 1}) as writer:
        writer.write([Sample(i, text, lmdbs.png(i), {"style": "ab"[i % 2]}) for i, text in enumerate(TEXTS)])
        writer.finish({})
    return tmp_path


def found(path):
    report = check_folder(path)
    (dataset,) = report.datasets
    return {f.name: f.count for f in (*dataset.findings.sorted(), *report.findings.sorted())}


def test_a_sound_dataset(name, dataset):
    report = check_folder(dataset)
    (only,) = report.datasets
    assert found(dataset) == {}
    assert (only.format, only.samples, only.characters, only.charset) == (name, 12, 12, 12)
    assert (only.styles, only.sizes) == ({"a": 6, "b": 6}, {"24x24": 12})
    assert only.labels["different"] == 12


def test_labels_of_all_shards_are_named(name, tmp_path, lmdbs):
    with Tree(tmp_path, {"shards": 3}, [f"shard-{number}" for number in range(3)]) as tree:
        for leaf, first in zip(tree.leaves, range(0, 12, 4), strict=True):
            with FORMATS.load(name).writer(tmp_path / leaf, {"seed": 1, "first": first}) as writer:
                # The last image of each shard is that of the first sample, under another label.
                images = [0 if i == first + 3 else i for i in range(first, first + 4)]
                rows = zip(range(4), images, TEXTS[first:], strict=False)
                writer.write([Sample(i, text, lmdbs.png(image), {}) for i, image, text in rows])
                writer.finish({})
        tree.finish({})
    (dataset,) = check_folder(tmp_path).datasets
    assert (dataset.shards, dataset.samples) == (3, 12)
    named = {example.label for finding in dataset.findings.sorted() for example in finding.examples}
    assert named == {"年", "丑", "初"}
    assert set(dataset.labels["most_frequent"]) <= set(TEXTS)


def test_an_unfinished_one_is_named(name, tmp_path, lmdbs):
    with FORMATS.load(name).writer(tmp_path / "half", {}) as writer:
        writer.write([Sample(0, "永", lmdbs.png(0), {})])
        writer._flush()
    with pytest.raises(UsageError, match=r"half is not finished\. Run the command that made it again"):
        check_folder(tmp_path)
    lmdbs.save(tmp_path / "whole", lmdbs.sound())
    assert found(tmp_path)["unfinished"] == 1


DAMAGE = {
    "imagefolder": ("metadata.jsonl", lambda data: data[: len(data) // 2 - 7], {"no-label"}),
    "parquet": ("data/shard-00000.parquet", lambda data: data[:-9], None),
    "webdataset": ("shards/shard-000000.tar", lambda data: data[: len(data) // 2 + 100], {"damaged"}),
    "paddleocr": ("rec_gt.txt", lambda data: data.replace(b"\t", b" "), {"no-label", "no-image"}),
    "doctr": ("labels.json", lambda data: data[:-4], {"damaged"}),
    "easyocr": ("labels.csv", lambda data: data.replace(b".png,", b".png,,"), {"label-charset"}),
    "conversations": ("train.jsonl", lambda data: data[: len(data) // 2 - 7], {"no-label", "no-image"}),
    "kraken": ("lines/00000/000000004.gt.txt", lambda data: data + "\n和".encode(), {"label-control", "label-charset"}),
}


def test_damage(name, dataset):
    file, change, expected = DAMAGE[name]
    (dataset / file).write_bytes(change((dataset / file).read_bytes()))
    if expected is None:
        with pytest.raises(UsageError, match="not a Parquet file"):
            check_folder(dataset)
    else:
        assert expected <= set(found(dataset))


def test_a_missing_image(name, dataset):
    images = sorted(dataset.rglob("*.png"))
    if not images:
        pytest.skip("its images are no files")
    images[3].unlink()
    assert found(dataset)["no-image"] == 1


def test_what_others_write(tmp_path):
    def jpeg(number):
        data = io.BytesIO()
        Image.effect_noise((40, 32), 90 + number).convert("RGB").save(data, "JPEG")
        return data.getvalue()

    def put(path, data):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    put(tmp_path / "hf" / "a.jpg", jpeg(1))
    put(tmp_path / "hf" / "metadata.jsonl", json.dumps({"file_name": "a.jpg", "text": "永"}).encode())
    put(tmp_path / "kraken" / "a.jpg", jpeg(2))
    put(tmp_path / "kraken" / "a.gt.txt", "永和\n".encode())
    put(tmp_path / "paddle" / "crops" / "a.jpg", jpeg(3))
    put(tmp_path / "paddle" / "rec_gt_train.txt", "crops/a.jpg\t永".encode())
    put(tmp_path / "csv" / "a.jpg", jpeg(4))
    put(tmp_path / "csv" / "labels.csv", 'filename,words\r\na.jpg,"九,年"\r\n'.encode())
    put(tmp_path / "other" / "labels.csv", b"id,label\n1,2\n")
    (tmp_path / "tars").mkdir()
    with tarfile.open(tmp_path / "tars" / "x-000.tar", "w") as tar:
        for part, data in {"a/b.c.jpg": jpeg(5), "a/b.txt": "歲".encode()}.items():
            info = tarfile.TarInfo(part.replace(".c.", "."))
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    report = check_folder(tmp_path)
    assert {d.path.name: (d.format, d.samples, d.characters) for d in report.datasets} == {
        "hf": ("imagefolder", 1, 1),
        "kraken": ("kraken", 1, 2),
        "paddle": ("paddleocr", 1, 1),
        "csv": ("easyocr", 1, 3),
        "tars": ("webdataset", 1, 1),
    }
    assert report.count("defect") == 0
