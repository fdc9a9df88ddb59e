"""What ends a sync without success."""

from __future__ import annotations


class SyncError(Exception):
    """The sync cannot be started or watched as configured; the message is for people."""


class SyncSkipped(Exception):  # noqa: N818 (not an error: the configuration asks for it)
    """The connection is busy and `on_running` is `skip`."""


class JobEndedError(Exception):
    """The job ended without being a success of this sync."""


class JobTimedOutError(Exception):
    """The job took longer than `timeout`."""
