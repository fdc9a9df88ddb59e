"""Takes out one protection after the other and shows which cases notice: `python -m tests.faults.mutants`.

Each is taken out of a copy of the package, on which the matrix is run in the modes named. Arguments choose
the protections by parts of their names. Takes about half a minute for each mode of each.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("dag_factory", "schemas", "tests", "docs", "pyproject.toml")
# The end of a test's id, for pytest's -k.
SYNC, ASYNC, DEFERRED = "-sync]", "-async]", "deferrable]"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    """A protection, and the change of one file that takes it out."""

    protection: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...] = ("tests/faults/test_matrix.py",)
    modes: tuple[str, ...] = (SYNC,)


MUTANTS = (
    Mutant(
        protection="adopting the job that runs",
        file="jobs.py",
        old="    if active is not None:\n        return (yield from _meet",
        new="    if False:\n        return (yield from _meet",
    ),
    Mutant(
        protection="looking again after a submission that failed",
        file="jobs.py",
        old='            if found is not None:\n                yield Say(f"job {found.job_id} was not there',
        new='            if False:\n                yield Say(f"job {found.job_id} was not there',
    ),
    Mutant(
        protection="keeping the newest job before a submission",
        file="jobs.py",
        old='    yield Remember(facts={"seen": seen}, is_start=True)\n    deadline',
        new="    deadline",
    ),
    Mutant(
        protection="going on with the job of the try before",
        file="memory.py",
        old="        if not is_retry(",
        new="        if True or not is_retry(",
    ),
    Mutant(
        protection="seeing that a cancelled job has ended",
        file="jobs.py",
        old="            if not job.is_active:\n                return job",
        new="            return job",
        modes=(SYNC, DEFERRED),
    ),
    Mutant(
        protection="taking every unknown status for active",
        file="model.py",
        old="return self.status not in FINAL",
        new='return self.status in ("pending", "running", "incomplete", UNSEEN)',
        modes=(SYNC, DEFERRED),
    ),
    Mutant(
        protection="keeping which job was judged",
        file="jobs.py",
        old='    yield Remember(facts={"judged": job.job_id})\n    reason',
        new="    yield Remember(facts={})\n    reason",
        modes=(ASYNC,),
    ),
    Mutant(
        protection="leaving somebody else's job alone",
        file="jobs.py",
        old='"leave" or not started.is_ours',
        new='"leave"',
    ),
    Mutant(
        protection="replacing an adopted job that is cancelled",
        file="jobs.py",
        old="    if is_own or job.status != CANCELLED:",
        new="    if True:",
    ),
    Mutant(
        protection="fetching a new token after a 401",
        file="api.py",
        old="if response.status == 401 and self._needs_token:",
        new="if False:",
    ),
    Mutant(
        protection="asking whether a task is still deferred",
        file="triggers.py",
        old='return state == "deferred"',
        new="return False",
        tests=("tests/airbyte/test_triggers.py",),
        modes=(),
    ),
)


def main(words: list[str]) -> None:
    """Print a line for each protection, with the cases that turn red without it."""
    for mutant in MUTANTS:
        if not words or any(word in mutant.protection for word in words):
            red = failures(mutant)
            names = "\n".join(f"    {name}" for name in red) or "    NOTHING NOTICES"
            sys.stdout.write(f"{mutant.protection}: {len(red)} red\n{names}\n")
            sys.stdout.flush()


def failures(mutant: Mutant) -> list[str]:
    """Run the tests without a protection; gives the names of those that fail."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in COPIED:
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, copy / name)
        mutate(copy / "dag_factory" / "airbyte" / mutant.file, mutant)
        chosen = [f"-k={' or '.join(mutant.modes)}"] if mutant.modes else []
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--tb=no",
            "-rfE",
            "--show-capture=no",
            *mutant.tests,
        ]
        done = subprocess.run([*command, *chosen], cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return re.findall(r"^(?:FAILED|ERROR) \S+?::(.*?)(?: - .*)?$", done.stdout, re.MULTILINE)


def mutate(path: Path, mutant: Mutant) -> None:
    """Change the file; what is to be taken out has to stand there exactly once."""
    text = path.read_text("utf-8")
    assert text.count(mutant.old) == 1, mutant.protection
    path.write_text(text.replace(mutant.old, mutant.new), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
