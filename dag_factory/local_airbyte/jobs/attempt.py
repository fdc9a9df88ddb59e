"""One attempt of a job: copies rows from the connection's source to its files."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from dag_factory.local_airbyte.jobs import built_in_source
from dag_factory.local_airbyte.jobs.connector_process import FAKER_CONFIG, Connector
from dag_factory.local_airbyte.jobs.connector_source import read_connector
from dag_factory.local_airbyte.jobs.job_control import JobControl
from dag_factory.local_airbyte.jobs.stream_writer import StreamWriter
from dag_factory.local_airbyte.model.clock import Clock
from dag_factory.local_airbyte.model.job import EMPTYING_TYPES, REFRESH, RUNNING, Job
from dag_factory.local_airbyte.storage.connection_plans import BUILT_IN, FAKER, folder_name, read_plan
from dag_factory.local_airbyte.storage.data_folder import folder_in
from dag_factory.local_airbyte.storage.raw_files import RawFiles
from dag_factory.local_airbyte.storage.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptRunner:
    """Runs attempts of jobs, whichever source they read."""

    store: Store
    clock: Clock
    data_folder: Path
    source_faker: Path | None

    def begin_attempt(self, job: Job) -> None:
        """Count the attempt; before the first one, the built-in source gets new rows."""
        with self.store.transaction():
            if job.attempt == 0 and job.job_type == REFRESH:
                self._clear(job.connection_id)
            if job.attempt == 0 and job.job_type not in EMPTYING_TYPES:
                rows = read_plan(self.store, job.connection_id).rows
                built_in_source.add_rows(self.store, job.connection_id, rows)
            now = self.clock.now()
            self.store.update_job(job.job_id, now=now, attempt=job.attempt + 1, status=RUNNING)

    def run(self, job: Job, seconds: float, part: float, control: JobControl) -> None:
        """Work for `seconds` on a `part` (0 to 1) of the remaining rows; a connector always reads all."""
        with self._files(job.connection_id) as files:
            if job.job_type in EMPTYING_TYPES:
                self._reset(job, seconds, control)
            elif self.source_of(job.connection_id) == BUILT_IN:
                writer = self._writer(job, BUILT_IN, files)
                built_in_source.sync_rows(writer, job.connection_id, seconds, part, control)
            else:
                self._run_connector(job, seconds, files, control)

    def source_of(self, connection_id: str) -> str:
        """Return the connector if the server has one and the connection's plan names no other source."""
        chosen = read_plan(self.store, connection_id).source or FAKER
        return FAKER if self.source_faker is not None and chosen == FAKER else BUILT_IN

    def _reset(self, job: Job, seconds: float, control: JobControl) -> None:
        control.sleep(seconds)
        self._clear(job.connection_id)
        self.store.update_job(job.job_id, now=self.clock.now(), rows=0, bytes=0)

    def _clear(self, connection_id: str) -> None:
        """Delete the rows at the destination and make the source start from the beginning."""
        with self._files(connection_id) as files:
            files.clear()
        self.store.delete_positions(connection_id)

    def _run_connector(self, job: Job, seconds: float, files: RawFiles, control: JobControl) -> None:
        begin = time.monotonic()
        config = {**FAKER_CONFIG, **(read_plan(self.store, job.connection_id).config or {})}
        assert self.source_faker is not None  # noqa: S101 (checked by source_of)
        folder = folder_in(self.data_folder, "connector")
        connector = Connector(executable=self.source_faker, config=config, folder=folder)
        writer = self._writer(job, FAKER, files)
        read_connector(connector, writer, self.store, job.connection_id, control)
        control.sleep(max(0.0, seconds - (time.monotonic() - begin)))

    def _files(self, connection_id: str) -> RawFiles:
        return RawFiles(folder_in(self.data_folder, folder_name(self.store, connection_id)))

    def _writer(self, job: Job, source: str, files: RawFiles) -> StreamWriter:
        return StreamWriter(store=self.store, clock=self.clock, job=job, source=source, files=files)
