from __future__ import annotations

from pathlib import Path

import pytest

from handgen.cli import run
from tests.cli.conftest import latents, untrained  # noqa: F401 - fixtures
from tests.conftest import small_trainer


@pytest.fixture(scope="session")
def digit_run(digits, tmp_path_factory):
    """The run folder of a small Zi2Zi of seven hands' digits."""
    out = tmp_path_factory.mktemp("runs") / "digits"
    small_trainer("zi2zi", digits, out, lr=0.002).run(lambda progress: None)
    return out


@pytest.fixture(scope="session")
def shipping(digit_run, reading, trained, tmp_path_factory):
    """A folder with weights called ``zh``, which draw and read digits, and ``latin``, of letters, without a reader."""
    folder = tmp_path_factory.mktemp("weights")
    for name, model, *more in (("zh", digit_run, "--recognizer", reading), ("latin", trained)):
        words = ["models", "export", model, "--name", name, "--out", folder / name, *more]
        assert run([str(word) for word in words]) == 0
    return folder


@pytest.fixture
def shipped(shipping, monkeypatch, tmp_path) -> Path:
    """The same as what this installation comes with, seen from an empty folder."""
    monkeypatch.setattr("handgen.weights.ROOT", shipping)
    monkeypatch.chdir(tmp_path)
    return shipping
