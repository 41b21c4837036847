"""Lists of images in headers, encodings, names and layouts of their own: read, and what their trainers do is said."""

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
from handgen.formats.findings import Findings, visible
from tests.readers import THEIRS


@pytest.fixture
def put(tmp_path, lmdbs):
    def put(folder, files):
        for number, (name, data) in enumerate(files.items()):
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(lmdbs.png(number) if data is None else data.encode() if isinstance(data, str) else data)
        return tmp_path / folder

    return put


def read(path):
    """The labels of all samples that have an image, and the rules that were found broken."""
    findings = Findings()
    (found,) = find_datasets(path, findings)
    with found.open() as reader:
        labels = [record.label.decode() for record in reader.records(findings) if record.image and record.label]
    return labels, {finding.name for finding in findings.sorted()}


def stops(trainer, path):
    labels = Labels()
    return judge(trainer, check_folder(path, labels=labels), labels).as_it_comes.stops


def test_labels_csv_of_any_header_and_encoding_keeps_its_columns(put, tmp_path):
    for number, (text, encoding, found, meta) in enumerate(
        (
            ("filename,words\n0.jpg,Müller\n1.jpg,a b\n", "utf-16", {"list-header", "list-encoding"}, {}),
            ("filename, words\n0.jpg,Müller\n1.jpg,a b\n", "utf-8", {"list-header"}, {}),
            ('"filename","words"\n"0.jpg","Müller"\n"1.jpg","a b"\n', "utf-8", {"list-header"}, {}),
            ("Words;Filename\nMüller;0.jpg\na b;1.jpg\n", "utf-8-sig", {"list-header"}, {}),
            ("filename,words,page\n0.jpg,Müller,7\n1.jpg,a b,7\n", "utf-8", {"list-header"}, {"page": "7"}),
        )
    ):
        folder = put(str(number), {"0.jpg": None, "1.jpg": None, "labels.csv": text.encode(encoding)})
        assert read(folder) == (["Müller", "a b"], found), text
        assert stops("easyocr", folder)
        out = tmp_path / "out" / str(number)
        assert run(["convert", str(folder), str(out), "-f", "imagefolder"]) == 0
        assert [(label, more) for label, _, more in THEIRS["imagefolder"](out)] == [("Müller", meta), ("a b", meta)]


def test_other_bytes_than_utf8_are_named_as_they_are(put):
    for name, head in (("labels.csv", "filename,words"), ("metadata.csv", "file_name,text")):
        folder = put(name, {"0.png": None, name: f"{head}\n0.png,Müller\n".encode("cp1252")})
        (dataset,) = check_folder(folder).datasets
        (finding,) = [each for each in dataset.findings.sorted() if each.name == "label-not-utf8"]
        assert finding.examples[0].detail == repr("Müller".encode("cp1252"))
        assert "UTF-8" in finding.rule.remedy


def test_lists_of_any_name_are_read_if_they_name_images(put, capsys):
    text = "images/word 1.png\thello world\nimages/word 2.png\tfoo\n"
    images = {"images/word 1.png": None, "images/word 2.png": None}
    for name in ("rec_gt_train.txt", "train_list.txt", "gt.txt", "val.txt", "Label.txt", "my_labels.txt"):
        folder = put(name, {name: text, **images})
        assert read(folder) == (["hello world", "foo"], set()), name
        assert run(["check", str(folder), "--for", "paddle"]) == 0
        assert f"/{name}]" in "".join(capsys.readouterr().out.split("\n"))
    detection = '[{"transcription": "ab", "points": [[0, 0], [1, 0], [1, 1]]}]'
    for name, other in (("gt.txt", "nowhere.png\tx\n"), ("Label.txt", f"a.png\t{detection}\n"), ("list.txt", "a b\n")):
        with pytest.raises(UsageError, match="holds no dataset"):
            read(put(f"none-{name}", {"a.png": None, name: other}))
    assert read(put("both", {"rec_gt.txt": text, "train.txt": text, **images}))[0] == ["hello world", "foo"]


