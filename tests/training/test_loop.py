from __future__ import annotations

import json
import resource
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from handgen.checkpoints import files as checkpoint
from handgen.errors import HandgenError, TrainingError, UsageError
from handgen.sources import loading
from handgen.training.optimize import Optimizer
from tests.conftest import render_store, same_state


def quiet(progress):
    pass


def stats(folder, kind):
    lines = map(json.loads, (folder / "stats.jsonl").read_text().splitlines())
    return [line for line in lines if line["kind"] == kind]


def snapshot(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_run_folder_holds_what_it_should(make_trainer, store):
    trainer = make_trainer("zi2zi", images=20, batch=4, save_every=8, eval_every=12)
    assert trainer.run(quiet)
    folder = trainer.folder.path
    assert sorted(path.name for path in folder.iterdir()) == [
        ".handgen.lock",
        "config.json",
        "fakes-000000008.png",
        "fakes-000000016.png",
        "fakes-000000020.png",
        "log.txt",
        "model.safetensors",
        "reals.png",
        "split.json",
        "state.safetensors",
        "stats.jsonl",
    ]
    split = json.loads((folder / "split.json").read_text())
    assert len(split["held_out"]) == 4
    assert checkpoint.load(folder / "model.safetensors").facts["charset"] == split["train"]
    assert Image.open(folder / "reals.png").size == Image.open(folder / "fakes-000000020.png").size
    measured = stats(folder, "held-out")
    assert [line["images"] for line in measured] == [12, 20]
    assert set(measured[-1]["styles"]) == {"kalam", "indie-flower", "mean"}
    for metric in ("l1", "rmse", "ssim"):
        mean = np.mean([measured[-1]["styles"][style][metric] for style in ("kalam", "indie-flower")])
        assert measured[-1]["styles"]["mean"][metric] == pytest.approx(mean, abs=1e-4)


def test_measurements_are_of_the_averaged_model_on_held_out_glyphs(make_trainer, store):
    trainer = make_trainer("zi2zi", images=16)
    trainer.run(quiet)
    model = loading.build(checkpoint.load(trainer.folder.path / "model.safetensors"))
    held_out = json.loads((trainer.folder.path / "split.json").read_text())["held_out"]
    chars = store.labels["char"]
    with torch.inference_mode():
        for number, style in enumerate(trainer.styles):
            differences = []
            for row in store.rows(store.targets[number]):
                if chars[row] in held_out:
                    source = next(r for r in store.rows(0) if chars[r] == chars[row])
                    content = torch.from_numpy(store.images[source] / np.float32(127.5) - 1)[None, None]
                    drawn = model.generate(content, model.style_spec.pick([style])[0].vector[None])[0, 0].numpy()
                    differences.append(np.abs((drawn + 1) / 2 - store.images[row] / 255).mean())
            measured = trainer.folder.measurements()[-1]["styles"][style]["l1"]
            assert measured == pytest.approx(np.mean(differences), abs=2e-4)


def test_a_stochastic_model_goes_on_bit_by_bit(make_trainer, toy_model):
    budget = {"images": 60, "batch": 2}
    make_trainer("toy", out="whole", **budget).run(quiet)
    stopped = make_trainer("toy", out="half", **budget)
    stopped.run(lambda progress: stopped.stop())
    torch.rand(3)  # the state of torch's own generator is another by now
    resumed = make_trainer("toy", out="half", **budget)
    assert 0 < resumed.images < 60
    resumed.run(quiet)
    same_state(stopped.folder.path.parent / "whole", stopped.folder.path)


def test_a_toy_learns(make_trainer, toy_model):
    trainer = make_trainer("toy", images=400, batch=4, lr=0.01, ema=0)
    losses = []
    trainer.run(lambda progress: losses.append(progress.losses["G/l1"]))
    assert losses[-1] < losses[0] * 0.7


def test_a_longer_budget_goes_on(make_trainer):
    make_trainer("zi2zi", images=8).run(quiet)
    longer = make_trainer("zi2zi", images=16)
    assert longer.images == 8
    assert longer.run(quiet)
    assert [line["images"] for line in stats(longer.folder.path, "held-out")] == [8, 16]


def test_a_finished_run_is_left_as_it_is(make_trainer):
    trainer = make_trainer("zi2zi")
    trainer.run(quiet)
    before = snapshot(trainer.folder.path)
    again = make_trainer("zi2zi")
    assert again.run(quiet)
    after = snapshot(trainer.folder.path)
    assert {name: data for name, data in after.items() if name != "log.txt"} == {
        name: data for name, data in before.items() if name != "log.txt"
    }


def test_nothing_of_a_run_that_saved_nothing_is_left_in_the_next(make_trainer):
    with pytest.raises(TrainingError, match="no checkpoint was saved"):
        make_trainer("zi2zi", images=120, lr=1e30).run(quiet)
    trainer = make_trainer("zi2zi")
    assert trainer.run(quiet)
    assert {line["images"] for line in stats(trainer.folder.path, "losses")} == {8}


@pytest.mark.parametrize("save_every", [4, 400])
def test_a_run_that_diverges_keeps_the_last_checkpoint(make_trainer, save_every):
    make_trainer("zi2zi").run(quiet)
    trainer = make_trainer("zi2zi", images=400, save_every=save_every)
    before = snapshot(trainer.folder.path)
    trainer.task.optimizer = Optimizer(trainer.model, replace(trainer.settings, lr=1e30), trainer.device, trainer.ranks)
    with pytest.raises(
        TrainingError, match=r"not finite after \d+ images; the last checkpoint is kept\. Use a lower --lr"
    ):
        trainer.run(quiet)
    after = snapshot(trainer.folder.path)
    for name in ("state.safetensors", "model.safetensors"):
        assert after[name] == before[name]
    assert make_trainer("zi2zi", images=400).images == 8


def test_a_full_disk_keeps_the_last_checkpoint(make_trainer):
    first = make_trainer("zi2zi")
    first.run(quiet)
    before = snapshot(first.folder.path)
    more = make_trainer("zi2zi", images=16)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before["state.safetensors"]) // 2, hard))
    try:
        with pytest.raises(HandgenError) as caught:
            more.run(quiet)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "state.safetensors" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not [path for path in first.folder.path.iterdir() if path.name.endswith(".part")]
    assert (first.folder.path / "state.safetensors").read_bytes() == before["state.safetensors"]
    resumed = make_trainer("zi2zi", images=16)
    assert resumed.images == 8
    assert resumed.run(quiet)


