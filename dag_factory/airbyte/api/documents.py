"""Calls for documents of Airbyte as they are: pages of lists, connections and their jobs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from dag_factory.airbyte.api.calls import Api
from dag_factory.airbyte.effects import Effects

Document: TypeAlias = Mapping[str, Any]

PAGE = 100
_UUID = re.compile(r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class DocumentApi(Api):
    """A client of one Airbyte server for commands about whole workspaces."""

    def page(self, noun: str, offset: int) -> Effects[list[Document]]:
        """Read one page of a list such as `connections`, deleted ones included; raises ApiError."""
        params = {"limit": str(PAGE), "offset": str(offset), "includeDeleted": "true"}
        rows = yield from self._call("GET", noun, f"listing the {noun}", _rows, params=params)
        key = f"{noun.removesuffix('s')}Id"
        if not all(_has_id(each, key) for each in rows):
            message = (
                f"Airbyte's list of {noun} has a row without a UUID as its '{key}'; {self._context.where}"
            )
            # The same row comes again.
            raise self._error(message, is_permanent=True)
        return rows

    def document(self, connection_id: str) -> Effects[Document]:
        """Read a connection; raises ApiError."""
        what = f"the request for connection {connection_id}"
        return (yield from self._call("GET", f"connections/{connection_id}", what, _mapping))

    def newest_jobs(self, connection_id: str) -> Effects[list[Document]]:
        """Read a connection's newest jobs of every type, the newest first; raises ApiError."""
        what = f"listing the jobs of connection {connection_id}"
        params = {"connectionId": connection_id, "limit": "20", "offset": "0", "orderBy": "createdAt|DESC"}
        jobs = yield from self._call("GET", "jobs", what, _data, params=params)
        return sorted(jobs, key=lambda job: int(job["jobId"]), reverse=True)

    def set_schedule(self, connection_id: str, schedule: Mapping[str, str]) -> Effects[Document]:
        """Change the schedule of a connection; raises ApiError."""
        what = f"changing the schedule of connection {connection_id}"
        body = {"schedule": dict(schedule)}
        return (yield from self._call("PATCH", f"connections/{connection_id}", what, _mapping, body=body))


def _has_id(row: Any, key: str) -> bool:  # noqa: ANN401 (JSON)
    value = row.get(key) if isinstance(row, dict) else None
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def _rows(answer: Any) -> list[Any]:  # noqa: ANN401 (JSON)
    rows = answer["data"]
    if not isinstance(rows, list):
        message = "not a JSON array"
        raise TypeError(message)
    return rows


def _data(answer: Any) -> list[Document]:  # noqa: ANN401 (JSON)
    return [_mapping(each) for each in answer["data"]]


def _mapping(answer: Any) -> Document:  # noqa: ANN401 (JSON)
    if not isinstance(answer, dict):
        message = "not a JSON object"
        raise TypeError(message)
    return answer
