from __future__ import annotations

import pytest
import torch
from torch import nn

from handgen.checkpoints import files as checkpoint
from handgen.errors import UsageError
from handgen.models.adapters import Adapted, Adapter, apply_changes, init_changes
from handgen.sources import loading


class Network(nn.Module):
    """A small generator; adapters only use the names of its parameters."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Conv2d(1, 16, 3, 1, 1)
        self.wide = nn.Conv2d(16, 16, 3, 1, 1, bias=False)
        self.up = nn.ConvTranspose2d(16, 8, 4, 2, 1)
        self.film = nn.Linear(6, 16)
        self.norm = nn.BatchNorm2d(8)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Network()


def test_low_rank_where_it_saves_and_offsets_elsewhere(network):
    changes = init_changes(network, rank=2)
    assert {name.partition(".")[0] for name in changes} == {"up", "down", "offset"}
    assert not any(name.partition(".")[2].startswith("encoder") for name in changes)
    assert changes["down.wide.weight"].shape == (2, 144)
    assert changes["up.up.weight"].shape == (16, 2)
    assert changes["offset.norm.weight"].shape == (8,)
    assert {name.partition(".")[0] for name in init_changes(network, rank=0)} == {"offset"}
    parameters = dict(network.named_parameters())
    for rank in (0, 2):
        made = apply_changes(parameters, init_changes(network, rank))
        assert set(made) == {name for name in parameters if not name.startswith("encoder.")}
        assert all(torch.equal(made[name], parameters[name]) for name in made)


def test_what_is_added_is_the_product(network):
    changes = init_changes(network, rank=2)
    changes["up.wide.weight"].normal_()
    parameters = dict(network.named_parameters())
    added = apply_changes(parameters, changes, amount=0.5)["wide.weight"] - parameters["wide.weight"]
    expected = 0.5 * (changes["up.wide.weight"] @ changes["down.wide.weight"]).reshape(16, 16, 3, 3)
    assert torch.allclose(added, expected, atol=1e-6)
    assert torch.linalg.matrix_rank(added.flatten(1)) == 2


@pytest.fixture
def adapted(trained):
    """A small Zi2Zi with two styles added: ``one`` and ``two``, which change its weights a lot."""
    base = loading.build(checkpoint.load(trained))
    torch.manual_seed(1)

    def load(name):
        changes = {key: torch.randn_like(value) * 0.2 for key, value in init_changes(base.generator, 2).items()}
        return Adapter(name, torch.randn(8), changes, {"name": name}, name)

    return base, Adapted(base, ["one", "two"], load)


def test_every_sample_of_a_block_is_drawn_with_the_weights_of_its_style(adapted):
    base, drawer = adapted
    names = ["one", "kalam", "two", "one", "indie-flower"]
    styles = torch.stack([style.vector for style in drawer.style_spec.pick(names)])
    content = torch.rand(5, 1, 64, 64) * 2 - 1
    with torch.inference_mode():
        together = drawer.generate(content, styles)
        alone = torch.cat([drawer.generate(content[row : row + 1], styles[row : row + 1]) for row in range(5)])
        plain = base.generate(content, styles[:, :8])
    assert torch.allclose(together, alone, atol=1e-5)
    same = (together - plain).abs().amax(dim=(1, 2, 3)) < 1e-5
    assert same.tolist() == [False, True, False, False, True]
    assert [record["name"] for record in drawer.records] == ["one", "two"]
    assert [drawer.describe(style) for style in drawer.style_spec.pick(["one", "kalam"])] == [{"adapter": "one"}, {}]


def test_halfway_to_an_added_style_half_of_its_changes_apply(adapted):
    _, drawer = adapted
    kalam, one = drawer.style_spec.pick(["kalam", "one"])
    content = torch.rand(1, 1, 64, 64) * 2 - 1
    with torch.inference_mode():
        ends = [drawer.generate(content, each.vector[None]) for each in (kalam, one)]
        steps = [
            drawer.generate(content, torch.lerp(kalam.vector, one.vector, share)[None]) for share in (0.01, 0.5, 0.99)
        ]
    assert (steps[0] - ends[0]).abs().mean() < (steps[1] - ends[0]).abs().mean()
    assert (steps[2] - ends[1]).abs().mean() < (steps[1] - ends[1]).abs().mean()


def test_numbers_stay_the_trained_styles(adapted):
    base, drawer = adapted
    assert drawer.style_spec.names == base.style_spec.names
    assert [s.name for s in drawer.style_spec.draw(5, seed=3)] == [s.name for s in base.style_spec.draw(5, seed=3)]
    with pytest.raises(UsageError, match=r"unknown style 'on'\. Did you mean 'one'"):
        drawer.style_spec.pick(["on"])
