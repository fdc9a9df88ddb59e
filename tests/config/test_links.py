"""Links, pipes, folders and odd names next to a good file, which is loaded regardless."""

from __future__ import annotations

import os
import socket
from datetime import date
from pathlib import Path

import pytest

from dag_factory.config.project import load_dag, load_project, resolve_project, validate_project
from dag_factory.config.yaml.file_bytes import read_bytes
from dag_factory.report.formats import FORMATS, renderer

UUID = "1e3b5a72-7bfd-4808-a13c-20450549011"
GOOD = f"schedule: null\nsyncs:\n  money: {UUID}0\n"
NOWHERE = "is a link that leads nowhere"
OUT = "is a link that leads out of the folder"
TO_FOLDER = "is a link to a folder; links are not followed"
IRREGULAR = "is not a regular file"


def link(target):
    return lambda path: path.symlink_to(target)


def ring(path):
    names = [path.with_name(f"{path.stem}{number}{path.suffix}") for number in range(3)]
    for name, target in zip([path, *names], [*names, path], strict=True):
        name.symlink_to(target.name)


def long_chain(path):
    """Create more links than the system follows, and than Python's stack is deep."""
    hidden = path.parent / ".links"
    hidden.mkdir()
    (hidden / "0").write_text(GOOD)
    for number in range(1500):
        (hidden / f"{number + 1}").symlink_to(f"{number}")
    path.symlink_to(".links/1500")


def listening(path):
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(path.parent)
        try:
            server.bind(path.name)
        finally:
            os.chdir(here)


# How to create each thing, and the message about it if it has a configuration's name, and if not.
THINGS = {
    "to itself": (lambda path: path.symlink_to(path.name), NOWHERE, None),
    "through a file": (link("good.yaml/x"), NOWHERE, None),
    "dangling": (link("nowhere"), NOWHERE, None),
    "dangling outside": (link("/nowhere/at/all"), NOWHERE, None),
    "a ring": (ring, NOWHERE, None),
    "a long chain": (long_chain, NOWHERE, None),
    "a long name": (link("a" * 300), NOWHERE, None),
    "a long path": (link("a/" * 2040), NOWHERE, None),
    "to the folder": (link("."), TO_FOLDER, TO_FOLDER),
    "to a folder above": (link("../.."), TO_FOLDER, TO_FOLDER),
    "to a device": (link("/dev/zero"), OUT, None),
    "to a pipe": (lambda path: (os.mkfifo(path.parent / "pipe"), path.symlink_to("pipe")), IRREGULAR, None),
    "a pipe": (os.mkfifo, IRREGULAR, None),
    "a socket": (listening, IRREGULAR, None),
    "a folder": (Path.mkdir, IRREGULAR, None),
    "no name of any file": (link("\udcff"), NOWHERE, None),
}


@pytest.fixture
def messages_about(configs):
    """Return a function that puts something next to a good file, checks it, and returns its messages."""

    def check(name, put):
        root = configs({"good.yaml": GOOD})
        put(root / name)
        findings = validate_project(root, "configs", None, lambda _file: True, date(2026, 1, 31))
        loaded = load_project(root, None)
        assert [dag.dag_id for dag in loaded.dags if dag.dag_id == "good"] == ["good"]
        assert load_dag(root, None, "good") is not None
        load_dag(root, None, Path(name).stem)
        assert resolve_project(root, None).project.dags == loaded.dags
        for style in FORMATS:
            assert renderer(style)(findings.diagnostics, findings.files).replace("\n", "").isprintable()
        assert {each.code for each in findings.diagnostics} <= {
            "unreadable-file",
            "bad-name",
            "yaml-encoding",
        }
        assert [each for each in loaded.diagnostics if each not in findings.diagnostics] == []
        return [each.message for each in findings.diagnostics if each.file == f"configs/{name}"]

    return check


@pytest.mark.parametrize("name", ["x.yaml", "x.yml", "defaults.yaml"])
@pytest.mark.parametrize("thing", THINGS)
def test_with_a_configurations_name_it_is_reported(thing, name, configs, messages_about):
    if name == "defaults.yaml":
        root = configs({"team/good.yaml": GOOD.replace("0\n", "1\n")})
        THINGS[thing][0](root / "team" / name)
        (root / "good.yaml").write_text(GOOD)
        loaded = load_project(root, None)
        assert "good" in [dag.dag_id for dag in loaded.dags]
        messages = [each.message for each in loaded.diagnostics if each.file == "configs/team/defaults.yaml"]
    else:
        messages = messages_about(name, THINGS[thing][0])
    assert len(messages) == 1
    assert messages[0].startswith(THINGS[thing][1])


