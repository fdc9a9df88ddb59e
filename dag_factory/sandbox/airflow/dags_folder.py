"""A DAGs folder whose loader finds the configuration that the command line names."""

from __future__ import annotations

import shutil
from pathlib import Path

CONFIGS = "configs"


def dags_folder(dags: Path, configs: Path, folder: Path) -> Path:
    """Return the DAGs folder itself if its loader reads `configs`, else a copy of it that does, in `folder`.

    The loader looks for `configs/` beside the folder of its file, then inside it (`config_folder` in
    `factory.load`, which is not asked since it imports Airflow).
    """
    own = dags.resolve()
    found = next((place for place in (own.parent / CONFIGS, own / CONFIGS) if place.is_dir()), None)
    if found is not None and found.resolve() == configs.resolve():
        return own
    repository = folder / "repository"
    shutil.rmtree(repository, ignore_errors=True)
    copy = shutil.copytree(own, repository / "dags", ignore=shutil.ignore_patterns("__pycache__", CONFIGS))
    (repository / CONFIGS).symlink_to(configs.resolve())
    return Path(copy)
