from __future__ import annotations

import numpy as np
import pytest
import torch

from handgen.checkpoints import files as checkpoint
from handgen.errors import UsageError
from handgen.models import features
from handgen.models.base import Batch
from handgen.models.bicyclegan import BicycleGAN, BicycleGANConfig
from handgen.sources import loading
from tests.conftest import render_store


def train(make_trainer, **given):
    trainer = make_trainer("bicyclegan", **given)
    trainer.run(lambda progress: None)
    return trainer


def model(**given):
    return BicycleGAN(BicycleGANConfig(width=4, **given), 64, ("a", "b"), "xyz")


def batch(noise, count=4):
    images = torch.rand(2, count, 1, 64, 64) * 2 - 1
    return Batch(
        *images,
        torch.tensor([0, 1] * (count // 2)),
        torch.zeros(count, dtype=torch.int64),
        torch.randn(count, noise),
        torch.rand(count),
    )


CHARS = "ABCDEadefghkmnprstuwxyz"
REMEDIES = [
    {"lambda_ac": 1.0, "lambda_binary": 1.0, "lambda_tv": 1.0},
    {"discriminator": "lstm", "inject": "all", "film": False},
    {"patch": 8, "inject": "bottleneck", "lambda_gan": 0, "lambda_tv": 1.0},
    {"patch": 4, "shared": 0.5, "lambda_gan": 0, "lambda_gan2": 0, "lambda_latent": 0, "lambda_ssim": 1.0},
]


@pytest.mark.parametrize("remedy", REMEDIES, ids=str)
def test_every_remedy_trains_and_comes_back(make_trainer, remedy):
    trainer = train(make_trainer, images=4, **remedy)
    logged = trainer.folder.path.joinpath("stats.jsonl").read_text()
    for name, weight in remedy.items():
        if name.startswith("lambda_"):
            loss = name.removeprefix("lambda_").replace("ac", "category")
            assert (f'"G/{loss} weighted"' in logged) == bool(weight), name
    loaded = loading.build(checkpoint.load(trainer.folder.path / "model.safetensors"))
    assert loaded.style_spec.names == trainer.styles
    resumed = make_trainer("bicyclegan", images=8, **remedy)
    assert resumed.images == 4
    assert resumed.run(lambda progress: None)


def test_without_games_and_latent_regression_it_is_a_conditional_vae():
    alone = {"lambda_gan": 0, "lambda_gan2": 0, "lambda_latent": 0}
    mine, drawn = model(**alone), []
    mine.generator.register_forward_hook(lambda network, given, images: drawn.append(len(images)))
    for critic in (mine.discriminator, mine.latent_discriminator):
        critic.register_forward_hook(lambda *given: pytest.fail("a critic looked"))
    step = mine.prepare(batch(mine.noise))
    assert mine.phases == ("G",)
    assert drawn == [4]
    assert set(mine.losses("G", step)) == {"l1", "kl"}
    assert model(**alone | {"lambda_gan2": 1}).phases == model().phases == ("D", "G")


def test_one_game_is_judged_by_its_own_critic():
    mine = model(lambda_gan=0)
    mine.discriminator.register_forward_hook(lambda *given: pytest.fail("the critic of the other game looked"))
    step = mine.prepare(batch(mine.noise))
    assert set(mine.losses("G", step)) == {"l1", "kl", "gan2", "latent"}
    assert set(mine.losses("D", step))


@pytest.mark.parametrize(("patch", "size"), [(2, 64), (2, 128), (4, 64), (8, 128)])
def test_patches_make_the_networks_smaller_and_no_other(patch, size):
    small, paper = (BicycleGAN(BicycleGANConfig(width=4, patch=each), size, "ab", "xyz") for each in (patch, 2))
    of_small, of_paper = (
        [m for m in part.generator.encoder.layers if m.__class__.__name__ == "Conv2d"] for part in (small, paper)
    )
    assert of_small[0].stride == (patch, patch)
    assert len(of_small) <= len(of_paper)
    drawn = small.eval().generate(torch.zeros(2, 1, size, size), torch.randn(2, 8))
    assert drawn.shape == (2, 1, size, size)
    assert not torch.equal(*drawn)


def test_shared_glyphs_are_redrawn_with_the_center_of_their_hand():
    mine = model(shared=0.5)
    mine.generator.centers.normal_()
    given = batch(mine.noise)
    used = mine._center(torch.zeros(4, 8), given.style)
    assert torch.equal(used[:2], mine.generator.centers[given.style[:2]])
    assert not used[2:].any()
    alone = model(shared=1).eval()
    alone.generator.centers.normal_()
    drawn = alone.draw_batch(given)
    assert torch.equal(drawn, alone.generate(given.content, alone.generator.centers[given.style]))


def test_files_of_earlier_versions_have_the_patches_of_the_paper():
    assert BicycleGANConfig().patch == 2
    with pytest.raises(UsageError, match="Use 2, 4 or 8"):
        BicycleGANConfig(patch=6)


def test_the_latent_loss_teaches_the_generator_alone():
    mine = model().eval()  # in training, batch normalization ties the two halves of a batch together
    step = mine.prepare(batch(mine.noise))
    found = mine.losses("G", step)["latent"]
    encoder = list(mine.generator.encoder.parameters())
    gradients = torch.autograd.grad(found, [*encoder, *mine.generator.unet.parameters()], allow_unused=True)
    assert not any(gradient is not None and gradient.any() for gradient in gradients[: len(encoder)])
    assert any(gradient is not None and gradient.abs().sum() > 0 for gradient in gradients[len(encoder) :])


def test_finding_a_latent_again_does_not_count_fakes_in_the_encoders_statistics():
    mine = model()
    step = mine.prepare(batch(mine.noise))
    before = {name: value.clone() for name, value in mine.generator.encoder.named_buffers() if "running" in name}
    mine.losses("G", step)
    after = dict(mine.generator.encoder.named_buffers())
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_the_halves_have_critics_of_their_own():
    mine = model()
    step = mine.prepare(batch(mine.noise))
    terms = mine.losses("G", step)
    for name, critic, other in (
        ("gan", mine.discriminator, mine.latent_discriminator),
        ("gan2", mine.latent_discriminator, mine.discriminator),
    ):
        own, foreign = (
            torch.autograd.grad(terms[name], list(c.parameters()), retain_graph=True, allow_unused=True)
            for c in (critic, other)
        )
        assert all(gradient is not None for gradient in own)
        assert all(gradient is None for gradient in foreign)


def test_a_style_has_its_center_where_its_glyphs_are(make_trainer):
    trainer = train(make_trainer, images=160, batch=8, ema=0, lr=1e-4)
    with trainer.evaluating() as mine, torch.inference_mode():
        everything = trainer.data.batch(np.arange(len(trainer.data)), trainer.device, torch.zeros(len(trainer.data), 0))
        mean, _ = mine.generator.encoder(everything.target)
        centers = torch.stack([mean[everything.style == number].mean(dim=0) for number in range(2)])
        points = torch.stack([style.vector for style in mine.style_spec.pick(mine.styles)])
    own = (points - centers).norm(dim=1)
    assert (own < (points - centers.flip(0)).norm(dim=1)).all()


def test_pairs_are_held_out_by_default_settings(make_trainer):
    trainer = make_trainer("bicyclegan", holdout_by="pairs")
    assert len(trainer.split.pairs) == 8  # a tenth of 40 characters in two hands
    assert len(trainer.data) == 72
    assert set(trainer.split.train) == set(trainer.store.charset)
    apart = {
        (trainer.store.labels["char"][row], trainer.styles[style])
        for row, style in zip(trainer.held_out.target, trainer.held_out.style, strict=True)
    }
    assert apart == set(trainer.split.pairs)
    assert BicycleGAN.defaults["holdout_by"] == "pairs"


def test_the_feature_loss_looks_through_what_the_run_studied(make_trainer, monkeypatch):
    monkeypatch.setattr(features, "STEPS", 60)
    trainer = make_trainer("bicyclegan", lambda_feature=1.0, batch=8)
    untrained = trainer.model.features.classify.weight.clone()
    trainer.run(lambda progress: None)
    assert not torch.equal(trainer.model.features.classify.weight, untrained)
    assert not any(parameter.requires_grad for parameter in trainer.model.features.parameters())
    assert '"G/feature weighted"' in trainer.folder.path.joinpath("stats.jsonl").read_text()
    resumed = make_trainer("bicyclegan", lambda_feature=1.0, batch=8, images=16)
    assert torch.equal(resumed.model.features.classify.weight, trainer.model.features.classify.weight)


def test_features_learn_to_read(make_trainer):
    trainer = make_trainer("bicyclegan", batch=8)
    torch.manual_seed(0)
    extractor = features.FeatureExtractor(len(trainer.charset), width=8)
    assert extractor.fit(lambda number: trainer.batch(number * 8, "study"), steps=150) > 0.5  # by chance: 0.03


@pytest.fixture(scope="module")
def hands(tmp_path_factory, caveat, kalam, zeyada, indie_flower):
    """A store with Caveat as the source and three hands of 24 characters; and another one with a fourth hand."""
    import fontpkg

    known = [kalam, zeyada, indie_flower, fontpkg.path("Permanent Marker"), fontpkg.path("Delius")]
    folder = tmp_path_factory.mktemp("stores")
    apart = fontpkg.path("Shadows Into Light")
    return render_store(folder / "known", caveat, known, CHARS), render_store(folder / "apart", caveat, [apart], CHARS)


def test_a_hand_never_seen_is_taken_up(make_trainer, hands):
    known, apart = hands
    quick = {"images": 560, "batch": 16, "width": 8, "lr": 4e-3, "ema": 50, "lambda_gan": 0, "lambda_gan2": 0}
    trainer = make_trainer("bicyclegan", on=known, **quick)
    trainer.run(lambda progress: None)

    def images(store, style):
        rows = store.rows(style)
        found = dict(zip(store.labels["char"][rows], rows, strict=True))
        return torch.from_numpy(store.images[[found[char] for char in CHARS]]).float()[:, None] / 127.5 - 1

    content, truth = images(apart, apart.sources[0]), images(apart, apart.targets[0])
    average = torch.stack([images(known, style) for style in known.targets]).mean(dim=0)
    with trainer.evaluating() as mine, torch.inference_mode():
        hand = mine.style_spec.like("given", truth[::2]).vector
        others = content[1::2]  # characters that were not shown
        drawn = mine.generate(others, hand.expand(len(others), -1))
    assert (drawn - truth[1::2]).abs().mean() < (drawn - average[1::2]).abs().mean()


def test_centers_of_earlier_files_are_read():
    old = model()
    old.generator.centers.normal_()
    weights = old.state_dict()
    weights["generator.places"] = weights.pop("generator.centers")
    same, others = model(), BicycleGAN(BicycleGANConfig(width=4), 64, ("b", "c"), "xyz")
    same.load_state_dict(weights)
    others.load_matching(weights, ["a", "b"])
    assert torch.equal(same.generator.centers, old.generator.centers)
    assert torch.equal(others.generator.centers[0], old.generator.centers[1])


def test_with_patches_training_begins_with_the_source_glyphs():
    mine, images = model(patch=4, inject="bottleneck").eval(), batch(16).content.sign()
    drawn = mine.generate(images, torch.zeros(4, 8))
    assert ((drawn > 0) == (images > 0)).float().mean() > 0.95
