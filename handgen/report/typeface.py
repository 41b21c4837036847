"""The Chinese font of a page: one that comes with handgen, for readers who have none."""

from __future__ import annotations

import base64
import io
from collections import Counter
from functools import cache

from handgen.errors import HandgenError
from handgen.fonts.face import FontRef
from handgen.fonts.find import resolve_font

_FIRST = "\u2e80"
"""Where East Asian characters begin."""
_MOST = 3000
"""Characters that a page brings along, the most frequent; some 0.5 MB."""


@cache
def han_font() -> FontRef | None:
    """Return a font with Chinese characters; None if there is none."""
    try:
        return resolve_font("Heiti")
    except HandgenError:
        return None


def typeface(text: str) -> str:
    """Return the CSS of a font, called ``handgen``, that has the East Asian characters of ``text``; "" without any."""
    counts = Counter(char for char in text if char >= _FIRST)
    found = han_font()
    if not counts or found is None:
        return ""
    from fontTools import subset

    options = subset.Options(flavor="woff2", font_number=found.face, layout_features=[], notdef_outline=True)
    options.hinting, options.drop_tables = False, [*options.drop_tables, "GPOS", "GSUB", "GDEF", "BASE", "vhea", "vmtx"]
    font = subset.load_font(str(found.path), options)
    cutter = subset.Subsetter(options)
    cutter.populate(text="".join(char for char, _ in counts.most_common(_MOST)))
    cutter.subset(font)
    file = io.BytesIO()
    subset.save_font(font, file, options)
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return f"@font-face {{ font-family: handgen; src: url(data:font/woff2;base64,{data}) format('woff2'); }}"
