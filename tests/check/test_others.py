"""Datasets as trainers' communities write them, against small readers that follow the trainers' published rules."""

from __future__ import annotations

import io
import json
import os
import re
import tarfile

import lmdb
import pytest
from PIL import Image

from handgen.check.labels import Labels
from handgen.check.report import check_folder
from handgen.check.trainers.judge import judge
from handgen.cli import run
from handgen.files import walk
from handgen.formats.find import find_datasets
from handgen.formats.findings import Findings
from tests.readers import THEIRS


@pytest.fixture
def put(tmp_path, lmdbs):
    def put(files):
        for number, (name, data) in enumerate(files.items()):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            content = lmdbs.png(number) if data is None else data.encode() if isinstance(data, str) else data
            path.write_bytes(content)
        return tmp_path

    return put


def read(path):
    """What handgen reads: (label, image or None) of each sample, and the names of what it found."""
    findings = Findings()
    (found,) = find_datasets(path, findings)
    with found.open() as reader:
        samples = [(r.label.decode() if r.label is not None else None, r.image) for r in reader.records(findings)]
        assert reader.total == len(samples)
    return samples, {finding.name for finding in findings.sorted()}


def judged(name, path):
    labels = Labels()
    return judge(name, check_folder(path, labels=labels), labels)


def easyocr(folder):
    """EasyOCR's trainer: each line is stripped and cut behind its first comma; blank lines count for nothing."""
    lines = [line.strip() for line in (folder / "labels.csv").read_text("utf-8-sig").split("\n")]
    rows = [re.split("^([^,]+),", line)[1:] for line in lines[1:] if line]
    return [(label, (folder / name).read_bytes()) for name, label in rows]


def paddle(folder, data_dir):
    """PaddleOCR: bytes, cut at LF and tabs; a line that names no file gives way to another."""
    for line in (folder / "rec_gt.txt").read_bytes().split(b"\n"):
        name, *rest = line.decode("utf-8").split("\t")
        if rest and (data_dir / name).is_file():
            yield rest[0], (data_dir / name).read_bytes()


def kraken(folder):
    """Kraken: the label of an image is in the file called as the image is up to its first dot."""
    for image in sorted(folder.glob("*.png")):
        label = folder / (image.name.split(".", 1)[0] + ".gt.txt")
        yield label.read_text("utf-8").strip("\n\r"), image.read_bytes()


def webdataset(file):
    """WebDataset: samples are runs of members whose names agree up to the first dot."""
    samples = {}
    with tarfile.open(file) as tar:
        for member in tar:
            key, _, kind = member.name.partition(".")
            samples.setdefault(key, {})[kind.lower()] = tar.extractfile(member).read()
    return [
        (parts["txt"].decode(), next(data for kind, data in parts.items() if kind != "txt"))
        for parts in samples.values()
    ]


RAW = 'filename,words\n0.jpg,abc\n1.jpg,a b\n2.jpg,x,y\n3.jpg,say "hi"\n4.jpg,"whole"\n\n5.jpg,end,\n'


@pytest.mark.parametrize("text", [RAW, RAW.replace("\n", "\r\n"), "\ufeff" + RAW])
def test_easyocr_with_commas_as_they_stand(text, put):
    folder = put({"labels.csv": text, **{f"{i}.jpg": None for i in range(6)}})
    samples, _ = read(folder)
    assert samples == easyocr(folder)
    assert [label for label, _ in samples] == ["abc", "a b", "x,y", 'say "hi"', '"whole"', "end,"]
    verdict = judged("easyocr", folder)
    assert (verdict.as_it_comes.kept, verdict.as_it_comes.dropped) == (6, 0)
    assert not any("sep=" in flag for flag in verdict.flags)


def test_easyocr_quoted_as_csv(put):
    text = 'filename,words\n0.jpg,"x,y"\n1.jpg,"say ""hi"""\n2.jpg,plain\n'
    folder = put({"labels.csv": text, **{f"{i}.jpg": None for i in range(3)}})
    samples, _ = read(folder)
    assert [label for label, _ in samples] == ["x,y", 'say "hi"', "plain"]
    assert judged("easyocr", folder).as_it_comes.altered == 2


