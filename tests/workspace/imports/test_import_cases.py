"""Golden cases of `dag-factory import`: a folder in `import_cases` is a repository and what comes of it.

    snapshot.json    what Airbyte has: the file that `pull` writes
    configs/         the files that are there, if any
    options.txt      the options of the command, if any
    written/         the new files, and output.txt, what the command prints

A new case needs no Python: add the first three, run `make cases`, and review `written`. Add `--by-id` to the
options unless the case is about names.
"""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

import pytest

from dag_factory.cli.main import main

CASES = Path(__file__).parent / "import_cases"
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())
OUTPUT = "output.txt"


@pytest.fixture
def repository(request, tmp_path, monkeypatch):
    """Make the repository of a case, and run commands in it."""
    case = CASES / request.getfixturevalue("name")
    snapshots = tmp_path / "airbyte"
    snapshots.mkdir()
    shutil.copy(case / "snapshot.json", snapshots / "airbyte_default.json")
    if (case / "configs").is_dir():
        shutil.copytree(case / "configs", tmp_path / "configs")
    else:
        (tmp_path / "configs").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def options(name: str) -> list[str]:
    file = CASES / name / "options.txt"
    return shlex.split(file.read_text("utf-8")) if file.exists() else []


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes().decode("utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rewrite(folder: Path, texts: dict[str, str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


@pytest.mark.parametrize("name", NAMES)
def test_case(name, repository, capsys):
    before = files(repository / "configs")
    main(["import", *options(name)])
    after = files(repository / "configs")
    assert {each: after[each] for each in before} == before
    written = {each: text for each, text in after.items() if each not in before}
    written[OUTPUT] = capsys.readouterr().out
    expected = CASES / name / "written"
    if os.environ.get("UPDATE_CASES"):
        rewrite(expected, written)
    assert expected.is_dir(), "run `make cases`, then read what it has written"
    assert written == files(expected), "run `make cases`, then read the difference"


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_passes_validate(name, capsys):
    main(["import", *options(name)])
    capsys.readouterr()
    status = main(["validate", "--strict"])
    assert status == 0, capsys.readouterr().out


@pytest.mark.parametrize("name", NAMES)
def test_a_second_run_writes_nothing(name, repository, capsys):
    main(["import", *options(name)])
    before = files(repository)
    assert main(["import", *options(name)]) == 0
    assert files(repository) == before
    assert "\n0 imported" in "\n" + capsys.readouterr().out.split("\n\n")[-1]
