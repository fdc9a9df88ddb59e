"""The cost of this working tree compared with an earlier revision, as ratios of CPU time from one run.

    .venv/bin/python benchmarks/revisions.py REVISION [--rounds 15] [--files 1000]

Both sides run in turns on the same Python with the same packages, each in its own process; only the
source differs. In CPU time, because other load on the machine affects both alike.
"""

from __future__ import annotations

import argparse
import datetime
import io
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from corpus import write_corpus
from loader import parse
from pairs import loads, write_ours
from processes import REPOSITORY, machine, run

NEW, OLD = "this tree", "earlier"
VALIDATE = "from dag_factory.cli.main import run; run()"
# Measures one process of the source in a folder, in seconds of CPU.
Measure = Callable[[Path], float]


def main() -> None:
    """Measure in turns and print a line as soon as it is known."""
    arguments = _arguments()
    print(f"{datetime.datetime.now(tz=datetime.UTC):%Y-%m-%d}, {machine()}")
    print(f"{arguments.revision} and this tree in turns, medians of {arguments.rounds} rounds, CPU time\n")
    print(f"{'':34}{OLD:>10}{NEW:>11}{'ratio':>7}{'of minima':>11}")
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        sources = {OLD: _source(arguments.revision, work / "source"), NEW: REPOSITORY}
        for what, measure in _measures(work, arguments.files):
            _print_row(what, _in_turns(measure, sources, arguments.rounds))


def _source(revision: str, folder: Path) -> Path:
    """Write the files of a revision into a folder; returns it."""
    command = ["git", "-C", REPOSITORY, "archive", revision]
    archive = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


def _measures(work: Path, files: int) -> Iterator[tuple[str, Measure]]:
    one = write_corpus(work / "one", 1)
    yield "validate, one file", lambda source: _validate(source, one)
    many = write_corpus(work / "many", files)
    yield f"validate, {files:,} files", lambda source: _validate(source, many)
    dags = write_ours(work / "dags", loads(files))
    yield f"parse, {files:,} DAGs", lambda source: _parse(source, dags, work)
    yield f"parse and serialise, {files:,} DAGs", lambda source: _parse(source, dags, work, "--serialise")
    yield (
        f"task start among {files:,} DAGs",
        lambda source: _parse(source, dags, work, "--dag-id", "load_00000"),
    )


def _validate(source: Path, configs: Path) -> float:
    return run([sys.executable, "-c", VALIDATE, "validate", configs], _variables(source)).cpu


def _parse(source: Path, dags: Path, home: Path, *options: str) -> float:
    return parse(Path(sys.executable), dags, home, options, _variables(source)).cpu


def _variables(source: Path) -> dict[str, str]:
    return {"PYTHONPATH": str(source)}


def _in_turns(measure: Measure, sources: Mapping[str, Path], rounds: int) -> dict[str, list[float]]:
    """Measure both sides in turns, after a round that fills the caches."""
    taken: dict[str, list[float]] = {side: [] for side in sources}
    for turn in range(rounds + 1):
        for side, source in sources.items():
            seconds = measure(source)
            if turn:
                taken[side].append(seconds)
    return taken


def _print_row(what: str, taken: Mapping[str, list[float]]) -> None:
    old, new = taken[OLD], taken[NEW]
    ratio = statistics.median(ours / theirs for ours, theirs in zip(new, old, strict=True))
    medians = f"{statistics.median(old):9.3f}s{statistics.median(new):10.3f}s"
    print(f"{what:34}{medians}{ratio:7.2f}{min(new) / min(old):11.2f}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="measure this working tree beside an earlier revision")
    parser.add_argument("revision", help="the earlier revision, as git names it")
    parser.add_argument("--rounds", type=int, default=15, help="processes of each side (default: 15)")
    parser.add_argument("--files", type=int, default=1_000, help="files and DAGs (default: 1000)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
