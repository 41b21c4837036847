from __future__ import annotations

import json
import re
import time

import pytest

from handgen.cli import progress, run
from handgen.fonts import find
from handgen.fonts.catalog import HANDWRITTEN
from handgen.fonts.fetch import Outcome
from tests.conftest import rectangle


@pytest.fixture(autouse=True)
def only_pip_fonts(tmp_path, monkeypatch):
    monkeypatch.setattr(find, "_system_folders", list)
    monkeypatch.setenv("HANDGEN_FONTS", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def output(capsys, *args, code=0):
    assert run(["fonts", *map(str, args)]) == code
    return capsys.readouterr()


def test_list(capsys, tmp_path):
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "page.ttf").write_text("<html>")
    out, err = output(capsys, "list", "--script", "latin")
    assert "Caveat" in out
    assert "Noto Sans SC" not in out
    assert re.search(r"broken: .*page\.ttf is a web page", err)


def test_list_as_json(capsys):
    listing = json.loads(output(capsys, "list", "--kind", "hei", "--charset", "永和九年", "--json").out)
    (font,) = listing["fonts"]
    assert (font["family"], font["covered"], font["characters"]) == ("Noto Sans SC", 4, 4)
    assert (font["license"], font["where"]) == ("OFL-1.1", "pip")


def test_list_of_an_unknown_kind(capsys):
    assert "Did you mean 'brush'" in output(capsys, "list", "--kind", "brsh", code=2).err


def test_check_counts_by_reason(capsys, tiny_font):
    square = [rectangle(100, 0, 700, 700)]
    path = tiny_font("half.ttf", {"a": square, "b": [], "c": [rectangle(0, 0, 300, 700)]})
    out, _ = output(capsys, "check", path, "--charset", "abcd")
    assert re.search(r"drawn\W+2\W+of 4", out)
    assert re.search(r"missing\W+1\W+d", out)
    assert re.search(r"blank\W+1\W+b", out)
    result = json.loads(output(capsys, "check", path, "--charset", "abcd", "--json", "--strict", code=1).out)
    assert result["skipped"] == {"missing": "d", "blank": "b"}
    assert result["drawn"] == 2
    output(capsys, "check", path, "--charset", "ac", "--strict")


def test_check_of_the_alias_takes_the_charset_of_the_font(capsys):
    result = json.loads(output(capsys, "check", "Heiti.ttf", "--json", "--strict").out)
    assert (result["charset"], result["drawn"], result["skipped"]) == ("gb2312-1", 3755, {})


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["check", "Nowhere"], 2, "no font called 'Nowhere'"),
        (["check", "Caveat", "--charset", "gb2312-2"], 2, "Did you mean 'gb2312"),
        (["fetch", "Ma Shan Zhen"], 2, "Did you mean 'Ma Shan Zheng'"),
        (["fetch", "zh", "--out", "file"], 2, "is not a folder"),
    ],
)
def test_wrong_usage_is_one_line(capsys, tmp_path, args, code, words):
    (tmp_path / "file").touch()
    err = output(capsys, *args, code=code).err
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_fetch_dry_run_fetches_nothing(capsys, tmp_path):
    out, _ = output(capsys, "fetch", "zh", "Caveat", "--dry-run")
    assert "Ma Shan Zheng" in out
    assert f"into {tmp_path}" in out
    plan = json.loads(output(capsys, "fetch", "en", "--dry-run", "--json").out)
    assert plan["fonts"][0]["family"] == "Caveat"
    more = json.loads(output(capsys, "fetch", "en", "--all", "--dry-run", "--json").out)
    assert len(more["fonts"]) > 2 * len(plan["fonts"])
    assert not (tmp_path / "cache").exists()


def test_a_kind_may_be_several(capsys):
    listing = json.loads(output(capsys, "list", "--kind", "handwriting", "--script", "latin", "--json").out)
    kinds = {font["kind"] for font in listing["fonts"]}
    assert {"pen", "running"} <= kinds <= HANDWRITTEN


def test_fetch_says_how_far_it_is_where_there_is_no_terminal(capsys, monkeypatch):
    def slow(entries, out, force):
        for entry in entries:
            time.sleep(0.2)
            yield Outcome(entry, "fetched", out / entry.slug)

    monkeypatch.setattr(progress, "EVERY", 0.05)
    monkeypatch.setattr("handgen.fonts.fetch.fetch_all", slow)
    err = output(capsys, "fetch", "Caveat", "Kalam", "Zeyada").err
    assert re.search(r"^fetching: 0 of 3 fonts \(0%\)$", err, re.MULTILINE)
    assert re.search(r"^fetching: 2 of 3 fonts \(67%\), [\d.]+/s, \d s left$", err, re.MULTILINE)


def test_who_stops_a_command_is_told_how_to_go_on(capsys, tmp_path, monkeypatch):
    def stop(entries, out, force):
        yield Outcome(entries[0], "fetched", tmp_path / "a.ttf")
        raise KeyboardInterrupt

    monkeypatch.setattr("handgen.fonts.fetch.fetch_all", stop)
    assert run(["fonts", "fetch", "zh", "--out", str(tmp_path)]) == 130
    assert "stopped; the same command again does the rest" in capsys.readouterr().err


def test_fetch_without_the_client_says_so_once_and_leaves_nothing(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    err = output(capsys, "fetch", "Ma Shan Zheng", "Zhi Mang Xing", code=1).err
    assert "failed 2: Ma Shan Zheng, Zhi Mang Xing: npm is not installed" in err
    assert list((tmp_path / "cache").iterdir()) == []
    result = json.loads(output(capsys, "fetch", "Ma Shan Zheng", "--json", code=1).out)
    assert "npm is not installed" in result["failed"]["Ma Shan Zheng"]


def test_fetch_skips_what_is_there(capsys, tmp_path, kalam, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "ma-shan-zheng.ttf").write_bytes(kalam.read_bytes())
    assert "already there 1" in output(capsys, "fetch", "Ma Shan Zheng", "-o", tmp_path / "mine").out
