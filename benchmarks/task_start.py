"""How long the parse at a task's start takes with many DAGs, compared with only that DAG.

    .venv/bin/python benchmarks/task_start.py [--counts 1 100 10000] [--rounds 9]

Airflow parses the DAG file again whenever a task starts, and names the DAG that it needs.
"""

from __future__ import annotations

import argparse
import datetime
import statistics
import tempfile
from pathlib import Path

from loader import parse
from pairs import loads, write_ours
from processes import REPOSITORY, machine, make_environment

GOAL = 50


def main() -> None:
    """Measure in turns and print the table."""
    arguments = _arguments()
    print(f"{datetime.datetime.now(tz=datetime.UTC):%Y-%m-%d}, {machine()}")
    print(f"medians of {arguments.rounds} parses in turns, each in a process of its own\n")
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        python = (
            make_environment((arguments.environments or work) / "own-airflow", f"{REPOSITORY}[airflow]")
            / "python"
        )
        folders = {count: write_ours(work / str(count), loads(count)) for count in arguments.counts}
        taken: dict[int, list[float]] = {count: [] for count in folders}
        for turn in range(arguments.rounds + 1):
            for count, folder in folders.items():
                seconds = parse(python, folder, work, ("--dag-id", "load_00000")).seconds
                if turn:
                    taken[count].append(seconds)
    _print_table({count: statistics.median(every) * 1000 for count, every in taken.items()})


def _print_table(taken: dict[int, float]) -> None:
    print(f"{'DAGs':>6}{'ms':>8}{'ms more':>9}   goal: at most {GOAL} more")
    least = taken[min(taken)]
    for count, milliseconds in taken.items():
        print(f"{count:6}{milliseconds:8.0f}{milliseconds - least:9.0f}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="measure the parse at a task's start")
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 100, 10000], metavar="N")
    parser.add_argument("--rounds", type=int, default=9, help="parses of each folder (default: 9)")
    parser.add_argument("--environments", type=Path, metavar="FOLDER", help="keep the environment there")
    return parser.parse_args()


if __name__ == "__main__":
    main()
