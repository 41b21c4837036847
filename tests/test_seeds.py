from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from handgen.seeds import SampleKey, derive, generator, uniforms

SEEDS = st.integers(0, 2**63)


@given(SEEDS, st.lists(st.integers(0, 2**40), min_size=1, max_size=20), st.integers(1, 9))
def test_a_row_is_a_function_of_its_index_alone(seed, index, columns):
    together = uniforms(seed, "x", np.array(index), columns)
    assert together.shape == (len(index), columns)
    for row, i in zip(together, index, strict=True):
        assert np.array_equal(row, uniforms(seed, "x", np.array([i]), columns)[0])


def test_uniforms_are_uniform_and_independent():
    drawn = uniforms(3, "noise", np.arange(20_000), 4)
    assert drawn.min() >= 0
    assert drawn.max() < 1
    for column in drawn.T:
        counts = np.histogram(column, 20, (0, 1))[0]
        assert np.abs(counts - 1000).max() < 150  # 5 standard deviations
    between_columns = np.corrcoef(drawn.T)[np.triu_indices(4, 1)]
    neighbors = np.corrcoef(drawn[:-1, 0], drawn[1:, 0])[0, 1]
    assert np.abs([*between_columns, neighbors]).max() < 0.035
    assert len(np.unique(drawn)) == drawn.size


def test_another_seed_or_purpose_draws_other_numbers():
    index = np.arange(5000)
    first = uniforms(0, "a", index, 1)[:, 0]
    for other in (uniforms(1, "a", index, 1), uniforms(0, "b", index, 1)):
        assert abs(np.corrcoef(first, other[:, 0])[0, 1]) < 0.07


@given(SEEDS, st.lists(st.text(max_size=5) | st.integers(), max_size=3))
def test_generators_repeat(seed, key):
    assert generator(seed, *key).integers(2**60) == generator(seed, *key).integers(2**60)


def test_generators_of_other_keys_are_independent():
    keys = [(0, "batch", 7), (0, "batch", 8), (1, "batch", 7), (0, "style", 7), (0, "batch7"), (0, "batch", 7, 0)]
    drawn = np.array([generator(*key).standard_normal(5000) for key in keys])
    assert len({derive(*key) for key in keys}) == len(keys)
    assert np.abs(np.corrcoef(drawn)[np.triu_indices(len(keys), 1)]).max() < 0.07


def splitmix64(state):
    """Steele et al. 2014, figure 17, in plain integers: the next state and the output."""
    state = (state + 0x9E3779B97F4A7C15) % 2**64
    z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return state, z ^ (z >> 31)


def test_what_seeds_give_never_changes():
    # Or datasets and splits of earlier versions would not come out again.
    assert splitmix64(0)[1] == 0xE220A8397B1DCDAF  # the published first output
    assert derive(7, "split") == 8385562976407820331
    state, outputs = derive(7, "vary"), []
    for _ in range(30):
        state, output = splitmix64(state)
        outputs.append((output >> 11) / 2**53)
    assert uniforms(7, "vary", np.arange(10), 3).flatten().tolist() == outputs


@given(SEEDS, st.lists(st.tuples(*[st.integers(0, 2**40)] * 3), min_size=1, max_size=8))
def test_sample_keys_follow_from_their_numbers_alone(seed, numbers):
    parts = np.array(numbers, np.int64).T
    key = SampleKey.of(seed, *parts)
    together = key.keys("pen")
    assert len(key) == len(numbers)
    for row, each in enumerate(numbers):
        alone = SampleKey.of(seed, *(np.array([part]) for part in each)).keys("pen")
        assert alone[0] == together[row] == key[np.array([row])].keys("pen")[0]
    assert len(set(together.tolist())) == len(set(numbers))
    assert not set(together.tolist()) & set(key.keys("vary").tolist())
    assert not set(together.tolist()) & set(SampleKey.of(seed + 1, *parts).keys("pen").tolist())


def test_characters_of_a_line_share_what_single_characters_do_not():
    line = SampleKey.of(3, np.array([8, 8, 9]), np.array([1, 2, 1]), np.array([0, 1, 0])).shared("latent")
    assert line[0] == line[1] != line[2]
    single = SampleKey.of(3, np.array([8, 8]), 0, np.array([0, 1])).shared("latent")
    assert single[0] != single[1]
