from __future__ import annotations

import json
import random
import re
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgen.cli import run as cli
from handgen.training.health import of_kind, verdict
from handgen.training.settings import TrainSettings


def run(lines=100, *, every=400, images=0, l1=20.0, gan=1.0, noise=0.02, seed=0, **courses):
    """Lines of a run that looks healthy, but for ``courses``: value, or function of the position in [0, 1], by key."""
    rng = random.Random(seed)
    given = {
        "D/real weighted": 0.6,
        "D/fake weighted": 0.6,
        "G/l1 weighted": l1,
        "G/gan weighted": gan,
        "D/real accuracy": 0.7,
        "D/fake accuracy": 0.65,
        **courses,
    }
    made = []
    for number in range(lines):
        position = number / max(1, lines - 1)
        values = {key: value(position) if callable(value) else value for key, value in given.items()}
        noisy = {key: value * (1 + rng.gauss(0, noise)) for key, value in values.items()}
        made.append({"images": images + (number + 1) * every, "kind": "losses", **noisy})
    return made


def accuracy(real, fake):
    return {"D/real accuracy": real, "D/fake accuracy": fake}


def diversity(*ratios):
    return [
        {"images": 1000 * number, "kind": "diversity", "generated": ratio and ratio * 0.2, "real": 0.2, "ratio": ratio}
        for number, ratio in enumerate(ratios, 1)
    ]


def held_out(*l1, ssim=lambda l1: 1 - 3 * l1):
    return [
        {"images": 1000 * number, "kind": "held-out", "styles": {"mean": {"l1": value, "ssim": ssim(value)}}}
        for number, value in enumerate(l1, 1)
    ]


def only(stats, words, **options):
    (line,) = verdict(stats, **options)
    assert words in line
    return line


def train(model, store, out, *flags, **options):
    """Train 200 steps of two images each, or as ``options`` say; return the exit code."""
    given = {"data": store.path, "out": out, "images": 400, "batch": 2, "device": "cpu", **options}
    return cli(["train", model, *flags, *(f"--{name.replace('_', '-')}={value}" for name, value in given.items())])


HEALTHY = "Looks healthy"


def test_a_healthy_run_says_what_it_measured():
    line = only(run(noise=0.0) + diversity(0.1, 0.83), HEALTHY)
    assert "0.70 of real and 0.65 of fake" in line
    assert "diversity is 0.83" in line


@given(
    st.floats(0.6, 0.95),
    st.floats(0.6, 0.95),
    st.floats(0.3, 1.5),
    st.floats(0, 0.1),
    st.floats(0.01, 10),
    st.integers(8, 300),
    st.integers(0, 2**32),
)
def test_what_is_normal_is_not_cried_about(real, fake, ratio, noise, scale, lines, seed):
    """Medium accuracies, falling or varying losses, an improving D, few or many lines."""
    stats = run(
        lines,
        noise=noise,
        seed=seed,
        gan=lambda at: scale * (0.7 + 4 * at),  # D gets ahead
        l1=lambda at: 40 - 20 * at,
        **{"D/real weighted": lambda at: scale * (0.7 - 0.6 * at), "D/category weighted": 1e-4},
        **accuracy(min(real, 0.85), min(fake, 0.85)),
    )
    only(stats + diversity(ratio) + held_out(0.14, 0.13, 0.135), HEALTHY)


@pytest.mark.parametrize("options", [{}, {"l1": 0.5}])
def test_d_has_won(options):
    won = accuracy(lambda at: min(0.995, 0.7 + at), lambda at: min(0.99, 0.6 + at))
    stats = run(noise=0.001, **{"l1": 0.0, "gan": 4.0, **options}, **won)
    line = only(stats, "has won")
    assert "--r1" in line
    assert "0.99 of fake" in line
    for one_sided in (accuracy(0.995, 0.9), accuracy(0.9, 0.995)):
        only(run(noise=0.001, l1=0.0, gan=4.0, **one_sided), HEALTHY)


def test_d_wins_by_right_where_l1_leads_or_the_critic_is_wasserstein_s():
    won = accuracy(0.995, 0.995)
    assert "as usual where l1 leads" in only(run(noise=0.001, l1=20.0, gan=4.0, **won), HEALTHY)
    for kind in ("wgan", "wgan-gp"):
        only(run(noise=0.001, l1=0.0, **won), HEALTHY, gan_loss=kind)


@pytest.mark.parametrize("there", [accuracy(0.995, 0.995), accuracy(0.5, 0.5)])
def test_a_game_that_g_does_not_play_is_not_judged(there):
    only(run(noise=0.001, gan=0.0, l1=0.0, **there), HEALTHY)


def test_d_won_early_and_lost_its_lead():
    only(run(l1=0.0, **accuracy(lambda at: 0.999 if at < 0.7 else 0.8, 0.8)), HEALTHY)


@pytest.mark.parametrize(
    ("real", "fake", "words"),
    [
        (0.5, 0.5, "guesses"),
        (0.53, 0.49, "guesses"),
        (0.3, 0.7, "guesses"),
        (0.02, 0.99, "takes nearly everything for fake"),
        (0.98, 0.03, "takes nearly everything for real"),
    ],
)
def test_d_is_stuck(real, fake, words):
    assert f"{real:.2f} of real and {fake:.2f} of fake" in only(run(noise=0.0, **accuracy(real, fake)), words)
    only(run(**accuracy(real, fake)), words)
    only(run(**accuracy(lambda at: 0.8 if at > 0.9 else real, fake if fake > 0.5 else 0.6)), HEALTHY)


def test_g_has_collapsed():
    line = only(run() + diversity(0.9, 0.05), "has collapsed")
    assert "ratio of 0.05" in line
    assert "differ by 0.010 where real glyphs differ by 0.200" in line
    only(run() + diversity(0.05, 0.9), HEALTHY)
    only(run() + diversity(None, None), HEALTHY)


