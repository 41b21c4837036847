from __future__ import annotations

import filecmp
import io
import json
import os
import re
import signal
import subprocess
import sys
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from handgen.cli import run
from handgen.formats.facts import FACTS
from handgen.formats.find import one_dataset
from handgen.formats.findings import Findings
from tests.pages.conftest import FRENCH, SIZE, SMALL, command, lines_of, records
from tests.pages.schemas import faults

WIDTH, HEIGHT = map(int, SIZE.split("x"))


def samples(out):
    with one_dataset(out / "lines").open() as reader:
        return list(reader.records(Findings()))


def pixels(path_or_bytes):
    with Image.open(path_or_bytes) as image:
        return np.array(image)


def test_the_line_dataset_is_cut_out_of_the_pages(pages):
    found = samples(pages)
    number = 0
    for record in records(pages):
        sheet = pixels(pages / "pages" / record["image"])
        assert sheet.shape == (HEIGHT, WIDTH, 3) == (record["height"], record["width"], 3)
        assert record["lines"] == len(lines_of(record)) > 0
        for line in lines_of(record):
            sample = found[number]
            number += 1
            assert sample.label.decode() == line["text"]
            x, y = np.array(line["polygon"]).T
            left, top = max(x.min() - 2, 0), max(y.min() - 1, 0)
            part = sheet[top : min(y.max() + 2, HEIGHT), left : min(x.max() + 3, WIDTH)]
            assert np.array_equal(pixels(io.BytesIO(sample.image)), part)
            boxes = [box and [box[0] - left, box[1] - top, box[2] - left, box[3] - top] for box in line["chars"]]
            assert sample.meta["boxes"] == boxes
            assert len(boxes) == len(line["text"])
            known = {"writer", "slant", "pen", "paper", "source", "font"}
            assert known <= sample.meta.keys() & set(FACTS)
            assert {key: sample.meta[key] for key in ("paper", "pen", "writer")} == {
                key: record["meta"][key] for key in ("paper", "pen", "writer")
            }
    assert number == len(found)


def test_words_boxes_and_base_lines_are_where_the_ink_is(pages):
    heights, away, inside, outside = [], [], [], []
    for record in records(pages):
        gray = pixels(pages / "pages" / record["image"]).mean(axis=2)
        paper = float(np.median(gray))
        written = np.zeros(gray.shape, bool)
        for line in lines_of(record):
            base = np.array(line["baseline"])
            assert (np.diff(base[:, 0]) > 0).all()
            assert " ".join(word["text"] for word in line["words"]) == line["text"]
            for char, box in zip(line["text"], line["chars"], strict=True):
                assert (box is None) == (char == " ")
                if char in "aemnorsuvx":
                    x0, y0, x1, y1 = box
                    level = np.interp((x0 + x1) / 2, base[:, 0], base[:, 1])
                    away.append(y1 - level)
                    heights.append(y1 - y0)
            for x0, y0, x1, y1 in (word["box"] for word in line["words"]):
                assert 0 <= x0 < x1 <= WIDTH
                assert 0 <= y0 < y1 <= HEIGHT
                written[y0:y1, x0:x1] = True
        inside.append((gray[written] < 0.65 * paper).mean())
        outside.append((gray[~written] < 0.65 * paper).mean())
    # Letters that stand on the line stand on it, but for the few that are inserted above it.
    assert np.median(np.abs(away)) < 0.1 * np.median(heights)
    assert np.quantile(np.abs(away), 0.9) < 0.35 * np.median(heights)
    assert np.mean(inside) > 0.05
    assert np.mean(outside) < 0.1 * np.mean(inside)


def test_polygons_hold_the_ink_and_the_base_line_of_their_line_and_do_not_cross_themselves(pages):
    for record in records(pages):
        for line in lines_of(record, printed=True):
            polygon = [tuple(point) for point in line["polygon"]]
            assert not _crosses(polygon), line["text"]
            left, top = np.min(polygon, axis=0)
            right, bottom = np.max(polygon, axis=0)
            for box in filter(None, line["chars"]):
                assert left <= box[0] <= box[2] <= right + 2
                assert top <= box[1] <= box[3] <= bottom + 2
            for x, y in line["baseline"]:
                assert left - 2 <= x <= right + 2
                assert top <= y <= bottom


