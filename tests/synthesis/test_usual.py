from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from handgen import weights
from handgen.errors import UsageError
from handgen.fonts.find import _inspect_as_it_is
from handgen.sources.opening import source_class
from handgen.sources.spec import SourceSpec
from handgen.synthesis.options import make_request
from handgen.synthesis.prepare import prepare
from handgen.synthesis.recipe import read_recipe, shipped
from handgen.synthesis.request import OFF, LineRequest, Request
from handgen.synthesis.usual import with_usual_sources

CHARS = "永一二三四五六七八九"


@pytest.fixture
def with_weights(monkeypatch, tmp_path):
    monkeypatch.setattr("handgen.weights.ROOT", Path(weights.__file__).parent)
    monkeypatch.chdir(tmp_path)


def names(request):
    return [spec.source for spec in request.sources]


def test_every_recipe_that_comes_with_handgen_can_be_read():
    assert set(shipped()) == {"zh", "latin", "latin-lines"}
    for path in shipped().values():
        recipe = read_recipe(path)
        assert len(recipe.sources) > 1
        assert all(spec.optional and source_class(spec) for spec in recipe.sources)


def test_where_nothing_is_named_a_recipe_is_taken_less_what_cannot_be_had(with_weights, monkeypatch):
    monkeypatch.setattr("handgen.sources.fonts.suitable_fonts", lambda chars: [])
    request, why = with_usual_sources(Request(charset=CHARS))
    assert names(request) == ["traced"]
    assert (request.out, request.degrade, request.recognizer) == (Path("datasets/zh"), "grain", Path("zh"))
    assert "the recipe zh" in why
    assert "without fonts: no font was found" in why
    latin, why = with_usual_sources(make_request(charset="abc"))
    assert names(latin) == ["traced"]
    assert "the recipe latin" in why


def test_the_recognizer_of_a_recipe_reads_unless_it_cannot_or_shall_not(with_weights, tmp_path):
    other = Path("runs/recognizer")
    assert with_usual_sources(Request(charset=CHARS, recognizer=other))[0].recognizer == other
    assert with_usual_sources(Request(charset=CHARS, gate=OFF))[0].recognizer is None
    assert make_request(recipe=Path("zh"), gate=OFF).recognizer is None
    with pytest.raises(UsageError, match="--gate is off"):
        make_request(recipe=Path("zh"), gate=OFF, recognizer=other)
    (tmp_path / "kana.txt").write_text("あいうえおかきくけこ", encoding="utf-8")
    kana, _ = with_usual_sources(Request(charset=str(tmp_path / "kana.txt")))
    assert kana.recognizer is None


def test_fonts_at_hand_join_and_styles_are_shared_out(with_weights, monkeypatch, caveat):
    from handgen.fonts.face import FontRef

    monkeypatch.setattr("handgen.sources.fonts.suitable_fonts", lambda chars: [FontRef(caveat)])
    request, why = with_usual_sources(make_request(charset="abc", styles="10"))
    assert names(request) == ["fonts", "traced"]
    given = [int(spec.styles) for spec in request.sources]
    assert sum(given) == 10
    assert given[0] < given[1]  # the pen has the larger share
    assert why == "the recipe latin, which comes with handgen"


def test_lines_have_a_recipe_of_their_own(with_weights, monkeypatch, caveat):
    from handgen.fonts.face import FontRef

    monkeypatch.setattr("handgen.sources.fonts.suitable_fonts", lambda chars: [FontRef(caveat)])
    given = Request(charset="abc", lines=LineRequest())
    request, why = with_usual_sources(given)
    assert names(request) == ["fonts", "traced"]
    assert (request.degrade, request.out) == ("lines", Path("datasets/latin-lines"))
    assert len({spec.size for spec in request.sources}) == 1  # else they cannot be mixed
    assert why == "the recipe latin-lines, which comes with handgen"
    assert with_usual_sources(replace(given, degrade="none"))[0].degrade == "none"
    chinese, _ = with_usual_sources(replace(given, charset=CHARS))
    assert chinese.degrade == "none"


def test_where_nothing_of_a_recipe_can_be_had_the_weights_draw(with_weights, monkeypatch):
    monkeypatch.setattr("handgen.sources.fonts.suitable_fonts", lambda chars: [])
    monkeypatch.setattr("handgen.sources.traced.shipped_hands", lambda chars: [])
    request, why = with_usual_sources(make_request(charset="abc"))
    assert [Path(spec.source).parent.name for spec in request.sources] == ["latin"]
    assert "of the recipe latin none of the sources can be had: no font was found" in why


def test_what_is_meant_for_one_model_takes_one_model(with_weights):
    request, why = with_usual_sources(make_request(charset=CHARS, styles="ma-shan-zheng"))
    assert [Path(spec.source).parent.name for spec in request.sources] == ["zh"]
    assert request.degrade == ""
    assert why.startswith("zh, which comes with handgen")


def test_what_is_asked_for_goes_before_the_recipe(with_weights, monkeypatch):
    monkeypatch.setattr("handgen.sources.fonts.suitable_fonts", lambda chars: [])
    request, _ = with_usual_sources(Request(charset=CHARS, degrade="none", out=Path("x")))
    assert (request.degrade, request.out, request.charset) == ("none", Path("x"), CHARS)


def test_named_sources_are_left_alone_and_nothing_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    named = make_request("fonts", charset="abc")
    assert with_usual_sources(named) == (named, "")
    gone = Request(sources=(SourceSpec(str(tmp_path / "gone"), optional=True),), charset="abc")
    with pytest.raises(UsageError, match="none of the sources can be had"):
        with_usual_sources(gone)


def test_lines_are_drawn_by_what_has_the_characters_of_their_texts(with_weights, caveat, tmp_path, monkeypatch):
    """A Latin font at hand is no reason to ask fonts for Chinese, nor a Chinese charset one to write French so."""
    monkeypatch.setenv("HANDGEN_FONTS", str(tmp_path))
    monkeypatch.setattr("handgen.fonts.find.find_fonts", lambda: _inspect_as_it_is(caveat))
    texts = {"zh": "永和九年岁在癸丑暮春之初", "fr": "Très tôt, où l'été français s'achève"}
    for name, text in texts.items():
        Path(f"{name}.txt").write_text(text * 3, encoding="utf-8")
    Path("folder").mkdir()
    Path("folder", "1.txt").write_text(texts["zh"], encoding="utf-8")
    for corpus in ("zh.txt", "folder"):
        request, why = with_usual_sources(make_request(lines=LineRequest(corpus=corpus)))
        assert names(request) == ["traced"]
        assert "without fonts" in why
    spec = SourceSpec(source="traced", styles="2")
    made = prepare(Request(sources=(spec,), lines=LineRequest(corpus="fr.txt"), gate="off", out=tmp_path, device="cpu"))
    assert set(made.source.chars) == set(texts["fr"]) - {" "}
    assert not made.lines.left_out
    assert made.source.line_font(0) is not None
