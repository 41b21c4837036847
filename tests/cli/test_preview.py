from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

from handgen.checkpoints import files as checkpoint
from handgen.cli import run
from handgen.degrade.pipeline import Pipeline
from handgen.glyphs.store import to_unit
from handgen.sources import loading
from handgen.sources.spec import SourceSpec
from handgen.synthesis.preview import Preview, PreviewRequest


def look_at(model, **how):
    return Preview(PreviewRequest((SourceSpec(source=str(model)),), **how))


def preview(model, *options):
    return run(["preview", "--model", str(model), *map(str, options)])


def test_the_grid_has_a_row_for_each_style_and_the_source(trained, store, tmp_path, capsys):
    out = tmp_path / "sub" / "grid.png"
    assert preview(trained, "--out", out, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"] == ["source", "kalam", "indie-flower"]
    with Image.open(out) as picture:
        assert picture.format == "PNG"
        assert picture.height == 3 * 68 + 4
        assert picture.width > 40 * 68
    rows = dict(look_at(trained, text="BAD").grid("4").rows)
    assert len(rows) == 5
    glyphs = {str(store.labels["char"][row]): store.images[row] for row in store.rows(store.sources[0])}
    assert np.array_equal(rows["source"], [glyphs[char] for char in "BAD"])


def test_a_cell_is_what_synth_would_draw(latents):
    """Unmoved, as no deformation is added and a drawn latent has no frame of its own."""
    look = look_at(latents, text="AB", seed=3)
    picture = dict(look.grid("3").rows)
    model = loading.build(checkpoint.load(latents))
    for style in model.style_spec.draw(3, 3):
        with torch.inference_mode():
            drawn = model.generate(to_unit(picture["source"])[:, None], style.vector.expand(2, -1))
        assert np.abs((drawn[:, 0].numpy() + 1) * 127.5 - picture[style.name]).max() < 1
    fresh = dict(look.grid("continuous").rows)["continuous 1"]
    assert all(np.any(fresh[1] != picture[name][1]) for name in ("z1", "z2", "z3"))


@pytest.mark.parametrize("name", ["zi2zi", "bicyclegan", "cgan"])
def test_a_walk_begins_and_ends_at_its_styles(untrained, trained, name):
    look = look_at(trained if name == "zi2zi" else untrained(name), text="ABC")
    walk = look.walk("kalam", "indie-flower", 5)
    assert [caption for caption, _ in walk.rows] == ["A", "B", "C"]
    assert all(len(images) == 5 for _, images in walk.rows)
    if name != "cgan":  # its noise is another in every cell of a grid
        grid = dict(look.grid("kalam,indie-flower").rows)
        for number, (_, images) in enumerate(walk.rows):
            assert np.abs(images[0].astype(int) - grid["kalam"][number]).max() <= 1
            assert np.abs(images[-1].astype(int) - grid["indie-flower"][number]).max() <= 1


def test_latents_between_two_are_as_far_out_as_they_are(latents):
    spec = loading.build(checkpoint.load(latents)).style_spec
    a, b = spec.draw(2, 0)
    lengths = [float(spec.between(a, b, share).vector.norm()) for share in (0, 0.25, 0.5, 0.75, 1)]
    assert lengths == pytest.approx(np.linspace(float(a.vector.norm()), float(b.vector.norm()), 5), rel=1e-4)
    assert torch.allclose(spec.between(a, a, 0.3).vector, a.vector)


def test_walks_from_the_command_line(latents, tmp_path, capsys):
    out = tmp_path / "walk.png"
    assert preview(latents, "--interpolate", "z1", "z12", "--steps", 3, "--text", "A B A", "--out", out) == 0
    assert str(out) in capsys.readouterr().out
    first = out.read_bytes()
    both = [f"{latents.parent}:z1", f"{latents}:z12"]
    assert run(["preview", "--interpolate", *both, "--steps", "3", "--text", "AB", "--out", str(out)]) == 0
    assert out.read_bytes() == first
    with Image.open(out) as picture:
        assert picture.height == 32 + 2 * 68 + 4


@pytest.mark.parametrize("name", ["gan", "dcgan"])
def test_a_model_that_is_told_nothing_shows_samples(untrained, name, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = untrained(name)
    assert preview(model) == 0
    assert capsys.readouterr().out.split() == ["preview", f"preview-{name}.png"]
    with Image.open(tmp_path / f"preview-{name}.png") as picture:
        assert picture.height == 32 + 8 * 68 + 4
    rows = [images for _, images in look_at(model).grid("").rows]
    assert len({image.tobytes() for images in rows for image in images}) > 32


def test_refusals(trained, latents, untrained, tmp_path, capsys):
    out = tmp_path / "picture.png"

    def refused(complaint, *arguments):
        capsys.readouterr()
        assert run(["preview", "--out", str(out), *map(str, arguments)]) == 2
        lines = capsys.readouterr().err.strip().splitlines()
        assert len(lines) == 1, lines
        assert complaint in lines[0]

    zi2zi, gan = ("--model", trained), ("--model", untrained("gan"))
    refused("unknown style 'kalm'. Did you mean 'kalam'", *zi2zi, "--interpolate", "kalm", "indie-flower")
    refused("unknown style 'z1'", *zi2zi, "--interpolate", "kalam", "z1")
    refused("unknown style 'z0'", "--model", latents, "--interpolate", "z1", "z0")
    refused("requires 2 arguments", *zi2zi, "--interpolate", "kalam")
    refused("no styles with a name", *gan, "--interpolate", "z1", "z2")
    a, b = f"{trained.parent}:kalam", f"{latents.parent}:kalam"
    refused("between styles of different models", "--interpolate", a, b)
    refused("between styles of different models", *zi2zi, "--interpolate", "kalam", b)
    refused("no checkpoint at", "--interpolate", f"{tmp_path}/gone:kalam", "indie-flower")
    refused("--interpolate excludes", *zi2zi, "--interpolate", "kalam", "indie-flower", "--grid")
    refused("is not told what to draw", *gan, "--text", "A")
    refused("has no styles", *gan, "--styles", 3)
    refused("exclude each other", *zi2zi, "--text", "A", "--charset", "digits")
    refused("holds no character", *zi2zi, "--text", " ")
    refused("at least one style", *zi2zi, "--styles", 0)
    refused("is no PNG file", *zi2zi, "--out", tmp_path / "picture.jpg")
    assert list(tmp_path.iterdir()) == []


def test_more_than_fits_is_left_out_and_said(trained, tmp_path, capsys):
    assert preview(trained, "--styles", 103, "--text", "A", "--out", tmp_path / "tall.png") == 0
    assert "3 styles or characters have no room" in capsys.readouterr().err


def test_effects_alone_and_together_of_a_model_and_of_a_font(trained, untrained, caveat, tmp_path, capsys):
    out = tmp_path / "effects.png"
    expected = ["clean", *(step.effect.name for step in Pipeline.load("notebook").steps), "notebook"]
    assert preview(trained, "--degrade", "notebook", "--out", out, "--json") == 0
    assert json.loads(capsys.readouterr().out)["rows"] == expected
    with Image.open(out) as picture:
        assert picture.mode == "RGB"
        assert picture.height == len(expected) * 68 + 4
        assert np.ptp(np.asarray(picture)[-60:], axis=2).max() > 20  # ink or paper in color
    mine = tmp_path / "mine.yaml"
    mine.write_text("blur: {probability: 1}\n", encoding="utf-8")
    assert run(["preview", "--degrade", str(mine), "--font", str(caveat), "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"out": str(out), "model": None, "rows": ["clean", "blur", "mine.yaml"]}
    with Image.open(out) as picture:
        assert picture.mode == "L"
    for complaint, *arguments in (
        ("Did you mean 'scan'", "--degrade", "scam", "--font", caveat),
        ("no effect to show", "--degrade", "none", "--font", caveat),
        ("--degrade excludes", "--degrade", "scan", "--grid", "--font", caveat),
        ("a font has no --styles", "--degrade", "scan", "--styles", 2, "--font", caveat),
        ("Name a font", "--degrade", "scan", "--model", untrained("gan")),
    ):
        assert run(["preview", *map(str, arguments), "--out", str(tmp_path / "no.png")]) == 2
        assert complaint in capsys.readouterr().err
    assert run(["preview", "--degrade", "scan", "--font", str(caveat), "--text", "永", "--out", str(out)]) == 1
    assert "draws none of the characters" in capsys.readouterr().err
