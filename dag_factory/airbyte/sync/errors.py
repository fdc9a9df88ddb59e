"""What ends a sync without success."""

from __future__ import annotations


class SyncError(Exception):
    """The sync cannot be what was asked for; the text is for people."""


class SyncSkipped(Exception):  # noqa: N818 (not an error: the configuration asks for it)
    """The connection is busy, and `on_running: skip` says to leave it at that."""


class JobEndedError(Exception):
    """The job ended, and not as a success of this sync."""


class JobTimedOutError(Exception):
    """The job took longer than `timeout`."""
