from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported; test processes run side by side

import sys
from pathlib import Path

import fontpkg
import pylopdf_fonts_zh_cn
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from hypothesis import settings

settings.register_profile("handgen", deadline=None)  # machines differ in speed
settings.load_profile("handgen")

UPEM = 1000
LONG = ("tests/test_portable.py", "tests/test_benchmarks.py", "tests/synthesis/test_shards.py", "tests/training/",
        "tests/models/", "tests/transfer/")  # fmt: skip
"""What takes long begins first, or the last file would keep one of the test processes waiting for the other."""


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: next((i for i, long in enumerate(LONG) if item.nodeid.startswith(long)), len(LONG)))


@pytest.fixture(autouse=True)
def nothing_shipped(monkeypatch, tmp_path_factory):
    """Let no test depend on the weights that this copy of handgen happens to come with; returns the empty folder."""
    empty = tmp_path_factory.getbasetemp() / "no-weights"
    monkeypatch.setattr("handgen.weights.ROOT", empty)
    return empty


def rectangle(left, bottom, right, top):
    """A contour in font units, clockwise as TrueType wants it."""
    return [(left, bottom), (left, top), (right, top), (right, bottom)]


BOX = (rectangle(100, 0, 700, 800), rectangle(650, 50, 650, 750)[::-1])
"""The shape of .notdef unless another is given."""


def _glyph(contours):
    pen = TTGlyphPen(None)
    for contour in contours:
        pen.moveTo(contour[0])
        for point in contour[1:]:
            pen.lineTo(point)
        pen.closePath()
    return pen.glyph()


