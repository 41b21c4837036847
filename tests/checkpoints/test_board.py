from __future__ import annotations

import sys

import pytest

from handgen.errors import HandgenError


def quiet(progress):
    pass


def test_a_missing_package_is_named_before_anything_is_written(make_trainer, toy_model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(HandgenError, match=r"tensorboard is not installed\. Run: pip install 'handgen\[tensorboard\]'"):
        make_trainer("toy", tensorboard=True)
    assert not (tmp_path / "run").exists()


def test_what_is_recorded_is_shown(make_trainer, toy_model):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    make_trainer("toy", images=8, tensorboard=True).run(quiet)
    resumed = make_trainer("toy", images=16, tensorboard=True)  # and may be left out or added later
    resumed.run(quiet)
    events = EventAccumulator(str(resumed.folder.path)).Reload()
    assert [event.step for event in events.Scalars("losses/G/l1")] == [8, 16]
    measured = resumed.folder.measurements()
    shown = events.Scalars("held-out/styles/mean/l1")
    assert [(event.step, pytest.approx(event.value)) for event in shown] == [
        (line["images"], line["styles"]["mean"]["l1"]) for line in measured
    ]
    assert [event.step for event in events.Images("fakes")] == [8, 16]
    assert [event.step for event in events.Images("reals")] == [0]
