from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from handgen.checkpoints import files as checkpoint
from handgen.errors import UsageError
from handgen.models.layers import ConditionalNorm, channels, sample_at
from handgen.models.zi2zi import Zi2Zi, Zi2ZiConfig
from handgen.sources import loading

VARIANTS = [{"decoder": "transpose", "patch": 2}, {"patch": 8}, {"displacement": False}, {"film": False}]


def train(make_trainer, **given):
    trainer = make_trainer("zi2zi", **given)
    trainer.run(lambda progress: None)
    return trainer


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_every_variant_trains_and_comes_back(make_trainer, variant):
    trainer = make_trainer("zi2zi", images=4, **variant)
    before = {key: parameter.detach().clone() for key, parameter in trainer.model.named_parameters()}
    trainer.run(lambda progress: None)
    assert not any(torch.equal(parameter, before[key]) for key, parameter in trainer.model.named_parameters())
    loaded = loading.build(checkpoint.load(trainer.folder.path / "model.safetensors"))
    assert loaded.config == trainer.config


def test_variants_are_what_they_are_called():
    def parts(**given):
        return [type(part) for part in Zi2Zi(Zi2ZiConfig(width=4, **given), 64, "ab", "").generator.modules()]

    assert nn.ConvTranspose2d not in parts()
    assert parts(decoder="transpose", patch=2).count(nn.ConvTranspose2d) == 6
    assert parts().count(nn.Linear) == 4  # one FiLM layer for each normalized decoder level
    assert parts(patch=2).count(nn.Linear) == 5
    assert nn.Linear not in parts(film=False)
    assert Zi2Zi(Zi2ZiConfig(width=4, displacement=False), 64, "ab", "").generator.displacement is None


