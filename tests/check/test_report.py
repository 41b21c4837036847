from __future__ import annotations

import io
import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handgen.check.report import check_folder
from handgen.errors import UsageError
from handgen.formats.base import Sample
from handgen.formats.findings import RULES
from handgen.formats.lmdb import LmdbWriter


def found(report):
    """Rule -> (count, first sample) of the only dataset."""
    (dataset,) = report.datasets
    return {f.name: (f.count, f.examples[0].sample if f.examples else None) for f in dataset.findings.sorted()}


def label(number):
    return b"label-%09d" % number


def image(number):
    return b"image-%09d" % number


def move_down(records, tools):
    """What text_renderer writes: samples from 0, and the count of all of them."""
    for kind in (image, label):
        values = [records.pop(kind(i)) for i in range(1, 13)]
        records.update({kind(i): value for i, value in enumerate(values)})


def put(key, value):
    return lambda records, tools: records.update({key: value})


def drop(*keys):
    return lambda records, tools: [records.pop(key) for key in keys]


def blank(records, tools):
    pixels = np.full((24, 24), 250, np.uint8)
    pixels[::2] = 255  # paper is not one even color
    from handgen.formats.png import encode_png

    records[image(3)] = encode_png(pixels)


def copy(source, target):
    return lambda records, tools: records.update({target: records[source]})


def resize(records, tools):
    records[image(4)] = tools.png(4, (24, 30))


def color(records, tools):
    records[image(4)] = tools.png(4, (24, 24, 3))


PLANTED = {
    "a gap": (drop(image(4), label(4), image(5), label(5)), {"gap": (2, 4)}),
    "a missing label": (drop(label(4)), {"no-label": (1, 4)}),
    "a missing image": (drop(image(4)), {"no-image": (1, 4)}),
    "a truncated PNG": (
        lambda records, tools: records.update({image(2): records[image(2)][:300]}),
        {"image-unreadable": (1, 2)},
    ),
    "an image that is text": (put(image(2), b"<html>"), {"image-unreadable": (1, 2)}),
    "an NFD label": (put(label(6), unicodedata.normalize("NFD", "é").encode()), {"label-not-nfc": (1, 6)}),
    "a GBK label": (put(label(6), "永".encode("gbk")), {"label-not-utf8": (1, 6)}),
    "an empty label": (put(label(6), b""), {"label-empty": (1, 6)}),
    "a line break": (put(label(6), "永\n".encode()), {"label-control": (1, 6), "label-space": (1, 6)}),
    "an ideographic space": (put(label(6), "永\u3000和".encode()), {"label-space": (1, 6)}),
    "a zero-width space": (put(label(6), "永\u200b".encode()), {"label-invisible": (1, 6)}),
    "an image under two labels": (copy(image(2), image(9)), {"two-labels": (1, 9)}),
    "a blank image": (blank, {"image-blank": (1, 3)}),
    "samples from 0": (move_down, {"sample-0": (1, None), "count-too-large": (1, 12)}),
    "a count too large": (put(b"num-samples", b"1000000"), {"count-too-large": (999_988, 13)}),
    "a count too small": (put(b"num-samples", b"10"), {"beyond-count": (2, 11)}),
    "no count": (drop(b"num-samples"), {"no-count": (1, None)}),
    "a count that is no number": (put(b"num-samples", b"twelve"), {"bad-count": (1, None)}),
    "mixed sizes": (resize, {"mixed-sizes": (2, None)}),
    "mixed modes": (color, {"mixed-modes": (2, None)}),
    "a wrong wh": (put(b"wh-000000002", b"24_99"), {"wrong-size-key": (1, 2)}),
    "a key without zeros": (put(b"image-13", b"x"), {"key-digits": (1, None)}),
    "a foreign key": (put(b"zebra", b"x"), {"stray-key": (1, None)}),
}


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED.keys())
def test_finds_what_was_planted_and_nothing_else(plant, tmp_path, lmdbs):
    change, expected = plant
    records = lmdbs.sound()
    change(records, lmdbs)
    assert found(check_folder(lmdbs.save(tmp_path, records))) == expected


def test_a_repeated_sample_is_a_warning(tmp_path, lmdbs):
    records = lmdbs.sound(24)
    records[image(14)] = records[image(2)]
    report = check_folder(lmdbs.save(tmp_path, records))
    assert found(report) == {"duplicate": (1, 14)}
    assert (report.count("defect"), report.count("warning")) == (0, 1)


def test_empty_dataset(tmp_path, lmdbs):
    assert found(check_folder(lmdbs.save(tmp_path / "none", {b"num-samples": b"0"}))) == {"empty": (1, None)}
    assert found(check_folder(lmdbs.save(tmp_path / "bare", {}))) == {"empty": (1, None), "no-count": (1, None)}


