"""Isolate the tests: a temporary Airflow home, and none of the caller's environment or signal handlers."""

from __future__ import annotations

import argparse
import os
import re
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
        "--part",
        type=_part,
        metavar="K/N",
        help="try only one of N parts of the fault matrix and of the tests of Airflow's processes, K from 0",
    )


def _part(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if found is None or int(found[1]) >= int(found[2]):
        message = f"'{text}' is not K/N; K counts from 0, so the last of 8 parts is 7/8"
        raise argparse.ArgumentTypeError(message)
    return int(found[1]), int(found[2])


def pytest_configure(config: pytest.Config) -> None:
    """Set the variables that Airflow reads on import, and the signal handlers that children inherit."""
    if config.pluginmanager.hasplugin("hypothesispytest"):  # the matrix does without
        _accept_any_speed()
    for name in [name for name in os.environ if name.startswith(("AIRFLOW", "_AIRFLOW"))]:
        del os.environ[name]
    for name in ("DAG_FACTORY_ENV", "DAG_FACTORY_NOTIFIER_PREFIXES"):
        os.environ.pop(name, None)
    os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-home-")
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
    # Background processes and nohup ignore these signals, and child processes would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _accept_any_speed() -> None:
    """Keep Hypothesis from failing a test because the machine is slow, at making inputs or at running it."""
    from hypothesis import HealthCheck, settings  # noqa: PLC0415 (not everywhere installed)

    settings.register_profile("any speed", suppress_health_check=[HealthCheck.too_slow], deadline=None)
    settings.load_profile("any speed")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect slow tests and those that need more than Airflow, unless `-m` names their marker.

    Tests that start Airflow's processes come first: they take minutes, and one that began last would leave
    the other cores idle.
    """
    excluded = [marker for marker in ONLY_ON_REQUEST if marker not in config.option.markexpr]
    part = config.getoption("--part")
    kept: dict[bool, list[pytest.Item]] = {True: [], False: []}
    for item in items:
        is_excluded = any(item.get_closest_marker(marker) for marker in excluded)
        kept[not is_excluded and _is_in(item, part)].append(item)
    config.hook.pytest_deselected(items=kept[False])
    items[:] = sorted(kept[True], key=lambda item: item.get_closest_marker("stack") is None)


def _is_in(item: pytest.Item, part: tuple[int, int] | None) -> bool:
    """Whether a test is of this part, or of none. A module with parts has a function `part_of`."""
    part_of = getattr(getattr(item, "module", None), "part_of", None)
    number = None if part is None or part_of is None else part_of(item)
    if part is None or number is None:
        return True
    return bool(number % part[1] == part[0])


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
