"""A few hundred damaged inputs; ``make fuzz`` runs ten thousand."""

from __future__ import annotations

import pytest

from benchmarks import fuzz
from benchmarks.fuzz_seeds import make_seeds

COUNT = 210


def test_no_damaged_file_breaks_a_reader(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow", reason="pyarrow comes with handgen[parquet]")
    seeds = make_seeds(tmp_path / "seeds", slow=False)
    assert fuzz.fuzz(seeds, range(COUNT), tmp_path / "work") == []


def test_a_fault_is_noticed(tmp_path, monkeypatch):
    from handgen.check import report

    def crash(*_):
        raise ValueError("on purpose")

    seeds = [seed for seed in make_seeds(tmp_path / "seeds", slow=False) if seed.name == "doctr"]
    seeds = [type(seeds[0])("doctr", seeds[0].folder, (("check", "{IN}"),))]
    monkeypatch.setattr(report, "find_datasets", crash)
    (found,) = fuzz.fuzz(seeds, [0], tmp_path / "work")
    assert "internal error: ValueError: on purpose" in found.what


def test_damage_is_a_function_of_the_number(tmp_path):
    (seed,) = (each for each in make_seeds(tmp_path / "seeds", slow=False) if each.name == "gnt")
    made = []
    for turn in range(2):
        fuzz.run_one(seed, 3, tmp_path / str(turn))
        made.append((tmp_path / str(turn) / "in" / "001-f.gnt").read_bytes())
    assert made[0] == made[1] != (seed.folder / "001-f.gnt").read_bytes()
