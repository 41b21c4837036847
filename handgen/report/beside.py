"""The section of a dataset's page that shows its ink beside that of real handwriting."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from handgen.evaluation.likeness import Compared, Gray, Likeness, Values
from handgen.report.charts import overlaid
from handgen.report.page import Chart, Comparison, Table
from handgen.report.pictures import Album

OURS, REAL = "this set", "real"
_BUDGET = 400_000
"""Bytes of the images of both strips."""
_WORDS = {
    OURS: "Median, and the 5th and the 95th percentile.",
    "distance": "Area between the two cumulative curves, in standard deviations of the real one; 0 = alike.",
    "chance": "The same between two halves of the real set.",
}


def comparison_of(compared: Compared) -> Comparison:
    """Return the section: a strip of each, medians and distances, and histograms over one another."""
    album = Album(_BUDGET)
    strips = [(OURS, _pictures(compared.ours, album)), (REAL, _pictures(compared.real, album))]
    ours, real = compared.images
    of_what = f", of the {len(compared.chars)} characters that both have" if compared.chars else ""
    word = f"{ours:,} images beside {real:,}{of_what}. Farthest apart: {compared.largest.sentence()}"
    charts = [_chart(each) for each in compared.in_order]
    return Comparison("Beside real handwriting", word, strips, table_of(compared.in_order), charts)


def table_of(measures: Sequence[Likeness]) -> Table:
    """Return medians, the 5th and the 95th percentile, and distances, in the order given."""
    rows = [
        [each.measure.name, _spread(each.ours), _spread(each.real), f"{each.distance:.2f}", f"{each.within:.2f}"]
        for each in measures
    ]
    head = ["measure", OURS, REAL, "distance", "chance"]
    return Table("How far apart", head, rows, _WORDS)


def _chart(each: Likeness) -> Chart:
    svg = overlaid({OURS: each.ours, REAL: each.real}, f"{each.measure.name} of both sets")
    return Chart(f"{each.measure.name}: {each.distance:.2f}", svg, each.measure.word)


def _spread(values: Values) -> str:
    low, middle, high = np.percentile(values, (5, 50, 95))
    return f"{middle:.2g} ({low:.2g}–{high:.2g})"


def _pictures(images: Sequence[Gray], album: Album) -> list[str]:
    uris = []
    for image in images:
        file = io.BytesIO()
        Image.fromarray(image).save(file, "PNG")
        uris.append(album.add(file.getvalue()))
    return [uri for uri in uris if uri]
