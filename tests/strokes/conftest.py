from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from handgen.strokes.base import as_strokes, make_table

HANZI = {
    "一": [[[100, 400], [900, 420]]],
    "十": [[[100, 400], [900, 420]], [[500, 800], [500, -50]]],
    "口": [[[200, 700], [210, 100]], [[200, 700], [800, 700], [800, 100]], [[210, 120], [790, 120]]],
    "三": [[[200, 750], [800, 750]], [[250, 400], [750, 400]], [[120, 50], [880, 50]]],
    "小": [[[500, 800], [500, 0], [400, 80]], [[300, 500], [150, 200]], [[680, 500], [850, 220]]],
    "灬": [[[150, 200], [120, 50]], [[350, 200], [380, 60]], [[550, 200], [590, 60]], [[780, 210], [860, 50]]],
    "乙": [[[150, 650], [800, 650], [200, 100], [850, 60], [860, 200]]],
}
"""Characters in the units of Hanzi Writer: 1024 an em, y up."""

KANJIVG = {
    "一": ["M11,54 c10,1 60,-4 88,0"],
    "A": ["M54.46,14.41c-8.67,19.8-31.28,70.81-34.46,78.47", "M54.46,14.41c5.06,11.27,30.2,68.64,34.54,78.47"],
    "か": ["M20,35 L60,30 Q70,60 50,90", "M40,15 V80", "M75,30 T95,60"],
}


@pytest.fixture
def stroke_data(tmp_path, monkeypatch):
    """The folders of both sources as ``fonts fetch`` leaves them, under ./fonts of the current directory."""
    folder = tmp_path / "fonts" / "strokes"
    folder.mkdir(parents=True)
    with gzip.open(folder / "strokes.jsonl.gz", "wt", encoding="utf-8") as file:
        for char, medians in HANZI.items():
            record = {"character": char, "strokes": ["M 0 0 Z"] * len(medians), "medians": medians}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    (folder / "kanjivg.json").write_text(json.dumps(KANJIVG), encoding="utf-8")
    about = {"license": "Arphic-1999", "source": {"package": "hanzi-writer-data", "version": "2.0.1"}}
    (folder / "strokes.json").write_text(json.dumps(about))
    about = {"license": "CC-BY-SA-3.0", "source": {"package": "kanjivg", "version": "20260714"}}
    (folder / "kanjivg-about.json").write_text(json.dumps(about))
    monkeypatch.setenv("HANDGEN_FONTS", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture(scope="session")
def table():
    """The same characters as a table."""
    return make_table(
        {
            char: tuple((line * [1, -1] + [0, 900]).astype(np.float32) / 1024 for line in as_strokes(medians))
            for char, medians in HANZI.items()
        }
    )
