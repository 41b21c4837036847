from __future__ import annotations

import io
import json
import math
import shutil
from types import SimpleNamespace

import numpy as np
import pylopdf_fonts_zh_cn
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from handgen.cli import run
from handgen.errors import UsageError
from handgen.evaluation.dataset import evaluate_dataset, save_suspicious
from handgen.evaluation.distance import Moments, frechet
from handgen.evaluation.tally import Tally
from handgen.fonts.charsets import load_charset
from handgen.ocr.suspicion import floor, suspicious

SIDE = 48
PAIRS = ["银锒", "己已", "已巳", "未末", "土士", "日曰", "人入", "干千", "天夭", "大太"]
CHARS = sorted(set("".join(PAIRS)) | set(load_charset("gb2312-1")[:300]))


def drawn(chars, random, size=40):
    """Glyphs of a real font, each a little moved, turned and scaled."""
    images = []
    for char in chars:
        picture = Image.new("L", (SIDE, SIDE), 255)
        font = ImageFont.truetype(pylopdf_fonts_zh_cn.sans_path(), size + int(random.integers(-1, 2)))
        middle = SIDE / 2 + random.uniform(-0.7, 0.7, 2)
        ImageDraw.Draw(picture).text(tuple(middle), char, 0, font, anchor="mm")
        images.append(np.asarray(picture.rotate(random.uniform(-1.5, 1.5), fillcolor=255, resample=2)))
    return np.stack(images)


