"""What ``check --for`` says of a real set of lines, against readers that repeat the trainers' published filtering."""

from __future__ import annotations

import json
import string

import pytest

from handgen.cli import run
from tests.check.test_trainers import benchmark, parseq, stored, tally

CORPUS = """Hello World, this is a Line that is far longer than twenty five characters
ＡＢＣ１２３，ａｂ
永和九年 ABC，岁在癸丑
x-y [a] say "so" q's 50% ^ a\\b
plain words
2026
"""
CHARSET = "永和九年岁在癸丑，ＡＢＣ１２３ａｂ" + string.ascii_letters + string.digits + ",-[]\"'%^\\"


@pytest.fixture(scope="module")
def lines(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lines")
    (folder / "corpus.txt").write_text(CORPUS, encoding="utf-8")
    (folder / "chars.txt").write_text(CHARSET, encoding="utf-8")
    options = ["--corpus", folder / "corpus.txt", "--charset", folder / "chars.txt", "--max-chars", 40, "--height", 32]
    command = ["synth", "--lines", "--model", trained, "--out", folder / "set", "--count", 300, *options]
    assert run(list(map(str, command))) == 0
    return folder / "set"


@pytest.mark.parametrize(("name", "reader"), [("parseq", parseq), ("dtrb", benchmark)])
def test_it_keeps_what_a_reader_that_repeats_its_filtering_keeps(name, reader, lines, capsys):
    labels = stored(lines)
    assert any(len(label) > 25 for label in labels)
    assert any(" " in label for label in labels)
    assert any(char in label for label in labels for char in "Ａ１")
    capsys.readouterr()
    assert run(["check", str(lines), "--for", name, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["trainer"]["as_it_comes"]
    default = string.digits + string.ascii_lowercase
    # PARSeq's own charset is 94 characters, the benchmark's 36.
    charset = string.printable[:94] if name == "parseq" else default
    expected = tally(labels, reader(labels, charset))
    assert (told["kept"], told["altered"], told["dropped"]) == expected
    assert min(expected[1:]) > 0
