from __future__ import annotations

import json

import pytest

from handgen.errors import FontError, UsageError
from handgen.fonts.catalog import HANDWRITTEN, KINDS, catalog, find_entry, parse_catalog, select

LICENSES = {"OFL-1.1", "Apache-2.0"}
ROW = {
    "family": "Tiny Hand",
    "script": "latin",
    "kind": "script",
    "license": "OFL-1.1",
    "source": {"type": "npm", "package": "@tiny/hand", "version": "1.0.0", "take": "files/*.woff2"},
}


def sound(entry):
    return (
        entry.kind in KINDS
        and entry.license in LICENSES
        and entry.source.version[0].isdigit()
        and find_entry(entry.family) == find_entry(entry.slug) == entry
        and (entry.source.type == "npm") == entry.source.take.endswith(".woff2")
    )


def test_every_entry():
    assert [entry.slug for entry in catalog() if not sound(entry)] == []


def test_enough_for_the_articles_two_experiments():
    zh, en = select(["zh"]), select(["en"])
    assert {entry.script for entry in zh} == {"han"}
    assert {entry.script for entry in en} == {"latin"}
    assert "Noto Sans SC" in {entry.family for entry in zh}
    assert sum(entry.kind in HANDWRITTEN for entry in zh) >= 12
    assert len(zh) >= 16
    assert "Caveat" in {entry.family for entry in en}
    assert sum(entry.kind in HANDWRITTEN for entry in en) >= 27


def test_select_takes_each_family_once():
    assert [entry.slug for entry in select(["caveat", "Ma Shan Zheng", "Caveat"])] == ["caveat", "ma-shan-zheng"]
    assert len(select(["zh", "ma-shan-zheng"])) == len(select(["zh"]))


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(UsageError, match="Did you mean 'Ma Shan Zheng'"):
        select(["Ma Shan Zhen"])


def catalog_of(*rows):
    return json.dumps({"fonts": list(rows)})


def test_a_catalog_of_one():
    (entry,) = parse_catalog(catalog_of(ROW))
    assert entry.slug == "tiny-hand"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        catalog_of({**ROW, "kind": "fancy"}),
        catalog_of({**ROW, "script": "runes"}),
        catalog_of({**ROW, "license": ""}),
        catalog_of({**ROW, "source": {"type": "npm"}}),
        catalog_of({**ROW, "source": {**ROW["source"], "type": "ftp"}}),
        catalog_of({**ROW, "extra": 1}),
        catalog_of(ROW, {**ROW, "family": "tiny hand"}),
    ],
)
def test_a_damaged_catalog_is_refused(text):
    with pytest.raises(FontError, match="catalog"):
        parse_catalog(text)