def _crosses(polygon):
    edges = list(pairwise([*polygon, polygon[0]]))

    def side(a, b, c):
        return np.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))

    return any(
        side(*one, other[0]) * side(*one, other[1]) < 0 and side(*other, one[0]) * side(*other, one[1]) < 0
        for number, one in enumerate(edges)
        for other in edges[number + 1 :]
    )


def test_alto_and_page_are_valid_and_say_the_same(pages):
    alto, page = (
        "{http://www.loc.gov/standards/alto/ns-v4#}",
        "{http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15}",
    )
    parts = 0
    for record in records(pages):
        stem = pages / "pages" / record["image"].removesuffix(".png")
        texts = [stem.with_suffix(f".{kind}.xml").read_text(encoding="utf-8") for kind in ("alto", "page")]
        assert [faults(text) for text in texts] == [[], []]
        first, second = map(ElementTree.fromstring, texts)
        assert (
            first.find(f".//{alto}fileName").text
            == second.find(f"{page}Page").get("imageFilename")
            == stem.name + ".png"
        )
        lines = lines_of(record, printed=True)
        of_alto = [
            "".join(
                " " if each.tag == f"{alto}SP" else each.get("CONTENT") for each in line if each.tag != f"{alto}Shape"
            )
            for line in first.iter(f"{alto}TextLine")
        ]
        of_page = [line.find(f"{page}TextEquiv/{page}Unicode").text for line in second.iter(f"{page}TextLine")]
        assert of_alto == of_page == [line["text"] for line in lines]
        bases = [line.get("BASELINE") for line in first.iter(f"{alto}TextLine")]
        assert bases == [each.get("points") for each in second.iter(f"{page}Baseline")]
        assert bases == [" ".join(f"{x},{y}" for x, y in line["baseline"]) for line in lines]
        halves = [each for each in first.iter(f"{alto}String") if each.get("SUBS_TYPE")]
        parts += len(halves)
        for one, other in zip(halves[::2], halves[1::2], strict=False):
            if (one.get("SUBS_TYPE"), other.get("SUBS_TYPE")) == ("HypPart1", "HypPart2"):
                whole = one.get("CONTENT").removesuffix("-") + other.get("CONTENT")
                assert whole.startswith(one.get("SUBS_CONTENT"))
                assert one.get("SUBS_CONTENT") == other.get("SUBS_CONTENT")
    assert parts > 0


def test_the_schemas_can_fail(pages):
    text = next((pages / "pages").glob("*/*.alto.xml")).read_text(encoding="utf-8")
    assert faults(text.replace("MeasurementUnit>pixel", "MeasurementUnit>inch"))
    assert faults(re.sub(r' CONTENT="[^"]*"', "", text, count=1))
    assert faults(re.sub(r'BASELINE="[^"]*"', 'BASELINE="-1,5"', text, count=1))
    assert faults(text.replace("<Shape>", "<SP /><Shape>", 1))


def test_coco_has_boxes_polygons_and_texts_of_all_lines(pages):
    whole = json.loads((pages / "pages" / "coco.json").read_text(encoding="utf-8"))
    names = {each["id"]: each["name"] for each in whole["categories"]}
    ids = [each["id"] for each in whole["annotations"]]
    assert len(set(ids)) == len(ids)
    assert [each["file_name"] for each in whole["images"]] == [record["image"] for record in records(pages)]
    for image, record in zip(whole["images"], records(pages), strict=True):
        mine = [each for each in whole["annotations"] if each["image_id"] == image["id"]]
        lines = [each for each in mine if names[each["category_id"]] == "line"]
        assert [each["text"] for each in lines] == [line["text"] for line in lines_of(record, printed=True)]
        for each in mine:
            x, y, width, height = each["bbox"]
            assert 0 <= x < x + width <= image["width"]
            assert 0 <= y < y + height <= image["height"]
            (polygon,) = each["segmentation"]
            assert 0 < each["area"] <= width * height
            assert len(polygon) >= 6
            assert len(polygon) % 2 == 0


