from __future__ import annotations

import json
import subprocess
import sys

import lmdb
import numpy as np
import pytest

from handgen.cli import run
from handgen.formats.base import Sample
from handgen.formats.lmdb import LmdbWriter


@pytest.fixture
def dataset(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "set[1]"  # brackets are markup to rich
    with LmdbWriter(path, {"seed": 1}) as writer:
        writer.write([Sample(i, "ab["[i % 3], rng.integers(0, 256, (9, 9), np.uint8), {}) for i in range(12)])
        writer.finish({})
    return path


def change(path, key, value):
    env = lmdb.open(str(path))
    with env.begin(write=True) as txn:
        txn.put(key, value)
    env.close()


def test_a_sound_dataset(dataset, capsys):
    assert run(["check", str(dataset), "--strict"]) == 0
    out, err = capsys.readouterr()
    assert "set[1]" in out
    assert "no defect, 0 warnings" in out
    assert err.strip() == ""


def test_a_defect(dataset, capsys):
    change(dataset, b"label-000000003", "e\u0301".encode())
    assert run(["check", str(dataset)]) == 1
    out = capsys.readouterr().out
    assert "not NFC" in out
    assert "#3" in out
    assert "2 defects" in out  # é is outside charset.txt as well


def test_a_warning_counts_when_strict(dataset):
    change(dataset, b"zebra", b"")
    assert run(["check", str(dataset)]) == 0
    assert run(["check", str(dataset), "--strict"]) == 1


def test_json_alone_is_on_stdout(dataset, capsys):
    change(dataset, b"num-samples", b"20")
    assert run(["check", str(dataset), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["defects"], report["warnings"]) == (1, 0)
    (finding,) = report["datasets"][0]["findings"]
    assert (finding["rule"], finding["count"], finding["examples"][0]["sample"]) == ("count-too-large", 8, 13)


def test_charset(dataset, capsys):
    assert run(["check", str(dataset), "--charset", "latin62"]) == 1
    assert "outside: [" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["{}/nowhere"], ["{}"], ["{}/file"], ["{}", "--charset", "latin26"]])
def test_wrong_usage_is_one_line(arguments, tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    assert run(["check", *(argument.format(tmp_path) for argument in arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert err.startswith("error: ")


def test_for_a_trainer(dataset, capsys):
    assert run(["check", str(dataset), "--for", "dtrb", "--strict"]) == 0
    out = capsys.readouterr().out
    assert "deep-text-recognition-benchmark" in out
    assert f"--train_data '{dataset}'" in out.replace("\n", " ")
    assert run(["check", str(dataset), "--for", "parseq", "--json"]) == 0
    judged = json.loads(capsys.readouterr().out)["trainer"]
    assert [judged["with_flags"][key] for key in ("kept", "altered", "dropped")] == [12, 0, 0]
    assert judged["command"][-1].startswith("./train.py charset=handgen ")


def test_for_a_trainer_that_alters_labels(dataset, capsys):
    assert run(["check", str(dataset), "--for", "parseq", "--charset", "ab[", "--strict"]) == 0
    change(dataset, b"label-000000001", b"aX")
    assert run(["check", str(dataset), "--for", "parseq", "--charset", "ab[X"]) == 0
    assert run(["check", str(dataset), "--for", "parseq", "--charset", "ab["]) == 1
    assert "read as 'a'" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("name", "message"), [("parsec", "Did you mean 'parseq'"), ("doctr", "does not read the format")]
)
def test_for_a_trainer_that_cannot(name, message, dataset, capsys):
    assert run(["check", str(dataset), "--for", name]) == 2
    assert message in capsys.readouterr().err


def test_closed_outputs_take_nothing_from_the_answer(dataset):
    code = "import sys; from handgen.cli import run; sys.exit(run(sys.argv[1:]))"
    for closed in (">&-", "2>&-", ">&- 2>&-"):
        command = f'"{sys.executable}" -c "{code}" check "$0" {closed}'
        done = subprocess.run(["sh", "-c", command, str(dataset)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (closed, done.stderr)
        assert "error" not in done.stderr
