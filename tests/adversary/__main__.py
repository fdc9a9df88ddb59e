"""Runs random histories, with an Airflow home of their own: `python -m tests.adversary --histories 10000`."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Sequence
from importlib import import_module


def main(arguments: Sequence[str]) -> int:
    """Set what Airflow reads while it is imported, and run the command; the home is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="airflow-home-") as home:
        os.environ["AIRFLOW_HOME"] = home
        os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
        logging.disable()
        code: int = import_module("tests.adversary.command").main(arguments)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
