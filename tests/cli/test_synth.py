from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from PIL import Image

from handgen.checkpoints import files as checkpoint
from handgen.cli import run
from handgen.glyphs.store import to_bytes, to_unit
from handgen.models.base import GLYPHS
from handgen.sources import loading
from handgen.sources.content import load_content
from tests.readers import items, read_as_trainers_do

COUNT = 600


def synth(model, out, *options):
    return run(["synth", "--model", str(model), "--out", str(out), *map(str, options)])


def start(model, out, *options, limit=0, steps=0):
    """Run ``handgen synth`` in a process of its own, with files of at most ``limit`` bytes; return code and errors.

    With ``steps``, samples are written and committed 50 at a time, and in step ``steps`` the process kills itself.
    """
    code = textwrap.dedent(f"""
        import os, resource, signal, sys
        from handgen.cli import run
        from handgen.formats import lmdb
        from handgen.synthesis import write

        if {limit}:
            resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
        if {steps}:
            write._WRITE = lmdb._PER_COMMIT = 50
            kept, steps = lmdb.LmdbWriter.write, []

            def killed(self, samples):
                steps.append(len(samples))
                if len(steps) == {steps}:
                    os.kill(os.getpid(), signal.SIGKILL)
                kept(self, samples)

            lmdb.LmdbWriter.write = killed
        sys.exit(run(sys.argv[1:]))
    """)
    arguments = ["synth", "--model", str(model), "--out", str(out), *map(str, options)]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.fixture(scope="module")
def undisturbed(trained, tmp_path_factory):
    out = tmp_path_factory.mktemp("synth") / "whole"
    assert synth(trained, out, "--count", COUNT, "--styles", 3) == 0
    return out


