"""How close drawn glyphs are to the true ones: one metric a file, one line here.

All take images in [-1, 1] (-1 = ink) and report on the scale of grey values in [0, 1].
"""

from handgen.registry import Registry

METRICS = Registry("metric")
METRICS.register("l1", "handgen.metrics.l1:L1", "mean absolute difference (lower is better)")
METRICS.register("rmse", "handgen.metrics.rmse:RMSE", "root mean squared difference (lower is better)")
METRICS.register("ssim", "handgen.metrics.ssim:SSIM", "structural similarity (higher is better)")
