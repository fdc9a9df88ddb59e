"""A git repository of DAGs, with a bare remote from which Airflow's git bundle clones it."""

from __future__ import annotations

import subprocess
from pathlib import Path

BRANCH = "main"
AUTHOR = ("-c", "user.name=tests", "-c", "user.email=tests@example.com")


class Estate:
    """A working folder for configurations, and the repository to which they are pushed."""

    def __init__(self, folder: Path, dags: Path) -> None:
        """Create both, with the loader files of `dags` and no configuration."""
        self.origin = folder / "estate.git"
        self._work = folder / "estate"
        self.configs = self._work / "configs"
        self.configs.mkdir(parents=True)
        (self._work / "dags").mkdir()
        for file in sorted(dags.glob("*.py")):
            (self._work / "dags" / file.name).write_bytes(file.read_bytes())
        _git(folder, "init", "--quiet", "--bare", f"--initial-branch={BRANCH}", str(self.origin))
        self._git("init", "--quiet", f"--initial-branch={BRANCH}")

    def publish(self) -> str:
        """Commit and push everything, and return the commit."""
        self._git("add", "--all")
        self._git(*AUTHOR, "commit", "--quiet", "--message", "Change the estate")
        self._git("push", "--quiet", str(self.origin), BRANCH)
        return self._git("rev-parse", "HEAD")

    def _git(self, *arguments: str) -> str:
        return _git(self._work, *arguments)


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(("git", *arguments), check=True, cwd=folder, capture_output=True, text=True)
    return done.stdout.strip()
