"""Acts that can happen while a case runs; rows of the table name them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from tests.faults.lab import Lab

DAY = 24 * 3600.0


class Crash(SystemExit):
    """The end of a worker process, as closely as one process can simulate it."""


def start_job_of_a_person(lab: Lab, kind: str = "sync") -> None:
    """Another person starts a job of the connection."""
    # The lab ends it, in the tasks' virtual time.
    script = {"steps": [{"run": 0}], "end": "hang"}
    lab.admin("POST", f"/connections/{lab.connection_id}/jobs", {"jobType": kind, "script": script})
    # A submission is answered with a job that is still pending, and with 409 only if it runs.
    lab.record_starts()


def start_job_of_a_person_later(lab: Lab, minutes: float = 4) -> None:
    """Another person starts a sync after the running one has ended."""
    lab.later(minutes, partial(start_job_of_a_person, lab))


def start_clear_that_waits(lab: Lab) -> None:
    """Another person starts a clear, which then waits for its first attempt."""
    script = {"steps": [{"queued": 3600}, {"run": 0}], "end": "succeed"}
    lab.admin("POST", f"/connections/{lab.connection_id}/jobs", {"jobType": "clear", "script": script})


def make_job_half_a_minute_later(lab: Lab) -> None:
    """The server drops the response, but still does the work."""
    lab.later(0.5, lab.submit)


def cancel_job(lab: Lab) -> None:
    """A person cancels the job in Airbyte."""
    lab.end_job("cancelled")


def disable_connection(lab: Lab) -> None:
    """A person disables the connection; a running job continues."""
    lab.admin("PATCH", f"/connections/{lab.connection_id}", {"status": "inactive"})


def delete_connection(lab: Lab) -> None:
    """A person deletes the connection, which cancels its job."""
    lab.admin("DELETE", f"/connections/{lab.connection_id}")


def revoke_tokens(lab: Lab) -> None:
    """All tokens issued so far expire."""
    lab.admin("POST", "/tokens/revoke")


def restart_server(lab: Lab) -> None:
    """The server is down for three minutes."""
    lab.server.stop()
    lab.later(3, lab.server.start)


def ignore_cancellations_for_a_minute(lab: Lab) -> None:
    """The server accepts cancellations without effect, until a minute after the timeout."""
    lab.admin("PATCH", "/settings", {"ignore_cancel": True})
    lab.later(21, partial(lab.admin, "PATCH", "/settings", {"ignore_cancel": False}))


def ignore_cancellations_for_a_quarter_of_an_hour(lab: Lab) -> None:
    """The server ignores cancellations, as between two attempts, which can be half an hour apart."""
    lab.admin("PATCH", "/settings", {"ignore_cancel": True})
    lab.later(35, partial(lab.admin, "PATCH", "/settings", {"ignore_cancel": False}))


def stop_server_until_after_the_timeout(lab: Lab) -> None:
    """The job continues, but cannot be polled until after the task's timeout."""
    lab.later(7, lab.server.stop)
    lab.later(25, lab.server.start)


def clear_in_a_minute(lab: Lab) -> None:
    """A person clears all tasks of the run."""
    lab.later(1, lab.run.clear)


def set_clock_of_airflow(days: float) -> Callable[[Lab], None]:
    """Set the clock of Airflow's machines."""

    def act(lab: Lab) -> None:
        lab.clock.shift += days * DAY

    return act


def set_clock_of_airbyte(hours: float) -> Callable[[Lab], None]:
    """Set the clock of the server, by which its tokens expire."""

    def act(lab: Lab) -> None:
        lab.admin("PATCH", "/settings", {"clock_shift": hours * 3600})

    return act


def break_calls(route: str, kind: str, **more: Any) -> Callable[[Lab], None]:
    """Make calls fail from now on."""

    def act(lab: Lab) -> None:
        lab.fault(route, kind, **more)

    return act


def crash(_lab: Lab) -> None:
    """The worker's process dies here."""
    raise Crash(1)
