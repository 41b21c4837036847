"""A minimal model: one phase, and random noise in training, as in models with latents."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from handgen.losses import basic as losses
from handgen.models.base import Model
from handgen.models.styles import CodeTable
from handgen.settings import Settings, setting


@dataclass(frozen=True)
class ToyConfig(Settings):
    width: int = setting(4, "Channels.", minimum=1, panel="Network")
    lambda_l1: float = setting(10.0, "Weight of L1.", minimum=0)


class ToyGenerator(nn.Module):
    def __init__(self, width, styles):
        super().__init__()
        self.first = nn.Conv2d(1, width, 3, padding=1)
        self.style = nn.Linear(styles, width)
        self.last = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, content, code):
        x = torch.relu(self.first(content) + self.style(code)[:, :, None, None])
        if self.training:
            x = x + 0.1 * torch.randn_like(x)
        return torch.tanh(self.last(x))


class Toy(Model):
    Config = ToyConfig
    phases: tuple[str, ...] = ("G",)
    critics = ()

    def __init__(self, config, size, styles, charset):
        super().__init__()
        self.config, self.styles = config, tuple(styles)
        self.register_buffer("codes", torch.eye(len(styles)))
        self.generator = ToyGenerator(config.width, len(styles))

    def phase_parameters(self, phase):
        return self.generator.parameters()

    @property
    def weights(self):
        return {"l1": self.config.lambda_l1}

    def prepare(self, batch):
        return batch, self.generate(batch.content, self.codes[batch.style])

    def losses(self, phase, step):
        batch, fake = step
        return {"l1": losses.l1(fake, batch.target), "tv": losses.tv(fake)}

    def generate(self, content, style):
        return self.generator(content, style)

    @property
    def style_spec(self):
        return CodeTable(self.styles, self.codes)
