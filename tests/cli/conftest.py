from __future__ import annotations

import functools

import pytest


@pytest.fixture(scope="session")
def untrained(trained, tmp_path_factory):
    """Make a model file of any kind, as training would leave it but for the weights: ``untrained("bicyclegan")``."""
    import torch

    from handgen.checkpoints import files as checkpoint
    from handgen.models import MODELS
    from handgen.sources import loading

    facts = checkpoint.load(trained).facts

    @functools.cache
    def make(name, **settings):
        kind = MODELS.load(name)
        names = [style["name"] for style in facts["styles"]]
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(0)
            model = kind(kind.Config(width=4, **settings), facts["size"], names, facts["charset"])
            for parameter in model.generator.parameters():  # so that styles differ by more than a level of gray
                parameter.mul_(4)
            if name == "bicyclegan":
                model.generator.centers.normal_()
        path = tmp_path_factory.mktemp("untrained") / name / checkpoint.MODEL
        mine = facts | {"model": name, "config": {"width": 4, **settings}}
        checkpoint.save(path, loading.drawing_tensors(model, model.generator), mine)
        return path

    return make


@pytest.fixture(scope="session")
def latents(untrained):
    """The model file of a BicycleGAN that drew its weights."""
    return untrained("bicyclegan", latent_dim=3)