def test_conversations_have_a_box_for_each_line(pages):
    rows = [json.loads(line) for line in (pages / "pages" / "train.jsonl").open(encoding="utf-8")]
    info = json.loads((pages / "pages" / "dataset_info.json").read_text())
    assert info["handgen"]["file_name"] == "train.jsonl"
    for row, record in zip(rows, records(pages), strict=True):
        question, answer = row["messages"]
        assert question["content"].count("<image>") == len(row["images"]) == 1
        assert (pages / "pages" / row["images"][0]).is_file()
        assert answer["content"] == "\n".join(line["text"] + "<bbox>" for line in lines_of(record))
        assert len(row["objects"]["bbox"]) == answer["content"].count("<bbox>")


def everything(out):
    """All files of a run but those of the database of lines, whose samples stand for it."""
    files = {path.relative_to(out).as_posix(): path for path in sorted(out.rglob("*")) if path.is_file()}
    skipped = ("lines/data.mdb", "lines/lock.mdb")
    return {name: path.read_bytes() for name, path in files.items() if name not in skipped}, [
        (each.label, each.image, each.meta) for each in samples(out)
    ]


def test_page_i_follows_from_seed_and_i_alone(corpus, kalam, tmp_path):
    one, few, other = tmp_path / "one", tmp_path / "few", tmp_path / "other"
    assert run(command(corpus, kalam, one, *SMALL, "--workers", 1)) == 0
    assert run(command(corpus, kalam, few, *SMALL, "--workers", 3, "--count", 2)) == 0
    assert run(command(corpus, kalam, other, *SMALL, "--seed", 1, "--count", 2)) == 0
    first = records(one)
    assert records(few) == first[:2] != records(other)
    for record in first[:2]:
        for ending in (".png", ".alto.xml", ".page.xml"):
            name = record["image"].removesuffix(".png") + ending
            assert filecmp.cmp(one / "pages" / name, few / "pages" / name, shallow=False)
    assert len({record["meta"]["pen"] + record["meta"]["paper"] for record in first}) > 1


_KILLED = """
import os, signal, sys
import handgen.formats.lmdb, handgen.synthesis.pages as module
from handgen.cli import run
from handgen.pages.writer import PageWriter
from handgen.synthesis import write

after, flush_lines = int(sys.argv[1]), sys.argv[2] == "lines"
PageWriter.per_commit = 1000 if flush_lines else 1
real = module._fill
def fill(pages, sheets, lines, count, progress, workers):
    def show(done):
        if done == after:
            if flush_lines:
                lines._flush()
            os.kill(os.getpid(), signal.SIGKILL)
    real(pages, sheets, lines, count, show, workers)
module._fill = fill
run(sys.argv[3:])
"""


def test_after_kill_9_the_same_command_goes_on_to_the_same_bytes(corpus, kalam, tmp_path):
    """Killed when pages are ahead of lines, and when lines are ahead: at a page, never at a time."""
    whole = tmp_path / "whole"
    assert run(command(corpus, kalam, whole, *SMALL)) == 0
    expected = everything(whole)
    for number, which in ((2, "pages"), (1, "lines")):
        out = tmp_path / which
        words = [sys.executable, "-c", _KILLED, str(number), which, *command(corpus, kalam, out, *SMALL)]
        killed = subprocess.run(words, capture_output=True, check=False, env=os.environ)
        assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
        assert not (out / "pages" / "pages.jsonl").exists()
        assert run(command(corpus, kalam, out, *SMALL)) == 0
        assert everything(out) == expected


