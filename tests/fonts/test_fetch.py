from __future__ import annotations

import importlib.util
import io
import json
import os
import subprocess
import sys
import tarfile
import threading
import zipfile
from dataclasses import replace

import pytest
from fontTools.ttLib import TTFont

from handgen.errors import FontError, HandgenError
from handgen.files import sha256
from handgen.fonts.catalog import Entry, Source
from handgen.fonts.fetch import download, fetch, fetch_all, installed
from tests.conftest import rectangle

NPM = Entry("Tiny Hand", "latin", "pen", "OFL-1.1", Source("npm", "@tiny/hand", "1.2.0", "files/*-400-normal.woff2"))
PIP = Entry("Tiny Pip", "latin", "running", "OFL-1.1", Source("pip", "tiny-pip", "3.0", "*/files/Tiny*.ttf"))


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture
def slices(tiny_font):
    """Two WOFF2 slices as bytes: abc and cd."""
    packed = []
    for text in ("abc", "cd"):
        font = TTFont(tiny_font(f"{text}.ttf", {char: [rectangle(0, 0, 9 * ord(char), 500)] for char in text}))
        font.flavor = "woff2"
        buffer = io.BytesIO()
        font.save(buffer)
        packed.append(buffer.getvalue())
    return packed


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def tgz(tmp_path, files, *extra):
    path = tmp_path / "tiny-hand-1.2.0.tgz"
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for member in extra:
            tar.addfile(member)
    return path


def wheel(tmp_path, files):
    path = tmp_path / "tiny_pip-3.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return path


@pytest.fixture
def good(slices):
    return {
        "package/files/tiny-hand-latin-400-normal.woff2": slices[0],
        "package/files/tiny-hand-0-400-normal.woff2": slices[1],
        "package/files/tiny-hand-0-700-normal.woff2": b"another weight",
        "package/LICENSE": b"SIL OPEN FONT LICENSE",
        "package/package.json": b"{}",
    }


def test_an_npm_package_becomes_one_font_with_license_and_provenance(tmp_path, out, clients, good):
    archive = tgz(tmp_path, good)
    clients(archive)
    path = fetch(NPM, out)
    assert names(out) == ["LICENSE-tiny-hand.txt", "tiny-hand.json", "tiny-hand.ttf"]
    assert set(TTFont(path).getBestCmap()) == set(map(ord, "abcd"))
    assert (out / "LICENSE-tiny-hand.txt").read_bytes() == good["package/LICENSE"]
    about = json.loads((out / "tiny-hand.json").read_text(encoding="utf-8"))
    assert about["source"] == {"type": "npm", "package": "@tiny/hand", "version": "1.2.0"}
    assert (about["license"], about["converted"], about["slices"]) == ("OFL-1.1", True, 2)
    assert (about["sha256"], about["archive_sha256"]) == (sha256(path), sha256(archive))


def test_a_wheel_gives_its_font_as_it_is(tmp_path, out, clients, kalam):
    data = kalam.read_bytes()
    clients(wheel(tmp_path, {"tiny/files/Tiny-Regular.ttf": data, "tiny_pip-3.0.dist-info/licenses/LICENSE": b"OFL"}))
    path = fetch(PIP, out)
    assert path == out / "tiny-pip.ttf"
    assert path.read_bytes() == data
    assert json.loads((out / "tiny-pip.json").read_text(encoding="utf-8"))["converted"] is False


def test_what_is_there_stays_unless_forced(tmp_path, out, clients, good):
    clients(tgz(tmp_path, good))
    (out / "tiny-hand.ttf").write_bytes(b"mine")
    assert [outcome.state for outcome in fetch_all([NPM], out)] == ["present"]
    assert (out / "tiny-hand.ttf").read_bytes() == b"mine"
    assert [outcome.state for outcome in fetch_all([NPM], out, force=True)] == ["fetched"]
    assert TTFont(out / "tiny-hand.ttf").getBestCmap()


def link(kind):
    member = tarfile.TarInfo("package/files/x-400-normal.woff2")
    member.type = kind
    member.linkname = "/etc/passwd"
    return member


@pytest.mark.parametrize(
    ("files", "extra"),
    [
        ({"package/../../evil-400-normal.woff2": b"x"}, ()),
        ({"/tmp/evil": b"x"}, ()),
        ({"C:\\evil": b"x"}, ()),
        ({"package\\..\\..\\evil": b"x"}, ()),
        ({}, (link(tarfile.SYMTYPE),)),
        ({}, (link(tarfile.LNKTYPE),)),
        ({}, (link(tarfile.FIFOTYPE),)),
    ],
    ids=["up", "root", "drive", "backslash", "symlink", "hardlink", "fifo"],
)
def test_an_archive_that_leads_outside_its_folder_is_refused(tmp_path, out, clients, good, files, extra):
    clients(tgz(tmp_path, {**good, **files}, *extra))
    with pytest.raises(FontError, match="paths that lead outside its folder"):
        fetch(NPM, out)
    assert names(out) == []


