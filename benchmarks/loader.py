"""How long Airflow takes to parse the same DAGs: from this project, a hand-written loop and two peers.

    .venv/bin/python benchmarks/loader.py [--counts 10 100 1000 10000] [--rounds 5] [--environments FOLDER]

Each side is its own process, which imports the Airbyte provider first, as Airflow's DAG processor does before
it forks, and then lets Airflow's DagBag parse a folder. All create Airflow tasks of the same classes. Each
peer is installed into its own environment; --environments keeps them for the next time.
"""

from __future__ import annotations

import argparse
import datetime
import json
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pairs import WRITERS, loads
from processes import REPOSITORY, machine, make_environment, run

OWN, HAND = "airbyte-dag-factory", "by hand"
# Side to the additional requirement of its environment.
PEERS = {"dag-factory 1.1.0": "dag-factory==1.1.0", "gusty 0.23.1": "gusty==0.23.1"}
# Seconds; Airflow's default of 30 is too short for the peers.
IMPORT_TIMEOUT = 1800


@dataclass(frozen=True, kw_only=True, slots=True)
class Parse:
    """One parse: seconds by the clock and of CPU, highest resident memory in KiB, and the number of DAGs."""

    seconds: float
    cpu: float
    memory: int
    dags: int


def main() -> None:
    """Measure all and print the tables."""
    arguments = _arguments()
    print(f"{datetime.datetime.now(tz=datetime.UTC):%Y-%m-%d}, {machine()}")
    print("medians, the sides in turns; every parse a process of its own\n")
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        pythons = _environments(arguments.environments or work / "environments")
        for count in arguments.counts:
            rounds = arguments.rounds if count <= 1000 else 1
            folders = {side: WRITERS[side](work / str(count) / side, loads(count)) for side in pythons}
            _print_table(f"{count} DAGs, parsed", _measure(pythons, folders, rounds, work))
            if count == 1000:
                serialised = _measure(pythons, folders, rounds, work, "--serialise")
                _print_table(f"{count} DAGs, parsed and serialised", serialised)


def _environments(folder: Path) -> dict[str, Path]:
    """Return the Python of each side; ours and that of the loop is the same."""
    project = f"{REPOSITORY}[airflow]"
    own = make_environment(folder / "own-airflow", project) / "python"
    peers = {
        side: make_environment(folder / requirement, project, requirement) / "python"
        for side, requirement in PEERS.items()
    }
    return {OWN: own, HAND: own, **peers}


def _measure(
    pythons: Mapping[str, Path], folders: Mapping[str, Path], rounds: int, work: Path, *options: str
) -> dict[str, Parse]:
    """Parse in turns and return the medians; with several rounds, a first one fills the caches."""
    turns = rounds + 1 if rounds > 1 else 1
    taken: dict[str, list[Parse]] = {side: [] for side in pythons}
    for _ in range(turns):
        for side, python in pythons.items():
            taken[side].append(parse(python, folders[side], work, options))
    return {side: _median(every[-rounds:]) for side, every in taken.items()}


def parse(
    python: Path, dags: Path, home: Path, options: Sequence[str] = (), more: Mapping[str, str] | None = None
) -> Parse:
    """Parse a folder once, with `more` variables; raises RuntimeError if a DAG is missing."""
    variables = {
        **(more or {}),
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": str(IMPORT_TIMEOUT),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
    }
    command = [python, REPOSITORY / "benchmarks" / "parse.py", dags, *options]
    parsed = json.loads(run(command, variables).output.splitlines()[-1])
    if parsed.pop("errors"):
        message = f"{dags} does not parse"
        raise RuntimeError(message)
    return Parse(**parsed)


def _median(every: Sequence[Parse]) -> Parse:
    return Parse(
        seconds=statistics.median(each.seconds for each in every),
        cpu=statistics.median(each.cpu for each in every),
        memory=max(each.memory for each in every),
        dags=every[0].dags,
    )


def _print_table(title: str, measured: Mapping[str, Parse]) -> None:
    print(f"{title}\n{'':21}{'seconds':>9}{'ms a DAG':>10}{'times by hand':>15}{'times ours':>12}{'MiB':>7}")
    for side, each in measured.items():
        by_hand, ours = each.seconds / measured[HAND].seconds, each.seconds / measured[OWN].seconds
        pace = each.seconds / each.dags * 1000
        print(
            f"{side:21}{each.seconds:9.3f}{pace:10.2f}{by_hand:15.2f}{ours:12.2f}{each.memory / 1024:7.0f}",
            flush=True,
        )
    print()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="measure how long Airflow parses the same DAGs")
    parser.add_argument("--counts", type=int, nargs="+", default=[10, 100, 1000, 10000], metavar="N")
    parser.add_argument(
        "--rounds", type=int, default=5, help="parses of each side up to 1,000 DAGs (default: 5)"
    )
    parser.add_argument("--environments", type=Path, metavar="FOLDER", help="keep the environments there")
    return parser.parse_args()


if __name__ == "__main__":
    main()
