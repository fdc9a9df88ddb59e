"""How soon a task may resume after it has released its slot."""

from __future__ import annotations

from dag_factory import versions

# How many seconds a scheduler may take to learn that what ran a task has ended: mostly one or two, more than
# three on a busy machine (Airflow 3.1.8).
SCHEDULER_LAG_SECONDS = 10.0


def shortest_reschedule() -> float:
    """Return how soon a rescheduled or deferred task may resume, in seconds.

    What runs a task reports its end only with its next heartbeat, and the scheduler learns of it in its next
    loop. To the executor, a task that is due before that is still running, and Airflow fails it
    (`jobs/scheduler_job_runner.py`, `process_executor_events`).
    """
    return versions.heartbeat_seconds() + SCHEDULER_LAG_SECONDS
