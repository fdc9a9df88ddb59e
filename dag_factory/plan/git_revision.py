"""Reads the configurations and snapshots of another revision from git, without a checkout.

They are written into a folder of their own, so that the same code with the same limits reads both revisions.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from dag_factory.config.files import ENDINGS
from dag_factory.config.snapshot.parsing import MAX_BYTES as MAX_SNAPSHOT_BYTES
from dag_factory.config.snapshot.snapshots import ENDING, FOLDER, STREAMS_ENDING
from dag_factory.config.yaml.file_bytes import MAX_BYTES
from dag_factory.git import environment, git

_LINK, _SUBMODULE = "120000", "160000"
# The target of a link is no longer, on any system.
_LONGEST_LINK = 4096
_PART = 65_536
# Where a pull request leads to, if it is not said: the variables of GitHub and GitLab, then usual names.
_USUAL = ("origin/HEAD", "origin/main", "origin/master", "main", "master")


class RevisionError(Exception):
    """A revision that cannot be read; the message says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Revision:
    """A commit to compare with: its hash, and the files that are the same in it.

    `same` has the paths of the configurations that have not changed and were not written, such as
    'configs/orders.yaml'. `has_other_snapshots` says whether a snapshot differs.
    """

    commit: str
    same: frozenset[str]
    has_other_snapshots: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    """A file of a commit: `path` as in `Revision.same`, `size` in bytes."""

    mode: str
    blob: str
    size: int
    path: str

    @property
    def is_snapshot(self) -> bool:
        """Whether it is a snapshot."""
        return self.path.startswith(f"{FOLDER}/")

    @property
    def is_read(self) -> bool:
        """Whether it may be a configuration or a snapshot, also one whose name is to be reported."""
        if self.is_snapshot:
            return self.path.endswith(ENDING) and not self.path.endswith(STREAMS_ENDING)
        return self.path.lower().endswith(ENDINGS)


def usual_revision(top: Path, variables: Mapping[str, str]) -> str:
    """Return what a change is compared with if nothing is said: where its pull request leads to.

    Raises:
        RevisionError: There is no usual revision.
    """
    _check_repository(top)
    if base := variables.get("GITHUB_BASE_REF"):
        return f"origin/{base}"
    if base := variables.get("CI_MERGE_REQUEST_DIFF_BASE_SHA"):
        return base
    found = next((name for name in _USUAL if _commit(top, name) is not None), None)
    if found is None and _commit(top, "HEAD") is None:
        message = "there is no commit yet to compare with"
        raise RevisionError(message)
    if found is None:
        message = f"none of {', '.join(_USUAL)} exists; name a revision with --against"
        raise RevisionError(message)
    return found


def read_revision(top: Path, name: str, into: Path) -> Revision:
    """Write the files of the commit from which the work in a folder began.

    That is the newest common ancestor of the revision and the current commit, so that what others have
    merged since counts neither as added nor as removed. Configurations that have not changed are not written:
    making thousands of files takes longer than all else.

    Args:
        top: The folder of the configurations; the snapshots are beside it.
        name: A branch, tag or commit.
        into: An empty folder, in which folders of the same names are written.

    Raises:
        RevisionError: It does not exist, or git cannot read it.
    """
    commit = _common_ancestor(top, name)
    prefix = _prefix(top.parent)
    changed = frozenset(_changed(top, commit, prefix))
    entries = _needed(list(_entries(top, commit, prefix)))
    has_other_snapshots = _snapshots_differ(top, entries, changed)
    same = _same(entries, changed)
    (into / top.name).mkdir()
    with _Blobs(top.parent) as blobs:
        for entry in entries:
            is_needed = has_other_snapshots if entry.is_snapshot else entry.path not in same
            if is_needed:
                _write(into, entry, blobs.read(entry.blob, _limit(entry)))
    return Revision(commit=commit, same=same, has_other_snapshots=has_other_snapshots)


def _snapshots_differ(top: Path, entries: Sequence[_Entry], changed: frozenset[str]) -> bool:
    """Whether a snapshot has changed, or is in the folder and not in the commit."""
    there = {path.relative_to(top.parent).as_posix() for path in (top.parent / FOLDER).rglob(f"*{ENDING}")}
    known = {entry.path for entry in entries if entry.is_snapshot}
    new = {path for path in there - known if not path.endswith(STREAMS_ENDING)}
    return bool(new) or any(path.startswith(f"{FOLDER}/") for path in changed)


def _same(entries: Sequence[_Entry], changed: frozenset[str]) -> frozenset[str]:
    """Name the configurations that are the same; none if there are links, whose targets may have changed."""
    if any(entry.mode == _LINK for entry in entries):
        return frozenset()
    return frozenset(each.path for each in entries if not each.is_snapshot and each.path not in changed)


def _common_ancestor(top: Path, name: str) -> str:
    _check_repository(top)
    is_shallow = git(top.parent, "rev-parse", "--is-shallow-repository") == b"true\n"
    commit = _commit(top, name)
    if commit is None:
        fetched = name.removeprefix("origin/")
        is_branch = name.startswith("origin/") and shlex.quote(fetched) == fetched
        hint = _DEEPER if is_shallow else f"fetch it with 'git fetch origin {fetched}'" if is_branch else _ANY
        message = f"there is no revision '{name}'; {hint}"
        raise RevisionError(message)
    found = git(top.parent, "merge-base", "HEAD", commit)
    if found is None:
        reason = _DEEPER if is_shallow else "they have no common ancestor"
        message = f"'{name}' cannot be compared with the current commit: {reason}"
        raise RevisionError(message)
    return found.decode().split()[0]


