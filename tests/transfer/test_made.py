"""Sets that recipes draw, whole and in parts; a few real samples; new samples at every step."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from handgen.cli import run
from handgen.cli.main import app
from handgen.errors import UsageError
from handgen.transfer.fresh import FreshGlyphs
from handgen.transfer.pools import open_real, parted
from handgen.transfer.sets import Evened, TrainingSet
from handgen.transfer.settings import TransferRequest
from handgen.transfer.training_sets import Materials, find_source, parts_of

CHARS = "0123"


@pytest.fixture(scope="module")
def recipe(tmp_path_factory, kalam, indie_flower):
    """Draws a font and a pen along another's lines, without a gate."""
    path = tmp_path_factory.mktemp("recipe") / "mine.yaml"
    sources = [
        f"- {{source: fonts, share: 1, vary: 0, fonts: '{kalam}'}}",
        f"- {{source: pen, share: 3, strokes: trace, font: '{indie_flower}', styles: continuous}}",
    ]
    path.write_text("gate: off\nsources:\n  " + "\n  ".join(sources) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def given():
    left, _ = parted(open_real("digits").of(CHARS), 0.5)
    return Materials(CHARS, (), None, None, "", "trace", left, None)


def drawn(source, count, seed=0):
    """Draw so many images of each character."""
    wanted, found = dict.fromkeys(CHARS, count), []
    for char, image in source.draw(wanted, seed):
        if wanted[char]:
            wanted[char] -= 1
            found.append((char, image.tobytes()))
    return found


def test_a_recipe_is_a_set_and_each_of_its_sources_and_the_rest_are(recipe, given):
    known = {"mine": given.synthesis(recipe=recipe)}
    assert parts_of("mine-each", known, given) == ["mine-fonts", "mine-pen"]
    assert parts_of("mine.each", known, given) == ["mine.fonts", "mine.pen"]
    assert parts_of("mine", known, given) == ["mine"]
    assert find_source("mine-fonts", known, given).identity() == find_source("mine.pen", known, given).identity()
    fonts, pen = (find_source(name, known, given) for name in ("mine.fonts", "mine.pen"))
    assert len(set(drawn(fonts, 10))) < 40  # one font at rest draws a character always alike
    assert len(set(drawn(pen, 10))) == 40
    wrong = {"mine-zh": "has no source 'zh'", "default2": "unknown training set"}
    for name, said in wrong.items():
        with pytest.raises(UsageError, match=said):
            find_source(name, known, given)
    with pytest.raises(UsageError, match="nothing is left"):
        find_source("one-fonts", {"one": fonts}, given)


def test_without_a_store_fonts_are_those_named_or_at_hand(given, kalam, indie_flower, tmp_path, monkeypatch):
    named = replace(given, fonts=f"{kalam},{indie_flower}")
    fonts, traced = (find_source(name, {}, named) for name in ("fonts", "traced"))
    assert fonts.about() == traced.about() == "2 fonts"
    assert len(set(drawn(fonts, 12))) == 2 * len(CHARS)  # at rest and without effects a font draws always alike
    assert len(set(drawn(traced, 12))) == 12 * len(CHARS)

    monkeypatch.chdir(tmp_path)
    asked = TransferRequest(real=("digits",))
    assert (asked.stores, asked.compared()) == ((), ("fonts", "default", "real"))
    store = Path("data/glyphs")
    store.mkdir(parents=True)
    assert (asked.stores, replace(asked, fonts=str(kalam)).stores) == ((store,), ())
    with pytest.raises(UsageError, match="--fonts and --data both name fonts"):
        TransferRequest(real=("digits",), fonts=str(kalam), data=(Path("mine"),))


def test_a_few_real_samples_are_the_same_in_every_set_and_a_quarter_of_it(recipe, given):
    known = {"mine": given.synthesis(recipe=recipe)}
    alone, beside = find_source("real2", known, given), find_source("mine+real2", known, given)
    few = set(drawn(alone.chosen(5), 6))
    assert len(few) == 2 * len(CHARS)
    assert few != set(drawn(alone.chosen(6), 6))
    mixed = drawn(beside.chosen(5), 8)
    assert Counter(char for char, image in mixed if (char, image) in few) == dict.fromkeys(CHARS, 2)
    assert len(mixed) == 8 * len(CHARS)
    with pytest.raises(UsageError, match=r"has \d+ images of '0' to learn from, not 900.*--shots"):
        find_source("real900", known, given)


def test_fresh_samples_never_come_again_and_are_the_same_when_a_training_goes_on(recipe, given, tmp_path):
    pen = find_source("mine.pen", {"mine": given.synthesis(recipe=recipe)}, given)
    a_set = TrainingSet("pen", pen, CHARS, 8, Evened(32, 20), frozenset())
    a_set.write(tmp_path / "set", 0, {}, lambda done: None)
    glyphs = FreshGlyphs(tmp_path / "set", a_set, 3, 40)  # drawn in blocks of forty
    steps = [glyphs.batch(np.arange(8), first, 16, 0) for first in range(0, 80, 16)]
    images = torch.cat([images for images, _ in steps])
    assert images.shape == (80, 1, 32, 32)
    assert len({image.numpy().tobytes() for image in images}) == 80
    assert Counter(torch.cat([labels for _, labels in steps]).tolist()) == dict.fromkeys(range(4), 20)

    again = FreshGlyphs(tmp_path / "set", a_set, 3, 40)
    for one, other in zip(again.batch(np.arange(8), 32, 16, 0), steps[2], strict=True):
        assert torch.equal(one, other)


def test_the_command_asks_what_a_few_real_samples_add(recipe, tmp_path):
    words = f"transfer --real digits --charset 0123 --set mine={recipe} --shots 0,2 --fresh --json --seeds 1 "
    words += f"--images 64 --batch 16 --width 4 --count 8 --test-count 40 --out {tmp_path / 'out'}"
    plan = json.loads(CliRunner().invoke(app, [*words.split(), "--sets", "mine,real", "--dry-run"]).stdout)
    assert (plan["sets"], plan["images"][:22]) == ("mine, real2, mine+real2, real", "new ones at every step")
    found = json.loads(CliRunner().invoke(app, [*words.split(), "--sets", "mine"], catch_exceptions=False).stdout)
    assert list(found["sets"]) == ["mine", "real2", "mine+real2"]
    for values in found["sets"].values():
        assert (values["images"], values["different"]) == (64, None)
    (tmp_path / "out" / "cells" / "mine+real2-0.json").unlink()
    again = json.loads(CliRunner().invoke(app, [*words.split(), "--sets", "mine"], catch_exceptions=False).stdout)
    assert again["sets"] == found["sets"]


def test_shots_and_sets_that_cannot_be_are_one_line(recipe, tmp_path, capsys):
    wrong = {
        "--sets fonts --shots five": "--shots five are no numbers",
        "--sets fonts --shots 5,-1": "--shots 5,-1 are no numbers",
        "--sets fonts --shots 5 --lines": "--fresh and --shots are for single characters",
        f"--set mine={recipe} --sets mine-zh": "the set 'mine' has no source 'zh'. 'mine' draws from fonts, pen",
        f"--set mine={tmp_path / 'none.yaml'} --sets mine": "none.yaml",
        "--charset 0123 --sets real900": "Lower --shots",
    }
    for given, said in wrong.items():
        assert run(["transfer", "--real", "digits", "--out", str(tmp_path / "out"), *given.split()]) in (1, 2), given
        assert said in " ".join(capsys.readouterr().err.split()), given
    assert not (tmp_path / "out").exists()
    asked = TransferRequest(real=("digits",), names="fonts,union,real", shots="5,0")
    assert asked.with_shots(asked.compared()) == ("fonts", "real5", "fonts+real5", "union", "real")
