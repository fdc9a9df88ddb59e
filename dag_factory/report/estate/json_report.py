"""The list and the requirements as JSON, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from dag_factory.report.estate.requirements import Requirement
from dag_factory.report.estate.rows import Environment, Listed, Row
from dag_factory.report.json_report import json_text


def list_json(rows: Sequence[Listed], environments: Sequence[Environment], at: datetime) -> str:
    """Render `{"at": moment, "environments": [...], "dags": [...]}`; null is to be without an environment."""
    return json_text(
        {
            "at": at.isoformat(),
            "environments": list(environments),
            "dags": [
                {
                    "dag_id": each.row.dag_id,
                    "environments": list(environments if each.environments is None else each.environments),
                    **_row(each.row),
                }
                for each in rows
            ],
        }
    )


def requirements_json(found: Sequence[Requirement], environments: Sequence[Environment]) -> str:
    """Render `{"environments": [...], "requires": [...]}`; only pools have slots."""
    return json_text(
        {
            "environments": list(environments),
            "requires": [
                {
                    "kind": each.kind,
                    "name": each.name,
                    "environments": list(environments if each.environments is None else each.environments),
                    **({} if each.slots is None else {"slots": each.slots}),
                    "needed_by": [
                        {"dag_id": user.dag_id, "file": user.place.file, "line": user.place.line}
                        for user in each.users
                    ],
                }
                for each in found
            ],
        }
    )


def _row(row: Row) -> dict[str, Any]:
    return {
        "file": row.file,
        "enabled": row.enabled and not row.is_broken,
        "owner": row.owner,
        "tags": list(row.tags),
        "schedule": row.schedule or None,
        "timezone": row.timezone,
        "next_run": None if row.next_run is None else _moment(row.next_run),
        "syncs": [
            {
                "name": sync.name,
                "connection": sync.connection,
                "connection_id": sync.connection_id,
                "airbyte_conn_id": sync.airbyte_conn_id,
                "pool": sync.pool,
            }
            for sync in row.syncs
        ],
        "notifiers": list(row.notifiers),
        "errors": list(row.errors),
    }


def _moment(moment: datetime) -> dict[str, str]:
    return {"local": moment.isoformat(), "utc": moment.astimezone(UTC).isoformat()}
