"""One Airflow database and one local Airbyte for all cases."""

from __future__ import annotations

import pytest

# Airflow reads its home on import, and pytest imports this file before the home is set. So nothing that
# imports Airflow is imported at the top.


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    from tests.faults.lab import Server  # noqa: PLC0415 (see above)
    from tests.faults.runs import make_database  # noqa: PLC0415 (see above)

    make_database()
    running = Server(tmp_path_factory.mktemp("airbyte"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def ours(tmp_path_factory):
    """Return the subject with this package's operators."""
    from tests.faults.subjects import Ours  # noqa: PLC0415 (see above)

    return Ours(tmp_path_factory.mktemp("configs"))
