"""The host name of an Airflow component (`hostname_callable`), since here all run on one machine."""

from __future__ import annotations

import os

VARIABLE = "NAME_OF_THE_MACHINE"


def name() -> str:
    """Return the name that the tests set."""
    return os.environ[VARIABLE]