def test_charset(tmp_path, lmdbs):
    records = lmdbs.sound()
    records[label(3)] = "永 和".encode()  # a space is no character of a charset
    lmdbs.save(tmp_path, records)
    assert found(check_folder(tmp_path)) == {}
    assert found(check_folder(tmp_path, "永和九年歲在癸丑")) == {"label-charset": (4, 9)}
    (tmp_path / "charset.txt").write_text("\n".join("永和年歲在癸丑暮春之初"), encoding="utf-8")
    report = check_folder(tmp_path)
    assert (report.datasets[0].characters, report.datasets[0].charset) == (11, 11)


def test_a_dataset_cut_short(tmp_path, lmdbs):
    lmdbs.save(tmp_path, lmdbs.sound(50))
    data = (tmp_path / "data.mdb").read_bytes()
    (tmp_path / "data.mdb").write_bytes(data[: len(data) // 2])
    assert found(check_folder(tmp_path)) == {"damaged": (1, None)}


def test_folders_that_stop_trainers(tmp_path, lmdbs):
    lmdbs.save(tmp_path / "train", lmdbs.sound())
    lmdbs.save(tmp_path / "val", lmdbs.sound())
    assert check_folder(tmp_path).findings.sorted() == []
    (tmp_path / "notes").mkdir()
    (tmp_path / "val" / "old").mkdir()
    findings = check_folder(tmp_path).findings.sorted()
    assert {f.name: sorted(Path(e.detail).name for e in f.examples) for f in findings} == {
        "stray-folder": ["notes", "old"],
        "sub-folder": ["val"],
    }


def test_what_handgen_writes_is_sound(tmp_path):
    rng = np.random.default_rng(0)
    texts = "一二三四五" * 4
    samples = [
        Sample(i, text, rng.integers(0, 256, (16, 16), np.uint8), {"style": "ab"[i % 2]})
        for i, text in enumerate(texts)
    ]
    with LmdbWriter(tmp_path, {"seed": 1}) as writer:
        writer.write(samples[:10])
        writer._flush()
    assert set(found(check_folder(tmp_path))) == {"no-count", "unfinished"}
    with LmdbWriter(tmp_path, {"seed": 1}) as writer:
        writer.write(samples[10:])
        writer.finish({})
    report = check_folder(tmp_path)
    assert found(report) == {}
    record = json.loads(json.dumps(report.as_dict()))["datasets"][0]
    assert (record["samples"], record["count"], record["characters"], record["charset"]) == (20, 20, 5, 5)
    assert (record["sizes"], record["modes"], record["styles"]) == ({"16x16": 20}, {"L": 20}, {"a": 10, "b": 10})
    assert {key: record["labels"][key] for key in ("different", "least", "median", "most")} == {
        "different": 5,
        "least": 4,
        "median": 4,
        "most": 4,
    }


def test_label_histogram(tmp_path, lmdbs):
    records = lmdbs.sound(10)
    for number in (2, 3, 4, 5):
        records[label(number)] = "永".encode()
    labels = check_folder(lmdbs.save(tmp_path, records)).datasets[0].labels
    assert (labels["different"], labels["least"], labels["median"], labels["most"]) == (6, 1, 1, 5)
    assert list(labels["most_frequent"].items())[:2] == [("永", 5), ("在", 1)]


def test_lines_of_text_may_differ_in_width_and_in_height_as_those_of_a_page_do(tmp_path, lmdbs):
    records = lmdbs.sound()
    records[image(1)], records[label(1)] = lmdbs.png(1, (24, 80)), "永和九年".encode()
    assert found(check_folder(lmdbs.save(tmp_path, records))) == {}
    records[image(2)] = lmdbs.png(2, (30, 80))
    assert found(check_folder(lmdbs.save(tmp_path, records))) == {}
    records[image(2)] = lmdbs.png(2, (72, 80))
    assert found(check_folder(lmdbs.save(tmp_path, records))) == {"mixed-sizes": (3, None)}


@pytest.mark.parametrize(
    ("content", "message"), [(None, "holds no dataset"), (b"", "not an LMDB"), (b"PK" * 9000, "not an LMDB")]
)
def test_no_dataset(content, message, tmp_path):
    if content is not None:
        (tmp_path / "data.mdb").write_bytes(content)
    with pytest.raises(UsageError, match=message):
        check_folder(tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        check_folder(tmp_path / "nowhere")


def test_an_image_of_16_bits_is_said_to_be_one(tmp_path, lmdbs):
    data = io.BytesIO()
    deep = np.random.default_rng(0).integers(20_000, 60_000, (24, 24)).astype(np.uint16)
    Image.fromarray(deep).save(data, "PNG")
    (dataset,) = check_folder(lmdbs.save(tmp_path, {**lmdbs.sound(), image(1): data.getvalue()})).datasets
    (finding,) = [each for each in dataset.findings.sorted() if each.name == "image-blank"]
    assert "I;16" in finding.examples[0].detail


def test_a_byte_order_mark_is_no_character_of_a_charset(tmp_path, lmdbs):
    folder = lmdbs.save(tmp_path, lmdbs.sound())
    (folder / "charset.txt").write_text("\ufeff永\n", encoding="utf-8")
    assert check_folder(folder).datasets[0].charset == 1


def test_every_rule_says_what_to_do():
    assert all(rule.title and rule.remedy.endswith(".") for rule in RULES.values())
