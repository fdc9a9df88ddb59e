"""Isolate the tests: a temporary Airflow home, and none of the caller's environment or signal handlers."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from dag_factory.config import boundary

INTERNAL_ERROR = boundary.internal_error
REPOSITORY = Path(__file__).parent.parent
# The markers of tests with their own targets in the Makefile.
ONLY_ON_REQUEST = ("processes", "matrix", "cluster")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--quarter",
        type=int,
        choices=range(4),
        action="append",
        help="try only this quarter of the fault matrix and of the tests of Airflow's processes; repeatable",
    )


def pytest_configure() -> None:
    """Set the variables that Airflow reads on import, and the signal handlers that children inherit."""
    for name in [name for name in os.environ if name.startswith(("AIRFLOW", "_AIRFLOW"))]:
        del os.environ[name]
    for name in ("DAG_FACTORY_ENV", "DAG_FACTORY_NOTIFIER_PREFIXES"):
        os.environ.pop(name, None)
    os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-home-")
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
    # Background processes and nohup ignore these signals, and child processes would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect slow tests and those that need more than Airflow, unless `-m` names their marker."""
    excluded = [marker for marker in ONLY_ON_REQUEST if marker not in config.option.markexpr]
    quarters = config.getoption("--quarter")
    kept: dict[bool, list[pytest.Item]] = {True: [], False: []}
    for item in items:
        is_excluded = any(item.get_closest_marker(marker) for marker in excluded)
        kept[not is_excluded and _is_in(item, quarters)].append(item)
    config.hook.pytest_deselected(items=kept[False])
    items[:] = kept[True]


def _is_in(item: pytest.Item, quarters: list[int] | None) -> bool:
    """Whether a test is of one of these quarters, or of none. A module with quarters defines `quarter_of`."""
    quarter_of = getattr(getattr(item, "module", None), "quarter_of", None)
    if quarters is None or quarter_of is None:
        return True
    quarter = quarter_of(item)
    return quarter is None or quarter % 4 in quarters


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["AIRFLOW_HOME"], ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _internal_errors_are_raised() -> Iterator[None]:
    """Raise internal errors, so that no test misses one because it became a diagnostic."""

    def raise_it(_file: str, error: BaseException) -> NoReturn:
        raise error

    original = boundary.internal_error
    boundary.internal_error = raise_it
    yield
    boundary.internal_error = original


@pytest.fixture
def internal_errors_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Report internal errors as diagnostics, as for users."""
    monkeypatch.setattr(boundary, "internal_error", INTERNAL_ERROR)


@pytest.fixture
def repository() -> Path:
    """Return the root of the checkout."""
    return REPOSITORY


@pytest.fixture
def configs(tmp_path: Path):
    """Return a function that writes a folder `configs` from a mapping of file names to text or bytes."""

    def make(files: dict[str, str | bytes]) -> Path:
        root = tmp_path / "configs"
        root.mkdir(exist_ok=True)
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return root

    return make
