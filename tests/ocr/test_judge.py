from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pylopdf_fonts_zh_cn
import pytest
from PIL import Image, ImageDraw, ImageFont

from handgen.errors import HandgenError
from handgen.ocr import judge

HEITI = ImageFont.truetype(pylopdf_fonts_zh_cn.sans_path(), 52)


def glyph(char, size=64):
    picture = Image.new("L", (size, size), 255)
    ImageDraw.Draw(picture).text((size / 2, size / 2), char, 0, HEITI, anchor="mm")
    return np.asarray(picture)


def test_the_judge_reads_glyphs_of_a_real_font():
    pytest.importorskip("onnxruntime")
    pytest.importorskip("rapidocr")
    text = "永和九年岁在癸丑暮春之初会于稽山阴兰亭银锒未末"
    read = judge.read(np.stack([glyph(char) for char in text]))
    assert len(read) == len(text)
    assert sum(a == b for a, b in zip(read, text, strict=True)) >= len(text) - 1


def test_nothing_is_read_from_blank_paper_and_lines_are_read_whole():
    pytest.importorskip("onnxruntime")
    pytest.importorskip("rapidocr")
    assert judge.read(np.full((1, 64, 64), 255, np.uint8)) == [""]
    assert judge.read(np.concatenate([glyph(char) for char in "暮春之初"], axis=1)[None]) == ["暮春之初"]
    assert judge.read(np.zeros((0, 64, 64), np.uint8)) == []


def test_a_judge_that_is_not_installed_names_the_extra(monkeypatch):
    monkeypatch.setattr(judge.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(HandgenError, match=r"rapidocr is not installed.*handgen\[judge\]"):
        judge._model_path()


def test_nothing_that_trains_or_gates_asks_the_judge():
    root = Path(judge.__file__).parents[1]
    asking = {
        path.relative_to(root).parts[0]
        for path in root.rglob("*.py")
        if re.search(r"ocr\.judge|ocr import judge|rapidocr", path.read_text(encoding="utf-8"))
    }
    assert asking == {"ocr", "evaluation", "cli", "report"}  # the report names it as a reader to ask
    inside = [path.name for path in (root / "ocr").glob("*.py") if "judge import" in path.read_text(encoding="utf-8")]
    assert inside == []