def _check_repository(top: Path) -> None:
    if top.is_symlink():
        message = f"'{top.name}' is a link; name the folder that it leads to with --configs"
        raise RevisionError(message)
    if git(top.parent, "rev-parse", "--git-dir") is None:
        is_top = top.is_dir() and git(top, "rev-parse", "--git-dir") is not None
        hint = " but is one itself; put the configurations into a folder of it" if is_top else ""
        message = f"'{top.name}' is not in a git repository{hint}"
        raise RevisionError(message)


_ANY = "name a branch, a tag or a commit"
_DEEPER = "the clone is shallow; fetch its history (in GitHub Actions: 'fetch-depth: 0' of actions/checkout)"


def _commit(top: Path, name: str) -> str | None:
    found = git(top.parent, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    return None if found is None else found.decode().strip()


def _prefix(folder: Path) -> str:
    """Return the path of a folder below the repository's, with a slash at the end unless it is that."""
    return (_must(git(folder, "rev-parse", "--show-prefix")).decode("utf-8", "surrogateescape")).rstrip("\n")


def _changed(top: Path, commit: str, prefix: str) -> Iterator[str]:
    """Name the files of the two folders that differ between a commit and the folder."""
    options = ("--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules")
    found = _must(git(top.parent, "diff", *options, commit, "--", top.name, FOLDER))
    for path in _texts(found):
        yield path.removeprefix(prefix)


def _entries(top: Path, commit: str, prefix: str) -> Iterator[_Entry]:
    """List the files of the two folders in a commit."""
    folders = [f"{prefix}{name}/" for name in (top.name, FOLDER)]
    listed = _must(git(top.parent, "ls-tree", "-r", "-z", "-l", "--full-tree", commit, "--", *folders))
    for line in _texts(listed):
        about, _, path = line.partition("\t")
        mode, _, blob, size = about.split()
        own = path.removeprefix(prefix)
        if mode != _SUBMODULE and _is_safe(own):
            yield _Entry(mode=mode, blob=blob, size=int(size), path=own)


def _needed(entries: Sequence[_Entry]) -> list[_Entry]:
    """Keep configurations and snapshots; where there are links, all files, which they may lead to."""
    has_links = any(entry.mode == _LINK for entry in entries)
    return [entry for entry in entries if has_links or entry.is_read]


def _is_safe(path: str) -> bool:
    """Whether a path stays below its folder; git's own commands write no others, but others may."""
    return all(part not in ("", ".", "..") for part in path.split("/"))


def _limit(entry: _Entry) -> int:
    """Return how many bytes of a file are needed: as many as are read, and one to see that there are more."""
    if entry.mode == _LINK:
        return _LONGEST_LINK
    return (MAX_SNAPSHOT_BYTES if entry.is_snapshot else MAX_BYTES) + 1


def _write(into: Path, entry: _Entry, content: bytes) -> None:
    """Write a file or a link, never through a link: a hostile commit may have one name twice."""
    own = PurePosixPath(entry.path)
    path = into / own
    try:
        if any((into / parent).is_symlink() for parent in own.parents):
            message = "its folder is a link too"
            raise ValueError(message)
        path.parent.mkdir(parents=True, exist_ok=True)
        if entry.mode == _LINK:
            # One that leads out of the folder is refused when it is read, as in the other revision.
            path.symlink_to(os.fsdecode(content))
        else:
            with path.open("xb") as file:
                file.write(content)
    except (OSError, ValueError) as error:  # a name that is too long, or the target of a link that is none
        message = f"'{entry.path}' of the old revision cannot be written: {error}"
        raise RevisionError(message) from error


class _Blobs:
    """The contents of files by their hashes, from one process of git."""

    def __init__(self, folder: Path) -> None:
        command = ["git", "-C", str(folder), "--no-optional-locks", "cat-file", "--batch"]
        self._process = subprocess.Popen(  # noqa: S603 (without a shell; hashes are written to its input)
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
        )

    def __enter__(self) -> _Blobs:
        return self

    def __exit__(self, *_: object) -> None:
        self._input.close()
        self._output.close()
        self._process.wait()

    @property
    def _input(self) -> IO[bytes]:
        assert self._process.stdin is not None  # noqa: S101 (it is a pipe)
        return self._process.stdin

    @property
    def _output(self) -> IO[bytes]:
        assert self._process.stdout is not None  # noqa: S101 (it is a pipe)
        return self._process.stdout

    def read(self, blob: str, limit: int) -> bytes:
        """Return the beginning of a file, at most so many bytes; a huge rest is passed over in parts."""
        self._input.write(f"{blob}\n".encode())
        self._input.flush()
        header = self._output.readline().split()
        if len(header) != 3:
            message = f"git cannot read the file {blob}; is the clone complete?"
            raise RevisionError(message)
        size = int(header[2])
        content = self._output.read(min(size, limit))
        left = size - len(content) + 1  # a line break follows
        while left > 0 and (part := self._output.read(min(left, _PART))):
            left -= len(part)
        return content


def _texts(output: bytes) -> Sequence[str]:
    return output.decode("utf-8", "surrogateescape").split("\0")[:-1]


def _must(output: bytes | None) -> bytes:
    if output is None:
        message = "git cannot read the repository"
        raise RevisionError(message)
    return output
