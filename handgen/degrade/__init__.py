"""Effects that turn clean drawings into scans and photographs. Each has one file, and one line here.

A pipeline always applies effects in the order of this list, which is the order of the real causes:
hand, pen, paper, light, camera. To add an effect, write a file like the others and add a line.
"""

from handgen.registry import Registry

EFFECTS = Registry("effect", "handgen.effects")


def _add(name: str, kind: str, summary: str) -> None:
    EFFECTS.register(name, f"handgen.degrade.{name}:{kind}", summary)


_add("slant", "Slant", "letters lean to either side")
_add("rotation", "Rotation", "the writing is turned")
_add("aspect", "Aspect", "narrower or wider")
_add("size", "Size", "smaller or larger")
_add("baseline", "Baseline", "the baseline is shifted and wanders")
_add("elastic", "Elastic", "shapes are bent, at a coarse and a fine scale")
_add("pen_width", "PenWidth", "a thinner or thicker pen; strokes neither break nor merge")
_add("real_ink", "RealInk", "lines as wide, dark, even and finely scanned as real ones")
_add("bleed", "Bleed", "ink spreads into the paper")
_add("ink", "Ink", "paler ink, more or less pressure")
_add("dropout", "Dropout", "ink that fails along strokes")
_add("pencil", "Pencil", "graphite on the grain of the paper")
_add("ink_color", "InkColor", "blue, black, red or green ink (color)")
_add("paper", "Paper", "the tone and fibre of plain paper")
_add("ruled", "Ruled", "ruled lines")
_add("squares", "Squares", "squared paper")
_add("mizige", "Mizige", "practice squares with a cross and diagonals (米字格)")
_add("form", "Form", "the box of a form")
_add("colored", "Colored", "tinted paper (color)")
_add("stains", "Stains", "blotches with a darker rim")
_add("lighting", "Lighting", "light that falls off across the page")
_add("shadow", "Shadow", "the edge of a shadow")
_add("motion", "Motion", "the camera moved")
_add("blur", "Blur", "out of focus")
_add("low_resolution", "LowResolution", "too few pixels, enlarged")
_add("noise", "Noise", "sensor noise")
_add("binarize", "Binarize", "black and white only, by a local threshold")
_add("jpeg", "Jpeg", "JPEG blocks")
