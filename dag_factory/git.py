"""Runs git in a folder, without a shell, without taking locks, and with every path taken literally."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


class GitMissingError(Exception):
    """There is no program `git`."""


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> bytes | None:
    """Run git in a folder; return its output, or None if it has failed.

    Raises:
        GitMissingError: git is not installed.
    """
    command = ["git", "-C", str(folder), "--no-optional-locks", *arguments]
    try:
        done = subprocess.run(  # noqa: S603 (without a shell; callers put names after `--` or end the options)
            command, input=stdin, capture_output=True, check=False, env=environment()
        )
    except FileNotFoundError as error:
        message = "git is not installed"
        raise GitMissingError(message) from error
    return done.stdout if done.returncode == 0 else None


def environment() -> dict[str, str]:
    """Return the environment variables for git."""
    return {**os.environ, "GIT_LITERAL_PATHSPECS": "1"}
