from __future__ import annotations

import csv
import io
import json
import tarfile

import lmdb
import numpy as np
from PIL import Image


def read_as_trainers_do(root):
    """Read as deep-text-recognition-benchmark and PARSeq do; knows the published layout alone."""
    env = lmdb.open(str(root), max_readers=32, readonly=True, lock=False, readahead=False, meminit=False)
    samples = []
    with env.begin(write=False) as txn:
        for number in range(1, int(txn.get(b"num-samples")) + 1):
            label = txn.get(b"label-%09d" % number).decode("utf-8")
            image = Image.open(io.BytesIO(txn.get(b"image-%09d" % number)))
            samples.append((label, np.asarray(image)))
    env.close()
    return samples


def items(root):
    """Every key and value of an LMDB."""
    env = lmdb.open(str(root), readonly=True, lock=False)
    with env.begin() as txn:
        found = dict(txn.cursor())
    env.close()
    return found


def _pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)))


def _beside(root):
    return [json.loads(line) for line in (root / "meta.jsonl").read_text("utf-8").splitlines()]


def _lmdb(root):
    meta = {key: json.loads(value) for key, value in items(root).items() if key.startswith(b"meta-")}
    return [(*sample, meta[b"meta-%09d" % number]) for number, sample in enumerate(read_as_trainers_do(root), 1)]


def _imagefolder(root):
    rows = [json.loads(line) for line in (root / "metadata.jsonl").read_text("utf-8").splitlines()]
    return [(row.pop("text"), _pixels((root / row.pop("file_name")).read_bytes()), row) for row in rows]


def _parquet(root):
    import pyarrow.dataset

    rows = pyarrow.dataset.dataset(sorted(map(str, root.glob("data/*.parquet")))).to_table().to_pylist()
    metas = [{"style": row["style"]} | json.loads(row["meta"] or "{}") for row in rows]
    return [(row["text"], _pixels(row["image"]["bytes"]), meta) for row, meta in zip(rows, metas, strict=True)]


def _webdataset(root):
    found = []
    for shard in sorted(root.glob("shards/*.tar")):
        with tarfile.open(shard) as tar:
            files = {info.name: tar.extractfile(info).read() for info in tar}
        keys = sorted({name.split(".")[0] for name in files})
        assert len(files) == 3 * len(keys)
        for key in keys:
            text, meta = files[f"{key}.txt"].decode("utf-8"), json.loads(files[f"{key}.json"])
            found.append((text, _pixels(files[f"{key}.png"]), meta))
    return found


def _paddleocr(root):
    rows = [line.split("\t") for line in (root / "rec_gt.txt").read_bytes().decode("utf-8").split("\n")[:-1]]
    assert all((root / name).suffix == ".png" for name, _ in rows)
    metas = _beside(root)
    return [(text, _pixels((root / name).read_bytes()), meta) for (name, text), meta in zip(rows, metas, strict=True)]


def _doctr(root):
    labels = json.loads((root / "labels.json").read_text("utf-8"))
    pairs = zip(labels.items(), _beside(root), strict=True)
    return [(text, _pixels((root / "images" / name).read_bytes()), meta) for (name, text), meta in pairs]


def _easyocr(root):
    assert not [entry for entry in root.iterdir() if entry.is_dir()]  # or its trainer does not look at labels.csv
    with (root / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    pairs = zip(rows, _beside(root), strict=True)
    return [(row["words"], _pixels((root / row["filename"]).read_bytes()), meta) for row, meta in pairs]


def _kraken(root):
    files = sorted(root.glob("lines/*/*.png"))
    texts = [file.with_name(file.name[:-4] + ".gt.txt").read_bytes().decode("utf-8").strip("\n\r") for file in files]
    images = [_pixels(file.read_bytes()) for file in files]
    return list(zip(texts, images, _beside(root), strict=True))


def _conversations(root):
    """What LLaMA-Factory does with dataset_info.json: columns and tags by name, images from the folder on."""
    (info,) = json.loads((root / "dataset_info.json").read_text(encoding="utf-8")).values()
    assert info["formatting"] == "sharegpt"
    columns, tags = info["columns"], info["tags"]
    rows = [json.loads(line) for line in (root / info["file_name"]).read_text(encoding="utf-8").split("\n") if line]
    found = []
    for row, meta in zip(rows, _beside(root), strict=True):
        asked, answer = row[columns["messages"]]
        assert (asked[tags["role_tag"]], answer[tags["role_tag"]]) == (tags["user_tag"], tags["assistant_tag"])
        assert asked[tags["content_tag"]].count("<image>") == len(row[columns["images"]]) == 1
        found.append((answer[tags["content_tag"]], _pixels((root / row["images"][0]).read_bytes()), meta))
    return found


THEIRS = {
    "lmdb": _lmdb,
    "imagefolder": _imagefolder,
    "parquet": _parquet,
    "webdataset": _webdataset,
    "paddleocr": _paddleocr,
    "doctr": _doctr,
    "easyocr": _easyocr,
    "kraken": _kraken,
    "conversations": _conversations,
}
"""Format -> a reader of (label, pixels, meta) that knows the published layout alone."""
