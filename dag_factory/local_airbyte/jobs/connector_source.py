"""Moves what a connector reads, and keeps its states. For the extraction."""

from __future__ import annotations

import uuid

from dag_factory.local_airbyte.jobs.connector_process import Connector, configured_catalog, part_of
from dag_factory.local_airbyte.jobs.job_control import Signals
from dag_factory.local_airbyte.jobs.stream_writer import Ledger
from dag_factory.local_airbyte.model.json_values import Json
from dag_factory.local_airbyte.storage.raw_files import raw_line
from dag_factory.local_airbyte.storage.store import Store

CATALOG = "catalog"
WHOLE_SOURCE = ""  # the stream name under which a state that is not one stream's is kept


def read_connector(
    connector: Connector, ledger: Ledger, store: Store, connection_id: str, signals: Signals
) -> None:
    """Read all streams from their last states on; the first time, check and discover before that."""
    catalog = store.document(CATALOG, connection_id)
    if catalog is None:
        connector.check(signals)
        catalog = configured_catalog(connector.discover(signals))
        store.put_document(CATALOG, connection_id, catalog)
    # A stream that gave no state has an empty one here: it starts from the beginning.
    states = [state for state in ledger.states.values() if state]
    for message in connector.read(catalog, states, signals):
        _take(message, ledger)
    ledger.commit_rest()


def _take(message: Json, ledger: Ledger) -> None:
    if message.get("type") == "RECORD":
        record = part_of(message, "record")
        line = raw_line(str(uuid.uuid4()), part_of(record, "data"), ledger.now())
        ledger.append(str(record.get("stream")), line)
    elif message.get("type") == "STATE":
        state = part_of(message, "state")
        descriptor = part_of(part_of(state, "stream"), "stream_descriptor")
        if "name" in descriptor:
            ledger.commit({str(descriptor["name"]): state})
        else:
            ledger.commit_rest({WHOLE_SOURCE: state})
