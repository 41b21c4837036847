from __future__ import annotations

import json

import pytest

from handgen.cli import run
from handgen.glyphs.store import GlyphStore


@pytest.fixture
def command(caveat, kalam, tmp_path, capsys):
    """Run ``handgen render`` on Caveat and Kalam; return the exit code, stdout and stderr."""

    def call(*options, font=str(caveat), target=str(kalam)):
        out = tmp_path / "out" / "store"
        code = run(["render", "-f", font, "-t", target, "-o", str(out), "--workers", "1", *options])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    call.out = tmp_path / "out" / "store"
    return call


def test_it_makes_a_store_and_says_what_is_next(command):
    code, out, _ = command("--per-font", "20")
    assert code == 0
    assert len(GlyphStore(command.out).images) == 82
    assert "preview.png" in out
    assert "handgen train zi2zi --data" in " ".join(out.split())
    assert "latin62" in out


def test_json_is_all_that_reaches_stdout(command):
    code, out, _ = command("--json", "--charset", "ab永")
    assert code == 0
    result = json.loads(out)
    assert result["glyphs"] == 4
    assert result["styles"][0] == {"style": "caveat", "role": "source", "drawn": 2, "skipped": {"missing": "永"}}
    assert result["failed"] == {}


def test_a_dry_run_shows_the_plan_and_writes_nothing(command):
    code, out, _ = command("--dry-run", "--take", "kalam=7", "--size", "128")
    assert code == 0
    assert "kalam" in out
    assert "128" in out
    assert not command.out.exists()


def test_a_bad_target_is_a_warning(command, kalam, tmp_path):
    (tmp_path / "page.ttf").write_text("<html>")
    code, _, err = command("-t", str(tmp_path / "page.ttf"), "--charset", "abc")
    assert code == 0
    assert "left out page" in err
    assert "web page" in err


def test_a_folder_of_other_things_is_left_alone(command):
    command.out.mkdir(parents=True)
    (command.out / "notes.txt").write_text("keep me")
    code, _, err = command("--charset", "abc")
    assert code == 2
    assert "not empty" in err
    assert (command.out / "notes.txt").read_text() == "keep me"


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--charset", "永国"), 1, "draws none of the 2 characters"),
        (("--charset", ""), 2, "charset is empty"),
        (("--charset", "latin63"), 2, "Did you mean 'latin62'?"),
        (("--take", "kalm=3"), 2, "Did you mean 'kalam'?"),
        (("--size", "100"), 2, "100"),
        (("--per-font", "0"), 2, "per-font"),
    ],
)
def test_errors_are_one_line_with_the_right_code(command, options, code, message):
    got, out, err = command(*options)
    assert got == code
    assert message in err
    assert "Traceback" not in err + out
    assert not command.out.exists() or not any(command.out.iterdir())


def test_a_page_that_calls_itself_a_font_is_named(command, tmp_path):
    (tmp_path / "page.ttf").write_text("<!DOCTYPE html>")
    code, _, err = command(font=str(tmp_path / "page.ttf"))
    assert code == 1
    assert err.count("\n") == 1
    assert "page.ttf is a web page, not a font" in err


def test_targets_that_are_all_print_are_a_warning(command, heiti):
    """A model that learns them writes type: this is what a machine without hands has."""
    code, _, err = command("--dry-run", "--charset", "的一是", font=str(heiti), target="Noto Serif SC")
    assert code == 0
    assert "warning: no target looks written by hand, only print (noto-serif-sc)" in " ".join(err.split())
    assert "handgen fonts fetch zh" in " ".join(err.split())
    assert "warning" not in command("--dry-run")[2]
