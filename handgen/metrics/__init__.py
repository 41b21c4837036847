"""Metrics: how close drawn glyphs are to the true ones. Each is one file, and one line in the registry below.

All take images in [-1, 1], -1 = ink. The first three compare gray values on a scale from 0 to 1. The others look at
strokes: a pixel darker than middle gray is ink. A summary ends with the direction that is better, in parentheses.
"""

from handgen.registry import Registry

METRICS = Registry("metric", "handgen.metrics")
METRICS.register("l1", "handgen.metrics.l1:L1", "mean absolute difference (lower is better)")
METRICS.register("rmse", "handgen.metrics.rmse:RMSE", "root mean squared difference (lower is better)")
METRICS.register("ssim", "handgen.metrics.ssim:SSIM", "structural similarity (higher is better)")
METRICS.register(
    "stroke_recall",
    "handgen.metrics.stroke_recall:StrokeRecall",
    "share of the true centerlines that were drawn (higher is better)",
)
METRICS.register(
    "stroke_precision",
    "handgen.metrics.stroke_precision:StrokePrecision",
    "share of the drawn centerlines that are true (higher is better)",
)
METRICS.register(
    "broken_strokes",
    "handgen.metrics.broken_strokes:BrokenStrokes",
    "pieces of ink too many in a glyph (lower is better)",
)
METRICS.register(
    "merged_strokes",
    "handgen.metrics.merged_strokes:MergedStrokes",
    "pieces of ink too few in a glyph (lower is better)",
)
METRICS.register("ink_ratio", "handgen.metrics.ink_ratio:InkRatio", "drawn over true ink (1 is best)")


def better(name: str) -> str:
    """Return which direction of a metric is better, in words; empty for an unknown name."""
    return METRICS.entry(name).summary.rpartition("(")[2].rstrip(")") if name in METRICS else ""
