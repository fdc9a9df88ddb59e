"""What `dag-factory list` of a folder costs in CPU time, as a ratio to one `validate` of it.

.venv/bin/python benchmarks/listing.py [--rounds 7] [--environments FOLDER]
"""

from __future__ import annotations

import argparse
import datetime
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from corpus import write_corpus
from processes import REPOSITORY, machine, make_environment, run

FILES = 1_000
GOAL = "at most 1.5"
LISTS = {
    "list": ["list"],
    "list --requires": ["list", "--requires"],
    "list --runs-until": ["list", "--at", "2026-12-01", "--runs-until", "2026-12-08"],
}


def main() -> None:
    """Measure in turns and print the table."""
    arguments = _arguments()
    print(f"{datetime.datetime.now(tz=datetime.UTC):%Y-%m-%d}, {machine()}")
    print(f"medians of {arguments.rounds} rounds of {FILES:,} files, CPU time, the commands in turns\n")
    print(f"{'what':20}{'seconds':>9}{'validate':>10}{'ratio':>7}   goal")
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        own = make_environment((arguments.environments or work) / "own", str(REPOSITORY)) / "dag-factory"
        configs = write_corpus(work, FILES)
        commands = {name: [own, *words, "--configs", configs] for name, words in LISTS.items()}
        taken = _cpu({**commands, "validate": [own, "validate", configs]}, arguments.rounds)
    for name in LISTS:
        ratio = taken[name] / taken["validate"]
        print(f"{name:20}{taken[name]:9.3f}{taken['validate']:10.3f}{ratio:7.2f}   {GOAL}")


def _cpu(commands: Mapping[str, Sequence[str | Path]], rounds: int) -> dict[str, float]:
    """Return the medians in seconds of CPU, after one round that fills the caches."""
    taken = [{name: run(command).cpu for name, command in commands.items()} for _ in range(rounds + 1)][1:]
    return {name: statistics.median(each[name] for each in taken) for name in commands}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="measure what a list costs")
    parser.add_argument("--rounds", type=int, default=7, help="runs of each command (default: 7)")
    parser.add_argument("--environments", type=Path, metavar="FOLDER", help="keep the environments here")
    return parser.parse_args()


if __name__ == "__main__":
    main()
