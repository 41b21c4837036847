"""Weights that come with handgen, used by name and by default; the real ones keep to their limits."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from rich.console import Console

import handgen
from handgen import weights
from handgen.checkpoints import files as checkpoint
from handgen.checkpoints import find
from handgen.cli import run
from handgen.errors import UsageError
from handgen.ocr.reader import find_recognizer
from handgen.sources import UNTRAINED, loading
from handgen.synthesis import floors
from tests.readers import items

REAL = sorted((Path(handgen.__file__).parent / "weights").glob("*/model.safetensors"))


def plan(out):
    return json.loads((Path(out) / "manifest.json").read_text(encoding="utf-8"))["plan"]


def test_without_a_run_zh_writes_its_own_characters_gated(shipped):
    assert run(["synth", "--styles", "6", "--count", "64", "--gate", "mark"]) == 0
    done = plan("datasets/zh")
    assert (done["characters"], done["gate"]) == ("0123456789", "mark")
    facts = checkpoint.facts_of(shipped / "zh" / "model.safetensors")
    assert done["floors"] == facts["gate"]["floors"]
    assert all(b'"gate"' in value for key, value in items("datasets/zh").items() if key.startswith(b"meta-"))


def test_a_mixture_has_the_floor_of_its_parents(shipped):
    assert run(["synth", "--styles", "8", "--count", "64", "--gate", "mark"]) == 0
    floors = plan("datasets/zh")["floors"]
    known = checkpoint.facts_of(shipped / "zh" / "model.safetensors")["gate"]["floors"]
    mixed = next(name for name in floors if name.startswith("mix7"))
    shares = dict(part.split("*") for part in mixed.split("(")[1].rstrip(")").split("+"))
    assert floors[mixed] == pytest.approx(sum(known[name] * float(share) for name, share in shares.items()), abs=0.02)


@pytest.mark.parametrize(
    ("options", "out"),
    [
        (["--charset", "ABC"], "latin"),
        (["--charset", "0123"], "zh"),
        (["--text", "{text}"], "latin"),
        (["--lines", "--corpus", "{text}", "--max-chars", "8"], "latin-lines"),
    ],
    ids=str,
)
def test_the_characters_tell_which(shipped, tmp_path, options, out):
    (tmp_path / "text.txt").write_text("HERE ARE LETTERS\nAND MORE OF THEM\n", encoding="utf-8")
    options = [option.format(text=tmp_path / "text.txt") for option in options]
    assert run(["synth", "--count", "8", "--gate", "off", *options]) == 0
    assert [path.name for path in Path("datasets").iterdir()] == [out]


def test_a_run_goes_before_what_is_shipped_and_keeps_its_own_gate(shipped, trained):
    home = Path("runs/mine")
    home.mkdir(parents=True)
    (home / "model.safetensors").write_bytes(trained.read_bytes())
    assert run(["synth", "--count", "8"]) == 0
    assert "gate" not in plan("datasets/mine")  # a young model must not be stopped by a reader nobody asked for
    assert run(["synth", "--model", "zh", "--count", "8", "--gate", "off"]) == 0
    assert plan("datasets/zh")["characters"] == "0123456789"


def test_a_reader_is_found_by_name_and_where_one_is_asked_for(shipped):
    assert find_recognizer(None) == find_recognizer(Path("zh")) == shipped / "zh" / "recognizer.safetensors"
    with pytest.raises(UsageError, match="no recognizer was found"):
        find_recognizer(None, shipped=False)
    with pytest.raises(UsageError, match="no recognizer comes with the weights 'latin'"):
        find_recognizer(Path("latin"))


def test_eval_reads_with_it(shipped, digits, capsys):
    assert run(["eval", str(digits.path), "--no-save", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["styles"]["all"]["reads"] > 0.5


def test_training_begins_with_it(shipped, trained):
    assert loading.load_for_training(Path("latin"), "zi2zi").facts["images"] == checkpoint.facts_of(trained)["images"]


def test_preview_and_list_styles_by_name(shipped, capsys):
    assert run(["preview", "--model", "zh", "--text", "01"]) == 0
    assert Path("preview-zh.png").is_file()
    capsys.readouterr()
    assert run(["synth", "--model", "latin", "--list-styles", "--json"]) == 0
    assert [style["name"] for style in json.loads(capsys.readouterr().out)] == ["kalam", "indie-flower"]


def test_a_folder_of_that_name_goes_first(shipped, trained):
    Path("zh").mkdir()
    (Path("zh") / "model.safetensors").write_bytes(trained.read_bytes())
    assert find.find_model(Path("zh"), ()) == Path("zh/model.safetensors")


NAMES = [("zhh", "Did you mean 'zh'?"), ("xyz", f"Known: zh, latin, {', '.join(UNTRAINED)}.")]


def test_weights_of_earlier_versions_are_said_to_have_been_replaced(shipped, trained, capsys):
    assert run(["synth", "--model", "en"]) == 2
    assert "handgen comes without the weights 'en': 'latin' replaced them. Use --model latin" in capsys.readouterr().err
    Path("en").mkdir()
    (Path("en") / "model.safetensors").write_bytes(trained.read_bytes())
    assert find.find_model(Path("en"), ()) == Path("en/model.safetensors")


@pytest.mark.parametrize(("name", "hint"), NAMES)
def test_a_name_that_is_none(shipped, capsys, name, hint):
    assert run(["synth", "--model", name]) == 2
    error = capsys.readouterr().err
    assert f"no run folder and no weights called '{name}'. {hint} See: handgen models" in error
    assert error.count("\n") == 1


def test_without_weights_it_says_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["synth"]) == 2
    assert "no trained model was found in runs/. Train one" in capsys.readouterr().err
    assert run(["synth", "--model", "zh"]) == 2
    assert "zh is a recipe, not a source. Give --recipe zh" in capsys.readouterr().err
    assert run(["models", "--json"]) == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)] == [*UNTRAINED]


def test_models_lists_what_is_shipped_and_what_is_in_runs(shipped, trained, capsys):
    home = Path("runs/mine")
    home.mkdir(parents=True)
    (home / "model.safetensors").write_bytes(trained.read_bytes())
    (Path("runs/broken")).mkdir()
    Path("runs/broken/model.safetensors").write_bytes(trained.read_bytes()[:500])
    assert run(["models", "--json"]) == 0
    found = {(each["name"], each["kind"]): each for each in json.loads(capsys.readouterr().out)}
    assert [key for key in found if key[1] != "?"] == [
        ("zh", "zi2zi"),
        ("zh", "recognizer"),
        ("latin", "zi2zi"),
        ("runs/mine", "zi2zi"),
        *((name, name) for name in UNTRAINED),
    ]
    drawn = found["zh", "zi2zi"]
    assert (drawn["where"], drawn["styles"], drawn["charset"], drawn["size"]) == (
        "shipped",
        6,
        "10 characters (digits)",
        64,
    )
    assert drawn["license"] == "Apache-2.0, OFL-1.1"
    assert drawn["bytes"] == (shipped / "zh" / "model.safetensors").stat().st_size
    assert "damaged" in found["runs/broken", "?"]["problem"]
    assert run(["models"]) == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("zh", "recognizer", "runs/mine", "pen"))
    assert "\nzh: fonts under Apache-2.0, OFL-1.1\nlatin, runs/mine: fonts under OFL-1.1\n" in shown
    assert re.search(r"\nruns/broken: .*damaged", shown)


def test_licenses_do_not_break_within_words(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("handgen.weights.ROOT", Path(handgen.__file__).parent / "weights")
    monkeypatch.setattr("handgen.cli.models.stdout", Console(width=80, highlight=False))
    assert run(["models"]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert "latin: fonts under Apache-2.0, OFL-1.1\n" in shown
    assert {"Arphic-1999,", "BSD-3-Clause,"} <= set(shown.split())


@pytest.mark.parametrize("file", REAL, ids=lambda file: file.parent.name)
def test_real_weights_keep_to_their_limits(file):
    facts, folder = checkpoint.facts_of(file), file.parent
    assert file.stat().st_size <= weights.MOST_MODEL
    assert facts["name"] == folder.name
    assert "/" not in facts["raster"]["source"]
    assert {path.name for path in folder.iterdir()} <= {
        weights.MODEL,
        weights.RECOGNIZER,
        weights.CARD,
        weights.PICTURE,
        floors.SHIPPED.name,
    }
    card = (folder / weights.CARD).read_text(encoding="utf-8")
    for style in facts["styles"]:
        origin = style["origin"]
        assert origin.get("license", origin.get("licence")) not in (None, "", "unknown"), style["name"]
        assert f"| {style['name']} |" in card
    reader = weights.recognizer_beside(file)
    if reader:
        assert reader.stat().st_size <= weights.MOST_RECOGNIZER
        assert facts["gate"]["recognizer_digest"] == checkpoint.load(reader).digest()
        assert facts["gate"]["floors"].keys() == {style["name"] for style in facts["styles"]}


@pytest.mark.parametrize("file", REAL, ids=lambda file: file.parent.name)
def test_real_weights_draw_with_what_pip_brings(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("handgen.weights.ROOT", file.parents[1])
    assert run(["synth", "--model", file.parent.name, "--styles", "15", "--count", "128", "--out", "set"]) == 0
    assert run(["check", "set"]) == 0
    assert plan("set")["content_font_sha256"] == checkpoint.facts_of(file)["raster"]["sha256"]
