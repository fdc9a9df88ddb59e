"""Run random histories in a temporary Airflow home: `python -m tests.adversary --histories 10000`."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Sequence
from importlib import import_module


def main(arguments: Sequence[str]) -> int:
    """Set the variables that Airflow reads on import, run the command and remove the home."""
    with tempfile.TemporaryDirectory(prefix="airflow-home-") as home:
        os.environ["AIRFLOW_HOME"] = home
        os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
        logging.disable()
        code: int = import_module("tests.adversary.command").main(arguments)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
