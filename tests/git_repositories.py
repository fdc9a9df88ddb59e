"""Real git repositories for tests, without the settings of the person who runs them."""

from __future__ import annotations

import subprocess
from pathlib import Path

_SETTINGS = ("user.name=x", "user.email=x@example.com", "commit.gpgsign=false", "protocol.file.allow=always")


def git(folder: Path | str, *arguments: object, stdin: bytes | None = None) -> str:
    """Run git in a folder and return its output; raises subprocess.CalledProcessError."""
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    command = ["git", "-C", folder, *settings, *arguments]
    return subprocess.run(command, check=True, capture_output=True, input=stdin).stdout.decode().strip()


def make_repository(folder: Path) -> None:
    """Make a repository with the branch `main`."""
    git(folder, "init", "--quiet", "--initial-branch", "main")


def commit_all(folder: Path, message: str = "x") -> None:
    """Commit all that is in a folder."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
