"""Does it help? Training sets side by side: the same recognizer learns from each, and reads real handwriting."""

from __future__ import annotations

from handgen.registry import Registry

TRAINING_SETS = Registry("training set")
for _name, _about in (
    ("fonts", "the glyphs of the store's fonts, as they are"),
    ("warped", "the same, in another hand and pen: --degrade pen"),
    ("scanned", "the same, off an office scanner: --degrade scan"),
    ("gan", "what the model draws"),
    ("gated", "the same, read by a recognizer and drawn again if it must"),
    ("pen", "written stroke by stroke, another writer each time"),
    ("traced", "the pen along the centerlines of the store's fonts"),
    ("pen-gan", "what the model makes of content that the pen wrote"),
    ("default", "what 'synth' writes unless told otherwise"),
    ("real", "the part of the real set that is not tested on"),
):
    TRAINING_SETS.register(_name, f"handgen.transfer.training_sets:{_name.replace('-', '_')}", _about)

UNION = "union"
"""The name of equal parts of all other sets but ``real``."""
