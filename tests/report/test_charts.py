"""Charts and the page's own font: readable anywhere, and one language only in which they could do harm."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ElementTree

import pytest
from fontTools.ttLib import TTFont

from handgen.report.charts import bars, lines
from handgen.report.typeface import typeface
from tests.report.test_report import HOSTILE

CURVE = [(images * 1000, 100 / images) for images in range(1, 60)]


def ids(svg):
    return re.findall(r'\bid="([^"]*)"', svg)


def test_chinese_captions_are_drawn_by_a_font_that_comes_with_handgen():
    svg = bars([("永", 3), ("ab", 2)], "labels")
    assert "<text" not in svg
    assert any("NotoSansSC" in name for name in ids(svg))
    assert any("DejaVuSans" in name for name in ids(svg))


def test_charts_are_the_pages_in_color_and_their_ids_clash_with_none():
    first, second = bars([("a", 3), ("b", 2)], "one"), bars([("a", 5), ("b", 1)], "two")
    for svg in (first, second):
        ElementTree.fromstring(svg)
        assert "var(--c0)" in svg
        assert "var(--quiet)" in svg
        assert not re.search(r"#0[0-4]0[0-9a-f]{3}\b", svg)
        assert set(re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', svg)) <= {(name, "") for name in ids(svg)} | {
            ("", name) for name in ids(svg)
        }
        assert len(ids(svg)) == len(set(ids(svg)))
    assert not set(ids(first)) & set(ids(second))


def test_hostile_captions_are_titles_and_shapes():
    svg = bars([(text, number + 1) for number, text in enumerate(HOSTILE)], '"><script>')
    root = ElementTree.fromstring(svg)
    assert "<script" not in svg
    assert "onerror" not in {name for element in root.iter() for name in element.attrib}
    assert "<!--" not in svg
    titles = [element.text for element in root.iter() if element.tag.endswith("title")]
    assert titles[0] == f"{HOSTILE[0]}: 1"
    assert len(titles) == len(HOSTILE)


@pytest.mark.parametrize(("scale", "captions"), [(1, {"1", "10", "100"}), (-1, {"-100", "-10", "-1"}), (0, {"0"})])
def test_losses_have_a_logarithmic_axis_whatever_their_sign(scale, captions, monkeypatch):
    drawn = set()
    monkeypatch.setattr(
        "handgen.report.charts._svg",
        lambda figure, *rest: drawn.update(label.get_text() for label in figure.axes[0].get_yticklabels()),
    )
    with pytest.raises(TypeError):  # the chart itself is not made
        lines({"D/real": [(images, scale * value) for images, value in CURVE]}, "losses", logarithmic=True)
    assert captions <= drawn


def test_each_curve_has_a_name_and_too_short_ones_are_left_out():
    svg = lines({"kai": CURVE, "<b>": CURVE, "dot": CURVE[:1], "nan": [(1, float("nan"))] * 9}, "l1")
    assert re.findall("<title>(.*?)</title>", svg) == ["kai", "&lt;b&gt;"]
    assert svg.count("<li>") == 2
    assert lines({"dot": CURVE[:1]}, "l1") == bars([], "none") == ""


def test_the_font_of_a_page_has_its_chinese_characters_and_no_more():
    css = typeface("永和九年 Kalam, 岁在癸丑。")
    data = re.search(r"base64,([^)]*)\)", css)
    with TTFont(io.BytesIO(base64.b64decode(data[1]))) as font:
        assert {chr(code) for code in font.getBestCmap()} == set("永和九年岁在癸丑。")
    assert len(css) < 20_000
    assert typeface("Kalam, é") == ""