@pytest.mark.parametrize("labels", [("1", "02"), ("1.5", "-3e4"), ("True", "false")])
def test_easyocr_stops_at_a_column_that_is_no_text(labels, put):
    rows = "".join(f"{i}.jpg,{label}\n" for i, label in enumerate(labels))
    folder = put({"labels.csv": f"filename,words\n{rows}", "0.jpg": None, "1.jpg": None})
    verdict = judged("easyocr", folder)
    assert verdict.as_it_comes.stops
    assert (verdict.as_it_comes.kept, verdict.as_it_comes.dropped) == (0, 2)
    assert not verdict.with_flags.stops
    assert any("dtype=str" in flag for flag in verdict.flags)


LIST = 'images/0.png\tab\nimages/1.png\t永和 九\nimages/2.png\tq,"u\n'


def test_paddleocr_and_what_windows_does_to_its_list(put, capsys):
    images = {f"images/{i}.png": None for i in range(3)}
    folder = put({"rec_gt.txt": LIST, **images})
    samples, found = read(folder)
    assert samples == list(paddle(folder, folder))
    assert found == set()
    for change, name in (
        (lambda text: "\ufeff" + text, "byte-order-mark"),
        (lambda text: text + "\n", "blank-line"),
        (lambda text: text.replace("\n", "\r\n"), "cr-lines"),
        (lambda text: text.replace("\n", "\r"), "cr-lines"),
        (lambda text: text.replace("images/2", "images\\2"), "backslash"),
    ):
        put({"rec_gt.txt": change(LIST)})
        assert (read(folder)[0], read(folder)[1]) == (samples, {name})
    assert run(["check", str(folder)]) == 0
    assert "backslash" in capsys.readouterr().out
    put({"rec_gt.txt": "\ufeff" + LIST})
    assert run(["check", str(folder)]) == 1  # PaddleOCR does not find the first image, so it never trains on it
    assert len(list(paddle(folder, folder))) == 2


def test_paddleocr_paths_count_from_its_data_dir(put):
    folder = put({"lists/rec_gt.txt": LIST, **{f"images/{i}.png": None for i in range(3)}})
    assert read(folder / "lists")[0] == list(paddle(folder / "lists", folder))
    put({"lists/rec_gt.txt": '["images/0.png", "images/1.png"]\tab\n'})
    assert [label for label, _ in read(folder / "lists")[0]] == ["ab", "ab"]


@pytest.mark.parametrize("inside", ["images/", ""])
@pytest.mark.parametrize("indent", [None, 4])
def test_doctr_in_any_layout(inside, indent, put):
    labels = {"a.png": "永", "sub/b.png": 'q"', "c.png": "line"}
    files = {f"{inside}{name}": None for name in labels}
    folder = put({"labels.json": json.dumps(labels, indent=indent, ensure_ascii=indent is None), **files})
    samples, found = read(folder)
    assert samples == [(label, (folder / inside / name).read_bytes()) for name, label in labels.items()]
    assert found == set()


def test_kraken_pairs_as_ocropus_leaves_them(put):
    folder = put({"a.bin.png": None, "a.gt.txt": "eins\n", "b.png": None, "b.gt.txt": "zwei\r\n"})
    assert read(folder)[0] == list(kraken(folder))


def test_webdataset_as_others_pack_it(tmp_path, lmdbs):
    def pack(name, members, mode="w"):
        with tarfile.open(tmp_path / name, mode) as tar:
            for member, data in members.items():
                info = tarfile.TarInfo(member)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))

    members = {"a/1.JPG": lmdbs.png(1), "a/1.txt": b"one", "a/2.tif": lmdbs.png(2), "a/2.txt": b"two"}
    pack("x-000.tar", members)
    samples, _ = read_unsized(tmp_path)
    assert samples == webdataset(tmp_path / "x-000.tar")
    (tmp_path / "x-000.tar").unlink()
    more = {"k.png": lmdbs.png(3), "k.json": b'{"text": "three", "writer": 7}', "k.cls": b"5", "._k.png": b"x"}
    pack("y.tar.gz", more, "w:gz")
    assert [label for label, _ in read_unsized(tmp_path)[0]] == ["three"]
    assert run(["convert", str(tmp_path), str(tmp_path.parent / "out"), "-f", "imagefolder"]) == 0
    ((label, _, meta),) = THEIRS["imagefolder"](tmp_path.parent / "out")
    assert (label, meta) == ("three", {"writer": 7, "cls": "5"})


