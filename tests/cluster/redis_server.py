"""A private Redis server from Debian's package; `conftest` starts one as Celery's broker."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dag_factory.sandbox.loopback import LOOPBACK, free_port
from dag_factory.sandbox.processes.child import Command, running, wait_until

START_SECONDS = 20.0


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """Start a server on the loopback without persistence, and yield its URL."""
    program = shutil.which("redis-server")
    if program is None:
        message = "these tests need Redis: apt-get install redis-server"
        raise FileNotFoundError(message)
    folder.mkdir()
    port = free_port()
    with running([_server(program, folder, port)]) as (child,):
        if not wait_until(lambda: _answers(port), [child], timeout_seconds=START_SECONDS):
            child.fail(f"was not ready after {START_SECONDS:.0f} s")
        yield f"redis://{LOOPBACK}:{port}/0"


def _server(program: str, folder: Path, port: int) -> Command:
    options = (
        "--port",
        str(port),
        "--bind",
        LOOPBACK,
        "--dir",
        str(folder),
        "--save",
        "",
        "--appendonly",
        "no",
    )
    return Command(name="Redis", argv=(program, *options), environment=os.environ, log=folder / "redis.log")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
