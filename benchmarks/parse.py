"""Parse a DAGs folder once, as Airflow's DAG processor does after its fork, and print its cost as JSON.

loader.py runs it in its own process, on any Airflow 3: it imports nothing of this project.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time

# The processor imports these before it forks, because the DAG files do.
import airflow.providers.airbyte.operators.airbyte
import airflow.providers.airbyte.sensors.airbyte  # noqa: F401
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization


def main() -> None:
    """Parse, and serialise if asked to."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument(
        "--serialise", action="store_true", help="serialise each DAG too, as the processor does"
    )
    parser.add_argument("--dag-id", help="request only this DAG, as a task start does")
    arguments = parser.parse_args()
    if arguments.dag_id:
        # What `airflow.sdk.get_parsing_context` reads.
        os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = arguments.dag_id
        os.environ["_AIRFLOW_PARSING_CONTEXT_TASK_ID"] = "load.trigger"
    started, cpu = time.perf_counter(), time.process_time()
    bag = DagBag(arguments.folder)
    if arguments.serialise:
        for dag in bag.dags.values():
            DagSerialization.to_dict(dag)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        json.dumps(
            {
                "seconds": seconds,
                "cpu": cpu,
                "memory": memory,
                "dags": len(bag.dags),
                "errors": list(bag.import_errors.values()),
            }
        )
    )


if __name__ == "__main__":
    main()
