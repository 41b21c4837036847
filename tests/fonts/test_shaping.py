from __future__ import annotations

import numpy as np
import pytest
import uharfbuzz
from fontTools.pens.boundsPen import BoundsPen
from fontTools.subset import Subsetter
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont, features

from handgen.errors import FontError
from handgen.fonts.contours import Contours, Drawable, Outline, joined
from handgen.fonts.face import FontRef
from handgen.fonts.shaping import Shaper, column_runs, logical_runs, script_of

ARABIC, HEBREW, HINDI = "الكَلِمَةُ الأولى", "שָׁלוֹם עולם", "हिन्दी कि क्षत्रिय"


def harfbuzz(font, text):
    """What HarfBuzz itself makes of a text of one script."""
    face = uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(font))))
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    uharfbuzz.shape(face, buffer)
    infos = [(info.codepoint, info.cluster) for info in buffer.glyph_infos]
    return infos, [tuple(item.position) for item in buffer.glyph_positions], face


@pytest.fixture(scope="module")
def written(dancing_script, amiri, frank, kalam):
    """Font and text of each script."""
    return [
        (dancing_script, "l’été difficile, affûté"),
        (dancing_script, "Größe, Übermut: süß"),
        (amiri, ARABIC),
        (frank, HEBREW),
        (kalam, HINDI),
    ]


def test_a_line_of_one_script_is_what_harfbuzz_makes_of_it(written):
    for font, text in written:
        shaped = Shaper(FontRef(font)).shape(text)
        infos, positions, face = harfbuzz(font, text)
        assert list(zip(shaped.glyphs.tolist(), shaped.clusters.tolist(), strict=True)) == infos, text
        pens = np.cumsum([0, *(step for _, _, step, _ in positions)])[:-1]
        expected = np.array([[pen + x, y] for pen, (x, y, _, _) in zip(pens, positions, strict=True)]) / face.face.upem
        np.testing.assert_allclose(shaped.origins, expected, atol=1e-9)
        assert shaped.missing == ""
        spans = shaped.spans()
        assert [start for start, _ in spans] == sorted({cluster for _, cluster in infos})
        assert "".join(text[start:stop] for start, stop in spans) == text


def test_scripts_are_joined_and_marks_sit_on_letters(amiri, frank, kalam, dancing_script):
    alone = {Shaper(FontRef(amiri)).shape(char).glyphs[0] for char in "الكلمة"}
    assert not alone & set(Shaper(FontRef(amiri)).shape("كلم").glyphs.tolist())
    shaped = Shaper(FontRef(frank)).shape("שָׁ")
    assert (len(shaped.spans()), (shaped.advances > 0).sum()) == (1, 1)
    assert len(Shaper(FontRef(kalam)).shape("क्ष").spans()) == 1
    fine, apart = (Shaper(FontRef(dancing_script)).shape(text) for text in ("fi", "f i"))
    assert len(fine.spans()) < len(apart.spans())


def test_mixed_lines_are_set_as_they_are_read(amiri):
    shaper = Shaper(FontRef(amiri))
    shaped = shaper.shape("abc عربي 12")
    x = shaped.origins[:, 0]
    assert (np.diff(x) >= 0).all()
    at = {cluster: index for index, cluster in enumerate(shaped.clusters.tolist())}
    assert at[0] < at[1] < at[2] < at[7] < at[4], "the Latin word is first, the Arabic one runs to the left"
    assert at[9] < at[10] < at[7], "a number after Arabic is on its left, and runs to the right"
    brackets = shaper.shape("(عربي)")
    assert brackets.glyphs[0] == shaper.shape("(").glyphs[0], "the bracket that is seen first opens"
    assert brackets.clusters[0] == 5


def test_runs():
    assert script_of("(abc) абв 12") == ["Latn"] * 6 + ["Cyrl"] * 6
    runs = [(run.start, run.stop, run.level, run.script) for run in logical_runs("ab אב")]
    assert runs == [(0, 3, 0, "Latn"), (3, 5, 1, "Hebr")]
    columns = [(run.start, run.stop, run.script) for run in column_runs("中文OCR（上）")]
    assert columns == [(0, 2, "Hani"), (2, 5, "Latn"), (5, 8, "Hani")]
    assert (list(logical_runs("")), column_runs("")) == ([], [])


