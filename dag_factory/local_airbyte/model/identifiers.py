"""Ids of connections and jobs: which texts from outside are valid ones."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from dag_factory.local_airbyte.model import problems
from dag_factory.local_airbyte.model.problems import ProblemError

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LARGEST_JOB_ID = 2**63 - 1  # Airbyte's job ids are Java's `long`, and so are SQLite's


def canonical_id(text: str) -> str | None:
    """Return a UUID in lower case, as Airbyte answers with it; None if the text is not one."""
    return text.lower() if UUID.fullmatch(text.lower()) else None


def existing_connection_id(text: str) -> str:
    """Return the id of a connection that may exist; raise ProblemError (404) if it is not a UUID."""
    connection_id = canonical_id(text)
    if connection_id is None:
        raise ProblemError(problems.not_found("connection", text.encode(errors="replace").decode()))
    return connection_id


def new_connection_id(text: str) -> str:
    """Return the id of a connection to create; raise ProblemError (400) if it is not a UUID."""
    connection_id = canonical_id(text)
    if connection_id is None:
        raise ProblemError(problems.bad_request("the id of a connection must be a UUID"))
    return connection_id


# Types of path parameters. Pydantic lets a ProblemError pass through.
ConnectionId = Annotated[str, AfterValidator(existing_connection_id)]
NewConnectionId = Annotated[str, AfterValidator(new_connection_id)]
