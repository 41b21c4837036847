"""The recipes of the shipped weights name fonts that exist, with licences that are known."""

from __future__ import annotations

import importlib.util
import shlex
import sys
from pathlib import Path

import pytest
import typer

from handgen.cli.main import app
from handgen.fonts.catalogue import find_entry
from handgen.weights.licences import read_table

HERE = Path(__file__).parents[1] / "examples" / "weights"


@pytest.fixture(scope="module")
def recipes():
    spec = importlib.util.spec_from_file_location("weights_recipes", HERE / "run.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_every_font_can_be_had_and_its_licence_is_known(recipes):
    table = read_table(HERE / "fonts.csv")
    assert all(known.family and known.licence and known.where for known in table.values())
    assert recipes.elsewhere().keys() == table.keys()
    for name, recipe in recipes.RECIPES.items():
        assert len(set(recipe.hands)) == len(recipe.hands)
        for hand in recipe.hands:
            assert hand in table or find_entry(hand), (name, hand)


def test_the_commands_parse(recipes):
    for recipe in recipes.RECIPES.values():
        words = [["render", "--font", recipe.source, *shlex.split(recipe.render)]]
        words += [["train", *shlex.split(train)] for train in recipe.train]
        if recipe.export:
            words.append(["models", "export", "run", "--name", "x", *shlex.split(recipe.export)])
        for rest in words:
            command = typer.main.get_command(app)
            while hasattr(command, "commands"):
                command = command.get_command(None, rest.pop(0))
            command.make_context("handgen", rest)
