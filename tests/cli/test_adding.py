from __future__ import annotations

import json
import shutil

import lmdb
import numpy as np
import pytest
from PIL import Image

from handgen.checkpoints import files as checkpoint
from handgen.cli import run
from handgen.glyphs.store import GlyphStore
from tests.conftest import render_store

CHARS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghmnqrt23"
QUICK = ("--code-images", "16", "--adapter-images", "32", "--batch", "8")


@pytest.fixture(scope="module")
def mine(tmp_path_factory, heiti, zeyada):
    return render_store(tmp_path_factory.mktemp("mine") / "zeyada", heiti, (zeyada,), CHARS)


@pytest.fixture(scope="module")
def base(trained, mine, tmp_path_factory):
    """A run folder to whose model ``mine`` was added."""
    folder = tmp_path_factory.mktemp("added") / "run"
    shutil.copytree(trained.parent, folder)
    command = ("train", "zi2zi", "--from", folder, "--add-style", "mine", "--data", mine.path, *QUICK)
    assert run(list(map(str, command))) == 0
    return folder


def call(capsys, *arguments):
    code = run([str(each) for each in arguments])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


def refused(capsys, text, *arguments):
    code, _, err = call(capsys, *arguments)
    assert code == 2
    (line,) = [line for line in err.splitlines() if line.startswith("error: ")]
    assert text in line


def samples(path):
    with lmdb.open(str(path), readonly=True, lock=False) as env, env.begin() as data:
        return [bytes(data.get(f"image-{number + 1:09d}".encode())) for number in range(int(data.get(b"num-samples")))]


def test_a_dataset_of_trained_and_added_styles_depends_on_seed_and_number_alone(base, tmp_path, capsys):
    common = ("synth", "--model", base, "--charset", "ABCDE", "--gate", "off", "--styles", "kalam,mine,indie-flower")
    assert call(capsys, *common, "--count", 60, "--out", tmp_path / "long", "--workers", 2)[0] == 0
    assert call(capsys, *common, "--count", 30, "--out", tmp_path / "short", "--batch", 7)[0] == 0
    assert samples(tmp_path / "long")[:30] == samples(tmp_path / "short")
    manifest = json.loads((tmp_path / "long" / "manifest.json").read_text())
    rows = {row["name"]: row for row in manifest["info"]["style_table"]}
    assert [name for name, row in rows.items() if "adapter" in row] == ["mine"]
    # Trained styles are what they are without it.
    plain = tmp_path / "plain"
    plain.mkdir()
    shutil.copy(base / "model.safetensors", plain)
    trained = ("--charset", "ABCDE", "--gate", "off", "--styles", "2", "--count", 30)
    assert call(capsys, "synth", "--model", base, *trained, "--out", tmp_path / "with")[0] == 0
    assert call(capsys, "synth", "--model", plain, *trained, "--out", tmp_path / "without")[0] == 0
    assert samples(tmp_path / "with") == samples(tmp_path / "without")


def test_it_is_listed_previewed_walked_to_and_measured(base, mine, tmp_path, capsys):
    code, out, _ = call(capsys, "synth", "--model", base, "--list-styles", "--json")
    assert code == 0
    listed = json.loads(out)
    assert [record["name"] for record in listed] == ["kalam", "indie-flower", "mine"]
    assert (listed[2]["added"], listed[2]["glyphs"], listed[2]["origin"]["family"]) == (True, 36, "Zeyada")
    assert "added, from" in call(capsys, "synth", "--model", base, "--list-styles")[1]
    picture = tmp_path / "grid.png"
    assert call(capsys, "preview", "--model", base, "--styles", "mine,kalam", "--text", "AB", "--out", picture)[0] == 0
    walk = ("preview", "--model", base, "--interpolate", "kalam", "mine", "--steps", 3, "--text", "A")
    assert call(capsys, *walk, "--out", tmp_path / "walk.png")[0] == 0
    assert np.asarray(Image.open(tmp_path / "walk.png")).std() > 0
    code, out, _ = call(capsys, "eval", base, "--styles", "mine", "--json", "--no-save", "--sheet", tmp_path / "w.png")
    assert code == 0
    assert json.loads(out)["styles"]["mine"]["glyphs"] == 4
    both = ("eval", base, "--styles", "mine,kalam", "--json", "--no-save", "--sheet", tmp_path / "w.png")
    assert set(json.loads(call(capsys, *both)[1])["styles"]) == {"mine", "kalam", "mean"}


def test_a_dry_run_says_what_would_be_learned(base, mine, capsys):
    command = ("train", "zi2zi", "--from", base, "--add-style", "yours", "--data", mine.path, *QUICK, "--dry-run")
    code, out, _ = call(capsys, *command, "--json")
    assert code == 0
    plan = json.loads(out)
    assert (plan["hand"], plan["glyphs"], plan["held_out_glyphs"], plan["images"]) == ("zeyada", 36, 4, 48)
    assert not (base / "styles" / "yours.safetensors").exists()


