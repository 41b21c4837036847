from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from handgen.degrade import EFFECTS
from handgen.degrade.contact_sheet import effect_sheet
from handgen.degrade.pipeline import Pipeline
from handgen.degrade.presets import PRESETS
from handgen.degrade.step import Step, make_step
from handgen.errors import UsageError


def test_none_changes_nothing(han):
    done, records = Pipeline.load("none")(han, np.arange(len(han)), 0)
    np.testing.assert_array_equal(done, han)
    assert records == [{}] * len(han)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_functions_of_seed_and_index(name, han, line):
    pipeline = Pipeline.load(name)
    assert not pipeline.color or name in ("notebook", "photo")
    for images in (han, line):
        index = np.arange(len(images)) + 40
        done, records = pipeline(images, index, 5)
        assert done.shape == images.shape + (3,) * pipeline.color
        cuts = [0, 1, len(images) // 2 + 1, len(images)]
        parts = [pipeline(images[a:b], index[a:b], 5) for a, b in itertools.pairwise(cuts)]
        np.testing.assert_array_equal(np.concatenate([part[0] for part in parts]), done)
        assert [record for part in parts for record in part[1]] == records
        np.testing.assert_array_equal(pipeline.reapply(images, json.loads(json.dumps(records))), done)


def test_probabilities_are_kept_and_printed_papers_exclude_each_other(han):
    steps = {"ruled": 0.5, "squares": 0.25, "mizige": 0.25, "stains": 0.3, "slant": 0.1}
    pipeline = Pipeline("test", [make_step(name, {"probability": share}) for name, share in steps.items()])
    count = 2000
    _, records = pipeline(np.full((count, 8, 8), 255, np.uint8), np.arange(count), 0)
    for name, share in steps.items():
        assert sum(name in record for record in records) / count == pytest.approx(share, abs=0.04)
    assert all(len({"ruled", "squares", "mizige"} & set(record)) == 1 for record in records)


def test_one_more_effect_leaves_the_others_as_they_were(han):
    index = np.arange(len(han))
    less = Pipeline("less", [make_step("blur", {"probability": 0.5})])
    more = Pipeline("more", [make_step("blur", {"probability": 0.5}), make_step("slant", {})])
    blurs = [[record.get("blur") for record in p(han, index, 0)[1]] for p in (less, more)]
    assert blurs[0] == blurs[1]


def test_order_is_that_of_the_registry():
    names = [entry.name for entry in EFFECTS]
    pipeline = Pipeline("back", [Step(EFFECTS.load(name)(), 0.1) for name in reversed(names)])
    assert list(pipeline.spec()) == names


def test_sheet_shows_each_effect_alone_and_all_together(han):
    pipeline = Pipeline.load("photo")
    rows = effect_sheet(pipeline, han[:4])
    assert [name for name, _ in rows] == ["clean", *pipeline.spec(), "photo"]
    assert all(images.shape[:3] == (4, 64, 64) for _, images in rows)
    for name, images in rows[1:-1]:
        clean = han[:4, ..., None] if images.ndim == 4 else han[:4]
        assert (images != clean).any(), name


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_file_is_a_pipeline(tmp_path, han):
    text = "# mine\njpeg: {quality: 30}\nrotation:\n  probability: 0.5\n  degrees: 4\nstains:\n"
    pipeline = Pipeline.load(write(tmp_path / "mine.yaml", text))
    spec = pipeline.spec()
    assert list(spec) == ["rotation", "stains", "jpeg"]
    assert spec["rotation"] == {"probability": 0.5, "degrees": 4.0}
    assert spec["jpeg"] == {"probability": 1.0, "quality": 30.0}
    assert Pipeline.load(write(tmp_path / "empty.yml", "# nothing\n")).steps == ()
    pipeline(han, np.arange(len(han)), 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("blur:\nslent: {degrees: 3}\n", "line 2: unknown effect 'slent'. Did you mean 'slant'?"),
        ("slant:\n  degree: 3\n", "line 2: effect 'slant' has no setting 'degree'. Did you mean 'degrees'?"),
        ("blur:\n\nslant:\n  degrees: 99\n", "line 4: effect 'slant': degrees 99.0 is too large. The most is 30."),
        ("slant: {degrees: .nan}\n", "line 1: effect 'slant': degrees nan is too small. The least is 0."),
        ("slant: {degrees: much}\n", "line 1: degrees of effect 'slant' must be a number, not 'much'"),
        ("slant: {degrees: true}\n", "line 1: degrees of effect 'slant' must be a number, not True"),
        ("slant: {degrees: !!python/object:x 1}\n", "line 1 is not YAML: could not determine a constructor"),
        ("slant: {degrees: [1, 2]}\n", "line 1: degrees of effect 'slant' must be a number, not [1, 2]"),
        ("slant: {probability: 2}\n", "line 1: probability 2 of effect 'slant' is impossible."),
        ("slant:\nblur:\nslant:\n", "line 3: 'slant' is there twice"),
        ("slant:\n  degrees: 1\n  degrees: 2\n", "line 3: 'degrees' is there twice"),
        ("- slant\n", "line 1: names with values are needed here"),
        ("slant: 3\n", "line 1: names with values are needed here"),
        ("? [a]\n: b\n", "line 1: a name is needed here"),
        ("slant: {degrees: 3\nblur: }\n", "line 2 is not YAML"),
        ("slant:\n\t- x\n", "line 2 is not YAML"),
    ],
)
def test_a_wrong_file_is_one_line_that_names_the_entry(tmp_path, text, message):
    path = write(tmp_path / "mine.yaml", text)
    with pytest.raises(UsageError) as caught:
        Pipeline.load(path)
    assert str(caught.value).startswith(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_files_and_sums_that_cannot_be(tmp_path):
    with pytest.raises(UsageError, match=r"unknown preset 'scam'. Did you mean 'scan'?"):
        Pipeline.load("scam")
    with pytest.raises(UsageError, match=r"cannot read .*gone.yaml: No such file"):
        Pipeline.load(str(tmp_path / "gone.yaml"))
    with pytest.raises(UsageError, match=r"cannot read .*: Is a directory"):
        Pipeline.load(str(tmp_path))
    (tmp_path / "latin.yaml").write_bytes("slant: # schr\u00e4g".encode("latin-1"))
    with pytest.raises(UsageError, match=r"latin.yaml is not UTF-8 at byte 13"):
        Pipeline.load(str(tmp_path / "latin.yaml"))
    path = write(tmp_path / "both.yaml", "ruled: {probability: 0.7}\nsquares: {probability: 0.4}\n")
    with pytest.raises(UsageError, match=r"both.yaml: the probabilities of ruled, squares add up to 1.1"):
        Pipeline.load(path)
    with pytest.raises(UsageError, match="'blur' is there twice"):
        Pipeline("two", [make_step("blur", {}), make_step("blur", {})])
