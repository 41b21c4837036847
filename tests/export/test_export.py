"""Exported weights of a real run: their content, and that they draw the same as the run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open

from handgen.checkpoints import files as checkpoint
from handgen.cli import run
from handgen.export.measured import measured, settings_of, train_command
from handgen.fonts.find import resolve_font
from handgen.models.base import DrawnStyle
from handgen.ocr.reader import load_reader
from handgen.sources import loading
from handgen.synthesis.floors import calibrate

CPU = torch.device("cpu")


def export(*words):
    return run(["models", "export", *map(str, words)])


def test_weights_are_half_as_large_and_draw_the_same(shipping, digit_run):
    file = shipping / "zh" / "model.safetensors"
    assert file.stat().st_size < 0.7 * (digit_run / "model.safetensors").stat().st_size
    with safe_open(file, "pt") as stored:
        kinds = {stored.get_tensor(name).dtype for name in stored.keys() if stored.get_tensor(name).dim() > 1}  # noqa: SIM118
    assert kinds == {torch.float16}
    loaded, before = checkpoint.load(file), checkpoint.load(digit_run / "model.safetensors")
    assert {tensor.dtype for tensor in loaded.tensors.values() if tensor.is_floating_point()} == {torch.float32}
    assert loaded.tensors.keys() == before.tensors.keys()
    content = torch.rand(10, 1, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        one, other = (
            model.generate(content, model.style_spec.pick(["kalam"])[0].vector.expand(10, -1))
            for model in map(loading.build, (loaded, before))
        )
    assert (one - other).abs().max() < 0.05


def test_tensors_that_half_precision_cannot_hold_stay_as_they_are():
    large = {"kernel": torch.full((2, 2), 1e6), "count": torch.tensor(3), "bias": torch.ones(2)}
    kept = checkpoint.to_half(large | {"matrix": torch.ones(2, 2)})
    assert {name: tensor.dtype for name, tensor in kept.items()} == {
        "kernel": torch.float32,
        "count": torch.int64,
        "bias": torch.float32,
        "matrix": torch.float16,
    }


def test_nothing_of_this_machine_is_in_them(shipping, digit_run, tmp_path_factory):
    for file in shipping.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            for path in (tmp_path_factory.getbasetemp(), Path.home(), Path(__file__).parents[2]):
                assert str(path).encode() + b"/" not in data, file
    facts = checkpoint.facts_of(shipping / "zh" / "model.safetensors")
    assert facts["raster"]["source"] == "NotoSansSC-Regular.otf"
    assert facts["styles"][0]["origin"] == {
        "family": "Kalam",
        "subfamily": "Regular",
        "file": facts["styles"][0]["origin"]["file"],
        "sha256": facts["styles"][0]["origin"]["sha256"],
        "license": "OFL-1.1",
        "version": facts["styles"][0]["origin"]["version"],
    }


def test_floors_are_those_of_the_real_glyphs(shipping, digits):
    kept = checkpoint.facts_of(shipping / "zh" / "model.safetensors")["gate"]
    file = shipping / "zh" / "recognizer.safetensors"
    assert kept["recognizer_digest"] == checkpoint.load(file).digest()
    styles = [DrawnStyle(name, torch.zeros(1), {name: 1.0}) for name in kept["floors"]]
    assert tuple(kept["floors"].values()) == calibrate(load_reader(file, CPU), styles, digits, None)


def test_the_card_says_where_it_comes_from_and_how_to_make_it_again(shipping, digit_run):
    card = (shipping / "zh" / "README.md").read_text(encoding="utf-8")
    for part in (
        "| kalam | Kalam | OFL-1.1 | `handgen fonts fetch 'Kalam'` (pip: fontpkg-kalam 2.1) |",
        "| satisfy | Satisfy | Apache-2.0 |",
        "handgen synth --model zh",
        "handgen train zi2zi --images 8 --batch 4 --lr 0.002 --width 4 --code-dim 8",
        "NotoSansSC-Regular.otf",
        "| font it never saw | top1 |",
    ):
        assert part in card
    ssim = measured(digit_run, 8)["styles"]["mean"]["ssim"]
    assert f"{ssim:.3f}" in card
    with Image.open(shipping / "zh" / "styles.png") as picture:
        assert picture.height > 6 * 64


def test_the_run_that_it_began_with_is_named_without_its_path(tmp_path):
    (tmp_path / "config.json").write_text('{"handgen": "0", "lr": 0.1, "from": "runs/first/model.safetensors"}')
    assert settings_of(tmp_path, {}) == {"from": "first", "lr": 0.1}


def test_a_card_of_what_eval_measured(digit_run, tmp_path):
    run_folder = tmp_path / "run"
    run_folder.mkdir()
    for name in ("model.safetensors", "config.json", "split.json"):
        (run_folder / name).write_bytes((digit_run / name).read_bytes())
    assert measured(run_folder, 8) == {}
    assert run(["eval", str(run_folder)]) == 0
    found = measured(run_folder, 8)
    assert found["by"] == "eval"
    assert "stroke_recall" in found["styles"]["mean"]


def test_fonts_that_the_catalog_lacks_and_notes(digit_run, tmp_path):
    fonts, notes = tmp_path / "fonts.csv", tmp_path / "notes.md"
    fonts.write_text("style,family,license,from\nkalam,My Hand,CC0-1.0,Debian: fonts-mine\n", encoding="utf-8")
    notes.write_text("## Beware\n\nOf 银.\n", encoding="utf-8")
    assert export(digit_run, "--name", "x", "--out", tmp_path / "x", "--fonts", fonts, "--notes", notes) == 0
    card = (tmp_path / "x" / "README.md").read_text(encoding="utf-8")
    assert "| kalam | My Hand | CC0-1.0 | Debian: fonts-mine |" in card
    assert card.endswith("## Beware\n\nOf 银.\n")
    facts = checkpoint.facts_of(tmp_path / "x" / "model.safetensors")
    assert facts["styles"][0]["origin"]["license"] == "CC0-1.0"


def test_what_synth_writes_by_default(digit_run, tmp_path):
    assert export(digit_run, "--name", "x", "--out", tmp_path / "x", "--charset", "3478XY") == 0
    assert run(["synth", "--model", str(tmp_path / "x"), "--count", "64", "--out", str(tmp_path / "set")]) == 0
    plan = json.loads((tmp_path / "set" / "manifest.json").read_text(encoding="utf-8"))["plan"]
    assert plan["characters"] == "3478XY"
    assert "trained and measured on 10 characters (digits)" in (tmp_path / "x" / "README.md").read_text(
        encoding="utf-8"
    )


def test_another_file_of_the_source_font(digit_run, tmp_path, capsys):
    words = [digit_run, "--name", "x", "--out", tmp_path / "x"]
    assert export(*words, "--font", "Noto Serif SC", "--json") == 0
    facts = checkpoint.facts_of(tmp_path / "x" / "model.safetensors")
    assert facts["raster"]["source"] == "NotoSerifSC-Regular.otf"
    assert facts["source_moved"]["trained_with"] == "NotoSansSC-Regular.otf"
    assert facts["source_moved"]["mean_levels"] > 1  # a serif font is another font, and the card says so
    assert json.loads(capsys.readouterr().out)["warnings"] == []
    again = run(["synth", "--model", str(tmp_path / "x"), "--count", "64", "--out", str(tmp_path / "set")])
    assert again == 0
    plan = json.loads((tmp_path / "set" / "manifest.json").read_text(encoding="utf-8"))["plan"]
    assert plan["content_font"] == "NotoSerifSC-Regular.otf"


def test_a_source_font_that_is_not_installed_is_drawn_with_and_warned_of(digit_run, tmp_path, capsys):
    mine = tmp_path / "mine" / "Nowhere-Else.otf"
    mine.parent.mkdir()
    shutil.copyfile(resolve_font("Noto Serif SC").path, mine)
    assert export(digit_run, "--name", "x", "--out", tmp_path / "x", "--font", mine, "--json") == 0
    (warning,) = json.loads(capsys.readouterr().out)["warnings"]
    assert "Nowhere-Else.otf" in warning
    assert {file.name for file in (tmp_path / "x").iterdir()} >= {"model.safetensors", "styles.png", "README.md"}


def test_weights_can_be_exported_again(shipping, tmp_path):
    assert export(shipping / "latin", "--name", "latin", "--out", tmp_path / "again") == 0
    one, other = (checkpoint.load(folder / "model.safetensors") for folder in (shipping / "latin", tmp_path / "again"))
    assert all(torch.equal(tensor, other.tensors[name]) for name, tensor in one.tensors.items())
    assert one.facts["measured"] == other.facts["measured"]


def test_latents_are_shown_as_synth_draws_them(latents, tmp_path):
    assert export(latents, "--name", "x", "--out", tmp_path / "x") == 0
    with Image.open(tmp_path / "x" / "styles.png") as picture:
        assert picture.height > 15 * 64


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (["--name", "My Hand"], "--name My Hand cannot be used"),
        (["--recognizer", "nowhere"], "no recognizer at nowhere"),
        (["--data", "nowhere", "--recognizer", "{reading}"], "no glyph store at nowhere"),
        (["--out", "{reading}"], "holds something else"),
        (["--fonts", "{store}"], "is no table of fonts"),
        (["--notes", "nowhere"], "nowhere cannot be read"),
        (["--font", "Nowhere Sans"], "Nowhere Sans"),
    ],
    ids=str,
)
def test_what_cannot_be_exported_says_why(change, why, digit_run, reading, digits, tmp_path, capsys):
    change = [word.format(reading=reading, store=digits.path / "labels.npy") for word in change]
    assert export(digit_run, "--name", "x", "--out", tmp_path / "x", *change) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert why in error
    assert error.count("\n") == 1
    assert not list((tmp_path / "x").glob("*.safetensors"))


def test_neither_a_reader_nor_what_nobody_can_label(reading, untrained, tmp_path, capsys):
    assert export(reading / "recognizer.safetensors", "--name", "x", "--out", tmp_path / "x") == 2
    assert "holds a recognizer" in capsys.readouterr().err
    assert export(untrained("dcgan"), "--name", "x", "--out", tmp_path / "x") == 2
    assert "cannot be told what to draw" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_a_command_has_only_what_is_no_default():
    settings = {"images": 8, "lr": 0.001, "film": False, "odd": 3}
    defaults = {"images": 5, "lr": 0.001, "film": True}
    assert train_command("zi2zi", settings, defaults) == "handgen train zi2zi --images 8 --no-film"


def test_levels_are_counted_in_grays():
    from handgen.export.export import _levels

    assert _levels(np.array([[0, 1], [3, 0]], np.int16)) == {"mean_levels": 1.0, "most_levels": 3}