def test_the_half_life_of_the_average_counts_the_images_of_critic_steps(make_trainer, monkeypatch):
    kept = []
    monkeypatch.setattr("handgen.training.gan.move_average", lambda averages, present, keep: kept.append(keep))
    make_trainer("dcgan", images=8, batch=4, d_steps=2, ema=8000).run(lambda progress: None)
    assert kept == [0.5 ** (8 / 0.8)]


def test_the_average_follows_the_weights(make_trainer):
    exact = make_trainer("zi2zi", out="exact", ema=0)
    exact.run(quiet)
    for mine, theirs in zip(exact.averaged.parameters(), exact.model.generator.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    slow = make_trainer("zi2zi", out="slow", images=40, ema=8000)
    before = [parameter.clone() for parameter in slow.averaged.parameters()]
    slow.run(quiet)
    for start, mean, now in zip(before, slow.averaged.parameters(), slow.model.generator.parameters(), strict=True):
        if (now - start).abs().max() > 1e-3:
            assert not torch.equal(mean, start)
            assert not torch.equal(mean, now)


def test_finetuning_trains_on_the_named_styles_alone(make_trainer, bigger_store, start):
    trainer = make_trainer("zi2zi", on=bigger_store, out="second", start=start, finetune_styles="zeyada, kalam")
    assert trainer.styles == ("kalam", "indie-flower", "zeyada")
    assert set(trainer.data.style.tolist()) == {0, 2}
    trainer.run(quiet)
    assert set(trainer.folder.measurements()[-1]["styles"]) == {"kalam", "zeyada", "mean"}
    facts = checkpoint.load(trainer.folder.path / "model.safetensors").facts
    assert [style["name"] for style in facts["styles"]] == list(trainer.styles)


def test_styles_that_the_data_lack_are_forgotten_if_asked(make_trainer, heiti, kalam, zeyada, tmp_path, start):
    here = render_store(tmp_path / "here", heiti, (zeyada, kalam), "ABCDEFGHIJ")
    assert make_trainer("zi2zi", on=here, out="kept", start=start).styles == ("kalam", "indie-flower", "zeyada")
    trainer = make_trainer("zi2zi", on=here, out="forgotten", start=start, forget_styles=True)
    assert trainer.styles == ("kalam", "zeyada")
    assert torch.equal(trainer.model.codes[0], start.tensors["codes"][start.style_names.index("kalam")])
    with pytest.raises(UsageError, match="Name them with --from"):
        make_trainer("zi2zi", out="none", forget_styles=True)


def test_a_second_stage_measures_on_what_the_first_did_not_see(make_trainer, bigger_store, start):
    second = make_trainer("zi2zi", on=bigger_store, out="second", start=start, seed=9)
    assert set(second.split.held_out).isdisjoint(start.facts["charset"])


@pytest.mark.parametrize(
    ("given", "difference"), [({"width": 8}, "width 4 -> 8"), ({"patch": 2}, "patch 4 -> 2"), ({"film": False}, "film")]
)
def test_weights_of_another_network_are_refused(make_trainer, start, given, difference):
    with pytest.raises(UsageError, match=rf"do not fit .*{difference}.*that they were trained with"):
        make_trainer("zi2zi", out="second", start=start, **given)


def test_a_second_stage_goes_on_by_the_same_command(make_trainer, start):
    first = make_trainer("zi2zi", out="second", start=start, images=8)
    first.run(quiet)
    again = make_trainer("zi2zi", out="second", start=start, images=16)
    assert again.images == 8
    with pytest.raises(UsageError, match="from"):
        make_trainer("zi2zi", out="second", images=16)


def test_bf16_trains(make_trainer):
    trainer = make_trainer("zi2zi", precision="bf16")
    trainer.run(quiet)
    assert all(parameter.dtype == torch.float32 for parameter in trainer.model.parameters())
    assert all(parameter.isfinite().all() for parameter in trainer.model.parameters())
