"""One Airflow database and one local Airbyte for all cases."""

from __future__ import annotations

import pytest

# Airflow reads its home on import, and pytest imports this file before the home is set. So nothing that
# imports Airflow is imported at the top.


def pytest_addoption(parser):
    parser.addoption(
        "--quarter",
        type=int,
        choices=range(4),
        help="try each fault in only one mode; the four quarters make up the matrix",
    )


def pytest_collection_modifyitems(config, items):
    quarter = config.getoption("--quarter")
    if quarter is None:
        return
    kept = [item for item in items if _quarter_of(item) in (quarter, None)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _quarter_of(item):
    """Return the quarter that a cell of the matrix belongs to; None for other tests."""
    from tests.faults.faults import MODES  # noqa: PLC0415 (see above)
    from tests.faults.table import FAULTS  # noqa: PLC0415 (see above)

    cell = getattr(item, "callspec", None)
    if cell is None or not {"fault", "mode"} <= cell.params.keys():
        return None
    return (FAULTS.index(cell.params["fault"]) + MODES.index(cell.params["mode"])) % len(MODES)


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
