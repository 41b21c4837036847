"""Datasets of others that are odd in one way each: the cause is named, and nothing is guessed or lost."""

from __future__ import annotations

import io
import json
import tarfile

import pytest

from handgen.check.labels import Labels
from handgen.check.report import check_folder
from handgen.check.trainers.judge import judge
from handgen.cli import run
from handgen.errors import UsageError
from handgen.formats.find import find_datasets
from handgen.formats.findings import Findings

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.fixture
def put(tmp_path, lmdbs):
    """Make a folder: name -> text, bytes, or None for a picture."""

    def put(files):
        for number, (name, data) in enumerate(files.items()):
            path = tmp_path / "set" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            content = lmdbs.png(number) if data is None else data.encode() if isinstance(data, str) else data
            path.write_bytes(content)
        return tmp_path / "set"

    return put


def read(path):
    findings = Findings()
    (found,) = find_datasets(path, findings)
    with found.open() as reader:
        records = [*reader.records(findings)]
    return records, {finding.name: finding for finding in findings.sorted()}


def labels(records):
    return [None if record.label is None else record.label.decode("utf-8", "replace") for record in records]


def test_a_count_that_is_none_is_not_called_missing(tmp_path, lmdbs):
    for number, value in enumerate((b"5.0", b"", b"-1", "５".encode())):
        path = lmdbs.save(tmp_path / str(number), {**lmdbs.sound(5), b"num-samples": value})
        records, found = read(path)
        assert len(records) == 5
        assert [*found] == ["bad-count"]
        assert repr(value.decode()) in str(found["bad-count"].examples[0])
        gathered = Labels()
        verdict = judge("parseq", check_folder(path, labels=gathered), gathered).as_it_comes
        assert verdict.stops
        assert any("ValueError" in reason for reason in verdict.reasons)
    assert read(lmdbs.save(tmp_path / "padded", {**lmdbs.sound(5), b"num-samples": b" 5\n"}))[1] == {}


def test_images_that_a_list_names_from_the_root_or_by_detours_are_listed(put):
    folder = put({f"img/{i}.png": None for i in range(4)})
    (folder / "rec_gt.txt").write_text(f"{folder.absolute()}/img/0.png\ta\n../set/img/1.png\tb\n./img//2.png\tc\n")
    records, found = read(folder)
    assert labels(records) == ["a", "b", "c"]
    assert all(record.image for record in records)
    assert [example.detail for example in found["unlisted"].examples] == ["img/3.png"]


def test_lists_in_another_encoding_are_named_as_such(put):
    folder = put({"images/0.png": None, "images/1.png": None})
    lists = {
        "rec_gt.txt": "images/0.png\té\nimages/1.png\tb\n",
        "train.txt": "images/0.png\té\nimages/1.png\tb\n",
        "labels.json": json.dumps({"0.png": "é", "1.png": "b"}, ensure_ascii=False),
        "metadata.jsonl": '{"file_name":"images/0.png","text":"é"}\n{"file_name":"images/1.png","text":"b"}\n',
    }
    for name, text in lists.items():
        for encoding in ("utf-16", "latin-1"):
            (folder / name).write_bytes(text.encode(encoding))
            if (name, encoding) != ("metadata.jsonl", "latin-1"):
                records, found = read(folder)
                assert labels(records) == ["é" if encoding == "utf-16" else "\ufffd", "b"], (name, encoding)
                assert ("list-encoding" in found) == (encoding == "utf-16" or name == "labels.json"), (name, encoding)
        (folder / name).unlink()


@pytest.mark.parametrize("label", [["a", "b"], {"text": "a"}, True])
def test_what_is_no_text_is_no_label(label, put, tmp_path):
    row = {"file_name": "0.png", "text": label}
    (record,), _ = read(put({"0.png": None, "metadata.jsonl": json.dumps(row) + "\n"}))
    assert record.label is None
    assert "no text" in record.fault
    pa = pytest.importorskip("pyarrow", reason="pyarrow comes with handgen[parquet]")
    import pyarrow.parquet

    (tmp_path / "table").mkdir()
    rows = [{"image": {"bytes": record.image, "path": None}, "text": label}]
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "table" / "train-00000-of-00001.parquet")
    (record,), _ = read(tmp_path / "table")
    assert record.label is None
    assert "no text" in record.fault


def test_whole_numbers_in_json_may_be_classes(put):
    rows = "".join(json.dumps({"file_name": "0.png", "text": number}) + "\n" for number in (3, 4))
    records, found = read(put({"0.png": None, "metadata.jsonl": rows}))
    assert (labels(records), [*found]) == (["3", "4"], ["class-numbers"])


def test_a_line_break_behind_a_label_and_a_second_image_are_told(tmp_path, lmdbs):
    members = {"1.png": lmdbs.png(1), "1.txt": b"ab\r\n", "2.png": lmdbs.png(2), "2.jpg": b"x", "2.txt": b"cd"}
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    records, found = read(tmp_path)
    assert labels(records) == ["ab", "cd"]
    assert [record.image for record in records] == [lmdbs.png(1), lmdbs.png(2)]
    assert {name: finding.count for name, finding in found.items()} == {"line-end": 1, "second-image": 1}


ALMOST = {
    "train.txt": ("images/0.png ab\n", "tab"),
    "gt.txt": ('images/0.png, "Tiredness"\n', "tab"),
    "val.txt": ("C:\\data\\0.png\tab\n", "not there"),
    "lines.txt": ("images/0.png\tab\n", "rec_gt.txt"),
    "gt.csv": ("filename,words\nimages/0.png,ab\n", "labels.csv"),
    "metadata.csv": ("file_name;text\nimages/0.png;ab\n", "commas"),
    "images/0.txt": ("ab", ".gt.txt"),
    "0.xml": ('<PcGts xmlns="x"><Page/></PcGts>', "PAGE XML"),
    "1.xml": ('<alto xmlns="x"/>', "ALTO XML"),
}


def test_what_is_almost_a_dataset_is_told_what_it_lacks(put):
    folder = put({"images/0.png": None})
    for name, (text, said) in ALMOST.items():
        (folder / name).write_text(text)
        with pytest.raises(UsageError) as error:
            find_datasets(folder, Findings())
        assert said in str(error.value), name
        assert name in str(error.value)
        (folder / name).unlink()


def test_what_git_lfs_left_behind_is_named(put, capsys):
    folder = put({"0.png": POINTER, "labels.csv": "filename,words\n0.png,a\n"})
    assert run(["check", str(folder)]) == 1
    assert "git lfs pull" in " ".join(capsys.readouterr().out.split())
    (folder / "labels.csv").unlink()
    (folder / "data.mdb").write_bytes(POINTER)
    assert run(["check", str(folder)]) == 2
    assert "git lfs pull" in " ".join(capsys.readouterr().err.split())
