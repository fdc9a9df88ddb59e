"""Where the parse of this project's DAGs spends its time, beside the hand-written loop.

    .venv/bin/python benchmarks/parse_phases.py [--dags 1000] [--rounds 5]

Each round is a process of its own, in which the provider is imported before the clock starts, as in the DAG
processor. CPU time, because a machine with other work to do takes it away from all phases alike.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import json
import runpy
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pairs import loads, write_hand, write_ours
from processes import machine, run

LOOP = "the hand-written loop"


def main() -> None:
    """Measure the phases in processes of their own and print the medians."""
    arguments = _arguments()
    if arguments.measure is not None:
        print(json.dumps({"ours": _phases, "hand": _loop}[arguments.measure](arguments.folder)))
        return
    print(f"{datetime.datetime.now(tz=datetime.UTC):%Y-%m-%d}, {machine()}")
    print(f"{arguments.dags:,} DAGs, medians of {arguments.rounds} rounds, the sides in turns, CPU time\n")
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        write_ours(work / "ours", loads(arguments.dags))
        write_hand(work / "hand", loads(arguments.dags))
        # The first round fills the caches.
        rounds = [_round(work) for _ in range(arguments.rounds + 1)][1:]
    medians = {phase: statistics.median(each[phase] for each in rounds) for phase in rounds[0]}
    print(f"{'':38}{'ms':>7}{'of the loop':>13}")
    for phase, seconds in medians.items():
        print(f"{phase:38}{seconds * 1000:7.0f}{seconds / medians[LOOP]:12.0%}")


def _round(work: Path) -> dict[str, float]:
    """Measure both sides, each in a process of its own."""
    variables = {"AIRFLOW_HOME": str(work / "airflow"), "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"}
    taken: dict[str, float] = {}
    for side in ("ours", "hand"):
        command = [sys.executable, Path(__file__), "--measure", side, "--folder", work]
        taken |= json.loads(run(command, variables).output.splitlines()[-1])
    return taken


def _phases(work: Path) -> dict[str, float]:
    """Return the CPU seconds of each phase of one parse, in order."""
    import airflow.providers.airbyte.operators.airbyte
    import airflow.providers.airbyte.sensors.airbyte  # noqa: F401

    gc.disable()
    taken: dict[str, float] = {}
    configs = work / "ours" / "configs"

    def measured(phase: str, work: Callable[[], object]) -> object:
        started = time.process_time()
        done = work()
        taken[phase] = time.process_time() - started
        return done

    measured("import of this package", lambda: __import__("dag_factory.factory.load"))
    from dag_factory.config.files import list_below_top
    from dag_factory.config.project import load_project
    from dag_factory.config.snapshot.snapshots import snapshots_beside
    from dag_factory.config.tree import read_tree
    from dag_factory.factory.build import build_dag
    from dag_factory.factory.dry_run import DryRun
    from dag_factory.factory.notifiers import Callbacks
    from dag_factory.versions import dag_defaults

    project = measured("reading, rules and models", lambda: load_project(configs, None))
    # Measured again by themselves: the files, their YAML and the schema.
    tree_seconds = -time.process_time()
    read_tree(list_below_top(configs), snapshots_beside(configs))
    tree_seconds += time.process_time()
    taken["  of which files, YAML and schema"] = tree_seconds
    defaults = dag_defaults()
    built = measured(
        "building Airflow's objects", lambda: [build_dag(dag, Callbacks(), defaults) for dag in project.dags]
    )
    dry_run = DryRun()
    measured("the dry run", lambda: [dry_run.run(dag) for dag in built])
    return taken


def _loop(work: Path) -> dict[str, float]:
    """Return the CPU seconds of the hand-written loop."""
    import airflow.providers.airbyte.operators.airbyte
    import airflow.providers.airbyte.sensors.airbyte  # noqa: F401

    gc.disable()
    started = time.process_time()
    runpy.run_path(str(work / "hand" / "dags" / "loop.py"))
    return {LOOP: time.process_time() - started}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="measure the phases of a parse")
    parser.add_argument("--dags", type=int, default=1_000, help="how many DAGs (default: 1000)")
    parser.add_argument("--rounds", type=int, default=5, help="processes (default: 5)")
    parser.add_argument("--measure", choices=("ours", "hand"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
