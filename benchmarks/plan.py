"""What `dag-factory plan` of a change of one file costs, as a ratio to one `validate` of the same folder.

.venv/bin/python benchmarks/plan.py [--rounds 7] [--environments FOLDER]
"""

from __future__ import annotations

import argparse
import datetime
import subprocess
import tempfile
from pathlib import Path

from pairs import loads, write_ours
from processes import REPOSITORY, machine, make_environment, medians

GOAL = "at most 2.2"


def main() -> None:
    """Measure in turns and print the table."""
    arguments = _arguments()
    print(f"{datetime.datetime.now(tz=datetime.UTC):%Y-%m-%d}, {machine()}")
    print(
        f"medians of {arguments.rounds} rounds, the two commands in turns; every run a process of its own\n"
    )
    print(f"{'files':>8}{'plan':>10}{'validate':>10}{'ratio':>7}   goal")
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        own = make_environment((arguments.environments or work) / "own", str(REPOSITORY))
        for count, rounds in ((1_000, arguments.rounds), (10_000, max(1, arguments.rounds // 2))):
            configs = _changed(work / str(count), count)
            commands = {
                "plan": [own / "dag-factory", "plan", "--against", "main", "--configs", configs],
                "validate": [own / "dag-factory", "validate", configs],
            }
            taken = medians(commands, rounds)
            ratio = taken["plan"] / taken["validate"]
            figures = f"{taken['plan']:10.3f}{taken['validate']:10.3f}{ratio:7.2f}"
            print(f"{count:8,}{figures}   {GOAL if count == 1_000 else 'straight growth'}", flush=True)


def _changed(folder: Path, count: int) -> Path:
    """Write a repository of so many DAGs, commit it, and change the schedule of one."""
    configs = write_ours(folder, loads(count)).parent / "configs"
    _git(folder, "init", "--quiet", "--initial-branch", "main")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "all")
    file = min(configs.rglob("load_*.yaml"))
    lines = file.read_text("utf-8").splitlines()
    changed = ['schedule: "@hourly"' if line.startswith("schedule:") else line for line in lines]
    file.write_text("\n".join(changed) + "\n", "utf-8")
    return configs


def _git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(folder), *who, *arguments]
    subprocess.run(command, check=True, capture_output=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="measure what a plan costs")
    parser.add_argument("--rounds", type=int, default=7, help="runs of each command (default: 7)")
    parser.add_argument("--environments", type=Path, metavar="FOLDER", help="keep the environments here")
    return parser.parse_args()


if __name__ == "__main__":
    main()
