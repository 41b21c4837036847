from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from handgen.characters import Changes, line_ends, listed, nfc, shown, split_lines

ENDS = ("\n", "\r", "\r\n", "\u0085", "\u2028", "\u2029")


@given(st.text())
def test_nfc_changes_no_compatibility_ideograph_and_all_else_as_unicode_has_it(text):
    found = nfc(text)
    kept = [char for char in text if "\uf900" <= char <= "\ufaff" or "\U0002f800" <= char <= "\U0002fa1f"]
    assert [char for char in found if "\uf900" <= char <= "\ufaff" or "\U0002f800" <= char <= "\U0002fa1f"] == kept
    assert nfc(found) == found
    assert unicodedata.normalize("NFC", found) == unicodedata.normalize("NFC", text)


def test_all_compatibility_ideographs_stay():
    block = "".join(map(chr, (*range(0xF900, 0xFB00), *range(0x2F800, 0x2FA20))))
    assert nfc(block) == block
    assert unicodedata.normalize("NFC", block) != block
    assert nfc("e\u0301\ufa19e\u0301") == "\u00e9\ufa19\u00e9"


@given(st.lists(st.text(st.characters(exclude_characters="\n\r\u0085\u2028\u2029"))), st.sampled_from(ENDS))
def test_lines_are_the_same_for_counting_and_reading(lines, end):
    text = "".join(line + end for line in lines)
    assert split_lines(text) == lines
    assert split_lines(text + "x") == [*lines, "x"]
    data = text.encode("utf-8", "surrogatepass")
    ends = line_ends(data).tolist()
    parts = [data[start:stop] for start, stop in zip([0, *ends], ends, strict=False)]
    assert [part.decode("utf-8", "surrogatepass").removesuffix(end) for part in parts] == lines


def test_what_cannot_be_seen_is_named():
    assert shown("永") == "永"
    assert [shown(char) for char in "\u0301\ufe0f\U000e0100 \u3000\u200b"] == [
        "U+0301", "U+FE0F", "U+E0100", "U+0020", "U+3000", "U+200B",
    ]  # fmt: skip
    assert listed("ab\u0301 c") == "ab U+0301 U+0020 c"
    assert listed("永" * 30, most=3) == "永永永 …"


def test_changes_are_counted_and_described():
    changes = Changes()
    assert [changes.nfc(text) for text in ("e\u0301", "永", "e\u0301", "\ufa19")] == ["é", "永", "é", "\ufa19"]
    assert changes.count == 2
    assert list(changes.described()) == ["e\u0301 (U+0065 U+0301) -> é (U+00E9)"]
