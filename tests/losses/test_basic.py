from __future__ import annotations

import math

import pytest
import torch

from handgen.losses import basic as losses


def test_distances():
    ink, paper = -torch.ones(2, 1, 8, 8), torch.ones(2, 1, 8, 8)
    assert float(losses.l1(ink, paper)) == 2
    assert float(losses.const(ink, paper)) == 4
    assert float(losses.l1(ink, ink)) == float(losses.const(ink, ink)) == 0


def test_category_is_the_cross_entropy_of_the_style():
    logits = torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])
    of_first = -math.log(math.exp(3) / sum(map(math.exp, (1, 2, 3))))
    assert float(losses.category(logits, torch.tensor([2, 0]))) == pytest.approx((of_first + math.log(3)) / 2)


def test_total_variation_sees_both_directions():
    image = torch.zeros(1, 1, 4, 4)
    assert float(losses.tv(image)) == 0
    image[..., 2:] = 1  # one step in each row: 4 of 12 horizontal differences
    assert float(losses.tv(image)) == pytest.approx((4 / 12) / 2)
    assert float(losses.tv(image.transpose(2, 3))) == pytest.approx((4 / 12) / 2)
