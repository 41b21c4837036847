"""What is installed is all of handgen: a file left out of the wheel shows only on a stranger's machine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LARGEST = 60 * 10**6
"""Bytes that the wheel may have."""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with the source archive, and the wheel that was built from it."""
    folder, source = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("source")
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(folder), "-t"]
    subprocess.run([*build, "sdist"], cwd=ROOT, check=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(source, filter="data")
    (unpacked,) = source.iterdir()
    subprocess.run([*build, "wheel"], cwd=unpacked, check=True)
    return folder


def sources():
    files = (path for path in (ROOT / "handgen").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(ROOT).as_posix() for path in files}


def test_the_wheel_holds_every_file_and_no_tests(built):
    (wheel,) = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"handgen/py.typed", "handgen/fonts/catalog.json", "handgen/weights/zh/model.safetensors"} <= sources()
    assert sources() <= names
    assert all(name.startswith(("handgen/", "handgen-")) for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert wheel.stat().st_size < LARGEST


def test_the_source_archive_can_be_built_from(built):
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        names = {name.split("/", 1)[1] for name in tar.getnames() if "/" in name}
    assert sources() | {"pyproject.toml", "README.md", "LICENSE", "tests/conftest.py", "constraints.txt"} <= names


def test_what_pip_installs_works_away_from_the_sources(built, tmp_path):
    (wheel,) = built.glob("*.whl")
    target = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(target)  # which is all that pip does with one
    environment = os.environ | {"PYTHONPATH": str(target), "PYTHONSAFEPATH": "1"}
    code = """if True:
        import handgen
        from handgen.cli import run
        print(handgen.__file__)
        assert run(["--version"]) == run(["models", "--json"]) == 0
    """
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=True)
    where, version, *listed = done.stdout.splitlines()
    assert where.startswith(str(target))
    assert re.fullmatch(r"handgen \d+\.\d+\.\d+", version)
    there = {path.parent.name for path in (ROOT / "handgen/weights").glob("*/model.safetensors")}
    assert {each["name"] for each in json.loads("\n".join(listed)) if each["where"] == "shipped"} == there
