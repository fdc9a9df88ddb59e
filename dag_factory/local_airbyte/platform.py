"""The local Airbyte behind its API: the parts of a server, and the operations that use several of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dag_factory.local_airbyte.faults.active_faults import ActiveFaults
from dag_factory.local_airbyte.faults.request_counts import RequestCounts
from dag_factory.local_airbyte.jobs.runner import Runner
from dag_factory.local_airbyte.model import problems
from dag_factory.local_airbyte.model.clock import Clock
from dag_factory.local_airbyte.model.connection import CONNECTION
from dag_factory.local_airbyte.model.job import CANCELLED, INCOMPLETE, QUEUED, SYNC, Job, Script
from dag_factory.local_airbyte.model.job_life_cycle import (
    API,
    TYPE_OF_SUBMITTED,
    Answer,
    Replace,
    decide_submission,
    may_cancel,
)
from dag_factory.local_airbyte.model.job_query import JobQuery
from dag_factory.local_airbyte.model.job_scripts import default_script
from dag_factory.local_airbyte.model.json_values import Json
from dag_factory.local_airbyte.model.problems import Problem, ProblemError
from dag_factory.local_airbyte.storage.connection_plans import take_script
from dag_factory.local_airbyte.storage.store import Store
from dag_factory.local_airbyte.storage.timers import put_timer


@dataclass(frozen=True, kw_only=True, slots=True)
class Platform:
    """The parts of a running server, and the operations that use more than one of them."""

    store: Store
    runner: Runner
    clock: Clock
    faults: ActiveFaults
    request_counts: RequestCounts
    url: str  # of the API, including `/v1`
    client_id: str
    client_secret: str
    signing_key: str
    job_seconds: float

    def submit(
        self, connection_id: str, job_type: str, *, started_by: str = API, script: Script | None = None
    ) -> Job:
        """Return a new job or the active one, as `POST /jobs` does; raise ProblemError.

        Only a new job follows `script`; without it, a sync takes the next script of its connection.
        """
        created_type = TYPE_OF_SUBMITTED[job_type] if started_by == API else job_type
        while True:
            decision = self._decide(connection_id, created_type, started_by, script)
            if isinstance(decision, Job):
                return decision
            # A reset replaces the running job.
            self.runner.end(decision.job.job_id, CANCELLED)
            self.runner.wait(decision.job.job_id)
            if self.store.job(decision.job.job_id).is_active:  # the server is stopping
                raise ProblemError(problems.state_conflict("Could not fulfill request"))

    def cancel(self, job_id: int) -> Job:
        """Cancel what the job's *connection* runs, as `DELETE /jobs/{jobId}` does; return the job itself."""
        job = self.store.find_job(job_id)
        if job is None:
            raise ProblemError(problems.state_conflict("Job is not currently running"))
        active = self.store.active_job(job.connection_id)
        if active is not None and may_cancel(active, self.store.settings(), self.clock.now()):
            self.runner.end(active.job_id, CANCELLED)
            self.runner.wait(active.job_id)
        return self.store.job(job_id)

    def listed_jobs(self, query: JobQuery) -> list[Job]:
        """Return the jobs of `GET /jobs`, without those younger than the setting `list_lag`."""
        lag = self.store.settings().list_lag
        if lag > 0:  # without a lag, a clock that was set back must not hide jobs
            visible = self.clock.now() - lag
            created_to = visible if query.created_to is None else min(visible, query.created_to)
            query = replace(query, created_to=created_to)
        return self.store.jobs(query)

    def connection(self, connection_id: str) -> Json:
        """Return the connection; raise ProblemError if it does not exist."""
        document = self.store.document(CONNECTION, connection_id)
        if document is None:
            raise ProblemError(problems.not_found(CONNECTION, connection_id))
        return document

    def change_connection(self, connection_id: str, changes: Json) -> Json:
        """Change some keys of a connection; its wait for the next scheduled sync begins again."""
        with self.store.transaction():
            document = {**self.connection(connection_id), **changes}
            self.store.put_document(CONNECTION, connection_id, document)
            put_timer(self.store, connection_id, self.clock.now())
            return document

    def tell_active_job(self, connection_id: str) -> None:
        """Tell the connection's workflow of a change, as each update through Airbyte's API does.

        A queued job is cancelled, the wait before a next attempt begins again, and a running job goes on.
        """
        active = self.store.active_job(connection_id)
        if active is not None and active.status == QUEUED:
            self.end_active_job(connection_id)
        elif active is not None and active.status == INCOMPLETE:
            self.runner.wait_again(active.job_id)

    def end_active_job(self, connection_id: str, status: str = CANCELLED) -> None:
        """End the connection's active job, whatever its status."""
        if (active := self.store.active_job(connection_id)) is not None:
            self.runner.end(active.job_id, status)
            self.runner.wait(active.job_id)

    def _decide(
        self, connection_id: str, job_type: str, started_by: str, script: Script | None
    ) -> Job | Replace:
        with self.store.transaction():
            document = self.store.document(CONNECTION, connection_id)
            decision = decide_submission(
                connection_id=connection_id,
                connection_status=None if document is None else str(document["status"]),
                job_type=job_type,
                started_by=started_by,
                active=self.store.active_job(connection_id),
                strict=self.store.settings().strict_conflict,
            )
            if isinstance(decision, Problem):
                raise ProblemError(decision)
            if isinstance(decision, Replace):
                return decision
            if isinstance(decision, Answer):
                if decision.hurry:
                    self.runner.hurry(decision.job.job_id)
                return decision.job
            return self._create(connection_id, job_type, started_by, script)

    def _create(self, connection_id: str, job_type: str, started_by: str, script: Script | None) -> Job:
        default = default_script(self.job_seconds)
        if script is None and job_type == SYNC:
            script = take_script(self.store, connection_id, default)
        job = self.store.create_job(
            connection_id=connection_id,
            job_type=job_type,
            script=script or default,
            started_by=started_by,
            now=self.clock.now(),
        )
        # Inside the transaction: nobody can see the job before its thread can be ended.
        self.runner.start(job)
        return job
