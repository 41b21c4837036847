from __future__ import annotations

import itertools
import json
from types import SimpleNamespace

import fontpkg
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from handgen.checkpoints import files as checkpoint
from handgen.cli.main import app
from handgen.errors import CheckpointError, StoreError, UsageError
from handgen.models.base import DrawnStyle
from handgen.ocr.reader import RECOGNIZER, load_reader, load_recognizer
from handgen.ocr.recognizer import FEATURES, Recognizer
from handgen.ocr.suspicion import SURE
from handgen.synthesis.floors import calibrate
from handgen.training.augment import augment
from handgen.training.calibration import find_temperature
from handgen.training.read_glyphs import LabeledGlyphs
from handgen.training.recognizer import RecognizerSettings, open_run
from tests.conftest import render_store, same_state

CPU = torch.device("cpu")


@pytest.fixture
def reader(reading):
    return load_reader(reading, CPU)


@pytest.fixture
def kalam_digits(digits):
    (number,) = [number for number, style in enumerate(digits.styles) if style.name == "kalam"]
    rows = digits.rows(number)
    return np.array(digits.images[rows]), [str(char) for char in digits.labels["char"][rows]]


def test_it_reads_a_font_that_it_never_saw(reader, kalam_digits):
    images, chars = kalam_digits
    found = reader.read(images, top=3)
    assert sum(reader.charset[best] == char for best, char in zip(found.chars[:, 0], chars, strict=True)) >= 8
    assert found.chars.shape == found.confidence.shape == (10, 3)
    assert (np.diff(found.confidence, axis=1) <= 0).all()
    assert (found.confidence.sum(1) <= 1.0001).all()


def test_the_margin_is_positive_just_where_the_label_is_read(reader, kalam_digits):
    images, _ = kalam_digits
    first = reader.read(images, top=2)
    labels = np.arange(10) % len(reader.charset)
    probability, margin = reader.confidence(images, labels)
    np.testing.assert_array_equal(margin > 0, first.chars[:, 0] == labels)
    own, twice = reader.confidence(images, first.chars[:, 0])
    np.testing.assert_allclose(own, first.confidence[:, 0], rtol=1e-4)
    np.testing.assert_allclose(twice, np.log(first.confidence[:, 0] / first.confidence[:, 1]), rtol=1e-3, atol=1e-4)
    assert (probability <= own + 1e-6).all()


def test_images_of_another_size_are_read_alike(reader, kalam_digits):
    images, _ = kalam_digits
    twice = images.repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_array_equal(reader.read(twice, top=1).chars, reader.read(images, top=1).chars)
    np.testing.assert_array_equal(reader.features(twice).shape, (10, FEATURES))


def test_what_is_unknown_has_no_number(reader):
    assert [reader.number(char) for char in "0银"] == [0, -1]


def test_a_stopped_run_goes_on_exactly(digits, tmp_path):
    glyphs = LabeledGlyphs([digits.path])
    settings = RecognizerSettings(images=192, batch=32, width=4, holdout_fonts="2")
    whole = open_run(settings, glyphs, tmp_path / "whole", CPU)
    assert whole.run(lambda progress: None)

    parts = open_run(settings, glyphs, tmp_path / "parts", CPU)
    step = parts.task.step

    def last_step(images):
        if images == 64:
            parts.stop()
        return step(images)

    parts.task.step = last_step
    assert not parts.run(lambda progress: None)
    again = open_run(settings, glyphs, tmp_path / "parts", CPU)
    assert again.images == 96
    assert again.run(lambda progress: None)
    same_state(tmp_path / "whole", tmp_path / "parts")
    assert open_run(settings, glyphs, tmp_path / "parts", CPU).run(lambda progress: pytest.fail("trained on"))


def test_a_longer_run_that_was_killed_before_its_measurement_is_measured(digits, tmp_path):
    glyphs = LabeledGlyphs([digits.path])

    def open_with(images):
        settings = RecognizerSettings(images=images, batch=32, width=4, holdout_fonts="2")
        return open_run(settings, glyphs, tmp_path / "run", CPU)

    def end(engine):
        raise KeyboardInterrupt

    assert open_with(32).run(lambda progress: None)
    longer = open_with(64)
    longer.task.end = end
    with pytest.raises(KeyboardInterrupt):
        longer.run(lambda progress: None)
    again = open_with(64)
    assert again.run(lambda progress: None)
    assert [line["images"] for line in again.folder.measurements()] == [32, 64]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_calibration_finds_the_temperature(temperature):
    torch.manual_seed(0)
    logits = 3 * torch.randn(20_000, 10)
    labels = torch.distributions.Categorical(logits=logits / temperature).sample()
    assert find_temperature(logits, labels) == pytest.approx(temperature, rel=0.05)