def test_trainers_read_it_and_check_agrees(undisturbed, store, capsys):
    read = read_as_trainers_do(undisturbed)
    assert len(read) == COUNT
    assert {label for label, _ in read} == {str(char) for char in store.labels["char"]}
    assert all(image.shape == (64, 64) and image.dtype == np.uint8 and image.min() < 128 for _, image in read)
    assert (undisturbed / "preview.png").stat().st_size > 1000
    manifest = json.loads((undisturbed / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["complete"]
    assert manifest["plan"]["seed"] == 0
    assert len(manifest["plan"]["model_digest"]) == 64
    styles = {json.loads(value)["style"] for key, value in items(undisturbed).items() if key.startswith(b"meta-")}
    assert styles == set(manifest["plan"]["styles"])
    capsys.readouterr()
    assert run(["check", str(undisturbed), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["defects"] == 0


def test_killed_twice_every_record_is_the_same(trained, undisturbed, tmp_path):
    out = tmp_path / "killed"
    last = 0
    for batch, steps in ((64, 4), (1, 3)):
        code, errors = start(trained, out, "--count", COUNT, "--styles", 3, "--batch", batch, steps=steps)
        assert code == -signal.SIGKILL, errors
        found = items(out)
        assert b"num-samples" not in found
        numbers = sorted(int(key[6:]) for key in found if key.startswith(b"image-"))
        assert numbers == list(range(1, len(numbers) + 1))
        assert last < len(numbers) < COUNT
        last = len(numbers)
    assert synth(trained, out, "--count", COUNT, "--styles", 3) == 0
    assert items(out) == items(undisturbed)


def test_the_same_command_again_changes_nothing(trained, undisturbed, capsys):
    before = items(undisturbed)
    assert synth(trained, undisturbed, "--count", COUNT, "--styles", 3) == 0
    assert "complete already" in capsys.readouterr().out
    assert items(undisturbed) == before


def test_no_room_on_the_disk(trained, undisturbed, tmp_path):
    out = tmp_path / "full"
    code, errors = start(trained, out, "--count", COUNT, "--styles", 3, limit=300_000, steps=99)
    message = errors.strip().splitlines()[-1]
    assert code == 1
    assert message.startswith("error: ")
    assert "run the same command again" in message
    assert b"num-samples" not in items(out)
    assert synth(trained, out, "--count", COUNT, "--styles", 3) == 0
    assert items(out) == items(undisturbed)


def refused(capsys, code, complaint, *arguments):
    """One line on stderr, the right exit code."""
    capsys.readouterr()
    assert run(list(map(str, arguments))) == code
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1, lines
    assert complaint in lines[0]


def test_characters_that_the_model_never_saw_are_named(trained, tmp_path, capsys):
    assert synth(trained, tmp_path / "set", "--charset", "A?", "--count", 2, "--dry-run") == 0
    assert "1 characters were not in the model's store, look at preview.png: ?" in capsys.readouterr().err


def test_refusals(trained, undisturbed, tmp_path, capsys, monkeypatch):
    out = tmp_path / "out"
    model = ("synth", "--model", trained, "--out", out)
    refused(capsys, 2, "at least one style", *model, "--styles", 0)
    refused(capsys, 2, "Did you mean 'kalam'", *model, "--styles", "kalm")
    refused(capsys, 2, "Did you mean 'latin62'", *model, "--charset", "latin26")
    refused(capsys, 2, "exclude each other", *model, "--charset", "AB", "--text", trained)
    refused(capsys, 2, "CUDA", *model, "--device", "cuda:7")
    refused(capsys, 2, "no checkpoint", "synth", "--model", tmp_path / "none", "--out", out)
    assert not out.exists()
    refused(capsys, 2, "count", "synth", "--model", trained, "--out", undisturbed, "--count", 99)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("years of work")
    refused(capsys, 2, "not empty", "synth", "--model", trained, "--out", foreign)
    assert [file.name for file in foreign.iterdir()] == ["thesis.tex"]
    refused(capsys, 2, "is not a folder", "synth", "--model", trained, "--out", foreign / "thesis.tex")
    monkeypatch.chdir(tmp_path)
    refused(capsys, 2, "handgen train", "synth", "--count", 5)


def test_a_checkpoint_cut_short(trained, tmp_path, capsys):
    for size in (0, 7, 100, 5000):
        cut = tmp_path / f"{size}.safetensors"
        cut.write_bytes(trained.read_bytes()[:size])
        refused(capsys, 1, "damaged", "synth", "--model", cut, "--out", tmp_path / "out")
    page = tmp_path / "page.safetensors"
    page.write_text("<html>404</html>")
    refused(capsys, 1, "damaged", "synth", "--model", page, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_list_styles_and_dry_run(trained, tmp_path, capsys):
    out = tmp_path / "out"
    assert synth(trained, out, "--list-styles", "--json") == 0
    assert [style["name"] for style in json.loads(capsys.readouterr().out)] == ["kalam", "indie-flower"]
    assert synth(trained, out, "--list-styles") == 0
    assert "kalam" in capsys.readouterr().out
    assert synth(trained, out, "--dry-run", "--json", "--styles", 4) == 0
    plan = json.loads(capsys.readouterr().out)
    assert len(plan["styles"]) == 4
    assert plan["written"] is False
    assert not out.exists()


def test_text_without_balance(trained, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("A" * 90 + "B" * 10, encoding="utf-8")
    assert synth(trained, tmp_path / "out", "--count", 500, "--text", text, "--no-balance") == 0
    labels = [label for label, _ in read_as_trainers_do(tmp_path / "out")]
    assert 420 <= labels.count("A") <= 480
    assert labels.count("A") + labels.count("B") == 500


def meta(out):
    return [json.loads(value) for key, value in sorted(items(out).items()) if key.startswith(b"meta-")]


def test_drawn_latents_are_kept_in_the_manifest(latents, tmp_path):
    for seed in (0, 1):
        assert synth(latents, tmp_path / str(seed), "--count", 40, "--styles", 4, "--seed", seed) == 0
    tables = [
        json.loads((tmp_path / str(seed) / "manifest.json").read_text())["info"]["style_table"] for seed in (0, 1)
    ]
    assert [style["name"] for style in tables[0]] == ["z1", "z2", "z3", "z4"]
    assert all(len(style["vector"]) == 3 for style in tables[0])
    assert not {tuple(style["vector"]) for style in tables[0]} & {tuple(style["vector"]) for style in tables[1]}
    assert not any("latent" in sample for sample in meta(tmp_path / "0"))


def test_continuous_styles_can_be_drawn_again(latents, tmp_path):
    """The latent that a sample keeps is the one that drew it."""
    out = tmp_path / "out"
    assert synth(latents, out, "--count", 70, "--styles", "continuous", "--vary", 0) == 0
    kept = meta(out)
    assert {sample["style"] for sample in kept} == {"continuous"}
    assert len({tuple(sample["latent"]) for sample in kept}) == 70
    model = loading.build(checkpoint.load(latents))
    for (label, image), sample in list(zip(read_as_trainers_do(out), kept, strict=True))[::10]:
        facts = checkpoint.load(latents).model
        glyph = load_content(facts, GLYPHS, label, None, torch.device("cpu")).glyphs
        with torch.inference_mode():
            again = to_bytes(model.generate(to_unit(glyph)[:, None], torch.tensor([sample["latent"]])))[0, 0].numpy()
        assert np.abs(again.astype(int) - image).max() <= 2


@pytest.fixture
def hand(store, tmp_path):
    """A folder with the first glyphs of a style: ``hand(0)``."""

    def make(number):
        folder = tmp_path / f"hand{number}"
        folder.mkdir()
        for row in store.rows(store.targets[number])[:6]:
            Image.fromarray(store.images[row]).save(folder / f"{row}.png")
        return folder

    return make


def test_like_writes_in_the_given_hand(latents, hand, tmp_path, capsys):
    mine, other, out = hand(0), hand(1), tmp_path / "out"
    assert synth(latents, out, "--count", 30, "--like", mine) == 0
    assert {sample["style"] for sample in meta(out)} == {"hand0"}
    before = items(out)
    manifest = json.loads((out / "manifest.json").read_text())
    assert synth(latents, tmp_path / "one", "--count", 30, "--like", next(mine.iterdir())) == 0
    first = json.loads((tmp_path / "one" / "manifest.json").read_text())
    assert manifest["info"]["style_table"][0]["vector"] != first["info"]["style_table"][0]["vector"]
    assert synth(latents, out, "--count", 30, "--like", mine) == 0
    assert "complete already" in capsys.readouterr().out
    mine.rename(tmp_path / "gone")
    other.rename(mine)
    refused(capsys, 2, "other handwriting", "synth", "--model", latents, "--out", out, "--count", 30, "--like", mine)
    assert items(out) == before


def test_like_and_latents_refused(trained, latents, untrained, hand, tmp_path, capsys):
    out, folder = tmp_path / "out", hand(0)
    model = ("synth", "--model", latents, "--out", out)
    refused(capsys, 2, "exclude each other", *model, "--like", folder, "--styles", 3)
    refused(capsys, 2, "no image or folder", *model, "--like", tmp_path / "none")
    Image.new("L", (64, 64), 255).save(tmp_path / "blank.png")
    refused(capsys, 2, "blank.png is blank", *model, "--like", tmp_path / "blank.png")
    Image.new("L", (32, 32), 255).save(folder / "other.png")
    refused(capsys, 2, "differ in size", *model, "--like", folder)
    (folder / "other.png").write_bytes(b"GIF89a")
    refused(capsys, 2, "other.png cannot be read", *model, "--like", folder)
    (folder / "other.png").unlink()
    for other in (trained, untrained("cgan")):
        model = ("synth", "--model", other, "--out", out)
        refused(capsys, 2, "cannot take a style from images", *model, "--like", folder)
        refused(capsys, 2, "no continuous styles", *model, "--styles", "continuous")
    assert not out.exists()


def test_a_checkpoint_that_contradicts_itself(latents, tmp_path, capsys):
    """Its facts speak of another latent, or of another number of styles, than its tensors have."""
    whole = checkpoint.load(latents)
    for name, wrong in {
        "latent": {"config": whole.facts["config"] | {"latent_dim": 5}},
        "styles": {"styles": whole.facts["styles"][:1]},
    }.items():
        file = tmp_path / f"{name}.safetensors"
        checkpoint.save(file, whole.tensors, whole.facts | wrong)
        refused(capsys, 1, "does not fit", "synth", "--model", file, "--out", tmp_path / "out", "--styles", 4)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("more", [[], ["--dry-run"], ["--shards", 2]], ids=str)
def test_the_folder_is_checked_before_the_plan_is_printed(trained, tmp_path, capsys, more):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    assert synth(trained, tmp_path, "--count", 40, *more) == 2
    printed = capsys.readouterr()
    assert "is not empty and holds no dataset" in printed.err
    assert printed.out == ""
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]
