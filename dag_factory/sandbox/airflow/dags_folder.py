"""A DAGs folder whose loader finds the configuration from the command line."""

from __future__ import annotations

import shutil
from pathlib import Path

from dag_factory.config.snapshot.snapshots import FOLDER

CONFIGS = "configs"


def dags_folder(dags: Path, configs: Path, folder: Path) -> Path:
    """Return the DAGs folder itself if its loader reads `configs`, else a copy of it that does, in `folder`.

    The loader searches for `configs/` beside its folder, then inside it. `config_folder` in `factory.load`
    does the same, but importing it would import Airflow.
    """
    own = dags.resolve()
    candidates = (own.parent / CONFIGS, own / CONFIGS)
    found = next((candidate for candidate in candidates if candidate.is_dir()), None)
    if found is not None and found.resolve() == configs.resolve():
        return own
    repository = folder / "repository"
    shutil.rmtree(repository, ignore_errors=True)
    copy = shutil.copytree(own, repository / "dags", ignore=shutil.ignore_patterns("__pycache__", CONFIGS))
    (repository / CONFIGS).symlink_to(configs.resolve())
    snapshots = configs.resolve().parent / FOLDER
    if snapshots.is_dir():
        (repository / FOLDER).symlink_to(snapshots)
    return Path(copy)