class Templates:
    """A recognizer by nearest template: the class whose clean glyph differs least is the most probable."""

    def __init__(self, chars):
        self.charset = "".join(chars)
        self._known = self.features(drawn(chars, SimpleNamespace(integers=lambda *a: 0, uniform=self._still)))

    @staticmethod
    def _still(low, high, count=None):
        return 0.0 if count is None else np.zeros(count)

    def features(self, images):
        x = 1 - images.reshape(len(images), SIDE // 2, 2, SIDE // 2, 2).mean((2, 4)) / 255
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
        soft = sum(padded[:, a : a + SIDE // 2, b : b + SIDE // 2] for a in range(3) for b in range(3))
        soft = soft.reshape(len(x), -1)
        return (soft / (np.linalg.norm(soft, axis=1, keepdims=True) + 1e-9)).astype(np.float32)

    def _log(self, images):
        logits = 300 * self.features(images) @ self._known.T
        top = logits.max(1, keepdims=True)
        return logits - top - np.log(np.exp(logits - top).sum(1, keepdims=True))

    def number(self, char):
        return self.charset.find(char)

    def read(self, images, *, top=5):
        log = self._log(images)
        order = np.argsort(-log, axis=1)[:, :top]
        return SimpleNamespace(chars=order, confidence=np.exp(np.take_along_axis(log, order, 1)))

    def confidence(self, images, labels):
        log = self._log(images)
        rows = np.arange(len(log))
        own = log[rows, labels].copy()
        log[rows, labels] = -np.inf
        return np.exp(own), own - log.max(1)


@pytest.fixture(scope="module")
def templates():
    return Templates(CHARS)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A dataset of two styles of which one sample in twenty shows a confusable character; and their numbers."""
    random = np.random.default_rng(0)
    other = {char: pair.replace(char, "") for pair in PAIRS for char in pair}
    labels = [CHARS[i] for i in random.integers(len(CHARS), size=1900)] + [[*other][i % len(other)] for i in range(100)]
    shown = labels[:1900] + [other[char] for char in labels[1900:]]
    order = random.permutation(len(labels))
    folder = tmp_path_factory.mktemp("planted")
    lines = []
    for number, (image, row) in enumerate(zip(drawn([shown[i] for i in order], random), order, strict=True)):
        Image.fromarray(image).save(folder / f"{number}.png", compress_level=1)
        lines.append(json.dumps({"file_name": f"{number}.png", "text": labels[row], "style": f"s{number % 2}"}))
    (folder / "metadata.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder, {int(number) + 1 for number in np.flatnonzero(order >= 1900)}


def test_planted_confusables_are_found(planted, templates, tmp_path):
    folder, bad = planted
    result = evaluate_dataset(folder, templates)
    found = {sample["number"] for sample in result["suspicious"]}
    assert len(found & bad) >= 0.9 * len(bad)
    assert len(found - bad) <= 0.02 * (2000 - len(bad))
    assert result["styles"].keys() == {"s0", "s1", "all"}
    assert 0.9 < result["styles"]["all"]["reads"] < 0.96
    shares = [values["reads"] for values in result["characters"].values()]
    assert shares == sorted(shares)
    assert result["confusions"][0]["label"] in "".join(PAIRS)
    margins = [sample["margin"] for sample in result["suspicious"]]
    assert margins == sorted(margins)
    assert margins[-1] < 0
    assert save_suspicious(tmp_path / "worst.png", folder, result)
    assert Image.open(tmp_path / "worst.png").height > 2 * SIDE


def test_what_makes_a_result_say_less_is_said(planted, templates, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("handgen.cli.eval._reader", lambda path, device: templates)
    monkeypatch.setattr("handgen.cli.eval._digest", lambda path: "mine")
    folder = tmp_path / "set"
    folder.mkdir()
    lines = (planted[0] / "metadata.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)[:20]
    (folder / "metadata.jsonl").write_text("".join(lines), encoding="utf-8")
    for number in range(len(lines)):
        shutil.copy(planted[0] / f"{number}.png", folder)
    words = ["eval", str(folder), "--no-save", "--sheet", str(tmp_path / "worst.png"), "--json"]
    for whole in (True, False):
        (folder / "manifest.json").write_text(json.dumps({"complete": whole}), encoding="utf-8")
        assert run(words) == 0
        said = capsys.readouterr()
        assert ("unfinished" in json.loads(said.out)) != whole
        assert ("was not finished" in said.err) != whole
    for gate, digest, told in (("redraw", "mine", True), ("mark", "mine", False), ("redraw", "another", False)):
        plan = {"gate": gate, "recognizer_digest": digest}
        (folder / "manifest.json").write_text(json.dumps({"complete": True, "plan": plan}), encoding="utf-8")
        assert run(words) == 0
        assert ("its gate kept what this recognizer reads" in capsys.readouterr().err) == told


def test_a_set_is_nearer_to_its_like_than_to_another(planted, templates, tmp_path):
    random = np.random.default_rng(1)
    for name, size in (("alike", 40), ("smaller", 28)):
        (tmp_path / name).mkdir()
        images = drawn(CHARS, random, size)
        lines = []
        for number, (char, image) in enumerate(zip(CHARS, images, strict=True)):
            Image.fromarray(image).save(tmp_path / name / f"{number}.png")
            lines.append(json.dumps({"file_name": f"{number}.png", "text": char}))
        (tmp_path / name / "metadata.jsonl").write_text("\n".join(lines), encoding="utf-8")
    near, far = (
        evaluate_dataset(planted[0], templates, like=tmp_path / name, share=0.2)["like"]["distance"]
        for name in ("alike", "smaller")
    )
    assert near < far / 2


def test_labels_that_the_recognizer_does_not_know_are_counted_and_not_suspected(templates):
    tally = Tally(templates)
    tally.add(drawn("永和", np.random.default_rng(0)), ["永", "𠀀"], ["", ""], [1, 2])
    result = tally.result()
    assert result["unknown"] == 2 - ("永" in templates.charset)
    assert all(sample["label"] != "𠀀" for sample in result["suspicious"])


def test_a_recognizer_of_another_charset_is_refused(planted):
    with pytest.raises(UsageError, match="knows no character"):
        evaluate_dataset(planted[0], Templates("犇骉鑫"), share=0.02)


@given(st.floats(0, 12), st.floats(0.2, 4), st.integers(0, 9))
def test_the_floor_keeps_false_alarms_of_sound_samples_in_bounds(middle, spread, seed):
    random = np.random.default_rng(seed)
    sound = random.normal(middle, spread, 4000)
    mixed = np.concatenate([sound, random.normal(-12, 1, 200)])
    assert floor(mixed) <= 0
    assert (sound < floor(mixed)).mean() < 0.035
    assert floor(sound[:5]) == 0


def test_each_style_has_its_own_floor_and_reading_rightly_is_never_suspicious():
    random = np.random.default_rng(0)
    margins = np.concatenate([random.normal(8, 2, 500), random.normal(0, 4, 500), [-3, -3, np.nan, 0.5]])
    styles = np.array([0] * 500 + [1] * 500 + [0, 1, 1, 0])
    found = suspicious(margins, styles)
    assert found[1000:].tolist() == [True, False, False, False]
    assert not found[margins > 0].any()
    assert found[500:1000].mean() < 0.04


def test_the_frechet_distance_of_known_normals():
    random = np.random.default_rng(0)
    one, other = Moments(), Moments()
    first, second = random.normal(0, 1, (20_000, 3)), random.normal((3, 0, 0), 2, (20_000, 3))
    for part in np.array_split(first, 7):
        one.update(part)
    other.update(second)
    assert frechet(one, one) == pytest.approx(0, abs=1e-6)
    assert frechet(one, other) == pytest.approx(9 + 3 * (1 - 2) ** 2, rel=0.05)
    assert frechet(one, other) == pytest.approx(frechet(other, one))


def test_a_run_is_measured_by_style_and_character(trained, store, tmp_path, capsys):
    from handgen.metrics import METRICS

    sheet = tmp_path / "worst.png"
    words = [str(trained.parent), "--data", str(store.path), "--device", "cpu", "--no-save", "--sheet", str(sheet)]
    assert run(["eval", *words, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    last = json.loads((trained.parent / "stats.jsonl").read_text().splitlines()[-1])["styles"]
    assert result["styles"].keys() == last.keys()
    for style, values in last.items():
        for name, value in values.items():
            assert result["styles"][style][name] == pytest.approx(value, abs=2e-3)
    assert {entry.name for entry in METRICS} < result["styles"]["mean"].keys()
    strokes = [row["stroke_recall"] + row["stroke_precision"] for row in result["characters"].values()]
    assert strokes == sorted(strokes)
    assert sheet.is_file()
    assert not (trained.parent / ".handgen.eval.json").exists()


def test_a_judge_reads_a_dataset_and_the_report_shows_it(planted, tmp_path, capsys, monkeypatch):
    pytest.importorskip("rapidocr")
    pytest.importorskip("onnxruntime")
    monkeypatch.chdir(tmp_path)
    words = [str(planted[0]), "--recognizer", "none", "--judge", "rapidocr", "--share", "0.02", "--device", "cpu"]
    assert run(["eval", *words, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert 10 < result["samples"] < 90
    assert result["styles"]["all"]["judge"] > 0.7
    assert run(["report", str(planted[0]), "--out", "page.html"]) == 0
    assert "independent reader" in (tmp_path / "page.html").read_text(encoding="utf-8")
    (planted[0] / ".handgen.eval.json").unlink()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere", "--recognizer", "none", "--judge", "rapidocr"], "does not exist"),
        (["nowhere", "--recognizer", "none", "--judge", "tesseract"], "unknown judge"),
        ([".", "--recognizer", "none"], "nothing to read with"),
        ([".", "--sheet", "worst.jpg"], "is no PNG"),
    ],
)
def test_wrong_usage_is_one_clear_line(words, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["eval", *words]) == 2
    assert said in capsys.readouterr().err


def test_images_that_are_no_squares_keep_their_shape():
    from handgen.check.samples import decoded

    data = io.BytesIO()
    Image.new("L", (40, 10), 200).save(data, "PNG")
    image = decoded(data.getvalue())
    assert image.shape == (64, 64)
    assert math.isclose(float(image.mean()), 200)
    assert decoded(b"torn") is None