def read_unsized(path):
    findings = Findings()
    (found,) = find_datasets(path, findings)
    with found.open() as reader:
        return [(r.label.decode(), r.image) for r in reader.records(findings)], findings


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_image_folders_with_further_columns(kind, put, tmp_path):
    rows = [{"file_name": f"{i}.png", "text": text, "writer": f"w{i}"} for i, text in enumerate(("a,b", "007", "é"))]
    if kind == "jsonl":
        text = "\n".join(map(json.dumps, rows)) + "\n\n"
    else:
        text = '\ufefffile_name,text,writer\r\n0.png,"a,b",w0\r\n1.png,007,w1\r\n2.png,é,w2\r\n'
    folder = put({f"in/metadata.{kind}": text, **{f"in/{i}.png": None for i in range(3)}}) / "in"
    samples, found = read(folder)
    assert [label for label, _ in samples] == ["a,b", "007", "é"]
    assert found == set()
    for target in ("webdataset", "lmdb"):
        assert run(["convert", str(folder), str(tmp_path / target), "-f", target]) == 0
        assert [meta for _, _, meta in THEIRS[target](tmp_path / target)] == [{"writer": f"w{i}"} for i in range(3)]


@pytest.mark.parametrize(
    ("kind", "labels", "expected"),
    [
        ("csv", ("007", "12"), "numbers"),
        ("csv", ("NA", "word"), "nothing"),
        ("csv", ("2026-01-01",), None),
        ("jsonl", ("2026-01-01", "2026-01-01 10:30"), "dates"),
        ("jsonl", ("007", "NA"), None),
        ("jsonl", ("2026-01-01", "word"), None),
    ],
)
def test_labels_that_a_reader_without_types_takes_for_something_else(kind, labels, expected, put):
    if kind == "csv":
        text = "file_name,text\n" + "".join(f"{i}.png,{label}\n" for i, label in enumerate(labels))
    else:
        text = "".join(json.dumps({"file_name": f"{i}.png", "text": label}) + "\n" for i, label in enumerate(labels))
        arrow = pytest.importorskip("pyarrow.json", reason="pyarrow is what Hugging Face reads JSON lines with")
        column = arrow.read_json(io.BytesIO(text.encode())).to_pydict()["text"]
        assert (expected is not None) == (column != list(labels))
    folder = put({f"metadata.{kind}": text, **{f"{i}.png": None for i in range(len(labels))}})
    findings = Findings()
    (found,) = find_datasets(folder, findings)
    with found.open() as reader:
        list(reader.records(findings))
    details = [str(finding.examples[0]) for finding in findings.sorted()]
    assert ([expected in detail for detail in details] or [None]) == ([True] if expected else [None])


def test_parquet_with_columns_of_its_own(tmp_path, lmdbs):
    pa = pytest.importorskip("pyarrow", reason="pyarrow comes with handgen[parquet]")
    import pyarrow.parquet

    rows = [
        {"image": {"bytes": lmdbs.png(i), "path": None}, "label": text, "meta": "scan 3", "page": i, "box": [1.5, 2.0]}
        for i, text in enumerate("永和")
    ]
    (tmp_path / "in").mkdir()
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "in" / "train-00000-of-00001.parquet")
    assert run(["convert", str(tmp_path / "in"), str(tmp_path / "out"), "-f", "webdataset"]) == 0
    assert [(label, meta) for label, _, meta in THEIRS["webdataset"](tmp_path / "out")] == [
        (text, {"page": i, "box": [1.5, 2.0], "meta": "scan 3"}) for i, text in enumerate("永和")
    ]


def test_links_are_followed_but_not_in_circles(tmp_path, lmdbs):
    lmdbs.save(tmp_path / "elsewhere" / "set", lmdbs.sound(3))
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "linked").symlink_to(tmp_path / "elsewhere" / "set")
    (tmp_path / "train" / "circle").symlink_to(tmp_path / "train")
    (tmp_path / "train" / "nowhere").symlink_to(tmp_path / "gone")
    report = check_folder(tmp_path / "train")
    assert [(dataset.path.name, dataset.samples) for dataset in report.datasets] == [("linked", 3)]
    assert "linked-folder" in report.findings
    assert [folder.name for folder, _, _ in walk(tmp_path / "train")] == ["train", "linked"]
    os.mkfifo(tmp_path / "elsewhere" / "set" / "rec_gt.txt")
    assert run(["check", str(tmp_path / "elsewhere")]) == 0


