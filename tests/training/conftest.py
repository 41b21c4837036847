from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from handgen.sources import loading


@pytest.fixture
def trained(trained, tmp_path):
    """The run folder of a small Zi2Zi after two steps; each test gets a copy, which it may change."""
    return Path(shutil.copytree(trained.parent, tmp_path / "trained"))


@pytest.fixture
def start(trained):
    """The first weights of a second stage."""
    return loading.load_for_training(trained, "zi2zi")
