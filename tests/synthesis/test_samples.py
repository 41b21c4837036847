from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from handgen.checkpoints import files as checkpoint
from handgen.errors import UsageError
from handgen.fonts.align import Alignment
from handgen.glyphs.records import StyleRecord
from handgen.models.base import DrawnStyle
from handgen.sources import loading
from handgen.sources.base import choose_styles
from handgen.sources.model import alignment_of
from handgen.synthesis.options import make_request
from handgen.synthesis.prepare import prepare


@pytest.fixture(scope="module")
def synthesis(trained, tmp_path_factory):
    return prepare(make_request(trained, out=tmp_path_factory.mktemp("x") / "ds", count=200, styles="3")).synthesis


def drawn(synthesis, start, stop, **how):
    return [(s.index, s.text, s.meta["style"], s.image.tobytes()) for s in synthesis.samples(start, stop, **how)]


def test_batch_and_workers_change_nothing(synthesis):
    """Not the plan, and not one pixel."""
    expected = drawn(synthesis, 0, 150, batch=64, workers=1)
    assert [index for index, *_ in expected] == list(range(150))
    assert drawn(synthesis, 0, 150, batch=1, workers=1) == expected
    assert drawn(synthesis, 0, 150, batch=512, workers=3) == expected


def test_starting_anywhere_gives_the_same_samples(synthesis):
    everything = drawn(synthesis, 0, 100)
    for start in (1, 31, 32, 33, 77, 99):
        assert drawn(synthesis, start, 100) == everything[start:]
    assert drawn(synthesis, 100, 100) == []


def test_with_a_gate_groups_grow_and_still_nothing_depends_on_where_one_starts(trained, reading, tmp_path, monkeypatch):
    request = make_request(
        trained, out=tmp_path / "ds", count=200, styles="3", charset="0123456789", gate="redraw", recognizer=reading
    )
    gated = prepare(request).synthesis
    assert gated.gate
    gated = replace(gated, gate=replace(gated.gate, floors=(-6.0,) * 3))
    count = gated.block
    monkeypatch.setattr("handgen.synthesis.samples._GATED", count)
    monkeypatch.setattr("handgen.synthesis.samples.MOST_TOGETHER", 4 * count)
    bounds, first = [], 0
    while first < 16 * count:
        bounds.append(gated._group_of(first))
        assert {gated._group_of(first + k) for k in range(bounds[-1][1])} == {bounds[-1]}
        first = sum(bounds[-1])
    assert [size // count for _, size in bounds] == [1, 1, 2, 4, 4, 4]
    everything = drawn(gated, 0, 3 * count, batch=1)
    assert [index for index, *_ in everything] == list(range(3 * count))
    for start in (1, 2 * count - 1):
        assert drawn(gated, start, 3 * count, batch=99, workers=3) == everything[start:]


def test_a_character_never_looks_the_same_twice(synthesis):
    images: dict[tuple[str, str], list[bytes]] = {}
    for _, text, style, image in drawn(synthesis, 0, 40 * 3 * 2):
        images.setdefault((text, style), []).append(image)
    assert all(len(set(group)) == len(group) == 2 for group in images.values())


def test_mixtures_have_the_mean_alignment_of_their_parents():
    records = [
        StyleRecord("a", "target", alignment=Alignment(1.0, 1.0, 0.0, 0.1)),
        StyleRecord("b", "target", alignment=Alignment(2.0, 1.0, 0.2, 0.1)),
    ]
    mixture = DrawnStyle("mix", torch.zeros(2), {"a": 0.75, "b": 0.25})
    assert alignment_of(mixture, records) == Alignment(1.25, 1.0, 0.05, 0.1)
    assert alignment_of(DrawnStyle("c", torch.zeros(2), {}), records) == Alignment()


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ("0", "at least one"),
        ("-3", "at least one"),
        ("kalma", "Did you mean 'kalam'"),
        ("kalam,kalam", "twice"),
        (" , ", "names no style"),
    ],
)
def test_impossible_styles(trained, wanted, complaint):
    spec = loading.build(checkpoint.load(trained)).style_spec
    with pytest.raises(UsageError, match=complaint):
        choose_styles(spec, wanted, 0)


def test_styles_by_number_and_by_name(trained):
    spec = loading.build(checkpoint.load(trained)).style_spec
    assert [s.name for s in choose_styles(spec, "", 0)] == ["kalam", "indie-flower"]
    assert [s.name for s in choose_styles(spec, "indie-flower", 0)] == ["indie-flower"]
    five = choose_styles(spec, "5", 0)
    assert len({s.name for s in five}) == 5
    assert [s.name for s in choose_styles(spec, "4", 0)] == [s.name for s in five[:4]]


def test_a_text_gives_characters_and_their_frequencies(trained, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("AAAB\nAB C\n", encoding="utf-8")
    made = prepare(make_request(trained, text=text, balance=False))
    assert dict(zip(made.source.chars, made.counts, strict=True)) == {"A": 4, "B": 2, "C": 1}
    assert list(made.glyphs.plan.frequencies) == list(made.counts)
    with pytest.raises(UsageError, match="exclude each other"):
        make_request(trained, charset="A", text=tmp_path)
    with pytest.raises(UsageError, match="needs a text"):
        make_request(trained, balance=False)
    with pytest.raises(UsageError, match="no text file"):
        prepare(make_request(trained, text=tmp_path / "none.txt"))


def test_degraded_samples_do_not_depend_on_how_they_are_drawn(trained, tmp_path):
    whole = prepare(make_request(trained, count=100, degrade="scan"))
    plain = prepare(make_request(trained, count=100))
    samples = list(whole.synthesis.samples(0, 100, workers=2))
    part = list(whole.synthesis.samples(37, 70, batch=1))
    clean = list(plain.synthesis.samples(0, 100))
    for sample, other in zip(samples[37:70], part, strict=True):
        assert sample.meta == other.meta
        assert np.array_equal(sample.image, other.image)
    assert [sample.text for sample in samples] == [sample.text for sample in clean]
    assert sum(not np.array_equal(a.image, b.image) for a, b in zip(samples, clean, strict=True)) > 90
    assert any("degraded" in sample.meta for sample in samples)
    assert whole.identity() != plain.identity()


def test_a_style_that_is_called_like_a_number_is_meant_by_its_name():
    import torch

    from handgen.models.styles import CodeTable

    table = CodeTable(["1", "2", "张三"], torch.eye(3))
    assert [s.name for s in choose_styles(table, "2", 0)] == ["2"]
    assert [s.name for s in choose_styles(table, "张三,1", 0)] == ["张三", "1"]
    assert len(choose_styles(table, "3", 0)) == 3