def dtrb(path, characters="0123456789abcdefghijklmnopqrstuvwxyz"):
    """deep-text-recognition-benchmark: every label at the start, then what it hands out, or its exception."""
    env = lmdb.open(str(path), readonly=True, lock=False)
    with env.begin() as txn:
        labels = [txn.get(b"label-%09d" % i).decode("utf-8") for i in range(1, int(txn.get(b"num-samples")) + 1)]
        for number, label in enumerate(labels, 1):
            if len(label) > 25 or re.search(f"[^{characters}]", label.lower()):
                continue
            data = io.BytesIO()
            data.write(txn.get(b"image-%09d" % number))
            try:
                Image.open(data).convert("L")
            except OSError:
                label = "[dummy_label]"
            yield re.sub(f"[^{characters}]", "", label.lower())
    env.close()


@pytest.fixture
def faulty(tmp_path, lmdbs):
    def faulty(**changes):
        records = {**lmdbs.sound(6), **{b"label-%09d" % i: b"abcdef"[i - 1 : i] for i in range(1, 7)}}
        for name, value in changes.items():
            key = name.replace("_", "-").encode()
            records.pop(key, None)
            records |= {} if value is None else {key: value}
        return lmdbs.save(tmp_path / "set", records)

    return faulty


def test_the_benchmark_trains_on_what_it_cannot_decode(faulty):
    path = faulty(image_000000002=b"garbage", image_000000003=b"\x89PNG\r\n")
    verdict = judged("dtrb", path).as_it_comes
    assert list(dtrb(path)) == ["a", "dummylabel", "dummylabel", "d", "e", "f"]
    assert (verdict.kept, verdict.altered, verdict.dropped, verdict.stops) == (4, 2, 0, False)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"num_samples": b"8"}, AttributeError),
        ({"num_samples": None}, TypeError),
        ({"label_000000003": None}, AttributeError),
        ({"label_000000003": b"\xff\xfe"}, UnicodeDecodeError),
        ({"image_000000003": None}, TypeError),
    ],
)
def test_the_benchmark_stops_with_the_error_that_is_named(changes, error, faulty):
    path = faulty(**changes)
    with pytest.raises(error):
        list(dtrb(path))
    verdict = judged("dtrb", path).as_it_comes
    assert verdict.stops
    assert verdict.kept + verdict.dropped == (8 if changes.get("num_samples") else 6)
    assert any("training stops" in reason and error.__name__ in reason for reason in verdict.reasons)


def test_a_sample_that_its_label_keeps_out_stops_nobody(faulty):
    path = faulty(label_000000003="永".encode(), image_000000003=None)
    assert list(dtrb(path)) == ["a", "b", "d", "e", "f"]
    assert not judged("dtrb", path).as_it_comes.stops


STOPS = {
    "parseq": {"num_samples": True, "image": True, "label": True},
    "dtrb": {"num_samples": True, "image": False, "label": True},
    "mmocr": {"num_samples": True, "image": False, "label": True},
    "paddle": {"num_samples": False, "image": False, "label": False},
    "openocr": {"num_samples": True, "image": True, "label": False},
}


def test_each_trainer_of_lmdbs_stops_where_its_code_does(faulty, capsys):
    changes = {
        "num_samples": {"num_samples": b"8"},
        "image": {"image_000000002": b"garbage"},
        "label": {"label_000000002": None},
    }
    for kind, change in changes.items():
        path = faulty(**change)
        found = {name: judged(name, path).with_flags for name in STOPS}
        assert {name: verdict.stops for name, verdict in found.items()} == {n: STOPS[n][kind] for n in STOPS}
        assert all(verdict.kept < 6 + 2 * (kind == "num_samples") for verdict in found.values())
        for file in path.iterdir():
            file.unlink()
    assert run(["check", str(faulty(num_samples=b"8")), "--for", "parseq"]) == 1
    assert "training stops" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "error"), [("a.png", "FileNotFoundError"), ("b.png", "UnidentifiedImageError")])
def test_doctr_stops_at_a_missing_and_at_a_broken_image(name, error, put):
    folder = put({"labels.json": json.dumps({"a.png": "a", "b.png": "b"}), "images/a.png": None, "images/b.png": "x"})
    if name == "a.png":
        (folder / "images" / "a.png").unlink()
        put({"images/b.png": None})
    verdict = judged("doctr", folder).as_it_comes
    assert verdict.stops
    assert verdict.kept == 1
    assert any(error in reason for reason in verdict.reasons)
