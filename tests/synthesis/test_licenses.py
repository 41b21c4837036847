from __future__ import annotations

import json
from dataclasses import replace

from handgen.cli import run
from handgen.sources.opening import open_sources
from handgen.sources.spec import SourceSpec
from handgen.synthesis.licenses import licenses_of, summary


def opened(*specs):
    return open_sources(specs, "ABC", seed=0, device="cpu")


def test_every_source_says_what_it_draws_with(trained, store, kalam):
    several = opened(
        SourceSpec(source=str(trained), styles="kalam"),
        SourceSpec(source="fonts", fonts=str(kalam)),
        SourceSpec(source="pen", strokes="trace", font=str(kalam), styles="2"),
    )
    model, fonts, pen = licenses_of(several)
    assert set(model["licenses"]) == {"kalam", "source font Noto Sans SC"}
    assert fonts["licenses"] == {"Kalam": "OFL-1.1"}
    assert set(pen["licenses"].values()) == {"OFL-1.1"}
    assert summary([model, fonts]) == f"{model['source']}: OFL-1.1 (2); fonts: OFL-1.1"


def test_a_mixed_style_has_the_licenses_of_its_parents(trained):
    assert {"kalam", "indie-flower"} <= set(opened(SourceSpec(source=str(trained), styles="5")).licenses())


def test_a_latent_has_the_licenses_of_all_that_it_lies_between(trained):
    source = opened(SourceSpec(source=str(trained), styles="kalam"))
    between = replace(source, styles=[replace(source.styles[0], name="z1", weights={})])
    (found,) = licenses_of(between)
    assert {"kalam", "indie-flower"} <= set(found["licenses"])


def test_weights_have_one_too(trained, monkeypatch):
    monkeypatch.setattr("handgen.sources.model.PACKAGE", trained.resolve().parents[1])
    (found,) = licenses_of(opened(SourceSpec(source=str(trained), styles="kalam")))
    assert summary([found]).endswith("OFL-1.1 (2), weights Apache-2.0")


def test_synth_prints_a_line_and_the_manifest_keeps_all(kalam, tmp_path, capsys):
    out = tmp_path / "set"
    words = ["synth", "--model", "fonts", "--fonts", str(kalam), "--charset", "AB", "--count", "8", "--gate", "off"]
    assert run([*words, "--out", str(out)]) == 0
    assert "licenses  fonts: OFL-1.1" in capsys.readouterr().out
    info = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["info"]
    assert info["licenses"] == [{"source": "fonts", "licenses": {"Kalam": "OFL-1.1"}}]
