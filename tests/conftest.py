"""What every test runs in: an Airflow home of its own, and nothing of the caller's environment or signals."""

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
# The markers whose tests have targets of their own in the Makefile.
ONLY_IF_ASKED_FOR = ("processes", "matrix", "cluster")


def pytest_configure() -> None:
    """Set what Airflow reads while it is imported, with a home of its own, and what children inherit."""
    for name in [name for name in os.environ if name.startswith(("AIRFLOW", "_AIRFLOW"))]:
        del os.environ[name]
    for name in ("DAG_FACTORY_ENV", "DAG_FACTORY_NOTIFIER_PREFIXES"):
        os.environ.pop(name, None)
    os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-home-")
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
    # What runs in the background or by nohup has these ignored, and what it starts would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes long or needs more than Airflow, unless it is asked for by its marker."""
    unasked = [marker for marker in ONLY_IF_ASKED_FOR if marker not in config.option.markexpr]
    left_out = [item for item in items if any(item.get_closest_marker(marker) for marker in unasked)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["AIRFLOW_HOME"], ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _own_faults_are_raised() -> Iterator[None]:
    """Let no test pass over a fault of ours because it has become a diagnostic."""

    def raise_it(_file: str, error: BaseException) -> NoReturn:
        raise error

    told = boundary.internal_error
    boundary.internal_error = raise_it
    yield
    boundary.internal_error = told


@pytest.fixture
def internal_errors_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make of our own faults what users get: a diagnostic."""
    monkeypatch.setattr(boundary, "internal_error", INTERNAL_ERROR)


@pytest.fixture
def repository() -> Path:
    """The top folder of the checkout."""
    return REPOSITORY


@pytest.fixture
def configs(tmp_path: Path):
    """Make a folder `configs` of a mapping of file names to text or bytes."""

    def make(files: dict[str, str | bytes]) -> Path:
        root = tmp_path / "configs"
        root.mkdir(exist_ok=True)
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return root

    return make
