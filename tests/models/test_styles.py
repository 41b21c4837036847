from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from handgen.errors import UsageError
from handgen.models.styles import CodeTable, Latents, gaussian_code, simplex_least_squares, vectors
from handgen.seeds import keys

NAMES = ("kai", "xing", "cao")
TABLE = CodeTable(NAMES, torch.stack([gaussian_code(name, 16, 0) for name in NAMES]))


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 2**40))
def test_the_first_styles_do_not_change_with_the_count(count, other, seed):
    many, few = TABLE.draw(max(count, other), seed), TABLE.draw(min(count, other), seed)
    assert len(few) == min(count, other)
    for mine, theirs in zip(few, many, strict=False):
        assert mine.name == theirs.name
        assert torch.equal(mine.vector, theirs.vector)


@given(st.integers(0, 2**40))
def test_mixtures_are_convex_and_named_for_their_parents(seed):
    styles = TABLE.draw(20, seed)
    assert [style.name for style in styles[:3]] == list(NAMES)
    assert len({style.name for style in styles}) == 20
    codes = {style.name: style.vector for style in styles[:3]}
    for style in styles[3:]:
        assert len(style.weights) == 2
        assert sum(style.weights.values()) == pytest.approx(1)
        assert all(0.2 <= weight <= 0.8 for weight in style.weights.values())
        assert all(name in style.name for name in style.weights)
        mixed = sum(weight * codes[name] for name, weight in style.weights.items())
        assert torch.allclose(mixed, style.vector, atol=1e-3)


def test_another_seed_mixes_otherwise():
    assert [style.name for style in TABLE.draw(9, 0)] != [style.name for style in TABLE.draw(9, 1)]


def test_styles_are_picked_by_name_in_the_order_asked():
    assert [style.name for style in TABLE.pick(["cao", "kai"])] == ["cao", "kai"]
    assert TABLE.pick(["xing"])[0].weights == {"xing": 1.0}
    with pytest.raises(UsageError, match=r"unknown style 'xin'\. Did you mean 'xing'"):
        TABLE.pick(["kai", "xin"])


def test_one_style_cannot_be_mixed():
    alone = CodeTable(("kai",), gaussian_code("kai", 16, 0)[None])
    assert [style.name for style in alone.draw(1, 0)] == ["kai"]
    with pytest.raises(UsageError, match=r"2 styles were asked for.*Use --styles 1"):
        alone.draw(2, 0)


def test_codes_are_standard_normal():
    codes = torch.stack([gaussian_code(f"style {number}", 64, 0) for number in range(100)])
    assert codes.mean().abs() < 0.05
    assert (codes.std() - 1).abs() < 0.05


def test_drawn_latents_are_apart_and_none_is_out_of_the_way():
    latents = Latents(("a",), torch.zeros(1, 8))
    drawn = torch.stack([style.vector for style in latents.draw(30, seed=0)])
    assert drawn.norm(dim=1).max() <= 8**0.5 + 1e-5
    apart = torch.cdist(drawn, drawn) + 10 * torch.eye(30)
    plain = torch.randn(30, 8, generator=torch.Generator().manual_seed(0))
    assert apart.min() > (torch.cdist(plain, plain) + 10 * torch.eye(30)).min()
    assert torch.equal(drawn[:7], torch.stack([style.vector for style in latents.draw(7, seed=0)]))


def test_latents_are_drawn_from_where_the_styles_lie():
    torch.manual_seed(0)
    turned = torch.linalg.qr(torch.randn(4, 4)).Q
    points = 5 + torch.randn(400, 4) * torch.tensor([0.1, 0.5, 1.0, 2.0]) @ turned
    latents = Latents([str(number) for number in range(400)], points)
    drawn = torch.stack([style.vector for style in latents.draw(300, seed=1)])
    assert torch.allclose(drawn.mean(0), points.mean(0), atol=0.25)
    lengths = [((drawn - drawn.mean(0)) @ axis).std() for axis in turned]
    assert torch.stack(lengths) == pytest.approx([0.1, 0.5, 1.0, 2.0], rel=0.35)


def test_too_few_styles_say_nothing_of_where_styles_lie():
    few, none = Latents(["a", "b"], torch.full((2, 4), 9.0)), Latents([], torch.zeros(0, 4))
    for one, other in zip(few.draw(5, seed=0), none.draw(5, seed=0), strict=True):
        assert torch.equal(one.vector, other.vector)


def test_continuous_latents_are_of_the_prior():
    latents = Latents([str(number) for number in range(40)], 5 + torch.randn(40, 4))
    drawn = vectors([latents.continuous()] * 2000, keys(0, np.arange(2000)))
    assert drawn.mean(0).abs().max() < 0.1
    assert drawn.std(0) == pytest.approx([1.0] * 4, rel=0.1)


def test_shares_of_a_mixture_are_found():
    torch.manual_seed(0)
    drawings = torch.rand(5, 400)
    true = torch.tensor([0.0, 0.7, 0.0, 0.3, 0.0])
    assert torch.allclose(simplex_least_squares(drawings, true @ drawings), true, atol=0.02)
    outside = simplex_least_squares(drawings, 3 * drawings[2] - 2 * drawings[0])
    assert outside.min() >= 0
    assert outside.sum() == pytest.approx(1, abs=1e-5)
    assert outside.argmax() == 2
