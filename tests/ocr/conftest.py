from __future__ import annotations

import fontpkg
import pytest

from tests.conftest import render_store

FONTS = ["Kalam", "Zeyada", "Indie Flower", "Satisfy", "Delius", "Caveat"]


@pytest.fixture(scope="session")
def digits(tmp_path_factory, heiti):
    """Ten digits in seven real fonts."""
    path = tmp_path_factory.mktemp("digits") / "store"
    return render_store(path, heiti, [fontpkg.path(name) for name in FONTS], "0123456789", align=False)


@pytest.fixture(scope="session")
def reading(digits, tmp_path_factory):
    """The run folder of a recognizer of digits that never saw Kalam."""
    import torch

    from handgen.training.read_glyphs import LabeledGlyphs
    from handgen.training.recognizer import RecognizerSettings, open_run

    settings = RecognizerSettings(images=4800, batch=64, width=8, holdout_fonts="kalam")
    out = tmp_path_factory.mktemp("runs") / "recognizer"
    engine = open_run(settings, LabeledGlyphs([digits.path]), out, torch.device("cpu"))
    assert engine.run(lambda progress: None)
    return out