def test_doctrs_labels_in_objects_and_lists(put):
    for number, labels in enumerate(
        (
            {"a.png": {"label": "ab", "page": 3}, "b.png": {"text": "cd"}},
            [{"file_name": "a.png", "text": "ab"}, {"file_name": "b.png", "label": "cd"}],
        )
    ):
        folder = put(str(number), {"images/a.png": None, "images/b.png": None, "labels.json": json.dumps(labels)})
        assert read(folder) == (["ab", "cd"], {"list-layout"})
        assert stops("doctr", folder)
        assert run(["convert", str(folder), str(folder.parent / f"{number}.out")]) == 0
    folder = put("above", {"images/a.png": None, "labels.json": '{"images/a.png": "ab"}'})
    assert read(folder) == (["ab"], set())
    words = {"a.png": {"img_dimensions": [9, 9], "polygons": {"words": []}}}
    (dataset,) = check_folder(put("words", {"images/a.png": None, "labels.json": json.dumps(words)})).datasets
    (finding,) = dataset.findings.sorted()
    assert finding.examples[0].detail == "the label is dict with img_dimensions, polygons, no text"


def test_a_kraken_folder_in_another_is_read_once_and_dots_in_names_are_named(put):
    folder = put("a", {"1.png": None, "1.gt.txt": "one", "sub/2.png": None, "sub/2.gt.txt": "two"})
    assert read(folder) == (["one", "two"], set())
    folder = put("b", {f"page.{n}{kind}": text for n in "12" for kind, text in ((".png", None), (".gt.txt", n))})
    assert read(folder) == (["1", "2"], {"dotted-name"})
    labels = Labels()
    verdict = judge("kraken", check_folder(folder, labels=labels), labels).as_it_comes
    assert (verdict.kept, verdict.dropped) == (0, 2)  # Kraken looks for page.gt.txt


def test_webdataset_names_with_dots(put, lmdbs):
    folder = put("a", {"x.txt": "no list"})
    with tarfile.open(folder / "0.tar.bz2", "w:bz2") as tar:
        for name, data in (("a/b.c/k.v1.png", lmdbs.png(1)), ("a/b.c/k.v1.txt", b"one"), ("l.png", lmdbs.png(2))):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    assert read(folder) == (["one"], {"dotted-name"})
    (dataset,) = check_folder(folder).datasets
    assert [e.detail for f in dataset.findings.sorted() if f.name == "no-label" for e in f.examples] == [
        "it has png, and no txt"
    ]


def test_parquet_of_other_columns(tmp_path, lmdbs):
    pa = pytest.importorskip("pyarrow", reason="pyarrow comes with handgen[parquet]")
    import pyarrow.parquet

    def written(name, metadata=None, **columns):
        folder = tmp_path / name
        folder.mkdir()
        table = pa.table(columns)
        pyarrow.parquet.write_table(table.replace_schema_metadata(metadata), folder / "train-0.parquet")
        return folder

    image, note = lmdbs.png(1), json.dumps({"gt_parse": {"text_sequence": "a b"}})
    assert read(written("plain", image_bytes=[image], ground_truth=[note])) == (["a b"], set())
    assert read(written("list", images=[[{"bytes": image, "path": None}]], line=["x"])) == (["x"], set())
    assert read(written("numbers", image=[image], label=[3])) == (["3"], {"class-numbers"})
    names = {"label": {"_type": "ClassLabel", "names": ["zero", "one"]}}
    features = {"huggingface": json.dumps({"info": {"features": names}})}
    assert read(written("classes", features, image=[image] * 3, label=[1, 0, 7])) == (["one", "zero"], set())
    folder = written("metadata", file_name=["a.png"], text=["x"])
    (folder / "a.png").write_bytes(image)
    assert read(folder) == (["x"], set())
    with pytest.raises(UsageError, match=r"no column of labels.*It has: image, words_in_it\. Rename one of them"):
        read(written("unknown", image=[image], words_in_it=["x"]))


