"""The exception that kills a worker; separate from `runs`, since the version modules raise it too."""

from __future__ import annotations


class Killed(BaseException):
    """SIGKILL, as closely as one process can simulate it: no `except Exception` catches it."""
