"""The documents of a new local Airbyte: two workspaces, and two pages of connections with every status."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from dag_factory.local_airbyte.model.built_in_rows import SHARES
from dag_factory.local_airbyte.model.connection import ConnectionSeed
from dag_factory.local_airbyte.model.json_values import Json
from dag_factory.local_airbyte.schedules.schedule import MANUAL

NAMESPACE = uuid.UUID("b5d3a2f6-6c0d-4f43-8a53-3f0f1b1b2c77")
NOTIFICATIONS = (
    "failure",
    "success",
    "connectionUpdate",
    "connectionUpdateActionRequired",
    "syncDisabled",
    "syncDisabledWarning",
)
SUBJECTS = (
    "orders",
    "customers",
    "payments",
    "invoices",
    "tickets",
    "sessions",
    "campaigns",
    "stock",
    "returns",
)
CREATED_AT = 1_767_225_600  # 2026-01-01T00:00:00Z, in seconds
SPECIAL: dict[str, Json] = {
    "paused_sync": {"status": "inactive"},
    "deleted_sync": {"status": "deprecated"},
    "locked_sync": {"status": "locked"},
    "cron_in_airbyte": {"schedule": {"scheduleType": "cron", "cronExpression": "0 0 12 * * ? UTC"}},
    "basic_in_airbyte": {"schedule": {"scheduleType": "basic", "basicTiming": "Every 24 HOURS"}},
}

Documents = Iterator[tuple[str, str, Json]]


def seed_id(name: str) -> str:
    """Return the id that this name has in every local Airbyte."""
    return str(uuid.uuid5(NAMESPACE, name))


def iter_documents(*, has_samples: bool = True) -> Documents:
    """Yield kind, id and document of everything of a new server; samples are a workspace and connections."""
    for workspace in ("analytics", "sandbox") if has_samples else ("analytics",):
        yield "workspace", seed_id(workspace), workspace_document(seed_id(workspace), workspace)
        yield "source", seed_id(f"{workspace}/source"), _actor("source", "faker", workspace)
        yield (
            "destination",
            seed_id(f"{workspace}/destination"),
            _actor("destination", "local-json", workspace),
        )
    yield "tag", seed_id("tag/nightly"), _tag("nightly", "7F56D9")
    yield "tag", seed_id("tag/finance"), _tag("finance", "12B76A")
    if has_samples:
        yield from _sample_connections()


def _sample_connections() -> Documents:
    for workspace in ("analytics", "sandbox"):
        for subject in SUBJECTS:
            yield _connection(f"{subject}_{workspace}", workspace, {})
    for name, changes in SPECIAL.items():
        yield _connection(name, "analytics", changes)


def seed_document(seed: ConnectionSeed) -> Json:
    """Return the connection of a seed: active, with the schedule `manual`."""
    return connection_document(seed.connection_id, seed.name, "analytics")


def connection_document(connection_id: str, name: str, workspace: str) -> Json:
    """Return an active connection from the workspace's source to its destination."""
    streams = [{"name": stream, "syncMode": "incremental_append", "cursorField": ["id"]} for stream in SHARES]
    return {
        "connectionId": connection_id,
        "name": name,
        "sourceId": seed_id(f"{workspace}/source"),
        "destinationId": seed_id(f"{workspace}/destination"),
        "workspaceId": seed_id(workspace),
        "status": "active",
        "schedule": MANUAL,
        "configurations": {"streams": streams},
        "namespaceDefinition": "destination",
        "nonBreakingSchemaUpdatesBehavior": "ignore",
        "prefix": "",
        "createdAt": CREATED_AT,
        "tags": [],
    }


def _connection(name: str, workspace: str, changes: Json) -> tuple[str, str, Json]:
    tags = (
        [_tag("finance", "12B76A")] if name.startswith(("payments_analytics", "invoices_analytics")) else []
    )
    document = connection_document(seed_id(name), name, workspace)
    return "connection", seed_id(name), {**document, "tags": tags, **changes}


def workspace_document(workspace_id: str, name: str) -> Json:
    """Return a workspace that notifies nobody."""
    notification = {"email": {"enabled": False}, "webhook": {"enabled": False}}
    notifications = dict.fromkeys(NOTIFICATIONS, notification)
    return {
        "workspaceId": workspace_id,
        "name": name,
        "dataResidency": "auto",
        "notifications": notifications,
    }


def actor_document(role: str, actor_id: str, name: str, connector: str, workspace_id: str) -> Json:
    """Return a source or a destination, which is what `role` says."""
    return {
        f"{role}Id": actor_id,
        "name": name,
        f"{role}Type": connector,
        "definitionId": seed_id(f"definition/{connector}"),
        "workspaceId": workspace_id,
        "configuration": {},
        "createdAt": CREATED_AT,
    }


def tag_document(tag_id: str, name: str, color: str, workspace_id: str) -> Json:
    """Return a tag."""
    return {"tagId": tag_id, "workspaceId": workspace_id, "name": name, "color": color}


def _actor(role: str, connector: str, workspace: str) -> Json:
    name = f"{workspace} {connector}"
    return actor_document(role, seed_id(f"{workspace}/{role}"), name, connector, seed_id(workspace))


def _tag(name: str, color: str) -> Json:
    return tag_document(seed_id(f"tag/{name}"), name, color, seed_id("analytics"))
