"""The Airbytes of a command: one for each airbyte_conn_id, made from the environment when first needed."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field

from dag_factory.workspace.handover import Airbyte


def airbyte_of(airbyte_conn_id: str) -> tuple[Airbyte, str]:
    """Return an Airbyte and the URL of its API, from the credentials in the environment."""
    # Loads the HTTP client, which only some commands need.
    credentials = importlib.import_module("dag_factory.workspace.credentials")
    api = importlib.import_module("dag_factory.workspace.api")
    access = credentials.access_from_environment(airbyte_conn_id)
    airbyte: Airbyte = api.AirbyteApi(access)
    return airbyte, access.host


@dataclass(frozen=True, kw_only=True, slots=True)
class Airbytes:
    """Makes each Airbyte once."""

    made: dict[str, tuple[Airbyte, str]] = field(default_factory=dict)

    def of(self, airbyte_conn_id: str) -> Airbyte:
        """Return the Airbyte of an Airflow connection."""
        return self._of(airbyte_conn_id)[0]

    def host(self, airbyte_conn_id: str) -> str:
        """Return the URL of its API."""
        return self._of(airbyte_conn_id)[1]

    def _of(self, airbyte_conn_id: str) -> tuple[Airbyte, str]:
        if airbyte_conn_id not in self.made:
            self.made[airbyte_conn_id] = airbyte_of(airbyte_conn_id)
        return self.made[airbyte_conn_id]
