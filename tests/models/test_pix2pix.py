from __future__ import annotations

import pytest
import torch
from torch import nn

from handgen.checkpoints import files as checkpoint
from handgen.cli import run
from handgen.errors import UsageError
from handgen.models.critics import LstmCritic, TwoScales
from handgen.models.pix2pix import Pix2Pix, Pix2PixConfig
from handgen.sources import loading
from tests.readers import read_as_trainers_do

VARIANTS = [{"decoder": "transpose"}, {"displacement": False}, {"dropout": 0.5}, {"discriminator": "lstm"}]


def make(**given):
    torch.manual_seed(0)
    return Pix2Pix(Pix2PixConfig(width=4, **given), 64, ("kalam",), "")


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_every_variant_trains_and_comes_back(make_trainer, variant):
    trainer = make_trainer("pix2pix", finetune_styles="kalam", lambda_tv=0.1, **variant)
    before = {key: parameter.detach().clone() for key, parameter in trainer.model.named_parameters()}
    trainer.run(lambda progress: None)
    weights = {key: parameter for key, parameter in trainer.model.named_parameters() if parameter.ndim > 1}
    assert not any(torch.equal(parameter, before[key]) for key, parameter in weights.items())
    loaded = loading.build(checkpoint.load(trainer.folder.path / "model.safetensors"))
    assert loaded.config == trainer.config
    assert loaded.style_spec.names == ("kalam",)


def test_the_critic_judges_pairs():
    for kind, critic in (("patch", TwoScales), ("lstm", LstmCritic)):
        model = make(discriminator=kind)
        assert isinstance(model.discriminator, critic)
        content, target, other = (torch.rand(2, 1, 64, 64) for _ in range(3))
        with torch.no_grad():
            scores = [torch.cat([x.flatten() for x in model._judge(c, target)]) for c in (content, other)]
        assert not torch.equal(*scores)


def test_the_lstm_can_be_differentiated_twice():
    # cuDNN cannot do it. Without a GPU, the test can only check that cuDNN is switched off.
    critic, seen = make(discriminator="lstm").discriminator, []
    critic.read.register_forward_hook(lambda *_: seen.append(torch.backends.cudnn.enabled))
    critic(torch.rand(2, 2, 64, 64))
    assert seen == [False]
    assert torch.backends.cudnn.enabled


def test_dropout_is_of_training_alone():
    model = make(dropout=0.5)
    content = torch.rand(2, 1, 64, 64)
    with torch.no_grad():
        assert not torch.equal(model.generate(content, None), model.generate(content, None))
        model.eval()
        assert torch.equal(model.generate(content, None), model.generate(content, None))
    assert not any(isinstance(part, nn.Dropout) for part in make().modules())


def test_several_styles_are_refused(store, make_trainer, tmp_path, capsys):
    out = tmp_path / "run"
    assert run(["train", "pix2pix", "--data", str(store.path), "--out", str(out)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: pix2pix draws one style and the glyph store {store.path} has 2. ")
    assert "--finetune-styles, e.g. kalam" in line
    assert not out.exists()
    with pytest.raises(UsageError, match=r"has no target style 'kalm'\. Did you mean 'kalam'\?"):
        make_trainer("pix2pix", finetune_styles="kalm")


def test_it_draws_its_one_style_and_no_other(make_trainer, tmp_path, capsys):
    trainer = make_trainer("pix2pix", finetune_styles="indie-flower")
    trainer.run(lambda progress: None)
    model, out = str(trainer.folder.path), tmp_path / "dataset"
    assert run(["synth", "--model", model, "--out", str(out), "--count", "80", "--styles", "2"]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert "2 styles were asked for and the model knows one, 'indie-flower'" in line
    assert "zi2zi or bicyclegan" in line
    assert run(["synth", "--model", model, "--out", str(out), "--count", "80"]) == 0
    assert run(["check", str(out)]) == 0
    assert {label for label, _ in read_as_trainers_do(out)} == set(trainer.store.charset)