def test_a_finished_run_is_left_alone_and_another_is_refused(pages, corpus, kalam, tmp_path, capsys):
    out = tmp_path / "run"
    assert run(command(corpus, kalam, out, *SMALL, "--count", 1)) == 0
    before = everything(out)
    assert run(command(corpus, kalam, out, *SMALL, "--count", 1)) == 0
    assert everything(out) == before
    assert run(command(corpus, kalam, out, *SMALL, "--count", 1, "--skew", 3)) == 2
    assert "other settings" in capsys.readouterr().err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("x")
    assert run(command(corpus, kalam, tmp_path / "mine")) == 2
    assert "holds no pages" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--page-size", "120x90"), "no room for a line that is 30 pixels high.*--page-size 2.*x1.* or more"),
        (("--page-size", "a4"), "no size of a page"),
        (("--page-size", "99999x10"), "no size of a page"),
        (("--paper", "plain,rulled"), "no 'rulled'.*Did you mean 'ruled'"),
        (("--paper", ","), "names nothing"),
        (("--page-format", "alto5"), "no 'alto5'.*'alto'"),
        (("--page-boxes",), "--page-format conversations"),
        (("--vertical",), "--vertical"),
        (("--neighbors", "0.5"), "--neighbors"),
        (("--shards", "2"), "--shards"),
    ],
)
def test_what_is_impossible_is_one_line_and_writes_nothing(options, message, corpus, kalam, tmp_path, capsys):
    assert run(command(corpus, kalam, tmp_path / "out", *options)) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert re.search(message, said), said
    assert not (tmp_path / "out").exists()


def test_of_effects_pages_have_those_of_the_ink_and_say_so(corpus, kalam, tmp_path, capsys):
    (tmp_path / "mine.yaml").write_text("real_ink: {probability: 1}\nruled: {probability: 1}\n", encoding="utf-8")
    asked = ("--degrade", tmp_path / "mine.yaml", "--count", 1, "--paper", "plain")
    assert run(command(corpus, kalam, tmp_path / "out", *asked)) == 0
    assert "is left out: ruled" in " ".join(capsys.readouterr().err.split())
    found = [sample.meta["degraded"] for sample in samples(tmp_path / "out")]
    assert found
    assert all(set(effects) == {"real_ink"} for effects in found)


def test_options_of_pages_need_pages(capsys):
    assert run(["synth", "--model", "fonts", "--paper", "ruled"]) == 2
    assert "Add --pages" in capsys.readouterr().err


def test_lines_from_right_to_left_are_set_and_told_so(amiri, tmp_path):
    text = "كان الجو جميلا في ذلك اليوم وكنا نسير على ضفة النهر ونتحدث عن السفر القادم إلى الجنوب.\n"
    (tmp_path / "arabic.txt").write_text(text * 3, encoding="utf-8")
    out = tmp_path / "out"
    assert run(command(tmp_path / "arabic.txt", amiri, out, "--count", 1, "--paper", "plain", "--charset", "ابت")) == 0
    (record,) = records(out)
    lines = lines_of(record)
    assert len(lines) > 2
    ends = [max(x for x, _ in line["polygon"]) for line in lines]
    assert np.ptp(ends) < 0.03 * WIDTH  # they begin below each other, on the right
    stem = out / "pages" / record["image"].removesuffix(".png")
    for kind, words in (("alto", 'BASEDIRECTION="rtl"'), ("page", 'readingDirection="right-to-left"')):
        whole = stem.with_suffix(f".{kind}.xml").read_text(encoding="utf-8")
        assert not faults(whole)
        assert whole.count(words) >= len(lines)


def test_running_text_is_that_of_the_corpus(pages):
    """Words that are divided put together again, and what is put right aside, a page reads as the corpus does."""
    words = set(re.findall(r"\w+", FRENCH.lower()))
    seen = 0
    for record in records(pages):
        for block in record["blocks"]:
            if block["kind"] == "paragraph":
                text = " ".join(line["text"] for line in block["lines"]).replace("- ", "")
                found = re.findall(r"\w+", text.lower())[:-1]  # the last may be cut off with the page
                seen += len(found)
                assert set(found) <= words, set(found) - words
                assert not any("- " in line["text"] for line in block["lines"])
                assert text[0] == text[0].upper()
    assert seen > 50
