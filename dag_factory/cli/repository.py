"""The repository of a folder of configurations, which its links must not leave."""

from __future__ import annotations

import os
from pathlib import Path

from dag_factory.config.files import is_below


def leads_out_of_repository(root: Path) -> bool:
    """Whether the folder of the configurations is a link out of their repository."""
    return is_outside_repository(root, root)


def is_outside_repository(path: Path, root: Path) -> bool:
    """Whether a path, with its links followed, is outside the repository of a folder."""
    return not is_below(os.path.realpath(path), os.path.realpath(_repository(root)))


def _repository(root: Path) -> Path:
    """Return the folder that links must not leave: the repository of the configurations, if there is one."""
    near = [Path(os.environ.get("GITHUB_WORKSPACE") or root.parent), Path.cwd()]
    above = [each for each in root.parents if (each / ".git").exists()]
    return next((each for each in (*above, *near) if each in root.parents), root.parent)
