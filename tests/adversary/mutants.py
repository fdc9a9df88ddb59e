"""Remove one rule of the protocol at a time and show which histories detect it.

`python -m tests.adversary.mutants [--histories N] [WORD ...]` removes each rule from a copy of the package
and runs the first N histories on it. Words select rules by parts of their names.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("dag_factory", "schemas", "tests/adversary")


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    """A rule, and the change of one `file` of the package that removes it."""

    rule: str
    file: str
    old: str
    new: str


MUTANTS = (
    Mutant(
        rule="a job of another type in a response is not the sync",
        file="airbyte/sync/ownership.py",
        old="return answered.is_sync and answered.job_id > seen",
        new="return answered.job_id > seen",
    ),
    Mutant(
        rule="an uncertain submission may have created the oldest later sync",
        file="airbyte/sync/ownership.py",
        old="    oldest = min(newer, key",
        new="    oldest = max(newer, key",
    ),
    Mutant(
        rule="an uncertain submission creates no clear",
        file="airbyte/sync/ownership.py",
        old="(job for job in jobs if job.is_sync and job.job_id > seen)",
        new="(job for job in jobs if job.job_id > seen)",
    ),
    Mutant(
        rule="409 already running created nothing",
        file="airbyte/sync/ownership.py",
        old="return Fate.BUSY",
        new="return Fate.UNCERTAIN",
    ),
    Mutant(
        rule="a failed submission may have created a job",
        file="airbyte/sync/ownership.py",
        old="return Fate.UNCERTAIN if error.may_have_acted else Fate.NOTHING_CREATED",
        new="return Fate.NOTHING_CREATED",
    ),
    Mutant(
        rule="the record is saved before the submission",
        file="airbyte/sync/submission.py",
        old="        yield SaveState(sent)\n",
        new="",
    ),
    Mutant(
        rule="the job is saved as soon as it is known",
        file="airbyte/sync/submission.py",
        old="        yield SaveState(claimed)\n",
        new="",
    ),
    Mutant(
        rule="on_running applies to a running job",
        file="airbyte/sync/submission.py",
        old='        if self.request.on_running == "fail":',
        new='        if self.request.on_running == "never":',
    ),
    Mutant(
        rule="a retry resumes what an earlier try left",
        file="airbyte/sync/lifecycle.py",
        old="    if previous is None",
        new="    if True or previous is None",
    ),
    Mutant(
        rule="a retry starts another job after a failed one",
        file="airbyte/sync/lifecycle.py",
        old="    if is_failed and not previous.is_same_try:",
        new="    if False:",
    ),
    Mutant(
        rule="a cleared task cancels its job",
        file="airbyte/sync/lifecycle.py",
        old="    if previous.is_clear or",
        new="    if",
    ),
    Mutant(
        rule="a clear is distinguished from a retry",
        file="operators/task_state.py",
        old="is_clear=not is_retry",
        new="is_clear=False",
    ),
    Mutant(
        rule="a success leaves no Variable",
        file="operators/operator.py",
        old='(kwargs.get("on_success_callback")), delete_variable]',
        new='(kwargs.get("on_success_callback"))]',
    ),
    Mutant(
        rule="a job that this task did not start is not cancelled at its timeout",
        file="airbyte/sync/polling.py",
        old='return target.role is Role.OWN and request.on_timeout == "cancel"',
        new='return request.on_timeout == "cancel"',
    ),
    Mutant(
        rule="a job that this task did not start is not cancelled on a kill",
        file="airbyte/state.py",
        old="        return self.role in OURS\n",
        new="        return self.job_id is not None\n",
    ),
    Mutant(
        rule="an ended job is not cancelled",
        file="airbyte/sync/polling.py",
        old="return (yield from context.api.cancel(job_id)) if job.is_active else job",
        new="return (yield from context.api.cancel(job_id))",
    ),
    Mutant(
        rule="a cancellation is repeated until the job has ended",
        file="airbyte/sync/polling.py",
        old="            if not job.is_active:\n                yield Log(text)\n",
        new="            if True:\n                yield Log(text)\n",
    ),
    Mutant(
        rule="a killed task cancels its job",
        file="operators/task_try.py",
        old='        if not cancels or "access" not in',
        new='        if True or "access" not in',
    ),
    Mutant(
        rule="a killed task starts nothing more",
        file="operators/task_try.py",
        old="        self._is_killed = True\n",
        new="",
    ),
    Mutant(
        rule="the job of a submission is searched for five minutes at most",
        file="airbyte/sync/ownership.py",
        old="MAX_SUBMISSION_SECONDS = 300.0",
        new="MAX_SUBMISSION_SECONDS = 1e9",
    ),
    Mutant(
        rule="a killed trigger cancels its task's job",
        file="operators/trigger.py",
        old='        if self.on_killed == "leave" or not',
        new='        if True or self.on_killed == "leave" or not',
    ),
    Mutant(
        rule="a moved trigger cancels nothing",
        file="operators/trigger.py",
        old='return state == "deferred"',
        new="return False",
    ),
    Mutant(
        rule="an unknown status is active",
        file="airbyte/api/model.py",
        old="return self.status not in FINAL",
        new='return self.status in ("pending", "running", "incomplete", UNKNOWN)',
    ),
    Mutant(
        rule="a list that is not newest first is read to its end",
        file="airbyte/api/calls.py",
        old="(is_enough and _is_newest_first(page, connection_id))",
        new="True",
    ),
    Mutant(
        rule="a sync follows a job that was in the way",
        file="airbyte/sync/lifecycle.py",
        old="    if ended.role in (Role.BLOCKER, Role.CLEARED):\n        return True\n",
        new="",
    ),
    Mutant(
        rule="min_rows is checked",
        file="airbyte/sync/lifecycle.py",
        old="job.rows < request.min_rows:",
        new="False:",
    ),
)


def main(arguments: Sequence[str]) -> int:
    """Print a line per rule. Return 1 if the removal of one goes undetected, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.adversary.mutants")
    parser.add_argument("--histories", type=int, default=3000, metavar="N", help="how many (3000)")
    parser.add_argument("words", nargs="*", metavar="WORD", help="only rules with one of these words")
    options = parser.parse_args(arguments)
    unnoticed = 0
    whole = _summary_without(None, options.histories)
    sys.stdout.write(f"nothing taken out: {whole}\n")
    for mutant in MUTANTS:
        if not options.words or any(word in mutant.rule for word in options.words):
            summary = _summary_without(mutant, options.histories)
            is_noticed = summary != whole
            unnoticed += not is_noticed
            sys.stdout.write(f"{mutant.rule}: {summary if is_noticed else 'NO HISTORY NOTICES'}\n")
            sys.stdout.flush()
    return 1 if unnoticed else 0


def _summary_without(mutant: Mutant | None, histories: int) -> str:
    """Run histories without a rule, or with all. Return what the last line says about broken rules."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in COPIED:
            shutil.copytree(ROOT / name, copy / name)
        if mutant is not None:
            _mutate(copy / "dag_factory" / mutant.file, mutant)
        command = [sys.executable, "-m", "tests.adversary", "--no-logs", "--histories", str(histories)]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    found = re.search(r"histories that (break a rule: .*)$", done.stdout)
    assert found is not None, done.stdout
    return found[1]


def _mutate(path: Path, mutant: Mutant) -> None:
    """Change the file, which must contain the old text exactly once."""
    text = path.read_text("utf-8")
    assert text.count(mutant.old) == 1, mutant.rule
    path.write_text(text.replace(mutant.old, mutant.new), "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
