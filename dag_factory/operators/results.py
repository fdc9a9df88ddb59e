"""What a sync leaves in Airflow: XComs, asset events and the link to Airbyte."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.providers.common.compat.sdk import XCom

from dag_factory.airbyte.api.model import Job

# The XCom of the link to the connection's page in Airbyte, and the key that people can pull.
PAGE_KEY = "airbyte_url"


def publish_page(context: Mapping[str, Any], page: str | None) -> None:
    """Show the link to the connection's page as soon as it is known; Airflow shows it when a try ends."""
    if page is not None:
        context["ti"].xcom_push(key=PAGE_KEY, value=page)


def publish(context: Mapping[str, Any], job: Job, page: str | None) -> int:
    """Write rows, bytes and duration (seconds) to XComs and asset events. Returns the task's result.

    Call it when the task ends: a deferral drops what is in asset events.
    """
    values = {"rows": job.rows, "bytes": job.bytes, "duration": job.seconds, PAGE_KEY: page}
    known = {key: value for key, value in values.items() if value is not None}
    for key, value in {"job_id": job.job_id, **known}.items():
        context["ti"].xcom_push(key=key, value=value)
    for asset in context["task"].outlets:
        context["outlet_events"][asset].extra = {"job_id": job.job_id, **known}
    return job.job_id


def read_page(dag_id: str, run_id: str, task_id: str) -> Any:  # noqa: ANN401 (whatever was written)
    """Read the connection's page of a task in a callback; None if there is none."""
    return XCom.get_one(dag_id=dag_id, run_id=run_id, task_id=task_id, key=PAGE_KEY)
