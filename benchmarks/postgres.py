"""A PostgreSQL that a benchmark starts and deletes, from Debian's package `postgresql`."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dag_factory.sandbox.loopback import LOOPBACK, free_port
from dag_factory.sandbox.processes.child import Child, Command, running, wait_until

# Where Debian installs the programs, a folder per version.
PROGRAMS = Path("/usr/lib/postgresql")
# The database need not survive a power failure. Each sync and each worker opens connections.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "500",
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.max": "20000",
    # BEGIN and COMMIT do not count as queries.
    "pg_stat_statements.track_utility": "off",
}
START_SECONDS = 60.0
# Airflow's user, and the one whose queries are not part of the figures.
AIRFLOW, OBSERVER = "airflow", "observer"


@dataclass(frozen=True, kw_only=True, slots=True)
class Postgres:
    """A server with an empty database: its process, and its addresses for `OBSERVER` and `AIRFLOW`."""

    child: Child
    port: int

    @property
    def address(self) -> str:
        """The address for SQLAlchemy, for Airflow."""
        return self.address_of(AIRFLOW)

    def address_of(self, user: str) -> str:
        """The address for SQLAlchemy, for a user."""
        return f"postgresql+psycopg2://{user}@{LOOPBACK}:{self.port}/postgres"


def is_there() -> bool:
    """Whether the programs are installed."""
    return bool(_found())


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Start a server on the loopback, yield it, and delete it.

    Raises FileNotFoundError if the programs are missing.
    """
    if not is_there():
        message = "PostgreSQL's programs are missing: apt-get install postgresql"
        raise FileNotFoundError(message)
    programs = _found()[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="postgres-of-a-benchmark-"))
    try:
        if os.geteuid() == 0:
            # PostgreSQL does not run as root.
            shutil.chown(folder, "postgres", "postgres")
        _make_cluster(programs, folder)
        port = free_port()
        with running([_server(programs, folder, port)]) as (child,):
            _wait_until_ready(programs, child, port)
            _prepare(programs, port)
            yield Postgres(child=child, port=port)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _found() -> list[Path]:
    return sorted(PROGRAMS.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))


def _as_postgres() -> tuple[str, ...]:
    if os.geteuid() != 0:
        return ()
    return ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--")


def _make_cluster(programs: Path, folder: Path) -> None:
    # Without a locale, initdb would choose the encoding SQL_ASCII.
    options = (f"--username={OBSERVER}", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8")
    command = (*_as_postgres(), programs / "initdb", "--pgdata", folder / "data", *options)
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)


def _server(programs: Path, folder: Path, port: int) -> Command:
    settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    options = ("-D", folder / "data", "-k", folder, "-h", LOOPBACK, "-p", port, *settings)
    return Command(
        name="PostgreSQL",
        argv=(*_as_postgres(), *map(str, (programs / "postgres", *options))),
        environment={**os.environ, "LC_ALL": "C.UTF-8"},
        log=folder / "postgres.log",
    )


def _wait_until_ready(programs: Path, child: Child, port: int) -> None:
    asking = (programs / "pg_isready", "--quiet", "--host", LOOPBACK, "--port", str(port))
    if not wait_until(
        lambda: subprocess.run(asking, check=False).returncode == 0, [child], timeout_seconds=START_SECONDS
    ):
        child.fail(f"was not ready after {START_SECONDS:.0f} s")


def _prepare(programs: Path, port: int) -> None:
    statements = (f"CREATE ROLE {AIRFLOW} SUPERUSER LOGIN", "CREATE EXTENSION pg_stat_statements")
    for statement in statements:
        where = ("--host", LOOPBACK, "--port", str(port), "--username", OBSERVER, "--dbname", "postgres")
        subprocess.run((programs / "psql", "--quiet", *where, "--command", statement), check=True)