def test_g_draws_noise():
    only(run() + diversity(0.9, 1.54), "draws noise")


def test_losses_exploded():
    line = only(run(l1=lambda at: 20 if at < 0.85 else 20 * 10 ** (10 * (at - 0.85))), "have exploded")
    assert "G/l1 (weighted)" in line
    assert "--lr" in line
    only(run(**{"D/real weighted": lambda at: 0.6 if at < 0.3 else 5000}), "D/real")
    only(run(gan=300), "G/gan")  # from the first line on


def test_what_is_no_explosion():
    only(run(**{"G/const weighted": lambda at: 1e-5 if at < 0.9 else 0.5}), HEALTHY)  # small change
    only(run(**{"G/l1 weighted": lambda at: 5000 if 0.5 < at < 0.55 else 20}), HEALTHY)  # and over
    only(run(**{"G/const weighted": lambda at: 800 if at < 0.01 else 0.1}), HEALTHY)
    drift = {"D/real weighted": lambda at: -900 * at, "D/fake weighted": lambda at: 899 * at}
    only(run(gan=lambda at: -900 * at, l1=0.0, **drift), HEALTHY, gan_loss="wgan-gp")
    penalty = {"D/gp weighted": lambda at: 0.5 if at < 0.8 else 900}
    only(run(**drift, **penalty), "D/gp", gan_loss="wgan-gp")


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_not_finite(bad):
    stats = run(3)
    stats[1]["G/l1"] = bad
    assert "G/l1 is not finite after 800 images" in only(stats, "have exploded")


def test_held_out_got_worse():
    line = only(run() + held_out(0.20, 0.12, 0.13, 0.14), "got worse")
    assert "0.1200 after 2,000 images and is 0.1400 now" in line
    assert "--images 2000" in line
    only(run() + held_out(0.20, 0.12, 0.125), HEALTHY)
    only(run() + held_out(0.12, 0.14), HEALTHY)  # two are no course
    only(run() + held_out(0.20, 0.12, 0.14, ssim=lambda l1: 0.5 + l1), HEALTHY)  # blurred before


def test_all_that_went_wrong_is_said():
    stats = run(l1=0.0, gan=lambda at: 1 if at < 0.5 else 100, noise=0.001, **accuracy(0.99, 0.99))
    said = verdict(stats + diversity(0.01) + held_out(0.1, 0.2, 0.3))
    assert [any(word in line for line in said) for word in ("won", "collapsed", "exploded", "worse")] == [True] * 4


@pytest.mark.parametrize("lines", [0, 1, 7])
def test_too_short_a_run_is_not_judged(lines):
    only(run(lines, **accuracy(1, 1)) + diversity(0.0), "Too short")


@given(st.integers(0, 60), st.lists(st.one_of(st.none(), st.floats(0, 3)), max_size=4), st.integers(0, 99))
def test_something_is_always_said(lines, ratios, seed):
    said = verdict(run(lines, noise=0.5, seed=seed) + diversity(*ratios))
    assert said
    assert all(line.endswith(".") and "\n" not in line for line in said)


def test_every_flag_it_names_exists():
    settings = {f"--{field.name.replace('_', '-')}" for field in fields(TrainSettings)} | {"--out"}
    stats = [
        run(l1=0.0, noise=0.0, **accuracy(0.99, 0.99)),
        run(**accuracy(0.5, 0.5)),
        run(**accuracy(0, 1)),
        run(l1=lambda at: 10 ** (4 * at)),
        run() + diversity(0.01),
        run() + held_out(0.1, 0.2, 0.3),
        [*run(1), {"images": 9, "kind": "losses", "G/l1": float("nan")}],
    ]
    for each in stats:
        (line,) = verdict(each)
        named = set(re.findall(r"--[a-z0-9-]+", line))
        assert named
        assert named <= settings


def test_a_run_that_explodes_says_so_everywhere(store, tmp_path, capsys):
    """With Adam and a learning rate of 3, everything stays finite, but the drawings are noise."""
    out = tmp_path / "run"
    assert train("gan", store, out, "--json", lr=3, schedule="constant", width=8, latent_dim=8) == 0
    said = json.loads(capsys.readouterr().out)
    exploded = [line for line in said["verdict"] if "have exploded" in line]
    assert len(exploded) == 1
    assert exploded[0] in (out / "log.txt").read_text(encoding="utf-8")
    assert set(said["diversity"]) == {"generated", "real", "ratio"}
    assert (out / "curves.png").stat().st_size > 10_000
    recorded = of_kind([json.loads(line) for line in (out / "stats.jsonl").read_text().splitlines()], "diversity")
    assert [line["images"] for line in recorded] == [400]
    assert recorded[0]["ratio"] == said["diversity"]["ratio"]


def test_a_run_that_learns_looks_healthy(store, tmp_path, toy_model, capsys):
    out = tmp_path / "run"
    assert train("toy", store, out, images=1000, lr=0.01, ema=0, eval_every=500) == 0
    said = capsys.readouterr().out
    assert "health     Looks healthy" in said
    assert re.search(r"diversity  0\.\d\d of that among real glyphs", said)
    assert f"curves     {out / 'curves.png'}" in said
    stats = [json.loads(line) for line in (out / "stats.jsonl").read_text().splitlines()]
    assert [line["images"] for line in of_kind(stats, "diversity")] == [500, 1000]


def test_an_older_run_knows_no_accuracies():
    stats = run()
    for line in stats:
        del line["D/real accuracy"], line["D/fake accuracy"]
    assert "D is" not in only(json.loads(json.dumps(stats)), HEALTHY)
