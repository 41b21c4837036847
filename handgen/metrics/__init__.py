"""How close drawn glyphs are to the true ones: one metric a file, one line here.

All take images in [-1, 1] (-1 = ink); the first three report on the scale of gray values in [0, 1],
the others look at strokes, where a pixel darker than middle gray is ink. The parenthesis that ends a
summary says which way is better.
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
    """Return which way a metric is better, in words; nothing for a name that is none."""
    return METRICS.entry(name).summary.rpartition("(")[2].rstrip(")") if name in METRICS else ""
