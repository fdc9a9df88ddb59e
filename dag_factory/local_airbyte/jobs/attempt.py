"""One attempt of a job: moves rows from the connection's source to its files. For the runner alone."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from dag_factory.local_airbyte.jobs import built_in_source
from dag_factory.local_airbyte.jobs.connector_process import FAKER_CONFIG, Connector
from dag_factory.local_airbyte.jobs.connector_source import read_connector
from dag_factory.local_airbyte.jobs.job_control import Signals
from dag_factory.local_airbyte.jobs.stream_writer import Ledger
from dag_factory.local_airbyte.model.clock import Clock
from dag_factory.local_airbyte.model.job import (
    EMPTYING_TYPES,
    REFRESH,
    RUNNING,
    Job,
)
from dag_factory.local_airbyte.storage.connection_plans import (
    BUILT_IN,
    FAKER,
    folder_name,
    read_plan,
)
from dag_factory.local_airbyte.storage.data_folder import folder_in
from dag_factory.local_airbyte.storage.raw_files import RawFiles
from dag_factory.local_airbyte.storage.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Extraction:
    """What an attempt needs, whichever source it reads."""

    store: Store
    clock: Clock
    data_folder: Path
    source_faker: Path | None

    def begin_attempt(self, job: Job) -> None:
        """Count the attempt; the first one finds that the built-in source has grown since the last sync."""
        with self.store.transaction():
            if job.attempt == 0 and job.job_type == REFRESH:
                self._empty(job.connection_id)
            if job.attempt == 0 and job.job_type not in EMPTYING_TYPES:
                built_in_source.grow(
                    self.store, job.connection_id, read_plan(self.store, job.connection_id).rows
                )
            now = self.clock.now()
            self.store.update_job(job.job_id, now=now, attempt=job.attempt + 1, status=RUNNING)

    def run(self, job: Job, seconds: float, part: float, signals: Signals) -> None:
        """Work for `seconds`, on `part` (0 to 1) of the rows left; a connector always reads to its end."""
        with self._files(job.connection_id) as files:
            if job.job_type in EMPTYING_TYPES:
                self._reset(job, seconds, signals)
            elif self.source_of(job.connection_id) == BUILT_IN:
                ledger = self._ledger(job, BUILT_IN, files)
                built_in_source.move_rows(ledger, job.connection_id, seconds, part, signals)
            else:
                self._run_connector(job, seconds, files, signals)

    def source_of(self, connection_id: str) -> str:
        """The connector if the server was given one and the connection's plan does not say otherwise."""
        chosen = read_plan(self.store, connection_id).source or FAKER
        return FAKER if self.source_faker is not None and chosen == FAKER else BUILT_IN

    def _reset(self, job: Job, seconds: float, signals: Signals) -> None:
        signals.sleep(seconds)
        self._empty(job.connection_id)
        self.store.update_job(job.job_id, now=self.clock.now(), rows=0, bytes=0)

    def _empty(self, connection_id: str) -> None:
        """Empty the destination and let the source begin from the start, as a refresh does at first."""
        with self._files(connection_id) as files:
            files.clear()
        self.store.forget_positions(connection_id)

    def _run_connector(self, job: Job, seconds: float, files: RawFiles, signals: Signals) -> None:
        begin = time.monotonic()
        config = {**FAKER_CONFIG, **(read_plan(self.store, job.connection_id).config or {})}
        assert self.source_faker is not None  # noqa: S101 (source_of has asked)
        folder = folder_in(self.data_folder, "connector")
        connector = Connector(executable=self.source_faker, config=config, folder=folder)
        ledger = self._ledger(job, FAKER, files)
        read_connector(connector, ledger, self.store, job.connection_id, signals)
        signals.sleep(max(0.0, seconds - (time.monotonic() - begin)))

    def _files(self, connection_id: str) -> RawFiles:
        return RawFiles(folder_in(self.data_folder, folder_name(self.store, connection_id)))

    def _ledger(self, job: Job, source: str, files: RawFiles) -> Ledger:
        return Ledger(store=self.store, clock=self.clock, job=job, source=source, files=files)
