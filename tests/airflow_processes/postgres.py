"""A private PostgreSQL server from Debian's packages; `conftest` starts one for all these tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dag_factory.sandbox.loopback import LOOPBACK, free_port
from dag_factory.sandbox.processes.child import Child, Command, running, wait_until

# Where Debian installs the programs, with a folder per version.
PROGRAMS = Path("/usr/lib/postgresql")
# The database is temporary, so it need not survive a power failure.
SPEED = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
START_SECONDS = 60.0


@contextmanager
def postgres() -> Iterator[str]:
    """Start a server on the loopback with an empty database, yield its URL, and clean up."""
    programs = newest_programs()
    # Not pytest's folder, which is private to this user: PostgreSQL refuses to run as root.
    folder = Path(tempfile.mkdtemp(prefix="postgres-of-a-test-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        data, port = folder / "data", free_port()
        # Set the locale, since initdb without one chooses the encoding SQL_ASCII.
        options = ("--username=airflow", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8")
        subprocess.run(
            (*as_postgres(), programs / "initdb", "--pgdata", data, *options),
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
        )
        with running([_server(programs, folder, data, port)]) as (child,):
            _wait_until_ready(programs, child, port)
            yield f"postgresql+psycopg2://airflow@{LOOPBACK}:{port}/postgres"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def newest_programs() -> Path:
    """Return the folder of the newest version's programs."""
    found = sorted(PROGRAMS.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        message = "these tests need PostgreSQL: apt-get install postgresql"
        raise FileNotFoundError(message)
    return found[-1].parent


def as_postgres() -> tuple[str, ...]:
    """Return the prefix that runs a command as the user that Debian's package creates."""
    if os.geteuid() != 0:
        return ()
    return ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--")


def _server(programs: Path, folder: Path, data: Path, port: int) -> Command:
    options = ("-D", data, "-k", folder, "-h", LOOPBACK, "-p", port, "-c", "max_connections=300", *SPEED)
    return Command(
        name="PostgreSQL",
        argv=(*as_postgres(), *map(str, (programs / "postgres", *options))),
        environment={**os.environ, "LC_ALL": "C.UTF-8"},
        log=folder / "postgres.log",
    )


def _wait_until_ready(programs: Path, child: Child, port: int) -> None:
    asking = (programs / "pg_isready", "--quiet", "--host", LOOPBACK, "--port", str(port))
    if not wait_until(
        lambda: subprocess.run(asking, check=False).returncode == 0, [child], timeout_seconds=START_SECONDS
    ):
        child.fail(f"was not ready after {START_SECONDS:.0f} s")
