from __future__ import annotations

import json

import pytest

from handgen.errors import FontError, UsageError
from handgen.fonts.catalog import HANDWRITTEN, KINDS, catalogue, find_entry, parse_catalogue, select

LICENCES = {"OFL-1.1", "Apache-2.0"}
ROW = {
    "family": "Tiny Hand",
    "script": "latin",
    "kind": "script",
    "licence": "OFL-1.1",
    "source": {"type": "npm", "package": "@tiny/hand", "version": "1.0.0", "take": "files/*.woff2"},
}


@pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: entry.slug)
def test_every_entry(entry):
    assert entry.kind in KINDS
    assert entry.licence in LICENCES
    assert entry.source.version[0].isdigit()
    assert find_entry(entry.family) == find_entry(entry.slug) == entry
    assert (entry.source.type == "npm") == entry.source.take.endswith(".woff2")


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


def catalogue_of(*rows):
    return json.dumps({"fonts": list(rows)})


def test_a_catalogue_of_one():
    (entry,) = parse_catalogue(catalogue_of(ROW))
    assert entry.slug == "tiny-hand"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        catalogue_of({**ROW, "kind": "fancy"}),
        catalogue_of({**ROW, "script": "runes"}),
        catalogue_of({**ROW, "licence": ""}),
        catalogue_of({**ROW, "source": {"type": "npm"}}),
        catalogue_of({**ROW, "source": {**ROW["source"], "type": "ftp"}}),
        catalogue_of({**ROW, "extra": 1}),
        catalogue_of(ROW, {**ROW, "family": "tiny hand"}),
    ],
)
def test_a_damaged_catalogue_is_refused(text):
    with pytest.raises(FontError, match="catalogue"):
        parse_catalogue(text)