def build_font(path, shapes, *, notdef=BOX, advance=1000, family="Tiny"):
    """Write a TrueType font that draws each character of ``shapes`` as its contours."""
    names = {char: f"u{ord(char):04X}" for char in shapes}
    builder = FontBuilder(UPEM, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap({ord(char): name for char, name in names.items()})
    glyphs = {".notdef": _glyph(notdef), **{names[char]: _glyph(shapes[char]) for char in shapes}}
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics({name: (advance, getattr(glyph, "xMin", 0)) for name, glyph in glyphs.items()})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return Path(path)


@pytest.fixture
def tiny_font(tmp_path):
    """Make a font: ``tiny_font("name.ttf", {char: [contour, ...]}, notdef=..., advance=..., family=...)``."""

    def make(name, shapes, **options):
        return build_font(tmp_path / name, shapes, **options)

    return make


@pytest.fixture(scope="session")
def heiti():
    """A Chinese sans, from pip: all of GB2312, CFF outlines."""
    return Path(pylopdf_fonts_zh_cn.sans_path())


@pytest.fixture(scope="session")
def caveat():
    """A Latin hand, from pip: a variable font."""
    return Path(fontpkg.path("Caveat"))


@pytest.fixture(scope="session")
def kalam():
    return Path(fontpkg.path("Kalam"))


@pytest.fixture(scope="session")
def zeyada():
    return Path(fontpkg.path("Zeyada"))


@pytest.fixture(scope="session")
def indie_flower():
    return Path(fontpkg.path("Indie Flower"))


@pytest.fixture(scope="session")
def dancing_script():
    """A Latin hand whose letters join."""
    return Path(fontpkg.path("Dancing Script"))


@pytest.fixture(scope="session")
def permanent_marker():
    """A Latin hand whose small letters are capitals."""
    return Path(fontpkg.path("Permanent Marker"))


@pytest.fixture(scope="session")
def amiri():
    """An Arabic font, with marks."""
    return Path(fontpkg.path("Amiri"))


@pytest.fixture(scope="session")
def frank():
    """A Hebrew font, with points; a variable font."""
    return Path(fontpkg.path("Frank Ruhl Libre"))


CLIENT = """
import os, shutil, sys
option = "--pack-destination" if "pack" in sys.argv else "--dest"
folder = sys.argv[sys.argv.index(option) + 1]
wanted = next(word for word in sys.argv if word in os.environ["FAKE_WANTED"].split())
if archive := os.environ.get("FAKE_ARCHIVE"):
    shutil.copy(archive, folder)
else:
    sys.exit(f"npm warn old\\nnpm error code E404\\nnpm error 404 no {wanted}\\nnpm error A complete log of this run")
"""


@pytest.fixture
def clients(tmp_path, monkeypatch):
    """Stand-ins for npm and pip that serve one local archive: ``clients(archive)``, or fail: ``clients(None)``."""
    programs = tmp_path / "bin"
    (programs / "pip").mkdir(parents=True)
    (programs / "pip" / "__init__.py").touch()
    (programs / "pip" / "__main__.py").write_text(CLIENT)
    npm = programs / "npm"
    npm.write_text(f"#!{sys.executable}\n{CLIENT}")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("PYTHONPATH", str(programs))
    monkeypatch.setenv("FAKE_WANTED", "@tiny/hand@1.2.0 tiny-pip==3.0 hanzi-writer-data@2.0.1")

    def serve(archive):
        monkeypatch.setenv("FAKE_ARCHIVE", str(archive or ""))

    return serve


def render_store(path, source, targets, chars, **options):
    """Render characters of some fonts into a glyph store and open it."""
    from handgen.collect.render import make_plan, render
    from handgen.collect.settings import RenderSettings
    from handgen.glyphs.store import GlyphStore

    charset = path.with_suffix(".txt")
    charset.write_text(chars, encoding="utf-8")
    fonts = [str(target) for target in targets]
    render(make_plan(RenderSettings(str(source), out=path, targets=fonts, charset=str(charset), workers=1, **options)))
    return GlyphStore(path)


@pytest.fixture(scope="session")
def store(tmp_path_factory, heiti, kalam, indie_flower):
    """Heiti -> two Latin hands, 40 characters at 64 pixels."""
    path = tmp_path_factory.mktemp("stores") / "two"
    return render_store(path, heiti, (kalam, indie_flower), "ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghmnqrt23")


@pytest.fixture(scope="session")
def bigger_store(tmp_path_factory, heiti, kalam, indie_flower, zeyada):
    """The same with a third hand, in another order, and with four more characters."""
    path = tmp_path_factory.mktemp("stores") / "three"
    targets = (zeyada, kalam, indie_flower)
    return render_store(path, heiti, targets, "ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghmnqrt235678")


def same_state(first, second):
    """Assert that two run folders stand at the same point: weights, averages, optimizers, images."""
    import torch

    from handgen.checkpoints import files as checkpoint

    one, other = (checkpoint.load(path / "state.safetensors") for path in (first, second))
    assert one.facts == other.facts
    assert set(one.tensors) == set(other.tensors)
    assert [key for key, tensor in one.tensors.items() if not torch.equal(tensor, other.tensors[key])] == []


class Trainer:
    """An engine, its task and its plan under one name: what one lacks, the next has."""

    def __init__(self, engine):
        self.engine, self.task, self.plan = engine, engine.task, engine.task.plan

    def __getattr__(self, name):
        for part in (self.engine, self.task, self.plan):
            if hasattr(part, name):
                return getattr(part, name)
        raise AttributeError(name)


def small_trainer(name, store, out, start=None, **given):
    """Make a small trainer; settings of the run and of the model are told apart by their names."""
    import dataclasses

    import torch

    from handgen.models import MODELS
    from handgen.training.gan import open_run
    from handgen.training.plan import plan_training
    from handgen.training.settings import TrainSettings

    config = MODELS.load(name).Config
    own = {field.name for field in dataclasses.fields(config)}
    small = {key: value for key, value in {"width": 4, "code_dim": 8}.items() if key in own}
    mine = small | {key: value for key, value in given.items() if key in own}
    shared = {"images": 8, "batch": 4} | {key: value for key, value in given.items() if key not in own}
    plan = plan_training(name, TrainSettings(**shared), config(**mine), store, out, start)
    return Trainer(open_run(plan, torch.device("cpu")))


@pytest.fixture
def make_trainer(store, tmp_path):
    """Make a small trainer: ``make_trainer("zi2zi", out="run", start=..., width=..., images=..., ...)``."""

    def make(name="zi2zi", *, on=store, out="run", start=None, **given):
        return small_trainer(name, on, tmp_path / out, start, **given)

    return make


@pytest.fixture
def toy_model():
    """Register ``toy``, a model that is nothing but a class and this line."""
    from handgen.models import MODELS

    MODELS.register("toy", "tests.models.toy:Toy", "a toy")
    yield
    MODELS.unregister("toy")


def train_small(store, out):
    """Train a small Zi2Zi for two steps; return its model file."""
    from handgen.checkpoints.files import MODEL

    small_trainer("zi2zi", store, out).run(lambda progress: None)
    return out / MODEL


@pytest.fixture(scope="session")
def trained(store, tmp_path_factory):
    """The model file of a small Zi2Zi trained for two steps: it draws badly, but all else is real."""
    return train_small(store, tmp_path_factory.mktemp("runs") / "small")


DIGIT_FONTS = ["Kalam", "Zeyada", "Indie Flower", "Satisfy", "Delius", "Caveat"]


@pytest.fixture(scope="session")
def digits(tmp_path_factory, heiti):
    """Ten digits in seven real fonts."""
    path = tmp_path_factory.mktemp("digits") / "store"
    return render_store(path, heiti, [fontpkg.path(name) for name in DIGIT_FONTS], "0123456789", align=False)


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
