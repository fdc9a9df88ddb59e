"""What names and snapshots cost `validate`, the loader, a task's start and `pull`, as ratios from one run.

    .venv/bin/python benchmarks/snapshots.py [--rounds 7] [--environments FOLDER]

Both sides have the same DAGs. One writes `connection_id` and has no snapshot; the other writes the names of
connections in a snapshot that holds them all. A pull is compared with its bare requests.
"""

from __future__ import annotations

import argparse
import datetime
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from loader import parse
from pairs import Load, loads, write_ours
from processes import REPOSITORY, machine, make_environment, medians

from dag_factory.config.snapshot.model import Connector, SnapshotConnection
from dag_factory.config.snapshot.serialising import snapshot_text
from dag_factory.local_airbyte.model.connection import ConnectionSeed
from dag_factory.local_airbyte.server import LocalAirbyte, ServerOptions

WORKSPACE = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the table; a goal is a ratio, or milliseconds more."""

    what: str
    by_name: float
    by_id: float
    goal: str


def main() -> None:
    """Measure in turns and print the table."""
    arguments = _arguments()
    print(f"{datetime.datetime.now(tz=datetime.UTC):%Y-%m-%d}, {machine()}")
    print(f"medians of {arguments.rounds} rounds, the two sides in turns; every run a process of its own\n")
    print(f"{'what':38}{'by name':>10}{'by id':>10}{'ratio':>7}{'ms more':>9}   goal")
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        environments = arguments.environments or work
        for row in _rows(environments, work, arguments.rounds):
            more = (row.by_name - row.by_id) * 1000
            ratio = row.by_name / row.by_id
            figures = f"{row.by_name:10.3f}{row.by_id:10.3f}{ratio:7.2f}{more:9.1f}"
            print(f"{row.what:38}{figures}   {row.goal}", flush=True)


def _rows(environments: Path, work: Path, rounds: int) -> Iterator[Row]:
    own = make_environment(environments / "own", str(REPOSITORY))
    thousand = _both(work / "1000", loads(1_000))
    yield _validated("validate, 1,000 files", own, thousand, rounds, "at most 1.15")
    yield _pulled(work / "pull", environments, rounds)
    one = _both(work / "1", loads(1))
    yield _validated("validate, one file", own, one, 3 * rounds, "see benchmarks/validate.py")
    airflow = make_environment(environments / "own-airflow", f"{REPOSITORY}[airflow]") / "python"
    yield _parsed("parse, 1,000 DAGs", airflow, thousand, rounds, work, "at most 1.05")
    many = _both(work / "10000", loads(10_000))
    start = ("--dag-id", "load_00000")
    yield _parsed(
        "a task's start among 10,000 DAGs", airflow, many, 2 * rounds, work, "at most 10 ms more", start
    )


def _both(folder: Path, every: list[Load]) -> dict[str, Path]:
    """Write the same DAGs by name and by id; return the folders of the DAG files."""
    by_id = write_ours(folder / "by_id", every)
    by_name = write_ours(folder / "by_name", every)
    files = {file.stem: file for file in (by_name.parent / "configs").rglob("*.yaml")}
    for each in every:
        file = files[each.dag_id]
        named = f'connection: "{each.dag_id} → json"'
        file.write_text(
            file.read_text("utf-8").replace(f"connection_id: {each.connection_id}", named), "utf-8"
        )
    _write_snapshot(by_name.parent / "airbyte", every)
    return {"by name": by_name, "by id": by_id}


def _write_snapshot(folder: Path, every: list[Load]) -> None:
    folder.mkdir()
    connections = [
        SnapshotConnection(
            connection_id=each.connection_id,
            name=f"{each.dag_id} → json",
            status="active",
            schedule={"scheduleType": "manual"},
            workspace_id=WORKSPACE,
            source=Connector(name=each.dag_id, type="postgres"),
            destination=Connector(name="json", type="s3"),
            tags=("finance",),
        )
        for each in every
    ]
    text = snapshot_text({WORKSPACE: "Analytics"}, connections)
    (folder / "airbyte_default.json").write_text(text, "utf-8")


def _pulled(work: Path, environments: Path, rounds: int) -> Row:
    """Compare a pull of 1,000 connections with its bare requests to the same local Airbyte."""
    own = make_environment(environments / "own-workspace", f"{REPOSITORY}[workspace]")
    (work / "configs").mkdir(parents=True)
    seeds = [
        ConnectionSeed(connection_id=each.connection_id, name=f"{each.dag_id} → json")
        for each in loads(1_000)
    ]
    options = ServerOptions(data_folder=work / "data", seeds=tuple(seeds), has_samples=False)
    with LocalAirbyte.start_with(options) as airbyte:
        variables = {
            "AIRBYTE_URL": airbyte.url,
            "AIRBYTE_CLIENT_ID": options.client_id,
            "AIRBYTE_CLIENT_SECRET": options.client_secret,
        }
        commands = {
            "pull": [own / "dag-factory", "pull", "--configs", work / "configs"],
            "bare": [own / "python", REPOSITORY / "benchmarks" / "bare_pull.py"],
        }
        taken = medians(commands, rounds, variables)
    return Row(
        what="pull, 1,000 connections, or bare calls",
        by_name=taken["pull"],
        by_id=taken["bare"],
        goal="at most 1.2",
    )


def _validated(what: str, own: Path, folders: dict[str, Path], rounds: int, goal: str) -> Row:
    commands = {
        side: [own / "dag-factory", "validate", folder.parent / "configs"] for side, folder in folders.items()
    }
    taken = medians(commands, rounds)
    return Row(what=what, by_name=taken["by name"], by_id=taken["by id"], goal=goal)


def _parsed(
    what: str,
    python: Path,
    folders: dict[str, Path],
    rounds: int,
    work: Path,
    goal: str,
    options: tuple[str, ...] = (),
) -> Row:
    taken: dict[str, list[float]] = {side: [] for side in folders}
    for turn in range(rounds + 1):
        for side, folder in folders.items():
            seconds = parse(python, folder, work, options).seconds
            if turn:
                taken[side].append(seconds)
    by = {side: statistics.median(each) for side, each in taken.items()}
    return Row(what=what, by_name=by["by name"], by_id=by["by id"], goal=goal)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="measure what names and snapshots cost")
    parser.add_argument("--rounds", type=int, default=7, help="runs of each side (default: 7)")
    parser.add_argument("--environments", type=Path, metavar="FOLDER", help="keep the environments here")
    return parser.parse_args()


if __name__ == "__main__":
    main()
