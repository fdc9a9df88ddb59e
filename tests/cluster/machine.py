"""Says to an Airflow component which machine it is on, since here all are on one (`hostname_callable`)."""

from __future__ import annotations

import os

VARIABLE = "NAME_OF_THE_MACHINE"


def name() -> str:
    """Return the name that the tests have given."""
    return os.environ[VARIABLE]
