from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from handgen.cli import run
from handgen.models.cgan import CGAN, CGANConfig, ClassStyles
from handgen.models.styles import vectors
from handgen.seeds import keys
from handgen.sources import loading
from tests.readers import items, read_as_trainers_do

SMALL = CGANConfig(width=4, latent_dim=3, code_dim=8)


@pytest.fixture(scope="module")
def trained(store, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "cgan"
    small = ("--width", "4", "--code-dim", "8", "--latent-dim", "5", "--batch", "4", "--images", "200")
    assert run(["train", "cgan", "--data", str(store.path), "--out", str(out), *small]) == 0
    return out


def synth(model, out, *options):
    return run(["synth", "--model", str(model), "--out", str(out), "--count", "160", *options])


def test_from_a_store_to_a_dataset(trained, store, tmp_path, capsys):
    out = tmp_path / "dataset"
    assert synth(trained, out, "--styles", "3") == 0
    labels = [label for label, _ in read_as_trainers_do(out)]
    chars = sorted({str(char) for char in store.labels["char"]})
    assert sorted(labels) == sorted(4 * chars)
    styles = {json.loads(value)["style"] for key, value in items(out).items() if key.startswith(b"meta-")}
    assert len(styles) == 3
    assert {"kalam", "indie-flower"} < styles
    plan = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["plan"]
    assert (plan["content_font"], plan["content_font_sha256"]) == (None, None)
    capsys.readouterr()
    assert run(["check", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["defects"] == 0


def test_no_two_samples_have_the_same_noise(trained, tmp_path):
    assert synth(trained, tmp_path / "out", "--charset", "A", "--styles", "kalam", "--vary", "0") == 0
    images = {image.tobytes() for _, image in read_as_trainers_do(tmp_path / "out")}
    assert len(images) == 160


def test_characters_that_were_not_learned(trained, heiti, tmp_path, capsys):
    assert synth(trained, tmp_path / "out", "--charset", "A\u4e00B") == 0
    assert "left out, not learned by the model: 1 (\u4e00)" in capsys.readouterr().err
    assert {label for label, _ in read_as_trainers_do(tmp_path / "out")} == {"A", "B"}
    for options, complaint in (
        (("--charset", "\u4e00\u4e8c"), "error: the model has learned none of the 2 characters."),
        (("--font", str(heiti)), "error: a cgan draws without a source font. Leave out --font."),
        (("--like", str(heiti)), "error: this model cannot take a style from images."),
    ):
        assert synth(trained, tmp_path / "refused", *options) == 2
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert line.startswith(complaint)
    assert not (tmp_path / "refused").exists()


def test_a_style_is_its_share_of_each_class_and_then_fresh_noise():
    spec = ClassStyles(("a", "b"), 3)
    styles = [*spec.pick(["b", "a"]), *spec.draw(3, seed=0)[2:]]
    made = vectors(styles, keys(np.arange(3)))
    assert made[:2, :2].tolist() == [[0, 1], [1, 0]]
    assert made[2, :2].sum() == pytest.approx(1)
    assert 0.2 <= made[2, 0] <= 0.8
    assert len(made[:, 2:].unique()) == 9
    assert torch.equal(made, torch.cat([vectors(styles[i : i + 1], keys(np.array([i]))) for i in range(3)]))


@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_both_networks_look_at_character_and_style(network):
    torch.manual_seed(0)
    model = CGAN(SMALL, 64, ("a", "b"), "xy").eval()
    same, one = torch.zeros(2, dtype=torch.int64), torch.tensor([0, 1])
    share, image, z = torch.eye(2), torch.randn(1, 1, 64, 64).expand(2, -1, -1, -1), torch.randn(1, 3).expand(2, -1)
    for char, style in ((same, one), (one, same)):
        call = (
            model.generator(char, share[style], z)
            if network == "generator"
            else model.discriminator(image, char, style)
        )
        assert not torch.allclose(call[0], call[1])


def test_codes_follow_their_character_and_style_to_another_model():
    old, new = CGAN(SMALL, 64, ("a", "b", "c"), "uvwx"), CGAN(SMALL, 64, ("c", "new", "a"), "wnx")
    fresh = {key: tensor.clone() for key, tensor in new.state_dict().items()}
    assert new.load_matching(old.state_dict(), old.styles) == []
    for network in (new.generator, new.discriminator):
        before = old.generator if network is new.generator else old.discriminator
        assert torch.equal(network.char.weight[[0, 2]], before.char.weight[[2, 3]])
        assert torch.equal(network.style.weight[[0, 2]], before.style.weight[[2, 0]])
    assert torch.equal(new.generator.char.weight[1], fresh["generator.char.weight"][1])
    assert torch.equal(new.characters, fresh["characters"])


def test_added_characters_and_styles_leave_the_old_ones_alone(make_trainer, bigger_store):
    first = make_trainer("cgan", out="first")
    first.run(lambda progress: None)
    start = loading.load_for_training(first.folder.path, "cgan")
    second = make_trainer("cgan", on=bigger_store, out="second", start=start)
    assert second.styles == (*first.styles, "zeyada")
    number = [trainer.charset.index("Q") for trainer in (first, second)]
    assert number[0] != number[1]
    z = torch.randn(2, first.model.noise)
    with torch.inference_mode(), first.evaluating() as old, second.evaluating() as new:
        before = old.generate(torch.full((2,), number[0]), torch.cat([torch.eye(2), z], dim=1))
        after = new.generate(torch.full((2,), number[1]), torch.cat([torch.eye(2, 3), z], dim=1))
    assert torch.equal(before, after)
    assert second.run(lambda progress: None)
