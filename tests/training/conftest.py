from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from handgen.sources import loading


@pytest.fixture
def trained(trained, tmp_path):
    """The run folder of a small Zi2Zi trained for two steps, to do with it what one likes."""
    return Path(shutil.copytree(trained.parent, tmp_path / "trained"))


@pytest.fixture
def start(trained):
    """Read the weights to begin a second stage with."""
    return loading.load_for_training(trained, "zi2zi")