def test_wrong_usage(base, mine, tmp_path, capsys):
    add = ("train", "zi2zi", "--from", base, "--data", mine.path)
    refused(capsys, "there is a style called 'mine' already", *add, "--add-style", "mine")
    refused(capsys, "trained on a style called 'kalam'", *add, "--add-style", "kalam")
    refused(capsys, "--out says nothing of a style that is added", *add, "--add-style", "x", "--out", tmp_path / "o")
    refused(capsys, "--images says nothing", *add, "--add-style", "x", "--images", 100)
    refused(capsys, "--width says nothing", *add, "--add-style", "x", "--width", 32)
    refused(capsys, "--adapter-rank is for an added style", "train", "zi2zi", "--data", mine.path, "--adapter-rank", 3)
    refused(capsys, "Name its run with --from", "train", "zi2zi", "--data", mine.path, "--add-style", "x")
    refused(capsys, "No such option", "train", "bicyclegan", "--add-style", "x")
    one = base / "styles" / "mine.safetensors"
    refused(capsys, "is a style that was added", "synth", "--model", one, "--out", tmp_path / "x")
    refused(capsys, "unknown style 'min'. Did you mean 'mine'?", "synth", "--model", base, "--styles", "min")
    refused(capsys, "--styles is for runs", "eval", mine.path, "--styles", "mine")


def test_bicyclegan_takes_the_hands_of_a_store(latents, mine, store, tmp_path, capsys):
    common = ("synth", "--model", latents, "--count", 20, "--charset", "AB", "--gate", "off")
    assert call(capsys, *common, "--like", mine.path, "--out", tmp_path / "one")[0] == 0
    manifest = json.loads((tmp_path / "one" / "manifest.json").read_text())
    assert [row["name"] for row in manifest["info"]["style_table"]] == ["zeyada"]
    assert call(capsys, *common, "--like", store.path, "--out", tmp_path / "two")[0] == 0
    manifest = json.loads((tmp_path / "two" / "manifest.json").read_text())
    vectors = {row["name"]: row["vector"] for row in manifest["info"]["style_table"]}
    assert list(vectors) == ["kalam", "indie-flower"]
    assert vectors["kalam"] != vectors["indie-flower"]


def test_samples_are_imported_to_match_a_model(base, trained, store, tmp_path, capsys):
    folder = tmp_path / "hand"
    folder.mkdir()
    for row in store.rows(store.targets[0])[:12]:
        Image.fromarray(store.images[row]).save(folder / f"{store.labels['char'][row]}_1.png")
    data = tmp_path / "data"
    code, out, _ = call(capsys, "import", "images", folder, "--style", "hand", "--match", base, "--out", data)
    assert code == 0
    assert f"next: handgen train zi2zi --from {base} --add-style hand --data {data}" in out
    assert GlyphStore(data).raster.placement == checkpoint.load(trained).model.raster.placement
    code, out, _ = call(capsys, "train", "zi2zi", "--from", base, "--add-style", "h", "--data", data, "--dry-run")
    assert code == 0
    assert "h: 9 glyphs of 'hand' and 3 held-out ones" in out
    refused(capsys, "no glyph store at", "import", "images", folder, "--match", tmp_path / "none", "--out", data / "2")


def test_a_style_of_installed_weights_is_the_users_and_found_by_name_in_any_folder(
    trained, mine, tmp_path, capsys, monkeypatch
):
    """Weights that come with handgen stay as they are, also where nobody may write."""
    package, home = tmp_path / "package", tmp_path / "home"
    folder = package / "weights" / "zh"
    folder.mkdir(parents=True)
    shutil.copy(trained, folder / "model.safetensors")
    folder.chmod(0o555)
    before = sorted(package.rglob("*"))
    monkeypatch.setattr("handgen.weights.ROOT", package / "weights")
    monkeypatch.setattr("handgen.sources.added.PACKAGE", package)
    monkeypatch.setenv("XDG_DATA_HOME", str(home))
    monkeypatch.delenv("HANDGEN_STYLES", raising=False)
    code, out, _ = call(capsys, "train", "zi2zi", "--from", "zh", "--add-style", "mine", "--data", mine.path, *QUICK)
    assert code == 0
    assert "handgen synth --model zh --styles mine" in out
    assert sorted(package.rglob("*")) == before
    (style,) = home.rglob("mine.safetensors")
    assert style.parent.name == "zh"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    common = ("--charset", "ABCDE", "--gate", "off", "--count", 20, "--out", "out")
    assert call(capsys, "synth", "--model", "zh", "--styles", "mine", *common)[0] == 0
    manifest = json.loads((tmp_path / "elsewhere" / "out" / "manifest.json").read_text())
    assert [row["name"] for row in manifest["info"]["style_table"]] == ["mine"]
    folder.chmod(0o755)
