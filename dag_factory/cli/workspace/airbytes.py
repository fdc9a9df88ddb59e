"""The Airbytes of a command: one for each airbyte_conn_id, made from the environment when first needed."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field

from dag_factory.cli.main import UsageError
from dag_factory.cli.workspace.extra import needs_extra
from dag_factory.cli.workspace.progress_line import ProgressLine
from dag_factory.workspace.handover.moves import Airbyte


@needs_extra("take-over")
def airbyte_of(airbyte_conn_id: str, stack: ExitStack) -> tuple[Airbyte, str]:
    """Open an Airbyte with the credentials in the environment; return it and the URL of its API.

    The stack closes it.
    """
    from dag_factory.workspace.airbyte.api import open_api  # noqa: PLC0415 (needs the extra)
    from dag_factory.workspace.airbyte.credentials import CredentialsError, access_from  # noqa: PLC0415 (as above)
    from dag_factory.workspace.handover.handover_api import HandoverApi  # noqa: PLC0415 (as above)

    try:
        access = access_from(os.environ, airbyte_conn_id)
    except CredentialsError as error:
        raise UsageError(str(error)) from error
    api = stack.enter_context(open_api(access, ProgressLine(sys.stderr).say))
    return HandoverApi(api), access.shown_host


@dataclass(frozen=True, kw_only=True, slots=True)
class Airbytes:
    """Makes each Airbyte once."""

    stack: ExitStack
    made: dict[str, tuple[Airbyte, str]] = field(default_factory=dict)

    def of(self, airbyte_conn_id: str) -> Airbyte:
        """Return the Airbyte of an Airflow connection."""
        return self._of(airbyte_conn_id)[0]

    def host(self, airbyte_conn_id: str) -> str:
        """Return the URL of its API."""
        return self._of(airbyte_conn_id)[1]

    def _of(self, airbyte_conn_id: str) -> tuple[Airbyte, str]:
        if airbyte_conn_id not in self.made:
            self.made[airbyte_conn_id] = airbyte_of(airbyte_conn_id, self.stack)
        return self.made[airbyte_conn_id]
