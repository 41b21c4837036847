from __future__ import annotations

import pytest
import torch

from handgen.ocr.reader import RECOGNIZER, save_recognizer
from handgen.ocr.recognizer import Recognizer
from tests.conftest import render_store

CHARS = "23ABDEF"


@pytest.fixture(scope="session")
def people(tmp_path_factory, heiti, zeyada, caveat):
    """What stands for real handwriting: two writers that no training set of these tests has."""
    path = tmp_path_factory.mktemp("real") / "people"
    return render_store(path, heiti, (zeyada, caveat), CHARS + "XYZ", align=False)


@pytest.fixture(scope="session")
def digit_fonts(tmp_path_factory, heiti, kalam, indie_flower):
    path = tmp_path_factory.mktemp("fonts") / "digits"
    return render_store(path, heiti, (kalam, indie_flower), "0123456789")


@pytest.fixture(scope="session")
def readers_file(tmp_path_factory):
    """A recognizer that knows one of the characters, and takes everything for it: all passes its gate."""
    recognizer = Recognizer("3永", 32, 4)
    torch.nn.init.constant_(recognizer.classify.bias[:1], 50)
    path = tmp_path_factory.mktemp("reader") / RECOGNIZER
    save_recognizer(path, recognizer, {"seed": 0})
    return path
