"""Snapshots for tests of what is done with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from dag_factory.config.snapshot.model import Connector, SnapshotConnection
from dag_factory.config.snapshot.parsing import parse_snapshot
from dag_factory.config.snapshot.serialising import snapshot_text

WORKSPACE = "5ae6b09b-fdec-41af-aaf7-7d94cfc33ef6"
MANUAL: Mapping[str, str] = MappingProxyType({"scheduleType": "manual"})


def connection_id(number: int) -> str:
    return f"{number:08x}-52a1-4f43-9f0b-2d3a4a8f5c21"


def cron(text: str) -> dict[str, str]:
    return {"scheduleType": "cron", "cronExpression": text}


def basic(text: str) -> dict[str, str]:
    return {"scheduleType": "basic", "basicTiming": text}


def connection(
    number: int,
    name: str,
    schedule: Mapping[str, str] = MANUAL,
    *,
    status: str = "active",
    tags: Sequence[str] = (),
) -> SnapshotConnection:
    return SnapshotConnection(
        connection_id=connection_id(number),
        name=name,
        status=status,
        schedule=schedule,
        workspace_id=WORKSPACE,
        source=Connector(name="bank", type="postgres"),
        destination=Connector(name="warehouse", type="snowflake"),
        tags=tuple(tags),
    )


def text_of(*connections: SnapshotConnection) -> str:
    return snapshot_text({WORKSPACE: "main"}, connections)


def snapshot_of(*connections: SnapshotConnection):
    """Return the snapshot as it is read back."""
    return parse_snapshot(
        text_of(*connections).encode("utf-8", "surrogatepass"), "airbyte/airbyte_default.json"
    )


def write_snapshot(repository: Path, *connections: SnapshotConnection, name: str = "airbyte_default") -> None:
    path = repository / "airbyte" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text_of(*connections), "utf-8")
