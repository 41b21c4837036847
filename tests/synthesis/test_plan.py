from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgen.synthesis.plan import Rounds

sizes = st.integers(1, 40)


@given(sizes, st.integers(1, 12), st.integers(0, 5), st.integers(0, 600))
def test_every_prefix_is_even(characters, styles, seed, count):
    drawn = Rounds(characters, styles, seed).at(np.arange(count))[0]
    counts = Counter(drawn.tolist())
    assert max(counts.values(), default=0) - min((counts[c] for c in range(characters)), default=0) <= 1


@given(sizes, st.integers(1, 12), st.integers(0, 5))
def test_a_cycle_holds_every_pair_once(characters, styles, seed):
    plan = Rounds(characters, styles, seed)
    for cycle in range(2):
        pairs = plan.at(np.arange(characters * styles) + cycle * characters * styles)
        assert len(set(zip(*(p.tolist() for p in pairs), strict=True))) == characters * styles


@given(sizes, st.integers(1, 12), st.integers(0, 5))
def test_a_round_holds_every_style_equally_often(characters, styles, seed):
    plan = Rounds(characters, styles, seed)
    for number in range(3):
        drawn = plan.at(np.arange(characters) + number * characters)[1]
        counts = np.bincount(drawn, minlength=styles)
        assert counts.max() - counts.min() <= 1


@given(sizes, st.integers(1, 12), st.integers(0, 2**62), st.lists(st.integers(0, 10**9), min_size=1, max_size=20))
def test_a_sample_depends_on_the_seed_and_its_number_alone(characters, styles, seed, index):
    for shares in ((), tuple((np.arange(characters) + 1) / characters)):
        plan = Rounds(characters, styles, seed, shares)
        together = plan.at(np.array(index))
        for row, number in enumerate(index):
            alone = plan.at(np.array([number]))
            assert (alone[0][0], alone[1][0]) == (together[0][row], together[1][row])
        assert together[0].max() < characters
        assert together[1].max() < styles


def test_frequencies_are_kept():
    drawn = Rounds(3, 2, 0, (0.7, 0.9, 1.0)).at(np.arange(20_000))[0]
    np.testing.assert_allclose(np.bincount(drawn) / 20_000, (0.7, 0.2, 0.1), atol=0.015)


def test_seeds_differ():
    plans = [Rounds(50, 5, seed).at(np.arange(100)) for seed in (0, 1)]
    assert not np.array_equal(plans[0][0], plans[1][0])
    assert not np.array_equal(plans[0][1], plans[1][1])


def test_weights_that_are_not_finite_are_refused(trained, tmp_path):
    import torch
    from safetensors import safe_open
    from safetensors.torch import save_file

    from handgen.checkpoints import files
    from handgen.errors import CheckpointError
    from handgen.sources.loading import build

    with safe_open(trained, framework="pt") as file:
        tensors, header = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118
    name = next(name for name, tensor in tensors.items() if tensor.is_floating_point() and tensor.numel() > 1)
    tensors[name] = torch.full_like(tensors[name], float("nan"))
    save_file(tensors, tmp_path / "model.safetensors", metadata=header)
    with pytest.raises(CheckpointError, match=r"not finite .*Train it again"):
        build(files.load(tmp_path / "model.safetensors"))


def test_samples_that_are_all_blank_are_not_written():
    from handgen.errors import DatasetError
    from handgen.formats.base import Sample
    from handgen.synthesis.write import _refuse_blank

    blank = [Sample(i, "a", np.full((8, 8), 255, np.uint8), {}) for i in range(8)]
    with pytest.raises(DatasetError, match="all blank"):
        _refuse_blank(blank)
    inked = np.full((8, 8), 255, np.uint8)
    inked[2:5, 3] = 0
    _refuse_blank([*blank, Sample(8, "a", inked, {})])
    _refuse_blank(blank[:2])