def test_a_wheel_that_leads_outside_its_folder_is_refused(tmp_path, out, clients):
    clients(wheel(tmp_path, {"LICENSE": b"x", "../files/Tiny.ttf": b"x"}))
    with pytest.raises(FontError, match="paths that lead outside its folder"):
        fetch(PIP, out)
    assert names(out) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"package/LICENSE": None}, "holds no license"),
        ({f"package/files/tiny-hand-{part}-400-normal.woff2": None for part in ("latin", "0")}, "holds no files/"),
        ({"package/files/tiny-hand-latin-400-normal.woff2": b"<html></html>"}, "slices of tiny-hand"),
    ],
    ids=["license", "font", "page"],
)
def test_a_package_without_what_it_should_hold(tmp_path, out, clients, good, change, message):
    clients(tgz(tmp_path, {name: data for name, data in {**good, **change}.items() if data is not None}))
    with pytest.raises(FontError, match=message):
        fetch(NPM, out)
    assert names(out) == []


@pytest.mark.parametrize("keep", [0, 10, 300])
def test_an_archive_cut_short(tmp_path, out, clients, good, keep):
    archive = tgz(tmp_path, good)
    archive.write_bytes(archive.read_bytes()[:keep])
    clients(archive)
    with pytest.raises(FontError, match="no readable archive"):
        fetch(NPM, out)
    assert names(out) == []


def test_the_client_is_missing(tmp_path, out, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HandgenError, match=r"npm is not installed.*Node\.js"):
        fetch(NPM, out)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(HandgenError, match=r"pip is not installed.*ensurepip"):
        fetch(PIP, out)
    assert names(out) == []


def test_the_client_fails(out, clients):
    clients(None)
    with pytest.raises(HandgenError) as caught:
        fetch(NPM, out)
    assert "@tiny/hand 1.2.0: npm error code E404; npm error 404 no @tiny/hand@1.2.0" in caught.value.message
    assert "warn" not in caught.value.message
    assert names(out) == []


def test_one_failure_does_not_keep_the_others_back(tmp_path, out, clients, good):
    clients(tgz(tmp_path, good))
    outcomes = {outcome.entry: outcome for outcome in fetch_all([PIP, NPM], out)}
    assert {entry.family: outcome.state for entry, outcome in outcomes.items()} == {
        "Tiny Pip": "failed",
        "Tiny Hand": "fetched",
    }
    assert outcomes[PIP].error is not None
    assert installed(PIP, out) is None
    assert installed(NPM, out) == outcomes[NPM].path


def test_several_are_fetched_at_a_time(out, monkeypatch):
    together = threading.Barrier(3, timeout=20)  # broken unless three fetches run at once

    def bring(entry, folder, archive_of):
        together.wait()
        path = folder / f"{entry.slug}.ttf"
        path.write_bytes(b"font")
        return path

    monkeypatch.setattr("handgen.fonts.fetch.fetch", bring)
    entries = [replace(NPM, family=f"Tiny {number}") for number in range(6)]
    assert [outcome.state for outcome in fetch_all(entries, out, workers=3)] == ["fetched"] * 6
    assert [outcome.state for outcome in fetch_all(entries, out, workers=3)] == ["present"] * 6


def test_a_package_of_several_fonts_is_downloaded_once(tmp_path, out, clients, good, monkeypatch):
    clients(tgz(tmp_path, good))
    downloaded = []

    def counted(source, scratch):
        downloaded.append(source)
        return download(source, scratch)

    monkeypatch.setattr("handgen.fonts.fetch.download", counted)
    outcomes = list(fetch_all([NPM, replace(NPM, family="Tiny Two"), PIP], out))
    assert sorted(outcome.state for outcome in outcomes) == ["failed", "fetched", "fetched"]
    assert downloaded.count(NPM.source) == 1
    assert [name for name in names(out) if name.endswith(".ttf")] == ["tiny-hand.ttf", "tiny-two.ttf"]
    assert not list(out.glob(".fetch-*"))


def test_who_stops_it_has_whole_fonts_and_no_scratch(tmp_path, out, clients, good):
    clients(tgz(tmp_path, good))
    fetched = fetch_all([NPM, *(replace(NPM, family=f"Tiny {number}") for number in range(30))], out, workers=1)
    next(fetched)
    fetched.close()
    fonts = sorted(out.glob("*.ttf"))
    assert 1 <= len(fonts) < 30
    assert names(out) == sorted(
        name for font in fonts for name in (f"LICENSE-{font.stem}.txt", f"{font.stem}.json", font.name)
    )


def test_scratch_of_a_process_that_was_killed_is_removed(tmp_path, out, clients, good):
    clients(tgz(tmp_path, good))
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    dead, alive = out / f".fetch-{done.pid}-x", out / f".fetch-{os.getpid()}-x"
    for folder in (dead, alive):
        folder.mkdir()
        (folder / "half.ttf").touch()
    list(fetch_all([NPM], out))
    assert not dead.exists()
    assert alive.exists()


def test_a_notice_stands_in_for_a_license_file_of_the_font(tmp_path, out, clients, good):
    noted = replace(NPM, source=replace(NPM.source, notice="Copyright somebody. OFL."))
    for license in (b"MIT, of the program around it", None):
        files = {name: data for name, data in {**good, "package/LICENSE": license}.items() if data is not None}
        clients(tgz(tmp_path, files))
        fetch(noted, out)
        assert (out / "LICENSE-tiny-hand.txt").read_text(encoding="utf-8") == "Copyright somebody. OFL.\n"
