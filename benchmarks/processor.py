"""What Airflow's DAG processor reports for the same DAGs, from this project and from a hand-written loop.

    .venv/bin/python benchmarks/processor.py [--count 1000] [--rounds 3]

A new SQLite database, one pass of `airflow dag-processor`, and then the seconds that it recorded for the
DAGs: forking, importing, parsing and serialising. With and without `parsing_pre_import_modules`, for which
the loader file imports the provider's modules.
"""

from __future__ import annotations

import argparse
import datetime
import sqlite3
import statistics
import tempfile
from contextlib import closing
from pathlib import Path

from pairs import WRITERS, loads
from processes import REPOSITORY, machine, make_environment, run

SIDES = ("airbyte-dag-factory", "by hand")
SWITCHES = {"with the pre-import": "True", "without it": "False"}


def main() -> None:
    """Measure in turns and print the table."""
    arguments = _arguments()
    print(f"{datetime.datetime.now(tz=datetime.UTC):%Y-%m-%d}, {machine()}")
    print(f"{arguments.count} DAGs, medians of {arguments.rounds} passes in turns\n")
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        airflow = (
            make_environment((arguments.environments or work) / "own-airflow", f"{REPOSITORY}[airflow]")
            / "airflow"
        )
        folders = {side: WRITERS[side](work / side, loads(arguments.count)) for side in SIDES}
        taken: dict[tuple[str, str], list[float]] = {}
        for turn in range(arguments.rounds):
            for switch, value in SWITCHES.items():
                for side, folder in folders.items():
                    home = work / f"home-{turn}-{value}-{side}"
                    taken.setdefault((switch, side), []).append(_pass(airflow, folder, home, value))
    _print_table({what: statistics.median(every) for what, every in taken.items()})


def _pass(airflow: Path, dags: Path, home: Path, pre_import: str) -> float:
    """Let the processor parse a folder once, on a new database; return the seconds that it recorded."""
    variables = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "600",
        "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "600",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PRE_IMPORT_MODULES": pre_import,
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
    }
    run([airflow, "db", "migrate"], variables)
    run([airflow, "dag-processor", "--num-runs", "1"], variables)
    with closing(sqlite3.connect(home / "airflow.db")) as database:
        ((seconds, _),) = database.execute("SELECT last_parse_duration, count(*) FROM dag").fetchall()
    return float(seconds)


def _print_table(taken: dict[tuple[str, str], float]) -> None:
    print(f"{'':22}{SIDES[0]:>22}{SIDES[1]:>12}{'ratio':>8}")
    for switch in SWITCHES:
        ours, hand = (taken[switch, side] for side in SIDES)
        print(f"{switch:22}{ours:20.2f} s{hand:10.2f} s{ours / hand:8.2f}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="measure a pass of Airflow's DAG processor")
    parser.add_argument("--count", type=int, default=1000, metavar="N", help="DAGs (default: 1000)")
    parser.add_argument("--rounds", type=int, default=3, help="passes of each side (default: 3)")
    parser.add_argument("--environments", type=Path, metavar="FOLDER", help="keep the environment there")
    return parser.parse_args()


if __name__ == "__main__":
    main()
