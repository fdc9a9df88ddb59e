"""Calls for documents of Airbyte as they are: pages of lists, connections and their jobs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
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
        return (yield from self._call("GET", noun, f"listing the {noun}", _items_of(noun), params=params))

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


def _items_of(noun: str) -> Callable[[Any], list[Document]]:
    """Return a reader of a page; it raises ValueError for an item without a UUID as its id."""
    key = f"{noun.removesuffix('s')}Id"

    def read(answer: Any) -> list[Document]:  # noqa: ANN401 (JSON)
        page = _data(answer)
        if not all(_UUID.fullmatch(each[key]) for each in page):
            message = "an id that is not a UUID"
            raise ValueError(message)
        return page

    return read


def _data(answer: Any) -> list[Document]:  # noqa: ANN401 (JSON)
    return [_mapping(each) for each in answer["data"]]


def _mapping(answer: Any) -> Document:  # noqa: ANN401 (JSON)
    if not isinstance(answer, dict):
        message = "not a JSON object"
        raise TypeError(message)
    return answer
