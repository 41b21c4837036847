from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from handgen.cli import run
from handgen.errors import UsageError
from handgen.sources.spec import SourceSpec
from handgen.synthesis import recipe
from handgen.synthesis.options import make_request
from handgen.synthesis.prepare import prepare
from handgen.synthesis.recipe import find_recipe, read_recipe, save_recipe
from handgen.synthesis.request import LineRequest, Request
from tests.readers import items


def test_a_request_comes_back_from_its_file(tmp_path):
    request = Request(
        sources=(
            SourceSpec(source="pen", share=3.0, styles="20", cursiveness="0,0.5", writer=None, size=48),
            SourceSpec(source="fonts", share=0.5, fonts="a.ttf,b.ttf", vary=0.25, data=None),
        ),
        count=123,
        charset="0123456789",
        balance=True,
        degrade="scan",
        lines=LineRequest(corpus="novel.txt", height=32, vertical=True),
        gate="off",
        seed=7,
    )
    save_recipe(request, tmp_path / "all.yaml")
    assert read_recipe(tmp_path / "all.yaml") == request
    bare = Request(sources=(SourceSpec(source="pen"),), text=Path("text.txt"), balance=False)
    save_recipe(replace(bare, out=Path("out"), device="cpu"), tmp_path / "bare.yml")
    assert read_recipe(tmp_path / "bare.yml") == bare
    with pytest.raises(UsageError, match=r"Let it end in \.yaml"):
        save_recipe(bare, tmp_path / "bare.txt")


WRONG = {
    "sources: [{source: pen}]\ncuont: 5": "line 2: unknown setting 'cuont'. Did you mean 'count'?",
    "sources:\n  - source: pen\n    cursivness: '0,1'": "line 3: unknown setting 'cursivness'. Did you mean",
    "sources: [{source: pen, share: -1}]": "line 1: share -1.0 is too small",
    "sources: [{source: pen, share: 0}, {source: fonts, share: 0}]": "the shares of all sources sum to 0",
    "sources:\n  - {source: pen}\n  - {source: fonts, writer: w.json}": "line 3: writer says nothing to fonts",
    "sources: []": "a list of sources is needed",
    "sources: [{share: 1}]": "the source is not named",
    "count: 5": "names no sources",
    "": "is empty",
    "sources: [{source: pen}]\ncount: many": "line 2: count is to be a whole number",
    "sources: [{source: pen}]\nbalance: 3": "line 2: balance is to be true or false",
    "sources: [{source: pen}]\ncount: 0": "line 2: count 0 is too small",
    "sources: [{source: pen}]\nformat: lmbd": "line 2: format lmbd is unknown. Did you mean 'lmdb'?",
    "sources: [{source: pen}]\nlines: {height: 4}": "height 4 is too small",
    "sources: [{source: pen}]\ncount: 5\ncount: 6": "line 3: 'count' is there twice",
    "sources: [{source: pen}\ncount: 5": "is not YAML",
    "sources: [{source: pen}]\nbalance: false": "needs a text",
    "- a": "line 1: names with values are needed",
}


def test_what_is_wrong_is_said_with_its_line(tmp_path):
    found = []
    file = tmp_path / "recipe.yaml"
    for text, complaint in WRONG.items():
        file.write_text(text, encoding="utf-8")
        try:
            read_recipe(file)
        except UsageError as error:
            if complaint not in str(error) or str(file) not in str(error):
                found.append(f"{text!r}: {error}")
        else:
            found.append(f"{text!r} was read")
    assert not found


def test_shipped_recipes_are_found_by_name_and_can_be_read(tmp_path, monkeypatch):
    for path in recipe.shipped().values():
        assert read_recipe(path).sources
    monkeypatch.setattr(recipe, "ROOT", tmp_path)
    (tmp_path / "mine.yaml").write_text("sources: [{source: pen}]", encoding="utf-8")
    assert find_recipe(Path("mine")) == tmp_path / "mine.yaml"
    with pytest.raises(UsageError, match="Did you mean 'mine'"):
        find_recipe(Path("mien"))
    with pytest.raises(UsageError, match="cannot read"):
        read_recipe(find_recipe(tmp_path / "none.yaml"))


def test_a_recipe_gives_the_bytes_of_the_options_it_was_saved_from(trained, kalam, tmp_path, capsys):
    words = ["synth", "--model", f"{trained}=2", "--model", "fonts=1", "--fonts", str(kalam), "--charset", "ABCD"]
    words += ["--count", "60", "--vary", "0.5", "--degrade", "pen", "--seed", "3", "--gate", "off"]
    saved = tmp_path / "saved.yaml"
    assert run([*words, "--out", str(tmp_path / "dry"), "--dry-run", "--save-recipe", str(saved)]) == 0
    assert not (tmp_path / "dry").exists()
    assert run([*words, "--out", str(tmp_path / "one")]) == 0
    assert run(["synth", "--recipe", str(saved), "--out", str(tmp_path / "two")]) == 0
    assert items(tmp_path / "one") == items(tmp_path / "two")
    assert run(["synth", "--recipe", str(saved), "--count", "9", "--out", str(tmp_path / "few")]) == 0
    assert len([key for key in items(tmp_path / "few") if key.startswith(b"image-")]) == 9


def test_a_recipe_given_as_a_model_is_told_apart(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="latin-lines is a recipe, not a source"):
        prepare(make_request("latin-lines", charset="abc"))
