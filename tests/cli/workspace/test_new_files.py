"""Files that are created whole, in place of no other."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from dag_factory.cli.workspace.new_files import create_file


def test_a_new_file(tmp_path):
    assert create_file(tmp_path / "a" / "b", "c.yaml", "text \u2192\n") is None
    assert (tmp_path / "a" / "b" / "c.yaml").read_bytes() == "text \u2192\n".encode()
    assert list((tmp_path / "a" / "b").iterdir()) == [tmp_path / "a" / "b" / "c.yaml"]


def test_it_has_the_permissions_of_new_files(tmp_path):
    (tmp_path / "other").write_text("", "utf-8")
    create_file(tmp_path, "c.yaml", "")
    assert (tmp_path / "c.yaml").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_exists_stays(tmp_path, kind):
    path = tmp_path / "c.yaml"
    {
        "file": lambda: path.write_text("mine", "utf-8"),
        "folder": path.mkdir,
        "link": lambda: path.symlink_to("nowhere"),
    }[kind]()
    assert create_file(tmp_path, "c.yaml", "new") == "it exists already"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "a").write_text("", "utf-8")
    assert create_file(tmp_path / "a", "c.yaml", "") == "its folder is a file"
    assert create_file(tmp_path / "a" / "b", "c.yaml", "") == "Not a directory"


def no_links(_source, _target, **_options):
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def test_a_file_system_without_links(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", no_links)
    assert create_file(tmp_path, "c.yaml", "one") is None
    assert create_file(tmp_path, "c.yaml", "two") == "it exists already"
    assert {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()} == {"c.yaml": "one"}


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def full(_self, _mode):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "open", full)
    assert create_file(tmp_path, "c.yaml", "") == "No space left on device"
    assert list(tmp_path.iterdir()) == []
