"""Files are written whole or not at all, and only if they change."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from dag_factory.workspace.snapshots.writing import write_if_changed


def test_a_new_file(tmp_path):
    path = tmp_path / "airbyte" / "dev" / "x.json"
    assert write_if_changed({path: "ä\n"}) == {path}
    assert path.read_bytes() == b"\xc3\xa4\n"
    assert path.stat().st_mode & 0o777 == 0o644


def test_an_unchanged_file_is_not_touched(tmp_path):
    path = tmp_path / "x.json"
    path.write_text("same")
    os.utime(path, ns=(1, 1))
    assert not write_if_changed({path: "same"})
    assert path.stat().st_mtime_ns == 1


@pytest.mark.parametrize("name", ["fdopen", "chmod", "replace"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, name):
    path = tmp_path / "x.json"
    path.write_text("old")

    def fail(*_arguments: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, name, fail)
    with pytest.raises(OSError, match="No space"):
        write_if_changed({path: "new"})
    monkeypatch.undo()
    assert [each.name for each in tmp_path.iterdir()] == ["x.json"]
    assert path.read_text() == "old"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only(tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(PermissionError):
        write_if_changed({tmp_path / "x.json": "new"})
    tmp_path.chmod(0o755)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_that_name_is_kept(tmp_path):
    (tmp_path / "x.json").mkdir()
    with pytest.raises(OSError, match=r"(?i)director"):
        write_if_changed({tmp_path / "x.json": "new"})
    assert [each.name for each in tmp_path.iterdir()] == ["x.json"]


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(os.devnull)])
def test_of_two_files_none_is_written_if_one_cannot_be(tmp_path, make):
    first, second = tmp_path / "x.json", tmp_path / "x.streams.json"
    first.write_text("old")
    make(second)
    with pytest.raises(OSError, match=r"directory|regular file") as error:
        write_if_changed({first: "new", second: "new"})
    assert error.value.filename == str(second)
    assert first.read_text() == "old"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["x.json", "x.streams.json"]
