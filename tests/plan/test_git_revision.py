"""Reading another revision: what is missing, what is hostile, and what is the same in both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

import pytest

from dag_factory.cli.main import main
from tests.git_repositories import commit_all, git

A, B = (f"{digit}e3b5a72-7bfd-4808-a13c-204505490110" for digit in "12")
DAILY = f"schedule: '@daily'\nsyncs: {{orders: {A}}}\n"
HOURLY = DAILY.replace("daily", "hourly")
WORKSPACE = "0b2a7b52-64a0-4d9c-b1a3-0a6f6f7f0001"


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A function that commits files and moves into the repository."""
    monkeypatch.chdir(tmp_path)

    def make(files):
        (tmp_path / "configs").mkdir(exist_ok=True)
        git(tmp_path, "init", "--quiet", "--initial-branch", "main")
        write(tmp_path, files)
        commit_all(tmp_path)
        return tmp_path

    return make


@pytest.fixture
def kinds(capsys):
    """A function that returns the kinds of each DAG in the plan, and what is wrong in both revisions."""

    def call(*arguments):
        assert main(["plan", "--at", "2026-01-31T16:30", "--format", "json", *arguments]) == 0
        shown = json.loads(capsys.readouterr().out)
        found = {}
        for each in shown["consequences"]:
            found.setdefault(each["dag_id"], set()).add(each["kind"])
        return found, {side: [each["code"] for each in found] for side, found in shown["errors"].items()}

    return call


NO_ERRORS = {"old": [], "new": []}


