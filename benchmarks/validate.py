"""How fast `dag-factory validate` is and how much memory it takes, as ratios from one run.

    .venv/bin/python benchmarks/validate.py [--rounds 7] [--environments FOLDER]

`dag-factory` 1.1.0 and this project are installed into separate environments; a folder named with
--environments keeps them for the next time.
"""

from __future__ import annotations

import argparse
import datetime
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from corpus import write_corpus
from processes import REPOSITORY, machine, make_environment, medians, run

PEER = "dag-factory==1.1.0"

# Goals: times the bare imports, times as fast as the peer, KiB per additional file.
ONE_FILE, MANY_FILES, MEMORY = 1.3, 5.0, 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    ours: str
    other: str
    ratio: str
    goal: str
    reached: bool


def main() -> None:
    """Measure all and print the table."""
    arguments = _arguments()
    print(f"{datetime.datetime.now(tz=datetime.UTC):%Y-%m-%d}, {machine()}")
    print(f"medians of {arguments.rounds} rounds, the two sides in turns; every run a process of its own\n")
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        environments = arguments.environments or work
        own = make_environment(environments / "own", str(REPOSITORY))
        rows = [_one_file(own, work, arguments.rounds)]
        _print_row("what", "dag-factory validate", "compared with", "ratio", "goal", "")
        for row in rows_of(rows, own, environments, work, arguments.rounds):
            reached = "reached" if row.reached else "MISSED"
            _print_row(row.what, row.ours, row.other, row.ratio, row.goal, reached)


def rows_of(first: list[Row], own: Path, environments: Path, work: Path, rounds: int) -> Iterator[Row]:
    """Yield each row as soon as it is measured."""
    yield from first
    peer = make_environment(environments / "peer", PEER)
    yield _many_files(own, peer, work, rounds)
    yield from _memory(own, work)


def _one_file(own: Path, work: Path, rounds: int) -> Row:
    root = write_corpus(work / "one", 1)
    (file,) = root.rglob("load_*.yaml")
    commands = {
        "ours": [own / "dag-factory", "validate", file],
        "bare": [own / "python", "-c", "import yaml, jsonschema"],
    }
    taken = medians(commands, 3 * rounds)
    ratio = taken["ours"] / taken["bare"]
    return Row(
        what="one file, cold",
        ours=f"{taken['ours']:.3f} s",
        other=f"{taken['bare']:.3f} s: python -c 'import yaml, jsonschema'",
        ratio=f"{ratio:.2f} times as long",
        goal=f"at most {ONE_FILE}",
        reached=ratio <= ONE_FILE,
    )


def _many_files(own: Path, peer: Path, work: Path, rounds: int) -> Row:
    root = write_corpus(work / "thousand", 1_000)
    commands = {"ours": [own / "dag-factory", "validate", root], "peer": [peer / "dagfactory", "lint", root]}
    taken = medians(commands, rounds)
    ratio = taken["peer"] / taken["ours"]
    return Row(
        what="1,000 files, cold",
        ours=f"{taken['ours']:.2f} s",
        other=f"{taken['peer']:.2f} s: dagfactory lint of {PEER}",
        ratio=f"{ratio:.1f} times as fast",
        goal=f"at least {MANY_FILES:.0f}",
        reached=ratio >= MANY_FILES,
    )


def _memory(own: Path, work: Path) -> Iterator[Row]:
    few, many = 100, 10_000
    costs = {
        number: run([own / "dag-factory", "validate", write_corpus(work / str(number), number)])
        for number in (few, many)
    }
    more = (costs[many].memory - costs[few].memory) / (many - few)
    yield Row(
        what="memory, 10,000 files",
        ours=f"{costs[many].memory / 1024:.0f} MiB",
        other=f"{costs[few].memory / 1024:.0f} MiB: 100 files",
        ratio=f"{more:.1f} KiB a file more",
        goal=f"at most {MEMORY:.0f}",
        reached=more <= MEMORY,
    )
    pace = costs[many].seconds / many * 1000
    yield Row(
        what="10,000 files, cold",
        ours=f"{costs[many].seconds:.1f} s",
        other="",
        ratio=f"{pace:.2f} ms a file",
        goal="none",
        reached=True,
    )


def _print_row(*cells: str) -> None:
    widths = (21, 21, 50, 22, 12, 7)
    print("".join(f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip(), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="measure dag-factory validate")
    parser.add_argument("--rounds", type=int, default=7, help="runs of each side (default: 7)")
    parser.add_argument("--environments", type=Path, metavar="FOLDER", help="keep the environments here")
    return parser.parse_args()


if __name__ == "__main__":
    main()
