from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handgen.checkpoints.facts import ModelFacts
from handgen.fonts.align import Alignment
from handgen.fonts.raster import Placement
from handgen.glyphs.records import Origin, Raster, StyleRecord
from handgen.typed import FieldError

STYLE = StyleRecord("kai", "target", Origin(family="Kai", license="OFL-1.1"), Alignment(1.1, 0.9, 0.0, 0.1))
FACTS = ModelFacts(
    model="zi2zi",
    config={"width": 4, "film": True},
    size=64,
    styles=(STYLE, replace(STYLE, name="mine", origin=Origin(kind="sheet", sheets={"a": (1, 2)}))),
    charset="永和",
    held_out="九",
    raster=Raster(size=64, margin=0.04, source="Hei.otf", sha256="ab", placement=Placement(1.0, 2.0, 3.0, 4.0)),
    images=30,
    seed=0,
)

names = st.text(max_size=5)
origins = st.builds(Origin, family=names, file=names, license=names, face=st.integers(0, 9), folder=names)
rasters = st.builds(Raster, size=st.integers(0, 512), margin=st.floats(0, 1), source=names, drawings=st.integers(1, 9))


@settings(max_examples=30, deadline=None)
@given(origins, rasters)
def test_json_and_back(origin, raster):
    facts = replace(FACTS, raster=raster, styles=(replace(STYLE, origin=origin),))
    assert ModelFacts.from_json(json.loads(json.dumps(facts.to_json()))) == facts


def test_the_file_of_an_older_version_is_read():
    old = {"name": "kai", "role": "target", "origin": {"licence": "OFL-1.1"}, "more": 1}
    assert StyleRecord.from_json(old).origin.license == "OFL-1.1"
    assert "licence" not in StyleRecord.from_json(old).origin.to_json()


def test_what_does_not_fit_is_named():
    good = json.loads(json.dumps(FACTS.to_json()))
    assert ModelFacts.from_json(good) == FACTS
    style = good["styles"][1]
    for change, named in {
        "it": ([], "it is no object"),
        "size": ({"size": "64"}, "size is '64', not a whole number"),
        "bool": ({"images": True}, "images is True, not a whole number"),
        "float": ({"raster": {"margin": "wide"}}, r"raster\.margin is 'wide', not a number"),
        "placement": ({"raster": {"placement": {"x": 1}}}, r"raster\.placement\.scale_x is missing"),
        "unknown": ({"raster": {"placement": {"z": 1}}}, r"raster\.placement\.z is unknown"),
        "list": ({"styles": {}}, "styles is no list"),
        "style": ({"styles": [style, {"role": "target"}]}, r"styles\[1\]\.name is missing"),
        "deep": ({"styles": [{**style, "origin": {"face": "bold"}}]}, r"styles\[0\]\.origin\.face"),
        "sheets": ({"styles": [{**style, "origin": {"sheets": {"a": 1}}}]}, r"origin\.sheets\.a is no list"),
    }.values():
        with pytest.raises(FieldError, match=named):
            ModelFacts.from_json(good | change if isinstance(change, dict) else change)
    for field in ("model", "config", "size", "styles", "charset", "held_out", "raster", "images", "seed"):
        with pytest.raises(FieldError, match=f"{field} is missing"):
            ModelFacts.from_json({key: value for key, value in good.items() if key != field})