def fails(capsys, *arguments):
    assert main(["plan", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    return shown.err


def test_without_a_repository(tmp_path, monkeypatch, capsys):
    (tmp_path / "configs").mkdir()
    monkeypatch.chdir(tmp_path)
    assert "'configs' is not in a git repository" in fails(capsys, "--against", "main")


def test_without_a_commit(tmp_path, monkeypatch, capsys):
    (tmp_path / "configs").mkdir()
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init", "--quiet")
    assert "there is no commit yet" in fails(capsys)
    assert "there is no revision 'main'" in fails(capsys, "--against", "main")


@pytest.mark.parametrize("name", ["nowhere", "--help", "-x", "main:configs", "", "$(id)", "main..HEAD"])
def test_an_unknown_revision(repository, capsys, name):
    repository({"configs/orders.yaml": DAILY})
    assert "there is no revision" in fails(capsys, f"--against={name}")


def test_git_is_missing(repository, capsys, monkeypatch):
    repository({"configs/orders.yaml": DAILY})
    monkeypatch.setenv("PATH", "/nowhere")
    assert "git is not installed" in fails(capsys, "--against", "main")


def test_a_shallow_clone(repository, tmp_path_factory, monkeypatch, capsys):
    root = repository({"configs/orders.yaml": DAILY})
    git(root, "checkout", "--quiet", "-b", "change")
    write(root, {"configs/orders.yaml": HOURLY})
    commit_all(root)
    folder = tmp_path_factory.mktemp("clone") / "shallow"
    git(root, "clone", "--quiet", "--depth", "1", "--no-single-branch", root.as_uri(), folder)
    monkeypatch.chdir(folder)
    assert "the clone is shallow; fetch its history" in fails(capsys, "--against", "origin/main")


def test_what_others_have_merged_meanwhile_is_no_change(repository, kinds):
    root = repository({"configs/orders.yaml": DAILY})
    git(root, "checkout", "--quiet", "-b", "change")
    write(root, {"configs/mine.yaml": DAILY.replace(A, B)})
    commit_all(root)
    git(root, "checkout", "--quiet", "main")
    write(root, {"configs/theirs.yaml": DAILY})
    commit_all(root)
    git(root, "checkout", "--quiet", "change")
    assert kinds("--against", "main") == ({"mine": {"added"}}, NO_ERRORS)


@pytest.mark.parametrize("is_staged", [True, False])
def test_what_is_not_committed_counts(repository, kinds, is_staged):
    root = repository({"configs/orders.yaml": DAILY})
    write(root, {"configs/orders.yaml": HOURLY, "configs/new.yaml": DAILY.replace(A, B)})
    if is_staged:
        git(root, "add", "--all")
    assert set(kinds()[0]) == {"orders", "new"}


def test_a_base_without_configurations(repository, kinds):
    root = repository({"README.md": "x"})
    write(root, {"configs/orders.yaml": DAILY})
    found, errors = kinds()
    assert found == {"orders": {"added"}, None: {"needs"}}
    assert errors == NO_ERRORS


def test_all_files_are_gone(repository, kinds):
    root = repository({"configs/orders.yaml": DAILY})
    (root / "configs/orders.yaml").unlink()
    assert kinds()[0] == {"orders": {"removed", "runs-hang"}}


def test_a_repository_with_the_configurations_deep_in_it(repository, kinds, monkeypatch):
    root = repository({"etl/pipelines/configs/orders.yaml": DAILY, "configs/other.yaml": DAILY})
    write(root, {"etl/pipelines/configs/orders.yaml": HOURLY, "configs/other.yaml": HOURLY})
    expected = ({"orders": {"runs-now", "schedule"}}, NO_ERRORS)
    assert kinds("--configs", "etl/pipelines/configs") == expected
    monkeypatch.chdir(root / "etl" / "pipelines")
    assert kinds() == expected


def test_one_folder_of_the_configurations(repository, kinds):
    files = {
        "configs/a/defaults.yaml": "owner: x\n",
        "configs/a/b/one.yaml": DAILY,
        "configs/two.yaml": DAILY,
    }
    root = repository(files)
    write(root, {"configs/a/defaults.yaml": "owner: y\n", "configs/two.yaml": HOURLY})
    assert kinds("--configs", "configs/a/b") == ({"one": {"settings"}}, NO_ERRORS)


def test_a_folder_of_another_name(repository, kinds):
    root = repository({"pipelines/orders.yaml": DAILY})
    write(root, {"pipelines/orders.yaml": HOURLY})
    assert kinds("--configs", "pipelines")[0] == {"orders": {"runs-now", "schedule"}}


@pytest.mark.parametrize(
    "broken", ["a: [", "a: b\na: c\n", "\x01", "schedule: 5\n", "- x\n" * 3, "&a [*a]\n"]
)
def test_a_base_that_is_broken(repository, kinds, broken):
    root = repository({"configs/broken.yaml": broken, "configs/orders.yaml": DAILY})
    write(root, {"configs/orders.yaml": HOURLY})
    found, errors = kinds()
    assert found == {"orders": {"runs-now", "schedule"}}
    assert errors["old"] != []
    assert errors["old"] == errors["new"]
    # And if it is the old revision alone that is broken.
    write(root, {"configs/broken.yaml": DAILY.replace(A, B)})
    assert kinds()[0]["broken"] == {"added"}


def test_a_snapshot_that_differs(repository, kinds):
    """The same file syncs another connection, since its name is that of another one now."""
    root = repository(
        {"configs/orders.yaml": DAILY.replace(A, "shop"), "airbyte/airbyte_default.json": snapshot(A)}
    )
    write(root, {"airbyte/airbyte_default.json": snapshot(B)})
    assert kinds() == ({"orders": {"connection", "tasks-fail"}}, NO_ERRORS)


def test_a_snapshot_that_is_the_same(repository, kinds):
    files = {"configs/orders.yaml": DAILY.replace(A, "shop"), "airbyte/airbyte_default.json": snapshot(A)}
    root = repository(files)
    write(root, {"configs/orders.yaml": HOURLY.replace(A, "shop")})
    assert kinds() == ({"orders": {"runs-now", "schedule"}}, NO_ERRORS)


def snapshot(connection_id):
    connector = {"name": "x", "type": "postgres"}
    connection = {
        "name": "shop",
        "status": "active",
        "schedule": {"scheduleType": "manual"},
        "workspaceId": WORKSPACE,
        "source": connector,
        "destination": connector,
    }
    return json.dumps(
        {"version": 1, "workspaces": {WORKSPACE: "x"}, "connections": {connection_id: connection}}, indent=1
    )


def test_a_link_whose_target_has_changed(repository, kinds):
    root = repository({"configs/shared/one.txt": DAILY})
    (root / "configs/orders.yaml").symlink_to("shared/one.txt")
    commit_all(root)
    write(root, {"configs/shared/one.txt": HOURLY})
    assert kinds() == ({"orders": {"runs-now", "schedule"}}, NO_ERRORS)


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../../etc/passwd", "nowhere", "orders.yaml", "."])
def test_a_link_that_leads_out(repository, kinds, target):
    root = repository({"configs/good.yaml": DAILY.replace(A, B)})
    (root / "configs/orders.yaml").symlink_to(target)
    commit_all(root)
    (root / "configs/orders.yaml").unlink()
    write(root, {"configs/good.yaml": HOURLY.replace(A, B)})
    found, errors = kinds()
    assert found == {"good": {"runs-now", "schedule"}}
    assert errors["old"] == ["unreadable-file"]


def tree_with(root, path_parts, blob):
    """Make a commit whose trees have a name that git's own commands would refuse."""
    entry = f"100644 blob {blob}\t{path_parts[-1]}\0".encode()
    tree = git(root, "mktree", "-z", stdin=entry)
    for part in reversed(path_parts[:-1]):
        tree = git(root, "mktree", "-z", stdin=f"040000 tree {tree}\t{part}\0".encode())
    return git(root, "commit-tree", tree, "-m", "hostile")


@pytest.mark.parametrize(
    "parts",
    [("configs", "..", "..", "evil.yaml"), ("configs", ".git", "evil.yaml"), ("configs", "..", "e.yaml")],
)
def test_a_hostile_tree_writes_nothing_outside(repository, kinds, tmp_path_factory, monkeypatch, parts):
    root = repository({"configs/orders.yaml": DAILY})
    blob = git(root, "hash-object", "-w", "--stdin", stdin=DAILY.encode())
    try:
        hostile = tree_with(root, parts, blob)
    except subprocess.CalledProcessError:
        pytest.skip("git makes no such tree")
    git(root, "reset", "--quiet", "--soft", hostile)
    temporary = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    found, _ = kinds("--against", hostile)
    assert found == {"orders": {"added"}, None: {"needs"}}
    assert list(temporary.iterdir()) == []


def test_a_name_that_no_system_takes(repository, capsys):
    root = repository({"configs/orders.yaml": DAILY})
    blob = git(root, "hash-object", "-w", "--stdin", stdin=DAILY.encode())
    hostile = tree_with(root, ("configs", f"{'x' * 300}.yaml"), blob)
    git(root, "reset", "--quiet", "--soft", hostile)
    assert "cannot be written" in fails(capsys, "--against", hostile)


def test_a_huge_file_is_not_read_whole(repository, kinds):
    root = repository({"configs/orders.yaml": DAILY, "configs/huge.yaml": "# x\n" * 2_000_000})
    (root / "configs/huge.yaml").unlink()
    found, errors = kinds()
    assert found == {}
    assert len(errors["old"]) == 1


def test_a_submodule(repository, kinds, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    git(other, "init", "--quiet", "--initial-branch", "main")
    write(other, {"inner.yaml": DAILY})
    commit_all(other)
    root = repository({"configs/orders.yaml": DAILY.replace(A, B)})
    git(root, "submodule", "--quiet", "add", other.as_uri(), "configs/shared")
    commit_all(root)
    write(root, {"configs/orders.yaml": HOURLY.replace(A, B)})
    found, _ = kinds()
    # Its files are in no commit of this repository: they count as new.
    assert found["orders"] == {"runs-now", "schedule"}


def test_a_moved_file_with_other_defaults(repository, kinds):
    root = repository({"configs/a/orders.yaml": DAILY, "configs/b/defaults.yaml": "owner: b\n"})
    git(root, "mv", "configs/a/orders.yaml", "configs/b/orders.yaml")
    assert kinds()[0] == {"orders": {"settings"}}


def test_names_that_are_not_ascii(repository, kinds):
    root = repository({"configs/größe ☕/kaffee.yaml": DAILY})
    write(root, {"configs/größe ☕/kaffee.yaml": HOURLY})
    assert kinds()[0] == {"kaffee": {"runs-now", "schedule"}}


def test_the_target_of_a_pull_request(repository, kinds, monkeypatch):
    root = repository({"configs/orders.yaml": DAILY})
    base = git(root, "rev-parse", "HEAD")
    write(root, {"configs/orders.yaml": HOURLY})
    commit_all(root)
    assert kinds()[0] == {}
    monkeypatch.setenv("CI_MERGE_REQUEST_DIFF_BASE_SHA", base)
    assert set(kinds()[0]) == {"orders"}
    git(root, "update-ref", "refs/remotes/origin/release", base)
    monkeypatch.delenv("CI_MERGE_REQUEST_DIFF_BASE_SHA")
    monkeypatch.setenv("GITHUB_BASE_REF", "release")
    assert set(kinds()[0]) == {"orders"}


def test_nothing_of_the_repository_is_run(repository, kinds):
    """Neither filters nor drivers that attributes of a pull request ask for, nor hooks."""
    root = repository({"configs/orders.yaml": DAILY})
    write(root, {".gitattributes": "*.yaml diff=evil filter=evil\n", "configs/orders.yaml": HOURLY})
    hook = root / ".git" / "hooks" / "post-checkout"
    hook.write_text("#!/bin/sh\ntouch sprung\n")
    hook.chmod(0o755)
    git(root, "config", "diff.evil.textconv", "touch sprung; cat")
    git(root, "config", "diff.evil.command", "touch sprung")
    assert set(kinds()[0]) == {"orders"}
    assert not (root / "sprung").exists()
    assert os.environ.get("GIT_DIR") is None


def test_a_moment_that_is_none(repository, capsys):
    repository({"configs/orders.yaml": DAILY})
    with pytest.raises(SystemExit):
        main(["plan", "--at", "tomorrow"])
    assert "'tomorrow' is not a moment" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fail-on", "backfil"], "did you mean 'backfill'?"),
        (["--env", "prod"], "unknown environment 'prod'"),
        (["--configs", "nowhere"], "the folder 'nowhere' does not exist"),
    ],
)
def test_wrong_usage(repository, capsys, arguments, said):
    repository({"configs/orders.yaml": DAILY})
    assert said in fails(capsys, *arguments)


def test_the_folder_is_gone(repository, kinds, capsys):
    root = repository({"configs/orders.yaml": DAILY})
    (root / "configs/orders.yaml").unlink()
    (root / "configs").rmdir()
    assert kinds()[0] == {"orders": {"removed", "runs-hang"}}
    assert "the folder 'pipelines' does not exist" in fails(capsys, "--configs", "pipelines")


def test_the_folder_is_a_link(repository, capsys):
    root = repository({"real/orders.yaml": DAILY})
    (root / "configs").rmdir()
    (root / "configs").symlink_to("real")
    commit_all(root)
    assert "'configs' is a link; name the folder that it leads to" in fails(capsys)


def test_the_folder_is_the_repository(tmp_path, monkeypatch, capsys):
    (tmp_path / "pipelines").mkdir()
    write(tmp_path / "pipelines", {"orders.yaml": DAILY})
    git(tmp_path / "pipelines", "init", "--quiet", "--initial-branch", "main")
    commit_all(tmp_path / "pipelines")
    monkeypatch.chdir(tmp_path / "pipelines")
    assert "put the configurations into a folder of it" in fails(capsys, "--configs", ".")


def test_a_snapshot_that_is_not_in_git_yet(repository, kinds):
    root = repository({"configs/orders.yaml": DAILY, "airbyte/airbyte_default.json": snapshot(A)})
    write(root, {"airbyte/dev/airbyte_default.json": snapshot(B)})
    assert kinds()[0] == {None: {"environment-added"}}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("origin/next", "fetch it with 'git fetch origin next'"),
        ("origin/a;b", "name a branch, a tag or a commit"),
        ("", "name a branch, a tag or a commit"),
    ],
)
def test_what_to_do_about_an_unknown_revision(repository, capsys, name, said):
    repository({"configs/orders.yaml": DAILY})
    assert said in fails(capsys, f"--against={name}")


