"""The folder of configurations that a command is for."""

from __future__ import annotations

import os
from pathlib import Path

from dag_factory.cli.main import UsageError
from dag_factory.cli.repository import leads_out_of_repository
from dag_factory.config.files import top_folder


def checked_folder(configs: Path, command: str) -> Path:
    """Return the absolute path of a folder; raises UsageError if a command cannot use it."""
    if not configs.is_dir():
        message = (
            f"the folder '{configs}' does not exist; run the command in the root of the DAG repository, "
            "or name the folder with --configs"
        )
        raise UsageError(message)
    own = Path(os.path.abspath(configs))  # noqa: PTH100 (a link has to stay the link, to be seen)
    if leads_out_of_repository(top_folder(own)):
        message = f"'{configs}' is a link that leads out of the repository; {command} does not follow it"
        raise UsageError(message)
    return own
