from __future__ import annotations

from pathlib import Path

import pytest

from handgen.cli import run
from tests.cli.conftest import latents, untrained  # noqa: F401 - fixtures
from tests.ocr.conftest import digits, reading  # noqa: F401 - fixtures


@pytest.fixture(scope="session")
def digit_run(digits, tmp_path_factory):  # noqa: F811
    """The run folder of a small Zi2Zi of seven hands' digits."""
    import torch

    from handgen.models.zi2zi import Zi2ZiConfig
    from handgen.training.gan import open_run
    from handgen.training.plan import plan_training
    from handgen.training.settings import TrainSettings

    out = tmp_path_factory.mktemp("runs") / "digits"
    settings = TrainSettings(images=8, batch=4, lr=0.002)
    plan = plan_training("zi2zi", settings, Zi2ZiConfig(width=4, code_dim=8), digits, out)
    open_run(plan, torch.device("cpu")).run(lambda progress: None)
    return out


@pytest.fixture(scope="session")
def shipping(digit_run, reading, trained, tmp_path_factory):  # noqa: F811
    """A folder with weights called ``zh``, which read and draw digits, and ``en``, of letters and without a reader."""
    folder = tmp_path_factory.mktemp("weights")
    for name, model, *more in (("zh", digit_run, "--recognizer", reading), ("en", trained)):
        words = ["models", "export", model, "--name", name, "--out", folder / name, *more]
        assert run([str(word) for word in words]) == 0
    return folder


@pytest.fixture
def shipped(shipping, monkeypatch, tmp_path) -> Path:
    """The same as what this installation comes with, seen from an empty folder."""
    monkeypatch.setattr("handgen.weights.ROOT", shipping)
    monkeypatch.chdir(tmp_path)
    return shipping