def test_images_that_no_list_names_are_counted(put):
    files = {"metadata.jsonl": '{"file_name": "a.png", "text": "x"}\n', "a.png": None, "b.png": None, "sub/c.jpg": None}
    folder = put("a", {**files, "own/metadata.csv": "file_name,text\n1.png,y\n", "own/1.png": None, "note.txt": "x"})
    by_name = {each.path.name: each for each in check_folder(folder).datasets}
    (finding,) = [each for each in by_name["a"].findings.sorted() if each.name == "unlisted"]
    assert (finding.count, [e.detail for e in finding.examples]) == (2, ["b.png", "sub/c.jpg"])
    assert not by_name["own"].findings.sorted()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"labels.csv": "a;b\n1;2\n"}, "Begin it with filename,words"),
        ({"labels.csv": "x,y\na.png,b\n", "a.png": None}, "Begin it with filename,words"),
        ({"metadata.csv": "a,b\n1,2\n"}, "Name the columns file_name,text"),
        ({"x.lmdb": "x"}, "mv .*x.lmdb .*x/data.mdb"),
        ({"data-00000-of-00001.arrow": "x"}, "to_parquet"),
        ({"a.png": None, "b.png": None}, "2 × .png, and no list of labels.*handgen import images"),
        ({"a.docx": "x"}, "1 × .docx. Give a folder with one of"),
        ({}, "no file"),
    ],
)
def test_a_folder_without_a_dataset_is_told_what_it_is(files, message, put, tmp_path):
    (tmp_path / "set").mkdir()
    with pytest.raises(UsageError, match=f"holds no dataset.*{message}"):
        find_datasets(put("set", files), Findings())


def test_a_file_is_told_its_folder(put, capsys):
    folder = put("set", {"labels.csv": "filename,words\n", "x.lmdb": "x", "x.zip": "x"})
    for name, remedy in (("labels.csv", "the folder it is in"), ("x.lmdb", "data.mdb"), ("x.zip", "Unpack it")):
        for command in (["check"], ["convert", str(folder.parent / "out")]):
            words = [command[0], str(folder / name), *command[1:]]
            assert run(words) == 2
            assert remedy in capsys.readouterr().err


def test_nothing_left_names_the_first_cause(put, capsys, tmp_path):
    folder = put("none", {"labels.csv": "filename,words\n"})
    assert run(["convert", str(folder), str(tmp_path / "none.out")]) == 1
    assert f"{folder} has no samples. See: handgen check" in capsys.readouterr().err
    folder = put("odd", {"metadata.csv": f"file_name,text\n0.png,{'x' * 200_000}\n", "0.png": None})
    assert run(["convert", str(folder), str(tmp_path / "odd.out"), "--skip-bad"]) == 1
    assert "field larger than field limit" in capsys.readouterr().err
    folder = put("set", {"rec_gt.txt": "images/1.png ab\n", "images/1.png": None})
    assert run(["convert", str(folder), str(folder.parent / "out"), "--skip-bad"]) == 1
    assert "line 1 has no tab. See: handgen check" in capsys.readouterr().err


def test_an_lmdb_numbered_from_0_or_with_short_keys_is_told_so(lmdbs, tmp_path, capsys):
    from_0 = {key.replace(b"00000000", b"0000000", 1): value for key, value in lmdbs.sound(2).items()}
    path = lmdbs.save(tmp_path / "short", from_0)
    assert run(["convert", str(path), str(tmp_path / "a")]) == 1
    assert "Number the keys from image-000000001" in capsys.readouterr().err
    sound = lmdbs.sound(2)
    zero = {key.replace(b"%09d" % 1, b"%09d" % 0).replace(b"%09d" % 2, b"%09d" % 1): sound[key] for key in sound}
    path = lmdbs.save(tmp_path / "zero", zero)
    assert run(["convert", str(path), str(tmp_path / "b")]) == 1
    assert "Number the samples from 1. Or leave bad samples out with --skip-bad" in capsys.readouterr().err


def test_labels_show_what_cannot_be_seen():
    for label, shown in (
        ("a\ufe0f", "a<FE0F>"),
        ("\u0301", "<301>"),
        ("á", "á"),
        ("x\u0323y", "x\u0323y"),
        ("\u200b", "<200B>"),
    ):
        assert visible(label) == shown


def test_an_empty_charset_stops_no_judgment(lmdbs, tmp_path):
    path = lmdbs.save(tmp_path / "set", lmdbs.sound(2))
    (path / "charset.txt").write_text("")
    labels = Labels()
    report = check_folder(path, labels=labels)
    for name in ("parseq", "dtrb", "mmocr", "paddle", "openocr"):
        assert judge(name, report, labels).with_flags.kept == 0
