from __future__ import annotations

import numpy as np

from handgen.fonts.face import FontRef
from handgen.fonts.find import FoundFont
from handgen.glyphs import contact_sheet


def test_names_are_drawn_with_a_font_that_has_their_characters(heiti, caveat, monkeypatch):
    fonts = [FoundFont(FontRef(path), path.stem, "", "han", "display", "", "") for path in (caveat, heiti)]
    monkeypatch.setattr(contact_sheet, "find_fonts", lambda: fonts)
    contact_sheet._covering.cache_clear()
    images = np.full((1, 48, 48), 255, np.uint8)
    drawn = {
        name: np.asarray(contact_sheet.contact_sheet([(name, images)]).convert("L"))[:, :24]
        for name in ("张三", "李四", "Müller")
    }
    contact_sheet._covering.cache_clear()
    assert contact_sheet._covering("张三") == (str(heiti), 0)
    assert not np.array_equal(drawn["张三"], drawn["李四"])  # two boxes for missing glyphs would be alike
    assert all((image < 128).any() for image in drawn.values())
    contact_sheet._covering.cache_clear()


def test_words_stand_under_the_images_of_rows_that_have_some():
    images = np.full((2, 64, 64), 255, np.uint8)
    bare = np.asarray(contact_sheet.contact_sheet([("a", images), ("b", images)]))
    said = np.asarray(contact_sheet.contact_sheet([("a", images), ("b", images)], words=[["x → 年", "W"], ["", ""]]))
    other = np.asarray(contact_sheet.contact_sheet([("a", images), ("b", images)], words=[["x → 九", "W"], ["", ""]]))
    more = len(said) - len(bare)
    assert 0 < more < 64
    assert (said[:66] == bare[:66]).all()
    assert (said[66 + more :] == bare[66:]).all()
    assert (said[66 : 66 + more] < 100).any()
    assert (said != other).any()
