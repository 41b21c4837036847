from __future__ import annotations

import errno
import hashlib
import json
import os
import resource
import stat

import pytest

from handgen.errors import HandgenError, UsageError
from handgen.files import from_os_error, replacing, sha256, writable_folder, write_json, write_text
from handgen.formats.files import json_line


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "new" / "a.txt"
    write_text(path, "银\n")
    write_text(path, "锒\n")
    assert path.read_bytes() == "锒\n".encode()
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_permissions_are_those_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    write_text(tmp_path / "ours", "x")
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def interrupted_write(path, error):
    with replacing(path) as temporary:
        temporary.write_text("half")
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(error):
        interrupted_write(path, error)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_full_disk_leaves_what_was_there_and_says_so(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(HandgenError, match=r"a\.txt cannot grow: the disk is full") as caught:
            write_text(path, "x" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.exit_code == 1
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_json_is_readable_by_people(tmp_path):
    write_json(tmp_path / "a.json", {"b": "银"})
    assert (tmp_path / "a.json").read_text("utf-8") == '{\n  "b": "银"\n}\n'
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"b": object()})
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == {"b": "银"}


def test_sha256_reads_in_blocks(tmp_path):
    data = os.urandom(3 << 20)
    (tmp_path / "a").write_bytes(data)
    assert sha256(tmp_path / "a") == hashlib.sha256(data).hexdigest()


def test_a_folder_is_made_and_left_empty(tmp_path):
    assert list(writable_folder(tmp_path / "a" / "b").iterdir()) == []


@pytest.mark.parametrize("inside", ["file", "file/folder"])
def test_a_file_is_no_folder(tmp_path, inside):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"is not a folder\. Choose another --out"):
        writable_folder(tmp_path / inside)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match="no permission"):
        writable_folder(tmp_path)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "no room left on the disk that holds"),
        (errno.EDQUOT, "no room left"),
        (errno.EFBIG, "ulimit -f"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "Permission denied"),
    ],
)
def test_system_errors_name_the_path_and_a_remedy(tmp_path, number, words):
    error = from_os_error(OSError(number, os.strerror(number)), tmp_path)
    assert words in str(error)
    assert str(tmp_path) in str(error)
    assert error.remedy


def test_halves_of_pairs_are_written_as_escapes(tmp_path):
    facts = {"name": "a\udc91.png", "other": "永"}
    write_json(tmp_path / "x.json", facts)
    assert json.loads((tmp_path / "x.json").read_text("utf-8")) == facts
    assert json.loads(json_line(facts).encode()) == facts
    assert json_line({"a": "永"}) == '{"a":"永"}'