@pytest.mark.parametrize("name", ["README", "x.txt", ".x.yaml"])
@pytest.mark.parametrize("thing", THINGS)
def test_with_another_name_only_a_link_to_a_folder_is_reported(thing, name, messages_about):
    messages = messages_about(name, THINGS[thing][0])
    assert messages == ([] if THINGS[thing][2] is None or name.startswith(".") else [THINGS[thing][2]])


@pytest.mark.parametrize(
    "stem", ["a" * 250, "\udcff\udcfe", "x\ny", "x y", "::error::x", "é", "\u202e", "#", "%41"]
)
@pytest.mark.parametrize("schedule", ["null", '"H H * * H"'])
def test_a_file_of_any_name_is_read(stem, schedule, messages_about):
    put = lambda path: path.write_text(GOOD.replace("null", schedule).replace("0\n", "1\n"))  # noqa: E731
    try:
        messages = messages_about(f"{stem}.yaml", put)
    except OSError:
        pytest.skip("this file system has no such names")
    assert len(messages) == (0 if stem == "a" * 250 else 1)


def test_folders_deeper_than_the_path_limit(configs):
    root = configs({"good.yaml": GOOD})
    here = Path.cwd()
    try:
        os.chdir(root)
        for _ in range(25):
            Path("d" * 200).mkdir()
            os.chdir("d" * 200)
    finally:
        os.chdir(here)
    loaded = load_project(root, None)
    assert [dag.dag_id for dag in loaded.dags] == ["good"]
    assert [each.code for each in loaded.diagnostics] == ["unreadable-file"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_an_unreadable_path_is_reported(kind, configs, monkeypatch):
    """Permissions do not apply to root, so the error is simulated."""
    root = configs({"good.yaml": GOOD, "x.yaml": GOOD, "team/a.yaml": GOOD})
    refused = {"file": "x.yaml", "folder": "team"}[kind]
    function = {"file": "open", "folder": "scandir"}[kind]
    real = getattr(os, function)

    def refuse(path, *arguments):
        if str(path).endswith(refused):
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments)

    monkeypatch.setattr(os, function, refuse)
    loaded = load_project(root, None)
    assert "good" in [dag.dag_id for dag in loaded.dags]
    found = [(each.file, each.message) for each in loaded.diagnostics if each.code == "unreadable-file"]
    assert found == [(f"configs/{refused}", "cannot be read: Permission denied")]


def test_a_file_that_vanishes_after_listing_is_reported(configs):
    root = configs({"good.yaml": GOOD, "x.yaml": GOOD})

    def watch(files):
        (root / "x.yaml").unlink()
        return files

    findings = validate_project(root, "configs", None, lambda _file: True, None, watch)
    assert [(each.file, each.code) for each in findings.diagnostics] == [
        ("configs/x.yaml", "unreadable-file")
    ]


def test_a_pipe_in_place_of_a_file_does_not_block(tmp_path, monkeypatch):
    path = tmp_path / "x.yaml"
    path.write_text(GOOD)
    before = path.stat()
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr(os, "stat", lambda _path: before)
    assert read_bytes(path) is None


def test_the_folder_itself_may_be_anything(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text("")
    for name in ("loop", "file", "nowhere", "a" * 300):
        loaded = load_project(tmp_path / name, None)
        assert [each.code for each in loaded.diagnostics] == ["unreadable-file"]


@pytest.mark.parametrize("target", ["../../elsewhere.yaml", "nowhere.yaml", "defaults.yaml", "/etc/hostname"])
@pytest.mark.parametrize("folder", ["", "team"])
def test_defaults_with_a_bad_link_hold_back_the_dags_below(configs, folder, target):
    root = configs({"team/a.yaml": GOOD, "good.yaml": GOOD})
    (root / folder / "defaults.yaml").symlink_to(target)
    dags = [dag.dag_id for dag in load_project(root, None).dags]
    assert dags == (["good"] if folder else [])
    assert load_dag(root, None, "a") is None
    assert (load_dag(root, None, "good") is not None) == bool(folder)


@pytest.mark.parametrize("name", ["defaults.YAML", "Defaults.Yml"])
def test_defaults_with_an_uppercase_extension_hold_back_the_dags_below(configs, name):
    root = configs({"team/a.yaml": GOOD, "good.yaml": GOOD, f"team/{name}": "owner: me\n"})
    loaded = load_project(root, None)
    assert [dag.dag_id for dag in loaded.dags] == ["good"]
    assert [each.file for each in loaded.diagnostics] == [f"configs/team/{name}"]
    assert load_dag(root, None, "a") is None
    assert load_dag(root, None, "good") is not None
