"""One Airflow database and one local Airbyte for all cases."""

from __future__ import annotations

import pytest

# Airflow reads where its home is while it is imported, and pytest reads this file before that is said: so
# nothing that imports Airflow is imported at the top.


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
    """The operators of this package."""
    from tests.faults.subjects import Ours  # noqa: PLC0415 (see above)

    return Ours(tmp_path_factory.mktemp("configs"))
