from __future__ import annotations

import json

import pytest

from handgen.checkpoints.run import RunFolder
from handgen.errors import CheckpointError, UsageError

CONFIG = {"images": 100, "lr": 0.001, "data": "data/glyphs", "data_sha256": "ab" * 32, "eval_every": 7}


@pytest.fixture
def folder(tmp_path):
    made = RunFolder(tmp_path / "run", CONFIG)
    (made.path / "state.safetensors").touch()
    return made


def test_a_folder_of_other_things_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("keep me")
    with pytest.raises(UsageError, match=r"is not empty and holds no training run\. Choose another --out"):
        RunFolder(tmp_path, CONFIG)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lr": 0.1}, r"\(lr 0\.001 -> 0\.1\)"),
        ({"data_sha256": "cd" * 32}, r"\(another data\)"),
        ({"new": 1}, "new None -> 1"),
    ],
)
def test_a_run_with_other_settings_is_refused(folder, change, message):
    before = (folder.path / "config.json").read_bytes()
    with pytest.raises(UsageError, match=message):
        RunFolder(folder.path, CONFIG | change)
    assert (folder.path / "config.json").read_bytes() == before


def test_a_setting_that_an_older_version_lacked_counts_as_its_default(folder):
    defaults = {"d_steps": 1, "lr": 7.0}
    with pytest.raises(UsageError, match=r"\(d_steps 1 -> 2\)"):
        RunFolder(folder.path, CONFIG | {"d_steps": 2}, defaults)
    RunFolder(folder.path, CONFIG | {"d_steps": 1}, defaults)
    assert json.loads((folder.path / "config.json").read_text())["d_steps"] == 1


def test_the_other_ranks_write_nothing(folder):
    before = {path.name: path.read_bytes() for path in folder.path.iterdir()}
    other = RunFolder(folder.path, CONFIG | {"lr": 0.5}, writes=False)
    other.log("words")
    other.record(1, "losses", {})
    other.forget_after(0)
    other.write_split({"train": "a", "held_out": "b"})
    with other.being_written(0, tensorboard=True):
        pass
    assert {path.name: path.read_bytes() for path in folder.path.iterdir()} == before


@pytest.mark.parametrize(
    "change",
    [{"compile": True}, {"accumulate": 2}, {"images": 200}, {"eval_every": 1}, {"data": "/elsewhere/glyphs"}, {}],
)
def test_a_run_may_be_longer_and_its_data_elsewhere(folder, change):
    RunFolder(folder.path, CONFIG | change)
    assert json.loads((folder.path / "config.json").read_text()).items() >= (CONFIG | change).items()


def test_a_run_that_saved_nothing_may_begin_again_otherwise(tmp_path):
    RunFolder(tmp_path, CONFIG)
    RunFolder(tmp_path, CONFIG | {"lr": 0.5})
    assert json.loads((tmp_path / "config.json").read_text())["lr"] == 0.5


def test_a_damaged_record_is_named(folder):
    good = [
        {"images": 1, "kind": "losses", "G/l1": 0.5},
        {"images": 1, "kind": "diversity", "generated": None, "real": 0.1, "ratio": None},
        {"images": 1, "kind": "held-out", "styles": {"mean": {"l1": 0.1, "reads": None}}},
    ]
    text = "".join(json.dumps(line) + "\n" for line in good)
    file = folder.path / "stats.jsonl"
    file.write_text(text + '{"images": 2, "ki')  # cut short, as when the process was killed
    assert folder.stats() == good
    for bad in (
        "{",
        "[]",
        "5",
        '{"kind": "losses"}',
        '{"images": true, "kind": "losses"}',
        '{"images": 1}',
        '{"images": 1, "kind": "losses", "G/l1": "low"}',
        '{"images": 1, "kind": "diversity", "generated": 1, "real": 1}',
        '{"images": 1, "kind": "held-out"}',
        '{"images": 1, "kind": "held-out", "styles": {"mean": 1}}',
        '{"images": 1, "kind": "held-out", "styles": {"mean": {"l1": []}}}',
    ):
        file.write_text(f"{text}{bad}\n{text}")
        for read in (folder.stats, folder.measurements, lambda: folder.forget_after(1)):
            with pytest.raises(CheckpointError, match=r"line 4 of .*stats\.jsonl is damaged \(.*Delete that line"):
                read()
    file.write_bytes(b"\xff\xfe\n")
    with pytest.raises(CheckpointError, match=r"stats\.jsonl is damaged"):
        folder.stats()


def test_a_damaged_config_is_named(folder):
    (folder.path / "config.json").write_text('{"lr":')
    with pytest.raises(CheckpointError, match=r"config\.json is damaged"):
        RunFolder(folder.path, CONFIG)


def test_a_file_is_no_run_folder(tmp_path):
    (tmp_path / "run").touch()
    with pytest.raises(UsageError, match="is not a folder"):
        RunFolder(tmp_path / "run", CONFIG)


def test_what_was_recorded_after_a_checkpoint_is_forgotten(folder):
    for images in (10, 20, 30):
        folder.record(images, "losses", {"G/l1": 1 / images})
    folder.record(20, "held-out", {"styles": {"mean": {"ssim": 0.5}}})
    with (folder.path / "stats.jsonl").open("a") as file:
        file.write('{"images": 1')  # the process was killed while it wrote
    folder.forget_after(20)
    lines = [json.loads(line) for line in (folder.path / "stats.jsonl").read_text().splitlines()]
    assert [line["images"] for line in lines] == [10, 20, 20]
    assert [line["styles"] for line in folder.measurements()] == [{"mean": {"ssim": 0.5}}]


def test_the_log_has_times(folder):
    folder.log("saved at 10 images")
    time, words = (folder.path / "log.txt").read_text().split(" ", 1)
    assert time.endswith("+00:00")
    assert words == "saved at 10 images\n"
