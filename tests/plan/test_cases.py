"""Golden cases of `dag-factory plan`: a folder in `cases` is a pull request and what the plan says of it.

    before/       the repository before: configs/, and airbyte/ if connections are named
    after/        the files that the pull request adds or changes; an empty file is one that it deletes
    options.txt   the options of the command, if any
    output.txt    what the command prints

A new case needs no Python: add the first two, run `make cases`, and review output.txt. The merge is at NOW.
"""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

import pytest

from dag_factory.cli.main import main
from dag_factory.plan.kinds import KINDS
from tests.git_repositories import commit_all, make_repository

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())
NOW = "2026-01-31T16:30"


@pytest.fixture
def repository(request, tmp_path, monkeypatch):
    """Make the repository of a case with its two revisions, and run commands in it."""
    case = CASES / request.getfixturevalue("name")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-01-31T12:00:00Z")
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2026-01-31T12:00:00Z")
    make_repository(tmp_path)
    shutil.copytree(case / "before", tmp_path, dirs_exist_ok=True)
    commit_all(tmp_path, "before")
    for file in sorted((case / "after").rglob("*")):
        path = tmp_path / file.relative_to(case / "after")
        if file.is_file() and not file.read_bytes():
            path.unlink()
        elif file.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, path)
    return tmp_path


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("name", NAMES)
def test_case(name, capsys):
    options = CASES / name / "options.txt"
    more = shlex.split(options.read_text("utf-8")) if options.exists() else ["--details"]
    status = main(["plan", "--at", NOW, "--against", "main", *more])
    shown = capsys.readouterr()
    assert shown.err == ""
    output = CASES / name / "output.txt"
    text = shown.out if status == 0 else f"{shown.out}exit status {status}\n"
    if os.environ.get("UPDATE_CASES"):
        output.write_text(text, "utf-8")
    assert text == output.read_text("utf-8")


def test_every_kind_has_a_case():
    """By the beginning of a line, as the text has them."""
    outputs = [(CASES / name / "output.txt").read_text("utf-8") for name in NAMES]
    lines = {line.strip().partition(":")[0] for output in outputs for line in output.splitlines()}
    assert KINDS.keys() - lines == set()
