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
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", str(folder)], cwd=ROOT, check=True)
    return folder


def sources():
    files = (path for path in (ROOT / "handgen").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(ROOT).as_posix() for path in files}


def test_the_wheel_holds_every_file_and_no_tests(built):
    (wheel,) = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"handgen/py.typed", "handgen/fonts/catalog.json"} <= sources() <= names
    weights = {path.relative_to(ROOT).as_posix() for path in (ROOT / "handgen/weights").glob("*/*")}
    assert weights <= names
    assert all(name.startswith(("handgen/", "handgen-")) for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert wheel.stat().st_size < LARGEST


def test_the_source_archive_can_be_built_from(built):
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        names = {name.split("/", 1)[1] for name in tar.getnames() if "/" in name}
    assert sources() | {"pyproject.toml", "README.md", "LICENSE", "tests/conftest.py", "constraints.txt"} <= names


@pytest.mark.parametrize("kind", ["*.whl", "*.tar.gz"])
def test_what_pip_installs_works_away_from_the_sources(built, kind, tmp_path):
    (archive,) = built.glob(kind)
    target = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    pip += ["--no-compile", "--no-build-isolation", "--target", str(target)]
    subprocess.run([*pip, str(archive)], check=True, cwd=tmp_path)
    environment = os.environ | {"PYTHONPATH": str(target), "PYTHONSAFEPATH": "1"}
    code = "import sys, handgen; from handgen.__main__ import main; print(handgen.__file__); main()"

    def handgen(*words):
        command = [sys.executable, "-c", code, *words]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=True)
        where, _, rest = done.stdout.partition("\n")
        assert where.startswith(str(target))
        return rest

    assert re.fullmatch(r"handgen \d+\.\d+\.\d+\n", handgen("--version"))
    if kind == "*.whl":
        there = {path.parent.name for path in (ROOT / "handgen/weights").glob("*/model.safetensors")}
        found = json.loads(handgen("models", "--json"))
        assert {each["name"] for each in found if each["where"] == "shipped"} == there
