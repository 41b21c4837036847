from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from handgen.glyphs.store import to_unit
from handgen.losses.recognition import RecognizerLoss
from handgen.ocr.recognizer import Recognizer

CPU = torch.device("cpu")


@pytest.fixture
def recognizer():
    torch.manual_seed(0)
    made = Recognizer("CAB", width=4)
    made.temperature.fill_(2.0)
    return made


@pytest.fixture
def glyphs(store):
    return to_unit(np.array(store.images[:3]))[:, None]


def test_a_number_of_the_model_finds_the_same_character_in_the_recognizer(recognizer, glyphs):
    loss = RecognizerLoss(recognizer, "ABC", CPU)
    logits = recognizer(glyphs) / 2
    expected = F.cross_entropy(logits, torch.tensor([1, 2, 0]))  # where A, B and C stand in "CAB"
    assert torch.allclose(loss(glyphs, torch.arange(3)), expected)


def test_what_it_does_not_know_counts_as_nothing(recognizer, glyphs):
    loss = RecognizerLoss(recognizer, "A银B", CPU)
    drawn = glyphs.clone().requires_grad_()
    some = loss(drawn, torch.tensor([0, 1, -1]))
    assert torch.allclose(some, loss(glyphs[:1], torch.tensor([0])) / 3, atol=1e-6)
    (gradient,) = torch.autograd.grad(some, drawn)
    assert gradient[0].any()
    assert not gradient[1:].any()
    none = loss(drawn, torch.tensor([1, -1, 1]))
    assert none == 0
    (gradient,) = torch.autograd.grad(none, drawn)
    assert not gradient.any()


def test_the_gradient_reaches_the_drawing_and_not_the_recognizer(recognizer, glyphs):
    loss = RecognizerLoss(recognizer, "ABC", CPU)
    before = {name: tensor.clone() for name, tensor in recognizer.state_dict().items()}
    drawn = glyphs.clone().requires_grad_()
    value = loss(drawn, torch.arange(3))
    value.backward()
    assert loss(drawn - 0.02 * drawn.grad.sign(), torch.arange(3)) < value
    assert all(parameter.grad is None for parameter in recognizer.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in recognizer.state_dict().items())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("size", [64, 128])
def test_half_precision_and_larger_glyphs_come_near(recognizer, glyphs, dtype, size):
    loss, char = RecognizerLoss(recognizer, "ABC", CPU), torch.arange(3)
    expected = loss(glyphs, char)
    drawn = F.interpolate(glyphs, scale_factor=size / 64).to(dtype).requires_grad_()
    with torch.autocast("cpu", dtype):
        value = loss(drawn, char)
    assert value.dtype == torch.float32
    assert torch.allclose(value, expected, rtol=0.05)
    value.backward()
    assert drawn.grad.isfinite().all()