@pytest.mark.parametrize("patch", [2, 4, 8])
@pytest.mark.parametrize(("size", "layers"), [(64, 6), (128, 7), (256, 8)])
def test_the_encoder_goes_down_to_one_pixel(size, layers, patch):
    whole = [4, 8, 16, 32, *[32] * (layers - 4)]
    first = patch.bit_length() - 2
    assert channels(size, 4, patch) == whole[first:]
    encoder = Zi2Zi(Zi2ZiConfig(width=4, patch=patch), size, "ab", "").eval().generator.encoder
    features = encoder(torch.zeros(1, 1, size, size))
    assert [tuple(f.shape[1:]) for f in features] == [
        (width, size // patch >> level, size // patch >> level) for level, width in enumerate(whole[first:])
    ]


@pytest.mark.parametrize(("given", "message"), [({"patch": 6}, "Use 2, 4 or 8"), ({"decoder": "transpose"}, "patch 2")])
def test_patches_that_cannot_be_drawn_are_refused(given, message):
    with pytest.raises(UsageError, match=message):
        Zi2ZiConfig(**given)


def test_without_a_weight_of_its_own_no_discriminator_is_trained(make_trainer):
    trainer = train(make_trainer, lambda_gan=0, lambda_category=0, lambda_const=0, images=100)
    (line,) = [line for line in trainer.folder.stats() if line["kind"] == "losses"]
    assert {key.partition("/")[0] for key in line if "/" in key} == {"G"}
    assert trainer.done


def test_an_untrained_displacement_moves_nothing():
    torch.manual_seed(0)
    moving = Zi2Zi(Zi2ZiConfig(width=4), 64, "ab", "").eval()
    fixed = Zi2Zi(Zi2ZiConfig(width=4, displacement=False), 64, "ab", "").eval()
    fixed.load_state_dict(moving.state_dict(), strict=False)
    content = torch.rand(2, 1, 64, 64) * 2 - 1
    assert torch.allclose(moving.generate(content, moving.codes), fixed.generate(content, fixed.codes), atol=1e-5)


def test_a_displacement_is_in_halves_of_the_canvas_x_before_y():
    image = torch.rand(1, 3, 16, 16)
    field = torch.zeros(1, 2, 8, 8)
    assert torch.allclose(sample_at(image, field), image, atol=1e-6)
    large = torch.rand(1, 1, 256, 256).bfloat16()
    assert torch.equal(sample_at(large, torch.zeros(1, 2, 8, 8).bfloat16()), large)
    field[:, 0] = 2 * 2 / 16  # look two pixels to the right
    assert torch.allclose(sample_at(image, field)[..., :-2], image[..., 2:], atol=1e-5)
    field[:, 0], field[:, 1] = 0, 2 * 3 / 16
    assert torch.allclose(sample_at(image, field)[..., :-3, :], image[..., 3:, :], atol=1e-5)


def test_normalization_is_the_same_formula_in_evaluation():
    torch.manual_seed(1)
    layer = ConditionalNorm(6, 5, film=True)
    for parameter in layer.parameters():
        nn.init.normal_(parameter)
    for _ in range(3):
        layer(torch.randn(8, 6, 4, 4) * 3 + 1, torch.randn(8, 5))
    layer.eval()
    x, code = torch.randn(8, 6, 4, 4), torch.randn(8, 5)
    scale, shift = layer.film(code)[:, :, None, None].chunk(2, dim=1)
    assert torch.allclose(layer(x, code), layer.norm(x) * (1 + scale) + shift, atol=1e-5)


def test_a_loss_of_no_weight_is_not_computed_for_the_generator(make_trainer):
    trainer = make_trainer("zi2zi", lambda_const=0, lambda_tv=0, lambda_gan=0, lambda_category=0)
    step = trainer.model.prepare(trainer.data.batch(np.arange(4), trainer.device, torch.zeros(4, trainer.model.noise)))
    assert set(trainer.model.losses("G", step)) == {"l1"}
    full = make_trainer("zi2zi", out="full").model
    assert set(full.losses("G", step)) == {"l1", "gan", "category", "const", "tv"}
    assert set(full.losses("D", step)) == {"real", "fake", "category", "real accuracy", "fake accuracy"}


def test_a_frozen_encoder_stays_as_it_was(make_trainer):
    first = train(make_trainer, out="first")
    start = loading.load_for_training(first.folder.path, "zi2zi")
    second = make_trainer("zi2zi", out="second", start=start, freeze_encoder=True, images=12)
    before = {key: tensor.clone() for key, tensor in second.model.state_dict().items()}
    second.run(lambda progress: None)
    after = second.model.state_dict()
    encoder = [key for key in before if key.startswith("generator.encoder.")]
    assert any("running_mean" in key for key in encoder)
    assert [key for key in encoder if not torch.equal(before[key], after[key])] == []
    rest = [key for key, _ in second.model.named_parameters() if key not in encoder]
    assert [key for key in rest if torch.equal(before[key], after[key])] == []
    trained = checkpoint.load(second.folder.path / "model.safetensors").tensors
    assert all(torch.equal(before[key], trained[key]) for key in encoder if "num_batches" not in key)


@pytest.mark.parametrize("file", ["", "state.safetensors", "model.safetensors"])
def test_added_styles_leave_the_old_ones_alone(make_trainer, bigger_store, file):
    first = train(make_trainer, out="first")
    start = loading.load_for_training(first.folder.path / file, "zi2zi")
    second = make_trainer("zi2zi", on=bigger_store, out="second", start=start)
    assert second.styles == (*first.styles, "zeyada")
    assert torch.equal(second.model.codes[:2], first.model.codes)
    content = torch.rand(2, 1, 64, 64) * 2 - 1
    with torch.inference_mode(), first.evaluating() as old, second.evaluating() as new:
        assert torch.equal(old.generate(content, old.codes), new.generate(content, new.codes[:2]))
    if file != "model.safetensors":
        for key, tensor in first.model.discriminator.state_dict().items():
            assert torch.equal(
                tensor, second.model.discriminator.state_dict()[key][: len(tensor)] if tensor.ndim else tensor
            )


def test_styles_are_adopted_by_name_in_any_order():
    old = Zi2Zi(Zi2ZiConfig(width=4), 64, ("a", "b", "c"), "")
    new = Zi2Zi(Zi2ZiConfig(width=4), 64, ("c", "new", "a"), "")
    untouched = new.discriminator.category.weight[1].clone()
    assert new.load_matching(old.state_dict(), old.styles) == []
    assert torch.equal(new.codes[[0, 2]], old.codes[[2, 0]])
    assert torch.equal(new.discriminator.category.weight[[0, 2]], old.discriminator.category.weight[[2, 0]])
    assert torch.equal(new.discriminator.category.bias[[0, 2]], old.discriminator.category.bias[[2, 0]])
    assert torch.equal(new.discriminator.category.weight[1], untouched)
    assert torch.equal(new.generator.last.conv.weight, old.generator.last.conv.weight)


def test_a_code_is_a_function_of_the_name():
    first, second = Zi2Zi(Zi2ZiConfig(width=4), 64, ("a", "b"), ""), Zi2Zi(Zi2ZiConfig(width=4), 64, ("b", "c"), "")
    assert torch.equal(first.codes[1], second.codes[0])
    assert not torch.equal(first.codes[0], second.codes[1])
    assert not any(parameter is first.codes for parameter in first.parameters())


def test_the_defaults_are_those_of_the_original():
    weights = {
        field.name: field.default for field in dataclasses.fields(Zi2ZiConfig) if field.name.startswith("lambda")
    }
    assert weights == {
        "lambda_gan": 1,
        "lambda_l1": 100,
        "lambda_category": 1,
        "lambda_const": 15,
        "lambda_tv": 0.1,
        "lambda_feature": 0,
        "lambda_binary": 0,
        "lambda_cldice": 0,
        "lambda_projection": 0,
        "lambda_ssim": 0,
        "lambda_recognizer": 0,
        "lambda_strokes": 0,
    }
