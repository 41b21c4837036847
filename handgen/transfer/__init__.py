"""Does it help? Training sets side by side: the same recognizer learns from each, and reads real handwriting."""

from __future__ import annotations

from handgen.registry import Registry

RECIPES = Registry("training set")
RECIPES.register("fonts", "handgen.transfer.recipes:fonts", "the glyphs of the store's fonts, as they are")
RECIPES.register("warped", "handgen.transfer.recipes:warped", "the same, in another hand and pen: --degrade pen")
RECIPES.register("scanned", "handgen.transfer.recipes:scanned", "the same, off an office scanner: --degrade scan")
RECIPES.register("gan", "handgen.transfer.recipes:gan", "what the model draws")
RECIPES.register("gated", "handgen.transfer.recipes:gated", "the same, read by a recognizer and drawn again if it must")
RECIPES.register("pen", "handgen.transfer.recipes:pen", "written stroke by stroke, another writer each time")
RECIPES.register("traced", "handgen.transfer.recipes:traced", "the pen along the centerlines of the store's fonts")
RECIPES.register("pen-gan", "handgen.transfer.recipes:pen_gan", "what the model makes of content that the pen wrote")
RECIPES.register("default", "handgen.transfer.recipes:default", "what 'synth' writes unless told otherwise")
RECIPES.register("real", "handgen.transfer.recipes:real", "the part of the real set that is not tested on")

UNION = "union"
"""The name of equal parts of all other sets but ``real``."""
