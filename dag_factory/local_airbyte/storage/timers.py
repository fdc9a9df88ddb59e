"""Since when a connection waits for its next sync; kept, because Airbyte's workflows outlive a restart."""

from __future__ import annotations

from dag_factory.local_airbyte.storage.store import Store

TIMER = "timer"


def put_timer(store: Store, connection_id: str, since: float) -> None:
    """Make the wait of a connection begin at this time, in seconds since the epoch."""
    store.put_document(TIMER, connection_id, {"connectionId": connection_id, "since": since})


def read_timers(store: Store) -> dict[str, float]:
    """Return when the wait of each connection began; a connection that nobody changed yet has none."""
    return {str(each["connectionId"]): float(str(each["since"])) for each in store.documents(TIMER)}


def restart_timers(store: Store, since: float) -> None:
    """Make every wait begin at this time."""
    with store.transaction():
        for connection_id in read_timers(store):
            put_timer(store, connection_id, since)
