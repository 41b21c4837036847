"""Apple's GPUs have no double precision, so tensors are moved to the CPU before they are converted."""

from __future__ import annotations

import pytest
import torch
from torch.overrides import TorchFunctionMode

from handgen.metrics.diversity import mean_pairwise_l1
from handgen.metrics.l1 import L1
from handgen.models.styles import Latents


class DoubleAfterMove(TorchFunctionMode):
    """Refuses ``double`` of a tensor that ``cpu`` did not return: on another device it would fail."""

    def __init__(self):
        super().__init__()
        self.moved = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is torch.Tensor.double and not any(args[0] is tensor for tensor in self.moved):
            raise TypeError("no float64 on this device")
        result = func(*args, **kwargs or {})
        if func is torch.Tensor.cpu:
            self.moved.append(result)
        return result


IMAGES = torch.linspace(-1, 1, 4 * 32 * 32).reshape(4, 1, 32, 32)


@pytest.mark.parametrize(
    "compute",
    [
        lambda: L1().update(IMAGES, -IMAGES),
        lambda: mean_pairwise_l1(IMAGES),
        lambda: Latents("abcd", torch.eye(4)[:, :2]),
    ],
    ids=["metric", "diversity", "latents"],
)
def test_double_precision_is_of_the_cpu_alone(compute):
    with DoubleAfterMove():
        compute()