def test_an_output_that_is_ascii(repository):
    root = repository({"configs/orders.yaml": DAILY})
    write(root, {"configs/orders.yaml": HOURLY})
    for style in ("text", "markdown", "github"):
        command = [sys.executable, "-m", "dag_factory", "plan", "--against", "main", "--format", style]
        variables = {**os.environ, "PYTHONIOENCODING": "ascii"}
        done = subprocess.run(command, cwd=root, env=variables, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"\\u2192" in done.stdout or style == "markdown"


def raw_tree(root, entries):
    """Write a tree as it is, also one that git's own commands refuse to make: modes, names and hashes."""
    data = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(sha) for mode, name, sha in entries)
    return git(root, "hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=data)


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_a_hostile_tree_writes_through_no_link(repository, tmp_path_factory, monkeypatch, capsys, kind):
    """Its folder has a name twice: as a link to elsewhere, and as what would be written through the link."""
    root = repository({"configs/orders.yaml": DAILY})
    outside = tmp_path_factory.mktemp("outside")
    blob = git(root, "hash-object", "-w", "--stdin", stdin=DAILY.encode())
    target = outside if kind != "file" else outside / "evil.yaml"
    link = git(root, "hash-object", "-w", "--stdin", stdin=str(target).encode())
    if kind == "file":
        entries = [("120000", "evil.yaml", link), ("100644", "evil.yaml", blob)]
    else:
        inner = [("100644", "evil.yaml", blob)] if kind == "folder" else [("120000", "evil.yaml", link)]
        entries = [("120000", "evil", link), ("40000", "evil", raw_tree(root, inner))]
    top = raw_tree(root, [("40000", "configs", raw_tree(root, entries))])
    hostile = git(root, "commit-tree", top, "-m", "hostile")
    git(root, "update-ref", "HEAD", hostile)
    temporary = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    assert "cannot be written" in fails(capsys, "--against", hostile)
    assert list(outside.iterdir()) == []
    assert list(temporary.iterdir()) == []
