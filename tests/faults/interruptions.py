"""What ends a worker at once; apart from `runs`, since the modules of the versions raise it too."""

from __future__ import annotations


class Killed(BaseException):
    """SIGKILL, as far as that can be had within one process: no `except Exception` sees it."""
