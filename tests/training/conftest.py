from __future__ import annotations

import pytest

from handgen.sources import loading


@pytest.fixture
def trained(make_trainer):
    """Train a small Zi2Zi for two steps; return its run folder."""
    trainer = make_trainer("zi2zi", out="trained")
    trainer.run(lambda progress: None)
    return trainer.folder.path


@pytest.fixture
def start(trained):
    """Read the weights to begin a second stage with."""
    return loading.load_for_training(trained, "zi2zi")
