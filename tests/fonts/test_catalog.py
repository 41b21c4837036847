from __future__ import annotations

import json

import pytest

from examples.fonts.run import SCOPE, looked_at
from handgen.errors import FontError, UsageError
from handgen.fonts.catalog import HANDWRITTEN, KINDS, catalog, find_entry, parse_catalog, select
from handgen.fonts.charsets import load_charset

LICENSES = {"OFL-1.1", "Apache-2.0"}
OF_DEBIAN = {*LICENSES, "BSD-3-Clause", "public domain"}
ROW = {
    "family": "Tiny Hand",
    "script": "latin",
    "kind": "running",
    "license": "OFL-1.1",
    "source": {"type": "npm", "package": "@tiny/hand", "version": "1.0.0", "take": "files/*.woff2"},
}


def sound(entry):
    return (
        entry.kind in KINDS
        and entry.license in (OF_DEBIAN if entry.source.type == "apt" else LICENSES)
        and entry.source.version[0].isdigit()
        and find_entry(entry.family) == find_entry(entry.slug) == entry
        and (entry.source.type == "npm") == entry.source.take.endswith(".woff2")
    )


def test_every_entry():
    assert [entry.slug for entry in catalog() if not sound(entry)] == []


def test_the_generated_file_is_what_was_looked_at():
    kinds, chars = looked_at(), len(load_charset("latin"))
    generated = {entry.source.package: entry for entry in catalog() if entry.script == "latin" and entry.draws}
    assert {f"{SCOPE}/{name}" for name in kinds} >= generated.keys()
    assert len(generated) >= 200
    assert [entry.slug for entry in generated.values() if not 90 <= entry.draws <= chars] == []
    found = {package.removeprefix(f"{SCOPE}/"): (entry.kind, not entry.more) for package, entry in generated.items()}
    assert found == {package: kinds[package] for package in found}


def test_enough_for_the_articles_two_experiments():
    zh, en = select(["zh"]), select(["en"])
    assert {entry.script for entry in zh} == {"han"}
    assert {entry.script for entry in en} == {"latin"}
    assert "Noto Sans SC" in {entry.family for entry in zh}
    assert sum(entry.kind in HANDWRITTEN for entry in zh) >= 12
    assert len(zh) >= 16
    assert {"Xiaolai SC", "Yuji Mai", "Yuji Boku"} <= {entry.family for entry in zh}
    assert "Caveat" in {entry.family for entry in en}
    assert sum(entry.kind in HANDWRITTEN for entry in en) >= 27


def test_a_group_is_its_better_part_unless_all_is_asked_for():
    few, every = select(["en"]), select(["en"], everything=True)
    assert 55 <= len(few) <= 80
    assert len(every) >= 240
    assert {entry.slug for entry in few} < {entry.slug for entry in every}
    assert not {entry.kind for entry in few} & {"display", "sans", "serif"}


def test_what_debian_has_is_told_and_not_fetched():
    assert not any(entry.source.type == "apt" for entry in select(["zh"], everything=True))
    with pytest.raises(UsageError, match="sudo apt install fonts-kiloji"):
        select(["Kiloji"])


def test_select_takes_each_family_once():
    assert [entry.slug for entry in select(["caveat", "Ma Shan Zheng", "Caveat"])] == ["caveat", "ma-shan-zheng"]
    assert len(select(["zh", "ma-shan-zheng"])) == len(select(["zh"]))


def test_an_alias_is_the_first_family_of_its_kind():
    assert [entry.family for entry in select(["Heiti", "宋体"])] == ["Noto Sans SC", "Noto Serif SC"]


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
        catalog_of({**ROW, "kind": "handwriting"}),
        catalog_of({**ROW, "extra": 1}),
        catalog_of(ROW, {**ROW, "family": "tiny hand"}),
    ],
)
def test_a_damaged_catalog_is_refused(text):
    with pytest.raises(FontError, match="catalog"):
        parse_catalog(text)
