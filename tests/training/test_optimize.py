from __future__ import annotations

import math

import pytest
import torch

from handgen.distributed import Ranks
from handgen.errors import TrainingError, UsageError
from handgen.training import optimize as optimize
from handgen.training.optimize import Means
from tests.conftest import same_state


def quiet(progress):
    pass


def weights(trainer):
    return torch.cat([parameter.detach().flatten() for parameter in trainer.model.parameters()])


def run_without_noise(trainer):
    trainer.model.generator.eval()
    trainer.model.train = lambda mode=True: trainer.model
    trainer.run(quiet)
    return weights(trainer)


def test_parts_of_a_batch_add_up_to_the_batch(make_trainer, toy_model):
    whole = run_without_noise(make_trainer("toy", out="whole", images=24, batch=8))
    parts = run_without_noise(make_trainer("toy", out="parts", images=24, batch=8, accumulate=4))
    assert torch.allclose(whole, parts, atol=1e-5)
    other = run_without_noise(make_trainer("toy", out="other", images=24, batch=4))
    assert not torch.allclose(whole, other, atol=1e-4)


def test_only_one_part_is_in_memory(make_trainer, toy_model):
    trainer = make_trainer("toy", images=8, batch=8, accumulate=4)
    alive, most = 0, 0

    def counted(batch, prepare=trainer.model.prepare):
        nonlocal alive, most
        step = prepare(batch)
        alive += 1
        most = max(most, alive)

        def freed(*_):
            nonlocal alive
            alive -= 1

        step[1].grad_fn.register_hook(freed)
        assert len(batch.target) == 2
        return step

    trainer.optimizer._prepare = counted
    trainer.run(quiet)
    assert most == 1


@pytest.mark.parametrize("accumulate", [3, 16])
def test_parts_that_cannot_be_equal_are_refused(make_trainer, tmp_path, accumulate):
    with pytest.raises(UsageError, match=rf"--batch 8 cannot be split into {accumulate} equal parts\. Use a multiple"):
        make_trainer("zi2zi", batch=8, accumulate=accumulate)
    assert not (tmp_path / "run").exists()


def test_gradients_are_clipped(make_trainer, toy_model):
    norms = []
    for bound in (0.0, 0.01):
        trainer = make_trainer("toy", out=f"bound{bound}", images=4, batch=4, clip_grad=bound)
        trainer.run(quiet)
        norms.append(math.sqrt(sum(float(p.grad.square().sum()) for p in trainer.model.parameters())))
    assert norms[0] > 0.1
    assert norms[1] == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize("given", [{"precision": "fp16"}, {"precision": "bf16", "accumulate": 2, "clip_grad": 1.0}])
def test_a_run_goes_on_bit_by_bit(make_trainer, toy_model, given):
    given = {"images": 40, "save_every": 20, "lambda_l1": 3000.0, **given}
    make_trainer("toy", out="whole", **given).run(quiet)
    half = make_trainer("toy", out="half", **given)
    milestones = half.engine._milestones
    half.engine._milestones = lambda before: (milestones(before), half.stop() if half.images >= 16 else None)
    half.run(quiet)
    resumed = make_trainer("toy", out="half", **given)
    assert resumed.images == 16
    resumed.run(quiet)
    same_state(resumed.folder.path.parent / "whole", resumed.folder.path)


def test_what_overflows_in_half_precision_moves_nothing_and_is_no_divergence(make_trainer, toy_model):
    # Scaled by 2^16, the gradient of so heavy a loss overflows until the scale has come down.
    trainer = make_trainer("toy", images=100, batch=4, precision="fp16", lambda_l1=10_000.0)
    before = weights(trainer)
    assert trainer.optimizer.overflows
    trainer.task.step(0)
    assert torch.equal(weights(trainer), before)
    first = trainer.optimizer.tensors()["scaler.G.scale"]
    assert trainer.run(quiet)
    assert trainer.optimizer.tensors()["scaler.G.scale"] < first
    assert not torch.equal(weights(trainer), before)
    assert weights(trainer).isfinite().all()


def test_what_overflows_for_ever_is_a_divergence(make_trainer, toy_model):
    trainer = make_trainer("toy", images=200, batch=4, precision="fp16")
    with torch.no_grad():
        trainer.model.generator.last.bias.fill_(torch.nan)
    with pytest.raises(TrainingError, match="the loss G/l1 is not finite"):
        trainer.run(quiet)


def test_means_leave_out_what_overflowed():
    values = [{"a": torch.tensor(value), "b": torch.tensor(1.0)} for value in (1.0, math.inf, 3.0)]
    for overflows, expected in ((True, 2.0), (False, math.inf)):
        means = Means(overflows=overflows)
        for losses in values:
            means.add(losses)
        assert len(means) == 3
        assert means.take(Ranks()) == {"a": expected, "b": 1.0}
        assert len(means) == 0


@pytest.mark.parametrize(
    ("schedule", "rates"), [("constant", (1, 1, 1, 1)), ("linear", (1, 1, 0.5, 0)), ("cosine", (1, 0.5, 0.146447, 0))]
)
def test_schedules(make_trainer, toy_model, schedule, rates):
    trainer = make_trainer("toy", schedule=schedule, lr=1.0)
    for done, rate in zip((0, 0.5, 0.75, 1), rates, strict=True):
        trainer.optimizer.set_rate(done)
        (group,) = trainer.optimizer._optimizers["G"].param_groups
        assert group["lr"] == pytest.approx(rate, abs=1e-6)


def test_a_model_that_cannot_be_compiled(make_trainer, toy_model, monkeypatch):
    monkeypatch.setenv("TORCHINDUCTOR_FORCE_DISABLE_CACHES", "1")
    monkeypatch.setattr("torch._inductor.config.cpp.cxx", ("no-such-compiler",))
    trainer = make_trainer("toy", compile=True)
    with pytest.raises(TrainingError, match=r"^the model cannot be compiled here \(.*Leave out --compile\.$"):
        trainer.run(quiet)


def test_a_compiled_model_learns_the_same(make_trainer, toy_model, monkeypatch):
    # The compiler's front end, which follows the model's Python; generating machine code takes minutes.
    compiled, kept = [], torch.compile

    def front_end(function):
        compiled.append(function.__name__)
        return kept(function, backend="aot_eager")

    monkeypatch.setattr(optimize.torch, "compile", front_end)
    plain = make_trainer("toy", out="plain", images=12)
    plain.run(quiet)
    faster = make_trainer("toy", out="faster", images=12, compile=True)
    faster.run(quiet)
    assert compiled == ["prepare", "losses"]
    assert plain.model.state_dict().keys() == faster.model.state_dict().keys()
    for one, other in zip(plain.model.parameters(), faster.model.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_steps_of_the_critic_alone_keep_no_graph_of_the_generator(make_trainer):
    trainer = make_trainer("dcgan", images=8, batch=4, d_steps=2)
    prepare, learned = trainer.optimizer._prepare, []

    def watched(batch):
        step = prepare(batch)
        learned.append(step.fake.requires_grad)
        return step

    trainer.optimizer._prepare = watched
    trainer.run(quiet)
    assert learned == [False, True]