def test_columns(heiti):
    shaper = Shaper(FontRef(heiti))
    shaped = shaper.shape("中（国AB", vertical=True)
    assert shaped.turned.tolist() == [False, False, False, True, True]
    assert (np.diff(shaped.origins[:3, 1]) < 0).all()
    assert (np.diff(shaped.origins[3:, 1]) < 0).all()
    assert shaped.glyphs[1] != shaper.shape("（").glyphs[0], "brackets have forms of their own in columns"
    assert shaped.length == pytest.approx(3 + Shaper(FontRef(heiti)).shape("AB").length)


def test_what_a_font_lacks_is_named(caveat):
    shaped = Shaper(FontRef(caveat)).shape("a龘b")
    assert (shaped.missing, shaped.glyphs[1]) == ("龘", 0)
    with pytest.raises(FontError, match="no font file"):
        Shaper(FontRef(caveat.parent / "none.ttf"))


def test_instances_and_packed_fonts(caveat, tmp_path):
    text = "Width of this"
    light, bold = (Shaper(FontRef(caveat, instance=name)).shape(text) for name in ("", "Bold"))
    assert light.length != bold.length
    packed = tmp_path / "caveat.woff2"
    font = TTFont(caveat)
    subsetter = Subsetter()
    subsetter.populate(text=text)
    subsetter.subset(font)
    font.flavor = "woff2"
    font.save(packed)
    assert Shaper(FontRef(packed)).shape(text).length == light.length


def filled(font, text, size):
    """Fill a line as it is: base line 1 em from the bottom, 1 em of paper on the left."""
    shaped = Shaper(FontRef(font)).shape(text)
    contours = Contours(FontRef(font))
    whole, owners = joined([contours.glyph(number) for number in shaped.glyphs.tolist()])
    points = (whole.points + shaped.origins[owners] + 1) * size
    drawn = Drawable(Outline(points, whole.tags, whole.ends), owners, len(shaped.glyphs))
    return drawn.fill((3 * size, int((shaped.length + 2) * size))), drawn, shaped


@pytest.mark.skipif(not (features.check("raqm") and features.check("fribidi")), reason="Pillow cannot shape here")
def test_ink_is_that_of_another_renderer(written, amiri):
    size = 192  # Pillow rounds advances to pixels
    for font, text in [*written, (amiri, "abc (عربي) 12"), (amiri, "عربي (abc) 12")]:
        ours, _, _ = filled(font, text, size)
        other = Image.new("L", ours.shape[::-1], 0)
        pen = ImageFont.truetype(str(font), size, layout_engine=ImageFont.Layout.RAQM)
        ImageDraw.Draw(other).text((size, 2 * size), text, fill=255, font=pen, anchor="ls")
        theirs = np.asarray(other)
        both, either = np.minimum(ours, theirs).sum(dtype=int), np.maximum(ours, theirs).sum(dtype=int)
        assert both / either > 0.85, text


def test_boxes_are_those_of_harfbuzz(written):
    size = 64
    for font, text in written:
        _, drawn, shaped = filled(font, text, size)
        face = uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(font))))
        scale = size / face.face.upem
        for index, (glyph, (x, y)) in enumerate(zip(shaped.glyphs.tolist(), shaped.origins.tolist(), strict=True)):
            found, pen = drawn.bounds(index, index + 1), BoundsPen(None)
            face.draw_glyph_with_pen(glyph, pen)
            if found is None or pen.bounds is None:
                assert found is pen.bounds is None
                continue
            box = np.array(pen.bounds) * scale + (np.array([x, y, x, y]) + 1) * size
            np.testing.assert_allclose(found, box, atol=0.1)


def test_joined_letters_leave_no_seam():
    """Two squares that share an edge within a column of pixels."""
    square = np.array([[0, 0], [0, 1], [1, 1], [1, 0]], float)
    parts = [Outline(square * 8 + [left, 2], np.ones(4, np.uint8), np.array([3])) for left in (2.0, 9.7)]
    whole, owners = joined(parts)
    ink = Drawable(whole, owners, 2).fill((12, 20))
    assert ink[2:10, 2:17].min() == 255
    empty, owners = joined([])
    assert not Drawable(empty, owners, 0).fill((4, 4)).any()