def test_variation_is_a_function_of_its_generator_and_keeps_the_range(digits):
    images = torch.from_numpy(np.array(digits.images[:16])).float()[:, None] / 127.5 - 1
    first, again, other = (augment(images, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.min() >= -1
    assert first.max() <= 1
    assert (first.amin((1, 2, 3)) < 0.6).all()  # no glyph is lost


def test_fonts_of_several_stores_are_learned_together(digits, tmp_path, heiti, zeyada):
    shadows = fontpkg.path("Shadows Into Light")
    more = render_store(tmp_path / "more", heiti, [zeyada, shadows], "89AB", align=False)
    new = more.styles[2].name
    glyphs = LabeledGlyphs([digits.path, more.path])
    assert glyphs.charset == "0123456789AB"
    assert glyphs.fonts.count("zeyada") == 1
    rows = glyphs.of_fonts(["zeyada"])
    assert len(rows) == 14
    assert sorted(glyphs.charset[number] for number in glyphs.char[rows]) == sorted("012345678989AB")
    (number,) = np.flatnonzero((glyphs.font == glyphs.fonts.index(new)) & (glyphs.char == 11))
    (row,) = np.flatnonzero((more.labels["char"] == "B") & (more.labels["style"] == 2))
    drawn = ((glyphs.images(np.array([number]))[0, 0] + 1) * 127.5).round().byte().numpy()
    np.testing.assert_array_equal(drawn, more.images[row])


@pytest.mark.parametrize(("wanted", "why"), [("zeyad", "Did you mean 'zeyada'"), ("7", "none of 7 fonts")])
def test_fonts_that_cannot_be_held_out(digits, wanted, why):
    with pytest.raises(UsageError) as error:
        LabeledGlyphs([digits.path]).held_out_fonts(wanted, seed=0)
    assert why in f"{error.value} {error.value.remedy}"


def test_one_character_is_nothing_to_tell_apart(digits):
    with pytest.raises(StoreError, match="fewer than two"):
        LabeledGlyphs([digits.path], "7x")


def test_damaged_and_foreign_files_give_one_line(reading, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="no recognizer was found"):
        load_recognizer(None)
    with pytest.raises(UsageError, match="no recognizer at"):
        load_recognizer(tmp_path)
    with pytest.raises(CheckpointError, match="holds a zi2zi, not a recognizer"):
        load_recognizer(trained)
    short = tmp_path / "runs" / "short" / RECOGNIZER
    short.parent.mkdir(parents=True)
    short.write_bytes((reading / RECOGNIZER).read_bytes()[:-1000])
    with pytest.raises(CheckpointError, match="damaged"):
        load_recognizer(None)
    loaded = checkpoint.load(reading / RECOGNIZER)
    checkpoint.save(short, loaded.tensors, {**loaded.facts, "layout": 1})
    with pytest.raises(CheckpointError, match="another version of handgen"):
        load_recognizer(None)


def test_a_run_ends_when_its_time_is_over(digits, tmp_path, monkeypatch):
    clock = SimpleNamespace(monotonic=itertools.count().__next__)  # a second from one look to the next
    monkeypatch.setattr("handgen.training.engine.time", clock)
    settings = RecognizerSettings(images=10**9, minutes=0.2, batch=16, width=4)
    training = open_run(settings, LabeledGlyphs([digits.path]), tmp_path / "run", CPU)
    rates = []
    step = training.task.step

    def watched(images):
        done = step(images)
        rates.append(training.task.optimizer.param_groups[0]["lr"])
        return done

    training.task.step = watched
    assert training.run(lambda progress: None)
    assert training.images == 16 * 12 == 16 * len(rates)
    assert rates[-1] < max(rates) / 10
    assert open_run(settings, LabeledGlyphs([digits.path]), tmp_path / "run", CPU).done


def test_the_budget_fits_the_charset():
    assert RecognizerSettings().fitted(62).images == 50_000
    assert RecognizerSettings().fitted(6763).images == 200 * 6763
    assert RecognizerSettings(images=7).fitted(6763).images == 7


def test_it_knows_what_to_ask_of_each_font(reader, digits):
    assert set(reader.floors) == {style.name for style in digits.styles}
    assert max(reader.floors.values()) <= round(SURE, 2)
    style = DrawnStyle("kalam", torch.zeros(2), {"kalam": 1.0})
    assert calibrate(reader, [style], None, lambda number: pytest.fail("drawn")) == (reader.floors["kalam"],)


def test_sizes_that_halving_does_not_reach_are_refused():
    with pytest.raises(ValueError, match="multiple of 32"):
        Recognizer("ab", size=40)


def test_the_command_trains_and_measures_each_font(digits, tmp_path):
    words = ["train", "recognizer", "--data", digits.path, "--out", tmp_path / "run", "--json"]
    words += ["--images", "128", "--batch", "32", "--width", "4", "--holdout-fonts", "kalam,zeyada", "--device", "cpu"]
    done = CliRunner().invoke(app, list(map(str, words)))
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["done"]
    assert set(said["held_out"]) == {"kalam", "zeyada"}
    assert set(load_recognizer(tmp_path / "run").charset) == set("0123456789")
    more = CliRunner().invoke(app, list(map(str, [*words, "--lr", "0.1"])))
    assert isinstance(more.exception, UsageError)
    assert "lr 0.003 -> 0.1" in str(more.exception)
