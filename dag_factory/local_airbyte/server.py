"""A local Airbyte in a thread of this process."""

from __future__ import annotations

import fcntl
import secrets
import socket
import threading
import time
from collections.abc import Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from dag_factory.local_airbyte.api.admin_routes import PREFIX as ADMIN_PREFIX
from dag_factory.local_airbyte.api.app import create_app
from dag_factory.local_airbyte.faults.active_faults import ActiveFaults
from dag_factory.local_airbyte.faults.request_counts import RequestCounts
from dag_factory.local_airbyte.faults.route_names import PREFIXES
from dag_factory.local_airbyte.jobs.attempt import AttemptRunner
from dag_factory.local_airbyte.jobs.runner import Runner
from dag_factory.local_airbyte.model.clock import Clock
from dag_factory.local_airbyte.model.connection import CONNECTION, ConnectionSeed
from dag_factory.local_airbyte.model.identifiers import canonical_id
from dag_factory.local_airbyte.platform import Platform
from dag_factory.local_airbyte.scheduler import Scheduler
from dag_factory.local_airbyte.storage.data_folder import UnsafePathError, check_not_linked, open_file
from dag_factory.local_airbyte.storage.seeds import iter_documents, seed_document
from dag_factory.local_airbyte.storage.store import Store

HOST = "127.0.0.1"
DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET = "local-airbyte", "local-airbyte-secret"
SIGNING_KEY = "signing-key"
START_SECONDS = 20  # that uvicorn may take to start


class ServerError(Exception):
    """The server cannot start; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerOptions:
    """How to start a local Airbyte."""

    data_folder: Path
    port: int = 0  # 0 takes a free one
    seeds: tuple[ConnectionSeed, ...] = ()
    client_id: str = DEFAULT_CLIENT_ID
    client_secret: str = field(default=DEFAULT_CLIENT_SECRET, repr=False)
    job_seconds: float = 3.0
    source_faker: Path | None = None
    verbose: bool = False
    has_samples: bool = True


class TransportProtocol(H11Protocol):
    """Passes the client's socket to the application, so that an injected fault can close it."""

    def connection_made(self, transport: object) -> None:
        """Store the transport for all requests on this connection."""
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn narrows asyncio's type
        self.app_state = {**self.app_state, "transport": transport}


class LocalAirbyte:
    """A running server. `with LocalAirbyte.start(data_folder) as airbyte: ... airbyte.url`."""

    def __init__(self, options: ServerOptions) -> None:
        _create_folder(options.data_folder)
        with ExitStack() as stack:
            stack.enter_context(_lock(options.data_folder))
            listener = stack.enter_context(_listen(options.port))
            store = stack.enter_context(closing(_open_store(options.data_folder / "state.sqlite")))
            self.port: int = listener.getsockname()[1]
            self.root_url = f"http://{HOST}:{self.port}"
            self.url = self.root_url + PREFIXES[0]
            self.admin_url = self.root_url + ADMIN_PREFIX
            self.platform = _platform(options, store, self.url)
            self._scheduler = Scheduler(self.platform)
            app = create_app(self.platform, self._scheduler)
            self._server = uvicorn.Server(_configuration(app, options.verbose))
            self._resources = stack.pop_all()
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="local-airbyte", daemon=True
        )

    @classmethod
    def start(
        cls, data_folder: Path, *, port: int = 0, seeds: Iterable[ConnectionSeed] = (), **more: object
    ) -> Self:
        """Start a server and wait until it accepts connections. `more` are other fields of ServerOptions."""
        return cls.start_with(ServerOptions(data_folder=data_folder, port=port, seeds=tuple(seeds), **more))  # type: ignore[arg-type]

    @classmethod
    def start_with(cls, options: ServerOptions) -> Self:
        """Start a server and wait until it accepts connections; raise ServerError."""
        airbyte = cls(options)
        airbyte._run()
        try:
            with _open(options.data_folder / "url") as file:
                file.write(f"{airbyte.url}\n".encode())
        except ServerError:
            airbyte.stop()
            raise
        return airbyte

    @property
    def is_alive(self) -> bool:
        """Whether the server is still running."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Stop serving and end all job threads and child processes; active jobs resume at the next start."""
        self._scheduler.stop()
        self.platform.runner.stop()
        self._server.should_exit = True
        self._thread.join()
        self._scheduler.join()
        self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        self._thread.start()
        self.platform.runner.resume()
        self._scheduler.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if time.monotonic() > deadline or not self.is_alive:
                self.stop()
                message = "the server did not start in time"
                raise ServerError(message)
            time.sleep(0.01)


def _platform(options: ServerOptions, store: Store, url: str) -> Platform:
    _seed(store, options)
    clock = Clock(store.settings().clock_shift)
    attempts = AttemptRunner(
        store=store, clock=clock, data_folder=options.data_folder, source_faker=options.source_faker
    )
    return Platform(
        store=store,
        runner=Runner(store=store, clock=clock, attempts=attempts),
        clock=clock,
        faults=ActiveFaults(),
        request_counts=RequestCounts(),
        url=url,
        client_id=options.client_id,
        client_secret=options.client_secret,
        signing_key=_signing_key(store),
        job_seconds=options.job_seconds,
    )


def _seed(store: Store, options: ServerOptions) -> None:
    with store.transaction():
        if not store.documents(CONNECTION):
            for kind, document_id, document in iter_documents(has_samples=options.has_samples):
                store.put_document(kind, document_id, document)
        for seed in options.seeds:
            if canonical_id(seed.connection_id) != seed.connection_id:
                message = f"the id of a connection must be a UUID in lower case, not {seed.connection_id!r}"
                raise ServerError(message)
            if store.document(CONNECTION, seed.connection_id) is None:
                store.put_document(CONNECTION, seed.connection_id, seed_document(seed))


def _signing_key(store: Store) -> str:
    """Return the key from the data folder, where it outlives a restart; create it at the first start."""
    with store.transaction():
        if store.meta(SIGNING_KEY) is None:
            store.put_meta(SIGNING_KEY, secrets.token_hex(32))
        return str(store.meta(SIGNING_KEY))


def _configuration(app: FastAPI, verbose: bool) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=TransportProtocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_level="info" if verbose else "critical",
        access_log=verbose,
        date_header=False,  # the public API adds one with the server's own clock
        timeout_graceful_shutdown=1,  # seconds for running calls: a delayed answer must not delay the stop
    )


def _create_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"cannot create the folder {folder}: {error.strerror}"
        raise ServerError(message) from error


def _listen(port: int) -> socket.socket:
    # Only if the protocol is given does asyncio disable Nagle's algorithm; with it, each answer takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        message = f"cannot listen on {HOST}:{port}: {error.strerror}"
        raise ServerError(message) from error
    return listener


def _open(path: Path) -> IO[bytes]:
    try:
        return open_file(path, "wb")
    except (OSError, UnsafePathError) as error:
        message = f"cannot write {path}: {error}"
        raise ServerError(message) from error


def _open_store(path: Path) -> Store:
    try:
        for each in (path, *(path.with_name(f"{path.name}-{suffix}") for suffix in ("wal", "shm"))):
            check_not_linked(each)
    except UnsafePathError as error:
        raise ServerError(str(error)) from error
    return Store(path)


def _lock(data_folder: Path) -> IO[bytes]:
    """Lock the folder, since two servers on it would both run its jobs; the lock ends with the process."""
    file = _open(data_folder / "server.lock")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        message = f"another local Airbyte uses {data_folder}"
        raise ServerError(message) from error
    return file
