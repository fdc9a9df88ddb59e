"""A connector as a source: writes its records and commits its states."""

from __future__ import annotations

import uuid

from dag_factory.local_airbyte.jobs.connector_process import Connector, configured_catalog, part_of
from dag_factory.local_airbyte.jobs.job_control import JobControl
from dag_factory.local_airbyte.jobs.stream_writer import StreamWriter
from dag_factory.local_airbyte.model.json_values import Json
from dag_factory.local_airbyte.storage.raw_files import raw_line
from dag_factory.local_airbyte.storage.store import Store

CATALOG = "catalog"
WHOLE_SOURCE = ""  # the name of the stream for a state of the whole source


def read_connector(
    connector: Connector, writer: StreamWriter, store: Store, connection_id: str, control: JobControl
) -> None:
    """Read all streams from their last states; before the first read, check the connector and discover."""
    catalog = store.document(CATALOG, connection_id)
    if catalog is None:
        connector.check(control)
        catalog = configured_catalog(connector.discover(control))
        store.put_document(CATALOG, connection_id, catalog)
    # A stream without a state starts from the beginning.
    states = [state for state in writer.states.values() if state]
    for message in connector.read(catalog, states, control):
        _take(message, writer)
    writer.commit_rest()


def _take(message: Json, writer: StreamWriter) -> None:
    if message.get("type") == "RECORD":
        record = part_of(message, "record")
        line = raw_line(str(uuid.uuid4()), part_of(record, "data"), writer.now())
        writer.append(str(record.get("stream")), line)
    elif message.get("type") == "STATE":
        state = part_of(message, "state")
        descriptor = part_of(part_of(state, "stream"), "stream_descriptor")
        if "name" in descriptor:
            writer.commit({str(descriptor["name"]): state})
        else:
            writer.commit_rest({WHOLE_SOURCE: state})
