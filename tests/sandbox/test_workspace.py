from __future__ import annotations

import subprocess
from functools import partial

import pytest

from dag_factory.sandbox.workspace import WorkspaceError, workspace


def test_a_folder_is_created_and_kept(tmp_path):
    folder = tmp_path / "a" / "b"
    with workspace(folder, is_fresh=False) as own:
        (own / "history").write_text("kept")
    with workspace(folder, is_fresh=False) as own:
        assert (own / "history").read_text() == "kept"


def test_a_fresh_folder_is_empty(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    with workspace(tmp_path / "w", is_fresh=True) as own:
        (own / "deep" / "er").mkdir(parents=True)
        (own / "file").touch()
        (own / "link").symlink_to(kept)
    with workspace(tmp_path / "w", is_fresh=True) as own:
        assert {item.name for item in own.iterdir()} == {".made-by-dag-factory", ".gitignore"}
    assert (kept / "file").exists()


def test_git_does_not_see_the_folder(tmp_path):
    with workspace(tmp_path / "w", is_fresh=True) as own:
        (own / "airflow.db").touch()
    run = partial(subprocess.run, cwd=tmp_path, check=True, capture_output=True, text=True)
    run(["git", "init", "--quiet"])
    assert run(["git", "status", "--short"]).stdout == ""


def test_somebody_elses_folder_is_left_alone(tmp_path):
    (tmp_path / "precious").touch()
    message = rf"'{tmp_path}' contains files not created by dag-factory; choose another folder with --work"
    with pytest.raises(WorkspaceError, match=message), workspace(tmp_path, is_fresh=True):
        pytest.fail("the block must not be entered")
    assert (tmp_path / "precious").exists()


def test_two_processes_cannot_use_one_folder(tmp_path):
    folder = tmp_path / "w"
    message = rf"another dag-factory is running in '{folder}'; stop it, or choose another folder with --work"
    with workspace(folder, is_fresh=True) as own:
        (own / "file").touch()
        with pytest.raises(WorkspaceError, match=message), workspace(folder, is_fresh=True):
            pytest.fail("the block must not be entered")
        assert (own / "file").exists()
