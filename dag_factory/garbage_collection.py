"""When Python's garbage collector has to wait."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """Pause the garbage collector where almost everything that is created is kept.

    Each collection visits everything that Airflow has imported, which takes a tenth of a second, and many new
    objects cause several; so does the import of many modules.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
